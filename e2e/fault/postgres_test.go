package fault

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"onecert/pkitest"
)

// TestPostgresKilled kills the PostgreSQL under both: its postmaster, or one of its
// processes, which makes it throw everybody out and recover; every fifth time the CA
// with it. Both go on by themselves, and what they remember still holds.
func TestPostgresKilled(t *testing.T) {
	server := pkitest.NewServer(t)
	found := func(seed uint64, _ int) *town {
		w := newTown(t, seed, server.Database(t), server.Database(t))
		w.start()
		return w
	}
	campaign(t, found, func(w *town) {
		work := w.begin()
		time.Sleep(upTo(w.dice, loadAtMost))
		switch n := w.dice.IntN(5); n {
		case 0, 1:
			w.killServer(server)
		case 2, 3:
			w.killBackend(server, n == 2)
		case 4:
			w.ca.kill()
			w.killServer(server)
			w.ca.restart(t)
		}
		time.Sleep(upTo(w.dice, loadAtMost/2)) // it goes on, while PostgreSQL recovers or has
		work.end()
		w.awaitBoth()
		w.settle()
	})
}

// killServer kills the postmaster and starts it again; what served a connection
// outlives it by a moment.
func (w *town) killServer(s *pkitest.Server) {
	w.t.Helper()
	if err := s.Kill(); err != nil {
		w.t.Fatal(err)
	}
	time.Sleep(upTo(w.dice, 100*time.Millisecond))
	if err := s.Start(); err != nil {
		w.t.Fatal(err)
	}
}

// killBackend kills one process that serves a connection of the CA or of the KMC.
func (w *town) killBackend(s *pkitest.Server, ofCA bool) {
	w.t.Helper()
	source := w.kmc.Database
	if ofCA {
		source = w.ca.Database
	}
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, source)
	if err != nil {
		w.t.Fatal(err)
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() ORDER BY pid")
	if err != nil {
		w.t.Fatal(err)
	}
	pids, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil || len(pids) == 0 {
		w.t.Fatalf("%d backends: %v", len(pids), err)
	}
	w.dice.Shuffle(len(pids), func(i, j int) { pids[i], pids[j] = pids[j], pids[i] })
	for _, pid := range pids {
		if err = syscall.Kill(pid, syscall.SIGKILL); !errors.Is(err, syscall.ESRCH) { // it may have ended meanwhile
			break
		}
	}
	if err != nil {
		w.t.Fatal(err)
	}
	// On a busy machine the postmaster hears of it late; when it does, this connection
	// ends too. Before that nothing has failed yet that could be recovered from.
	for deadline := time.Now().Add(30 * time.Second); conn.Ping(ctx) == nil; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatal("PostgreSQL has not noticed in 30 s that a process of it was killed")
		}
	}
}

// awaitBoth asks until both answer again, by themselves.
func (w *town) awaitBoth() {
	w.t.Helper()
	c := &client{town: w, number: clients}
	w.everLoaded++
	var err error
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if open := w.book.open(c.number); len(open) > 0 {
			err = c.order(open[0])
		} else {
			err = c.first()
		}
		if err == nil {
			return
		}
	}
	w.t.Fatalf("seed %d: a minute after the fault: %v\n%s", w.seed, err, w.complaints())
}
