package officer

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"onecert/db"
)

// querier is a pool or a transaction.
type querier interface {
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row
}

const officerColumns = "fingerprint, name, kind, roles, key_hash, issuer, serial, added_at, added_by, ended_at, ended_by, not_after"

func lastChange(ctx context.Context, q querier) (n int64, err error) {
	if err := q.QueryRowContext(ctx, "SELECT n FROM officer_change").Scan(&n); err != nil {
		return 0, fmt.Errorf("reading the officers' last change: %w", err)
	}
	return n, nil
}

// countChange tells readers that there is something new, and makes other changes
// wait until this transaction ends.
func countChange(ctx context.Context, tx *sql.Tx) error {
	if _, err := tx.ExecContext(ctx, "UPDATE officer_change SET n = n + 1"); err != nil {
		return fmt.Errorf("counting a change of officers: %w", err)
	}
	return nil
}

// officers reads registrations; rest is a constant of this room.
func officers(ctx context.Context, q querier, rest string, args ...any) ([]Officer, error) {
	rows, err := q.QueryContext(ctx, "SELECT "+officerColumns+" FROM officer "+rest, args...)
	if err != nil {
		return nil, fmt.Errorf("reading the officers: %w", err)
	}
	defer rows.Close()
	all := []Officer{}
	for rows.Next() {
		o, err := scanOfficer(rows)
		if err != nil {
			return nil, fmt.Errorf("reading the officers: %w", err)
		}
		all = append(all, o)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading the officers: %w", err)
	}
	return all, nil
}

func scanOfficer(rows *sql.Rows) (o Officer, err error) {
	var roles string
	var added, notAfter int64
	var ended sql.NullInt64
	var endedBy sql.NullString
	err = rows.Scan(&o.Fingerprint, &o.Name, (*string)(&o.Kind), &roles, &o.keyHash, &o.Issuer, (*string)(&o.Serial),
		&added, &o.AddedBy, &ended, &endedBy, &notAfter)
	o.Roles, o.Added, o.EndedBy = strings.Fields(roles), time.UnixMilli(added).UTC(), endedBy.String
	if ended.Valid {
		o.Ended = time.UnixMilli(ended.Int64).UTC()
	}
	if notAfter != 0 {
		o.NotAfter = time.UnixMilli(notAfter).UTC()
	}
	return o, err
}

func insertOfficer(ctx context.Context, tx *sql.Tx, o Officer) error {
	notAfter := int64(0)
	if !o.NotAfter.IsZero() {
		notAfter = o.NotAfter.UnixMilli()
	}
	return db.Insert(ctx, tx, "officer", []string{"fingerprint", "name", "kind", "roles", "key_hash", "issuer", "serial",
		"added_at", "added_by", "not_after"}, [][]any{{o.Fingerprint, o.Name, string(o.Kind), strings.Join(o.Roles, " "), o.keyHash,
		o.Issuer, string(o.Serial), o.Added.UnixMilli(), o.AddedBy, notAfter}}, "")
}

func endOfficer(ctx context.Context, tx *sql.Tx, fingerprint string, at time.Time, by string) (done bool, err error) {
	return one(tx.ExecContext(ctx, "UPDATE officer SET ended_at = $1, ended_by = $2 WHERE fingerprint = $3 AND ended_at IS NULL",
		at.UnixMilli(), by, fingerprint))
}

// one says whether a statement changed a row.
func one(result sql.Result, err error) (bool, error) {
	if err != nil {
		return false, fmt.Errorf("changing the registry: %w", err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return false, fmt.Errorf("changing the registry: %w", err)
	}
	return n == 1, nil
}

// enrolment is a code as it is kept.
type enrolment struct {
	hash, role, name, by string
	added, expires, used time.Time
}

func insertCode(ctx context.Context, tx *sql.Tx, e enrolment) error {
	return db.Insert(ctx, tx, "enrolment", []string{"code_hash", "role", "name", "added_at", "added_by", "expires_at"},
		[][]any{{e.hash, e.role, e.name, e.added.UnixMilli(), e.by, e.expires.UnixMilli()}}, "")
}

// voidCodes lets every unused code of name expire now.
func voidCodes(ctx context.Context, tx *sql.Tx, name string, now time.Time) error {
	_, err := tx.ExecContext(ctx, "UPDATE enrolment SET expires_at = $1 WHERE name = $2 AND used_at IS NULL AND expires_at > $3",
		now.UnixMilli(), name, now.UnixMilli())
	if err != nil {
		return fmt.Errorf("voiding older codes: %w", err)
	}
	return nil
}

func codeOf(ctx context.Context, q querier, hash string) (e enrolment, found bool, err error) {
	var added, expires int64
	var used sql.NullInt64
	err = q.QueryRowContext(ctx, "SELECT code_hash, role, name, added_at, expires_at, used_at FROM enrolment WHERE code_hash = $1", hash).
		Scan(&e.hash, &e.role, &e.name, &added, &expires, &used)
	if errors.Is(err, sql.ErrNoRows) {
		return enrolment{}, false, nil
	}
	if err != nil {
		return enrolment{}, false, fmt.Errorf("looking for a code: %w", err)
	}
	e.added, e.expires = time.UnixMilli(added).UTC(), time.UnixMilli(expires).UTC()
	if used.Valid {
		e.used = time.UnixMilli(used.Int64).UTC()
	}
	return e, true, nil
}

func useCode(ctx context.Context, tx *sql.Tx, hash string, now time.Time) (done bool, err error) {
	return one(tx.ExecContext(ctx, "UPDATE enrolment SET used_at = $1 WHERE code_hash = $2 AND used_at IS NULL", now.UnixMilli(), hash))
}
