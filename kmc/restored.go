package kmc

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"strconv"
	"time"

	"onecert/audit"
	"onecert/pki"
)

// Migrations returns the room's tables, for bringing back a backup of them.
func Migrations() fs.FS { return migrations }

// Restored is a database that has just been brought back from a backup.
type Restored struct {
	Archive string    // its id
	Taken   time.Time // when the database was as it is now
	Now     time.Time
	Actor   pki.Actor
}

// actRestore is the entry AfterRestore leaves; its detail "before" is the moment, in
// milliseconds since 1970, before which no pair is spare any more.
const actRestore = "backup.restore"

// AfterRestore makes a restored database fit to go on with, before a Centre is opened
// on it, and returns how many pairs it has set aside.
//
// A pair that was spare when the backup was made may have been handed out since, to
// somebody this database does not know. Handed out again it would be two holders'
// key. So no pair from before the restore is spare any more. They stay where they
// are, sealed: if their holder's certificate turns up they can still be recovered.
func AfterRestore(ctx context.Context, tx *sql.Tx, log *audit.Log, r Restored) (aside int64, err error) {
	var latest int64
	row := tx.QueryRowContext(ctx, `SELECT count(*), COALESCE(MAX(k.made_at), 0) FROM kmc_key k LEFT JOIN kmc_use u ON u.key_id = k.id WHERE u.key_id IS NULL`)
	if err := row.Scan(&aside, &latest); err != nil {
		return 0, fmt.Errorf("counting the spare keys: %w", err)
	}
	if err := wipeRestored(ctx, tx, log, r); err != nil {
		return 0, err
	}
	before := max(r.Now.UnixMilli(), latest+1) // whatever the clock says
	act := audit.Act{Actor: r.Actor, Act: actRestore, Object: r.Archive, Result: audit.Done, At: r.Now,
		Detail: map[string]string{"taken": r.Taken.UTC().Format(time.RFC3339), "aside": strconv.FormatInt(aside, 10), "before": strconv.FormatInt(before, 10)}}
	if err := log.Append(ctx, tx, act); err != nil {
		return 0, err
	}
	for _, suite := range pki.Suites() {
		if err := storeSpareFrom(ctx, tx, suite, time.UnixMilli(before)); err != nil {
			return 0, err
		}
	}
	return aside, nil
}

// neverBefore gives new pairs no time before the one since which pairs are spare: a
// clock set back after a restore would bring back what was set aside.
func (c *Centre) neverBefore(ctx context.Context) error {
	var from int64
	if err := c.config.DB.Read().QueryRowContext(ctx, "SELECT COALESCE(MAX(spare_from), 0) FROM kmc_count").Scan(&from); err != nil {
		return fmt.Errorf("reading since when keys are spare: %w", err)
	}
	least, now := time.UnixMilli(from).UTC(), c.config.Now
	c.vault.now = func() time.Time {
		if t := now(); t.After(least) {
			return t
		}
		return least
	}
	return nil
}

// noteRestore remembers the moment before which no pair is spare.
func (i *invariants) noteRestore(e audit.Entry) {
	before, err := strconv.ParseInt(e.Detail["before"], 10, 64)
	if err != nil {
		i.fault("entry %d of the log does not say which pairs a restore set aside", e.Number)
	}
	i.aside = max(i.aside, before)
}
