package ra

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// frozenEvery is how soon a loss is tried again that could not be frozen at once.
const frozenEvery = 10 * time.Second

// KeepFrozen freezes until ctx ends what was reported lost and is not frozen yet, as the
// CA could not be reached or the process ended between the report and the freeze.
func (r *Registration) KeepFrozen(ctx context.Context) {
	tick := time.NewTicker(frozenEvery)
	defer tick.Stop()
	for failed := false; ; {
		err := r.FreezeReported(ctx)
		if err != nil && !failed && ctx.Err() == nil { // once: what the CA refuses for good waits for its review
			r.cfg.Log.Error("certificates reported lost are not frozen yet", "error", err)
		}
		failed = err != nil
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// FreezeReported tries once to freeze all that was reported lost and is not frozen yet;
// the first fault is returned, the others are tried all the same.
func (r *Registration) FreezeReported(ctx context.Context) error {
	if r.cfg.States == nil {
		return nil
	}
	lost, err := collect(ctx, r.cfg.DB.Read(), scanText, `SELECT a.id FROM ra_place p JOIN ra_application a ON a.id = p.application
		JOIN ra_certificate c ON c.issuer = a.issuer AND c.serial = a.serial
		WHERE p.node = $1 AND p.state = 'submitted' AND a.operation = 'freeze' AND a.carried_by = '' AND c.state = 'valid' AND c.not_after > $2 ORDER BY a.id LIMIT 1000`,
		r.cfg.Home.ID, millis(r.now()))
	for _, id := range lost {
		if fault := r.freezeNow(ctx, id); err == nil {
			err = fault
		}
	}
	return err
}

// heir is another report of the same loss that stands: what one report froze stays
// frozen for it, and is its to release. done says that it was carried out already.
func (r *Registration) heir(ctx context.Context, tx *sql.Tx, a *Application) (id string, done bool, err error) {
	var state State
	err = tx.QueryRowContext(ctx, `SELECT id, state FROM ra_application WHERE serial = $1 AND issuer = $2 AND operation = 'freeze' AND id <> $3
		AND (state IN ('submitted', 'approved') OR state = 'issued' AND changed >= $4) ORDER BY CASE state WHEN 'issued' THEN 0 ELSE 1 END, created, id LIMIT 1`,
		string(a.Serial), a.Issuer, a.ID, millis(a.Created)).Scan(&id, &state)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("looking for other reports of a loss: %w", err)
	}
	return id, state == Issued, nil
}

// inherit leaves a certificate frozen where another report of its loss stands.
func (r *Registration) inherit(ctx context.Context, a *Application) (stays bool, err error) {
	err = r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := alone(ctx, tx); err != nil {
			return err
		}
		id, done, err := r.heir(ctx, tx, a)
		if stays = id != ""; err != nil || !stays || done {
			return err
		}
		_, err = tx.ExecContext(ctx, "UPDATE ra_application SET carried_by = registered_by WHERE id = $1 AND carried_by = ''", id)
		return err
	})
	return stays, err
}
