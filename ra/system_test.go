package ra_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"

	"onecert/audit"
	"onecert/pki"
	"onecert/ra"
)

func aSystem() ra.System {
	return ra.System{ID: "tax", Name: "示例申报系统", Owner: "示例税务局", Contact: "信息中心 010-00000000", Services: []ra.Service{ra.Login, ra.Signature}, Kinds: []ra.Kind{ra.Person}, Reader: "ra2"}
}

// registered enters an application at the centre and has it approved.
func (h *house) registered(y ra.System) *ra.System {
	h.t.Helper()
	set := must[*ra.System](h.t)(h.SetSystem(as("centre.registrar"), y))
	return must[*ra.System](h.t)(h.SetSystemState(as("centre.reviewer"), set.ID, set.Version, ra.SystemActive))
}

// TestSystems: registered once at the centre, approved by another, usable by all, and
// changed only where it was registered.
func TestSystems(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		draft := must[*ra.System](t)(h.SetSystem(as("centre.registrar"), aSystem()))
		if all := itemsOf[*ra.System](t)(h.Systems(as("lra1.registrar"), ra.SystemQuery{})); len(all) != 0 {
			t.Errorf("a draft is seen below: %+v", all)
		}
		_, err := h.SetSystemState(as("centre.registrar"), "tax", draft.Version, ra.SystemActive)
		wantCode(t, err, "officer.forbidden")
		_, err = h.SetSystemState(as("ra1.reviewer"), "tax", draft.Version, ra.SystemActive)
		wantCode(t, err, "system.unknown")
		y := must[*ra.System](t)(h.SetSystemState(as("centre.reviewer"), "tax", draft.Version, ra.SystemActive))
		for _, who := range []string{"lra1.registrar", "ra2.reviewer", "lra3.issuer"} {
			if all := itemsOf[*ra.System](t)(h.Systems(as(who), ra.SystemQuery{})); len(all) != 1 || all[0].Node != "centre" || all[0].State != ra.SystemActive {
				t.Errorf("%s sees %+v", who, all)
			}
		}
		_, err = h.SetSystemState(as("ra1.reviewer"), "tax", y.Version, ra.SystemEnded)
		wantCode(t, err, "system.above")
		hijack := *y
		_, err = h.SetSystem(as("ra1.registrar"), hijack)
		wantCode(t, err, "node.unknown") // its ministry is not of this branch
		hijack.Reader = ""
		_, err = h.SetSystem(as("ra1.registrar"), hijack)
		wantCode(t, err, "stale") // it belongs to another node
		_, err = h.SetSystem(as("centre.registrar"), aSystem())
		wantCode(t, err, "system.taken")
		changed := must[*ra.System](t)(h.SetSystem(as("centre.registrar"), *y))
		if changed.State != ra.SystemDraft {
			t.Errorf("changed, and nobody approved: %s", changed.State)
		}
		ended := must[*ra.System](t)(h.SetSystemState(as("centre.reviewer"), "tax", changed.Version, ra.SystemEnded))
		_, err = h.SetSystem(as("centre.registrar"), *ended)
		wantCode(t, err, "stale")
		bad := aSystem()
		bad.ID, bad.Certificates = "other", []ra.Which{{Issuer: "sm2", Serial: "0102030405060708"}}
		_, err = h.SetSystem(as("centre.registrar"), bad)
		wantCode(t, err, "certificate.unknown")
	})
}

// TestSystemsFile: one table, in which a name that is a formula is a text.
func TestSystemsFile(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		y := aSystem()
		y.Name = `=HYPERLINK("http://evil.example","点这里")`
		h.registered(y)
		content := must[[]byte](t)(h.SystemsFile(as("ra1.registrar"), "csv"))
		rows, err := csv.NewReader(bytes.NewReader(content)).ReadAll()
		if err != nil || len(rows) != 2 || !strings.Contains(rows[0][0], "注册机构") || rows[1][0] != "示例电子认证服务中心" || rows[1][1] != "示例税务局" {
			t.Fatalf("%v, %q", err, rows)
		}
		if strings.HasPrefix(rows[1][2], "=") {
			t.Errorf("a formula: %q", rows[1][2])
		}
		if book := must[[]byte](t)(h.SystemsFile(as("ra1.registrar"), "xlsx")); !bytes.HasPrefix(book, []byte("PK")) {
			t.Errorf("%d octets", len(book))
		}
	})
}

