package status

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode"
	"unicode/utf8"

	"onecert/db"
	"onecert/pki"
)

// transition says which states an event may find and which it leaves. There is no
// row out of revoked: it is absorbing.
type transition struct {
	from []pki.State // empty: the certificate must be absent
	to   pki.State
}

func (e Event) transition() (transition, bool) {
	switch e {
	case Issued:
		return transition{nil, pki.Valid}, true
	case Held:
		return transition{[]pki.State{pki.Valid}, pki.Held}, true
	case Released:
		return transition{[]pki.State{pki.Held}, pki.Valid}, true
	case Revoked:
		return transition{[]pki.State{pki.Valid, pki.Held}, pki.Revoked}, true
	}
	return transition{}, false
}

// Append writes changes into the table and the journal inside the caller's
// transaction, in order, and returns their entries. They are true once the caller
// commits; then call Wake. After an error the caller must roll back its
// transaction, or the savepoint it set before: half of the changes may be written.
//
// A change the present state does not allow is a *pki.Error Conflict
// (status.transition), an absent certificate Unknown (status.unknown).
func (j *Journal) Append(ctx context.Context, tx *sql.Tx, changes ...Change) ([]Entry, error) {
	if len(changes) == 0 {
		return nil, nil
	}
	entries := make([]Entry, len(changes))
	for i, c := range changes {
		clean, err := c.normal()
		if err != nil {
			return nil, err
		}
		entries[i].Change = clean
	}
	// First the counter: it is the lock that makes number order commit order.
	number, err := advance(ctx, tx, len(entries))
	if err != nil {
		return nil, err
	}
	for i := range entries {
		entries[i].Number = number - int64(len(entries)-1-i)
	}
	counts := tally{}
	last, err := apply(ctx, tx, entries, counts)
	if err != nil {
		return nil, err
	}
	err = db.Send(ctx, tx, recordRows(last), entryRows(entries), counts.rows(), j.d.Notice(channel))
	return entries, issuedTwice(err, last)
}

// apply changes the table and returns the certificates issued last, which are not
// stored yet: those issued in a row go in together, and the last of them with the rest.
func apply(ctx context.Context, tx *sql.Tx, entries []Entry, counts tally) (issued []Entry, err error) {
	for {
		n := 0
		for n < len(entries) && entries[n].Event == Issued {
			counts.add(entries[n].Issuer, pki.Valid, 1)
			n++
		}
		if n == len(entries) {
			return entries, nil
		}
		if err := issuedTwice(db.Send(ctx, tx, recordRows(entries[:n])), entries[:n]); err != nil {
			return nil, err
		}
		if err := change(ctx, tx, &entries[n], counts); err != nil {
			return nil, err
		}
		entries = entries[n+1:]
	}
}

// change moves one certificate to its new state and completes the entry.
func change(ctx context.Context, tx *sql.Tx, e *Entry, counts tally) error {
	t, _ := e.Event.transition() // known since normal
	for _, from := range t.from {
		found, err := update(ctx, tx, e, from, t.to)
		if err != nil {
			return err
		}
		if found {
			counts.add(e.Issuer, from, -1)
			counts.add(e.Issuer, t.to, 1)
			return nil
		}
	}
	r, err := record(ctx, tx, e.Issuer, e.Serial)
	if err != nil {
		return err
	}
	return conflict(e, r.State)
}

func conflict(e *Entry, state pki.State) error {
	err := pki.Errorf(pki.Conflict, "status.transition", "certificate %s is %s and cannot be %s", e.Serial, state, e.Event)
	switch {
	case state == pki.Revoked:
		return err.To("a revocation is final; issue a new certificate")
	case e.Event == Released:
		return err.To("only a held certificate can be released")
	}
	return err.To("look at its present state with 'onecert ca show'")
}

// maxIssuer bounds an issuer's id, in octets.
const maxIssuer = 256

// normal checks a change and returns it as it will be stored and read again.
func (c Change) normal() (Change, error) {
	if _, ok := c.Event.transition(); !ok {
		return c, invalid("the event is not issued, held, released or revoked")
	}
	if !plainID(c.Issuer) {
		return c, invalid("the issuer must be 1 to %d octets of plain text", maxIssuer)
	}
	if serial, err := pki.ParseSerial(string(c.Serial)); err != nil || serial != c.Serial {
		return c, invalid("the serial is not in its canonical form")
	}
	if c.At.IsZero() {
		return c, invalid("the time of the change is missing")
	}
	if c.Event == Issued && (c.NotAfter.IsZero() || c.Partition < 0) {
		return c, invalid("an issued certificate needs its end of validity and a partition of 0 or more")
	}
	reason, err := c.reason()
	if err != nil {
		return c, err
	}
	c.Reason, c.At, c.NotAfter = reason, milli(c.At), milli(c.NotAfter)
	if c.Event != Revoked {
		c.Invalidity = time.Time{}
	}
	c.Invalidity = milli(c.Invalidity)
	return c, nil
}

func (c Change) reason() (pki.Reason, error) {
	switch c.Event {
	case Held:
		return pki.CertificateHold, nil
	case Released:
		return pki.RemoveFromCRL, nil
	case Revoked:
		if _, err := pki.ParseReason(c.Reason.String()); err != nil {
			return 0, invalid("reason %d does not revoke", int(c.Reason))
		}
		return c.Reason, nil
	}
	return pki.Unspecified, nil
}

func plainID(text string) bool {
	control := func(r rune) bool { return unicode.IsControl(r) }
	return text != "" && len(text) <= maxIssuer && utf8.ValidString(text) && !slices.ContainsFunc([]rune(text), control)
}

func invalid(format string, args ...any) error {
	return pki.Errorf(pki.Invalid, "status.invalid", format, args...)
}

// milli cuts a time to what the tables hold; zero stays zero.
func milli(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return time.UnixMilli(t.UnixMilli()).UTC()
}

// tally gathers how many certificates of an issuer enter and leave each state.
type tally map[bucket]int64

type bucket struct {
	issuer string
	state  pki.State
}

func (t tally) add(issuer string, state pki.State, n int64) { t[bucket{issuer, state}] += n }

func (t tally) rows() db.Statement {
	rows := make([][]any, 0, len(t))
	for b, n := range t {
		rows = append(rows, []any{b.issuer, string(b.state), n})
	}
	slices.SortFunc(rows, func(a, b []any) int {
		return cmp.Or(cmp.Compare(a[0].(string), b[0].(string)), cmp.Compare(a[1].(string), b[1].(string)))
	})
	return db.Into("status_count", []string{"issuer", "state", "n"}, rows,
		"ON CONFLICT (issuer, state) DO UPDATE SET n = status_count.n + excluded.n")
}

// issuedTwice tells what it means if certificates could not be stored.
func issuedTwice(err error, entries []Entry) error {
	if into, ok := errors.AsType[*db.InsertError](err); !ok || into.Table != recordTable || !db.IsDuplicate(err) {
		return err
	}
	which := "one of the certificates"
	if len(entries) == 1 {
		which = fmt.Sprintf("certificate %s", entries[0].Serial)
	}
	return pki.Errorf(pki.Conflict, "status.transition", "%s was already issued", which).Because(err)
}

// unknown is the answer about a certificate the journal never saw.
func unknown(serial pki.Serial, err error) error {
	if !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("reading a certificate's state: %w", err)
	}
	return pki.Errorf(pki.Unknown, "status.unknown", "certificate %s is not known here", serial).
		To("check the serial number and the issuer")
}
