package ra

import (
	"context"
	"database/sql"
	"fmt"

	"onecert/officer"
	"onecert/pki"
)

// Batch returns one of the subtree's batches.
func (r *Registration) Batch(ctx context.Context, id string) (*Batch, error) {
	s, err := r.enter(ctx, officer.ReadApplications)
	if err != nil {
		return nil, err
	}
	return readBatch(ctx, r.cfg.DB.Read(), s, id)
}

// BatchQuery selects batches of one's subtree.
type BatchQuery struct {
	State BatchState `query:"state" maxLength:"20"`
	After string     `query:"after" maxLength:"100" doc:"the after of the page before"`
	Limit int        `query:"limit" minimum:"0" maximum:"200"`
}

// Batches lists batches, newest first.
func (r *Registration) Batches(ctx context.Context, q BatchQuery) (*Page[*Batch], error) {
	s, err := r.enter(ctx, officer.ReadApplications)
	if err != nil {
		return nil, err
	}
	created, id, err := whenAfter(q.After)
	if err != nil {
		return nil, err
	}
	var find search
	where := find.is("path >= ? AND path < ?", s.from(), s.to())
	if q.State != "" {
		where += find.is(" AND state = ?", string(q.State))
	}
	if id != "" {
		where += find.is(" AND (created, id) < (?, ?)", created, id)
	}
	limit := pageSize(q.Limit)
	all, err := collect(ctx, r.cfg.DB.Read(), scanBatch, fmt.Sprintf("SELECT %s FROM ra_batch WHERE %s ORDER BY created DESC, id DESC LIMIT %d", batchColumnNames, where, limit+1), find.args...)
	if err != nil {
		return nil, err
	}
	return paged(all, limit, func(b *Batch) string { return fmt.Sprintf("%d.%s", millis(b.Created), b.ID) }), nil
}

// BatchRow is a row of a sheet, for the preview: what it says, masked as in an
// application, while it waits; what is wrong with it; what came of it.
type BatchRow struct {
	Row         int               `json:"row" doc:"as a spreadsheet program counts, from 1"`
	State       string            `json:"state" doc:"ready, faulty, registered or failed"`
	Name        string            `json:"name,omitempty"`
	Fields      map[string]string `json:"fields,omitempty"`
	Request     bool              `json:"request,omitempty" doc:"the row brings the request of the holder's own key"`
	Faults      []RowFault        `json:"faults,omitempty"`
	Application string            `json:"application,omitempty"`

	sealed []byte
}

// RowQuery selects rows of a batch.
type RowQuery struct {
	State string `query:"state" maxLength:"20"`
	After int    `query:"after" minimum:"0" doc:"the row of the last that was read"`
	Limit int    `query:"limit" minimum:"0" maximum:"200"`
}

// BatchRows lists rows of a batch in the order of the sheet.
func (r *Registration) BatchRows(ctx context.Context, id string, q RowQuery) ([]*BatchRow, error) {
	s, err := r.enter(ctx, officer.ReadApplications)
	if err != nil {
		return nil, err
	}
	b, err := readBatch(ctx, r.cfg.DB.Read(), s, id)
	if err != nil {
		return nil, err
	}
	rows, err := collect(ctx, r.cfg.DB.Read(), scanBatchRow, `SELECT number, state, name, application, sealed FROM ra_batch_row
		WHERE batch = $1 AND number > $2 AND ($3 = '' OR state = $3) ORDER BY number LIMIT $4`, b.ID, q.After, q.State, pageSize(q.Limit))
	if err != nil || len(rows) == 0 {
		return rows, err
	}
	if err := attachFaults(ctx, r.cfg.DB.Read(), b.ID, rows); err != nil {
		return nil, err
	}
	for _, row := range rows {
		if err := r.showRow(b, row); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

func scanBatchRow(row scanner) (*BatchRow, error) {
	b := &BatchRow{}
	return b, row.Scan(&b.Row, &b.State, &b.Name, &b.Application, &b.sealed)
}

// attachFaults puts the faults of rows, which stand in their order, to them.
func attachFaults(ctx context.Context, q querier, batch string, rows []*BatchRow) error {
	faults, err := collect(ctx, q, func(row scanner) (f RowFault, err error) {
		err = row.Scan(&f.Row, &f.Field, &f.Cell, &f.Code, &f.Wrong, &f.Remedy)
		return f, err
	}, "SELECT number, field, cell, code, wrong, remedy FROM ra_batch_fault WHERE batch = $1 AND number >= $2 AND number <= $3 ORDER BY number, place",
		batch, rows[0].Row, rows[len(rows)-1].Row)
	if err != nil {
		return err
	}
	for _, row := range rows {
		for len(faults) > 0 && faults[0].Row <= row.Row {
			if faults[0].Row == row.Row {
				row.Faults = append(row.Faults, faults[0])
			}
			faults = faults[1:]
		}
	}
	return nil
}

// showRow opens what a waiting row says and masks it.
func (r *Registration) showRow(b *Batch, row *BatchRow) error {
	if row.sealed == nil {
		return nil
	}
	open, err := r.openRow(b.ID, row.Row, row.sealed)
	if err != nil {
		return err
	}
	row.Fields, row.Request = open.Fields, open.Request != nil
	for name, value := range row.Fields {
		if f, _ := fieldOf(b.Kind, name); f.Sensitive {
			row.Fields[name] = masked(f, value)
		}
	}
	return nil
}

// outcome is a row with what its application has become.
type outcome struct {
	BatchRow
	state  State
	serial pki.Serial
}

// outcomes reads all rows of a batch, in pages.
func outcomes(ctx context.Context, q *sql.DB, batch string) (all []*outcome, err error) {
	for after := -1; ; {
		page, err := collect(ctx, q, func(row scanner) (*outcome, error) {
			o := &outcome{}
			return o, row.Scan(&o.Row, &o.State, &o.Name, &o.Application, &o.state, &o.serial)
		}, `SELECT b.number, b.state, b.name, b.application, COALESCE(a.state, ''), COALESCE(a.serial, '') FROM ra_batch_row b
			LEFT JOIN ra_application a ON a.id = b.application AND b.application <> '' WHERE b.batch = $1 AND b.number > $2 ORDER BY b.number LIMIT 1000`, batch, after)
		if err != nil || len(page) == 0 {
			return all, err
		}
		rows := make([]*BatchRow, len(page))
		for i, o := range page {
			rows[i] = &o.BatchRow
		}
		if err := attachFaults(ctx, q, batch, rows); err != nil {
			return nil, err
		}
		all, after = append(all, page...), page[len(page)-1].Row
	}
}
