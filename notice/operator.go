package notice

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"onecert/pki"
)

// Item is a notice as an operator sees it: no words, and of the address what is enough
// to recognise it.
type Item struct {
	ID      int64     `json:"id"`
	Key     string    `json:"key"`
	Kind    string    `json:"kind"`
	Channel Channel   `json:"channel"`
	To      string    `json:"to,omitempty"` // masked; "" for webhooks and after erasing
	State   State     `json:"state"`
	Says    string    `json:"says,omitempty"` // how the last try ended: "smtp 550 5.1.1"
	Tries   int       `json:"tries"`
	Posted  time.Time `json:"posted"`
	Tried   time.Time `json:"tried,omitzero"`
	Next    time.Time `json:"next,omitzero"` // of one that waits
	Ended   time.Time `json:"ended,omitzero"`
	Erased  bool      `json:"erased,omitempty"` // it cannot be sent again
}

func (r row) item() Item {
	i := Item{ID: r.id, Key: r.key, Kind: r.kind, Channel: r.channel, To: r.masked, State: r.state, Says: r.says, Tries: r.tries,
		Posted: r.posted, Tried: r.tried, Ended: r.ended, Erased: r.keyID == ""}
	if r.state == Waiting {
		i.Next = r.next
	}
	return i
}

// maxList is the most a list returns at once.
const maxList = 500

// List returns notices in a state ("": all), in the order of posting, after the given
// id: a page of limit, at most 500.
func (o *Outbox) List(ctx context.Context, state State, after int64, limit int) ([]Item, error) {
	limit = min(max(limit, 1), maxList)
	found, err := rows(ctx, o.cfg.DB.Read(), "WHERE ($1 = '' OR state = $1) AND id > $2 ORDER BY id LIMIT $3", string(state), after, limit)
	if err != nil {
		return nil, err
	}
	items := make([]Item, len(found))
	for i, r := range found {
		items[i] = r.item()
	}
	return items, nil
}

// Of returns the notice of a key. A key that was never posted is pki.Unknown.
func (o *Outbox) Of(ctx context.Context, key string) (Item, error) {
	found, err := rows(ctx, o.cfg.DB.Read(), "WHERE key = $1", key)
	if err != nil {
		return Item{}, err
	}
	if len(found) == 0 {
		return Item{}, pki.Errorf(pki.Unknown, "notice.unknown", "there is no such notice")
	}
	return found[0].item(), nil
}

// Retry has a notice that ended without being sent tried again as if it were new, and
// one that waits at once. It is part of tx, in which the caller writes the audit log.
func (o *Outbox) Retry(ctx context.Context, tx *sql.Tx, id int64) error {
	now := o.cfg.Now()
	n, err := changed(tx.ExecContext(ctx, `UPDATE notice SET state = 'waiting', tries = 0, lead = 0, next_at = $1, give_up_at = $2, stale_at = 0, ended_at = 0
		WHERE id = $3 AND key_id <> '' AND state IN ('waiting', 'refused', 'given-up', 'stale', 'dropped')`,
		now.UnixMilli(), now.Add(o.cfg.Limits.GiveUp).UnixMilli(), id))
	if err != nil {
		return fmt.Errorf("trying a notice again: %w", err)
	}
	return o.touched(ctx, tx, n, id)
}

// Drop has a notice that waits not sent.
func (o *Outbox) Drop(ctx context.Context, tx *sql.Tx, id int64) error {
	n, err := changed(tx.ExecContext(ctx, "UPDATE notice SET state = 'dropped', ended_at = $1 WHERE id = $2 AND state = 'waiting'",
		o.cfg.Now().UnixMilli(), id))
	if err != nil {
		return fmt.Errorf("dropping a notice: %w", err)
	}
	return o.touched(ctx, tx, n, id)
}

// touched says why an operator's act changed nothing.
func (o *Outbox) touched(ctx context.Context, tx *sql.Tx, n, id int64) error {
	if n == 1 {
		return nil
	}
	found, err := rows(ctx, tx, "WHERE id = $1", id)
	switch {
	case err != nil:
		return err
	case len(found) == 0:
		return pki.Errorf(pki.Unknown, "notice.unknown", "there is no such notice")
	case found[0].keyID == "":
		return pki.Errorf(pki.Conflict, "notice.erased", "the words and the address of the notice have been erased").To("have a new one posted")
	}
	return pki.Errorf(pki.Conflict, "notice.state", "the notice's state does not allow it: %s", string(found[0].state))
}

// TargetState is how a channel stands.
type TargetState struct {
	Channel Channel   `json:"channel"`
	Off     time.Time `json:"off,omitzero"`   // since when a webhook target wants nothing (410)
	Since   time.Time `json:"since,omitzero"` // since when nothing gets through
	Says    string    `json:"says,omitempty"`
}

// Channels returns how every channel stands.
func (o *Outbox) Channels(ctx context.Context) ([]TargetState, error) {
	all := make([]TargetState, len(o.ways))
	for i, w := range o.ways {
		o.mu.Lock()
		all[i] = TargetState{Channel: w.channel, Since: w.since, Says: w.says}
		o.mu.Unlock()
		at, off, err := isOff(ctx, o.cfg.DB.Read(), w.target())
		if err != nil {
			return nil, err
		}
		if off {
			all[i].Off = at
		}
	}
	return all, nil
}

// SwitchOn has a webhook target sent to again that had answered 410, as part of tx.
func (o *Outbox) SwitchOn(ctx context.Context, tx *sql.Tx, target string) error {
	n, err := changed(tx.ExecContext(ctx, "DELETE FROM notice_target WHERE name = $1", target))
	if err != nil {
		return fmt.Errorf("switching a target on: %w", err)
	}
	if n == 0 {
		return pki.Errorf(pki.Conflict, "notice.target-on", "the webhook target is not switched off")
	}
	return nil
}
