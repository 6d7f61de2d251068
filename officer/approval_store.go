package officer

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"onecert/db"
)

const approvalColumns = `a.id, a.operation, a.object, a.digest, a.content, a.summary, a.reason, a.needs, a.proposed_at, a.proposed_by,
	a.expires_at, e.state, e.name, e.reason, e.at`

// approvals reads proposals with their votes; rest is a constant of this room.
func (r *Registry) approvals(ctx context.Context, q querier, rest string, args ...any) ([]Approval, error) {
	all, err := readApprovals(ctx, q, rest, args...)
	if err != nil {
		return nil, fmt.Errorf("reading proposals: %w", err)
	}
	held, err := heldRoles(ctx, q)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].Votes, err = readVotes(ctx, q, all[i].ID); err != nil {
			return nil, err
		}
		all[i].count(held, r.now())
	}
	return all, nil
}

// heldRoles are the roles persons have now, by name.
func heldRoles(ctx context.Context, q querier) (map[string][]string, error) {
	active, err := officers(ctx, q, "WHERE ended_at IS NULL AND kind = 'officer'")
	if err != nil {
		return nil, err
	}
	held := map[string][]string{}
	for _, o := range active {
		held[o.Name] = append(held[o.Name], o.Roles...)
	}
	return held, nil
}

// count says how a proposal stands. Consent counts while the person still has the
// role: what somebody approved whose rights have ended since is not approved. The
// proposer has to be there still as well.
func (a *Approval) count(held map[string][]string, now time.Time) {
	var voters [][]string
	for _, v := range a.Votes {
		lost := func(role string) bool { return !slices.Contains(held[v.Name], role) }
		voters = append(voters, slices.DeleteFunc(slices.Clone(v.Roles), lost))
	}
	a.Missing = missing(a.Needs, voters)
	switch {
	case !a.Ended.IsZero():
	case !now.Before(a.Expires):
		a.State = Expired
	case len(a.Missing) == 0 && held[a.ProposedBy] != nil:
		a.State = Approved
	default:
		a.State = Pending
	}
}

func readApprovals(ctx context.Context, q querier, rest string, args ...any) ([]Approval, error) {
	rows, err := q.QueryContext(ctx, "SELECT "+approvalColumns+" FROM approval a LEFT JOIN approval_end e ON e.approval = a.id "+rest, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := []Approval{}
	for rows.Next() {
		a, err := scanApproval(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, rows.Err()
}

func scanApproval(rows *sql.Rows) (a Approval, err error) {
	var needs string
	var proposed, expires int64
	var state, by, reason sql.NullString
	var ended sql.NullInt64
	err = rows.Scan(&a.ID, (*string)(&a.Operation), &a.Object, &a.Digest, &a.Content, &a.Summary, &a.Reason, &needs, &proposed,
		&a.ProposedBy, &expires, &state, &by, &reason, &ended)
	if err != nil {
		return a, err
	}
	a.Proposed, a.Expires = time.UnixMilli(proposed).UTC(), time.UnixMilli(expires).UTC()
	if ended.Valid {
		a.State, a.EndedBy, a.EndReason, a.Ended = State(state.String), by.String, reason.String, time.UnixMilli(ended.Int64).UTC()
	}
	a.Needs, err = readNeeds(needs)
	return a, err
}

func readVotes(ctx context.Context, q querier, id string) ([]Vote, error) {
	rows, err := q.QueryContext(ctx, "SELECT name, roles, at FROM approval_vote WHERE approval = $1 ORDER BY at, name", id)
	if err != nil {
		return nil, fmt.Errorf("reading votes: %w", err)
	}
	defer rows.Close()
	votes := []Vote{}
	for rows.Next() {
		var v Vote
		var roles string
		var at int64
		if err := rows.Scan(&v.Name, &roles, &at); err != nil {
			return nil, fmt.Errorf("reading votes: %w", err)
		}
		v.Roles, v.At = strings.Fields(roles), time.UnixMilli(at).UTC()
		votes = append(votes, v)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading votes: %w", err)
	}
	return votes, nil
}

func insertApproval(ctx context.Context, tx *sql.Tx, a Approval, certificate string) error {
	return db.Insert(ctx, tx, "approval", []string{"id", "operation", "object", "digest", "content", "summary", "reason", "needs",
		"proposed_at", "proposed_by", "certificate", "expires_at"}, [][]any{{a.ID, string(a.Operation), a.Object, a.Digest, a.Content,
		a.Summary, a.Reason, writeNeeds(a.Needs), a.Proposed.UnixMilli(), a.ProposedBy, certificate, a.Expires.UnixMilli()}}, "")
}

func insertVote(ctx context.Context, tx *sql.Tx, a Approval, voter Officer, at time.Time) error {
	return db.Insert(ctx, tx, "approval_vote", []string{"approval", "proposer", "name", "roles", "certificate", "at"},
		[][]any{{a.ID, a.ProposedBy, voter.Name, strings.Join(voter.Roles, " "), voter.Fingerprint, at.UnixMilli()}}, "")
}

func insertEnd(ctx context.Context, tx *sql.Tx, a Approval) error {
	return db.Insert(ctx, tx, "approval_end", []string{"approval", "state", "name", "reason", "at"},
		[][]any{{a.ID, string(a.State), a.EndedBy, a.EndReason, a.Ended.UnixMilli()}}, "")
}
