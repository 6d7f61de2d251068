package ra_test

import (
	"testing"
	"time"

	"onecert/pki"
	"onecert/ra"
)

// TestQuota: a counter gets no more certificates than it has in a year; what is given
// back can be had again, and the next year begins anew.
func TestQuota(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		app := must[*ra.Application](t)
		n := h.node("lra1")
		n.Rights.Quota = 1
		must[*ra.Node](t)(h.ChangeNode(as("ra1.system"), n))
		waiting := func(i int) *ra.Application {
			a := app(h.Register(as("lra1.registrar"), person(t, i, "配额")))
			return app(h.Submit(as("lra1.registrar"), a.ID, ra.Decision{Version: a.Version}))
		}
		first, second := waiting(1), waiting(2)
		first = app(h.Approve(as("ra1.reviewer"), first.ID, ra.Decision{Version: first.Version}))
		_, err := h.Approve(as("ra1.reviewer"), second.ID, ra.Decision{Version: second.Version})
		wantCode(t, err, "node.quota")
		app(h.Reject(as("ra1.reviewer"), first.ID, ra.Decision{Version: first.Version, Note: "x"}))
		app(h.Approve(as("ra1.reviewer"), second.ID, ra.Decision{Version: second.Version}))
		third := waiting(3)
		h.clock.add(90 * 24 * 3600 * 1e9)
		app(h.Approve(as("ra1.reviewer"), third.ID, ra.Decision{Version: third.Version}))
	})
}

// TestQuotaOfTheYear: the year is China's, and what is given back goes to the year it
// was taken from.
func TestQuotaOfTheYear(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		app := must[*ra.Application](t)
		n := h.node("lra1")
		n.Rights.Quota = 1
		must[*ra.Node](t)(h.ChangeNode(as("ra1.system"), n))
		var all []*ra.Application
		for i := range 3 {
			all = append(all, h.submitted("lra1.registrar", person(t, 90+i, "配额")))
		}
		approve := func(a *ra.Application) (*ra.Application, error) {
			return h.Approve(as("ra1.reviewer"), a.ID, ra.Decision{Version: a.Version})
		}
		h.clock.add(time.Date(2026, 12, 31, 15, 0, 0, 0, time.UTC).Sub(h.clock.Now()))
		first := app(approve(all[0]))
		h.clock.add(2 * time.Hour) // New Year in China
		app(approve(all[1]))
		app(h.Reject(as("ra1.reviewer"), first.ID, ra.Decision{Version: first.Version, Note: "去年的"}))
		_, err := approve(all[2])
		wantCode(t, err, "node.quota")
	})
}

func (h *house) node(id string) ra.Node {
	h.t.Helper()
	for _, n := range itemsOf[ra.Node](h.t)(h.Nodes(as("centre.system"), ra.NodeQuery{})) {
		if n.ID == id {
			return n
		}
	}
	h.t.Fatal("no node " + id)
	return ra.Node{}
}

// TestRightsEnd: what a node may not do any more is refused at the next act, and a
// level never hands down what it does not have.
func TestRightsEnd(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		app := must[*ra.Application](t)
		a := app(h.Register(as("lra1.registrar"), person(t, 1, "权限")))
		a = app(h.Submit(as("lra1.registrar"), a.ID, ra.Decision{Version: a.Version}))
		n := h.node("ra1")
		n.Rights.Profiles, n.Rights.Subject = []string{"device-server"}, nil
		must[*ra.Node](t)(h.ChangeNode(as("centre.system"), n))
		_, err := h.Approve(as("ra1.reviewer"), a.ID, ra.Decision{Version: a.Version})
		wantCode(t, err, "node.right")
		l := h.node("lra1")
		l.Rights.Profiles = []string{"person-sign"}
		_, err = h.ChangeNode(as("ra1.system"), l)
		wantCode(t, err, "node.rights")
		n = h.node("ra1")
		n.Rights.Profiles, n.Rights.Subject = nil, pki.Name{{Type: "O", Value: "示例市民政局"}}
		must[*ra.Node](t)(h.ChangeNode(as("centre.system"), n))
		e := person(t, 2, "越界")
		e.Fields["unit"] = "另一个局"
		_, err = h.Register(as("lra1.registrar"), e)
		wantCode(t, err, "node.right")
		a = app(h.Approve(as("ra1.reviewer"), a.ID, ra.Decision{Version: a.Version}))
		l = h.node("lra1")
		must[*ra.Node](t)(h.SetNode(as("ra1.security"), "lra1", l.Version, ra.Suspended))
		_, err = h.CarryOut(as("lra1.issuer"), a.ID, ra.Decision{Version: a.Version})
		wantCode(t, err, "node.inactive")
		_, err = h.CarryOut(as("ra1.issuer"), a.ID, ra.Decision{Version: a.Version})
		wantCode(t, err, "node.inactive")
		_, err = h.SetNode(as("ra1.security"), "ra1", h.node("ra1").Version, ra.Suspended)
		wantCode(t, err, "node.above")
	})
}
