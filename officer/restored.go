package officer

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

// Voided is what AfterRestore took back.
type Voided struct{ Codes, Proposals int64 }

// AfterRestore ends what a database brought back from a backup would let happen a
// second time: one-time codes and approvals that may have been used since. Officers
// are as they were; whose rights have ended since then is for the security
// administrator to say again.
func AfterRestore(ctx context.Context, tx *sql.Tx, log *audit.Log, by pki.Actor, now time.Time) (v Voided, err error) {
	open, err := readApprovals(ctx, tx, "WHERE e.approval IS NULL ORDER BY a.id")
	if err != nil {
		return v, fmt.Errorf("reading proposals: %w", err)
	}
	acts := make([]audit.Act, len(open))
	for i, a := range open {
		acts[i] = audit.Act{Actor: by, Act: "approval.expire", Object: a.ID, Result: audit.Done, At: now,
			Detail: map[string]string{"operation": string(a.Operation), "reason": "restored"}}
	}
	if err := log.Append(ctx, tx, acts...); err != nil {
		return v, err
	}
	for _, a := range open {
		a.State, a.EndedBy, a.EndReason, a.Ended = Expired, by.Name, "restored", now
		if err := insertEnd(ctx, tx, a); err != nil {
			return v, err
		}
	}
	v.Proposals = int64(len(open))
	result, err := tx.ExecContext(ctx, "UPDATE enrolment SET expires_at = added_at WHERE used_at IS NULL AND expires_at > $1", now.UnixMilli())
	if err == nil {
		v.Codes, err = result.RowsAffected()
	}
	if err != nil {
		return v, fmt.Errorf("voiding codes: %w", err)
	}
	return v, nil
}
