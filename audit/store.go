package audit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/transparency-dev/merkle/compact"

	"onecert/db"
	"onecert/pki"
)

const entryColumns = "number, at, actor, roles, certificate, address, act, object, subject, result, detail, leaf, nodes"

// querier is a pool or a transaction.
type querier interface {
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row
}

func head(ctx context.Context, q querier) (size int64, root []byte, err error) {
	if err := q.QueryRowContext(ctx, "SELECT size, root FROM audit_head").Scan(&size, &root); err != nil {
		return 0, nil, fmt.Errorf("reading the audit log's head: %w", err)
	}
	return size, root, nil
}

// lockHead reads the head and keeps others from appending until tx ends. SQLite's
// write transaction does that by itself and has no FOR UPDATE.
func lockHead(ctx context.Context, tx *sql.Tx, dialect db.Dialect) (size int64, root []byte, err error) {
	if dialect == db.SQLite {
		return head(ctx, tx)
	}
	if err := tx.QueryRowContext(ctx, "SELECT size, root FROM audit_head FOR UPDATE").Scan(&size, &root); err != nil {
		return 0, nil, fmt.Errorf("locking the audit log's head: %w", err)
	}
	return size, root, nil
}

// store writes entries and moves the head.
func store(ctx context.Context, tx *sql.Tx, rows []row, size int64, root []byte) error {
	entries := make([][]any, len(rows))
	for i, r := range rows {
		entries[i] = []any{r.number, r.at, r.actor, r.roles, r.certificate, r.address, r.act, r.object, r.subject, r.result, r.detail, r.leaf, r.nodes}
	}
	err := db.Send(ctx, tx,
		db.Into("audit_entry", []string{"number", "at", "actor", "roles", "certificate", "address", "act",
			"object", "subject", "result", "detail", "leaf", "nodes"}, entries, ""),
		db.Do("UPDATE audit_head SET size = $1, root = $2", size, root))
	if err != nil {
		return fmt.Errorf("storing audit entries: %w", err)
	}
	return nil
}

// nodeHash reads the hash of a node where it stands: in the entry that completed it.
func nodeHash(ctx context.Context, q querier, id compact.NodeID) (hash []byte, err error) {
	n := node{int(id.Level), int64(id.Index), nil}
	if id.Level == 0 {
		err = q.QueryRowContext(ctx, "SELECT leaf FROM audit_entry WHERE number = $1", n.last()).Scan(&hash)
	} else {
		err = q.QueryRowContext(ctx, "SELECT nodes FROM audit_entry WHERE number = $1", n.last()).Scan(&hash)
		hash = n.among(hash)
	}
	if errors.Is(err, sql.ErrNoRows) || err == nil && hash == nil {
		return nil, pki.Errorf(pki.Internal, codeBroken, "a part of the audit log's tree is missing, so nothing is done").
			To("it was changed from outside: run 'onecert audit verify'").Because(fmt.Errorf("node %d/%d", id.Level, id.Index))
	}
	if err != nil {
		return nil, fmt.Errorf("reading the audit log's tree: %w", err)
	}
	return hash, nil
}

// selectRows reads entries; what follows WHERE is a constant of this room.
func selectRows(ctx context.Context, q querier, where string, args ...any) ([]row, error) {
	rows, err := q.QueryContext(ctx, "SELECT "+entryColumns+" FROM audit_entry WHERE "+where, args...)
	if err != nil {
		return nil, fmt.Errorf("reading the audit log: %w", err)
	}
	defer rows.Close()
	var all []row
	for rows.Next() {
		r, err := scanned(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading the audit log: %w", err)
	}
	return all, nil
}

// scanned reads one row of entryColumns.
func scanned(rows *sql.Rows) (r row, err error) {
	err = rows.Scan(&r.number, &r.at, &r.actor, &r.roles, &r.certificate, &r.address, &r.act, &r.object, &r.subject, &r.result, &r.detail, &r.leaf, &r.nodes)
	if err != nil {
		return r, fmt.Errorf("reading the audit log: %w", err)
	}
	return r, nil
}
