package sheet

import (
	"bytes"
	"encoding/csv"
	"errors"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"onecert/pki"
)

// bom marks UTF-8 for programs that would otherwise read Chinese text as GB18030.
const bom = "\ufeff"

// csvSource reads RFC 4180 with any of three separators.
type csvSource struct {
	reader *csv.Reader
	within int // line ends inside cells so far: a spreadsheet program counts rows, not lines
	last   int
	cells  []cell
}

// openCSV finds character set and separator: those under which the first row has the
// most known headings; UTF-8 and the comma where nothing speaks for another.
func openCSV(content []byte, columns []Column) (source, error) {
	texts := decodings(content)
	if len(texts) == 0 {
		return nil, pki.Errorf(pki.Invalid, "sheet.encoding", "the text is neither UTF-8 nor GB18030").
			To("save it as CSV in UTF-8, or as an Excel workbook (.xlsx)")
	}
	best, most := (*csvSource)(nil), -1
	for _, text := range texts {
		for _, separator := range ",;\t" {
			if known := headingsIn(newCSV(text, separator), columns); known > most {
				best, most = newCSV(text, separator), known
			}
		}
	}
	return best, nil
}

// decodings are the readings of the content that are text, the likelier first.
func decodings(content []byte) (texts [][]byte) {
	if rest, marked := bytes.CutPrefix(content, []byte(bom)); marked {
		content = rest
		if !utf8.Valid(content) {
			return nil
		}
		return [][]byte{content}
	}
	if utf8.Valid(content) {
		texts = append(texts, content)
	}
	if text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(content); err == nil && !bytes.ContainsRune(text, utf8.RuneError) {
		texts = append(texts, text)
	}
	return texts
}

func newCSV(text []byte, separator rune) *csvSource {
	reader := csv.NewReader(bytes.NewReader(text))
	reader.Comma = separator
	reader.FieldsPerRecord = -1
	reader.ReuseRecord = true
	return &csvSource{reader: reader}
}

func headingsIn(c *csvSource, columns []Column) (known int) {
	first, err := firstRow(c)
	if err != nil {
		return 0
	}
	for _, heading := range first.cells {
		if columnOf(heading, columns) >= 0 {
			known++
		}
	}
	return known
}

// next reads one row. A quotation mark at the wrong place spoils its row only.
func (c *csvSource) next() (record, error) {
	fields, err := c.reader.Read()
	if broken, ok := errors.AsType[*csv.ParseError](err); ok {
		c.last = max(c.last+1, broken.StartLine-c.within)
		return record{row: c.last, wrong: pki.Errorf(pki.Invalid, "sheet.quotes", "a quotation mark stands at the wrong place or is not closed").
			To("write quotation marks twice, and one at both ends of the cell").Because(err)}, nil
	}
	if err != nil {
		return record{}, err // io.EOF: it reads from memory
	}
	line, _ := c.reader.FieldPos(0)
	c.last = line - c.within
	c.cells = c.cells[:0]
	for at, field := range fields {
		c.within += strings.Count(field, "\n")
		if strings.TrimSpace(field) == "" {
			continue
		}
		one := cell{at: at, text: field}
		if strings.HasPrefix(field, "=") {
			one.form = calculated
		}
		c.cells = append(c.cells, one)
	}
	return record{row: c.last, cells: c.cells}, nil
}
