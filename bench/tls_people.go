package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"time"

	"github.com/emmansun/gmsm/ecdh"
	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"onecert/tlcp"
)

const benchName = "gw.example.test"

// tlsPeople are a server and a client with certificates of both kinds, each under a CA
// under a root.
type tlsPeople struct {
	server, client       tlcp.Certificate
	issuer               *smx509.Certificate // of both
	issuerKey            *sm2.PrivateKey
	roots                *smx509.CertPool
	tlsServer, tlsClient tls.Certificate
	tlsRoots             *x509.CertPool
	tlsIssuer            *x509.Certificate // of both
	tlsIssuerKey         *ecdsa.PrivateKey
	root, tlsRoot        []byte // DER

	// for the floor
	sign              *sm2.PrivateKey
	message           []byte
	signature         []byte
	ciphertext        []byte
	static, ephemeral *ecdh.PrivateKey
}

func newTLSPeople() (p *tlsPeople, err error) {
	p = &tlsPeople{roots: smx509.NewCertPool(), tlsRoots: x509.NewCertPool(), message: make([]byte, 700)}
	if err = p.national(); err != nil {
		return nil, fmt.Errorf("making SM2 certificates: %w", err)
	}
	if err = p.international(); err != nil {
		return nil, fmt.Errorf("making P-256 certificates: %w", err)
	}
	return p, p.primitives()
}

func (p *tlsPeople) national() error {
	root, rootKey, err := sm2Certificate("bench root", 0, nil, nil)
	if err != nil {
		return err
	}
	if p.issuer, p.issuerKey, err = sm2Certificate("bench CA", 0, root, rootKey); err != nil {
		return err
	}
	p.roots.AddCert(root)
	p.root = root.Raw
	for _, to := range []*tlcp.Certificate{&p.server, &p.client} {
		sign, signKey, err := sm2Certificate(benchName, smx509.KeyUsageDigitalSignature, p.issuer, p.issuerKey)
		if err != nil {
			return err
		}
		encrypt, encryptKey, err := sm2Certificate(benchName, smx509.KeyUsageKeyEncipherment|smx509.KeyUsageKeyAgreement, p.issuer, p.issuerKey)
		if err != nil {
			return err
		}
		*to = tlcp.Certificate{Sign: [][]byte{sign.Raw, p.issuer.Raw}, Encrypt: [][]byte{encrypt.Raw}, SignKey: signKey, EncryptKey: encryptKey,
			SignLeaf: sign, EncryptLeaf: encrypt}
	}
	return nil
}

// sm2Certificate makes a key and its certificate; without usage a CA's.
func sm2Certificate(name string, usage smx509.KeyUsage, issuer *smx509.Certificate, issuerKey *sm2.PrivateKey) (*smx509.Certificate, *sm2.PrivateKey, error) {
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	if issuerKey == nil {
		issuerKey = key
	}
	c, err := sm2CertificateOf(name, usage, &key.PublicKey, issuer, issuerKey)
	return c, key, err
}

// sm2CertificateOf certifies a key; without issuer it is a root.
func sm2CertificateOf(name string, usage smx509.KeyUsage, key *ecdsa.PublicKey, issuer *smx509.Certificate, issuerKey *sm2.PrivateKey) (*smx509.Certificate, error) {
	template := &smx509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0), KeyUsage: usage, BasicConstraintsValid: true}
	if usage == 0 {
		template.IsCA, template.KeyUsage, template.DNSNames = true, smx509.KeyUsageCertSign|smx509.KeyUsageCRLSign, nil
	}
	if issuer == nil {
		issuer = template
	}
	der, err := smx509.CreateCertificate(rand.Reader, template, issuer, key, issuerKey)
	if err != nil {
		return nil, err
	}
	return smx509.ParseCertificate(der)
}

func (p *tlsPeople) international() error {
	make1 := func(name string, issuer *x509.Certificate, issuerKey *ecdsa.PrivateKey, ca bool) (*x509.Certificate, *ecdsa.PrivateKey, error) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, nil, err
		}
		template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, BasicConstraintsValid: true,
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0), IsCA: ca, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign | x509.KeyUsageCRLSign}
		if !ca {
			template.DNSNames, template.KeyUsage = []string{name}, x509.KeyUsageDigitalSignature
			template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
		}
		if issuer == nil {
			issuer, issuerKey = template, key
		}
		der, err := x509.CreateCertificate(rand.Reader, template, issuer, &key.PublicKey, issuerKey)
		if err != nil {
			return nil, nil, err
		}
		c, err := x509.ParseCertificate(der)
		return c, key, err
	}
	root, rootKey, err := make1("bench root", nil, nil, true)
	if err != nil {
		return err
	}
	issuer, issuerKey, err := make1("bench CA", root, rootKey, true)
	if err != nil {
		return err
	}
	p.tlsRoots.AddCert(root)
	p.tlsRoot, p.tlsIssuer, p.tlsIssuerKey = root.Raw, issuer, issuerKey
	for _, to := range []*tls.Certificate{&p.tlsServer, &p.tlsClient} {
		leaf, key, err := make1(benchName, issuer, issuerKey, false)
		if err != nil {
			return err
		}
		*to = tls.Certificate{Certificate: [][]byte{leaf.Raw, issuer.Raw}, PrivateKey: key, Leaf: leaf}
	}
	return nil
}

func (p *tlsPeople) primitives() (err error) {
	p.sign = p.server.SignKey.(*sm2.PrivateKey)
	if p.signature, err = p.sign.Sign(rand.Reader, p.message, sm2.DefaultSM2SignerOpts); err != nil {
		return err
	}
	if p.ciphertext, err = sm2.EncryptASN1(rand.Reader, &p.sign.PublicKey, make([]byte, 48)); err != nil {
		return err
	}
	if p.static, err = p.sign.ECDH(); err != nil {
		return err
	}
	p.ephemeral, err = ecdh.P256().GenerateKey(rand.Reader)
	return err
}
