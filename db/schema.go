package db

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
)

// Kind is what a column holds. These four are all that rooms store.
type Kind string

// The kinds. A flag is stored as 0 and 1 where an engine has no boolean.
const (
	Number Kind = "number"
	Text   Kind = "text"
	Octets Kind = "octets"
	Flag   Kind = "flag"
)

// Column is one column of a Table.
type Column struct {
	Name string
	Kind Kind
}

// Table is one table as its engine describes it, for copying a database whole
// without knowing what the rooms keep there.
type Table struct {
	Name    string
	Columns []Column

	parents []string // tables its foreign keys name
	order   []string // a primary key that begins with a number
}

// Names returns the names of the columns in order.
func (t Table) Names() []string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	return names
}

// Tables describes every table of the database as tx sees it, parents before the
// tables that refer to them, otherwise by name. Version tables are left out.
func (d *DB) Tables(ctx context.Context, tx *sql.Tx) ([]Table, error) {
	names, err := d.tableNames(ctx, tx)
	if err != nil {
		return nil, err
	}
	var all []Table
	for _, name := range names {
		t, err := d.table(ctx, tx, name)
		if err != nil {
			return nil, err
		}
		if !t.isVersion() {
			all = append(all, t)
		}
	}
	return parentsFirst(all)
}

// Versions returns the schema version of each room that has tables here.
func (d *DB) Versions(ctx context.Context, tx *sql.Tx) (map[string]int64, error) {
	names, err := d.tableNames(ctx, tx)
	if err != nil {
		return nil, err
	}
	versions := map[string]int64{}
	for _, name := range names {
		t, err := d.table(ctx, tx, name)
		if err != nil {
			return nil, err
		}
		if !t.isVersion() {
			continue
		}
		var version int64
		text := "SELECT COALESCE(MAX(version_id), 0) FROM " + quote(name)
		if err := tx.QueryRowContext(ctx, text).Scan(&version); err != nil {
			return nil, fmt.Errorf("reading the schema's version in %s: %w", name, err)
		}
		versions[strings.TrimSuffix(name, versionSuffix)] = version
	}
	return versions, nil
}

// Empty reports whether the database has no table at all.
func (d *DB) Empty(ctx context.Context) (bool, error) {
	names, err := d.tableNames(ctx, d.read)
	return len(names) == 0, err
}

const versionSuffix = "_version"

// isVersion recognises the tables Migrate keeps its versions in.
func (t Table) isVersion() bool {
	return strings.HasSuffix(t.Name, versionSuffix) && slices.Contains(t.Names(), "version_id")
}

// Each hands every row to act in the order of t.Columns. Values are int64, string,
// []byte, bool or nil. Rows numbered by their key come in its order, others as the
// engine keeps them. While act runs, tx answers nothing else.
func (t Table) Each(ctx context.Context, tx *sql.Tx, act func(row []any) error) error {
	columns := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		columns[i] = quote(c.Name)
	}
	text := "SELECT " + strings.Join(columns, ", ") + " FROM " + quote(t.Name)
	if len(t.order) > 0 {
		text += " ORDER BY " + strings.Join(t.order, ", ")
	}
	rows, err := tx.QueryContext(ctx, text)
	if err != nil {
		return fmt.Errorf("reading table %s: %w", t.Name, err)
	}
	defer rows.Close()
	row, into := make([]any, len(t.Columns)), make([]any, len(t.Columns))
	for i := range row {
		into[i] = &row[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return fmt.Errorf("reading table %s: %w", t.Name, err)
		}
		if err := act(row); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("reading table %s: %w", t.Name, err)
	}
	return nil
}

// parentsFirst orders tables by what their foreign keys need.
func parentsFirst(all []Table) ([]Table, error) {
	slices.SortFunc(all, func(a, b Table) int { return strings.Compare(a.Name, b.Name) })
	placed, ordered := map[string]bool{}, make([]Table, 0, len(all))
	for len(ordered) < len(all) {
		before := len(ordered)
		for _, t := range all {
			waits := slices.ContainsFunc(t.parents, func(p string) bool { return p != t.Name && !placed[p] })
			if placed[t.Name] || waits {
				continue
			}
			placed[t.Name] = true
			ordered = append(ordered, t)
		}
		if len(ordered) == before {
			return nil, fmt.Errorf("ordering the tables: foreign keys go round in a circle")
		}
	}
	return ordered, nil
}

// quote makes an identifier of a name the engine gave us.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
