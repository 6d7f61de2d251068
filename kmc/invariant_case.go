package kmc

import (
	"bytes"
	"context"
	"time"

	"onecert/audit"
	"onecert/officer"
)

// caseFacts is what the log tells of acts of several persons.
type caseFacts struct {
	used      map[string]int    // how often an approval was used, by its id
	disclosed map[string]int    // entries by "case key"
	destroyed map[string]string // approval by key id
	twice     map[string]bool   // keys that the log says were destroyed twice
}

func newCaseFacts() caseFacts {
	return caseFacts{used: map[string]int{}, disclosed: map[string]int{}, destroyed: map[string]string{}, twice: map[string]bool{}}
}

func (f *caseFacts) note(e audit.Entry) {
	if e.Result != audit.Done {
		return
	}
	id := e.Detail["key"]
	switch e.Act {
	case "approval.use":
		f.used[e.Object+" "+e.Detail["operation"]]++
	case actDisclose:
		f.disclosed[e.Detail["approval"]+" "+id]++
	case actDestroy:
		_, before := f.destroyed[id]
		f.twice[id] = before
		f.destroyed[id] = e.Detail["approval"]
	}
}

// compareDestroyed: what is destroyed was past its retention, by an approval used
// once, and is gone; and nothing else is.
func (i *invariants) compareDestroyed() {
	for id, u := range i.uses {
		approval, logged := i.cases.destroyed[id]
		gone := !u.destroyedAt.IsZero()
		switch {
		case gone != logged || i.cases.twice[id]:
			i.fault("pair %s: destroyed %v, in the log %v", id, gone, logged)
		case gone && i.cases.used[approval+" "+string(officer.DestroyKeys)] != 1:
			i.fault("pair %s was destroyed without an approval", id)
		case gone && (u.endedAt.IsZero() || u.destroyedAt.Before(i.centre.due(u))):
			i.fault("pair %s was destroyed before its retention was over", id)
		}
	}
}

// left says whether a destroyed pair's record still has something to open.
func (i *invariants) left(r *record) bool {
	return !bytes.Equal(r.sealed, make([]byte, len(r.sealed)))
}

// compareCases: a case was carried out once and by its approval, exactly its pairs
// were handed out, each with its entry in the log, and no ledger waits too long.
func (i *invariants) compareCases(ctx context.Context) {
	q := i.centre.config.DB.Read()
	all, err := listCases(ctx, q, "1 = 1 ORDER BY c.id")
	if err != nil {
		i.fault("%v", err)
	}
	for _, s := range all {
		content, err := s.read()
		if err != nil {
			i.fault("%v", err)
			continue
		}
		exports, err := listExports(ctx, q, s.id)
		if err != nil {
			i.fault("%v", err)
		}
		done := !s.at.IsZero()
		if times := map[bool]int{true: 1}[done]; i.cases.used[s.id+" "+string(officer.Disclose)] != times {
			i.fault("case %s: carried out %v, its approval was used %d times", s.id, done, i.cases.used[s.id+" "+string(officer.Disclose)])
		}
		if len(exports) != map[bool]int{true: len(content.Keys)}[done] {
			i.fault("case %s: %d exports of %d pairs", s.id, len(exports), len(content.Keys))
		}
		if done && (s.shownAt.Before(s.at) || s.shownAt.Sub(s.at) > maxWithheld*24*time.Hour) {
			i.fault("case %s is withheld from %s to %s", s.id, s.at, s.shownAt)
		}
		for _, k := range content.Keys {
			i.caseKey(s, k, exports)
		}
	}
	for entry := range i.cases.disclosed {
		i.fault("the log tells of a disclosure that no case has: %s", entry)
	}
}

func (i *invariants) caseKey(s storedCase, k CaseKey, exports map[string]ExportedKey) {
	entry := s.id + " " + k.KeyID
	u := i.uses[k.KeyID]
	if u == nil || u.holder != k.Holder || u.certNo != k.CertNo {
		i.fault("case %s names pair %s, which is not that holder's", s.id, k.KeyID)
		return
	}
	if !s.at.IsZero() {
		e := exports[k.KeyID]
		if i.cases.disclosed[entry] != 1 || (e.Envelope.DER == nil) != !u.destroyedAt.IsZero() {
			i.fault("case %s, pair %s: %d entries in the log, envelope there %v", s.id, k.KeyID, i.cases.disclosed[entry], e.Envelope.DER != nil)
		}
		delete(i.cases.disclosed, entry)
	}
}
