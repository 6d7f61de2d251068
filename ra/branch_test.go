package ra_test

import (
	"strings"
	"testing"
	"time"

	"onecert/audit"
	"onecert/pki"
	"onecert/ra"
)

// TestFreezeNearby: any counter freezes for a vetted holder of another branch, learns
// nothing of him, and the holder's registration decides.
func TestFreezeNearby(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		a := h.issued("lra1", person(t, 80, "蒋示例"))
		b := h.issued("lra1", person(t, 81, "沈示例"))
		for _, c := range []struct {
			n    ra.Nearby
			code string
		}{
			{ra.Nearby{Vetted: "出示身份证"}, "nearby.which"},
			{ra.Nearby{Issuer: "sm2", Serial: a.Serial}, "nearby.vetted"},
			{ra.Nearby{Issuer: "sm2", Serial: "0102030405060708", Vetted: "出示身份证"}, "nearby.none"},
			{ra.Nearby{Kind: ra.Person, DocumentKind: "resident", Number: resident(82), Vetted: "出示身份证"}, "nearby.none"},
			{ra.Nearby{Kind: ra.Person, DocumentKind: "resident", Number: "123456", Vetted: "出示身份证"}, "identity.resident"},
			{ra.Nearby{Issuer: "sm2", Serial: a.Serial, Vetted: "身份证" + resident(80)}, "identity.clear"},
		} {
			_, err := h.FreezeNearby(as("lra3.registrar"), c.n)
			if got := pki.CodeOf(err); got != c.code && !(strings.HasPrefix(c.code, "identity.") && strings.HasPrefix(got, "identity")) && !(c.code == "nearby.vetted" && pki.KindOf(err) == pki.Invalid) {
				t.Errorf("%+v: %v", c.n, err)
			}
		}
		_, err := h.FreezeNearby(as("lra3.reviewer"), ra.Nearby{Issuer: "sm2", Serial: a.Serial, Vetted: "出示身份证"})
		wantCode(t, err, "officer.forbidden")
		done := must[*ra.NearbyDone](t)(h.FreezeNearby(as("lra3.registrar"), ra.Nearby{Issuer: "sm2", Serial: a.Serial, Vetted: "出示身份证"}))
		if len(done.Applications) != 1 || h.ca.states[a.Serial] != pki.Held {
			t.Fatalf("%+v, %s", done, h.ca.states[a.Serial])
		}
		_, err = h.Application(as("lra3.registrar"), done.Applications[0])
		wantCode(t, err, "application.unknown")
		if page := must[*ra.Page[*ra.Certificate]](t)(h.Certificates(as("lra3.registrar"), ra.CertificateQuery{})); len(page.Items) != 0 {
			t.Errorf("the counter sees %+v", page.Items)
		}
		_, err = h.Approve(as("ra2.reviewer"), done.Applications[0], ra.Decision{Version: 2})
		wantCode(t, err, "application.unknown")
		f := must[*ra.Application](t)(h.Application(as("ra1.reviewer"), done.Applications[0]))
		must[*ra.Application](t)(h.Approve(as("ra1.reviewer"), f.ID, ra.Decision{Version: f.Version}))
		moments := must[[]ra.Moment](t)(h.History(as("ra1.reviewer"), f.ID))
		if moments[0].Actor != "lra3.registrar" || !strings.Contains(moments[0].Note, "lra3") {
			t.Errorf("%+v", moments[0])
		}
		// By the document, and taken back: the state here follows the CA's.
		done = must[*ra.NearbyDone](t)(h.FreezeNearby(as("lra3.registrar"), ra.Nearby{Kind: ra.Person, DocumentKind: "resident", Number: resident(81), Vetted: "出示身份证"}))
		f = must[*ra.Application](t)(h.Application(as("ra1.reviewer"), done.Applications[0]))
		must[*ra.Application](t)(h.Reject(as("ra1.reviewer"), f.ID, ra.Decision{Version: f.Version, Note: "不是本人"}))
		page := must[*ra.Page[*ra.Certificate]](t)(h.Certificates(as("ra1.reviewer"), ra.CertificateQuery{Holder: b.Holder}))
		if h.ca.states[b.Serial] != pki.Valid || len(page.Items) != 1 || page.Items[0].State != pki.Valid {
			t.Errorf("%s, %+v", h.ca.states[b.Serial], page.Items)
		}
	})
}

// TestRejectedReportReleasesNothingElse: a second report of loss that is rejected does
// not release what the first, confirmed one froze.
func TestRejectedReportReleasesNothingElse(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		a := h.issued("lra1", person(t, 83, "韩示例"))
		freeze := ra.Entry{Operation: ra.Freeze, Issuer: a.Issuer, Serial: a.Serial}
		h.issued("lra1", freeze)
		second := h.submitted("lra1.registrar", freeze)
		must[*ra.Application](t)(h.Reject(as("ra1.reviewer"), second.ID, ra.Decision{Version: second.Version, Note: "重复"}))
		if h.ca.states[a.Serial] != pki.Held {
			t.Errorf("the certificate is %s", h.ca.states[a.Serial])
		}
	})
}

