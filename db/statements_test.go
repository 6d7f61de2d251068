package db_test

import (
	"context"
	"database/sql"
	"fmt"
	"testing"
	"time"

	"onecert/db"
	"onecert/pkitest"
)

// The same text again while its rows are still being read: both give all rows.
func TestSameQueryWithinItself(t *testing.T) {
	d, ctx := open(t, pkitest.SQLite(t)), t.Context()
	table(t, d)
	change(t, d, "INSERT INTO thing (id, name) VALUES (1, 'a'), (2, 'b'), (3, 'c')")
	const text = "SELECT id FROM thing WHERE id >= $1 ORDER BY id"
	count := func(tx *sql.Tx, from int, inner func()) (n int) {
		rows, err := tx.QueryContext(ctx, text, from)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			n++
			inner()
		}
		return n
	}
	for range 3 {
		err := d.Tx(ctx, func(tx *sql.Tx) error {
			if n := count(tx, 1, func() {
				if n := count(tx, 2, func() {}); n != 2 {
					t.Errorf("inner: %d rows", n)
				}
			}); n != 3 {
				t.Errorf("outer: %d rows", n)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// A kept statement follows the schema, outlives its own failures, and its rows that
// nobody read to the end hold up no commit and no schema change.
func TestKeptStatements(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		d, ctx := open(t, source), t.Context()
		table(t, d)
		const insert, query = "INSERT INTO thing (id, name) VALUES ($1, $2) RETURNING id", "SELECT * FROM thing ORDER BY id"
		try := func(id int, name string) error {
			return d.Tx(ctx, func(tx *sql.Tx) error { return tx.QueryRowContext(ctx, insert, id, name).Scan(new(int)) })
		}
		columns := func() (n int) {
			err := d.Tx(ctx, func(tx *sql.Tx) error {
				rows, err := tx.QueryContext(ctx, query)
				if err != nil {
					return err
				}
				defer rows.Close()
				rows.Next() // and no further
				names, err := rows.Columns()
				n = len(names)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		for i := range 3 {
			if err := try(i, fmt.Sprint(i)); err != nil {
				t.Fatal(err)
			}
			if err := try(i, fmt.Sprint(i)); !db.IsDuplicate(err) {
				t.Errorf("again: %v", err)
			}
		}
		if n := columns(); n != 2 {
			t.Errorf("%d columns", n)
		}
		if d.Dialect == db.SQLite { // pgx refuses a kept plan whose result has changed, once
			change(t, d, "ALTER TABLE thing ADD COLUMN more TEXT")
			if n := columns(); n != 3 {
				t.Errorf("%d columns after the change", n)
			}
		}
		change(t, d, "DROP TABLE thing")
		if err := try(9, "9"); err == nil {
			t.Error("it wrote into a table that is gone")
		}
		table(t, d)
		if err := try(9, "9"); err != nil {
			t.Errorf("into the table made anew: %v", err)
		}
	})
}

// More texts than are kept, and calls whose context ends.
func TestManyStatements(t *testing.T) {
	d := open(t, pkitest.SQLite(t))
	table(t, d)
	change(t, d, "INSERT INTO thing (id, name) VALUES (1, 'a')")
	for range 2 {
		for i := range 600 {
			var n int
			text := fmt.Sprintf("SELECT id + %d FROM thing", i)
			err := d.Tx(t.Context(), func(tx *sql.Tx) error { return tx.QueryRow(text).Scan(&n) })
			if err != nil || n != i+1 {
				t.Fatalf("%s: %d, %v", text, n, err)
			}
		}
	}
	const long = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
	for range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		if err := d.Read().QueryRowContext(ctx, long).Scan(new(int)); err == nil {
			t.Error("an endless query ended")
		}
		cancel()
		if got := names(t, d); got != "a" {
			t.Errorf("afterwards: %q", got)
		}
	}
}
