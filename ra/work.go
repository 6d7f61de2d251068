package ra

import (
	"context"
	"fmt"
	"time"

	"onecert/officer"
)

// Work is what waits for one officer. What his roles or his office may not do counts
// nothing; at 1000 a number that is counted one by one says "so many or more".
type Work struct {
	Drafts    int       `json:"drafts" doc:"applications begun by the officer and not submitted"`
	Returned  int       `json:"returned" doc:"of the officer, back for correction"`
	Review    int       `json:"review" doc:"submitted in the subtree; those of the officer's own hand too, which another one reviews"`
	Losses    int       `json:"losses" doc:"reports of a loss among them"`
	Issue     int       `json:"issue" doc:"approved, to be carried out"`
	Deliver   int       `json:"deliver" doc:"with certificates to hand over"`
	Conflicts int       `json:"conflicts" doc:"on which this office and a counter's process differ"`
	Batches   int       `json:"batches" doc:"sheets of the officer that were checked and wait for a confirmation"`
	Systems   int       `json:"systems" doc:"entries of applications that wait for approval"`
	Nodes     int       `json:"nodes" doc:"offices that wait for approval"`
	Motions   int       `json:"motions" doc:"proposals that wait for the officer's consent"`
	Tickets   int       `json:"tickets" doc:"of the service desk: open ones, and those the officer works on"`
	Approvals int       `json:"approvals" doc:"acts of several persons that wait for the officer's consent; kept at home"`
	At        time.Time `json:"at"`
}

// Elsewhere counts what waits for the actor of the context in other rooms. Where one
// has no right it is 0.
type Elsewhere interface {
	Tickets(ctx context.Context) (int, error)
	Approvals(ctx context.Context) (int, error)
}

// mostCounted is up to how many are counted one by one.
const mostCounted = 1000

// Work counts what waits for the caller. It is asked for every minute by everybody who
// works: what may be much is added up as it happens (figures), what is little is counted.
func (r *Registration) Work(ctx context.Context) (*Work, error) {
	s, err := r.enter(ctx, officer.ReadTree)
	if err != nil {
		return nil, err
	}
	w := &Work{At: r.now()}
	if err := r.stands(ctx, s, w); err != nil {
		return nil, err
	}
	for _, c := range r.fewOf(s, w) {
		if officer.May(s.actor, c.right) != nil {
			continue
		}
		text := fmt.Sprintf("SELECT count(*) FROM (SELECT 1 FROM %s LIMIT %d) few", c.from, mostCounted)
		if err := r.cfg.DB.Read().QueryRowContext(ctx, text, c.args...).Scan(c.to); err != nil {
			return nil, fmt.Errorf("counting what waits: %w", err)
		}
	}
	if w.Motions, err = r.wanted(ctx, s); err != nil || r.cfg.Elsewhere == nil {
		return w, err
	}
	if w.Tickets, err = r.cfg.Elsewhere.Tickets(ctx); err != nil {
		return nil, err
	}
	w.Approvals, err = r.cfg.Elsewhere.Approvals(ctx)
	return w, err
}

// stands takes from the figures how many applications of the subtree wait for a role.
func (r *Registration) stands(ctx context.Context, s scope, w *Work) error {
	type standing struct {
		event     string
		operation Operation
		times     int
	}
	all, err := collect(ctx, r.cfg.DB.Read(), func(row scanner) (f standing, err error) { err = row.Scan(&f.event, &f.operation, &f.times); return },
		"SELECT event, operation, SUM(times) FROM ra_figure WHERE node = $1 AND period = 0 AND event IN ('in:submitted', 'in:approved', 'in:issued') GROUP BY event, operation", s.node.ID)
	if err != nil {
		return err
	}
	may := func(op officer.Operation) bool { return officer.May(s.actor, op) == nil }
	for _, f := range all {
		switch State(f.event[len(inState):]) {
		case Submitted:
			if may(officer.Review) && s.reviews(s.node.Path) {
				w.Review += f.times
				if f.operation == Freeze {
					w.Losses += f.times
				}
			}
		case Approved:
			if may(officer.CarryOut) && r.hasCA(f.operation) == nil {
				w.Issue += f.times
			}
		case Issued:
			if may(officer.Deliver) && f.operation.makes() {
				w.Deliver += f.times
			}
		}
	}
	return nil
}

// fewOfOne is what is counted one by one, where somebody has a right.
type fewOfOne struct {
	right officer.Operation
	to    *int
	from  string
	args  []any
}

func (r *Registration) fewOf(s scope, w *Work) []fewOfOne {
	mine := "ra_application WHERE registered_by = $1 AND state IN ('draft', 'returned') AND state = $2 AND path >= $3 AND path < $4"
	all := []fewOfOne{
		{officer.Register, &w.Drafts, mine, []any{s.actor.Name, string(Draft), s.from(), s.to()}},
		{officer.Register, &w.Returned, mine, []any{s.actor.Name, string(Returned), s.from(), s.to()}},
		{officer.Register, &w.Batches, "ra_batch WHERE state IN ('checked', 'running') AND state = 'checked' AND created_by = $1 AND path >= $2 AND path < $3", []any{s.actor.Name, s.from(), s.to()}},
		{officer.ReadApplications, &w.Conflicts, "ra_application WHERE conflict <> '' AND path >= $1 AND path < $2", []any{s.from(), s.to()}},
		{officer.ApproveTree, &w.Nodes, "ra_node WHERE path > $1 AND path < $2 AND state = 'pending' AND added_by <> $3", []any{s.from(), s.to(), s.actor.Name}},
	}
	if s.node.Level != LRA {
		all = append(all, fewOfOne{officer.ApproveSystems, &w.Systems, "ra_system WHERE path >= $1 AND path < $2 AND state = 'draft' AND changed_by <> $3", []any{s.from(), s.to(), s.actor.Name}})
	}
	return all
}

// wanted counts the motions that wait for the officer's consent.
func (r *Registration) wanted(ctx context.Context, s scope) (n int, err error) {
	var find search
	var kinds []MotionKind
	for _, kind := range motionKinds() {
		if officer.May(s.actor, kind.decideRight()) == nil {
			kinds = append(kinds, kind)
		}
	}
	if len(kinds) == 0 {
		return 0, nil
	}
	text := "SELECT " + motionColumns + " FROM ra_motion WHERE " + find.is("state = 'open' AND created > ? AND path >= ? AND path < ? AND proposed_by <> ? AND ",
		millis(r.now().Add(-motionLife)), s.from(), s.to(), s.actor.Name) + anyOf(&find, "kind", kinds)
	all, err := collect(ctx, r.cfg.DB.Read(), scanMotion, fmt.Sprintf("%s LIMIT %d", text, mostCounted), find.args...)
	for _, m := range all {
		if r.decidable(m, s, MotionDecision{Decision: Decision{Version: m.Version}}) == nil {
			n++
		}
	}
	return n, err
}

func motionKinds() []MotionKind {
	return []MotionKind{MoveMotion, PolicyMotion, DestroyMotion, AnnounceMotion, TakeDownMotion}
}
