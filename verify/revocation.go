package verify

import (
	"bytes"
	"slices"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
)

// revocation looks up every certificate of the path but the anchor, which is
// trusted as such and has nobody to revoke it.
func (r Request) revocation(path []*smx509.Certificate) []Reason {
	var reasons []Reason
	for i := range path[:len(path)-1] {
		if i == 0 && r.Purpose == OCSP && findExtension(path[0], pki.OIDOCSPNoCheck) != nil {
			continue // RFC 6960 4.2.2.2.1: whoever checked it would need it
		}
		reasons = append(reasons, lookup(path[i], path[i+1], r.Lists, r.At)...)
	}
	return reasons
}

// lookup decides one certificate from the lists (RFC 5280 6.3.3). Of lists with the
// same scope the newest current one speaks; lists of different scopes all speak,
// and one that says revoked is believed.
func lookup(c, issuer *smx509.Certificate, lists []*CRL, at time.Time) []Reason {
	var complete, deltas []*CRL
	var useless []Reason
	for _, list := range lists {
		if list == nil || !bytes.Equal(list.list.RawIssuer, c.RawIssuer) {
			continue
		}
		if code := list.useless(c, issuer, at); code != "" {
			useless = append(useless, listReason(code, c, list))
			continue
		}
		if list.Delta() {
			deltas = append(deltas, list)
		} else {
			complete = append(complete, list)
		}
	}
	if len(complete) == 0 {
		return noList(c, useless, deltas)
	}
	for _, list := range newest(complete) {
		if found, listed := list.with(deltas, c); listed {
			return []Reason{revokedReason(c, found)}
		}
	}
	return nil
}

// noList says why no list could speak: the first useless one, or that there is none.
func noList(c *smx509.Certificate, useless []Reason, deltas []*CRL) []Reason {
	for _, delta := range deltas {
		if found, ok := delta.find(c); ok && found.reason != pki.RemoveFromCRL {
			return []Reason{revokedReason(c, found)}
		}
	}
	switch {
	case len(useless) > 0:
		// The nearest miss: of lists that do not cover the certificate nobody wants to hear.
		slices.SortStableFunc(useless, func(a, b Reason) int { return offScope(a) - offScope(b) })
		return useless[:1]
	case len(deltas) > 0:
		return []Reason{reason("crl.delta-alone", c)}
	}
	return []Reason{reason("crl.missing", c)}
}

func offScope(r Reason) int {
	if r.Code == "crl.scope" {
		return 1
	}
	return 0
}

func listReason(code string, c *smx509.Certificate, list *CRL) Reason {
	r := reason(code, c)
	switch code {
	case "crl.stale":
		return r.at(list.list.NextUpdate)
	case "crl.future":
		return r.at(list.list.ThisUpdate)
	}
	return r
}

func revokedReason(c *smx509.Certificate, found entry) Reason {
	code := "revocation.revoked"
	if found.reason == pki.CertificateHold {
		code = "revocation.held"
	}
	r := reason(code, c).at(found.at)
	r.Revocation = found.reason.String()
	return r
}

// useless says why a list cannot speak about a certificate, "" if it can. The
// signature is checked last, because it costs most.
func (c *CRL) useless(certificate, issuer *smx509.Certificate, at time.Time) string {
	switch {
	case c.unknown || c.scope.raw != "" && !c.scope.understood:
		return "crl.critical-extension"
	case c.scope.indirect:
		return "crl.indirect"
	case !c.scope.covers(certificate):
		return "crl.scope"
	case c.scope.someReasons:
		return "crl.partial-reasons"
	case findExtension(issuer, pki.OIDKeyUsage) != nil && issuer.KeyUsage&smx509.KeyUsageCRLSign == 0:
		return "crl.issuer-usage"
	case at.Before(c.list.ThisUpdate):
		return "crl.future"
	case c.list.NextUpdate.IsZero():
		return "crl.no-next-update"
	case at.After(c.list.NextUpdate):
		return "crl.stale"
	case !c.signedBy(issuer):
		return "crl.signature"
	}
	return ""
}

// covers compares the scope with the certificate: its kind, and the distribution
// point it names (RFC 5280 6.3.3 (b)(2)).
func (p scope) covers(c *smx509.Certificate) bool {
	ca := c.BasicConstraintsValid && c.IsCA
	if p.attributes || p.users && ca || p.authorities && !ca {
		return false
	}
	if !p.named {
		return true
	}
	return slices.ContainsFunc(p.places, func(place string) bool { return slices.Contains(c.CRLDistributionPoints, place) })
}

// newest keeps, of complete lists with the same scope, the one with the highest
// number; without numbers, the latest.
func newest(complete []*CRL) []*CRL {
	var kept []*CRL
next:
	for _, list := range complete {
		for i, other := range kept {
			if other.scope.raw == list.scope.raw {
				if list.newer(other) {
					kept[i] = list
				}
				continue next
			}
		}
		kept = append(kept, list)
	}
	return kept
}

func (c *CRL) newer(other *CRL) bool {
	if c.number != nil && other.number != nil {
		if order := c.number.Cmp(other.number); order != 0 {
			return order > 0
		}
	}
	return c.list.ThisUpdate.After(other.list.ThisUpdate)
}

func (c *CRL) find(certificate *smx509.Certificate) (entry, bool) {
	found, ok := c.entries[string(certificate.SerialNumber.Bytes())]
	return found, ok
}

// with looks the certificate up in a complete list brought up to date by the deltas
// of its scope, oldest first (RFC 5280 5.2.4). A delta that cannot be joined for a
// gap in the numbers still revokes, but releases nothing; nothing but a hold is
// ever released (design.md §3 rule 4).
func (c *CRL) with(deltas []*CRL, certificate *smx509.Certificate) (entry, bool) {
	found, listed := c.find(certificate)
	listed = listed && found.reason != pki.RemoveFromCRL
	level := c
	for _, delta := range c.following(deltas) {
		change, ok := delta.find(certificate)
		joins := delta.joins(level)
		switch {
		case !ok:
		case change.reason != pki.RemoveFromCRL:
			if !listed || found.reason == pki.CertificateHold {
				found, listed = change, true
			}
		case joins && found.reason == pki.CertificateHold:
			listed = false
		}
		if joins {
			level = delta
		}
	}
	return found, listed
}

// following returns the deltas of the same scope that are newer, oldest first.
func (c *CRL) following(deltas []*CRL) []*CRL {
	var after []*CRL
	for _, delta := range deltas {
		if delta.scope.raw == c.scope.raw && delta.newer(c) {
			after = append(after, delta)
		}
	}
	slices.SortStableFunc(after, func(a, b *CRL) int {
		if b.newer(a) {
			return -1
		}
		return 1
	})
	return after
}

func (c *CRL) joins(base *CRL) bool {
	return base.number != nil && c.number != nil && c.base.Cmp(base.number) <= 0
}
