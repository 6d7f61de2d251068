package notice

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// The sweep comes by each minute and takes as much at a time.
const (
	sweepEvery = time.Minute
	sweepRows  = 500
)

// sweep ends what is stale or waits for a channel that does not come back, erases what
// is personal some days after a notice ended, and forgets notices in the end.
func (o *Outbox) sweep(ctx context.Context) (more bool, err error) {
	now := o.cfg.Now()
	stale, err := o.endAll(ctx, Stale, "stale: it was true no longer", now, `WHERE state = 'waiting' AND stale_at <> 0 AND stale_at <= $1 ORDER BY id LIMIT $2`)
	if err != nil {
		return false, err
	}
	given, err := o.endAll(ctx, GivenUp, "channel: not there", now, `WHERE state = 'waiting' AND give_up_at <= $1 ORDER BY id LIMIT $2`)
	if err != nil {
		return false, err
	}
	erased, err := o.clean(ctx, `UPDATE notice SET recipient = '', masked = '', key_id = '', sealed = $1 WHERE id IN (
		SELECT id FROM notice WHERE state <> 'waiting' AND key_id <> '' AND ended_at < $2 LIMIT $3)`, []byte{}, now.Add(-o.cfg.Limits.Keep).UnixMilli())
	if err != nil {
		return false, err
	}
	forgotten, err := o.clean(ctx, `DELETE FROM notice WHERE id IN (
		SELECT id FROM notice WHERE state <> 'waiting' AND ended_at < $1 LIMIT $2)`, now.Add(-o.cfg.Limits.Forget).UnixMilli())
	return stale == sweepRows || given == sweepRows || erased == sweepRows || forgotten == sweepRows, err
}

// endAll ends waiting notices. Those to be given up are only those whose channel does
// not work: one that works tries each of them at least once.
func (o *Outbox) endAll(ctx context.Context, state State, says string, now time.Time, where string) (ended int, err error) {
	found, err := rows(ctx, o.cfg.DB.Read(), where, now.UnixMilli(), sweepRows)
	if err != nil {
		return 0, err
	}
	var some []row
	for _, r := range found {
		works, err := o.works(ctx, r.channel)
		if err != nil {
			return 0, err
		}
		if state == Stale || !works {
			some = append(some, r)
		}
	}
	if len(some) == 0 {
		return 0, nil
	}
	err = o.tx(ctx, func(ctx context.Context, tx *sql.Tx) error { return end(ctx, tx, some, state, says, now) })
	if err == nil {
		o.cfg.Log.Warn("notices have ended without being sent", "count", len(some), "state", string(state), "says", says)
	}
	return len(some), err
}

// works reports whether a channel is configured, wanted and getting through.
func (o *Outbox) works(ctx context.Context, c Channel) (bool, error) {
	for _, w := range o.ways {
		if w.channel != c {
			continue
		}
		o.mu.Lock()
		failing := w.failures > 0
		o.mu.Unlock()
		rests, err := o.rests(ctx, w, o.cfg.Now())
		return !failing && !rests, err
	}
	return false, nil
}

// clean carries out a statement whose last parameter is how many rows it may take.
func (o *Outbox) clean(ctx context.Context, text string, args ...any) (n int64, err error) {
	err = o.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		n, err = changed(tx.ExecContext(ctx, text, append(args, sweepRows)...))
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("clearing notices away: %w", err)
	}
	return n, nil
}
