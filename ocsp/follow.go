package ocsp

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"onecert/pki"
	"onecert/status"
)

// pulseEach is how often the journal's end is looked at, to know how fresh the copy is.
const pulseEach = 250 * time.Millisecond

// compareEach is how soon a journal that was restored beneath a running responder is
// noticed; what was ready before is served so long at most.
const compareEach = 500 * time.Millisecond

// follower is where the room stands in the journal.
type follower struct {
	position atomic.Int64 // of the last entry applied
	fresh    atomic.Int64 // nanoseconds since 1970: whatever happened until then is applied; 0: nothing is known
	caught   atomic.Bool  // the copy in memory was complete once

	mu      sync.Mutex
	last    status.Entry // at position
	ahead   status.Entry // the last that may be applied already
	pending pulse        // seen at the journal's end and not reached yet
	failing bool
}

// pulse is the journal's end at a moment.
type pulse struct {
	at  time.Time
	end int64
}

func (f *follower) complete() bool { return f.caught.Load() }

func (f *follower) freshness() time.Time { return time.Unix(0, f.fresh.Load()) }

// seen notes the journal's end at a moment: reached already, the copy is as fresh as
// that; else once it is.
func (f *follower) seen(p pulse) {
	f.mu.Lock()
	defer f.mu.Unlock()
	position := f.position.Load()
	switch {
	case position >= p.end:
		f.reached(p)
	case !f.pending.at.IsZero() && position >= f.pending.end:
		f.reached(f.pending)
		f.pending = p
	case f.pending.at.IsZero():
		f.pending = p
	}
}

func (f *follower) reached(p pulse) {
	if at := p.at.UnixNano(); at > f.fresh.Load() {
		f.fresh.Store(at)
	}
	f.pending = pulse{}
	f.caught.Store(true)
}

// keepCopy takes up the copy that was left, follows the journal from there, and
// writes the copy down now and then and at the end.
func (r *Responder) keepCopy(ctx context.Context) error {
	r.loadCopy(ctx)
	var others sync.WaitGroup
	defer others.Wait()
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	others.Go(func() { r.pulse(inner) })
	others.Go(func() { r.saveCopies(inner) })
	for {
		err := r.followOn(ctx)
		if ctx.Err() != nil {
			return r.saveCopy()
		}
		r.followFailed(err)
		if pki.CodeOf(err) == "status.rewound" || errors.Is(err, errCopy) {
			r.startOver()
		}
		select {
		case <-ctx.Done():
		case <-time.After(pulseEach):
		}
	}
}

// followOn applies entry after entry. A database restored from a backup may have gone
// past the position again before anybody looks, so the last entry applied is compared
// with the journal's of its number: before something is added to it, and while nothing
// comes.
func (r *Responder) followOn(ctx context.Context) error {
	for {
		entries, err := r.await(ctx)
		if err != nil {
			return err
		}
		r.follow.mu.Lock()
		last := r.follow.last
		r.follow.mu.Unlock()
		if last.Number > 0 {
			if err := r.sameJournal(ctx, last); err != nil {
				return err
			}
		}
		if len(entries) > 0 {
			r.apply(entries)
		}
	}
}

// await returns the next entries, after a while none.
func (r *Responder) await(ctx context.Context) ([]status.Entry, error) {
	held, cancel := context.WithTimeout(ctx, compareEach)
	defer cancel()
	entries, err := r.cfg.Journal.Next(held, r.follow.position.Load(), 0)
	if err != nil && held.Err() != nil && ctx.Err() == nil {
		return nil, nil
	}
	return entries, err
}

// followFailed logs that the journal cannot be read, once until it can again.
func (r *Responder) followFailed(err error) {
	r.follow.mu.Lock()
	defer r.follow.mu.Unlock()
	if !r.follow.failing {
		r.cfg.Log.Warn("the status journal cannot be followed", "position", r.follow.position.Load(), "error", err)
	}
	r.follow.failing = true
}

// apply takes entries over: first into the copy, then the answers about them go, so
// that an answer made from the old state is never kept after (room's type ready).
func (r *Responder) apply(entries []status.Entry) {
	r.follow.mu.Lock()
	r.follow.ahead = entries[len(entries)-1]
	r.follow.mu.Unlock()
	for i := range entries {
		e := &entries[i]
		place, served := r.places[e.Issuer]
		if !served {
			continue
		}
		key, ok := journalKey(place, e.Serial)
		if !ok {
			continue
		}
		found := record{notAfter: stamp(e.NotAfter)}
		switch e.Event {
		case status.Issued, status.Released:
			found.state = slotValid
		case status.Held:
			found.state, found.listing = slotHeld, listingOf(e.At, e.Invalidity, e.Reason)
		case status.Revoked:
			found.state, found.listing = slotRevoked, listingOf(e.At, e.Invalidity, e.Reason)
		}
		r.known.set(key, found)
		r.ready.drop(key, r.names.forms())
	}
	r.follow.mu.Lock()
	defer r.follow.mu.Unlock()
	r.follow.last = r.follow.ahead
	r.follow.position.Store(r.follow.last.Number)
	r.follow.failing = false
}

// startOver forgets a journal that is no longer the one that was followed. Nobody may
// find the copy complete (follower.seen) before all of it is forgotten.
func (r *Responder) startOver() {
	r.follow.mu.Lock()
	defer r.follow.mu.Unlock()
	r.follow.caught.Store(false)
	r.follow.fresh.Store(0)
	r.follow.position.Store(0)
	r.follow.last, r.follow.ahead, r.follow.pending = status.Entry{}, status.Entry{}, pulse{}
	r.known.clear()
	r.ready.clear()
	r.cfg.Log.Warn("the status journal is another one: followed again from its beginning")
}

// pulse looks at the journal's end until ctx ends.
func (r *Responder) pulse(ctx context.Context) {
	tick := time.NewTicker(pulseEach)
	defer tick.Stop()
	for {
		r.look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (r *Responder) look(ctx context.Context) {
	at, err := r.clock.read() // before the question: later entries are not covered
	if err != nil {
		return
	}
	at = at.Add(-r.behind())
	position := r.follow.position.Load()
	end, err := r.cfg.Journal.Last(ctx)
	if err != nil {
		if ctx.Err() == nil {
			r.followFailed(err)
		}
		return
	}
	if position <= end { // else it is another journal, as followOn is about to learn
		r.follow.seen(pulse{at, end})
	}
}

// behind is how far the journal followed is behind the CA's.
func (r *Responder) behind() time.Duration {
	if r.cfg.Behind == nil {
		return 0
	}
	return max(0, r.cfg.Behind())
}
