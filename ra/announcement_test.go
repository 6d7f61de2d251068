package ra_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"onecert/pki"
	"onecert/ra"
)

func aNotice(h *house) ra.Announcement {
	return ra.Announcement{TitleZH: "春节放假通知", TitleEN: "Holiday hours", TextZH: "窗口放假。\n\n<b>自助服务</b>照常。", TextEN: "Counters are closed.", Begins: h.clock.Now()}
}

// consented puts an announcement forward and has it approved.
func (h *house) consented(who string, m *ra.Motion) *ra.Motion {
	h.t.Helper()
	return must[*ra.Motion](h.t)(h.DecideMotion(as(who), m.ID, ra.MotionDecision{Decision: ra.Decision{Version: m.Version}, Consent: true}))
}

// TestAnnouncement: written by one, shown to everybody once another has consented, from
// its begin to its end, and taken down by two.
func TestAnnouncement(t *testing.T) {
	onSelf(t, func(t *testing.T, h *house, self counter, _ *mailbox) {
		nobody, motion := context.Background(), must[*ra.Motion](t)
		shown := func() []ra.Announcement {
			t.Helper()
			return itemsOf[ra.Announcement](t)(self.Announced(nobody, ra.ListQuery{}))
		}
		n := aNotice(h)
		n.Begins, n.Ends = h.clock.Now().Add(time.Hour), h.clock.Now().Add(3*time.Hour)
		m := motion(h.Announce(as("centre.system"), n))
		if m.Kind != ra.AnnounceMotion || m.Needs != 1 || len(shown()) != 0 {
			t.Errorf("%+v, shown %v", m, shown())
		}
		_, err := h.DecideMotion(as("centre.system"), m.ID, ra.MotionDecision{Decision: ra.Decision{Version: 1}, Consent: true})
		wantCode(t, err, "officer.forbidden")
		draft := must[*ra.Announcement](t)(h.Announcement(as("centre.security"), m.Object))
		if draft.TextZH != n.TextZH || draft.State != "proposed" || draft.By != "centre.system" {
			t.Errorf("%+v", draft)
		}
		_, err = self.AnnouncementText(nobody, m.Object)
		wantCode(t, err, "announcement.unknown")
		if m = h.consented("centre.security", m); m.State != ra.MotionDone || len(shown()) != 0 {
			t.Errorf("%s, shown before its begin: %v", m.State, shown())
		}
		h.clock.add(2 * time.Hour)
		if all := shown(); len(all) != 1 || all[0].TitleEN != n.TitleEN || !all[0].Shown || all[0].By != "" || all[0].Motion != "" || all[0].TextZH != "" {
			t.Errorf("%+v", all)
		}
		if one := must[*ra.Announcement](t)(self.AnnouncementText(nobody, m.Object)); one.TextZH != n.TextZH || one.TextEN != n.TextEN || one.By != "" {
			t.Errorf("%+v", one)
		}
		down := motion(h.TakeDown(as("centre.system"), m.Object, ra.Ending{Reason: "改期"}))
		if len(shown()) != 1 {
			t.Error("taken down by one alone")
		}
		h.consented("centre.audit", down)
		if all := shown(); len(all) != 0 {
			t.Errorf("after it was taken down: %+v", all)
		}
		_, err = h.TakeDown(as("centre.system"), m.Object, ra.Ending{Reason: "再次"})
		wantCode(t, err, "announcement.state")
		h.consented("centre.audit", motion(h.Announce(as("centre.system"), aNotice(h))))
		ending := aNotice(h)
		ending.Ends = h.clock.Now().Add(time.Hour)
		h.consented("centre.audit", motion(h.Announce(as("ra1.system"), ending)))
		if len(shown()) != 2 {
			t.Errorf("%+v", shown())
		}
		h.clock.add(time.Hour)
		if len(shown()) != 1 {
			t.Errorf("after its end: %+v", shown())
		}
		refused := motion(h.Announce(as("centre.system"), aNotice(h)))
		motion(h.DecideMotion(as("centre.security"), refused.ID, ra.MotionDecision{Decision: ra.Decision{Version: 1, Note: "措辞"}}))
		if one := must[*ra.Announcement](t)(h.Announcement(as("centre.system"), refused.Object)); one.State != "refused" || len(shown()) != 1 {
			t.Errorf("%+v", one)
		}
	})
}

