package sheet

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/xuri/excelize/v2"
)

// words of the template.
func templateWords() map[string]Words {
	return map[string]Words{
		"data":     {"数据", "Data"},
		"notes":    {"填写说明", "Instructions"},
		"column":   {"列", "Column"},
		"required": {"必填", "Required"},
		"yes":      {"是", "yes"},
		"no":       {"否", "no"},
		"most":     {"最多字符", "Most characters"},
		"example":  {"示例", "Example"},
		"meaning":  {"说明", "Meaning"},
		"values":   {"可选值", "Allowed values"},
		"rules": {
			"每人一行，从第二行起填写；请勿修改列名，勿使用公式；单元格均为文本格式，身份证号等请直接录入全部位数。",
			"One row for each person, from the second row on. Leave the headings, use no formulas. All cells are text: type every digit of a number.",
		},
	}
}

// Template makes an XLSX to be filled in: a sheet with the headings (required ones with
// a star), all columns formatted as text for rows rows, so that long numbers keep their
// digits and leading zeros, and lists to choose from; and a second sheet that explains
// every column.
func Template(columns []Column, language Language, rows int) ([]byte, error) {
	t := template{words: templateWords(), language: language, columns: columns, rows: rows}
	var err error
	if t.book, err = newBook(t.say("data")); err != nil {
		return nil, err
	}
	defer t.book.Close()
	for _, step := range []func() error{t.styles, t.headings, t.notes, t.lists} {
		if err := step(); err != nil {
			return nil, fmt.Errorf("making the template: %w", err)
		}
	}
	var out bytes.Buffer
	if err := t.book.Write(&out); err != nil {
		return nil, fmt.Errorf("making the template: %w", err)
	}
	return out.Bytes(), nil
}

type template struct {
	book       *excelize.File
	words      map[string]Words
	language   Language
	columns    []Column
	rows       int
	text, bold int // styles
}

func (t *template) say(key string) string {
	text := t.words[key].In(t.language)
	if key == "data" || key == "notes" { // "/" cannot stand in a sheet's name
		text = string(bytes.ReplaceAll([]byte(text), []byte(" / "), []byte(" ")))
	}
	return text
}

func (t *template) styles() (err error) {
	if t.text, err = textStyle(t.book); err != nil {
		return err
	}
	t.bold, err = t.book.NewStyle(&excelize.Style{NumFmt: 49, Font: &excelize.Font{Bold: true},
		Alignment: &excelize.Alignment{Vertical: "top", WrapText: true}})
	return err
}

func (t *template) headings() error {
	sheet := t.say("data")
	for i, column := range t.columns {
		heading := column.Heading.In(t.language)
		if column.Required {
			heading += " *"
		}
		place := letters(i)
		if err := t.book.SetColStyle(sheet, place, t.text); err != nil {
			return err
		}
		if err := t.book.SetColWidth(sheet, place, place, float64(min(40, max(14, column.most()/2)))); err != nil {
			return err
		}
		if err := t.book.SetCellStr(sheet, place+"1", heading); err != nil {
			return err
		}
	}
	last := letters(len(t.columns)-1) + "1"
	if err := t.book.SetCellStyle(sheet, "A1", last, t.bold); err != nil {
		return err
	}
	return t.book.SetPanes(sheet, &excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"})
}

// firstNote is the row of the first column's explanation; its allowed values follow
// its notes to the right, where the lists find them.
const (
	firstNote  = 4
	firstValue = 5
)

func (t *template) notes() error {
	sheet := t.say("notes")
	if _, err := t.book.NewSheet(sheet); err != nil {
		return err
	}
	head := []string{t.say("column"), t.say("required"), t.say("most"), t.say("example"), t.say("meaning"), t.say("values")}
	if err := t.line(1, []string{t.say("rules")}); err != nil {
		return err
	}
	if err := t.line(firstNote-1, head); err != nil {
		return err
	}
	for i, column := range t.columns {
		required := t.say("no")
		if column.Required {
			required = t.say("yes")
		}
		values := []string{column.Heading.In(t.language), required, strconv.Itoa(column.most()), column.Example, column.Notes.In(t.language)}
		for _, option := range column.Choices {
			values = append(values, option.Words.In(t.language))
		}
		if err := t.line(firstNote+i, values); err != nil {
			return err
		}
	}
	if err := t.book.SetCellStyle(sheet, "A3", "F3", t.bold); err != nil {
		return err
	}
	return t.book.SetColWidth(sheet, "A", "Z", 24)
}

// line writes one row of the notes.
func (t *template) line(row int, values []string) error {
	for i, value := range values {
		if err := t.book.SetCellStr(t.say("notes"), letters(i)+strconv.Itoa(row), neutral(writable(value))); err != nil {
			return err
		}
	}
	return nil
}

// lists lets people choose. They name cells of the notes, because a list written out
// may have 255 characters only.
func (t *template) lists() error {
	for i, column := range t.columns {
		if column.Kind != Choice || len(column.Choices) == 0 {
			continue
		}
		row := strconv.Itoa(firstNote + i)
		list := excelize.NewDataValidation(true)
		list.Sqref = letters(i) + "2:" + letters(i) + strconv.Itoa(1+max(1, t.rows))
		list.SetSqrefDropList(fmt.Sprintf("'%s'!$%s$%s:$%s$%s", t.say("notes"), letters(firstValue), row, letters(firstValue+len(column.Choices)-1), row))
		list.SetError(excelize.DataValidationErrorStyleStop, column.Heading.In(t.language), t.say("values"))
		if err := t.book.AddDataValidation(t.say("data"), list); err != nil {
			return err
		}
	}
	return nil
}