// TestMoveHolder: proposed by one, consented to by another, above both units; the
// certificates go along, with their history and figures.
func TestMoveHolder(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		a := h.issued("lra1", person(t, 84, "杨示例"))
		move := ra.Move{To: "lra2", Reason: "调任南市"}
		for who, code := range map[string]string{"lra1.registrar": "node.unknown", "ra2.registrar": "holder.unknown", "ra1.reviewer": "officer.forbidden", "lra2.registrar": "holder.unknown"} {
			_, err := h.MoveHolder(as(who), a.Holder, move)
			wantCode(t, err, code)
		}
		_, err := h.MoveHolder(as("ra1.registrar"), a.Holder, ra.Move{To: "lra3", Reason: "调任西市"})
		wantCode(t, err, "node.unknown") // not of this branch
		m := must[*ra.Motion](t)(h.MoveHolder(as("ra1.registrar"), a.Holder, move))
		_, err = h.MoveHolder(as("ra1.registrar"), a.Holder, move)
		wantCode(t, err, "motion.open")
		yes := ra.MotionDecision{Decision: ra.Decision{Version: m.Version}, Consent: true}
		for who, code := range map[string]string{"ra1.registrar": "officer.forbidden", "lra1.reviewer": "motion.unknown", "ra2.reviewer": "motion.unknown", "ra1.security": "officer.forbidden"} {
			_, err := h.DecideMotion(as(who), m.ID, yes)
			wantCode(t, err, code)
		}
		open := h.submitted("lra1.registrar", ra.Entry{Operation: ra.Renew, Issuer: a.Issuer, Serial: a.Serial})
		_, err = h.DecideMotion(as("ra1.reviewer"), m.ID, yes)
		wantCode(t, err, "move.open")
		must[*ra.Application](t)(h.Withdraw(as("lra1.registrar"), open.ID, ra.Decision{Version: open.Version}))
		m = must[*ra.Motion](t)(h.DecideMotion(as("ra1.reviewer"), m.ID, yes))
		if m.State != ra.MotionDone {
			t.Fatalf("%+v", m)
		}
		_, err = h.DecideMotion(as("ra1.reviewer"), m.ID, ra.MotionDecision{Decision: ra.Decision{Version: m.Version}, Consent: true})
		wantCode(t, err, "motion.over")
		if all := must[*ra.Page[*ra.Holder]](t)(h.Holders(as("lra2.registrar"), ra.HolderQuery{Name: "杨"})); len(all.Items) != 1 || all.Items[0].Node != "lra2" {
			t.Errorf("%+v", all.Items)
		}
		moved := must[*ra.Page[*ra.Holder]](t)(h.Holders(as("lra2.registrar"), ra.HolderQuery{Name: "杨"})).Items[0].ID
		for who, want := range map[string]int{"lra2.registrar": 1, "lra1.registrar": 0} {
			if all := must[*ra.Page[*ra.Holder]](t)(h.Holders(as(who), ra.HolderQuery{ID: moved})); len(all.Items) != want {
				t.Errorf("%s finds %d by id", who, len(all.Items))
			}
		}
		if all := must[*ra.Page[*ra.Holder]](t)(h.Holders(as("lra1.registrar"), ra.HolderQuery{})); len(all.Items) != 0 {
			t.Errorf("the old unit sees %+v", all.Items)
		}
		done := h.issuedBy("lra2", "ra1", ra.Entry{Operation: ra.Renew, Issuer: a.Issuer, Serial: a.Serial})
		if done.Holder != a.Holder || done.Fields["name"] != "杨示例" {
			t.Errorf("%+v", done)
		}
		if entries := must[[]audit.Entry](t)(h.cfg.Audit.Search(t.Context(), audit.Query{Act: "move."})); len(entries) != 2 {
			t.Errorf("%d entries", len(entries))
		}
		h.clock.add(time.Second)
		back := must[*ra.Motion](t)(h.MoveHolder(as("centre.registrar"), a.Holder, ra.Move{To: "lra3", Reason: "调任西市"}))
		back = must[*ra.Motion](t)(h.DecideMotion(as("centre.reviewer"), back.ID, ra.MotionDecision{Decision: ra.Decision{Version: back.Version, Note: "不同意"}}))
		if back.State != ra.MotionRefused {
			t.Errorf("%+v", back)
		}
		if all := itemsOf[*ra.Motion](t)(h.Motions(as("centre.reviewer"), ra.MotionQuery{})); len(all) != 2 {
			t.Errorf("%d motions", len(all))
		}
	})
}

func (h *house) issuedBy(node, top string, e ra.Entry) *ra.Application {
	h.t.Helper()
	a := h.submitted(node+".registrar", e)
	a = must[*ra.Application](h.t)(h.Approve(as(top+".reviewer"), a.ID, ra.Decision{Version: a.Version}))
	return must[*ra.Application](h.t)(h.CarryOut(as(node+".issuer"), a.ID, ra.Decision{Version: a.Version}))
}

// TestNearbyForAnOutpost: the reports of other counters, and what a holder applies for
// himself, reach the counter that has a process of its own.
func TestNearbyForAnOutpost(t *testing.T) {
	onOutposts(t, func(t *testing.T, c *outpost) {
		c.sync()
		a := must[*ra.Application](t)(c.room.Register(as("lra9.registrar"), person(t, 85, "秦示例")))
		a = must[*ra.Application](t)(c.room.Submit(as("lra9.registrar"), a.ID, ra.Decision{Version: a.Version}))
		c.sync()
		a = must[*ra.Application](t)(c.Approve(as("ra1.reviewer"), a.ID, ra.Decision{Version: a.Version}))
		a = must[*ra.Application](t)(c.CarryOut(as("ra1.issuer"), a.ID, ra.Decision{Version: a.Version}))
		done := must[*ra.NearbyDone](t)(c.FreezeNearby(as("lra3.registrar"), ra.Nearby{Issuer: a.Issuer, Serial: a.Serial, Vetted: "出示身份证"}))
		c.sync()
		f := must[*ra.Application](t)(c.room.Application(as("lra9.registrar"), done.Applications[0]))
		if f.Operation != ra.Freeze || f.RegisteredBy != "lra3.registrar" || c.ca.states[a.Serial] != pki.Held {
			t.Errorf("%+v, %s", f, c.ca.states[a.Serial])
		}
		c.same(f.ID)
	})
}
