package ra_test

import (
	"context"
	"testing"

	"onecert/pki"
	"onecert/ra"
)

// setNode suspends or resumes an office.
func (h *house) setNode(id string, to ra.NodeState) {
	h.t.Helper()
	for _, n := range itemsOf[ra.Node](h.t)(h.Nodes(as("centre.security"), ra.NodeQuery{})) {
		if n.ID == id {
			must[*ra.Node](h.t)(h.SetNode(as("centre.security"), id, n.Version, to))
		}
	}
}

func (h *house) reports(officer string, a *ra.Application) *ra.Application {
	h.t.Helper()
	return h.submitted(officer, ra.Entry{Operation: ra.Freeze, Issuer: a.Issuer, Serial: a.Serial})
}

// TestFreezeIsTriedAgain: a loss that was reported while the CA was away is frozen as
// soon as it is back, though nobody reviews it.
func TestFreezeIsTriedAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		app := must[*ra.Application](t)
		a := h.issued("lra1", person(t, 60, "甲示例"))
		f := app(h.Register(as("lra1.registrar"), ra.Entry{Operation: ra.Freeze, Issuer: a.Issuer, Serial: a.Serial}))
		h.ca.fail = pki.Errorf(pki.Unavailable, "ca.away", "the CA is away")
		_, err := h.Submit(as("lra1.registrar"), f.ID, ra.Decision{Version: f.Version})
		wantCode(t, err, "application.freeze")
		wantCode(t, h.room.FreezeReported(context.Background()), "application.freeze")
		h.ca.fail = nil
		for range 2 {
			if err := h.room.FreezeReported(context.Background()); err != nil || h.ca.states[a.Serial] != pki.Held {
				t.Fatalf("%v; the certificate is %s", err, h.ca.states[a.Serial])
			}
		}
		f = app(h.Application(as("ra1.reviewer"), f.ID))
		app(h.Reject(as("ra1.reviewer"), f.ID, ra.Decision{Version: f.Version, Note: "已找回"}))
		if err := h.room.FreezeReported(context.Background()); err != nil || h.ca.states[a.Serial] != pki.Valid {
			t.Errorf("%v; rejected, and the certificate is %s", err, h.ca.states[a.Serial])
		}
	})
}

// TestFreezeWithoutRights: to freeze what is lost takes no right of the holder's office,
// which may be suspended, and no rule that fails stands in the way.
func TestFreezeWithoutRights(t *testing.T) {
	onSelf(t, func(t *testing.T, h *house, self counter, box *mailbox) {
		a, b := h.issued("lra1", person(t, 61, "甲示例")), h.issued("lra1", person(t, 62, "乙示例"))
		u := h.usualRule()
		u.Operations = []ra.Operation{ra.Freeze}
		h.aRule(u, true)
		h.setNode("lra1", ra.Suspended)
		ticket := must[*ra.Ticket](t)(self.ReportLoss(context.Background(), h.loss(61)))
		frozen := must[*ra.Frozen](t)(self.ConfirmLoss(context.Background(), ra.Proof{Ticket: ticket.ID, Code: box.last(t, 1).values["code"]}))
		if len(frozen.Applications) != 1 || frozen.Pending != 0 || h.ca.states[a.Serial] != pki.Held {
			t.Errorf("%+v; the certificate is %s", frozen, h.ca.states[a.Serial])
		}
		done := must[*ra.NearbyDone](t)(h.FreezeNearby(as("lra3.registrar"), ra.Nearby{Issuer: b.Issuer, Serial: b.Serial, Vetted: "出示身份证"}))
		if len(done.Applications) != 1 || h.ca.states[b.Serial] != pki.Held {
			t.Errorf("%+v; the certificate is %s", done, h.ca.states[b.Serial])
		}
	})
}

// TestTwoReportsOfOneLoss: what is frozen stays so as long as one of them stands.
func TestTwoReportsOfOneLoss(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		app := must[*ra.Application](t)
		a := h.issued("lra1", person(t, 63, "甲示例"))
		first, second := h.reports("lra1.registrar", a), h.reports("ra1.registrar", a)
		app(h.Reject(as("ra1.reviewer"), first.ID, ra.Decision{Version: first.Version, Note: "重复"}))
		if h.ca.states[a.Serial] != pki.Held {
			t.Fatalf("one of two reports was rejected, and the certificate is %s", h.ca.states[a.Serial])
		}
		app(h.Reject(as("ra1.reviewer"), second.ID, ra.Decision{Version: second.Version, Note: "已找回"}))
		if h.ca.states[a.Serial] != pki.Valid {
			t.Fatalf("both were rejected, and the certificate is %s", h.ca.states[a.Serial])
		}

		first, second = h.reports("lra1.registrar", a), h.reports("ra1.registrar", a)
		second = app(h.Approve(as("ra1.reviewer"), second.ID, ra.Decision{Version: second.Version}))
		app(h.CarryOut(as("ra1.issuer"), second.ID, ra.Decision{Version: second.Version}))
		app(h.Reject(as("ra1.reviewer"), first.ID, ra.Decision{Version: first.Version, Note: "重复"}))
		if h.ca.states[a.Serial] != pki.Held {
			t.Errorf("one report was carried out, the other rejected, and the certificate is %s", h.ca.states[a.Serial])
		}
	})
}

// TestReportOfALossIsNotTakenBackByAnybody: one registrar alone would release what the
// holder has frozen.
func TestReportOfALossIsNotTakenBackByAnybody(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		a := h.issued("lra1", person(t, 64, "甲示例"))
		done := must[*ra.NearbyDone](t)(h.FreezeNearby(as("lra3.registrar"), ra.Nearby{Issuer: a.Issuer, Serial: a.Serial, Vetted: "出示身份证"}))
		f := must[*ra.Application](t)(h.Application(as("lra1.registrar"), done.Applications[0]))
		_, err := h.Withdraw(as("lra1.registrar"), f.ID, ra.Decision{Version: f.Version})
		wantCode(t, err, "application.reported")
		f = must[*ra.Application](t)(h.Return(as("ra1.reviewer"), f.ID, ra.Decision{Version: f.Version, Note: "请补材料"}))
		_, err = h.Withdraw(as("lra1.registrar"), f.ID, ra.Decision{Version: f.Version})
		wantCode(t, err, "application.reported")
		own := h.reports("lra1.registrar", h.issued("lra1", person(t, 65, "乙示例")))
		must[*ra.Application](t)(h.Withdraw(as("lra1.registrar"), own.ID, ra.Decision{Version: own.Version}))
		if h.ca.states[a.Serial] != pki.Held || h.ca.states[own.Serial] != pki.Valid {
			t.Errorf("%v", h.ca.states)
		}
	})
}
