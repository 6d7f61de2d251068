package cms

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
)

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// vectorFile is a file of vectors/cms; make.py there says what the fields mean.
type vectorFile struct {
	Keys map[string]struct {
		D, Point string
	}
	Cases []struct {
		Name, Der, Holder, Expect, Key, Content, Repacked string
	}
}

func vectors(t testing.TB, name string) *vectorFile {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "vectors", "cms", name))
	if err != nil {
		t.Fatal(err)
	}
	file := new(vectorFile)
	if err := json.Unmarshal(text, file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) < 20 {
		t.Fatalf("%s has %d cases", name, len(file.Cases))
	}
	return file
}

func (f *vectorFile) key(t testing.TB, name string) *sm2.PrivateKey {
	t.Helper()
	key, err := sm2.NewPrivateKey(unhex(t, f.Keys[name].D))
	if err != nil {
		t.Fatal(err)
	}
	if hex.EncodeToString(pki.Point(&key.PublicKey)) != f.Keys[name].Point {
		t.Fatalf("the vectors' key %s is not a pair", name)
	}
	return key
}

// device decrypts and shows nothing else, as hardware does.
type device struct{ inner crypto.Decrypter }

func (d device) Public() crypto.PublicKey { return d.inner.Public() }
func (d device) Decrypt(r io.Reader, m []byte, o crypto.DecrypterOpts) ([]byte, error) {
	return d.inner.Decrypt(r, m, o)
}

// exchanger agrees on keys and shows nothing else, as hardware does.
type exchanger struct{ inner *ecdsa.PrivateKey }

func (e exchanger) Public() crypto.PublicKey { return e.inner.Public() }
func (e exchanger) PublicKey() *ecdh.PublicKey {
	public, err := e.inner.PublicKey.ECDH()
	if err != nil {
		return nil
	}
	return public
}
func (e exchanger) Curve() ecdh.Curve { return e.PublicKey().Curve() }
func (e exchanger) ECDH(remote *ecdh.PublicKey) ([]byte, error) {
	key, err := e.inner.ECDH()
	if err != nil {
		return nil, err
	}
	return key.ECDH(remote)
}

// outside returns the key as hardware would offer it.
func outside(key crypto.Signer) crypto.PrivateKey {
	if inner, ok := key.(*ecdsa.PrivateKey); ok {
		return exchanger{inner}
	}
	return device{key.(crypto.Decrypter)}
}

func newKey(t testing.TB, suite pki.Suite) crypto.Signer {
	t.Helper()
	key, err := pki.GenerateKey(rand.Reader, suite)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newSM2(t testing.TB) *sm2.PrivateKey {
	t.Helper()
	return newKey(t, pki.SM2).(*sm2.PrivateKey)
}

func suites() []pki.Suite { return []pki.Suite{pki.SM2, pki.RSA2048, pki.P256, pki.P384} }

// certificate makes a self-signed one with our key identifier, as files for openssl too.
type certificate struct {
	*smx509.Certificate
	certFile, keyFile string
}

func newCertificate(t testing.TB, key crypto.Signer) certificate {
	t.Helper()
	template := &smx509.Certificate{
		SerialNumber: new(big.Int).SetBytes(append([]byte{0x4d}, pki.KeyID(key.Public())[:15]...)),
		Subject:      pkix.Name{Country: []string{"CN"}, CommonName: "示例"},
		NotBefore:    time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		SubjectKeyId: pki.KeyID(key.Public()),
	}
	encoded, err := smx509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := smx509.ParseCertificate(encoded)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	return certificate{parsed, writePEM(t, dir+"/cert.pem", "CERTIFICATE", encoded), writePEM(t, dir+"/key.pem", "PRIVATE KEY", marshalKey(t, key))}
}

func (c certificate) recipient() Recipient { return Recipient{Public: c.PublicKey} }

func (c certificate) named() Recipient {
	return Recipient{Public: c.PublicKey, Issuer: c.RawIssuer, Serial: c.SerialNumber}
}

func marshalKey(t testing.TB, key crypto.PrivateKey) []byte {
	t.Helper()
	encoded, err := smx509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

func writePEM(t testing.TB, path, label string, encoded []byte) string {
	t.Helper()
	return writeFile(t, path, pem.EncodeToMemory(&pem.Block{Type: label, Bytes: encoded}))
}

func writeFile(t testing.TB, path string, content []byte) string {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// openssl runs the independent judge; the test fails where it is missing.
func openssl(t testing.TB, args ...string) []byte {
	t.Helper()
	var errors strings.Builder
	command := exec.Command("openssl", args...)
	command.Stderr = &errors
	output, err := command.Output()
	if err != nil {
		t.Fatalf("openssl %s: %v\n%s", strings.Join(args, " "), err, errors.String())
	}
	return output
}

func samePublic(a, b crypto.PublicKey) bool {
	switch key := a.(type) {
	case *ecdsa.PublicKey:
		return key.Equal(b)
	case *rsa.PublicKey:
		return key.Equal(b)
	}
	return false
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
