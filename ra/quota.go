package ra

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"onecert/pki"
)

// permittedIn looks again, in the transaction of an act, whether every node on the way
// to the top still allows the application: rights end the moment they are taken.
func (r *Registration) permittedIn(ctx context.Context, tx *sql.Tx, a *Application, _ scope) error {
	return r.permitted(ctx, tx, a)
}

func (r *Registration) permitted(ctx context.Context, q querier, a *Application) error {
	way, err := wayOf(ctx, q, a.Path)
	if err != nil {
		return err
	}
	return permittedBy(way, a)
}

func permittedBy(way []Node, a *Application) error {
	for _, n := range way {
		if n.State != Active {
			return pki.Errorf(pki.Forbidden, "node.inactive", "%s is %s", n.Name, n.State).To("the security administrator of the level above can say why")
		}
		if err := n.Rights.allows(a); err != nil {
			return err
		}
	}
	return nil
}

// take takes one certificate off the year's quota of every node that has one, in the
// transaction that approves it: the last that is left goes to whoever is first.
func (r *Registration) take(ctx context.Context, tx *sql.Tx, a *Application, _ scope) error {
	if !a.Operation.makes() {
		return nil
	}
	return r.eachQuota(ctx, tx, a, func(n Node) error {
		var used int
		err := tx.QueryRowContext(ctx, `INSERT INTO ra_quota (node, year, used) VALUES ($1, $2, 1)
			ON CONFLICT (node, year) DO UPDATE SET used = ra_quota.used + 1 RETURNING used`, n.ID, quotaYear(r.now())).Scan(&used)
		if err != nil {
			return fmt.Errorf("counting the quota of %s: %w", n.ID, err)
		}
		if used > n.Rights.Quota {
			return outOfQuota(n)
		}
		return nil
	})
}

// giveBack undoes take for what was approved and then rejected after all.
func (r *Registration) giveBack(ctx context.Context, tx *sql.Tx, a *Application, _ scope) error {
	if a.ReviewedBy == "" && a.Rule == "" || !a.Operation.makes() {
		return nil
	}
	return r.eachQuota(ctx, tx, a, func(n Node) error {
		_, err := tx.ExecContext(ctx, "UPDATE ra_quota SET used = used - 1 WHERE node = $1 AND year = $2 AND used > 0", n.ID, quotaYear(a.Changed))
		return err
	})
}

// quotaYear is the year in China; what is given back goes to the year of the approval.
func quotaYear(t time.Time) int { return t.In(chinaTime()).Year() }

func (r *Registration) eachQuota(ctx context.Context, tx *sql.Tx, a *Application, do func(Node) error) error {
	way, err := wayOf(ctx, tx, a.Path)
	if err != nil {
		return err
	}
	for _, n := range way {
		if n.Rights.Quota == 0 {
			continue
		}
		if err := do(n); err != nil {
			return err
		}
	}
	return nil
}

func outOfQuota(n Node) *pki.Error {
	return pki.Errorf(pki.Conflict, "node.quota", "%s has used up its %d certificates of this year", n.Name, n.Rights.Quota).
		To("the level above can raise the quota")
}

func wayOf(ctx context.Context, q querier, path string) ([]Node, error) {
	return collect(ctx, q, scanNode, "SELECT "+nodeColumns+" FROM ra_node WHERE $1 >= path AND $1 < path || '~' ORDER BY path", path)
}
