package kmc

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"onecert/db"
	"onecert/officer"
)

// storedCase is a line of kmc_case with what became of it.
type storedCase struct {
	id, number, content string
	proposedAt          time.Time
	proposedBy          string
	at, shownAt         time.Time // zero until it is carried out
	by                  string
}

// listCases reads cases; where is a constant of this room.
func listCases(ctx context.Context, q querier, where string, args ...any) (all []storedCase, err error) {
	rows, err := q.QueryContext(ctx, `SELECT c.id, c.number, c.content, c.proposed_at, c.proposed_by, d.at, d.name, d.shown_at
		FROM kmc_case c LEFT JOIN kmc_disclosure d ON d.case_id = c.id WHERE `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("listing cases: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var s storedCase
		var proposed int64
		var at, shown sql.NullInt64
		var by sql.NullString
		if err := rows.Scan(&s.id, &s.number, &s.content, &proposed, &s.proposedBy, &at, &by, &shown); err != nil {
			return nil, fmt.Errorf("listing cases: %w", err)
		}
		s.proposedAt, s.by = time.UnixMilli(proposed).UTC(), by.String
		if at.Valid {
			s.at, s.shownAt = time.UnixMilli(at.Int64).UTC(), time.UnixMilli(shown.Int64).UTC()
		}
		all = append(all, s)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("listing cases: %w", err)
	}
	return all, nil
}

// insertCase stores what a proposal is about; proposed again it is there already.
func insertCase(ctx context.Context, tx *sql.Tx, a officer.Approval, keys []CaseKey) error {
	const suffix = "ON CONFLICT DO NOTHING"
	err := db.Insert(ctx, tx, "kmc_case", []string{"id", "number", "content", "proposed_at", "proposed_by", "expires_at"},
		[][]any{{a.ID, a.Object, a.Content, a.Proposed.UnixMilli(), a.ProposedBy, a.Expires.UnixMilli()}}, suffix)
	if err != nil {
		return err
	}
	rows := make([][]any, len(keys))
	for i, k := range keys {
		rows[i] = []any{a.ID, k.KeyID, int64(i)}
	}
	return db.Insert(ctx, tx, "kmc_case_key", []string{"case_id", "key_id", "place"}, rows, suffix)
}

func insertDisclosure(ctx context.Context, tx *sql.Tx, d *disclosure) error {
	err := db.Insert(ctx, tx, "kmc_disclosure", []string{"case_id", "at", "name", "shown_at"},
		[][]any{{d.id, d.at.UnixMilli(), d.actor.Name, d.shown().UnixMilli()}}, "")
	if err != nil {
		return err
	}
	rows := make([][]any, len(d.keys))
	for i, k := range d.keys {
		rows[i] = []any{d.id, k.KeyID, k.Certificate, k.Envelope.Format, k.Envelope.DER}
	}
	return db.Insert(ctx, tx, "kmc_export", []string{"case_id", "key_id", "certificate", "format", "envelope"}, rows, "")
}

// listExports reads what was sealed for a case, by key.
func listExports(ctx context.Context, q querier, id string) (map[string]ExportedKey, error) {
	rows, err := q.QueryContext(ctx, `SELECT e.key_id, e.certificate, e.format, e.envelope, k.spki FROM kmc_export e
		JOIN kmc_key k ON k.id = e.key_id WHERE e.case_id = $1`, id)
	if err != nil {
		return nil, fmt.Errorf("reading an export: %w", err)
	}
	defer rows.Close()
	all := map[string]ExportedKey{}
	for rows.Next() {
		var e ExportedKey
		if err := rows.Scan(&e.KeyID, &e.Certificate, &e.Envelope.Format, &e.Envelope.DER, &e.PublicKey); err != nil {
			return nil, fmt.Errorf("reading an export: %w", err)
		}
		all[e.KeyID] = e
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading an export: %w", err)
	}
	return all, nil
}

// inOpenCase says whether a case that may still be carried out is about a pair.
func inOpenCase(ctx context.Context, q querier, keyID string, now time.Time) (bool, error) {
	var n int
	err := q.QueryRowContext(ctx, `SELECT count(*) FROM kmc_case_key k JOIN kmc_case c ON c.id = k.case_id
		LEFT JOIN kmc_disclosure d ON d.case_id = c.id WHERE k.key_id = $1 AND d.case_id IS NULL AND c.expires_at > $2`, keyID, now.UnixMilli()).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("looking for cases of key %s: %w", keyID, err)
	}
	return n > 0, nil
}
