package shares

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"strings"

	"onecert/pki"
)

// A share is written as words of four letters (RFC 4648 base32, which has neither 0
// nor 1), six words a line. The octets behind are
//
//	version 1 | set 4 | index 1 | threshold 1 | total 1 | value | check 2
//
// cut into lines of 14, each followed by a check octet of its own, so that who
// mistypes is told the line. The checks are SHA-256, cut; they find mistakes. Against
// a forger there is the digest inside the secret.
const (
	version    = 1
	headSize   = 8
	checkSize  = 2
	lineSize   = 14 // octets of content a line
	lineLength = 24 // letters a line: (14+1)·8/5
	wordLength = 4
)

// maxText bounds a share's text with its remarks, in octets.
const maxText = 8 << 10

var letters = base32.StdEncoding.WithPadding(base32.NoPadding)

// Words returns the share as lines of six words of four letters, each line ending in
// a newline: with a secret of 24 octets, three lines.
func (s Share) Words() string {
	var b strings.Builder
	body := s.body()
	defer clear(body)
	for number := 0; len(body) > 0; number++ {
		line := body[:min(lineSize, len(body))]
		body = body[len(line):]
		writeWords(&b, letters.EncodeToString(append(line[:len(line):len(line)], lineCheck(number, line))))
	}
	return b.String()
}

func writeWords(b *strings.Builder, text string) {
	for i := 0; i < len(text); i += wordLength {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(text[i:min(i+wordLength, len(text))])
	}
	b.WriteByte('\n')
}

func (s Share) body() []byte {
	set, err := hex.DecodeString(s.Set)
	if err != nil {
		panic("a share's set is hexadecimal: " + err.Error())
	}
	body := append([]byte{version}, set...)
	body = append(body, byte(s.Index), byte(s.Threshold), byte(s.Total))
	body = append(body, s.value()...)
	return append(body, bodyCheck(body)...)
}

func bodyCheck(body []byte) []byte {
	sum := sha256.Sum256(body)
	return sum[:checkSize]
}

func lineCheck(number int, line []byte) byte {
	return sha256.Sum256(append([]byte{byte(number)}, line...))[0]
}

// File returns the share with remarks for people, each on a line of its own that
// begins with "#" and that Parse passes over.
func (s Share) File(remarks ...string) []byte {
	var b strings.Builder
	for _, remark := range append([]string{"OneCert: " + s.String()}, remarks...) {
		b.WriteString("# " + strings.Join(strings.Fields(remark), " ") + "\n")
	}
	b.WriteString(s.Words())
	return []byte(b.String())
}

// Parse reads a share as Words or File wrote it, or as a person typed it: in either
// case, with or without blanks, hyphens and line ends. Errors: share.malformed,
// share.damaged, share.version; none repeats the text.
func Parse(text string) (Share, error) {
	if len(text) > maxText {
		return Share{}, malformed("it is too long")
	}
	clean, err := strip(text)
	if err != nil {
		return Share{}, err
	}
	if len(clean) < leastLetters {
		clean = clean[:len(clean)/lineLength*lineLength] // what is whole can be judged
	}
	body, err := readLines(clean)
	if err != nil {
		return Share{}, err
	}
	return readBody(body)
}

// leastLetters is the length of the shortest share: 2 whole lines, and one of 6 octets.
const leastLetters = 2*lineLength + 12

// strip leaves letters and digits only. 0, 1 and 8 can only be misread letters.
func strip(text string) (string, error) {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		for _, r := range strings.ToUpper(line) {
			switch {
			case r >= 'A' && r <= 'Z' || r >= '2' && r <= '7':
				b.WriteRune(r)
			case r == '0':
				b.WriteByte('O')
			case r == '1':
				b.WriteByte('I')
			case r == '8':
				b.WriteByte('B')
			case r != ' ' && r != '-' && r != '\t' && r != '\r' && r != '\n':
				return "", malformed("it holds a character that no share has")
			}
		}
	}
	return b.String(), nil
}

func readLines(clean string) ([]byte, error) {
	var body []byte
	for number := 0; len(clean) > 0; number++ {
		text := clean[:min(lineLength, len(clean))]
		clean = clean[len(text):]
		line, err := letters.DecodeString(text)
		if err != nil || len(line) < 2 || letters.EncodeToString(line) != text {
			return nil, malformed("it is cut or has letters too many")
		}
		content := line[:len(line)-1]
		if lineCheck(number, content) != line[len(content)] {
			return nil, pki.Errorf(pki.Invalid, "share.damaged", "line %d of the share is damaged or mistyped", number+1).
				To("compare its six words with what was written down")
		}
		body = append(body, content...)
	}
	return body, nil
}

func readBody(body []byte) (Share, error) {
	if len(body) == 0 {
		return Share{}, malformed("it is empty or too short")
	}
	if body[0] != version {
		return Share{}, pki.Errorf(pki.Invalid, "share.version", "the share has version %d, which this program does not know", body[0]).
			To("use the program version that made it, or a later one")
	}
	size := len(body) - headSize - checkSize - digestSize
	if size < MinSecret || size > MaxSecret {
		return Share{}, malformed("lines are missing or too many")
	}
	content := body[:len(body)-checkSize]
	if string(bodyCheck(content)) != string(body[len(content):]) {
		return Share{}, pki.Errorf(pki.Invalid, "share.damaged", "the share is damaged: its lines do not belong together").
			To("compare all its words and the order of its lines with what was written down")
	}
	index, threshold, total := int(body[5]), int(body[6]), int(body[7])
	if CheckNumbers(threshold, total) != nil || index < 1 || index > total {
		return Share{}, malformed("its numbers are impossible")
	}
	return newShare(hex.EncodeToString(body[1:5]), index, threshold, total, content[headSize:]), nil
}

func malformed(why string) error {
	return pki.Errorf(pki.Invalid, "share.malformed", "this is not a share: %s", why).
		To("give the words of one share, complete, and nothing else")
}
