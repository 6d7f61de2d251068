package ra_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"onecert/pki"
	"onecert/ra"
)

// TestLists: every list, page by page, is what there is: by state, kind, name, holder
// and node, at every level of the tree.
func TestLists(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		var all []*ra.Application
		for i := range 24 {
			node := []string{"lra1", "lra2", "lra3"}[i%3]
			name := []string{"张示例", "张示", "李示例", "A示例"}[i%4]
			h.clock.add(time.Duration(i%2) * time.Second) // some in the same instant
			if i%5 == 0 {
				all = append(all, h.issued(node, person(t, 100+i, name)))
			} else {
				all = append(all, must[*ra.Application](t)(h.Register(as(node+".registrar"), person(t, 100+i, name))))
			}
		}
		for _, who := range []string{"centre.reviewer", "ra1.reviewer", "lra3.registrar"} {
			for _, q := range []ra.Query{{States: []ra.State{ra.Draft}}, {States: ra.AllStates(), Kind: ra.Person}, {States: []ra.State{ra.Draft}, Kind: ra.Code},
				{Name: "张"}, {Name: "张示例", States: []ra.State{ra.Draft, ra.Issued}}, {Name: "B"}, {Holder: all[0].Holder}, {Node: "lra1", States: []ra.State{ra.Issued}}, {Node: "lra1", Name: "张"},
				{Mine: true}, {Mine: true, States: []ra.State{ra.Draft}, Kind: ra.Person}, {Mine: true, Name: "张"}, {Conflict: true}} {
				if who == "lra3.registrar" && q.Node != "" {
					continue
				}
				checkList(t, h, who, q, all)
			}
		}
		_, err := h.Applications(as("ra1.reviewer"), ra.Query{After: "x"})
		wantCode(t, err, "list.after")
		if page := must[*ra.Page[*ra.Application]](t)(h.Applications(as("lra1.registrar"), ra.Query{Mine: true})); len(page.Items) == 0 {
			t.Error("a clerk has begun nothing")
		}
		_, err = h.Applications(as("lra1.registrar"), ra.Query{Mine: true, States: []ra.State{ra.Issued}})
		wantCode(t, err, "list.mine")
		_, err = h.Applications(as("ra1.reviewer"), ra.Query{States: []ra.State{"x"}})
		wantCode(t, err, "list.state")
		if page := must[*ra.Page[*ra.Application]](t)(h.Applications(as("ra1.reviewer"), ra.Query{States: slices.Repeat(ra.AllStates(), 100)})); len(page.Items) == 0 {
			t.Error("states that were named often list nothing")
		}
	})
}

// checkList holds the pages of a list against what a person would pick out by hand.
func checkList(t *testing.T, h *house, who string, q ra.Query, all []*ra.Application) {
	t.Helper()
	node, _, _ := strings.Cut(who, ".")
	if q.Node != "" {
		node = q.Node
	}
	var want, got []string
	for _, a := range all {
		if strings.Contains(a.Path, "/"+node+"/") && (len(q.States) == 0 || slices.Contains(q.States, a.State)) && (q.Kind == "" || q.Kind == a.Kind) &&
			strings.HasPrefix(a.Fields["name"], q.Name) && (q.Holder == "" || q.Holder == a.Holder) &&
			(!q.Mine || a.RegisteredBy == who && (a.State == ra.Draft || a.State == ra.Returned)) && (!q.Conflict || a.Conflict != "") {
			want = append(want, a.ID)
		}
	}
	q.Limit = 4
	for {
		page := must[*ra.Page[*ra.Application]](t)(h.Applications(as(who), q))
		for _, a := range page.Items {
			got = append(got, a.ID)
		}
		if q.After = page.After; q.After == "" {
			break
		}
	}
	ordered := slices.Clone(got)
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("%s, %+v: %d listed, %d there", who, q, len(got), len(want))
	}
	if q.Name == "" || q.Mine {
		checkNewest(t, ordered, all)
	}
}

func checkNewest(t *testing.T, ids []string, all []*ra.Application) {
	t.Helper()
	at := func(id string) string {
		i := slices.IndexFunc(all, func(a *ra.Application) bool { return a.ID == id })
		return fmt.Sprintf("%013d.%s", all[i].Created.UnixMilli(), id)
	}
	if !slices.IsSortedFunc(ids, func(x, y string) int { return strings.Compare(at(y), at(x)) }) {
		t.Errorf("not newest first: %v", ids)
	}
}

