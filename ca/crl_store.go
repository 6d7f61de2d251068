package ca

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"time"

	"onecert/audit"
	"onecert/db"
	"onecert/pki"
)

// nextCRLNumber takes a number for good.
func (ca *CA) nextCRLNumber(ctx context.Context, issuer string) (number int64, err error) {
	err = ca.tx(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `INSERT INTO ca_crl_number (issuer, number) VALUES ($1, 1)
			ON CONFLICT (issuer) DO UPDATE SET number = ca_crl_number.number + 1 RETURNING number`, issuer).Scan(&number)
	})
	if err != nil {
		return 0, fmt.Errorf("taking a CRL number: %w", err)
	}
	return number, nil
}

const headColumns = "issuer, crl_part, number, base, journal, entries, size, this_update, next_update"

var crlColumns = []string{"issuer", "number", "crl_part", "base", "journal", "entries", "size", "this_update", "next_update", "der", "pieces", "tail"}

// storeCRLs stores lists with the pieces that are new in them.
func (ca *CA) storeCRLs(ctx context.Context, l *ledger, lists []made, actor pki.Actor, now time.Time) error {
	ids := map[*piece]int64{}
	act := audit.Act{Actor: actor, Act: "crl.sign", Object: fmt.Sprintf("%s/%d", l.issuer.ID, lists[0].Number), Result: audit.Done, At: now,
		Detail: map[string]string{"entries": fmt.Sprint(lists[0].Entries), "lists": fmt.Sprint(len(lists))}}
	err := ca.tx(ctx, func(tx *sql.Tx) error {
		pieces, err := newPieces(ctx, tx, lists, ids)
		if err != nil {
			return err
		}
		rows := make([][]any, len(lists))
		for n := range lists {
			rows[n] = lists[n].row(ids)
		}
		if err := db.Send(ctx, tx, db.Into("ca_crl_piece", []string{"id", "octets"}, pieces, ""), db.Into("ca_crl", crlColumns, rows, "")); err != nil {
			return err
		}
		return ca.cfg.Audit.Append(ctx, tx, act)
	})
	if err != nil {
		return fmt.Errorf("storing CRLs: %w", err)
	}
	for p, id := range ids {
		p.id = id
	}
	return nil
}

// inPieces reports whether a list is stored by its pieces.
func (m *made) inPieces() bool { return m.entries.octets > pieceOctets }

// newPieces numbers the pieces that are not stored yet and returns their rows.
func newPieces(ctx context.Context, tx *sql.Tx, lists []made, ids map[*piece]int64) (rows [][]any, err error) {
	var last int64
	if err := tx.QueryRowContext(ctx, "SELECT COALESCE(MAX(id), 0) FROM ca_crl_piece").Scan(&last); err != nil {
		return nil, fmt.Errorf("reading the last piece: %w", err)
	}
	for n := range lists {
		if !lists[n].inPieces() {
			continue
		}
		for _, p := range lists[n].entries.pieces {
			if p.id == 0 && ids[p] == 0 {
				last++
				ids[p] = last
				rows = append(rows, []any{last, p.octets})
			}
		}
	}
	return rows, nil
}

func (m *made) row(ids map[*piece]int64) []any {
	der, pieces, tail := m.DER, []byte(nil), []byte(nil)
	if m.inPieces() {
		pieces = make([]byte, 0, 8*len(m.entries.pieces))
		for _, p := range m.entries.pieces {
			pieces = binary.BigEndian.AppendUint64(pieces, uint64(max(p.id, ids[p])))
		}
		der, tail = m.DER[:m.before], m.DER[m.before+m.entries.octets:]
	}
	return []any{m.Issuer, m.Number, m.Partition, m.Base, m.Journal, m.Entries, m.Size, m.ThisUpdate.UnixMilli(), m.NextUpdate.UnixMilli(), der, pieces, tail}
}

