package audit_test

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"testing"
	"time"

	"onecert/audit"
	"onecert/db"
	"onecert/pki"
	"onecert/pkitest"
)

// faults returns "kind first-last" of each fault.
func faults(r audit.Report) (all []string) {
	for _, f := range r.Faults {
		all = append(all, fmt.Sprintf("%s %d-%d", f.Kind, f.First, f.Last))
	}
	return all
}

// Twenty entries, a head at 12 and one at 20; entry 5 is the one that is harmed.
func tampered(t *testing.T, h house, harm ...string) audit.Report {
	t.Helper()
	h.record(t, acts(0, 12)...)
	heads := [][]byte{h.head(t)}
	h.record(t, acts(12, 8)...)
	heads = append(heads, h.head(t))
	if r := h.verify(t, heads...); !r.Good() || r.Heads != 2 {
		t.Fatalf("before: %+v", r)
	}
	for _, text := range harm {
		change(t, h, text)
	}
	return h.verify(t, heads...)
}

// Any column of an entry, changed alone, names that entry and nothing else.
func TestEachColumnShows(t *testing.T) {
	columns := map[string]string{"at": "at + 1", "actor": "actor || 'x'", "roles": `'["system"]'`, "certificate": "''",
		"address": "'192.0.2.8'", "act": "'certificate.hold'", "object": "subject", "subject": "object", "result": "'refused'",
		"detail": "detail || ' '"} // the same JSON, another text
	for column, value := range columns {
		each(t, func(t *testing.T, h house) {
			r := tampered(t, h, "UPDATE audit_entry SET "+column+" = "+value+" WHERE number = 5")
			if got := faults(r); len(got) != 1 || got[0] != "entry.changed 5-5" {
				t.Errorf("%s: %v", column, got)
			}
		})
	}
}

func TestTampering(t *testing.T) {
	const other = "(SELECT root FROM audit_head)" // 32 octets that belong elsewhere
	for _, c := range []struct {
		name string
		harm []string
		want []string // the first faults, in order
	}{
		{"leaf alone", []string{"UPDATE audit_entry SET leaf = " + other + " WHERE number = 5"},
			[]string{"entry.changed 5-5", "tree.changed 4-5", "tree.changed 4-7"}},
		{"one removed", []string{"DELETE FROM audit_entry WHERE number = 5"}, []string{"entry.missing 5-5"}},
		{"first removed", []string{"DELETE FROM audit_entry WHERE number = 0"}, []string{"entry.missing 0-0"}},
		{"renumbered", []string{"UPDATE audit_entry SET number = 99 WHERE number = 5"}, []string{"entry.missing 5-5", "entry.missing 20-98", "entry.changed 99-99"}},
		{"below zero", []string{"UPDATE audit_entry SET number = -1 WHERE number = 5"}, []string{"entry.changed -1--1", "entry.missing 5-5"}},
		{"swapped", []string{"UPDATE audit_entry SET number = 99 WHERE number = 5", "UPDATE audit_entry SET number = 5 WHERE number = 8",
			"UPDATE audit_entry SET number = 8 WHERE number = 99"}, []string{"entry.changed 5-5", "entry.changed 8-8", "tree.changed 4-5", "tree.changed 4-7", "tree.changed 0-7", "tree.changed 8-8"}},
		{"tail cut", []string{"DELETE FROM audit_entry WHERE number >= 15"}, []string{"entry.missing 15-19", "tail.cut 15-19"}},
		{"all cut", []string{"DELETE FROM audit_entry"}, []string{"entry.missing 0-19", "tail.cut 0-11", "tail.cut 0-19"}},
		{"node removed", []string{"UPDATE audit_entry SET nodes = substr(nodes, 1, 0) WHERE number = 13"}, []string{"tree.changed 12-13"}},
		{"node changed", []string{"UPDATE audit_entry SET nodes = (SELECT nodes FROM audit_entry WHERE number = 11) WHERE number = 3"}, []string{"tree.changed 2-3", "tree.changed 0-3"}},
		{"node added", []string{"UPDATE audit_entry SET nodes = " + other + " WHERE number = 4"}, []string{"tree.changed 4-4"}},
		{"head's size", []string{"UPDATE audit_head SET size = 19"}, []string{"head.row -1--1"}},
		{"head's root", []string{"UPDATE audit_head SET root = (SELECT leaf FROM audit_entry WHERE number = 1)"}, []string{"head.row -1--1"}},
		{"not JSON", []string{"UPDATE audit_entry SET roles = 'system' WHERE number = 5"}, []string{"entry.changed 5-5"}},
	} {
		each(t, func(t *testing.T, h house) {
			got := faults(tampered(t, h, c.harm...))
			if len(got) < len(c.want) || !slices.Equal(got[:len(c.want)], c.want) {
				t.Errorf("%s: %v, want %v", c.name, got, c.want)
			}
		})
	}
}

