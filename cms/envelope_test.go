package cms

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"math/big"
	"testing"
	"testing/iotest"

	"github.com/emmansun/gmsm/pkcs"
	"github.com/emmansun/gmsm/pkcs7"
	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
)

var text = []byte("an example text, 示例\n")

func TestGMEnvelopeVectors(t *testing.T) {
	file := vectors(t, "gm-enveloped-data.json")
	for _, c := range file.Cases {
		got, err := OpenEnvelope(device{file.key(t, c.Holder)}, unhex(t, c.Der))
		if c.Expect != "ok" {
			if pki.CodeOf(err) != c.Expect || got != nil {
				t.Errorf("%s: %v, not %s", c.Name, err, c.Expect)
			}
			continue
		}
		if err != nil || !bytes.Equal(got, unhex(t, c.Content)) {
			t.Errorf("%s: %v", c.Name, err)
		}
	}
}

// forms are the ways a recipient can be named.
func forms(c certificate) map[string]Recipient {
	international := c.recipient()
	international.International = true
	named := c.named()
	named.International = true
	return map[string]Recipient{
		"key identifier": c.recipient(), "issuer and serial": c.named(),
		"international": international, "international, issuer and serial": named,
	}
}

func TestEnvelopeRoundTrip(t *testing.T) {
	for _, suite := range suites() {
		key := newKey(t, suite)
		for name, to := range forms(newCertificate(t, key)) {
			for _, size := range []int{0, 1, 15, 16, 17, 5000} {
				content := bytes.Repeat([]byte{0x16}, size)
				message, err := Envelope(rand.Reader, to, content)
				if err != nil {
					t.Fatalf("%s %s: %v", suite, name, err)
				}
				for _, opener := range []crypto.PrivateKey{key, outside(key)} {
					got, err := OpenEnvelope(opener, message)
					if err != nil || !bytes.Equal(got, content) {
						t.Errorf("%s %s %d octets with %T: %v", suite, name, size, opener, err)
					}
				}
				if got, err := OpenEnvelopeAs(key, to, message); err != nil || !bytes.Equal(got, content) {
					t.Errorf("%s %s as itself: %v", suite, name, err)
				}
			}
		}
	}
}

// A certificate of another CA has another key identifier; the caller gives it.
func TestForeignKeyIdentifier(t *testing.T) {
	for _, suite := range suites() {
		key := newKey(t, suite)
		to := Recipient{Public: key.Public(), KeyID: []byte("a foreign identifier")}
		message, err := Envelope(rand.Reader, to, text)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(message, to.KeyID) || bytes.Contains(message, pki.KeyID(key.Public())) {
			t.Errorf("%s: the identifier given does not stand in the message", suite)
		}
		for _, as := range []Recipient{{}, to} {
			if got, err := OpenEnvelopeAs(key, as, message); err != nil || !bytes.Equal(got, text) {
				t.Errorf("%s: %v", suite, err)
			}
		}
	}
}

// What we write, openssl opens: RSA, P-256, P-384, and SM2 under the international types.
func TestOpenSSLOpensEnvelope(t *testing.T) {
	for _, suite := range suites() {
		cert := newCertificate(t, newKey(t, suite))
		for name, to := range forms(cert) {
			if suite == pki.SM2 && !to.International {
				continue // openssl does not know GM/T 0010's types
			}
			message, err := Envelope(rand.Reader, to, text)
			if err != nil {
				t.Fatal(err)
			}
			path := writeFile(t, t.TempDir()+"/m.der", message)
			got := openssl(t, "cms", "-decrypt", "-binary", "-inform", "DER", "-in", path, "-recip", cert.certFile, "-inkey", cert.keyFile)
			if !bytes.Equal(got, text) {
				t.Errorf("%s %s: openssl reads %q", suite, name, got)
			}
		}
	}
}

