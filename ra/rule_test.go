package ra_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"onecert/audit"
	"onecert/ra"
)

// aRule is a rule of ra1, entered and, if so wanted, switched on.
func (h *house) aRule(u ra.Rule, on bool) *ra.Rule {
	h.t.Helper()
	set := must[*ra.Rule](h.t)(h.SetRule(as("ra1.security"), u))
	if on {
		set.Active = true
		set = must[*ra.Rule](h.t)(h.SetRule(as("ra1.security"), *set))
	}
	return set
}

func (h *house) usualRule() ra.Rule {
	return ra.Rule{Name: "persons", Node: "ra1", Operations: []ra.Operation{ra.Issue}, Kinds: []ra.Kind{ra.Person}, Quota: 2, Until: h.clock.Now().AddDate(0, 1, 0)}
}

func (h *house) submitted(officer string, e ra.Entry) *ra.Application {
	h.t.Helper()
	a := must[*ra.Application](h.t)(h.Register(as(officer), e))
	return must[*ra.Application](h.t)(h.Submit(as(officer), a.ID, ra.Decision{Version: a.Version}))
}

// TestStandingRule: off at delivery, within its quota, kinds, operations and time, and
// its name stands in the record.
func TestStandingRule(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		u := h.aRule(h.usualRule(), false)
		if a := h.submitted("lra1.registrar", person(t, 10, "甲示例")); a.State != ra.Submitted {
			t.Errorf("a rule that is off made it %s", a.State)
		}
		u.Active = true
		u = must[*ra.Rule](t)(h.SetRule(as("ra1.security"), *u))
		a := h.submitted("lra1.registrar", person(t, 11, "乙示例"))
		if a.State != ra.Approved || a.Rule != "persons" || a.ReviewedBy != "" {
			t.Fatalf("%s by rule %q, person %q", a.State, a.Rule, a.ReviewedBy)
		}
		moments := must[[]ra.Moment](t)(h.History(as("lra1.registrar"), a.ID))
		if last := moments[len(moments)-1]; last.Actor != "rule/persons" || last.Node != "ra1" || last.Event != "approve" {
			t.Errorf("%+v", last)
		}
		if entries := must[[]audit.Entry](t)(h.cfg.Audit.Search(context.Background(), audit.Query{Act: "application.approve"})); len(entries) != 1 || entries[0].Detail["rule"] != "persons" {
			t.Errorf("%+v", entries)
		}
		if done := must[*ra.Application](t)(h.CarryOut(as("lra1.issuer"), a.ID, ra.Decision{Version: a.Version})); done.Rule != "persons" {
			t.Errorf("issued by rule %q", done.Rule)
		}
		for name, state := range map[string]ra.State{"lra3": ra.Submitted, "ra1": ra.Submitted} { // another branch; not a local counter
			if a := h.submitted(name+".registrar", person(t, 40+len(name), "丙示例")); a.State != state {
				t.Errorf("%s: %s", name, a.State)
			}
		}
		second := person(t, 11, "乙示例")
		second.Reason = "两个岗位"
		if a := h.submitted("lra1.registrar", second); a.State != ra.Submitted {
			t.Errorf("a second certificate was %s without a person", a.State)
		}
		h.submitted("lra2.registrar", person(t, 16, "丁示例"))
		if a := h.submitted("lra1.registrar", person(t, 17, "戊示例")); a.State != ra.Submitted {
			t.Errorf("beyond its quota the rule made it %s", a.State)
		}
		if all := itemsOf[ra.Rule](t)(h.Rules(as("ra1.reviewer"), ra.RuleQuery{})); len(all) != 1 || all[0].Used != 2 {
			t.Errorf("%+v", all)
		}
		must[*ra.Rule](t)(h.SetRule(as("ra1.security"), *u)) // counts anew
		h.clock.add(32 * 24 * time.Hour)
		if a := h.submitted("lra1.registrar", person(t, 18, "己示例")); a.State != ra.Submitted {
			t.Errorf("after its end the rule made it %s", a.State)
		}
	})
}

