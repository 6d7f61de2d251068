package trust

import (
	"context"
	"time"

	"onecert/pki"
	"onecert/verify"
)

// setState is a set under one configuration.
type setState struct {
	store         *Store
	authorities   []*authority
	roots, others []*verify.Certificate
	byCertificate map[[32]byte]*authority
	stale         *time.Duration // instead of each CA's
	memory        *memory
}

// authority is a CA at work.
type authority struct {
	plan       *caPlan
	feeds      []*feed
	responders []*responder
	journals   []*journal
	unchecked  bool // somebody has said that revocation does not matter
}

// standing is what the sources say about one certificate.
type standing struct {
	code  Code // Good, Revoked, Held or StatusUnknown
	why   string
	entry listed    // of Revoked and Held
	when  time.Time // StatusUnknown: when the data ended
	until time.Time // it holds while nothing changes
	stale bool
}

func unknown(why string) standing { return standing{code: StatusUnknown, why: why} }

func revoked(entry listed) standing {
	if entry.reason == pki.CertificateHold {
		return standing{code: Held, why: "revocation.held", entry: entry}
	}
	return standing{code: Revoked, why: "revocation.revoked", entry: entry}
}

func (s *standing) bad() bool { return s.code == Revoked || s.code == Held }

// better: which of two that do not say revoked is to be believed: one that is current
// before one that is stale before one that knows nothing.
func (s standing) better(other standing) standing {
	switch {
	case other.code != Good:
		if s.code != Good && (s.why == "revocation.unspoken" || s.why == "crl.missing" || s.why == "crl.scope") {
			return other
		}
		return s
	case s.code != Good, s.stale && !other.stale, s.stale == other.stale && other.until.After(s.until):
		return other
	}
	return s
}

// Judge says what a presented certificate is worth for logging in at a moment. chain is
// what the client sent, DER, its certificate first. ctx bounds what may be fetched for a
// certificate that is asked by OCSP; otherwise nothing waits.
func (s *Set) Judge(ctx context.Context, chain [][]byte, at time.Time) Verdict {
	if len(chain) == 0 {
		return Verdict{Code: None, Until: at, Generation: s.store.Generation()}
	}
	generation := s.store.Generation() // before anything is read
	state := s.state.Load()
	if state == nil {
		return Verdict{Code: UnknownIssuer, Reasons: []verify.Reason{wordsOf("trust.no-set", nil)}, Until: at, Generation: generation}
	}
	p := state.memory.find(chain, at)
	if p == nil {
		var keep bool
		if p, keep = state.build(ctx, chain, at); keep {
			state.memory.note(chain, p, at)
		}
	}
	v := state.weigh(ctx, p, at)
	v.Generation = generation
	return v
}

// weigh adds the status of every certificate of a path.
func (s *setState) weigh(ctx context.Context, p *path, at time.Time) Verdict {
	v := p.verdict
	v.Until = p.until
	if v.Code != Good || p.ca.unchecked {
		return v
	}
	allow := p.ca.plan.stale
	if s.stale != nil {
		allow = *s.stale
	}
	for i := range p.links {
		if i > 0 && p.ca.plan.row.LeafOnly {
			break
		}
		found := p.ca.status(ctx, &p.links[i], at, allow)
		if found.code != Good {
			return v.against(found, p.links[i].c, at)
		}
		v.Stale = v.Stale || found.stale
		if found.until.Before(v.Until) {
			v.Until = found.until
		}
	}
	return v
}

// against turns a verdict bad. A CA above that is revoked takes the holder's certificate
// with it.
func (v Verdict) against(found standing, c *verify.Certificate, at time.Time) Verdict {
	reason := wordsOf(found.why, c)
	if found.bad() {
		reason.Time, reason.Revocation = found.entry.at.UTC(), found.entry.reason.String()
	} else if !found.when.IsZero() {
		reason.Time = found.when.UTC()
	}
	v.Code, v.Reasons, v.Until = found.code, []verify.Reason{reason}, at
	return v
}

