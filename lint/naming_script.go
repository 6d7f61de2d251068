package lint

import (
	"strings"
	"unicode"
)

// scriptSet is the scripts of the letters in one value, as far as look-alikes go.
// Han, Latin, Arabic (Uygur), Tibetan, Mongolian and Yi may stand together; the
// scripts whose letters resemble Latin ones may stand with no other.
type scriptSet struct {
	bits    uint8
	letters int // outside Latin and Han
	alike   int // of those, how many resemble a Latin letter
}

const (
	scriptLatin uint8 = 1 << iota
	scriptCyrillic
	scriptGreek
	scriptOtherAlike // Armenian, Cherokee, Coptic, Lisu and their kin
	scriptElse
)

func (s *scriptSet) add(script uint8) { s.bits |= script }

// note adds the script of a letter outside ASCII.
func (s *scriptSet) note(r rune) {
	if ideograph(r) {
		s.add(scriptElse)
		return
	}
	if !unicode.IsLetter(r) {
		return
	}
	switch {
	case unicode.Is(unicode.Latin, r):
		s.add(scriptLatin)
		return
	case unicode.Is(unicode.Cyrillic, r):
		s.add(scriptCyrillic)
	case unicode.Is(unicode.Greek, r):
		s.add(scriptGreek)
	case unicode.In(r, unicode.Armenian, unicode.Cherokee, unicode.Coptic, unicode.Lisu, unicode.Deseret,
		unicode.Glagolitic, unicode.Gothic, unicode.Georgian, unicode.Old_Italic, unicode.Carian, unicode.Lycian, unicode.Lydian):
		s.add(scriptOtherAlike)
	default:
		s.add(scriptElse)
		return
	}
	s.letters++
	if strings.ContainsRune(resembleLatin, r) {
		s.alike++
	}
}

// confusing: a script with Latin look-alikes stands beside any other script.
func (s *scriptSet) confusing() bool {
	return s.bits&(scriptCyrillic|scriptGreek|scriptOtherAlike) != 0 && s.bits&(s.bits-1) != 0
}

// disguised: every letter resembles a Latin one, so the whole value reads as Latin.
func (s *scriptSet) disguised() bool {
	return s.bits == scriptCyrillic && s.alike == s.letters || s.bits == scriptGreek && s.alike == s.letters
}

// resembleLatin are the Cyrillic and Greek letters drawn like Latin ones in usual
// fonts (UTS 39 confusables, single letters).
const resembleLatin = "АВЕЅІЈКМНОРСТУХҮԌԚԜаеіјорсухѕһԁԛԝүӏ" + "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαικνορυγ"

// disguisedLatin are letters of the Latin script itself that pass for ordinary ones:
// phonetic letters, small capitals, dotless i and j, Latin alpha.
func disguisedLatin(r rune) bool {
	return r >= 0x250 && r <= 0x2ff || r >= 0x1d00 && r <= 0x1dbf || r == 'ı' || r == 'ȷ' ||
		r >= 0xa720 && r <= 0xa7ff || r >= 0xab30 && r <= 0xab6f
}

// disguisedHan are signs drawn like Chinese characters or parts of them that stand
// in no registered Chinese name: kana, Bopomofo, radicals, strokes, Hangzhou
// numerals, marks drawn over a character, and dead scripts that read as Latin.
func disguisedHan(r rune) bool {
	switch {
	case r >= 0x2e80 && r <= 0x2eff, r >= 0x3021 && r <= 0x3029, r >= 0x3038 && r <= 0x303a,
		r >= 0x3190 && r <= 0x31ef, r >= 0x334 && r <= 0x338, r >= 0x20d0 && r <= 0x20ff:
		return true
	}
	return unicode.In(r, unicode.Hiragana, unicode.Katakana, unicode.Bopomofo, unicode.Cherokee, unicode.Deseret,
		unicode.Carian, unicode.Lycian, unicode.Lydian, unicode.Old_Italic, unicode.Gothic, unicode.Glagolitic) || r == 'ー'
}
