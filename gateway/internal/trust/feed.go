package trust

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"onecert/pki"
	"onecert/verify"
)

// issuerID is a CA as the issuer of certificates: its name and its key. Whoever signs
// under the same name with another key speaks about other certificates.
type issuerID [sha256.Size]byte

func issuerOf(c *verify.Certificate) issuerID {
	h := sha256.New()
	h.Write(c.Subject)
	h.Write(c.SPKI)
	return issuerID(h.Sum(nil))
}

// feed is a source of one list. Readers take what current points to; whatever happens
// to the source, they never wait.
type feed struct {
	*sourcePlan
	store   *Store
	current atomic.Pointer[list]
	http    *http.Client

	loading sync.Mutex // one load at a time
	mu      sync.Mutex // guards what follows
	before  fetched    // without data
	at      time.Time  // of the last success
	next    time.Time
	fails   int
	fault   error
}

func newFeed(s *Store, p *sourcePlan) *feed {
	f := &feed{sourcePlan: p, store: s}
	if p.url != nil {
		f.http = p.client()
	}
	return f
}

// inherit takes over what a source of the same place had under another configuration, if
// whoever signed it is still among those who may.
func (f *feed) inherit(from *feed) bool {
	l := from.current.Load()
	if l == nil || !slices.ContainsFunc(f.signers, func(c *verify.Certificate) bool { return issuerOf(c) == l.signer }) || f.ends(l).IsZero() {
		return false
	}
	f.current.Store(l)
	from.mu.Lock()
	defer from.mu.Unlock()
	f.before, f.at = from.before, from.at
	return true
}

// clockSkew is how far the clocks of those who sign lists may be ahead of ours.
const clockSkew = 5 * time.Minute

// ends is when a list ends; zero if it does not say and nobody has said it for it.
func (f *feed) ends(l *list) time.Time {
	if l.nextUpdate.IsZero() && f.maxAge > 0 {
		return l.thisUpdate.Add(f.maxAge)
	}
	return l.nextUpdate
}

// take judges the octets of a list and puts it in the place of the one before. It
// reports whether it is another one.
func (f *feed) take(data []byte) (changed bool, err error) {
	der, err := fromPEM(data)
	if err != nil {
		return false, err
	}
	before := f.current.Load()
	if before != nil && before.id == sha256.Sum256(der) {
		return false, nil
	}
	next, err := readList(der)
	if err != nil {
		return false, err
	}
	if err := f.believe(next); err != nil {
		return false, err
	}
	if err := f.follows(next, before); err != nil {
		return false, err
	}
	if err := next.readEntries(); err != nil {
		return false, err
	}
	f.current.Store(next)
	f.store.changed()
	return true, nil
}

// believe looks for the CA that signed the list.
func (f *feed) believe(l *list) error {
	code := "crl.scope"
	for _, signer := range f.signers {
		found := signer.SignsList(l.issuer, l.tbs, l.algorithm, l.signature)
		if found == "" {
			l.signer = issuerOf(signer)
			l.tbs, l.algorithm, l.signature = nil, nil, nil
			if f.store.opts.Now().Add(clockSkew).Before(l.thisUpdate) {
				return refused("crl.future", "the list begins in the future").To("look at the clocks of this machine and of the CA")
			}
			if f.ends(l).IsZero() {
				return refused("crl.no-next-update", "the list does not say when it ends").To("say at the source how old it may become (maxAge)")
			}
			return nil
		}
		if code == "crl.scope" {
			code = found
		}
	}
	if code == "crl.scope" {
		return refused("crl.signer", "the list is of a CA that is not among the certificates of %s", f.ca).
			To("add its certificate to the CA's intermediates, or take the list out")
	}
	words := verify.ReasonOf(code, nil)
	return pki.Errorf(pki.Invalid, words.Code, "%s", words.Wrong).To("%s", words.Remedy)
}

// follows: a source goes on with the same list, and never backwards (RFC 5280 5.2.3): an
// older one would take revocations back.
func (f *feed) follows(l, before *list) error {
	switch {
	case before == nil:
		return nil
	case string(before.issuer) != string(l.issuer) || before.scope.raw != l.scope.raw || (before.base == nil) != (l.base == nil):
		return refused("crl.another", "the source gives another list than before: of another issuer, distribution point or kind").
			To("make a source of its own for each list")
	case before.number != nil && (l.number == nil || l.number.Cmp(before.number) < 0):
		return refused("crl.number", "the source gives an older list than before, by its number").To("look for a mirror that is behind")
	case l.thisUpdate.Before(before.thisUpdate):
		return refused("crl.older", "the source gives an older list than before, by its time").To("look for a mirror that is behind")
	}
	return nil
}

