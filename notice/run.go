package notice

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"
	"time"

	"onecert/db"
)

// lease makes one process the only one that sends from a database: two would send
// everything twice.
const lease = "notice"

// way is a channel at work.
type way struct {
	channel Channel
	carrier carrier

	unrecorded *result // of a try whose outcome the database did not take

	// How the channel stands; Outbox.mu guards it.
	failures int       // in a row
	since    time.Time // when they began
	until    time.Time // it is left alone
	says     string
}

// target is the name of a webhook's target, "" for mail.
func (w *way) target() string {
	name, isHook := strings.CutPrefix(string(w.channel), webhookPrefix)
	if !isHook {
		return ""
	}
	return name
}

// carrier sends by one channel. It is used by one goroutine.
type carrier interface {
	send(ctx context.Context, l letter) outcome
	rest() // nothing is to be sent for a while
}

// Run sends what is due until ctx ends, if necessary after waiting until the process
// that sends from this database now has ended. It ends by itself only when another
// process has taken over (db.ErrLeaseLost): this one must end then, as no write of its
// database passes any more. On PostgreSQL every Tx of the DB looks at the lease from then
// on, so a component that writes much gives the outbox a DB of its own on the same
// source: Post takes the transaction of any.
func (o *Outbox) Run(ctx context.Context) error {
	release, err := o.takeLease(ctx)
	if err != nil {
		return err
	}
	defer release()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	for _, w := range o.ways {
		all.Go(func() {
			defer w.carrier.rest()
			o.repeat(ctx, cancel, o.cfg.Limits.Every, func() (bool, error) { return o.round(ctx, w) })
		})
	}
	all.Go(func() { o.repeat(ctx, cancel, sweepEvery, func() (bool, error) { return o.sweep(ctx) }) })
	all.Wait()
	return context.Cause(ctx)
}

func (o *Outbox) takeLease(ctx context.Context) (release func(), err error) {
	told := false
	for {
		release, err = o.cfg.DB.Lease(ctx, lease)
		if err == nil || ctx.Err() != nil || !db.IsUnavailable(err) {
			return release, err
		}
		if !told {
			o.cfg.Log.Info("notices wait for the database or the process that sends them now", "error", err)
			told = true
		}
		if !pause(ctx, o.cfg.Limits.Every) {
			return nil, ctx.Err()
		}
	}
}

// repeat acts again and again: at once while there is work, else after a pause. A
// database that does not answer is waited for.
func (o *Outbox) repeat(ctx context.Context, lost context.CancelCauseFunc, every time.Duration, act func() (more bool, err error)) {
	failing := false
	for ctx.Err() == nil {
		more, err := act()
		switch {
		case errors.Is(err, db.ErrLeaseLost):
			lost(err)
			return
		case err != nil && ctx.Err() == nil && !failing:
			failing = true
			o.cfg.Log.Error("notices cannot be looked after", "error", err)
		case err == nil && failing:
			failing = false
			o.cfg.Log.Info("notices are looked after again")
		}
		if err != nil || !more {
			pause(ctx, every)
		}
	}
}

// pause reports whether it lasted to its end.
func pause(ctx context.Context, long time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(long):
		return true
	}
}

// round sends what is due by one channel. more says that there may be more due.
func (o *Outbox) round(ctx context.Context, w *way) (more bool, err error) {
	if w.unrecorded != nil {
		if err := o.record(ctx, w, *w.unrecorded); err != nil {
			return false, err
		}
	}
	now := o.cfg.Now()
	if rests, err := o.rests(ctx, w, now); rests || err != nil {
		return false, err
	}
	found, err := due(ctx, o.cfg.DB.Read(), w.channel, now)
	if err != nil || len(found) == 0 {
		w.carrier.rest()
		return false, err
	}
	parcels, err := o.pack(ctx, w, found, now)
	if err != nil {
		return false, err
	}
	for _, p := range parcels {
		goesOn, err := o.deliver(ctx, w, p)
		if err != nil || !goesOn || ctx.Err() != nil {
			w.carrier.rest()
			return false, err
		}
	}
	return true, nil
}

// rests reports whether a channel is to be left alone: it has just failed, or the
// target has asked for it.
func (o *Outbox) rests(ctx context.Context, w *way, now time.Time) (bool, error) {
	o.mu.Lock()
	until := w.until
	o.mu.Unlock()
	// A clock that was set back must not make the pause longer than any is.
	if now.Before(until) && until.Sub(now) <= maxAfter {
		return true, nil
	}
	_, off, err := isOff(ctx, o.cfg.DB.Read(), w.target())
	return off, err
}

// tx is a write that the process's end does not stop halfway.
func (o *Outbox) tx(ctx context.Context, act func(ctx context.Context, tx *sql.Tx) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return o.cfg.DB.Tx(ctx, func(tx *sql.Tx) error { return act(ctx, tx) })
}
