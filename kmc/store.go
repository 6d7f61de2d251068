package kmc

import (
	"bytes"
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"strings"
	"time"

	"onecert/db"
	"onecert/pki"
)

//go:embed migrations
var migrations embed.FS

// querier is a pool or a transaction.
type querier interface {
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row
}

// use is a row of kmc_use: whose a pair became.
type use struct {
	keyID       string
	suite       pki.Suite
	ca          string
	application string
	certNo      pki.Serial
	holder      string
	digest      []byte
	takenAt     time.Time
	notAfter    time.Time
	endedAt     time.Time // zero while in use
	destroyedAt time.Time // zero while the pair is there
}

const useColumns = "key_id, suite, ca, application, cert_no, holder, digest, taken_at, not_after, ended_at, destroyed_at"

func scanUse(scan func(...any) error) (*use, error) {
	var u use
	var taken, notAfter int64
	var ended, destroyed sql.NullInt64
	err := scan(&u.keyID, &u.suite, &u.ca, &u.application, &u.certNo, &u.holder, &u.digest, &taken, &notAfter, &ended, &destroyed)
	u.takenAt, u.notAfter = time.UnixMilli(taken).UTC(), time.UnixMilli(notAfter).UTC()
	if ended.Valid {
		u.endedAt = time.UnixMilli(ended.Int64).UTC()
	}
	if destroyed.Valid {
		u.destroyedAt = time.UnixMilli(destroyed.Int64).UTC()
	}
	return &u, err
}

// findUse returns the one row a condition selects, nil where there is none.
func findUse(ctx context.Context, q querier, where string, args ...any) (*use, error) {
	u, err := scanUse(q.QueryRowContext(ctx, "SELECT "+useColumns+" FROM kmc_use WHERE "+where, args...).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking up the use of a key: %w", err)
	}
	return u, nil
}

const (
	byApplication = "ca = $1 AND application = $2"
	byCertNo      = "key_id IN (SELECT key_id FROM kmc_standing WHERE ca = $1 AND cert_no = $2)"
	ofAnyCA       = "key_id IN (SELECT key_id FROM kmc_standing WHERE cert_no = $1) ORDER BY ca"
)

func listUses(ctx context.Context, q querier, where string, args ...any) (all []*use, err error) {
	rows, err := q.QueryContext(ctx, "SELECT "+useColumns+" FROM kmc_use WHERE "+where, args...)
	if err != nil {
		return nil, fmt.Errorf("listing the use of keys: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		u, err := scanUse(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("listing the use of keys: %w", err)
		}
		all = append(all, u)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("listing the use of keys: %w", err)
	}
	return all, nil
}

const recordColumns = "k.id, k.suite, k.spki, k.sealed, k.made_at"

func scanRecord(scan func(...any) error) (*record, error) {
	var r record
	var made int64
	err := scan(&r.id, &r.suite, &r.spki, &r.sealed, &made)
	r.madeAt = time.UnixMilli(made).UTC()
	return &r, err
}

func findRecord(ctx context.Context, q querier, id string) (*record, error) {
	r, err := scanRecord(q.QueryRowContext(ctx, "SELECT "+recordColumns+" FROM kmc_key k WHERE k.id = $1", id).Scan)
	if err != nil {
		return nil, fmt.Errorf("reading key %s: %w", id, err)
	}
	return r, nil
}

// eachRecord streams records; on SQLite nothing else may be asked meanwhile.
func eachRecord(ctx context.Context, q querier, act func(*record) error, rest string, args ...any) error {
	rows, err := q.QueryContext(ctx, "SELECT "+recordColumns+" FROM kmc_key k "+rest, args...)
	if err != nil {
		return fmt.Errorf("reading keys: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		r, err := scanRecord(rows.Scan)
		if err != nil {
			return fmt.Errorf("reading keys: %w", err)
		}
		if err := act(r); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("reading keys: %w", err)
	}
	return nil
}

// eachSpare streams the pairs nobody has, oldest first.
func eachSpare(ctx context.Context, q querier, suite pki.Suite, act func(*record) error) error {
	const rest = `LEFT JOIN kmc_use u ON u.key_id = k.id WHERE u.key_id IS NULL AND k.suite = $1
		AND k.made_at >= (SELECT spare_from FROM kmc_count WHERE suite = $1) ORDER BY k.made_at, k.id`
	return eachRecord(ctx, q, act, rest, string(suite))
}

// insertRecords stores pairs just made.
func insertRecords(ctx context.Context, tx *sql.Tx, records []*record) error {
	rows := make([][]any, len(records))
	for i, r := range records {
		rows[i] = []any{r.id, string(r.suite), r.spki, r.sealed, r.madeAt.UnixMilli()}
	}
	return db.Insert(ctx, tx, "kmc_key", []string{"id", "suite", "spki", "sealed", "made_at"}, rows, "")
}

// insertUses takes pairs. It returns the ids of those that were taken: a row that
// breaks any uniqueness is left out without an error.
func insertUses(ctx context.Context, tx *sql.Tx, uses []*use) (map[string]bool, error) {
	taken := make(map[string]bool, len(uses))
	for len(uses) > 0 {
		n := min(len(uses), 32)
		args := make([]any, 0, n*9)
		for _, u := range uses[:n] {
			args = append(args, u.keyID, string(u.suite), u.ca, u.application, string(u.certNo), u.holder, u.digest,
				u.takenAt.UnixMilli(), u.notAfter.UnixMilli())
		}
		if err := insertReturning(ctx, tx, insertUsesText(n), args, taken); err != nil {
			return nil, fmt.Errorf("taking keys: %w", err)
		}
		uses = uses[n:]
	}
	return taken, nil
}

func insertUsesText(rows int) string {
	var b strings.Builder
	b.WriteString("INSERT INTO kmc_use (key_id, suite, ca, application, cert_no, holder, digest, taken_at, not_after) VALUES ")
	for r := range rows {
		if r > 0 {
			b.WriteString(", ")
		}
		b.WriteString(db.In(9*r+1, 9))
	}
	b.WriteString(" ON CONFLICT DO NOTHING RETURNING key_id")
	return b.String()
}

func insertReturning(ctx context.Context, tx *sql.Tx, text string, args []any, found map[string]bool) error {
	rows, err := tx.QueryContext(ctx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return err
		}
		found[id] = true
	}
	return rows.Err()
}

