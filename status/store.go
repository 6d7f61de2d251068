package status

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"onecert/db"
	"onecert/pki"
)

// channel wakes followers in other processes, on PostgreSQL.
const channel = "onecert_status"

const (
	recordColumns = "issuer, serial, state, reason, changed_at, invalidity, not_after, partition, number"
	entryColumns  = "number, issuer, serial, event, reason, at, invalidity, not_after, partition"

	historyOf = "issuer = $1 AND serial = $2 AND event <> 'issued' ORDER BY number"
)

// listing is a query on the table that one partial index serves. Its conditions on
// state and number are, word for word, the index's: that is how both engines know
// that the index will do.
type listing struct{ index, where string }

var (
	listedAll = listing{"status_listed",
		"issuer = $1 AND not_after > $2 AND state IN ('held', 'revoked') ORDER BY serial"}
	listedPartition = listing{"status_listed_partition",
		"issuer = $1 AND not_after > $2 AND state IN ('held', 'revoked') AND partition = $3 ORDER BY serial"}
	changedSince = listing{"status_changed",
		"issuer = $1 AND number > $2 AND number > issued ORDER BY number"}
)

// text names the index to SQLite, which has no statistics and would read every
// certificate of the issuer instead; PostgreSQL knows better.
func (l listing) text(dialect db.Dialect) string {
	hint := ""
	if dialect == db.SQLite {
		hint = " INDEXED BY " + l.index
	}
	return "SELECT " + recordColumns + " FROM status" + hint + " WHERE " + l.where
}

// querier is a pool or a transaction.
type querier interface {
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row
}

// advance takes the next n journal numbers and returns the last. The row stays
// locked until the transaction ends, so numbers become visible in order.
func advance(ctx context.Context, tx *sql.Tx, n int) (last int64, err error) {
	err = tx.QueryRowContext(ctx, "UPDATE status_counter SET n = n + $1 RETURNING n", n).Scan(&last)
	if err != nil {
		return 0, fmt.Errorf("taking journal numbers: %w", err)
	}
	return last, nil
}

const recordTable = "status"

// recordRows are certificates that were not there before.
func recordRows(entries []Entry) db.Statement {
	rows := make([][]any, len(entries))
	for i, e := range entries {
		rows[i] = []any{e.Issuer, string(e.Serial), string(pki.Valid), e.Number, e.Number, int(e.Reason),
			e.At.UnixMilli(), nil, e.NotAfter.UnixMilli(), e.Partition}
	}
	return db.Into(recordTable, []string{"issuer", "serial", "state", "number", "issued", "reason",
		"changed_at", "invalidity", "not_after", "partition"}, rows, "")
}

func entryRows(entries []Entry) db.Statement {
	rows := make([][]any, len(entries))
	for i, e := range entries {
		rows[i] = []any{e.Number, e.Issuer, string(e.Serial), string(e.Event), int(e.Reason), e.At.UnixMilli(),
			optional(e.Invalidity), e.NotAfter.UnixMilli(), e.Partition}
	}
	return db.Into("status_journal", []string{"number", "issuer", "serial", "event", "reason", "at",
		"invalidity", "not_after", "partition"}, rows, "")
}

// update moves a certificate from one state to another; found is false if it is
// not in that state. It completes e with what the table knows.
func update(ctx context.Context, tx *sql.Tx, e *Entry, from, to pki.State) (found bool, err error) {
	const text = `UPDATE status SET state = $1, number = $2, reason = $3, changed_at = $4, invalidity = $5
		WHERE issuer = $6 AND serial = $7 AND state = $8 RETURNING not_after, partition`
	var notAfter int64
	err = tx.QueryRowContext(ctx, text, string(to), e.Number, int(e.Reason), e.At.UnixMilli(), optional(e.Invalidity),
		e.Issuer, string(e.Serial), string(from)).Scan(&notAfter, &e.Partition)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("changing a certificate's state: %w", err)
	}
	e.NotAfter = time.UnixMilli(notAfter).UTC()
	return true, nil
}

func record(ctx context.Context, q querier, issuer string, serial pki.Serial) (Record, error) {
	row := q.QueryRowContext(ctx, "SELECT "+recordColumns+" FROM status WHERE issuer = $1 AND serial = $2", issuer, string(serial))
	r, err := scanRecord(row.Scan)
	if err != nil {
		return Record{}, unknown(serial, err)
	}
	return r, nil
}

// list streams the certificates of a listing to fn.
func (j *Journal) list(ctx context.Context, fn func(Record) error, l listing, args ...any) error {
	rows, err := j.d.Read().QueryContext(ctx, l.text(j.d.Dialect), args...)
	if err != nil {
		return fmt.Errorf("listing certificates: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		r, err := scanRecord(rows.Scan)
		if err != nil {
			return fmt.Errorf("listing certificates: %w", err)
		}
		if err := fn(r); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("listing certificates: %w", err)
	}
	return nil
}

// history reads the journal of one certificate, in order. Issued entries are many
// and found through the table; the index on the others stays small.
func history(ctx context.Context, q querier, issuer string, serial pki.Serial) ([]Entry, error) {
	var issued int64
	err := q.QueryRowContext(ctx, "SELECT issued FROM status WHERE issuer = $1 AND serial = $2", issuer, string(serial)).Scan(&issued)
	if err != nil {
		return nil, unknown(serial, err)
	}
	first, err := entries(ctx, q, "number = $1", issued)
	if err != nil {
		return nil, err
	}
	rest, err := entries(ctx, q, historyOf, issuer, string(serial))
	if err != nil {
		return nil, err
	}
	return append(first, rest...), nil
}

func entries(ctx context.Context, q querier, where string, args ...any) ([]Entry, error) {
	rows, err := q.QueryContext(ctx, "SELECT "+entryColumns+" FROM status_journal WHERE "+where, args...)
	if err != nil {
		return nil, fmt.Errorf("reading the journal: %w", err)
	}
	defer rows.Close()
	var all []Entry
	for rows.Next() {
		e, err := scanEntry(rows)
		if err != nil {
			return nil, fmt.Errorf("reading the journal: %w", err)
		}
		all = append(all, e)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading the journal: %w", err)
	}
	return all, nil
}

func counter(ctx context.Context, q querier) (last int64, err error) {
	if err := q.QueryRowContext(ctx, "SELECT n FROM status_counter").Scan(&last); err != nil {
		return 0, fmt.Errorf("reading the journal's end: %w", err)
	}
	return last, nil
}

func scanRecord(scan func(...any) error) (Record, error) {
	var r Record
	var changed, notAfter int64
	var invalidity sql.NullInt64
	err := scan(&r.Issuer, &r.Serial, &r.State, &r.Reason, &changed, &invalidity, &notAfter, &r.Partition, &r.Number)
	r.Changed, r.NotAfter, r.Invalidity = time.UnixMilli(changed).UTC(), time.UnixMilli(notAfter).UTC(), moment(invalidity)
	return r, err
}

func scanEntry(rows *sql.Rows) (Entry, error) {
	var e Entry
	var at, notAfter int64
	var invalidity sql.NullInt64
	err := rows.Scan(&e.Number, &e.Issuer, &e.Serial, &e.Event, &e.Reason, &at, &invalidity, &notAfter, &e.Partition)
	e.At, e.NotAfter, e.Invalidity = time.UnixMilli(at).UTC(), time.UnixMilli(notAfter).UTC(), moment(invalidity)
	return e, err
}

func optional(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

func moment(ms sql.NullInt64) time.Time {
	if !ms.Valid {
		return time.Time{}
	}
	return time.UnixMilli(ms.Int64).UTC()
}
