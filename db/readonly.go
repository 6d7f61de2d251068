package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// ErrReadOnly is what writing answers on a database opened with OpenReadOnly.
var ErrReadOnly = errors.New("the database was opened for reading only")

// OpenReadOnly opens an existing database, live or a copy, for Read and Snapshot
// only. It creates nothing; the source is as for Open.
func OpenReadOnly(ctx context.Context, source string) (*DB, error) {
	d := &DB{source: source}
	var err error
	if path, ok := strings.CutPrefix(source, "sqlite:"); ok {
		if d.path, err = filepath.Abs(path); err != nil {
			return nil, fmt.Errorf("opening the database: %w", err)
		}
		d.Dialect = SQLite
		d.read, err = readSQLite(d.path)
	} else {
		d.Dialect = Postgres
		d.read, err = poolPostgres(source, true)
	}
	if err != nil {
		return nil, err
	}
	probe := "SELECT 1"
	if d.Dialect == SQLite {
		probe = "SELECT count(*) FROM sqlite_schema" // the first query that reads the file
	}
	var n int
	if err := d.read.QueryRowContext(ctx, probe).Scan(&n); err != nil {
		d.read.Close()
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	return d, nil
}

// Snapshot runs act in one read-only transaction that sees a single commit, however
// many queries it makes and whatever is written meanwhile.
func (d *DB) Snapshot(ctx context.Context, act func(tx *sql.Tx) error) error {
	options := &sql.TxOptions{ReadOnly: true}
	if d.Dialect == Postgres {
		options.Isolation = sql.LevelRepeatableRead // SQLite's WAL readers have it anyway
	}
	tx, err := d.read.BeginTx(ctx, options)
	if err != nil {
		return fmt.Errorf("beginning to read: %w", err)
	}
	defer tx.Rollback() // nothing was written
	return act(tx)
}
