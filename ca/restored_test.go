package ca_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"onecert/ca"
	"onecert/db"
	"onecert/pki"
	"onecert/pkitest"
	"onecert/status"
)

// TestRestoredCRLNumbersJump: after a restore the next list is due at once, and its
// number is above any that can have been published since the backup.
func TestRestoredCRLNumbersJump(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := open(t, source, func(c *ca.Config) { c.CRL.Pause = time.Millisecond })
		if _, err := h.SignCRLs(as("x"), "sm2"); err != nil {
			t.Fatal(err)
		}
		before, err := h.LatestCRL(as("x"), "sm2", -1, false)
		if err != nil {
			t.Fatal(err)
		}
		h.room.Close()
		restored := ca.Restored{Archive: "a1b2", Taken: startOfTime, Now: startOfTime.Add(time.Hour), Issuers: []string{"sm2", "rsa"}, Actor: pki.Actor{Name: "restore"}}
		var next map[string]int64
		err = h.cfg.DB.Tx(t.Context(), func(tx *sql.Tx) (err error) {
			next, err = ca.AfterRestore(t.Context(), tx, h.cfg.Audit, restored)
			return err
		})
		if err != nil || next["sm2"] < before.Number+1_000_000+3600 || next["rsa"] < 1_000_000 {
			t.Fatalf("%v, %v", next, err)
		}
		h.start()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); h.room.KeepCRLs(ctx) }()
		defer func() { cancel(); <-done }()
		deadline := time.Now().Add(60 * time.Second)
		for {
			crl, err := h.LatestCRL(as("x"), "sm2", -1, false)
			if err == nil && crl.Number > next["sm2"] {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("no new list: %+v, %v", crl, err)
			}
			time.Sleep(5 * time.Millisecond)
		}
	})
}

// TestMigrationsAreAll: a database made from the rooms' own migrations is the one a
// CA works on.
func TestMigrationsAreAll(t *testing.T) {
	d, err := db.Open(t.Context(), pkitest.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.Migrate(t.Context(), "ca", ca.Migrations()); err != nil {
		t.Error(err)
	}
	if err := d.Migrate(t.Context(), "status", status.Migrations()); err != nil {
		t.Error(err)
	}
}
