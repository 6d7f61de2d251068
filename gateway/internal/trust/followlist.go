package trust

import (
	"bytes"
	"cmp"
	"context"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"onecert/pki"
	"onecert/trustlist"
)

// follower follows one signed list: it fetches and verifies it, and holds the newest there
// was. What it says counts only when it is adopted, which is the owner's.
type follower struct {
	*sourcePlan
	store *Store
	http  *http.Client
	stop  context.CancelFunc

	loading sync.Mutex // one load at a time
	mu      sync.Mutex // guards what follows
	listed  *listPlan
	held    *trustlist.Opened
	before  fetched // without data
	at      time.Time
	next    time.Time
	fails   int
	fault   error
}

// ListHealth is how a list is that is followed.
type ListHealth struct {
	Name     string    `json:"name"`
	State    string    `json:"state" enum:"good,waiting,ended,missing" doc:"waiting: a newer one is here than counts; ended: the one that counts is past its end; missing: none counts"`
	Adopted  int64     `json:"adopted,omitempty" doc:"number that counts"`
	Ends     time.Time `json:"ends,omitzero" doc:"of the one that counts"`
	Held     int64     `json:"held,omitempty" doc:"number of the newest that is here"`
	Issued   time.Time `json:"issued,omitzero" doc:"of that one"`
	HeldEnds time.Time `json:"heldEnds,omitzero"`
	By       string    `json:"by,omitempty" doc:"publisher, as the list says"`
	Signer   string    `json:"signer,omitempty" doc:"SHA-256 of the certificate that signed it"`
	Fetched  time.Time `json:"fetched,omitzero"`
	Next     time.Time `json:"next,omitzero"`
	Failures int       `json:"failures" doc:"in a row"`
	Error    string    `json:"error,omitempty" doc:"the last failure since it was good, in words"`
	Code     string    `json:"code,omitempty" doc:"of that failure"`
}

func errNoList(name string) error {
	return pki.Errorf(pki.Unknown, "trust.list", "there is no list %.31q", name).To("see the lists of the trust configuration")
}

// followLists puts the lists of a configuration to work. Those of the same place, name and
// signers go on with what they hold. The caller holds s.mu.
func (s *Store) followLists(p *plan) {
	before := s.followers
	s.followers = map[string]*follower{}
	for _, l := range p.lists {
		old := before[l.list.Name]
		if old != nil && old.goesOn(l) {
			s.followers[l.list.Name] = old
			delete(before, l.list.Name)
			continue
		}
		f := &follower{sourcePlan: l.sourcePlan, listed: l, store: s}
		f.recall()
		ctx, stop := context.WithCancel(s.life)
		f.stop = stop
		if f.url != nil {
			f.http = f.client()
			s.spawn(func() { f.run(ctx) })
		}
		s.followers[l.list.Name] = f
	}
	for _, gone := range before {
		gone.stop()
	}
}

// goesOn takes up what the configuration says now, if it means the same list.
func (f *follower) goesOn(l *listPlan) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.key != l.key || f.listed.list.Signers != l.list.Signers || f.listed.list.Of != l.list.Of {
		return false
	}
	f.listed = l
	return true
}

// take verifies a list and holds it, if its number is higher than any seen.
func (f *follower) take(message []byte) (changed bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.listed
	l, err := trustlist.Open(message, p.pinned, f.store.opts.Now())
	if err != nil {
		return false, err
	}
	if l.Name != p.list.Of {
		return false, refused("trustlist.another", "it is another list: it calls itself %s", l.Name).To("look at its address")
	}
	if l.Ended(f.store.opts.Now()) {
		return false, refused("trustlist.ended", "the list ended on %s", l.Ends.UTC().Format(time.DateOnly)).To("ask the centre for its successor")
	}
	switch held := f.held; {
	case held != nil && bytes.Equal(held.Text, l.Text):
		return false, nil
	case held != nil && l.Number == held.Number:
		return false, refused("trustlist.twice", "there are two different lists of the number %d", l.Number).To("ask the centre; it may have been forged")
	case held != nil && l.Number < held.Number, l.Number < p.already:
		return false, refused("trustlist.older", "the list has the number %d, and a later one was here", l.Number).To("look for a mirror that is behind")
	}
	f.held = l
	return true, nil
}

// recall takes up what was kept. One that has ended meanwhile is still the highest number
// that was seen.
func (f *follower) recall() {
	if f.store.opts.Dir == "" {
		return
	}
	message, err := os.ReadFile(f.store.kept(f.sourcePlan))
	if err != nil {
		return // none was kept
	}
	l, err := trustlist.Open(message, f.listed.pinned, f.store.opts.Now())
	if err != nil || l.Name != f.listed.list.Of {
		f.store.log("a kept trust list is of no use", "list", f.row.Name, "error", err)
		return
	}
	f.held = l
}

