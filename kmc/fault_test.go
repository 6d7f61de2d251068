package kmc

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"onecert/audit"
	"onecert/db"
	"onecert/pki"
	"onecert/pkitest"
)

// failing is a source of randomness that can be broken.
type failing struct {
	io.Reader
	broken atomic.Bool
}

func (f *failing) Read(p []byte) (int, error) {
	if f.broken.Load() {
		return 0, errors.New("the noise source is dead")
	}
	return f.Reader.Read(p)
}

// A dead source of randomness stops what needs it, with a reason, and nothing else.
func TestRandomFails(t *testing.T) {
	source := &failing{Reader: testRandom()}
	h := newHouse(t, pkitest.SQLite(t), func(c *Config) {
		c.Random, c.Pool = source, map[pki.Suite]PoolSize{}
	})
	k := newToken(t, pki.SM2)
	o := h.order(1, pki.SM2, k)
	source.broken.Store(true)
	_, err := h.centre.Generate(as("ca1"), o)
	wantCode(t, err, pki.Unavailable, "km.making")
	source.broken.Store(false)
	first, err := h.centre.Generate(as("ca1"), o)
	if err != nil {
		t.Fatal(err)
	}
	source.broken.Store(true) // the pair is there, the envelope cannot be made
	_, err = h.centre.Generate(as("ca1"), o)
	wantCode(t, err, pki.Unavailable, "km.sealing")
	source.broken.Store(false)
	again, err := h.centre.Generate(as("ca1"), o)
	if err != nil || !bytes.Equal(first.PublicKey, again.PublicKey) {
		t.Errorf("after the fault: %v", err)
	}
}

// A key that is not as random as it says is noticed before it is stored.
func TestShortRandom(t *testing.T) {
	v := &vault{sealer: testSealer(), random: iotest.ErrReader(io.ErrUnexpectedEOF), now: time.Now}
	for _, suite := range pki.Suites() {
		if r, err := v.make(suite); err == nil || r != nil {
			t.Errorf("%s: made without randomness", suite)
		}
	}
}

// With an empty pool each order makes its pair, whatever the suite.
func TestEmptyPool(t *testing.T) {
	h := newHouse(t, pkitest.SQLite(t), func(c *Config) { c.Pool = map[pki.Suite]PoolSize{} })
	for n, suite := range []pki.Suite{pki.SM2, pki.P384, pki.RSA2048} {
		k := newToken(t, suite)
		o := h.order(n, suite, k)
		g, err := h.centre.Generate(as("ca1"), o)
		if err != nil {
			t.Fatal(err)
		}
		k.open(t, g)
		if again, err := h.centre.Generate(as("ca1"), o); err != nil || !bytes.Equal(again.PublicKey, g.PublicKey) {
			t.Errorf("%s: again %v", suite, err)
		}
		if spare := h.centre.pool.spare(suite); spare != 0 {
			t.Errorf("%s: %d spare: a repeat made a pair", suite, spare)
		}
	}
}

// The store dies under an order: a clear answer, and the same order gets its pair
// once from whoever serves the store next.
func TestStoreDies(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := newHouse(t, source, nil)
		h.settle()
		k := newToken(t, pki.SM2)
		done, err := h.centre.Generate(as("ca1"), h.order(1, pki.SM2, k))
		if err != nil {
			t.Fatal(err)
		}
		h.settle()
		h.config.DB.Close()
		for n := 1; n <= 2; n++ {
			_, err = h.centre.Generate(as("ca1"), h.order(n, pki.SM2, k))
			if pki.KindOf(err) != pki.Unavailable {
				t.Errorf("order %d: %v", n, err)
			}
		}
		_, err = h.centre.Restore(as("ca1"), pki.KeyRestore{CertNo: certNo(1), Recipient: k.spki, Holder: "holder-1"})
		wantCode(t, err, pki.Unavailable, "km.store")
		if spare := h.centre.pool.spare(pki.SM2); spare < smallPool[pki.SM2].Low {
			t.Errorf("%d spare pairs left: the failed orders kept theirs", spare)
		}
		h.centre.Close()
		h.start()
		again, err := h.centre.Generate(as("ca1"), h.order(1, pki.SM2, k))
		if err != nil || !bytes.Equal(again.PublicKey, done.PublicKey) {
			t.Errorf("after the restart: %v", err)
		}
		if _, err := h.centre.Generate(as("ca1"), h.order(2, pki.SM2, k)); err != nil {
			t.Error(err)
		}
	})
}

