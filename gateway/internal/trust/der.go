package trust

import (
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	asn1 "golang.org/x/crypto/cryptobyte/asn1"
)

func implicit(n uint8) asn1.Tag { return asn1.Tag(n).ContextSpecific() }
func explicit(n uint8) asn1.Tag { return asn1.Tag(n).ContextSpecific().Constructed() }

func readNumber(value cryptobyte.String, into **big.Int) bool {
	*into = new(big.Int)
	return value.ReadASN1Integer(*into) && value.Empty() && (*into).Sign() >= 0 && (*into).BitLen() <= 160
}

func readFlag(body *cryptobyte.String, tag uint8, into *bool) bool {
	var content cryptobyte.String
	var present bool
	if !body.ReadOptionalASN1(&content, &present, implicit(tag)) {
		return false
	}
	*into = present && len(content) == 1 && content[0] == 0xff
	return !present || len(content) == 1 && (content[0] == 0 || content[0] == 0xff)
}

// readExtension reads one Extension (RFC 5280 4.1) without copying.
func readExtension(list *cryptobyte.String) (oid []byte, critical bool, value cryptobyte.String, ok bool) {
	var one, id cryptobyte.String
	if !list.ReadASN1(&one, asn1.SEQUENCE) || !one.ReadASN1(&id, asn1.OBJECT_IDENTIFIER) || len(id) == 0 {
		return nil, false, nil, false
	}
	if one.PeekASN1Tag(asn1.BOOLEAN) && !one.ReadASN1Boolean(&critical) {
		return nil, false, nil, false
	}
	if !one.ReadASN1(&value, asn1.OCTET_STRING) || !one.Empty() {
		return nil, false, nil, false
	}
	return id, critical, value, true
}

// minimal: the content octets of an INTEGER are as few as can be (X.690 8.3.2), so that
// one number has one key.
func minimal(content []byte) bool {
	switch {
	case len(content) == 0:
		return false
	case len(content) == 1:
		return true
	}
	return !(content[0] == 0 && content[1]&0x80 == 0 || content[0] == 0xff && content[1]&0x80 != 0)
}

// countElements walks over the headers of elements.
func countElements(content cryptobyte.String) (n int, ok bool) {
	for !content.Empty() {
		var one cryptobyte.String
		var tag asn1.Tag
		if !content.ReadAnyASN1Element(&one, &tag) {
			return 0, false
		}
		n++
	}
	return n, true
}

// readTime reads the two forms RFC 5280 5.1.2.4 allows, in UTC to the second. A list has
// a million of them: time.Parse would take most of the reading.
func readTime(s *cryptobyte.String, into *time.Time) bool {
	var text cryptobyte.String
	var tag asn1.Tag
	if !s.ReadAnyASN1(&text, &tag) {
		return false
	}
	year, rest := 0, []byte(text)
	switch {
	case tag == asn1.UTCTime && len(text) == 13:
		if year = digits(rest[:2]); year < 50 { // RFC 5280 4.1.2.5.1
			year += 100
		}
		year, rest = year+1900, rest[2:]
	case tag == asn1.GeneralizedTime && len(text) == 15:
		year, rest = digits(rest[:4]), rest[4:]
	default:
		return false
	}
	month, day, hour, minute, second := digits(rest[:2]), digits(rest[2:4]), digits(rest[4:6]), digits(rest[6:8]), digits(rest[8:10])
	if rest[10] != 'Z' || year < 0 || month < 1 || month > 12 || day < 1 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 {
		return false
	}
	*into = time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC)
	return into.Day() == day // else there is no such day in that month
}

// digits reads decimal digits; far below zero where one is none.
func digits(text []byte) (n int) {
	for _, c := range text {
		if c < '0' || c > '9' {
			return -1 << 20
		}
		n = n*10 + int(c-'0')
	}
	return n
}
