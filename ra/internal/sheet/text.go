package sheet

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"onecert/pki"
)

// clean takes away what surrounds a text and writes every kind of blank as a space.
// bad is the first character that nobody can see or that not every machine shows;
// such a text is refused, because two people would read it differently.
func clean(text string) (out string, bad rune) {
	out = strings.TrimFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Z)
	})
	for _, r := range out {
		if hidden(r) {
			return "", r
		}
	}
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Zs, r) {
			return ' '
		}
		return r
	}, out), 0
}

func hidden(r rune) bool {
	if r >= ' ' && r <= '~' || unicode.Is(unicode.Han, r) { // nearly always
		return false
	}
	return r == utf8.RuneError || r&0xfffe == 0xfffe || r >= 0xfdd0 && r <= 0xfdef ||
		unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs, unicode.Zl, unicode.Zp)
}

// Programs calculate what begins with one of =, +, -, @ (in full width as well; a tab
// or line end before it is trimmed away), which makes a formula of a name somebody
// chose. Such a text is written with an apostrophe before it; so is one that begins
// with apostrophes before such a character, so that taking one apostrophe away again
// gives every text back.
const apostrophe = '\''

// neutral returns the text as it is written into a file.
func neutral(text string) string {
	if calculates(strings.TrimLeft(text, string(apostrophe))) {
		return string(apostrophe) + text
	}
	return text
}

// original is the reverse of neutral.
func original(text string) string {
	if rest, marked := strings.CutPrefix(text, string(apostrophe)); marked && calculates(strings.TrimLeft(rest, string(apostrophe))) {
		return rest
	}
	return text
}

func calculates(text string) bool {
	first, _ := utf8.DecodeRuneInString(text)
	const minus = '\u2212'
	if first < utf8.RuneSelf {
		return text != "" && strings.IndexByte("=+-@", text[0]) >= 0
	}
	return first == minus || strings.ContainsRune("=+-@", rune(norm.NFKC.String(string(first))[0]))
}

// writable is a text that Read accepts and gives back: what cannot be seen becomes a
// space.
func writable(text string) string {
	text = strings.Map(func(r rune) rune {
		if hidden(r) {
			return ' '
		}
		return r
	}, text)
	text, _ = clean(text)
	return text
}

// day reads a date as people write it in Chinese and English sheets.
func day(text string) (out string, ok bool) {
	plain := strings.NewReplacer("年", "-", "月", "-", "日", "", "/", "-", ".", "-", " ", "").Replace(norm.NFKC.String(text))
	for _, form := range []string{"2006-1-2", "20060102"} {
		if at, err := time.Parse(form, plain); err == nil {
			return plausible(at)
		}
	}
	return "", false
}

func plausible(at time.Time) (string, bool) {
	return at.Format(time.DateOnly), at.Year() >= 1900 && at.Year() < 2200
}

// shorten makes a text of a foreign file fit to be repeated in an error.
func shorten(text string) string {
	text = writable(text)
	if runes := []rune(text); len(runes) > 24 {
		text = string(runes[:24]) + "…"
	}
	return fmt.Sprintf("%q", text)
}

func badCharacter(r rune) *pki.Error {
	return pki.Errorf(pki.Invalid, "sheet.character", "the cell holds the character U+%04X, which cannot be seen or is not shown everywhere", r).
		To("type the value again, without line breaks and without copying it")
}
