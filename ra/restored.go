package ra

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"time"

	"onecert/audit"
	"onecert/pki"
)

// Migrations returns the room's tables, for bringing back a backup of them.
func Migrations() fs.FS { return migrations }

// Restored is a database that has just been brought back from a backup.
type Restored struct {
	Archive string    // its id
	Taken   time.Time // when the database was as it is now
	Now     time.Time
	Actor   pki.Actor
}

// AfterRestore enters the restore in the log. What was carried out since the backup is
// carried out again without harm: the CA gives the same certificates for the same
// application.
func AfterRestore(ctx context.Context, tx *sql.Tx, log *audit.Log, r Restored) error {
	return log.Append(ctx, tx, audit.Act{Actor: r.Actor, Act: "backup.restore", Object: r.Archive, Result: audit.Done, At: r.Now,
		Detail: map[string]string{"taken": r.Taken.UTC().Format(time.RFC3339)}})
}

// Figures returns how many rows of each sort there are, as tx sees it.
func Figures(ctx context.Context, tx *sql.Tx) (map[string]int64, error) {
	all := map[string]int64{}
	for name, query := range map[string]string{"applications": "SELECT count(*) FROM ra_application", "certificates": "SELECT count(*) FROM ra_certificate",
		"holders": "SELECT count(*) FROM ra_holder", "nodes": "SELECT count(*) FROM ra_node"} {
		var n int64
		if err := tx.QueryRowContext(ctx, query).Scan(&n); err != nil {
			return nil, fmt.Errorf("counting %s: %w", name, err)
		}
		all[name] = n
	}
	return all, nil
}
