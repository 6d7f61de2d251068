package ca_test

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"onecert/audit"
	"onecert/ca"
	"onecert/db"
	"onecert/pki"
	"onecert/pkitest"
	"onecert/status"
)

// told is what eight clients were told while something died under the CA.
type told struct {
	mu     sync.Mutex
	issued map[string]*ca.Issued
	number int64 // the highest of a CRL
	other  error // a refusal that is not Unavailable
	late   int   // refusals
}

// load works until ctx ends; a client that was refused tries again after a moment.
func (w *told) load(ctx context.Context, h *house, orders [][]ca.Order) *sync.WaitGroup {
	var group sync.WaitGroup
	for client := range orders {
		group.Go(func() {
			for n := 0; n < len(orders[client]) && ctx.Err() == nil; {
				got, err := h.room.Issue(as("office"), orders[client][n])
				var crls []ca.CRL
				if client == 0 && err == nil {
					crls, err = h.room.SignCRLs(as("office"), "sm2")
				}
				w.note(got, crls, err)
				if err != nil {
					time.Sleep(5 * time.Millisecond)
					continue // the same order again
				}
				n++
			}
		})
	}
	return &group
}

func (w *told) note(got *ca.Issued, crls []ca.CRL, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if got != nil {
		w.issued[got.Application] = got
	}
	for _, crl := range crls {
		w.number = max(w.number, crl.Number)
	}
	if err == nil {
		return
	}
	if w.late++; pki.KindOf(err) != pki.Unavailable {
		w.other = err
	}
}

// held compares with what the CA says now.
func (w *told) held(t *testing.T, h *house) {
	t.Helper()
	if w.other != nil {
		t.Errorf("refused as no fault of the database: %v", w.other)
	}
	serials := map[pki.Serial]bool{}
	for application, was := range w.issued {
		now, err := h.room.Order(as("office"), application)
		if err != nil || !bytes.Equal(now.Sign.DER, was.Sign.DER) || !bytes.Equal(now.Encrypt.DER, was.Encrypt.DER) {
			t.Errorf("%s was issued and is not there: %v", application, err)
		}
		for _, c := range []*ca.Certificate{was.Sign, was.Encrypt} {
			if serials[c.Serial] {
				t.Errorf("serial %s twice", c.Serial)
			}
			serials[c.Serial] = true
		}
	}
	crls, err := h.room.SignCRLs(as("office"), "sm2")
	if err != nil || crls[0].Number <= w.number {
		t.Errorf("a list after number %d: %v %v", w.number, crls, err)
	}
	report, err := audit.Verify(t.Context(), h.cfg.DB, nil, nil)
	if err != nil || !report.Good() {
		t.Errorf("the audit log: %v %v", report.Faults, err)
	}
	t.Logf("%d pairs told, %d refusals, CRL number %d", len(w.issued), w.late, w.number)
}

func orders(t *testing.T, each int) [][]ca.Order {
	all := make([][]ca.Order, 8)
	for client := range all {
		for n := range each {
			all[client] = append(all[client], order(t, fmt.Sprintf("pg-%d-%d", client, n), pki.SM2))
		}
	}
	return all
}

// PostgreSQL is killed again and again under load. The CA refuses meanwhile and goes
// on by itself when it is back.
func TestPostgresKilled(t *testing.T) {
	server := pkitest.NewServer(t)
	h := open(t, server.Database(t), nil)
	w := &told{issued: map[string]*ca.Issued{}}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	group := w.load(ctx, h, orders(t, 300))
	for round := range 4 {
		time.Sleep(250 * time.Millisecond)
		if err := server.Kill(); err != nil {
			t.Fatal(err)
		}
		// What serves a connection outlives its postmaster by a moment.
		h.until(pki.Unavailable, order(t, fmt.Sprint("meanwhile-", round), pki.SM2))
		if err := server.Start(); err != nil {
			t.Fatal(err)
		}
		h.until(pki.Internal, order(t, fmt.Sprint("back-", round), pki.SM2))
	}
	cancel()
	group.Wait()
	w.held(t, h)
	if w.late == 0 {
		t.Error("nobody was refused: nothing was proven")
	}
}

// until asks for an order until it is refused as kind; with Internal, until it is
// carried out.
func (h *house) until(kind pki.Kind, o ca.Order) {
	h.t.Helper()
	var err error
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		_, err = h.room.Issue(as("office"), o)
		if pki.KindOf(err) == kind && (err == nil) == (kind == pki.Internal) {
			return
		}
	}
	h.t.Fatalf("a minute on: %v", err)
}

// The primary dies under load and the CA goes on with its synchronous replica.
func TestFailOver(t *testing.T) {
	primary := pkitest.NewServer(t)
	source := primary.Database(t)
	replica := primary.Replica(t) // before the house, which is looked through at the end
	h := open(t, source, nil)
	w := &told{issued: map[string]*ca.Issued{}}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	group := w.load(ctx, h, orders(t, 300))
	time.Sleep(500 * time.Millisecond)
	if err := primary.Kill(); err != nil {
		t.Fatal(err)
	}
	cancel()
	group.Wait()
	h.room.Close()
	if err := replica.Promote(); err != nil {
		t.Fatal(err)
	}
	h.move(replica.Moved(t, source))
	w.held(t, h)
	if len(w.issued) < 8 {
		t.Error("too little was under way to prove anything")
	}
	mustIssue(t, h, order(t, "after", pki.SM2))
}

// move starts the CA on another copy of its database.
func (h *house) move(source string) {
	h.t.Helper()
	ctx := context.Background()
	d, err := db.Open(ctx, source)
	if err != nil {
		h.t.Fatal(err)
	}
	h.cfg.DB = d
	// The CA before may still be at work with its own.
	shared := h.cfg.Issuers
	h.cfg.Issuers = nil
	for _, issuer := range shared {
		own := *issuer
		h.cfg.Issuers = append(h.cfg.Issuers, &own)
	}
	if h.cfg.Status, err = status.Open(ctx, d); err != nil {
		h.t.Fatal(err)
	}
	if h.cfg.Audit, err = audit.Open(ctx, d, "onecert.example/ca"); err != nil {
		h.t.Fatal(err)
	}
	h.start()
}

// The session of a CA's lease breaks and a second CA takes over: the first writes
// nothing any more, though it runs and is under load.
func TestLeaseTakenOver(t *testing.T) {
	source := pkitest.Postgres(t)
	h := open(t, source, nil)
	mustIssue(t, h, order(t, "before", pki.SM2))
	first := h.room
	w := &told{issued: map[string]*ca.Issued{}}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	loaded := &house{room: first}
	group := w.load(ctx, loaded, orders(t, 300))
	time.Sleep(100 * time.Millisecond)
	pkitest.TakeOver(t, source, "ca")
	h.move(source)
	before, err := h.cfg.Audit.Size(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond)
	if after, err := h.cfg.Audit.Size(t.Context()); err != nil || after != before {
		t.Errorf("the first CA wrote %d entries after the second took over: %v", after-before, err)
	}
	cancel()
	group.Wait()
	_, err = first.Issue(as("office"), order(t, "never", pki.SM2))
	wantCode(t, err, pki.Unavailable, "ca.lease-lost")
	_, err = first.SignCRLs(as("office"), "sm2")
	wantCode(t, err, pki.Unavailable, "ca.lease-lost")
	first.Close()
	mustIssue(t, h, order(t, "second", pki.SM2))
	w.held(t, h)
}
