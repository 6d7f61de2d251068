package db

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Size returns how many octets the database takes on disk, with SQLite's write-ahead log.
func (d *DB) Size(ctx context.Context) (int64, error) {
	if d.Dialect == Postgres {
		var octets int64
		if err := d.read.QueryRowContext(ctx, "SELECT pg_database_size(current_database())").Scan(&octets); err != nil {
			return 0, fmt.Errorf("asking for the size of the database: %w", err)
		}
		return octets, nil
	}
	var octets int64
	for _, name := range []string{d.path, d.path + "-wal"} {
		info, err := os.Stat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("asking for the size of the database: %w", err)
		}
		octets += info.Size()
	}
	return octets, nil
}