// Somebody who can write the database well makes the whole log anew, so that it
// agrees with itself. Only the heads kept elsewhere show it.
func TestRewrittenLogShowsAgainstHeads(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		h.record(t, acts(0, 4)...)
		early := h.head(t)
		h.record(t, acts(4, 6)...)
		late := h.head(t)

		forger := open(t, pkitest.SQLite(t))
		forger.keys = h.keys
		forger.record(t, acts(0, 5)...)
		forger.record(t, act(77)) // instead of entry 5
		forger.record(t, acts(6, 4)...)
		if got := faults(forger.verify(t)); len(got) != 0 {
			t.Errorf("without heads: %v", got)
		}
		r := forger.verify(t, late, early) // in any order
		if got := faults(r); fmt.Sprint(got) != "[head.differs 4-9]" || r.Heads != 1 || r.Covered != 4 {
			t.Errorf("with heads: %v, %+v", got, r)
		}
		// Cut and grown on: the early head still agrees, the late one cannot.
		cut := open(t, pkitest.SQLite(t))
		cut.keys = h.keys
		cut.record(t, acts(0, 6)...)
		if got := faults(cut.verify(t, early, late)); fmt.Sprint(got) != "[tail.cut 6-9]" {
			t.Errorf("cut: %v", got)
		}
	})
}

func TestForgedHeads(t *testing.T) {
	h := open(t, pkitest.SQLite(t))
	h.record(t, acts(0, 4)...)
	good := h.head(t)
	stranger := open(t, h.source) // the same log, other keys
	flipped := slices.Clone(good)
	flipped[len(origin)+1] = '3' // the size
	for name, head := range map[string][]byte{
		"other keys": stranger.head(t), "flipped": flipped, "empty": nil, "text only": []byte(origin + "\n4\n"),
		"huge": make([]byte, 1<<20),
	} {
		r := h.verify(t, head, good)
		if got := faults(r); fmt.Sprint(got) != "[head.forged -1--1]" || r.Heads != 1 {
			t.Errorf("%s: %v, %+v", name, got, r)
		}
	}
	if r, err := audit.Verify(t.Context(), h.d, nil, [][]byte{good}); err != nil || r.Good() {
		t.Errorf("without keys: %+v, %v", r, err)
	}
}

// More faults than a report holds are counted; the log's end is reached all the same.
func TestManyFaults(t *testing.T) {
	h := open(t, pkitest.SQLite(t))
	h.record(t, acts(0, 2500)...)
	change(t, h, "UPDATE audit_entry SET object = 'x' WHERE number >= 900")
	r := h.verify(t, h.head(t))
	if r.Good() || len(r.Faults) != 100 || r.More != 1500 || r.Size != 2500 || r.Faults[0].First != 900 || r.Heads != 1 {
		t.Errorf("%d faults, %d more, size %d, first %+v", len(r.Faults), r.More, r.Size, r.Faults[0])
	}
}

