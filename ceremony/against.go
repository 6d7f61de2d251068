package ceremony

import (
	"fmt"
	"slices"
	"time"

	"onecert/pki"
)

// known is what the check knows of a CA at a point of the plan.
type known struct {
	kind, parent string
	family       string
	pathLen      int       // negative for no limit
	until        time.Time // zero where it is not known
	open         bool      // its key can be here
	pending      bool      // an outside root has not answered
	retired      bool
}

// against holds the plan against the roots' state, act by act, and tells all faults.
func (p *Plan) against(state *State, start time.Time) error {
	c, err := newPlanCheck(p)
	if err != nil {
		return err
	}
	all := map[string]known{}
	for _, r := range state.Authorities {
		all[r.ID] = known{kind: r.Kind, parent: r.Parent, family: r.Suite.Family(), pathLen: -1, open: r.Kind == kindRoot,
			pending: r.Certificate == "", retired: r.Final != nil}
	}
	w := &walk{c, p, all, start}
	for i, act := range p.Acts {
		kind, _ := act.kind()
		w.act(act, i, fmt.Sprintf("acts.%d.%s", i, kind))
	}
	return c.err()
}

// walk goes through the acts with what is known before each.
type walk struct {
	*planCheck
	plan  *Plan
	all   map[string]known
	start time.Time
}

func (w *walk) act(act Act, i int, at string) {
	switch {
	case act.Root != nil:
		a := act.Root
		w.fresh(a.ID, at+".id")
		pathLen := -1
		if a.PathLength != nil {
			pathLen = *a.PathLength
		}
		w.all[a.ID] = known{kind: kindRoot, family: a.Suite.Family(), pathLen: pathLen, until: w.start.AddDate(a.Years, 0, 0), open: true}
	case act.Adopt != nil:
		w.fresh(act.Adopt.ID, at+".id")
		w.all[act.Adopt.ID] = known{kind: kindRoot, pathLen: -1, open: true}
		for n, below := range act.Adopt.Issuing {
			w.fresh(below.ID, fmt.Sprintf("%s.issuing.%d.id", at, n))
			w.all[below.ID] = known{kind: kindIssuing, parent: act.Adopt.ID, pathLen: -1}
		}
	case act.Issuing != nil:
		w.issuing(act.Issuing, at)
	case act.RootCRL != nil:
		w.list(act.RootCRL, at)
	case act.Rollover != nil:
		w.rollover(act.Rollover, at)
	case act.Retire != nil:
		w.retire(act.Retire, i, at)
	case act.OutsideRequest != nil:
		w.request(act.OutsideRequest, at)
	case act.OutsideImport != nil:
		w.there(act.OutsideImport.Authority, at+".authority")
	case act.Reshare != nil:
		w.root(act.Reshare.Authority, at+".authority")
	}
}

func (w *walk) fresh(id, at string) {
	_, taken := w.all[id]
	w.must(!taken, at, "id-once", "there is a CA %s already", id)
}

func (w *walk) there(id, at string) (known, bool) {
	k, ok := w.all[id]
	return k, w.must(ok, at, "id-known", "there is no CA %s, neither in the state nor above", id)
}

func (w *walk) root(id, at string) (known, bool) {
	k, ok := w.there(id, at)
	return k, ok && w.must(k.kind == kindRoot, at, "root", "%s is not a root", id)
}

func (w *walk) issuing(a *IssuingAct, at string) {
	w.fresh(a.ID, at+".id")
	parent, ok := w.there(a.Parent, at+".parent")
	if !ok {
		return
	}
	w.must(parent.open && !parent.pending, at+".parent", "parent-key", "the key of %s is not at this ceremony", a.Parent)
	w.must(parent.pathLen < 0 || a.PathLength < parent.pathLen, at+".path_length", "path-length", "the path length is not below that of %s, which is %d", a.Parent, parent.pathLen)
	until := w.start.AddDate(a.Years, 0, 0)
	w.must(parent.until.IsZero() || !until.After(parent.until), at+".years", "years", "it would outlive %s", a.Parent)
	w.family(parent, a.Suite, at+".suite")
	w.all[a.ID] = known{kind: kindIssuing, parent: a.Parent, family: a.Suite.Family(), pathLen: a.PathLength, until: until, open: a.Request == ""}
}

// family: software that knows SM2 seldom knows a path with RSA or ECDSA in it, and
// other software no SM2 at all.
func (w *walk) family(parent known, suite pki.Suite, at string) {
	w.must(suite == "" || parent.family == "" || (parent.family == "sm2") == (suite == pki.SM2), at, "family", "SM2 is not mixed with other suites in one chain")
}

func (w *walk) list(a *ListAct, at string) {
	w.root(a.Root, at+".root")
	for i, r := range a.Revoke {
		if r.Authority != "" {
			below := fmt.Sprintf("%s.revoke.%d.authority", at, i)
			if k, ok := w.there(r.Authority, below); ok {
				w.must(k.parent == a.Root, below, "revoke-own", "%s is not below %s", r.Authority, a.Root)
			}
		}
	}
}

func (w *walk) rollover(a *RolloverAct, at string) {
	w.fresh(a.ID, at+".id")
	old, ok := w.there(a.Authority, at+".authority")
	if !ok {
		return
	}
	w.must(old.kind == kindIssuing && old.parent != "" && !old.retired, at+".authority", "rollover", "%s is not an issuing CA below a root of ours that is in use", a.Authority)
	if parent, ok := w.all[old.parent]; ok {
		w.must(parent.open, at+".authority", "parent-key", "the key of %s is not at this ceremony", old.parent)
		until := w.start.AddDate(a.Years, 0, 0)
		w.must(parent.until.IsZero() || !until.After(parent.until), at+".years", "years", "it would outlive %s", old.parent)
	}
	w.family(old, a.Suite, at+".suite")
	w.all[a.ID] = known{kind: kindIssuing, parent: old.parent, family: old.family, pathLen: old.pathLen, open: true}
}

// retire: without a list nobody would learn of it.
func (w *walk) retire(a *RetireAct, i int, at string) {
	k, ok := w.there(a.Authority, at+".authority")
	if !ok || !w.must(k.kind == kindIssuing && k.parent != "" && !k.retired, at+".authority", "retire", "%s is not an issuing CA below a root of ours that is in use", a.Authority) {
		return
	}
	follows := slices.ContainsFunc(w.plan.Acts[i+1:], func(later Act) bool { return later.RootCRL != nil && later.RootCRL.Root == k.parent })
	w.must(follows, at, "retire-list", "a root_crl of %s must follow", k.parent)
	k.retired = true
	w.all[a.Authority] = k
}

func (w *walk) request(a *RequestAct, at string) {
	if a.Authority != "" {
		if k, ok := w.there(a.Authority, at+".authority"); ok {
			w.must(k.open && !k.pending, at+".authority", "request-key", "the key of %s is not at this ceremony", a.Authority)
		}
		return
	}
	w.fresh(a.ID, at+".id")
	w.all[a.ID] = known{kind: kindIssuing, family: a.Suite.Family(), pathLen: -1, pending: true}
}
