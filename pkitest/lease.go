package pkitest

import (
	"context"
	"testing"
	"time"

	"onecert/db"
)

// TakeOver ends the sessions of a lease on PostgreSQL until another process could take
// it, which is the holder from then on, though it has given it back when TakeOver
// returns: as when a network cuts a process off and a second one is started.
func TakeOver(t testing.TB, source, lease string) {
	t.Helper()
	ctx := context.Background()
	d, err := db.Open(ctx, source)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		_, err := d.Read().ExecContext(ctx, `SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
			WHERE l.locktype = 'advisory' AND l.mode = 'ExclusiveLock' AND l.granted AND a.state = 'idle'
			AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`)
		if err != nil {
			t.Fatal(err)
		}
		if release, err := d.Lease(ctx, lease); err == nil {
			release()
			return
		}
	}
	t.Fatal("the lease could not be taken over")
}
