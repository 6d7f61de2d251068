package ra

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"onecert/db"
)

// A thief of a certificate can have the ways to reach its holder changed here. So that
// the holder can still report the loss, a way that was replaced is good beside the new
// one for some days.

const (
	usualOldDays = 7
	// mostOld bounds how many old ways are reached. The oldest stay: a thief who changes
	// again and again does not push out the holder's.
	mostOld = 3
)

func (f Self) oldDays() int {
	if f.r.cfg.Self.OldDays == 0 {
		return usualOldDays
	}
	return max(f.r.cfg.Self.OldDays, 0)
}

// keepOld keeps the way that a change replaces.
func (f Self) keepOld(ctx context.Context, tx *sql.Tx, holder string, before map[string]string, change ContactChange) error {
	was := Contact{By: change.Field, At: before[change.Field]}
	if was.At == "" || was.At == change.Value || was.By == "address" || f.oldDays() == 0 {
		return nil
	}
	if err := f.r.forgetWays(ctx, tx); err != nil {
		return err
	}
	var n int
	if err := tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM ra_old_contact WHERE holder = $1 AND by = $2", holder, was.By).Scan(&n); err != nil || n >= mostOld {
		return err
	}
	sealed, err := f.r.cfg.Sealer.Seal(f.r.cfg.Random, []byte(encoded(was)), []byte("ra old contact "+holder))
	if err != nil {
		return fmt.Errorf("sealing an old way to reach a holder: %w", err)
	}
	until := f.r.now().AddDate(0, 0, f.oldDays())
	return db.Insert(ctx, tx, "ra_old_contact", []string{"holder", "by", "n", "sealed", "until"}, [][]any{{holder, was.By, millis(f.r.now())*mostOld + int64(n), sealed, millis(until)}}, "")
}

// oldWays are where a holder could be reached until some days ago, by phone or mail, or
// by both (by is empty).
func (f Self) oldWays(ctx context.Context, holder, by string) ([]Contact, error) {
	return collect(ctx, f.r.cfg.DB.Read(), func(row scanner) (c Contact, err error) {
		var sealed []byte
		if err := row.Scan(&sealed); err != nil {
			return c, err
		}
		text, err := f.r.cfg.Sealer.Open(sealed, []byte("ra old contact "+holder))
		if err != nil {
			return c, fmt.Errorf("opening an old way to reach a holder: %w", err)
		}
		return c, json.Unmarshal(text, &c)
	}, "SELECT sealed FROM ra_old_contact WHERE holder = $1 AND ($2 = '' OR by = $2) AND until > $3 ORDER BY n", holder, by, millis(f.r.now()))
}

// forgetWays deletes the old ways whose days are over.
func (r *Registration) forgetWays(ctx context.Context, tx *sql.Tx) error {
	if _, err := tx.ExecContext(ctx, "DELETE FROM ra_old_contact WHERE until <= $1", millis(r.now())); err != nil {
		return fmt.Errorf("forgetting old contacts: %w", err)
	}
	return nil
}
