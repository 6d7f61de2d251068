package sheet

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
)

// Limits of ISO/IEC 29500 as spreadsheet programs have them, and one of ours.
const (
	mostRows   = 1 << 20
	mostPlaces = 1 << 14
	mostShared = 1 << 20 // shared texts
)

// xlsxSource streams the rows of one sheet.
type xlsxSource struct {
	xml      *scanner
	shared   []string
	styles   []style
	base1904 bool
	most     int // octets of a text that are kept
	row      int
	inside   bool // of sheetData
	cells    []cell
}

// sharedTexts reads the texts that cells point to.
func (b *workbook) sharedTexts(name string, most int) (texts []string, err error) {
	part, err := b.open(name)
	if err != nil {
		return nil, err
	}
	for {
		token, err := part.token()
		if errors.Is(err, io.EOF) {
			return texts, nil
		}
		if err != nil {
			return nil, err
		}
		element, ok := token.(xml.StartElement)
		if !ok || element.Name.Local != "si" {
			continue
		}
		text, err := part.text("t", most)
		if err != nil {
			return nil, err
		}
		if texts = append(texts, text); len(texts) > mostShared {
			return nil, unpacked()
		}
	}
}

// next reads to the end of one row element, and at the end of the sheet to the end of
// the part, so that a cut or changed one is noticed (its checksum stands at the end).
func (x *xlsxSource) next() (record, error) {
	for {
		token, err := x.xml.token()
		if err != nil {
			return record{}, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			switch {
			case token.Name.Local == "sheetData":
				x.inside = true
			case token.Name.Local == "row" && x.inside:
				return x.readRow(token)
			}
		case xml.EndElement:
			if token.Name.Local == "sheetData" {
				x.inside = false
			}
		}
	}
}

func (x *xlsxSource) readRow(element xml.StartElement) (record, error) {
	before := x.row
	x.row++
	if text := attribute(element, "r"); text != "" {
		row, err := strconv.Atoi(text)
		if err != nil || row <= before {
			return record{}, damaged("its rows are out of order")
		}
		x.row = row
	}
	if x.row > mostRows {
		return record{}, damaged("it has rows that no program shows")
	}
	x.cells = x.cells[:0]
	place := -1
	for within := x.xml.depth - 1; x.xml.depth > within; {
		token, err := x.xml.token()
		if err != nil {
			return record{}, err
		}
		if element, ok := token.(xml.StartElement); ok && element.Name.Local == "c" {
			if place, err = placeOf(attribute(element, "r"), place); err != nil {
				return record{}, err
			}
			if err := x.readCell(element, place); err != nil {
				return record{}, err
			}
		}
	}
	return record{row: x.row, cells: x.cells, hidden: truth(attribute(element, "hidden"))}, nil
}

// placeOf reads the letters of a reference ("AB12"); cells come from left to right, and
// one without a reference stands beside the one before.
func placeOf(reference string, before int) (int, error) {
	if reference == "" {
		return before + 1, nil
	}
	place := 0
	for _, r := range []byte(strings.ToUpper(strings.TrimRight(reference, "0123456789"))) {
		if place = place*26 + int(r-'A') + 1; r < 'A' || r > 'Z' || place > mostPlaces {
			return 0, damaged("a cell has no possible place")
		}
	}
	if place-1 <= before {
		return 0, damaged("its cells are out of order")
	}
	return place - 1, nil
}

// readCell reads one cell and keeps it unless it is blank.
func (x *xlsxSource) readCell(element xml.StartElement, place int) error {
	one := cell{at: place}
	for within := x.xml.depth - 1; x.xml.depth > within; {
		token, err := x.xml.token()
		if err != nil {
			return err
		}
		child, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch child.Name.Local {
		case "v":
			one.text, err = x.xml.text("", x.most)
		case "is":
			one.text, err = x.xml.text("t", x.most)
		case "f":
			one.form = calculated
			err = x.xml.skip()
		}
		if err != nil {
			return err
		}
	}
	if one.form != calculated {
		if err := x.understand(&one, attribute(element, "t"), attribute(element, "s")); err != nil {
			return err
		}
		if one.form == written && strings.TrimSpace(one.text) == "" {
			return nil
		}
	}
	x.cells = append(x.cells, one)
	return nil
}

// understand brings a value into its text by the cell's type (ISO/IEC 29500-1
// 18.18.11) and style.
func (x *xlsxSource) understand(one *cell, sort, styled string) error {
	switch sort {
	case "s":
		index, err := strconv.Atoi(one.text)
		if err != nil || index < 0 || index >= len(x.shared) {
			return damaged("a cell points to a text that is not there")
		}
		one.text = x.shared[index]
	case "b":
		one.text = map[bool]string{true: "TRUE", false: "FALSE"}[truth(one.text)]
	case "e":
		one.form = failed
	case "d": // ISO 8601
		one.form, one.text = date, one.text[:min(len(one.text), len(time.DateOnly))]
	case "", "n":
		if one.text != "" {
			x.number(one, styled)
		}
	}
	return nil
}

// number shows a number as its style does, as far as that changes what it says.
func (x *xlsxSource) number(one *cell, styled string) {
	one.form = number
	index, err := strconv.Atoi(styled)
	if err != nil || index < 0 || index >= len(x.styles) {
		return
	}
	how := x.styles[index]
	switch {
	case how.date:
		if text, ok := x.day(one.text); ok {
			one.form, one.text = date, text
		}
	case isDigits(one.text) && len(one.text) < how.digits:
		one.text = strings.Repeat("0", how.digits-len(one.text)) + one.text
	}
}

// day converts the number of a day. The system of 1900 counts a 29th of February that
// year, which never was (ISO/IEC 29500-1 18.17.4.1).
func (x *xlsxSource) day(text string) (string, bool) {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || !(value >= 1 && value < 200_000) || !x.base1904 && math.Trunc(value) == 60 {
		return "", false
	}
	start := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	switch {
	case x.base1904:
		start = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	case value < 60:
		start = start.AddDate(0, 0, 1)
	}
	return plausible(start.AddDate(0, 0, int(value)))
}
