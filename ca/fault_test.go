package ca_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"onecert/ca"
	"onecert/keys"
	"onecert/pki"
	"onecert/pkitest"
)

// loaded is a random source whose draws of serials a test decides.
type loaded struct {
	mu      sync.Mutex
	serials [][]byte
	err     error
}

func (l *loaded) Read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return 0, l.err
	}
	if len(p) == pki.SerialOctets && len(l.serials) > 0 {
		n := copy(p, l.serials[0])
		l.serials = l.serials[1:]
		return n, nil
	}
	return rand.Read(p)
}

func TestSerialCollision(t *testing.T) {
	same := bytes.Repeat([]byte{0x55}, pki.SerialOctets)
	random := &loaded{serials: [][]byte{same, bytes.Repeat([]byte{0x56}, pki.SerialOctets), same, same}}
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		random.serials = [][]byte{same, bytes.Repeat([]byte{0x56}, pki.SerialOctets), same, same}
		h := open(t, source, func(c *ca.Config) { c.Random = random })
		first := mustIssue(t, h, order(t, "s1", pki.SM2))
		second := mustIssue(t, h, order(t, "s2", pki.SM2))
		if first.Sign.Serial == second.Sign.Serial || second.Sign.Serial == second.Encrypt.Serial {
			t.Error("a drawn serial that was taken is used again")
		}
		for range 10 {
			random.serials = append(random.serials, same)
		}
		_, err := h.Issue(as("office"), order(t, "s3", pki.SM2))
		wantCode(t, err, pki.Unavailable, "serial.collision")
		random.mu.Lock()
		random.serials = nil
		random.mu.Unlock()
	})
}

func TestRandomSourceFails(t *testing.T) {
	random := &loaded{}
	h := open(t, sqlite(t), func(c *ca.Config) { c.Random = random })
	random.err = errors.New("no entropy")
	_, err := h.Issue(as("office"), order(t, "r1", pki.SM2))
	wantCode(t, err, pki.Unavailable, "random.failed")
	random.err = nil
	mustIssue(t, h, order(t, "r2", pki.SM2))
}

func TestClockStepsBack(t *testing.T) {
	h := open(t, sqlite(t), nil)
	mustIssue(t, h, order(t, "c1", pki.SM2))
	h.clock.add(-time.Hour)
	_, err := h.Issue(as("office"), order(t, "c2", pki.SM2))
	wantCode(t, err, pki.Unavailable, "clock.backwards")
	h.restart() // the time of the last order is in the database, not in the process
	_, err = h.Issue(as("office"), order(t, "c2", pki.SM2))
	wantCode(t, err, pki.Unavailable, "clock.backwards")
	h.clock.add(time.Hour)
	mustIssue(t, h, order(t, "c2", pki.SM2))
	h.clock.add(20 * 365 * 24 * time.Hour)
	_, err = h.Issue(as("office"), order(t, "c3", pki.SM2))
	wantCode(t, err, pki.Unavailable, "issuer.expired")
	h.clock.add(-20 * 365 * 24 * time.Hour)
}

// broken is a signing key that can be made to fail.
type broken struct {
	*keys.Key
	err error
}

func (b *broken) SignMessage(random io.Reader, message []byte, opts crypto.SignerOpts) ([]byte, error) {
	if b.err != nil {
		return nil, b.err
	}
	return b.Key.SignMessage(random, message, opts)
}

// TestCrashBeforeSigning: what was stored and not signed is finished at the next
// start, with the bytes that were stored.
func TestCrashBeforeSigning(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		key := &broken{}
		h := open(t, source, func(c *ca.Config) { key.Key = c.Issuers[0].Key.(*keys.Key); c.Issuers[0].Key = key })
		key.err = errors.New("the device is gone")
		o := order(t, "crash", pki.SM2)
		_, err := h.Issue(as("office"), o)
		wantCode(t, err, pki.Unavailable, "issuer.sign")
		if page, err := h.List(as("office"), ca.Filter{}); err != nil || len(page.Certificates) != 2 || page.Certificates[0].State != pki.Reserved {
			t.Errorf("after the failure: %+v, %v", page, err)
		}
		key.err = nil
		h.clock.add(time.Hour)
		h.restart()
		done, err := h.Order(as("office"), "crash")
		if err != nil {
			t.Fatal("not finished at start:", err)
		}
		if begin := parse(t, done.Sign).NotBefore; !begin.Equal(startOfTime.Add(-5 * time.Minute)) {
			t.Error("the bytes were made anew:", begin)
		}
		again := mustIssue(t, h, o)
		if !bytes.Equal(again.Sign.DER, done.Sign.DER) || !bytes.Equal(again.Encrypt.DER, done.Encrypt.DER) {
			t.Error("asking again gave other certificates")
		}
	})
}

