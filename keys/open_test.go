package keys

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"onecert/pki"
)

// rsaOpts names a hash an SM2 key must refuse.
type rsaOpts struct{}

func (*rsaOpts) HashFunc() crypto.Hash { return crypto.SHA256 }

func writeFile(t testing.TB, path, content string, mode os.FileMode) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // past the umask
		t.Fatal(err)
	}
	return path
}

func writePass(t testing.TB, dir, pass string) string {
	t.Helper()
	return writeFile(t, filepath.Join(dir, "pass"), pass+"\n", 0o600)
}

func TestGenerateAndOpen(t *testing.T) {
	for _, suite := range quickSuites() {
		for _, cipher := range []Cipher{AES256CBC, SM4CBC} {
			dir := t.TempDir()
			uri := "file:" + dir + "/key.pem?pass=file:" + writePass(t, dir, "口令 with blank")
			made, err := Generate(uri, suite, Options{Cipher: cipher})
			if err != nil {
				t.Fatalf("%s: %v", suite, err)
			}
			opened, err := Open(uri, Options{})
			if err != nil {
				t.Fatalf("%s: %v", suite, err)
			}
			signature, err := opened.SignMessage(nil, []byte("m"), nil)
			if err != nil || !verify(made.Public(), []byte("m"), signature) {
				t.Errorf("%s: the opened key is another (%v)", suite, err)
			}
			info, err := os.Stat(dir + "/key.pem")
			if err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: mode %v (%v)", suite, info.Mode(), err)
			}
		}
	}
}

func TestGenerateNeverOverwrites(t *testing.T) {
	dir := t.TempDir()
	path := writeFile(t, dir+"/key.pem", "precious", 0o600)
	_, err := Generate("file:"+path, pki.SM2, Options{Passphrase: []byte("x")})
	if pki.CodeOf(err) != "key.exists" || pki.KindOf(err) != pki.Conflict {
		t.Errorf("%v", err)
	}
	if err := createPrivate(path, []byte("new")); pki.CodeOf(err) != "key.exists" {
		t.Errorf("racing creator: %v", err)
	}
	dangling := dir + "/link.pem"
	if err := os.Symlink(dir+"/nowhere", dangling); err != nil {
		t.Fatal(err)
	}
	if _, err := Generate("file:"+dangling, pki.SM2, Options{Passphrase: []byte("x")}); pki.CodeOf(err) != "key.exists" {
		t.Errorf("dangling link: %v", err)
	}
	if content, _ := os.ReadFile(path); string(content) != "precious" {
		t.Error("the old file was touched")
	}
}

func TestGenerateRefuses(t *testing.T) {
	dir := t.TempDir()
	uri := "file:" + dir + "/key.pem"
	for name, c := range map[string]struct {
		uri  string
		opts Options
		code string
	}{
		"no passphrase":    {uri, Options{}, "key.passphrase-missing"},
		"plain wanted":     {uri, Options{AllowPlain: true}, "key.passphrase-missing"},
		"empty passphrase": {uri, Options{Passphrase: []byte{}}, "key.passphrase-file"},
		"two lines":        {uri, Options{Passphrase: []byte("a\nb")}, "key.passphrase-file"},
		"NUL":              {uri, Options{Passphrase: []byte("a\x00b")}, "key.passphrase-file"},
		"long":             {uri, Options{Passphrase: bytes.Repeat([]byte("a"), 1025)}, "key.passphrase-file"},
		"unknown cipher":   {uri, Options{Passphrase: []byte("x"), Cipher: 7}, "key.cipher"},
		"no pass file":     {uri + "?pass=file:" + dir + "/none", Options{}, "key.missing"},
		"no randomness":    {uri, Options{Passphrase: []byte("x"), Random: bytes.NewReader(nil)}, "internal"},
		"no directory":     {"file:" + dir + "/none/key.pem", Options{Passphrase: []byte("x")}, "internal"},
	} {
		if _, err := Generate(c.uri, pki.SM2, c.opts); pki.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(dir + "/key.pem"); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: a file was left", name)
		}
	}
	if _, err := Generate(uri, "sm9", Options{Passphrase: []byte("x")}); err == nil {
		t.Error("an unknown suite was made")
	}
}

