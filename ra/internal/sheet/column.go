package sheet

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Language picks the words of what is written.
type Language string

// The languages; Both writes headings as "姓名 / Name".
const (
	Chinese Language = "zh"
	English Language = "en"
	Both    Language = "both"
)

// Words is one text in both languages.
type Words struct{ Chinese, English string }

// In returns the text in a language.
func (w Words) In(language Language) string {
	switch {
	case language == English || w.Chinese == "":
		return w.English
	case language == Both && w.English != "" && w.English != w.Chinese:
		return w.Chinese + " / " + w.English
	}
	return w.Chinese
}

// Kind says how the cells of a column are read.
type Kind int

// The kinds.
const (
	Text       Kind = iota // as it stands, without what cannot be seen
	Identifier             // letters and digits, in their ordinary width (NFKC)
	Day                    // a date, read in the usual spellings, given as 2006-01-02
	Choice                 // one of Choices, given as its Value
)

// Option is one value of a Choice column with the words people see.
type Option struct {
	Value string
	Words Words
}

// Column is one column of a form. In a file it is known by either heading or its Key,
// at any place.
type Column struct {
	Key      string // stable; names the column in faults
	Heading  Words
	Notes    Words  // for the template's second sheet
	Example  string // likewise
	Kind     Kind
	Required bool // the column must be there, and no cell may be blank
	Most     int  // characters; 0 means 200
	Choices  []Option
}

const mostCharacters = 200

func (c Column) most() int {
	if c.Most > 0 {
		return c.Most
	}
	return mostCharacters
}

// spellings are the headings a column answers to, normal.
func (c Column) spellings() []string {
	zh, en := plainHeading(c.Heading.Chinese), plainHeading(c.Heading.English)
	all := []string{plainHeading(c.Key), zh, en, zh + "/" + en, en + "/" + zh, zh + en, zh + "(" + en + ")"}
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
}

// plainHeading leaves out what people and templates change: width, case, blanks, and
// the star that marks a required column.
func plainHeading(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '*' || unicode.In(r, unicode.Cc, unicode.Cf) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKC.String(text))
}

// choose returns the Value of what somebody wrote.
func (c Column) choose(text string) (value string, ok bool) {
	plain := plainHeading(text)
	for _, option := range c.Choices {
		for _, spelling := range []string{option.Value, option.Words.Chinese, option.Words.English, option.Words.In(Both)} {
			if plain == plainHeading(spelling) {
				return option.Value, true
			}
		}
	}
	return "", false
}

// label is the reverse of choose: the words of a Choice's value, other values as they are.
func (c Column) label(value string, language Language) string {
	for _, option := range c.Choices {
		if option.Value == value {
			return option.Words.In(language)
		}
	}
	return value
}

// Limits bounds what is read; a zero field takes its default.
type Limits struct {
	Rows     int   // rows below the headings; 10,000
	File     int   // octets of the file; 16 MiB
	Unpacked int64 // octets of an XLSX's parts that are read, unpacked; 64 MiB
	Entries  int   // parts of an XLSX; 1,000
	Ratio    int64 // how far one part of an XLSX may be compressed; 200
}

func (l Limits) filled() Limits {
	defaults := Limits{Rows: 10_000, File: 16 << 20, Unpacked: 64 << 20, Entries: 1000, Ratio: 200}
	l.Rows = cmp.Or(l.Rows, defaults.Rows)
	l.File = cmp.Or(l.File, defaults.File)
	l.Unpacked = cmp.Or(l.Unpacked, defaults.Unpacked)
	l.Entries = cmp.Or(l.Entries, defaults.Entries)
	l.Ratio = cmp.Or(l.Ratio, defaults.Ratio)
	return l
}
