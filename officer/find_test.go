package officer

import (
	"fmt"
	"testing"
	"time"

	"onecert/pki"
)

// TestFindByPages: pages of every size together are the whole list, in its order, each
// registration once; two certificates of one name and one moment are two.
func TestFindByPages(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		for n := range 6 {
			h.add(fmt.Sprintf("lra%d.registrar", n/2), Registrar)
		}
		gone, _ := h.add("lra1.reviewer", Reviewer)
		h.pass(time.Hour)
		if err := h.End(boss(t.Context()), gone.Fingerprint); err != nil {
			t.Fatal(err)
		}
		whole, err := h.List(t.Context())
		if err != nil || len(whole) != 7 {
			t.Fatalf("%d of 7: %v", len(whole), err)
		}
		for limit := 1; limit <= 8; limit++ {
			var walked []Officer
			for q := (Query{Limit: limit}); ; {
				page, err := h.Find(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				if walked = append(walked, page...); len(page) < limit {
					break
				}
				q.After = page[len(page)-1].Fingerprint
			}
			if len(walked) != len(whole) {
				t.Fatalf("pages of %d: %d of %d", limit, len(walked), len(whole))
			}
			for i := range walked {
				if walked[i].Fingerprint != whole[i].Fingerprint {
					t.Errorf("pages of %d: another order at %d", limit, i)
				}
			}
		}
		for _, one := range []struct {
			q    Query
			want int
		}{{Query{State: "active"}, 6}, {Query{State: "ended"}, 1}, {Query{Role: Reviewer}, 1}, {Query{Role: Reviewer, State: "active"}, 0}, {Query{Name: "lra1"}, 3},
			{Query{Name: "registrar", Limit: 2}, 2}, {Query{Name: "%"}, 0}, {Query{Name: "_"}, 0}, {Query{}, 7}, {Query{Limit: 100_000}, 7}} {
			if all, err := h.Find(t.Context(), one.q); err != nil || len(all) != one.want {
				t.Errorf("%+v: %d, not %d: %v", one.q, len(all), one.want, err)
			}
		}
		for code, q := range map[string]Query{"officer.unknown": {After: "00"}, "officer.role": {Role: "root"}, "officer.state": {State: "gone"}} {
			_, err := h.Find(t.Context(), q)
			if pki.CodeOf(err) != code {
				t.Errorf("%+v: %v, not %s", q, err, code)
			}
		}
		if name, err := h.Named(t.Context(), gone.Fingerprint); name != "lra1.reviewer" || err != nil {
			t.Errorf("%q %v", name, err)
		}
		if name, err := h.Named(t.Context(), "00"); name != "" || err != nil {
			t.Errorf("nobody's: %q %v", name, err)
		}
	})
}
