package notice

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"onecert/db"
)

// State is how a notice stands.
type State string

// The states. Only Waiting changes by itself.
const (
	Waiting State = "waiting"
	Sent    State = "sent"     // the receiver's server has accepted it
	Refused State = "refused"  // the receiver's server said never
	GivenUp State = "given-up" // not accepted for as long as is tried
	Stale   State = "stale"    // it was true no longer before it could be sent
	Dropped State = "dropped"  // an operator did not want it sent
)

// row is a notice as it stands in the table.
type row struct {
	id                                 int64
	key, kind                          string
	channel                            Channel
	thread, recipient, masked, keyID   string
	sealed                             []byte
	state                              State
	says                               string
	lead                               int64
	tries                              int
	posted, next, stale, giveUp, tried time.Time
	ended                              time.Time
}

const rowColumns = `id, key, kind, channel, thread, recipient, masked, key_id, sealed, state, says, lead, tries,
	posted_at, next_at, stale_at, give_up_at, tried_at, ended_at`

// querier is a pool or a transaction.
type querier interface {
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func moment(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}

// insert writes a new notice unless its key is there.
func insert(ctx context.Context, tx *sql.Tx, r row) (done bool, err error) {
	const text = `INSERT INTO notice (key, kind, channel, thread, recipient, masked, key_id, sealed, state, says, lead, tries,
		posted_at, next_at, stale_at, give_up_at, tried_at, ended_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', 0, 0, $10, $11, $12, $13, 0, 0) ON CONFLICT (key) DO NOTHING`
	n, err := changed(tx.ExecContext(ctx, text, r.key, r.kind, string(r.channel), r.thread, r.recipient, r.masked, r.keyID, r.sealed,
		string(r.state), millis(r.posted), millis(r.next), millis(r.stale), millis(r.giveUp)))
	if err != nil {
		return false, fmt.Errorf("storing a notice: %w", err)
	}
	return n == 1, nil
}

func changed(result sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// rows reads notices; rest is a constant of this room.
func rows(ctx context.Context, q querier, rest string, args ...any) ([]row, error) {
	found, err := q.QueryContext(ctx, "SELECT "+rowColumns+" FROM notice "+rest, args...)
	if err != nil {
		return nil, fmt.Errorf("reading notices: %w", err)
	}
	defer found.Close()
	var all []row
	for found.Next() {
		var r row
		var posted, next, stale, giveUp, tried, ended int64
		err := found.Scan(&r.id, &r.key, &r.kind, (*string)(&r.channel), &r.thread, &r.recipient, &r.masked, &r.keyID, &r.sealed,
			(*string)(&r.state), &r.says, &r.lead, &r.tries, &posted, &next, &stale, &giveUp, &tried, &ended)
		if err != nil {
			return nil, fmt.Errorf("reading notices: %w", err)
		}
		r.posted, r.next, r.stale = moment(posted), moment(next), moment(stale)
		r.giveUp, r.tried, r.ended = moment(giveUp), moment(tried), moment(ended)
		all = append(all, r)
	}
	if err := found.Err(); err != nil {
		return nil, fmt.Errorf("reading notices: %w", err)
	}
	return all, nil
}

// maxDue is how many notices a look takes.
const maxDue = 64

// due returns what a channel is to send now, the longest due first. A notice whose
// thread has an earlier one waiting is not due.
func due(ctx context.Context, q querier, c Channel, now time.Time) ([]row, error) {
	return rows(ctx, q, `AS n WHERE channel = $1 AND state = 'waiting' AND next_at <= $2 AND (stale_at = 0 OR stale_at > $2) AND (thread = '' OR NOT EXISTS (
		SELECT 1 FROM notice AS e WHERE e.state = 'waiting' AND e.thread = n.thread AND e.thread <> '' AND e.channel = n.channel
			AND e.recipient = n.recipient AND e.id < n.id)) ORDER BY next_at, id LIMIT $3`, string(c), now.UnixMilli(), maxDue)
}

// digest returns the notices that go together.
func digest(ctx context.Context, q querier, lead int64, now time.Time) ([]row, error) {
	return rows(ctx, q, "WHERE lead = $1 AND lead <> 0 AND state = 'waiting' AND (stale_at = 0 OR stale_at > $2) ORDER BY id", lead, now.UnixMilli())
}

// recent returns when mails were accepted for a recipient since then, the first first.
// A digest is one mail.
func recent(ctx context.Context, q querier, recipient string, since time.Time) ([]time.Time, error) {
	found, err := q.QueryContext(ctx, `SELECT MIN(ended_at) FROM notice WHERE recipient = $1 AND recipient <> '' AND state = 'sent' AND ended_at > $2
		GROUP BY CASE WHEN lead = 0 THEN id ELSE lead END ORDER BY 1`, recipient, since.UnixMilli())
	if err != nil {
		return nil, fmt.Errorf("counting mails: %w", err)
	}
	defer found.Close()
	var all []time.Time
	for found.Next() {
		var at int64
		if err := found.Scan(&at); err != nil {
			return nil, fmt.Errorf("counting mails: %w", err)
		}
		all = append(all, moment(at))
	}
	return all, found.Err()
}

// claim notes before a try that there is one, so that a process killed during it does
// not try for ever; another look takes the notice from next on.
func claim(ctx context.Context, tx *sql.Tx, all []row, lead int64, now, next time.Time) error {
	for _, r := range all {
		_, err := tx.ExecContext(ctx, "UPDATE notice SET tries = tries + 1, tried_at = $1, next_at = $2, lead = $3 WHERE id = $4 AND state = 'waiting'",
			now.UnixMilli(), next.UnixMilli(), lead, r.id)
		if err != nil {
			return fmt.Errorf("noting a try: %w", err)
		}
	}
	return nil
}

// later puts notices off.
func later(ctx context.Context, tx *sql.Tx, all []row, says string, next time.Time) error {
	for _, r := range all {
		_, err := tx.ExecContext(ctx, "UPDATE notice SET says = $1, next_at = $2 WHERE id = $3 AND state = 'waiting'", says, next.UnixMilli(), r.id)
		if err != nil {
			return fmt.Errorf("putting a notice off: %w", err)
		}
	}
	return nil
}

// end records how notices ended. What was sent is sent, though an operator dropped it
// in that moment.
func end(ctx context.Context, tx *sql.Tx, all []row, state State, says string, now time.Time) error {
	where := "state = 'waiting'"
	if state == Sent {
		where = "state IN ('waiting', 'dropped')"
	}
	for _, r := range all {
		_, err := tx.ExecContext(ctx, "UPDATE notice SET state = $1, says = $2, ended_at = $3 WHERE id = $4 AND "+where,
			string(state), says, now.UnixMilli(), r.id)
		if err != nil {
			return fmt.Errorf("recording the end of a notice: %w", err)
		}
	}
	return nil
}

// isOff reports whether a target has asked to be left alone.
func isOff(ctx context.Context, q querier, target string) (at time.Time, off bool, err error) {
	var n int64
	err = q.QueryRowContext(ctx, "SELECT off_at FROM notice_target WHERE name = $1", target).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, false, nil
	}
	if err != nil {
		return time.Time{}, false, fmt.Errorf("reading a webhook target: %w", err)
	}
	return moment(n), true, nil
}

func setOff(ctx context.Context, tx *sql.Tx, target string, now time.Time) error {
	return db.Insert(ctx, tx, "notice_target", []string{"name", "off_at"}, [][]any{{target, now.UnixMilli()}}, "ON CONFLICT (name) DO NOTHING")
}
