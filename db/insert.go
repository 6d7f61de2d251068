package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strconv"
	"strings"
)

// rowset is what Insert hands to a connection, which knows what its engine does
// best: SQLite a kept statement for each row, PostgreSQL one statement for all.
type rowset struct {
	table   string
	columns []string
	rows    [][]any
	suffix  string
}

// rowsText stands where a statement's text stands; the connection writes its own.
const rowsText = "rows"

// Insert writes rows into table. table and columns are constants of the calling
// room's code, never input; suffix is what follows the values, such as "ON CONFLICT
// DO NOTHING". Values are texts, octets, numbers, booleans or nil, of one kind in a
// column. After an error some rows may be written: the caller rolls back tx, or to
// the savepoint it set.
func Insert(ctx context.Context, tx *sql.Tx, table string, columns []string, rows [][]any, suffix string) error {
	if len(rows) == 0 {
		return nil
	}
	for _, row := range rows {
		if len(row) != len(columns) {
			return fmt.Errorf("inserting into %s: %d values for %d columns", table, len(row), len(columns))
		}
	}
	if _, err := tx.ExecContext(ctx, rowsText, &rowset{table, columns, rows, suffix}); err != nil {
		return fmt.Errorf("inserting into %s: %w", table, err)
	}
	return nil
}

// rowsOf returns the rowset among a statement's arguments, if it is one of Insert's.
func rowsOf(args []driver.NamedValue) (*rowset, bool) {
	if len(args) != 1 {
		return nil, false
	}
	r, ok := args[0].Value.(*rowset)
	return r, ok
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
