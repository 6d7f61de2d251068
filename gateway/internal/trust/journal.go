package trust

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"onecert/pki"
	"onecert/status"
)

// journal follows the platform's own status journal for one CA and keeps what is held or
// revoked in memory. That a certificate was issued at all is asked once, with its path.
type journal struct {
	*sourcePlan
	store  *Store
	issuer issuerID

	mu     sync.RWMutex
	listed *serials
	issued *serials // what was asked about and is on record: that never changes
	loaded atomic.Bool
	ready  chan struct{} // closed when loaded
	fresh  atomic.Int64  // nanoseconds since 1970: whatever happened until then is known

	state struct { // of the follower, for health
		sync.Mutex
		number int64
		fault  error
		fails  int
	}
}

const (
	usualMaxAge = time.Minute
	pulseEach   = 250 * time.Millisecond
	expiredKeep = 24 * time.Hour // entries of certificates that ended before are not taken up
)

func newJournal(s *Store, p *sourcePlan) *journal {
	return &journal{sourcePlan: p, store: s, issuer: issuerOf(p.about), listed: newSerials(0), issued: newSerials(0), ready: make(chan struct{})}
}

// status says what the journal knows of a certificate.
func (j *journal) status(k *link, at time.Time, allow time.Duration) standing {
	if !j.loaded.Load() {
		return unknown("status.stale")
	}
	j.mu.RLock()
	entry, ok := j.listed.find(&k.key)
	j.mu.RUnlock()
	if ok && entry.reason != pki.RemoveFromCRL {
		return revoked(entry)
	}
	ends := j.ends()
	if at.After(ends.Add(allow)) {
		found := unknown("status.stale")
		found.when = ends
		return found
	}
	return standing{code: Good, until: ends.Add(allow), stale: at.After(ends)}
}

func (j *journal) ends() time.Time {
	life := j.maxAge
	if life == 0 {
		life = usualMaxAge
	}
	return time.Unix(0, j.fresh.Load()).Add(life)
}

// knows asks whether the CA has a record of a certificate. The code says what is wrong;
// err is set where that may be over at once.
func (j *journal) knows(ctx context.Context, serial pki.Serial) (code string, err error) {
	key := keyOfSerial(serial)
	j.mu.RLock()
	_, known := j.issued.find(&key)
	j.mu.RUnlock()
	if known {
		return "", nil
	}
	_, err = j.store.opts.Journal.Record(ctx, j.row.Issuer, serial)
	switch {
	case err == nil:
		j.mu.Lock()
		defer j.mu.Unlock()
		if j.issued.count() < j.store.opts.Remember {
			j.issued.set(&key, listed{})
		}
		return "", nil
	case pki.KindOf(err) == pki.Unknown:
		return "status.unknown", nil
	}
	if ctx.Err() == nil { // else who asked did not wait
		j.failed(err)
	}
	return "status.unavailable", err
}

// run follows until ctx ends.
func (j *journal) run(ctx context.Context) {
	for ctx.Err() == nil {
		err := j.follow(ctx)
		if ctx.Err() != nil {
			return
		}
		if errors.Is(err, errAnother) || pki.CodeOf(err) == "status.rewound" {
			j.mu.Lock()
			j.issued = newSerials(0)
			j.mu.Unlock()
		}
		j.failed(err)
		select {
		case <-ctx.Done():
		case <-time.After(pulseEach):
		}
	}
}

func (j *journal) failed(err error) {
	j.state.Lock()
	defer j.state.Unlock()
	if j.state.fails++; j.state.fails == 1 {
		j.store.log("the status journal cannot be followed", "ca", j.ca, "issuer", j.row.Issuer, "error", err)
	}
	j.state.fault = err
}

// errAnother says that the journal is not the one that was followed.
var errAnother = errors.New("the status journal is another one than before; it is read again from its beginning")

