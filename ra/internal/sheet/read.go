package sheet

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/unicode/norm"

	"onecert/pki"
)

// form says what a cell is in its file.
type form int

const (
	written    form = iota // a text
	number                 // a number as the file spells it
	date                   // a number or text shown as a date: text is 2006-01-02
	calculated             // a formula
	failed                 // an error value such as #N/A
)

// cell is one cell of a file that is not blank; at is its column, from 0.
type cell struct {
	at   int
	text string
	form form
}

// record is one row of a file. Its cells are valid until the next is read.
type record struct {
	row    int // as a spreadsheet program counts
	cells  []cell
	hidden bool
	wrong  *pki.Error // the row cannot be read; the next one may
}

func (r record) blank() bool { return len(r.cells) == 0 && r.wrong == nil }

// source is a file form: CSV and XLSX. next returns io.EOF after the last row.
type source interface {
	next() (record, error)
}

// Row is one row of a filled-in sheet. Values stand in the order of the columns asked
// for; a value that Faults names is empty.
type Row struct {
	Number int // as a spreadsheet program shows it, from 1
	Values []string
	Faults []Fault

	sheet *Rows
}

// Rows is a sheet whose headings are understood.
type Rows struct {
	source  source
	columns []Column
	places  []int // column in the file of each of columns, -1 where it is missing
	limits  Limits
}

// Read recognises a file by its content and understands its headings, which must be
// its first row that is not blank, on the first sheet that is shown. Errors (all
// pki.Error): sheet.size, sheet.format, sheet.encoding, sheet.encrypted, sheet.macros,
// sheet.damaged, sheet.unpacked, sheet.headings, sheet.unknown-column,
// sheet.missing-column, sheet.double-column.
func Read(content []byte, columns []Column, limits Limits) (*Rows, error) {
	limits = limits.filled()
	if len(content) > limits.File {
		return nil, pki.Errorf(pki.Invalid, "sheet.size", "the file is larger than %d KiB", limits.File>>10).
			To("split it, and leave out pictures and other sheets")
	}
	source, err := open(content, columns, limits)
	if err != nil {
		return nil, err
	}
	headings, err := firstRow(source)
	if err != nil {
		return nil, err
	}
	places, err := match(headings, columns)
	if err != nil {
		return nil, err
	}
	return &Rows{source: source, columns: columns, places: places, limits: limits}, nil
}

// open finds the file form.
func open(content []byte, columns []Column, limits Limits) (source, error) {
	if bytes.HasPrefix(content, []byte("PK\x03\x04")) {
		return openXLSX(content, longest(columns), limits)
	}
	if err := foreign(content); err != nil {
		return nil, err
	}
	return openCSV(content, columns)
}

func longest(columns []Column) (most int) {
	for _, column := range columns {
		most = max(most, column.most())
	}
	return most
}

// foreign names the files that people upload by mistake.
func foreign(content []byte) error {
	begins := func(magic string) bool { return bytes.HasPrefix(content, []byte(magic)) }
	wide := func(text string) []byte { // UTF-16, as the old format names its parts
		return []byte(strings.Join(strings.Split(text, ""), "\x00") + "\x00")
	}
	head := bytes.ToLower(bytes.TrimLeft(content[:min(len(content), 512)], "\ufeff \t\r\n"))
	refused := pki.Errorf(pki.Invalid, "sheet.format", "this is neither an XLSX nor a CSV file").
		To("save it as an Excel workbook (.xlsx) or as CSV")
	switch {
	case begins("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") && bytes.Contains(content, wide("EncryptedPackage")):
		return encrypted()
	case begins("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
		return pki.Errorf(pki.Invalid, "sheet.old", "this is a workbook of the form before 2007 (.xls)").
			To("save it as an Excel workbook (.xlsx) or as CSV")
	case begins("\xff\xfe") || begins("\xfe\xff"):
		return pki.Errorf(pki.Invalid, "sheet.encoding", "the text is written in UTF-16").
			To("save it as CSV in UTF-8, or as an Excel workbook (.xlsx)")
	case len(bytes.TrimSpace(head)) == 0:
		return empty()
	case bytes.ContainsRune(content, 0), bytes.HasPrefix(head, []byte("<")), bytes.HasPrefix(head, []byte("%pdf")), bytes.HasPrefix(head, []byte("{\\rtf")):
		return refused
	}
	return nil
}

func encrypted() error {
	return pki.Errorf(pki.Invalid, "sheet.encrypted", "the file is protected by a password").To("save it without one")
}

func empty() error {
	return pki.Errorf(pki.Invalid, "sheet.empty", "the sheet has no rows").
		To("fill in one row for each person below the headings, on the first sheet")
}

// firstRow returns the first row that is not blank.
func firstRow(source source) (record, error) {
	for {
		found, err := source.next()
		switch {
		case errors.Is(err, io.EOF):
			return found, empty()
		case err != nil:
			return found, err
		case found.wrong != nil:
			return found, found.wrong
		case !found.blank():
			return found, nil
		}
	}
}

// match finds each column's place. Every mistake of one sort is named at once.
func match(headings record, columns []Column) (places []int, err error) {
	places = slices.Repeat([]int{-1}, len(columns))
	var unknown, double, missing []string
	for _, heading := range headings.cells {
		i := columnOf(heading, columns)
		switch {
		case i < 0:
			unknown = append(unknown, letters(heading.at)+" "+shorten(heading.text))
		case places[i] >= 0:
			double = append(double, shorten(heading.text))
		default:
			places[i] = heading.at
		}
	}
	for i, column := range columns {
		if column.Required && places[i] < 0 {
			missing = append(missing, column.Heading.In(Both))
		}
	}
	const remedy = "download the template and leave its headings as they are"
	switch {
	case !slices.ContainsFunc(places, func(place int) bool { return place >= 0 }):
		return nil, pki.Errorf(pki.Invalid, "sheet.headings", "row %d has none of the headings", headings.row).To(remedy)
	case len(unknown) > 0:
		return nil, pki.Errorf(pki.Invalid, "sheet.unknown-column", "the form does not know: %s", list(unknown)).To(remedy)
	case len(double) > 0:
		return nil, pki.Errorf(pki.Invalid, "sheet.double-column", "a heading stands twice: %s", list(double)).To(remedy)
	case len(missing) > 0:
		return nil, pki.Errorf(pki.Invalid, "sheet.missing-column", "a column is missing: %s", list(missing)).To(remedy)
	}
	return places, nil
}

func columnOf(heading cell, columns []Column) int {
	if heading.form != written {
		return -1
	}
	plain := plainHeading(heading.text)
	return slices.IndexFunc(columns, func(c Column) bool { return slices.Contains(c.spellings(), plain) })
}

// list writes names for an error, ten at most.
func list(names []string) string {
	if len(names) > 10 {
		names = append(names[:10:10], "…")
	}
	return strings.Join(names, ", ")
}

// letters is the name of a column as spreadsheet programs show it.
func letters(at int) string {
	name, err := excelize.ColumnNumberToName(at + 1)
	if err != nil {
		return "?"
	}
	return name
}

// All gives the rows once, those with faults as well; blank rows are left out. An
// error ends it: sheet.rows, sheet.empty, sheet.damaged, sheet.unpacked.
func (r *Rows) All() iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for count := 0; ; {
			found, err := r.source.next()
			if errors.Is(err, io.EOF) {
				if count == 0 {
					yield(Row{}, empty())
				}
				return
			}
			if err == nil && found.blank() {
				continue
			}
			if count++; err == nil && count > r.limits.Rows {
				err = pki.Errorf(pki.Invalid, "sheet.rows", "the sheet has more than %d rows", r.limits.Rows).To("split it")
			}
			if err != nil {
				yield(Row{}, err)
				return
			}
			if !yield(r.row(found), nil) {
				return
			}
		}
	}
}

