package ra

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"onecert/pki"
)

//go:embed migrations
var migrations embed.FS

// querier is a transaction or the pool of readers.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// scanner is a row of either kind.
type scanner interface{ Scan(...any) error }

// unknownOr turns the absence of a row into what a caller may know.
func unknownOr(err error, code, what, object string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return pki.Errorf(pki.Unknown, code, "there is no %s %.70q here", what, object).
			To("look it up in the list; what another branch has is not shown")
	}
	return fmt.Errorf("reading %s: %w", what, err)
}

// collect reads all rows of a query.
func collect[T any](ctx context.Context, q querier, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("listing: %w", err)
	}
	defer rows.Close()
	all := []T{}
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("listing: %w", err)
		}
		all = append(all, one)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("listing: %w", err)
	}
	return all, nil
}

// changed says whether an update hit its row; if not, somebody else was faster.
func changed(result sql.Result, err error, what string) error {
	if err != nil {
		return fmt.Errorf("storing %s: %w", what, err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return pki.Errorf(pki.Conflict, "stale", "somebody else has changed the %s since it was read", what).To("read it again and decide anew")
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func encoded(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic("ra: a stored type cannot be encoded: " + err.Error()) // our own types only
	}
	return string(text)
}

// orDecoded decodes pairs of a stored text and what it goes into, unless err came before.
func orDecoded(err error, pairs ...any) error {
	for i := 0; i < len(pairs) && err == nil; i += 2 {
		err = json.Unmarshal([]byte(pairs[i].(string)), pairs[i+1])
	}
	return err
}

const applicationColumns = `id, operation, kind, profile, node, path, state, version, fields, sealed, holder, issuer, serial, reason,
	request, key_from, days, single, registered_by, reviewed_by, carried_by, delivered_by, rule, batch, conflict, created, changed`

func scanApplication(row scanner) (*Application, error) {
	a := &Application{}
	var fields string
	var single, created, changed int64
	err := row.Scan(&a.ID, &a.Operation, &a.Kind, &a.Profile, &a.Node, &a.Path, &a.State, &a.Version, &fields, &a.sealed, &a.Holder,
		&a.Issuer, &a.Serial, &a.Reason, &a.Request, &a.KeyFrom, &a.Days, &single, &a.RegisteredBy, &a.ReviewedBy, &a.CarriedBy,
		&a.DeliveredBy, &a.Rule, &a.Batch, &a.Conflict, &created, &changed)
	if err != nil {
		return nil, err
	}
	a.Single, a.Created, a.Changed = single == 1, moment(created), moment(changed)
	if err := json.Unmarshal([]byte(fields), &a.Fields); err != nil {
		return nil, fmt.Errorf("reading the fields of application %s: %w", a.ID, err)
	}
	return a, nil
}

// readApplication reads one of the scope's applications. One of another branch is as
// unknown as one that never was.
func readApplication(ctx context.Context, q querier, s scope, id string) (*Application, error) {
	row := q.QueryRowContext(ctx, "SELECT "+applicationColumns+" FROM ra_application WHERE id = $1 AND path >= $2 AND path < $3", id, s.from(), s.to())
	a, err := scanApplication(row)
	if err != nil {
		return nil, unknownOr(err, "application.unknown", "application", id)
	}
	return a, nil
}
