package fault

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"onecert/pki"
	"onecert/pkitest"
)

// double prepares a second process for a part of the town: the same database, and
// nothing else in common.
func (w *town) double(of *process) *process {
	p := of.part
	dir := shortDir(w.t)
	p.Home, p.Listen = filepath.Join(dir, "home"), filepath.Join(dir, "second.sock")
	return newProcess(w.t, p)
}

// refusedBeside starts a second process beside the first, which must refuse with one
// line that says why.
func (w *town) refusedBeside(of *process, says string) {
	w.t.Helper()
	second := w.double(of)
	if err := second.start(); !errors.Is(err, errLeased) {
		w.t.Fatalf("a second %s on one database: %v", of.Component, err)
	}
	if said := strings.TrimSpace(second.log.String()); !strings.Contains(said, says) || strings.Contains(said, "\n") {
		w.t.Errorf("a second %s says %q", of.Component, said)
	}
}

const (
	secondCA  = "another CA process works on this database"
	secondKMC = "another process serves this key store"
)

// TestTwoProcesses starts a second CA and a second KMC by mistake while the first are
// under load: they refuse, whether the first answers or stands still, and take over
// when it is dead.
func TestTwoProcesses(t *testing.T) {
	for n, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			w := onEither(t)(uint64(n), n)
			work := w.begin()
			w.refusedBeside(w.ca, secondCA)
			w.refusedBeside(w.kmc, secondKMC)
			work.end()
			if w.book.denied > 0 {
				t.Errorf("the first refused %d acts", w.book.denied)
			}
			for _, c := range []*process{w.ca, w.kmc} {
				c.signal(t, syscall.SIGSTOP)
			}
			w.refusedBeside(w.ca, secondCA)
			w.refusedBeside(w.kmc, secondKMC)
			for _, c := range []*process{w.ca, w.kmc} {
				c.signal(t, syscall.SIGCONT)
			}
			w.settle()
			w.ca.kill()
			w.kmc.kill()
			w.succeed()
			w.settle()
		})
	}
}

// succeed lets second processes take the place of dead first ones.
func (w *town) succeed() {
	w.t.Helper()
	for _, c := range []**process{&w.kmc, &w.ca} {
		second := w.double(*c)
		second.Home, second.Listen = (*c).Home, (*c).Listen
		*c = newProcess(w.t, second.part)
		(*c).restart(w.t)
	}
}

// TestTakenOver: a machine stands still, so long that the server ends its sessions,
// and a second one takes over. When the first wakes up it writes nothing any more and
// says why.
func TestTakenOver(t *testing.T) {
	w := newTown(t, 1, pkitest.Postgres(t), pkitest.Postgres(t))
	w.start()
	// A pair of its own, which none of those at work leaves in doubt.
	late := &client{town: w, number: clients}
	if err := late.first(); err != nil {
		t.Fatal(err)
	}
	mine := w.book.inState(clients, pki.Valid)[0]
	work := w.begin()
	for len(w.book.inState(0, pki.Valid)) < 3 {
		time.Sleep(pause)
	}
	old := map[string]*process{"ca": w.ca, "kmc": w.kmc}
	for _, c := range old {
		c.signal(t, syscall.SIGSTOP)
	}
	for lease, c := range old {
		endSessions(t, c.Database)
		pkitest.TakeOver(t, c.Database, lease)
	}
	// The second pair listens elsewhere; the clients still ask the first.
	second := &town{t: t, m: w.m, ca: w.double(w.ca), kmc: w.double(w.kmc)}
	second.ca.KMC = second.kmc.Listen
	second.ca = newProcess(t, second.ca.part)
	second.start()
	second.connect()
	before := len(second.list())
	for _, c := range old {
		c.signal(t, syscall.SIGCONT)
	}
	work.end() // whatever was under way is answered or refused
	refused(t, "ca.lease-lost", func() error { return late.change(mine, pki.Held) })
	refused(t, "km.lease-lost", late.first) // an order asks the KMC before it stores anything
	refused(t, "km.lease-lost", func() error { return late.recover(mine) })
	if after := len(second.list()); after != before {
		t.Errorf("the first CA issued %d certificates after the second took over", after-before)
	}
	w.ca.kill()
	w.kmc.kill()
	w.ca, w.kmc = second.ca, second.kmc
	w.connect()
	w.settle()
}

// endSessions ends all sessions of a database, as PostgreSQL does with those of a
// machine that no longer answers.
func endSessions(t *testing.T, source string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), source)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	_, err = conn.Exec(t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
	if err != nil {
		t.Fatal(err)
	}
}

// refused asks until the refusal is the one that stays: connections that were cut are
// met first.
func refused(t *testing.T, code string, ask func() error) {
	t.Helper()
	var err error
	for range 40 {
		if err = ask(); err == nil || pki.CodeOf(err) == code && pki.KindOf(err) == pki.Unavailable {
			break
		}
	}
	if err == nil || pki.CodeOf(err) != code {
		t.Errorf("it answers %s: %v, not %s", pki.CodeOf(err), err, code)
	}
}
