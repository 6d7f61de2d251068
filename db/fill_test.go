package db_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"onecert/db"
	"onecert/pkitest"
)

// library is a schema with what copying must respect: a table whose name comes
// before its parent's, a flag, octets, NULL, a row put there by the migration, and
// triggers that judge new rows and keep old ones.
func library() fstest.MapFS {
	lite := `-- +goose Up
CREATE TABLE zebra (name TEXT NOT NULL PRIMARY KEY, tame INTEGER NOT NULL) STRICT;
CREATE TABLE animal (n INTEGER NOT NULL PRIMARY KEY, zebra TEXT NOT NULL REFERENCES zebra (name), skin BLOB, at INTEGER, word TEXT) STRICT;
CREATE TABLE counter (one INTEGER NOT NULL PRIMARY KEY, n INTEGER NOT NULL) STRICT;
INSERT INTO counter (one, n) VALUES (1, 0);
-- +goose StatementBegin
CREATE TRIGGER zebra_new BEFORE INSERT ON zebra BEGIN SELECT RAISE(ABORT, 'no more zebras'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER counter_stays BEFORE DELETE ON counter BEGIN SELECT RAISE(ABORT, 'the counter stays'); END;
-- +goose StatementEnd
`
	postgres := `-- +goose Up
CREATE TABLE zebra (name TEXT NOT NULL PRIMARY KEY, tame BOOLEAN NOT NULL);
CREATE TABLE animal (n BIGINT NOT NULL PRIMARY KEY, zebra TEXT NOT NULL REFERENCES zebra (name), skin BYTEA, at BIGINT, word TEXT COLLATE "C");
CREATE TABLE counter (one INTEGER NOT NULL PRIMARY KEY, n BIGINT NOT NULL);
INSERT INTO counter (one, n) VALUES (1, 0);
-- +goose StatementBegin
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$;
-- +goose StatementEnd
CREATE TRIGGER zebra_new BEFORE INSERT ON zebra FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TRIGGER counter_stays BEFORE DELETE ON counter FOR EACH ROW EXECUTE FUNCTION refuse();
`
	more := "-- +goose Up\nALTER TABLE counter ADD COLUMN later BIGINT;\n"
	return fstest.MapFS{
		"migrations/sqlite/1_a.sql": {Data: []byte(lite)}, "migrations/postgres/1_a.sql": {Data: []byte(postgres)},
		"migrations/sqlite/2_b.sql": {Data: []byte(strings.Replace(more, "BIGINT", "INTEGER", 1))}, "migrations/postgres/2_b.sql": {Data: []byte(more)},
	}
}

