package status

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"onecert/db"
	"onecert/pki"
)

// CopyConfig is what a copy is made of. DB and Source are required.
type CopyConfig struct {
	DB     *db.DB // the copy's own
	Source Source
	Now    func() time.Time // nil: time.Now
	Log    *slog.Logger     // nil: nothing is logged
}

// Copy keeps a journal in a database of its own equal to its source: the same entries
// under the same numbers, without gaps, whole batches or nothing. Its Journal serves
// every reader as the source's would; nobody else writes it.
type Copy struct {
	journal *Journal
	config  CopyConfig
	release func()

	mu       sync.Mutex
	position int64
	last     int64     // the source's end, as last heard
	asOf     time.Time // when the copy was known to be as its source; zero: never
	saved    time.Time // asOf as stored
	fault    error     // why it does not follow now
}

// OpenCopy opens a copy where it ended, and takes the lease of its only writer.
func OpenCopy(ctx context.Context, config CopyConfig) (*Copy, error) {
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	if err := config.DB.Migrate(ctx, "status", migrations); err != nil {
		return nil, err
	}
	release, err := config.DB.Lease(ctx, "status-copy")
	if err != nil {
		if errors.Is(err, db.ErrLeased) {
			return nil, pki.Errorf(pki.Unavailable, "status.leased", "another process keeps this copy of the status journal").To("end it first").Because(err)
		}
		return nil, err
	}
	c := &Copy{journal: OpenReadOnly(config.DB), config: config, release: release}
	if err := c.load(ctx); err != nil {
		release()
		return nil, err
	}
	return c, nil
}

