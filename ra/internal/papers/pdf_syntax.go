package papers

import (
	"bytes"
	"strconv"
	"strings"

	"onecert/pki"
)

// The objects of a PDF (ISO 32000-2 7.3). Strings are passed over: nothing here needs
// their text.
type (
	name string
	dict map[name]any
	list []any
	ref  struct{ number, generation int }
	word string // a keyword: obj, stream, xref, true, …
	text struct{}
)

// Limits on what a document may make us hold.
const (
	deepest   = 100
	mostNodes = 1_000_000
)

// lexer reads objects from octets. Every name is shown to see, wherever it stands.
type lexer struct {
	content []byte
	at      int
	depth   int
	nodes   *int // objects that may still be read
	see     func(name)
	pair    func(key name, value any)
	passed  func([]byte) // comments and strings, of which nothing is read
}

func blank(c byte) bool { return c == 0 || c == 9 || c == 10 || c == 12 || c == 13 || c == 32 }

func delimiter(c byte) bool { return strings.IndexByte("()<>[]{}/%", c) >= 0 }

// space passes over blanks and comments.
func (l *lexer) space() {
	for ; l.at < len(l.content); l.at++ {
		if c := l.content[l.at]; c == '%' {
			start := l.at
			for l.at < len(l.content) && l.content[l.at] != '\r' && l.content[l.at] != '\n' {
				l.at++
			}
			l.passed(l.content[start:l.at])
		} else if !blank(c) {
			return
		}
	}
}

var errSyntax error = pki.Errorf(pki.Invalid, "papers.damaged", "the document is cut or damaged: its objects cannot be read").To("print it into a new PDF, or scan it again")

// value reads one object; a reference is read as one.
func (l *lexer) value() (any, error) {
	l.space()
	if *l.nodes--; *l.nodes < 0 || l.at >= len(l.content) {
		return nil, errSyntax
	}
	switch c := l.content[l.at]; {
	case c == '/':
		found, next := readName(l.content, l.at)
		l.at = next
		l.see(found)
		return found, nil
	case c == '(':
		return text{}, l.literal()
	case c == '<' && bytes.HasPrefix(l.content[l.at:], []byte("<<")):
		return l.dictionary()
	case c == '<':
		return text{}, l.hexadecimal()
	case c == '[':
		return l.array()
	case delimiter(c):
		return nil, errSyntax
	}
	return l.wordOrNumber(), nil
}

// readName reads a name with its escapes (7.3.5); at is its slash.
func readName(content []byte, at int) (found name, next int) {
	var out []byte
	for at++; at < len(content) && !blank(content[at]) && !delimiter(content[at]); at++ {
		c := content[at]
		if c == '#' && at+2 < len(content) {
			if code, err := strconv.ParseUint(string(content[at+1:at+3]), 16, 8); err == nil {
				c = byte(code)
				at += 2
			}
		}
		if len(out) < 128 {
			out = append(out, c)
		}
	}
	return name(out), at
}

// literal passes over a string in parentheses (7.3.4.2).
func (l *lexer) literal() error {
	open, start := 0, l.at
	for ; l.at < len(l.content); l.at++ {
		switch l.content[l.at] {
		case '\\':
			l.at++
		case '(':
			open++
		case ')':
			if open--; open == 0 {
				l.at++
				l.passed(l.content[start:l.at])
				return nil
			}
		}
	}
	return errSyntax
}

// hexadecimal passes over a string of digits (7.3.4.3).
func (l *lexer) hexadecimal() error {
	for l.at++; l.at < len(l.content); l.at++ {
		c := l.content[l.at]
		if c == '>' {
			l.at++
			return nil
		}
		if !blank(c) && strings.IndexByte("0123456789abcdefABCDEF", c) < 0 {
			break
		}
	}
	return errSyntax
}

func (l *lexer) enter() error {
	if l.depth++; l.depth > deepest {
		return errSyntax
	}
	return nil
}

func (l *lexer) array() (list, error) {
	if err := l.enter(); err != nil {
		return nil, err
	}
	defer func() { l.depth-- }()
	out := list{}
	for l.at++; ; {
		if l.space(); l.at < len(l.content) && l.content[l.at] == ']' {
			l.at++
			return out, nil
		}
		value, err := l.value()
		if err != nil {
			return nil, err
		}
		out = fold(append(out, value))
	}
}

// fold makes a reference of "12 0 R" at the end of a list.
func fold(out list) list {
	n := len(out)
	if n < 3 || out[n-1] != word("R") {
		return out
	}
	number, ok := out[n-3].(int)
	generation, also := out[n-2].(int)
	if !ok || !also {
		return out
	}
	return append(out[:n-3], ref{number, generation})
}

func (l *lexer) dictionary() (dict, error) {
	if err := l.enter(); err != nil {
		return nil, err
	}
	defer func() { l.depth-- }()
	out, items := dict{}, list{}
	for l.at += 2; ; {
		l.space()
		if bytes.HasPrefix(l.content[l.at:], []byte(">>")) {
			l.at += 2
			break
		}
		value, err := l.value()
		if err != nil {
			return nil, err
		}
		items = fold(append(items, value))
	}
	if len(items)%2 != 0 {
		return nil, errSyntax
	}
	for i := 0; i < len(items); i += 2 {
		key, ok := items[i].(name)
		if !ok {
			return nil, errSyntax
		}
		out[key] = items[i+1]
		l.pair(key, items[i+1])
	}
	return out, nil
}

// wordOrNumber reads what begins with no delimiter: an int where it is one, else a
// word (a fraction too).
func (l *lexer) wordOrNumber() any {
	start := l.at
	for l.at < len(l.content) && !blank(l.content[l.at]) && !delimiter(l.content[l.at]) {
		l.at++
	}
	plain := string(l.content[start:l.at][:min(l.at-start, 64)])
	if number, err := strconv.Atoi(plain); err == nil {
		return number
	}
	return word(plain)
}
