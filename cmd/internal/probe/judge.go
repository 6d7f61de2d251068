package probe

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
)

// Finding is one thing that is wrong, as a code with what it is about. The words are
// the command line's.
type Finding struct {
	Code  string   `json:"code"`
	About []string `json:"about"`
	Text  string   `json:"text"` // for people, put in by who shows it
}

// find notes a thing once.
func (s *scan) find(code string, about ...string) {
	for _, f := range s.report.Findings {
		if f.Code == code && slices.Equal(f.About, about) {
			return
		}
	}
	s.report.Findings = append(s.report.Findings, Finding{Code: code, About: about})
}

func (s *scan) judge() {
	spoken := func(v uint16) bool {
		return slices.ContainsFunc(s.report.Protocols, func(p Protocol) bool { return p.number == v && p.Spoken })
	}
	if !slices.ContainsFunc(Versions(), spoken) {
		s.find("nothing-spoken")
		return
	}
	for _, old := range []uint16{SSL30, TLS10, TLS11} {
		if spoken(old) {
			s.find("old-version", VersionName(old))
		}
	}
	if !spoken(TLCP) {
		s.find("no-tlcp")
	}
	for _, p := range s.report.Protocols {
		s.judgeSuites(p)
	}
	for i := range s.report.Chains {
		s.judgeChain(&s.report.Chains[i])
	}
}

func (s *scan) judgeSuites(p Protocol) {
	ecdheOnly := p.number == TLCP && p.Spoken
	for _, suite := range p.Suites {
		if suite.Weak != "" {
			s.find("weak-suite", p.Version, suite.Name, suite.Weak)
		}
		ecdheOnly = ecdheOnly && strings.HasPrefix(suite.Name, "ECDHE_")
	}
	if ecdheOnly {
		s.find("ecdhe-only")
	}
}

// soon is how long before its end a certificate should have been renewed.
const soon = 30 * 24 * time.Hour

func (s *scan) judgeChain(c *Chain) {
	for i, one := range c.list {
		subject := c.Certificates[i].Subject
		switch {
		case s.Now.After(one.NotAfter):
			s.find("expired", subject, one.NotAfter.UTC().Format(time.DateOnly))
		case s.Now.Before(one.NotBefore):
			s.find("not-yet-valid", subject, one.NotBefore.UTC().Format(time.DateOnly))
		case s.Now.Add(soon).After(one.NotAfter):
			s.find("ends-soon", subject, one.NotAfter.UTC().Format(time.DateOnly))
		}
		if bits, weak := weakKey(one); weak {
			s.find("weak-key", subject, bits)
		}
		if strings.Contains(one.SignatureAlgorithm.String(), "SHA1") || strings.Contains(one.SignatureAlgorithm.String(), "MD5") {
			s.find("weak-signature", subject, one.SignatureAlgorithm.String())
		}
		if i > 0 && string(one.RawSubject) == string(one.RawIssuer) {
			s.find("root-sent", subject)
		}
	}
	if err := c.list[0].VerifyHostname(s.Name); err != nil {
		s.find("name", c.Certificates[0].Subject, s.Name)
	}
	above := c.list[1:]
	if c.tlcp {
		above = s.judgePair(c)
	}
	s.judgePath(c, c.list[0], above)
}