// What openssl writes, we open: ciphers, derivations, names, streams.
func TestWeOpenOpenSSLsEnvelope(t *testing.T) {
	for _, suite := range []pki.Suite{pki.RSA2048, pki.P256, pki.P384} {
		key := newKey(t, suite)
		cert := newCertificate(t, key)
		dir := t.TempDir()
		plain := writeFile(t, dir+"/m", text)
		options := map[string][]string{
			"AES-256": {"-aes256"}, "AES-192": {"-aes192"}, "AES-128": {"-aes128"}, "SM4": {"-sm4"},
			"key identifier": {"-aes256", "-keyid"}, "stream": {"-aes256", "-stream"}, "stream, key identifier": {"-aes128", "-stream", "-keyid"},
		}
		for name, args := range options {
			for _, kdf := range []string{"", "sha256", "sha384", "sha512"} {
				arguments := append([]string{"cms", "-encrypt", "-binary", "-in", plain, "-outform", "DER", "-out", dir + "/m.der"}, args...)
				arguments = append(arguments, "-recip", cert.certFile)
				if kdf != "" && suite.Family() == "ecdsa" {
					arguments = append(arguments, "-keyopt", "ecdh_kdf_md:"+kdf)
				}
				if name == "SM4" && suite.Family() == "ecdsa" {
					continue // openssl has no key wrap for SM4
				}
				openssl(t, arguments...)
				got, err := OpenEnvelope(key, readFile(t, dir+"/m.der"))
				if err != nil || !bytes.Equal(got, text) {
					t.Errorf("%s %s %s: %v", suite, name, kdf, err)
				}
			}
		}
	}
}

