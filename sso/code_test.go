package sso

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"onecert/pki"
	"onecert/pkitest"
)

// TestSpend: a code counts once, whoever of those that share the sessions is asked and
// however many at once; it is forgotten when it could not be used any more.
func TestSpend(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		tn := newTown(t, source)
		one, two, officers := tn.sessions(nil), tn.sessions(nil), tn.sessions(func(c *Config) { c.Realm = "officer" })
		until := noon.Add(2 * time.Minute)
		var firsts atomic.Int32
		var all sync.WaitGroup
		for i := range 20 {
			s := []*Sessions{one, two}[i%2]
			all.Go(func() {
				first, err := s.Spend(t.Context(), "a", until)
				if err != nil {
					t.Error(err)
				}
				if first {
					firsts.Add(1)
				}
			})
		}
		all.Wait()
		if firsts.Load() != 1 {
			t.Errorf("a code counted %d times", firsts.Load())
		}
		if first, err := officers.Spend(t.Context(), "a", until); !first || err != nil {
			t.Errorf("in another realm: %v, %v", first, err)
		}
		for _, bad := range []string{"", strings.Repeat("a", maxCode+1)} {
			if first, err := one.Spend(t.Context(), bad, until); first || pki.KindOf(err) != pki.Invalid {
				t.Errorf("%q: %v, %v", bad, first, err)
			}
		}
		rows := func() (n int) {
			if err := tn.d.Read().QueryRow("SELECT count(*) FROM sso_code WHERE realm = 'holder'").Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		if err := one.sweep(t.Context()); err != nil || rows() != 1 {
			t.Errorf("%d codes are remembered, %v", rows(), err)
		}
		tn.forward(10 * time.Minute)
		if err := one.sweep(t.Context()); err != nil || rows() != 0 {
			t.Errorf("%d codes are remembered for nothing, %v", rows(), err)
		}
		tn.d.Close()
		if first, err := one.Spend(t.Context(), "b", until); first || pki.KindOf(err) != pki.Unavailable {
			t.Errorf("without a store: %v, %v", first, err)
		}
	})
}
