package ca_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"onecert/ca"
	"onecert/pki"
	"onecert/pkitest"
)

// TestSeenAfterStart: what was ordered before a start is known after it, page by page,
// and so is what is ordered since; the rest is new.
func TestSeenAfterStart(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := open(t, source, nil)
		first := mustIssue(t, h, order(t, "before", pki.SM2))
		var ready []*ca.BulkReady
		for n := range ca.SeenPage + 10 {
			r, err := h.room.Prepare(as("ra"), bulk(t, n))
			if err != nil {
				t.Fatal(err)
			}
			ready = append(ready, r)
		}
		if err := h.room.Load(as("ra"), ready); err != nil {
			t.Fatal(err)
		}
		h.restart()
		for end := time.Now().Add(time.Minute); !h.room.Seen(); time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("what was there is not read")
			}
		}
		then := mustIssue(t, h, order(t, "since", pki.SM2))
		known := map[string][3]string{}
		for n := range ready {
			known[fmt.Sprint("one of many: ", n)] = [3]string{fmt.Sprintf("bulk-%d", n), "k", "h"}
		}
		for _, issued := range []*ca.Issued{first, then} {
			known[issued.Application+"'s application"] = [3]string{issued.Application, "k", "h"}
			known[issued.Application+"'s holder"] = [3]string{"a", "k", issued.Sign.Holder}
			known[issued.Application+"'s key"] = [3]string{"a", hashOfKey(t, issued.Sign.DER), "h"}
			known[issued.Application+"'s pair"] = [3]string{"a", hashOfKey(t, issued.Encrypt.DER), "h"}
		}
		for what, names := range known {
			if h.room.NeverSeen(names[0], names[1], names[2]) {
				t.Errorf("%s is taken for new", what)
			}
		}
		if !h.room.NeverSeen("a", "k", "h") {
			t.Error("new names are taken for known")
		}
		plan := explain(t, h.cfg.DB, ca.SeenOrders, []any{"a", 1})
		if strings.Contains(plan, "Seq Scan") || strings.Contains(plan, "Sort") || strings.Contains(plan, "SCAN") || strings.Contains(plan, "TEMP B-TREE") {
			t.Errorf("a page is found by reading too much:\n%s", plan)
		}
	})
}
