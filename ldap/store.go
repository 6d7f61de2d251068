package ldap

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"slices"
	"strings"

	"onecert/db"
	"onecert/pki"
	"onecert/status"
)

//go:embed migrations
var migrations embed.FS

func (d *Directory) readPosition(ctx context.Context, reader string) (number int64, err error) {
	err = d.cfg.DB.Read().QueryRowContext(ctx, "SELECT number FROM ldap_position WHERE reader = $1", reader).Scan(&number)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return number, err
}

func writePosition(ctx context.Context, tx *sql.Tx, reader string, number int64) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO ldap_position (reader, number) VALUES ($1, $2)
		ON CONFLICT (reader) DO UPDATE SET number = excluded.number`, reader, number)
	return err
}

// change is a batch of journal entries with the certificates some of them are about.
type change struct {
	entries []status.Entry
	issued  map[string]Certificate // by issuer/serial; only published ones
	whole   bool                   // the certificates are there: the position moves on
}

func key(issuer string, serial pki.Serial) string { return issuer + "/" + string(serial) }

// apply carries a change out in one transaction: certificates, their states, the
// holders they belong to and, if whole, the position.
func (d *Directory) apply(ctx context.Context, c change) error {
	last := c.entries[len(c.entries)-1].Number
	return d.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		touched := map[string]int64{}
		for _, e := range c.entries {
			holder, err := applyEntry(ctx, tx, e, c.issued)
			if err != nil {
				return fmt.Errorf("entry %d: %w", e.Number, err)
			}
			if holder != "" {
				touched[holder] = e.Number
			}
		}
		for holder, number := range touched {
			if err := d.index(ctx, tx, holder, number); err != nil {
				return fmt.Errorf("indexing a holder: %w", err)
			}
		}
		if !c.whole {
			return nil
		}
		return writePosition(ctx, tx, "", last)
	})
}

// applyEntry returns whose entry of the tree it touched, "" if nobody's.
func applyEntry(ctx context.Context, tx *sql.Tx, e status.Entry, issued map[string]Certificate) (holder string, err error) {
	if e.Event == status.Issued {
		c, ok := issued[key(e.Issuer, e.Serial)]
		if !ok {
			return "", nil // not published
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO ldap_certificate (issuer, serial, holder, kind, role, state, not_after, der)
			VALUES ($1, $2, $3, $4, $5, 'valid', $6, $7) ON CONFLICT (issuer, serial) DO NOTHING`,
			c.Issuer, string(c.Serial), c.Holder, c.Kind, c.Role, e.NotAfter.UnixMilli(), c.DER)
		return c.Holder, err
	}
	state := map[status.Event]string{status.Held: "held", status.Released: "valid", status.Revoked: "revoked"}[e.Event]
	err = tx.QueryRowContext(ctx, `UPDATE ldap_certificate SET state = $1 WHERE issuer = $2 AND serial = $3 AND state <> 'revoked' RETURNING holder`,
		state, e.Issuer, string(e.Serial)).Scan(&holder)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return holder, err
}