// TestAnnouncementsOfBranches: an office sees its own and what the offices above publish.
func TestAnnouncementsOfBranches(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		for i := range 3 {
			n := aNotice(h)
			n.TitleZH = fmt.Sprintf("公告第%d号", i)
			m := must[*ra.Motion](t)(h.Announce(as("ra1.system"), n))
			if i == 0 {
				h.consented("ra1.security", m)
			}
		}
		h.consented("centre.audit", must[*ra.Motion](t)(h.Announce(as("centre.system"), aNotice(h))))
		for who, want := range map[string]int{"ra1.registrar": 4, "lra1.issuer": 2, "ra2.system": 1, "centre.audit": 4} {
			wantWalk(t, who, want, func(q ra.ListQuery) (*ra.Page[ra.Announcement], error) {
				return h.Announcements(as(who), ra.AnnouncementQuery{ListQuery: q})
			}, func(a ra.Announcement) string { return a.ID })
			if all := itemsOf[ra.Announcement](t)(h.Announcements(as(who), ra.AnnouncementQuery{})); len(all) != want {
				t.Errorf("%s sees %d, not %d", who, len(all), want)
			}
		}
		of := func(state string) ra.Announcement {
			return itemsOf[ra.Announcement](t)(h.Announcements(as("centre.system"), ra.AnnouncementQuery{State: state}))[0]
		}
		_, err := h.TakeDown(as("ra2.system"), of("proposed").ID, ra.Ending{Reason: "不要"})
		wantCode(t, err, "announcement.unknown")
		_, err = h.TakeDown(as("ra1.system"), itemsOf[ra.Announcement](t)(h.Announcements(as("ra2.system"), ra.AnnouncementQuery{}))[0].ID, ra.Ending{Reason: "不要"})
		wantCode(t, err, "announcement.above")
		_, err = h.Announce(as("lra1.system"), aNotice(h))
		wantCode(t, err, "announcement.level")
		_, err = h.Announce(as("ra1.reviewer"), aNotice(h))
		wantCode(t, err, "officer.forbidden")
	})
}

// TestBadAnnouncements: nothing hidden, nothing of a person, nothing endless.
func TestBadAnnouncements(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		for name, change := range map[string]func(*ra.Announcement){
			"bidi":      func(n *ra.Announcement) { n.TextZH = "转\u202e账" },
			"invisible": func(n *ra.Announcement) { n.TitleEN = "Pay\u200bment" },
			"control":   func(n *ra.Announcement) { n.TextEN = "a\x1b[2Jb" },
			"lines":     func(n *ra.Announcement) { n.TitleZH = "两\n行" },
			"no text":   func(n *ra.Announcement) { n.TextEN = " " },
			"long":      func(n *ra.Announcement) { n.TextZH = strings.Repeat("长", 10_001) },
			"long name": func(n *ra.Announcement) { n.TitleEN = strings.Repeat("x", 101) },
			"identity":  func(n *ra.Announcement) { n.TextZH = "请 " + resident(5) + " 来取" },
			"no begin":  func(n *ra.Announcement) { n.Begins = time.Time{} },
			"far":       func(n *ra.Announcement) { n.Begins = h.clock.Now().AddDate(3, 0, 0) },
			"ended":     func(n *ra.Announcement) { n.Ends = n.Begins },
		} {
			n := aNotice(h)
			change(&n)
			if _, err := h.Announce(as("centre.system"), n); pki.KindOf(err) != pki.Invalid {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
