package fault

import (
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/ca"
	"onecert/keys"
	"onecert/pki"
	"onecert/pkitest"
)

// material is the folder of throw-away keys and certificates that all children of a
// test process use: making them anew for each would cost more than a round.
type material struct{ dir string }

// The suites of each family's root and issuing CA.
var families = map[string][2]pki.Suite{"sm2": {pki.SM2, pki.SM2}, "ecdsa": {pki.P256, pki.P256}}

const masterPassphrase = "only for tests"

var madeMaterial = sync.OnceValues(makeMaterial)

// theMaterial is made at the first call and removed when the process ends.
func theMaterial(t testing.TB) material {
	t.Helper()
	m, err := madeMaterial()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// materialDirs is what removeMaterial removes; a process has one.
var materialDirs = make(chan string, 1)

func removeMaterial() {
	select {
	case dir := <-materialDirs:
		os.RemoveAll(dir)
	default:
	}
}

func makeMaterial() (material, error) {
	dir, err := os.MkdirTemp("", "onecert-fault-")
	if err != nil {
		return material{}, err
	}
	materialDirs <- dir
	m := material{dir}
	for family, suites := range families {
		if err := m.makeIssuer(family, suites); err != nil {
			return m, err
		}
	}
	for _, name := range []string{"ca1", "kmc"} {
		if err := m.makeMessageKey(name); err != nil {
			return m, err
		}
	}
	for _, name := range []string{"ca-heads", "kmc-heads"} {
		if _, err := m.makeKey(name, pki.SM2); err != nil {
			return m, err
		}
	}
	_, err = keys.GenerateSealer("file:"+m.in("master.pem"), keys.SM4GCM, keys.Options{Passphrase: []byte(masterPassphrase)})
	return m, err
}

func (m material) in(name string) string { return filepath.Join(m.dir, name) }

func (m material) makeKey(name string, suite pki.Suite) (*keys.Key, error) {
	made, err := pki.GenerateKey(rand.Reader, suite)
	if err != nil {
		return nil, err
	}
	key, err := keys.Wrap(made)
	if err != nil {
		return nil, err
	}
	return key, keys.Store("file:"+m.in(name+".key"), key, keys.Options{AllowPlain: true})
}

func (m material) key(name string) (*keys.Key, error) {
	return keys.Open("file:"+m.in(name+".key"), keys.Options{AllowPlain: true})
}

func (m material) store(name string, certificate *smx509.Certificate) error {
	return os.WriteFile(m.in(name+".pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw}), 0o600)
}

func (m material) certificate(name string) (*smx509.Certificate, error) {
	text, err := os.ReadFile(m.in(name + ".pem"))
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	return smx509.ParseCertificate(block.Bytes)
}

var addresses = ca.Addresses{CRL: "http://pki.example/crl", AIA: "http://pki.example/aia", OCSP: "http://pki.example/ocsp"}

func (m material) makeIssuer(family string, suites [2]pki.Suite) error {
	begin := time.Now().UTC().AddDate(-1, 0, 0).Truncate(time.Second)
	authority := func(cn string, key *keys.Key, pathLen int) (pki.Authority, error) {
		der, err := pki.Name{{Type: "C", Value: "CN"}, {Type: "O", Value: "一证通测试"}, {Type: "CN", Value: cn}}.DER()
		return pki.Authority{Subject: der, PublicKey: key.Public(), NotBefore: begin, NotAfter: begin.AddDate(30, 0, 0), PathLen: pathLen}, err
	}
	rootKey, err := m.makeKey(family+"-root", suites[0])
	if err != nil {
		return err
	}
	above, err := authority("测试根 "+family, rootKey, -1)
	if err != nil {
		return err
	}
	root, err := pkitest.Certify(above, rootKey, nil)
	if err != nil {
		return err
	}
	key, err := m.makeKey(family, suites[1])
	if err != nil {
		return err
	}
	below, err := authority("测试签发 "+family, key, 0)
	if err != nil {
		return err
	}
	below.Policies = []pki.OID{pki.AnyPolicy()}
	below.CRL = []string{addresses.CRL + "/" + family + "-root/complete.crl"}
	below.Issuer = []string{addresses.AIA + "/" + family + "-root.cer"}
	issuing, err := pkitest.Certify(below, rootKey, root)
	if err != nil {
		return err
	}
	if err := m.store(family+"-root", root); err != nil {
		return err
	}
	return m.store(family, issuing)
}

// issuer is one of the issuing CAs as a CA is configured with it.
func (m material) issuer(family string) (*ca.Issuer, error) {
	key, err := m.key(family)
	if err != nil {
		return nil, err
	}
	certificate, err := m.certificate(family)
	if err != nil {
		return nil, err
	}
	root, err := m.certificate(family + "-root")
	return &ca.Issuer{ID: family, Key: key, Certificate: certificate, Chain: []*smx509.Certificate{root}, Addresses: addresses, Partitions: 2}, err
}

// makeMessageKey makes a key of GM/T 0014 messages with a self-signed certificate.
func (m material) makeMessageKey(name string) error {
	key, err := m.makeKey(name, pki.SM2)
	if err != nil {
		return err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 100))
	if err != nil {
		return err
	}
	template := &smx509.Certificate{SerialNumber: serial, Subject: pkix.Name{Country: []string{"CN"}, CommonName: name},
		NotBefore: time.Now().Add(-30 * 24 * time.Hour), NotAfter: time.Now().AddDate(5, 0, 0), KeyUsage: smx509.KeyUsageDigitalSignature}
	der, err := smx509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return fmt.Errorf("certifying the message key of %s: %w", name, err)
	}
	certificate, err := smx509.ParseCertificate(der)
	if err != nil {
		return err
	}
	return m.store(name, certificate)
}
