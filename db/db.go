package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"modernc.org/sqlite"
)

// Dialect is the engine behind a DB.
type Dialect string

// The two engines.
const (
	SQLite   Dialect = "sqlite"
	Postgres Dialect = "postgres"
)

// DB is one component's database. Write it through Tx, read it through Read.
type DB struct {
	Dialect Dialect
	source  string
	path    string  // SQLite's file
	write   *sql.DB // nil: opened read only
	read    *sql.DB
	fences  fences
}

// Open opens a database: "sqlite:PATH" (created with mode 0600 where missing) or
// "postgres://…". SQLite runs in WAL mode with synchronous=FULL, so an
// acknowledged commit survives a power cut.
func Open(ctx context.Context, source string) (*DB, error) {
	switch {
	case strings.HasPrefix(source, "sqlite:"):
		return openSQLite(ctx, source, strings.TrimPrefix(source, "sqlite:"))
	case strings.HasPrefix(source, "postgres://"), strings.HasPrefix(source, "postgresql://"):
		return openPostgres(ctx, source)
	}
	return nil, errors.New(`opening the database: a source is "sqlite:PATH" or "postgres://…", and this is neither`)
}

func openSQLite(ctx context.Context, source, path string) (*DB, error) {
	if path == "" {
		return nil, errors.New("opening the database: the source names no file after sqlite")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	file.Close()
	// The log is folded into the file every 8,000 pages (32 MiB), not 1,000: pages
	// that many commits touch are then written once, a fifth less work an insert.
	const pragmas = "_pragma=journal_mode(WAL)&_pragma=wal_autocheckpoint(8000)&_pragma=synchronous(FULL)&_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)&_pragma=cache_size(-32000)"
	name := (&url.URL{Scheme: "file", Path: path}).String()
	write, err := poolSQLite(name + "?" + pragmas + "&_txlock=immediate")
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	// One writer connection: a second would only wait for the file's write lock.
	write.SetMaxOpenConns(1)
	if err := write.PingContext(ctx); err != nil {
		write.Close()
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	read, err := readSQLite(path)
	if err != nil {
		write.Close()
		return nil, err
	}
	return &DB{Dialect: SQLite, source: source, path: path, write: write, read: read}, nil
}

func poolSQLite(source string) (*sql.DB, error) {
	connector, err := sqlite.NewConnector(source)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(keeping{connector}), nil
}

func readSQLite(path string) (*sql.DB, error) {
	name := (&url.URL{Scheme: "file", Path: path}).String()
	read, err := poolSQLite(name + "?mode=ro&_pragma=busy_timeout(5000)&_pragma=query_only(1)&_pragma=cache_size(-32000)")
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	read.SetMaxOpenConns(8)
	read.SetMaxIdleConns(8)
	return read, nil
}

func openPostgres(ctx context.Context, source string) (*DB, error) {
	write, err := poolPostgres(source, false)
	if err != nil {
		return nil, err
	}
	if err := write.PingContext(ctx); err != nil {
		write.Close()
		return nil, fmt.Errorf("reaching postgres: %w", err)
	}
	read, err := poolPostgres(source, true)
	if err != nil {
		write.Close()
		return nil, err
	}
	return &DB{Dialect: Postgres, source: source, write: write, read: read}, nil
}

// poolPostgres opens a pool; the one for reading starts every transaction read only.
func poolPostgres(source string, readOnly bool) (*sql.DB, error) {
	config, err := pgx.ParseConfig(source)
	if err != nil {
		return nil, errors.New("opening the database: the postgres source is malformed")
	}
	// What we look up we look up by key. A plan made while a table was new and empty
	// must not read all of it when it is full; nor is any query of ours long enough
	// to be worth compiling.
	config.RuntimeParams["enable_seqscan"] = "off"
	config.RuntimeParams["jit"] = "off"
	if readOnly {
		config.RuntimeParams["default_transaction_read_only"] = "on"
	} else {
		config.RuntimeParams["plan_cache_mode"] = "force_generic_plan"
	}
	pool := sql.OpenDB(gathering{stdlib.GetConnector(*config)})
	pool.SetMaxOpenConns(16)
	pool.SetMaxIdleConns(16)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	return pool, nil
}

// Close closes every connection. The writer goes last: SQLite then folds its log into
// the file, which is the whole database afterwards; a reader could not.
func (d *DB) Close() error {
	if d.write == nil {
		return d.read.Close()
	}
	return errors.Join(d.read.Close(), d.write.Close())
}

// Migrate brings the schema of one room up to date. The folder holds sqlite/ and
// postgres/ with numbered goose files; room names the version table, as several
// rooms (ca, status, audit) share a component's database.
func (d *DB) Migrate(ctx context.Context, room string, migrations fs.FS) error {
	provider, err := d.provider(room, migrations)
	if err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrating %s: %w", room, err)
	}
	return nil
}

// MigrateTo brings the schema of one room to a version it once had, so that a copy
// made then fits. A version the migrations do not reach is ErrVersion.
func (d *DB) MigrateTo(ctx context.Context, room string, migrations fs.FS, version int64) error {
	provider, err := d.provider(room, migrations)
	if err != nil {
		return err
	}
	if _, err := provider.UpTo(ctx, version); err != nil {
		return fmt.Errorf("migrating %s: %w", room, err)
	}
	reached, err := provider.GetDBVersion(ctx)
	if err == nil && reached != version {
		err = ErrVersion
	}
	if err != nil {
		return fmt.Errorf("migrating %s: %w", room, err)
	}
	return nil
}

// ErrVersion is what MigrateTo answers for a version this program does not have.
var ErrVersion = errors.New("the schema has no such version")

func (d *DB) provider(room string, migrations fs.FS) (*goose.Provider, error) {
	if d.write == nil {
		return nil, fmt.Errorf("migrating %s: %w", room, ErrReadOnly)
	}
	sub, err := fs.Sub(migrations, "migrations/"+string(d.Dialect))
	if err != nil {
		return nil, fmt.Errorf("migrating %s: %w", room, err)
	}
	dialect, options := goose.DialectSQLite3, []goose.ProviderOption{goose.WithTableName(room + versionSuffix)}
	if d.Dialect == Postgres {
		// Two processes of one component may start together.
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return nil, fmt.Errorf("migrating %s: %w", room, err)
		}
		dialect, options = goose.DialectPostgres, append(options, goose.WithSessionLocker(locker))
	}
	provider, err := goose.NewProvider(dialect, d.write, sub, options...)
	if err != nil {
		return nil, fmt.Errorf("migrating %s: %w", room, err)
	}
	return provider, nil
}

