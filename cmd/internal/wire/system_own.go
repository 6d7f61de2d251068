package wire

import (
	"crypto/x509"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
	"onecert/serve"
)

// OwnCertificate is one of the platform's own, which a process shows to others.
type OwnCertificate struct {
	Use       string     `json:"use" enum:"tls,tlcp-sign,tlcp-encrypt,message"`
	Subject   string     `json:"subject"`
	Issuer    string     `json:"issuer"`
	Serial    pki.Serial `json:"serial"`
	Algorithm string     `json:"algorithm" doc:"suite of its key"`
	NotBefore time.Time  `json:"not_before"`
	NotAfter  time.Time  `json:"not_after"`
	// RenewsAt is at half of its life (design.md §3.7). What is renewed by hand has none.
	RenewsAt *time.Time `json:"renews_at,omitempty"`
	SHA256   string     `json:"sha256"`
}

// ownCertificates collects those of a process.
type ownCertificates []OwnCertificate

// site adds the certificate for TLS; nil: not enrolled yet. renews says that the process
// knows a CA to renew it at.
func (all *ownCertificates) site(i *serve.Identity, renews bool) {
	if i == nil {
		return
	}
	at := i.RenewAt()
	all.add("tls", own(i.Certificate()), renewal(at, renews))
}

// pair adds both halves of the pair for TLCP.
func (all *ownCertificates) pair(p *serve.Pair, renews bool) {
	if p == nil || p.Certificate() == nil {
		return
	}
	c, at := p.Certificate(), renewal(p.RenewAt(), renews)
	all.add("tlcp-sign", c.SignLeaf, at)
	if encrypting, err := smx509.ParseCertificate(c.Encrypt[0]); err == nil {
		all.add("tlcp-encrypt", encrypting, at)
	}
}

// message adds the certificate of GM/T 0014 messages, which is renewed by hand.
func (all *ownCertificates) message(file string) {
	if chain, err := readCertificates(file); err == nil {
		all.add("message", chain[0], nil)
	}
}

func (all *ownCertificates) add(use string, c *smx509.Certificate, renews *time.Time) {
	if c == nil {
		return
	}
	o := OwnCertificate{Use: use, Subject: c.Subject.String(), Issuer: c.Issuer.String(), Serial: pki.SerialOf(c.SerialNumber),
		NotBefore: c.NotBefore.UTC(), NotAfter: c.NotAfter.UTC(), RenewsAt: renews, SHA256: pki.Fingerprint(c.Raw)}
	if suite, err := pki.SuiteOf(c.PublicKey); err == nil {
		o.Algorithm = string(suite)
	}
	*all = append(*all, o)
}

func own(c *x509.Certificate) *smx509.Certificate {
	same, err := smx509.ParseCertificate(c.Raw)
	if err != nil {
		return nil
	}
	return same
}

func renewal(at time.Time, renews bool) *time.Time {
	if !renews {
		return nil
	}
	at = at.UTC()
	return &at
}

// presented is what a component shows others: a certificate, perhaps a pair, and that of its
// messages.
func presented(i *serve.Identity, p *serve.Pair, renews bool, messages ...string) []OwnCertificate {
	var all ownCertificates
	all.site(i, renews)
	all.pair(p, renews)
	for _, file := range messages {
		all.message(file)
	}
	return all
}
