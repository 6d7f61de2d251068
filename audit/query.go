package audit

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"onecert/db"
)

// maxPage is how many entries one question returns at most.
const maxPage = 1000

// Query selects entries; empty fields select all. Object and Subject are found by
// index, Actor and Act by looking through the log.
type Query struct {
	From    int64 // first number wanted; for the next page, the last one seen plus 1
	Limit   int   // at most maxPage; 0: that many
	Actor   string
	Act     string // "certificate.issue", or with a final dot a group: "certificate."
	Object  string
	Subject string
	Result  Result
	Since   time.Time // not before; zero: from the beginning
	Until   time.Time // before; zero: to the end
	Newest  bool      // the newest first
	Before  int64     // numbers below this; 0: no limit. For the next page of Newest
}

// Search returns the entries a query selects, in order of their numbers.
func (l *Log) Search(ctx context.Context, q Query) ([]Entry, error) {
	where, args := []string{"number >= $1"}, []any{q.From}
	add := func(condition, value string) {
		if value != "" {
			args = append(args, value)
			where = append(where, fmt.Sprintf(condition, len(args)))
		}
	}
	add("object = $%d AND object <> ''", q.Object) // as in the partial index
	add("subject = $%d AND subject <> ''", q.Subject)
	add("actor = $%d", q.Actor)
	if group := strings.HasSuffix(q.Act, "."); group {
		add("substr(act, 1, length(CAST($%[1]d AS TEXT))) = $%[1]d", q.Act)
	} else {
		add("act = $%d", q.Act)
	}
	add("result = $%d", string(q.Result))
	for condition, at := range map[string]time.Time{"at >= $%d": q.Since, "at < $%d": q.Until} {
		if !at.IsZero() {
			args = append(args, at.UnixMilli())
			where = append(where, fmt.Sprintf(condition, len(args)))
		}
	}
	if q.Before > 0 {
		args = append(args, q.Before)
		where = append(where, fmt.Sprintf("number < $%d", len(args)))
	}
	order := "number"
	if q.Newest {
		order = "number DESC"
	}
	args = append(args, page(q.Limit))
	rows, err := selectRows(ctx, l.d.Read(), fmt.Sprintf("%s ORDER BY %s LIMIT $%d", strings.Join(where, " AND "), order, len(args)), args...)
	if err != nil {
		return nil, err
	}
	return entriesOf(rows)
}

// Each hands the entries of some acts whose objects begin with a prefix of ASCII to fn,
// in order of their objects, then of their numbers. The index of objects leads to
// them, however long the log is.
func (l *Log) Each(ctx context.Context, prefix string, acts []string, fn func(Entry) error) error {
	if prefix == "" || prefix[len(prefix)-1] >= 0x7f {
		return fmt.Errorf("reading the audit log: a prefix ends in ASCII")
	}
	last := len(prefix) - 1
	args := []any{prefix, prefix[:last] + string(prefix[last]+1)}
	for _, act := range acts {
		args = append(args, act)
	}
	rows, err := l.d.Read().QueryContext(ctx, "SELECT "+entryColumns+` FROM audit_entry
		WHERE object >= $1 AND object < $2 AND object <> '' AND act IN `+db.In(3, len(acts))+" ORDER BY object, number", args...)
	if err != nil {
		return fmt.Errorf("reading the audit log: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		r, err := scanned(rows)
		if err != nil {
			return err
		}
		e, err := r.entry()
		if err != nil {
			return err
		}
		if err := fn(e); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("reading the audit log: %w", err)
	}
	return nil
}

// Tail returns the last n entries, oldest first.
func (l *Log) Tail(ctx context.Context, n int) ([]Entry, error) {
	rows, err := selectRows(ctx, l.d.Read(), "number >= 0 ORDER BY number DESC LIMIT $1", page(n))
	if err != nil {
		return nil, err
	}
	slices.Reverse(rows)
	return entriesOf(rows)
}

func page(limit int) int {
	if limit <= 0 || limit > maxPage {
		return maxPage
	}
	return limit
}

func entriesOf(rows []row) ([]Entry, error) {
	all := make([]Entry, len(rows))
	for i := range rows {
		e, err := rows[i].entry()
		if err != nil {
			return nil, err
		}
		all[i] = e
	}
	return all, nil
}
