package forward

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"strings"
)

// What a back end sends is judged here, and never more leniently than net/http does
// (FuzzHead compares). Stricter on purpose: folded lines, spaces before the colon, a
// Content-Length given twice or beside a Transfer-Encoding, and a Transfer-Encoding from
// HTTP/1.0 end the connection, as two readers could disagree about where the answer ends.

var (
	errHead     = errors.New("the answer's header is malformed")
	errTooLarge = errors.New("the answer's header is larger than the limits allow")
)

func malformed(what string) error { return fmt.Errorf("%w: %s", errHead, what) }

// field is one header line; the name is canonical.
type field struct{ name, value string }

// head is the header of an answer. Its strings share one allocation.
type head struct {
	minor   int // of HTTP/1.x
	status  int
	fields  []field
	length  int64 // Content-Length; -1: none
	chunked bool
	close   bool     // the back end closes after this answer
	upgrade string   // of 101
	named   []string // headers named by Connection, canonical, beside the well known
}

// headLimits bound a header: octets, and lines.
type headLimits struct{ octets, lines int }

// read reads one header, through its empty line.
func (h *head) read(in *bufio.Reader, limits headLimits) error {
	if _, err := in.Peek(1); err != nil {
		return err
	}
	// Nearly always the whole header is there at once.
	ready, _ := in.Peek(in.Buffered())
	if end := headEnd(ready); end > 0 && end <= limits.octets {
		text := string(ready[:end])
		in.Discard(end)
		return h.parse(text, limits.lines)
	}
	text, err := gather(in, limits)
	if err != nil {
		return err
	}
	return h.parse(text, limits.lines)
}

// headEnd returns the length of the header with its empty line, 0 if that is not there.
func headEnd(data []byte) int {
	for at := 0; ; {
		i := bytes.IndexByte(data[at:], '\n')
		if i < 0 {
			return 0
		}
		if at += i + 1; at < len(data) && data[at] == '\n' {
			return at + 1
		}
		if at+1 < len(data) && data[at] == '\r' && data[at+1] == '\n' {
			return at + 2
		}
	}
}

// gather collects a header that comes in pieces.
func gather(in *bufio.Reader, limits headLimits) (string, error) {
	var text []byte
	for lines := 0; ; lines++ {
		for {
			piece, err := in.ReadSlice('\n')
			text = append(text, piece...)
			if len(text) > limits.octets || lines > limits.lines+1 {
				return "", errTooLarge
			}
			if err == nil {
				break
			}
			if err != bufio.ErrBufferFull {
				return "", err
			}
		}
		if n := len(text); lines > 0 && (text[n-2] == '\n' || n > 2 && text[n-2] == '\r' && text[n-3] == '\n') {
			return string(text), nil
		}
	}
}

// cutLine takes one line off, without its ending.
func cutLine(text string) (line, rest string) {
	line, rest, _ = strings.Cut(text, "\n")
	return strings.TrimSuffix(line, "\r"), rest
}

// parse reads a whole header.
func (h *head) parse(text string, lines int) error {
	*h = head{fields: h.fields[:0], named: h.named[:0], length: -1}
	line, text := cutLine(text)
	if err := h.statusLine(line); err != nil {
		return err
	}
	te := false
	for line, text = cutLine(text); line != ""; line, text = cutLine(text) {
		if len(h.fields) >= lines {
			return errTooLarge
		}
		f, err := parseField(line)
		if err != nil {
			return err
		}
		h.fields = append(h.fields, f)
		switch f.name {
		case "Content-Length":
			if h.length >= 0 {
				return malformed("Content-Length twice")
			}
			if h.length = parseLength(f.value); h.length < 0 {
				return malformed("Content-Length")
			}
		case "Transfer-Encoding":
			if te || h.minor == 0 || !strings.EqualFold(f.value, "chunked") {
				return malformed("Transfer-Encoding")
			}
			te, h.chunked = true, true
		case "Connection":
			h.connection(f.value)
		case "Upgrade":
			h.upgrade = f.value
		case "Trailer":
			if err := trailerNames(f.value); err != nil {
				return err
			}
		}
	}
	if h.chunked && h.length >= 0 {
		return malformed("Content-Length beside Transfer-Encoding")
	}
	return nil
}

