package ra

import (
	"context"

	"onecert/officer"
)

// Seats says whose registrations the actor of ctx may see and change by an operation
// on the registry of officers: at home everybody's; elsewhere those of the officers
// with a post in the subtree.
func (r *Registration) Seats(ctx context.Context, op officer.Operation) (home bool, names []string, err error) {
	s, err := r.enter(ctx, op)
	if err != nil {
		return false, nil, err
	}
	posts, err := r.readPosts(ctx, s)
	if err != nil {
		return false, nil, err
	}
	for _, p := range posts {
		names = append(names, p.Officer)
	}
	return s.node.ID == r.cfg.Home.ID, names, nil
}

// Settled says whether anybody has a post here yet.
func (r *Registration) Settled(ctx context.Context) (bool, error) {
	var n int
	err := r.cfg.DB.Read().QueryRowContext(ctx, "SELECT count(*) FROM ra_post").Scan(&n)
	return n > 0, err
}