// TestCertificatesListed: by name, page by page, at one counter and over more counters
// than are looked at one by one.
func TestCertificatesListed(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		for i := range 40 { // a wide tree
			n := must[*ra.Node](t)(h.room.AddNode(as("centre.system"), ra.Node{ID: fmt.Sprintf("wide%d", i), Parent: "ra1", Level: ra.LRA, Name: "受理点"}))
			must[*ra.Node](t)(h.room.SetNode(as("centre.security"), n.ID, n.Version, ra.Active))
		}
		var want []string
		for i := range 9 {
			a := h.issued([]string{"lra1", "lra2"}[i%2], person(t, 200+i, fmt.Sprintf("陈示例%d", i%3)))
			want = append(want, string(a.Serial))
		}
		h.issued("lra3", person(t, 300, "陈示例"))
		slices.Sort(want)
		for _, q := range []ra.CertificateQuery{{}, {Name: "陈"}, {State: "valid", Name: "陈示例"}} {
			var got, names []string
			q.Limit = 4
			for {
				page := must[*ra.Page[*ra.Certificate]](t)(h.Certificates(as("ra1.reviewer"), q))
				for _, c := range page.Items {
					got, names = append(got, string(c.Serial)), append(names, c.Name)
				}
				if q.After = page.After; q.After == "" {
					break
				}
			}
			slices.Sort(got)
			if !slices.Equal(got, want) || !slices.IsSorted(names) {
				t.Errorf("%+v: %d listed, %v", q, len(got), names)
			}
		}
		some := must[*ra.Page[*ra.Certificate]](t)(h.Certificates(as("ra1.reviewer"), ra.CertificateQuery{Name: "陈", Limit: 1})).Items[0]
		for want, q := range map[int]ra.CertificateQuery{1: {Holder: some.Holder, State: "valid"}, 0: {Holder: some.Holder, Name: "李"}} {
			if page := must[*ra.Page[*ra.Certificate]](t)(h.Certificates(as("ra1.reviewer"), q)); len(page.Items) != want {
				t.Errorf("%+v: %d", q, len(page.Items))
			}
		}
		page := must[*ra.Page[*ra.Certificate]](t)(h.Certificates(as("ra1.reviewer"), ra.CertificateQuery{Node: "lra1"}))
		if len(page.Items) != 5 {
			t.Errorf("%d at lra1", len(page.Items))
		}
		day := some.NotAfter.In(time.FixedZone("UTC+8", 8*60*60)).Format(time.DateOnly)
		for i, c := range []struct {
			q    ra.CertificateQuery
			want int
		}{
			{ra.CertificateQuery{Serial: string(some.Serial)}, 1},
			{ra.CertificateQuery{Serial: string(some.Serial), Issuer: "another"}, 0},
			{ra.CertificateQuery{Kind: some.Kind}, 9},
			{ra.CertificateQuery{Kind: ra.Device}, 0},
			{ra.CertificateQuery{Unit: some.Unit[:3]}, 9},
			{ra.CertificateQuery{Unit: "no such"}, 0},
			{ra.CertificateQuery{Region: "999999"}, 0},
			{ra.CertificateQuery{EndsFrom: day, EndsTo: day}, 9},
			{ra.CertificateQuery{EndsFrom: day, Name: "陈示例0"}, 3},
			{ra.CertificateQuery{EndsTo: "2001-01-01"}, 0},
			{ra.CertificateQuery{EndsFrom: day, State: pki.Revoked}, 0},
		} {
			c.q.Limit = 4
			got := map[pki.Serial]bool{}
			for more := true; more; more = c.q.After != "" {
				page := must[*ra.Page[*ra.Certificate]](t)(h.Certificates(as("ra1.reviewer"), c.q))
				for _, found := range page.Items {
					got[found.Serial] = true
				}
				c.q.After = page.After
			}
			if len(got) != c.want {
				t.Errorf("query %d: %d found, not %d", i, len(got), c.want)
			}
		}
		if _, err := h.Certificates(as("ra1.reviewer"), ra.CertificateQuery{EndsFrom: "2026-02-31"}); pki.CodeOf(err) != "search.day" {
			t.Errorf("a day that is none: %v", err)
		}
	})
}
