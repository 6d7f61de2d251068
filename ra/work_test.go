package ra_test

import (
	"context"
	"testing"
	"time"

	"onecert/officer"
	"onecert/pki"
	"onecert/pkitest"
	"onecert/ra"
)

// works compares what waits for somebody with what should.
func (h *house) works(who string, want ra.Work) {
	h.t.Helper()
	got := must[*ra.Work](h.t)(h.Work(as(who)))
	want.At = got.At
	if *got != want {
		h.t.Errorf("for %s wait %+v, not %+v", who, *got, want)
	}
}

// TestWork: each officer is told how much waits for him, by right and by office.
func TestWork(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		app := must[*ra.Application](t)
		registrar, reviewer := as("lra1.registrar"), as("ra1.reviewer")
		a := h.issued("lra1", person(t, 90, "甲示例"))
		app(h.Register(registrar, person(t, 91, "乙示例")))
		back := h.submitted("lra1.registrar", person(t, 92, "丙示例"))
		app(h.Return(reviewer, back.ID, ra.Decision{Version: back.Version, Note: "缺材料"}))
		for n := range 2 {
			h.submitted("lra2.registrar", person(t, 93+n, "丁示例"))
		}
		h.reports("lra1.registrar", a)
		approved := h.submitted("lra3.registrar", person(t, 95, "戊示例"))
		app(h.Approve(as("ra2.reviewer"), approved.ID, ra.Decision{Version: approved.Version}))
		must[*ra.System](t)(h.SetSystem(as("ra1.registrar"), ra.System{ID: "oa", Name: "示例协同", Owner: "示例市政府", Contact: "信息科", Services: []ra.Service{ra.Login}, Kinds: []ra.Kind{ra.Person}}))
		must[*ra.Motion](t)(h.MoveHolder(as("ra1.registrar"), a.Holder, ra.Move{To: "lra2", Reason: "调动"}))
		must[*ra.Motion](t)(h.ProposePolicy(as("centre.system"), aPolicy(h)))
		must[*ra.Node](t)(h.AddNode(as("centre.system"), ra.Node{ID: "lra7", Parent: "ra1", Level: ra.LRA, Name: "新受理点"}))

		h.works("lra1.registrar", ra.Work{Drafts: 1, Returned: 1, Deliver: 1})
		h.works("lra2.registrar", ra.Work{})
		h.works("lra1.reviewer", ra.Work{})
		h.works("ra1.reviewer", ra.Work{Review: 3, Losses: 1, Systems: 1, Motions: 1})
		h.works("ra2.reviewer", ra.Work{})
		h.works("centre.reviewer", ra.Work{Review: 3, Losses: 1, Systems: 1, Motions: 1})
		h.works("ra2.issuer", ra.Work{Issue: 1})
		h.works("lra1.issuer", ra.Work{Deliver: 1})
		h.works("centre.security", ra.Work{Nodes: 1, Motions: 1})
		h.works("ra1.security", ra.Work{Nodes: 1})
		h.works("centre.system", ra.Work{})
		m := must[*ra.Page[*ra.Motion]](t)(h.Motions(as("centre.security"), ra.MotionQuery{Kind: ra.PolicyMotion})).Items[0]
		must[*ra.Motion](t)(h.DecideMotion(as("centre.security"), m.ID, ra.MotionDecision{Decision: ra.Decision{Version: m.Version}, Consent: true}))
		h.works("centre.security", ra.Work{Nodes: 1})
		h.works("centre.audit", ra.Work{Motions: 1})
		h.clock.add(31 * 24 * time.Hour)
		h.works("centre.audit", ra.Work{})
		_, err := h.Work(as("nobody.registrar"))
		wantCode(t, err, "post.none")
	})
}

// otherRooms have something for everybody, or break.
type otherRooms struct{ fail error }

func (o otherRooms) Tickets(ctx context.Context) (int, error) {
	if actor, _ := pki.ActorFrom(ctx); officer.May(actor, officer.WorkTickets) != nil {
		return 0, nil
	}
	return 7, o.fail
}
func (o otherRooms) Approvals(context.Context) (int, error) { return 2, nil }

// TestWorkElsewhere: what waits in other rooms is in the same answer.
func TestWorkElsewhere(t *testing.T) {
	h := newHouse(t, pkitest.SQLite(t), func(c *ra.Config) { c.Elsewhere = otherRooms{} })
	h.works("lra1.issuer", ra.Work{Tickets: 7, Approvals: 2})
	h.works("ra1.security", ra.Work{Approvals: 2})
}
