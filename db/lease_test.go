package db_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"onecert/db"
	"onecert/pkitest"
)

func TestLeaseIsExclusive(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		ctx := t.Context()
		first, second := open(t, source), open(t, source)
		release, err := first.Lease(ctx, "crl")
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range []*db.DB{first, second} {
			if _, err := d.Lease(ctx, "crl"); !errors.Is(err, db.ErrLeased) {
				t.Errorf("a second holder got %v", err)
			}
		}
		other, err := second.Lease(ctx, "serials") // another name is another lease
		if err != nil {
			t.Fatal(err)
		}
		other()
		release()
		again := takeSoon(t, second)
		again()
	})
}

// takeSoon takes the lease within moments: PostgreSQL frees it when it notices
// that the session has ended.
func takeSoon(t *testing.T, d *db.DB) func() {
	t.Helper()
	for range 3000 {
		release, err := d.Lease(context.Background(), "crl")
		if err == nil {
			return release
		}
		if !errors.Is(err, db.ErrLeased) {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("the lease was not free again")
	return nil
}

// A killed holder must not keep the lease: the test runs itself as the holder.
func TestLeaseEndsWithItsProcess(t *testing.T) {
	if source := os.Getenv("DBTEST_HOLD"); source != "" {
		if _, err := open(t, source).Lease(t.Context(), "crl"); err != nil {
			t.Fatal(err)
		}
		os.WriteFile(os.Getenv("DBTEST_READY"), nil, 0o600)
		time.Sleep(time.Minute)
		return
	}
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		ready := filepath.Join(t.TempDir(), "ready")
		child := exec.Command(os.Args[0], "-test.run=^TestLeaseEndsWithItsProcess$")
		child.Env = append(os.Environ(), "DBTEST_HOLD="+source, "DBTEST_READY="+ready)
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		for range 2500 {
			if _, err := os.Stat(ready); err == nil {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		d := open(t, source)
		if _, err := d.Lease(t.Context(), "crl"); !errors.Is(err, db.ErrLeased) {
			t.Errorf("beside the holder: %v", err)
		}
		child.Process.Kill()
		child.Wait()
		takeSoon(t, d)()
	})
}

func TestListen(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		d := open(t, source)
		ctx, cancel := context.WithCancel(t.Context())
		woken, done := make(chan struct{}, 10), make(chan error, 1)
		go func() { done <- d.Listen(ctx, "things", func() { woken <- struct{}{} }) }()
		if d.Dialect == db.Postgres {
			<-woken // listening now
			notify(t, d, true)
			select {
			case <-woken:
			case <-time.After(time.Minute):
				t.Error("nothing came")
			}
			notify(t, d, false)
			select {
			case <-woken:
				t.Error("a rolled-back transaction woke the listener")
			case <-time.After(50 * time.Millisecond):
			}
		} else {
			notify(t, d, true) // nothing to do, no error
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
	})
}

func notify(t *testing.T, d *db.DB, commit bool) {
	t.Helper()
	stop := errors.New("stop")
	err := d.Tx(t.Context(), func(tx *sql.Tx) error {
		if err := db.Send(t.Context(), tx, d.Notice("things")); err != nil {
			return err
		}
		if !commit {
			return stop
		}
		return nil
	})
	if err != nil && !errors.Is(err, stop) {
		t.Fatal(err)
	}
}
