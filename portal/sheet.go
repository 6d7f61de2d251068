package portal

import (
	"fmt"
	"regexp"
	"strings"
)

// A sheet is a page of words, kept as a text file a language: words/zh/help/pin.txt is
// /help/pin in Chinese. The format is a few marks at the beginning of lines, so that who
// mends a help page needs to know no HTML, and nothing in it can become any:
//
//	# title                 the first line
//	> lead                  what the page is about, in one paragraph
//	## heading {#name}      a part; the name is its address, the same in every language
//	- item                  a list; 1. item is one in order
//	| a | b |               a table, the first row its heads
//	other lines             a paragraph; an empty line ends it
//
// Inside a line **bold**, `code` and [words](address) stand for themselves. An address is
// of this site (/…), self: or console:, the pages of others that the configuration names.
type sheet struct {
	Title  string
	Lead   []span
	Blocks []block
}

// block is a part of a sheet: Kind is heading, text, list, steps or table.
type block struct {
	Kind  string
	Name  string // of a heading
	Text  []span
	Items [][]span
	Rows  [][][]span
}

// span is a run of letters: Kind is "", bold, code or link.
type span struct {
	Kind    string
	Text    string
	Address string
}

var headingForm = regexp.MustCompile(`^## (.+) \{#([a-z][a-z0-9-]*)\}$`)

// parseSheet reads a sheet; name is its file's, for errors.
func parseSheet(name, text string) (*sheet, error) {
	s := &sheet{}
	var open *block // what the line before belongs to
	for n, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		var err error
		if n == 0 {
			title, found := strings.CutPrefix(line, "# ")
			if !found {
				return nil, fmt.Errorf("%s: the first line is no title", name)
			}
			s.Title = title
			continue
		}
		if open, err = s.line(open, line); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n+1, err)
		}
	}
	return s, nil
}

// line takes one more line and returns the block that the next may belong to.
func (s *sheet) line(open *block, line string) (*block, error) {
	kind, rest := mark(line)
	if kind == "" {
		return nil, nil
	}
	if kind == "heading" {
		m := headingForm.FindStringSubmatch(line)
		if m == nil {
			return nil, fmt.Errorf("a heading is written ## words {#name}")
		}
		s.Blocks = append(s.Blocks, block{Kind: kind, Name: m[2], Text: []span{{Text: m[1]}}})
		return nil, nil
	}
	spans, err := spansOf(rest)
	if err != nil {
		return nil, err
	}
	if kind == "lead" {
		s.Lead = append(s.Lead, spans...)
		return nil, nil
	}
	if open == nil || open.Kind != kind {
		s.Blocks = append(s.Blocks, block{Kind: kind})
		open = &s.Blocks[len(s.Blocks)-1]
	}
	switch kind {
	case "list", "steps":
		open.Items = append(open.Items, spans)
	case "table":
		row, err := cells(rest)
		if err != nil {
			return nil, err
		}
		if len(open.Rows) > 0 && len(row) != len(open.Rows[0]) {
			return nil, fmt.Errorf("this row has %d cells, the first %d", len(row), len(open.Rows[0]))
		}
		open.Rows = append(open.Rows, row)
	default:
		if len(open.Text) > 0 {
			open.Text = append(open.Text, span{Text: "\n"})
		}
		open.Text = append(open.Text, spans...)
	}
	return open, nil
}

var stepForm = regexp.MustCompile(`^[0-9]{1,2}\. `)

// mark says what a line is by how it begins, and returns what follows.
func mark(line string) (kind, rest string) {
	switch {
	case strings.TrimSpace(line) == "":
		return "", ""
	case strings.HasPrefix(line, "#"):
		return "heading", line
	case strings.HasPrefix(line, "> "):
		return "lead", line[2:]
	case strings.HasPrefix(line, "- "):
		return "list", line[2:]
	case strings.HasPrefix(line, "|"):
		return "table", line
	case stepForm.MatchString(line):
		return "steps", line[strings.Index(line, " ")+1:]
	}
	return "text", line
}

func cells(line string) (row [][]span, err error) {
	inner, closed := strings.CutSuffix(strings.TrimPrefix(strings.TrimSpace(line), "|"), "|")
	if !closed {
		return nil, fmt.Errorf("a row of a table ends with |")
	}
	for cell := range strings.SplitSeq(inner, "|") {
		spans, err := spansOf(strings.TrimSpace(cell))
		if err != nil {
			return nil, err
		}
		row = append(row, spans)
	}
	return row, nil
}

var (
	spanForm    = regexp.MustCompile("\\*\\*[^*]+\\*\\*|`[^`]+`|\\[[^\\]]+\\]\\([^)]*\\)")
	addressForm = regexp.MustCompile(`^(/([A-Za-z0-9][A-Za-z0-9/._-]*)?(#[a-z][a-z0-9-]*)?|#[a-z][a-z0-9-]*|self:|console:)$`)
)

// spansOf takes a line apart.
func spansOf(line string) (all []span, err error) {
	for {
		at := spanForm.FindStringIndex(line)
		if at == nil {
			break
		}
		if at[0] > 0 {
			all = append(all, span{Text: line[:at[0]]})
		}
		one, err := spanOf(line[at[0]:at[1]])
		if err != nil {
			return nil, err
		}
		all = append(all, one)
		line = line[at[1]:]
	}
	if line != "" {
		all = append(all, span{Text: line})
	}
	return all, nil
}

func spanOf(text string) (span, error) {
	switch text[0] {
	case '*':
		return span{Kind: "bold", Text: strings.Trim(text, "*")}, nil
	case '`':
		return span{Kind: "code", Text: strings.Trim(text, "`")}, nil
	}
	words, address, _ := strings.Cut(text[1:len(text)-1], "](")
	if !addressForm.MatchString(address) {
		return span{}, fmt.Errorf("%q is neither an address of this site nor one of self: and console: by itself", address)
	}
	return span{Kind: "link", Text: words, Address: address}, nil
}
