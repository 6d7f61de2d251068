package ra

import (
	"context"
	"database/sql"

	"onecert/officer"
	"onecert/pki"
)

// Settle ends a conflict between a counter and the registration above it, when a person
// has looked at it; the note says how. The state stays: what else has to be done is
// done by the ordinary acts.
func (r *Registration) Settle(ctx context.Context, id string, d Decision) (*Application, error) {
	return r.beside(ctx, id, settled, d, func(a *Application, s scope) error {
		if a.Conflict == "" {
			return pki.Errorf(pki.Conflict, "application.agreed", "there is no conflict to settle")
		}
		right := officer.Review
		if a.State == Draft || a.State == Returned {
			right = officer.Register
		} else if !s.reviews(a.Path) {
			return pki.Errorf(pki.Forbidden, "application.level", "what is out of the counter's hands is settled at the registration above it").
				To("the reviewer of %s decides", s.above(a.Path))
		}
		a.Conflict = ""
		if err := officer.May(s.actor, right); err != nil {
			return err
		}
		return saying(d)(a, s)
	})
}

// withdrawBelow takes back what this counter has in hand. What is under review above is
// only asked for: the registration above may have decided already.
func (r *Registration) withdrawBelow(ctx context.Context, id string, d Decision) (*Application, error) {
	return r.beside(ctx, id, askWithdraw, d, func(a *Application, s scope) error {
		_, err := legal(a, Withdraw, s)
		return err
	})
}

// underReview says whether the registration above has an application in hand.
func (r *Registration) underReview(ctx context.Context, id string) (bool, error) {
	if r.cfg.Upstream == nil {
		return false, nil
	}
	a, err := r.any(ctx, id)
	return err == nil && a.State == Submitted, err
}

// beside stores a moment that leaves an application's state as it is.
func (r *Registration) beside(ctx context.Context, id string, event Event, d Decision, change func(*Application, scope) error) (*Application, error) {
	s, err := r.enter(ctx, officer.ReadApplications)
	if err != nil {
		return nil, err
	}
	if err := d.check(); err != nil {
		return nil, err
	}
	var a *Application
	err = r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if a, err = readApplication(ctx, tx, s, id); err != nil {
			return err
		}
		if d.Version != a.Version {
			return changed(nothing{}, nil, "application")
		}
		if err := r.heldBelow(ctx, tx, a); err != nil {
			return err
		}
		if err := change(a, s); err != nil {
			return err
		}
		return r.record(ctx, tx, step{a, event, a.State, d.Note, s}, nil)
	})
	if err != nil {
		return nil, r.refused(ctx, s, event, id, err)
	}
	return r.shown(ctx, a, s), nil
}

// errAbove is the answer of a counter with a process of its own to who would change the
// tree there.
func errAbove() error {
	return pki.Errorf(pki.Conflict, "node.above", "the tree is kept at the registration above").To("change it there; it is told here within seconds")
}