// readHeads reads the lists that have not lapsed: every one of them may be a base.
func (ca *CA) readHeads(ctx context.Context, l *ledger) error {
	for _, s := range l.scopes {
		s.full, s.delta, s.bases = nil, nil, nil
	}
	var last int64
	err := ca.cfg.DB.Read().QueryRowContext(ctx, "SELECT COALESCE(MAX(number), 0) FROM ca_crl WHERE issuer = $1", l.issuer.ID).Scan(&last)
	if err != nil {
		return fmt.Errorf("reading CRL numbers: %w", err)
	}
	l.number = max(l.number, last)
	rows, err := ca.cfg.DB.Read().QueryContext(ctx, "SELECT "+headColumns+" FROM ca_crl WHERE issuer = $1 AND next_update > $2 ORDER BY number",
		l.issuer.ID, ca.cfg.Now().UnixMilli())
	if err != nil {
		return fmt.Errorf("reading CRLs: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var c CRL
		if err := scanHead(rows, &c); err != nil {
			return err
		}
		l.note(c)
	}
	return rows.Err()
}

func scanHead(rows *sql.Rows, c *CRL, more ...any) error {
	var this, next int64
	err := rows.Scan(append([]any{&c.Issuer, &c.Partition, &c.Number, &c.Base, &c.Journal, &c.Entries, &c.Size, &this, &next}, more...)...)
	if err != nil {
		return fmt.Errorf("reading a CRL: %w", err)
	}
	c.ThisUpdate, c.NextUpdate = time.UnixMilli(this).UTC(), time.UnixMilli(next).UTC()
	return nil
}

// storedCRL is a list as its row has it.
type storedCRL struct {
	CRL
	before, pieces, tail []byte
}

// findCRL returns the first list of a condition, nil if there is none.
func (ca *CA) findCRL(ctx context.Context, where string, args ...any) (*storedCRL, error) {
	rows, err := ca.cfg.DB.Read().QueryContext(ctx, "SELECT "+headColumns+", der, pieces, tail FROM ca_crl WHERE "+where, args...)
	if err != nil {
		return nil, storeFailed(fmt.Errorf("reading a CRL: %w", err))
	}
	defer rows.Close()
	if !rows.Next() {
		return nil, rows.Err()
	}
	crl := &storedCRL{}
	return crl, storeFailed(scanHead(rows, &crl.CRL, &crl.before, &crl.pieces, &crl.tail))
}

// atOnce is how many pieces one query reads.
const atOnce = 256

// writeTo writes the octets of a list, some pieces at a time.
func (ca *CA) writeTo(ctx context.Context, w io.Writer, crl *storedCRL) error {
	if _, err := w.Write(crl.before); err != nil {
		return err
	}
	ids := make([]int64, 0, atOnce)
	for some := range slices.Chunk(crl.pieces, 8*atOnce) {
		ids = ids[:0]
		for one := range slices.Chunk(some, 8) {
			ids = append(ids, int64(binary.BigEndian.Uint64(one)))
		}
		if err := ca.writePieces(ctx, w, ids); err != nil {
			return err
		}
	}
	_, err := w.Write(crl.tail)
	return err
}

func (ca *CA) writePieces(ctx context.Context, w io.Writer, ids []int64) error {
	args := make([]any, len(ids))
	for n, id := range ids {
		args[n] = id
	}
	rows, err := ca.cfg.DB.Read().QueryContext(ctx, "SELECT id, octets FROM ca_crl_piece WHERE id IN "+db.In(1, len(ids)), args...)
	if err != nil {
		return storeFailed(fmt.Errorf("reading a CRL: %w", err))
	}
	defer rows.Close()
	found := make(map[int64][]byte, len(ids))
	for rows.Next() {
		var id int64
		var octets []byte
		if err := rows.Scan(&id, &octets); err != nil {
			return storeFailed(fmt.Errorf("reading a CRL: %w", err))
		}
		found[id] = octets
	}
	if err := rows.Err(); err != nil {
		return storeFailed(fmt.Errorf("reading a CRL: %w", err))
	}
	for _, id := range ids {
		if found[id] == nil {
			return pki.Errorf(pki.Internal, "crl.piece", "piece %d of a stored CRL is missing", id).
				To("the database was changed from outside; sign the lists again, and compare it with a backup")
		}
		if _, err := w.Write(found[id]); err != nil {
			return err
		}
	}
	return nil
}

// octets returns a stored list whole.
func (ca *CA) octets(ctx context.Context, crl *storedCRL) ([]byte, error) {
	if len(crl.pieces) == 0 {
		return crl.before, nil
	}
	whole := slices.Grow([]byte(nil), int(crl.Size))
	err := ca.writeTo(ctx, (*appender)(&whole), crl)
	return whole, err
}

type appender []byte

// Write implements io.Writer.
func (a *appender) Write(p []byte) (int, error) { *a = append(*a, p...); return len(p), nil }

// OpenList returns the octets of a list by name and number. A client that goes away
// ends the reading with ctx.
func (ca *CA) OpenList(ctx context.Context, issuer, name string, number int64) (io.ReadCloser, error) {
	partition, delta, ok := pki.ParseListName(name)
	if _, err := ca.Issuer(issuer); err != nil {
		return nil, err
	}
	if !ok {
		return nil, pki.Errorf(pki.Unknown, "crl.name", "a list is called complete, delta, N or N-delta").To("N is the number of a partition")
	}
	kind := "base = 0"
	if delta {
		kind = "base > 0"
	}
	crl, err := ca.findCRL(ctx, "issuer = $1 AND number = $2 AND crl_part = $3 AND "+kind, issuer, number, partition)
	if err != nil {
		return nil, err
	}
	if crl == nil {
		return nil, noCRL(issuer)
	}
	reader, writer := io.Pipe()
	go func() { writer.CloseWithError(ca.writeTo(ctx, writer, crl)) }()
	return reader, nil
}
