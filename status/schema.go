package status

import (
	"context"
	"database/sql"
	"io/fs"
)

// Migrations returns the room's tables, for bringing back a backup of them.
func Migrations() fs.FS { return migrations }

// LastIn is Last as tx sees it.
func LastIn(ctx context.Context, tx *sql.Tx) (int64, error) { return counter(ctx, tx) }
