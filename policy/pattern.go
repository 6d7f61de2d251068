package policy

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// pattern is a text with wildcards: "*" for any characters, "?" for one. It is cut at
// its stars: the first piece stands at the beginning, the last at the end.
type pattern struct {
	source string
	pieces []piece
	octets uint64 // of all its texts; see octetsOf
}

// piece is what stands between two stars; ones has "?" as -1 where there are any.
type piece struct {
	text string
	ones []rune
}

const oneRune = -1

// newPattern reads a pattern. With fold it is for texts that are folded too.
func newPattern(source string, fold bool) pattern {
	p := pattern{source: source}
	if fold {
		source = folded(source)
	}
	var runes []rune
	escaped := false
	for _, r := range source {
		switch {
		case escaped:
			runes, escaped = append(runes, r), false
		case r == '\\':
			escaped = true
		case r == '*':
			p.add(runes)
			runes = nil
		case r == '?':
			runes = append(runes, oneRune)
		default:
			runes = append(runes, r)
		}
	}
	p.add(runes)
	return p
}

func (p *pattern) add(runes []rune) {
	var text strings.Builder
	var ones []rune
	for _, r := range runes {
		if r == oneRune {
			ones = runes
			continue
		}
		text.WriteRune(r)
	}
	p.pieces = append(p.pieces, piece{text.String(), ones})
	p.octets |= octetsOf(text.String())
}

// octetsOf marks which octets stand in a text, by their lower six bits: a text that
// lacks one of a pattern's cannot match it.
func octetsOf(text string) (set uint64) {
	for i := range len(text) {
		set |= 1 << (text[i] & 63)
	}
	return set
}

// literal returns the only text that matches; ok is false where there are several.
func (p *pattern) literal() (text string, ok bool) {
	return p.pieces[0].text, len(p.pieces) == 1 && p.pieces[0].ones == nil
}

// matches compares a text, which is folded already where the pattern is.
func (p *pattern) matches(text string) bool {
	first, last := &p.pieces[0], &p.pieces[len(p.pieces)-1]
	n, ok := first.at(text)
	if !ok {
		return false
	}
	text = text[n:]
	if len(p.pieces) == 1 {
		return text == ""
	}
	for i := 1; i < len(p.pieces)-1; i++ {
		if n, ok = p.pieces[i].within(text); !ok {
			return false
		}
		text = text[n:]
	}
	return last.ends(text)
}

// at tells whether the piece stands at the beginning of a text, and how long it is there.
func (c *piece) at(text string) (octets int, ok bool) {
	if c.ones == nil {
		return len(c.text), strings.HasPrefix(text, c.text)
	}
	for _, want := range c.ones {
		r, n := utf8.DecodeRuneInString(text[octets:])
		if n == 0 || want != oneRune && want != r {
			return 0, false
		}
		octets += n
	}
	return octets, true
}

// within finds the piece's first place in a text, and returns where it ends.
func (c *piece) within(text string) (end int, ok bool) {
	if c.ones == nil {
		i := strings.Index(text, c.text)
		return i + len(c.text), i >= 0
	}
	for i := range text {
		if n, found := c.at(text[i:]); found {
			return i + n, true
		}
	}
	return 0, false
}

func (c *piece) ends(text string) bool {
	if c.ones == nil {
		return strings.HasSuffix(text, c.text)
	}
	start := len(text)
	for range c.ones {
		if start == 0 {
			return false
		}
		_, n := utf8.DecodeLastRuneInString(text[:start])
		start -= n
	}
	n, ok := c.at(text[start:])
	return ok && start+n == len(text)
}

// appendFolded adds a text in small letters, without the blanks that X.520
// caseIgnoreMatch passes over: at both ends, and all but one of several.
func appendFolded(to []byte, text string) []byte {
	start := len(to)
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c == ' ':
			if len(to) > start && to[len(to)-1] != ' ' {
				to = append(to, ' ')
			}
			i++
		case c < utf8.RuneSelf:
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			to = append(to, c)
			i++
		case 0xe3 <= c && c <= 0xe9 && i+3 <= len(text): // U+3000 to U+9FFF: characters without case
			to = append(to, text[i:i+3]...)
			i += 3
		default:
			r, n := utf8.DecodeRuneInString(text[i:])
			to = utf8.AppendRune(to, unicode.ToLower(r))
			i += n
		}
	}
	if len(to) > start && to[len(to)-1] == ' ' {
		to = to[:len(to)-1]
	}
	return to
}

// folded returns the text itself where there is nothing to fold.
func folded(text string) string {
	if isFolded(text) {
		return text
	}
	return string(appendFolded(nil, text))
}

// isFolded is careful: it says no where it is not plain.
func isFolded(text string) bool {
	for i := range len(text) {
		c := text[i]
		if 'A' <= c && c <= 'Z' || c == ' ' || c >= 0xc0 && (c < 0xe3 || c > 0xe9) {
			return false
		}
	}
	return true
}
