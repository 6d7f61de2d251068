package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"io"
	"strings"
)

// Probe asks whether a table has a row for any of some texts. In is a table and a
// condition in which ? stands once for the text, as in "thing WHERE name = ?": a
// constant of the calling room's code, never input.
type Probe struct {
	In     string
	Values []string
}

// probes is what Exists hands to a connection of ours, probeText what stands where a
// statement's text does.
type probes []Probe

const probeText = "probe"

// RowQuerier is a pool or a transaction.
type RowQuerier interface {
	QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row
}

// Exists reports whether any of the probes finds a row. Where nearly always nothing is
// found this is far cheaper than asking for what is: nothing is made of the values but
// keys to look up, one kept statement with one key of each probe on SQLite, one with
// arrays on PostgreSQL.
func Exists(ctx context.Context, q RowQuerier, all ...Probe) (found bool, err error) {
	some := make(probes, 0, len(all))
	for _, p := range all {
		if len(p.Values) > 0 {
			some = append(some, p)
		}
	}
	if len(some) == 0 {
		return false, nil
	}
	if err := q.QueryRowContext(ctx, probeText, some).Scan(&found); err != nil {
		return false, fmt.Errorf("looking for rows: %w", err)
	}
	return found, nil
}

// probesOf returns what Exists handed in, if the arguments are its.
func probesOf(args []driver.NamedValue) (probes, bool) {
	if len(args) != 1 {
		return nil, false
	}
	p, ok := args[0].Value.(probes)
	return p, ok
}

// text is the question, each ? written as the engine wants it.
func (all probes) text(key string) string {
	var b strings.Builder
	for i, p := range all {
		if i > 0 {
			b.WriteString(" OR ")
		} else {
			b.WriteString("SELECT ")
		}
		b.WriteString("EXISTS (SELECT 1 FROM ")
		b.WriteString(strings.Replace(p.In, "?", fmt.Sprintf(key, i+1), 1))
		b.WriteByte(')')
	}
	return b.String()
}

func (c *keepingConn) probe(ctx context.Context, all probes) (driver.Rows, error) {
	s, err := c.statement(ctx, all.text("$%d"))
	if err != nil {
		return nil, err
	}
	longest := 0
	for _, p := range all {
		longest = max(longest, len(p.Values))
	}
	args := make([]driver.NamedValue, len(all))
	for n := range longest {
		for i, p := range all {
			args[i] = driver.NamedValue{Ordinal: i + 1, Value: p.Values[min(n, len(p.Values)-1)]}
		}
		if found, err := s.one(ctx, args); err != nil || found != 0 {
			return &answer{found != 0, false}, err
		}
	}
	return &answer{}, nil
}

// one returns the number a statement answers with.
func (s *keptStmt) one(ctx context.Context, args []driver.NamedValue) (n int64, err error) {
	rows, err := s.QueryContext(ctx, args)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	var dest [1]driver.Value
	if err := rows.Next(dest[:]); err != nil {
		return 0, err
	}
	n, _ = dest[0].(int64)
	return n, nil
}

func (c *gatheringConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	all, ours := probesOf(args)
	if !ours {
		return c.Conn.QueryContext(ctx, text, args)
	}
	arrays := make([]driver.NamedValue, len(all))
	for i, p := range all {
		arrays[i] = driver.NamedValue{Ordinal: i + 1, Value: p.Values}
	}
	return c.Conn.QueryContext(ctx, all.text("ANY ($%d::text[])"), arrays)
}

// answer is one row of one truth.
type answer struct{ found, read bool }

// Columns implements driver.Rows.
func (*answer) Columns() []string { return []string{"found"} }

// Close implements driver.Rows.
func (*answer) Close() error { return nil }

// Next implements driver.Rows.
func (a *answer) Next(dest []driver.Value) error {
	if a.read {
		return io.EOF
	}
	a.read, dest[0] = true, a.found
	return nil
}
