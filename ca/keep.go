package ca

import (
	"context"
	"errors"
	"time"

	"onecert/pki"
	"onecert/status"
)

// KeepCRLs signs lists until ctx ends: deltas as soon as the journal has news of an
// issuer, full lists on their own schedule, and each long before it lapses even if
// nothing was revoked. A failure is logged and tried again, and keeps no other issuer
// waiting; at half and three quarters of a list's life it is an alarm.
//
// A CA may have a thousand issuers. One is looked at when the journal has news of it or
// its time has come, not at each commit of any other; and lists that nobody waits for,
// as all are after a first start, are made one after the other with as much rest
// between them as work, and after any news.
func (ca *CA) KeepCRLs(ctx context.Context) {
	go ca.keepSwept(ctx)
	k := &keeper{ca: ca, turns: map[string]*turn{}, seen: -1, began: time.Now(), clock: ca.cfg.Now().Round(0)}
	for _, i := range ca.cfg.Issuers {
		k.turns[i.ID] = &turn{issuer: i}
	}
	for ctx.Err() == nil {
		k.noticeJump()
		now := time.Now()
		t, next := k.pick(now)
		if t == nil {
			k.listen(ctx, min(next.Sub(now), jumpNoticed))
			continue
		}
		urgent := t.news
		k.look(ctx, t)
		if took := time.Since(now); took > worthRest && !urgent {
			sleep(ctx, min(took, ca.cfg.CRL.Pause))
		}
		k.listen(ctx, 0)
	}
}

// worthRest is work of a look that made lists; the others are over sooner.
const worthRest = 10 * time.Millisecond

// longestBackoff is how rarely an issuer is tried whose lists cannot be made.
const longestBackoff = time.Minute

// keeper gives each issuer its turn. It is used by one goroutine.
type keeper struct {
	ca    *CA
	turns map[string]*turn
	seen  int64 // of the journal; -1: nothing yet
	heard time.Time

	began time.Time // by the machine's own count, which no setting of the clock changes
	clock time.Time // of the CA then, without that count: what it says is what may jump
	ahead time.Duration
}

// A clock that was set by more than a jump makes every list due or too early at once:
// within jumpNoticed all are looked at.
const (
	jump        = time.Minute
	jumpNoticed = 2 * time.Second
)

func (k *keeper) noticeJump() {
	ahead := k.ca.cfg.Now().Sub(k.clock) - time.Since(k.began)
	if (ahead - k.ahead).Abs() > jump {
		k.ahead = ahead
		k.everybody()
	}
}

// turn says when an issuer is looked at next. Times are the machine's, not the CA's: a
// clock that was set must not make lists wait.
type turn struct {
	issuer *Issuer
	due    time.Time
	looked time.Time
	news   bool
	failed int
}

// pick returns the turn that is next, nil if none is before the time it returns.
func (k *keeper) pick(now time.Time) (best *turn, next time.Time) {
	next = now.Add(k.ca.cfg.CRL.DeltaLife / 16)
	for _, i := range k.ca.cfg.Issuers {
		t := k.turns[i.ID]
		at := t.due
		if t.news {
			at = t.looked.Add(k.ca.cfg.CRL.Pause)
		}
		switch {
		case at.After(now):
			if at.Before(next) {
				next = at
			}
		case best == nil, t.news && !best.news, t.news == best.news && t.looked.Before(best.looked):
			best = t
		}
	}
	return best, next
}

func (k *keeper) look(ctx context.Context, t *turn) {
	t.news = false // before looking, so that none is slept over
	wait, err := k.ca.keepCRL(ctx, t.issuer, pki.Actor{Name: "ca"})
	t.looked = time.Now()
	if err == nil || ctx.Err() != nil {
		t.failed = 0
		t.due = t.looked.Add(wait)
		return
	}
	k.ca.cfg.Log.Error("signing CRLs", "issuer", t.issuer.ID, "error", err, "cause", errors.Unwrap(err))
	t.due = t.looked.Add(min(longestBackoff, time.Second<<min(t.failed, 10)))
	t.failed++
}

// listen takes what the journal has and notes of whom it has news. It waits for an
// entry, but not beyond a time.
func (k *keeper) listen(ctx context.Context, longest time.Duration) {
	last, err := k.ca.cfg.Status.Last(ctx)
	switch {
	case err != nil: // each look will say so
		sleep(ctx, time.Second)
		return
	case k.seen < 0 || last < k.seen: // nothing was seen yet, or it is another journal
		k.seen = last
		k.everybody()
		return
	case last == k.seen && longest <= 0:
		return
	case longest <= 0:
		longest = time.Second // what is there comes at once
	}
	waiting, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	entries, err := k.ca.cfg.Status.Next(waiting, k.seen, 0)
	if err != nil && waiting.Err() == nil {
		sleep(ctx, time.Second)
		k.everybody()
	}
	news := false
	for _, e := range entries {
		k.seen = e.Number
		if t := k.turns[e.Issuer]; t != nil && e.Event != status.Issued {
			t.news, news = true, true
		}
	}
	if !news && time.Since(k.heard) < oftenHeard {
		sleep(ctx, moreToCome)
	}
	k.heard = time.Now()
}

// Where certificates are issued without a pause, entries that change no list are read
// some commits at a time. A revocation among them comes so much later to its delta.
const (
	oftenHeard = 5 * time.Millisecond
	moreToCome = 20 * time.Millisecond
)

// everybody is to be looked at, but for those whose lists could not be made just now.
func (k *keeper) everybody() {
	for _, t := range k.turns {
		if t.failed == 0 {
			t.due = time.Time{}
		}
	}
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
