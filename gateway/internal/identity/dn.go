package identity

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"onecert/pki"
)

// Forms of distinguished names.
const (
	formRFC4514   = "rfc4514"            // leaf first, everything special as \XX
	formRootFirst = "rfc4514-root-first" // the same in the order of the certificate
	formPlain     = "plain"              // as Names says, for applications that search in it
	formSlash     = "openssl"            // "/C=CN/CN=…", as old nginx and Apache
)

// distinguished writes a name in one of the forms.
func distinguished(name []attribute, form string, style Names) (string, error) {
	switch form {
	case formRFC4514:
		return rfc4514(leafFirst(name)), nil
	case formRootFirst:
		return rfc4514(name), nil
	case formSlash:
		return searchable(name, style, "/", true)
	}
	if style.Order != "root-first" {
		name = leafFirst(name)
	}
	separator := style.Separator
	if separator == "" {
		separator = ","
	}
	return searchable(name, style, separator, false)
}

// leafFirst turns the RDNs round; attributes of one RDN keep their order.
func leafFirst(name []attribute) []attribute {
	turned := slices.Clone(name)
	slices.SortStableFunc(turned, func(a, b attribute) int { return b.rdn - a.rdn })
	return turned
}

// rfc4514 writes a name so that no reader, however simple, takes a value for an attribute:
// what RFC 4514 2.4 lets one escape is written as \XX, "=" included.
func rfc4514(name []attribute) string {
	var b strings.Builder
	for i, a := range name {
		switch {
		case i == 0:
		case name[i-1].rdn == a.rdn:
			b.WriteByte('+')
		default:
			b.WriteByte(',')
		}
		key := kindOf(a.oid).descriptor
		if key == "" || !a.readable {
			fmt.Fprintf(&b, "%s=#%s", a.oid, hex.EncodeToString(a.der)) // RFC 4514 2.4, unknown types
			continue
		}
		b.WriteString(key)
		b.WriteByte('=')
		b.WriteString(escapeValue(a.text))
	}
	return b.String()
}

// escapeValue writes each character that means something in some text of a name as the hex
// pairs of its UTF-8 octets, and blanks and # where they stand at an end.
func escapeValue(text string) string {
	var b strings.Builder
	for i, r := range text {
		width := utf8.RuneLen(r)
		edge := i == 0 || i+width == len(text)
		if special(r) || edge && (unicode.IsSpace(r) || r == '#') {
			for _, c := range []byte(string(r)) {
				fmt.Fprintf(&b, `\%02X`, c)
			}
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// special are the characters a reader could take for the form of a name: RFC 4514's and
// RFC 1779's, control characters, and what becomes one of them under NFKC (the full-width
// ＝ and ， for readers that normalise).
func special(r rune) bool {
	if r < utf8.RuneSelf {
		return strings.ContainsRune(`=,+;"\<>`, r) || r < ' ' || r == 0x7f
	}
	return strings.ContainsAny(norm.NFKC.String(string(r)), `=,+;"\<>`)
}

// deceptive reports whether an application that searches in the text of a name could take
// part of this value for something else, or the value for another (blanks at its ends are
// cut off by such applications).
func deceptive(text string) bool {
	for _, r := range text {
		if special(r) && !harmless(r) {
			return true
		}
	}
	return strings.TrimFunc(text, unicode.IsSpace) != text
}

// harmless special characters are not refused, though escaped where values are escaped:
// without "=" and "," beside them nothing follows from them.
func harmless(r rune) bool { return strings.ContainsRune("+<>＋＜＞﹢﹤﹥", r) }

// searchable writes a name as KEY=value with the keys such applications search for.
func searchable(name []attribute, style Names, separator string, leading bool) (string, error) {
	var b strings.Builder
	for i, a := range name {
		if !a.readable {
			return "", unreadable(a.oid)
		}
		text := a.text
		if deceptive(text) || leading && strings.Contains(text, "/") {
			if style.Deceptive != "escape" {
				return "", deceiving(a.oid)
			}
			text = escapeValue(text)
			if leading {
				text = strings.ReplaceAll(text, "/", `\2F`)
			}
		}
		if i > 0 || leading {
			b.WriteString(separator)
		}
		b.WriteString(searchKey(a.oid, style.State))
		b.WriteByte('=')
		b.WriteString(text)
	}
	text := b.String()
	if style.State == "ST" && misleadingState(text) {
		return "", deceiving("2.5.4.8")
	}
	return text, nil
}

func searchKey(oid, state string) string {
	key := kindOf(oid).key
	switch {
	case key == "":
		return oid
	case key == "ST" && state != "ST":
		return "S"
	}
	return key
}

// misleadingState: who searches "T=" finds "ST=" first, and takes the province for the title.
func misleadingState(text string) bool {
	at := strings.Index(text, "T=")
	return at > 0 && text[at-1] == 'S' && strings.Contains(text[at+2:], "T=")
}

func deceiving(oid string) error {
	return pki.Errorf(pki.Forbidden, "identity.deceptive",
		"attribute %s of the certificate's name has characters that could make the application take its holder for somebody else", oid).
		To("have the certificate issued with another name; or set names.deceptive to escape, if the application reads attributes and does not search for them")
}
