package ra

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"onecert/db"
	"onecert/officer"
	"onecert/pki"
	"onecert/ra/internal/sheet"
)

// How batches are worked on: so many rows a transaction, so many questions to the CA at
// once, how soon a confirmed or stopped batch is looked at, and how long an unconfirmed
// one is kept.
const (
	rowsAtOnce   = 50
	asksAtOnce   = 8
	batchesEvery = 2 * time.Second
	undecided    = 7 * 24 * time.Hour
)

// KeepBatches registers the rows of confirmed batches until ctx ends. After a crash it
// goes on with the first row that is not registered: a row and its application are one
// transaction.
func (r *Registration) KeepBatches(ctx context.Context) {
	tick := time.NewTicker(batchesEvery)
	defer tick.Stop()
	for {
		if err := r.WorkBatches(ctx); err != nil && ctx.Err() == nil {
			r.cfg.Log.Error("a batch does not go on", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// WorkBatches registers what can be registered now of all running batches. A batch that
// cannot go on says why, and is tried again at the next call; the first such error is
// returned.
func (r *Registration) WorkBatches(ctx context.Context) error {
	all, err := collect(ctx, r.cfg.DB.Read(), scanBatch, "SELECT "+batchColumnNames+" FROM ra_batch WHERE state = 'running' ORDER BY created, id")
	if err != nil {
		return err
	}
	first := r.forgetOld(ctx)
	for _, b := range all {
		if err := r.workOn(ctx, b); err != nil && first == nil {
			first = fmt.Errorf("registering %s: %w", b.ID, err)
		}
	}
	return first
}

// forgetOld withdraws batches that nobody confirmed in time: what people wrote about
// themselves is not kept for nothing.
func (r *Registration) forgetOld(ctx context.Context) error {
	old, err := collect(ctx, r.cfg.DB.Read(), scanBatch, "SELECT "+batchColumnNames+" FROM ra_batch WHERE state = 'checked' AND created < $1 LIMIT 100",
		millis(r.now().Add(-undecided)))
	for _, b := range old {
		if err := r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
			b.State, b.Changed = BatchWithdrawn, r.now()
			if err := updateBatch(ctx, tx, b); err != nil {
				return err
			}
			if err := forgetRows(ctx, tx, b.ID); err != nil {
				return err
			}
			return r.cfg.Audit.Append(ctx, tx, b.act("withdraw", scope{actor: pki.Actor{Name: "batches"}}))
		}); err != nil {
			return fmt.Errorf("withdrawing %s: %w", b.ID, err)
		}
	}
	return err
}

// workOn registers a batch to its end, or to where it cannot go on.
func (r *Registration) workOn(ctx context.Context, b *Batch) error {
	for {
		more, err := r.registerSome(ctx, b)
		if pki.CodeOf(err) == codeBatchState {
			return nil // withdrawn meanwhile
		}
		if err != nil && ctx.Err() == nil {
			r.stop(ctx, b, err)
		}
		if err != nil || !more {
			return err
		}
	}
}

// stop notes why a batch does not go on.
func (r *Registration) stop(ctx context.Context, b *Batch, why error) {
	words := "it could not be stored; the log says more"
	if e, ok := errors.AsType[*pki.Error](why); ok && e.Kind != pki.Internal {
		words = e.Error()
	}
	err := r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE ra_batch SET stopped = $1 WHERE id = $2 AND state = 'running'", words, b.ID)
		return err
	})
	if err != nil {
		r.cfg.Log.Error("cannot note why a batch does not go on", "batch", b.ID, "error", err)
	}
}

// pendingRow is a good row on its way to its application.
type pendingRow struct {
	number int
	sealed []byte
	sealedRow
	holder string
	wrong  *pki.Error
}

// registerSome registers the next rows in one transaction. Who confirmed the batch acts,
// with the rights that person and the office have now.
func (r *Registration) registerSome(ctx context.Context, b *Batch) (more bool, err error) {
	var actor pki.Actor
	if err := json.Unmarshal([]byte(b.actor), &actor); err != nil {
		return false, fmt.Errorf("reading who confirmed: %w", err)
	}
	s, err := r.enter(pki.WithActor(ctx, actor), officer.Register)
	if err != nil {
		return false, err
	}
	if s.node.ID != b.Node {
		return false, pki.Errorf(pki.Forbidden, "batch.node", "%s, who confirmed the batch, has moved to another office", actor.Name).
			To("withdraw the batch and upload the rest again")
	}
	rows, err := collect(ctx, r.cfg.DB.Read(), func(row scanner) (p *pendingRow, err error) {
		p = &pendingRow{}
		return p, row.Scan(&p.number, &p.sealed)
	}, "SELECT number, sealed FROM ra_batch_row WHERE batch = $1 AND state = 'ready' ORDER BY number LIMIT $2", b.ID, rowsAtOnce)
	if err != nil {
		return false, err
	}
	if err := r.prepare(ctx, b, rows); err != nil {
		return false, err
	}
	return len(rows) > 0, r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := advance(ctx, tx, b.ID, millis(r.now())); err != nil {
			return err
		}
		if len(rows) == 0 {
			return r.finish(ctx, tx, b, s)
		}
		return r.registerRows(ctx, tx, b, s, rows)
	})
}

