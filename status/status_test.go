package status_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"testing"
	"time"

	"onecert/db"
	"onecert/pki"
	"onecert/pkitest"
	"onecert/status"
)

// house is one component's database with its journal.
type house struct {
	source string
	*status.Journal
	d *db.DB
}

func open(t testing.TB, source string) house {
	t.Helper()
	d, err := db.Open(t.Context(), source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	j, err := status.Open(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	return house{source, j, d}
}

// each runs act on a fresh house of each engine.
func each(t *testing.T, act func(t *testing.T, h house)) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) { act(t, open(t, source)) })
}

// put appends in a transaction of its own, and wakes.
func (h house) put(ctx context.Context, changes ...status.Change) (entries []status.Entry, err error) {
	err = h.d.Tx(ctx, func(tx *sql.Tx) error {
		entries, err = h.Append(ctx, tx, changes...)
		return err
	})
	if err != nil {
		return nil, err
	}
	h.Wake()
	return entries, nil
}

func (h house) must(t *testing.T, changes ...status.Change) []status.Entry {
	t.Helper()
	entries, err := h.put(t.Context(), changes...)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

var start = time.Date(2030, 1, 2, 3, 4, 5, 6_000_000, time.UTC)

func serial() pki.Serial {
	s, err := pki.NewSerial(rand.Reader)
	if err != nil {
		panic(err)
	}
	return s
}

func issued(s pki.Serial, at time.Time) status.Change {
	return status.Change{Issuer: "sm2", Serial: s, Event: status.Issued, At: at, NotAfter: start.AddDate(2, 0, 0), Partition: 3}
}

func changed(s pki.Serial, event status.Event, at time.Time) status.Change {
	return status.Change{Issuer: "sm2", Serial: s, Event: event, At: at}
}

func TestLifeOfACertificate(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		s, ctx := serial(), t.Context()
		if _, err := h.Record(ctx, "sm2", s); pki.KindOf(err) != pki.Unknown {
			t.Errorf("before it is issued: %v", err)
		}
		revoke := changed(s, status.Revoked, start.Add(3*time.Hour+time.Microsecond))
		revoke.Reason, revoke.Invalidity = pki.KeyCompromise, start.Add(time.Hour)
		got := h.must(t, issued(s, start), changed(s, status.Held, start.Add(time.Hour)))
		got = append(got, h.must(t, changed(s, status.Released, start.Add(2*time.Hour)), revoke)...)
		want := []struct {
			state  pki.State
			reason pki.Reason
		}{{pki.Valid, pki.Unspecified}, {pki.Held, pki.CertificateHold}, {pki.Valid, pki.RemoveFromCRL}, {pki.Revoked, pki.KeyCompromise}}
		for i, e := range got {
			at := start.Add(time.Duration(i) * time.Hour)
			if e.Number != int64(i+1) || e.Reason != want[i].reason || !e.At.Equal(at) || e.Partition != 3 || !e.NotAfter.Equal(start.AddDate(2, 0, 0)) {
				t.Errorf("entry %d is %+v", i+1, e)
			}
			r, proof, err := h.At(ctx, "sm2", s, at)
			if err != nil || r.State != want[i].state || r.Reason != want[i].reason || proof != e {
				t.Errorf("at %v: %+v, %+v, %v", at, r, proof, err)
			}
		}
		r, err := h.Record(ctx, "sm2", s)
		if err != nil || r.State != pki.Revoked || r.Number != 4 || !r.Invalidity.Equal(start.Add(time.Hour)) {
			t.Errorf("at last: %+v, %v", r, err)
		}
		stored, err := h.Next(ctx, 0, 0)
		if err != nil || len(stored) != 4 {
			t.Fatalf("%d entries, %v", len(stored), err)
		}
		for i := range stored {
			if stored[i] != got[i] {
				t.Errorf("returned %+v, stored %+v", got[i], stored[i])
			}
		}
	})
}

func TestAtTheEdges(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		s, ctx := serial(), t.Context()
		h.must(t, issued(s, start))
		if _, _, err := h.At(ctx, "sm2", s, start.Add(-time.Millisecond)); pki.KindOf(err) != pki.Unknown {
			t.Errorf("before issuing: %v", err)
		}
		if _, _, err := h.At(ctx, "rsa", s, start); pki.KindOf(err) != pki.Unknown {
			t.Errorf("another issuer: %v", err)
		}
		if r, _, err := h.At(ctx, "sm2", s, start.AddDate(3, 0, 0)); err != nil || r.State != pki.Expired {
			t.Errorf("after expiry: %+v, %v", r, err)
		}
		// The clock went back between two changes: the later number still counts.
		h.must(t, changed(s, status.Held, start.Add(time.Hour)), changed(s, status.Revoked, start.Add(time.Minute)))
		if r, e, err := h.At(ctx, "sm2", s, start.Add(2*time.Hour)); err != nil || r.State != pki.Revoked || e.Number != 3 {
			t.Errorf("after a clock that went back: %+v, %v", r, err)
		}
	})
}

