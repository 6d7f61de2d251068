package ra

import (
	"context"
	"database/sql"
	"regexp"
	"strings"

	"onecert/audit"
	"onecert/db"
	"onecert/officer"
	"onecert/pki"
)

// Me is who one is here: what a console shows first.
type Me struct {
	Name  string   `json:"name"`
	Roles []string `json:"roles"`
	Node  Node     `json:"node"`
	Post  Post     `json:"post"`
	// Rights are what the roles may do, wherever the officer sits.
	Rights []officer.Operation `json:"rights" doc:"names of the operations that the roles allow"`
	Home   bool                `json:"home" doc:"whether the node is this process's own: the log, approvals and the whole archive are seen there only"`
	Apart  bool                `json:"apart" doc:"whether this is a counter with a process of its own: the tree is kept, and what is approved carried out, above it"`
}

// Me tells an officer where he is and by which papers; one of another office is
// refused with the reason (features L4).
func (r *Registration) Me(ctx context.Context) (*Me, error) {
	s, err := r.enter(ctx, officer.ReadTree)
	if err != nil {
		return nil, err
	}
	post, err := r.readPost(ctx, s.actor.Name)
	return &Me{Name: s.actor.Name, Roles: s.actor.Roles, Node: s.node, Post: post, Rights: officer.Rights(s.actor),
		Home: s.node.ID == r.cfg.Home.ID, Apart: r.cfg.Upstream != nil}, err
}

// NodeQuery selects nodes of one's subtree.
type NodeQuery struct {
	Node   string    `query:"node" maxLength:"24" doc:"this node and those below it; with a limit of 1 this node alone"`
	Parent string    `query:"parent" maxLength:"24" doc:"only those directly below this node"`
	State  NodeState `query:"state" maxLength:"20"`
	Search string    `query:"search" maxLength:"100" doc:"only those whose name has this in it, or whose id or region begins with it"`
	ListQuery
}

// Nodes lists one's subtree, by path: what lies above comes first.
func (r *Registration) Nodes(ctx context.Context, q NodeQuery) (*Page[Node], error) {
	s, err := r.enter(ctx, officer.ReadTree)
	if err != nil {
		return nil, err
	}
	if s, err = r.narrow(ctx, s, q.Node); err != nil {
		return nil, err
	}
	if err := checkText("search", q.Parent+string(q.State)+q.Search+q.After); err != nil {
		return nil, err
	}
	var find search
	text := "SELECT " + nodeColumns + " FROM ra_node WHERE " + find.is("path >= ? AND path < ? AND path > ?", s.from(), s.to(), q.After)
	if q.Parent != "" {
		text += find.is(" AND parent = ?", q.Parent)
	}
	if q.State != "" {
		text += find.is(" AND state = ?", string(q.State))
	}
	if q.Search != "" {
		starts := strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(q.Search) + "%"
		text += find.is(` AND (name LIKE ? ESCAPE '\' OR id LIKE ? ESCAPE '\' OR region LIKE ? ESCAPE '\')`, "%"+starts, starts, starts)
	}
	return leaf(ctx, r, q.ListQuery, scanNode, &find, text+" ORDER BY path", func(n Node) string { return n.Path })
}

// AddNode hangs a node below one of the subtree. It waits for the approval of the
// security administrator of the level above.
func (r *Registration) AddNode(ctx context.Context, n Node) (*Node, error) {
	s, err := r.enter(ctx, officer.WriteTree)
	if err != nil {
		return nil, err
	}
	if r.cfg.Upstream != nil {
		return nil, errAbove()
	}
	if err := n.check(); err != nil {
		return nil, err
	}
	parent, err := r.activeNode(ctx, n.Parent)
	if err != nil {
		return nil, err
	}
	if !s.covers(parent.Path) {
		return nil, unknownOr(sql.ErrNoRows, "node.unknown", "node", n.Parent)
	}
	if !n.Level.under(parent.Level) {
		return nil, pki.Errorf(pki.Invalid, "node.level", "a node of level %s does not hang below one of level %s", n.Level, parent.Level).
			To("the levels are centre, ra, lra; counters may hang below counters")
	}
	if err := n.Rights.narrower(parent.Rights); err != nil {
		return nil, err
	}
	if err := r.siteFree(ctx, n); err != nil {
		return nil, err
	}
	n.Path, n.State, n.Version, n.AddedBy, n.Changed = pathOf(parent.Path, n.ID), Pending, 1, s.actor.Name, r.now()
	err = r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := r.auditNode(ctx, tx, s, "node.add", &n, ""); err != nil {
			return err
		}
		return insertNode(ctx, &n)(tx)
	})
	if err != nil {
		return nil, taken(err, n.ID)
	}
	return &n, nil
}

