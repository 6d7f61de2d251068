package policy

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
)

// NewCertificate reads a certificate's facts. The policies are those it names itself:
// whoever has validated the path puts in the ones it is valid for (RFC 5280 6.1.6), and
// the profile where it is known. A public key of no suite of ours leaves Suite empty.
func NewCertificate(c *smx509.Certificate) (*Certificate, error) {
	subject, err := pki.NameOf(c.RawSubject)
	if err != nil {
		return nil, err
	}
	issuer, err := pki.NameOf(c.RawIssuer)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(c.Raw)
	facts := &Certificate{Subject: subject, Issuer: issuer, Serial: pki.SerialOf(c.SerialNumber), Fingerprint: hex.EncodeToString(sum[:]),
		NotBefore: c.NotBefore, NotAfter: c.NotAfter}
	for _, attribute := range subject {
		if attribute.Type == "OU" {
			facts.Units = append(facts.Units, attribute.Value)
		}
	}
	for _, id := range c.PolicyIdentifiers {
		facts.Policies = append(facts.Policies, id.String())
	}
	if suite, err := pki.SuiteOf(c.PublicKey); err == nil {
		facts.Suite = suite
	}
	return facts, nil
}

// NewSubject is the subject of a login with a certificate, and nothing else known.
func NewSubject(c *smx509.Certificate) (*Subject, error) {
	facts, err := NewCertificate(c)
	if err != nil {
		return nil, err
	}
	return &Subject{Login: LoginCertificate, Level: LevelCertificate, Certificate: facts}, nil
}
