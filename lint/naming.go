package lint

import (
	"fmt"
	"unicode/utf8"
)

const clauseNaming = "OneCert names"

// naming holds what we demand of a subject so that nobody is fooled by it; in
// foreign certificates it is a notice. Read only.
var naming = []rule[certificate]{
	{"naming.control", clauseNaming, Error, Notice, nameRule(faultControl, "a control character")},
	{"naming.bidirectional", clauseNaming, Error, Notice, nameRule(faultBidi, "a character that turns the direction of text")},
	{"naming.invisible", clauseNaming, Error, Notice, nameRule(faultInvisible, "a character that cannot be seen")},
	{"naming.undefined", clauseNaming, Error, Notice, nameRule(faultUndefined, "a replacement, private-use or undefined character")},
	{"naming.separator", clauseNaming, Error, Notice, nameRule(faultSeparator, "'=' or ','")},
	{"naming.quoting", clauseNaming + ", RFC 4514 2.4", Warning, Notice, nameRule(faultQuoting, "a character that must be escaped in a name's text form")},
	{"naming.blank", clauseNaming, Error, Notice, nameRule(faultBlank, "a leading, trailing or double blank")},
	{"naming.space", clauseNaming, Error, Notice, nameRule(faultSpace, "a blank other than the ordinary one")},
	{"naming.full-width", clauseNaming, Error, Notice, nameRule(faultFullWidth, "the full-width form of an ASCII character")},
	{"naming.compatibility", clauseNaming + ", UAX 15", Error, Notice, nameRule(faultCompatibility, "a compatibility form that looks like other characters")},
	{"naming.normalised", clauseNaming + ", UAX 15 (NFC)", Error, Notice, nameRule(faultNotNFC, "text that is not in normal form C")},
	{"naming.mixed-script", clauseNaming + ", UTS 39 5.2", Error, Notice, nameRule(faultMixedScript, "letters of scripts that look alike, mixed")},
	{"naming.look-alike", clauseNaming + ", UTS 39 4", Error, Notice, nameRule(faultLookAlike, "a letter that looks like an ordinary Latin or Chinese one")},
	{"naming.length", "RFC 5280 A.1 (upper bounds)", Error, Notice, checkUpperBounds},
}

// fault is one kind of trouble in a name's text.
type fault int

const (
	faultControl fault = iota
	faultBidi
	faultInvisible
	faultUndefined
	faultSeparator
	faultQuoting
	faultBlank
	faultSpace
	faultFullWidth
	faultCompatibility
	faultNotNFC
	faultMixedScript
	faultLookAlike
	faultKinds
)

// nameFaults holds the first place of each kind of trouble: attribute (counted
// from 1, 0 for none) and the character, 0 where it is no single one.
type nameFaults [faultKinds]struct {
	attribute int
	char      rune
}

func (f *nameFaults) add(kind fault, attribute int, char rune) {
	if f[kind].attribute == 0 {
		f[kind].attribute, f[kind].char = attribute, char
	}
}

func nameRule(kind fault, what string) func(*certificate) string {
	return func(c *certificate) string {
		place := c.faults[kind]
		if place.attribute == 0 {
			return ""
		}
		label := c.subject.attributes[place.attribute-1].label()
		if place.char == 0 {
			return fmt.Sprintf("subject attribute %d (%s) holds %s", place.attribute, label, what)
		}
		return fmt.Sprintf("subject attribute %d (%s) holds %s: U+%04X", place.attribute, label, what, place.char)
	}
}

func checkUpperBounds(c *certificate) string {
	for i := range c.subject.attributes {
		a := &c.subject.attributes[i]
		_, f, bound := attributeType(a.oid)
		if f == countryForm || bound == 0 {
			continue
		}
		if n := utf8.RuneCountInString(a.text); n > bound {
			return fmt.Sprintf("subject attribute %d (%s) has %d characters, more than %d", i+1, a.label(), n, bound)
		}
	}
	return ""
}
