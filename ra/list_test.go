package ra_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"onecert/pki"
	"onecert/ra"
)

// walk reads a list page by page and says what it met, in order.
func walk[T any](t *testing.T, size int, read func(ra.ListQuery) (*ra.Page[T], error), name func(T) string) (all []string) {
	t.Helper()
	for after, pages := "", 0; ; pages++ {
		page, err := read(ra.ListQuery{After: after, Limit: size})
		if err != nil || len(page.Items) > size || pages > 100 {
			t.Fatalf("%d items, page %d: %v", size, pages, err)
		}
		for _, one := range page.Items {
			all = append(all, name(one))
		}
		if after = page.After; after == "" {
			return all
		}
	}
}

// wantWalk: one at a time, two at a time and all at once are the same list, of which
// nothing is met twice; and it goes on after nothing that is none of it.
func wantWalk[T any](t *testing.T, what string, least int, read func(ra.ListQuery) (*ra.Page[T], error), name func(T) string) {
	t.Helper()
	whole := walk(t, 200, read, name)
	if once := slices.Compact(slices.Sorted(slices.Values(whole))); len(whole) < least || len(once) != len(whole) {
		t.Errorf("%s: %d of at least %d, %d of them once", what, len(whole), least, len(once))
	}
	for _, size := range []int{1, 2} {
		if other := walk(t, size, read, name); !slices.Equal(other, whole) {
			t.Errorf("%s, %d at a time: %v is not %v", what, size, other, whole)
		}
	}
	if _, err := read(ra.ListQuery{After: "\x1b[2J"}); pki.KindOf(err) != pki.Invalid {
		t.Errorf("%s goes on after a control character: %v", what, err)
	}
}

// TestListsGoOn: every list has a bound and says how to go on, within one's subtree.
func TestListsGoOn(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		security, system := as("centre.security"), as("centre.system")
		for i := range 3 {
			must[*ra.Rule](t)(h.SetRule(security, ra.Rule{Name: fmt.Sprintf("rule-%d", i), Node: "ra1", Operations: []ra.Operation{ra.Renew}, Kinds: []ra.Kind{ra.Person}, Quota: 1, Until: h.clock.Now().AddDate(0, 1, 0)}))
			y := aSystem()
			y.ID, y.Reader = fmt.Sprintf("system-%d", i), ""
			must[*ra.System](t)(h.SetSystem(as("ra1.registrar"), y))
			p := aPolicy(h)
			p.Edition, p.Begins = fmt.Sprintf("1.%d", i), h.clock.Now().Add(time.Duration(i%2)*time.Hour)
			m := must[*ra.Motion](t)(h.ProposePolicy(system, p))
			for n, who := range []string{"centre.security", "centre.audit"} {
				must[*ra.Motion](t)(h.DecideMotion(as(who), m.ID, ra.MotionDecision{Decision: ra.Decision{Version: m.Version + n}, Consent: true}))
			}
		}
		for _, n := range itemsOf[ra.Node](t)(h.Nodes(system, ra.NodeQuery{Parent: "ra1"})) {
			n.Site = n.ID + ".site"
			must[*ra.Node](t)(h.ChangeNode(system, n))
		}
		wantWalk(t, "nodes", 6, func(q ra.ListQuery) (*ra.Page[ra.Node], error) {
			return h.Nodes(system, ra.NodeQuery{ListQuery: q})
		}, func(n ra.Node) string { return n.Path })
		for search, want := range map[string]int{"ra1": 1, "lra": 3, "受理": 3, "%": 0, "_": 0, `\`: 0, "nothing": 0} {
			if all := itemsOf[ra.Node](t)(h.Nodes(system, ra.NodeQuery{Search: search})); len(all) != want {
				t.Errorf("search for %q: %d nodes, want %d", search, len(all), want)
			}
		}
		wantWalk(t, "posts", 30, func(q ra.ListQuery) (*ra.Page[ra.Post], error) {
			return h.Posts(security, ra.PostQuery{ListQuery: q})
		}, func(p ra.Post) string { return p.Officer })
		wantWalk(t, "rules", 3, func(q ra.ListQuery) (*ra.Page[ra.Rule], error) {
			return h.Rules(as("ra1.reviewer"), ra.RuleQuery{ListQuery: q})
		}, func(u ra.Rule) string { return u.Name })
		wantWalk(t, "systems", 3, func(q ra.ListQuery) (*ra.Page[*ra.System], error) {
			return h.Systems(as("ra1.reviewer"), ra.SystemQuery{ListQuery: q})
		}, func(y *ra.System) string { return y.ID })
		wantWalk(t, "motions", 3, func(q ra.ListQuery) (*ra.Page[*ra.Motion], error) {
			return h.Motions(system, ra.MotionQuery{ListQuery: q})
		}, func(m *ra.Motion) string { return m.ID })
		wantWalk(t, "policies", 3, func(q ra.ListQuery) (*ra.Page[ra.Policy], error) { return h.Policies(context.Background(), q) },
			func(p ra.Policy) string { return p.Edition })
		wantWalk(t, "links", 2, func(q ra.ListQuery) (*ra.Page[ra.LinkBelow], error) {
			l, err := h.Links(system, q)
			if err != nil {
				return nil, err
			}
			return &ra.Page[ra.LinkBelow]{Items: l.Below, After: l.After}, nil
		}, func(b ra.LinkBelow) string { return b.Node })
		inForce := 0
		for _, p := range itemsOf[ra.Policy](t)(h.Policies(context.Background(), ra.ListQuery{})) {
			if p.InForce {
				inForce++
			}
		}
		if inForce != 1 {
			t.Errorf("%d editions of one statement are in force", inForce)
		}
		if all := itemsOf[ra.Node](t)(h.Nodes(as("ra1.system"), ra.NodeQuery{})); len(all) != 3 || all[0].ID != "ra1" {
			t.Errorf("ra1 sees %+v", all)
		}
		_, err := h.Nodes(as("ra1.system"), ra.NodeQuery{Node: "ra2"})
		wantCode(t, err, "node.unknown")
		_, err = h.Posts(as("ra1.security"), ra.PostQuery{Node: "lra3"})
		wantCode(t, err, "node.unknown")
		if all := itemsOf[ra.Post](t)(h.Posts(as("ra1.security"), ra.PostQuery{Officer: "lra3.registrar"})); len(all) != 0 {
			t.Errorf("ra1 sees %+v", all)
		}
	})
}
