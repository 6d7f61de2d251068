package ra

import (
	"context"

	"onecert/officer"
	"onecert/pki"
)

// Enter says who acts and at which node, if the actor of ctx may do an operation and
// has a post in force: what the service desk goes by.
func (r *Registration) Enter(ctx context.Context, op officer.Operation) (actor pki.Actor, node, path string, err error) {
	s, err := r.enter(ctx, op)
	if err != nil {
		return pki.Actor{}, "", "", err
	}
	return s.actor, s.node.ID, s.node.Path, nil
}

// NodePath returns the way to a node, if it and every node above it are active.
func (r *Registration) NodePath(ctx context.Context, node string) (string, error) {
	n, err := r.activeNode(ctx, node)
	if err != nil {
		return "", err
	}
	return n.Path, nil
}
