package status_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"onecert/pki"
	"onecert/status"
)

// check holds every invariant of a journal: numbers without gaps up to the counter,
// and a table, listings and counts that are exactly the replay of the journal.
func (h house) check(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	last, err := h.Last(ctx)
	if err != nil {
		t.Fatal(err)
	}
	m := model{}
	for after := int64(0); after < last; {
		entries, err := h.Next(ctx, after, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if err := m.apply(e.Change); err != nil {
				t.Fatalf("entry %d: %v", e.Number, err)
			}
			m.number(e)
		}
		after = entries[len(entries)-1].Number
	}
	m.compare(t, h)
}

// model is the truth in its simplest form: what is known of each certificate.
type model map[pki.Serial]*state

type state struct {
	status.Record
	issued  int64
	history []status.Entry
}

// apply is the rule book, written a second time and another way than the code.
func (m model) apply(c status.Change) error {
	s := m[c.Serial]
	refuse := fmt.Errorf("%s is not allowed", c.Event)
	if c.Event == status.Issued {
		if s != nil {
			return refuse
		}
		m[c.Serial] = &state{Record: status.Record{Issuer: c.Issuer, Serial: c.Serial, State: pki.Valid, NotAfter: c.NotAfter, Partition: c.Partition}}
		return nil
	}
	if s == nil {
		return refuse
	}
	switch string(s.State) + " " + string(c.Event) {
	case "valid held":
		s.State = pki.Held
	case "held released":
		s.State = pki.Valid
	case "valid revoked", "held revoked":
		s.State = pki.Revoked
	default:
		return refuse
	}
	return nil
}

// number notes the entry that an applied change became.
func (m model) number(e status.Entry) {
	s := m[e.Serial]
	if e.Event == status.Issued {
		s.issued = e.Number
	}
	s.Number, s.Reason, s.Changed, s.Invalidity = e.Number, e.Reason, e.At, e.Invalidity
	s.history = append(s.history, e)
}

func (m model) compare(t *testing.T, h house) {
	t.Helper()
	ctx, counts := t.Context(), map[string]map[pki.State]int64{}
	for serial, s := range m {
		if r, err := h.Record(ctx, s.Issuer, serial); err != nil || r != s.Record {
			t.Fatalf("record\n%+v, %v, want\n%+v", r, err, s.Record)
		}
		if counts[s.Issuer] == nil {
			counts[s.Issuer] = map[pki.State]int64{}
		}
		counts[s.Issuer][s.State]++
	}
	var rows int
	if err := h.d.Read().QueryRow("SELECT count(*) FROM status").Scan(&rows); err != nil || rows != len(m) {
		t.Fatalf("%d certificates, %v, want %d", rows, err, len(m))
	}
	for issuer, want := range counts {
		got, err := h.Counts(ctx, issuer)
		maps.DeleteFunc(got, func(_ pki.State, n int64) bool { return n == 0 })
		if err != nil || !maps.Equal(got, want) {
			t.Fatalf("counts of %s are %v, %v, want %v", issuer, got, err, want)
		}
		for partition := -1; partition < 4; partition++ {
			for _, after := range []time.Time{start.AddDate(-1, 0, 0), start.AddDate(1, 6, 0)} {
				m.compareListed(t, h, issuer, partition, after)
			}
		}
		last, _ := h.Last(ctx)
		for _, number := range []int64{0, last / 2, last} {
			m.compareChanged(t, h, issuer, number)
		}
	}
}

func (m model) compareListed(t *testing.T, h house, issuer string, partition int, after time.Time) {
	t.Helper()
	got := gather(t, func(fn func(status.Record) error) error { return h.Listed(t.Context(), issuer, partition, after, fn) })
	want := m.pick(func(s *state) bool {
		return s.Issuer == issuer && s.State != pki.Valid && s.NotAfter.After(after) && (partition < 0 || partition == s.Partition)
	})
	slices.SortFunc(want, func(a, b status.Record) int { return strings.Compare(string(a.Serial), string(b.Serial)) })
	if !slices.Equal(got, want) {
		t.Fatalf("listed of %s, partition %d: %d certificates, want %d", issuer, partition, len(got), len(want))
	}
}

