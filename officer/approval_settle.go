package officer

import (
	"context"
	"database/sql"
	"time"

	"onecert/audit"
	"onecert/pki"
)

// step is something done to a proposal, as the audit log names it.
type step struct{ id, act, reason string }

// settle runs one step of a proposal in a transaction. What is refused is recorded after it was rolled back, and a proposal found
// expired is ended then.
func (r *Registry) settle(ctx context.Context, s step, do func(tx *sql.Tx, a *Approval, who Officer) error) (out Approval, err error) {
	actor, _ := pki.ActorFrom(ctx)
	err = r.change(ctx, func(tx *sql.Tx) error {
		a, err := r.hold(ctx, tx, s)
		if err != nil {
			return err
		}
		if err := a.usable(r.now()); err != nil {
			return err
		}
		who, err := present(ctx, tx, actor)
		if err != nil {
			return err
		}
		err = do(tx, &a, who)
		out = a
		return err
	})
	if err == nil {
		return out, nil
	}
	if pki.CodeOf(err) == "approval.expired" {
		if marked := r.expire(ctx, s.id); marked != nil {
			return Approval{}, marked
		}
	}
	if k := pki.KindOf(err); k == pki.Internal || k == pki.Unavailable {
		return Approval{}, err // nobody was refused
	}
	return Approval{}, r.Refused(ctx, Operation(s.act), s.id, err)
}

// hold enters a step in the audit log, whose lock makes every other transaction that
// acts wait, and then reads how the proposal stands.
func (r *Registry) hold(ctx context.Context, tx *sql.Tx, s step) (Approval, error) {
	a, err := r.approval(ctx, tx, s.id)
	if err != nil {
		return Approval{}, err
	}
	if err := r.enter(ctx, tx, s, a); err != nil {
		return Approval{}, err
	}
	return r.approval(ctx, tx, s.id)
}

func (r *Registry) approval(ctx context.Context, q querier, id string) (Approval, error) {
	all, err := r.approvals(ctx, q, "WHERE a.id = $1", id)
	if err != nil {
		return Approval{}, err
	}
	if len(all) == 0 {
		return Approval{}, pki.Errorf(pki.Unknown, "approval.unknown", "there is no such proposal").To("'onecert approval list' shows them")
	}
	return all[0], nil
}

// usable refuses a proposal that has ended.
func (a Approval) usable(now time.Time) error {
	switch {
	case a.State == Expired:
		return pki.Errorf(pki.Conflict, "approval.expired", "the proposal expired on %s", a.Expires.Format(time.RFC3339)).To("propose it again")
	case !a.open():
		return pki.Errorf(pki.Conflict, "approval.ended", "the proposal was %s before", a.State).To("propose it again if it is still wanted")
	case now.Before(a.Proposed.Add(-time.Second)):
		return pki.Errorf(pki.Unavailable, "approval.clock", "the machine's clock stands before the proposal was made").To("set the clock right")
	}
	return nil
}

// expire ends a proposal whose time is over, so that a clock put back does not open
// it again.
func (r *Registry) expire(ctx context.Context, id string) error {
	ctx = pki.WithActor(ctx, pki.Actor{Name: "machine"})
	return r.d.Tx(ctx, func(tx *sql.Tx) error {
		a, err := r.approval(ctx, tx, id)
		if err != nil || a.State != Expired || !a.Ended.IsZero() {
			return err
		}
		if a, err = r.hold(ctx, tx, step{id, "approval.expire", ""}); err != nil || !a.Ended.IsZero() {
			return err
		}
		return r.conclude(ctx, tx, &a, Expired, "")
	})
}

// conclude ends a proposal, once.
func (r *Registry) conclude(ctx context.Context, tx *sql.Tx, a *Approval, state State, reason string) error {
	actor, _ := pki.ActorFrom(ctx)
	a.State, a.Ended, a.EndedBy, a.EndReason = state, r.now().UTC().Truncate(time.Millisecond), actor.Name, reason
	return insertEnd(ctx, tx, *a)
}

func wrongReason() error {
	return pki.Errorf(pki.Invalid, "approval.reason", "there is no reason of 1 to %d octets of plain text", maxReason).To("say why")
}

func (r *Registry) enter(ctx context.Context, tx *sql.Tx, s step, a Approval) error {
	actor, _ := pki.ActorFrom(ctx)
	detail := map[string]string{"operation": string(a.Operation), "object": a.Object, "digest": a.Digest}
	if s.reason != "" {
		detail["reason"] = s.reason
	}
	return r.log.Append(ctx, tx, audit.Act{Actor: actor, Act: s.act, Object: a.ID, Result: audit.Done, At: r.now(), Detail: detail})
}
