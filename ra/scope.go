package ra

import (
	"context"
	"time"

	"onecert/officer"
	"onecert/pki"
)

// scope is who acts and the subtree this one sees. Every query takes it: there is no
// way to read an application, a holder or a certificate without one.
type scope struct {
	actor pki.Actor
	node  Node
}

// enter says whether the actor of ctx may do an operation at all, and where. The
// post, its papers and every node above have to be in force.
func (r *Registration) enter(ctx context.Context, op officer.Operation) (scope, error) {
	actor, err := r.cfg.Check(ctx, op)
	if err != nil {
		return scope{}, r.whoGives(ctx, op, err)
	}
	post, err := r.readPost(ctx, actor.Name)
	if pki.KindOf(err) == pki.Unknown {
		return scope{}, pki.Errorf(pki.Forbidden, "post.none", "%s has no post at %s or below it", actor.Name, r.cfg.Home.Name).
			To("log in where you have your post, or ask the security administrator for one")
	}
	if err != nil {
		return scope{}, err
	}
	if now := r.cfg.Now(); !now.Before(post.Until) {
		return scope{}, pki.Errorf(pki.Forbidden, "post.ended", "the papers of %s ended on %s", actor.Name, post.Until.In(chinaTime()).Format(time.DateOnly)).
			To("the security administrator renews them")
	}
	node, err := r.activeNode(ctx, post.Node)
	return scope{actor: actor, node: node}, err
}

// activeNode returns a node if it and every node above it are active.
func (r *Registration) activeNode(ctx context.Context, id string) (Node, error) {
	all, err := r.readWay(ctx, id)
	if err != nil {
		return Node{}, err
	}
	for _, n := range all {
		if n.State != Active {
			return Node{}, pki.Errorf(pki.Forbidden, "node.inactive", "%s is %s", n.Name, n.State).
				To("the security administrator of the level above can say why")
		}
	}
	return all[len(all)-1], nil
}

// from and to bound the paths the scope covers, for BETWEEN-like conditions: '~' comes
// after everything a path is made of.
func (s scope) from() string { return s.node.Path }
func (s scope) to() string   { return s.node.Path + "~" }

// covers says whether something at a path is within the scope.
func (s scope) covers(path string) bool { return within(path, s.node.Path) }

// reviews says whether the scope's officer may review at a path: never at a local
// counter, whose acts are the registration's to review (features L3).
func (s scope) reviews(path string) bool { return s.node.Level != LRA && s.covers(path) }

// above names the node whose officers review what is registered at a path: the last
// on the way that is not a local counter, as far as can be told from the path.
func (s scope) above(path string) string {
	all := nodesOf(path)
	if len(all) > 1 {
		return all[1]
	}
	return all[0]
}
