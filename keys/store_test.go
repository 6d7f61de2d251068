package keys

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"onecert/pki"
)

// A key taken out of PKCS#8 and stored is the same key for us and for OpenSSL,
// encrypted or not, and never takes the place of another.
func TestStore(t *testing.T) {
	for _, suite := range quickSuites() {
		dir := t.TempDir()
		made := throwAway(t, suite)
		info, err := marshalPKCS8(made.private().signer)
		if err != nil {
			t.Fatal(err)
		}
		key, err := ReadPKCS8(info)
		if err != nil || !samePublic(key.Public(), made.Public()) {
			t.Fatalf("%s: %v", suite, err)
		}
		pass := writePass(t, dir, "correct horse")
		for _, c := range []struct {
			name    string
			uri     URI
			options Options
			label   string
			openssl []string
		}{
			{"encrypted", URI{Path: filepath.Join(dir, "a.pem"), Pass: pass}, Options{}, labelEncrypted, []string{"-passin", "file:" + pass}},
			{"plain", URI{Path: filepath.Join(dir, "b.pem")}, Options{AllowPlain: true}, labelPKCS8, nil},
		} {
			if err := Store(c.uri.String(), key, c.options); err != nil {
				t.Fatalf("%s %s: %v", suite, c.name, err)
			}
			text, err := os.ReadFile(c.uri.Path)
			if err != nil || !strings.Contains(string(text), "BEGIN "+c.label+"-") {
				t.Errorf("%s %s: %v %.40s", suite, c.name, err, text)
			}
			if info, err := os.Stat(c.uri.Path); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s %s: mode %v %v", suite, c.name, info.Mode(), err)
			}
			again, err := Open(c.uri.String(), c.options)
			if err != nil || !samePublic(again.Public(), key.Public()) {
				t.Errorf("%s %s: %v", suite, c.name, err)
			}
			openssl(t, append([]string{"pkey", "-noout", "-in", c.uri.Path}, c.openssl...)...)
			if err := Store(c.uri.String(), key, c.options); pki.CodeOf(err) != "key.exists" {
				t.Errorf("%s %s: a second time: %v", suite, c.name, err)
			}
		}
		if err := Store(URI{Path: filepath.Join(dir, "c.pem")}.String(), key, Options{}); pki.CodeOf(err) != "key.passphrase-missing" {
			t.Errorf("%s: without a passphrase: %v", suite, err)
		}
	}
	if _, err := ReadPKCS8([]byte{0x30, 0}); pki.CodeOf(err) != "key.truncated" {
		t.Errorf("empty: %v", err)
	}
}
