package pkitest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"onecert/db"
)

// TakeOver ends the session of the lease that a database on PostgreSQL has, and lets
// another process have it, which is the holder from then on, though it has given it
// back when TakeOver returns: as when a network cuts a process off and a second one is
// started.
func TakeOver(t testing.TB, source, lease string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	d, err := db.Open(ctx, source)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	conn, err := pgx.Connect(ctx, source)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	for {
		release, err := d.Lease(ctx, lease)
		if err == nil {
			release()
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("taking a lease over: %v", err)
		}
		seize(ctx, t, conn)
	}
}

// seize ends the session that holds the lease's lock, holds it instead, and lets it go
// while the holder before waits for its next try to get it back.
func seize(ctx context.Context, t testing.TB, conn *pgx.Conn) {
	t.Helper()
	var key int64
	for got := false; !got; {
		err := conn.QueryRow(ctx, `SELECT (l.classid::bigint << 32) | l.objid::bigint FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid,
			LATERAL pg_terminate_backend(l.pid) WHERE l.locktype = 'advisory' AND l.mode = 'ExclusiveLock' AND l.granted AND a.state = 'idle'
			AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) LIMIT 1`).Scan(&key)
		for try := 0; err == nil && !got && try < 50; try++ {
			err = conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", key).Scan(&got)
		}
		if errors.Is(err, pgx.ErrNoRows) {
			return // nobody holds it just now
		}
		if err != nil {
			t.Fatalf("taking a lease over: %v", err)
		}
	}
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_unlock($1)", key); err != nil {
		t.Fatalf("taking a lease over: %v", err)
	}
}
