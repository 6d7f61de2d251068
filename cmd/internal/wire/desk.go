package wire

import (
	"context"
	"slices"

	"onecert/audit"
	"onecert/officer"
	"onecert/pki"
)

// desk is a component's registry of officers and its audit log, as its API shows them.
type desk struct {
	registry *officer.Registry
	log      *audit.Log
	// seats says of a registration, whose officers sit in a tree, what the one who asks
	// sees of it; nil: everything there is.
	seats func(ctx context.Context, op officer.Operation) (home bool, names []string, err error)
}

// view is whose registrations somebody sees: everybody's, or those of the names.
type view struct {
	all   bool
	names []string
}

// of says whether an officer is in the view.
func (v view) of(name string) bool { return v.all || slices.Contains(v.names, name) }

// see returns what the one who asks sees by an operation, or refuses.
func (d desk) see(ctx context.Context, op officer.Operation) (view, error) {
	if d.seats != nil {
		home, names, err := d.seats(ctx, op)
		return view{home, names}, err
	}
	_, err := d.registry.Check(ctx, op)
	return view{all: true}, err
}

// whole refuses who does not see everything: what is not sorted by officers is kept at
// home, for all that lies below.
func (d desk) whole(ctx context.Context, op officer.Operation) error {
	v, err := d.see(ctx, op)
	if err == nil && !v.all {
		err = d.registry.Refused(ctx, op, "", pki.Errorf(pki.Forbidden, "post.below", "this is kept for the whole office, and your post is at a part of it").
			To("ask the administrators of the office above; what happened to an application stands in its history"))
	}
	return err
}

// reach refuses an act on an officer who is not in the view.
func (d desk) reach(ctx context.Context, op officer.Operation, name string) error {
	v, err := d.see(ctx, op)
	if err == nil && !v.of(name) {
		err = d.registry.Refused(ctx, op, "", pki.Errorf(pki.Forbidden, "post.elsewhere", "this officer has no post in your part of the tree").
			To("give the officer a post first, or ask the administrator there"))
	}
	return err
}

// listed is a page of the registrations somebody sees. Whose they are the registry cannot
// tell, so it is walked until the page is full.
func (d desk) listed(ctx context.Context, q officer.Query) ([]officer.Officer, error) {
	v, err := d.see(ctx, officer.ReadOfficers)
	if err != nil {
		return nil, err
	}
	most := q.PageSize()
	if !v.all {
		q.Limit = officer.MostAtOnce
	}
	shown := []officer.Officer{}
	for {
		some, err := d.registry.Find(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, o := range some {
			if v.of(o.Name) {
				shown = append(shown, o)
			}
		}
		if len(some) < q.PageSize() || len(shown) >= most {
			return shown[:min(most, len(shown))], nil
		}
		q.After = some[len(some)-1].Fingerprint
	}
}
