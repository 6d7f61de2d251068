package sso

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Restored is why sessions end that a backup brought back.
const Restored Why = "restored"

// AfterRestore makes everybody log in again, in every realm, and returns how many sessions
// that ends: which of them ended since the backup nobody knows any more, and none of those
// may live again. The keys go as well, so that no token is good either that was given out
// since: its session stands nowhere now.
func AfterRestore(ctx context.Context, tx *sql.Tx, now time.Time) (ended int64, err error) {
	at := now.UnixMilli()
	if _, err := tx.ExecContext(ctx, "DELETE FROM sso_key"); err != nil {
		return 0, fmt.Errorf("dropping the keys of tokens: %w", err)
	}
	// The endings take the numbers after those there are, session by session.
	_, err = tx.ExecContext(ctx, `INSERT INTO sso_ending (realm, number, at, id, issuer, serial, user_name, why, until)
		SELECT s.realm, r.number + row_number() OVER (PARTITION BY s.realm ORDER BY s.id), $1, s.id, s.issuer, s.serial, s.user_name, $2, s.until
		FROM sso_session s JOIN sso_realm r ON r.realm = s.realm WHERE s.ended = 0`, at, string(Restored))
	if err != nil {
		return 0, fmt.Errorf("ending the sessions of the backup: %w", err)
	}
	done, err := tx.ExecContext(ctx, "UPDATE sso_session SET ended = $1, why = $2 WHERE ended = 0", at, string(Restored))
	if err != nil {
		return 0, fmt.Errorf("ending the sessions of the backup: %w", err)
	}
	_, err = tx.ExecContext(ctx, "UPDATE sso_realm SET number = (SELECT coalesce(max(e.number), sso_realm.number) FROM sso_ending e WHERE e.realm = sso_realm.realm)")
	if err != nil {
		return 0, fmt.Errorf("counting the endings: %w", err)
	}
	return done.RowsAffected()
}
