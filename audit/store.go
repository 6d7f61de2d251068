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

const entryColumns = "number, at, actor, roles, certificate, address, act, object, subject, result, detail, leaf"

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

// store writes entries and nodes and moves the head.
func store(ctx context.Context, tx *sql.Tx, rows []row, nodes []node, size int64, root []byte) error {
	entries := make([][]any, len(rows))
	for i, r := range rows {
		entries[i] = []any{r.number, r.at, r.actor, r.roles, r.certificate, r.address, r.act, r.object, r.subject, r.result, r.detail, r.leaf}
	}
	inner := make([][]any, len(nodes))
	for i, n := range nodes {
		inner[i] = []any{n.level, n.pos, n.hash}
	}
	err := db.Send(ctx, tx,
		db.Into("audit_entry", []string{"number", "at", "actor", "roles", "certificate", "address", "act",
			"object", "subject", "result", "detail", "leaf"}, entries, ""),
		db.Into("audit_node", []string{"level", "pos", "hash"}, inner, ""),
		db.Do("UPDATE audit_head SET size = $1, root = $2", size, root))
	if err != nil {
		return fmt.Errorf("storing audit entries: %w", err)
	}
	return nil
}

func nodeHash(ctx context.Context, q querier, id compact.NodeID) (hash []byte, err error) {
	if id.Level == 0 {
		err = q.QueryRowContext(ctx, "SELECT leaf FROM audit_entry WHERE number = $1", int64(id.Index)).Scan(&hash)
	} else {
		err = q.QueryRowContext(ctx, "SELECT hash FROM audit_node WHERE level = $1 AND pos = $2", int(id.Level), int64(id.Index)).Scan(&hash)
	}
	if errors.Is(err, sql.ErrNoRows) {
		return nil, pki.Errorf(pki.Internal, codeBroken, "a part of the audit log's tree is missing, so nothing is done").
			To("it was changed from outside: run 'onecert audit verify'").Because(fmt.Errorf("node %d/%d", id.Level, id.Index))
	}
	if err != nil {
		return nil, fmt.Errorf("reading the audit log's tree: %w", err)
	}
	return hash, nil
}

// nodesBetween reads the nodes of a level from one position to another, both included.
func nodesBetween(ctx context.Context, q querier, level int, from, to int64) (map[int64][]byte, error) {
	rows, err := q.QueryContext(ctx, "SELECT pos, hash FROM audit_node WHERE level = $1 AND pos BETWEEN $2 AND $3", level, from, to)
	if err != nil {
		return nil, fmt.Errorf("reading the audit log's tree: %w", err)
	}
	defer rows.Close()
	found := map[int64][]byte{}
	for rows.Next() {
		var pos int64
		var hash []byte
		if err := rows.Scan(&pos, &hash); err != nil {
			return nil, fmt.Errorf("reading the audit log's tree: %w", err)
		}
		found[pos] = hash
	}
	return found, rows.Err()
}

func countNodes(ctx context.Context, q querier) (n int64, err error) {
	if err := q.QueryRowContext(ctx, "SELECT count(*) FROM audit_node").Scan(&n); err != nil {
		return 0, fmt.Errorf("counting the audit log's tree: %w", err)
	}
	return n, nil
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
	err = rows.Scan(&r.number, &r.at, &r.actor, &r.roles, &r.certificate, &r.address, &r.act, &r.object, &r.subject, &r.result, &r.detail, &r.leaf)
	if err != nil {
		return r, fmt.Errorf("reading the audit log: %w", err)
	}
	return r, nil
}
