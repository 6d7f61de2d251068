package wire

import (
	"crypto/rand"
	"crypto/x509/pkix"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/keys"
	"onecert/pki"
)

// selfMade is a key with a certificate it has signed itself.
func selfMade(t *testing.T, suite pki.Suite, notAfter time.Time) (*keys.Key, []byte) {
	t.Helper()
	made, err := pki.GenerateKey(rand.Reader, suite)
	if err != nil {
		t.Fatal(err)
	}
	key, err := keys.Wrap(made)
	if err != nil {
		t.Fatal(err)
	}
	template := &smx509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "centre.issuer"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: notAfter.AddDate(-1, 0, 0), NotAfter: notAfter, KeyUsage: smx509.KeyUsageCertSign}
	der, err := smx509.CreateCertificate(rand.Reader, template, template, made.Public(), made)
	if err != nil {
		t.Fatal(err)
	}
	return key, der
}

// identityFolder is a folder as an officer has it, with a passphrase file.
func identityFolder(t *testing.T, suite pki.Suite) string {
	t.Helper()
	dir := t.TempDir()
	key, der := selfMade(t, suite, time.Now().AddDate(0, 6, 0))
	write(t, dir, "pass", "a passphrase\n")
	if err := keys.Store(keys.URI{Path: filepath.Join(dir, "key.pem"), Pass: filepath.Join(dir, "pass")}.String(), key, keys.Options{}); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "certificate.pem", string(PEM(der)))
	_, root := selfMade(t, pki.P256, time.Now().AddDate(1, 0, 0))
	write(t, dir, "trust.pem", string(PEM(root)))
	return dir
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

const identityText = "server: https://ca.gov.example:8443\ncertificate: certificate.pem\ntrust: trust.pem\n"

func TestOpenSession(t *testing.T) {
	dir := identityFolder(t, pki.P256)
	write(t, dir, sessionName, identityText+"key: file:key.pem?pass=file:pass\nkmc: https://kmc.gov.example:8444\n")
	s, err := OpenSession(dir, SessionOptions{})
	if err != nil || s.CA == nil || s.KMC == nil || s.KMCOfficers == nil || s.Certificate.Subject.CommonName != "centre.issuer" {
		t.Fatalf("%v %+v", err, s)
	}
	asked := ""
	write(t, dir, sessionName, identityText+"key: file:key.pem\n")
	s, err = OpenSession(dir, SessionOptions{Ask: func(path string) ([]byte, error) {
		asked = path
		return []byte("a passphrase"), nil
	}})
	if err != nil || asked != filepath.Join(dir, "key.pem") || s.KMC != nil {
		t.Errorf("%v, asked for %q", err, asked)
	}
}

func TestOpenSessionRefuses(t *testing.T) {
	other := identityFolder(t, pki.P256)
	for name, c := range map[string]struct {
		suite pki.Suite
		text  string
		spoil func(dir string)
		code  string
	}{
		"no folder":              {pki.P256, "", func(dir string) { os.Remove(filepath.Join(dir, sessionName)) }, "identity.missing"},
		"an unknown key":         {pki.P256, identityText + "key: file:key.pem\npassword: secret\n", nil, "config.yaml"},
		"no server":              {pki.P256, "certificate: a\nkey: file:b\ntrust: c\n", nil, "config.missing"},
		"an address without s":   {pki.P256, "server: ca.gov.example\ncertificate: certificate.pem\ntrust: trust.pem\nkey: file:key.pem?pass=file:pass\n", nil, "remote.address"},
		"nobody to ask":          {pki.P256, identityText + "key: file:key.pem\n", nil, "key.passphrase-missing"},
		"an encrypted plain key": {pki.P256, identityText + "key: file:key.pem\nplain_key: true\n", nil, "key.passphrase-missing"},
		"no certificate":         {pki.P256, identityText + "key: file:key.pem?pass=file:pass\n", func(dir string) { os.Remove(filepath.Join(dir, "certificate.pem")) }, "config.certificate"},
		"another's key":          {pki.P256, identityText + "key: file:" + filepath.Join(other, "key.pem") + "?pass=file:pass\n", nil, "identity.key"},
		"an SM2 certificate":     {pki.SM2, identityText + "key: file:key.pem?pass=file:pass\n", nil, "identity.certificate"},
		"no trust":               {pki.P256, identityText + "key: file:key.pem?pass=file:pass\n", func(dir string) { os.Remove(filepath.Join(dir, "trust.pem")) }, "config.certificate"},
		"an empty trust":         {pki.P256, identityText + "key: file:key.pem?pass=file:pass\n", func(dir string) { os.WriteFile(filepath.Join(dir, "trust.pem"), []byte("x"), 0o600) }, "trust.none"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := identityFolder(t, c.suite)
			write(t, dir, sessionName, c.text)
			if c.spoil != nil {
				c.spoil(dir)
			}
			if _, err := OpenSession(dir, SessionOptions{}); pki.CodeOf(err) != c.code {
				t.Errorf("refused by %q (%v), not by %q", pki.CodeOf(err), err, c.code)
			}
		})
	}
}