// A log that grows while it is checked is seen as of one commit.
func TestVerifyOfALiveLog(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := open(t, source)
		h.record(t, acts(0, 3000)...)
		head := h.head(t)
		stop, done := make(chan struct{}), make(chan error, 1)
		go func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					done <- nil
					return
				default:
				}
				if err := h.Record(t.Context(), acts(i, 3)...); err != nil {
					done <- err
					return
				}
			}
		}()
		for range 5 {
			if r := h.verify(t, head); !r.Good() || r.Heads != 1 {
				t.Errorf("%v", faults(r))
			}
			time.Sleep(10 * time.Millisecond)
		}
		close(stop)
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestVerifyCannotBeMade(t *testing.T) {
	d, err := db.Open(t.Context(), pkitest.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if r, err := audit.Verify(t.Context(), d, nil, nil); err == nil {
		t.Errorf("a database without a log gave %+v", r)
	}
}

func TestProofs(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		const total = 37
		var heads []audit.Checkpoint
		for i := range total + 1 {
			c, err := audit.OpenCheckpoint(h.head(t), h.keys...)
			if err != nil {
				t.Fatal(err)
			}
			heads = append(heads, c)
			if i < total {
				h.record(t, act(i))
			}
		}
		last := heads[total]
		for i := range int64(total) {
			e, p, err := h.Inclusion(t.Context(), i)
			if err != nil || p.Check(e, last) != nil {
				t.Fatalf("entry %d: %v, %v", i, err, p.Check(e, last))
			}
			changed := e
			changed.Object += "x"
			wrong := p
			wrong.Hashes = slices.Clone(p.Hashes)
			x := sha256.Sum256(nil)
			wrong.Hashes[0] = x[:]
			if p.Check(changed, last) == nil || wrong.Check(e, last) == nil || p.Check(e, heads[total-1]) == nil {
				t.Errorf("entry %d: a false proof passed", i)
			}
			c, err := h.Consistency(t.Context(), i)
			if err != nil || c.Check(heads[i], last) != nil {
				t.Fatalf("from %d: %v, %v", i, err, c.Check(heads[i], last))
			}
			other := heads[i]
			other.Root = x[:]
			if i > 0 && c.Check(other, last) == nil || c.Check(heads[i+1], last) == nil {
				t.Errorf("from %d: a false proof passed", i)
			}
		}
		for _, n := range []int64{-1, total, 1 << 40} {
			if _, _, err := h.Inclusion(t.Context(), n); err == nil {
				t.Errorf("entry %d has a proof", n)
			}
			if _, err := h.Consistency(t.Context(), n+1); n != total-1 && n != -1 && err == nil {
				t.Errorf("size %d has a proof", n+1)
			}
		}
	})
}

// A page of entries is proven under one signed head, together with the head's growth.
func TestProofsOfAPage(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		h.record(t, acts(0, 21)...)
		old, err := audit.OpenCheckpoint(h.head(t), h.keys...)
		if err != nil {
			t.Fatal(err)
		}
		h.record(t, acts(21, 20)...)
		numbers := []int64{40, 3, 17}
		signed, proofs, err := h.Proofs(t.Context(), numbers...)
		if err != nil {
			t.Fatal(err)
		}
		head, err := audit.OpenCheckpoint(signed, h.keys...)
		if err != nil || head.Size != 41 || len(proofs) != len(numbers) {
			t.Fatalf("%+v with %d proofs: %v", head, len(proofs), err)
		}
		for i, number := range numbers {
			entry, _, err := h.Inclusion(t.Context(), number)
			if err != nil || proofs[i].Check(entry, head) != nil {
				t.Errorf("entry %d: %v, %v", number, err, proofs[i].Check(entry, head))
			}
		}
		hashes, err := h.ConsistencyTo(t.Context(), old.Size, head.Size)
		if grown := (audit.Consistency{OldSize: old.Size, Size: head.Size, Root: head.Root, Hashes: hashes}); err != nil || grown.Check(old, head) != nil {
			t.Errorf("growth: %v, %v", err, grown.Check(old, head))
		}
		if _, _, err := h.Proofs(t.Context(), 3, 41); pki.CodeOf(err) != "audit.unknown" {
			t.Errorf("an entry that is not there: %v", err)
		}
		if _, err := h.ConsistencyTo(t.Context(), 42, head.Size); pki.CodeOf(err) != "audit.unknown" {
			t.Errorf("a longer log: %v", err)
		}
	})
}
