package tlcp

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/emmansun/gmsm/smx509"
)

// demand is what a peer's certificates must be good for.
type demand struct {
	server bool   // of a server; else of a client
	pair   bool   // the encryption certificate is needed
	name   string // the server's; "" for any
	trust  bool   // the chains are verified
}

const (
	usageSign    = smx509.KeyUsageDigitalSignature
	usageEncrypt = smx509.KeyUsageKeyEncipherment | smx509.KeyUsageDataEncipherment | smx509.KeyUsageKeyAgreement
)

// judge decides about what a peer sent. The order of the checks is that of what helps
// the reader of the answer most: swapped before unusable, unusable before untrusted.
func (h *handshake) judge(raw [][]byte, want demand) (*peer, error) {
	var key [32]byte
	if want.trust {
		key = cacheKey(raw, want)
		if p := h.config.verified.find(key, h.config.now()); p != nil {
			return p, nil
		}
	}
	p, err := readPeer(raw)
	if err != nil {
		return nil, err
	}
	if err := checkPair(p, want); err != nil {
		return nil, err
	}
	if err := p.identify(); err != nil {
		return nil, err
	}
	if !want.trust {
		p.notAfter = h.config.now().Add(h.config.lifetime())
		return p, nil
	}
	if err := h.verifyChains(p, want); err != nil {
		return nil, err
	}
	h.config.verified.keep(key, p)
	return p, nil
}

// checkPair looks at what the certificates say of themselves.
func checkPair(p *peer, want demand) error {
	sign := p.sign()
	if p.encrypt == nil && want.pair {
		return fail(AlertBadCertificate, CauseOneCertificate, "")
	}
	if p.encrypt != nil && !allows(sign, usageSign) && allows(sign, usageEncrypt) && allows(p.encrypt, usageSign) {
		return fail(AlertUnsupportedCertificate, CauseEncryptionFirst, "")
	}
	if _, err := keyOf(sign); err != nil {
		return err
	}
	if !allows(sign, usageSign) {
		return fail(AlertUnsupportedCertificate, CauseSigningUsage, "")
	}
	if p.encrypt == nil {
		return nil
	}
	if _, err := keyOf(p.encrypt); err != nil {
		return err
	}
	if !allows(p.encrypt, usageEncrypt) {
		return fail(AlertUnsupportedCertificate, CauseEncryptionUsage, "")
	}
	return nil
}

// allows says whether a certificate's key usage has one of the bits; one without the
// extension allows everything.
func allows(c *smx509.Certificate, usage smx509.KeyUsage) bool {
	return c.KeyUsage == 0 || c.KeyUsage&usage != 0
}

// verifyChains verifies both certificates of the pair. The signing certificate is for
// the role and the name; the encryption certificate is bound to it by the protocol.
func (h *handshake) verifyChains(p *peer, want demand) error {
	roots, usage := h.config.ClientCAs, smx509.ExtKeyUsageClientAuth
	if want.server {
		roots, usage = h.config.RootCAs, smx509.ExtKeyUsageServerAuth
	}
	if roots == nil {
		roots = smx509.NewCertPool()
	}
	above := smx509.NewCertPool()
	for i, c := range p.certificates {
		if i > 0 && i != p.encryptAt {
			above.AddCert(c)
		}
	}
	options := smx509.VerifyOptions{Roots: roots, Intermediates: above, CurrentTime: h.config.now(), DNSName: want.name,
		KeyUsages: []smx509.ExtKeyUsage{usage}}
	chains, err := p.sign().Verify(options)
	if err != nil {
		return whyChain(err, p.sign(), h.config.now(), "the signing certificate")
	}
	p.chains, p.verified = chains, true
	p.notBefore, p.notAfter = validity(chains[0])
	if p.encrypt == nil {
		return nil
	}
	options.DNSName, options.KeyUsages = "", []smx509.ExtKeyUsage{smx509.ExtKeyUsageAny}
	if len(chains[0]) > 1 && bytes.Equal(p.encrypt.RawIssuer, p.sign().RawIssuer) {
		// The CA above both was verified a moment ago: its own chain is not verified twice.
		options.Roots, options.Intermediates = smx509.NewCertPool(), smx509.NewCertPool()
		options.Roots.AddCert(chains[0][1])
	}
	others, err := p.encrypt.Verify(options)
	if err != nil {
		return whyChain(err, p.encrypt, h.config.now(), "the encryption certificate")
	}
	start, end := validity(others[0])
	if start.After(p.notBefore) {
		p.notBefore = start
	}
	if end.Before(p.notAfter) {
		p.notAfter = end
	}
	return nil
}

func validity(chain []*smx509.Certificate) (start, end time.Time) {
	start, end = chain[0].NotBefore, chain[0].NotAfter
	for _, c := range chain[1:] {
		if c.NotBefore.After(start) {
			start = c.NotBefore
		}
		if c.NotAfter.Before(end) {
			end = c.NotAfter
		}
	}
	return start, end
}

// whyChain turns smx509's error into a cause.
func whyChain(err error, leaf *smx509.Certificate, now time.Time, which string) error {
	failure := &Error{Alert: AlertBadCertificate, Cause: CauseChain, Detail: which, Err: err}
	if invalid, ok := errors.AsType[smx509.CertificateInvalidError](err); ok {
		switch {
		case invalid.Reason == smx509.Expired && !invalid.Cert.Equal(leaf):
			failure.Alert, failure.Cause = AlertCertificateExpired, CauseIssuerExpired
		case invalid.Reason == smx509.Expired && now.Before(leaf.NotBefore):
			failure.Alert, failure.Cause = AlertCertificateExpired, CauseNotYetValid
			failure.Detail = fmt.Sprintf("%s is valid from %s", which, leaf.NotBefore.UTC().Format(time.RFC3339))
		case invalid.Reason == smx509.Expired:
			failure.Alert, failure.Cause = AlertCertificateExpired, CauseExpired
			failure.Detail = fmt.Sprintf("%s was valid until %s", which, leaf.NotAfter.UTC().Format(time.RFC3339))
		case invalid.Reason == smx509.IncompatibleUsage:
			failure.Alert, failure.Cause = AlertUnsupportedCertificate, CausePurpose
		}
		return failure
	}
	if _, ok := errors.AsType[smx509.UnknownAuthorityError](err); ok {
		failure.Alert, failure.Cause = AlertUnknownCA, CauseUnknownIssuer
	}
	if _, ok := errors.AsType[smx509.HostnameError](err); ok {
		failure.Cause = CauseName
	}
	return failure
}