// TestMembers: a ministry sees how exactly the members of its application stand, in any
// branch, without a name; each look is in the log and shown to the registration.
func TestMembers(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		member, other := h.issued("lra1", person(t, 90, "朱示例")), h.issued("lra1", person(t, 91, "秦示例"))
		h.registered(aSystem())
		wantCode(t, h.AddMember(as("lra3.registrar"), "tax", ra.Membership{Holder: member.Holder}), "holder.unknown")
		wantCode(t, h.AddMember(as("lra1.registrar"), "none", ra.Membership{Holder: member.Holder}), "system.unknown")
		for range 2 {
			if err := h.AddMember(as("lra1.registrar"), "tax", ra.Membership{Holder: member.Holder}); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []struct {
			who, holder string
			want        int
		}{{"lra1.registrar", member.Holder, 1}, {"ra1.reviewer", member.Holder, 1}, {"lra1.registrar", other.Holder, 0}, {"lra3.registrar", member.Holder, 0}} {
			if used := must[*ra.Page[*ra.System]](t)(h.Systems(as(c.who), ra.SystemQuery{Holder: c.holder})); len(used.Items) != c.want {
				t.Errorf("%s is told of %d applications", c.who, len(used.Items))
			}
		}
		_, err := h.Systems(as("lra1.issuer"), ra.SystemQuery{Holder: member.Holder})
		wantCode(t, err, "officer.forbidden")
		page := must[*ra.Page[*ra.Standing]](t)(h.Members(as("ra2.reviewer"), "tax", ra.MemberQuery{}))
		if len(page.Items) != 1 || page.Items[0].Serial != member.Serial || page.Items[0].State != pki.Valid || page.Items[0].NotAfter.IsZero() {
			t.Fatalf("%+v", page.Items)
		}
		text, err := json.Marshal(page)
		if err != nil || strings.Contains(string(text), "朱") || strings.Contains(string(text), "lra1") || strings.Contains(string(text), string(other.Serial)) {
			t.Errorf("%v: %s", err, text)
		}
		for _, who := range []string{"ra1.reviewer", "lra1.registrar", "lra3.reviewer"} {
			_, err := h.Members(as(who), "tax", ra.MemberQuery{})
			wantCode(t, err, "system.unknown")
		}
		_, err = h.Members(as("ra2.system"), "tax", ra.MemberQuery{})
		wantCode(t, err, "officer.forbidden")
		_, err = h.Application(as("ra2.reviewer"), member.ID)
		wantCode(t, err, "application.unknown") // and nothing else
		if all := itemsOf[ra.Glance](t)(h.Glances(as("ra1.reviewer"), ra.ListQuery{})); len(all) != 1 || all[0].Officer != "ra2.reviewer" || all[0].Holders != 1 {
			t.Errorf("the registration is shown %+v", all)
		}
		if all := itemsOf[ra.Glance](t)(h.Glances(as("lra2.reviewer"), ra.ListQuery{})); len(all) != 0 {
			t.Errorf("another counter is shown %+v", all)
		}
		if entries := must[[]audit.Entry](t)(h.cfg.Audit.Search(t.Context(), audit.Query{Act: "members.read", Subject: member.Holder})); len(entries) != 1 {
			t.Errorf("%d entries", len(entries))
		}
		if err := h.RemoveMember(as("lra1.registrar"), "tax", ra.Membership{Holder: member.Holder}); err != nil {
			t.Fatal(err)
		}
		if page := must[*ra.Page[*ra.Standing]](t)(h.Members(as("ra2.reviewer"), "tax", ra.MemberQuery{})); len(page.Items) != 0 {
			t.Errorf("%+v", page.Items)
		}
	})
}

// TestCountersConsentToNothing: what a local counter enters or proposes is looked at by
// the registration above it, as its applications are.
func TestCountersConsentToNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		y := aSystem()
		y.Reader = ""
		set := must[*ra.System](t)(h.SetSystem(as("lra1.registrar"), y))
		_, err := h.SetSystemState(as("lra1.reviewer"), set.ID, set.Version, ra.SystemActive)
		wantCode(t, err, "system.level")
		must[*ra.System](t)(h.SetSystemState(as("ra1.reviewer"), set.ID, set.Version, ra.SystemActive))

		for _, id := range []string{"desk1", "desk2"} {
			n := must[*ra.Node](t)(h.AddNode(as("ra1.system"), ra.Node{ID: id, Parent: "lra1", Level: ra.LRA, Name: "窗口" + id}))
			must[*ra.Node](t)(h.SetNode(as("ra1.security"), id, n.Version, ra.Active))
			for _, role := range []string{"registrar", "issuer"} {
				must[*ra.Post](t)(h.SetPost(as("ra1.security"), ra.Post{Officer: id + "." + role, Node: id, Until: h.clock.Now().AddDate(1, 0, 0)}))
			}
		}
		a := h.issuedBy("desk1", "ra1", person(t, 88, "甲示例"))
		m := must[*ra.Motion](t)(h.MoveHolder(as("lra1.registrar"), a.Holder, ra.Move{To: "desk2", Reason: "调动"}))
		yes := ra.MotionDecision{Decision: ra.Decision{Version: m.Version}, Consent: true}
		_, err = h.DecideMotion(as("lra1.reviewer"), m.ID, yes)
		wantCode(t, err, "motion.level")
		must[*ra.Motion](t)(h.DecideMotion(as("ra1.reviewer"), m.ID, yes))
	})
}
