package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strconv"
	"strings"
)

// Statement is one of several that Send carries out together.
type Statement struct {
	text string
	args []any
	rows *rowset
}

// rowset is rows for a table. The connection knows what its engine does best:
// SQLite a kept statement for each row, PostgreSQL one statement for all.
type rowset struct {
	table   string
	columns []string
	rows    [][]any
	suffix  string
}

// Do is a statement that returns nothing.
func Do(text string, args ...any) Statement { return Statement{text: text, args: args} }

// Into inserts rows. table and columns are constants of the calling room's code,
// never input; suffix is what follows the values, such as "ON CONFLICT DO NOTHING".
// Values are texts, octets, numbers, booleans or nil, of one kind in a column.
// Without rows it does nothing.
func Into(table string, columns []string, rows [][]any, suffix string) Statement {
	return Statement{rows: &rowset{table, columns, rows, suffix}}
}

// InsertError says into which table rows could not be inserted.
type InsertError struct {
	Table string
	err   error
}

// Error implements error.
func (e *InsertError) Error() string { return fmt.Sprintf("inserting into %s: %v", e.Table, e.err) }

// Unwrap returns the engine's error.
func (e *InsertError) Unwrap() error { return e.err }

// statements is what Send hands to a connection of ours, sendText what stands where
// a statement's text does.
type statements []Statement

const sendText = "send"

// Send carries statements out in order, to PostgreSQL in one message and with one
// answer. At the first error the rest is not done, and the caller rolls back tx, or
// to the savepoint it set: some rows may be written.
func Send(ctx context.Context, tx *sql.Tx, all ...Statement) error {
	some := make(statements, 0, len(all))
	for _, s := range all {
		if s.empty() {
			continue
		}
		if err := s.rows.check(); err != nil {
			return err
		}
		some = append(some, s)
	}
	if len(some) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, sendText, some)
	return err
}

// Insert is Send with one Into.
func Insert(ctx context.Context, tx *sql.Tx, table string, columns []string, rows [][]any, suffix string) error {
	return Send(ctx, tx, Into(table, columns, rows, suffix))
}

// sentOf returns what Send handed in, if the arguments are its.
func sentOf(args []driver.NamedValue) (statements, bool) {
	if len(args) != 1 {
		return nil, false
	}
	s, ok := args[0].Value.(statements)
	return s, ok
}

// failed names the table in an error of the engine.
func (s Statement) failed(err error) error {
	if s.rows == nil || err == nil {
		return err
	}
	return &InsertError{s.rows.table, err}
}

func (s Statement) empty() bool { return s.text == "" && (s.rows == nil || len(s.rows.rows) == 0) }

func (r *rowset) check() error {
	if r == nil {
		return nil
	}
	for _, row := range r.rows {
		if len(row) != len(r.columns) {
			return fmt.Errorf("inserting into %s: %d values for %d columns", r.table, len(row), len(r.columns))
		}
	}
	return nil
}

// into is the statement's beginning.
func (r *rowset) into() *strings.Builder {
	var b strings.Builder
	b.Grow(256)
	b.WriteString("INSERT INTO ")
	b.WriteString(r.table)
	b.WriteString(" (")
	b.WriteString(strings.Join(r.columns, ", "))
	b.WriteString(") ")
	return &b
}

func (r *rowset) end(b *strings.Builder) string {
	if r.suffix != "" {
		b.WriteByte(' ')
		b.WriteString(r.suffix)
	}
	return b.String()
}

// text is the statement for one row.
func (r *rowset) text() string {
	b := r.into()
	b.WriteString("VALUES ")
	b.WriteString(In(1, len(r.columns)))
	return r.end(b)
}

// In returns "($from, $from+1, …)" for n parameters and is padded by the caller's
// arguments only; n must be at least 1.
func In(from, n int) string {
	b := append(make([]byte, 0, 2+6*n), '(')
	for i := range n {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = strconv.AppendInt(append(b, '$'), int64(from+i), 10)
	}
	return string(append(b, ')'))
}
