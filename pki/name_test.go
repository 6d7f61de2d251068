package pki_test

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"strings"
	"testing"

	"onecert/pki"
)

func TestNameText(t *testing.T) {
	name := pki.Name{{Type: "C", Value: "CN"}, {Type: "O", Value: `示例, "局" a=b+c\d`}, {Type: "CN", Value: "林晓明"}}
	again, err := pki.ParseName(name.String())
	if err != nil {
		t.Fatal(err)
	}
	if again.String() != name.String() || again[1].Value != name[1].Value {
		t.Errorf("%q reads back as %q", name, again)
	}
	s, err := pki.ParseName("c=CN, S=示例省, cn=甲")
	if err != nil || s.Get("ST") != "示例省" || s.Get("CN") != "甲" {
		t.Errorf("%v %v", s, err)
	}
	for _, bad := range []string{"", "  ", "CN", "XX=1", "=x", "CN=a, nonsense"} {
		if _, err := pki.ParseName(bad); pki.KindOf(err) != pki.Invalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// TestNameDER compares with the standard library's encoder and the string types of
// GB/T 20518.
func TestNameDER(t *testing.T) {
	name := pki.Name{{Type: "C", Value: "CN"}, {Type: "O", Value: "ASCII Unit"}, {Type: "CN", Value: "林晓明"},
		{Type: "serialNumber", Value: "H-1"}, {Type: "E", Value: "a@example.cn"}}
	der, err := name.DER()
	if err != nil {
		t.Fatal(err)
	}
	var rdn pkix.RDNSequence
	if rest, err := asn1.Unmarshal(der, &rdn); err != nil || len(rest) > 0 || len(rdn) != 5 {
		t.Fatal(err, len(rest), rdn)
	}
	text := hex.EncodeToString(der)
	for _, want := range []string{"1302434e" /* C PrintableString */, "0c0a" + hex.EncodeToString([]byte("ASCII Unit")) /* O UTF8String */, "0c09" /* 林晓明 */, "1303" + hex.EncodeToString([]byte("H-1")), "160c" /* E IA5String */} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not in %s", want, text)
		}
	}
	back, err := pki.NameOf(der)
	if err != nil || back.String() != name.String() {
		t.Errorf("reads back as %v, %v", back, err)
	}
}

func TestNameLimits(t *testing.T) {
	for _, bad := range []pki.Name{
		{{Type: "C", Value: "CHN"}}, {{Type: "CN", Value: ""}}, {{Type: "CN", Value: strings.Repeat("长", 65)}},
		{{Type: "CN", Value: "a\xff"}}, {{Type: "nope", Value: "x"}},
	} {
		if _, err := bad.DER(); pki.KindOf(err) != pki.Invalid {
			t.Errorf("%v: %v", bad, err)
		}
	}
	if _, err := (pki.Name{{Type: "CN", Value: strings.Repeat("长", 64)}}).DER(); err != nil {
		t.Error("64 characters are allowed, however many octets:", err)
	}
}

func TestNameOfBMPString(t *testing.T) {
	der, err := hex.DecodeString("300f310d300b06035504031e04" + "6797" + "6653") // CN BMPString 林晓
	if err != nil {
		t.Fatal(err)
	}
	name, err := pki.NameOf(der)
	if err != nil || name.Get("CN") != "林晓" {
		t.Errorf("%v %v", name, err)
	}
}

func FuzzNameOf(f *testing.F) {
	der, _ := pki.Name{{Type: "C", Value: "CN"}, {Type: "CN", Value: "甲"}}.DER()
	f.Add(der)
	f.Fuzz(func(t *testing.T, data []byte) {
		name, err := pki.NameOf(data)
		if err != nil || len(name) == 0 {
			return
		}
		_ = name.String()
		if again, err := name.DER(); err == nil {
			twice, err := pki.NameOf(again)
			if err != nil || twice.String() != name.String() {
				t.Errorf("%v became %v (%v)", name, twice, err)
			}
		}
	})
}