func (m model) compareChanged(t *testing.T, h house, issuer string, number int64) {
	t.Helper()
	got := gather(t, func(fn func(status.Record) error) error { return h.ChangedSince(t.Context(), issuer, number, fn) })
	want := m.pick(func(s *state) bool { return s.Issuer == issuer && s.Number > number && s.Number > s.issued })
	slices.SortFunc(want, func(a, b status.Record) int { return int(a.Number - b.Number) })
	if !slices.Equal(got, want) {
		t.Fatalf("changed since %d: %d certificates, want %d", number, len(got), len(want))
	}
}

func (m model) pick(wanted func(*state) bool) (all []status.Record) {
	for _, s := range m {
		if wanted(s) {
			all = append(all, s.Record)
		}
	}
	return all
}

func gather(t *testing.T, list func(func(status.Record) error) error) (all []status.Record) {
	t.Helper()
	if err := list(func(r status.Record) error { all = append(all, r); return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}

// Random transactions of random changes, allowed and not, committed and not,
// against the model.
func TestRandomChanges(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		g := &generator{Rand: rand.New(rand.NewPCG(seed, 1)), model: model{}}
		for range 150 {
			g.transaction(t, h)
		}
		g.model.compare(t, h)
		g.compareHistory(t, h)
		h.check(t)
	})
}

type generator struct {
	*rand.Rand
	model   model
	serials []pki.Serial
	tick    time.Duration
}

func (g *generator) change() status.Change {
	g.tick += time.Duration(g.IntN(5000)) * time.Millisecond
	if len(g.serials) == 0 || g.IntN(3) == 0 {
		g.serials = append(g.serials, serial())
		c := issued(g.serials[len(g.serials)-1], start.Add(g.tick))
		c.Issuer, c.Partition = "issuer "+string(c.Serial[39]), g.IntN(4) // the same for each change of a serial
		c.NotAfter = start.AddDate(1+g.IntN(2), 0, 0)
		return c
	}
	c := changed(g.serials[g.IntN(len(g.serials))], []status.Event{status.Held, status.Released, status.Revoked, status.Issued}[g.IntN(16)%7%4], start.Add(g.tick))
	c.Issuer, c.NotAfter, c.Reason = "issuer "+string(c.Serial[39]), start.AddDate(1, 0, 0), pki.KeyCompromise
	if g.IntN(2) == 0 {
		c.Invalidity = start.Add(-time.Hour)
	}
	return c
}

// transaction tries up to six changes at once: all are done or none.
func (g *generator) transaction(t *testing.T, h house) {
	t.Helper()
	after, allowed := g.model.clone(), error(nil)
	var changes []status.Change
	for range 1 + g.IntN(6) {
		c := g.change()
		changes = append(changes, c)
		allowed = errors.Join(allowed, after.apply(c))
	}
	giveUp := errors.New("rolled back")
	rollBack := g.IntN(5) == 0
	var entries []status.Entry
	err := h.d.Tx(t.Context(), func(tx *sql.Tx) (err error) {
		entries, err = h.Append(context.Background(), tx, changes...)
		if err == nil && rollBack {
			return giveUp
		}
		return err
	})
	if rollBack && errors.Is(err, giveUp) {
		err = nil
	} else if (err == nil) != (allowed == nil) {
		t.Fatalf("%+v gave %v, the model says %v", changes, err, allowed)
	}
	if rollBack || err != nil {
		return
	}
	for _, e := range entries {
		after.number(e)
	}
	g.model = after
}

func (m model) clone() model {
	c := model{}
	for serial, s := range m {
		copied := *s
		copied.history = slices.Clone(s.history)
		c[serial] = &copied
	}
	return c
}

// compareHistory asks for the state right before, at and after each entry.
func (g *generator) compareHistory(t *testing.T, h house) {
	t.Helper()
	for serial, s := range g.model {
		for i, e := range s.history {
			if i+1 < len(s.history) && !s.history[i+1].At.After(e.At) {
				continue // the same millisecond
			}
			r, proof, err := h.At(t.Context(), s.Issuer, serial, e.At)
			if err != nil || proof != e || r.Number != e.Number {
				t.Fatalf("at %v: %+v, %v, want %+v", e.At, proof, err, e)
			}
		}
		if _, _, err := h.At(t.Context(), s.Issuer, serial, s.history[0].At.Add(-1)); pki.KindOf(err) != pki.Unknown {
			t.Fatalf("before issuing: %v", err)
		}
	}
}
