package kmc

import (
	"bytes"
	"crypto"
	"slices"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
)

// maxChain is how many certificates may stand above the holder's.
const maxChain = 8

// contents is what an order brings to be packaged, read and judged by itself.
type contents struct {
	certificate *smx509.Certificate
	encryption  *smx509.Certificate   // nil: the application has no pair
	chain       []*smx509.Certificate // issuing CA first
	transport   crypto.PublicKey      // form envelope
}

// readContents reads an order at the border.
func readContents(o pki.PackageOrder) (*contents, error) {
	if err := checkNames(o.Application, o.AskedBy); err != nil {
		return nil, err
	}
	if len(o.Ticket) < pki.LeastTicket || len(o.Ticket) > pki.MostTicket {
		return nil, errOrder("the ticket is not %d to %d octets", pki.LeastTicket, pki.MostTicket)
	}
	if !slices.Contains(pki.Forms(), o.Form) || (o.Form == pki.FormEnvelope) != (o.Transport != nil) {
		return nil, errForm("the form is unknown, or a transport key does not go with it")
	}
	if len(o.Chain) < 1 || len(o.Chain) > maxChain {
		return nil, errContents("the chain has not 1 to %d certificates", maxChain)
	}
	c := &contents{}
	var err error
	if c.certificate, err = readPart(o.Certificate); err != nil {
		return nil, err
	}
	if len(o.Encryption) > 0 {
		if c.encryption, err = readPart(o.Encryption); err != nil {
			return nil, err
		}
	}
	for _, der := range o.Chain {
		above, err := readPart(der)
		if err != nil {
			return nil, err
		}
		c.chain = append(c.chain, above)
	}
	if o.Transport != nil {
		if c.transport, err = checkRecipient("", o.Transport.PublicKey); err != nil {
			return nil, err
		}
	}
	return c, c.leads()
}

func readPart(der []byte) (*smx509.Certificate, error) {
	if len(der) == 0 || len(der) > maxCertificate {
		return nil, errContents("a certificate is empty or larger than %d octets", maxCertificate)
	}
	certificate, err := smx509.ParseCertificate(der)
	if err != nil {
		return nil, errContents("a certificate is malformed").Because(err)
	}
	return certificate, nil
}

// leads checks that each certificate was signed by the next one of the chain.
func (c *contents) leads() error {
	all := append([]*smx509.Certificate{c.certificate}, c.chain...)
	for i, one := range all[:len(all)-1] {
		if err := one.CheckSignatureFrom(all[i+1]); err != nil {
			return errContents("certificate %d was not signed by the next one of the chain", i+1).Because(err)
		}
	}
	if c.encryption == nil {
		return nil
	}
	if err := c.encryption.CheckSignatureFrom(c.chain[0]); err != nil {
		return errContents("the encryption certificate was not signed by the chain's first").Because(err)
	}
	if !bytes.Equal(c.encryption.RawSubject, c.certificate.RawSubject) {
		return errContents("the two certificates have different subjects")
	}
	return nil
}

// fits checks that the certificate is that of the key, and good by its dates.
func (c *contents) fits(k *holderKey, now time.Time) error {
	if !samePublic(c.certificate, k.spki) {
		return errContents("the certificate is not that of the signing key made for this application")
	}
	if now.After(c.certificate.NotAfter) {
		return errContents("the certificate has expired")
	}
	return nil
}

func samePublic(certificate *smx509.Certificate, spki []byte) bool {
	got, err := pki.MarshalPublicKey(certificate.PublicKey)
	return err == nil && bytes.Equal(got, spki)
}

func (c *contents) certNo() pki.Serial { return pki.SerialOf(c.certificate.SerialNumber) }

func errForm(wrong string, args ...any) *pki.Error {
	return pki.Errorf(pki.Invalid, codePackageForm, wrong, args...).
		To("use pkcs12; pkcs12-sm for SM2 keys; or envelope with a transport key of the holder's program")
}

func errContents(wrong string, args ...any) *pki.Error {
	return pki.Errorf(pki.Invalid, codePackageCertificate, wrong, args...).
		To("send the certificates that were issued for this application, with their chain, issuing CA first")
}