func FuzzParseName(f *testing.F) {
	f.Add("C=CN, O=a\\,b, CN=甲")
	f.Fuzz(func(t *testing.T, text string) {
		name, err := pki.ParseName(text)
		if err != nil {
			return
		}
		again, err := pki.ParseName(name.String())
		if err != nil && name.CheckLengths() == nil {
			t.Errorf("%q does not read back: %v", name.String(), err)
		}
		if err == nil && again.String() != name.String() && name.CheckLengths() == nil && !spaced(name) {
			t.Errorf("%q became %q", name, again)
		}
	})
}

// spaced: blanks at a value's ends are trimmed when it is read back.
func spaced(name pki.Name) bool {
	for _, a := range name {
		if strings.TrimSpace(a.Value) != a.Value || strings.HasSuffix(a.Value, `\`) {
			return true
		}
	}
	return false
}

func TestSerials(t *testing.T) {
	seen := map[pki.Serial]bool{}
	for range 1000 {
		s, err := pki.NewSerial(nil2rand{})
		if err != nil {
			t.Fatal(err)
		}
		n := s.Big()
		if seen[s] || n.BitLen() != 159 || pki.SerialOf(n) != s {
			t.Fatalf("serial %s (%d bits)", s, n.BitLen())
		}
		seen[s] = true
	}
	if _, err := pki.NewSerial(bytes.NewReader(nil)); err == nil {
		t.Error("a serial from an empty source")
	}
	for text, want := range map[string]pki.Serial{"0x1F:0a": "1f0a", " 01 ": "01", "f": "0f", "00ff": "ff"} {
		if got, err := pki.ParseSerial(text); err != nil || got != want {
			t.Errorf("%q: %q %v", text, got, err)
		}
	}
	for _, bad := range []string{"", "0", "zz", "-1", strings.Repeat("ff", 21), strings.Repeat("00", 30)} {
		if s, err := pki.ParseSerial(bad); pki.KindOf(err) != pki.Invalid {
			t.Errorf("%q: %q %v", bad, s, err)
		}
	}
}

func TestReasons(t *testing.T) {
	for _, name := range []string{"unspecified", "keyCompromise", "cACompromise", "affiliationChanged", "superseded", "cessationOfOperation", "privilegeWithdrawn", "aACompromise"} {
		if r, err := pki.ParseReason(name); err != nil || r.String() != name {
			t.Errorf("%s: %v %v", name, r, err)
		}
	}
	for _, bad := range []string{"certificateHold", "removeFromCRL", "", "KeyCompromise", "7"} {
		if _, err := pki.ParseReason(bad); pki.KindOf(err) != pki.Invalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestAltNames(t *testing.T) {
	for _, good := range []pki.AltName{{Kind: "dns", Value: "a.example"}, {Kind: "dns", Value: "*.a.example"}, {Kind: "dns", Value: "xn--fiqs8s"},
		{Kind: "email", Value: "a@b.example"}, {Kind: "uri", Value: "https://a.example/x"}, {Kind: "ip", Value: "192.0.2.1"}, {Kind: "ip", Value: "2001:db8::1"}} {
		if err := pki.CheckAltName(good); err != nil {
			t.Errorf("%v: %v", good, err)
		}
	}
	for _, bad := range []pki.AltName{{Kind: "dns", Value: "a..b"}, {Kind: "dns", Value: "-a.b"}, {Kind: "dns", Value: "a b"}, {Kind: "dns", Value: "政府.example"},
		{Kind: "dns", Value: "a.*.b"}, {Kind: "dns", Value: strings.Repeat("a", 64) + ".b"}, {Kind: "dns", Value: ""}, {Kind: "dns", Value: "1.2.3.4"}, {Kind: "email", Value: "A <a@b>"},
		{Kind: "uri", Value: "x"}, {Kind: "ip", Value: "1.2.3"}, {Kind: "other", Value: "x"}} {
		if err := pki.CheckAltName(bad); pki.KindOf(err) != pki.Invalid {
			t.Errorf("%v: %v", bad, err)
		}
	}
}
