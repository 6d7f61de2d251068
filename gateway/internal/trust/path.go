package trust

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"golang.org/x/crypto/cryptobyte"
	asn1 "golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
	"onecert/verify"
)

// path is what was found out about a certificate that does not change with its status:
// signatures, names, usages, whose it is. It holds in a span of time.
type path struct {
	verdict     Verdict // without what status adds
	from, until time.Time
	ca          *authority
	links       []link // the certificate and the CAs above it, without the anchor
}

func (p *path) holds(at time.Time) bool { return !at.Before(p.from) && at.Before(p.until) }

// link is one certificate of a path as lookups need it.
type link struct {
	c, above  *verify.Certificate
	issuer    issuerID
	key       serialKey
	places    []string // names of its distribution points
	authority bool     // it is a CA's
}

// What a client may send.
const (
	maxChain       = 16
	maxChainOctets = 128 << 10
)

// badFor is how long a bad path is remembered: what was missing may have come.
const badFor = 5 * time.Second

// build looks for the path of a certificate. Nothing is remembered of an answer that
// depends on what could not be asked (keep is false).
func (s *setState) build(ctx context.Context, chain [][]byte, at time.Time) (p *path, keep bool) {
	p = &path{from: at, until: at.Add(badFor)}
	presented, reason := readChain(chain)
	if reason.Code != "" {
		p.verdict = Verdict{Code: Malformed, Reasons: []verify.Reason{reason}}
		return p, true
	}
	leaf := presented[0]
	p.verdict = Verdict{Leaf: leafOf(leaf), Chain: presented[:1], Fingerprint: leaf.SHA256(), Serial: pki.SerialOf(leaf.Serial), Issuer: nameID(leaf.Issuer)}
	found := verify.Check(ctx, verify.Request{Certificate: leaf, Intermediates: slices.Concat(s.others, presented[1:]), Roots: s.roots,
		At: at, Purpose: verify.Client, Revocation: verify.Unchecked})
	if len(found.Chain) > 0 {
		p.verdict.Chain = found.Chain
	}
	if !found.Good {
		p.verdict.Code, p.verdict.Reasons = codeOf(found.Reasons, leaf, at)
		if a := s.standsFor(found.Chain); a != nil && p.verdict.Code != UnknownIssuer {
			p.verdict.CA = a.plan.row.Name // whom to call
		}
		return p, true
	}
	p.ca = s.standsFor(found.Chain) // verify returns no good path without one of our anchors at its end
	p.verdict.CA, p.verdict.Level = p.ca.plan.row.Name, p.ca.plan.row.Level
	if code, reason := p.ca.accepted(at); code != Good {
		p.verdict.Code, p.verdict.Reasons = code, []verify.Reason{reason}
		return p, true
	}
	p.from, p.until = span(found.Chain)
	if until := p.ca.plan.row.Until; !until.IsZero() && until.Before(p.until) {
		p.until = until
	}
	p.links = linksOf(found.Chain)
	return p, p.inJournal(ctx, at)
}

// inJournal asks the journal of the certificate's own CA whether it knows it: what a CA
// has signed without a record was signed by somebody else.
func (p *path) inJournal(ctx context.Context, at time.Time) (keep bool) {
	j := p.ca.journalOf(p.links[0].issuer)
	if j == nil {
		return true
	}
	p.verdict.Issuer = j.row.Issuer
	code, err := j.knows(ctx, p.verdict.Serial)
	if code == "" {
		return true
	}
	p.from, p.until = at, at.Add(badFor)
	p.verdict.Code, p.verdict.Reasons = StatusUnknown, []verify.Reason{wordsOf(code, p.links[0].c)}
	return err == nil
}

// readChain reads what a client sent.
func readChain(chain [][]byte) (all []*verify.Certificate, wrong verify.Reason) {
	octets := 0
	for _, der := range chain {
		octets += len(der)
	}
	if len(chain) > maxChain || octets > maxChainOctets {
		return nil, wordsOf("trust.chain-size", nil)
	}
	for i, der := range chain {
		c, err := verify.ParseCertificate(der)
		if err != nil && i == 0 {
			return nil, wordsOf("trust.malformed", nil)
		}
		if err == nil { // what does not decode beside it leads nowhere
			all = append(all, c)
		}
	}
	return all, verify.Reason{}
}

