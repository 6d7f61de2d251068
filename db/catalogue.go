package db

import (
	"context"
	"database/sql"
	"fmt"
)

// What the engines say of their tables: the one place that asks their catalogues.

// querier is a pool or a transaction.
type querier interface {
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
}

// catalogue is the same questions in each engine's words; $1 is the table's name.
type catalogue struct {
	tables, columns, parents string
	indexes                  string // name and definition of those no constraint keeps
	kinds                    map[string]Kind
}

var liteCatalogue = catalogue{
	tables:  `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY name`,
	columns: `SELECT name, lower(type), pk FROM pragma_table_info($1) ORDER BY cid`,
	parents: `SELECT DISTINCT "table" FROM pragma_foreign_key_list($1)`,
	indexes: `SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL ORDER BY name`,
	kinds:   map[string]Kind{"integer": Number, "bigint": Number, "text": Text, "blob": Octets},
}

var postgresCatalogue = catalogue{
	tables: `SELECT table_name::text FROM information_schema.tables
		WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' AND table_name <> '` + leaseTable + `' ORDER BY table_name::text`,
	columns: `SELECT c.column_name::text, c.data_type::text, COALESCE((
			SELECT k.ordinal_position::int FROM information_schema.table_constraints t
			JOIN information_schema.key_column_usage k ON k.constraint_name = t.constraint_name AND k.constraint_schema = t.constraint_schema
			WHERE t.constraint_type = 'PRIMARY KEY' AND t.table_schema = c.table_schema AND t.table_name = c.table_name
				AND k.table_name = c.table_name AND k.column_name = c.column_name), 0)
		FROM information_schema.columns c WHERE c.table_schema = current_schema() AND c.table_name = $1 ORDER BY c.ordinal_position`,
	parents: `SELECT DISTINCT p.relname::text FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid JOIN pg_class p ON p.oid = f.confrelid
		JOIN pg_namespace n ON n.oid = c.relnamespace WHERE f.contype = 'f' AND n.nspname = current_schema() AND c.relname = $1`,
	indexes: `SELECT c.relname::text, pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
		JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = current_schema() AND c.relkind = 'i'
			AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid) ORDER BY c.relname`,
	kinds: map[string]Kind{"bigint": Number, "integer": Number, "smallint": Number, "text": Text, "bytea": Octets, "boolean": Flag},
}

func (d *DB) catalogue() catalogue {
	if d.Dialect == Postgres {
		return postgresCatalogue
	}
	return liteCatalogue
}

func (d *DB) tableNames(ctx context.Context, q querier) ([]string, error) {
	return texts(ctx, q, d.catalogue().tables)
}

// texts reads one column of texts.
func texts(ctx context.Context, q querier, text string, args ...any) (all []string, err error) {
	rows, err := q.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, fmt.Errorf("asking for the tables: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, fmt.Errorf("asking for the tables: %w", err)
		}
		all = append(all, name)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("asking for the tables: %w", err)
	}
	return all, nil
}

// table describes one table. A column of a type no room uses is refused only when
// it would be copied: goose's own tables have some.
func (d *DB) table(ctx context.Context, tx *sql.Tx, name string) (Table, error) {
	t := Table{Name: name}
	if err := d.columns(ctx, tx, &t); err != nil {
		return t, err
	}
	var err error
	if t.parents, err = texts(ctx, tx, d.catalogue().parents, name); err != nil {
		return t, err
	}
	if t.isVersion() {
		return t, nil
	}
	for _, c := range t.Columns {
		if _, known := kindNames[c.Kind]; !known {
			return t, fmt.Errorf("describing table %s: column %s is a %.30q, which no copy knows", name, c.Name, string(c.Kind))
		}
	}
	return t, nil
}

var kindNames = map[Kind]bool{Number: true, Text: true, Octets: true, Flag: true}

func (d *DB) columns(ctx context.Context, tx *sql.Tx, t *Table) error {
	rows, err := tx.QueryContext(ctx, d.catalogue().columns, t.Name)
	if err != nil {
		return fmt.Errorf("asking for the columns of %s: %w", t.Name, err)
	}
	defer rows.Close()
	key := map[int]Column{}
	for rows.Next() {
		var c Column
		var stored string
		var place int
		if err := rows.Scan(&c.Name, &stored, &place); err != nil {
			return fmt.Errorf("asking for the columns of %s: %w", t.Name, err)
		}
		if c.Kind = d.catalogue().kinds[stored]; c.Kind == "" {
			c.Kind = Kind(stored)
		}
		t.Columns = append(t.Columns, c)
		if place > 0 {
			key[place] = c
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("asking for the columns of %s: %w", t.Name, err)
	}
	if key[1].Kind != Number {
		return nil
	}
	for place := 1; key[place].Name != ""; place++ {
		t.order = append(t.order, quote(key[place].Name))
	}
	return nil
}
