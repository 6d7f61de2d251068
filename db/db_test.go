package db_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"onecert/db"
	"onecert/pkitest"
)

func open(t *testing.T, source string) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// table makes "thing (id, name)" with both constraints IsDuplicate knows.
func table(t *testing.T, d *db.DB) {
	t.Helper()
	change(t, d, "CREATE TABLE thing (id BIGINT PRIMARY KEY, name TEXT NOT NULL UNIQUE)")
}

func change(t *testing.T, d *db.DB, text string, args ...any) {
	t.Helper()
	err := d.Tx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), text, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func names(t *testing.T, d *db.DB) string {
	t.Helper()
	rows, err := d.Read().QueryContext(t.Context(), "SELECT name FROM thing ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		all = append(all, name)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, " ")
}

func add(ctx context.Context, tx *sql.Tx, id int, name string) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO thing (id, name) VALUES ($1, $2)", id, name)
	return err
}

func TestOpenRefuses(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "no", "such.db")
	for _, source := range []string{"", "mysql://x", "sqlite:", "sqlite:" + missing, "postgres://\x00", "postgres:///x?host=/nonexistent"} {
		if d, err := db.Open(t.Context(), source); err == nil {
			d.Close()
			t.Errorf("%q was opened", source)
		}
	}
	// A password in the source must not come back in the error.
	_, err := db.Open(t.Context(), "postgres://u:hunter2@[bad")
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}

