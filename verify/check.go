package verify

import (
	"cmp"
	"context"
	"slices"
)

// check is one question while it is being answered.
type check struct {
	ctx             context.Context
	r               *Request
	anchors, others map[string][]*Certificate // by subject
	spent           budget
	signatures      map[[2][32]byte]string // what came of (certificate, issuer)
	statuses        map[[3][32]byte]status // what came of (certificate, issuer, anchor)
	asking          [][32]byte             // certificates whose status is being asked
	fetched         map[string]bool        // addresses
	lists           []*CRL
	answers         []*Answer
}

func newCheck(ctx context.Context, r *Request) *check {
	k := &check{ctx: ctx, r: r, anchors: bySubject(r.Roots, nil),
		signatures: map[[2][32]byte]string{}, statuses: map[[3][32]byte]status{}, fetched: map[string]bool{},
		lists: slices.Clone(r.Lists), answers: slices.Clone(r.Answers)}
	k.others = bySubject(r.Intermediates, k.anchors)
	return k
}

// bySubject indexes certificates, each once and none that is in except.
func bySubject(all []*Certificate, except map[string][]*Certificate) map[string][]*Certificate {
	index := make(map[string][]*Certificate, len(all))
	seen := map[[32]byte]bool{}
	for _, c := range all {
		if c == nil || seen[c.id] || slices.ContainsFunc(except[c.subjectKey], c.same) {
			continue
		}
		seen[c.id] = true
		index[c.subjectKey] = append(index[c.subjectKey], c)
	}
	return index
}

func (k *check) anchor(c *Certificate) bool {
	return slices.ContainsFunc(k.anchors[c.subjectKey], c.same)
}

// verdict looks for a path without a fault first; only when there is none it looks
// for the one with the fewest, to tell what is wrong.
func (k *check) verdict() Verdict {
	leaf := k.leafFaults()
	var best *Verdict
	judge := func(path []*Certificate, found []Reason) bool {
		v := k.judge(path, found)
		if best == nil || v.Good || len(v.Reasons) < len(best.Reasons) {
			best = &v
		}
		return v.Good
	}
	if len(leaf) == 0 {
		k.walk(&quest{wanted: k.r.wanted(), profile: k.r.Profile, judge: judge}, []*Certificate{k.r.Certificate}, nil)
	}
	if best != nil {
		return *best
	}
	k.spent.paths, k.spent.steps = 0, 0
	q := &quest{wanted: k.r.wanted(), profile: k.r.Profile, faulty: true, judge: judge}
	k.walk(q, []*Certificate{k.r.Certificate}, leaf)
	if best != nil {
		return *best
	}
	return Verdict{Reasons: k.noPath(q), Chain: q.longest}
}

// noPath says why no anchor was reached.
func (k *check) noPath(q *quest) []Reason {
	switch {
	case len(q.failed) > 0:
		return q.failed[:1]
	case k.spent.exhausted || q.deep:
		return []Reason{reason("path.search", k.r.Certificate)}
	}
	return []Reason{reason("trust.unknown-issuer", q.longest[len(q.longest)-1])}
}

// judge adds to a path's faults what is judged of the path as a whole.
func (k *check) judge(path []*Certificate, found []Reason) Verdict {
	v := Verdict{Chain: path, Reasons: found, RevocationChecked: k.r.Revocation != Unchecked}
	valid, ok := k.r.Policies.check(path)
	if v.Policies = valid; !ok {
		v.Reasons = append(v.Reasons, reason("path.policy", path[0]))
	}
	if v.RevocationChecked {
		// Addresses are followed only where a trusted CA has signed them.
		more, evidence := k.revocation(path, len(v.Reasons) == 0)
		v.Reasons, v.Evidence = append(v.Reasons, more...), evidence
	}
	v.Good = len(v.Reasons) == 0
	return v
}

// quest is one search for paths.
type quest struct {
	wanted  []string // extended key usages
	profile Profile
	faulty  bool // follow issuers with faults too
	judge   func(path []*Certificate, found []Reason) (stop bool)

	deep    bool // the limit of depth was met
	longest []*Certificate
	failed  []Reason // signatures that did not verify
}

// walk follows every issuer of the path's last certificate, anchors first.
func (k *check) walk(q *quest, path []*Certificate, found []Reason) (stop bool) {
	last := path[len(path)-1]
	if len(path) > len(q.longest) {
		q.longest = path
	}
	if len(path) == 1 && k.anchor(last) {
		return q.judge(path, found)
	}
	for i, issuer := range k.candidates(last) {
		if !k.spent.step() {
			return true
		}
		anchor := i < len(k.anchors[last.issuerKey])
		if loops(path, issuer) && !anchor {
			continue
		}
		if !anchor && len(path) > k.r.depth() || anchor && len(path)-1 > k.r.depth() {
			q.deep = true
			continue
		}
		more := k.faults(q, path, issuer, anchor)
		if len(more) > 0 && !q.faulty || !k.signed(q, last, issuer) {
			continue
		}
		next, all := append(slices.Clone(path), issuer), append(slices.Clone(found), more...)
		if anchor && (!k.spent.path() || q.judge(next, all)) || !anchor && k.walk(q, next, all) {
			return true
		}
	}
	return false
}

// loops: the same key under the same name stands in the path already (RFC 4158 5.2).
func loops(path []*Certificate, c *Certificate) bool {
	return slices.ContainsFunc(path, func(other *Certificate) bool {
		return other.subjectKey == c.subjectKey && string(other.SPKI) == string(c.SPKI)
	})
}

// candidates are the certificates with the issuer's name, anchors first, then those
// that are valid and whose key identifier fits: it is a hint, not a proof (RFC 5280
// 4.2.1.1).
func (k *check) candidates(c *Certificate) []*Certificate {
	order := func(all []*Certificate) []*Certificate {
		all = slices.Clone(all)
		slices.SortStableFunc(all, func(a, b *Certificate) int { return cmp.Compare(k.rank(c, a), k.rank(c, b)) })
		return all
	}
	return append(order(k.anchors[c.issuerKey]), order(k.others[c.issuerKey])...)
}

func (k *check) rank(c, issuer *Certificate) (n int) {
	if mismatch(c, issuer) {
		n += 2
	}
	if k.r.At.Before(issuer.NotBefore) || k.r.At.After(issuer.lastMoment()) {
		n++
	}
	return n
}

func mismatch(c, issuer *Certificate) bool {
	return c.authority != nil && len(c.authority.keyID) > 0 && len(issuer.keyID) > 0 && !slices.Equal(c.authority.keyID, issuer.keyID)
}

// signed checks one signature, once and within the limits.
func (k *check) signed(q *quest, c, issuer *Certificate) bool {
	pair := [2][32]byte{c.id, issuer.id}
	code, known := k.signatures[pair]
	if !known {
		if !k.spent.signature() {
			return false
		}
		code = c.signed.check(issuer.PublicKey)
		k.signatures[pair] = code
	}
	// A key identifier that does not fit made this a guess; its failure says nothing.
	if code != "" && !mismatch(c, issuer) {
		q.failed = append(q.failed, reason(code, c))
	}
	return code == ""
}
