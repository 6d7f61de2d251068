package ceremony

import (
	"context"

	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
)

// standIn gives a CA of the state a throw-away key and a certificate that says the
// same, for a rehearsal: the real key stays where it is. It is signed by its parent's
// stand-in, or by itself where the parent is outside.
func (s *session) standIn(ctx context.Context, m *member) error {
	if m.certificate == nil {
		return pki.Errorf(pki.Conflict, "ceremony.pending", "%s has no certificate yet", m.record.ID).To("import the outside root's answer first")
	}
	a, err := describe(m.certificate)
	if err != nil {
		return err
	}
	key, err := s.throwAway(m.record.Suite)
	if err != nil {
		return err
	}
	a.PublicKey = key.Public()
	by, issuer := key, (*smx509.Certificate)(nil)
	var chain []*smx509.Certificate
	if m.record.Parent != "" {
		parent, err := s.opened(ctx, m.record.Parent)
		if err != nil {
			return err
		}
		by, issuer, chain = parent.key, parent.certificate, parent.whole()
	}
	o, err := prepareCertificate(s.cfg.Random, m.record.ID, a, issuer)
	if err != nil {
		return err
	}
	der, err := o.sign(s.cfg.Random, by)
	if err != nil {
		return err
	}
	c, err := readBack(der, issuer)
	if err != nil {
		return err
	}
	m.key, m.certificate, m.chain, m.original = key, c, chain, m.certificate
	return s.log.add(Entry{Act: actKeyMade, Object: m.record.ID, Detail: map[string]string{"suite": string(m.record.Suite),
		"key": publicHash(key), "note": "stand-in"}})
}

// describe returns what a CA's certificate says, for another with the same content.
func describe(c *smx509.Certificate) (a pki.Authority, err error) {
	a = pki.Authority{Subject: c.RawSubject, PublicKey: c.PublicKey, NotBefore: c.NotBefore, NotAfter: c.NotAfter, PathLen: c.MaxPathLen,
		Issuer: c.IssuingCertificateURL, CRL: c.CRLDistributionPoints, OCSP: c.OCSPServer}
	for _, policy := range c.PolicyIdentifiers {
		a.Policies = append(a.Policies, pki.OID(policy))
	}
	a.Constraints, err = constraintsOf(c)
	return a, err
}

// constraintsOf reads a certificate's name constraints, none where there are none.
func constraintsOf(c *smx509.Certificate) (pki.NameConstraints, error) {
	for _, e := range c.Extensions {
		if e.Id.Equal(pki.OIDNameConstraints) {
			return pki.ParseNameConstraints(e.Value)
		}
	}
	return pki.NameConstraints{}, nil
}
