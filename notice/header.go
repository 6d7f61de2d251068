package notice

import (
	"encoding/base64"
	"errors"
	"strings"
	"unicode/utf8"
)

// errHeader is what a header with a line end or another control character is: it is
// refused where the notice is posted, and once more where it is written.
var errHeader = errors.New("a header has characters that stand in none")

// wordOctets is how much of a text an encoded word holds: a line with one has at most 76
// characters (RFC 2047 2), of which 9 are "Subject: " and 12 "=?UTF-8?B?" and "?=". A
// name of up to 13 Chinese characters is one word; longer ones some readers show with a
// blank in the middle (Python's email package does), against RFC 2047 6.2.
const wordOctets = (76 - 9 - 12) / 4 * 3

// encodeText writes unstructured text of a header: as it is where that is plain ASCII
// and short, otherwise as encoded words, one a line (RFC 2047 5).
func encodeText(text string) (string, error) {
	if !oneLine(text) {
		return "", errHeader
	}
	if asIs(text) {
		return text, nil
	}
	return strings.Join(encodedWords(text), "\r\n "), nil
}

// encodedWords cuts between characters: each word can be read by itself.
func encodedWords(text string) (words []string) {
	for text != "" {
		n := min(len(text), wordOctets)
		for n < len(text) && !utf8.RuneStart(text[n]) {
			n--
		}
		words = append(words, "=?UTF-8?B?"+base64.StdEncoding.EncodeToString([]byte(text[:n]))+"?=")
		text = text[n:]
	}
	return words
}

// asIs is what needs no encoding and no folding.
func asIs(text string) bool {
	return len(text) <= 60 && !strings.Contains(text, "=?") && text == strings.TrimSpace(text) &&
		!strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' })
}

// encodeAddress writes an address of a header; the name as an encoded word unless it is
// letters, digits and blanks, which need no quoting.
func encodeAddress(a Address) (string, error) {
	if err := a.check(); err != nil {
		return "", errHeader
	}
	if a.Name == "" {
		return a.At, nil
	}
	safe := asIs(a.Name) && !strings.ContainsFunc(a.Name, func(r rune) bool {
		return r != ' ' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
	if safe {
		return a.Name + " <" + a.At + ">", nil
	}
	return strings.Join(encodedWords(a.Name), "\r\n ") + "\r\n <" + a.At + ">", nil
}
