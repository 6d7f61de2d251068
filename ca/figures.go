package ca

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"onecert/db"
)

// What an observer on the machine may know of a CA's database, whether or not it is
// being served.

// LastList returns the newest complete list of an issuer without its octets, nil
// where there is none yet.
func LastList(ctx context.Context, d *db.DB, issuer string) (*CRL, error) {
	l := CRL{Issuer: issuer, Partition: complete}
	var this, next int64
	row := d.Read().QueryRowContext(ctx, `SELECT number, journal, entries, size, this_update, next_update FROM ca_crl
		WHERE issuer = $1 AND crl_part = $2 AND base = 0 ORDER BY number DESC LIMIT 1`, issuer, complete)
	err := row.Scan(&l.Number, &l.Journal, &l.Entries, &l.Size, &this, &next)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the last list: %w", err)
	}
	l.ThisUpdate, l.NextUpdate = time.UnixMilli(this).UTC(), time.UnixMilli(next).UTC()
	return &l, nil
}

// LastOrder returns when the last order came in, zero where there was none.
func LastOrder(ctx context.Context, d *db.DB) (time.Time, error) {
	var last int64
	if err := d.Read().QueryRowContext(ctx, "SELECT COALESCE(MAX(created), 0) FROM ca_order").Scan(&last); err != nil {
		return time.Time{}, fmt.Errorf("reading the time of the last order: %w", err)
	}
	if last == 0 {
		return time.Time{}, nil
	}
	return time.UnixMilli(last).UTC(), nil
}
