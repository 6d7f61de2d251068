package identity

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
	"golang.org/x/text/encoding/simplifiedchinese"

	"onecert/pki"
)

// attribute is one AttributeTypeAndValue of a name, readable or not.
type attribute struct {
	oid      string // dotted
	text     string
	readable bool
	der      []byte // the value, with its tag
	rdn      int    // which RDN it stands in, from the root
}

// maxAttributes bounds a foreign name.
const maxAttributes = 64

// Character sets of string types that do not declare theirs.
const (
	legacyGBK    = "gbk"
	legacyLatin1 = "latin1"
	legacyRefuse = "refuse"
)

// readName reads a DER name with whatever string types and octets CAs have put in it: an
// attribute that cannot be read is kept as such and refused where it is asked for.
func readName(der []byte, legacy string) ([]attribute, error) {
	input := cryptobyte.String(der)
	var rdns cryptobyte.String
	if !input.ReadASN1(&rdns, asn1.SEQUENCE) || !input.Empty() {
		return nil, malformed("a name in it does not decode")
	}
	var all []attribute
	for rdn := 0; !rdns.Empty(); rdn++ {
		var set cryptobyte.String
		if !rdns.ReadASN1(&set, asn1.SET) {
			return nil, malformed("a name in it does not decode")
		}
		for !set.Empty() {
			a, ok := readAttribute(&set, legacy)
			if !ok || len(all) == maxAttributes {
				return nil, malformed("a name in it does not decode")
			}
			a.rdn = rdn
			all = append(all, a)
		}
	}
	return all, nil
}

// ReadName reads a DER name as pki.NameOf does, but also with the character sets that CAs
// have used without saying so; what cannot be read is an error, not a replacement
// character, by which two people could become one.
func ReadName(der []byte) (pki.Name, error) {
	name, err := pki.NameOf(der)
	if err != nil {
		return nil, err
	}
	own, err := readName(der, legacyGBK)
	if err != nil || len(own) != len(name) {
		return nil, malformed("a name in it does not decode")
	}
	for i, a := range own {
		if !a.readable {
			return nil, unreadable(a.oid)
		}
		name[i].Value = a.text
	}
	return name, nil
}

func malformed(where string) error {
	return pki.Errorf(pki.Invalid, "identity.certificate", "the certificate cannot be read (%s)", where).
		To("have it issued again")
}

func readAttribute(set *cryptobyte.String, legacy string) (a attribute, ok bool) {
	var pair, element, value cryptobyte.String
	var oid pki.OID
	var tag asn1.Tag
	if !set.ReadASN1(&pair, asn1.SEQUENCE) || !pair.ReadASN1ObjectIdentifier(&oid) ||
		!pair.ReadAnyASN1Element(&element, &tag) || !pair.Empty() {
		return a, false
	}
	a.oid, a.der = oid.String(), element
	if !element.ReadAnyASN1(&value, &tag) {
		return a, false
	}
	a.text, a.readable = decodeText(tag, value, legacy)
	return a, true
}

// Tags of string types that cryptobyte has no name for (X.680 8.4).
const (
	tagNumeric   = asn1.Tag(18)
	tagVisible   = asn1.Tag(26)
	tagGeneral   = asn1.Tag(27)
	tagUniversal = asn1.Tag(28)
	tagBMP       = asn1.Tag(30)
)

// decodeText reads the content of a string type as Unicode.
func decodeText(tag asn1.Tag, value []byte, legacy string) (string, bool) {
	switch tag {
	case tagBMP:
		return decodeUTF16(value)
	case tagUniversal:
		return decodeUTF32(value)
	case asn1.UTF8String:
		if utf8.Valid(value) {
			return string(value), true
		}
		return decodeLegacy(value, legacy)
	case asn1.PrintableString, asn1.T61String, asn1.IA5String, tagNumeric, tagVisible, tagGeneral:
		return decodeUndeclared(value, legacy)
	}
	return "", false
}

// decodeUndeclared reads octets of a type that is ASCII by the book (X.680) or of T.61, in
// which CAs have put UTF-8 as well as GBK. Octets that are both are UTF-8 only if each
// character has three octets or more: pairs of GBK characters pass for two-octet UTF-8
// ("一些" does), and no two-octet character of UTF-8 is Chinese.
func decodeUndeclared(value []byte, legacy string) (string, bool) {
	high := false
	for _, c := range value {
		high = high || c >= utf8.RuneSelf
	}
	if !high {
		return string(value), true
	}
	text := string(value)
	if !utf8.ValidString(text) {
		return decodeLegacy(value, legacy)
	}
	short := strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf && r < 0x800 })
	if short {
		if guess, ok := decodeLegacy(value, legacy); ok {
			return guess, true
		}
	}
	return text, true
}

func decodeLegacy(value []byte, legacy string) (string, bool) {
	switch legacy {
	case legacyLatin1:
		runes := make([]rune, len(value))
		for i, c := range value {
			runes[i] = rune(c)
		}
		return string(runes), true
	case legacyRefuse:
		return "", false
	}
	text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(value)
	if err != nil || strings.ContainsRune(string(text), utf8.RuneError) {
		return "", false
	}
	return string(text), true
}

func decodeUTF16(value []byte) (string, bool) {
	if len(value)%2 != 0 {
		return "", false
	}
	units := make([]uint16, 0, len(value)/2)
	for i := 0; i < len(value); i += 2 {
		units = append(units, uint16(value[i])<<8|uint16(value[i+1]))
	}
	runes := utf16.Decode(units)
	for _, r := range runes {
		if r == utf8.RuneError {
			return "", false
		}
	}
	return string(runes), true
}

func decodeUTF32(value []byte) (string, bool) {
	if len(value)%4 != 0 {
		return "", false
	}
	var b strings.Builder
	for i := 0; i < len(value); i += 4 {
		r := rune(value[i])<<24 | rune(value[i+1])<<16 | rune(value[i+2])<<8 | rune(value[i+3])
		if !utf8.ValidRune(r) || r == utf8.RuneError {
			return "", false
		}
		b.WriteRune(r)
	}
	return b.String(), true
}
