package helpdesk

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"onecert/db"
	"onecert/pki"
)

// querier is a pool or a transaction.
type querier interface {
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func moment(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}

const ticketColumns = "number, kind, urgent, state, node, path, version, holder, officer, opened, due, left_ms, answered, waited, resolved, closed, late, rating, code, sealed, changed"

func ticketRow(t *Ticket) []any {
	return []any{t.Number, string(t.Kind), t.Urgent, string(t.State), t.Node, t.Path, t.Version, t.Holder, t.Officer, millis(t.Opened), millis(t.Due),
		t.Left.Milliseconds(), millis(t.Answered), t.waited.Milliseconds(), millis(t.Resolved), millis(t.Closed), t.Late, t.Rating, t.code, t.sealed, millis(t.changed)}
}

func insertTicket(ctx context.Context, tx *sql.Tx, t *Ticket) error {
	return db.Insert(ctx, tx, "desk_ticket", strings.Split(ticketColumns, ", "), [][]any{ticketRow(t)}, "")
}

// updateTicket writes the next version over the one that was read.
func updateTicket(ctx context.Context, tx *sql.Tx, t *Ticket, base int) error {
	result, err := tx.ExecContext(ctx, `UPDATE desk_ticket SET state = $1, node = $2, path = $3, version = $4, officer = $5, due = $6, left_ms = $7, answered = $8,
		waited = $9, resolved = $10, closed = $11, late = $12, rating = $13, changed = $14 WHERE number = $15 AND version = $16`,
		string(t.State), t.Node, t.Path, t.Version, t.Officer, millis(t.Due), t.Left.Milliseconds(), millis(t.Answered), t.waited.Milliseconds(),
		millis(t.Resolved), millis(t.Closed), t.Late, t.Rating, millis(t.changed), t.Number, base)
	if err != nil {
		return fmt.Errorf("storing ticket %s: %w", t.Number, err)
	}
	if n, err := result.RowsAffected(); err != nil || n != 1 {
		return pki.Errorf(pki.Conflict, "desk.version", "the ticket has changed since it was looked at").To("look at it again").Because(err)
	}
	return nil
}

func scanTicket(scan func(...any) error) (*Ticket, error) {
	t := &Ticket{}
	var opened, due, left, answered, waited, resolved, closed, changed int64
	err := scan(&t.Number, (*string)(&t.Kind), &t.Urgent, (*string)(&t.State), &t.Node, &t.Path, &t.Version, &t.Holder, &t.Officer, &opened, &due,
		&left, &answered, &waited, &resolved, &closed, &t.Late, &t.Rating, &t.code, &t.sealed, &changed)
	t.Opened, t.Due, t.Left = moment(opened), moment(due), time.Duration(left)*time.Millisecond
	t.Answered, t.waited, t.Resolved = moment(answered), time.Duration(waited)*time.Millisecond, moment(resolved)
	t.Closed, t.changed, t.Erased = moment(closed), moment(changed), t.sealed == nil
	return t, err
}

// tickets reads tickets; rest is a constant of this room.
func tickets(ctx context.Context, q querier, rest string, args ...any) ([]*Ticket, error) {
	rows, err := q.QueryContext(ctx, "SELECT "+ticketColumns+" FROM desk_ticket "+rest, args...)
	if err != nil {
		return nil, fmt.Errorf("reading tickets: %w", err)
	}
	defer rows.Close()
	all := []*Ticket{}
	for rows.Next() {
		t, err := scanTicket(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("reading tickets: %w", err)
		}
		all = append(all, t)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading tickets: %w", err)
	}
	return all, nil
}

// below is the condition that a ticket lies in a subtree. It compares beginnings, which
// no collation of a database changes.
const below = "substr(path, 1, length($1)) = $1"

var numberForm = regexp.MustCompile(`^T-[0-9]{4}-[0-9]{6,9}$`)

func isNumber(number string) bool { return numberForm.MatchString(number) }

func unknownTicket() error {
	return pki.Errorf(pki.Unknown, "desk.unknown", "there is no such ticket here").To("look at the number, and at the code that came with it")
}

// readTicket reads a ticket within a subtree; "" is the whole tree.
func readTicket(ctx context.Context, q querier, path, number string) (*Ticket, error) {
	if !isNumber(number) {
		return nil, unknownTicket()
	}
	all, err := tickets(ctx, q, "WHERE "+below+" AND number = $2", path, number)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, unknownTicket()
	}
	return all[0], nil
}

// Query selects tickets of one's subtree.
type Query struct {
	State   State  `query:"state" enum:"open,working,waiting,resolved,closed"`
	Officer string `query:"officer" maxLength:"64" doc:"only those this one works on"`
	After   string `query:"after" maxLength:"40" doc:"the after of the page before"`
	Limit   int    `query:"limit" minimum:"0" maximum:"200"`
}

// Page is a part of a list; After continues it.
type Page struct {
	Items []*Ticket `json:"items"`
	After string    `json:"after,omitempty"`
}

// MineQuery says which part of one's own tickets is asked for.
type MineQuery struct {
	After string `query:"after" maxLength:"40" doc:"the after of the page before"`
	Limit int    `query:"limit" minimum:"0" maximum:"200"`
}

func notOfThisList() error {
	return pki.Errorf(pki.Invalid, "desk.after", "the page to go on after is none of this list").To("take the after of the page before")
}

func pageSize(n int) int { return min(cmp.Or(max(n, 0), usualPage), mostPage) }

// goOn reads where a list by deadline goes on: "MILLISECONDS.NUMBER".
func goOn(after string) (due int64, number string, err error) {
	if after == "" {
		return 0, "", nil
	}
	at, number, _ := strings.Cut(after, ".")
	if due, err = strconv.ParseInt(at, 10, 64); err != nil || !isNumber(number) {
		return 0, "", notOfThisList()
	}
	return due, number, nil
}