// Every pair of state and event: which are allowed, and what the others answer.
func TestTransitions(t *testing.T) {
	toState := map[pki.State][]status.Event{"absent": nil, pki.Valid: {status.Issued}, pki.Held: {status.Issued, status.Held},
		pki.Revoked: {status.Issued, status.Revoked}, "released": {status.Issued, status.Held, status.Released},
		"revoked when held": {status.Issued, status.Held, status.Revoked}}
	allowed := map[pki.State][]status.Event{"absent": {status.Issued}, pki.Valid: {status.Held, status.Revoked},
		pki.Held: {status.Released, status.Revoked}, "released": {status.Held, status.Revoked}}
	each(t, func(t *testing.T, h house) {
		for state, path := range toState {
			for _, event := range []status.Event{status.Issued, status.Held, status.Released, status.Revoked} {
				s := serial()
				for _, e := range path {
					c := issued(s, start)
					c.Event = e
					h.must(t, c)
				}
				before, _ := h.Last(t.Context())
				c := issued(s, start)
				c.Event = event
				_, err := h.put(t.Context(), c)
				want := pki.Conflict
				if state == "absent" {
					want = pki.Unknown
				}
				if ok := contains(allowed[state], event); ok != (err == nil) || !ok && pki.KindOf(err) != want {
					t.Errorf("%s, then %s: %v", state, event, err)
				}
				if want == pki.Conflict && err != nil && pki.CodeOf(err) != "status.transition" {
					t.Errorf("%s, then %s: code %s", state, event, pki.CodeOf(err))
				}
				if after, _ := h.Last(t.Context()); err != nil && after != before {
					t.Errorf("%s, then %s: a refusal took a number", state, event)
				}
			}
		}
	})
}

func contains(all []status.Event, one status.Event) bool {
	for _, e := range all {
		if e == one {
			return true
		}
	}
	return false
}

func TestAppendRefusesMalformedChanges(t *testing.T) {
	good := issued(serial(), start)
	wrong := map[string]func(*status.Change){
		"event":           func(c *status.Change) { c.Event = "expired" },
		"no issuer":       func(c *status.Change) { c.Issuer = "" },
		"NUL in issuer":   func(c *status.Change) { c.Issuer = "a\x00b" },
		"issuer not UTF8": func(c *status.Change) { c.Issuer = "\xff" },
		"long issuer":     func(c *status.Change) { c.Issuer = string(make([]byte, 300)) },
		"upper case":      func(c *status.Change) { c.Serial = "AB" },
		"leading zero":    func(c *status.Change) { c.Serial = "00ab" },
		"not hexadecimal": func(c *status.Change) { c.Serial = "x" },
		"empty serial":    func(c *status.Change) { c.Serial = "" },
		"no time":         func(c *status.Change) { c.At = time.Time{} },
		"no end":          func(c *status.Change) { c.NotAfter = time.Time{} },
		"partition":       func(c *status.Change) { c.Partition = -1 },
		"hold as reason":  func(c *status.Change) { c.Event, c.Reason = status.Revoked, pki.CertificateHold },
		"remove":          func(c *status.Change) { c.Event, c.Reason = status.Revoked, pki.RemoveFromCRL },
		"reason 7":        func(c *status.Change) { c.Event, c.Reason = status.Revoked, 7 },
	}
	h := open(t, pkitest.SQLite(t))
	for name, spoil := range wrong {
		c := good
		spoil(&c)
		if _, err := h.put(t.Context(), good, c); pki.KindOf(err) != pki.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if last, err := h.Last(t.Context()); last != 0 || err != nil {
		t.Errorf("something was written: %d, %v", last, err)
	}
	if entries, err := h.put(t.Context()); entries != nil || err != nil {
		t.Errorf("nothing to do gave %v, %v", entries, err)
	}
}

// A transaction that does not commit leaves no row, no number and no count.
func TestRollbackLeavesNothing(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		kept, lost, ctx, boom := serial(), serial(), t.Context(), errors.New("boom")
		h.must(t, issued(kept, start))
		err := h.d.Tx(ctx, func(tx *sql.Tx) error {
			_, err := h.Append(ctx, tx, issued(lost, start), changed(kept, status.Revoked, start))
			return errors.Join(err, boom)
		})
		if !errors.Is(err, boom) {
			t.Fatal(err)
		}
		// Inside a group commit: the refused job's savepoint, the others commit.
		err = h.d.Tx(ctx, func(tx *sql.Tx) error {
			err := db.Savepoint(ctx, tx, func() error {
				_, err := h.Append(ctx, tx, issued(lost, start), issued(kept, start))
				return err
			})
			if pki.CodeOf(err) != "status.transition" {
				t.Errorf("issued twice: %v", err)
			}
			_, err = h.Append(ctx, tx, changed(kept, status.Held, start))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.Record(ctx, "sm2", lost); pki.KindOf(err) != pki.Unknown {
			t.Errorf("the lost one: %v", err)
		}
		r, err := h.Record(ctx, "sm2", kept)
		if err != nil || r.State != pki.Held || r.Number != 2 {
			t.Errorf("the kept one: %+v, %v", r, err)
		}
		counts, err := h.Counts(ctx, "sm2")
		if err != nil || counts[pki.Valid] != 0 || counts[pki.Held] != 1 || counts[pki.Revoked] != 0 {
			t.Errorf("counts %v, %v", counts, err)
		}
	})
}
