package audit

import (
	"bytes"
	"fmt"
)

// Replay holds a copy of a log against itself while the rows of its tables come by,
// as they stand in a backup: no database is needed and little memory. Entries have
// to come in order.
type Replay struct {
	check
	head *headRow
}

type headRow struct {
	size int64
	root []byte
}

// NewReplay begins; keys and heads are those of Verify.
func NewReplay(keys []Verifier, heads [][]byte) (*Replay, error) {
	r := &Replay{check: check{tree: emptyEdge(), roots: map[int64][]byte{}, report: Report{Faults: []Fault{}}}}
	r.openHeads(keys, heads)
	return r, r.noteRoot()
}

// Row takes one row; tables that are none of the log's are passed over. Values are
// as db.Table.Each hands them out. The error says that a row is none of this form.
func (r *Replay) Row(table string, columns []string, values []any) error {
	f := fields{columns, values, nil}
	switch table {
	case "audit_entry":
		return r.row(&f)
	case "audit_head":
		r.head = &headRow{f.number("size"), f.octets("root")}
		return f.err
	}
	return nil
}

func (r *Replay) row(f *fields) error {
	e := row{number: f.number("number"), at: f.number("at"), actor: f.text("actor"), roles: f.text("roles"), certificate: f.text("certificate"),
		address: f.text("address"), act: f.text("act"), object: f.text("object"), subject: f.text("subject"), result: f.text("result"),
		detail: f.text("detail"), leaf: f.octets("leaf"), nodes: f.octets("nodes")}
	if f.err != nil {
		return f.err
	}
	return r.entry(&e)
}

// Report returns what was found, when all rows have come.
func (r *Replay) Report() (Report, error) {
	switch {
	case r.head == nil:
		r.fault("head.row", -1, -1, "the log's head is missing")
		r.broken = true
	case r.head.size > r.next:
		r.fault("entry.missing", r.next, r.head.size-1, "%s missing: the log's end was cut", span(r.next, r.head.size-1))
		r.broken = true
	}
	r.tellInner()
	if !r.broken {
		root, err := r.root()
		if err != nil {
			return Report{}, err
		}
		r.report.Root = root
		if r.head.size != r.next || !bytes.Equal(root, r.head.root) {
			r.fault("head.row", -1, -1, "the recorded head, of %d entries, does not agree with the entries", r.head.size)
		}
	}
	r.signedHeads()
	return r.report, nil
}

// fields reads a row by its columns' names and keeps the first error.
type fields struct {
	columns []string
	values  []any
	err     error
}

func field[T any](f *fields, name string) (value T) {
	for i, column := range f.columns {
		if column != name || i >= len(f.values) {
			continue
		}
		value, ok := f.values[i].(T)
		if !ok && f.err == nil {
			f.err = fmt.Errorf("reading a row of the audit log: column %s holds a %T", name, f.values[i])
		}
		return value
	}
	if f.err == nil {
		f.err = fmt.Errorf("reading a row of the audit log: there is no column %s", name)
	}
	return value
}

func (f *fields) number(name string) int64  { return field[int64](f, name) }
func (f *fields) text(name string) string   { return field[string](f, name) }
func (f *fields) octets(name string) []byte { return field[[]byte](f, name) }