func (f *follower) load(ctx context.Context) error {
	f.loading.Lock()
	defer f.loading.Unlock()
	f.mu.Lock()
	before := f.before
	if f.held == nil {
		before = fetched{}
	}
	f.mu.Unlock()
	got, err := f.fetch(ctx, f.http, before)
	if err == nil && !got.unchanged {
		err = f.accept(got.data)
	}
	if ctx.Err() != nil && err != nil {
		return ctx.Err()
	}
	f.note(got, err)
	return err
}

// accept takes a list, keeps it for the next start, and tells the owner.
func (f *follower) accept(message []byte) error {
	changed, err := f.take(message)
	if err != nil || !changed {
		return err
	}
	f.store.keep(f.sourcePlan, message)
	if f.store.opts.OnList != nil {
		f.store.opts.OnList()
	}
	return nil
}

func (f *follower) note(got fetched, err error) {
	now := f.store.opts.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil {
		if f.fails++; f.fails == 1 {
			f.store.log("a trust list fails", "list", f.row.Name, "error", err)
		}
		f.fault, f.next = err, now.Add(f.store.jitter(backOff(f.fails)))
		return
	}
	got.data = nil
	f.before, f.at, f.fails, f.fault = got, now, 0, nil
	f.next = now.Add(f.store.jitter(f.every))
}

// run looks when it is time, until ctx ends.
func (f *follower) run(ctx context.Context) {
	for {
		f.mu.Lock()
		wait := f.next.Sub(f.store.opts.Now())
		if wait > f.every+f.every/5+backOffMost { // the clock was ahead
			wait = 0
		}
		f.mu.Unlock()
		if wait <= 0 {
			_ = f.load(ctx) // noted
			wait = time.Second
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(min(wait, lookEach)):
		}
	}
}

func (f *follower) health(now time.Time) ListHealth {
	f.mu.Lock()
	defer f.mu.Unlock()
	h := ListHealth{Name: f.row.Name, State: "missing", Fetched: f.at, Next: f.next, Failures: f.fails}
	if f.url == nil {
		h.Next = time.Time{}
	}
	if f.fault != nil {
		h.Error, h.Code = plainly(f.fault), pki.CodeOf(f.fault)
	}
	if l := f.held; l != nil {
		h.Held, h.Issued, h.HeldEnds, h.By, h.Signer = l.Number, l.Issued, l.Ends, l.Publisher, pki.Fingerprint(l.Signer.Raw)
	}
	if a := f.listed.list.Adopted; a != nil {
		h.Adopted, h.Ends, h.State = a.Number, a.Ends, "good"
		switch {
		case !now.Before(a.Ends):
			h.State = "ended"
		case h.Held > a.Number:
			h.State = "waiting"
		}
	}
	return h
}

// ListHealth tells how every list is, by name.
func (s *Store) ListHealth() []ListHealth {
	now := s.opts.Now()
	s.mu.Lock()
	all := make([]ListHealth, 0, len(s.followers))
	for _, f := range s.followers {
		all = append(all, f.health(now))
	}
	s.mu.Unlock()
	slices.SortFunc(all, func(a, b ListHealth) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

func (s *Store) follower(name string) (*follower, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.followers[name]; f != nil {
		return f, nil
	}
	return nil, errNoList(name)
}

// Held is the newest list that is here, verified; nil: none. One that has ended is not
// returned.
func (s *Store) Held(name string) (*trustlist.List, error) {
	f, err := s.follower(name)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.held == nil || f.held.Ended(s.opts.Now()) {
		return nil, nil
	}
	return f.held.List, nil
}

// UploadTrustList hands in a list, also where it is usually fetched: a gateway without a
// way to the centre gets it on a disk.
func (s *Store) UploadTrustList(name string, message []byte) error {
	f, err := s.follower(name)
	if err != nil {
		return err
	}
	f.loading.Lock()
	defer f.loading.Unlock()
	return f.accept(message)
}

// RefreshTrustList fetches a list now.
func (s *Store) RefreshTrustList(ctx context.Context, name string) error {
	f, err := s.follower(name)
	if err != nil {
		return err
	}
	if f.url == nil {
		return pki.Errorf(pki.Conflict, "trust.upload", "the source is handed its list").To("upload it")
	}
	if err = f.load(ctx); err != nil && pki.KindOf(err) == pki.Internal {
		err = pki.Errorf(pki.Unavailable, "trust.fetch", "the list could not be fetched: %s", plainly(err)).To("look at the address and at the server")
	}
	return err
}
