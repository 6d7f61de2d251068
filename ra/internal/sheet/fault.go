package sheet

import (
	"errors"
	"fmt"

	"onecert/pki"
)

// Fault is one thing that is wrong in a filled-in sheet, for the person who filled it
// in. Row is counted as a spreadsheet program shows it, from 1; Column is the column's
// Key and Cell its place ("D12"), both empty where the whole row is meant. Code is the
// code of a pki.Error.
type Fault struct {
	Row    int    `json:"row"`
	Column string `json:"column,omitempty"`
	Cell   string `json:"cell,omitempty"`
	Code   string `json:"code"`
	Wrong  string `json:"wrong"`
	Remedy string `json:"remedy,omitempty"`
}

// String names the place and says what is wrong and what to do.
func (f Fault) String() string {
	place := fmt.Sprintf("row %d", f.Row)
	if f.Cell != "" {
		place = "cell " + f.Cell
	}
	if f.Remedy == "" {
		return place + ": " + f.Wrong
	}
	return place + ": " + f.Wrong + "; " + f.Remedy
}

// Faults collects what is wrong in all rows, the callers' judgements beside the
// reader's. It keeps Most of them (0 means 1,000) and counts the rest in More.
type Faults struct {
	Most int     `json:"-"`
	List []Fault `json:"faults"`
	More int     `json:"more"`
}

const mostFaults = 1000

// Add takes up faults.
func (f *Faults) Add(faults ...Fault) {
	most := f.Most
	if most <= 0 {
		most = mostFaults
	}
	room := max(0, min(len(faults), most-len(f.List)))
	f.List = append(f.List, faults[:room]...)
	f.More += len(faults) - room
}

// Any reports whether anything is wrong.
func (f *Faults) Any() bool { return len(f.List)+f.More > 0 }

// fault puts a refusal at its place.
func fault(row int, column, cell string, err *pki.Error) Fault {
	return Fault{Row: row, Column: column, Cell: cell, Code: err.Code, Wrong: err.Wrong, Remedy: err.Remedy}
}

// Fault judges a value of the row in its caller's name: the column is named by its Key
// ("" for the whole row). An error that is no pki.Error is told without its text.
func (r Row) Fault(column string, err error) Fault {
	e, ok := errors.AsType[*pki.Error](err)
	if !ok {
		e = pki.Errorf(pki.Internal, "sheet.internal", "the row could not be judged").To("try again, or ask the operator").Because(err)
	}
	return fault(r.Number, column, r.sheet.cell(column, r.Number), e)
}