// endUse moves a pair from in use to history, once.
func endUse(ctx context.Context, tx *sql.Tx, keyID string, at time.Time) error {
	_, err := tx.ExecContext(ctx, "UPDATE kmc_use SET ended_at = $1 WHERE key_id = $2 AND ended_at IS NULL", at.UnixMilli(), keyID)
	if err != nil {
		return fmt.Errorf("retiring key %s: %w", keyID, err)
	}
	return nil
}

// renumber lets a pair stand under a further number, and be kept for as long as the
// longest of the certificates it was asked for.
func renumber(ctx context.Context, tx *sql.Tx, found, asked *use) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO kmc_number (ca, cert_no, key_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
		asked.ca, string(asked.certNo), found.keyID)
	if err == nil && asked.notAfter.After(found.notAfter) {
		_, err = tx.ExecContext(ctx, "UPDATE kmc_use SET not_after = $1 WHERE key_id = $2", asked.notAfter.UnixMilli(), found.keyID)
	}
	if err != nil {
		return fmt.Errorf("noting a further number of key %s: %w", found.keyID, err)
	}
	return nil
}

// wipe overwrites a pair's sealed octets with as many zeros, and what was sealed to
// investigators with nothing. The rows stay.
func wipe(ctx context.Context, tx *sql.Tx, keyID string, at time.Time) error {
	r, err := findRecord(ctx, tx, keyID)
	if err != nil {
		return err
	}
	for _, step := range []struct {
		text string
		args []any
	}{
		{"UPDATE kmc_key SET sealed = $1 WHERE id = $2", []any{make([]byte, len(r.sealed)), keyID}},
		{"UPDATE kmc_export SET envelope = NULL WHERE key_id = $1", []any{keyID}},
		{"UPDATE kmc_use SET destroyed_at = $1 WHERE key_id = $2 AND destroyed_at IS NULL", []any{at.UnixMilli(), keyID}},
	} {
		if _, err := tx.ExecContext(ctx, step.text, step.args...); err != nil {
			return fmt.Errorf("destroying key %s: %w", keyID, err)
		}
	}
	return nil
}

// count is how the libraries of one suite change in a transaction.
type count struct{ inUse, history, destroyed int64 }

func storeCounts(ctx context.Context, tx *sql.Tx, counts map[pki.Suite]count) error {
	for _, suite := range pki.Suites() { // always in this order, so that two never wait for each other
		c, ok := counts[suite]
		if !ok {
			continue
		}
		_, err := tx.ExecContext(ctx, "UPDATE kmc_count SET in_use = in_use + $1, history = history + $2, destroyed = destroyed + $3 WHERE suite = $4",
			c.inUse, c.history, c.destroyed, string(suite))
		if err != nil {
			return fmt.Errorf("counting keys: %w", err)
		}
	}
	return nil
}

func storeSpareFrom(ctx context.Context, tx *sql.Tx, suite pki.Suite, from time.Time) error {
	_, err := tx.ExecContext(ctx, "UPDATE kmc_count SET spare_from = $1 WHERE suite = $2", from.UnixMilli(), string(suite))
	if err != nil {
		return fmt.Errorf("noting the oldest spare key: %w", err)
	}
	return nil
}

func readCount(ctx context.Context, q querier, suite pki.Suite) (c count, err error) {
	err = q.QueryRowContext(ctx, "SELECT in_use, history, destroyed FROM kmc_count WHERE suite = $1", string(suite)).Scan(&c.inUse, &c.history, &c.destroyed)
	if err != nil {
		return c, fmt.Errorf("reading the number of keys: %w", err)
	}
	return c, nil
}

// insertTask remembers a message's task number; it reports false where the CA has
// used it before.
func insertTask(ctx context.Context, tx *sql.Tx, t *task) (fresh bool, err error) {
	result, err := tx.ExecContext(ctx, "INSERT INTO kmc_task (ca, task, seen_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
		t.ca, string(t.number), t.at.UnixMilli())
	if err != nil {
		return false, fmt.Errorf("remembering a task number: %w", err)
	}
	n, err := result.RowsAffected()
	return n == 1, err
}

// forgetTasks drops task numbers whose messages are too old to be accepted anyway.
func forgetTasks(ctx context.Context, tx *sql.Tx, before time.Time) error {
	if _, err := tx.ExecContext(ctx, "DELETE FROM kmc_task WHERE seen_at < $1", before.UnixMilli()); err != nil {
		return fmt.Errorf("forgetting task numbers: %w", err)
	}
	return nil
}

// same reports whether an order is the one this use was made for.
func (u *use) same(digest []byte) bool { return bytes.Equal(u.digest, digest) }
