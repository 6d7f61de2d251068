package lint

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	asn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// String tags that cryptobyte does not name.
const (
	tagNumeric   = asn1.Tag(18)
	tagVisible   = asn1.Tag(26)
	tagUniversal = asn1.Tag(28)
	tagBMP       = asn1.Tag(30)
)

// attribute is one AttributeTypeAndValue. text is the value as UTF-8 where its
// type allows that, with U+FFFD for what does not decode.
type attribute struct {
	rdn   int
	oid   []byte
	tag   asn1.Tag
	value []byte
	text  string
}

// name is a Name; raw is the whole element, which RFC 5280 7.1 lets us compare.
type name struct {
	raw        []byte
	attributes []attribute
	emptyRDN   bool
	unsorted   bool // the elements of a SET OF are not in DER order (X.690 11.6)
}

// maxAttributes bounds what one name may make us look at.
const maxAttributes = 128

func readName(s *cryptobyte.String) (name, bool) {
	var raw, list cryptobyte.String
	if !s.ReadASN1Element(&raw, asn1.SEQUENCE) {
		return name{}, false
	}
	n := name{raw: raw}
	inside := raw
	if !inside.ReadASN1(&list, asn1.SEQUENCE) {
		return name{}, false
	}
	n.attributes = make([]attribute, 0, 8)
	for rdn := 0; !list.Empty(); rdn++ {
		var set cryptobyte.String
		if !list.ReadASN1(&set, asn1.SET) || !n.readRDN(rdn, set) {
			return name{}, false
		}
	}
	return n, true
}

func (n *name) readRDN(rdn int, set cryptobyte.String) bool {
	n.emptyRDN = n.emptyRDN || set.Empty()
	var before []byte
	for !set.Empty() {
		var element, pair, oid, value cryptobyte.String
		var tag asn1.Tag
		if !set.ReadASN1Element(&element, asn1.SEQUENCE) {
			return false
		}
		n.unsorted = n.unsorted || bytes.Compare(element, before) < 0
		before = element
		if !element.ReadASN1(&pair, asn1.SEQUENCE) || !pair.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) ||
			!pair.ReadAnyASN1(&value, &tag) || !pair.Empty() || len(n.attributes) == maxAttributes {
			return false
		}
		n.attributes = append(n.attributes, attribute{rdn: rdn, oid: oid, tag: tag, value: value, text: decode(tag, value)})
	}
	return true
}

func (n *name) empty() bool { return len(n.attributes) == 0 }

// decode returns the characters of a string value, "" for values that are no string.
func decode(tag asn1.Tag, value []byte) string {
	switch tag {
	case asn1.UTF8String, asn1.PrintableString, asn1.IA5String, tagNumeric, tagVisible:
		return string(value)
	case asn1.T61String:
		runes := make([]rune, len(value))
		for i, b := range value {
			runes[i] = rune(b)
		}
		return string(runes)
	case tagBMP:
		units := make([]uint16, len(value)/2)
		for i := range units {
			units[i] = uint16(value[2*i])<<8 | uint16(value[2*i+1])
		}
		return string(utf16.Decode(units))
	case tagUniversal:
		runes := make([]rune, len(value)/4)
		for i := range runes {
			runes[i] = rune(uint32(value[4*i])<<24 | uint32(value[4*i+1])<<16 | uint32(value[4*i+2])<<8 | uint32(value[4*i+3]))
		}
		return string(runes)
	}
	return ""
}

// characterFault says which character does not belong into a string of the tag
// (X.680 41), "" if all do.
func characterFault(tag asn1.Tag, value []byte) string {
	switch tag {
	case asn1.PrintableString:
		for _, c := range value {
			if !printable(c) {
				return "a PrintableString holds the octet " + hexOctet(c)
			}
		}
	case asn1.IA5String, tagVisible:
		for _, c := range value {
			if c >= 0x80 || tag == tagVisible && (c < 0x20 || c == 0x7f) {
				return "an IA5String or VisibleString holds the octet " + hexOctet(c)
			}
		}
	case tagNumeric:
		for _, c := range value {
			if c != ' ' && (c < '0' || c > '9') {
				return "a NumericString holds the octet " + hexOctet(c)
			}
		}
	case asn1.UTF8String:
		if !utf8.Valid(value) {
			return "a UTF8String is not UTF-8"
		}
	case tagBMP:
		if len(value)%2 != 0 {
			return "a BMPString has an odd number of octets"
		}
	case tagUniversal:
		if len(value)%4 != 0 {
			return "a UniversalString's length is not a multiple of four"
		}
	case asn1.T61String:
	default:
		return "the value is not a character string"
	}
	return ""
}

func printable(c byte) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		return true
	}
	switch c {
	case ' ', '\'', '(', ')', '+', ',', '-', '.', '/', ':', '=', '?':
		return true
	}
	return false
}

func hexOctet(c byte) string {
	const digits = "0123456789ABCDEF"
	return "0x" + string([]byte{digits[c>>4], digits[c&15]})
}

// form is the string type RFC 5280 appendix A fixes for an attribute.
type form int

const (
	anyForm       form = iota // unknown attribute: nothing is fixed
	directoryForm             // DirectoryString
	printableForm
	ia5Form
	countryForm // PrintableString (SIZE (2)); gbt20518.go looks after it
)

// attributeType returns the short name of an attribute for people, its string form
// and its upper bound in characters (RFC 5280 appendix A.1; 0 if it gives none).
func attributeType(oid []byte) (label string, f form, bound int) {
	switch string(oid) {
	case "\x55\x04\x03":
		return "CN", directoryForm, 64
	case "\x55\x04\x04":
		return "SN", directoryForm, 32768
	case "\x55\x04\x05":
		return "serialNumber", printableForm, 64
	case "\x55\x04\x06":
		return "C", countryForm, 2
	case "\x55\x04\x07":
		return "L", directoryForm, 128
	case "\x55\x04\x08":
		return "ST", directoryForm, 128
	case "\x55\x04\x09":
		return "STREET", directoryForm, 128
	case "\x55\x04\x0a":
		return "O", directoryForm, 64
	case "\x55\x04\x0b":
		return "OU", directoryForm, 64
	case "\x55\x04\x0c":
		return "title", directoryForm, 64
	case "\x55\x04\x29", "\x55\x04\x2a", "\x55\x04\x2b", "\x55\x04\x2c":
		return "name", directoryForm, 32768
	case "\x55\x04\x2e":
		return "dnQualifier", printableForm, 0
	case "\x55\x04\x41":
		return "pseudonym", directoryForm, 128
	case "\x55\x04\x61":
		return "organizationIdentifier", directoryForm, 0
	case "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01":
		return "emailAddress", ia5Form, 255
	case "\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19":
		return "DC", ia5Form, 0
	case "\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01":
		return "UID", directoryForm, 256
	}
	return dotted(oid), anyForm, 0
}

func (a *attribute) label() string {
	label, _, _ := attributeType(a.oid)
	return label
}
