package backup

import (
	"bytes"
	"io"
	"testing"

	"onecert/pki"
)

// FuzzHead: whatever the first octets are, they are refused with a reason or describe
// an archive that costs little to try.
func FuzzHead(f *testing.F) {
	head, _, _, err := cheap(SM4GCM).seal()
	if err != nil {
		f.Fatal(err)
	}
	shared, _, _, err := Lock{Threshold: 2, Total: 3}.seal()
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range [][]byte{head.raw, shared.raw, head.raw[:50], []byte(magic), nil, append(bytes.Clone(head.raw), 1)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		h, err := ParseHead(raw)
		if err != nil {
			if pki.KindOf(err) == pki.Internal {
				t.Errorf("an error nobody explains: %v", err)
			}
			return
		}
		if len(h.ID) != 2*idLen || (h.Total == 0) != (h.Set == "") || h.Total > 32 {
			t.Errorf("%+v", h)
		}
		if h.Total == 0 && h.cost[0] > 6 {
			return // right, and too slow to try here
		}
		if _, err := h.open(Key{Passphrase: []byte("not the passphrase")}); err == nil {
			t.Error("opened with another passphrase")
		}
	})
}

// FuzzParts: what stands behind the encryption is read with limits, too. Whoever has
// the passphrase may have written anything.
func FuzzParts(f *testing.F) {
	for _, seed := range []string{
		"A\x02{}Z\x18" + `{"files":[],"tables":[]}`,
		"A\x02{}F\x01a\x00\x02xyT\x01t\x02\x01n\x06number\x01m\x04text\x01i\x04t\x02hi\x01nn\x00Z\x02{}",
		"A\x02{}T\x01t\x02\x01b\x06octets\x01g\x04flag\x01b\x02hiy\x01nf\x00Z\x02{}", "A\xff\xff\xff\x7f", "",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, parts []byte) {
		a, err := Open(bytes.NewReader(forge(t, string(parts))), opens)
		for err == nil {
			var p *Part
			if p, err = a.Next(); err == nil && p.Table {
				err = p.Each(func(row []any) error {
					if len(row) != len(p.Columns) {
						t.Errorf("a row of %d values", len(row))
					}
					return nil
				})
			}
		}
		if err != io.EOF && pki.KindOf(err) == pki.Internal {
			t.Errorf("an error nobody explains: %v", err)
		}
	})
}
