package status

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"onecert/db"
	"onecert/pki"
)

// replay writes entries that a source has numbered, as Append would write them one by
// one, with a few statements for all: a copy that was cut off for a day has a million
// to take over. It judges every change again, so that a copy is never less strict than
// its source.
func (j *Journal) replay(ctx context.Context, tx *sql.Tx, entries []Entry) error {
	if len(entries) == 0 {
		return nil
	}
	last, err := advance(ctx, tx, len(entries))
	if err != nil {
		return err
	}
	if first := last - int64(len(entries)) + 1; entries[0].Number != first {
		return pki.Errorf(pki.Conflict, "status.differs", "entry %d of the source comes where the copy has %d", entries[0].Number, first).
			To("end every other program that writes the copy's database")
	}
	known, err := present(ctx, tx, entries)
	if err != nil {
		return err
	}
	r := reel{known: known, counts: tally{}}
	for i := range entries {
		if err := r.play(&entries[i]); err != nil {
			return err
		}
	}
	return db.Send(ctx, tx, r.rows(), entryRows(entries), r.counts.rows(), j.d.Notice(channel))
}

// certificate names one across issuers.
type certificate struct {
	issuer string
	serial pki.Serial
}

// reel is what a run of entries does to the table.
type reel struct {
	known  map[certificate]*standing
	counts tally
	order  []certificate // those that change, once each
}

// standing is a certificate's row, before or after.
type standing struct {
	Record
	issued  int64
	changed bool
}

func (r *reel) play(e *Entry) error {
	t, _ := e.Event.transition() // checked where the entry was read
	which := certificate{e.Issuer, e.Serial}
	row := r.known[which]
	switch {
	case e.Event == Issued && row != nil:
		return conflict(e, row.State)
	case e.Event == Issued:
		row = &standing{issued: e.Number}
		r.known[which] = row
	case row == nil:
		return unknown(e.Serial, sql.ErrNoRows)
	case !slices.Contains(t.from, row.State):
		return conflict(e, row.State)
	case e.Partition != row.Partition || !e.NotAfter.Equal(row.NotAfter):
		return pki.Errorf(pki.Conflict, "status.differs", "entry %d is of a certificate that the copy knows otherwise", e.Number).To(forkedRemedy)
	default:
		r.counts.add(e.Issuer, row.State, -1)
	}
	r.counts.add(e.Issuer, t.to, 1)
	row.Record = e.record()
	if !row.changed {
		row.changed = true
		r.order = append(r.order, which)
	}
	return nil
}

// rows are the certificates as the last entry leaves them.
func (r *reel) rows() db.Statement {
	rows := make([][]any, len(r.order))
	for i, which := range r.order {
		c := r.known[which]
		rows[i] = []any{c.Issuer, string(c.Serial), string(c.State), c.Number, c.issued, int(c.Reason),
			c.Changed.UnixMilli(), optional(c.Invalidity), c.NotAfter.UnixMilli(), c.Partition}
	}
	return db.Into(recordTable, []string{"issuer", "serial", "state", "number", "issued", "reason",
		"changed_at", "invalidity", "not_after", "partition"}, rows,
		"ON CONFLICT (issuer, serial) DO UPDATE SET state = excluded.state, number = excluded.number, reason = excluded.reason, "+
			"changed_at = excluded.changed_at, invalidity = excluded.invalidity")
}

// perQuestion is how many certificates one query asks for.
const perQuestion = 500

// present reads the certificates of entries that are in the table already.
func present(ctx context.Context, tx *sql.Tx, entries []Entry) (map[certificate]*standing, error) {
	asked, known := map[string][]any{}, map[certificate]*standing{}
	seen := make(map[certificate]bool, len(entries))
	for _, e := range entries {
		if which := (certificate{e.Issuer, e.Serial}); !seen[which] {
			seen[which] = true
			asked[e.Issuer] = append(asked[e.Issuer], string(e.Serial))
		}
	}
	for issuer, serials := range asked {
		for some := range slices.Chunk(serials, perQuestion) {
			if err := find(ctx, tx, issuer, some, known); err != nil {
				return nil, err
			}
		}
	}
	return known, nil
}

func find(ctx context.Context, tx *sql.Tx, issuer string, serials []any, known map[certificate]*standing) error {
	rows, err := tx.QueryContext(ctx, "SELECT "+recordColumns+", issued FROM status WHERE issuer = $1 AND serial IN "+db.In(2, len(serials)),
		append([]any{issuer}, serials...)...)
	if err != nil {
		return fmt.Errorf("reading certificates: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		c := &standing{}
		c.Record, err = scanRecord(func(to ...any) error { return rows.Scan(append(to, &c.issued)...) })
		if err != nil {
			return fmt.Errorf("reading certificates: %w", err)
		}
		known[certificate{c.Issuer, c.Serial}] = c
	}
	return rows.Err()
}
