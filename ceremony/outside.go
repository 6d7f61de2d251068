package ceremony

import (
	"context"
	"encoding/pem"
	"strings"

	"github.com/emmansun/gmsm/smx509"
	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

// request makes a PKCS#10 request for an outside root: for a CA that is there, or for
// a new issuing CA, whose key is made here.
func (s *session) request(ctx context.Context, a *RequestAct) error {
	if a.Authority != "" {
		m, err := s.opened(ctx, a.Authority)
		if err != nil {
			return err
		}
		return s.requestFor(ctx, m, m.certificate.RawSubject)
	}
	subject, err := subjectDER(a.Subject)
	if err != nil {
		return err
	}
	made, err := s.newKey(a.ID, kindIssuing, a.Suite, a.Location)
	if err != nil {
		return err
	}
	m := &member{key: made.key, record: &Record{ID: a.ID, Kind: kindIssuing, Suite: a.Suite, Custody: made.custody, PublicKey: publicHash(made.key),
		Subject: nameText(subject), Key: made.uri, Addresses: a.Addresses, Partitions: partitions(a.Partitions)}}
	s.join(m)
	return s.requestFor(ctx, m, subject)
}

func (s *session) requestFor(ctx context.Context, m *member, subject []byte) error {
	o, err := prepareRequest(m.record.ID, m, subject)
	if err != nil {
		return err
	}
	der, err := s.sign(ctx, o, m.key)
	if err != nil {
		return err
	}
	if _, err := pki.ParseRequest(der, false); err != nil {
		return pki.Errorf(pki.Internal, "ceremony.signature", "the signature of a new request does not verify").To("the key or its device is faulty").Because(err)
	}
	if err := s.log.add(Entry{Act: actSigned, Object: m.record.ID, Detail: map[string]string{"kind": string(Request), "sha256": hash(der), "subject": nameText(subject)}}); err != nil {
		return err
	}
	return s.write("requests/"+m.record.ID+".csr", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}), 0o644)
}

// prepareRequest fixes the CertificationRequestInfo (RFC 2986 4.1). It asks for no
// extensions: what its CAs may do is the outside root's to say.
func prepareRequest(name string, m *member, subject []byte) (Object, error) {
	spki, err := pki.MarshalPublicKey(m.key.Public())
	if err != nil {
		return Object{}, err
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(0)
		b.AddBytes(subject)
		b.AddBytes(spki)
		b.AddASN1(cbasn1.Tag(0).ContextSpecific().Constructed(), func(*cryptobyte.Builder) {})
	})
	tbs, err := b.Bytes()
	return Object{Kind: Request, Name: name, Suite: m.key.Suite(), TBS: tbs}, err
}

// importAnswer takes in the outside root's answer, held against everything that is
// known and was agreed beforehand.
func (s *session) importAnswer(a *ImportAct) error {
	m, err := s.find(a.Authority)
	if err != nil {
		return err
	}
	data, err := readBounded(s.plan.path(a.Certificate), "answer")
	if err != nil {
		return err
	}
	own, err := readCertificates(data, a.Certificate)
	if err != nil {
		return err
	}
	above, err := readBounded(s.plan.path(a.Chain), "chain")
	if err != nil {
		return err
	}
	chain, err := readCertificates(above, a.Chain)
	if err != nil {
		return err
	}
	c := own[0]
	if err := s.answers(m, c, a); err != nil {
		return err
	}
	if err := s.leadsTo(c, chain, a.Anchor); err != nil {
		return err
	}
	if err := s.log.add(Entry{Act: actImported, Object: a.Authority, Detail: map[string]string{"kind": string(Certificate), "sha256": hash(c.Raw),
		"serial": string(pki.SerialOf(c.SerialNumber)), "subject": nameText(c.RawSubject), "note": "anchor " + strings.ToLower(a.Anchor)}}); err != nil {
		return err
	}
	return s.takeIn(m, c, chain)
}

