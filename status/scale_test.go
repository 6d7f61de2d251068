package status_test

import (
	"database/sql"
	"errors"
	"strings"
	"testing"

	"onecert/pki"
	"onecert/pkitest"
	"onecert/status"
)

// The listings must be served by the partial indexes, in order, whatever the size of
// the table: that is why they cost the same at ten certificates and at a million.
func TestListingsUseTheirIndexes(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		var changes []status.Change
		for i := range 3000 {
			s := serial()
			changes = append(changes, issued(s, start))
			if i%100 == 0 {
				changes = append(changes, changed(s, status.Revoked, start))
			}
		}
		h.must(t, changes...)
		if h.d.Dialect == "postgres" {
			err := h.d.Tx(t.Context(), func(tx *sql.Tx) error { _, err := tx.Exec("ANALYZE"); return err })
			if err != nil {
				t.Fatal(err)
			}
		}
		for index, text := range status.Queries(h.d.Dialect) {
			// Values in place of parameters, as EXPLAIN takes none on PostgreSQL.
			text = strings.NewReplacer("serial = $2", "serial = 'ab'", "$1", "'sm2'", "$2", "1", "$3", "3").Replace(text)
			plan := pkitest.Explain(t, h.d, text)
			if !strings.Contains(plan, index) || strings.Contains(plan, "TEMP B-TREE") || strings.Contains(plan, "Seq Scan") {
				t.Errorf("%s is not used:\n%s", index, plan)
			}
		}
	})
}

func TestListedStopsAtItsCallersError(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		for range 3 {
			s := serial()
			h.must(t, issued(s, start), changed(s, status.Revoked, start))
		}
		boom, n := errors.New("boom"), 0
		stop := func(status.Record) error { n++; return boom }
		if err := h.Listed(t.Context(), "sm2", -1, start, stop); !errors.Is(err, boom) || n != 1 {
			t.Errorf("%d calls, %v", n, err)
		}
		if err := h.ChangedSince(t.Context(), "sm2", 0, stop); !errors.Is(err, boom) || n != 2 {
			t.Errorf("%d calls, %v", n, err)
		}
	})
}

// BenchmarkAppend64Issued is a group commit of 32 dual orders, as far as status goes.
func BenchmarkAppend64Issued(b *testing.B) {
	for name, source := range map[string]func(testing.TB) string{"sqlite": pkitest.SQLite, "postgres": pkitest.DurablePostgres} {
		b.Run(name, func(b *testing.B) {
			h := open(b, source(b))
			for b.Loop() {
				changes := make([]status.Change, 64)
				for i := range changes {
					changes[i] = issued(serial(), start)
				}
				if _, err := h.put(b.Context(), changes...); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*64/b.Elapsed().Seconds(), "certificates/s")
		})
	}
}

// BenchmarkRevoke revokes one certificate a commit in tables of different sizes.
func BenchmarkRevoke(b *testing.B) {
	for name, size := range map[string]int{"of10": 10, "of100000": 100_000} {
		b.Run(name, func(b *testing.B) {
			h := open(b, pkitest.SQLite(b))
			serials := make([]pki.Serial, size)
			for from := 0; from < size; from += 1000 {
				var changes []status.Change
				for i := from; i < min(from+1000, size); i++ {
					serials[i] = serial()
					changes = append(changes, issued(serials[i], start))
				}
				if _, err := h.put(b.Context(), changes...); err != nil {
					b.Fatal(err)
				}
			}
			events, n := []status.Event{status.Held, status.Released}, 0
			for b.Loop() {
				s := serials[n/2%len(serials)]
				if _, err := h.put(b.Context(), changed(s, events[n%2], start)); err != nil {
					b.Fatal(err)
				}
				n++
			}
		})
	}
}
