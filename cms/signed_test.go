package cms

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"onecert/pki"
)

var signedAt = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestSignedRoundTrip(t *testing.T) {
	for _, suite := range suites() {
		c := newCertificate(t, newKey(t, suite))
		key := newKey(t, suite)
		other := newCertificate(t, key)
		message := signedBy(t, other, key, []byte("内容"))
		d, err := ReadSigned(message)
		if err != nil {
			t.Fatalf("%s: %v", suite, err)
		}
		if err := d.By(other.Certificate); err != nil || string(d.Content) != "内容" || !d.At.Equal(signedAt) || len(d.Certificates) != 1 {
			t.Errorf("%s: %v, %q at %v", suite, err, d.Content, d.At)
		}
		if err := d.By(c.Certificate); pki.CodeOf(err) != "envelope.signer" {
			t.Errorf("%s: somebody else's certificate: %v", suite, err)
		}
		forged := *c.Certificate // the name and number of the signer, another key
		forged.RawIssuer, forged.SerialNumber = other.RawIssuer, other.SerialNumber
		if err := d.By(&forged); pki.CodeOf(err) != "envelope.signer" {
			t.Errorf("%s: another key under the signer's name: %v", suite, err)
		}
	}
}

func signedBy(t testing.TB, c certificate, key crypto.Signer, content []byte) []byte {
	t.Helper()
	message, err := SignDocument(rand.Reader, Author{Key: key, Certificate: c.Certificate, At: signedAt}, content)
	if err != nil {
		t.Fatal(err)
	}
	return message
}

// TestSignedDamage: no octet of a message can be another one and the content still be
// believed, unless nothing that is believed changes.
func TestSignedDamage(t *testing.T) {
	for _, suite := range []pki.Suite{pki.SM2, pki.P256} {
		key := newKey(t, suite)
		c := newCertificate(t, key)
		message := signedBy(t, c, key, []byte("content"))
		carried := bytes.Index(message, c.Raw)
		for i := range message {
			if i >= carried && i < carried+len(c.Raw) {
				continue // the certificate carried along is not believed
			}
			damaged := bytes.Clone(message)
			damaged[i] ^= 1
			d, err := ReadSigned(damaged)
			if err == nil && d.By(c.Certificate) == nil && (string(d.Content) != "content" || !d.At.Equal(signedAt)) {
				t.Errorf("%s: octet %d was changed, and %q is believed", suite, i, d.Content)
			}
		}
		for n := range message {
			if _, err := ReadSigned(message[:n]); err == nil {
				t.Fatalf("%s: %d octets of %d are a message", suite, n, len(message))
			}
		}
	}
}

func TestSignedRefuses(t *testing.T) {
	key := newKey(t, pki.P256)
	c, other := newCertificate(t, key), newCertificate(t, newKey(t, pki.P256))
	if _, err := SignDocument(rand.Reader, Author{Key: key, Certificate: other.Certificate, At: signedAt}, nil); pki.CodeOf(err) != "envelope.signer" {
		t.Errorf("another's certificate: %v", err)
	}
	if _, err := SignDocument(rand.Reader, Author{Certificate: c.Certificate}, nil); pki.CodeOf(err) != "envelope.signer" {
		t.Errorf("no key: %v", err)
	}
	if _, err := ReadSigned([]byte("{}")); pki.CodeOf(err) != "envelope.format" {
		t.Errorf("no message: %v", err)
	}
}

// TestOpenSSLVerifiesSigned: OpenSSL verifies what RSA and ECDSA keys signed, and gives the
// same content back. Of SM2 it knows no signed message (BouncyCastle does: e2e).
func TestOpenSSLVerifiesSigned(t *testing.T) {
	content := []byte("a list\n\x00内容")
	for _, suite := range []pki.Suite{pki.RSA2048, pki.P256, pki.P384} {
		key := newKey(t, suite)
		c := newCertificate(t, key)
		dir := t.TempDir()
		in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
		if err := os.WriteFile(in, signedBy(t, c, key, content), 0o600); err != nil {
			t.Fatal(err)
		}
		args := []string{"cms", "-verify", "-binary", "-inform", "DER", "-in", in, "-certfile", c.certFile, "-nointern", "-noverify", "-out", out}
		if said, err := exec.Command("openssl", args...).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", suite, err, said)
			continue
		}
		if got, err := os.ReadFile(out); err != nil || !bytes.Equal(got, content) {
			t.Errorf("%s: %v, %q", suite, err, got)
		}
	}
}

// TestWeVerifyOpenSSLsSigned: and the other way round, streamed in pieces as well.
func TestWeVerifyOpenSSLsSigned(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789abcdef"), 3000)
	for _, suite := range []pki.Suite{pki.RSA2048, pki.P256} {
		c := newCertificate(t, newKey(t, suite))
		for _, more := range [][]string{nil, {"-stream"}, {"-keyid"}} {
			dir := t.TempDir()
			in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
			if err := os.WriteFile(in, content, 0o600); err != nil {
				t.Fatal(err)
			}
			args := append([]string{"cms", "-sign", "-binary", "-nodetach", "-md", "sha256", "-outform", "DER", "-in", in, "-signer", c.certFile, "-inkey", c.keyFile, "-out", out}, more...)
			if said, err := exec.Command("openssl", args...).CombinedOutput(); err != nil {
				t.Fatalf("%s: %v\n%s", suite, err, said)
			}
			message, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			d, err := ReadSigned(message)
			if err == nil {
				err = d.By(c.Certificate)
			}
			if err != nil || !bytes.Equal(d.Content, content) {
				t.Errorf("%s %v: %v", suite, more, err)
			}
		}
	}
}

func FuzzSigned(f *testing.F) {
	key := newKey(f, pki.P256)
	c := newCertificate(f, key)
	f.Add(signedBy(f, c, key, []byte("content")))
	f.Add([]byte{0x30, 0x80})
	f.Fuzz(func(t *testing.T, message []byte) {
		if d, err := ReadSigned(message); err == nil && d.By(c.Certificate) == nil && string(d.Content) != "content" {
			t.Errorf("%q is believed", d.Content)
		}
	})
}
