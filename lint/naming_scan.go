package lint

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// scanName looks at every character of a name once and notes each kind of trouble.
func scanName(n *name) nameFaults {
	var faults nameFaults
	for i := range n.attributes {
		scanValue(&faults, i+1, n.attributes[i].text)
	}
	return faults
}

func scanValue(faults *nameFaults, attribute int, text string) {
	var scripts scriptSet
	before := ' ' // so that a leading blank counts as double
	for _, r := range text {
		if r == ' ' && before == ' ' {
			faults.add(faultBlank, attribute, r)
		}
		before = r
		if r < utf8.RuneSelf {
			scanASCII(faults, attribute, r)
			if letterDigit(byte(r)) && !digit(byte(r)) {
				scripts.add(scriptLatin)
			}
			continue
		}
		scripts.note(r)
		if !ideograph(r) {
			scanUnicode(faults, attribute, r)
		}
	}
	if text != "" && before == ' ' {
		faults.add(faultBlank, attribute, ' ')
	}
	if scripts.confusing() {
		faults.add(faultMixedScript, attribute, 0)
	}
	if scripts.disguised() {
		faults.add(faultLookAlike, attribute, 0)
	}
	if !norm.NFC.IsNormalString(text) {
		faults.add(faultNotNFC, attribute, 0)
	}
}

func scanASCII(faults *nameFaults, attribute int, r rune) {
	switch {
	case r < ' ' || r == 0x7f:
		faults.add(faultControl, attribute, r)
	case r == '=' || r == ',':
		faults.add(faultSeparator, attribute, r)
	case r == '+' || r == ';' || r == '"' || r == '\\' || r == '<' || r == '>':
		faults.add(faultQuoting, attribute, r)
	}
}

// ideograph is the quick way past Chinese text: unified ideographs, with the ones
// that Go's tables may not know yet, are never in question one by one.
func ideograph(r rune) bool {
	return r >= 0x4e00 && r <= 0x9fff || r >= 0x3400 && r <= 0x4dbf ||
		r >= 0x20000 && r <= 0x2f7ff || r >= 0x30000 && r <= 0x3fffd
}

// scanUnicode judges one character outside ASCII and the ideographs.
func scanUnicode(faults *nameFaults, attribute int, r rune) {
	switch {
	case unicode.Is(unicode.Cc, r) || r == 0x2028 || r == 0x2029:
		faults.add(faultControl, attribute, r)
	case unicode.Is(unicode.Bidi_Control, r):
		faults.add(faultBidi, attribute, r)
	case invisible(r):
		faults.add(faultInvisible, attribute, r)
	case r == utf8.RuneError || unicode.Is(unicode.Co, r) || unicode.Is(unicode.Noncharacter_Code_Point, r):
		faults.add(faultUndefined, attribute, r)
	case r == 0x3000 || unicode.Is(unicode.Zs, r):
		faults.add(faultSpace, attribute, r)
	case r >= 0xff01 && r <= 0xff5e || r >= 0xffe0 && r <= 0xffe6:
		if !chinesePunctuation(r) {
			faults.add(faultFullWidth, attribute, r)
		}
	case compatibility(r):
		faults.add(faultCompatibility, attribute, r)
	case disguisedLatin(r), disguisedHan(r):
		faults.add(faultLookAlike, attribute, r)
	}
}

// invisible: format characters, variation selectors, fillers and what else
// Unicode says a display may ignore.
func invisible(r rune) bool {
	return unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r) ||
		unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) || r == 0x2800 || r >= 0xe0000 && r <= 0xe0fff
}

// chinesePunctuation is what registered Chinese names really contain: full-width
// brackets, colon, exclamation and question mark. The full-width comma and equals
// sign stay out, because software that folds widths would see a separator.
func chinesePunctuation(r rune) bool {
	return r == '（' || r == '）' || r == '：' || r == '！' || r == '？'
}

// compatibility reports characters whose compatibility decomposition is something
// else: Kangxi radicals, circled and mathematical letters, ligatures, Roman
// numerals. Those that normal form C replaces anyway are naming.normalised.
func compatibility(r rune) bool {
	if r < 0xa0 || r == 0x2026 { // "…" is ordinary punctuation
		return false
	}
	var buffer [utf8.UTFMax]byte
	text := buffer[:utf8.EncodeRune(buffer[:], r)]
	return norm.NFC.IsNormal(text) && !norm.NFKC.IsNormal(text)
}
