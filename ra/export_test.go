package ra

import (
	"context"

	"onecert/pki"
)

// Planned is the statement of a list, for a test that has the database explain it: an
// officer's own, those in conflict, or certificates by name.
func (r *Registration) Planned(ctx context.Context, node, who string, q any) (string, []any, error) {
	n, err := r.readNode(ctx, node)
	if err != nil {
		return "", nil, err
	}
	s := scope{actor: pki.Actor{Name: who}, node: n}
	var find search
	var each []string
	columns, order := "created, id", "created DESC, id DESC"
	switch q := q.(type) {
	case Query:
		if each, err = ownWalks(&find, s, q); q.Conflict {
			find = search{}
			each, err = conflictWalks(&find, s, q)
		}
	case CertificateQuery:
		columns, order = certificateColumns, "name, serial"
		each, err = r.nameWalks(ctx, &find, s, q)
	}
	return walks(columns, order, usualPage+1, each), find.args, err
}