// TestUnfinishedOfLongAgo: what a device did not sign weeks before the last order is not
// looked for at each start, and finished with the same bytes when somebody asks.
func TestUnfinishedOfLongAgo(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		key := &broken{}
		h := open(t, source, func(c *ca.Config) { key.Key = c.Issuers[0].Key.(*keys.Key); c.Issuers[0].Key = key })
		key.err = errors.New("the device is gone")
		o := order(t, "long-ago", pki.SM2)
		_, err := h.Issue(as("office"), o)
		wantCode(t, err, pki.Unavailable, "issuer.sign")
		key.err = nil
		h.clock.add(30 * 24 * time.Hour)
		mustIssue(t, h, order(t, "later", pki.SM2))
		h.restart()
		if _, err := h.Order(as("office"), "long-ago"); pki.CodeOf(err) != "order.unfinished" {
			t.Errorf("it was finished at the start: %v", err)
		}
		if begin := parse(t, mustIssue(t, h, o).Sign).NotBefore; !begin.Equal(startOfTime.Add(-5 * time.Minute)) {
			t.Error("the bytes were made anew:", begin)
		}
	})
}

// TestAuditUnwritable: acts stop when they cannot be recorded (design.md §3.11).
func TestAuditUnwritable(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := open(t, source, nil)
		good := mustIssue(t, h, order(t, "a1", pki.SM2))
		hide, show := "ALTER TABLE audit_entry RENAME TO audit_hidden", "ALTER TABLE audit_hidden RENAME TO audit_entry"
		h.exec(hide)
		if _, err := h.Issue(as("office"), order(t, "a2", pki.SM2)); err == nil {
			t.Error("issued without a record")
		}
		if _, err := h.Revoke(as("office"), "sm2", good.Sign.Serial, ca.Revocation{Reason: "superseded"}); err == nil {
			t.Error("revoked without a record")
		}
		h.exec(show)
		if c, err := h.Show(as("office"), "sm2", good.Sign.Serial); err != nil || c.State != pki.Valid {
			t.Error("half a revocation", c, err)
		}
		if page, _ := h.List(as("office"), ca.Filter{}); len(page.Certificates) != 2 {
			t.Error("half an order", page)
		}
	})
}

