package e2e

import (
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"onecert/tlcp"
)

// tlcpPeople is a throw-away hierarchy for the transport: a root, a CA under it, a
// server's pair and a client's, as files for strangers and as certificates for us.
type tlcpPeople struct {
	folder         string
	roots          *smx509.CertPool
	server, client tlcp.Certificate
}

const tlcpServerName = "gw.example.test"

func newTLCPPeople(t testing.TB) *tlcpPeople {
	t.Helper()
	p := &tlcpPeople{folder: t.TempDir(), roots: smx509.NewCertPool()}
	root, rootKey := p.certify(t, nil, nil, "test root", 0)
	issuer, issuerKey := p.certify(t, root, rootKey, "test issuing CA", 0)
	p.roots.AddCert(root)
	p.write(t, "ca.pem", "CERTIFICATE", root.Raw, issuer.Raw)
	p.server = p.pair(t, issuer, issuerKey, "server", tlcpServerName)
	p.client = p.pair(t, issuer, issuerKey, "client", "alice.example.test")
	return p
}

// pair makes NAME-sign.pem, NAME-enc.pem and their keys.
func (p *tlcpPeople) pair(t testing.TB, issuer *smx509.Certificate, key *sm2.PrivateKey, name, cn string) tlcp.Certificate {
	t.Helper()
	sign, signKey := p.certify(t, issuer, key, cn, smx509.KeyUsageDigitalSignature|smx509.KeyUsageContentCommitment)
	enc, encKey := p.certify(t, issuer, key, cn, smx509.KeyUsageKeyEncipherment|smx509.KeyUsageDataEncipherment|smx509.KeyUsageKeyAgreement)
	for file, key := range map[string]*sm2.PrivateKey{"-sign.key": signKey, "-enc.key": encKey} {
		der, err := smx509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		p.write(t, name+file, "PRIVATE KEY", der)
	}
	p.write(t, name+"-sign.pem", "CERTIFICATE", sign.Raw, issuer.Raw)
	p.write(t, name+"-enc.pem", "CERTIFICATE", enc.Raw)
	c, err := tlcp.LoadX509KeyPair(p.file(name+"-sign.pem"), p.file(name+"-sign.key"), p.file(name+"-enc.pem"), p.file(name+"-enc.key"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// certify makes a certificate; without usage a CA's, without issuer a root's.
func (p *tlcpPeople) certify(t testing.TB, issuer *smx509.Certificate, issuerKey *sm2.PrivateKey, cn string, usage smx509.KeyUsage) (*smx509.Certificate, *sm2.PrivateKey) {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 126))
	if err != nil {
		t.Fatal(err)
	}
	template := &smx509.Certificate{SerialNumber: serial, Subject: pkix.Name{Country: []string{"CN"}, Organization: []string{"示例单位"}, CommonName: cn},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0), KeyUsage: usage, BasicConstraintsValid: true}
	if usage == 0 {
		template.IsCA, template.KeyUsage = true, smx509.KeyUsageCertSign|smx509.KeyUsageCRLSign
	} else {
		template.DNSNames = []string{cn}
	}
	if issuer == nil {
		issuer, issuerKey = template, key
	}
	der, err := smx509.CreateCertificate(rand.Reader, template, issuer, &key.PublicKey, issuerKey)
	if err != nil {
		t.Fatal(err)
	}
	c, err := smx509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c, key
}

func (p *tlcpPeople) file(name string) string { return filepath.Join(p.folder, name) }

func (p *tlcpPeople) write(t testing.TB, name, label string, blocks ...[]byte) {
	t.Helper()
	var text []byte
	for _, der := range blocks {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der})...)
	}
	if err := os.WriteFile(p.file(name), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// tongsuoOptions are a peer's files.
func (p *tlcpPeople) tongsuoOptions(name string) []string {
	return []string{"ca=" + p.file("ca.pem"), "sign_cert=" + p.file(name+"-sign.pem"), "sign_key=" + p.file(name+"-sign.key"),
		"enc_cert=" + p.file(name+"-enc.pem"), "enc_key=" + p.file(name+"-enc.key")}
}
