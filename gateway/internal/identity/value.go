package identity

import (
	"encoding/base64"
	"strings"
	"unicode"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"

	"onecert/pki"
)

// Character sets and encodings of values.
const (
	charsetUTF8    = "utf-8"
	charsetGBK     = "gbk"
	charsetGB18030 = "gb18030"

	encodingRaw       = "raw"
	encodingPercent   = "percent"
	encodingBase64    = "base64"
	encodingBase64URL = "base64url"
)

// maxValue bounds one value before it is encoded.
const maxValue = 16 << 10

// writer turns a text into the octets of one item.
type writer struct {
	where    string // header, cookie, parameter
	name     string // of the item, for errors
	charset  string
	encoding string
	lines    bool // PEM: line breaks of our own making
}

// write encodes one value, or says why the application cannot be told it.
func (w *writer) write(text string) (string, error) {
	if len(text) > maxValue {
		return "", w.refuse("identity.size", "is longer than %d octets", maxValue).To("tell the application less")
	}
	if !clean(text) && !(w.lines && clean(strings.ReplaceAll(text, "\n", ""))) {
		return "", w.refuse("identity.control", "has a control character, or one that could not be read").To("have the certificate or the account issued with another name")
	}
	octets, err := w.encode(text)
	if err != nil {
		return "", err
	}
	return w.carry(octets)
}

func (w *writer) refuse(code, format string, args ...any) *pki.Error {
	e := pki.Errorf(pki.Invalid, code, format, args...)
	e.Wrong = "the value of " + w.where + " " + w.name + " " + e.Wrong
	return e
}

// clean: no control character (C0, DEL, C1), no line or paragraph separator, nothing that
// stands for a character somebody could not read.
func clean(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == unicode.ReplacementChar
	})
}

// encode writes the text in the item's character set: what it does not have is an error,
// never a question mark.
func (w *writer) encode(text string) (string, error) {
	set := encodingOf(w.charset)
	if set == nil {
		return text, nil
	}
	octets, err := set.NewEncoder().String(text)
	if err != nil {
		return "", w.refuse("identity.charset", "has a character that %s does not have", strings.ToUpper(w.charset)).
			To("set the application's character set to gb18030 or utf-8")
	}
	return octets, nil
}

func encodingOf(charset string) encoding.Encoding {
	switch charset {
	case charsetGBK:
		return simplifiedchinese.GBK
	case charsetGB18030:
		return simplifiedchinese.GB18030
	}
	return nil
}

// carry writes octets as the place they go to can carry them.
func (w *writer) carry(octets string) (string, error) {
	switch w.encoding {
	case encodingBase64:
		octets = base64.StdEncoding.EncodeToString([]byte(octets))
	case encodingBase64URL:
		octets = base64.RawURLEncoding.EncodeToString([]byte(octets))
	case encodingPercent:
		return percent(octets), nil
	}
	switch {
	case w.where == InParameter:
		return percent(octets), nil
	case w.where == InCookie && strings.ContainsFunc(octets, outsideCookie):
		return "", w.refuse("identity.cookie", "cannot stand in a cookie as it is").To("use the encoding percent or base64")
	}
	return octets, nil
}

// outsideCookie: not one of RFC 6265's cookie-octets (4.1.1).
func outsideCookie(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune(`",;\`, r)
}

// percent writes every octet but RFC 3986's unreserved ones as %XX.
func percent(octets string) string {
	const hexadecimal = "0123456789ABCDEF"
	var b strings.Builder
	b.Grow(len(octets))
	for i := range len(octets) {
		c := octets[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hexadecimal[c>>4])
		b.WriteByte(hexadecimal[c&15])
	}
	return b.String()
}
