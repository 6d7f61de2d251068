package ra_test

import (
	"context"
	"database/sql"
)

// execAll runs statements no operation has, to break what must be noticed.
func execAll(ctx context.Context, statements ...string) func(*sql.Tx) error {
	return func(tx *sql.Tx) error {
		for _, s := range statements {
			if _, err := tx.ExecContext(ctx, s); err != nil {
				return err
			}
		}
		return nil
	}
}