// row brings a record into the order of the columns and cleans its values.
func (r *Rows) row(found record) Row {
	row := Row{Number: found.row, Values: make([]string, len(r.columns)), sheet: r}
	if found.wrong != nil {
		row.Faults = append(row.Faults, fault(row.Number, "", "", found.wrong))
		return row
	}
	if found.hidden {
		row.Faults = append(row.Faults, fault(row.Number, "", "", pki.Errorf(pki.Invalid, "sheet.hidden", "the row is hidden, by a filter perhaps").
			To("show it, or delete it")))
	}
	for i, column := range r.columns {
		place := r.places[i]
		if place < 0 {
			continue
		}
		value, wrong := column.read(cellAt(found.cells, place))
		if wrong != nil {
			row.Faults = append(row.Faults, row.Fault(column.Key, wrong))
			continue
		}
		row.Values[i] = value
	}
	row.Faults = append(row.Faults, r.strays(found)...)
	return row
}

// cell names a column's cell in a row, "" where the file has no such column.
func (r *Rows) cell(column string, row int) string {
	i := slices.IndexFunc(r.columns, func(c Column) bool { return c.Key == column })
	if i < 0 || r.places[i] < 0 {
		return ""
	}
	return letters(r.places[i]) + strconv.Itoa(row)
}

func cellAt(cells []cell, place int) cell {
	for _, c := range cells {
		if c.at == place {
			return c
		}
	}
	return cell{}
}

// strays are values under no heading.
func (r *Rows) strays(found record) (faults []Fault) {
	for _, c := range found.cells {
		if !slices.Contains(r.places, c.at) && len(faults) < 10 {
			faults = append(faults, fault(found.row, "", letters(c.at)+strconv.Itoa(found.row),
				pki.Errorf(pki.Invalid, "sheet.stray", "the cell has a value, but its column has no heading").To("delete it, or move it to its column")))
		}
	}
	return faults
}

// read judges one cell of the column; the zero cell is a blank one.
func (c Column) read(found cell) (string, *pki.Error) {
	text, wrong := found.value(c.Kind)
	if wrong != nil {
		return "", wrong
	}
	text, bad := clean(text)
	if bad != 0 {
		return "", badCharacter(bad)
	}
	text, bad = clean(original(text))
	if bad != 0 {
		return "", badCharacter(bad)
	}
	if text == "" {
		if c.Required {
			return "", pki.Errorf(pki.Invalid, "sheet.blank", "the cell is blank").To("fill it in")
		}
		return "", nil
	}
	if c.Kind == Identifier {
		text = strings.TrimSpace(norm.NFKC.String(text))
	}
	if utf8.RuneCountInString(text) > c.most() {
		return "", pki.Errorf(pki.Invalid, "sheet.long", "the cell has more than %d characters", c.most()).To("shorten it")
	}
	return c.shape(text)
}

// shape brings a clean text into the one spelling of the column's kind.
func (c Column) shape(text string) (string, *pki.Error) {
	switch c.Kind {
	case Day:
		if out, ok := day(text); ok {
			return out, nil
		}
		return "", pki.Errorf(pki.Invalid, "sheet.day", "the cell is not a date").To("write it like 2006-01-02")
	case Choice:
		if value, ok := c.choose(text); ok {
			return value, nil
		}
		var may []string
		for _, option := range c.Choices {
			may = append(may, option.Words.In(Both))
		}
		return "", pki.Errorf(pki.Invalid, "sheet.choice", "the cell is none of the values the form allows").To("choose one of: %s", list(may))
	}
	return text, nil
}