// statusLine reads "HTTP/1.1 200 OK"; the words are optional.
func (h *head) statusLine(line string) error {
	if len(line) < 12 || line[:7] != "HTTP/1." || line[8] != ' ' || line[7] != '0' && line[7] != '1' {
		return malformed("status line")
	}
	if len(line) > 12 && line[12] != ' ' {
		return malformed("status line")
	}
	h.minor = int(line[7] - '0')
	h.close = h.minor == 0
	for _, c := range []byte(line[9:12]) {
		if c < '0' || c > '9' {
			return malformed("status")
		}
		h.status = 10*h.status + int(c-'0')
	}
	if h.status < 100 {
		return malformed("status")
	}
	return nil
}

func parseField(line string) (f field, err error) {
	colon := strings.IndexByte(line, ':')
	if colon <= 0 {
		return f, malformed("a line without a name")
	}
	for i := range colon {
		if !isToken(line[i]) {
			return f, malformed("a name of other characters")
		}
	}
	value := strings.Trim(line[colon+1:], " \t")
	if !goodValue(value) {
		return f, malformed("control characters in a value")
	}
	return field{textproto.CanonicalMIMEHeaderKey(line[:colon]), value}, nil
}

// parseLength reads digits; -1 if there is anything else, or too many.
func parseLength(text string) (n int64) {
	if text == "" || len(text) > 18 {
		return -1
	}
	for i := range len(text) {
		c := text[i]
		if c < '0' || c > '9' {
			return -1
		}
		n = 10*n + int64(c-'0')
	}
	return n
}

// connection takes in the options of a Connection header.
func (h *head) connection(value string) {
	for token := range strings.SplitSeq(value, ",") {
		switch token = strings.Trim(token, " \t"); {
		case token == "":
		case strings.EqualFold(token, "close"):
			h.close = true
		case strings.EqualFold(token, "keep-alive"):
			// HTTP/1.0 that wants to go on is not worth the doubt.
		default:
			h.named = append(h.named, textproto.CanonicalMIMEHeaderKey(token))
		}
	}
}

func trailerNames(value string) error {
	for name := range strings.SplitSeq(value, ",") {
		switch textproto.CanonicalMIMEHeaderKey(strings.Trim(name, " \t")) {
		case "Transfer-Encoding", "Trailer", "Content-Length":
			return malformed("Trailer")
		}
	}
	return nil
}

// bodiless says whether an answer to method has no body whatever its header says
// (RFC 9112 6.3).
func (h *head) bodiless(method string) bool {
	return method == http.MethodHead || h.status < 200 || h.status == http.StatusNoContent || h.status == http.StatusNotModified
}

// isToken tells the characters of names and methods (RFC 9110 5.6.2).
func isToken(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	case c == '-', c == '_', c == '!', c == '#', c == '$', c == '%', c == '&', c == '\'', c == '*', c == '+',
		c == '.', c == '^', c == '`', c == '|', c == '~':
		return true
	}
	return false
}

// goodValue says whether a value can stand in a header line: no control character but
// the tabulator. Octets above 0x7f pass: GBK and UTF-8 are met. Eight are looked at at
// once, because a certificate in a header has thousands.
func goodValue(value string) bool {
	for ; len(value) >= 8; value = value[8:] {
		x := uint64(value[0]) | uint64(value[1])<<8 | uint64(value[2])<<16 | uint64(value[3])<<24 |
			uint64(value[4])<<32 | uint64(value[5])<<40 | uint64(value[6])<<48 | uint64(value[7])<<56
		if perhapsControl(x) && !goodOctets(value[:8]) {
			return false
		}
	}
	return goodOctets(value)
}

// perhapsControl is true where one of eight octets is below 0x20 or is 0x7f, and never
// false then: a borrow from one octet to the next can only say too much.
func perhapsControl(x uint64) bool {
	const each, high = 0x0101010101010101, 0x8080808080808080
	below, last := (x-each*0x20)&^x, x^each*0x7f
	return (below|(last-each)&^last)&high != 0
}

func goodOctets(value string) bool {
	for i := range len(value) {
		if c := value[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
