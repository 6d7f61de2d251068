package ra_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"onecert/audit"
	"onecert/pki"
	"onecert/pkitest"
	"onecert/ra"
)

func aPolicy(h *house) ra.Policy {
	return ra.Policy{Kind: ra.PracticeStatement, OID: "1.2.156.99999.1.1", Edition: "1.0", Title: "示例电子认证业务规则", Begins: h.clock.Now().Add(archiveDay), Content: []byte("第一条 总则\n")}
}

// TestPolicy: proposed by one, approved by two others, published for anybody, and never
// changed again.
func TestPolicy(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		for _, change := range []func(*ra.Policy){func(p *ra.Policy) { p.OID = "1.2.x" }, func(p *ra.Policy) { p.Edition = "eins" }, func(p *ra.Policy) { p.Content = []byte{0, 1, 2} },
			func(p *ra.Policy) { p.Content = []byte("%PDF-1.7 not one") }, func(p *ra.Policy) { p.Content = nil }} {
			p := aPolicy(h)
			change(&p)
			if _, err := h.ProposePolicy(as("centre.system"), p); pki.KindOf(err) != pki.Invalid {
				t.Errorf("%+v: %v", p, err)
			}
		}
		_, err := h.ProposePolicy(as("centre.security"), aPolicy(h))
		wantCode(t, err, "officer.forbidden")
		m := must[*ra.Motion](t)(h.ProposePolicy(as("centre.system"), aPolicy(h)))
		anybody := context.Background()
		if all := itemsOf[ra.Policy](t)(h.Policies(anybody, ra.ListQuery{})); len(all) != 0 {
			t.Errorf("published before it is approved: %+v", all)
		}
		_, err = h.PolicyText(anybody, ra.PracticeStatement, "1.0")
		wantCode(t, err, "policy.unknown")
		if p := must[*ra.Policy](t)(h.PolicyText(as("centre.security"), ra.PracticeStatement, "1.0")); string(p.Content) != "第一条 总则\n" {
			t.Errorf("%q", p.Content)
		}
		yes := func(version int) ra.MotionDecision {
			return ra.MotionDecision{Decision: ra.Decision{Version: version}, Consent: true}
		}
		m = must[*ra.Motion](t)(h.DecideMotion(as("centre.security"), m.ID, yes(m.Version)))
		if m.State != ra.MotionOpen {
			t.Errorf("one is enough: %+v", m)
		}
		_, err = h.DecideMotion(as("centre.security"), m.ID, yes(m.Version))
		wantCode(t, err, "motion.twice")
		m = must[*ra.Motion](t)(h.DecideMotion(as("centre.audit"), m.ID, yes(m.Version)))
		all := itemsOf[ra.Policy](t)(h.Policies(anybody, ra.ListQuery{}))
		if m.State != ra.MotionDone || len(all) != 1 || all[0].InForce {
			t.Fatalf("%+v, %+v", m, all)
		}
		h.clock.add(2 * archiveDay)
		if all := itemsOf[ra.Policy](t)(h.Policies(anybody, ra.ListQuery{})); !all[0].InForce || all[0].OID != "1.2.156.99999.1.1" {
			t.Errorf("%+v", all)
		}
		_, err = h.ProposePolicy(as("centre.system"), aPolicy(h))
		wantCode(t, err, "policy.taken")
		next := aPolicy(h)
		next.Edition = "1.1"
		m = must[*ra.Motion](t)(h.ProposePolicy(as("centre.system"), next))
		must[*ra.Motion](t)(h.DecideMotion(as("centre.audit"), m.ID, ra.MotionDecision{Decision: ra.Decision{Version: m.Version, Note: "有误"}}))
		must[*ra.Motion](t)(h.ProposePolicy(as("centre.system"), next)) // mended
		h.clock.add(31 * archiveDay)
		must[*ra.Motion](t)(h.ProposePolicy(as("centre.system"), next)) // nobody decided
		if err := h.cfg.DB.Tx(anybody, execAll(anybody, "UPDATE ra_policy SET title = 'x' WHERE edition = '1.0'")); err != nil {
			t.Fatal(err)
		}
	})
}