func TestSQLiteFileIsPrivateAndDurable(t *testing.T) {
	source := pkitest.SQLite(t)
	d := open(t, source)
	info, err := os.Stat(strings.TrimPrefix(source, "sqlite:"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	err = d.Tx(t.Context(), func(tx *sql.Tx) error {
		for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"} {
			var got string
			if err := tx.QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
				t.Errorf("%s is %q (%v), want %q", pragma, got, err, want)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTx(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		d, boom := open(t, source), errors.New("boom")
		table(t, d)
		change(t, d, "INSERT INTO thing (id, name) VALUES (1, 'kept')")
		err := d.Tx(t.Context(), func(tx *sql.Tx) error { return errors.Join(add(t.Context(), tx, 2, "lost"), boom) })
		if !errors.Is(err, boom) {
			t.Errorf("got %v", err)
		}
		func() {
			defer func() { recover() }()
			d.Tx(t.Context(), func(tx *sql.Tx) error { add(t.Context(), tx, 3, "lost"); panic("boom") })
		}()
		if got := names(t, d); got != "kept" {
			t.Errorf("stored %q", got)
		}
		// A statement failed but act says nothing: neither engine may then commit a part silently.
		if d.Dialect == db.Postgres {
			err = d.Tx(t.Context(), func(tx *sql.Tx) error {
				add(t.Context(), tx, 4, "first")
				add(t.Context(), tx, 4, "again")
				return nil
			})
			if err == nil {
				t.Error("a broken transaction was reported as committed")
			}
		}
	})
}

func TestReadPoolRefusesWrites(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		d := open(t, source)
		table(t, d)
		for _, text := range []string{"INSERT INTO thing (id, name) VALUES (1, 'x')", "DROP TABLE thing", "CREATE TABLE other (id BIGINT)"} {
			if _, err := d.Read().ExecContext(t.Context(), text); err == nil {
				t.Errorf("the read pool carried out %q", text)
			}
		}
		if got := names(t, d); got != "" {
			t.Errorf("stored %q", got)
		}
	})
}

func TestSavepoint(t *testing.T) {
	boom := errors.New("boom")
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		d, ctx := open(t, source), t.Context()
		table(t, d)
		err := d.Tx(ctx, func(tx *sql.Tx) error {
			for i, name := range []string{"a", "a", "b", "b", "c"} { // the second of each breaks UNIQUE
				err := db.Savepoint(ctx, tx, func() error {
					return errors.Join(add(ctx, tx, 100+i, "beside "+name+fmt.Sprint(i)), add(ctx, tx, i, name))
				})
				if want := i == 1 || i == 3; db.IsDuplicate(err) != want {
					t.Errorf("job %d: %v", i, err)
				}
			}
			// An inner failure that the outer one swallows, then an outer failure: all of
			// the outer one goes, also what came before the inner one.
			err := db.Savepoint(ctx, tx, func() error {
				if err := add(ctx, tx, 50, "outer"); err != nil {
					return err
				}
				db.Savepoint(ctx, tx, func() error { return errors.Join(add(ctx, tx, 51, "inner"), boom) })
				return boom
			})
			if !errors.Is(err, boom) {
				t.Errorf("got %v", err)
			}
			// An inner failure alone: only the inner one goes.
			return db.Savepoint(ctx, tx, func() error {
				db.Savepoint(ctx, tx, func() error { return errors.Join(add(ctx, tx, 61, "inner"), boom) })
				return add(ctx, tx, 60, "last")
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := names(t, d), "a b c last beside a0 beside b2 beside c4"; got != want {
			t.Errorf("stored %q, want %q", got, want)
		}
	})
}

// SQLite ends a transaction by itself on some errors. What follows must then not
// be committed statement by statement.
func TestSavepointAfterTheTransactionIsGone(t *testing.T) {
	d, ctx := open(t, pkitest.SQLite(t)), t.Context()
	table(t, d)
	err := d.Tx(ctx, func(tx *sql.Tx) error {
		first := db.Savepoint(ctx, tx, func() error {
			if _, err := tx.ExecContext(ctx, "ROLLBACK"); err != nil { // as SQLITE_FULL may do
				t.Fatal(err)
			}
			return errors.New("disk full")
		})
		if first == nil {
			t.Error("the failure was not reported")
		}
		second := db.Savepoint(ctx, tx, func() error { return add(ctx, tx, 1, "stray") })
		if !errors.Is(second, sql.ErrTxDone) {
			t.Errorf("the next job got %v", second)
		}
		return nil
	})
	if err == nil {
		t.Error("the transaction was reported as committed")
	}
	if got := names(t, d); got != "" {
		t.Errorf("stored %q", got)
	}
	change(t, d, "INSERT INTO thing (id, name) VALUES (1, 'after')") // and the pool is fine
}

func TestFullDiskLeavesNothing(t *testing.T) {
	d, ctx := open(t, pkitest.SQLite(t)), t.Context()
	table(t, d)
	err := d.Tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "PRAGMA max_page_count = 10"); err != nil {
			t.Fatal(err)
		}
		for i := range 100 {
			if err := add(ctx, tx, i, strings.Repeat("x", 4000)+fmt.Sprint(i)); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		t.Error("a full disk went unnoticed")
	}
	if got := names(t, d); got != "" {
		t.Errorf("stored %d bytes", len(got))
	}
}

func TestIsDuplicate(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		d, ctx := open(t, source), t.Context()
		table(t, d)
		change(t, d, "INSERT INTO thing (id, name) VALUES (1, 'one')")
		try := func(id int, name any) error {
			return d.Tx(ctx, func(tx *sql.Tx) error {
				_, err := tx.ExecContext(ctx, "INSERT INTO thing (id, name) VALUES ($1, $2)", id, name)
				if err != nil {
					return fmt.Errorf("wrapped: %w", err)
				}
				return nil
			})
		}
		if err := try(1, "two"); !db.IsDuplicate(err) {
			t.Errorf("primary key: %v", err)
		}
		if err := try(2, "one"); !db.IsDuplicate(err) {
			t.Errorf("unique: %v", err)
		}
		if err := try(2, nil); err == nil || db.IsDuplicate(err) {
			t.Errorf("not null: %v", err)
		}
		if db.IsDuplicate(nil) || db.IsDuplicate(errors.New("2067")) {
			t.Error("said of an error that is none")
		}
	})
}