// standsFor is the CA whose certificate comes first above the holder's.
func (s *setState) standsFor(chain []*verify.Certificate) *authority {
	for _, c := range chain[max(0, min(1, len(chain)-1)):] {
		if a := s.byCertificate[c.SHA256()]; a != nil {
			return a
		}
	}
	return nil
}

// accepted: the CA is accepted for logging in, and still.
func (a *authority) accepted(at time.Time) (Code, verify.Reason) {
	row := &a.plan.row
	if !row.Until.IsZero() && !at.Before(row.Until) {
		r := wordsOf("trust.ended", nil)
		r.Time = row.Until.UTC()
		return UnknownIssuer, r
	}
	if len(row.Uses) > 0 && !slices.Contains(row.Uses, UseLogin) {
		return WrongUsage, wordsOf("trust.uses", nil)
	}
	return Good, verify.Reason{}
}

// span is when every certificate of a chain is valid.
func span(chain []*verify.Certificate) (from, until time.Time) {
	from, until = chain[0].NotBefore, chain[0].NotAfter
	for _, c := range chain[1:] {
		if c.NotBefore.After(from) {
			from = c.NotBefore
		}
		if c.NotAfter.Before(until) {
			until = c.NotAfter
		}
	}
	return from, until.Add(time.Second) // the last second counts (RFC 5280 4.1.2.5)
}

func linksOf(chain []*verify.Certificate) (all []link) {
	for i, c := range chain[:max(len(chain)-1, 1)] {
		above := chain[min(i+1, len(chain)-1)]
		all = append(all, link{c: c, above: above, issuer: issuerOf(above), key: keyOf(c.SerialOctets()),
			places: placesOf(extensionOf(c.Raw, extPoints)), authority: c.IsCA()})
	}
	return all
}

// extensionOf returns the value of an extension of a certificate that was read before.
func extensionOf(der []byte, oid string) []byte {
	input := cryptobyte.String(der)
	var outer, tbs, list cryptobyte.String
	var present bool
	if !input.ReadASN1(&outer, asn1.SEQUENCE) || !outer.ReadASN1(&tbs, asn1.SEQUENCE) || !tbs.SkipOptionalASN1(explicit(0)) ||
		!tbs.SkipASN1(asn1.INTEGER) {
		return nil
	}
	for range 5 { // algorithm, issuer, validity, subject, key
		if !tbs.SkipASN1(asn1.SEQUENCE) {
			return nil
		}
	}
	if !tbs.SkipOptionalASN1(implicit(1)) || !tbs.SkipOptionalASN1(implicit(2)) || !tbs.ReadOptionalASN1(&outer, &present, explicit(3)) ||
		!present || !outer.ReadASN1(&list, asn1.SEQUENCE) {
		return nil
	}
	for !list.Empty() {
		id, _, value, ok := readExtension(&list)
		if !ok {
			return nil
		}
		if string(id) == oid {
			return value
		}
	}
	return nil
}

// leafOf is the certificate in the form others take. Names in GBK, which some CAs have
// written under the wrong type, do not parse as such; then the fields are there that do
// not need it.
func leafOf(c *verify.Certificate) *smx509.Certificate {
	if parsed, err := smx509.ParseCertificate(c.Raw); err == nil {
		return parsed
	}
	return &smx509.Certificate{Raw: c.Raw, RawIssuer: c.Issuer, RawSubject: c.Subject, RawSubjectPublicKeyInfo: c.SPKI, Version: c.Version,
		SerialNumber: c.Serial, NotBefore: c.NotBefore, NotAfter: c.NotAfter, PublicKey: c.PublicKey}
}

// nameID names a CA that has no name in a journal.
func nameID(issuer []byte) string {
	sum := sha256.Sum256(issuer)
	return hex.EncodeToString(sum[:])
}
