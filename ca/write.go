package ca

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"onecert/audit"
	"onecert/db"
	"onecert/pki"
	"onecert/status"
)

// maxBatch bounds how many steps share one commit.
const maxBatch = 64

// Errors the flow acts on; they never leave the room.
var (
	errExists = errors.New("the application is already reserved")
	errSerial = errors.New("the serial is already taken")
	errStored = errors.New("the order's bytes are already stored")
)

// step is what one step of one order wants stored: one of the three is set.
type step struct {
	reserve  *orderRow
	intend   *intent
	complete *completion
}

// write stores the steps that wait, of whatever orders and whatever kind, with one
// commit. If one of them cannot be stored, nothing is, and each is tried by itself,
// so that a bad one harms no other and the usual case needs no savepoint.
func (ca *CA) write(ctx context.Context, steps []*step) []error {
	errs := make([]error, len(steps))
	stored := false
	err := ca.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		err := ca.writeTogether(ctx, tx, steps, errs)
		stored = err == nil
		return err
	})
	if err != nil && !stored { // a failed commit is not tried again: it may have happened
		err = ca.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
			ca.writeEach(ctx, tx, steps, errs)
			return nil
		})
	}
	if err != nil {
		for i := range errs {
			errs[i] = fmt.Errorf("storing: %w", err)
		}
		return errs
	}
	ca.wake(steps, errs)
	return errs
}

func (ca *CA) writeEach(ctx context.Context, tx *sql.Tx, steps []*step, errs []error) {
	for i := range steps {
		errs[i] = db.Savepoint(ctx, tx, func() error {
			errs[i] = nil
			if err := ca.writeTogether(ctx, tx, steps[i:i+1], errs[i:i+1]); err != nil {
				return err
			}
			return errs[i]
		})
	}
}

// wake tells followers of the journal if anything was released.
func (ca *CA) wake(steps []*step, errs []error) {
	for i, s := range steps {
		if s.complete != nil && errs[i] == nil {
			ca.cfg.Status.Wake()
			return
		}
	}
}

// writeTogether stores all steps or, with an error, leaves the transaction to be
// rolled back. Steps refused by a check get their error in errs and are left out.
func (ca *CA) writeTogether(ctx context.Context, tx *sql.Tx, steps []*step, errs []error) error {
	b := gather(steps)
	if err := ca.reserve(ctx, tx, b.orders, errs); err != nil {
		return err
	}
	if err := ca.storeIntents(ctx, tx, b.intents, errs); err != nil {
		return err
	}
	return ca.storeCompletions(ctx, tx, b.completions)
}

// batch is steps sorted by kind. Each knows its place among the errors.
type batch struct {
	orders      []placed[*orderRow]
	intents     []placed[*intent]
	completions []*completion
}

type placed[T any] struct {
	what  T
	place int
}

func gather(steps []*step) (b batch) {
	for i, s := range steps {
		switch {
		case s.reserve != nil:
			b.orders = append(b.orders, placed[*orderRow]{s.reserve, i})
		case s.intend != nil:
			b.intents = append(b.intents, placed[*intent]{s.intend, i})
		case s.complete != nil:
			b.completions = append(b.completions, s.complete)
		}
	}
	return b
}

// reserve stores orders with their serials: from here on each serial belongs to
// one application (design.md §3.1).
func (ca *CA) reserve(ctx context.Context, tx *sql.Tx, all []placed[*orderRow], errs []error) error {
	orders, refused := make([]*orderRow, len(all)), make([]error, len(all))
	for i, o := range all {
		orders[i] = o.what
	}
	if err := ca.checkReservations(ctx, tx, orders, refused); err != nil {
		return err
	}
	var rows, serials [][]any
	for i, o := range orders {
		if errs[all[i].place] = refused[i]; refused[i] != nil {
			continue
		}
		rows = append(rows, o.values())
		for _, s := range o.serials {
			serials = append(serials, s.values(o))
		}
	}
	if err := db.Insert(ctx, tx, "ca_order", orderColumns, rows, ""); err != nil {
		return sortDuplicate(err, errExists)
	}
	return sortDuplicate(db.Insert(ctx, tx, "ca_serial", serialColumns, serials, ""), errSerial)
}

// storeIntents stores the bytes to be signed and the audit entries that say so.
func (ca *CA) storeIntents(ctx context.Context, tx *sql.Tx, intents []placed[*intent], errs []error) error {
	if err := checkNewPairs(ctx, tx, intents, errs); err != nil {
		return err
	}
	var rows [][]any
	var acts []audit.Act
	for _, in := range intents {
		if errs[in.place] != nil {
			continue
		}
		acts = append(acts, in.what.act)
		for _, c := range in.what.certs {
			rows = append(rows, c.values(in.what))
		}
	}
	if err := db.Insert(ctx, tx, "ca_tbs", tbsColumns, rows, ""); err != nil {
		return sortDuplicate(err, errStored)
	}
	return ca.cfg.Audit.Append(ctx, tx, acts...)
}

// checkNewPairs refuses a pair of the KMC that is certified already: it must never
// hand one out twice.
func checkNewPairs(ctx context.Context, tx *sql.Tx, intents []placed[*intent], errs []error) error {
	certified := map[string]string{} // for which application
	var hashes []any
	for _, in := range intents {
		if c := in.what.newPair(); c != nil {
			hashes = append(hashes, c.keyHash)
		}
	}
	err := column(ctx, tx, "SELECT key_hash, application FROM ca_tbs WHERE role = 'encrypt' AND key_hash", hashes, func(rows *sql.Rows) error {
		var hash, application string
		err := rows.Scan(&hash, &application)
		certified[hash] = application
		return err
	})
	for _, in := range intents {
		c := in.what.newPair()
		if c == nil {
			continue
		}
		switch application, found := certified[c.keyHash]; {
		case !found:
			certified[c.keyHash] = in.what.application
		case application == in.what.application: // another request for the same application was first
			errs[in.place] = errStored
		default:
			errs[in.place] = pki.Errorf(pki.Internal, "kmc.key-reused", "the key management centre gave out a key that is certified already").
				To("stop issuing and check the key management centre's database")
		}
	}
	return err
}

// storeCompletions releases signatures with the journal's entries.
func (ca *CA) storeCompletions(ctx context.Context, tx *sql.Tx, completions []*completion) error {
	var rows [][]any
	var changes []status.Change
	var acts []audit.Act
	for _, c := range completions {
		for _, s := range c.signatures {
			rows = append(rows, []any{c.application, s.role, s.signature})
		}
		changes = append(changes, c.changes...)
		acts = append(acts, c.acts...)
	}
	if err := db.Insert(ctx, tx, "ca_signature", []string{"application", "role", "signature"}, rows, ""); err != nil {
		return sortDuplicate(err, errStored)
	}
	if err := ca.cfg.Audit.Append(ctx, tx, acts...); err != nil {
		return err
	}
	_, err := ca.cfg.Status.Append(ctx, tx, changes...)
	return err
}

func sortDuplicate(err, kind error) error {
	if err != nil && db.IsDuplicate(err) {
		return kind
	}
	return err
}