// TestStandingRuleNeedsItsName: what ends a certificate is never approved by a rule
// that does not name it.
func TestStandingRuleNeedsItsName(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		h.aRule(h.usualRule(), true)
		a := h.submitted("lra1.registrar", person(t, 20, "庚示例"))
		a = must[*ra.Application](t)(h.CarryOut(as("lra1.issuer"), a.ID, ra.Decision{Version: a.Version}))
		revoke := ra.Entry{Operation: ra.Revoke, Issuer: a.Issuer, Serial: a.Serial, Reason: "keyCompromise"}
		if r := h.submitted("lra1.registrar", revoke); r.State != ra.Submitted {
			t.Errorf("a revocation was %s", r.State)
		}
		named := h.usualRule()
		named.Name, named.Operations = "ends", []ra.Operation{ra.Revoke}
		h.aRule(named, true)
		if r := h.submitted("lra1.registrar", revoke); r.State != ra.Approved || r.Rule != "ends" {
			t.Errorf("a revocation by name was %s", r.State)
		}
	})
}

// TestRuleAboveTheLink: what a counter with a process of its own hands up is reviewed by
// the rules above, which ask about the holder first.
func TestRuleAboveTheLink(t *testing.T) {
	onOutposts(t, func(t *testing.T, c *outpost) {
		c.aRule(c.usualRule(), true)
		c.sync()
		a := must[*ra.Application](t)(c.room.Register(as("lra9.registrar"), person(t, 25, "辛示例")))
		a = must[*ra.Application](t)(c.room.Submit(as("lra9.registrar"), a.ID, ra.Decision{Version: a.Version}))
		if a.State != ra.Submitted {
			t.Errorf("the counter's own process made it %s", a.State)
		}
		c.has(26, elsewhere(c.house))
		b := must[*ra.Application](t)(c.room.Register(as("lra9.registrar"), person(t, 26, "壬示例")))
		must[*ra.Application](t)(c.room.Submit(as("lra9.registrar"), b.ID, ra.Decision{Version: b.Version}))
		c.sync()
		c.sync()
		a = must[*ra.Application](t)(c.room.Application(as("lra9.registrar"), a.ID))
		if a.State != ra.Approved || a.Rule != "persons" {
			t.Errorf("%s by %q", a.State, a.Rule)
		}
		c.same(a.ID)
		if b = must[*ra.Application](t)(c.Application(as("ra1.reviewer"), b.ID)); b.State != ra.Submitted {
			t.Errorf("one who has a certificate was %s", b.State)
		}
	})
}

// TestWhoSetsARule: the security administrator of the level, for registrations of the
// own branch, and nobody else.
func TestWhoSetsARule(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		for _, c := range []struct {
			who, code string
			change    func(*ra.Rule)
		}{
			{"ra1.registrar", "officer.forbidden", nil},
			{"ra1.reviewer", "officer.forbidden", nil},
			{"ra2.security", "node.unknown", nil},
			{"lra1.security", "node.unknown", nil},
			{"ra1.security", "rule.new", func(u *ra.Rule) { u.Active = true }},
			{"ra1.security", "rule.level", func(u *ra.Rule) { u.Node = "lra1" }},
			{"ra1.security", "rule.until", func(u *ra.Rule) { u.Until = h.clock.Now().AddDate(2, 0, 0) }},
			{"ra1.security", "stale", func(u *ra.Rule) { u.Version = 3 }},
		} {
			u := h.usualRule()
			if c.change != nil {
				c.change(&u)
			}
			_, err := h.SetRule(as(c.who), u)
			wantCode(t, err, c.code)
		}
		h.aRule(h.usualRule(), false)
		_, err := h.SetRule(as("ra1.security"), h.usualRule())
		wantCode(t, err, "rule.taken")
		if all := itemsOf[ra.Rule](t)(h.Rules(as("ra2.reviewer"), ra.RuleQuery{})); len(all) != 0 {
			t.Errorf("another branch sees %+v", all)
		}
	})
}

// TestQuotaHoldsTogether: many counters at once get no more than the quota.
func TestQuotaHoldsTogether(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		h.aRule(h.usualRule(), true)
		var approved, failed sync.Map
		var wait sync.WaitGroup
		for i := range 8 {
			e := person(t, 30+i, fmt.Sprint("并发", i))
			wait.Go(func() {
				a, err := h.Register(as("lra1.registrar"), e)
				if err == nil {
					a, err = h.Submit(as("lra1.registrar"), a.ID, ra.Decision{Version: a.Version})
				}
				if err != nil {
					failed.Store(i, err)
				} else if a.State == ra.Approved {
					approved.Store(i, a.ID)
				}
			})
		}
		wait.Wait()
		n := 0
		approved.Range(func(any, any) bool { n++; return true })
		failed.Range(func(_, err any) bool { t.Error(err); return true })
		if n != 2 {
			t.Errorf("%d approved with a quota of 2", n)
		}
	})
}
