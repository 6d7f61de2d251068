package ra

import (
	"context"
	"database/sql"
	"slices"

	"onecert/officer"
	"onecert/pki"
)

// hands are those who made what an application says: who registered, changed or
// submitted it, and who uploaded the sheet it stands in. One of them may have the roles
// of registrar and reviewer both, and reviews it all the same not.
func hands(ctx context.Context, q querier, a *Application) ([]string, error) {
	all, err := collect(ctx, q, scanText, "SELECT DISTINCT actor FROM ra_history WHERE application = $1 AND event IN ('register', 'edit', 'submit')", a.ID)
	if err != nil || a.Batch == "" {
		return append(all, a.RegisteredBy), err
	}
	uploaded, err := collect(ctx, q, scanText, "SELECT created_by FROM ra_batch WHERE id = $1", a.Batch)
	return slices.Concat(all, uploaded, []string{a.RegisteredBy}), err
}

// otherHands refuses a review by one of these.
func otherHands(ctx context.Context, tx *sql.Tx, a *Application, m move, s scope) error {
	if m.right != officer.Review {
		return nil
	}
	all, err := hands(ctx, tx, a)
	if err == nil && slices.Contains(all, s.actor.Name) {
		return ownWork()
	}
	return err
}

func ownWork() *pki.Error {
	return pki.Errorf(pki.Forbidden, "application.own", "who registered, changed or submitted an application does not review it").To("ask another reviewer")
}
