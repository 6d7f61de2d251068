package ra

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"onecert/officer"
	"onecert/pki"
)

// Move is a holder's way to another unit (features H14).
type Move struct {
	To     string `json:"to" minLength:"1" maxLength:"24" doc:"the node the holder goes to"`
	Reason string `json:"reason" minLength:"2" maxLength:"200"`
}

// MoveHolder proposes to move a holder between two units of one's subtree. With another
// officer's consent the holder and the certificates belong to the new unit; keys and
// history stay as they are, and what was applied for stays where the work was done.
func (r *Registration) MoveHolder(ctx context.Context, holder string, v Move) (*Motion, error) {
	s, err := r.enter(ctx, officer.MoveHolder)
	if err != nil {
		return nil, err
	}
	h, err := readHolder(ctx, r.cfg.DB.Read(), s, holder)
	if err != nil {
		return nil, err
	}
	to, err := r.activeNode(ctx, v.To)
	if err != nil {
		return nil, err
	}
	switch {
	case !s.covers(to.Path):
		return nil, unknownOr(sql.ErrNoRows, "node.unknown", "node", v.To)
	case to.ID == h.Node:
		return nil, pki.Errorf(pki.Conflict, "move.there", "the holder is there already")
	case s.node.ID == h.Node || s.node.ID == to.ID:
		return nil, pki.Errorf(pki.Forbidden, "move.above", "a holder is moved by the office above both units").To("ask the registration above")
	case h.State != holderActive:
		return nil, pki.Errorf(pki.Conflict, "holder.cancelled", "this holder was cancelled")
	}
	return r.propose(ctx, s, Motion{Kind: MoveMotion, Object: h.ID, Reason: v.Reason, Path: commonPath(h.Path, to.Path), Needs: 1,
		Detail: map[string]string{"from": h.Node, "to": to.ID}})
}

// commonPath is the path of the lowest node above both.
func commonPath(x, y string) string {
	path := "/"
	one, other := nodesOf(x), nodesOf(y)
	for i := 0; i < min(len(one), len(other)) && one[i] == other[i]; i++ {
		path += one[i] + "/"
	}
	return path
}

// moveNow does what was consented to.
func (r *Registration) moveNow(ctx context.Context, tx *sql.Tx, to *sheaf, m *Motion) error {
	h, err := scanHolder(tx.QueryRowContext(ctx, "SELECT "+holderColumns+" FROM ra_holder WHERE id = $1", m.Object))
	if err != nil {
		return unknownOr(err, "holder.unknown", "holder", m.Object)
	}
	node, err := scanNode(tx.QueryRowContext(ctx, "SELECT "+nodeColumns+" FROM ra_node WHERE id = $1", m.Detail["to"]))
	if err != nil {
		return unknownOr(err, "node.unknown", "node", m.Detail["to"])
	}
	if h.Node != m.Detail["from"] || node.State != Active || h.State != holderActive {
		return pki.Errorf(pki.Conflict, "move.changed", "the holder or the unit has changed since this was proposed").To("refuse it, and propose it anew")
	}
	var open int
	err = tx.QueryRowContext(ctx, `SELECT count(*) FROM ra_application WHERE holder = $1 AND state IN ('submitted', 'returned', 'approved')`, h.ID).Scan(&open)
	if err != nil {
		return fmt.Errorf("looking for open applications: %w", err)
	}
	if open > 0 {
		return pki.Errorf(pki.Conflict, "move.open", "%d applications of this holder are on their way", open).To("end them first; they belong to the old unit")
	}
	return r.moveCertificates(ctx, tx, to, h, &node)
}

func (r *Registration) moveCertificates(ctx context.Context, tx *sql.Tx, to *sheaf, h *Holder, node *Node) error {
	all, err := collect(ctx, tx, scanCertificate, "SELECT "+certificateColumns+" FROM ra_certificate WHERE holder = $1 AND node = $2", h.ID, h.Node)
	if err != nil {
		return err
	}
	for _, c := range all {
		to.figures.certificate(c.Path, c.Kind, c.State, millis(c.NotAfter), -1)
		to.figures.certificate(node.Path, c.Kind, c.State, millis(c.NotAfter), 1)
	}
	now := millis(r.now())
	to.do("UPDATE ra_certificate SET node = $1, path = $2, changed = $3 WHERE holder = $4 AND node = $5", node.ID, node.Path, now, h.ID, h.Node)
	to.do("UPDATE ra_holder SET node = $1, path = $2, version = version + 1, changed = $3 WHERE id = $4", node.ID, node.Path, now, h.ID)
	return nil
}

// HolderQuery selects holders of one's subtree; cancelled ones are hidden.
type HolderQuery struct {
	ID    string `query:"id" maxLength:"64" doc:"only the one of this id"`
	Name  string `query:"name" maxLength:"100" doc:"the beginning of the name"`
	Node  string `query:"node" maxLength:"24"`
	After string `query:"after" maxLength:"64"`
	Limit int    `query:"limit" minimum:"0" maximum:"200"`
}

// Holders lists the holders of one's subtree.
func (r *Registration) Holders(ctx context.Context, q HolderQuery) (*Page[*Holder], error) {
	s, err := r.enter(ctx, officer.ReadApplications)
	if err != nil {
		return nil, err
	}
	if s, err = r.narrow(ctx, s, q.Node); err != nil {
		return nil, err
	}
	limit := pageSize(q.Limit)
	all, err := collect(ctx, r.cfg.DB.Read(), scanHolder, "SELECT "+holderColumns+` FROM ra_holder WHERE path >= $1 AND path < $2 AND state = 'active'
		AND ($3 = '' OR substr(name, 1, $4) = $3) AND id > $5 AND ($6 = '' OR id = $6) ORDER BY id LIMIT $7`, s.from(), s.to(), q.Name, len([]rune(q.Name)), strings.TrimSpace(q.After), q.ID, limit+1)
	if err != nil {
		return nil, err
	}
	page := &Page[*Holder]{Items: all}
	if len(all) > limit {
		page.Items, page.After = all[:limit], all[limit-1].ID
	}
	return page, nil
}
