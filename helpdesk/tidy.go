package helpdesk

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"onecert/pki"
)

// tidyEvery is how often Run looks.
const tidyEvery = 10 * time.Minute

// Run closes and erases what has come to its time, until ctx ends.
func (d *Desk) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := d.Tidy(ctx); err != nil && ctx.Err() == nil {
			d.cfg.Log.Error("the desk could not be tidied", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(tidyEvery):
		}
	}
	return ctx.Err()
}

// maxTidy is how many tickets are taken at a time.
const maxTidy = 200

// Tidy closes resolved tickets that nobody came back to, those whose person was asked and
// says nothing, and those on which nobody does anything; it erases name, contact and words
// of those closed long ago. What it closes says why.
func (d *Desk) Tidy(ctx context.Context) error {
	now := d.now()
	for state, patience := range map[State]time.Duration{Waiting: d.cfg.Quiet, Open: d.cfg.Silent, Working: d.cfg.Silent} {
		if err := d.giveUp(ctx, state, now.Add(-patience), givenUp(patience)); err != nil {
			return err
		}
	}
	// Working time is never more than time: what was resolved later than this is not due.
	all, err := tickets(ctx, d.cfg.DB.Read(), "WHERE state = 'resolved' AND resolved <= $1 ORDER BY resolved LIMIT $2", millis(now.Add(-d.cfg.Rest)), maxTidy)
	if err != nil {
		return err
	}
	for _, t := range all {
		if d.cfg.Hours.Add(t.Resolved, d.cfg.Rest).After(now) {
			continue
		}
		find := func(tx *sql.Tx) (*Ticket, error) { return readTicket(ctx, tx, "", t.Number) }
		_, err := d.happen(ctx, act{event: Close, by: pki.Actor{Name: "desk"}}, find, nil)
		if err != nil && pki.KindOf(err) != pki.Conflict { // somebody was quicker
			return err
		}
	}
	return d.erase(ctx, now.Add(-d.cfg.Keep))
}

// givenUp is what the person reads of it.
func givenUp(patience time.Duration) string {
	days := int(patience.Hours() / 24)
	return fmt.Sprintf("%d 天没有进展，已关闭；如仍需帮助，请另行提出。 Closed, as nothing happened for %d days; if help is still needed, ask anew.", days, days)
}

// giveUp closes what stands in a state since a time. The last change is looked at again
// in the transaction: somebody may have come back.
func (d *Desk) giveUp(ctx context.Context, state State, before time.Time, why string) error {
	old, err := tickets(ctx, d.cfg.DB.Read(), "WHERE state = $1 AND changed < $2 ORDER BY due LIMIT $3", string(state), millis(before), maxTidy)
	if err != nil {
		return err
	}
	for _, t := range old {
		find := func(tx *sql.Tx) (*Ticket, error) {
			t, err := readTicket(ctx, tx, "", t.Number)
			if err == nil && (t.State != state || !t.changed.Before(before)) {
				return nil, pki.Errorf(pki.Conflict, "desk.version", "somebody has come back to it")
			}
			return t, err
		}
		_, err := d.happen(ctx, act{event: Close, by: pki.Actor{Name: "desk"}, text: why}, find, nil)
		if err != nil && pki.KindOf(err) != pki.Conflict {
			return err
		}
	}
	return nil
}

func (d *Desk) erase(ctx context.Context, before time.Time) error {
	return d.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		for _, text := range []string{
			`UPDATE desk_turn SET sealed = NULL WHERE sealed IS NOT NULL AND ticket IN (
				SELECT number FROM desk_ticket WHERE closed <> 0 AND closed < $1 AND sealed IS NOT NULL)`,
			`UPDATE desk_ticket SET sealed = NULL, holder = '', code = '' WHERE closed <> 0 AND closed < $1 AND sealed IS NOT NULL`,
		} {
			if _, err := tx.ExecContext(ctx, text, millis(before)); err != nil {
				return fmt.Errorf("erasing old tickets: %w", err)
			}
		}
		return nil
	})
}