// status asks every source about a certificate: one that says revoked is believed at
// once, whatever the others say; OCSP is asked where the others leave it open.
func (a *authority) status(ctx context.Context, k *link, at time.Time, allow time.Duration) standing {
	best := unknown("revocation.unspoken")
	if j := a.journalOf(k.issuer); j != nil {
		if best = best.better(j.status(k, at, allow)); best.bad() {
			return best
		}
	}
	if len(a.feeds) > 0 {
		found := a.listed(k, at, allow)
		if found.bad() {
			return found
		}
		best = best.better(found)
	}
	if best.code == Good && !best.stale {
		return best
	}
	for _, r := range a.responders {
		found := r.status(ctx, k, at, allow)
		if found.bad() {
			return found
		}
		if best = best.better(found); best.code == Good && !best.stale {
			break
		}
	}
	return best
}

func (a *authority) journalOf(issuer issuerID) *journal {
	for _, j := range a.journals {
		if j.issuer == issuer {
			return j
		}
	}
	return nil
}

// listed asks the lists of the certificate's issuer.
func (a *authority) listed(k *link, at time.Time, allow time.Duration) standing {
	best := unknown("crl.missing")
	for _, f := range a.feeds {
		l := f.current.Load()
		if l == nil || l.signer != k.issuer {
			continue
		}
		if !l.scope.covers(k) {
			best = best.better(unknown("crl.scope"))
			continue
		}
		var found standing
		if l.base == nil {
			found = a.speak(f, l, k, at, allow)
		} else if entry, ok := l.entries.find(&k.key); ok && entry.reason != pki.RemoveFromCRL && !a.outdated(l) {
			found = revoked(entry)
		} else {
			continue
		}
		if found.bad() {
			return found
		}
		best = best.better(found)
	}
	return best
}

// outdated: there is a complete list at least as new as the delta, which says the same
// and more.
func (a *authority) outdated(delta *list) bool {
	for _, f := range a.feeds {
		if l := f.current.Load(); l != nil && l.base == nil && alike(l, delta) && !newer(delta, l) {
			return true
		}
	}
	return false
}

func alike(a, b *list) bool { return a.signer == b.signer && a.scope.raw == b.scope.raw }

func newer(delta, l *list) bool { return l.number != nil && delta.number.Cmp(l.number) > 0 }

// speak is what a complete list says, brought up to date by its newest delta (RFC 5280
// 5.2.4): a delta that cannot be joined for a gap in the numbers still revokes, but
// releases nothing; nothing but a hold is ever released (design.md §3 rule 4). A delta
// past its end makes the pair stale: who publishes deltas has said how soon a revocation
// is to be known.
func (a *authority) speak(f *feed, l *list, k *link, at time.Time, allow time.Duration) standing {
	entry, ok := l.entries.find(&k.key)
	ok = ok && entry.reason != pki.RemoveFromCRL
	ends := f.ends(l)
	if delta, deltaEnds := a.delta(l); delta != nil {
		change, changed := delta.entries.find(&k.key)
		switch {
		case !changed:
		case change.reason != pki.RemoveFromCRL:
			if !ok || entry.reason == pki.CertificateHold {
				entry, ok = change, true
			}
		case delta.base.Cmp(l.number) <= 0 && entry.reason == pki.CertificateHold && !at.After(deltaEnds):
			ok = false
		}
		if deltaEnds.Before(ends) {
			ends = deltaEnds
		}
	}
	switch {
	case ok:
		return revoked(entry)
	case at.Add(clockSkew).Before(l.thisUpdate):
		return unknown("crl.future")
	case at.After(ends.Add(allow)):
		found := unknown("crl.stale")
		found.when = ends
		return found
	}
	return standing{code: Good, until: ends.Add(allow), stale: at.After(ends)}
}

// delta is the newest delta of a list, and when it ends.
func (a *authority) delta(l *list) (newest *list, ends time.Time) {
	for _, f := range a.feeds {
		d := f.current.Load()
		if d == nil || d.base == nil || !alike(d, l) || !newer(d, l) || newest != nil && d.number.Cmp(newest.number) <= 0 {
			continue
		}
		newest, ends = d, f.ends(d)
	}
	return newest, ends
}
