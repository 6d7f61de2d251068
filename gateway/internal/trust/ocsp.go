package trust

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"onecert/pki"
	"onecert/verify"
)

// responder is an OCSP source with the answers it has given. A certificate is asked for
// once at a time, whoever waits; an answer is asked for again before it ends, beside the
// requests that still use it.
type responder struct {
	*sourcePlan
	store *Store
	http  *http.Client
	room  chan struct{} // flights at once

	mu    sync.Mutex
	known map[answerKey]*answer
	at    time.Time // of the last answer
	fails int
	fault error
}

type answerKey struct {
	issuer issuerID
	key    serialKey
}

// answer is what is known of one certificate.
type answer struct {
	standing
	have    bool      // there was one
	refresh time.Time // asked for again from then on
	retry   time.Time // after a failure, not before then
	why     string    // of the failure
	flight  chan struct{}
}

// Limits of OCSP.
const (
	maxAnswers   = 100_000
	maxFlights   = 32
	maxAnswer    = 1 << 20
	flightTime   = 10 * time.Second
	retryAfter   = 10 * time.Second
	unstatedLife = time.Hour // of an answer that does not say when it ends
)

func newResponder(s *Store, p *sourcePlan) *responder {
	return &responder{sourcePlan: p, store: s, http: p.client(), room: make(chan struct{}, maxFlights), known: map[answerKey]*answer{}}
}

// status returns what the responder has said, and waits for it only where nothing usable
// is known. A rule that allows stale answers so keeps the wait off the way.
func (r *responder) status(ctx context.Context, k *link, at time.Time, allow time.Duration) standing {
	found, flight := r.look(k, at, allow)
	if flight == nil {
		return found
	}
	ctx, cancel := context.WithTimeout(ctx, flightTime)
	defer cancel()
	select {
	case <-flight:
	case <-ctx.Done():
		return unknown("ocsp.unreachable")
	}
	found, _ = r.look(k, at, allow)
	return found
}

// look returns what is known, and a flight to wait for if that is nothing.
func (r *responder) look(k *link, at time.Time, allow time.Duration) (standing, <-chan struct{}) {
	key := answerKey{k.issuer, k.key}
	r.mu.Lock()
	defer r.mu.Unlock()
	a := r.known[key]
	if a == nil {
		r.makeRoom(at)
		a = &answer{}
		r.known[key] = a
	}
	usable := a.have && !at.After(a.until.Add(allow))
	waits := a.retry.Sub(at)
	if (!usable || at.After(a.refresh)) && a.flight == nil && (waits <= 0 || waits > 2*retryAfter) { // longer: the clock was ahead
		r.fly(k, a)
	}
	switch {
	case usable:
		found := a.standing
		found.stale = found.code == Good && at.After(a.until)
		found.until = a.heldUntil(at, allow)
		return found, nil
	case a.flight != nil:
		return unknown("ocsp.unreachable"), a.flight
	}
	return unknown(a.why), nil
}

// heldUntil is how long who looks may go on without looking again: until it is time to ask
// for the next answer, so that open connections learn of it and never meet one that has
// ended while the responder is there.
func (a *answer) heldUntil(at time.Time, allow time.Duration) time.Time {
	next := a.refresh
	if !at.Before(next) {
		next = at.Add(retryAfter)
	}
	if ends := a.until.Add(allow); ends.Before(next) {
		return ends
	}
	return next
}

// fly asks in the background. r.mu is held.
func (r *responder) fly(k *link, a *answer) {
	select {
	case r.room <- struct{}{}:
	default:
		a.why = "ocsp.unreachable" // too many are under way
		return
	}
	flight := make(chan struct{})
	a.flight = flight
	c, issuer := k.c, k.above
	if !r.store.spawn(func() {
		found, refresh, err := r.ask(r.store.life, c, issuer)
		r.land(a, found, refresh, err)
		<-r.room
	}) {
		a.flight, a.why = nil, "ocsp.unreachable"
		<-r.room
		close(flight)
	}
}

// land notes what came of asking and wakes who waits.
func (r *responder) land(a *answer, found standing, refresh time.Time, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.store.opts.Now()
	flight := a.flight
	a.flight = nil
	defer close(flight)
	if err != nil {
		a.why, a.retry = "ocsp.unreachable", now.Add(r.store.jitter(retryAfter))
		if known := pki.CodeOf(err); words[known] != [2]string{} {
			a.why = known
		}
		r.fails++
		r.fault = err
		return
	}
	changed := a.have && a.code != found.code
	a.standing, a.have, a.refresh, a.why = found, found.code != StatusUnknown, refresh, found.why
	a.retry = time.Time{}
	if !a.have {
		a.retry = now.Add(r.store.jitter(retryAfter))
	}
	r.at, r.fails, r.fault = now, 0, nil
	if changed {
		r.store.changed()
	}
}

