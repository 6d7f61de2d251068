package pkitest

import (
	"os"
	"path/filepath"
	"syscall"
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

// roomy is the free space below which a memory file system is left alone.
const roomy = 1 << 30

// folder makes a folder that the user who runs PostgreSQL can enter: TMPDIR may
// belong to root alone. What need not last goes into memory where there is plenty:
// a new database is some 300 files, and takes a twentieth of the time there.
func folder(owner account, lasting bool) (string, error) {
	parents := []string{os.TempDir(), "/tmp"}
	var space syscall.Statfs_t
	if err := syscall.Statfs("/dev/shm", &space); err == nil && !lasting && space.Bavail*uint64(space.Bsize) > roomy {
		parents = append([]string{"/dev/shm"}, parents...)
	}
	for _, parent := range parents {
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
