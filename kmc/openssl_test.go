package kmc

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/emmansun/gmsm/smx509"

	"onecert/cms"
	"onecert/pki"
	"onecert/pkitest"
)

// desk is a folder where OpenSSL plays the holder and those who write to him.
type desk struct {
	t   *testing.T
	dir string
}

func (d desk) path(name string) string { return filepath.Join(d.dir, name) }

func (d desk) openssl(args ...string) []byte {
	d.t.Helper()
	command := exec.Command("openssl", args...)
	command.Dir = d.dir
	out, err := command.Output()
	if err != nil {
		detail := ""
		if exit, ok := err.(*exec.ExitError); ok {
			detail = string(exit.Stderr)
		}
		d.t.Fatalf("openssl %v: %v\n%s", args, err, detail)
	}
	return out
}

func (d desk) write(name, label string, der []byte) {
	d.t.Helper()
	if label != "" {
		der = pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der})
	}
	if err := os.WriteFile(d.path(name), der, 0o600); err != nil {
		d.t.Fatal(err)
	}
}

// Escrow to the end: a file encrypted by OpenSSL to the encryption key is lost with
// the token, the pair is retired, restored to a new token made by OpenSSL, and
// OpenSSL decrypts the file with it. The RSA and ECDSA envelopes are opened by
// OpenSSL as well; SM2EnvelopedKey is a form it does not know.
func TestOpenSSLDecryptsWithRestoredKey(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := newHouse(t, source, nil)
		c, _ := h.wired(nil)
		for n, suite := range []pki.Suite{pki.SM2, pki.RSA2048, pki.P256} {
			t.Run(string(suite), func(t *testing.T) {
				restoreWithOpenSSL(t, h, c, h.order(n, suite, newToken(t, suite)))
			})
		}
	})
}

var opensslKeys = map[pki.Suite][]string{
	pki.SM2:     {"genpkey", "-algorithm", "SM2", "-out", "new.pem"},
	pki.RSA2048: {"genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "new.pem"},
	pki.P256:    {"genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "new.pem"},
}

func restoreWithOpenSSL(t *testing.T, h *house, c *Client, o pki.KeyOrder) {
	d := desk{t, t.TempDir()}
	g, err := c.Generate(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	secret := []byte("给示例市民政局的机密文件")
	d.encryptTo(o.Suite, g.PublicKey, secret)
	if err := c.Retire(t.Context(), o.CertNo); err != nil {
		t.Fatal(err)
	}
	d.openssl(opensslKeys[o.Suite]...)
	d.openssl("pkey", "-in", "new.pem", "-pubout", "-outform", "DER", "-out", "new.der")
	recipient, err := os.ReadFile(d.path("new.der"))
	if err != nil {
		t.Fatal(err)
	}
	restored, err := c.Restore(t.Context(), pki.KeyRestore{CertNo: o.CertNo, Recipient: recipient, Holder: o.Holder, Reason: "令牌遗失"})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(restored.PublicKey, g.PublicKey) {
		t.Error("another pair was restored")
	}
	d.openEnvelope(o.Suite, restored)
	if got := d.decrypt(o.Suite); !bytes.Equal(got, secret) {
		t.Errorf("decrypted %q", got)
	}
}

// encryptTo encrypts with nothing but OpenSSL and the public key.
func (d desk) encryptTo(suite pki.Suite, spki, secret []byte) {
	d.t.Helper()
	d.write("public.pem", "PUBLIC KEY", spki)
	d.write("plain", "", secret)
	if suite != pki.P256 {
		d.openssl("pkeyutl", "-encrypt", "-pubin", "-inkey", "public.pem", "-in", "plain", "-out", "cipher")
		return
	}
	// A curve's key encrypts by agreement: an ephemeral key of the sender's.
	d.openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "sender.pem")
	d.openssl("pkey", "-in", "sender.pem", "-pubout", "-out", "sender.pub")
	d.openssl("pkeyutl", "-derive", "-inkey", "sender.pem", "-peerkey", "public.pem", "-out", "shared")
	d.openssl("base64", "-A", "-in", "shared", "-out", "shared.txt") // a pass phrase is a line, the secret any octets
	d.openssl("enc", "-aes-256-cbc", "-pbkdf2", "-pass", "file:shared.txt", "-in", "plain", "-out", "cipher")
}

// openEnvelope puts the restored key into old.pem.
func (d desk) openEnvelope(suite pki.Suite, g pki.KeyGrant) {
	d.t.Helper()
	if suite != pki.SM2 {
		d.write("envelope.der", "", g.Envelope.DER)
		d.openssl("cms", "-decrypt", "-inform", "DER", "-in", "envelope.der", "-inkey", "new.pem", "-binary", "-out", "old.der")
		d.openssl("pkey", "-inform", "DER", "-in", "old.der", "-out", "old.pem")
		return
	}
	text, err := os.ReadFile(d.path("new.pem"))
	if err != nil {
		d.t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	private, err := smx509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		d.t.Fatal(err)
	}
	key, err := cms.OpenSM2Key(private.(crypto.Decrypter), g.Envelope.DER)
	if err != nil {
		d.t.Fatal(err)
	}
	der, err := smx509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		d.t.Fatal(err)
	}
	d.write("old.pem", "PRIVATE KEY", der)
}

func (d desk) decrypt(suite pki.Suite) []byte {
	d.t.Helper()
	if suite != pki.P256 {
		return d.openssl("pkeyutl", "-decrypt", "-inkey", "old.pem", "-in", "cipher")
	}
	d.openssl("pkeyutl", "-derive", "-inkey", "old.pem", "-peerkey", "sender.pub", "-out", "shared.again")
	d.openssl("base64", "-A", "-in", "shared.again", "-out", "shared.txt")
	return d.openssl("enc", "-d", "-aes-256-cbc", "-pbkdf2", "-pass", "file:shared.txt", "-in", "cipher")
}

// OpenSSL verifies the signature of both messages, with the user id it has to be
// told, and over the octets the standard names.
func TestOpenSSLVerifiesMessages(t *testing.T) {
	h := newHouse(t, pkitest.SQLite(t), nil)
	c, w := h.wired(nil)
	if _, err := c.Generate(t.Context(), h.order(1, pki.SM2, newToken(t, pki.SM2))); err != nil {
		t.Fatal(err)
	}
	for name, m := range map[string]struct {
		der         []byte
		certificate *smx509.Certificate
	}{"request": {w.sent[0], h.caCert}, "respond": {w.came[0], h.kmcCert}} {
		d := desk{t, t.TempDir()}
		message, err := readSigned(m.der)
		if err != nil {
			t.Fatal(err)
		}
		spki, err := pki.MarshalPublicKey(m.certificate.PublicKey.(*ecdsa.PublicKey))
		if err != nil {
			t.Fatal(err)
		}
		d.write("public.pem", "PUBLIC KEY", spki)
		d.write("body", "", message.body)
		d.write("signature", "", message.signature)
		out := d.openssl("pkeyutl", "-verify", "-rawin", "-digest", "sm3", "-pubin", "-inkey", "public.pem",
			"-in", "body", "-sigfile", "signature", "-pkeyopt", "distid:1234567812345678")
		if !bytes.Contains(out, []byte("Verified Successfully")) {
			t.Errorf("%s: %s", name, out)
		}
		d.write("message", "", m.der)
		if out := d.openssl("asn1parse", "-inform", "DER", "-in", "message"); bytes.Contains(out, []byte("Error")) {
			t.Errorf("%s: %s", name, out)
		}
	}
}