func TestOpenRefusesOpenFiles(t *testing.T) {
	dir := t.TempDir()
	pass := writePass(t, dir, "x")
	uri := "file:" + dir + "/key.pem?pass=file:" + pass
	if _, err := Generate(uri, pki.SM2, Options{}); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir + "/key.pem", pass} {
		for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o601} {
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(uri, Options{}); pki.CodeOf(err) != "key.mode" || pki.KindOf(err) != pki.Forbidden {
				t.Errorf("%s mode %o: %v", filepath.Base(path), mode, err)
			}
		}
		if err := os.Chmod(path, 0o400); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Open(uri, Options{}); err != nil {
		t.Errorf("mode 0400: %v", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	pass := writePass(t, dir, "right")
	uri := "file:" + dir + "/key.pem?pass=file:" + pass
	if _, err := Generate(uri, pki.SM2, Options{}); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(dir + "/key.pem")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open("file:"+dir+"/none.pem", Options{}); pki.KindOf(err) != pki.Unknown || pki.CodeOf(err) != "key.missing" {
		t.Errorf("missing file: %v", err)
	}
	if _, err := Open("file:"+dir+"/key.pem", Options{}); pki.CodeOf(err) != "key.passphrase-missing" {
		t.Errorf("no passphrase named: %v", err)
	}
	if _, err := Open(uri, Options{Passphrase: []byte("wrong")}); pki.CodeOf(err) != "key.passphrase" || pki.KindOf(err) != pki.Forbidden {
		t.Errorf("wrong passphrase: %v", err)
	}
	for name, c := range map[string]struct{ content, code string }{
		"empty":             {"", "key.not-a-key"},
		"text":              {"not a key at all", "key.not-a-key"},
		"cut in the middle": {string(good[:len(good)/2]), "key.truncated"},
		"cut at the end":    {string(good[:len(good)-12]), "key.truncated"},
		"damaged base64":    {string(bytes.Replace(good, []byte("\nM"), []byte("\n*"), 1)), "key.truncated"},
		"two keys":          {string(good) + string(good), "key.several"},
		"a certificate":     {"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", "key.not-a-key"},
		"no content":        {"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n", "key.truncated"},
		"empty sequence":    {"-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n", "key.truncated"},
		"too large":         {string(good) + string(make([]byte, maxFile)), "key.file"},
	} {
		writeFile(t, dir+"/bad.pem", c.content, 0o600)
		_, err := Open("file:"+dir+"/bad.pem?pass=file:"+pass, Options{AllowPlain: true})
		if pki.CodeOf(err) != c.code {
			t.Errorf("%s: %v (%s)", name, err, pki.CodeOf(err))
		}
	}
	if _, err := Open("file:"+filepath.Dir(dir)+"/"+filepath.Base(dir), Options{}); pki.CodeOf(err) != "key.file" {
		t.Errorf("a directory: %v", err)
	}
}

// Every single octet changed must be noticed or leave the same key.
func TestOpenNoticesDamage(t *testing.T) {
	signer, err := pki.GenerateKey(rand.Reader, pki.SM2)
	if err != nil {
		t.Fatal(err)
	}
	info, err := marshalPKCS8(signer)
	if err != nil {
		t.Fatal(err)
	}
	for i := range info {
		for _, flip := range []byte{0x01, 0x80} {
			bad := bytes.Clone(info)
			bad[i] ^= flip
			if got, err := parsePKCS8(bad); err == nil && !samePublic(got.Public(), signer.Public()) {
				t.Errorf("octet %d changed by %02x gives another key", i, flip)
			}
		}
	}
	for i := range info {
		if _, err := parsePKCS8(info[:i]); err == nil {
			t.Errorf("the first %d octets are a key", i)
		}
	}
}

func TestPlainOnlyWhenAsked(t *testing.T) {
	dir := t.TempDir()
	signer, err := pki.GenerateKey(rand.Reader, pki.P256)
	if err != nil {
		t.Fatal(err)
	}
	info, err := marshalPKCS8(signer)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, dir+"/plain.pem", string(encodePEM(labelPKCS8, info)), 0o600)
	uri := "file:" + dir + "/plain.pem"
	if _, err := Open(uri, Options{}); pki.CodeOf(err) != "key.plain" || pki.KindOf(err) != pki.Forbidden {
		t.Errorf("%v", err)
	}
	if key, err := Open(uri, Options{AllowPlain: true}); err != nil || !samePublic(key.Public(), signer.Public()) {
		t.Errorf("%v", err)
	}
}
