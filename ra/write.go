package ra

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"onecert/audit"
	"onecert/db"
)

// entry is what happened to one application, to be stored: its new state whole, the
// moments that led there and what the audit log says of them.
type entry struct {
	a       *Application
	base    int // the version it builds on; 0: new
	was     State
	moments []Moment // new, numbered on from what stays of the history
	before  int64    // when the moment before them was, ms; 0: never
	acts    []audit.Act
	// dropped are moments that give way to others: only where two offices went apart.
	dropped []Moment
}

// sheaf gathers what a transaction writes, so that it goes to the database in one
// message and with one statement a table.
type sheaf struct {
	first   []db.Statement
	tables  []*tableRows
	figures figures
	changed map[string]*Certificate // certificates as they are afterwards
	changes []change
}

type tableRows struct {
	name    string
	columns []string
	suffix  string
	rows    [][]any
}

func (s *sheaf) do(text string, args ...any) { s.first = append(s.first, db.Do(text, args...)) }

func (s *sheaf) insert(table string, columns []string, row ...any) {
	i := slices.IndexFunc(s.tables, func(t *tableRows) bool { return t.name == table })
	if i < 0 {
		s.tables = append(s.tables, &tableRows{name: table, columns: columns})
		i = len(s.tables) - 1
	}
	s.tables[i].rows = append(s.tables[i].rows, row)
}

// insertOnce leaves a row that is there as it is.
func (s *sheaf) insertOnce(table string, columns []string, row ...any) {
	s.insert(table, columns, row...)
	i := slices.IndexFunc(s.tables, func(t *tableRows) bool { return t.name == table })
	s.tables[i].suffix = "ON CONFLICT DO NOTHING"
}

// send numbers the changes and writes everything: what changes rows first, then new
// rows, then figures. Where certificates or applications change, the caller is alone.
func (s *sheaf) send(ctx context.Context, tx *sql.Tx) error {
	if len(s.changes) > 0 {
		last, err := next(ctx, tx, "change", len(s.changes))
		if err != nil {
			return err
		}
		for i, c := range s.changes {
			s.numbered(last-int64(len(s.changes)-1-i), c.application, c.version, c.path)
		}
	}
	all := s.first
	for _, t := range s.tables {
		all = append(all, db.Into(t.name, t.columns, t.rows, t.suffix))
	}
	return db.Send(ctx, tx, append(all, s.figures.statement())...)
}

// store writes entries in the caller's transaction. It draws the changes' numbers first,
// so that it is alone: the versions and states looked at afterwards stay. A transaction
// that writes to the audit log itself does so after it.
func (r *Registration) store(ctx context.Context, tx *sql.Tx, s *sheaf, entries ...entry) error {
	if err := alone(ctx, tx); err != nil {
		return err
	}
	if err := unchanged(ctx, tx, entries); err != nil {
		return err
	}
	var acts []audit.Act
	for _, e := range entries {
		acts = append(acts, e.acts...)
	}
	if err := r.cfg.Audit.Append(ctx, tx, acts...); err != nil {
		return err
	}
	for _, e := range entries {
		e.into(s)
		s.changes = append(s.changes, change{application: e.a.ID, version: e.a.Version, path: e.a.Path})
	}
	if err := s.send(ctx, tx); err != nil {
		return err
	}
	return r.tell(ctx, tx, entries)
}

// touch numbers a change of what came of an application, for those who follow.
func (s *sheaf) touch(id, path string) {
	s.changes = append(s.changes, change{application: id, path: path})
}

// numbered notes a change under a number that was drawn for it.
func (s *sheaf) numbered(number int64, id string, version int, path string) {
	s.insert("ra_change", []string{"number", "application", "version", "path"}, number, id, int64(version), path)
}

// change is a numbered change of an application; version 0: of what came of it.
type change struct {
	number      int64
	application string
	version     int
	path        string
}

// alone keeps others from writing applications and certificates until the transaction
// ends, so that what is read in it stays.
func alone(ctx context.Context, tx *sql.Tx) error {
	_, err := next(ctx, tx, "change", 0)
	return err
}

