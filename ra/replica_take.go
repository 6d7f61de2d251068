package ra

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"onecert/pki"
)

// HandUp takes applications from the counter whose site certificate calls.
func (r *Registration) HandUp(ctx context.Context, all []Dossier) ([]Handed, error) {
	s, err := r.counter(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := r.activeNode(ctx, s.node.ID); err != nil {
		return nil, err
	}
	if len(all) > dossiersAtOnce {
		return nil, pki.Errorf(pki.Invalid, "link.many", "more than %d applications at once", dossiersAtOnce)
	}
	r.heard(s.node.ID)
	stored := r.takePage(ctx, s, all)
	answers := make([]Handed, len(all))
	for i := range all {
		if answers[i], err = r.takeUp(ctx, s, &all[i], stored[i]); err != nil {
			return nil, err
		}
	}
	return answers, nil
}

// takePage stores what is new of many dossiers with one commit and returns what it
// stored, by place; none of it where one of them cannot be stored, so that it harms no
// other. What is not stored here is taken by itself, with its own answer; so is, when the
// counter sends it again, what was stored and not answered.
func (r *Registration) takePage(ctx context.Context, s scope, all []Dossier) []*joining {
	page := make([]*joining, len(all))
	var some []*joining
	seen := map[string]bool{}
	for i := range all {
		id := all[i].Application.ID
		if seen[id] {
			continue
		}
		seen[id] = true
		if j, _, err := r.joinable(ctx, s, &all[i]); err == nil && j != nil {
			page[i] = j
			some = append(some, j)
		}
	}
	if len(some) < 2 || r.keepJoined(ctx, some...) != nil {
		return make([]*joining, len(all))
	}
	return page
}

// takeUp takes one dossier, where it is not stored yet, or says why not. Only an error of
// this office's own is returned as one: it concerns all of them.
func (r *Registration) takeUp(ctx context.Context, s scope, d *Dossier, stored *joining) (h Handed, err error) {
	if stored != nil {
		h, err = r.joined(ctx, stored)
	} else {
		for range 3 { // somebody here may act on it at the same time
			if h, err = r.join(ctx, s, d); pki.CodeOf(err) != "stale" {
				break
			}
		}
	}
	h.ID = d.Application.ID
	if own, ok := errors.AsType[*pki.Error](err); ok && own.Kind != pki.Internal {
		h.Code, h.Wrong, h.Again = own.Code, own.Error(), own.Kind == pki.Unavailable || own.Code == "stale"
		return h, nil
	}
	if err != nil {
		return h, fmt.Errorf("taking %s from %s: %w", d.Application.ID, s.node.ID, err)
	}
	return h, nil
}

// joining is a dossier with the entry that continues the history here by it.
type joining struct {
	d *Dossier
	e *entry
}

// join continues the history here by what the counter has added to it.
func (r *Registration) join(ctx context.Context, s scope, d *Dossier) (h Handed, err error) {
	j, h, err := r.joinable(ctx, s, d)
	if err != nil || j == nil {
		return h, err
	}
	if err := r.keepJoined(ctx, j); err != nil {
		return h, err
	}
	return r.joined(ctx, j)
}

// joinable is what is to be stored of a dossier; nil where nothing is, with the answer.
func (r *Registration) joinable(ctx context.Context, s scope, d *Dossier) (j *joining, h Handed, err error) {
	if err := r.checkDossier(s, d); err != nil {
		return nil, h, err
	}
	if done, err := r.isArchived(ctx, d.Application.ID); err != nil || done {
		h.Version = len(d.History) // a counter that begins anew hands up what is long over
		return nil, h, err
	}
	have, history, err := r.had(ctx, s, d.Application.ID)
	if err != nil {
		return nil, h, err
	}
	common := begins(history, d.History)
	switch {
	case common == len(d.History):
		h.Version = have.Version
		if h.Lacks, err = r.lacking(ctx, d); err != nil {
			return nil, h, err
		}
		return nil, h, r.freezeReported(ctx, have)
	case common < len(history):
		h.Version = have.Version
		h.Theirs, err = r.dossier(ctx, have.ID, true)
		return nil, h, err
	}
	e, err := r.continued(ctx, s, have, d, common)
	return &joining{d, e}, h, err
}

// keepJoined stores dossiers with one commit.
func (r *Registration) keepJoined(ctx context.Context, all ...*joining) error {
	return r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		to, entries := &sheaf{}, make([]entry, len(all))
		for i, j := range all {
			if err := onlyThese(ctx, tx, to, j.d); err != nil {
				return err
			}
			if was := j.e.was; was == "" || was == Draft || was == Returned { // the counter had it in hand
				to.suite(j.d)
			}
			entries[i] = *j.e
		}
		return r.store(ctx, tx, to, entries...)
	})
}

// joined does what follows from a dossier that is stored, and answers it.
func (r *Registration) joined(ctx context.Context, j *joining) (h Handed, err error) {
	a := j.e.a
	h.Version = a.Version
	if h.Lacks, err = r.lacking(ctx, j.d); err != nil {
		return h, err
	}
	if a.State == Withdrawn {
		// Not tried again when it is sent again: somebody else may have had it held since.
		if err := r.thaw(ctx, a); err != nil {
			r.cfg.Log.Error("a report of a loss was taken back, and the certificate stays held", "application", a.ID, "error", err)
		}
	}
	if a.State == Submitted {
		r.byRule(ctx, a)
	}
	return h, r.freezeReported(ctx, a)
}

// freezeReported carries out a loss reported at the counter as soon as it is known here;
// until that is done the counter reports it again.
func (r *Registration) freezeReported(ctx context.Context, a *Application) error {
	if a.Operation != Freeze || a.State != Submitted || a.CarriedBy != "" {
		return nil
	}
	if err := r.freezeNow(ctx, a.ID); err != nil {
		return pki.Errorf(pki.Unavailable, "application.freeze", "the report is taken, but the certificate is not frozen yet").To("it is tried again").Because(err)
	}
	return nil
}