// takeIn makes the answer the certificate of a CA that had none, or a cross
// certificate of one that had.
func (s *session) takeIn(m *member, c *smx509.Certificate, chain []*smx509.Certificate) error {
	if m.certificate != nil {
		return s.write("certs/"+m.record.ID+"-outside.pem", encodeChain(append([]*smx509.Certificate{c}, chain...)), 0o644)
	}
	m.certificate, m.chain = c, chain
	s.offer(m, m.record.Key)
	m.record.Key = "" // it lies with the CA, not with the roots
	return s.publish(m)
}

// answers holds the certificate against the request and the plan.
func (s *session) answers(m *member, c *smx509.Certificate, a *ImportAct) error {
	wrong := func(what string) error {
		return pki.Errorf(pki.Invalid, "ceremony.answer", "the outside root's answer for %s is refused: %s", a.Authority, what).
			To("ask the outside root's operator; what may be agreed to stands in the ceremony's file")
	}
	constraints, err := constraintsOf(c)
	if err != nil {
		return err
	}
	switch {
	case !m.record.sameKey(c.PublicKey):
		return wrong("it is for another key")
	case nameText(c.RawSubject) != m.record.Subject || m.certificate != nil && !sameName(c.RawSubject, m.certificate.RawSubject):
		return wrong("it is for another name")
	case !c.BasicConstraintsValid || !c.IsCA || c.KeyUsage&smx509.KeyUsageCertSign == 0 || c.KeyUsage&smx509.KeyUsageCRLSign == 0:
		return wrong("it does not let its holder be a CA")
	case s.start.Before(c.NotBefore) || s.start.After(c.NotAfter):
		return wrong("it is not valid now")
	case !constraints.Equal(a.NameConstraints):
		return wrong("its name constraints are not those agreed")
	case c.MaxPathLen >= 0 && c.MaxPathLen < leastPathLen(m, a):
		return wrong("its path length is less than agreed")
	case len(c.UnhandledCriticalExtensions) > 0 && !onlyConstraints(c):
		return wrong("it holds a critical extension that is not understood")
	case len(c.SubjectKeyId) == 0:
		return wrong("it has no subject key identifier, which the certificates below it name")
	}
	return nil
}

// leastPathLen is what the plan says; else a root needs CAs below it.
func leastPathLen(m *member, a *ImportAct) int {
	switch {
	case a.PathLength != nil:
		return *a.PathLength
	case m.record.Kind == kindRoot:
		return 1
	}
	return 0
}

// onlyConstraints: Go calls name constraints on directory names unhandled; we have
// read them.
func onlyConstraints(c *smx509.Certificate) bool {
	for _, oid := range c.UnhandledCriticalExtensions {
		if !oid.Equal(pki.OIDNameConstraints) {
			return false
		}
	}
	return true
}

// leadsTo follows the signatures from the answer to the agreed outside root. Each
// certificate must be valid now and that of a CA.
func (s *session) leadsTo(c *smx509.Certificate, chain []*smx509.Certificate, anchor string) error {
	wrong := func(what string) error {
		return pki.Errorf(pki.Invalid, "ceremony.chain", "the chain of the outside root's answer is refused: %s", what).
			To("give the chain from the answer's issuer up to the root whose hash was agreed")
	}
	last := chain[len(chain)-1]
	if hash(last.Raw) != strings.ToLower(anchor) {
		return wrong("it does not end with the certificate whose hash was agreed")
	}
	for i, issuer := range append(chain, last) {
		if !sameName(c.RawIssuer, issuer.RawSubject) || c.CheckSignatureFrom(issuer) != nil {
			return wrong("a certificate is not signed by the next")
		}
		if s.start.Before(issuer.NotBefore) || s.start.After(issuer.NotAfter) {
			return wrong("a certificate is not valid now")
		}
		if issuer.MaxPathLen >= 0 && i+1 > issuer.MaxPathLen && i < len(chain) {
			return wrong("a path length above is exceeded")
		}
		c = issuer
	}
	return nil
}