// readTickets lists by deadline, one more than fit on the page.
func readTickets(ctx context.Context, q querier, path string, query Query, limit int) ([]*Ticket, error) {
	due, after, err := goOn(query.After)
	if err != nil {
		return nil, err
	}
	states := "state IN ('open', 'working', 'waiting')"
	if query.State != "" {
		states = "state = $6"
	}
	args := []any{path, query.Officer, due, after, limit + 1}
	if query.State != "" {
		args = append(args, string(query.State))
	}
	return tickets(ctx, q, "WHERE "+below+" AND "+states+" AND ($2 = '' OR officer = $2) AND (due > $3 OR due = $3 AND number > $4) ORDER BY due, number LIMIT $5", args...)
}

const mostCounted = 1000

func countWaiting(ctx context.Context, q querier, path, officer string) (n int, err error) {
	err = q.QueryRowContext(ctx, `SELECT count(*) FROM (SELECT 1 FROM desk_ticket WHERE state IN ('open', 'working') AND (state = 'open' OR officer = $2) AND `+below+" LIMIT $3) few",
		path, officer, mostCounted).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("counting tickets: %w", err)
	}
	return n, nil
}

// ticketsOf reads a holder's tickets before a number, "" being after all.
func ticketsOf(ctx context.Context, q querier, holder, before string, limit int) ([]*Ticket, error) {
	return tickets(ctx, q, "WHERE holder = $1 AND holder <> '' AND ($2 = '' OR number < $2) ORDER BY number DESC LIMIT $3", holder, before, limit)
}

// nextNumber counts the tickets of a year.
func nextNumber(ctx context.Context, tx *sql.Tx, year int) (n int64, err error) {
	err = tx.QueryRowContext(ctx, "INSERT INTO desk_counter (year, n) VALUES ($1, 1) ON CONFLICT (year) DO UPDATE SET n = desk_counter.n + 1 RETURNING n", year).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("numbering a ticket: %w", err)
	}
	return n, nil
}

// words is what of a ticket is sealed.
type words struct {
	Name    string `json:"name"`
	Contact string `json:"contact,omitempty"`
	Subject string `json:"subject"`
}

func (d *Desk) conceal(t *Ticket) (err error) {
	text, err := json.Marshal(words{t.Name, t.Contact, t.Subject})
	if err == nil {
		t.sealed, err = d.cfg.Sealer.Seal(d.cfg.Random, text, []byte("desk ticket "+t.Number))
	}
	if err != nil {
		return fmt.Errorf("sealing ticket %s: %w", t.Number, err)
	}
	return nil
}

// reveal fills in what is sealed. A ticket that does not open is shown without it, and
// the log says so: its state and deadline are needed all the same.
func (d *Desk) reveal(t *Ticket) {
	if t.sealed == nil {
		return
	}
	text, err := d.cfg.Sealer.Open(t.sealed, []byte("desk ticket "+t.Number))
	var w words
	if err == nil {
		err = json.Unmarshal(text, &w)
	}
	if err != nil {
		d.cfg.Log.Error("the words of a ticket cannot be opened", "ticket", t.Number, "error", err)
		return
	}
	t.Name, t.Contact, t.Subject = w.Name, w.Contact, w.Subject
}

// addTurn writes what was said. Without a word there is a turn too: it tells the event.
func (d *Desk) addTurn(ctx context.Context, tx *sql.Tx, t *Ticket, a act) error {
	var n int
	if err := tx.QueryRowContext(ctx, "SELECT COALESCE(MAX(number), 0) + 1 FROM desk_turn WHERE ticket = $1", t.Number).Scan(&n); err != nil {
		return fmt.Errorf("numbering a turn: %w", err)
	}
	sealed, err := d.cfg.Sealer.Seal(d.cfg.Random, []byte(a.text), turnBinding(t.Number, n))
	if err != nil {
		return fmt.Errorf("sealing a turn: %w", err)
	}
	return db.Insert(ctx, tx, "desk_turn", []string{"ticket", "number", "at", "by_whom", "event", "internal", "sealed"},
		[][]any{{t.Number, n, millis(t.changed), a.who(), string(a.event), a.internal, sealed}}, "")
}

func turnBinding(ticket string, n int) []byte { return fmt.Appendf(nil, "desk turn %s %d", ticket, n) }

// turns reads a conversation, opened.
func (d *Desk) turns(ctx context.Context, ticket string) ([]Turn, error) {
	rows, err := d.cfg.DB.Read().QueryContext(ctx, "SELECT number, at, by_whom, event, internal, sealed FROM desk_turn WHERE ticket = $1 ORDER BY number", ticket)
	if err != nil {
		return nil, fmt.Errorf("reading a conversation: %w", err)
	}
	defer rows.Close()
	var all []Turn
	for rows.Next() {
		var turn Turn
		var at int64
		var sealed []byte
		if err := rows.Scan(&turn.Number, &at, &turn.By, (*string)(&turn.Event), &turn.Internal, &sealed); err != nil {
			return nil, fmt.Errorf("reading a conversation: %w", err)
		}
		turn.At = moment(at)
		if sealed != nil {
			text, err := d.cfg.Sealer.Open(sealed, turnBinding(ticket, turn.Number))
			if err != nil {
				return nil, errors.Join(fmt.Errorf("turn %d of %s: %w", turn.Number, ticket, errSealed), err)
			}
			turn.Text = string(text)
		}
		all = append(all, turn)
	}
	return all, rows.Err()
}
