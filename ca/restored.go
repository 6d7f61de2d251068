package ca

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"onecert/audit"
	"onecert/pki"
	"onecert/status"
)

// Migrations returns the room's tables, for bringing back a backup of them.
func Migrations() fs.FS { return migrations }

// Restored is a database that has just been brought back from a backup.
type Restored struct {
	Archive string    // its id
	Taken   time.Time // when the database was as it is now
	Now     time.Time
	Issuers []string
	Actor   pki.Actor
}

// What lists may have been signed and published since a backup was made: a safe
// distance, and more a second than a CA with every pause set to nothing can sign.
const (
	jumpLeast  = 1_000_000
	jumpSecond = 10
)

// AfterRestore makes a restored database fit to go on with, before a CA is opened on
// it, and returns the CRL number each issuer goes on from.
//
// Numbers of lists jump ahead of all that can have been published since the backup,
// so they still only grow (design.md §3.5), and the next lists are due at once. Nothing
// need be done about serials: those given out since the backup are not known here,
// but a new one has 128 random bits and more, so it meets one of them with the
// probability it would have met it anyway, below 2^-80 for 2^24 lost orders and as
// many new ones; among those that are known it is still refused by the table.
func AfterRestore(ctx context.Context, tx *sql.Tx, log *audit.Log, r Restored) (map[string]int64, error) {
	jump := jumpLeast + jumpSecond*max(0, int64(r.Now.Sub(r.Taken)/time.Second))
	next := map[string]int64{}
	act := audit.Act{Actor: r.Actor, Act: "backup.restore", Object: r.Archive, Result: audit.Done, At: r.Now,
		Detail: map[string]string{"taken": r.Taken.UTC().Format(time.RFC3339)}}
	for _, issuer := range r.Issuers {
		var before int64
		err := tx.QueryRowContext(ctx, "SELECT number FROM ca_crl_number WHERE issuer = $1", issuer).Scan(&before)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return nil, fmt.Errorf("reading a CRL number: %w", err)
		}
		next[issuer] = before + jump
		act.Detail["crl."+issuer] = fmt.Sprintf("%d -> %d", before, next[issuer])
	}
	if err := log.Append(ctx, tx, act); err != nil {
		return nil, err
	}
	// Who follows the journal must see that it may have had other entries since.
	if err := status.Restored(ctx, tx); err != nil {
		return nil, err
	}
	for _, issuer := range r.Issuers {
		_, err := tx.ExecContext(ctx, `INSERT INTO ca_crl_number (issuer, number) VALUES ($1, $2)
			ON CONFLICT (issuer) DO UPDATE SET number = excluded.number`, issuer, next[issuer])
		if err != nil {
			return nil, fmt.Errorf("raising a CRL number: %w", err)
		}
	}
	return next, nil
}

// CRLNumbers returns the number of each issuer's last list as tx sees it.
func CRLNumbers(ctx context.Context, tx *sql.Tx) (map[string]int64, error) {
	rows, err := tx.QueryContext(ctx, "SELECT issuer, number FROM ca_crl_number")
	if err != nil {
		return nil, fmt.Errorf("reading CRL numbers: %w", err)
	}
	defer rows.Close()
	all := map[string]int64{}
	for rows.Next() {
		var issuer string
		var number int64
		if err := rows.Scan(&issuer, &number); err != nil {
			return nil, fmt.Errorf("reading CRL numbers: %w", err)
		}
		all[issuer] = number
	}
	return all, rows.Err()
}
