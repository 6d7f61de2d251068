package ocsp

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"onecert/pki"
	"onecert/pkitest"
	"onecert/status"
)

// Before the copy is complete the journal's table is asked, and nothing kept.
func TestAnswersBeforeTheCopy(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := open(t, source, nil)
		good, held, revoked := newSerial(), newSerial(), newSerial()
		revoke := h.changed("sm2", revoked, status.Revoked)
		revoke.Reason, revoke.Invalidity = pki.Superseded, h.watch.now().AddDate(0, 0, -1)
		h.put(t, h.issued("sm2", good), h.issued("sm2", held), h.issued("sm2", revoked), h.changed("sm2", held, status.Held), revoke)
		after := map[pki.Serial]said{}
		for _, s := range []pki.Serial{good, held, revoked, newSerial()} {
			after[s] = h.state(t, "sm2", s)
		}
		h.stop()
		h.make(t) // and not run
		for s, want := range after {
			got := h.state(t, "sm2", s)
			if got.state != want.state || got.reason != want.reason || !got.at.Equal(want.at) || len(got.extensions) != len(want.extensions) {
				t.Errorf("%+v, want %+v", got, want)
			}
		}
		if n, _ := h.ready.size(); n != 0 {
			t.Errorf("%d answers are kept", n)
		}
		h.d.Close()
		if w := h.send(h.request(t, "sm2", good)); w.Code != 503 || w.Body.Bytes()[4] != tryLater || w.Header().Get("X-Reason") != "ocsp.journal" {
			t.Error("without a database:", w.Code, w.Header())
		}
	})
}

// A copy damaged anywhere is of no use; a whole one is.
func TestDamagedCopy(t *testing.T) {
	h := open(t, pkitest.SQLite(t), nil)
	for range 5 {
		h.issue(t, "rsa")
	}
	h.stop()
	file := filepath.Join(h.cfg.Dir, copyName)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	h.make(t)
	random := rand.New(rand.NewPCG(1, 1))
	for n := range 200 {
		content := flipped(whole, random.IntN(len(whole)))
		if n%2 == 1 {
			content = whole[:random.IntN(len(whole))]
		}
		h.take(t, file, content, 0)
	}
	h.take(t, file, append(flipped(whole, 0), 0), 0)
	h.take(t, file, whole, 5)
	if n, _ := h.known.size(); n != 5 {
		t.Errorf("%d certificates", n)
	}
}

// take has the responder take up a copy and fails unless it stands where it should.
func (h *house) take(t *testing.T, file string, content []byte, position int64) {
	t.Helper()
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	h.known.clear()
	h.follow.position.Store(0)
	h.loadCopy(t.Context())
	if got := h.follow.position.Load(); got != position {
		t.Errorf("taken up at %d, want %d", got, position)
	}
}

// A copy may hold more than the position beside it says. Of a journal that was restored
// to a point between the two it is of no use.
func TestCopyAheadOfTheJournal(t *testing.T) {
	h := open(t, pkitest.SQLite(t), nil)
	h.issue(t, "sm2")
	entries := h.put(t, h.issued("sm2", newSerial()))
	lost := entries[0]
	lost.Number, lost.Serial = 3, newSerial()
	key, _ := journalKey(0, lost.Serial)
	h.known.set(key, record{state: slotValid, notAfter: forever}) // applied, and in no journal any more
	h.follow.mu.Lock()
	h.follow.ahead = lost
	h.follow.mu.Unlock()
	h.stop()
	for range 2 { // the journal ends before it; then it has another entry there
		h.make(t)
		h.loadCopy(t.Context())
		if h.follow.position.Load() != 0 {
			t.Error("the copy was taken up")
		}
		h.start(t)
		if got := h.state(t, "sm2", lost.Serial); got.state != "unknown" {
			t.Errorf("%+v", got)
		}
		h.issue(t, "sm2")
		h.follow.mu.Lock()
		h.follow.ahead = lost
		h.follow.mu.Unlock()
		h.stop()
	}
}

// The copy of other issuers is of no use: places would mean others.
func TestCopyOfOtherIssuers(t *testing.T) {
	h := open(t, pkitest.SQLite(t), nil)
	s := h.issue(t, "rsa")
	h.stop()
	h.cfg.Issuers[0], h.cfg.Issuers[1] = h.cfg.Issuers[1], h.cfg.Issuers[0]
	h.start(t)
	if a, b := h.state(t, "rsa", s).state, h.state(t, "sm2", s).state; a != "good" || b != "unknown" {
		t.Error(a, b)
	}
}

// A folder that takes no files stops no answers.
func TestCopyCannotBeSaved(t *testing.T) {
	h := open(t, pkitest.SQLite(t), nil)
	s := h.issue(t, "sm2")
	if err := os.Mkdir(filepath.Join(h.cfg.Dir, copyName+".new"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := h.saveCopy(); err == nil {
		t.Error("it was saved")
	}
	if h.state(t, "sm2", s).state != "good" {
		t.Error("not good")
	}
	if err := os.RemoveAll(filepath.Join(h.cfg.Dir, copyName+".new")); err != nil {
		t.Fatal(err)
	}
	if err := h.saveCopy(); err != nil {
		t.Error(err)
	}
}
