package gateway

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The steps figures are kept by, and for how long.
const (
	StepMinute = "minute"
	StepDay    = "day"

	keepMinutes = 24 * time.Hour
	keepDays    = 366 * 24 * time.Hour
)

const countColumns = "requests, refused, failed, sent, received, took, l0, l1, l2, l3, l4, l5, l6, l7, l8, l9, l10, l11, l12, l13"

// addFigure is the statement that adds counts to a row.
func addFigure() string {
	columns := strings.Split(countColumns, ", ")
	places, sums := make([]string, 0, 4+len(columns)), make([]string, 0, len(columns))
	for i := range 4 + len(columns) {
		places = append(places, "$"+strconv.Itoa(i+1))
	}
	for _, c := range columns {
		sums = append(sums, c+" = gateway_figure."+c+" + excluded."+c)
	}
	return "INSERT INTO gateway_figure (step, at, kind, name, " + countColumns + ") VALUES (" + strings.Join(places, ", ") +
		") ON CONFLICT (step, at, kind, name) DO UPDATE SET " + strings.Join(sums, ", ")
}

func (c *Counts) args() []any {
	all := []any{c.Requests, c.Refused, c.Failed, c.Sent, c.Received, c.Took}
	for _, n := range c.Latency {
		all = append(all, n)
	}
	return all
}

func (c *Counts) scanned() []any {
	all := []any{&c.Requests, &c.Refused, &c.Failed, &c.Sent, &c.Received, &c.Took}
	for i := range c.Latency {
		all = append(all, &c.Latency[i])
	}
	return all
}

// rowKey is a row of the table.
type rowKey struct {
	step       string
	at         int64
	kind, name string
}

// rows are what the counts add to: each to its minute, but for users, and to its day.
func rowsOf(all map[figureKey]*Counts, nameOf func(day int64, user string) string) map[rowKey]*Counts {
	rows := map[rowKey]*Counts{}
	add := func(key rowKey, c *Counts) {
		if rows[key] == nil {
			rows[key] = &Counts{}
		}
		rows[key].add(c)
	}
	for key, c := range all {
		day := dayOf(key.minute).UnixMilli()
		name := key.name
		if key.kind == FigureUser {
			name = nameOf(day, name)
		} else {
			add(rowKey{StepMinute, key.minute * 60_000, key.kind, name}, c)
		}
		add(rowKey{StepDay, day, key.kind, name}, c)
	}
	return rows
}

// writeFigures adds rows and forgets what is too old.
func writeFigures(ctx context.Context, tx *sql.Tx, rows map[rowKey]*Counts, now time.Time) error {
	if len(rows) > 0 {
		statement, err := tx.PrepareContext(ctx, addFigure())
		if err != nil {
			return fmt.Errorf("storing figures: %w", err)
		}
		defer statement.Close()
		for key, c := range rows {
			if _, err := statement.ExecContext(ctx, append([]any{key.step, key.at, key.kind, key.name}, c.args()...)...); err != nil {
				return fmt.Errorf("storing figures: %w", err)
			}
		}
	}
	for step, keep := range map[string]time.Duration{StepMinute: keepMinutes, StepDay: keepDays} {
		if _, err := tx.ExecContext(ctx, "DELETE FROM gateway_figure WHERE step = $1 AND at < $2", step, now.Add(-keep).UnixMilli()); err != nil {
			return fmt.Errorf("forgetting old figures: %w", err)
		}
	}
	return nil
}

// Figure is what was counted in one step of time.
type Figure struct {
	At   time.Time `json:"at" doc:"when the minute or day begins"`
	Kind string    `json:"kind"`
	Name string    `json:"name" doc:"* stands for those beyond what is counted apart"`
	Counts
}

// readFigures returns at most limit rows, oldest first.
func readFigures(ctx context.Context, q querier, s StatisticsQuery, limit int) ([]Figure, error) {
	text := "SELECT at, kind, name, " + countColumns + " FROM gateway_figure WHERE step = $1 AND at >= $2 AND at < $3"
	args := []any{s.Step, s.From.UnixMilli(), s.To.UnixMilli()}
	if s.Kind == "" {
		text += " AND kind <> '" + FigureUser + "'"
	} else {
		args = append(args, s.Kind)
		text += " AND kind = $4"
	}
	rows, err := q.QueryContext(ctx, text+" ORDER BY at, kind, name LIMIT "+strconv.Itoa(limit), args...)
	if err != nil {
		return nil, fmt.Errorf("reading figures: %w", err)
	}
	defer rows.Close()
	all := []Figure{}
	for rows.Next() {
		var f Figure
		var at int64
		if err := rows.Scan(append([]any{&at, &f.Kind, &f.Name}, f.scanned()...)...); err != nil {
			return nil, fmt.Errorf("reading figures: %w", err)
		}
		f.At = time.UnixMilli(at).UTC()
		all = append(all, f)
	}
	return all, rows.Err()
}

// usersOf returns the accounts that are counted apart on a day.
func usersOf(ctx context.Context, q querier, day int64) (map[string]bool, error) {
	rows, err := q.QueryContext(ctx, "SELECT name FROM gateway_figure WHERE step = $1 AND at = $2 AND kind = $3", StepDay, day, FigureUser)
	if err != nil {
		return nil, fmt.Errorf("reading figures: %w", err)
	}
	defer rows.Close()
	all := map[string]bool{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, fmt.Errorf("reading figures: %w", err)
		}
		all[name] = true
	}
	return all, rows.Err()
}