// unchanged says whether the applications still have the versions the entries build on.
func unchanged(ctx context.Context, tx *sql.Tx, entries []entry) error {
	want, args := map[string]int{}, []any{}
	for _, e := range entries {
		if e.base > 0 {
			want[e.a.ID] = e.base
			args = append(args, e.a.ID)
		}
	}
	if len(args) == 0 {
		return nil
	}
	type version struct {
		id     string
		number int
	}
	found, err := collect(ctx, tx, func(row scanner) (v version, err error) { err = row.Scan(&v.id, &v.number); return v, err },
		"SELECT id, version FROM ra_application WHERE id IN "+db.In(1, len(args)), args...)
	if err != nil {
		return err
	}
	for _, v := range found {
		if want[v.id] == v.number {
			delete(want, v.id)
		}
	}
	if len(want) > 0 {
		return changed(nothing{}, nil, "application")
	}
	return nil
}

// into puts an entry into a sheaf: the application's next version, its history, where
// it is listed, and the figures.
func (e *entry) into(s *sheaf) {
	a := e.a
	a.Version = e.base - len(e.dropped) + len(e.moments)
	if e.base == 0 {
		s.insert("ra_application", insertColumns(), a.row()...)
	} else {
		e.update(s)
	}
	if e.was != a.State {
		e.place(s)
	}
	if len(e.dropped) > 0 {
		s.do("DELETE FROM ra_history WHERE application = $1 AND number >= $2", a.ID, e.dropped[0].Number)
	}
	number := a.Version - len(e.moments)
	for i := range e.moments {
		m := &e.moments[i]
		m.Number = number + i + 1
		s.insert("ra_history", []string{"application", "number", "at", "actor", "node", "event", "state", "note"},
			a.ID, int64(m.Number), m.At, m.Actor, m.Node, m.Event, string(m.State), m.Note)
	}
	s.figures.happened(e)
}

func (e *entry) update(s *sheaf) {
	a := e.a
	s.do(`UPDATE ra_application SET profile = $1, state = $2, version = $3, fields = $4, sealed = $5, holder = $6,
		reason = $7, request = $8, key_from = $9, days = $10, single = $11, reviewed_by = $12, carried_by = $13, delivered_by = $14, rule = $15,
		conflict = $16, changed = $17, name = $18, unit = $19, issuer = $20, serial = $21 WHERE id = $22`,
		a.Profile, string(a.State), a.Version, encoded(a.Fields), a.sealed, a.Holder, a.Reason, a.Request, a.KeyFrom, a.Days, flag(a.Single),
		a.ReviewedBy, a.CarriedBy, a.DeliveredBy, a.Rule, a.Conflict, millis(a.Changed), a.title(), a.Fields["unit"], a.Issuer, string(a.Serial), a.ID)
}

// place lists an application at its node and every node above, under its state.
func (e *entry) place(s *sheaf) {
	a := e.a
	nodes := nodesOf(a.Path)
	if e.was != "" {
		args := []any{string(e.was), string(a.Kind), millis(a.Created), a.ID}
		for _, node := range nodes {
			args = append(args, node)
		}
		s.do("DELETE FROM ra_place WHERE state = $1 AND kind = $2 AND created = $3 AND application = $4 AND node IN "+db.In(5, len(nodes)), args...)
	}
	for _, node := range nodes {
		s.insert("ra_place", []string{"node", "state", "kind", "created", "application"}, node, string(a.State), string(a.Kind), millis(a.Created), a.ID)
	}
}

func insertColumns() []string {
	return append(strings.Split(strings.Join(strings.Fields(applicationColumns), ""), ","), "name", "unit")
}

// row is an application as insertColumns names it.
func (a *Application) row() []any {
	return []any{a.ID, string(a.Operation), string(a.Kind), a.Profile, a.Node, a.Path, string(a.State), int64(a.Version), encoded(a.Fields), orNull(a.sealed),
		a.Holder, a.Issuer, string(a.Serial), a.Reason, orNull(a.Request), a.KeyFrom, int64(a.Days), flag(a.Single), a.RegisteredBy, a.ReviewedBy, a.CarriedBy,
		a.DeliveredBy, a.Rule, a.Batch, a.Conflict, millis(a.Created), millis(a.Changed), a.title(), a.Fields["unit"]}
}

// orNull keeps a nil slice from becoming a value that is none.
func orNull(octets []byte) any {
	if octets == nil {
		return nil
	}
	return octets
}

// next draws the next n numbers of a counter and returns the last; whoever draws later
// waits for this transaction, so that numbers become visible in their order.
func next(ctx context.Context, tx *sql.Tx, name string, n int) (last int64, err error) {
	err = tx.QueryRowContext(ctx, "UPDATE ra_counter SET number = number + $1 WHERE name = $2 RETURNING number", n, name).Scan(&last)
	if err != nil {
		return 0, fmt.Errorf("drawing the next number of %s: %w", name, err)
	}
	return last, nil
}
