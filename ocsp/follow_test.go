package ocsp

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"onecert/pki"
	"onecert/pkitest"
	"onecert/serve"
	"onecert/status"
)

// truth is what the journal's table says, in an answer's words.
func (h *house) truth(t *testing.T, issuer string, s pki.Serial) (string, pki.Reason) {
	t.Helper()
	r, err := h.journal.Record(t.Context(), issuer, s)
	switch {
	case pki.KindOf(err) == pki.Unknown && err != nil:
		return "unknown", 0
	case err != nil:
		t.Fatal(err)
	case r.State == pki.Valid:
		return "good", 0
	}
	return "revoked", r.Reason
}

// steps lets random things happen to random certificates and returns the serials.
func (h *house) steps(t *testing.T, random *rand.Rand, all map[pki.Serial]string, n int) {
	t.Helper()
	ids := slices.Sorted(maps.Keys(suites()))
	for range n {
		serials := slices.Sorted(maps.Keys(all))
		if len(serials) < 3 || random.IntN(3) == 0 {
			id, s := ids[random.IntN(3)], newSerial()
			all[s] = id
			if random.IntN(5) > 0 {
				h.put(t, h.issued(id, s))
			}
			continue
		}
		s := serials[random.IntN(len(serials))]
		event := []status.Event{status.Held, status.Released, status.Revoked}[random.IntN(3)]
		change := h.changed(all[s], s, event)
		if event == status.Revoked {
			change.Reason = []pki.Reason{pki.Unspecified, pki.KeyCompromise, pki.Superseded}[random.IntN(3)]
		}
		err := h.d.Tx(t.Context(), func(tx *sql.Tx) error {
			_, err := h.journal.Append(t.Context(), tx, change)
			return err
		})
		if err != nil && pki.KindOf(err) != pki.Conflict && pki.KindOf(err) != pki.Unknown {
			t.Fatal(err)
		}
		h.journal.Wake()
	}
	last, err := h.journal.Last(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h.await(t, "the journal", func() bool { return h.follow.position.Load() >= last })
}

// Whatever happens, in whatever order, and whenever the responder ends and starts
// again, an answer says what the journal says.
func TestAnswersAreTheJournals(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := open(t, source, nil)
		random := rand.New(rand.NewPCG(1, 2))
		all := map[pki.Serial]string{}
		compare := func() {
			t.Helper()
			for s, id := range all {
				state, reason := h.truth(t, id, s)
				if got := h.state(t, id, s); got.state != state || got.reason != reason {
					t.Fatalf("%s %s: %+v, the journal says %s %s", id, s, got, state, reason)
				}
			}
		}
		for round := range 6 {
			h.steps(t, random, all, 40)
			compare()
			if round%2 == 1 {
				h.stop()
				h.start(t)
				compare()
			}
		}
	})
}

