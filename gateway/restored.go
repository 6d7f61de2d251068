package gateway

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"onecert/audit"
	"onecert/pki"
)

// Restored is a database that has just been brought back from a backup.
type Restored struct {
	Archive string    // its id
	Taken   time.Time // when the database was as it is now
	Now     time.Time
	Actor   pki.Actor
}

// AfterRestore enters the restore in the log. Versions made since the backup are lost;
// the next one goes on from the number that is there.
func AfterRestore(ctx context.Context, tx *sql.Tx, log *audit.Log, r Restored) error {
	return log.Append(ctx, tx, audit.Act{Actor: r.Actor, Act: "backup.restore", Object: r.Archive, Result: audit.Done, At: r.Now,
		Detail: map[string]string{"taken": r.Taken.UTC().Format(time.RFC3339)}})
}

// Figures returns how many versions there are, as tx sees it.
func Figures(ctx context.Context, tx *sql.Tx) (map[string]int64, error) {
	var n int64
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM gateway_configuration").Scan(&n); err != nil {
		return nil, fmt.Errorf("counting versions: %w", err)
	}
	return map[string]int64{"versions": n}, nil
}
