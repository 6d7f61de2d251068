package verify

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	asn1 "golang.org/x/crypto/cryptobyte/asn1"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// distinguished is a name made comparable (RFC 5280 7.1): one text for each RDN, in
// which the kind of string, case and insignificant white space are gone.
type distinguished []string

// maxRDNs bounds a foreign name.
const maxRDNs = 256

// readName reads a DER Name.
func readName(der []byte) (distinguished, bool) {
	input := cryptobyte.String(der)
	var rdns cryptobyte.String
	if !input.ReadASN1(&rdns, asn1.SEQUENCE) || !input.Empty() {
		return nil, false
	}
	name := distinguished{}
	for !rdns.Empty() {
		var set cryptobyte.String
		if len(name) == maxRDNs || !rdns.ReadASN1(&set, asn1.SET) {
			return nil, false
		}
		rdn, ok := readRDN(set)
		if !ok {
			return nil, false
		}
		name = append(name, rdn)
	}
	return name, true
}

// readRDN reads the content of one RDN; its attributes have no order.
func readRDN(set cryptobyte.String) (string, bool) {
	var attributes []string
	for !set.Empty() {
		var pair, kind, value cryptobyte.String
		var tag asn1.Tag
		if len(attributes) == maxRDNs || !set.ReadASN1(&pair, asn1.SEQUENCE) || !pair.ReadASN1(&kind, asn1.OBJECT_IDENTIFIER) ||
			!pair.ReadAnyASN1(&value, &tag) || !pair.Empty() {
			return "", false
		}
		attributes = append(attributes, framed(string(kind), normal(value, tag)))
	}
	slices.Sort(attributes)
	return framed(attributes...), len(attributes) > 0
}

// normal brings a value into the form names are compared in (RFC 4518 by way of
// RFC 5280 7.1). What is no string, or whose characters are not certain, is compared
// octet by octet.
func normal(value []byte, tag asn1.Tag) string {
	text, ok := stringOf(value, tag)
	if !ok {
		return "octets " + string([]byte{byte(tag)}) + string(value)
	}
	folded := norm.NFKC.String(cases.Fold().String(norm.NFKC.String(text)))
	return "text " + strings.Join(strings.Fields(folded), " ")
}

// The string types of DirectoryString and their cousins (X.680 8.4).
const (
	tagNumeric   = asn1.Tag(18)
	tagIA5       = asn1.Tag(22)
	tagVisible   = asn1.Tag(26)
	tagUniversal = asn1.Tag(28)
	tagBMP       = asn1.Tag(30)
)

func stringOf(value []byte, tag asn1.Tag) (string, bool) {
	switch tag {
	case asn1.UTF8String, asn1.PrintableString, tagIA5, tagVisible, tagNumeric:
		return string(value), utf8.Valid(value)
	case tagBMP:
		return bmp(value)
	case tagUniversal:
		return universal(value)
	}
	return "", false
}

func bmp(value []byte) (string, bool) {
	units := make([]uint16, 0, len(value)/2)
	for i := 0; i+1 < len(value); i += 2 {
		units = append(units, uint16(value[i])<<8|uint16(value[i+1]))
	}
	return string(utf16.Decode(units)), len(value)%2 == 0
}

func universal(value []byte) (string, bool) {
	runes := make([]rune, 0, len(value)/4)
	for i := 0; i+3 < len(value); i += 4 {
		runes = append(runes, rune(value[i])<<24|rune(value[i+1])<<16|rune(value[i+2])<<8|rune(value[i+3]))
	}
	return string(runes), len(value)%4 == 0
}

// key is the name as one text.
func (d distinguished) key() string { return framed(d...) }

// framed joins texts so that no other texts join to the same.
func framed(parts ...string) string {
	var all []byte
	for _, part := range parts {
		all = strconv.AppendInt(all, int64(len(part)), 10)
		all = append(append(all, ' '), part...)
	}
	return string(all)
}

// within reports whether the name lies in the subtree of base (RFC 5280 4.2.1.10).
func (d distinguished) within(base distinguished) bool {
	return len(d) >= len(base) && slices.Equal(d[:len(base)], base)
}

// attributes returns the texts of an attribute type in a DER name.
func attributes(name []byte, oid []byte) (values []string) {
	input := cryptobyte.String(name)
	var rdns cryptobyte.String
	if !input.ReadASN1(&rdns, asn1.SEQUENCE) {
		return nil
	}
	for !rdns.Empty() {
		var set cryptobyte.String
		if !rdns.ReadASN1(&set, asn1.SET) {
			return values
		}
		for !set.Empty() {
			var pair, kind, value cryptobyte.String
			var tag asn1.Tag
			if !set.ReadASN1(&pair, asn1.SEQUENCE) || !pair.ReadASN1(&kind, asn1.OBJECT_IDENTIFIER) || !pair.ReadAnyASN1(&value, &tag) {
				return values
			}
			if bytes.Equal(kind, oid) {
				text, _ := stringOf(value, tag)
				values = append(values, text)
			}
		}
	}
	return values
}
