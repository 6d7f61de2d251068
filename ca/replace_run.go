package ca

import (
	"context"
	"errors"
	"sync"
	"time"

	"onecert/db"
	"onecert/pki"
)

// A page of orders is worked on by several at once, so that they share commits, and
// its outcome is noted with the place it reached: a crash repeats one page at most.
const (
	replacePage    = 256
	replaceWorkers = 16
	replaceLook    = time.Second     // how often an approved one is looked for
	replacePause   = 5 * time.Second // after a failure of the database or the key
)

// KeepReplacing carries out approved replacements until ctx ends, and goes on with one
// that a stop or a crash has interrupted.
func (ca *CA) KeepReplacing(ctx context.Context) {
	for ctx.Err() == nil {
		wait := replaceLook
		if err := ca.replaceAll(ctx); err != nil && ctx.Err() == nil {
			ca.cfg.Log.Error("a replacement waits", "error", err, "cause", errors.Unwrap(err))
			wait = replacePause
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// replaceAll works until no replacement is open.
func (ca *CA) replaceAll(ctx context.Context) error {
	for {
		all, err := ca.readReplacements(ctx, "WHERE ended = 0 ORDER BY created, id")
		if err != nil || len(all) == 0 {
			return err
		}
		if err := ca.replacePages(ctx, &all[0]); err != nil {
			return err
		}
	}
}

func (ca *CA) replacePages(ctx context.Context, r *Replacing) error {
	for ctx.Err() == nil {
		started := time.Now()
		page, err := ca.replacePageOf(ctx, r)
		if err != nil {
			return err
		}
		missed, err := ca.replacePart(ctx, r, page)
		if err != nil {
			return err
		}
		if len(page) > 0 {
			r.position = page[len(page)-1]
		} else {
			r.Ended = ca.cfg.Now().UTC()
		}
		r.Seconds += time.Since(started).Seconds()
		if err := ca.noteReplacement(ctx, r, missed); err != nil {
			return err
		}
		ca.cfg.Log.Info("replacing", "from", r.From, "to", r.To, "done", r.Done, "passed", r.Passed, "missed", r.Missed, "total", r.Total)
		if !r.Ended.IsZero() {
			return nil
		}
	}
	return ctx.Err()
}

// replacePart replaces the orders of a page and counts them. An error means that the
// page is to be tried again.
func (ca *CA) replacePart(ctx context.Context, r *Replacing, page []string) (missed []outcome, err error) {
	outcomes, errs := make([]outcome, len(page)), make([]error, len(page))
	next := make(chan int)
	var working sync.WaitGroup
	for range min(replaceWorkers, len(page)) {
		working.Go(func() {
			for i := range next {
				outcomes[i], errs[i] = ca.replaceOne(ctx, r, page[i])
			}
		})
	}
	for i := range page {
		next <- i
	}
	close(next)
	working.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for i := range page {
		if stops(errs[i]) {
			return nil, errs[i]
		}
		switch {
		case errs[i] != nil:
			outcomes[i].application, outcomes[i].why = page[i], told(errs[i])
			if pki.KindOf(errs[i]) == pki.Internal {
				ca.cfg.Log.Error("an order could not be replaced", "application", page[i], "error", errs[i], "cause", errors.Unwrap(errs[i]))
			}
			missed = append(missed, outcomes[i])
			r.Missed++
		case outcomes[i].done:
			r.Done++
		default:
			r.Passed++
		}
	}
	return missed, nil
}

// stops reports whether an error is everybody's: the database or the key does not
// answer, and the same order may be replaced later.
func stops(err error) bool {
	return err != nil && (db.IsUnavailable(err) || errors.Is(err, db.ErrStopped) || pki.KindOf(err) == pki.Unavailable)
}

// told is an error for the list of what could not be replaced, without its cause.
func told(err error) *pki.Error {
	if e, ok := errors.AsType[*pki.Error](err); ok {
		return e
	}
	return pki.Errorf(pki.Internal, "internal", "something failed inside; the log of the CA says what")
}