func TestMigrateSeveralRooms(t *testing.T) {
	room := func(table string, more ...string) fstest.MapFS {
		files := fstest.MapFS{}
		for _, engine := range []string{"sqlite", "postgres"} {
			text := "-- +goose Up\nCREATE TABLE " + table + " (id BIGINT PRIMARY KEY);\n"
			files["migrations/"+engine+"/00001_first.sql"] = &fstest.MapFile{Data: []byte(text)}
			for i, m := range more {
				name := fmt.Sprintf("migrations/%s/%05d_more.sql", engine, i+2)
				files[name] = &fstest.MapFile{Data: []byte("-- +goose Up\n" + m + "\n")}
			}
		}
		return files
	}
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		d, ctx := open(t, source), t.Context()
		for _, step := range []struct {
			room  string
			files fstest.MapFS
		}{
			{"ca", room("first")}, {"status", room("second")}, {"ca", room("first")},
			{"ca", room("first", "ALTER TABLE first ADD COLUMN name TEXT;")},
		} {
			if err := d.Migrate(ctx, step.room, step.files); err != nil {
				t.Fatal(err)
			}
		}
		change(t, d, "INSERT INTO first (id, name) VALUES (1, 'x')")
		change(t, d, "INSERT INTO second (id) VALUES (1)")
		if err := d.Migrate(ctx, "audit", room("third", "CREATE TABEL mistake;")); err == nil {
			t.Error("a wrong migration passed")
		}
		if err := d.Migrate(ctx, "kmc", fstest.MapFS{}); err == nil {
			t.Error("a room without migrations passed")
		}
	})
}

func TestOpenReadOnly(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		d, ctx := open(t, source), t.Context()
		table(t, d)
		change(t, d, "INSERT INTO thing (id, name) VALUES (1, 'one')")
		ro, err := db.OpenReadOnly(ctx, source) // while the other is open
		if err != nil {
			t.Fatal(err)
		}
		defer ro.Close()
		if got := names(t, ro); got != "one" {
			t.Errorf("read %q", got)
		}
		if err := ro.Tx(ctx, func(*sql.Tx) error { return nil }); !errors.Is(err, db.ErrReadOnly) {
			t.Errorf("Tx: %v", err)
		}
		if _, err := ro.Lease(ctx, "x"); !errors.Is(err, db.ErrReadOnly) {
			t.Errorf("Lease: %v", err)
		}
		if err := ro.Migrate(ctx, "x", fstest.MapFS{}); !errors.Is(err, db.ErrReadOnly) {
			t.Errorf("Migrate: %v", err)
		}
		if _, err := ro.Read().ExecContext(ctx, "DELETE FROM thing"); err == nil {
			t.Error("it wrote")
		}
	})
}

func TestOpenReadOnlyOfACopy(t *testing.T) {
	source := pkitest.SQLite(t)
	d := open(t, source)
	table(t, d)
	change(t, d, "INSERT INTO thing (id, name) VALUES (1, 'one')")
	d.Close()
	content, err := os.ReadFile(strings.TrimPrefix(source, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "copy.db")
	if err := os.WriteFile(file, content, 0o400); err != nil {
		t.Fatal(err)
	}
	ro, err := db.OpenReadOnly(t.Context(), "sqlite:"+file)
	if err != nil {
		t.Fatal(err)
	}
	defer ro.Close()
	if got := names(t, ro); got != "one" {
		t.Errorf("read %q", got)
	}
	for _, missing := range []string{"sqlite:" + file + ".none", "postgres:///x?host=/nonexistent", "what"} {
		if d, err := db.OpenReadOnly(t.Context(), missing); err == nil {
			d.Close()
			t.Errorf("%q was opened", missing)
		}
	}
	if _, err := os.Stat(file + ".none"); err == nil {
		t.Error("it created a file")
	}
}

func TestSnapshotSeesOneCommit(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		d := open(t, source)
		table(t, d)
		count := func(tx *sql.Tx) (n int) {
			if err := tx.QueryRow("SELECT count(*) FROM thing").Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		err := d.Snapshot(t.Context(), func(tx *sql.Tx) error {
			before := count(tx)
			change(t, d, "INSERT INTO thing (id, name) VALUES (1, 'one')")
			if after := count(tx); before != 0 || after != 0 {
				t.Errorf("saw %d, then %d", before, after)
			}
			_, err := tx.Exec("DELETE FROM thing")
			if err == nil {
				t.Error("it wrote")
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// TestClosedIsOneFile: components are moved and backed up by their file, so all of
// the database is in it after closing, whoever read it before.
func TestClosedIsOneFile(t *testing.T) {
	source := pkitest.SQLite(t)
	d := open(t, source)
	table(t, d)
	change(t, d, "INSERT INTO thing (id, name) VALUES (1, 'one')")
	if got := names(t, d); got != "one" {
		t.Errorf("read %q", got)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"-wal", "-shm"} {
		if _, err := os.Stat(strings.TrimPrefix(source, "sqlite:") + part); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is left: %v", part, err)
		}
	}
}
