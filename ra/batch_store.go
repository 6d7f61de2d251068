package ra

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"

	"onecert/db"
	"onecert/pki"
	"onecert/ra/internal/sheet"
)

// The states of a row.
const (
	rowReady      = "ready"
	rowFaulty     = "faulty"
	rowRegistered = "registered"
	rowFailed     = "failed"
)

// codeBatchState is the code of what a batch's state does not allow.
const codeBatchState = "batch.state"

const batchColumnNames = `id, node, path, name, digest, kind, profile, key_from, days, single, suite, state, version, total, faulty, registered, failed, stopped,
	created, created_by, confirmed_by, actor, changed`

func scanBatch(row scanner) (*Batch, error) {
	b := &Batch{}
	var single, created, changed int64
	err := row.Scan(&b.ID, &b.Node, &b.Path, &b.Name, &b.digest, &b.Kind, &b.Profile, &b.KeyFrom, &b.Days, &single, &b.Suite, &b.State, &b.Version, &b.Rows, &b.Faulty,
		&b.Registered, &b.Failed, &b.Stopped, &created, &b.CreatedBy, &b.ConfirmedBy, &b.actor, &changed)
	b.Single, b.Created, b.Changed = single == 1, moment(created), moment(changed)
	return b, err
}

// readBatch reads one of the scope's batches.
func readBatch(ctx context.Context, q querier, s scope, id string) (*Batch, error) {
	b, err := scanBatch(q.QueryRowContext(ctx, "SELECT "+batchColumnNames+" FROM ra_batch WHERE id = $1 AND path >= $2 AND path < $3", id, s.from(), s.to()))
	if err != nil {
		return nil, unknownOr(err, "batch.unknown", "batch", id)
	}
	return b, nil
}

func insertBatch(ctx context.Context, tx *sql.Tx, b *Batch) error {
	columns := strings.Split(strings.Join(strings.Fields(batchColumnNames), ""), ",")
	row := []any{b.ID, b.Node, b.Path, b.Name, b.digest, string(b.Kind), b.Profile, b.KeyFrom, int64(b.Days), flag(b.Single), string(b.Suite), string(b.State), int64(b.Version),
		int64(b.Rows), int64(b.Faulty), int64(b.Registered), int64(b.Failed), b.Stopped, millis(b.Created), b.CreatedBy, b.ConfirmedBy, b.actor, millis(b.Changed)}
	return db.Insert(ctx, tx, "ra_batch", columns, [][]any{row}, "")
}

// updateBatch stores the next version of a batch.
func updateBatch(ctx context.Context, tx *sql.Tx, b *Batch) error {
	b.Version++
	result, err := tx.ExecContext(ctx, "UPDATE ra_batch SET state = $1, confirmed_by = $2, actor = $3, changed = $4, version = $5, stopped = '' WHERE id = $6 AND version = $7",
		string(b.State), b.ConfirmedBy, b.actor, millis(b.Changed), b.Version, b.ID, b.Version-1)
	return changed(result, err, "batch")
}

// sealedRow is what a good row says, in the form it is sealed in.
type sealedRow struct {
	Fields  map[string]string `json:"fields"`
	Request []byte            `json:"request,omitempty"`
}

func rowOf(batch string, number int) []byte { return fmt.Appendf(nil, "ra batch %s %d", batch, number) }

// insertBatchRows stores the rows of a sheet; what faulty ones say is not kept.
func (r *Registration) insertBatchRows(ctx context.Context, tx *sql.Tx, b *Batch, judged []batchRow) error {
	var rows, faults [][]any
	for _, one := range judged {
		state, sealed := rowFaulty, []byte(nil)
		if len(one.faults) == 0 {
			blob, err := r.cfg.Sealer.Seal(r.cfg.Random, []byte(encoded(sealedRow{one.fields, one.request})), rowOf(b.ID, one.number))
			if err != nil {
				return fmt.Errorf("sealing row %d: %w", one.number, err)
			}
			state, sealed = rowReady, blob
		}
		rows = append(rows, []any{b.ID, int64(one.number), state, one.title(), sealed, ""})
		for i, f := range one.faults {
			if len(faults) < mostFaulty {
				faults = append(faults, faultRow(b.ID, i, f))
			}
		}
	}
	if err := db.Insert(ctx, tx, "ra_batch_row", []string{"batch", "number", "state", "name", "sealed", "application"}, rows, ""); err != nil {
		return err
	}
	return db.Insert(ctx, tx, "ra_batch_fault", faultColumns(), faults, "")
}

func faultRow(batch string, place int, f sheet.Fault) []any {
	return []any{batch, int64(f.Row), int64(place), f.Column, f.Cell, f.Code, f.Wrong, f.Remedy}
}

func faultColumns() []string {
	return []string{"batch", "number", "place", "field", "cell", "code", "wrong", "remedy"}
}

// openRow reads what a row says.
func (r *Registration) openRow(batch string, number int, sealed []byte) (row sealedRow, err error) {
	text, err := r.cfg.Sealer.Open(sealed, rowOf(batch, number))
	if err != nil {
		return row, fmt.Errorf("opening row %d of %s: %w", number, batch, err)
	}
	defer clear(text)
	if err := json.Unmarshal(text, &row); err != nil {
		return row, fmt.Errorf("opening row %d of %s: %w", number, batch, err)
	}
	return row, nil
}

// forgetRows takes away what rows say that will not be registered.
func forgetRows(ctx context.Context, tx *sql.Tx, batch string) error {
	if _, err := tx.ExecContext(ctx, "UPDATE ra_batch_row SET sealed = NULL WHERE batch = $1 AND sealed IS NOT NULL", batch); err != nil {
		return fmt.Errorf("forgetting the rows of %s: %w", batch, err)
	}
	return nil
}

// advance counts what was done of a running batch, before anything else of the same
// transaction; one that was withdrawn meanwhile is left alone.
func advance(ctx context.Context, tx *sql.Tx, batch string, now int64) error {
	result, err := tx.ExecContext(ctx, "UPDATE ra_batch SET stopped = '', changed = $1 WHERE id = $2 AND state = 'running'", now, batch)
	if err != nil {
		return fmt.Errorf("going on with %s: %w", batch, err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return pki.Errorf(pki.Conflict, codeBatchState, "the batch is not running any more").To("look at it again")
}
