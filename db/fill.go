package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// fillRows is how many rows an SQLite transaction takes while a database is filled:
// the log stays small, and what is broken off is thrown away whole anyway.
const fillRows = 50_000

// Filler puts rows into the tables of a database that Fill has emptied.
type Filler struct {
	d      *DB
	tables []Table
	tx     *sql.Tx // PostgreSQL: the one transaction; SQLite: the present one
	rows   int
}

// Fill makes the tables of a freshly migrated database empty, triggers resting, and
// lets act put back what a copy holds. On PostgreSQL it is one transaction. On
// SQLite it is several: after an error the file is to be deleted.
func (d *DB) Fill(ctx context.Context, act func(f *Filler) error) (err error) {
	if d.write == nil {
		return ErrReadOnly
	}
	f := &Filler{d: d}
	if err := f.begin(ctx); err != nil {
		return err
	}
	defer func() {
		if f.tx != nil {
			f.tx.Rollback() // after a commit it does nothing
		}
	}()
	if f.tables, err = d.Tables(ctx, f.tx); err != nil {
		return err
	}
	wake, err := f.rest(ctx)
	if err != nil {
		return err
	}
	if err := f.empty(ctx); err != nil {
		return err
	}
	indexes, err := f.dropIndexes(ctx)
	if err != nil {
		return err
	}
	if err := act(f); err != nil {
		return err
	}
	if err := f.makeIndexes(ctx, indexes); err != nil {
		return err
	}
	if err := f.exec(ctx, wake); err != nil {
		return err
	}
	if err := f.checkReferences(ctx); err != nil {
		return err
	}
	if err := f.tx.Commit(); err != nil {
		return fmt.Errorf("committing: %w", err)
	}
	return nil
}

// Table returns the table of a name as it is here.
func (f *Filler) Table(name string) (Table, bool) {
	i := slices.IndexFunc(f.tables, func(t Table) bool { return t.Name == name })
	if i < 0 {
		return Table{}, false
	}
	return f.tables[i], true
}

// Put inserts rows whose values stand in the order of columns. A number goes into a
// flag, as an engine without booleans gives it, and the other way.
func (f *Filler) Put(ctx context.Context, t Table, columns []string, rows [][]any) error {
	kinds := make([]Kind, len(columns))
	quoted := make([]string, len(columns))
	for i, name := range columns {
		at := slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == name })
		if at < 0 {
			return fmt.Errorf("filling table %s: it has no column %s", t.Name, name)
		}
		kinds[i], quoted[i] = t.Columns[at].Kind, quote(name)
	}
	for _, row := range rows {
		for i := range row {
			row[i] = converted(row[i], kinds[i])
		}
	}
	if err := Insert(ctx, f.tx, quote(t.Name), quoted, rows, ""); err != nil {
		return err
	}
	f.rows += len(rows)
	if f.d.Dialect == Postgres || f.rows < fillRows {
		return nil
	}
	return f.turn(ctx)
}

func converted(value any, kind Kind) any {
	switch v := value.(type) {
	case bool:
		if kind != Flag && v {
			return int64(1)
		} else if kind != Flag {
			return int64(0)
		}
	case int64:
		if kind == Flag {
			return v != 0
		}
	}
	return value
}

func (f *Filler) begin(ctx context.Context) (err error) {
	f.rows = 0
	if f.tx, err = f.d.write.BeginTx(ctx, nil); err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	return nil
}

func (f *Filler) exec(ctx context.Context, statements []string) error {
	if len(statements) == 0 {
		return nil
	}
	for _, text := range statements {
		if _, err := f.tx.ExecContext(ctx, text); err != nil {
			return fmt.Errorf("filling a database: %w", err)
		}
	}
	return nil
}

// rest switches triggers off: they judge new acts, and what was done is put back as
// it was. It returns the statements that switch them on again.
func (f *Filler) rest(ctx context.Context) (wake []string, err error) {
	if f.d.Dialect == Postgres {
		var off []string
		for _, t := range f.tables {
			off = append(off, "ALTER TABLE "+quote(t.Name)+" DISABLE TRIGGER USER")
			wake = append(wake, "ALTER TABLE "+quote(t.Name)+" ENABLE TRIGGER USER")
		}
		return wake, f.exec(ctx, off)
	}
	if wake, err = texts(ctx, f.tx, "SELECT sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY name"); err != nil {
		return nil, err
	}
	names, err := texts(ctx, f.tx, "SELECT name FROM sqlite_schema WHERE type = 'trigger' ORDER BY name")
	if err != nil {
		return nil, err
	}
	for i, name := range names {
		names[i] = "DROP TRIGGER " + quote(name)
	}
	return wake, f.exec(ctx, names)
}

// dropIndexes takes away the indexes that only make finding quick and returns how to
// make them: sorting all rows once costs a fraction of finding each one's place.
func (f *Filler) dropIndexes(ctx context.Context) (definitions []string, err error) {
	rows, err := f.tx.QueryContext(ctx, f.d.catalogue().indexes)
	if err != nil {
		return nil, fmt.Errorf("asking for the indexes: %w", err)
	}
	defer rows.Close()
	var drops []string
	for rows.Next() {
		var name, definition string
		if err := rows.Scan(&name, &definition); err != nil {
			return nil, fmt.Errorf("asking for the indexes: %w", err)
		}
		drops, definitions = append(drops, "DROP INDEX "+quote(name)), append(definitions, definition)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, fmt.Errorf("asking for the indexes: %w", err)
	}
	return definitions, f.exec(ctx, drops)
}

// makeIndexes brings them back. On SQLite each is a commit, so that the log holds one
// at most.
func (f *Filler) makeIndexes(ctx context.Context, definitions []string) error {
	if f.d.Dialect == Postgres && len(definitions) > 0 {
		definitions = append([]string{"SET LOCAL maintenance_work_mem = '256MB'"}, definitions...)
	}
	for _, text := range definitions {
		if err := f.exec(ctx, []string{text}); err != nil {
			return err
		}
		if f.d.Dialect == Postgres {
			continue
		}
		if err := f.turn(ctx); err != nil {
			return err
		}
	}
	return nil
}

// turn commits and begins anew.
func (f *Filler) turn(ctx context.Context) error {
	if err := f.tx.Commit(); err != nil {
		return fmt.Errorf("committing: %w", err)
	}
	return f.begin(ctx)
}

// empty removes the rows that migrations put in.
func (f *Filler) empty(ctx context.Context) error {
	if len(f.tables) == 0 {
		return nil
	}
	names := make([]string, len(f.tables))
	for i, t := range f.tables {
		names[i] = quote(t.Name)
	}
	if f.d.Dialect == Postgres {
		return f.exec(ctx, []string{"TRUNCATE " + strings.Join(names, ", ")})
	}
	slices.Reverse(names) // children before what they refer to
	for i := range names {
		names[i] = "DELETE FROM " + names[i]
	}
	return f.exec(ctx, names)
}

// checkReferences looks for children without parents. PostgreSQL has looked at each
// insert.
func (f *Filler) checkReferences(ctx context.Context) error {
	if f.d.Dialect == Postgres {
		return nil
	}
	broken, err := texts(ctx, f.tx, `SELECT DISTINCT "table" FROM pragma_foreign_key_check`)
	if err == nil && len(broken) > 0 {
		err = fmt.Errorf("filling a database: rows of %s refer to rows that are not there", strings.Join(broken, ", "))
	}
	return err
}
