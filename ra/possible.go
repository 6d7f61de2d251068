package ra

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"onecert/db"
	"onecert/officer"
	"onecert/pki"
)

// Bar is an act that an application's state allows, but not to the officer who asks, or
// not at this office.
type Bar struct {
	Act    Event    `json:"act"`
	Code   string   `json:"code" doc:"of the refusal the act would get"`
	Wrong  string   `json:"wrong"`
	Remedy string   `json:"remedy,omitempty"`
	Needs  []string `json:"needs" doc:"the roles of which one is needed"`
	Where  string   `json:"where" doc:"the office whose officers with such a role can, they or those of an office above; its security administrator gives the role"`
}

// shown is an application as an officer sees it who has just acted on it or looked at it.
func (r *Registration) shown(ctx context.Context, a *Application, s scope) *Application {
	shown := r.view(a)
	// What was done is done; what may follow is asked again by who reads it.
	if err := r.possible(context.WithoutCancel(ctx), s, true, shown); err != nil {
		r.cfg.Log.Error("what may be done with an application cannot be told", "application", a.ID, "error", err)
	}
	return shown
}

// possible says what the officer may do with applications now, and of a single one what
// stands in the way of the rest. What an act would refuse for what is missing in an
// application is told by the act.
func (r *Registration) possible(ctx context.Context, s scope, barred bool, all ...*Application) error {
	own, err := r.ownWork(ctx, s, all)
	if err != nil {
		return err
	}
	nodes, err := r.nodesAlong(ctx, all)
	if err != nil {
		return err
	}
	for _, a := range all {
		j := ruling{r: r, a: a, who: s, own: own[a.ID] || a.RegisteredBy == s.actor.Name}
		for _, id := range nodesOf(a.Path) {
			if n, ok := nodes[id]; ok {
				j.way = append(j.way, n)
			}
		}
		a.Legal, a.Barred = []Event{}, nil
		for _, m := range moves {
			if m.from != a.State || m.event == Deliver && !a.Operation.makes() {
				continue
			}
			err := j.on(m)
			if err == nil {
				a.Legal = append(a.Legal, m.event)
			} else if barred {
				a.Barred = append(a.Barred, j.bar(m, err))
			}
		}
	}
	return nil
}

// ownWork says which applications are the officer's own work, which he does not review.
func (r *Registration) ownWork(ctx context.Context, s scope, all []*Application) (map[string]bool, error) {
	own, args := map[string]bool{}, []any{s.actor.Name}
	for _, a := range all {
		args = append(args, a.ID)
	}
	if len(all) == 0 || officer.May(s.actor, officer.Review) != nil {
		return own, nil
	}
	in := db.In(2, len(all))
	found, err := collect(ctx, r.cfg.DB.Read(), scanText, `SELECT application FROM ra_history WHERE application IN `+in+` AND actor = $1 AND event IN ('register', 'edit', 'submit')
		UNION SELECT a.id FROM ra_application a JOIN ra_batch b ON b.id = a.batch WHERE a.id IN `+in+" AND a.batch <> '' AND b.created_by = $1", args...)
	for _, id := range found {
		own[id] = true
	}
	return own, err
}

// nodesAlong reads the offices on the ways to applications.
func (r *Registration) nodesAlong(ctx context.Context, all []*Application) (map[string]Node, error) {
	var ids []string
	for _, a := range all {
		ids = append(ids, nodesOf(a.Path)...)
	}
	return r.nodesNamed(ctx, ids)
}

func (r *Registration) nodesNamed(ctx context.Context, ids []string) (map[string]Node, error) {
	nodes, args := map[string]Node{}, []any{}
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		args = append(args, id)
	}
	if len(args) == 0 {
		return nodes, nil
	}
	found, err := collect(ctx, r.cfg.DB.Read(), scanNode, "SELECT "+nodeColumns+" FROM ra_node WHERE id IN "+db.In(1, len(args)), args...)
	for _, n := range found {
		nodes[n.ID] = n
	}
	return nodes, err
}

// ruling is what is known to say whether an act on one application would be refused.
type ruling struct {
	r   *Registration
	a   *Application
	who scope
	way []Node // the offices from the top to the application's
	own bool
}

