package kmc

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"onecert/audit"
	"onecert/db"
	"onecert/pki"
	"onecert/pkitest"
)

// restoreNow does to a stopped house what a restore does to its database.
func (h *house) restoreNow() int64 {
	h.t.Helper()
	ctx := context.Background()
	d, err := db.Open(ctx, h.source)
	if err != nil {
		h.t.Fatal(err)
	}
	defer d.Close()
	log, err := audit.Open(ctx, d, "example.test/kmc")
	if err != nil {
		h.t.Fatal(err)
	}
	var aside int64
	err = d.Tx(ctx, func(tx *sql.Tx) (err error) {
		aside, err = AfterRestore(ctx, tx, log, Restored{Archive: "a1b2", Taken: h.clock.Now().Add(-time.Hour), Now: h.clock.Now(), Actor: pki.Actor{Name: "restore"}})
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return aside
}

// TestRestoredSparesAreNeverHandedOut: a pair that was spare in the backup may be
// somebody's by now. Not even a clock set back after the restore brings it back.
func TestRestoredSparesAreNeverHandedOut(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := newHouse(t, source, nil)
		k := newToken(t, pki.SM2)
		order := h.order(1, pki.SM2, k)
		before, err := h.centre.Generate(as("ca1"), order)
		if err != nil {
			t.Fatal(err)
		}
		h.settle()
		old := map[string]bool{}
		for _, suite := range pki.Suites() {
			for _, r := range h.centre.pool.list(suite) {
				old[r.id] = true
			}
		}
		h.stop()
		if aside := h.restoreNow(); aside != int64(len(old)) || aside < 20 {
			t.Errorf("%d set aside, %d were spare", aside, len(old))
		}
		for _, step := range []time.Duration{0, -48 * time.Hour, time.Minute} {
			h.clock.advance(step)
			h.start()
			h.settle()
			for _, suite := range pki.Suites() {
				for _, r := range h.centre.pool.list(suite) {
					if old[r.id] {
						t.Fatalf("after %s pair %s is spare again", step, r.id)
					}
				}
			}
			for _, fault := range CheckInvariants(context.Background(), h.centre) {
				t.Error(fault)
			}
			if step < time.Minute {
				h.stop()
			}
		}
		again, err := h.centre.Generate(as("ca1"), order)
		if err != nil || string(again.PublicKey) != string(before.PublicKey) {
			t.Errorf("the order from before: %v", err)
		}
		if _, err := h.centre.Generate(as("ca1"), h.order(2, pki.SM2, k)); err != nil {
			t.Error(err)
		}
	})
}
