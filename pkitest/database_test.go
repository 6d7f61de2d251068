package pkitest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func TestEachDatabaseIsFresh(t *testing.T) {
	first, second := Postgres(t), Postgres(t)
	if first == second {
		t.Fatalf("two tests share %s", first)
	}
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, first)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	var tables int
	err = conn.QueryRow(ctx, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").Scan(&tables)
	if err != nil || tables != 0 {
		t.Fatalf("%d tables, %v", tables, err)
	}
	for _, d := range Databases(t) {
		if !strings.HasPrefix(d.Source, d.Engine+":") {
			t.Errorf("%s: %s", d.Engine, d.Source)
		}
	}
}

func TestDurableClusterSyncs(t *testing.T) {
	for source, want := range map[string]string{Postgres(t): "off", DurablePostgres(t): "on"} {
		conn, err := pgx.Connect(t.Context(), source)
		if err != nil {
			t.Fatal(err)
		}
		var got string
		err = conn.QueryRow(t.Context(), "SHOW fsync").Scan(&got)
		conn.Close(context.Background())
		if err != nil || got != want {
			t.Errorf("fsync is %q (%v), want %q", got, err, want)
		}
	}
}

func TestDurableClusterStops(t *testing.T) {
	c, err := StartDurable()
	if err != nil {
		t.Fatal(err)
	}
	source, drop, err := c.Database()
	if err != nil || !strings.HasPrefix(source, "postgres:") {
		t.Fatalf("%s, %v", source, err)
	}
	if err := drop(); err != nil {
		t.Error(err)
	}
	if err := c.Stop(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(c.of.dir); !os.IsNotExist(err) {
		t.Errorf("the cluster's folder is still there (%v)", err)
	}
}

// The server must not outlive the tests, even when they are killed: the test runs
// itself again, kills that process once it has a cluster, and looks for the rest.
func TestClusterDiesWithAKilledProcess(t *testing.T) {
	if file := os.Getenv("PKITEST_HOLD"); file != "" {
		c, err := hasty()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file+".tmp", []byte(c.dir), 0o600); err != nil {
			t.Fatal(err)
		}
		os.Rename(file+".tmp", file)
		time.Sleep(time.Minute)
		return
	}
	file := filepath.Join(t.TempDir(), "dir")
	child := exec.Command(os.Args[0], "-test.run=^TestClusterDiesWithAKilledProcess$")
	child.Env = append(os.Environ(), "PKITEST_HOLD="+file)
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	dir := waitFor(t, func() (string, bool) { b, err := os.ReadFile(file); return string(b), err == nil })
	child.Process.Kill()
	child.Wait()
	waitFor(t, func() (string, bool) { _, err := os.Stat(dir); return "", os.IsNotExist(err) })
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range lines {
		if line, _ := os.ReadFile(path); strings.Contains(string(line), dir) {
			t.Errorf("left over: %s", strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
}

func waitFor(t *testing.T, ready func() (string, bool)) string {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if got, ok := ready(); ok {
			return got
		}
	}
	t.Fatal("waited half a minute in vain")
	return ""
}
