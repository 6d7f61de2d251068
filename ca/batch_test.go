package ca_test

import (
	"bytes"
	"fmt"
	"sync"
	"testing"

	"onecert/ca"
	"onecert/pki"
	"onecert/pkitest"
)

// TestBadStepsHarmNoOther: orders that come together share their commits; one that
// cannot be stored, for whatever reason, leaves the others as they are.
func TestBadStepsHarmNoOther(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		random := &loaded{}
		h := open(t, source, func(c *ca.Config) { c.Random = random })
		first := order(t, "first", pki.SM2)
		mustIssue(t, h, first)
		want := map[string]string{} // code by application; "" for one that succeeds
		orders := map[string]ca.Order{}
		for i := range 8 {
			good, copied, reused := fmt.Sprint("good-", i), fmt.Sprint("copied-", i), fmt.Sprint("reused-", i)
			orders[good], want[good] = order(t, good, pki.SM2), ""
			orders[copied], want[copied] = order(t, copied, pki.SM2), "request.key-taken"
			stolen := orders[copied]
			stolen.Request = first.Request
			orders[copied] = stolen
			orders[reused], want[reused] = order(t, reused, pki.SM2), "kmc.key-reused"
			h.kmc.pairs[reused] = h.kmc.pairs["first"]
		}
		// Drawn again and again: whoever comes second has to draw anew.
		for range 6 {
			random.serials = append(random.serials, bytes.Repeat([]byte{0x57}, pki.SerialOctets))
		}
		var all sync.WaitGroup
		for application, o := range orders {
			all.Go(func() {
				_, err := h.Issue(as("office"), o)
				if code := want[application]; (err == nil) != (code == "") || err != nil && pki.CodeOf(err) != code {
					t.Errorf("%s: %v, want %q", application, err, code)
				}
			})
		}
		all.Wait()
		h.restart() // finishes nothing of those that failed
		for application, code := range want {
			issued, err := h.Order(as("office"), application)
			if (err == nil && issued.Encrypt != nil) != (code == "") {
				t.Errorf("%s: %v after the start", application, err)
			}
		}
	})
}
