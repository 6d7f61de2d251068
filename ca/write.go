package ca

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"onecert/audit"
	"onecert/db"
	"onecert/status"
)

// maxBatch bounds how many steps share one commit.
const maxBatch = 64

// Errors the flow acts on; they never leave the room.
var (
	errExists = errors.New("the application is already there")
	errSerial = errors.New("the serial is already taken")
	errSigned = errors.New("the order's signatures are already stored")
)

// step is what one step of one order wants stored: one of the two is set.
type step struct {
	intend   *intent
	complete *completion
}

// write stores the steps that wait, of whatever orders and whatever kind, with one
// commit. If one of them cannot be stored, nothing is, and each is tried by itself,
// so that a bad one harms no other and the usual case needs no savepoint.
func (ca *CA) write(ctx context.Context, steps []*step) []error {
	ca.compromises.Lock()
	defer ca.compromises.Unlock()
	if !slices.ContainsFunc(steps, (*step).compromises) {
		return ca.writeSteps(ctx, steps)
	}
	// What is released beside a compromise must be seen by it, so each comes after it.
	errs := make([]error, len(steps))
	for i, s := range steps {
		if s.compromises() {
			ca.compromises.known.Add(1)
			errs[i] = ca.revokePredecessors(ctx, s.complete.replacing, s.complete)
		}
		if errs[i] == nil {
			errs[i] = ca.writeSteps(ctx, steps[i:i+1])[0]
		}
	}
	return errs
}

// compromises reports whether a step says that a key is bad.
func (s *step) compromises() bool { return s.complete != nil && s.complete.replacing != nil }

func (ca *CA) writeSteps(ctx context.Context, steps []*step) []error {
	errs := make([]error, len(steps))
	stored := false
	err := ca.tx(ctx, func(tx *sql.Tx) error {
		err := ca.writeTogether(ctx, tx, steps, errs)
		stored = err == nil
		return err
	})
	if err != nil && !stored { // a failed commit is not tried again: it may have happened
		err = ca.tx(ctx, func(tx *sql.Tx) error {
			return ca.writeEach(ctx, tx, steps, errs)
		})
	}
	ca.note(steps)
	ca.seen.doubt.Store(err != nil)
	if err != nil {
		for i := range errs {
			errs[i] = fmt.Errorf("storing: %w", err)
		}
		return errs
	}
	ca.wake(steps, errs)
	return errs
}

// writeEach returns an error where the database is to blame and no step.
func (ca *CA) writeEach(ctx context.Context, tx *sql.Tx, steps []*step, errs []error) error {
	for i := range steps {
		errs[i] = db.Savepoint(ctx, tx, func() error {
			errs[i] = nil
			if err := ca.writeTogether(ctx, tx, steps[i:i+1], errs[i:i+1]); err != nil {
				return err
			}
			return errs[i]
		})
		if db.IsUnavailable(errs[i]) {
			return errs[i]
		}
	}
	return nil
}

// note remembers what orders name that others may have looked for while these were not
// to be seen yet.
func (ca *CA) note(steps []*step) {
	for _, s := range steps {
		if s.intend != nil {
			ca.recent.add(s.intend)
		}
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
	k, err := ca.look(ctx, tx, b.intents)
	if err != nil {
		return err
	}
	if err := ca.checkIntents(ctx, k, b.intents, errs); err != nil {
		return err
	}
	if err := ca.checkCompletions(ctx, b.completions, errs); err != nil {
		return err
	}
	b.drop(errs)
	orders, certificates := b.intentRows()
	err = db.Send(ctx, tx,
		db.Into("ca_order", orderColumns, orders, ""),
		db.Into("ca_certificate", certificateColumns, certificates, ""),
		db.Into("ca_signature", []string{"application", "role", "signature"}, b.signatureRows(), ""))
	if err != nil {
		return sortDuplicate(err)
	}
	for _, in := range b.intents {
		ca.seen.add(in.what.names()...) // before it can be committed
		ca.recent.add(in.what)          // for those after it in this transaction
	}
	acts, changes := b.consequences()
	if err := ca.cfg.Audit.Append(ctx, tx, acts...); err != nil {
		return err
	}
	_, err = ca.cfg.Status.Append(ctx, tx, changes...)
	return err
}

// sortDuplicate says what it means that a row was there already.
func sortDuplicate(err error) error {
	into, ok := errors.AsType[*db.InsertError](err)
	if !ok || !db.IsDuplicate(err) {
		return err
	}
	switch into.Table {
	case "ca_order":
		return errExists
	case "ca_certificate":
		return errSerial
	}
	return errSigned
}

// batch is steps sorted by kind. Each knows its place among the errors.
type batch struct {
	intents     []placed[*intent]
	completions []placed[*completion]
}

type placed[T any] struct {
	what  T
	place int
}

func gather(steps []*step) (b batch) {
	for i, s := range steps {
		switch {
		case s.intend != nil:
			b.intents = append(b.intents, placed[*intent]{s.intend, i})
		case s.complete != nil:
			b.completions = append(b.completions, placed[*completion]{s.complete, i})
		}
	}
	return b
}

// drop leaves out the steps that were refused.
func (b *batch) drop(errs []error) {
	b.intents = slices.DeleteFunc(b.intents, func(in placed[*intent]) bool { return errs[in.place] != nil })
	b.completions = slices.DeleteFunc(b.completions, func(c placed[*completion]) bool { return errs[c.place] != nil })
}

// intentRows are orders with their serials and the bytes to be signed: from here on
// each serial belongs to one application (design.md §3.1).
func (b *batch) intentRows() (orders, certificates [][]any) {
	for _, in := range b.intents {
		orders = append(orders, in.what.order.values())
		for i := range in.what.certs {
			certificates = append(certificates, in.what.values(i))
		}
	}
	return orders, certificates
}

func (b *batch) signatureRows() (rows [][]any) {
	for _, c := range b.completions {
		for _, s := range c.what.signatures {
			rows = append(rows, []any{c.what.application, s.role, s.signature})
		}
	}
	return rows
}

// consequences are what goes into the audit log and the journal with it.
func (b *batch) consequences() (acts []audit.Act, changes []status.Change) {
	for _, in := range b.intents {
		acts = append(acts, in.what.act)
	}
	for _, c := range b.completions {
		acts, changes = append(acts, c.what.acts...), append(changes, c.what.changes...)
	}
	return acts, changes
}
