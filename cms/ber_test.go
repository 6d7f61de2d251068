package cms

import (
	"bytes"
	"testing"
)

func TestFromBER(t *testing.T) {
	long := bytes.Repeat([]byte{7}, 300)
	for name, c := range map[string]struct{ in, out []byte }{
		"DER stays":          {[]byte{0x30, 3, 2, 1, 5}, []byte{0x30, 3, 2, 1, 5}},
		"indefinite":         {[]byte{0x30, 0x80, 2, 1, 5, 0, 0}, []byte{0x30, 3, 2, 1, 5}},
		"nested":             {[]byte{0x30, 0x80, 0x31, 0x80, 5, 0, 0, 0, 0, 0}, []byte{0x30, 4, 0x31, 2, 5, 0}},
		"length not minimal": {[]byte{0x30, 0x83, 0, 0, 2, 5, 0}, []byte{0x30, 2, 5, 0}},
		"pieces":             {[]byte{0x24, 0x80, 4, 1, 1, 4, 2, 2, 3, 0, 0}, []byte{4, 3, 1, 2, 3}},
		"pieces in pieces":   {[]byte{0x24, 0x80, 0x24, 3, 4, 1, 1, 4, 1, 2, 0, 0}, []byte{4, 2, 1, 2}},
		"empty":              {[]byte{0x30, 0x80, 0, 0}, []byte{0x30, 0}},
		"long":               {append([]byte{0x04, 0x83, 0, 1, 44}, long...), append([]byte{4, 0x82, 1, 44}, long...)},
	} {
		got, ok := fromBER(c.in)
		if !ok || !bytes.Equal(got, c.out) {
			t.Errorf("%s: %x %v", name, got, ok)
		}
	}
}

func TestFromBERRefuses(t *testing.T) {
	for name, in := range map[string][]byte{
		"nothing":                {},
		"tag only":               {0x30},
		"end missing":            {0x30, 0x80, 5, 0},
		"longer than said":       {0x30, 1, 5, 0, 0},
		"shorter than said":      {0x30, 5, 5, 0},
		"trailing":               {0x30, 0, 0},
		"indefinite primitive":   {0x04, 0x80, 1, 0, 0},
		"long tag":               {0x3f, 0x81, 1, 0},
		"length of five octets":  {0x30, 0x85, 0, 0, 0, 0, 0},
		"length over everything": {0x04, 0x84, 0xff, 0xff, 0xff, 0xff, 1},
		"pieces of another kind": {0x24, 0x80, 2, 1, 1, 0, 0},
		"nested 17 deep":         append(bytes.Repeat([]byte{0x30, 0x80}, 17), make([]byte, 34)...),
	} {
		if got, ok := fromBER(in); ok {
			t.Errorf("%s: %x", name, got)
		}
	}
}

func TestDERLengths(t *testing.T) {
	for _, n := range []int{0, 127, 128, 255, 256, 65535, 65536, 1<<24 - 1, 1 << 24} {
		element := derElement(4, make([]byte, n))
		again, ok := fromBER(element)
		if !ok || len(again) != len(element) {
			t.Errorf("%d octets", n)
		}
		length, rest, ok := berLength(element[1:])
		if !ok || length != n || len(rest) != n {
			t.Errorf("%d octets read as %d", n, length)
		}
	}
}