// Read returns the pool for queries. It refuses writes and sees the last commit.
func (d *DB) Read() *sql.DB { return d.read }

// Tx runs act in one write transaction: committed if it returns nil, else rolled back.
// A lease taken from d that another process has taken over is ErrLeaseLost.
func (d *DB) Tx(ctx context.Context, act func(tx *sql.Tx) error) error {
	if d.write == nil {
		return ErrReadOnly
	}
	tx, err := d.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	defer tx.Rollback() // after Commit it does nothing
	if err := d.fences.pass(ctx, tx); err != nil {
		return err
	}
	if err := act(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("committing: %w", err)
	}
	return nil
}

// Savepoint runs act inside a savepoint of tx, so that its failure undoes its own
// changes only. On PostgreSQL this is also what keeps tx usable after an error.
// Savepoints nest. If the changes cannot be undone alone, tx is rolled back whole
// and takes no further statement.
func Savepoint(ctx context.Context, tx *sql.Tx, act func() error) error {
	if _, err := tx.ExecContext(ctx, "SAVEPOINT s"); err != nil {
		return fmt.Errorf("setting a savepoint: %w", err)
	}
	if err := act(); err != nil {
		// Rolling back leaves the savepoint in place; without the release, an outer
		// one of the same name could no longer be reached.
		if _, back := tx.ExecContext(ctx, "ROLLBACK TO SAVEPOINT s; RELEASE SAVEPOINT s"); back != nil {
			// SQLite has ended the transaction by itself (disk full, interrupted):
			// what came after would be committed one statement at a time.
			tx.Rollback()
			return errors.Join(err, fmt.Errorf("rolling back to a savepoint: %w", back))
		}
		return err
	}
	if _, err := tx.ExecContext(ctx, "RELEASE SAVEPOINT s"); err != nil {
		return fmt.Errorf("releasing a savepoint: %w", err)
	}
	return nil
}

// SQLite's extended result codes for a broken UNIQUE and PRIMARY KEY constraint.
const (
	sqliteUnique     = 2067
	sqlitePrimaryKey = 1555
)

// IsDuplicate reports whether err is a broken uniqueness constraint of either engine.
func IsDuplicate(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "23505"
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		return lite.Code() == sqliteUnique || lite.Code() == sqlitePrimaryKey
	}
	return false
}
