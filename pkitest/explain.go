package pkitest

import (
	"fmt"
	"strings"
	"testing"

	"onecert/db"
)

// Explain is a statement's plan as its database tells it, a line a step. Plans on
// PostgreSQL are worth reading after ANALYZE only.
func Explain(t testing.TB, d *db.DB, text string, args ...any) string {
	t.Helper()
	word := "EXPLAIN QUERY PLAN "
	if d.Dialect == db.Postgres {
		word = "EXPLAIN "
	}
	rows, err := d.Read().Query(word+text, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var plan strings.Builder
	for rows.Next() {
		line := make([]any, len(columns))
		for i := range line {
			line[i] = new(any)
		}
		if err := rows.Scan(line...); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&plan, *line[len(line)-1].(*any))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return plan.String()
}