// If the log cannot be written nothing is done: no use, no pair leaves the pool.
func TestLogFails(t *testing.T) {
	h := newHouse(t, pkitest.SQLite(t), nil)
	h.settle()
	k := newToken(t, pki.SM2)
	ctx := context.Background()
	write := func(text string) {
		t.Helper()
		d, err := db.Open(ctx, h.source)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		if err := execute(ctx, d, text); err != nil {
			t.Fatal(err)
		}
	}
	write("ALTER TABLE audit_entry RENAME TO audit_gone")
	_, err := h.centre.Generate(as("ca1"), h.order(1, pki.SM2, k))
	wantCode(t, err, pki.Unavailable, "audit.unwritable")
	if spare := h.centre.pool.spare(pki.SM2); spare != 24 {
		t.Errorf("%d spare pairs of 24", spare)
	}
	write("ALTER TABLE audit_gone RENAME TO audit_entry")
	if found, err := findUse(ctx, h.config.DB.Read(), byApplication, "ca1", "application-1"); found != nil || err != nil {
		t.Errorf("the order was done without its entry: %v %v", found, err)
	}
	if _, err := h.centre.Generate(as("ca1"), h.order(1, pki.SM2, k)); err != nil {
		t.Error(err)
	}
}

// A commit whose end nobody knows: pairs are back in the pool and in use as well.
// None is given to a second order, and they do not block the pool.
func TestUnclearCommit(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := newHouse(t, source, func(c *Config) { c.Pool = map[pki.Suite]PoolSize{pki.SM2: {24, 0}} })
		h.settle()
		k := newToken(t, pki.SM2)
		unclear := h.centre.pool.list(pki.SM2)[:20]
		given := map[string]bool{}
		for n := range unclear {
			g, err := h.centre.Generate(as("ca1"), h.order(n, pki.SM2, k))
			if err != nil || !bytes.Equal(g.PublicKey, unclear[n].spki) {
				t.Fatal(err)
			}
			given[string(g.PublicKey)] = true
		}
		h.centre.pool.giveBack(unclear...)
		again, err := h.centre.Generate(as("ca1"), h.order(0, pki.SM2, k)) // the very order a pair belongs to
		if err != nil || !bytes.Equal(unclear[0].spki, again.PublicKey) {
			t.Error(err)
		}
		for n := 20; n < 30; n++ { // more than are truly spare
			g, err := h.centre.Generate(as("ca1"), h.order(n, pki.SM2, k))
			if err != nil || given[string(g.PublicKey)] {
				t.Errorf("order %d: a pair was given out twice, or none: %v", n, err)
			}
			given[string(g.PublicKey)] = true
		}
	})
}

// Pairs of a filling whose commit happened, though the database's answer was lost, are
// found at the next start, also when the pool was used up and filled again meanwhile.
func TestUnclearFilling(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := newHouse(t, source, func(c *Config) { c.Pool = map[pki.Suite]PoolSize{pki.SM2: {24, 0}} })
		h.settle()
		made, err := h.centre.makeChunk(t.Context(), pki.SM2, 5)
		if err != nil {
			t.Fatal(err)
		}
		fill := newStep(audit.Act{Actor: h.centre.machine(), Act: "pool.fill", Object: string(pki.SM2), At: h.config.Now()})
		fill.act.Detail["made"] = "5"
		b := &batch{centre: h.centre, jobs: []*job{{steps: []*step{fill}, fill: made}}, counts: map[pki.Suite]count{}}
		if err := h.config.DB.Tx(t.Context(), func(tx *sql.Tx) error { return b.run(t.Context(), tx) }); err != nil {
			t.Fatal(err)
		}
		b.settle(false)
		k := newToken(t, pki.SM2)
		for n := range 30 {
			h.clock.advance(time.Minute)
			if _, err := h.centre.Generate(as("ca1"), h.order(n, pki.SM2, k)); err != nil {
				t.Fatal(err)
			}
		}
		h.settle()
		h.stop()
		h.start()
		found := 0
		for _, r := range h.centre.pool.list(pki.SM2) {
			for _, m := range made {
				if r.id == m.id {
					found++
				}
			}
		}
		if faults := CheckInvariants(t.Context(), h.centre); found != 5 || len(faults) > 0 {
			t.Errorf("%d of 5 pairs are found; %q", found, faults)
		}
	})
}