// makeRoom lets go of answers that have ended, or else of any.
func (r *responder) makeRoom(now time.Time) {
	if len(r.known) < maxAnswers {
		return
	}
	looked := 0
	for key, a := range r.known { // Go's order is random
		if looked++; a.flight == nil && (now.After(a.until) || looked > 16) {
			delete(r.known, key)
		}
		if looked > 32 {
			return
		}
	}
}

// ask puts the question and judges the answer.
func (r *responder) ask(ctx context.Context, c, issuer *verify.Certificate) (found standing, refresh time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, flightTime)
	defer cancel()
	var nonce []byte
	if r.row.Nonce {
		nonce = make([]byte, 32) // RFC 9654 2.1
		if _, err := io.ReadFull(r.store.opts.Random, nonce); err != nil {
			return found, refresh, fmt.Errorf("drawing a nonce: %w", err)
		}
	}
	got, err := r.post(ctx, c, verify.BuildOCSPRequest(c, issuer, nonce))
	if err != nil {
		return found, refresh, err
	}
	if r.row.Nonce && !bytes.Equal(got.Nonce(), nonce) {
		return found, refresh, errors.New("the responder answers with another nonce, or without one")
	}
	now := r.store.opts.Now()
	// The issuer has been found good with the path; it answers for its own here.
	verdict := verify.Check(ctx, verify.Request{Certificate: c, Roots: []*verify.Certificate{issuer}, At: now, Purpose: verify.Any,
		Answers: []*verify.Answer{got}})
	found, refresh = r.weigh(verdict, now)
	return found, refresh, nil
}

// weigh turns a verdict about one certificate into its standing.
func (r *responder) weigh(v verify.Verdict, now time.Time) (found standing, refresh time.Time) {
	found = unknown("ocsp.unreachable")
	for _, reason := range v.Reasons {
		switch reason.Code {
		case "revocation.revoked", "revocation.held":
			why, err := pki.ParseReason(reason.Revocation)
			if reason.Code == "revocation.held" {
				why = pki.CertificateHold
			} else if err != nil {
				why = pki.Unspecified
			}
			found = revoked(listed{why, reason.Time})
		default:
			if !found.bad() {
				found.why = reason.Code
			}
		}
	}
	if v.Good {
		found = standing{code: Good}
	}
	if found.code == StatusUnknown || len(v.Evidence) == 0 {
		return found, time.Time{}
	}
	e := v.Evidence[0]
	if found.until = e.NextUpdate; found.until.IsZero() {
		found.until = e.ThisUpdate.Add(unstatedLife)
	}
	refresh = now.Add(found.until.Sub(now) / 2)
	if r.maxAge > 0 && now.Add(r.maxAge).Before(refresh) {
		refresh = now.Add(r.maxAge)
	}
	return found, refresh
}

// post sends the request to the responder configured, or to the one the certificate
// names, which a CA that is trusted has written there.
func (r *responder) post(ctx context.Context, c *verify.Certificate, request []byte) (*verify.Answer, error) {
	address := ""
	if r.url != nil {
		address = r.url.String()
	} else if all := c.OCSP(); len(all) > 0 {
		address = all[0]
	}
	if address == "" {
		return nil, pki.Errorf(pki.Invalid, "ocsp.no-address", "the certificate names no OCSP responder, and none is configured")
	}
	out, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(request))
	if err != nil || out.URL.Scheme != "http" && out.URL.Scheme != "https" || out.URL.User != nil {
		return nil, errors.New("the address of the OCSP responder is none")
	}
	out.Header.Set("Content-Type", "application/ocsp-request")
	out.Header.Set("Accept", "application/ocsp-response")
	response, err := r.do(r.http, out)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the OCSP responder answers %d", response.StatusCode)
	}
	der, err := readAll(response.Body, response.ContentLength, maxAnswer)
	if err != nil {
		return nil, err
	}
	return verify.ParseAnswer(der)
}

// health tells how the responder is.
func (r *responder) health(now time.Time) SourceHealth {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := SourceHealth{CA: r.ca, Source: r.row.Name, Kind: r.row.Kind, State: "good", Fetched: r.at, Failures: r.fails, Entries: int64(len(r.known))}
	if r.url != nil {
		h.Address = r.url.Scheme + "://" + r.url.Host + r.url.EscapedPath()
	}
	if r.fault != nil {
		h.Error = plainly(r.fault)
		h.State = "stale"
	}
	if r.at.IsZero() && r.fault != nil {
		h.State = "missing"
	}
	if !r.at.IsZero() {
		h.Age = now.Sub(r.at).Seconds()
	}
	return h
}
