package wire

import (
	"context"

	"onecert/officer"
	"onecert/pki"
)

// elsewhere counts what waits for an officer of a registration at the service desk and
// among the acts of several persons. Who has no right to them has nothing there.
type elsewhere struct{ p *RAProcess }

// Tickets implements ra.Elsewhere.
func (e elsewhere) Tickets(ctx context.Context) (int, error) {
	if !e.may(ctx, officer.WorkTickets) {
		return 0, nil
	}
	return e.p.Desk.Waiting(ctx)
}

// Approvals implements ra.Elsewhere: they are kept at home.
func (e elsewhere) Approvals(ctx context.Context) (int, error) {
	if !e.may(ctx, officer.ReadApprovals) {
		return 0, nil
	}
	_, node, _, err := e.p.Enter(ctx, officer.ReadApprovals)
	if err != nil || node != e.p.config.Home.ID {
		return 0, err
	}
	all, err := e.p.Officers.Approvals(ctx, officer.ApprovalQuery{Waiting: true, Limit: 200})
	return len(all), err
}

// may says whether the actor has a right, without a refusal in the audit log.
func (e elsewhere) may(ctx context.Context, op officer.Operation) bool {
	actor, ok := pki.ActorFrom(ctx)
	return ok && officer.May(actor, op) == nil
}
