package verify

import (
	"slices"
	"time"

	"onecert/pki"
)

// listed decides the first certificate of a path from the lists (RFC 5280 6.3.3). Of
// lists with the same scope the newest current one speaks; lists of different scopes
// all speak, and one that says revoked is believed. Together they must cover every
// reason.
func (k *check) listed(path []*Certificate) status {
	c := path[0]
	var complete, deltas []*CRL
	var useless []Reason
	for _, list := range k.lists {
		if list == nil || !list.about(c) {
			continue
		}
		if code := k.useless(list, path); code != "" {
			useless = append(useless, listReason(code, c, list))
		} else if list.Delta() {
			deltas = append(deltas, list)
		} else {
			complete = append(complete, list)
		}
	}
	if len(complete) == 0 {
		return noList(c, useless, deltas)
	}
	covered, s := reasons(0), status{}
	for _, list := range newest(complete) {
		found, listed := list.with(deltas, c)
		if listed {
			at := time.Unix(found.at, 0)
			return status{reasons: []Reason{revokedReason(c, at, found.reason)}, evidence: []Evidence{list.evidence(c, says(found.reason))}}
		}
		covered |= list.fits(c)
		s.evidence = append(s.evidence, list.evidence(c, "good"))
	}
	if covered != allReasons {
		return status{reasons: []Reason{reason("crl.partial-reasons", c)}, evidence: s.evidence}
	}
	s.good = true
	return s
}

func (c *CRL) evidence(certificate *Certificate, says string) Evidence {
	e := Evidence{Kind: "crl", Subject: subjectText(certificate.Subject), Says: says, Issuer: subjectText(c.issuer),
		ThisUpdate: c.thisUpdate, NextUpdate: c.nextUpdate, SHA256: c.id}
	if c.number != nil {
		e.Number = c.number.String()
	}
	return e
}

// noList says why no list could speak: the first useless one, or that there is none.
func noList(c *Certificate, useless []Reason, deltas []*CRL) status {
	for _, delta := range deltas {
		if found, ok := delta.find(c); ok && found.reason != pki.RemoveFromCRL {
			return status{reasons: []Reason{revokedReason(c, time.Unix(found.at, 0), found.reason)},
				evidence: []Evidence{delta.evidence(c, says(found.reason))}}
		}
	}
	switch {
	case len(useless) > 0:
		// The nearest miss: of lists that do not cover the certificate nobody wants to hear.
		slices.SortStableFunc(useless, func(a, b Reason) int { return offScope(a) - offScope(b) })
		return status{reasons: useless[:1]}
	case len(deltas) > 0:
		return status{reasons: []Reason{reason("crl.delta-alone", c)}}
	}
	return status{reasons: []Reason{reason("crl.missing", c)}}
}

func offScope(r Reason) int {
	if r.Code == "crl.scope" {
		return 1
	}
	return 0
}

func listReason(code string, c *Certificate, list *CRL) Reason {
	r := reason(code, c)
	switch code {
	case "crl.stale":
		return r.at(list.nextUpdate)
	case "crl.future":
		return r.at(list.thisUpdate)
	}
	return r
}

// useless says why a list cannot speak about the first certificate of a path, "" if
// it can. The signature is checked last, because it costs most.
func (k *check) useless(list *CRL, path []*Certificate) string {
	switch {
	case list.unknown:
		return "crl.critical-extension"
	case k.r.Profile.strict() && list.malformed() || k.r.Profile == CABF && list.scope.irregular():
		return "crl.irregular"
	case list.fits(path[0]) == 0:
		return "crl.scope"
	case k.r.At.Add(k.r.Skew).Before(list.thisUpdate):
		return "crl.future"
	case list.nextUpdate.IsZero():
		return "crl.no-next-update"
	case k.r.At.After(list.nextUpdate):
		return "crl.stale"
	}
	return k.unsigned(list, path)
}

// malformed: what RFC 5280 5.2.3 and common sense ask of whoever makes a list.
func (c *CRL) malformed() bool { return c.number == nil || c.numberCritical || c.twice }

// irregular: the scopes that the Baseline Requirements 7.2.2.1 forbid.
func (p scope) irregular() bool {
	return p.indirect || p.place.relative != "" ||
		slices.ContainsFunc(p.place.names, func(name generalName) bool { return name.form != formURI })
}

// about: the list is of the certificate's issuer, or of one that a distribution point
// names in its stead.
func (c *CRL) about(certificate *Certificate) bool {
	return c.issuerKey == certificate.issuerKey || slices.ContainsFunc(certificate.points, c.standsFor)
}

// standsFor: a distribution point names the list's issuer.
func (c *CRL) standsFor(p point) bool {
	return slices.ContainsFunc(p.issuers, func(name generalName) bool { return name.form == formDirectory && name.name.key() == c.issuerKey })
}

// fits returns the reasons for which the list covers the certificate: those of every
// distribution point the list is of. A certificate without one has its issuer's
// complete list (RFC 5280 6.3.3, the last paragraph).
func (c *CRL) fits(certificate *Certificate) (covered reasons) {
	ca := certificate.ca()
	if c.scope.attributes || c.scope.users && ca || c.scope.authorities && !ca {
		return 0
	}
	for _, p := range certificate.points {
		if c.at(p, certificate) {
			covered |= p.reasons & c.scope.reasons
		}
	}
	implied := point{named: true, reasons: allReasons, place: place{names: []generalName{{form: formDirectory, name: certificate.issuerName}}}}
	if c.at(implied, certificate) {
		covered |= c.scope.reasons
	}
	return covered
}

// at reports whether the list is of a distribution point (RFC 5280 6.3.3 (b)).
func (c *CRL) at(p point, certificate *Certificate) bool {
	base := certificate.issuerName
	if p.issuers != nil {
		if !c.scope.indirect || !c.standsFor(p) {
			return false
		}
		base = c.issuerName
	} else if c.issuerKey != certificate.issuerKey {
		return false
	}
	if !c.scope.named {
		return true
	}
	names := p.issuers
	if p.named {
		names = p.place.full(base)
	}
	own := c.scope.place.full(c.issuerName)
	return slices.ContainsFunc(names, func(name generalName) bool { return slices.ContainsFunc(own, name.equal) })
}

// newest keeps, of complete lists of an issuer with the same scope, the one with the
// highest number; without numbers, the latest.
func newest(complete []*CRL) []*CRL {
	var kept []*CRL
next:
	for _, list := range complete {
		for i, other := range kept {
			if other.alike(list) {
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

func (c *CRL) alike(other *CRL) bool {
	return c.scope.raw == other.scope.raw && c.issuerKey == other.issuerKey
}

func (c *CRL) newer(other *CRL) bool {
	if c.number != nil && other.number != nil {
		if order := c.number.Cmp(other.number); order != 0 {
			return order > 0
		}
	}
	return c.thisUpdate.After(other.thisUpdate)
}

// with looks the certificate up in a complete list brought up to date by the deltas
// of its scope, oldest first (RFC 5280 5.2.4). A delta that cannot be joined for a
// gap in the numbers still revokes, but releases nothing; nothing but a hold is
// ever released (design.md §3 rule 4).
func (c *CRL) with(deltas []*CRL, certificate *Certificate) (entry, bool) {
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
		if delta.alike(c) && delta.newer(c) {
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