func (c *Copy) load(ctx context.Context) error {
	position, err := c.journal.Last(ctx)
	if err != nil {
		return err
	}
	var asOf int64
	err = c.config.DB.Read().QueryRowContext(ctx, "SELECT as_of FROM status_copy").Scan(&asOf)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("reading the age of the copy: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.position, c.last, c.asOf = position, max(c.last, position), time.Time{}
	if err == nil {
		c.asOf = time.UnixMilli(asOf)
	}
	c.saved = c.asOf
	return nil
}

// Close gives the lease back; Keep must have ended. The database stays open.
func (c *Copy) Close() { c.release() }

// Journal returns the journal the copy keeps, for reading.
func (c *Copy) Journal() *Journal { return c.journal }

// Freshness is how far a copy is behind its source.
type Freshness struct {
	Number int64 `json:"number"` // of the copy's last entry
	Lag    int64 `json:"lag"`    // entries the source is known to have more
	// AsOf is when the copy was last known to be as its source; zero: never.
	AsOf  time.Time     `json:"as_of,omitzero"`
	Age   time.Duration `json:"age"`
	Fault error         `json:"-"` // why it does not follow now; nil while it does
}

// never is the age of a copy that never was as its source.
const never = 100 * 365 * 24 * time.Hour

// Freshness returns the figures for health and for answers' headers.
func (c *Copy) Freshness() Freshness {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := Freshness{Number: c.position, Lag: max(0, c.last-c.position), AsOf: c.asOf, Age: never, Fault: c.fault}
	if !c.asOf.IsZero() {
		f.Age = max(0, c.config.Now().Sub(c.asOf))
	}
	return f
}

// Age is Freshness().Age, for NewOrigin: a copy of a copy knows how old both are.
func (c *Copy) Age() time.Duration { return c.Freshness().Age }

// Retrying after a failure begins at once and waits longer each time.
const (
	retryFirst = 100 * time.Millisecond
	retryLast  = 5 * time.Second
)

// Keep follows the source until ctx ends. A failure is logged when it begins and when
// it ends, and tried again for ever: a link may be down for a day.
func (c *Copy) Keep(ctx context.Context) {
	wait := retryFirst
	for ctx.Err() == nil {
		before := c.Freshness()
		err := c.follow(ctx)
		if ctx.Err() != nil {
			return
		}
		if after := c.Freshness(); after.Number > before.Number || after.AsOf.After(before.AsOf) {
			wait = retryFirst
		}
		c.failed(err)
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
		wait = min(2*wait, retryLast)
	}
}

func (c *Copy) failed(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if pki.CodeOf(c.fault) != pki.CodeOf(err) || c.fault == nil {
		c.config.Log.Warn("the status journal cannot be followed", "after", c.position, "error", err, "cause", errors.Unwrap(err))
	}
	c.fault = err
}

// answered is a batch with the moment it was asked for.
type answered struct {
	Batch
	sent time.Time
	err  error
}

// follow takes over batch after batch until something fails. The next one is fetched
// while one is stored: after a long break that is half of the time.
func (c *Copy) follow(ctx context.Context) error {
	known, err := c.compareEnd(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	batches := make(chan answered)
	var fetching sync.WaitGroup
	defer fetching.Wait()
	defer cancel()
	position := c.Freshness().Number
	fetching.Go(func() { c.fetch(ctx, position, batches) })
	for {
		var b answered
		select {
		case b = <-batches:
		case <-ctx.Done():
			return ctx.Err()
		}
		if b.err != nil {
			return b.err
		}
		if known, err = c.take(ctx, b, known); err != nil {
			return err
		}
	}
}

// fetch asks for batch after batch until one fails.
func (c *Copy) fetch(ctx context.Context, after int64, to chan<- answered) {
	for {
		b := answered{sent: c.config.Now()}
		b.Batch, b.err = c.config.Source.Batch(ctx, after, maxEntries)
		if b.err == nil {
			b.err = b.fits(after, maxEntries)
		}
		select {
		case to <- b:
		case <-ctx.Done():
			return
		}
		if b.err != nil {
			return
		}
		after += int64(len(b.Entries))
	}
}

// compareEnd holds the copy's last entry against the source's of that number, so that
// a source that was set back or exchanged is noticed before anything is added.
func (c *Copy) compareEnd(ctx context.Context) (known []Epoch, err error) {
	if known, err = epochs(ctx, c.config.DB.Read()); err != nil {
		return nil, err
	}
	position := c.Freshness().Number
	if position == 0 {
		return known, nil
	}
	sent := c.config.Now()
	b, err := c.config.Source.Batch(ctx, position-1, 1)
	if err == nil {
		err = b.fits(position-1, 1)
	}
	if pki.CodeOf(err) == "status.rewound" {
		return nil, rewound(position, err)
	}
	if err != nil {
		return nil, err
	}
	if len(b.Entries) == 0 {
		return nil, rewound(position, nil)
	}
	own, err := entries(ctx, c.config.DB.Read(), "number = $1", position)
	if err != nil {
		return nil, err
	}
	if len(own) != 1 || own[0] != b.Entries[0] {
		return nil, pki.Errorf(pki.Conflict, "status.forked", "entry %d of the source's journal is not the one this copy has", position).To(forkedRemedy)
	}
	return c.take(ctx, answered{Batch: Batch{Last: b.Last, Epochs: b.Epochs, Waited: b.Waited, Age: b.Age}, sent: sent}, known)
}

const forkedRemedy = "let the CA take over the revocations this copy's lists have and it has lost ('onecert backup catch-up'), then start the copy anew from an empty database"

func rewound(position int64, cause error) error {
	return pki.Errorf(pki.Conflict, "status.rewound", "the source's journal ends before entry %d, which this copy has", position).
		To(forkedRemedy).Because(cause)
}

// related compares the lives of both journals and returns the source's new ones.
func (c *Copy) related(known []Epoch, b Batch) ([]Epoch, error) {
	if slices.Equal(known, b.Epochs) {
		return nil, nil
	}
	last, related := shared(known, b.Epochs)
	if !related {
		return nil, pki.Errorf(pki.Conflict, "status.forked", "the source has another journal than the one this is a copy of").
			To("check the source's address; to copy the other journal begin with an empty database")
	}
	if position := c.Freshness().Number; last >= 0 && last < position || len(b.Epochs) < len(known) {
		return nil, pki.Errorf(pki.Conflict, "status.forked", "the source was restored from a backup that has %d entries in common with this copy, which has %d", max(last, 0), position).
			To(forkedRemedy)
	}
	return b.Epochs[len(known):], nil
}

// take stores a batch and what it says of the source.
func (c *Copy) take(ctx context.Context, b answered, known []Epoch) ([]Epoch, error) {
	more, err := c.related(known, b.Batch)
	if err != nil {
		return known, err
	}
	c.mu.Lock()
	position, asOf, saved := c.position+int64(len(b.Entries)), c.asOf, c.saved
	c.mu.Unlock()
	if position == b.Last {
		asOf = b.sent.Add(time.Duration(b.Waited-b.Age) * time.Millisecond)
	}
	// A heartbeat alone is stored once in a while: it is for a restart without the source.
	if len(b.Entries) > 0 || len(more) > 0 || asOf.Sub(saved) > time.Minute {
		if err := c.store(ctx, b.Batch, len(known), more, asOf); err != nil {
			return known, err
		}
		saved = asOf
	}
	if len(b.Entries) > 0 {
		c.journal.Wake()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fault != nil {
		c.config.Log.Info("the status journal is followed again", "after", position, "behind", b.Last-position)
	}
	c.position, c.last, c.asOf, c.saved, c.fault = position, b.Last, asOf, saved, nil
	return append(known, more...), nil
}

// store writes a batch, all or nothing.
func (c *Copy) store(ctx context.Context, b Batch, known int, more []Epoch, asOf time.Time) error {
	err := c.config.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := c.journal.replay(ctx, tx, b.Entries); err != nil {
			return err
		}
		if err := storeEpochs(ctx, tx, known, more); err != nil || asOf.IsZero() {
			return err
		}
		return db.Insert(ctx, tx, "status_copy", []string{"one", "as_of"}, [][]any{{1, asOf.UnixMilli()}},
			"ON CONFLICT (one) DO UPDATE SET as_of = excluded.as_of")
	})
	if err != nil {
		return fmt.Errorf("storing a copy of the journal: %w", err)
	}
	return nil
}
