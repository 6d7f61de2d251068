package status

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"

	"onecert/db"
)

// Epoch is one life of a journal. Numbers alone do not tell a journal from one that
// was brought back from a backup and went on: both have an entry 4711. A restore
// therefore begins a new epoch, and who follows sees whether what it has is shared.
type Epoch struct {
	ID    string `json:"id"`
	After int64  `json:"after" doc:"the last entry shared with the life before"`
}

// maxEpochs bounds what a source may send: one for each restore there ever was.
const maxEpochs = 1000

// begin gives a journal its first epoch, if it has none.
func begin(ctx context.Context, d *db.DB) error {
	var there int
	if err := d.Read().QueryRowContext(ctx, "SELECT COUNT(*) FROM status_epoch").Scan(&there); err != nil {
		return fmt.Errorf("reading the journal's epochs: %w", err)
	}
	if there > 0 {
		return nil
	}
	return d.Tx(ctx, func(tx *sql.Tx) error { // of two processes that open together, one is first
		return db.Insert(ctx, tx, "status_epoch", epochColumns, [][]any{{1, rand.Text(), 0}}, "ON CONFLICT DO NOTHING")
	})
}

var epochColumns = []string{"n", "id", "after"}

// Restored begins a new epoch of a journal that was just brought back from a backup.
func Restored(ctx context.Context, tx *sql.Tx) error {
	last, err := counter(ctx, tx)
	if err != nil {
		return err
	}
	known, err := epochs(ctx, tx)
	if err != nil {
		return err
	}
	return storeEpochs(ctx, tx, len(known), []Epoch{{rand.Text(), last}})
}

// epochs returns the lives of a journal, oldest first.
func epochs(ctx context.Context, q querier) ([]Epoch, error) {
	rows, err := q.QueryContext(ctx, "SELECT id, after FROM status_epoch ORDER BY n")
	if err != nil {
		return nil, fmt.Errorf("reading the journal's epochs: %w", err)
	}
	defer rows.Close()
	all := []Epoch{}
	for rows.Next() {
		var e Epoch
		if err := rows.Scan(&e.ID, &e.After); err != nil {
			return nil, fmt.Errorf("reading the journal's epochs: %w", err)
		}
		all = append(all, e)
	}
	return all, rows.Err()
}

func storeEpochs(ctx context.Context, tx *sql.Tx, known int, more []Epoch) error {
	rows := make([][]any, len(more))
	for i, e := range more {
		rows[i] = []any{known + 1 + i, e.ID, e.After}
	}
	return db.Insert(ctx, tx, "status_epoch", epochColumns, rows, "")
}

// shared returns the last entry that two journals have in common by their epochs:
// have is a copy's, theirs its source's. Without a difference it is -1: all that the
// copy has. related is false if they never were one journal.
func shared(have, theirs []Epoch) (last int64, related bool) {
	if len(have) == 0 {
		return -1, true // a copy that has not begun
	}
	i := 0
	for i < len(have) && i < len(theirs) && have[i] == theirs[i] {
		i++
	}
	last = -1
	for _, rest := range [][]Epoch{have[i:], theirs[i:]} {
		if len(rest) > 0 && (last < 0 || rest[0].After < last) {
			last = rest[0].After
		}
	}
	return last, i > 0
}
