package pkitest

import (
	"os"
	"path/filepath"
	"testing"
)

// Database is one fresh, empty database for one test.
type Database struct {
	Engine string // "sqlite" or "postgres"
	Source string // what db.Open takes
}

// Databases returns a fresh database of each engine. They are gone when the test
// ends. A machine without PostgreSQL fails the test: nothing is skipped.
func Databases(t testing.TB) []Database {
	t.Helper()
	return []Database{{"sqlite", SQLite(t)}, {"postgres", Postgres(t)}}
}

// EachDatabase runs act as a subtest on a fresh database of each engine.
func EachDatabase(t *testing.T, act func(t *testing.T, source string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { act(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { act(t, Postgres(t)) })
}

// SQLite returns the source of a fresh SQLite database.
func SQLite(t testing.TB) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "test.db")
}

// Postgres returns the source of a fresh PostgreSQL database, in a throw-away
// cluster that the tests of this process share and that does not sync to disk.
func Postgres(t testing.TB) string {
	t.Helper()
	return fresh(t, hasty)
}

// DurablePostgres is Postgres with fsync on, for benchmarks: a commit there costs
// what it costs in production.
func DurablePostgres(t testing.TB) string {
	t.Helper()
	return fresh(t, durable)
}

func fresh(t testing.TB, start func() (*cluster, error)) string {
	t.Helper()
	c, err := start()
	if err != nil {
		t.Fatal(err)
	}
	source, drop, err := c.create()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := drop(); err != nil {
			t.Error(err)
		}
	})
	return source
}

// folder makes a folder that the user who runs PostgreSQL can enter: TMPDIR may
// belong to root alone.
func folder(owner account) (string, error) {
	for _, parent := range []string{os.TempDir(), "/tmp"} {
		dir, err := os.MkdirTemp(parent, "onecert-pg-")
		if err != nil {
			continue
		}
		if owner.owns(dir) == nil {
			return dir, nil
		}
		os.RemoveAll(dir)
	}
	return "", errNoFolder
}
