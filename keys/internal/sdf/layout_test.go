package sdf

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/emmansun/gmsm/sm2"

	"onecert/keys/internal/devicetest"
	"onecert/pki"
)

func TestMain(m *testing.M) { os.Exit(devicetest.Main(m)) }

type structure struct {
	Offsets map[string]int
	Size    int
}

func TestLayout(t *testing.T) {
	var all map[string]map[string]structure
	if err := json.Unmarshal(devicetest.Vectors(t, "layout.json"), &all); err != nil {
		t.Fatal(err)
	}
	for _, f := range []layout{64, 32} {
		want := all[fmt.Sprintf("field%d", f)]
		for name, got := range map[string]int{
			"ECCrefPublicKey": f.publicLen(), "ECCSignature": f.signatureLen(), "ECCCipher": f.cipherLen(), "DEVICEINFO": infoLen,
		} {
			if want[name].Size != got || got == 0 {
				t.Errorf("field %d: %s has %d octets, not %d", f, name, want[name].Size, got)
			}
		}
		c := want["ECCCipher"].Offsets
		if c["y"] != int(f) || c["M"] != 2*int(f) || c["L"] != 2*int(f)+digestLen || c["C"] != f.cipherLen() {
			t.Errorf("field %d: ECCCipher %v", f, c)
		}
	}
	if o := all["field64"]["DEVICEINFO"].Offsets; o["DeviceName"] != 40 || o["DeviceSerial"] != 56 || o["DeviceVersion"] != 72 || o["StandardVersion"] != 76 {
		t.Errorf("DEVICEINFO: %v", o)
	}
}

type conversion struct{ Name, DER, Point, Field64, Field32, Hex string }

type conversions struct {
	Signature, Cipher, Public []conversion
	Refuse                    struct{ Signature64, Public64, Cipher64, CipherDER []conversion }
}

func vectors(t testing.TB) (v conversions) {
	t.Helper()
	if err := json.Unmarshal(devicetest.Vectors(t, "convert.json"), &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Signature) < 5 || len(v.Cipher) < 5 || len(v.Public) < 4 || len(v.Refuse.CipherDER) < 5 {
		t.Fatal("convert.json lacks cases")
	}
	return v
}

// octets reads a structure; its integer at a place is swapped on big-endian machines.
func octets(t testing.TB, text string, integer int) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	if integer >= 0 {
		binary.NativeEndian.PutUint32(b[integer:], binary.LittleEndian.Uint32(b[integer:]))
	}
	return b
}

func (c conversion) structure(t testing.TB, f layout, integer int) []byte {
	if f == 32 {
		return octets(t, c.Field32, integer)
	}
	return octets(t, c.Field64, integer)
}

func TestConvert(t *testing.T) {
	v := vectors(t)
	for _, f := range []layout{64, 32} {
		for _, c := range v.Signature {
			got, err := f.signatureDER(c.structure(t, f, -1))
			if err != nil || hex.EncodeToString(got) != c.DER {
				t.Errorf("field %d, signature, %s: %x %v", f, c.Name, got, err)
			}
		}
		for _, c := range v.Cipher {
			want := c.structure(t, f, 2*int(f)+digestLen)
			got, err := f.cipher(octets(t, c.DER, -1))
			if err != nil || !bytes.Equal(got[:len(want)], want) || !bytes.Equal(got[len(want):], make([]byte, slack)) {
				t.Errorf("field %d, cipher, %s: %x %v", f, c.Name, got, err)
			}
			if der, err := f.cipherDER(want); err != nil || hex.EncodeToString(der) != c.DER {
				t.Errorf("field %d, cipher back, %s: %x %v", f, c.Name, der, err)
			}
		}
		for _, c := range v.Public {
			key, err := f.public(c.structure(t, f, 0))
			if err != nil || hex.EncodeToString(pki.Point(key)) != c.Point {
				t.Errorf("field %d, public, %s: %v", f, c.Name, err)
			}
		}
	}
}

func TestConvertRefuses(t *testing.T) {
	v, f := vectors(t), layout(64)
	for _, c := range v.Refuse.Signature64 {
		if _, err := f.signatureDER(octets(t, c.Hex, -1)); pki.CodeOf(err) != "key.device-wrong" {
			t.Errorf("signature, %s: %v", c.Name, err)
		}
	}
	for _, c := range v.Refuse.Public64 {
		if _, err := f.public(octets(t, c.Hex, 0)); pki.CodeOf(err) != "key.point" {
			t.Errorf("public, %s: %v", c.Name, err)
		}
	}
	for _, c := range v.Refuse.Cipher64 {
		if _, err := f.cipherDER(octets(t, c.Hex, 160)); pki.CodeOf(err) != "key.ciphertext" {
			t.Errorf("cipher, %s: %v", c.Name, err)
		}
	}
	for _, c := range v.Refuse.CipherDER {
		if _, err := f.cipher(octets(t, c.Hex, -1)); pki.CodeOf(err) != "key.ciphertext" || pki.KindOf(err) != pki.Invalid {
			t.Errorf("cipher DER, %s: %v", c.Name, err)
		}
	}
	if _, err := f.cipherDER(make([]byte, 163)); err == nil {
		t.Error("a cut ECCCipher passes")
	}
}

func FuzzCipher(f *testing.F) {
	v := vectors(f)
	for _, c := range append(v.Cipher, v.Refuse.CipherDER...) {
		f.Add(octets(f, c.DER+c.Hex, -1))
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		for _, l := range []layout{64, 32} {
			s, err := l.cipher(der)
			if err != nil {
				continue
			}
			if again, err := l.cipherDER(s[:len(s)-slack]); err != nil || !bytes.Equal(again, der) {
				t.Fatalf("%x became %x (%v)", der, again, err)
			}
		}
	})
}

// FuzzStructures: what a library writes is foreign too.
func FuzzStructures(f *testing.F) {
	v := vectors(f)
	for _, c := range append(append(v.Signature, v.Public...), v.Cipher...) {
		f.Add(octets(f, c.Field64, -1))
	}
	f.Fuzz(func(t *testing.T, s []byte) {
		for _, l := range []layout{64, 32} {
			if len(s) >= l.signatureLen() {
				_, _ = l.signatureDER(s)
			}
			if len(s) >= l.publicLen() {
				if key, err := l.public(s); err == nil {
					if _, err := sm2.NewPublicKey(pki.Point(key)); err != nil {
						t.Fatalf("a point off the curve: %v", err)
					}
				}
			}
			if der, err := l.cipherDER(s); err == nil {
				if _, err := l.cipher(der); err != nil {
					t.Fatalf("%x does not read back: %v", der, err)
				}
			}
		}
		if len(s) >= infoLen {
			_ = parseInfo(s)
		}
	})
}
