package keys

import (
	"strings"
	"testing"

	"onecert/pki"
)

func TestParseURI(t *testing.T) {
	for _, c := range []struct{ text, path, pass string }{
		{"file:/etc/onecert/ca.pem", "/etc/onecert/ca.pem", ""},
		{"file:///etc/onecert/ca.pem", "/etc/onecert/ca.pem", ""},
		{"FILE:/a.pem", "/a.pem", ""},
		{"file:keys/ca.pem", "keys/ca.pem", ""},
		{"file:./ca.pem?pass=file:ca.pass", "./ca.pem", "ca.pass"},
		{"file:/a.pem?pass=file:/b", "/a.pem", "/b"},
		{"file:/with%20space%3F.pem", "/with space?.pem", ""},
		{"file:密钥/根.pem", "密钥/根.pem", ""},
		{"file:////double.pem", "//double.pem", ""},
	} {
		got, err := ParseURI(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if got.Path != c.path || got.Pass != c.pass {
			t.Errorf("%s: path %q pass %q", c.text, got.Path, got.Pass)
		}
		if again, err := ParseURI(got.String()); err != nil || again != got {
			t.Errorf("%s: written as %s, which reads as %+v (%v)", c.text, got, again, err)
		}
	}
}

func TestParseURIRefuses(t *testing.T) {
	for _, text := range []string{
		"", "/etc/ca.pem", "file", "file:", "file:/", "file:dir/", "http://x/y", "file://host/a",
		"file:/a?x=1", "file:/a?pass=secret", "file:/a?pass=pass:secret", "file:/a?pass=file:b&pass=file:c",
		"file:/a#f", "file:/a%00", "file:/a%zz", "file:a%zz", "file:/a?pass=file:", "file:/a?pass=file:b?c", "file:/a?%zz",
		"\x00file:/a", "file://u@/a", "file:/a?device=secret", "file:/a?device=file:/b", "file:/a?device=sdf:lib.so?index=1",
		"file:/a?pass=file:/b&device=sdf%3A%2Flib.so%3Findex%3D1%26use%3Dkek",
	} {
		_, err := ParseURI(text)
		if pki.CodeOf(err) != "key.uri" || pki.KindOf(err) != pki.Invalid {
			t.Errorf("%q: %v", text, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: the error repeats it", text)
		}
	}
}

func FuzzParseURI(f *testing.F) {
	for _, s := range []string{"pkcs11:token=a%20b;id=%00%ff;slot-id=3?module-path=/m.so&pin-source=file:/p&x-use=encrypt&x-sessions=4",
		"pkcs11:type=private;serial=1?module-path=/m.so", "sdf:/l.so?index=3&use=kek&sessions=2&field=32&decrypt=short&pass-source=file:/p",
		"sdf:///l.so", "file:/a?device=sdf%3A%2Fl.so%3Findex%3D1", "file:/a?pass=file:/b", "file:a%20b", "pkcs11:object=x", "file:///x", "file:a:b", "file:/a?pass=file%3Ab%253F"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := ParseURI(text)
		if err != nil {
			return
		}
		again, err := ParseURI(u.String())
		if err != nil || again != u {
			t.Fatalf("%q became %q, which reads as %+v (%v)", text, u.String(), again, err)
		}
	})
}
