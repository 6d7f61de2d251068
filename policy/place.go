package policy

import (
	"strings"
	"unicode/utf8"
)

// place is a pattern for a path or a chain of units. The empty text is the root.
type place struct {
	source   string
	literal  string    // where segments is nil: "/a/b"
	segments []pattern // where some have wildcards
	telling  int       // the longest segment without, -1 where each has them
	below    bool      // ends in "/**"
}

const anyBelow = "**"

// newPlace reads a pattern that begins with "/". fault is a word for what is wrong.
func newPlace(source string, fold bool) (p place, fault string) {
	p.source, p.telling = source, -1
	rest, rooted := strings.CutPrefix(source, "/")
	if !rooted {
		return p, "path.root"
	}
	segments := strings.Split(rest, "/")
	if segments[len(segments)-1] == anyBelow {
		p.below, segments = true, segments[:len(segments)-1]
	} else if segments[len(segments)-1] == "" {
		segments = segments[:len(segments)-1] // a slash at the end makes no difference
	}
	wild, longest := false, 0
	for i, segment := range segments {
		if segment == "" || segment == "." || segment == ".." || strings.Contains(segment, anyBelow) || strings.ContainsAny(segment, ";\x00") || hasEscape(segment) {
			return p, "path.segment"
		}
		one := newPattern(segment, fold)
		p.segments = append(p.segments, one)
		text, literal := one.literal()
		p.literal += "/" + text
		if !literal {
			wild = true
		} else if len(text) > longest {
			p.telling, longest = i, len(text)
		}
	}
	if !wild {
		p.segments = nil
	} else {
		p.literal = ""
	}
	return p, ""
}

// matches compares a path without parameters and without a slash at its end.
func (p *place) matches(path string) bool {
	if p.segments == nil {
		rest, ok := strings.CutPrefix(path, p.literal)
		return ok && (rest == "" || p.below && rest[0] == '/')
	}
	for i := range p.segments {
		if path == "" {
			return false
		}
		segment, rest := path[1:], ""
		if end := strings.IndexByte(segment, '/'); end >= 0 {
			segment, rest = segment[:end], segment[end:]
		}
		if !p.segments[i].matches(segment) {
			return false
		}
		path = rest
	}
	return path == "" || p.below
}

// maxPath bounds a request's path, in octets.
const maxPath = 8 << 10

// NormalPath tells whether a path is in the one form rules are judged by: decoded once,
// beginning with "/", and without anything that the application behind could read as
// another path.
func NormalPath(path string) bool {
	if path == "" || path[0] != '/' || len(path) > maxPath || !utf8.ValidString(path) {
		return false
	}
	start := 1
	for i := 1; i <= len(path); i++ {
		if i < len(path) && path[i] != '/' {
			if c := path[i]; c < 0x20 || c == 0x7f || c == '\\' || c == '%' && escapeAt(path, i) {
				return false
			}
			continue
		}
		// What a servlet container makes of "..;x" is "..".
		switch segment, _, _ := strings.Cut(path[start:i], ";"); segment {
		case "":
			if i < len(path) || start < i {
				return false
			}
		case ".", "..":
			return false
		}
		start = i + 1
	}
	return true
}

// hasEscape tells a percent escape, which would be decoded a second time.
func hasEscape(text string) bool {
	for i := range len(text) {
		if text[i] == '%' && escapeAt(text, i) {
			return true
		}
	}
	return false
}

func escapeAt(text string, i int) bool {
	return i+2 < len(text) && isHex(text[i+1]) && isHex(text[i+2])
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// judgedPath is the part of a normal path that rules see.
func judgedPath(path string) string {
	if strings.IndexByte(path, ';') >= 0 {
		path = withoutParameters(path)
	}
	return strings.TrimSuffix(path, "/")
}

func withoutParameters(path string) string {
	var b strings.Builder
	for segment := range strings.SplitSeq(path[1:], "/") {
		segment, _, _ = strings.Cut(segment, ";")
		b.WriteByte('/')
		b.WriteString(segment)
	}
	return b.String()
}