func (h *house) exec(statement string) {
	h.t.Helper()
	err := h.cfg.DB.Tx(context.Background(), func(tx *sql.Tx) error {
		_, err := tx.Exec(statement)
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

func TestTwoProcessesOnOneDatabase(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := open(t, source, nil)
		_, err := ca.New(context.Background(), h.cfg)
		wantCode(t, err, pki.Unavailable, "ca.lease")
	})
}

// TestRandomLives lets certificates live random lives, with restarts; the
// invariants are checked at the end.
func TestRandomLives(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := open(t, source, nil)
		ctx := as("office")
		dice := mathrand.New(mathrand.NewPCG(7, 11))
		var serials []pki.Serial
		var held pki.Serial
		acts := map[string]int{}
		for n := range 80 {
			h.clock.add(time.Duration(dice.IntN(3600)) * time.Second)
			name := fmt.Sprint("life-", n)
			if len(serials) == 0 || dice.IntN(3) == 0 {
				issued := mustIssue(t, h, order(t, name, pki.SM2))
				serials = append(serials, issued.Sign.Serial, issued.Encrypt.Serial)
				continue
			}
			serial := serials[dice.IntN(len(serials))]
			var err error
			var issued *ca.Issued
			act := []string{"hold", "release", "revoke", "renew", "modify", "reissue", "restart", "crl"}[dice.IntN(8)]
			switch act {
			case "hold":
				if _, err = h.Hold(ctx, "sm2", serial); err == nil {
					held = serial
				}
			case "release":
				if held == "" {
					continue
				}
				_, err = h.Release(ctx, "sm2", held)
			case "revoke":
				_, err = h.Revoke(ctx, "sm2", serial, ca.Revocation{Reason: "unspecified"})
			case "renew":
				issued, err = h.Renew(ctx, "sm2", serial, ca.Change{Application: name})
			case "modify":
				issued, err = h.Modify(ctx, "sm2", serial, ca.Change{Application: name, Subject: person("改名 " + name)})
			case "reissue":
				data, _ := request(t, pki.SM2, person("x"))
				issued, err = h.Reissue(ctx, "sm2", serial, ca.Change{Application: name, Request: data})
			case "restart":
				h.restart()
			case "crl":
				_, err = h.SignCRLs(ctx, "sm2")
			}
			if kind := pki.KindOf(err); err != nil && kind != pki.Conflict {
				t.Fatalf("%s: %v", act, err)
			}
			if err == nil {
				acts[act]++
			}
			if issued != nil {
				serials = append(serials, issued.Sign.Serial, issued.Encrypt.Serial)
			}
		}
		for _, act := range []string{"hold", "release", "revoke", "renew", "modify", "reissue"} {
			if acts[act] == 0 {
				t.Errorf("the dice never made %s succeed: %v", act, acts)
			}
		}
	})
}

// TestInvariantsAreFound plants faults a broken program could leave, and sees each found.
func TestInvariantsAreFound(t *testing.T) {
	for name, fault := range map[string]struct{ statement, want string }{
		"half pair":        {"DELETE FROM ca_signature WHERE role = 'encrypt'", "half a pair"},
		"other bytes":      {"UPDATE ca_certificate SET tbs = (SELECT tbs FROM ca_certificate ORDER BY role LIMIT 1)", "without an audit entry"},
		"wrong signature":  {"UPDATE ca_signature SET signature = (SELECT signature FROM ca_signature ORDER BY role LIMIT 1)", "does not verify"},
		"unknown to state": {"DELETE FROM status WHERE serial IN (SELECT serial FROM ca_certificate WHERE role = 'sign')", "in the journal false"},
		"revival":          {"UPDATE status SET state = 'valid' WHERE state = 'revoked'", "was last revoked, the journal says it is valid"},
		"crl number":       {"UPDATE ca_crl SET number = number + 5", "is not what its record says"},
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t, sqlite(t), nil)
			mustIssue(t, h, order(t, "inv", pki.SM2))
			ended := mustIssue(t, h, order(t, "inv-ended", pki.SM2))
			if _, err := h.Revoke(as("office"), "sm2", ended.Sign.Serial, ca.Revocation{Reason: "superseded"}); err != nil {
				t.Fatal(err)
			}
			if _, err := h.SignCRLs(as("office"), "sm2"); err != nil {
				t.Fatal(err)
			}
			h.checkInvariants()
			backup := []string{"CREATE TABLE b1 AS SELECT * FROM ca_signature", "CREATE TABLE b2 AS SELECT * FROM ca_certificate", "CREATE TABLE b3 AS SELECT * FROM status", "CREATE TABLE b4 AS SELECT * FROM ca_crl"}
			for _, s := range backup {
				h.exec(s)
			}
			h.exec(fault.statement)
			found := strings.Join(ca.CheckInvariants(context.Background(), h.room), "\n")
			if !strings.Contains(found, fault.want) {
				t.Errorf("found %q, want %q", found, fault.want)
			}
			for n, table := range []string{"ca_signature", "ca_certificate", "status", "ca_crl"} {
				h.exec("DELETE FROM " + table)
				h.exec(fmt.Sprintf("INSERT INTO %s SELECT * FROM b%d", table, n+1))
			}
		})
	}
}