// A restart finds every spare pair, also after the mark of the oldest moved.
func TestRestart(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := newHouse(t, source, nil)
		k := newToken(t, pki.SM2)
		for n := range 60 {
			if _, err := h.centre.Generate(as("ca1"), h.order(n, pki.SM2, k)); err != nil {
				t.Fatal(err)
			}
			if n%20 == 19 {
				h.clock.advance(time.Hour)
				h.settle()
				before := h.centre.pool.list(pki.SM2)
				h.stop()
				h.start()
				found := map[string]bool{}
				for _, r := range h.centre.pool.list(pki.SM2) {
					found[r.id] = true
				}
				for _, r := range before {
					if !found[r.id] {
						t.Fatalf("restart %d: a spare pair was lost", n)
					}
				}
			}
		}
	})
}

// Two processes cannot serve one store, and the second says so even if the first stands
// still in the middle of writing.
func TestOneProcess(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := newHouse(t, source, nil)
		config := h.config
		var err error
		if config.DB, err = db.Open(t.Context(), source); err != nil {
			t.Fatal(err)
		}
		defer config.DB.Close()
		err = h.config.DB.Tx(t.Context(), func(tx *sql.Tx) error {
			if _, err := tx.ExecContext(t.Context(), "UPDATE kmc_key SET id = id"); err != nil {
				return err
			}
			second, err := New(t.Context(), config)
			if err == nil {
				second.Close()
			}
			return err
		})
		wantCode(t, err, pki.Unavailable, "km.leased")
	})
}

// A stopped centre refuses with a reason.
func TestStopped(t *testing.T) {
	h := newHouse(t, pkitest.SQLite(t), nil)
	h.centre.Close()
	h.centre.Close()
	_, err := h.centre.Generate(as("ca1"), h.order(1, pki.SM2, newToken(t, pki.SM2)))
	wantCode(t, err, pki.Unavailable, "km.closed")
	h.stop()
}

// Another master key opens nothing, and says so before anybody loses a pair.
func TestWrongMasterKey(t *testing.T) {
	h := newHouse(t, pkitest.SQLite(t), nil)
	k := newToken(t, pki.SM2)
	o := h.order(1, pki.SM2, k)
	if _, err := h.centre.Generate(as("ca1"), o); err != nil {
		t.Fatal(err)
	}
	h.settle()
	right := h.centre.vault.sealer
	h.centre.vault.sealer = otherSealer(t)
	_, err := h.centre.Generate(as("ca1"), o)
	wantCode(t, err, pki.Unavailable, "km.sealing")
	h.centre.vault.sealer = right
	if _, err := h.centre.Generate(as("ca1"), o); err != nil {
		t.Error(err)
	}
}

// Bad configuration is refused when the centre is made.
func TestConfig(t *testing.T) {
	h := newHouse(t, pkitest.SQLite(t), nil)
	h.settle()
	h.stop()
	other, _ := messageKey(t, "x", h.clock.Now())
	d, err := db.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	log, err := audit.Open(t.Context(), d, "example.test/kmc")
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Config){
		"no sealer":              func(c *Config) { c.Sealer = nil },
		"no check":               func(c *Config) { c.Check = nil },
		"low over":               func(c *Config) { c.Pool = map[pki.Suite]PoolSize{pki.SM2: {5, 6}} },
		"negative":               func(c *Config) { c.Pool = map[pki.Suite]PoolSize{pki.SM2: {-1, -1}} },
		"unknown suite":          func(c *Config) { c.Pool = map[pki.Suite]PoolSize{"des": {1, 1}} },
		"other key":              func(c *Config) { c.MessageKey = other },
		"no message certificate": func(c *Config) { c.MessageCertificate = nil },
	} {
		config := h.config
		config.DB, config.Audit = d, log
		change(&config)
		if c, err := New(t.Context(), config); err == nil {
			c.Close()
			t.Errorf("%s: accepted", name)
		}
	}
}
