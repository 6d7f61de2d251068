package portal

import (
	"bytes"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
)

// What a CA's certificate is called on its page.
const (
	rootCA    = "root"
	issuingCA = "issuing"
	betweenCA = "between" // above an issuing CA and below its root
	formerCA  = "former"  // signed by a CA of ours, and none of those in service
)

// What the list of the CA above says of it.
const (
	listedNone    = "none"    // a root is on nobody's list
	listedNot     = "not"     // it is not on a list that is current
	listedYes     = "yes"     // it is
	listedMissing = "missing" // no list is at hand that is current and rightly signed
)

// standing is what the page of a CA's certificate shows.
type standing struct {
	What    string
	Facts   *facts
	Used    []Authority // those in whose chain it is
	Listed  string
	Above   string    // name of the CA above
	AsOf    time.Time // of the list
	Since   time.Time // if it is on it
	Reason  pki.Reason
	Address string // where the list is published, as the certificate says; "" if it does not
}

// ownCA answers for a certificate of one of our CAs, which no journal has; it returns
// false for every other one.
func (p *Portal) ownCA(w http.ResponseWriter, r *http.Request, cert *smx509.Certificate) bool {
	if !cert.IsCA {
		return false
	}
	s := standing{}
	var above *smx509.Certificate
	for _, a := range p.cfg.Authorities() {
		for n, der := range a.Chain {
			other, err := smx509.ParseCertificate(der)
			if err != nil {
				continue
			}
			if bytes.Equal(der, cert.Raw) {
				s.Used = append(s.Used, a)
				if s.What == "" || n == 0 {
					s.What = map[bool]string{true: issuingCA, false: betweenCA}[n == 0]
				}
			} else if above == nil && bytes.Equal(cert.RawIssuer, other.RawSubject) && cert.CheckSignatureFrom(other) == nil {
				above = other
			}
		}
	}
	selfSigned := bytes.Equal(cert.RawIssuer, cert.RawSubject) && above == nil
	switch {
	case s.What != "" && selfSigned:
		s.What = rootCA
	case s.What == "" && above != nil:
		s.What = formerCA
	case s.What == "":
		return false
	}
	var err error
	if s.Facts, err = factsOf(cert.Raw); err != nil {
		p.fail(w, r, err)
		return true
	}
	s.Listed = listedNone
	if above != nil {
		p.onList(r.Context(), cert, above, &s)
	}
	p.show(w, r, http.StatusOK, "authority", s)
	return true
}

// onList looks for a CA on the list of the one above it.
func (p *Portal) onList(ctx context.Context, cert, above *smx509.Certificate, s *standing) {
	s.Listed = listedMissing
	if f, err := factsOf(above.Raw); err == nil {
		s.Above = f.Subject
	}
	if len(cert.CRLDistributionPoints) == 0 {
		return
	}
	s.Address = cert.CRLDistributionPoints[0]
	if p.cfg.List == nil {
		return
	}
	der, err := p.cfg.List(ctx, s.Address)
	if err != nil {
		p.cfg.Log.Error("reading the list of a CA above", "error", err)
		return
	}
	list, err := smx509.ParseRevocationList(der)
	now := p.cfg.Now()
	if err != nil || !bytes.Equal(list.RawIssuer, above.RawSubject) || list.CheckSignatureFrom(above) != nil || now.Before(list.ThisUpdate) || now.After(list.NextUpdate) {
		return
	}
	s.Listed, s.AsOf = listedNot, list.ThisUpdate
	at := slices.IndexFunc(list.RevokedCertificateEntries, func(e smx509.RevocationListEntry) bool { return e.SerialNumber.Cmp(cert.SerialNumber) == 0 })
	if at >= 0 {
		e := list.RevokedCertificateEntries[at]
		s.Listed, s.Since, s.Reason = listedYes, e.RevocationTime, pki.Reason(e.ReasonCode)
	}
}
