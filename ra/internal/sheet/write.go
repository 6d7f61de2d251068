package sheet

import (
	"encoding/csv"
	"fmt"
	"io"
	"iter"

	"github.com/xuri/excelize/v2"

	"onecert/pki"
)

// Format is a form of file.
type Format string

// The forms. A spreadsheet program that opens CSV shortens identity numbers on the
// screen and, when it saves them, for good: offer XLSX first.
const (
	XLSX Format = "xlsx"
	CSV  Format = "csv"
)

// nowhere is no folder's name on any system: excelize, which would put large sheets
// with personal data into a temporary file, then keeps them in memory.
const nowhere = "\x00"

// Write writes headings and rows, the values in the order of the columns. Values of
// Choice columns become their words. No value is calculated by the program that opens
// the file (see neutral), and Read gives every value back that it accepts in a Text
// column; characters that cannot be seen become spaces.
func Write(w io.Writer, format Format, columns []Column, language Language, rows iter.Seq[[]string]) error {
	write := map[Format]func(io.Writer, iter.Seq[[]string]) error{CSV: writeCSV, XLSX: writeXLSX}[format]
	if write == nil {
		return pki.Errorf(pki.Invalid, "sheet.form", "%.16q is no form of file that is written here", string(format)).To("use xlsx or csv")
	}
	return write(w, func(yield func([]string) bool) {
		headings := make([]string, len(columns))
		for i, column := range columns {
			headings[i] = neutral(writable(column.Heading.In(language)))
		}
		if !yield(headings) {
			return
		}
		line := make([]string, len(columns))
		for row := range rows {
			clear(line)
			for i := range min(len(row), len(columns)) {
				line[i] = neutral(writable(columns[i].label(row[i], language)))
			}
			if !yield(line) {
				return
			}
		}
	})
}

// writeCSV writes RFC 4180 with the mark by which Excel knows UTF-8.
func writeCSV(w io.Writer, rows iter.Seq[[]string]) error {
	if _, err := io.WriteString(w, bom); err != nil {
		return fmt.Errorf("writing CSV: %w", err)
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	for row := range rows {
		if err := out.Write(row); err != nil {
			return fmt.Errorf("writing CSV: %w", err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("writing CSV: %w", err)
	}
	return nil
}

// writeXLSX writes one sheet of texts; no number, so that no digit is lost.
func writeXLSX(w io.Writer, rows iter.Seq[[]string]) error {
	book, err := newBook("Sheet1")
	if err != nil {
		return err
	}
	defer book.Close()
	if err := streamRows(book, "Sheet1", rows); err != nil {
		return fmt.Errorf("writing the workbook: %w", err)
	}
	if err := book.Write(w); err != nil {
		return fmt.Errorf("writing the workbook: %w", err)
	}
	return nil
}

// newBook is a workbook that says nothing about who made it.
func newBook(sheet string) (*excelize.File, error) {
	book := excelize.NewFile(excelize.Options{TmpDir: nowhere})
	if err := book.SetDocProps(&excelize.DocProperties{Creator: "OneCert"}); err != nil {
		return nil, fmt.Errorf("naming the workbook's maker: %w", err)
	}
	if err := book.SetSheetName("Sheet1", sheet); err != nil {
		return nil, fmt.Errorf("naming the sheet: %w", err)
	}
	return book, nil
}

func streamRows(book *excelize.File, sheet string, rows iter.Seq[[]string]) error {
	text, err := textStyle(book)
	if err != nil {
		return err
	}
	out, err := book.NewStreamWriter(sheet)
	if err != nil {
		return err
	}
	number := 0
	for row := range rows {
		if number == 0 {
			if err := out.SetColStyle(1, max(1, len(row)), text); err != nil {
				return err
			}
		}
		number++
		cells := make([]any, len(row))
		for i, value := range row {
			cells[i] = excelize.Cell{StyleID: text, Value: value}
		}
		if err := out.SetRow(fmt.Sprintf("A%d", number), cells); err != nil {
			return err
		}
	}
	return out.Flush()
}

// textStyle is the format "@": what is typed into such a cell stays a text.
func textStyle(book *excelize.File) (int, error) {
	return book.NewStyle(&excelize.Style{NumFmt: 49, Alignment: &excelize.Alignment{Vertical: "top"}})
}
