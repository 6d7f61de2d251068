package ca

import (
	"crypto/x509"
	"fmt"
	"io"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/lint"
	"onecert/pki"
)

// Authority describes a CA certificate to make. Ceremonies with split keys and
// witnesses are the ceremony room's; this is the software hierarchy of a first start.
type Authority struct {
	ID        string // as in addresses, such as "sm2-root"
	Subject   pki.Name
	Key       Signer
	NotBefore time.Time
	NotAfter  time.Time
}

// Parent is who signs an Authority, or nobody for a root.
type Parent struct {
	ID          string
	Key         Signer
	Certificate *smx509.Certificate
	Addresses   Addresses // where the parent's own certificate and CRL are found
}

// MakeAuthority makes the certificate of a root (parent nil) or of an issuing CA
// with path length 0, linted before it is signed.
func MakeAuthority(random io.Reader, a Authority, parent *Parent) (*smx509.Certificate, error) {
	suite, err := pki.SuiteOf(a.Key.Public())
	if err != nil {
		return nil, err
	}
	serial, err := pki.NewSerial(random)
	if err != nil {
		return nil, err
	}
	subject, err := a.Subject.DER()
	if err != nil {
		return nil, err
	}
	spki, err := pki.MarshalPublicKey(a.Key.Public())
	if err != nil {
		return nil, err
	}
	t := pki.Template{Serial: serial, Suite: suite, Issuer: subject, Subject: subject,
		NotBefore: a.NotBefore, NotAfter: a.NotAfter, PublicKey: spki}
	signer, signerSuite, issuerDER := a.Key, suite, []byte(nil)
	keyID := pki.KeyID(a.Key.Public())
	pathLen := -1
	if parent != nil {
		signer, issuerDER, pathLen = parent.Key, parent.Certificate.Raw, 0
		if signerSuite, err = pki.SuiteOf(parent.Key.Public()); err != nil {
			return nil, err
		}
		t.Suite, t.Issuer = signerSuite, parent.Certificate.RawSubject
		t.Extensions = append(t.Extensions, pki.AuthorityKeyIDExtension(parent.Certificate.SubjectKeyId))
	}
	t.Extensions = append(t.Extensions,
		pki.SubjectKeyIDExtension(keyID),
		pki.KeyUsageExtension(x509.KeyUsageCertSign|x509.KeyUsageCRLSign),
		pki.BasicConstraintsExtension(true, pathLen))
	if parent != nil {
		anyPolicy := pki.OID{2, 5, 29, 32, 0}
		t.Extensions = append(t.Extensions,
			pki.PoliciesExtension([]pki.OID{anyPolicy}, ""),
			pki.CRLDistPointsExtension([]string{parent.Addresses.CRL + "/" + parent.ID + "/complete.crl"}),
			pki.AuthorityInfoExtension(nil, []string{parent.Addresses.AIA + "/" + parent.ID + ".cer"}))
	}
	return signAuthority(random, t, signer, issuerDER)
}

func signAuthority(random io.Reader, t pki.Template, signer Signer, issuerDER []byte) (*smx509.Certificate, error) {
	tbs, err := t.TBS()
	if err != nil {
		return nil, err
	}
	findings, err := lint.Certificate(pki.ThrowAway(tbs, t.Suite), lint.Options{Issuer: issuerDER, Ours: true})
	if err != nil {
		return nil, fmt.Errorf("linting a CA certificate: %w", err)
	}
	for _, f := range findings {
		if f.Severity == lint.Error {
			return nil, pki.Errorf(pki.Invalid, "lint."+f.Rule, "the CA certificate would break %s: %s", f.Clause, f.Detail)
		}
	}
	signature, err := signer.SignMessage(random, tbs, nil)
	if err != nil {
		return nil, fmt.Errorf("signing a CA certificate: %w", err)
	}
	cert, err := smx509.ParseCertificate(pki.Assemble(tbs, t.Suite, signature))
	if err != nil {
		return nil, fmt.Errorf("reading a CA certificate back: %w", err)
	}
	return cert, nil
}

// MakeRootCRL makes the root's CRL number n, empty: a root that revoked nothing
// still owes its relying parties a list.
func MakeRootCRL(random io.Reader, p Parent, number int64, thisUpdate, nextUpdate time.Time) ([]byte, error) {
	suite, err := pki.SuiteOf(p.Key.Public())
	if err != nil {
		return nil, err
	}
	tbs, err := pki.List{Suite: suite, Issuer: p.Certificate.RawSubject, ThisUpdate: thisUpdate, NextUpdate: nextUpdate,
		Number: number, KeyID: p.Certificate.SubjectKeyId}.TBS(nil)
	if err != nil {
		return nil, err
	}
	signature, err := p.Key.SignMessage(random, tbs, nil)
	if err != nil {
		return nil, fmt.Errorf("signing the root's CRL: %w", err)
	}
	return pki.Assemble(tbs, suite, signature), nil
}
