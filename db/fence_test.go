package db_test

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"testing"
	"time"

	"onecert/db"
	"onecert/pkitest"
)

// endSessions ends the sessions that hold advisory locks of a database, as a broken
// network or an operator does, and waits until they and their locks are gone.
func endSessions(t *testing.T, source string) {
	t.Helper()
	other := open(t, source)
	var n int
	err := other.Read().QueryRow(`SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_locks
		WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`).Scan(&n)
	if err != nil || n == 0 {
		t.Fatalf("%d sessions ended: %v", n, err)
	}
}

func insertFenced(d *db.DB, number int) error {
	return d.Tx(context.Background(), func(tx *sql.Tx) error {
		_, err := tx.Exec("INSERT INTO fenced (number) VALUES ($1)", number)
		return err
	})
}

// A holder whose session is gone writes nothing any more once another has the lease,
// not even what it had begun before: the other waits for that.
func TestLostLeaseStopsWriting(t *testing.T) {
	source := pkitest.Postgres(t)
	ctx := t.Context()
	first, second := open(t, source), open(t, source)
	if err := first.Tx(ctx, func(tx *sql.Tx) error { _, err := tx.Exec("CREATE TABLE fenced (number BIGINT)"); return err }); err != nil {
		t.Fatal(err)
	}
	release, err := first.Lease(ctx, "crl")
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	begun, goOn, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- first.Tx(ctx, func(tx *sql.Tx) error {
			close(begun)
			<-goOn
			_, err := tx.Exec("INSERT INTO fenced (number) VALUES (1)")
			return err
		})
	}()
	<-begun
	taken := make(chan func(), 1)
	go func() {
		for {
			endSessionsOf(second)
			if release, err := second.Lease(ctx, "crl"); err == nil {
				taken <- release
				return
			} else if !errors.Is(err, db.ErrLeased) {
				t.Error(err)
				taken <- func() {}
				return
			}
		}
	}()
	select {
	case <-taken:
		t.Error("the lease was taken over while a transaction of its holder was under way")
	case <-time.After(200 * time.Millisecond):
	}
	close(goOn)
	if err := <-done; err != nil {
		t.Errorf("what was begun under the lease: %v", err)
	}
	defer (<-taken)()
	for range 20 {
		if err := insertFenced(first, 2); !errors.Is(err, db.ErrLeaseLost) || !db.IsUnavailable(err) {
			t.Fatalf("after the lease was taken over: %v", err)
		}
		if err := insertFenced(second, 3); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
	var n int
	if err := second.Read().QueryRow("SELECT count(*) FROM fenced WHERE number = 2").Scan(&n); err != nil || n != 0 {
		t.Errorf("%d rows of a holder that was none: %v", n, err)
	}
}

// endSessionsOf ends the session that holds the lease's lock, not those that wait at
// the fence with a transaction.
func endSessionsOf(d *db.DB) {
	_, _ = d.Read().Exec(`SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
		WHERE l.locktype = 'advisory' AND l.mode = 'ExclusiveLock' AND l.granted AND a.state = 'idle'
		AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`)
}

// A session that broke and that nobody made use of is made again.
func TestBrokenLeaseComesBack(t *testing.T) {
	source := pkitest.Postgres(t)
	first, second := open(t, source), open(t, source)
	if err := first.Tx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec("CREATE TABLE fenced (number BIGINT)")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	release, err := first.Lease(t.Context(), "crl")
	if err != nil {
		t.Fatal(err)
	}
	for round := range 3 {
		endSessions(t, source)
		if err := insertFenced(first, round); err != nil {
			t.Errorf("nobody else holds the lease, and writing is refused: %v", err)
		}
		back := false
		for deadline := time.Now().Add(60 * time.Second); !back && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
			err := second.Read().QueryRow(`SELECT count(*) > 0 FROM pg_locks WHERE locktype = 'advisory' AND granted
				AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`).Scan(&back)
			if err != nil {
				t.Fatal(err)
			}
		}
		if _, err := second.Lease(t.Context(), "crl"); !errors.Is(err, db.ErrLeased) {
			t.Fatalf("the session is not there again: %v", err)
		}
	}
	release()
	release() // twice does no harm
	takeSoon(t, second)()
}

func TestUnavailable(t *testing.T) {
	for _, err := range []error{io.ErrUnexpectedEOF, db.ErrLeased, db.ErrLeaseLost, db.ErrReadOnly} {
		if !db.IsUnavailable(err) {
			t.Errorf("%v is not taken for unavailable", err)
		}
	}
	_, err := db.Open(t.Context(), "postgres://nobody@/none?host="+t.TempDir())
	if !db.IsUnavailable(err) {
		t.Errorf("no server: %v", err)
	}
	for _, err := range []error{nil, errors.New("other"), sql.ErrNoRows, context.Canceled} {
		if db.IsUnavailable(err) {
			t.Errorf("%v is taken for unavailable", err)
		}
	}
}
