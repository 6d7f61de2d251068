package status

import (
	"context"
	"sync"
	"time"

	"onecert/db"
	"onecert/pki"
)

const (
	pollEach = time.Second // where no notification arrives
	maxBatch = 1000        // entries a Next hands out at most
)

// news lets followers of this process wait for the next commit.
type news struct {
	mu   sync.Mutex
	next chan struct{} // closed by the next wake; nil while nobody waits
}

func (n *news) wait() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.next == nil {
		n.next = make(chan struct{})
	}
	return n.next
}

func (n *news) wake() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.next != nil {
		close(n.next)
		n.next = nil
	}
}

// Wake tells the followers of this process that a transaction with changes was
// committed. Forgetting it costs them up to a second.
func (j *Journal) Wake() { j.news.wake() }

// Last returns the number of the last entry, 0 for an empty journal.
func (j *Journal) Last(ctx context.Context) (int64, error) { return counter(ctx, j.d.Read()) }

// Next returns the entries after a number, at least one and at most limit (0: as
// many as fit in one batch), in order and without gaps. It waits until there is one
// or ctx ends. A number beyond the journal's end is a Conflict (status.rewound):
// the journal is not the one the caller has followed.
func (j *Journal) Next(ctx context.Context, after int64, limit int) ([]Entry, error) {
	if limit <= 0 || limit > maxBatch {
		limit = maxBatch
	}
	after = max(after, 0)
	for {
		woken := j.news.wait() // before looking, so that a commit in between is not missed
		found, err := entries(ctx, j.d.Read(), "number > $1 ORDER BY number LIMIT $2", after, limit)
		if err != nil {
			return nil, err
		}
		if len(found) > 0 {
			return found, unbroken(after, found)
		}
		if err := j.notBeyond(ctx, after); err != nil {
			return nil, err
		}
		select {
		case <-woken:
		case <-time.After(j.poll):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// unbroken holds the promise that followers rely on: none missing.
func unbroken(after int64, found []Entry) error {
	for i, e := range found {
		if want := after + 1 + int64(i); e.Number != want {
			return pki.Errorf(pki.Internal, "status.gap", "entry %d of the status journal is missing", want).
				To("the database was changed from outside; compare it with a backup and the audit log")
		}
	}
	return nil
}

func (j *Journal) notBeyond(ctx context.Context, after int64) error {
	last, err := j.Last(ctx)
	if err != nil || after <= last {
		return err
	}
	return pki.Errorf(pki.Conflict, "status.rewound", "the status journal ends at %d, before entry %d that was already followed", last, after).
		To("it was restored from an older backup; let the followers start again from 0")
}

// Follow hands every entry after a number to fn, in order and without gaps, as it
// is committed, until ctx ends or fn returns an error, which Follow returns. The
// caller keeps the number of the last entry it has dealt with and resumes from it.
func (j *Journal) Follow(ctx context.Context, after int64, fn func([]Entry) error) error {
	ctx, cancel := context.WithCancel(ctx)
	var listener sync.WaitGroup
	defer listener.Wait()
	defer cancel()
	if j.d.Dialect == db.Postgres {
		listener.Go(func() { j.listen(ctx) })
	}
	for {
		found, err := j.Next(ctx, after, maxBatch)
		if err != nil {
			return err
		}
		if err := fn(found); err != nil {
			return err
		}
		after = found[len(found)-1].Number
	}
}

// listen wakes this process at commits of others. A broken connection is opened
// again; polling bridges the time between, so the error needs no report.
func (j *Journal) listen(ctx context.Context) {
	for ctx.Err() == nil {
		_ = j.d.Listen(ctx, channel, j.Wake)
		select {
		case <-time.After(j.poll):
		case <-ctx.Done():
		}
	}
}