// index writes a holder's row and names anew from the certificates there are.
func (d *Directory) index(ctx context.Context, tx *sql.Tx, holder string, number int64) error {
	found, err := queryCertificates(ctx, tx, "holder = $1 AND state = 'valid' ORDER BY issuer, serial", holder)
	if err != nil {
		return err
	}
	var until int64
	for _, c := range found {
		until = max(until, c.notAfter)
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO ldap_holder (holder, shown_until, changed) VALUES ($1, $2, $3)
		ON CONFLICT (holder) DO UPDATE SET shown_until = excluded.shown_until, changed = excluded.changed`, holder, until, number); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM ldap_name WHERE holder = $1", holder); err != nil {
		return err
	}
	var rows [][]any
	e := d.holderEntry(holder, plain(found))
	for _, name := range indexed() {
		if a := e.get(name); a != nil {
			for _, value := range a.values {
				rows = append(rows, []any{name, prepare(string(value)), holder})
			}
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return db.Insert(ctx, tx, "ldap_name", []string{"attribute", "value", "holder"}, rows, "ON CONFLICT DO NOTHING")
}

// indexed are the attributes a search is quick by.
func indexed() []string { return []string{"uid", "cn", "mail", "o", "ou"} }

type storedCertificate struct {
	Certificate
	state    string
	notAfter int64
}

func plain(found []storedCertificate) []Certificate {
	out := make([]Certificate, len(found))
	for i, c := range found {
		out[i] = c.Certificate
	}
	return out
}

type querier interface {
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
}

func queryCertificates(ctx context.Context, q querier, where string, args ...any) ([]storedCertificate, error) {
	rows, err := q.QueryContext(ctx, "SELECT issuer, serial, holder, kind, role, state, not_after, der FROM ldap_certificate WHERE "+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []storedCertificate
	for rows.Next() {
		var c storedCertificate
		if err := rows.Scan(&c.Issuer, &c.Serial, &c.Holder, &c.Kind, &c.Role, &c.state, &c.notAfter, &c.DER); err != nil {
			return nil, err
		}
		found = append(found, c)
	}
	return found, rows.Err()
}

// certificatesOf returns the certificates of holders that are valid now.
func (d *Directory) certificatesOf(ctx context.Context, holders []string) (map[string][]Certificate, error) {
	out := map[string][]Certificate{}
	if len(holders) == 0 {
		return out, nil
	}
	args := []any{d.cfg.Now().UnixMilli()}
	for _, h := range holders {
		args = append(args, h)
	}
	found, err := queryCertificates(ctx, d.cfg.DB.Read(), "state = 'valid' AND not_after > $1 AND holder IN "+db.In(2, len(holders))+
		" ORDER BY holder, issuer, serial", args...)
	for _, c := range found {
		out[c.Holder] = append(out[c.Holder], c.Certificate)
	}
	return out, err
}

func (d *Directory) findCertificate(ctx context.Context, issuer string, serial pki.Serial) (*Certificate, error) {
	found, err := queryCertificates(ctx, d.cfg.DB.Read(), "issuer = $1 AND serial = $2", issuer, string(serial))
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0].Certificate, nil
}

// holderNamed returns the holder whose id is the one asked for by the rule of uid,
// caseIgnoreMatch (RFC 4519 2.39); "" if nobody's is. Of two that differ in nothing
// else it is the one as written.
func (d *Directory) holderNamed(ctx context.Context, asked string) (string, error) {
	found, err := d.names(ctx, "SELECT holder FROM ldap_name WHERE attribute = 'uid' AND value = $1 ORDER BY holder", prepare(asked))
	if err != nil || len(found) == 0 {
		return "", err
	}
	if slices.Contains(found, asked) {
		return asked, nil
	}
	return found[0], nil
}

// holders returns up to limit holders after one, in order, that are shown now and
// meet the condition.
func (d *Directory) holders(ctx context.Context, after string, cond condition, limit int) ([]string, error) {
	args := []any{after, d.cfg.Now().UnixMilli(), limit}
	where := ""
	if cond.text != "" {
		where = " AND " + cond.number(len(args)+1)
		args = append(args, cond.args...)
	}
	return d.names(ctx, "SELECT holder FROM ldap_holder WHERE holder > $1 AND shown_until > $2"+where+" ORDER BY holder LIMIT $3", args...)
}

func (d *Directory) names(ctx context.Context, text string, args ...any) ([]string, error) {
	rows, err := d.cfg.DB.Read().QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		all = append(all, name)
	}
	return all, rows.Err()
}

// clear empties the store: the journal it was made from is no longer the same.
func (d *Directory) clear(ctx context.Context) error {
	return d.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		for _, table := range []string{"ldap_certificate", "ldap_holder", "ldap_name", "ldap_position"} {
			if _, err := tx.ExecContext(ctx, "DELETE FROM "+table); err != nil {
				return err
			}
		}
		return nil
	})
}

// condition narrows a search by the index; its parameters are "?" in text.
type condition struct {
	text string
	args []any
}

// number puts $n in the place of each "?".
func (c condition) number(from int) string {
	var out strings.Builder
	for _, r := range c.text {
		if r == '?' {
			fmt.Fprintf(&out, "$%d", from)
			from++
			continue
		}
		out.WriteRune(r)
	}
	return out.String()
}

// narrow returns a condition that every match of the filter meets; empty where the
// filter gives none. The filter itself still judges what is found.
func narrow(f *filter) condition {
	const by = "holder IN (SELECT holder FROM ldap_name WHERE attribute = ? AND "
	switch {
	case (f.kind == filterEqual || f.kind == filterApprox) && isIndexed(f.name):
		return condition{by + "value = ?)", []any{f.name, f.value}}
	case f.kind == filterSubstrings && isIndexed(f.name) && f.sub.initial != "":
		return condition{by + "value >= ? AND value < ?)", []any{f.name, f.sub.initial, f.sub.initial + "\U0010FFFF"}}
	case f.kind == filterAnd:
		return join(f.parts, " AND ", false)
	case f.kind == filterOr:
		return join(f.parts, " OR ", true)
	}
	return condition{}
}

// join puts the conditions of parts together; all says that one without makes the
// whole one without.
func join(parts []*filter, with string, all bool) condition {
	var texts []string
	var out condition
	for _, part := range parts {
		c := narrow(part)
		if c.text == "" && all {
			return condition{}
		}
		if c.text != "" {
			texts = append(texts, c.text)
			out.args = append(out.args, c.args...)
		}
	}
	if len(texts) > 0 {
		out.text = "(" + strings.Join(texts, with) + ")"
	}
	return out
}

func isIndexed(name string) bool { return slices.Contains(indexed(), name) }

// changedAfter returns up to limit holders in order of their last change. Each journal
// entry touches one holder, so no two share a number.
func (d *Directory) changedAfter(ctx context.Context, number int64, limit int) (numbers []int64, holders []string, err error) {
	rows, err := d.cfg.DB.Read().QueryContext(ctx, `SELECT changed, holder FROM ldap_holder WHERE changed > $1
		ORDER BY changed, holder LIMIT $2`, number, limit)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var n int64
		var holder string
		if err := rows.Scan(&n, &holder); err != nil {
			return nil, nil, err
		}
		numbers, holders = append(numbers, n), append(holders, holder)
	}
	return numbers, holders, rows.Err()
}