// ChangeNode changes a node's name, contact, agreement and rights; they stay within
// those of the level above, and what lies below is cut with them when it acts.
func (r *Registration) ChangeNode(ctx context.Context, in Node) (*Node, error) {
	return r.alterNode(ctx, officer.WriteTree, "node.change", in.ID, in.Version, func(s scope, n *Node) error {
		in.Parent, in.Level, in.Path = n.Parent, n.Level, n.Path
		if err := in.check(); err != nil {
			return err
		}
		if err := in.Rights.narrower(s.node.Rights); err != nil {
			return err
		}
		if err := r.siteFree(ctx, in); err != nil {
			return err
		}
		if n.State == Active && !r.agreed(in) {
			return errNoAgreement(in)
		}
		n.Name, n.Region, n.Contact, n.Rights, n.Agreement, n.Site = in.Name, in.Region, in.Contact, in.Rights, in.Agreement, in.Site
		return nil
	})
}

// SetNode approves, suspends, resumes or closes a node.
func (r *Registration) SetNode(ctx context.Context, id string, version int, to NodeState) (*Node, error) {
	return r.alterNode(ctx, officer.ApproveTree, "node."+string(to), id, version, func(s scope, n *Node) error {
		switch {
		case n.State == Closed:
			return pki.Errorf(pki.Conflict, "node.closed", "%s is closed for good", n.Name)
		case to == Pending || to == n.State:
			return pki.Errorf(pki.Conflict, "node.state", "%s is %s", n.Name, n.State)
		case n.State == Pending && to == Active && n.AddedBy == s.actor.Name:
			return pki.Errorf(pki.Forbidden, "node.own", "who adds a node does not approve it").To("another security administrator decides")
		case to == Active && !r.agreed(*n):
			return errNoAgreement(*n)
		}
		n.State = to
		return nil
	})
}

// alterNode changes one node below the officer's own, of the version that was read.
func (r *Registration) alterNode(ctx context.Context, op officer.Operation, act, id string, version int, change func(scope, *Node) error) (*Node, error) {
	s, err := r.enter(ctx, op)
	if err != nil {
		return nil, err
	}
	if r.cfg.Upstream != nil {
		return nil, errAbove()
	}
	n, err := r.readNode(ctx, id)
	if err != nil {
		return nil, err
	}
	if !s.covers(n.Path) || n.ID == s.node.ID {
		return nil, pki.Errorf(pki.Forbidden, "node.above", "a node is changed by the level above it").To("ask the administrator there")
	}
	if n.Version != version {
		return nil, changed(nothing{}, nil, "node")
	}
	was := n.State
	if err := change(s, &n); err != nil {
		return nil, err
	}
	n.Changed = r.now()
	err = r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := r.auditNode(ctx, tx, s, act, &n, was); err != nil {
			return err
		}
		return updateNode(ctx, tx, &n)
	})
	return &n, err
}

func (r *Registration) auditNode(ctx context.Context, tx *sql.Tx, s scope, act string, n *Node, was NodeState) error {
	return r.cfg.Audit.Append(ctx, tx, audit.Act{Actor: s.actor, Act: act, Object: n.ID, Result: audit.Done,
		Detail: map[string]string{"before": string(was), "after": string(n.State), "rights": encoded(n.Rights), "agreement": n.Agreement}, At: n.Changed})
}

// PostQuery selects posts of one's subtree.
type PostQuery struct {
	Officer string `query:"officer" maxLength:"64" doc:"only this officer's"`
	Node    string `query:"node" maxLength:"24" doc:"only of this node and below"`
	ListQuery
}