// follow takes up what is listed, then entry after entry. Until it has reached the end
// the journal had when all was read, an entry may be older than what was read.
func (j *journal) follow(ctx context.Context) error {
	source := j.store.opts.Journal
	begun := j.store.opts.Now()
	position, err := source.Last(ctx)
	if err != nil {
		return err
	}
	last, err := j.entry(ctx, position)
	if err != nil {
		return err
	}
	if err := j.takeUp(ctx); err != nil {
		return err
	}
	if err := j.reached(ctx, position, begun); err != nil {
		return err
	}
	for {
		at := j.store.opts.Now()
		held, cancel := context.WithTimeout(ctx, pulseEach)
		entries, err := source.Next(held, position, 0)
		late := held.Err() != nil
		cancel()
		if err != nil && (!late || ctx.Err() != nil) {
			return err
		}
		if now, err := j.entry(ctx, position); err != nil {
			return err
		} else if now != last {
			return errAnother
		}
		if len(entries) > 0 {
			j.apply(entries)
			last = entries[len(entries)-1]
			position = last.Number
		}
		if err := j.reached(ctx, position, at); err != nil {
			return err
		}
	}
}

// entry reads the entry of a number, to know the journal again.
func (j *journal) entry(ctx context.Context, number int64) (status.Entry, error) {
	if number == 0 {
		return status.Entry{}, nil
	}
	found, err := j.store.opts.Journal.Next(ctx, number-1, 1)
	if err != nil {
		return status.Entry{}, err
	}
	return found[0], nil
}

// takeUp reads all that is held or revoked into a new set.
func (j *journal) takeUp(ctx context.Context) error {
	fresh := newSerials(0)
	after := j.store.opts.Now().Add(-expiredKeep)
	err := j.store.opts.Journal.Listed(ctx, j.row.Issuer, -1, after, func(r status.Record) error {
		key := keyOfSerial(r.Serial)
		fresh.set(&key, listed{r.Reason, r.Changed})
		return nil
	})
	if err != nil {
		return err
	}
	j.mu.Lock()
	j.listed = fresh
	j.mu.Unlock()
	j.store.changed()
	return nil
}

// apply takes entries over at once, and then tells.
func (j *journal) apply(entries []status.Entry) {
	var gone []pki.Serial
	j.mu.Lock()
	for i := range entries {
		e := &entries[i]
		if e.Issuer != j.row.Issuer || e.Event == status.Issued {
			continue
		}
		key := keyOfSerial(e.Serial)
		switch e.Event {
		case status.Released:
			j.listed.set(&key, listed{pki.RemoveFromCRL, e.At})
		default: // held, revoked, and what a later version may add
			j.listed.set(&key, listed{e.Reason, e.At})
			gone = append(gone, e.Serial)
		}
	}
	j.mu.Unlock()
	j.store.changed()
	j.store.tell(j.row.Issuer, gone)
}

// reached notes that all is known that had happened at a moment, if it is.
func (j *journal) reached(ctx context.Context, position int64, at time.Time) error {
	end, err := j.store.opts.Journal.Last(ctx)
	if err != nil {
		return err
	}
	j.state.Lock()
	j.state.number, j.state.fault, j.state.fails = position, nil, 0
	j.state.Unlock()
	if position < end {
		return nil
	}
	if behind := j.store.opts.Behind; behind != nil {
		at = at.Add(-behind())
	}
	j.fresh.Store(at.UnixNano())
	if j.loaded.CompareAndSwap(false, true) {
		close(j.ready)
		j.store.changed()
	}
	return nil
}

// health tells how far the journal is known.
func (j *journal) health(now time.Time) SourceHealth {
	h := SourceHealth{CA: j.ca, Source: j.row.Name, Kind: j.row.Kind, State: "missing", Issuer: j.row.Issuer}
	j.mu.RLock()
	h.Entries, h.Bytes = int64(j.listed.count()), j.listed.size()
	j.mu.RUnlock()
	j.state.Lock()
	h.Failures = j.state.fails
	h.Number = decimal(j.state.number)
	if j.state.fault != nil {
		h.Error = plainly(j.state.fault)
	}
	j.state.Unlock()
	if !j.loaded.Load() {
		return h
	}
	h.ThisUpdate = time.Unix(0, j.fresh.Load())
	h.NextUpdate = j.ends()
	h.Age = now.Sub(h.ThisUpdate).Seconds()
	if h.State = "good"; now.After(h.NextUpdate) {
		h.State = "stale"
	}
	return h
}
