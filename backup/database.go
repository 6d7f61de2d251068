package backup

import (
	"context"
	"database/sql"
	"fmt"

	"onecert/db"
	"onecert/pki"
)

// Database adds every table of d as tx, a snapshot, sees it.
func (w *Writer) Database(ctx context.Context, d *db.DB, tx *sql.Tx) error {
	tables, err := d.Tables(ctx, tx)
	if err != nil {
		return err
	}
	for _, t := range tables {
		err := w.Table(t, func(act func(row []any) error) error { return t.Each(ctx, tx, act) })
		if err != nil {
			return err
		}
	}
	return nil
}

// Rows go into the database so many at a time, or so many octets.
const (
	fillRows   = 1000
	fillOctets = 4 << 20
)

// Fill puts a table's rows into a database of the same schema, of either engine.
func (p *Part) Fill(ctx context.Context, f *db.Filler) error {
	into, ok := f.Table(p.Name)
	if !ok || len(into.Columns) != len(p.Columns) {
		return pki.Errorf(pki.Conflict, "backup.schema", "table %.100s of the archive does not fit this program's tables", p.Name).
			To("restore it with the release that made it, then update")
	}
	columns := make([]string, len(p.Columns))
	for i, c := range p.Columns {
		columns[i] = c.Name
	}
	// One goroutine opens and unpacks while another writes.
	reading, stop := context.WithCancel(ctx)
	defer stop()
	batches, read := make(chan [][]any, 1), make(chan error, 1)
	go func() {
		defer close(batches)
		read <- p.batches(reading, batches)
	}()
	var failed error
	for batch := range batches {
		if failed != nil {
			continue // until the reader has seen the end
		}
		if failed = f.Put(ctx, into, columns, batch); failed != nil {
			failed = fmt.Errorf("restoring table %s: %w", p.Name, failed)
			stop()
		}
	}
	if err := <-read; failed == nil {
		failed = err
	}
	return failed
}

// batches hands out the table's rows, some at a time.
func (p *Part) batches(ctx context.Context, to chan<- [][]any) error {
	var batch [][]any
	size := 0
	flush := func() error {
		select {
		case to <- batch:
			batch, size = nil, 0
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	err := p.Each(func(row []any) error {
		batch = append(batch, row)
		size += octetsOf(row)
		if len(batch) < fillRows && size < fillOctets {
			return nil
		}
		return flush()
	})
	if err != nil || len(batch) == 0 {
		return err
	}
	return flush()
}

func octetsOf(row []any) (n int) {
	for _, value := range row {
		switch v := value.(type) {
		case string:
			n += len(v)
		case []byte:
			n += len(v)
		}
	}
	return n
}