// Posts lists the posts of one's subtree, by officer.
func (r *Registration) Posts(ctx context.Context, q PostQuery) (*Page[Post], error) {
	s, err := r.enter(ctx, officer.ReadPosts)
	if err != nil {
		return nil, err
	}
	if s, err = r.narrow(ctx, s, q.Node); err != nil {
		return nil, err
	}
	if err := checkText("search", q.Officer+q.After); err != nil {
		return nil, err
	}
	var find search
	text := "SELECT " + postColumns + " FROM ra_post p JOIN ra_node n ON n.id = p.node WHERE " + find.is("n.path >= ? AND n.path < ? AND p.officer > ?", s.from(), s.to(), q.After)
	if q.Officer != "" {
		text += find.is(" AND p.officer = ?", q.Officer)
	}
	return leaf(ctx, r, q.ListQuery, scanPost, &find, text+" ORDER BY p.officer", func(p Post) string { return p.Officer })
}

// SetPost says where an officer sits, and until when; version 0 is a new post.
func (r *Registration) SetPost(ctx context.Context, p Post) (*Post, error) {
	s, err := r.enter(ctx, officer.WritePosts)
	if err != nil {
		return nil, err
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	if p.Officer == s.actor.Name && s.node.ID != r.cfg.Home.ID {
		return nil, pki.Errorf(pki.Forbidden, "post.own", "nobody renews his own papers").To("the security administrator of the level above does it")
	}
	node, err := r.readNode(ctx, p.Node)
	if err != nil {
		return nil, err
	}
	if !s.covers(node.Path) {
		return nil, unknownOr(sql.ErrNoRows, "node.unknown", "node", p.Node)
	}
	if old, err := r.readPost(ctx, p.Officer); err == nil && !s.covers(old.Path) {
		return nil, pki.Errorf(pki.Forbidden, "post.elsewhere", "this officer has a post in another branch").To("have it ended there first")
	}
	p.Path, p.Changed, p.ChangedBy = node.Path, r.now(), s.actor.Name
	err = r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := r.auditPost(ctx, tx, s, &p); err != nil {
			return err
		}
		return storePost(ctx, tx, &p)
	})
	return &p, err
}

func (r *Registration) auditPost(ctx context.Context, tx *sql.Tx, s scope, p *Post) error {
	return r.cfg.Audit.Append(ctx, tx, audit.Act{Actor: s.actor, Act: "post.set", Object: p.Officer, Result: audit.Done,
		Detail: map[string]string{"node": p.Node, "until": p.Until.UTC().Format("2006-01-02"), "confidentiality": p.Confidentiality}, At: p.Changed})
}

// FirstPosts gives the three administrators of a first start their posts at home, on
// the machine itself.
func (r *Registration) FirstPosts(ctx context.Context, officers []string) error {
	return r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		for _, name := range officers {
			p := Post{Officer: name, Node: r.cfg.Home.ID, Until: r.now().AddDate(1, 0, 0), Changed: r.now(), ChangedBy: "first-start"}
			err := r.auditPost(ctx, tx, scope{actor: pki.Actor{Name: "first-start"}}, &p)
			if err != nil {
				return err
			}
			if err := storePost(ctx, tx, &p); err != nil && pki.CodeOf(err) != "stale" {
				return err
			}
		}
		return nil
	})
}

// agreed says whether a node has the signed agreement it needs where one is asked for.
func (r *Registration) agreed(n Node) bool {
	return !r.cfg.Agreements || digestForm.MatchString(n.Agreement)
}

func errNoAgreement(n Node) *pki.Error {
	return pki.Errorf(pki.Conflict, "node.agreement", "no signed agreement of %s is on record", n.Name).To("enter the SHA-256 of the scanned agreement first")
}

// siteFree refuses a second office for one site: neither could call any more, and the
// other may be of another branch.
func (r *Registration) siteFree(ctx context.Context, n Node) error {
	if n.Site == "" {
		return nil
	}
	taken, err := collect(ctx, r.cfg.DB.Read(), scanText, "SELECT id FROM ra_node WHERE site = $1 AND id <> $2", n.Site, n.ID)
	if err == nil && len(taken) > 0 {
		return pki.Errorf(pki.Conflict, "node.site", "this site is another office's already").To("register the process of each office as a site of its own")
	}
	return err
}

// digestForm is a SHA-256 in hexadecimal.
var digestForm = regexp.MustCompile(`^[0-9a-fA-F]{64}$`)

func taken(err error, id string) error {
	if err == nil || !db.IsDuplicate(err) {
		return err
	}
	return pki.Errorf(pki.Conflict, "node.taken", "there is a node %s already", id).To("choose another id; ids are for good, also of closed nodes")
}
