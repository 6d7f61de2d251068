package keys

import (
	"strings"
	"testing"

	"onecert/pki"
)

func TestParseHardwareURI(t *testing.T) {
	for text, want := range map[string]URI{
		"pkcs11:token=CA;object=root?module-path=/m.so&pin-source=file:/etc/pin": {Scheme: "pkcs11", Path: "/m.so", Pass: "/etc/pin",
			Token: Token{Label: "CA"}, Object: Object{Label: "root"}},
		"PKCS11:object=root;token=The%20CA%3B;id=%01%A2;serial=77;model=M;manufacturer=%E5%8E%82;slot-id=5;type=private?pin-source=file:pin&x-use=encrypt&module-path=/a%20b.so&x-sessions=9": {
			Scheme: "pkcs11", Path: "/a b.so", Pass: "pin", Token: Token{Label: "The CA;", Manufacturer: "厂", Model: "M", Serial: "77", Slot: 5, HasSlot: true},
			Object: Object{Label: "root", ID: "\x01\xa2"}, Type: "private", Use: "encrypt", Sessions: 9},
		"pkcs11:?module-path=/m.so":             {Scheme: "pkcs11", Path: "/m.so"},
		"sdf:/l.so?index=3&pass-source=file:/p": {Scheme: "sdf", Path: "/l.so", Pass: "/p", Index: 3, HasIndex: true, Use: "sign"},
		"SDF:lib/l.so?index=0&use=encrypt&field=32&decrypt=short&sessions=1": {Scheme: "sdf", Path: "lib/l.so", HasIndex: true, Use: "encrypt", Field: 32,
			ShortDecrypt: true, Sessions: 1},
		"sdf:/l.so?field=64": {Scheme: "sdf", Path: "/l.so"},
		"file:/m.pem?device=sdf%3A%2Fl.so%3Findex%3D1%26use%3Dkek": {Scheme: "file", Path: "/m.pem", Device: "sdf:/l.so?index=1&use=kek"},
	} {
		got, err := ParseURI(text)
		if err != nil || got != want {
			t.Errorf("%s: %+v %v", text, got, err)
			continue
		}
		if again, err := ParseURI(got.String()); err != nil || again != got {
			t.Errorf("%s: written as %s, which reads as %+v (%v)", text, got, again, err)
		}
		if got.Hardware() != (got.Scheme != "file") {
			t.Errorf("%s: hardware %v", text, got.Hardware())
		}
	}
}

func TestParseHardwareURIRefuses(t *testing.T) {
	for _, text := range []string{
		"pkcs11:", "pkcs11:x", "pkcs11:token=a", "pkcs11:token=a;token=b?module-path=/m", "pkcs11:token=?module-path=/m", "pkcs11:a=b?module-path=/m",
		"pkcs11:object=%zz?module-path=/m", "pkcs11:slot-id=x?module-path=/m", "pkcs11:slot-id=01?module-path=/m", "pkcs11:slot-id=99999999999?module-path=/m",
		"pkcs11:type=cert?module-path=/m", "pkcs11:object=a?module-path=/m&pin-source=secret", "pkcs11:object=a?module-path=/m&pin-source=%7Csecret",
		"pkcs11:object=a?module-path=/m&x-sessions=0", "pkcs11:object=a?module-path=/m&x-sessions=257", "pkcs11:object=a?module-path=/m&x-use=kek",
		"pkcs11:object=a?module-name=softhsm", "pkcs11:object=a?module-path=/m%00", "pkcs11:type=secret-key?module-path=/m&x-use=sign",
		"pkcs11:token=" + strings.Repeat("a", 300) + "?module-path=/m",
		"sdf:", "sdf:/", "sdf:/l.so?index=-1", "sdf:/l.so?index=x", "sdf:/l.so?index=01", "sdf:/l.so?index=4294967296", "sdf:/l.so?use=sign",
		"sdf:/l.so?index=1&use=x", "sdf:/l.so?index=1&field=48", "sdf:/l.so?index=1&decrypt=long", "sdf:/l.so?index=1&index=2",
		"sdf:/l.so?index=1&password=secret", "sdf:/l.so?index=1&pass-source=secret", "sdf://host/l.so?index=1", "sdf:/l.so?index=1#f", "sdf:%zz",
		"sdf:/l.so?index=1&sessions=1000",
	} {
		u, err := ParseURI(text)
		if pki.CodeOf(err) != "key.uri" || pki.KindOf(err) != pki.Invalid {
			t.Errorf("%q: %+v %v", text, u, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") && !strings.Contains(err.Error(), "secret-key") {
			t.Errorf("%q: the error repeats it", text)
		}
	}
}

func TestPINInTheURI(t *testing.T) {
	for _, act := range []func(string) error{
		func(uri string) error { _, err := Open(uri, Options{}); return err },
		func(uri string) error { _, err := Generate(uri, pki.P256, Options{}); return err },
		func(uri string) error { _, err := Describe(uri); return err },
	} {
		err := act("pkcs11:token=ca;object=root?module-path=/m.so&pin-value=81726354")
		if pki.CodeOf(err) != "key.pin-value" || !strings.Contains(err.Error(), "pin-source") || strings.Contains(err.Error(), "81726354") {
			t.Error(err)
		}
	}
	_, err := Open("pkcs11:token=ca;object=root?module-path=/m.so&x-mapping=file:/vendor", Options{})
	if pki.KindOf(err) != pki.NotImplemented || pki.CodeOf(err) != "key.mapping" {
		t.Errorf("a maker's mapping: %v", err)
	}
}