func TestOpenSSLFormsWeRefuse(t *testing.T) {
	key := newKey(t, pki.RSA2048)
	cert := newCertificate(t, key)
	dir := t.TempDir()
	plain := writeFile(t, dir+"/m", text)
	for name, c := range map[string]struct {
		args []string
		code string
	}{
		"triple DES":  {[]string{"-des3", "-recip", cert.certFile}, "envelope.algorithm"},
		"OAEP":        {[]string{"-aes256", "-recip", cert.certFile, "-keyopt", "rsa_padding_mode:oaep"}, "envelope.recipient"},
		"a password":  {[]string{"-aes256", "-pwri_password", "x"}, "envelope.recipient"},
		"AES-256-GCM": {[]string{"-aes-256-gcm", "-recip", cert.certFile}, "envelope.type"},
	} {
		openssl(t, append([]string{"cms", "-encrypt", "-binary", "-in", plain, "-outform", "DER", "-out", dir + "/m.der"}, c.args...)...)
		if _, err := OpenEnvelope(key, readFile(t, dir+"/m.der")); pki.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Several recipients of one kind: each opens its own, and RSA keys are not tried in turn.
func TestSeveralRecipients(t *testing.T) {
	for _, suite := range []pki.Suite{pki.RSA2048, pki.P256} {
		keyA, keyB := newKey(t, suite), newKey(t, suite)
		a, b := newCertificate(t, keyA), newCertificate(t, keyB)
		dir := t.TempDir()
		plain := writeFile(t, dir+"/m", text)
		for _, keyID := range []bool{true, false} {
			arguments := []string{"cms", "-encrypt", "-binary", "-aes256", "-in", plain, "-outform", "DER", "-out", dir + "/m.der"}
			if keyID {
				arguments = append(arguments, "-keyid")
			}
			openssl(t, append(arguments, a.certFile, b.certFile)...)
			message := readFile(t, dir+"/m.der")
			for name, c := range map[string]struct {
				key  crypto.Signer
				cert certificate
			}{"first": {keyA, a}, "second": {keyB, b}} {
				if got, err := OpenEnvelopeAs(c.key, c.cert.named(), message); err != nil || !bytes.Equal(got, text) {
					t.Errorf("%s %s: %v", suite, name, err)
				}
				_, err := OpenEnvelope(c.key, message)
				if ambiguous := suite == pki.RSA2048 && !keyID; ambiguous != (pki.CodeOf(err) == "envelope.recipient") {
					t.Errorf("%s %s by key identifier %v: %v", suite, name, keyID, err)
				}
			}
			if _, err := OpenEnvelope(newKey(t, suite), message); err == nil {
				t.Errorf("%s: a stranger opens it", suite)
			}
		}
	}
}

// Certificates of most other CAs carry RFC 5280's SHA-1 identifier; it is known too.
func TestSHA1KeyIdentifier(t *testing.T) {
	dir := t.TempDir()
	plain := writeFile(t, dir+"/m", text)
	for _, name := range []string{"a", "b"} {
		openssl(t, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN="+name, "-keyout", dir+"/"+name+".key", "-out", dir+"/"+name+".crt")
	}
	openssl(t, "cms", "-encrypt", "-binary", "-aes256", "-keyid", "-in", plain, "-outform", "DER", "-out", dir+"/m.der", dir+"/a.crt", dir+"/b.crt")
	for _, name := range []string{"a", "b"} {
		block, _ := pem.Decode(readFile(t, dir+"/"+name+".key"))
		key, err := smx509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := OpenEnvelope(key, readFile(t, dir+"/m.der")); err != nil || !bytes.Equal(got, text) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// gmsm's pkcs7 is another implementation of the national form: both ways.
func TestGmsmEnvelope(t *testing.T) {
	key := newSM2(t)
	cert := newCertificate(t, key)
	for name, to := range forms(cert) {
		message, err := Envelope(rand.Reader, to, text)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := pkcs7.Parse(message)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got, err := parsed.Decrypt(cert.Certificate, key); err != nil || !bytes.Equal(got, text) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, make := range map[string]func(pkcs.Cipher, []byte, []*smx509.Certificate) ([]byte, error){
		"national": pkcs7.EncryptSM, "international": pkcs7.Encrypt, "CFCA raw key": pkcs7.EncryptCFCA, "CFCA key identifier": pkcs7.EnvelopeMessageCFCA,
	} {
		for _, cipher := range []pkcs.Cipher{pkcs.SM4CBC, pkcs.SM4} {
			message, err := make(cipher, text, []*smx509.Certificate{cert.Certificate})
			if err != nil {
				t.Fatal(err)
			}
			if got, err := OpenEnvelope(key, message); err != nil || !bytes.Equal(got, text) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// A changed message gives an error or other text, never a panic; in the recipient's
// part the SM2 hash and the key wrap notice everything.
func TestEnvelopeDamage(t *testing.T) {
	for _, suite := range suites() {
		key := newKey(t, suite)
		message, err := Envelope(rand.Reader, Recipient{Public: key.Public()}, text)
		if err != nil {
			t.Fatal(err)
		}
		step := 1
		if suite == pki.RSA2048 {
			step = 7 // each try costs a private operation
		}
		for i := 0; i < len(message); i += step {
			bad := bytes.Clone(message)
			bad[i] ^= 0x41
			_, _ = OpenEnvelope(key, bad)
			if _, err := OpenEnvelope(key, message[:i]); err == nil {
				t.Errorf("%s: cut to %d octets, and it opens", suite, i)
			}
		}
	}
}

func TestEnvelopeRefuses(t *testing.T) {
	key := newKey(t, pki.SM2)
	cert := newCertificate(t, key)
	for name, to := range map[string]Recipient{
		"no key":          {},
		"not a key":       {Public: "key"},
		"broken issuer":   {Public: key.Public(), Issuer: []byte{0x30, 5}, Serial: big.NewInt(1)},
		"trailing issuer": {Public: key.Public(), Issuer: append(bytes.Clone(cert.RawIssuer), 0), Serial: big.NewInt(1)},
		"serial 0":        {Public: key.Public(), Issuer: cert.RawIssuer, Serial: new(big.Int)},
	} {
		if _, err := Envelope(rand.Reader, to, text); pki.KindOf(err) != pki.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	broken := errors.New("no entropy")
	for _, suite := range suites() {
		to := Recipient{Public: newKey(t, suite).Public()}
		if _, err := Envelope(iotest.ErrReader(broken), to, text); !errors.Is(err, broken) {
			t.Errorf("%s without randomness: %v", suite, err)
		}
	}
	message, err := Envelope(rand.Reader, cert.recipient(), text)
	if err != nil {
		t.Fatal(err)
	}
	for _, opener := range []crypto.PrivateKey{nil, "key", newKey(t, pki.P256), newKey(t, pki.RSA2048)} {
		if _, err := OpenEnvelope(opener, message); pki.CodeOf(err) != "envelope.recipient" {
			t.Errorf("opened with %T: %v", opener, err)
		}
	}
	if _, err := OpenEnvelope(newKey(t, pki.SM2), message); pki.CodeOf(err) != "envelope.open" {
		t.Errorf("opened with another: %v", err)
	}
}
