package ra

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"onecert/db"
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

// prefixed puts a table's name before each column.
func prefixed(table, columns string) string {
	all := strings.Split(columns, ",")
	for i := range all {
		all[i] = table + "." + strings.TrimSpace(all[i])
	}
	return strings.Join(all, ", ")
}

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

func insertApplication(ctx context.Context, tx *sql.Tx, a *Application) error {
	columns := append(strings.Split(strings.Join(strings.Fields(applicationColumns), ""), ","), "name", "unit")
	row := []any{a.ID, string(a.Operation), string(a.Kind), a.Profile, a.Node, a.Path, string(a.State), int64(a.Version), encoded(a.Fields), a.sealed,
		a.Holder, a.Issuer, string(a.Serial), a.Reason, a.Request, a.KeyFrom, int64(a.Days), flag(a.Single), a.RegisteredBy, a.ReviewedBy, a.CarriedBy,
		a.DeliveredBy, a.Rule, a.Batch, a.Conflict, millis(a.Created), millis(a.Changed), a.title(), a.Fields["unit"]}
	if err := db.Insert(ctx, tx, "ra_application", columns, [][]any{row}, ""); err != nil {
		return err
	}
	return place(ctx, tx, a, "")
}

// updateApplication stores the next version of an application; was is its state before.
func updateApplication(ctx context.Context, tx *sql.Tx, a *Application, was State) error {
	a.Version++
	result, err := tx.ExecContext(ctx, `UPDATE ra_application SET profile = $1, state = $2, version = $3, fields = $4, sealed = $5, holder = $6,
		reason = $7, request = $8, key_from = $9, days = $10, single = $11, reviewed_by = $12, carried_by = $13, delivered_by = $14, rule = $15,
		conflict = $16, changed = $17, name = $18, unit = $19, issuer = $20, serial = $21 WHERE id = $22 AND version = $23`,
		a.Profile, string(a.State), a.Version, encoded(a.Fields), a.sealed, a.Holder, a.Reason, a.Request, a.KeyFrom, a.Days, flag(a.Single),
		a.ReviewedBy, a.CarriedBy, a.DeliveredBy, a.Rule, a.Conflict, millis(a.Changed), a.title(), a.Fields["unit"], a.Issuer, string(a.Serial), a.ID, a.Version-1)
	if err := changed(result, err, "application"); err != nil {
		return err
	}
	return place(ctx, tx, a, was)
}

// place lists an application at its node and every node above, under its state, and
// numbers the change.
func place(ctx context.Context, tx *sql.Tx, a *Application, was State) error {
	if was != a.State {
		var rows [][]any
		for _, node := range nodesOf(a.Path) {
			if was != "" {
				if _, err := tx.ExecContext(ctx, "DELETE FROM ra_place WHERE node = $1 AND state = $2 AND created = $3 AND application = $4",
					node, string(was), millis(a.Created), a.ID); err != nil {
					return fmt.Errorf("listing the application: %w", err)
				}
			}
			rows = append(rows, []any{node, string(a.State), millis(a.Created), a.ID})
		}
		if err := db.Insert(ctx, tx, "ra_place", []string{"node", "state", "created", "application"}, rows, ""); err != nil {
			return err
		}
	}
	number, err := next(ctx, tx, "change")
	if err != nil {
		return err
	}
	return db.Insert(ctx, tx, "ra_change", []string{"number", "application", "version", "path"}, [][]any{{number, a.ID, int64(a.Version), a.Path}}, "")
}

// next draws the next number of a counter; whoever draws later waits for this
// transaction, so that numbers become visible in their order.
func next(ctx context.Context, tx *sql.Tx, name string) (number int64, err error) {
	err = tx.QueryRowContext(ctx, "UPDATE ra_counter SET number = number + 1 WHERE name = $1 RETURNING number", name).Scan(&number)
	if err != nil {
		return 0, fmt.Errorf("drawing the next number of %s: %w", name, err)
	}
	return number, nil
}
