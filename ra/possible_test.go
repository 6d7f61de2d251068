package ra_test

import (
	"slices"
	"strings"
	"testing"

	"onecert/officer"
	"onecert/pki"
	"onecert/ra"
)

// barred is what stands in the way of an act.
func barred(a *ra.Application, act ra.Event) ra.Bar {
	i := slices.IndexFunc(a.Barred, func(b ra.Bar) bool { return b.Act == act })
	if i < 0 {
		return ra.Bar{}
	}
	return a.Barred[i]
}

// TestWhatStandsInTheWay: an application tells each officer what he may do with it, and
// of the rest who can.
func TestWhatStandsInTheWay(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		app := must[*ra.Application](t)
		a := h.submitted("lra1.registrar", person(t, 80, "甲示例"))
		for who, want := range map[string]ra.Bar{
			"ra1.reviewer":   {Act: ra.Withdraw, Code: "officer.forbidden", Needs: []string{officer.Registrar}, Where: "lra1"},
			"lra1.registrar": {Act: ra.Approve, Code: "officer.forbidden", Needs: []string{officer.Reviewer}, Where: "ra1"},
			"lra1.reviewer":  {Act: ra.Approve, Code: "application.level", Needs: []string{officer.Reviewer}, Where: "ra1"},
			"centre.issuer":  {Act: ra.Return, Code: "officer.forbidden", Needs: []string{officer.Reviewer}, Where: "ra1"},
		} {
			shown := app(h.Application(as(who), a.ID))
			got := barred(shown, want.Act)
			if got.Code != want.Code || !slices.Equal(got.Needs, want.Needs) || got.Where != want.Where || got.Wrong == "" || got.Remedy == "" {
				t.Errorf("%s: %+v, not %+v", who, got, want)
			}
			if len(shown.Legal)+len(shown.Barred) != 4 {
				t.Errorf("%s: legal %v, barred %v: not the four acts of what was submitted", who, shown.Legal, shown.Barred)
			}
		}
		if shown := app(h.Application(as("ra1.reviewer"), a.ID)); !slices.Equal(shown.Legal, []ra.Event{ra.Return, ra.Approve, ra.Reject}) {
			t.Errorf("the reviewer may %v", shown.Legal)
		}
		own := h.both()
		mine := app(h.Register(own, person(t, 81, "乙示例")))
		mine = app(h.Submit(own, mine.ID, ra.Decision{Version: mine.Version}))
		if got := barred(mine, ra.Approve); got.Code != "application.own" || slices.Contains(mine.Legal, ra.Approve) {
			t.Errorf("of one's own work: %+v, %v", got, mine.Legal)
		}
		n := h.node("lra1")
		n.Rights.Operations = []ra.Operation{ra.Renew}
		must[*ra.Node](t)(h.ChangeNode(as("ra1.system"), n))
		if got := barred(app(h.Application(as("ra1.reviewer"), a.ID)), ra.Approve); got.Code != "node.right" || got.Where != "ra1" || !slices.Equal(got.Needs, []string{officer.Security}) {
			t.Errorf("without the office's right: %+v", got)
		}
		_, err := h.Approve(as("ra1.reviewer"), a.ID, ra.Decision{Version: a.Version})
		wantCode(t, err, "node.right")
		page := must[*ra.Page[*ra.Application]](t)(h.Applications(as("ra1.reviewer"), ra.Query{}))
		for _, one := range page.Items {
			if slices.Contains(one.Legal, ra.Approve) != (one.ID == mine.ID) || len(one.Barred) > 0 {
				t.Errorf("the list says %v, %v", one.Legal, one.Barred)
			}
		}
	})
}

// TestRefusalNamesWhoGives: who lacks a role is told which, and who gives it.
func TestRefusalNamesWhoGives(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		_, err := h.Approve(as("lra1.registrar"), "any", ra.Decision{Version: 1})
		wantCode(t, err, "officer.forbidden")
		if !strings.Contains(err.Error(), "one who is reviewer can") || !strings.Contains(err.Error(), "security administrator of lra1") {
			t.Error(err)
		}
		_, err = h.Approve(as("nowhere.registrar"), "any", ra.Decision{Version: 1})
		if strings.Contains(err.Error(), "lra1") {
			t.Error(err)
		}
	})
}

// TestWhatMayBegin: of a certificate it is told what one may apply for about it.
func TestWhatMayBegin(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		a := h.issued("lra1", person(t, 82, "丙示例"))
		legal := func(who string) []ra.Operation {
			t.Helper()
			all := itemsOf[*ra.Certificate](t)(h.Certificates(as(who), ra.CertificateQuery{Name: "丙示例"}))
			by := itemsOf[*ra.Certificate](t)(h.Certificates(as(who), ra.CertificateQuery{Holder: a.Holder}))
			if len(all) != 1 || len(by) != 1 || !slices.Equal(all[0].Legal, by[0].Legal) {
				t.Fatalf("%+v, %+v", all, by)
			}
			return all[0].Legal
		}
		want := func(all []ra.Operation, what ...ra.Operation) {
			t.Helper()
			if !slices.Equal(all, what) {
				t.Errorf("%v, not %v", all, what)
			}
		}
		want(legal("lra1.registrar"), ra.Renew, ra.Reissue, ra.Modify, ra.Revoke, ra.Freeze)
		want(legal("ra1.reviewer"))
		n := h.node("lra1")
		n.Rights.Operations = []ra.Operation{ra.Renew, ra.Freeze}
		must[*ra.Node](t)(h.ChangeNode(as("ra1.system"), n))
		want(legal("lra1.registrar"), ra.Renew, ra.Freeze)
		n = h.node("lra1")
		n.Rights.Operations = nil
		must[*ra.Node](t)(h.ChangeNode(as("ra1.system"), n))
		f := h.issued("lra1", ra.Entry{Operation: ra.Freeze, Issuer: a.Issuer, Serial: a.Serial})
		want(legal("lra1.registrar"), ra.Reissue, ra.Revoke, ra.Unfreeze)
		h.issued("lra1", ra.Entry{Operation: ra.Revoke, Issuer: f.Issuer, Serial: f.Serial, Reason: "keyCompromise"})
		want(legal("lra1.registrar"), ra.Reissue)
		mine := holder(a.Holder)
		if all := itemsOf[*ra.Certificate](t)(h.room.Self().MyCertificates(mine, ra.ListQuery{})); len(all) != 1 || len(all[0].Legal) != 0 {
			t.Errorf("of what is revoked the holder may %v", all[0].Legal)
		}
	})
}

// TestMyRights: who one is tells what one may do.
func TestMyRights(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		me := must[*ra.Me](t)(h.Me(as("lra1.registrar")))
		if !slices.Contains(me.Rights, officer.Register) || slices.Contains(me.Rights, officer.Review) || me.Home || me.Apart {
			t.Errorf("%+v", me)
		}
		for _, op := range officer.Operations() {
			if slices.Contains(me.Rights, op) != (officer.May(pki.Actor{Roles: me.Roles}, op) == nil) {
				t.Errorf("%s", op)
			}
		}
		if me := must[*ra.Me](t)(h.Me(as("centre.security"))); !me.Home {
			t.Errorf("%+v", me)
		}
	})
}
