package identity

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxName bounds the names we set; folds of longer ones are cut off behind it, and can
// then only be one of the families.
const maxName = 64

// folded is a name as the most forgiving of readers could see it: CGI and its kin turn
// everything but letters and digits into "_" and capitals, PHP mends cookies and parameters
// the same way, others ignore case. Letters are lower-case, everything else is "-", and
// there is none of that at either end.
type folded struct {
	text   [maxName + 16]byte
	length int
}

func (f *folded) add(c byte) {
	switch {
	case c >= 'A' && c <= 'Z':
		c += 'a' - 'A'
	case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
	default:
		if f.length == 0 {
			return
		}
		c = '-'
	}
	if f.length < len(f.text) {
		f.text[f.length] = c
		f.length++
	}
}

func (f *folded) bytes() []byte {
	end := f.length
	for end > 0 && f.text[end-1] == '-' {
		end--
	}
	return f.text[:end]
}

// fold folds the name of a header.
func fold(name string) (f folded) {
	for i := range len(name) {
		f.add(name[i])
	}
	return f
}

// names is a set of folded names and of families of them.
type names struct {
	exact    map[string]bool
	families map[byte][]string // by first character
}

func compileNames(lists ...[]string) *names {
	n := &names{exact: map[string]bool{}, families: map[byte][]string{}}
	for _, list := range lists {
		for _, name := range list {
			stem, family := strings.CutSuffix(name, "*")
			f := fold(stem)
			text := string(f.bytes())
			switch {
			case text == "":
			case family:
				// "koal-*" is everything that begins with koal and a separator
				if last := stem[len(stem)-1]; last == '-' || last == '_' {
					text += "-"
				}
				n.families[text[0]] = append(n.families[text[0]], text)
			default:
				n.exact[text] = true
			}
		}
	}
	return n
}

// has reports whether a folded name is one of the set.
func (n *names) has(name []byte) bool {
	if len(name) == 0 {
		return false
	}
	if n.exact[string(name)] {
		return true
	}
	for _, family := range n.families[name[0]] {
		if len(name) >= len(family) && string(name[:len(family)]) == family {
			return true
		}
	}
	return false
}

// hasHeader judges the name of a header.
func (n *names) hasHeader(name string) bool {
	f := fold(name)
	return n.has(f.bytes())
}

// maxEncodedName is where the name of a cookie or parameter is too long to be one: readers
// cut off blanks before a name, and who sends so many means to hide something.
const maxEncodedName = 4 << 10

// hasEncoded judges the name of a cookie or parameter, in whatever percent-encoding, and
// what stands before "[" (PHP's arrays) and before a NUL (readers in C).
func (n *names) hasEncoded(name string) bool {
	if len(name) >= maxEncodedName {
		return true
	}
	if simple(name) {
		return n.hasHeader(name)
	}
	plain := decodeName(name)
	var f folded
	for i := range len(plain) {
		if (plain[i] == '[' || plain[i] == 0) && n.has(f.bytes()) {
			return true
		}
		f.add(plain[i])
	}
	return n.has(f.bytes())
}

func simple(name string) bool {
	for i := range len(name) {
		if c := name[i]; c == '%' || c == '[' || c == 0 || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// decodeName undoes percent-encoding, however often it was applied, also %uXXXX, octets
// of over-long UTF-8, and full-width and other forms of letters.
func decodeName(name string) string {
	plain := make([]byte, 0, len(name))
	for i := range len(name) {
		plain = append(plain, name[i])
		for { // what this character completed may complete something again
			shorter, again := unescapeEnd(plain)
			plain = shorter
			if !again {
				break
			}
		}
	}
	for _, c := range plain {
		if c >= utf8.RuneSelf {
			return asciiForms(plain)
		}
	}
	return string(plain)
}

// unescapeEnd replaces an escape at the end of b by what it stands for.
func unescapeEnd(b []byte) (shorter []byte, done bool) {
	n := len(b)
	if n >= 3 && b[n-3] == '%' {
		if high, low := hexValue(b[n-2]), hexValue(b[n-1]); high >= 0 && low >= 0 {
			return append(b[:n-3], byte(high<<4|low)), true
		}
	}
	if n >= 6 && b[n-6] == '%' && (b[n-5] == 'u' || b[n-5] == 'U') {
		r := 0
		for _, c := range b[n-4:] {
			v := hexValue(c)
			if v < 0 {
				return b, false
			}
			r = r<<4 | v
		}
		return utf8.AppendRune(b[:n-6], rune(r)), true
	}
	return b, false
}

func hexValue(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// asciiForms turns characters that some reader takes for ASCII letters into these:
// over-long UTF-8, compatibility forms (NFKC), and those whose other case is ASCII (K of
// Kelvin, ſ).
func asciiForms(plain []byte) string {
	var b strings.Builder
	for len(plain) > 0 {
		r, size := lenientRune(plain)
		plain = plain[size:]
		for other := unicode.SimpleFold(r); other != r && r >= utf8.RuneSelf; other = unicode.SimpleFold(other) {
			if other < utf8.RuneSelf {
				r = other
			}
		}
		b.WriteRune(r)
	}
	return norm.NFKC.String(b.String())
}

// lenientRune reads UTF-8 as decoders do that accept more octets than needed.
func lenientRune(b []byte) (r rune, size int) {
	c := b[0]
	switch {
	case c < utf8.RuneSelf:
		return rune(c), 1
	case c >= 0xf0 && c < 0xf8:
		r, size = rune(c&7), 4
	case c >= 0xe0:
		r, size = rune(c&15), 3
	case c >= 0xc0:
		r, size = rune(c&31), 2
	default:
		return utf8.RuneError, 1
	}
	if len(b) < size {
		return utf8.RuneError, 1
	}
	for _, c := range b[1:size] {
		if c&0xc0 != 0x80 {
			return utf8.RuneError, 1
		}
		r = r<<6 | rune(c&0x3f)
	}
	return r, size
}
