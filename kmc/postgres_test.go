package kmc

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"onecert/db"
	"onecert/pki"
	"onecert/pkitest"
)

// asked is what eight CAs' orders were told while something died under the centre.
type asked struct {
	mu    sync.Mutex
	t     testing.TB
	token *token
	told  map[int][]byte // public key by order
	late  int            // refusals
}

// load orders, restores and retires until ctx ends; who was refused asks again.
func (a *asked) load(ctx context.Context, h *house, centre *Centre) *sync.WaitGroup {
	var group sync.WaitGroup
	for client := range 8 {
		group.Go(func() {
			for n := client; ctx.Err() == nil; {
				if a.one(h, centre, n) {
					n += 8
				} else {
					time.Sleep(5 * time.Millisecond)
				}
			}
		})
	}
	return &group
}

func (a *asked) one(h *house, centre *Centre, n int) bool {
	g, err := centre.Generate(as("ca1"), h.order(n, pki.SM2, a.token))
	if err == nil {
		a.note(n, g.PublicKey, nil)
		if n%4 == 0 {
			g, err = centre.Restore(as("ca1"), pki.KeyRestore{CertNo: certNo(n), Recipient: a.token.spki, Holder: fmt.Sprint("holder-", n), Reason: "x"})
			if err == nil {
				a.note(n, g.PublicKey, nil)
			}
		}
	}
	if err == nil && n%8 == 5 {
		err = centre.Retire(as("ca1"), certNo(n))
	}
	a.note(n, nil, err)
	return err == nil
}

func (a *asked) note(n int, public []byte, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if public != nil {
		if was := a.told[n]; was != nil && !bytes.Equal(was, public) {
			a.t.Errorf("order %d got a second pair", n)
		}
		a.told[n] = public
	}
	if err == nil {
		return
	}
	if a.late++; pki.KindOf(err) != pki.Unavailable {
		a.t.Errorf("order %d: refused as no fault of the store: %v", n, err)
	}
}

// held asks for everything once more: nothing that was told is forgotten, and no pair
// is anybody else's.
func (a *asked) held(h *house) {
	a.t.Helper()
	owners := map[string]int{}
	for n, public := range a.told {
		g, err := h.centre.Generate(as("ca1"), h.order(n, pki.SM2, a.token))
		if err != nil || !bytes.Equal(g.PublicKey, public) {
			a.t.Errorf("order %d was told another pair, or none: %v", n, err)
		}
		if other, twice := owners[string(public)]; twice {
			a.t.Errorf("orders %d and %d have one pair", n, other)
		}
		owners[string(public)] = n
	}
	a.t.Logf("%d orders told, %d refusals", len(a.told), a.late)
	if len(a.told) < 8 || a.late == 0 {
		a.t.Error("too little was under way to prove anything")
	}
}

func newAsked(t testing.TB) *asked {
	return &asked{t: t, token: newToken(t, pki.SM2), told: map[int][]byte{}}
}

// until asks for an order until it is refused as Unavailable or, with done, carried out.
func (h *house) until(done bool, o pki.KeyOrder) {
	h.t.Helper()
	var err error
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		_, err = h.centre.Generate(as("ca1"), o)
		if done && err == nil || !done && pki.KindOf(err) == pki.Unavailable && err != nil {
			return
		}
	}
	h.t.Fatalf("a minute on: %v", err)
}

// PostgreSQL is killed again and again under load. The centre refuses meanwhile and
// goes on by itself when it is back.
func TestPostgresKilled(t *testing.T) {
	server := pkitest.NewServer(t)
	h := newHouse(t, server.Database(t), nil)
	a := newAsked(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	group := a.load(ctx, h, h.centre)
	for round := range 4 {
		time.Sleep(150 * time.Millisecond)
		if err := server.Kill(); err != nil {
			t.Fatal(err)
		}
		h.until(false, h.order(1_000_000+round, pki.SM2, a.token))
		if err := server.Start(); err != nil {
			t.Fatal(err)
		}
		h.until(true, h.order(2_000_000+round, pki.SM2, a.token))
	}
	cancel()
	group.Wait()
	a.held(h)
}

// The primary dies under load and the centre goes on with its synchronous replica.
func TestFailOver(t *testing.T) {
	primary := pkitest.NewServer(t)
	source := primary.Database(t)
	replica := primary.Replica(t) // before the house, which is looked through at the end
	h := newHouse(t, source, nil)
	a := newAsked(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	group := a.load(ctx, h, h.centre)
	time.Sleep(400 * time.Millisecond)
	if err := primary.Kill(); err != nil {
		t.Fatal(err)
	}
	h.until(false, h.order(1_000_000, pki.SM2, a.token))
	cancel()
	group.Wait()
	h.stop()
	if err := replica.Promote(); err != nil {
		t.Fatal(err)
	}
	h.source = replica.Moved(t, source)
	h.start()
	a.held(h)
	if _, err := h.centre.Generate(as("ca1"), h.order(3_000_000, pki.SM2, a.token)); err != nil {
		t.Error(err)
	}
}

// A network cuts the centre off and a second one takes its store over: the first
// writes nothing any more, though it runs and is under load, and says why.
func TestLeaseTakenOver(t *testing.T) {
	source := pkitest.Postgres(t)
	h := newHouse(t, source, nil)
	first, database := h.centre, h.config.DB
	a := newAsked(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	group := a.load(ctx, h, first)
	time.Sleep(100 * time.Millisecond)
	pkitest.TakeOver(t, source, "kmc")
	h.start()
	size := func() int64 {
		n, err := h.config.Audit.Size(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	h.settle()
	before := size()
	time.Sleep(200 * time.Millisecond)
	if after := size(); after != before {
		t.Errorf("the first centre wrote %d entries after the second took over", after-before)
	}
	cancel()
	group.Wait()
	_, err := first.Generate(as("ca1"), h.order(1_000_000, pki.SM2, a.token))
	wantCode(t, err, pki.Unavailable, "km.lease-lost")
	_, err = first.Restore(as("ca1"), pki.KeyRestore{CertNo: certNo(0), Recipient: a.token.spki, Holder: "holder-0", Reason: "x"})
	wantCode(t, err, pki.Unavailable, "km.lease-lost")
	first.Close()
	closeSoon(t, database)
	a.held(h)
}

func closeSoon(t testing.TB, d *db.DB) {
	t.Helper()
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}
