package ra_test

import (
	"testing"

	"onecert/pki"
	"onecert/ra"
)

// TestJourney: an application from the counter to the certificate, with a correction.
func TestJourney(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		app := must[*ra.Application](t)
		e := person(t, 1, "张示例")
		delete(e.Fields, "unit")
		a := app(h.Register(as("lra1.registrar"), e))
		if a.State != ra.Draft || a.Node != "lra1" || a.Fields["identity"] == e.Fields["identity"] {
			t.Fatalf("%+v", a)
		}
		_, err := h.Submit(as("lra1.registrar"), a.ID, ra.Decision{Version: a.Version})
		wantCode(t, err, "field.missing")
		a = app(h.Edit(as("lra1.registrar"), a.ID, ra.EditOf{Version: a.Version, Entry: ra.Entry{Operation: ra.Issue, Fields: map[string]string{"unit": "示例市民政局"}}}))
		a = app(h.Submit(as("lra1.registrar"), a.ID, ra.Decision{Version: a.Version}))
		_, err = h.Return(as("ra1.reviewer"), a.ID, ra.Decision{Version: a.Version})
		wantCode(t, err, "application.note")
		a = app(h.Return(as("ra1.reviewer"), a.ID, ra.Decision{Version: a.Version, Note: "单位名称不全"}))
		a = app(h.Edit(as("lra1.registrar"), a.ID, ra.EditOf{Version: a.Version, Entry: ra.Entry{Operation: ra.Issue, Fields: map[string]string{"unit": "示例市民政局办公室"}}}))
		a = app(h.Submit(as("lra1.registrar"), a.ID, ra.Decision{Version: a.Version}))
		stale := a.Version
		a = app(h.Approve(as("ra1.reviewer"), a.ID, ra.Decision{Version: a.Version}))
		_, err = h.Reject(as("ra1.reviewer"), a.ID, ra.Decision{Version: stale, Note: "x"})
		wantCode(t, err, "stale")
		a = app(h.CarryOut(as("lra1.issuer"), a.ID, ra.Decision{Version: a.Version}))
		if a.State != ra.Issued || a.Serial == "" || a.Holder == "" {
			t.Fatalf("%+v", a)
		}
		made := must[*ra.Made](t)(h.Result(as("lra1.issuer"), a.ID))
		if made.Sign.Serial != a.Serial {
			t.Errorf("%v is not %v", made.Sign.Serial, a.Serial)
		}
		a = app(h.HandOver(as("lra1.registrar"), a.ID, ra.Decision{Version: a.Version}))
		if a.State != ra.Delivered || len(a.Legal) != 0 {
			t.Errorf("%s, %v", a.State, a.Legal)
		}
		if all := must[[]ra.Moment](t)(h.History(as("lra1.registrar"), a.ID)); len(all) != a.Version {
			t.Errorf("%d moments of version %d", len(all), a.Version)
		}
	})
}

// TestEveryOperation: what exists is renewed, re-issued, changed, frozen, released,
// revoked, and its holder cancelled at last.
func TestEveryOperation(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		h.office = h.room
		a := h.issued("lra1", person(t, 2, "李示例"))
		holder := a.Holder
		for _, op := range []ra.Operation{ra.Renew, ra.Freeze, ra.Unfreeze, ra.Reissue, ra.Modify, ra.Revoke} {
			e := ra.Entry{Operation: op, Issuer: a.Issuer, Serial: a.Serial}
			switch op {
			case ra.Reissue:
				e.Request = newRequest(t)
			case ra.Modify:
				e.Fields = map[string]string{"department": "办公室"}
			case ra.Revoke:
				_, err := h.Register(as("lra1.registrar"), ra.Entry{Operation: ra.Cancel, Holder: holder})
				if err != nil {
					t.Fatal(err)
				}
				e.Reason = "cessationOfOperation"
			}
			done := h.issued("lra1", e)
			if done.Holder != holder || done.Fields["name"] != "李示例" {
				t.Errorf("%s: %+v", op, done)
			}
			a = done
		}
		if h.ca.states[a.Serial] != pki.Revoked {
			t.Errorf("the last certificate is %s", h.ca.states[a.Serial])
		}
		_, err := h.Register(as("lra3.registrar"), ra.Entry{Operation: ra.Cancel, Holder: holder})
		wantCode(t, err, "holder.unknown")
	})
}

// TestFreezeAtOnce: a loss reported at the counter freezes before anybody reviews it,
// and a rejected report takes it back.
func TestFreezeAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		app := must[*ra.Application](t)
		a := h.issued("lra1", person(t, 3, "王示例"))
		f := app(h.Register(as("lra1.registrar"), ra.Entry{Operation: ra.Freeze, Issuer: a.Issuer, Serial: a.Serial}))
		f = app(h.Submit(as("lra1.registrar"), f.ID, ra.Decision{Version: f.Version}))
		if h.ca.states[a.Serial] != pki.Held {
			t.Errorf("submitted, and the certificate is %s", h.ca.states[a.Serial])
		}
		app(h.Reject(as("ra1.reviewer"), f.ID, ra.Decision{Version: f.Version, Note: "不是本人"}))
		if h.ca.states[a.Serial] != pki.Valid {
			t.Errorf("rejected, and the certificate is %s", h.ca.states[a.Serial])
		}
	})
}

// TestApart: who registers never reviews, a counter never reviews, and what another
// branch has does not exist.
func TestApart(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		app := must[*ra.Application](t)
		a := app(h.Register(as("lra1.registrar"), person(t, 4, "赵示例")))
		a = app(h.Submit(as("lra1.registrar"), a.ID, ra.Decision{Version: a.Version}))
		d := ra.Decision{Version: a.Version}
		_, err := h.Approve(as("lra1.registrar"), a.ID, d)
		wantCode(t, err, "officer.forbidden")
		_, err = h.Approve(as("lra1.reviewer"), a.ID, d)
		wantCode(t, err, "application.level")
		_, err = h.Approve(as("ra2.reviewer"), a.ID, d)
		wantCode(t, err, "application.unknown")
		_, err = h.Application(as("lra2.registrar"), a.ID)
		wantCode(t, err, "application.unknown")
		_, err = h.Me(as("lra9.registrar"))
		wantCode(t, err, "post.none")
		page := must[*ra.Page[*ra.Application]](t)(h.Applications(as("ra1.reviewer"), ra.Query{}))
		if len(page.Items) != 1 || page.Items[0].ID != a.ID {
			t.Errorf("%d applications wait", len(page.Items))
		}
		page = must[*ra.Page[*ra.Application]](t)(h.Applications(as("ra2.reviewer"), ra.Query{}))
		if len(page.Items) != 0 {
			t.Errorf("another branch sees %d", len(page.Items))
		}
	})
}

// TestSentTwice: the same entry with the same key is one application.
func TestSentTwice(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		e := person(t, 5, "孙示例")
		e.Key = "key-1"
		app := must[*ra.Application](t)
		first, second := app(h.Register(as("lra1.registrar"), e)), app(h.Register(as("lra1.registrar"), e))
		if first.ID != second.ID {
			t.Errorf("%s and %s", first.ID, second.ID)
		}
		e.Fields["name"] = "孙另例"
		_, err := h.Register(as("lra1.registrar"), e)
		wantCode(t, err, "once.other")
	})
}
