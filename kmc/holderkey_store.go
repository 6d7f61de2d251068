package kmc

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"onecert/pki"
)

// holderKey is a row of kmc_holder_key.
type holderKey struct {
	id, ca, application string
	suite               pki.Suite
	holder, askedBy     string
	spki, request       []byte
	digest, ticket      []byte
	sealed              []byte
	madeAt, expiresAt   time.Time
	password, nonce     []byte
	shownAt             time.Time // zero: the password was given to nobody
	wipedAt             time.Time // zero while the key is there
	why                 string    // it was wiped
	parcel, wanted      []byte
	clearedAt           time.Time // zero while the package is there, or there was none
}

// Why a key was wiped.
const (
	whyPackaged = "packaged"
	whyExpired  = "expired"
	whyEnded    = "ended"
	whyRestored = "restored"
)

const holderKeyColumns = `id, ca, application, suite, holder, asked_by, spki, request, digest, ticket, sealed, made_at, expires_at,
	password, nonce, shown_at, wiped_at, why, parcel, wanted, cleared_at`

func scanHolderKey(scan func(...any) error) (*holderKey, error) {
	var k holderKey
	var made, expires int64
	var shown, wiped, cleared sql.NullInt64
	var why sql.NullString
	err := scan(&k.id, &k.ca, &k.application, &k.suite, &k.holder, &k.askedBy, &k.spki, &k.request, &k.digest, &k.ticket, &k.sealed, &made, &expires,
		&k.password, &k.nonce, &shown, &wiped, &why, &k.parcel, &k.wanted, &cleared)
	k.madeAt, k.expiresAt, k.why = time.UnixMilli(made).UTC(), time.UnixMilli(expires).UTC(), why.String
	for _, t := range []struct {
		at   sql.NullInt64
		into *time.Time
	}{{shown, &k.shownAt}, {wiped, &k.wipedAt}, {cleared, &k.clearedAt}} {
		if t.at.Valid {
			*t.into = time.UnixMilli(t.at.Int64).UTC()
		}
	}
	return &k, err
}

// findHolderKey returns the key of a CA's application, nil where there is none.
func findHolderKey(ctx context.Context, q querier, ca, application string) (*holderKey, error) {
	k, err := scanHolderKey(q.QueryRowContext(ctx, "SELECT "+holderKeyColumns+" FROM kmc_holder_key WHERE ca = $1 AND application = $2", ca, application).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking up a signing key: %w", err)
	}
	return k, nil
}

func listHolderKeys(ctx context.Context, q querier, rest string, args ...any) (all []*holderKey, err error) {
	rows, err := q.QueryContext(ctx, "SELECT "+holderKeyColumns+" FROM kmc_holder_key "+rest, args...)
	if err != nil {
		return nil, fmt.Errorf("listing signing keys: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		k, err := scanHolderKey(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("listing signing keys: %w", err)
		}
		all = append(all, k)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("listing signing keys: %w", err)
	}
	return all, nil
}

// countWaiting counts the keys of a CA that may still be packaged.
func countWaiting(ctx context.Context, q querier, ca string, now time.Time) (n int, err error) {
	err = q.QueryRowContext(ctx, "SELECT count(*) FROM kmc_holder_key WHERE ca = $1 AND expires_at > $2 AND wiped_at IS NULL", ca, now.UnixMilli()).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("counting signing keys: %w", err)
	}
	return n, nil
}

// insertHolderKey stores a key; fresh is false where the application has one already.
func insertHolderKey(ctx context.Context, tx *sql.Tx, k *holderKey) (fresh bool, err error) {
	return changed(tx.ExecContext(ctx, `INSERT INTO kmc_holder_key (id, ca, application, suite, holder, asked_by, spki, request, digest, ticket, sealed, made_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING`,
		k.id, k.ca, k.application, string(k.suite), k.holder, k.askedBy, k.spki, k.request, k.digest, k.ticket, k.sealed, k.madeAt.UnixMilli(), k.expiresAt.UnixMilli()))
}

// showPassword stores the password that is given out now; first is false where one was
// given out before.
func showPassword(ctx context.Context, tx *sql.Tx, k *holderKey) (first bool, err error) {
	return changed(tx.ExecContext(ctx, "UPDATE kmc_holder_key SET password = $1, nonce = $2, shown_at = $3 WHERE id = $4 AND shown_at IS NULL AND wiped_at IS NULL",
		k.password, k.nonce, k.shownAt.UnixMilli(), k.id))
}

// wipeHolderKey overwrites key and password with as many zeros, once. Where it was
// packaged, the package takes their place.
func wipeHolderKey(ctx context.Context, tx *sql.Tx, k *holderKey) (first bool, err error) {
	return changed(tx.ExecContext(ctx, "UPDATE kmc_holder_key SET sealed = $1, password = $2, wiped_at = $3, why = $4, parcel = $5, wanted = $6 WHERE id = $7 AND wiped_at IS NULL",
		make([]byte, len(k.sealed)), zeros(k.password), k.wipedAt.UnixMilli(), k.why, k.parcel, k.wanted, k.id))
}

// clearParcel overwrites a package, once.
func clearParcel(ctx context.Context, tx *sql.Tx, k *holderKey, at time.Time) (first bool, err error) {
	return changed(tx.ExecContext(ctx, "UPDATE kmc_holder_key SET parcel = $1, cleared_at = $2 WHERE id = $3 AND parcel IS NOT NULL AND cleared_at IS NULL",
		zeros(k.parcel), at.UnixMilli(), k.id))
}

func zeros(octets []byte) []byte {
	if octets == nil {
		return nil
	}
	return make([]byte, len(octets))
}

func changed(result sql.Result, err error) (bool, error) {
	if err != nil {
		return false, fmt.Errorf("writing a signing key: %w", err)
	}
	n, err := result.RowsAffected()
	return n == 1, err
}
