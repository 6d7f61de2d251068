package ocsp

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"onecert/pki"
)

// Why nothing can be said now. The client reads the code in a header.
var (
	errBehind   = errors.New("the copy of the journal is too far behind")
	errNoSigner = errors.New("there is no key to sign with")
	errJournal  = errors.New("the status journal does not answer")
)

// answer is a finished response with the headers it goes out with. What a request
// needs of it lies close together: with many answers, fetching it from memory is what
// one costs.
type answer struct {
	body    []byte
	refresh int64 // nanoseconds since 1970: from then on it is made anew if that works
	next    int64 // nextUpdate: from then on it is not given out
	kind    kind
	final   bool        // revoked: true forever
	used    atomic.Bool // since the clock's hand passed (type ready)
	etag    [1]string

	expires  []string // these are shared by answers of the same second
	modified []string
	control  []string

	key readyKey
	at  int // in the ring
}

// question is one request, understood: certificates of one issuer.
type question struct {
	issuer uint8
	form   uint8
	keys   []certKey
	known  []bool // false for a serial no certificate can have
	ids    [][]byte
	nonce  []byte
}

// moment is when a question is answered: now, and how fresh what is known is.
type moment struct {
	now      time.Time
	fresh    time.Time // everything that happened until then is known
	stale    bool
	complete bool // from the copy in memory; else from the journal's table
}

func (r *Responder) moment() (moment, error) {
	now, err := r.clock.read()
	if err != nil {
		return moment{}, err
	}
	at := moment{now: now, complete: r.follow.complete()}
	if at.complete {
		at.fresh = r.follow.freshness()
	} else { // the table knows everything the journal does
		at.fresh = now.Add(-r.behind())
	}
	at.stale = now.Sub(at.fresh) > r.cfg.MaxLag
	return at, nil
}

// fateOf judges one certificate: unknown until it is valid, then good, revoked or held,
// and after its expiry the same for as long as the archive goes back.
func (r *Responder) fateOf(ctx context.Context, key certKey, at moment) (fate, error) {
	found, ok, err := r.lookUp(ctx, key, at)
	if err != nil {
		return fate{}, err
	}
	if !ok {
		return fate{state: pki.Reserved}, nil
	}
	f := fate{}
	if expires := found.expires(); at.now.After(expires) {
		f.cutoff = at.now.Add(-r.cfg.Archive)
		if expires.Before(f.cutoff) {
			return fate{state: pki.Reserved}, nil
		}
	}
	switch found.state {
	case slotValid:
		f.state = pki.Valid
		return f, nil
	case slotHeld:
		f.state = pki.Held
	default:
		f.state = pki.Revoked
	}
	f.at, f.reason = time.UnixMilli(found.at), pki.Reason(found.reason)
	if found.invalidity != 0 {
		f.invalidity = time.UnixMilli(found.invalidity)
	}
	return f, nil
}

// lookUp asks the copy in memory or, until that has caught up, the journal's table.
func (r *Responder) lookUp(ctx context.Context, key certKey, at moment) (record, bool, error) {
	if at.complete {
		found, ok := r.known.get(key)
		if !r.follow.complete() { // it was just forgotten
			return record{}, false, errBehind
		}
		return found, ok, nil
	}
	row, err := r.cfg.Journal.Record(ctx, r.issuers[key.issuer].ID, key.number())
	switch {
	case pki.KindOf(err) == pki.Unknown && err != nil:
		return record{}, false, nil
	case err != nil:
		return record{}, false, fmt.Errorf("%w: %w", errJournal, err)
	}
	found := record{notAfter: stamp(row.NotAfter)}
	switch row.State {
	case pki.Valid:
		found.state = slotValid
		return found, true, nil
	case pki.Held:
		found.state = slotHeld
	case pki.Revoked:
		found.state = slotRevoked
	default:
		return record{}, false, nil
	}
	found.listing = listingOf(row.Changed, row.Invalidity, row.Reason)
	return found, true, nil
}

func listingOf(at, invalidity time.Time, reason pki.Reason) listing {
	l := listing{at: at.UnixMilli(), reason: uint8(reason)}
	if !invalidity.IsZero() {
		l.invalidity = invalidity.UnixMilli()
	}
	return l
}

