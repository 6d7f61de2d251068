package gateway

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// spend says whether a code of a log in is used for the first time, at this gateway and at
// all that share its database.
func (g *Gateway) spend(ctx context.Context, code string) (first bool, err error) {
	now := g.cfg.Now()
	g.sweepCodes(ctx, now)
	err = g.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, "INSERT INTO gateway_code (id, ends) VALUES ($1, $2) ON CONFLICT DO NOTHING", code, now.Add(2*codeLife).UnixMilli())
		if err != nil {
			return fmt.Errorf("storing a used code: %w", err)
		}
		n, err := done.RowsAffected()
		first = n == 1
		return err
	})
	return first && err == nil, err
}

// sweepCodes clears away, once a minute, what could not be used again anyhow. The clocks of
// two gateways may differ by as much.
func (g *Gateway) sweepCodes(ctx context.Context, now time.Time) {
	last := g.codesSwept.Load()
	if now.Unix()-last < 60 || !g.codesSwept.CompareAndSwap(last, now.Unix()) {
		return
	}
	err := g.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM gateway_code WHERE ends < $1", now.Add(-codeLife).UnixMilli())
		return err
	})
	if err != nil {
		g.cfg.Log.Warn("used codes of log ins stay in the database", "error", err)
	}
}