// load fetches and takes, and notes how it went.
func (f *feed) load(ctx context.Context) error {
	f.loading.Lock()
	defer f.loading.Unlock()
	f.mu.Lock()
	before := f.before
	f.mu.Unlock()
	if f.current.Load() == nil {
		before = fetched{} // nothing to be unchanged
	}
	got, err := f.fetch(ctx, f.http, before)
	if err == nil && !got.unchanged {
		var changed bool
		if changed, err = f.take(got.data); changed && err == nil {
			f.store.keep(f.sourcePlan, got.data)
		}
	}
	if ctx.Err() != nil && err != nil {
		return ctx.Err()
	}
	f.note(got, err)
	return err
}

// note keeps how a look went, and says in the log when that changes.
func (f *feed) note(got fetched, err error) {
	now := f.store.opts.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	failed := f.fails > 0
	if err != nil {
		f.fails++
		f.fault = err
		if !failed {
			f.store.log("a source of revocation data fails", "ca", f.ca, "source", f.row.Name, "error", err)
		}
		f.next = now.Add(f.store.jitter(backOff(f.fails)))
		return
	}
	got.data = nil
	f.before, f.at, f.fails, f.fault = got, now, 0, nil
	f.next = now.Add(f.store.jitter(f.pause(now)))
	if failed {
		f.store.log("a source of revocation data is good again", "ca", f.ca, "source", f.row.Name)
	}
}

// How often is looked.
const (
	pauseLeast  = 30 * time.Second
	pauseMost   = 24 * time.Hour
	backOffBase = 5 * time.Second
	backOffMost = 10 * time.Minute
)

// backOff doubles with each failure in a row.
func backOff(fails int) time.Duration {
	return min(backOffBase<<min(fails-1, 10), backOffMost)
}

// pause is half of what is left of the list's life, or as the source says if that is
// sooner. A list past its end is looked for at short intervals.
func (f *feed) pause(now time.Time) time.Duration {
	pause := pauseMost
	if l := f.current.Load(); l != nil {
		pause = min(max(f.ends(l).Sub(now)/2, pauseLeast), pauseMost)
	}
	if f.every > 0 {
		pause = min(pause, f.every)
	}
	return pause
}

// lookEach is how often is looked whether it is time: the clock may be set.
const lookEach = time.Minute

// due is how long to wait. A moment further off than any pause is of a clock that was
// ahead.
func (f *feed) due(now time.Time) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	wait := f.next.Sub(now)
	if wait > pauseMost+pauseMost/5 {
		return 0
	}
	return max(wait, 0)
}

// run looks at the source when it is time, until ctx ends.
func (f *feed) run(ctx context.Context) {
	for {
		wait := f.due(f.store.opts.Now())
		if wait == 0 {
			_ = f.load(ctx) // noted
			wait = f.due(f.store.opts.Now())
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(min(wait, lookEach)):
		}
	}
}

// health tells how the source is.
func (f *feed) health(now time.Time) SourceHealth {
	f.mu.Lock()
	h := SourceHealth{CA: f.ca, Source: f.row.Name, Kind: f.row.Kind, State: "missing", Fetched: f.at, Next: f.next, Failures: f.fails}
	if f.fault != nil {
		h.Error = plainly(f.fault)
	}
	f.mu.Unlock()
	if f.url != nil {
		h.Address = f.url.Scheme + "://" + f.url.Host + f.url.EscapedPath()
	} else {
		h.Next = time.Time{}
	}
	l := f.current.Load()
	if l == nil {
		return h
	}
	h.describe(l)
	h.NextUpdate = f.ends(l)
	h.Age = now.Sub(l.thisUpdate).Seconds()
	if h.State = "good"; now.After(h.NextUpdate) {
		h.State = "stale"
	}
	return h
}

func (h *SourceHealth) describe(l *list) {
	if name, err := pki.NameOf(l.issuer); err == nil {
		h.Issuer = name.String()
	}
	if l.number != nil {
		h.Number = l.number.String()
	}
	h.Delta = l.base != nil
	h.ThisUpdate = l.thisUpdate
	h.Entries, h.Bytes = int64(l.entries.count()), l.entries.size()
}

// plainly is an error for people: ours as it is, others shortened.
func plainly(err error) string {
	text := []rune(fmt.Sprint(err))
	if len(text) > 300 {
		text = append(text[:300], '…')
	}
	return string(text)
}