// judgePair looks at the pair of TLCP and returns the CAs after it.
func (s *scan) judgePair(c *Chain) []*smx509.Certificate {
	at := 0
	for i := 1; i < len(c.list) && at == 0; i++ {
		if !c.list[i].IsCA {
			at = i
		}
	}
	if at == 0 {
		s.find("one-certificate")
		return c.list[1:]
	}
	if at != 1 {
		s.find("encryption-last")
	}
	sign, encrypt := c.list[0], c.list[at]
	signs := func(c *smx509.Certificate) bool {
		return c.KeyUsage == 0 || c.KeyUsage&smx509.KeyUsageDigitalSignature != 0
	}
	encrypts := func(c *smx509.Certificate) bool {
		return c.KeyUsage == 0 || c.KeyUsage&(smx509.KeyUsageKeyEncipherment|smx509.KeyUsageDataEncipherment|smx509.KeyUsageKeyAgreement) != 0
	}
	switch {
	case !signs(sign) && encrypts(sign) && signs(encrypt):
		s.find("encryption-first")
	case !signs(sign):
		s.find("signing-usage", c.Certificates[0].Subject)
	case !encrypts(encrypt):
		s.find("encryption-usage", c.Certificates[at].Subject)
	}
	for i, one := range []*smx509.Certificate{sign, encrypt} {
		if key, ok := one.PublicKey.(*ecdsa.PublicKey); !ok || key.Curve != sm2.P256() {
			s.find("not-sm2", c.Certificates[i*at].Subject)
		}
	}
	above := slices.Delete(slices.Clone(c.list[1:]), at-1, at)
	s.judgePath(c, encrypt, above)
	return above
}

// judgePath: does the path reach a trusted root, or at least hang together.
func (s *scan) judgePath(c *Chain, leaf *smx509.Certificate, above []*smx509.Certificate) {
	if len(s.Roots) == 0 {
		s.hangsTogether(leaf, above)
		return
	}
	roots, between := smx509.NewCertPool(), smx509.NewCertPool()
	for _, r := range s.Roots {
		roots.AddCert(r)
	}
	for _, a := range above {
		between.AddCert(a)
	}
	_, err := leaf.Verify(smx509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: leaf.NotBefore.Add(time.Second),
		KeyUsages: []smx509.ExtKeyUsage{smx509.ExtKeyUsageAny}})
	if err != nil {
		s.find("untrusted", leaf.Subject.String())
	}
}

// hangsTogether: each certificate is signed by the one after it.
func (s *scan) hangsTogether(leaf *smx509.Certificate, above []*smx509.Certificate) {
	if string(leaf.RawIssuer) == string(leaf.RawSubject) {
		s.find("self-signed", leaf.Subject.String())
		return
	}
	if len(above) == 0 {
		s.find("no-chain", leaf.Subject.String(), leaf.Issuer.String())
		return
	}
	child := leaf
	for _, parent := range above {
		if child.CheckSignatureFrom(parent) != nil {
			s.find("chain-order", child.Subject.String(), parent.Subject.String())
			return
		}
		child = parent
	}
}

// checkExchange verifies the server's signature in an ECC suite of TLCP: that the
// holder of the signing key stands behind the encryption certificate.
func (s *scan) checkExchange(a *answer) {
	if len(a.certificates) < 2 || len(a.exchange) < 2 || a.suite != 0xe013 && a.suite != 0xe053 {
		return
	}
	sign, err := smx509.ParseCertificate(a.certificates[0])
	if err != nil {
		return
	}
	key, ok := sign.PublicKey.(*ecdsa.PublicKey)
	if !ok || key.Curve != sm2.P256() {
		return
	}
	encrypt := a.certificates[1]
	n := len(encrypt)
	signed := slices.Concat(a.hello.random[:], a.random, []byte{byte(n >> 16), byte(n >> 8), byte(n)}, encrypt)
	if !sm2.VerifyASN1WithSM2(key, nil, signed, a.exchange[2:]) {
		s.find("exchange-signature")
	}
}

func keyName(c *smx509.Certificate) string {
	switch key := c.PublicKey.(type) {
	case *ecdsa.PublicKey:
		if key.Curve == sm2.P256() {
			return "SM2"
		}
		return key.Curve.Params().Name
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d", key.N.BitLen())
	}
	return c.PublicKeyAlgorithm.String()
}

func weakKey(c *smx509.Certificate) (bits string, weak bool) {
	key, ok := c.PublicKey.(*rsa.PublicKey)
	return keyName(c), ok && key.N.BitLen() < 2048
}
