package sso

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"onecert/pki"
)

// maxCode is how long the name of a code may be.
const maxCode = 64

// Spend says whether a code, by which a log in is handed from one process to another, is
// used for the first time by any that share these sessions. until is when the code is good
// no longer by itself. With the store away it is Unavailable (sso.store).
func (s *Sessions) Spend(ctx context.Context, code string, until time.Time) (first bool, err error) {
	if code == "" || len(code) > maxCode {
		return false, pki.Errorf(pki.Invalid, "sso.code", "a code has a name of 1 to %d octets", maxCode)
	}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, "INSERT INTO sso_code (realm, id, until) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", s.cfg.Realm, code, until.UnixMilli())
		if err != nil {
			return fmt.Errorf("storing a used code: %w", err)
		}
		n, err := done.RowsAffected()
		first = n == 1
		return err
	})
	if err != nil {
		return false, errStore(err)
	}
	return first, nil
}
