package officer

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"onecert/pki"
)

// ApprovalQuery selects proposals. The zero value means all that are open.
type ApprovalQuery struct {
	Waiting bool   // only those that wait for the one who asks
	Ended   bool   // those that have ended too
	Before  string // for the next page: the last id seen
	Limit   int    // 1 to 200; 0: 50
}

const (
	fewApprovals  = 50
	mostApprovals = 200
)

// Approvals returns proposals the actor has to do with, newest first, without their
// content: those of operations one may propose or approve, and for the auditor all.
func (r *Registry) Approvals(ctx context.Context, q ApprovalQuery) ([]Approval, error) {
	actor, err := r.Check(ctx, ReadApprovals)
	if err != nil {
		return nil, err
	}
	if q.Limit == 0 {
		q.Limit = fewApprovals
	}
	if q.Limit < 1 || q.Limit > mostApprovals {
		return nil, pki.Errorf(pki.Invalid, "approval.limit", "a page has 1 to %d proposals", mostApprovals)
	}
	// Whom a proposal waits for is not in its row: read on until the page is full, so that a
	// page that is not is the last.
	shown := []Approval{}
	for {
		where, args := r.selects(actor, q)
		all, err := r.approvals(ctx, r.d.Read(), where, args...)
		if err != nil {
			return nil, err
		}
		for _, a := range all {
			if (q.Ended || a.open()) && (!q.Waiting || a.waitsFor(actor)) {
				a.Content, a.Summary = "", ""
				shown = append(shown, a)
			}
		}
		if len(shown) >= q.Limit || len(all) < q.Limit {
			return shown[:min(len(shown), q.Limit)], nil
		}
		q.Before = all[len(all)-1].ID
	}
}

// selects is the condition of a page. Proposals that nobody ended are few, and those
// that have expired among them are looked over too.
func (r *Registry) selects(actor pki.Actor, q ApprovalQuery) (where string, args []any) {
	conditions := []string{}
	add := func(text string, values ...any) {
		args = append(args, values...)
		conditions = append(conditions, text)
	}
	if !slices.Contains(actor.Roles, Audit) {
		var mine []any
		var places []string
		for op := range requirements {
			if concerns(actor.Roles, op) {
				mine = append(mine, string(op))
				places = append(places, fmt.Sprintf("$%d", len(mine)))
			}
		}
		if len(mine) == 0 {
			return "WHERE 1 = 0", nil
		}
		add("a.operation IN ("+strings.Join(places, ", ")+")", mine...)
	}
	if !q.Ended {
		add(fmt.Sprintf("e.approval IS NULL AND a.expires_at > $%d", len(args)+1), r.now().UnixMilli())
	}
	if q.Before != "" {
		add(fmt.Sprintf("a.id < $%d", len(args)+1), q.Before)
	}
	where = "ORDER BY a.id DESC"
	if len(conditions) > 0 {
		where = "WHERE " + strings.Join(conditions, " AND ") + " " + where
	}
	return where + fmt.Sprintf(" LIMIT $%d", len(args)+1), append(args, q.Limit)
}

// concerns says whether one of the roles proposes an operation or agrees to it.
func concerns(roles []string, op Operation) bool {
	return slices.ContainsFunc(roles, func(role string) bool {
		return slices.Contains(rights[op], role) ||
			slices.ContainsFunc(requirements[op].needs, func(n Need) bool { return n.Role == role })
	})
}

// waitsFor says whether this person's consent is wanted.
func (a Approval) waitsFor(actor pki.Actor) bool {
	return a.State == Pending && mayVote(&a, Officer{Name: actor.Name, Roles: actor.Roles}) == nil
}

// Approval returns one proposal with its content.
func (r *Registry) Approval(ctx context.Context, id string) (Approval, error) {
	actor, err := r.Check(ctx, ReadApprovals)
	if err != nil {
		return Approval{}, err
	}
	a, err := r.approval(ctx, r.d.Read(), id)
	if err != nil {
		return Approval{}, err
	}
	if !slices.Contains(actor.Roles, Audit) && !concerns(actor.Roles, a.Operation) {
		err := pki.Errorf(pki.Forbidden, "approval.others", "this proposal is for other roles").To("ask one of those who take part in it")
		return Approval{}, r.Refused(ctx, ReadApprovals, id, err)
	}
	return a, nil
}
