package ra_test

import (
	"context"
	"testing"
	"time"

	"onecert/ra"
)

const aDay = 24 * time.Hour

// scans is how many scans and pieces of scans are kept.
func (h *house) scans() (documents, pieces int) {
	h.t.Helper()
	err := h.cfg.DB.Read().QueryRowContext(context.Background(), "SELECT (SELECT count(*) FROM ra_document), (SELECT count(*) FROM ra_piece)").Scan(&documents, &pieces)
	if err != nil {
		h.t.Fatal(err)
	}
	return documents, pieces
}

// TestForgottenDrafts: what nobody has touched for ninety days is given up, and nothing
// it said of a person stays; what somebody has touched, is under review or reports a loss
// is left alone.
func TestForgottenDrafts(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		app, counter := must[*ra.Application](t), as("lra1.registrar")
		draft := app(h.Register(counter, person(t, 100, "甲示例")))
		draft = app(h.Attach(counter, draft.ID, draft.Version, "identity", "id.png", smallScan(t, 1)))
		other := app(h.Register(counter, person(t, 101, "乙示例")))
		other = app(h.Attach(counter, other.ID, other.Version, "identity", "id.png", smallScan(t, 1))) // the same paper
		back := h.submitted("lra1.registrar", person(t, 102, "丙示例"))
		back = app(h.Return(as("ra1.reviewer"), back.ID, ra.Decision{Version: back.Version, Note: "缺材料"}))
		waits := h.submitted("lra1.registrar", person(t, 103, "丁示例"))
		cert := h.issued("lra1", person(t, 104, "戊示例"))
		loss := h.reports("lra1.registrar", cert)
		loss = app(h.Return(as("ra1.reviewer"), loss.ID, ra.Decision{Version: loss.Version, Note: "核实"}))
		renewal := app(h.Register(counter, ra.Entry{Operation: ra.Renew, Issuer: cert.Issuer, Serial: cert.Serial}))
		if n := must[int](t)(h.room.ForgetDrafts(t.Context())); n != 0 {
			t.Errorf("%d were given up at once", n)
		}
		h.clock.add(60 * aDay)
		other = app(h.Edit(counter, other.ID, ra.EditOf{Version: other.Version, Entry: ra.Entry{Operation: ra.Issue, Fields: map[string]string{"department": "办公室"}}}))
		h.clock.add(31 * aDay)
		if n := must[int](t)(h.room.ForgetDrafts(t.Context())); n != 3 {
			t.Errorf("%d of three were given up", n)
		}
		for _, id := range []string{draft.ID, back.ID, renewal.ID} {
			a := app(h.Application(counter, id))
			if a.State != ra.Withdrawn || len(a.Fields) != 0 || len(a.Documents) != 0 || len(a.Legal) != 0 {
				t.Errorf("%+v", a)
			}
			history := must[[]ra.Moment](t)(h.History(counter, id))
			if last := history[len(history)-1]; last.Actor != "clock" || last.Event != "withdraw" || last.Note == "" {
				t.Errorf("%+v", last)
			}
			if left := must[map[string]string](t)(h.Unmasked(counter, id, "核对号码")); len(left) != 0 {
				t.Errorf("%v", left)
			}
		}
		for id, state := range map[string]ra.State{other.ID: ra.Draft, waits.ID: ra.Submitted, loss.ID: ra.Returned, cert.ID: ra.Issued} {
			if a := app(h.Application(counter, id)); a.State != state || a.Fields["name"] == "" {
				t.Errorf("%+v", a)
			}
		}
		if documents, pieces := h.scans(); documents != 1 || pieces != 1 {
			t.Errorf("%d scans in %d pieces are left of one that another has too", documents, pieces)
		}
		if page := must[*ra.Page[*ra.Application]](t)(h.Applications(counter, ra.Query{Name: "甲示例", States: ra.AllStates()})); len(page.Items) != 0 {
			t.Errorf("found by a name that was erased: %+v", page.Items)
		}
	})
}

// TestForgottenAtACounter: the counter's process gives up, and what the registration
// above knew of it ends as well; nothing else that comes over the link erases anything.
func TestForgottenAtACounter(t *testing.T) {
	onOutposts(t, func(t *testing.T, c *outpost) {
		app, counter := must[*ra.Application](t), as("lra9.registrar")
		c.sync()
		draft := app(c.room.Register(counter, person(t, 105, "甲示例")))
		back := app(c.room.Register(counter, person(t, 106, "乙示例")))
		back = app(c.room.Submit(counter, back.ID, ra.Decision{Version: back.Version}))
		done := app(c.room.Register(counter, person(t, 107, "丙示例")))
		done = app(c.room.Submit(counter, done.ID, ra.Decision{Version: done.Version}))
		c.sync()
		app(c.Return(as("ra1.reviewer"), back.ID, ra.Decision{Version: back.Version, Note: "缺材料"}))
		done = app(c.Approve(as("ra1.reviewer"), done.ID, ra.Decision{Version: done.Version}))
		done = app(c.CarryOut(as("ra1.issuer"), done.ID, ra.Decision{Version: done.Version}))
		c.sync()
		app(c.room.HandOver(counter, done.ID, ra.Decision{Version: done.Version}))
		c.clock.add(91 * aDay)
		if n := must[int](t)(c.house.room.ForgetDrafts(t.Context())); n != 0 {
			t.Errorf("the registration gave up %d that a counter has in hand", n)
		}
		if n := must[int](t)(c.room.ForgetDrafts(t.Context())); n != 2 {
			t.Errorf("%d of two were given up", n)
		}
		c.sync()
		for _, id := range []string{draft.ID, back.ID} {
			a := app(c.Application(as("ra1.registrar"), id))
			left := must[map[string]string](t)(c.Unmasked(as("ra1.registrar"), id, "核对号码"))
			if a.State != ra.Withdrawn || len(a.Fields) != 0 || len(left) != 0 {
				t.Errorf("above it is %+v, %v", a, left)
			}
		}
		if left := must[map[string]string](t)(c.Unmasked(as("ra1.registrar"), done.ID, "核对号码")); left["identity"] != resident(107) {
			t.Errorf("above is left of what was handed over: %v", left)
		}
	})
}

// TestDraftsKept: below 0 they are kept for good.
func TestDraftsKept(t *testing.T) {
	h := newHouse(t, "sqlite:"+t.TempDir()+"/ra.db", func(c *ra.Config) { c.DraftDays = -1 })
	a := must[*ra.Application](t)(h.Register(as("lra1.registrar"), person(t, 108, "甲示例")))
	h.clock.add(300 * aDay)
	if n := must[int](t)(h.room.ForgetDrafts(t.Context())); n != 0 {
		t.Errorf("%d were given up", n)
	}
	if a = must[*ra.Application](t)(h.Application(as("lra1.registrar"), a.ID)); a.State != ra.Draft {
		t.Errorf("%+v", a)
	}
}
