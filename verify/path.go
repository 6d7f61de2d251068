package verify

import (
	"bytes"
	"slices"

	"github.com/emmansun/gmsm/smx509"
)

// search finds the paths from a certificate to a trust anchor. It goes by names and
// signatures only; whether a path is valid is judged afterwards, so that the
// reasons against the right path can be told.
type search struct {
	roots, others map[string][]*smx509.Certificate // by subject
	signatures    int
	exhausted     bool // a limit was met
	paths         [][]*smx509.Certificate
	longest       []*smx509.Certificate
	failed        []Reason // signatures that did not verify
}

func newSearch(r Request) *search {
	return &search{roots: bySubject(r.Roots), others: bySubject(r.Intermediates)}
}

func bySubject(all []*smx509.Certificate) map[string][]*smx509.Certificate {
	index := make(map[string][]*smx509.Certificate, len(all))
	for _, c := range all {
		if c != nil {
			index[string(c.RawSubject)] = append(index[string(c.RawSubject)], c)
		}
	}
	return index
}

// run returns the paths, or why there is none.
func (s *search) run(leaf *smx509.Certificate) ([][]*smx509.Certificate, []Reason) {
	s.extend([]*smx509.Certificate{leaf})
	switch {
	case len(s.paths) > 0:
		return s.paths, nil
	case len(s.failed) > 0:
		return nil, s.failed[:1]
	case s.exhausted:
		return nil, []Reason{reason("path.search", leaf)}
	}
	return nil, []Reason{reason("trust.unknown-issuer", s.longest[len(s.longest)-1])}
}

// extend follows every issuer of the path's last certificate, anchors first.
func (s *search) extend(path []*smx509.Certificate) {
	last := path[len(path)-1]
	if len(path) > len(s.longest) {
		s.longest = path
	}
	if len(path) == 1 && contains(s.roots[string(last.RawSubject)], last) {
		s.paths = append(s.paths, path)
		return
	}
	if len(path) == maxDepth {
		s.exhausted = true
		return
	}
	for _, issuer := range candidates(last, s.roots) {
		if s.signed(last, issuer) {
			s.paths = append(s.paths, append(slices.Clone(path), issuer))
		}
	}
	for _, issuer := range candidates(last, s.others) {
		if !contains(path, issuer) && s.signed(last, issuer) {
			s.extend(append(slices.Clone(path), issuer))
		}
	}
}

// candidates are the certificates with the issuer's name, those whose key
// identifier fits first: it is a hint, not a proof (RFC 5280 4.2.1.1).
func candidates(c *smx509.Certificate, index map[string][]*smx509.Certificate) []*smx509.Certificate {
	all := slices.Clone(index[string(c.RawIssuer)])
	slices.SortStableFunc(all, func(a, b *smx509.Certificate) int { return mismatch(c, a) - mismatch(c, b) })
	return all
}

func mismatch(c, issuer *smx509.Certificate) int {
	if len(c.AuthorityKeyId) > 0 && len(issuer.SubjectKeyId) > 0 && !bytes.Equal(c.AuthorityKeyId, issuer.SubjectKeyId) {
		return 1
	}
	return 0
}

// signed checks one signature, within the limits.
func (s *search) signed(c, issuer *smx509.Certificate) bool {
	if s.signatures == maxSignatures || len(s.paths) == maxPaths {
		s.exhausted = true
		return false
	}
	s.signatures++
	code := signature(issuer, c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature)
	if code == "" {
		return true
	}
	// A key identifier that does not fit made this a guess; its failure says nothing.
	if mismatch(c, issuer) == 0 {
		s.failed = append(s.failed, reason(code, c))
	}
	return false
}

func contains(all []*smx509.Certificate, c *smx509.Certificate) bool {
	return slices.ContainsFunc(all, func(other *smx509.Certificate) bool { return bytes.Equal(other.Raw, c.Raw) })
}
