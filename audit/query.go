package audit

import (
	"context"
	"fmt"
	"slices"
	"strings"
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
	args = append(args, page(q.Limit))
	rows, err := selectRows(ctx, l.d.Read(), fmt.Sprintf("%s ORDER BY number LIMIT $%d", strings.Join(where, " AND "), len(args)), args...)
	if err != nil {
		return nil, err
	}
	return entriesOf(rows)
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
