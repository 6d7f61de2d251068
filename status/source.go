package status

import (
	"context"
	"time"

	"onecert/pki"
)

// Batch is one answer of a source: what comes after a number, or after a while nothing.
type Batch struct {
	Entries []Entry `json:"entries"`
	// Last is the number of the source's last entry when it answered.
	Last   int64   `json:"last"`
	Epochs []Epoch `json:"epochs"`
	// Waited and Age are durations, not times, so that nobody's clock matters but
	// the reader's own: how long the source held the request before it looked, and
	// how old its own knowledge was then. The writer's is never old.
	Waited int64 `json:"waited_ms"`
	Age    int64 `json:"age_ms"`
}

// Source is where a copy gets its entries: an Origin in the same process, or a Client
// of one across the network.
type Source interface {
	// Batch returns up to limit entries after a number. If there are none it waits a
	// while; an answer without entries is the source's heartbeat.
	Batch(ctx context.Context, after int64, limit int) (Batch, error)
}

const (
	// hold is how long a request without news is held: each is a heartbeat.
	hold = 5 * time.Second
	// maxEntries is the most a batch holds: a MiB of JSON, and one commit of a copy.
	maxEntries = 5000
)

// Origin answers followers out of a journal.
type Origin struct {
	journal *Journal
	hold    time.Duration
	beat    time.Duration // how far apart a held caller across the network hears of us
	age     func() time.Duration
}

// NewOrigin returns the source that a journal is. age tells how old the journal's own
// knowledge is, where it is a copy itself (Copy.Age); nil for the writer's.
func NewOrigin(j *Journal, age func() time.Duration) *Origin {
	return &Origin{journal: j, hold: hold, beat: beatEach, age: age}
}

// Batch implements Source. It answers at once with what there is when ctx ends.
func (o *Origin) Batch(ctx context.Context, after int64, limit int) (Batch, error) {
	if after < 0 || limit < 1 || limit > maxEntries {
		return Batch{}, pki.Errorf(pki.Invalid, "status.batch", "a batch begins after entry 0 or later and has 1 to %d entries", maxEntries)
	}
	begun := time.Now()
	held, cancel := context.WithTimeout(ctx, o.hold)
	defer cancel()
	found, err := o.next(held, after, limit)
	if err != nil && held.Err() == nil {
		return Batch{}, err
	}
	answer := Batch{Entries: found, Waited: time.Since(begun).Milliseconds()}
	if found == nil {
		answer.Entries = []Entry{}
	}
	if o.age != nil {
		answer.Age = o.age().Milliseconds()
	}
	// Read after the entries, so that Last is never before them.
	if answer.Last, err = o.journal.Last(context.WithoutCancel(ctx)); err != nil {
		return Batch{}, err
	}
	answer.Epochs, err = epochs(context.WithoutCancel(ctx), o.journal.d.Read())
	return answer, err
}

// next waits for the first entry and takes what else is there.
func (o *Origin) next(ctx context.Context, after int64, limit int) ([]Entry, error) {
	all, err := o.journal.Next(ctx, after, limit)
	if err != nil {
		return nil, err
	}
	for len(all) < limit && len(all)%maxBatch == 0 {
		at := all[len(all)-1].Number
		more, err := entries(ctx, o.journal.d.Read(), "number > $1 ORDER BY number LIMIT $2", at, min(limit-len(all), maxBatch))
		if err != nil {
			return nil, err
		}
		if err := unbroken(at, more); err != nil || len(more) == 0 {
			return all, err
		}
		all = append(all, more...)
	}
	return all, nil
}

// fits checks a foreign batch against what was asked for.
func (b *Batch) fits(after int64, limit int) error {
	strange := func(what string) error {
		return pki.Errorf(pki.Internal, "status.answer", "the source of the status journal gave %s", what).
			To("check that its address is that of a journal of the same version")
	}
	switch {
	case len(b.Entries) > limit:
		return strange("more entries than were asked for")
	case len(b.Epochs) == 0 || len(b.Epochs) > maxEpochs:
		return strange("no epochs, or too many")
	case b.Waited < 0 || b.Age < 0 || b.Waited > time.Hour.Milliseconds():
		return strange("an impossible duration")
	case b.Last < after+int64(len(b.Entries)):
		return strange("an end before its entries")
	}
	for i, e := range b.Epochs {
		if e.ID == "" || len(e.ID) > maxIssuer || e.After < 0 || e.After > b.Last || i > 0 && e.After < b.Epochs[i-1].After {
			return strange("a malformed epoch")
		}
	}
	if err := unbroken(after, b.Entries); err != nil {
		return strange("entries with a gap")
	}
	for _, e := range b.Entries {
		clean, err := e.normal()
		if err != nil || clean != e.Change {
			return strange("a malformed entry")
		}
	}
	return nil
}
