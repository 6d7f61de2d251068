package ceremony

import (
	"fmt"
	"io"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/keys"
	"onecert/pki"
)

// Addresses are where a CA's certificate and lists are found. They stand in what it
// issues and can never be changed there. Each begins with http:// and has no final slash.
type Addresses struct {
	CRL  string `yaml:"crl" json:"crl"`
	AIA  string `yaml:"aia" json:"aia"`
	OCSP string `yaml:"ocsp,omitempty" json:"ocsp,omitempty"`
}

// in puts the addresses of a parent into what its child's certificate says.
func (at Addresses) in(a *pki.Authority, parent string) {
	a.CRL = []string{at.CRL + "/" + parent + "/complete.crl"}
	a.Issuer = []string{at.AIA + "/" + parent + ".cer"}
	if at.OCSP != "" {
		a.OCSP = []string{at.OCSP}
	}
}

// Signer is who signs the certificate of a CA, or a list: a CA with its key.
type Signer struct {
	ID          string // as in addresses
	Key         *keys.Key
	Certificate *smx509.Certificate
	Addresses   Addresses
}

// Certify makes the certificate of a CA without people, for a first start with keys
// on the same machine: linted, then signed by the parent, or where parent is nil by
// the CA's own key. Where a parent is, its addresses are added, and any policy if
// there is none.
func Certify(random io.Reader, a pki.Authority, own *keys.Key, parent *Signer) (*smx509.Certificate, error) {
	signer, issuer := own, (*smx509.Certificate)(nil)
	if parent != nil {
		signer, issuer = parent.Key, parent.Certificate
		a = below(a, *parent)
	}
	o, err := prepareCertificate(random, "", a, issuer)
	if err != nil {
		return nil, err
	}
	der, err := o.sign(random, signer)
	if err != nil {
		return nil, err
	}
	return readBack(der, issuer)
}

func below(a pki.Authority, parent Signer) pki.Authority {
	if len(a.Policies) == 0 {
		a.Policies = []pki.OID{pki.AnyPolicy()}
	}
	parent.Addresses.in(&a, parent.ID)
	return a
}

// readBack parses what was signed and checks the signature: a faulty device or a
// wrong key is found here and not by the public.
func readBack(der []byte, issuer *smx509.Certificate) (*smx509.Certificate, error) {
	c, err := smx509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading a new certificate: %w", err)
	}
	if issuer == nil {
		issuer = c
	}
	if err := c.CheckSignatureFrom(issuer); err != nil {
		return nil, pki.Errorf(pki.Internal, "ceremony.signature", "the signature of a new certificate does not verify").
			To("the key or its device is faulty, or belongs to another certificate").Because(err)
	}
	return c, nil
}

func listOf(by Signer, number int64, from, until time.Time) pki.List {
	return pki.List{Suite: by.Key.Suite(), Issuer: by.Certificate.RawSubject, ThisUpdate: from, NextUpdate: until,
		Number: number, KeyID: by.Certificate.SubjectKeyId}
}
