package audit

import (
	"context"
	"database/sql"

	"onecert/pki"
)

// Append writes acts inside the caller's transaction, in order. On an error the
// caller must roll back and must not report the act as done; what it returns is a
// *pki.Error a person can read (audit.unwritable where the log cannot be written).
func (l *Log) Append(ctx context.Context, tx *sql.Tx, acts ...Act) error {
	if len(acts) == 0 {
		return nil
	}
	rows := make([]row, len(acts))
	for i, act := range acts {
		var err error
		if rows[i], err = rowOf(act, l.Now); err != nil {
			return err
		}
	}
	err := l.append(ctx, tx, rows)
	if err != nil && pki.CodeOf(err) != codeBroken {
		return pki.Errorf(pki.Unavailable, "audit.unwritable", "the audit log cannot be written, so the act was not done").
			To("look at the disk and the database, then try again").Because(err)
	}
	return err
}

// Record writes acts in a transaction of its own: for tries that were refused and
// so have none.
func (l *Log) Record(ctx context.Context, acts ...Act) error {
	return l.d.Tx(ctx, func(tx *sql.Tx) error { return l.Append(ctx, tx, acts...) })
}

func (l *Log) append(ctx context.Context, tx *sql.Tx, rows []row) error {
	size, root, err := lockHead(ctx, tx, l.d.Dialect)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	e, err := l.takeEdge(ctx, tx, size, root)
	if err != nil {
		return err
	}
	if err := e.grow(rows); err != nil {
		return err
	}
	if err := store(ctx, tx, rows, e.size(), e.root); err != nil {
		return err
	}
	l.edge = e
	return nil
}

// takeEdge hands out the right edge that belongs to the head this transaction sees.
// The one in memory may stem from a transaction that was rolled back, or from before
// another process wrote; then size or root differ, and it is read anew.
func (l *Log) takeEdge(ctx context.Context, tx *sql.Tx, size int64, root []byte) (*edge, error) {
	e := l.edge
	l.edge = nil // grow changes it in place
	if e != nil && e.is(size, root) {
		return e, nil
	}
	return loadEdge(ctx, tx, size, root)
}
