package ra_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"onecert/ra"
)

// TestCarryAll: what is approved is carried out together, each once, with what cannot be
// done told, and another branch's neither touched nor seen.
func TestCarryAll(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		app := must[*ra.Application](t)
		approved := func(node, top string, n int) *ra.Application {
			a := app(h.Register(as(node+".registrar"), person(t, n, "试用者")))
			a = app(h.Submit(as(node+".registrar"), a.ID, ra.Decision{Version: a.Version}))
			return app(h.Approve(as(top+".reviewer"), a.ID, ra.Decision{Version: a.Version}))
		}
		for i := range 40 {
			approved([]string{"lra1", "lra2"}[i%2], "ra1", 400+i)
		}
		other := approved("lra3", "ra2", 500)
		ended := app(h.Register(as("lra1.registrar"), person(t, 501, "试用者")))
		c := must[*ra.Carrying](t)(h.CarryAll(as("ra1.issuer"), ra.CarryQuery{Node: "lra1"}))
		if c = finished(t, h, c.ID); c.Total != 20 || c.Done != 20 {
			t.Errorf("%+v", c)
		}
		c = must[*ra.Carrying](t)(h.CarryAll(as("ra1.issuer"), ra.CarryQuery{IDs: []string{ended.ID, other.ID}}))
		if c = finished(t, h, c.ID); c.Total != 1 || c.Failed != 1 || c.Faults[0].Code != "application.state" || strings.Contains(c.Faults[0].Wrong, other.ID) {
			t.Errorf("%+v", c)
		}
		c = must[*ra.Carrying](t)(h.CarryAll(as("ra1.issuer"), ra.CarryQuery{}))
		if c = finished(t, h, c.ID); c.Total != 20 || c.Done != 20 || h.ca.orders != 40 {
			t.Errorf("%+v, %d orders", c, h.ca.orders)
		}
		if all := itemsOf[ra.Carrying](t)(h.Carryings(as("lra1.issuer"), ra.GoQuery{})); len(all) != 1 {
			t.Errorf("lra1 sees %d goes", len(all))
		}
		of := approved("lra2", "ra1", 502)
		if err := h.cfg.DB.Tx(t.Context(), execAll(t.Context(), "UPDATE ra_application SET batch = 'batch-1' WHERE id = '"+of.ID+"'", "UPDATE ra_application SET batch = 'batch-2' WHERE id = '"+other.ID+"'")); err != nil {
			t.Fatal(err)
		}
		for _, batch := range []string{"batch-2", "batch-none"} { // another branch's, and nobody's
			_, err := h.CarryAll(as("ra1.issuer"), ra.CarryQuery{Batch: batch})
			wantCode(t, err, "carrying.none")
		}
		c = must[*ra.Carrying](t)(h.CarryAll(as("ra1.issuer"), ra.CarryQuery{Batch: "batch-1"}))
		if c = finished(t, h, c.ID); c.Total != 1 || c.Done != 1 {
			t.Errorf("%+v", c)
		}
		if all := itemsOf[ra.Carrying](t)(h.Carryings(as("ra1.issuer"), ra.GoQuery{Batch: "batch-1"})); len(all) != 1 || all[0].ID != c.ID || all[0].Batch != "batch-1" {
			t.Errorf("of the batch: %+v", all)
		}
		var walked []string
		for q := (ra.GoQuery{ListQuery: ra.ListQuery{Limit: 1}}); ; {
			page := must[*ra.Page[ra.Carrying]](t)(h.Carryings(as("ra1.issuer"), q))
			for _, one := range page.Items {
				walked = append(walked, one.ID)
			}
			if q.After = page.After; q.After == "" {
				break
			}
		}
		if len(walked) != 4 || walked[0] != c.ID {
			t.Errorf("one by one: %v", walked)
		}
		if a := app(h.Application(as("ra2.reviewer"), other.ID)); a.State != ra.Approved {
			t.Errorf("another branch's is %s", a.State)
		}
		_, err := h.CarryAll(as("ra1.registrar"), ra.CarryQuery{})
		wantCode(t, err, "officer.forbidden")
	})
}

// TestCarryAllAtOnce: while one office's are carried out it begins no second time, and
// another office's begin all the same; the refusal names nobody of another branch.
func TestCarryAllAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		app := must[*ra.Application](t)
		for i, node := range []string{"lra1", "lra3"} {
			a := app(h.Register(as(node+".registrar"), person(t, 520+i, "试用者")))
			a = app(h.Submit(as(node+".registrar"), a.ID, ra.Decision{Version: a.Version}))
			app(h.Approve(as([]string{"ra1", "ra2"}[i]+".reviewer"), a.ID, ra.Decision{Version: a.Version}))
		}
		h.ca.mu.Lock() // the CA does not answer yet
		answers := sync.OnceFunc(h.ca.mu.Unlock)
		defer answers()
		first := must[*ra.Carrying](t)(h.CarryAll(as("ra1.issuer"), ra.CarryQuery{}))
		_, err := h.CarryAll(as("ra1.issuer"), ra.CarryQuery{})
		wantCode(t, err, "carrying.one")
		must[*ra.Carrying](t)(h.CarryAll(as("ra2.issuer"), ra.CarryQuery{}))
		must[*ra.Carrying](t)(h.CarryAll(as("lra1.issuer"), ra.CarryQuery{IDs: []string{"none"}}))
		answers()
		if c := finished(t, h, first.ID); c.Done != 1 {
			t.Errorf("%+v", c)
		}
		c := must[*ra.Carrying](t)(h.CarryAll(as("ra1.issuer"), ra.CarryQuery{}))
		finished(t, h, c.ID)
	})
}

// finished waits for the end of a go.
func finished(t *testing.T, h *house, id string) *ra.Carrying {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		all := itemsOf[ra.Carrying](t)(h.Carryings(as("ra1.issuer"), ra.GoQuery{}))
		if i := slices.IndexFunc(all, func(c ra.Carrying) bool { return c.ID == id }); i >= 0 && !all[i].Ended.IsZero() {
			return &all[i]
		}
	}
	t.Fatal("it does not end")
	return nil
}
