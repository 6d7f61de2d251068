package gateway

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"
)

//go:embed migrations
var migrations embed.FS

// Migrations returns the room's tables, for bringing back a backup of them.
func Migrations() fs.FS { return migrations }

// Version is one version of the configuration, without its content.
type Version struct {
	Number   int64     `json:"number"`
	Hash     string    `json:"hash" doc:"SHA-256 of the document"`
	Note     string    `json:"note"`
	By       string    `json:"by"`
	At       time.Time `json:"at"`
	Base     int64     `json:"base" doc:"the version it was made from"`
	Restored int64     `json:"restored,omitempty" doc:"the version it says again"`
}

const versionColumns = "number, hash, note, made_by, made_at, base, restored"

func scanVersion(scan func(...any) error, more ...any) (v Version, err error) {
	var at int64
	err = scan(append([]any{&v.Number, &v.Hash, &v.Note, &v.By, &at, &v.Base, &v.Restored}, more...)...)
	v.At = time.UnixMilli(at).UTC()
	return v, err
}

// querier is a pool or a transaction.
type querier interface {
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row
}

// lastVersion returns the newest version with its document; zero where there is none.
func lastVersion(ctx context.Context, q querier) (v Version, document []byte, err error) {
	v, err = scanVersion(q.QueryRowContext(ctx, "SELECT "+versionColumns+", document FROM gateway_configuration ORDER BY number DESC LIMIT 1").Scan, &document)
	if errors.Is(err, sql.ErrNoRows) {
		return Version{}, nil, nil
	}
	if err != nil {
		return Version{}, nil, fmt.Errorf("reading the last configuration: %w", err)
	}
	return v, document, nil
}

func oneVersion(ctx context.Context, q querier, number int64) (v Version, document []byte, err error) {
	v, err = scanVersion(q.QueryRowContext(ctx, "SELECT "+versionColumns+", document FROM gateway_configuration WHERE number = $1", number).Scan, &document)
	if errors.Is(err, sql.ErrNoRows) {
		return Version{}, nil, noVersion(number)
	}
	if err != nil {
		return Version{}, nil, fmt.Errorf("reading configuration %d: %w", number, err)
	}
	return v, document, nil
}

func insertVersion(ctx context.Context, tx *sql.Tx, v Version, document []byte) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO gateway_configuration ("+versionColumns+", document) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
		v.Number, v.Hash, v.Note, v.By, v.At.UnixMilli(), v.Base, v.Restored, document)
	if err != nil {
		return fmt.Errorf("storing configuration %d: %w", v.Number, err)
	}
	return nil
}

// listVersions returns at most n versions before one number, the newest first.
func listVersions(ctx context.Context, q querier, before int64, n int) ([]Version, error) {
	rows, err := q.QueryContext(ctx, "SELECT "+versionColumns+" FROM gateway_configuration WHERE number < $1 ORDER BY number DESC LIMIT $2", before, n)
	if err != nil {
		return nil, fmt.Errorf("listing configurations: %w", err)
	}
	defer rows.Close()
	all := []Version{}
	for rows.Next() {
		v, err := scanVersion(rows.Scan)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}