// A process that is killed takes up the copy it wrote last and what came since.
func TestKilledFollowerResumes(t *testing.T) {
	h := open(t, pkitest.SQLite(t), nil)
	random := rand.New(rand.NewPCG(3, 4))
	all := map[pki.Serial]string{}
	h.steps(t, random, all, 60)
	if err := h.saveCopy(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(h.cfg.Dir, copyName)
	saved, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	h.steps(t, random, all, 60) // not in the copy
	h.stop()
	for name, content := range map[string][]byte{
		"as it was": saved, "cut": saved[:len(saved)-30], "empty": {}, "a bit": flipped(saved, len(saved)/2), "its header": flipped(saved, 40),
	} {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		h.make(t)
		h.loadCopy(t.Context())
		if took := h.follow.position.Load() > 0; took != (name == "as it was") {
			t.Errorf("%s: taken up at %d", name, h.follow.position.Load())
		}
		h.start(t)
		for s, id := range all {
			state, reason := h.truth(t, id, s)
			if got := h.state(t, id, s); got.state != state || got.reason != reason {
				t.Fatalf("%s: %+v, the journal says %s %s", name, got, state, reason)
			}
		}
		h.stop()
	}
}

func flipped(content []byte, at int) []byte {
	changed := slices.Clone(content)
	changed[at] ^= 1
	return changed
}

// A journal that is not the one followed is followed from its beginning.
func TestAnotherJournal(t *testing.T) {
	h := open(t, pkitest.SQLite(t), nil)
	gone, kept := newSerial(), newSerial()
	h.put(t, h.issued("sm2", gone), h.issued("sm2", kept), h.issued("sm2", newSerial()), h.issued("sm2", newSerial()))
	if h.state(t, "sm2", gone).state != "good" {
		t.Error("not good before")
	}
	h.stop()
	other := open(t, pkitest.SQLite(t), nil)
	other.put(t, h.issued("sm2", kept), h.issued("sm2", newSerial()), h.issued("sm2", newSerial()), h.issued("sm2", newSerial()), h.issued("sm2", newSerial()))
	h.cfg.Journal = other.journal // longer, and another
	h.start(t)
	if a, b := h.state(t, "sm2", gone).state, h.state(t, "sm2", kept).state; a != "unknown" || b != "good" {
		t.Errorf("%s, %s", a, b)
	}
	h.stop()
	short := open(t, pkitest.SQLite(t), nil)
	short.put(t, h.issued("sm2", gone))
	h.cfg.Journal = short.journal // restored from an older backup
	h.start(t)
	if a, b := h.state(t, "sm2", gone).state, h.state(t, "sm2", kept).state; a != "good" || b != "unknown" {
		t.Errorf("%s, %s", a, b)
	}
}

// exchanged is a journal beneath which the database is restored.
type exchanged struct {
	now atomic.Pointer[status.Journal]
}

func (e *exchanged) Next(ctx context.Context, after int64, limit int) ([]status.Entry, error) {
	return e.now.Load().Next(ctx, after, limit)
}

func (e *exchanged) Last(ctx context.Context) (int64, error) { return e.now.Load().Last(ctx) }

func (e *exchanged) Record(ctx context.Context, issuer string, serial pki.Serial) (status.Record, error) {
	return e.now.Load().Record(ctx, issuer, serial)
}

// A database restored from a backup beneath a running responder is noticed also where
// it has gone past the responder's position again, or just up to it: nothing that was
// ready before is said any more, and nothing new is added to what was known.
func TestRestoredBeneath(t *testing.T) {
	for name, more := range map[string]int{"gone past": 3, "as long": 0, "shorter": -2} {
		t.Run(name, func(t *testing.T) {
			e := &exchanged{}
			h := open(t, pkitest.SQLite(t), func(c *Config) { e.now.Store(c.Journal.(*status.Journal)); c.Journal = e })
			lost, kept, ended := newSerial(), newSerial(), newSerial()
			common := []status.Change{h.issued("sm2", kept), h.issued("sm2", ended)}
			h.put(t, common...)
			h.put(t, h.issued("sm2", lost), h.changed("sm2", kept, status.Revoked), h.issued("sm2", newSerial()))
			for s, want := range map[pki.Serial]string{lost: "good", kept: "revoked", ended: "good"} {
				if got := h.state(t, "sm2", s).state; got != want {
					t.Fatalf("before: %s, want %s", got, want)
				}
			}
			restored := open(t, pkitest.SQLite(t), nil)
			restored.put(t, common...)
			restored.put(t, h.changed("sm2", ended, status.Revoked))
			for range 2 + more {
				restored.put(t, h.issued("sm2", newSerial()))
			}
			e.now.Store(restored.journal)
			h.await(t, "the other journal", func() bool {
				w := h.send(h.request(t, "sm2", ended)) // "try later" in the moment of forgetting
				return w.Code == 200 && h.read(t, "sm2", w.Body.Bytes())[0].state == "revoked"
			})
			for s, want := range map[pki.Serial]string{lost: "unknown", kept: "good"} {
				if got := h.state(t, "sm2", s).state; got != want {
					t.Errorf("afterwards: %s, want %s", got, want)
				}
			}
		})
	}
}

// fickle is a journal that can be cut off, rewound, or slow to show what is new.
type fickle struct {
	Journal
	cut     atomic.Bool
	slow    atomic.Bool
	rewound atomic.Bool
}

var errCut = errors.New("the link is cut")

func (f *fickle) Next(ctx context.Context, after int64, limit int) ([]status.Entry, error) {
	if f.rewound.Swap(false) {
		return nil, pki.Errorf(pki.Conflict, "status.rewound", "rewound")
	}
	for f.slow.Load() || f.cut.Load() {
		if f.cut.Load() {
			return nil, errCut
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Millisecond) // so that it notices the next change
	defer cancel()
	return f.Journal.Next(ctx, after, limit)
}

func (f *fickle) Last(ctx context.Context) (int64, error) {
	if f.cut.Load() {
		return 0, errCut
	}
	return f.Journal.Last(ctx)
}

func (h *house) item(t *testing.T, name string) serve.Item {
	t.Helper()
	for _, item := range h.Items(t.Context()) {
		if item.Name == name {
			return item
		}
	}
	t.Fatal("no item " + name)
	return serve.Item{}
}

// Beyond MaxLag nothing is said but that a revocation is final.
func TestBehind(t *testing.T) {
	f := &fickle{}
	h := open(t, pkitest.SQLite(t), func(c *Config) { f.Journal, c.Journal = c.Journal, f })
	good, held, revoked, ready := newSerial(), newSerial(), newSerial(), newSerial()
	h.put(t, h.issued("sm2", good), h.issued("sm2", held), h.issued("sm2", revoked), h.issued("sm2", ready),
		h.changed("sm2", held, status.Held), h.changed("sm2", revoked, status.Revoked))
	before := h.state(t, "sm2", ready)
	f.cut.Store(true)
	h.watch.advance(6 * time.Minute)
	if item := h.item(t, "ocsp.copy"); item.Level != serve.Warning || item.Value < 300 {
		t.Errorf("%+v", item)
	}
	if got := h.state(t, "sm2", good); got.state != "good" || got.this.After(before.this.Add(5*time.Second)) {
		t.Errorf("it claims to know more than it does: %+v", got)
	}
	h.watch.advance(5 * time.Minute)
	for name, s := range map[string]pki.Serial{"good": good, "held": held, "ready": ready, "unknown": newSerial()} {
		w := h.send(h.request(t, "sm2", s))
		if w.Code != 503 || w.Body.Bytes()[4] != tryLater || w.Header().Get("X-Reason") != "ocsp.behind" {
			t.Errorf("%s: %d %v", name, w.Code, w.Header())
		}
	}
	if got := h.state(t, "sm2", revoked); got.state != "revoked" || h.watch.now().Sub(got.this) > 5*time.Second {
		t.Errorf("%+v", got)
	}
	if item := h.item(t, "ocsp.copy"); item.Level != serve.Failing || !item.Stops {
		t.Errorf("%+v", item)
	}
	f.cut.Store(false)
	h.await(t, "the link", func() bool { return h.item(t, "ocsp.copy").Level == serve.Fine })
	if got := h.state(t, "sm2", good); got.state != "good" {
		t.Errorf("%+v", got)
	}
	f.slow.Store(true) // the end is seen, the entries do not come
	err := h.d.Tx(t.Context(), func(tx *sql.Tx) error {
		_, err := h.journal.Append(t.Context(), tx, h.changed("sm2", good, status.Revoked))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * pulseEach)
	h.watch.advance(11 * time.Minute)
	time.Sleep(2 * pulseEach)
	if w := h.send(h.request(t, "sm2", good)); w.Code != 503 {
		t.Error("good although entries are missing:", w.Code)
	}
	f.slow.Store(false)
	h.await(t, "the entries", func() bool { return h.item(t, "ocsp.copy").Level == serve.Fine })
	if got := h.state(t, "sm2", good); got.state != "revoked" {
		t.Errorf("%+v", got)
	}
	f.rewound.Store(true)
	h.await(t, "the journal's beginning", func() bool { return !f.rewound.Load() && h.follow.complete() && h.follow.position.Load() == 7 })
	if a, b := h.state(t, "sm2", good).state, h.state(t, "sm2", ready).state; a != "revoked" || b != "good" {
		t.Error(a, b)
	}
}

// How far the copy that is followed is behind counts as well.
func TestBehindTheSource(t *testing.T) {
	var behind atomic.Int64
	h := open(t, pkitest.SQLite(t), func(c *Config) { c.Behind = func() time.Duration { return time.Duration(behind.Load()) } })
	s := h.issue(t, "sm2")
	behind.Store(int64(5 * time.Minute))
	h.ready.clear()
	h.watch.advance(time.Second)
	time.Sleep(2 * pulseEach)
	if got := h.state(t, "sm2", s); h.watch.now().Sub(got.this) > time.Hour {
		t.Errorf("%+v", got)
	}
	behind.Store(int64(time.Hour))
	h.watch.advance(11 * time.Minute)
	time.Sleep(2 * pulseEach)
	if w := h.send(h.request(t, "sm2", s)); w.Code != 503 {
		t.Error(w.Code)
	}
}

// A clock that goes back a little is held; one that goes back far signs nothing.
func TestClockGoesBack(t *testing.T) {
	h := open(t, pkitest.SQLite(t), nil)
	s := h.issue(t, "sm2")
	before := h.state(t, "sm2", s)
	nonced := encode(t, []byte("n"), h.authorities["sm2"].certID("sha1", true, s))
	h.watch.advance(-time.Second)
	if got := h.check(t, "sm2", h.send(nonced)); got.produced.Before(before.produced) || got.this.Before(before.this) {
		t.Errorf("older than before: %+v", got)
	}
	h.watch.advance(-time.Hour)
	for _, der := range [][]byte{nonced, h.request(t, "sm2", s)} {
		if w := h.send(der); w.Code != 503 || w.Header().Get("X-Reason") != "ocsp.clock" {
			t.Error(w.Code, w.Header())
		}
	}
	if item := h.item(t, "ocsp.clock"); item.Level != serve.Failing {
		t.Errorf("%+v", item)
	}
	h.watch.advance(time.Hour + time.Second)
	if got := h.state(t, "sm2", s); got.state != "good" || h.item(t, "ocsp.clock").Level != serve.Fine {
		t.Errorf("%+v", got)
	}
}

// While answers are asked for by many, each change shows within a second and nobody
// is told the old state afterwards.
func TestChangesUnderLoad(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := open(t, source, nil)
		var serials []pki.Serial
		var changes []status.Change
		for range 64 {
			s := newSerial()
			serials, changes = append(serials, s), append(changes, h.issued("sm2", s))
		}
		h.put(t, changes...)
		var revoked [64]atomic.Bool // seen by the responder
		ctx, cancel := context.WithCancel(t.Context())
		var askers sync.WaitGroup
		for w := range 4 {
			askers.Go(func() {
				random := rand.New(rand.NewPCG(uint64(w), 0))
				for ctx.Err() == nil {
					i := random.IntN(len(serials))
					must := revoked[i].Load()
					answer := h.send(h.request(t, "sm2", serials[i]))
					if answer.Code != 200 {
						t.Error(answer.Code, answer.Header())
						return
					}
					if got := h.read(t, "sm2", answer.Body.Bytes())[0]; must && got.state != "revoked" {
						t.Errorf("%s after it was revoked", got.state)
					}
					time.Sleep(time.Millisecond) // leave something of the machine to the journal
				}
			})
		}
		var took []time.Duration
		for i, s := range serials {
			start := time.Now()
			h.put(t, h.changed("sm2", s, status.Revoked))
			revoked[i].Store(true)
			if got := h.state(t, "sm2", s); got.state != "revoked" {
				t.Errorf("%+v", got)
			}
			took = append(took, time.Since(start))
		}
		cancel()
		askers.Wait()
		slices.Sort(took)
		if half := took[len(took)/2]; half > time.Second { // a busy machine may stop any one of them
			t.Errorf("half of the changes took %v or more", half)
		}
	})
}