// prepare opens the rows and asks the CA who their holders are, outside of any
// transaction. A holder who may have no second certificate is the row's fault, a CA
// that does not answer is not.
func (r *Registration) prepare(ctx context.Context, b *Batch, rows []*pendingRow) error {
	for _, p := range rows {
		var err error
		if p.sealedRow, err = r.openRow(b.ID, p.number, p.sealed); err != nil {
			return err
		}
	}
	if r.cfg.Holders == nil {
		return nil
	}
	failed := make([]error, len(rows))
	var all sync.WaitGroup
	places := make(chan struct{}, asksAtOnce)
	for i, p := range rows {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			var err error
			p.holder, err = r.knowHolder(ctx, &Application{Operation: Issue, Kind: b.Kind, Fields: p.Fields})
			if p.wrong = told(err); p.wrong == nil {
				failed[i] = err
			}
		})
	}
	all.Wait()
	return errors.Join(failed...)
}

// registerRows makes the applications of rows and says so of the rows, all in one
// message to the database. What nothing is missing of is handed to review.
func (r *Registration) registerRows(ctx context.Context, tx *sql.Tx, b *Batch, s scope, rows []*pendingRow) error {
	var out sheaf
	var entries []entry
	for _, p := range rows {
		e, err := r.entryOfRow(ctx, tx, b, s, p)
		if err != nil {
			return err
		}
		if p.wrong != nil {
			out.failRow(b, p)
			continue
		}
		entries = append(entries, e)
		out.endRow(b.ID, p.number, rowRegistered, e.a.ID)
	}
	out.do("UPDATE ra_batch SET registered = registered + $1, failed = failed + $2 WHERE id = $3", len(entries), len(rows)-len(entries), b.ID)
	if len(entries) == 0 {
		return out.send(ctx, tx)
	}
	if err := r.store(ctx, tx, &out, entries...); err != nil {
		return err
	}
	return r.ruleOn(ctx, tx, entries)
}

// entryOfRow makes the application of a row, not yet stored; p.wrong says why there is
// none.
func (r *Registration) entryOfRow(ctx context.Context, tx *sql.Tx, b *Batch, s scope, p *pendingRow) (e entry, err error) {
	if p.wrong != nil {
		return e, nil
	}
	a, err := r.enterNew(ctx, tx, s, Entry{Operation: Issue, Kind: b.Kind, Profile: b.Profile, Fields: p.Fields, Request: p.Request, KeyFrom: b.KeyFrom,
		Suite: b.Suite, Days: b.Days, Single: b.Single, Batch: b.ID})
	if p.wrong = told(err); err != nil {
		if p.wrong != nil {
			err = nil
		}
		return e, err
	}
	a.Holder = p.holder
	why := map[string]string{"batch": b.ID}
	e = r.entryOf(step{a: a, event: "register", who: s}, why)
	err = r.complete(a)
	if err == nil {
		a.State = Submitted
		submit := r.entryOf(step{a: a, event: Submit, was: Draft, who: s}, why)
		e.moments, e.acts = append(e.moments, submit.moments...), append(e.acts, submit.acts...)
	}
	if told(err) != nil { // what is missing, is added to the draft
		err = nil
	}
	return e, err
}

// ruleOn lets standing rules review what was just handed to review; what none reviews
// waits for a person, as where one fails.
func (r *Registration) ruleOn(ctx context.Context, tx *sql.Tx, entries []entry) error {
	var rules int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM ra_rule WHERE active = 1").Scan(&rules); err != nil || rules == 0 {
		return err
	}
	for _, e := range entries {
		err := db.Savepoint(ctx, tx, func() error { _, err := r.ruled(ctx, tx, e.a.ID); return err })
		if err != nil && told(err) == nil {
			return err
		}
	}
	return nil
}

// failRow says why a row that was good could not be registered any more.
func (s *sheaf) failRow(b *Batch, p *pendingRow) {
	s.insert("ra_batch_fault", faultColumns(), faultRow(b.ID, 0, sheet.Fault{Row: p.number, Code: p.wrong.Code, Wrong: p.wrong.Wrong, Remedy: p.wrong.Remedy})...)
	s.endRow(b.ID, p.number, rowFailed, "")
}

// endRow says what became of a row, and forgets what it said.
func (s *sheaf) endRow(batch string, number int, state, application string) {
	s.do("UPDATE ra_batch_row SET state = $1, application = $2, sealed = NULL WHERE batch = $3 AND number = $4", state, application, batch, number)
}

func (r *Registration) finish(ctx context.Context, tx *sql.Tx, b *Batch, s scope) error {
	ended := *b
	ended.State, ended.Changed = BatchDone, r.now()
	if err := r.cfg.Audit.Append(ctx, tx, ended.act("done", s)); err != nil {
		return err
	}
	return updateBatch(ctx, tx, &ended)
}
