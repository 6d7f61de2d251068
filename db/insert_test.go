package db_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"onecert/db"
	"onecert/pkitest"
)

func TestInsertSizes(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		d, ctx := open(t, source), t.Context()
		table(t, d)
		next, want := 0, []string{}
		for _, size := range []int{0, 1, 2, 7, 8, 9, 31, 32, 33, 40, 41, 64, 73, 500} {
			rows := make([][]any, size)
			for i := range rows {
				rows[i] = []any{next, fmt.Sprintf("n%d", next)}
				want = append(want, fmt.Sprintf("n%d", next))
				next++
			}
			err := d.Tx(ctx, func(tx *sql.Tx) error {
				return db.Insert(ctx, tx, "thing", []string{"id", "name"}, rows, "")
			})
			if err != nil {
				t.Fatalf("%d rows: %v", size, err)
			}
			if got := names(t, d); got != strings.Join(want, " ") {
				t.Fatalf("%d rows: stored %s", size, got)
			}
		}
	})
}

func TestInsertWideRows(t *testing.T) {
	const width = 1200 // 32 rows of it would be too many parameters for SQLite
	columns := make([]string, width)
	for i := range columns {
		columns[i] = fmt.Sprintf("c%d", i)
	}
	row := make([]any, width)
	for i := range row {
		row[i] = i
	}
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		d, ctx := open(t, source), t.Context()
		change(t, d, "CREATE TABLE wide ("+strings.Join(columns, " INTEGER, ")+" INTEGER)")
		rows := make([][]any, 40)
		for i := range rows {
			rows[i] = row
		}
		err := d.Tx(ctx, func(tx *sql.Tx) error { return db.Insert(ctx, tx, "wide", columns, rows, "") })
		if err != nil {
			t.Fatal(err)
		}
		var n int
		if err := d.Read().QueryRow("SELECT count(*) FROM wide WHERE c1199 = 1199").Scan(&n); err != nil || n != 40 {
			t.Errorf("%d rows, %v", n, err)
		}
	})
}

func TestInsertSuffixAndMistakes(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		d, ctx := open(t, source), t.Context()
		table(t, d)
		insert := func(suffix string, rows ...[]any) error {
			return d.Tx(ctx, func(tx *sql.Tx) error {
				return db.Insert(ctx, tx, "thing", []string{"id", "name"}, rows, suffix)
			})
		}
		if err := insert("ON CONFLICT DO NOTHING", []any{1, "a"}, []any{1, "b"}, []any{2, "c"}); err != nil {
			t.Fatal(err)
		}
		if err := insert("", []any{3, "d"}, []any{1, "e"}); !db.IsDuplicate(err) {
			t.Errorf("duplicate: %v", err)
		}
		if err := insert("", []any{4}); err == nil {
			t.Error("a row with a missing value passed")
		}
		if got := names(t, d); got != "a c" {
			t.Errorf("stored %q", got)
		}
	})
}

func TestInsertKindsAndNulls(t *testing.T) {
	rows := [][]any{
		{1, "a", []byte{1}, int64(1) << 40, nil},
		{2, nil, []byte{}, nil, nil},
		{int64(3), "", nil, 3, nil},
	}
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		d, ctx := open(t, source), t.Context()
		kinds := map[db.Dialect]string{db.SQLite: "BLOB", db.Postgres: "BYTEA"}
		change(t, d, "CREATE TABLE kinds (id INTEGER, name TEXT, body "+kinds[d.Dialect]+", n BIGINT, empty TEXT)")
		columns := []string{"id", "name", "body", "n", "empty"}
		insert := func(rows ...[]any) error {
			return d.Tx(ctx, func(tx *sql.Tx) error { return db.Insert(ctx, tx, "kinds", columns, rows, "") })
		}
		if err := insert(rows...); err != nil {
			t.Fatal(err)
		}
		stored, err := d.Read().Query("SELECT id, name, body, body IS NULL, n, empty FROM kinds ORDER BY id")
		if err != nil {
			t.Fatal(err)
		}
		defer stored.Close()
		var got []string
		for stored.Next() {
			var id, n sql.NullInt64
			var name, empty sql.NullString
			var body []byte
			var null bool
			if err := stored.Scan(&id, &name, &body, &null, &n, &empty); err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprint(id, name, null, body, n, empty))
		}
		want := "[{1 true} {a true} false [1] {1099511627776 true} { false} {2 true} { false} false [] {0 false} { false} {3 true} { true} true [] {3 true} { false}]"
		if fmt.Sprint(got) != want {
			t.Errorf("stored %v", got)
		}
		if d.Dialect == db.Postgres {
			for _, bad := range []any{"a", true, 1.5, struct{}{}} {
				for _, other := range []any{1, nil} {
					if err := insert([]any{other, "x", nil, 1, nil}, []any{bad, "x", nil, 1, nil}); err == nil {
						t.Errorf("%v beside %v passed", bad, other)
					}
				}
			}
		}
	})
}

func TestIn(t *testing.T) {
	if got := db.In(2, 3); got != "($2, $3, $4)" {
		t.Errorf("got %s", got)
	}
}
