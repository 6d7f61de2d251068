package wire

import (
	"bytes"
	"context"
	"crypto/x509"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/ca"
	"onecert/pki"
	"onecert/serve"
)

// Asked is a certificate about which one wants to know whether it is good now.
type Asked struct {
	Issuer []byte // DER name
	Serial pki.Serial
	Where  []string // caIssuers addresses, which name the issuer's id
}

func askedOf(c *x509.Certificate) Asked {
	return Asked{c.RawIssuer, pki.SerialOf(c.SerialNumber), c.IssuingCertificateURL}
}

// notGood is the answer for a held or revoked certificate.
func notGood(state pki.State) error {
	return pki.Errorf(pki.Forbidden, "officer.certificate", "this certificate is %s", state).To("ask the security administrator").Because(badState(state))
}

// badState tells those who look closer what a certificate is.
type badState pki.State

func (s badState) Error() string { return "the certificate is " + string(s) }

// Good says whether a certificate of this CA is good now, by the journal.
func (p *CAProcess) Good(ctx context.Context, asked Asked) error {
	for _, file := range p.config.Issuers {
		issuer, err := p.Issuer(file.ID)
		if err != nil || !bytes.Equal(issuer.Certificate.RawSubject, asked.Issuer) {
			continue
		}
		record, err := p.Journal.Record(ctx, file.ID, asked.Serial)
		if err != nil {
			return err
		}
		if record.State != pki.Valid {
			return notGood(record.State)
		}
		return nil
	}
	return pki.Errorf(pki.Forbidden, "officer.issuer", "this certificate was not issued by this CA")
}

// goodness remembers for a second what was found about a certificate. That nobody
// could be asked is not remembered: the CA may be there the next moment, and lists
// bounds how often it is tried.
type goodness struct {
	now   func() time.Time
	ask   func(context.Context, Asked) error
	mu    sync.Mutex
	known map[pki.Serial]judged
}

type judged struct {
	at  time.Time
	err error
}

const goodnessLife, maxKnown = time.Second, 10_000

func newGoodness(now func() time.Time, ask func(context.Context, Asked) error) *goodness {
	return &goodness{now: now, ask: ask, known: map[pki.Serial]judged{}}
}

// caller asks about a caller's certificate; of one who came with a pair, about both
// halves.
func (g *goodness) caller(ctx context.Context, leaf *x509.Certificate) error {
	if err := g.check(ctx, askedOf(leaf)); err != nil {
		return err
	}
	conn := serve.TLCPOf(ctx)
	if conn == nil {
		return nil
	}
	second := conn.ConnectionState().EncryptCertificate
	if second == nil {
		return nil
	}
	return g.check(ctx, Asked{second.RawIssuer, pki.SerialOf(second.SerialNumber), second.IssuingCertificateURL})
}

func (g *goodness) check(ctx context.Context, asked Asked) error {
	now := g.now()
	g.mu.Lock()
	seen, ok := g.known[asked.Serial]
	if len(g.known) > maxKnown {
		clear(g.known)
	}
	g.mu.Unlock()
	if age := now.Sub(seen.at); ok && age >= 0 && age < goodnessLife {
		return seen.err
	}
	err := g.ask(ctx, asked)
	if pki.KindOf(err) == pki.Unavailable {
		return err
	}
	g.mu.Lock()
	g.known[asked.Serial] = judged{now, err}
	g.mu.Unlock()
	return err
}

// lists asks a CA across the network by its CRLs, so that a component that is not
// the CA refuses revoked and held officers too. It fails closed: no list that is
// current, no entry.
type lists struct {
	ca      string // address of the CA's API
	options Options
	trust   []*smx509.Certificate
	caller  func() caller

	tries  atomic.Int64
	mu     sync.Mutex
	known  map[string]*revoked // by issuer id
	failed map[string]failure  // the last failed try, by issuer id
}

func newLists(address string, options Options, trust []*smx509.Certificate, how func() caller) *lists {
	return &lists{ca: address, options: options, trust: trust, caller: how, known: map[string]*revoked{}, failed: map[string]failure{}}
}

// failure is a try to get a list that failed; those who came before it began share it,
// so that a CA which does not even refuse keeps nobody waiting in a row of time-outs.
type failure struct {
	try int64
	err error
}

// revoked is what the lists of an issuer say: the complete one and, because that may be
// older by minutes where it is long, the delta since.
type revoked struct {
	fetched     time.Time
	full, delta *verifiedList // delta is nil where the CA has made none
}

// until is when one of the lists lapses.
func (r *revoked) until() time.Time {
	if r.delta != nil && r.delta.until.Before(r.full.until) {
		return r.delta.until
	}
	return r.full.until
}

// reason returns why a certificate is listed. What the delta says of it is the newest.
func (r *revoked) reason(serial pki.Serial) (reason pki.Reason, listed bool) {
	if r.delta != nil && r.delta.number >= r.full.number {
		if reason, listed = r.delta.reasons[serial]; listed {
			return reason, reason != pki.RemoveFromCRL
		}
	}
	reason, listed = r.full.reasons[serial]
	return reason, listed
}

// fresh is how long a list is used before the CA is asked for its newest.
const fresh = 5 * time.Second

func (l *lists) good(ctx context.Context, asked Asked) error {
	id, err := issuerID(asked.Where)
	if err != nil {
		return err
	}
	list, err := l.list(ctx, id, asked.Issuer)
	if err != nil {
		return pki.Errorf(pki.Unavailable, "officer.status", "nobody can say now whether this certificate is good").
			To("the CA must be reachable, or its last CRL current").Because(err)
	}
	reason, listed := list.reason(asked.Serial)
	switch {
	case listed && reason == pki.CertificateHold:
		return notGood(pki.Held)
	case listed:
		return notGood(pki.Revoked)
	}
	return nil
}

// list returns a current CRL: the one at hand if it is fresh, else the CA's newest,
// else, while the CA does not answer, the one at hand until it lapses.
func (l *lists) list(ctx context.Context, id string, name []byte) (*revoked, error) {
	came := l.tries.Load()
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.options.now()()
	have := l.known[id]
	if have != nil && now.Sub(have.fetched) < fresh {
		return have, nil
	}
	if last := l.failed[id]; last.try > came {
		return nil, last.err
	}
	try := l.tries.Add(1)
	list, err := l.fetch(ctx, id, name, have)
	if err == nil {
		l.known[id] = list
		return list, nil
	}
	if have != nil && now.Before(have.until()) {
		l.options.log().Warn("the CA's newest CRL cannot be had; the one at hand is used", "issuer", id, "until", have.until(), "error", err)
		have.fetched = now
		return have, nil
	}
	l.failed[id] = failure{try, err}
	return nil, err
}

func (l *lists) fetch(ctx context.Context, id string, name []byte, have *revoked) (*revoked, error) {
	api, err := l.caller().client(l.ca)
	if err != nil {
		return nil, err
	}
	defer api.HTTP.CloseIdleConnections()
	api.Timeout = 10 * time.Second
	client := ca.NewClient(api)
	return l.newest(name, have, func(delta bool) (*ca.CRL, error) { return client.LatestCRL(ctx, id, pki.CompleteList, delta) })
}
