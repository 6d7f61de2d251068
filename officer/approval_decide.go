package officer

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"onecert/pki"
)

// Approve gives a person's consent to exactly what digest names. With the last
// consent needed, an act that has a deed is done in the same transaction. Every
// refused try is in the audit log. Errors: approval.unknown, approval.own,
// approval.twice, approval.role, approval.enough, approval.content,
// approval.expired, approval.ended, approval.officer, and those of the deed.
func (r *Registry) Approve(ctx context.Context, id, digest string) (Approval, error) {
	if _, err := r.Check(ctx, DecideApproval); err != nil {
		return Approval{}, err
	}
	after := func() {}
	out, err := r.settle(ctx, step{id, "approval.approve", ""}, func(tx *sql.Tx, a *Approval, voter Officer) error {
		if a.Digest != digest {
			return pki.Errorf(pki.Conflict, "approval.content", "the digest is not that of this proposal").
				To("look at the proposal again and approve what it says now")
		}
		if err := mayVote(a, voter); err != nil {
			return err
		}
		if err := r.vote(ctx, tx, a, voter); err != nil {
			return err
		}
		deed := r.deedOf(a.Operation)
		if deed == nil || a.State != Approved {
			return nil
		}
		if err := r.enter(ctx, tx, step{a.ID, "approval.use", ""}, *a); err != nil {
			return err
		}
		if err := r.conclude(ctx, tx, a, Used, ""); err != nil {
			return err
		}
		then, err := deed(ctx, tx, *a)
		if then != nil {
			after = then
		}
		return err
	})
	if err == nil {
		after()
	}
	return out, err
}

// mayVote refuses who must not, or need not, agree to a proposal.
func mayVote(a *Approval, voter Officer) error {
	if voter.Name == a.ProposedBy {
		return pki.Errorf(pki.Forbidden, "approval.own", "the proposer cannot approve, whatever certificate is used").
			To("have others approve it")
	}
	for _, v := range a.Votes {
		if v.Name == voter.Name {
			return pki.Errorf(pki.Conflict, "approval.twice", "%s has approved this before", voter.Name).To("one person counts once")
		}
	}
	if !a.asks(voter.Roles) {
		return wrongRole(a)
	}
	if !slices.ContainsFunc(a.Missing, func(n Need) bool { return slices.Contains(voter.Roles, n.Role) }) {
		return pki.Errorf(pki.Conflict, "approval.enough", "enough persons of this role have agreed").To("%s", a.lack())
	}
	return nil
}

// asks says whether any of the roles is needed for a proposal at all.
func (a Approval) asks(roles []string) bool {
	return slices.ContainsFunc(a.Needs, func(n Need) bool { return slices.Contains(roles, n.Role) })
}

func wrongRole(a *Approval) error {
	return pki.Errorf(pki.Forbidden, "approval.role", "this needs %s", sayNeeds(a.Needs)).To("ask one who has the role")
}

// lack says what a proposal waits for.
func (a Approval) lack() string {
	if len(a.Missing) > 0 {
		return "still needed: " + sayNeeds(a.Missing)
	}
	return "the rights of " + a.ProposedBy + " have ended: somebody else has to propose it"
}

// vote stores one consent and counts again.
func (r *Registry) vote(ctx context.Context, tx *sql.Tx, a *Approval, voter Officer) (err error) {
	now := r.now().UTC().Truncate(time.Millisecond)
	if err := insertVote(ctx, tx, *a, voter, now); err != nil {
		return err
	}
	a.Votes = append(a.Votes, Vote{Name: voter.Name, Roles: voter.Roles, At: now})
	held, err := heldRoles(ctx, tx)
	if err != nil {
		return err
	}
	a.count(held, now)
	return nil
}

// Carry does an act that was approved: in one transaction the proposal is ended as
// used and act is done. p is what is about to be done; if that is not exactly what
// was approved, it is refused. Who acts needs the right to the operation. Every
// refused try is in the audit log. Errors: approval.unknown, approval.content,
// approval.pending, approval.expired, approval.ended, approval.officer, and those of
// act.
func (r *Registry) Carry(ctx context.Context, id string, p Proposal, act func(tx *sql.Tx, a Approval) error) error {
	if _, err := r.Check(ctx, p.Operation); err != nil {
		return err
	}
	_, err := r.settle(ctx, step{id, "approval.use", ""}, func(tx *sql.Tx, a *Approval, _ Officer) error {
		if a.Operation != p.Operation || a.Digest != digestOf(p.Operation, p.Object, p.Content, a.Summary) {
			return pki.Errorf(pki.Conflict, "approval.content", "what is to be done is not what was approved").
				To("propose it as it is now")
		}
		if a.State != Approved {
			return pki.Errorf(pki.Conflict, "approval.pending", "not everybody needed has agreed").To("%s", a.lack())
		}
		if err := r.conclude(ctx, tx, a, Used, ""); err != nil {
			return err
		}
		return act(tx, *a)
	})
	return err
}

// Reject ends a proposal for good; one person who could approve is enough.
func (r *Registry) Reject(ctx context.Context, id, reason string) (Approval, error) {
	if _, err := r.Check(ctx, DecideApproval); err != nil {
		return Approval{}, err
	}
	if !plainText(reason, maxReason) {
		return Approval{}, wrongReason()
	}
	return r.settle(ctx, step{id, "approval.reject", reason}, func(tx *sql.Tx, a *Approval, voter Officer) error {
		if voter.Name == a.ProposedBy {
			return pki.Errorf(pki.Forbidden, "approval.own", "the proposer cannot reject").To("withdraw it")
		}
		if !a.asks(voter.Roles) {
			return wrongRole(a)
		}
		return r.conclude(ctx, tx, a, Rejected, reason)
	})
}

// Withdraw ends one's own proposal; the reason may be left out.
func (r *Registry) Withdraw(ctx context.Context, id, reason string) (Approval, error) {
	if _, err := r.Check(ctx, WithdrawApproval); err != nil {
		return Approval{}, err
	}
	if reason != "" && !plainText(reason, maxReason) {
		return Approval{}, wrongReason()
	}
	return r.settle(ctx, step{id, "approval.withdraw", reason}, func(tx *sql.Tx, a *Approval, voter Officer) error {
		if voter.Name != a.ProposedBy {
			return pki.Errorf(pki.Forbidden, "approval.other", "this is somebody else's proposal").To("reject it, if that is yours to do")
		}
		return r.conclude(ctx, tx, a, Withdrawn, reason)
	})
}