// A plain key opens only where the identity says so: a demonstration's.
func TestPlainKey(t *testing.T) {
	dir := identityFolder(t, pki.P256)
	key, der := selfMade(t, pki.P256, time.Now().AddDate(1, 0, 0))
	if err := keys.Store(keys.URI{Path: filepath.Join(dir, "plain.pem")}.String(), key, keys.Options{AllowPlain: true}); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "certificate.pem", string(PEM(der)))
	identity := Identity{Server: "https://ca.gov.example:8443", Certificate: "certificate.pem", Key: "file:plain.pem", Trust: "trust.pem"}
	if err := SaveSession(dir, identity); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenSession(dir, SessionOptions{}); pki.CodeOf(err) != "key.plain" {
		t.Errorf("%v", err)
	}
	if err := SaveSession(dir, identity); pki.CodeOf(err) != "file.exists" {
		t.Errorf("an identity was overwritten: %v", err)
	}
	identity.PlainKey = true
	other := t.TempDir()
	identity.Key, identity.Certificate, identity.Trust = "file:"+filepath.Join(dir, "plain.pem"), filepath.Join(dir, "certificate.pem"), filepath.Join(dir, "trust.pem")
	if err := SaveSession(other, identity); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenSession(other, SessionOptions{}); err != nil {
		t.Error(err)
	}
}

func TestEnrolRefuses(t *testing.T) {
	_, root := selfMade(t, pki.P256, time.Now().AddDate(1, 0, 0))
	good := NewIdentity{Server: "https://127.0.0.1:1", Trust: PEM(root), Code: "x", Suite: pki.P256,
		Ask: func(string, bool) ([]byte, error) { return []byte("a passphrase"), nil }}
	for _, c := range []struct {
		code  string
		spoil func(*NewIdentity)
	}{
		{"identity.sm2", func(n *NewIdentity) { n.Suite = pki.SM2 }},
		{"trust.none", func(n *NewIdentity) { n.Trust = []byte("x") }},
		{"remote.address", func(n *NewIdentity) { n.Server = "ca.gov.example" }},
		{"key.missing", func(n *NewIdentity) { n.PassFile = filepath.Join(n.Dir, "none") }},
		{"remote.unreachable", func(*NewIdentity) {}},
	} {
		n := good
		n.Dir = filepath.Join(t.TempDir(), "id")
		c.spoil(&n)
		if _, err := EnrolIdentity(t.Context(), n); pki.CodeOf(err) != c.code {
			t.Errorf("refused by %q (%v), not by %q", pki.CodeOf(err), err, c.code)
		}
		if _, err := os.Stat(filepath.Join(n.Dir, sessionName)); err == nil {
			t.Errorf("%s: an identity was written all the same", c.code)
		}
		if c.code != "remote.unreachable" {
			continue
		}
		// Broken off at the network: the same key serves again, and is asked for once.
		before, err := os.ReadFile(filepath.Join(n.Dir, identityKey))
		if err != nil {
			t.Fatal(err)
		}
		n.Ask = func(_ string, fresh bool) ([]byte, error) {
			if fresh {
				t.Error("asked as for a new key")
			}
			return []byte("a passphrase"), nil
		}
		if _, err := EnrolIdentity(t.Context(), n); pki.CodeOf(err) != "remote.unreachable" {
			t.Error(err)
		}
		if after, err := os.ReadFile(filepath.Join(n.Dir, identityKey)); err != nil || string(after) != string(before) {
			t.Errorf("the key was made anew (%v)", err)
		}
	}
}
