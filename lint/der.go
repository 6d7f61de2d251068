package lint

import (
	"time"

	"golang.org/x/crypto/cryptobyte"
	asn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Context-specific tags, primitive and constructed.
func context(n asn1.Tag) asn1.Tag { return n.ContextSpecific() }
func wrapped(n asn1.Tag) asn1.Tag { return n.ContextSpecific().Constructed() }

// algorithm is an AlgorithmIdentifier. raw is its content, params the whole
// element after the OID, nil when absent.
type algorithm struct {
	raw, oid, params []byte
	rest             bool // something follows the parameters
}

func readAlgorithm(s *cryptobyte.String) (algorithm, bool) {
	var body, oid, params cryptobyte.String
	var tag asn1.Tag
	if !s.ReadASN1(&body, asn1.SEQUENCE) {
		return algorithm{}, false
	}
	a := algorithm{raw: body}
	if !body.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) {
		return algorithm{}, false
	}
	a.oid = oid
	if !body.Empty() {
		if !body.ReadAnyASN1Element(&params, &tag) {
			return algorithm{}, false
		}
		a.params = params
	}
	a.rest = !body.Empty()
	return a, true
}

// null reports whether the parameters are NULL.
func (a algorithm) null() bool { return string(a.params) == "\x05\x00" }

// moment is a UTCTime or GeneralizedTime as written.
type moment struct {
	tag  asn1.Tag
	at   time.Time
	read bool // the text has the one form DER and RFC 5280 allow
}

func readMoment(s *cryptobyte.String) (moment, bool) {
	var text cryptobyte.String
	var tag asn1.Tag
	if !s.ReadAnyASN1(&text, &tag) || tag != asn1.UTCTime && tag != asn1.GeneralizedTime {
		return moment{}, false
	}
	at, ok := parseMoment(tag, text)
	return moment{tag: tag, at: at, read: ok}, true
}

// parseMoment reads YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ and nothing else (RFC 5280 4.1.2.5.1, 4.1.2.5.2).
func parseMoment(tag asn1.Tag, text []byte) (time.Time, bool) {
	years := 2
	if tag == asn1.GeneralizedTime {
		years = 4
	}
	if len(text) != years+11 || text[len(text)-1] != 'Z' {
		return time.Time{}, false
	}
	for _, c := range text[:len(text)-1] {
		if c < '0' || c > '9' {
			return time.Time{}, false
		}
	}
	two := func(i int) int { return int(text[i]-'0')*10 + int(text[i+1]-'0') }
	year := two(0)
	switch {
	case years == 4:
		year = year*100 + two(2)
	case year >= 50:
		year += 1900
	default:
		year += 2000
	}
	month, day, hour, minute, second := two(years), two(years+2), two(years+4), two(years+6), two(years+8)
	at := time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC)
	// time.Date carries 31 June over to July; a value that moved was not a date.
	ok := at.Month() == time.Month(month) && at.Day() == day && hour < 24 && minute < 60 && second < 60
	return at, ok
}

// fault returns what is wrong with the encoding (RFC 5280 4.1.2.5), "" if nothing.
func (m moment) fault() string {
	switch {
	case !m.read && m.tag == asn1.UTCTime:
		return "the UTCTime is not a date written YYMMDDHHMMSSZ"
	case !m.read:
		return "the GeneralizedTime is not a date written YYYYMMDDHHMMSSZ"
	case m.tag == asn1.GeneralizedTime && m.at.Year() < 2050:
		return "a date before 2050 is written as GeneralizedTime"
	}
	return ""
}

// extension is one Extension; value is the content of its OCTET STRING.
type extension struct {
	oid           []byte
	critical      bool
	explicitFalse bool // critical FALSE is written out, which DER forbids for a DEFAULT
	value         []byte
}

// maxExtensions bounds what one certificate or CRL entry may make us look at.
const maxExtensions = 256

// readExtensions reads Extensions, whose SEQUENCE has been opened.
func readExtensions(list cryptobyte.String) ([]extension, bool) {
	all := make([]extension, 0, 12)
	for !list.Empty() {
		e, ok := readExtension(&list)
		if !ok || len(all) == maxExtensions {
			return nil, false
		}
		all = append(all, e)
	}
	return all, true
}

func readExtension(list *cryptobyte.String) (extension, bool) {
	var body, oid, value cryptobyte.String
	var critical bool
	if !list.ReadASN1(&body, asn1.SEQUENCE) || !body.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) {
		return extension{}, false
	}
	written := body.PeekASN1Tag(asn1.BOOLEAN)
	if written && !body.ReadASN1Boolean(&critical) {
		return extension{}, false
	}
	if !body.ReadASN1(&value, asn1.OCTET_STRING) || !body.Empty() {
		return extension{}, false
	}
	return extension{oid: oid, critical: critical, explicitFalse: written && !critical, value: value}, true
}

func findExtension(all []extension, oid string) *extension {
	for i := range all {
		if string(all[i].oid) == oid {
			return &all[i]
		}
	}
	return nil
}

// duplicate returns the OID of an extension that stands twice, nil if none does.
func duplicate(all []extension) []byte {
	for i := range all {
		for j := range i {
			if string(all[i].oid) == string(all[j].oid) {
				return all[i].oid
			}
		}
	}
	return nil
}

// integerFault judges the content octets of an INTEGER as DER (X.690 8.3.2).
func integerFault(content []byte) string {
	if len(content) == 0 {
		return "the INTEGER is empty"
	}
	if len(content) > 1 && (content[0] == 0 && content[1] < 0x80 || content[0] == 0xff && content[1] >= 0x80) {
		return "the INTEGER is not in its shortest form"
	}
	return ""
}

// magnitude strips the sign octet of a positive INTEGER.
func magnitude(content []byte) []byte {
	for len(content) > 0 && content[0] == 0 {
		content = content[1:]
	}
	return content
}