// stocked has rows in every table, put there past the triggers.
func stocked(t *testing.T, source string) *db.DB {
	t.Helper()
	d := open(t, source)
	if err := d.MigrateTo(t.Context(), "library", library(), 1); err != nil {
		t.Fatal(err)
	}
	err := d.Fill(t.Context(), func(f *db.Filler) error {
		put := func(table string, columns []string, rows ...[]any) error {
			where, ok := f.Table(table)
			if !ok {
				return errors.New("no table " + table)
			}
			return f.Put(t.Context(), where, columns, rows)
		}
		return errors.Join(
			put("zebra", []string{"name", "tame"}, []any{"条纹", true}, []any{"z", int64(0)}),
			put("animal", []string{"n", "zebra", "skin", "at", "word"}, []any{int64(7), "z", []byte{0, 255}, nil, "狮"}, []any{int64(-1), "条纹", nil, int64(1) << 60, ""}),
			put("counter", []string{"one", "n"}, []any{int64(1), int64(42)}))
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// content is every row of every table as text.
func content(t *testing.T, d *db.DB) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	err := d.Snapshot(t.Context(), func(tx *sql.Tx) error {
		tables, err := d.Tables(t.Context(), tx)
		if err != nil {
			return err
		}
		for _, table := range tables {
			all[table.Name] = []string{strings.Join(table.Names(), " ")}
			err := table.Each(t.Context(), tx, func(row []any) error {
				text := ""
				for _, v := range row {
					switch v := v.(type) {
					case []byte:
						text += fmt.Sprintf("x%x ", v)
					case bool:
						text += map[bool]string{true: "1 ", false: "0 "}[v]
					default:
						text += fmt.Sprintf("%v ", v)
					}
				}
				all[table.Name] = append(all[table.Name], text)
				return nil
			})
			if err != nil {
				return err
			}
			if table.Name != "animal" {
				slices.Sort(all[table.Name][1:])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestTablesAreDescribed(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		d := stocked(t, source)
		err := d.Snapshot(t.Context(), func(tx *sql.Tx) error {
			tables, err := d.Tables(t.Context(), tx)
			if err != nil {
				return err
			}
			names := []string{}
			for _, table := range tables {
				names = append(names, table.Name)
			}
			if want := []string{"counter", "zebra", "animal"}; !slices.Equal(names, want) {
				t.Errorf("tables %q, want %q", names, want)
			}
			if c := tables[2].Columns[2]; c != (db.Column{Name: "skin", Kind: db.Octets}) {
				t.Errorf("column %+v", c)
			}
			versions, err := d.Versions(t.Context(), tx)
			if want := map[string]int64{"library": 1}; !maps.Equal(versions, want) {
				t.Errorf("versions %v", versions)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
		want := map[string][]string{
			"counter": {"one n", "1 42 "}, "zebra": {"name tame", "z 0 ", "条纹 1 "},
			"animal": {"n zebra skin at word", "-1 条纹 <nil> 1152921504606846976  ", "7 z x00ff <nil> 狮 "},
		}
		if got := content(t, d); !maps.EqualFunc(got, want, slices.Equal[[]string]) {
			t.Errorf("content %q", got)
		}
		if empty, err := d.Empty(t.Context()); empty || err != nil {
			t.Errorf("empty %v %v", empty, err)
		}
	})
}

// TestFillBetweenEngines copies from each engine to each: what comes out is what
// went in, and the triggers are awake again.
func TestFillBetweenEngines(t *testing.T) {
	for _, from := range pkitest.Databases(t) {
		for _, to := range pkitest.Databases(t) {
			t.Run(from.Engine+" to "+to.Engine, func(t *testing.T) {
				a, b := stocked(t, from.Source), open(t, to.Source)
				if from.Source == to.Source {
					t.Fatal("one database")
				}
				if empty, err := b.Empty(t.Context()); !empty || err != nil {
					t.Fatalf("empty %v %v", empty, err)
				}
				if err := b.MigrateTo(t.Context(), "library", library(), 1); err != nil {
					t.Fatal(err)
				}
				if err := copyAll(t.Context(), a, b); err != nil {
					t.Fatal(err)
				}
				if got, want := content(t, b), content(t, a); !maps.EqualFunc(got, want, slices.Equal[[]string]) {
					t.Errorf("copied %q, want %q", got, want)
				}
				for _, text := range []string{"INSERT INTO zebra (name, tame) VALUES ('new', $1)", "DELETE FROM counter WHERE one = 1 OR $1"} {
					err := b.Tx(t.Context(), func(tx *sql.Tx) error {
						_, err := tx.ExecContext(t.Context(), text, true)
						return err
					})
					if err == nil || !strings.Contains(err.Error(), "zebra") && !strings.Contains(err.Error(), "counter") && !strings.Contains(err.Error(), "refused") {
						t.Errorf("%s: %v", text, err)
					}
				}
				if err := b.Migrate(t.Context(), "library", library()); err != nil {
					t.Errorf("migrating on: %v", err)
				}
			})
		}
	}
}

func copyAll(ctx context.Context, a, b *db.DB) error {
	return b.Fill(ctx, func(f *db.Filler) error {
		return a.Snapshot(ctx, func(tx *sql.Tx) error {
			tables, err := a.Tables(ctx, tx)
			if err != nil {
				return err
			}
			for _, table := range tables {
				into, ok := f.Table(table.Name)
				if !ok {
					return errors.New("no table " + table.Name)
				}
				err := table.Each(ctx, tx, func(row []any) error { return f.Put(ctx, into, table.Names(), [][]any{slices.Clone(row)}) })
				if err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func TestFillRefuses(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		d := stocked(t, source)
		orphan := func(f *db.Filler) error {
			animal, _ := f.Table("animal")
			return f.Put(t.Context(), animal, []string{"n", "zebra"}, [][]any{{int64(1), "nobody"}})
		}
		if err := d.Fill(t.Context(), orphan); err == nil {
			t.Error("a row without its parent went in")
		}
		err := d.Fill(t.Context(), func(f *db.Filler) error {
			zebra, _ := f.Table("zebra")
			return f.Put(t.Context(), zebra, []string{"colour"}, [][]any{{"red"}})
		})
		if err == nil || !strings.Contains(err.Error(), "no column colour") {
			t.Errorf("an unknown column: %v", err)
		}
		if _, ok := (&db.Filler{}).Table("zebra"); ok {
			t.Error("a table of nothing")
		}
		if err := d.MigrateTo(t.Context(), "library", library(), 9); !errors.Is(err, db.ErrVersion) {
			t.Errorf("a version nobody has: %v", err)
		}
	})
}

// TestStrangeColumnsAreRefused: what no copy knows must not be lost in silence.
func TestStrangeColumnsAreRefused(t *testing.T) {
	for engine, column := range map[string]string{"sqlite": "REAL", "postgres": "TIMESTAMPTZ"} {
		source := pkitest.SQLite
		if engine == "postgres" {
			source = pkitest.Postgres
		}
		d := open(t, source(t))
		change(t, d, "CREATE TABLE strange (id BIGINT PRIMARY KEY, x "+column+")")
		err := d.Snapshot(t.Context(), func(tx *sql.Tx) error {
			_, err := d.Tables(t.Context(), tx)
			return err
		})
		if err == nil || !strings.Contains(err.Error(), "column x") {
			t.Errorf("%s: %v", engine, err)
		}
	}
}

func TestTablesInACircleAreRefused(t *testing.T) {
	d := open(t, pkitest.SQLite(t))
	change(t, d, "CREATE TABLE a (id INTEGER PRIMARY KEY, b INTEGER REFERENCES b (id))")
	change(t, d, "CREATE TABLE b (id INTEGER PRIMARY KEY, a INTEGER REFERENCES a (id))")
	err := d.Snapshot(t.Context(), func(tx *sql.Tx) error { _, err := d.Tables(t.Context(), tx); return err })
	if err == nil || !strings.Contains(err.Error(), "circle") {
		t.Errorf("%v", err)
	}
}

// TestEachIsOneValueEach: a row handed out may be kept.
func TestEachIsOneValueEach(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		d := stocked(t, source)
		var kept [][]byte
		err := d.Snapshot(t.Context(), func(tx *sql.Tx) error {
			tables, err := d.Tables(t.Context(), tx)
			if err != nil {
				return err
			}
			stop := errors.New("enough")
			err = tables[2].Each(t.Context(), tx, func(row []any) error {
				if skin, ok := row[2].([]byte); ok {
					kept = append(kept, skin)
					return stop
				}
				return nil
			})
			if !errors.Is(err, stop) {
				t.Errorf("the error is %v", err)
			}
			return nil
		})
		if err != nil || len(kept) != 1 || !bytes.Equal(kept[0], []byte{0, 255}) {
			t.Errorf("%x, %v", kept, err)
		}
	})
}