// answer makes an answer to a question. What it says may be kept if keep is true.
func (r *Responder) answer(ctx context.Context, q *question, at moment) (a *answer, keep bool, err error) {
	c := content{produced: at.now, thisUpdate: at.now, nonce: q.nonce, singles: make([]single, len(q.ids))}
	life, kind, final := r.cfg.Life, kindRevoked, true
	for i := range q.ids {
		c.singles[i] = single{id: q.ids[i], fate: fate{state: pki.Reserved}}
		if q.known[i] {
			if c.singles[i].fate, err = r.fateOf(ctx, q.keys[i], at); err != nil {
				return nil, false, err
			}
		}
		switch c.singles[i].state {
		case pki.Valid:
			kind, final = kindGood, false
		case pki.Held:
			kind, final = kindHeld, false
		case pki.Revoked:
		default:
			kind, final, life = kindUnknown, false, min(life, r.cfg.UnknownLife)
		}
	}
	if !final {
		if at.stale {
			return nil, false, errBehind
		}
		// What is said was true when the copy was last known to be complete.
		c.thisUpdate = at.fresh
	}
	c.nextUpdate = c.thisUpdate.Add(life)
	if a, err = r.sign(r.issuers[q.issuer], &c); err != nil {
		return nil, false, err
	}
	a.kind, a.final = kind, final
	// From the table nothing is kept: the follower may still be far from dropping it.
	keep = len(q.ids) == 1 && q.nonce == nil && kind != kindUnknown && at.complete
	if keep {
		r.label(a, &c)
	}
	return a, keep, nil
}

// sign encodes and signs. The answer ends with its signer's certificate at the latest.
func (r *Responder) sign(i *issuer, c *content) (*answer, error) {
	s := i.signer.Load()
	if s == nil || c.produced.Before(s.notBefore) {
		return nil, errNoSigner
	}
	if c.nextUpdate.After(s.notAfter) {
		c.nextUpdate = s.notAfter
	}
	if !c.nextUpdate.After(c.produced) {
		if c.produced.Before(s.notAfter) {
			return nil, errBehind
		}
		return nil, errNoSigner
	}
	c.keyHash = s.keyHash
	tbs := c.tbs()
	signature, err := s.key.SignMessage(nil, tbs, nil)
	if err != nil {
		return nil, wrap("signing an answer for "+i.ID, err)
	}
	r.counts.signed.Add(1)
	if f := i.failed.Load(); f != nil && f.signing {
		i.failed.CompareAndSwap(f, nil)
	}
	a := &answer{body: envelope(tbs, s.algorithm, signature, s.tail), next: c.nextUpdate.UnixNano()}
	a.refresh = c.thisUpdate.UnixNano() + (a.next-c.thisUpdate.UnixNano())/2
	return a, nil
}

// label gives an answer that may be cached the headers of RFC 5019 6.2, as net/http
// wants them: made once, shared by every request.
func (r *Responder) label(a *answer, c *content) {
	sum := sha256.Sum256(a.body)
	a.etag[0] = `"` + hex.EncodeToString(sum[:8]) + `"`
	a.modified = r.labels.text(c.thisUpdate.Unix(), dateHeader)
	a.expires = r.labels.text(c.nextUpdate.Unix(), dateHeader)
	a.control = r.labels.text(int64(min(r.cfg.MaxAge, c.nextUpdate.Sub(c.produced))/time.Second), cacheControl)
}

func dateHeader(unix int64) string { return time.Unix(unix, 0).UTC().Format(http.TimeFormat) }

func cacheControl(seconds int64) string {
	return "max-age=" + strconv.FormatInt(seconds, 10) + ", public, no-transform, must-revalidate"
}

// labels are the values of headers lately made, so that one text in memory serves many
// answers.
type labels struct {
	mu   sync.Mutex
	made map[int64][]string
}

// manyLabels is how many are remembered; then it begins anew.
const manyLabels = 4096

// text returns what write makes of a number. Numbers of seconds and times do not meet.
func (l *labels) text(n int64, write func(int64) string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if found, ok := l.made[n]; ok {
		return found
	}
	if l.made == nil || len(l.made) >= manyLabels {
		l.made = map[int64][]string{}
	}
	l.made[n] = []string{write(n)}
	return l.made[n]
}