// on says why an act would be refused.
func (j *ruling) on(m move) error {
	if _, err := legal(j.a, m.event, j.who); err != nil {
		return err
	}
	switch {
	case m.right == officer.Review && j.own:
		return ownWork()
	case m.event == Edit && j.a.Version >= mostMoments:
		return tooLong(j.a)
	}
	if j.a.State == Draft || j.a.State == Returned {
		for _, n := range j.way {
			if n.Site != "" && n.Path != j.r.cfg.Home.Path && within(n.Path, j.r.cfg.Home.Path) {
				return inHandBelow(n)
			}
		}
	}
	switch m.event {
	case Submit, Approve:
		return permittedBy(j.way, j.a)
	case Carry:
		if err := j.r.hasCA(j.a.Operation); err != nil {
			return err
		}
		return permittedBy(j.way, j.a)
	}
	return nil
}

// bar says who else can do what was refused, and where.
func (j *ruling) bar(m move, err error) Bar {
	b := Bar{Act: m.event, Code: pki.CodeOf(err), Needs: officer.Holders(m.right), Where: j.a.Node}
	if m.right == officer.Review {
		b.Where = j.reviewed()
	}
	var own *pki.Error
	if errors.As(err, &own) {
		b.Wrong, b.Remedy = own.Wrong, own.Remedy
	}
	switch b.Code {
	case "officer.forbidden":
		b.Remedy = "one who is " + strings.Join(b.Needs, " or ") + " at " + b.Where + " or above can; the security administrator there gives the role"
	case "application.reported":
		b.Needs, b.Where = officer.Holders(officer.Review), j.reviewed()
	case "node.right", "node.inactive":
		b.Needs, b.Where = officer.Holders(officer.ApproveTree), j.withheld()
	case "ra.no-ca":
		b.Where = j.reviewed()
	}
	return b
}

// reviewed is the nearest office that reviews what is registered at the application's.
func (j *ruling) reviewed() string {
	for _, n := range slices.Backward(j.way) {
		if n.Level != LRA {
			return n.ID
		}
	}
	return j.who.above(j.a.Path)
}

// withheld is the office above the one that lacks the right, or is not active.
func (j *ruling) withheld() string {
	for _, n := range j.way {
		if n.State != Active || n.Rights.allows(j.a) != nil {
			return cmp.Or(n.Parent, n.ID)
		}
	}
	return j.a.Node
}

// hasCA says whether this process can have an operation carried out.
func (r *Registration) hasCA(o Operation) error {
	if r.cfg.Upstream != nil || o != Cancel && r.cfg.States == nil || o.makes() && r.cfg.Orders == nil {
		return errNoCA()
	}
	return nil
}

// beginnings say what may be applied for about a certificate that stands so, as the CA
// takes it: what has ended is renewed and re-issued, what is lost or revoked re-issued.
var beginnings = map[pki.State][]Operation{
	pki.Valid:   {Renew, Reissue, Modify, Revoke, Freeze},
	pki.Held:    {Reissue, Revoke, Unfreeze},
	pki.Expired: {Renew, Reissue},
	pki.Revoked: {Reissue},
}

// begin says of certificates what the officer may apply for about them.
func (r *Registration) begin(ctx context.Context, s scope, all []*Certificate) error {
	if officer.May(s.actor, officer.Register) != nil {
		return nil
	}
	var ids []string
	for _, c := range all {
		ids = append(ids, nodesOf(c.Path)...)
	}
	nodes, err := r.nodesNamed(ctx, ids)
	if err != nil {
		return err
	}
	for _, c := range all {
		var way []Node
		for _, id := range nodesOf(c.Path) {
			if n, ok := nodes[id]; ok {
				way = append(way, n)
			}
		}
		for _, o := range beginnings[c.State.At(r.now(), c.NotAfter)] {
			if mayBegin(way, o, c.Profile) {
				c.Legal = append(c.Legal, o)
			}
		}
	}
	return nil
}

func mayBegin(way []Node, o Operation, profile string) bool {
	return !slices.ContainsFunc(way, func(n Node) bool {
		ops, profiles := n.Rights.Operations, n.Rights.Profiles
		return n.State != Active || len(ops) > 0 && !slices.Contains(ops, o) || len(profiles) > 0 && !slices.Contains(profiles, profile)
	})
}

// whoGives names, for a refusal for want of a role, who can give it: the security
// administrator of the officer's own office or of one above.
func (r *Registration) whoGives(ctx context.Context, op officer.Operation, refused error) error {
	actor, ok := pki.ActorFrom(ctx)
	var own *pki.Error
	if pki.CodeOf(refused) != "officer.forbidden" || !ok || !errors.As(refused, &own) {
		return refused
	}
	post, err := r.readPost(ctx, actor.Name)
	if err != nil {
		return refused // one without a post learns of no office
	}
	named := *own
	return named.To("one who is %s can; the security administrator of %s gives the role, or the one of an office above", strings.Join(officer.Holders(op), " or "), post.Node)
}
