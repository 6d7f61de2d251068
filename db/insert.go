package db

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// Insert sizes, so that each table has few distinct statements and the engines'
// statement caches hold them all.
var insertSizes = [...]int{32, 8, 1}

// maxParameters stays under SQLite's limit of 32,766 and PostgreSQL's of 65,535.
const maxParameters = 30000

// Insert writes rows into table in as few statements as possible. table and
// columns are constants of the calling room's code, never input; suffix is what
// follows the values, such as "ON CONFLICT DO NOTHING".
func Insert(ctx context.Context, tx *sql.Tx, table string, columns []string, rows [][]any, suffix string) error {
	for len(rows) > 0 {
		size := 1
		for _, s := range insertSizes {
			if len(rows) >= s && s*len(columns) <= maxParameters {
				size = s
				break
			}
		}
		args := make([]any, 0, size*len(columns))
		for _, row := range rows[:size] {
			if len(row) != len(columns) {
				return fmt.Errorf("inserting into %s: %d values for %d columns", table, len(row), len(columns))
			}
			args = append(args, row...)
		}
		if _, err := tx.ExecContext(ctx, insertText(table, columns, size, suffix), args...); err != nil {
			return fmt.Errorf("inserting into %s: %w", table, err)
		}
		rows = rows[size:]
	}
	return nil
}

func insertText(table string, columns []string, rows int, suffix string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "INSERT INTO %s (%s) VALUES ", table, strings.Join(columns, ", "))
	n := 0
	for r := range rows {
		if r > 0 {
			b.WriteString(", ")
		}
		b.WriteByte('(')
		for c := range columns {
			if c > 0 {
				b.WriteString(", ")
			}
			n++
			fmt.Fprintf(&b, "$%d", n)
		}
		b.WriteByte(')')
	}
	if suffix != "" {
		b.WriteByte(' ')
		b.WriteString(suffix)
	}
	return b.String()
}

// In returns "($from, $from+1, …)" for n parameters and is padded by the caller's
// arguments only; n must be at least 1.
func In(from, n int) string {
	var b strings.Builder
	b.WriteByte('(')
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", from+i)
	}
	b.WriteByte(')')
	return b.String()
}