// TestAgreement: no node works without a signed agreement, where that is asked for.
func TestAgreement(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := newHouse(t, source, nil)
		h.room.Close()
		h.cfg.DB.Close()
		h.cfg.Agreements = true
		h.start()
		n := must[*ra.Node](t)(h.AddNode(as("centre.system"), ra.Node{ID: "ra3", Parent: "centre", Level: ra.RA, Name: "北省注册机构"}))
		_, err := h.SetNode(as("centre.security"), "ra3", n.Version, ra.Active)
		wantCode(t, err, "node.agreement")
		n.Agreement = strings.Repeat("ab", 32)
		n = must[*ra.Node](t)(h.ChangeNode(as("centre.system"), *n))
		n = must[*ra.Node](t)(h.SetNode(as("centre.security"), "ra3", n.Version, ra.Active))
		n.Agreement = ""
		_, err = h.ChangeNode(as("centre.system"), *n)
		wantCode(t, err, "node.agreement") // nor does an active one lose it
	})
}

// TestHolderFile: everything held about a person, in the clear, for a reason that stands
// in the log; live and archived.
func TestHolderFile(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		p := h.period()
		must[*ra.Volume](t)(h.CloseVolume(as("ra1.system"), ra.Closing{Before: p.before}))
		again := h.issued("lra1", person(t, 100, "许示例"))
		_, err := h.HolderFile(as("lra1.registrar"), p.old.Holder, " ")
		if pki.KindOf(err) != pki.Invalid {
			t.Error(err)
		}
		for who, code := range map[string]string{"lra3.registrar": "holder.unknown", "lra1.reviewer": "officer.forbidden", "ra1.audit": "officer.forbidden"} {
			_, err := h.HolderFile(as(who), p.old.Holder, "本人持证件申请")
			wantCode(t, err, code)
		}
		f := must[*ra.PersonFile](t)(h.HolderFile(as("lra1.registrar"), p.old.Holder, "本人持证件申请"))
		if len(f.Applications) != 2 || len(f.Certificates) != 1 || f.Contacts["phone"] != "13900000000" || f.Purposes["identity"].Purpose != "vetting" {
			t.Fatalf("%+v", f)
		}
		for _, a := range f.Applications {
			if a.Application.Fields["identity"] != resident(100) || len(a.History) == 0 || a.Archived != (a.Application.ID == p.old.ID) {
				t.Errorf("%+v", a)
			}
		}
		if entries := must[[]audit.Entry](t)(h.cfg.Audit.Search(t.Context(), audit.Query{Act: "holder.export", Subject: again.Holder})); len(entries) != 1 || entries[0].Detail["reason"] != "本人持证件申请" {
			t.Errorf("%+v", entries)
		}
	})
}

// TestCancelledIsHidden: a cancelled holder is in no list, and nothing is destroyed.
func TestCancelledIsHidden(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		a := h.issued("lra1", person(t, 110, "孔示例"))
		h.issued("lra1", ra.Entry{Operation: ra.Revoke, Issuer: a.Issuer, Serial: a.Serial, Reason: "cessationOfOperation"})
		h.clock.add(time.Second)
		h.issued("lra1", ra.Entry{Operation: ra.Cancel, Holder: a.Holder})
		if all := must[*ra.Page[*ra.Holder]](t)(h.Holders(as("ra1.registrar"), ra.HolderQuery{})); len(all.Items) != 0 {
			t.Errorf("%+v", all.Items)
		}
		if all := must[*ra.Page[*ra.Certificate]](t)(h.Certificates(as("ra1.registrar"), ra.CertificateQuery{})); len(all.Items) != 0 {
			t.Errorf("%+v", all.Items)
		}
		must[*ra.Application](t)(h.Application(as("ra1.reviewer"), a.ID))
	})
}

// TestPapersEnd: a role is active only while its papers are.
func TestPapersEnd(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		a := h.submitted("lra1.registrar", person(t, 111, "曹示例"))
		h.clock.add(366 * archiveDay)
		_, err := h.Approve(as("ra1.reviewer"), a.ID, ra.Decision{Version: a.Version})
		wantCode(t, err, "post.ended")
		h.later(0)
		must[*ra.Application](t)(h.Approve(as("ra1.reviewer"), a.ID, ra.Decision{Version: a.Version}))
	})
}
