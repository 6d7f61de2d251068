package kmc

import (
	"context"
	"crypto"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/officer"
	"onecert/pki"
)

// Investigator is whom a case's keys are sealed to, as those see it who agree.
type Investigator struct {
	Subject     string    `json:"subject"`
	Issuer      string    `json:"issuer"`
	Serial      string    `json:"serial"`
	Fingerprint string    `json:"fingerprint" doc:"SHA-256 of the certificate"`
	NotAfter    time.Time `json:"not_after"`
}

// recipient is an investigator's certificate found good.
type recipient struct {
	Investigator
	public crypto.PublicKey
}

// investigator verifies an investigator's certificate: valid now, for a person or a
// device and not a CA, under a CA trusted here or trusted for investigators only,
// and not that of anybody who operates this centre.
func (c *Centre) investigator(ctx context.Context, der []byte) (*recipient, error) {
	if len(der) > maxCertificate {
		return nil, errInvestigator("it is too large")
	}
	certificate, err := smx509.ParseCertificate(der)
	if err != nil {
		return nil, errInvestigator("it cannot be read").Because(err)
	}
	ours := c.leadsTo(certificate, c.config.Trust)
	if ours != nil {
		if err := c.leadsTo(certificate, c.config.Investigators); err != nil {
			return nil, errInvestigator("it does not lead to a CA trusted here, or is not valid now").Because(ours)
		}
	}
	const sealable = smx509.KeyUsageDigitalSignature | smx509.KeyUsageKeyEncipherment | smx509.KeyUsageDataEncipherment | smx509.KeyUsageKeyAgreement
	if certificate.IsCA || certificate.KeyUsage&sealable == 0 {
		return nil, errInvestigator("it is for no use a key could be sealed for")
	}
	if ours == nil && c.config.Good != nil { // nobody here knows the state of a foreign one
		if err := c.config.Good(ctx, certificate); err != nil {
			return nil, err
		}
	}
	fingerprint := pki.Fingerprint(certificate.Raw)
	if err := c.notOurOwn(ctx, fingerprint); err != nil {
		return nil, err
	}
	public, err := checkRecipient("", certificate.RawSubjectPublicKeyInfo)
	if err != nil {
		return nil, err
	}
	r := &recipient{public: public, Investigator: Investigator{Serial: string(pki.SerialOf(certificate.SerialNumber)),
		Fingerprint: fingerprint, NotAfter: certificate.NotAfter.UTC()}}
	r.Subject, r.Issuer = nameText(certificate.RawSubject), nameText(certificate.RawIssuer)
	return r, nil
}

// leadsTo verifies a path to one of the anchors at this moment.
func (c *Centre) leadsTo(certificate *smx509.Certificate, anchors []*smx509.Certificate) error {
	pool := smx509.NewCertPool()
	for _, trusted := range anchors {
		pool.AddCert(trusted)
	}
	_, err := certificate.Verify(smx509.VerifyOptions{Roots: pool, CurrentTime: c.config.Now(), KeyUsages: []smx509.ExtKeyUsage{smx509.ExtKeyUsageAny}})
	return err
}

// notOurOwn refuses an officer of this centre as the one who gets the keys.
func (c *Centre) notOurOwn(ctx context.Context, fingerprint string) error {
	officers, err := c.config.Officers.List(ctx)
	if err != nil {
		return unreadable(err)
	}
	for _, o := range officers {
		if o.Fingerprint == fingerprint {
			return errInvestigator("it is that of " + o.Name + ", who operates this centre")
		}
	}
	return nil
}

// nameText is a distinguished name fit to show: what cannot be shown is not agreed to.
func nameText(der []byte) string {
	name, err := pki.NameOf(der)
	if err != nil {
		return ""
	}
	return cut(plain([]byte(name.String())), 300)
}

func errInvestigator(why string) *pki.Error {
	return pki.Errorf(pki.Forbidden, codeInvestigator, "the investigator's certificate is not accepted: %s", why).
		To("have the authority name a certificate of a CA that this centre is configured to trust")
}

// fitting chooses the first investigator's key a pair can be sealed to.
func fitting(suite pki.Suite, all []*recipient) (*recipient, error) {
	for _, r := range all {
		if fits(suite, r.public) == nil {
			return r, nil
		}
	}
	return nil, pki.Errorf(pki.Invalid, codeRecipient, "none of the investigator's certificates has a key that a %s pair is sealed to", suite).
		To("add a certificate: SM2 for an SM2 pair, RSA or ECDSA for the others")
}

// severalPersons refuses what needs several where nobody could agree.
func (c *Centre) severalPersons(ctx context.Context, op officer.Operation) (pki.Actor, error) {
	actor, err := c.config.Check(ctx, op)
	if err == nil && c.config.Officers == nil {
		err = pki.Errorf(pki.NotImplemented, codeUnbuilt, "this centre has no registry of officers, so nobody can agree").
			To("configure its officers")
	}
	return actor, err
}
