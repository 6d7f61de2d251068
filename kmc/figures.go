package kmc

import (
	"context"
	"fmt"
	"time"

	"onecert/db"
	"onecert/pki"
)

// Spare returns how many pairs of a suite are spare, as its database tells an observer
// on the machine.
func Spare(ctx context.Context, d *db.DB, suite pki.Suite) (n int64, err error) {
	err = d.Read().QueryRowContext(ctx, `SELECT count(*) FROM kmc_key k LEFT JOIN kmc_use u ON u.key_id = k.id WHERE u.key_id IS NULL
		AND k.suite = $1 AND k.made_at >= (SELECT spare_from FROM kmc_count WHERE suite = $1)`, string(suite)).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("counting the spare keys: %w", err)
	}
	return n, nil
}

// LastUse returns when a pair was last handed out, zero where none was.
func LastUse(ctx context.Context, d *db.DB) (time.Time, error) {
	var last int64
	if err := d.Read().QueryRowContext(ctx, "SELECT COALESCE(MAX(taken_at), 0) FROM (SELECT taken_at FROM kmc_use ORDER BY key_id DESC LIMIT 1) AS newest").Scan(&last); err != nil {
		return time.Time{}, fmt.Errorf("reading when a key was last handed out: %w", err)
	}
	if last == 0 {
		return time.Time{}, nil
	}
	return time.UnixMilli(last).UTC(), nil
}
