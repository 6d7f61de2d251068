package ra

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"onecert/db"
)

const nodeColumns = "id, parent, level, name, region, contact, rights, agreement, site, path, state, version, added_by, changed"

func scanNode(row scanner) (Node, error) {
	var n Node
	var rights string
	var changed int64
	err := row.Scan(&n.ID, &n.Parent, &n.Level, &n.Name, &n.Region, &n.Contact, &rights, &n.Agreement, &n.Site, &n.Path, &n.State, &n.Version, &n.AddedBy, &changed)
	if err != nil {
		return n, err
	}
	n.Changed = moment(changed)
	return n, json.Unmarshal([]byte(rights), &n.Rights)
}

func (r *Registration) readNode(ctx context.Context, id string) (Node, error) {
	n, err := scanNode(r.cfg.DB.Read().QueryRowContext(ctx, "SELECT "+nodeColumns+" FROM ra_node WHERE id = $1", id))
	if err != nil {
		return n, unknownOr(err, "node.unknown", "node", id)
	}
	return n, nil
}

// readWay reads a node and all above it, the top first.
func (r *Registration) readWay(ctx context.Context, id string) ([]Node, error) {
	all, err := collect(ctx, r.cfg.DB.Read(), scanNode, "SELECT "+nodeColumns+` FROM ra_node
		WHERE (SELECT path FROM ra_node WHERE id = $1) >= path AND (SELECT path FROM ra_node WHERE id = $1) < path || '~' ORDER BY path`, id)
	if err == nil && len(all) == 0 {
		err = unknownOr(sql.ErrNoRows, "node.unknown", "node", id)
	}
	return all, err
}

// readNodes reads the nodes of a scope, by path.
func (r *Registration) readNodes(ctx context.Context, s scope) ([]Node, error) {
	return collect(ctx, r.cfg.DB.Read(), scanNode, "SELECT "+nodeColumns+" FROM ra_node WHERE path >= $1 AND path < $2 ORDER BY path", s.from(), s.to())
}

func insertNode(ctx context.Context, n *Node) func(*sql.Tx) error {
	return func(tx *sql.Tx) error {
		return db.Insert(ctx, tx, "ra_node", []string{"id", "parent", "level", "name", "region", "contact", "rights", "agreement", "site", "path", "state",
			"version", "added_by", "changed"}, [][]any{{n.ID, n.Parent, string(n.Level), n.Name, n.Region, n.Contact, encoded(n.Rights), n.Agreement, n.Site,
			n.Path, string(n.State), int64(n.Version), n.AddedBy, millis(n.Changed)}}, "")
	}
}

func updateNode(ctx context.Context, tx *sql.Tx, n *Node) error {
	n.Version++
	result, err := tx.ExecContext(ctx, `UPDATE ra_node SET name = $1, region = $2, contact = $3, rights = $4, agreement = $5, site = $6, state = $7,
		version = $8, changed = $9 WHERE id = $10 AND version = $11`,
		n.Name, n.Region, n.Contact, encoded(n.Rights), n.Agreement, n.Site, string(n.State), n.Version, millis(n.Changed), n.ID, n.Version-1)
	return changed(result, err, "node")
}

const postColumns = "p.officer, p.node, p.title, p.trained, p.confidentiality, p.until, p.version, p.changed, p.changed_by, n.path"

func scanPost(row scanner) (Post, error) {
	var p Post
	var until, changed int64
	err := row.Scan(&p.Officer, &p.Node, &p.Title, &p.Trained, &p.Confidentiality, &until, &p.Version, &changed, &p.ChangedBy, &p.Path)
	p.Until, p.Changed = moment(until), moment(changed)
	return p, err
}

func (r *Registration) readPost(ctx context.Context, name string) (Post, error) {
	p, err := scanPost(r.cfg.DB.Read().QueryRowContext(ctx, "SELECT "+postColumns+" FROM ra_post p JOIN ra_node n ON n.id = p.node WHERE p.officer = $1", name))
	if err != nil {
		return p, unknownOr(err, "post.unknown", "post of", name)
	}
	return p, nil
}

func (r *Registration) readPosts(ctx context.Context, s scope) ([]Post, error) {
	return collect(ctx, r.cfg.DB.Read(), scanPost, "SELECT "+postColumns+` FROM ra_post p JOIN ra_node n ON n.id = p.node
		WHERE n.path >= $1 AND n.path < $2 ORDER BY p.officer`, s.from(), s.to())
}

// storePost stores a post: version 0 is a new one.
func storePost(ctx context.Context, tx *sql.Tx, p *Post) error {
	p.Version++
	if p.Version == 1 {
		err := db.Insert(ctx, tx, "ra_post", []string{"officer", "node", "title", "trained", "confidentiality", "until", "version", "changed", "changed_by"},
			[][]any{{p.Officer, p.Node, p.Title, p.Trained, p.Confidentiality, millis(p.Until), int64(1), millis(p.Changed), p.ChangedBy}}, "")
		if db.IsDuplicate(err) {
			return changed(nothing{}, nil, "post")
		}
		return err
	}
	result, err := tx.ExecContext(ctx, `UPDATE ra_post SET node = $1, title = $2, trained = $3, confidentiality = $4, until = $5, version = $6, changed = $7,
		changed_by = $8 WHERE officer = $9 AND version = $10`,
		p.Node, p.Title, p.Trained, p.Confidentiality, millis(p.Until), p.Version, millis(p.Changed), p.ChangedBy, p.Officer, p.Version-1)
	return changed(result, err, "post")
}

// nothing is the result of a statement that hit no row.
type nothing struct{}

// LastInsertId implements sql.Result.
func (nothing) LastInsertId() (int64, error) { return 0, fmt.Errorf("no row") }

// RowsAffected implements sql.Result.
func (nothing) RowsAffected() (int64, error) { return 0, nil }
