package ldap

import (
	"encoding/hex"
	"strings"
	"unicode/utf8"
)

// rdn is one part of a DN: type in lower case under its short name, and value as
// written. RDNs of several values occur nowhere in our tree.
type rdn struct{ kind, value string }

// dn is a distinguished name as LDAP writes it, leaf first.
type dn []rdn

// parseDN reads RFC 4514, with the spaces around separators that people type.
func parseDN(text string) (dn, bool) {
	var name dn
	for rest := strings.TrimLeft(text, " "); rest != ""; {
		kind, after, found := strings.Cut(rest, "=")
		if !found || len(name) == 32 {
			return nil, false
		}
		value, more, ok := parseDNValue(strings.TrimLeft(after, " "))
		kind = strings.TrimSpace(kind)
		if !ok || kind == "" || value == "" || strings.ContainsAny(kind, `,+"\<>;`) {
			return nil, false
		}
		kind = attributeName(kind)
		name = append(name, rdn{kind, value})
		rest = strings.TrimLeft(more, " ")
		if more != "" && rest == "" {
			return nil, false // a comma with nothing after it
		}
	}
	return name, true
}

// parseDNValue reads a value up to its comma and returns what follows that; more is
// " " where the comma was the last character.
func parseDNValue(text string) (value, more string, ok bool) {
	if strings.HasPrefix(text, "#") {
		return parseDNOctets(text[1:])
	}
	var out []byte
	keep := 0 // octets that trailing spaces may not shorten: escaped ones
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case ',', ';':
			more = text[i+1:]
			if more == "" {
				more = " "
			}
			return trimDNValue(out, keep), more, utf8.Valid(out)
		case '+', '"', '<', '>', 0:
			return "", "", false
		case '\\':
			octet, used, ok := unescape(text[i+1:])
			if !ok {
				return "", "", false
			}
			out = append(out, octet)
			keep = len(out)
			i += used
		default:
			out = append(out, c)
		}
	}
	return trimDNValue(out, keep), "", utf8.Valid(out)
}

// parseDNOctets reads a value written as the digits of its BER encoding (RFC 4514 2.4).
func parseDNOctets(text string) (value, more string, ok bool) {
	digits := text
	if end := strings.IndexAny(text, ",;"); end >= 0 {
		digits, more = text[:end], text[end+1:]
		if more == "" {
			more = " "
		}
	}
	octets, err := hex.DecodeString(strings.TrimRight(digits, " "))
	if err != nil {
		return "", "", false
	}
	in := ber(octets)
	tag, content, err := in.next()
	if err != nil || len(in) != 0 || !utf8.Valid(content) {
		return "", "", false
	}
	switch tag {
	case tagUTF8String, tagPrintableString, tagIA5String:
		return string(content), more, true
	}
	return "", "", false // of no type our names have
}

// Types of strings in names, by their universal tags (X.680 8.6).
const (
	tagUTF8String      = 0x0c
	tagPrintableString = 0x13
	tagIA5String       = 0x16
)

func trimDNValue(value []byte, keep int) string {
	for len(value) > keep && value[len(value)-1] == ' ' {
		value = value[:len(value)-1]
	}
	return string(value)
}

func unescape(text string) (octet byte, used int, ok bool) {
	if len(text) >= 2 {
		if b, err := hex.DecodeString(text[:2]); err == nil {
			return b[0], 2, true
		}
	}
	if text != "" && strings.ContainsRune(`"+,;<>=\ #`, rune(text[0])) {
		return text[0], 1, true
	}
	return 0, 0, false
}

// String writes the name as RFC 4514 2.4 says.
func (d dn) String() string {
	parts := make([]string, len(d))
	for i, r := range d {
		parts[i] = r.kind + "=" + escapeDN(r.value)
	}
	return strings.Join(parts, ",")
}

func escapeDN(value string) string {
	var out strings.Builder
	for i := 0; i < len(value); i++ {
		c := value[i]
		edge := c == ' ' && (i == 0 || i == len(value)-1) || c == '#' && i == 0
		switch {
		case c == 0:
			out.WriteString(`\00`)
			continue
		case edge, strings.IndexByte(`"+,;<>\`, c) >= 0:
			out.WriteByte('\\')
		}
		out.WriteByte(c)
	}
	return out.String()
}

func (r rdn) equal(other rdn) bool {
	return r.kind == other.kind && prepare(r.value) == prepare(other.value)
}

func (d dn) equal(other dn) bool {
	return len(d) == len(other) && d.under(other)
}

// under reports whether d is base or stands below it.
func (d dn) under(base dn) bool {
	if len(d) < len(base) {
		return false
	}
	for i, r := range d[len(d)-len(base):] {
		if !r.equal(base[i]) {
			return false
		}
	}
	return true
}

// child is the name of an entry directly below d.
func (d dn) child(kind, value string) dn {
	return append(dn{{kind, value}}, d...)
}
