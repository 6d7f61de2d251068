package gateway

import (
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"

	"onecert/policy"
)

// AccessLine is one line of the access log: a policy.Recorded, so that the policy can be
// tried on it, and what else is known of the visit. Queries, cookies and bodies are never
// in it; what looks like a number of a resident identity card is masked.
type AccessLine struct {
	policy.Recorded
	Service  string  `json:"service"`
	Peer     string  `json:"peer" doc:"who is connected: a proxy, or the person"`
	TLS      string  `json:"tls"`
	Suite    string  `json:"suite,omitempty"`
	Resumed  bool    `json:"resumed,omitempty"`
	Version  string  `json:"version,omitempty" doc:"of HTTP"`
	Query    bool    `json:"query,omitempty" doc:"there was one; it is not logged"`
	Session  string  `json:"session,omitempty"`
	Serial   string  `json:"serial,omitempty" doc:"of the certificate, also of one that was refused"`
	Agent    string  `json:"agent,omitempty"`
	Status   int     `json:"status,omitempty"`
	Problem  string  `json:"problem,omitempty" doc:"page that was shown"`
	Sent     int64   `json:"sent"`
	Received int64   `json:"received"`
	Backend  string  `json:"backend,omitempty"`
	Error    string  `json:"error,omitempty" doc:"what went wrong with the back end"`
	Detail   string  `json:"detail,omitempty"`
	Took     float64 `json:"took_ms"`
	Wait     float64 `json:"wait_ms,omitempty" doc:"until the back end answered"`
	Upgraded bool    `json:"upgraded,omitempty"`
	// Lost is set on a line of its own: how many lines could not be written before it.
	Lost int64 `json:"lost,omitempty"`
}

// lineWriter writes visits as JSON. It is written by hand because it stands on the path
// of every request; what repeats (who somebody is, how was decided) is kept as written.
type lineWriter struct {
	subjects  map[*policy.Subject][]byte
	decisions map[policy.Decision][]byte
}

const maxKeptParts = 20_000

// line appends one visit, with a newline.
func (w *lineWriter) line(b []byte, v *Visit) []byte {
	b = append(b, '{')
	begin := len(b)
	if v.Subject != nil {
		b = append(append(b, `"subject":`...), w.subject(v.Subject)...)
		b = append(b, ',')
	}
	b = append(b, `"address":"`...)
	if v.Address.IsValid() {
		b = v.Address.AppendTo(b)
	}
	b = append(b, `","at":"`...)
	b = v.At.UTC().AppendFormat(b, time.RFC3339Nano)
	b = append(b, `"`...)
	b = textField(b, "application", v.Application, true)
	b = textField(b, "protocol", string(v.Protocol), true)
	b = textField(b, "method", v.Method, false)
	b = textField(b, "host", v.Host, false)
	b = textField(b, "path", v.Path, false)
	b = textField(b, "request_id", v.ID, false)
	b = append(append(b, `,"decision":`...), w.decision(v.Decision)...)
	b = textField(b, "service", v.Service, true)
	b = append(b, `,"peer":"`...)
	if v.Peer.IsValid() {
		b = v.Peer.AppendTo(b)
	}
	b = append(b, '"')
	b = textField(b, "tls", v.TLS, true)
	b = textField(b, "suite", v.Suite, false)
	b = flagField(b, "resumed", v.Resumed)
	b = textField(b, "version", v.Version, false)
	b = flagField(b, "query", v.Query)
	b = textField(b, "session", v.Session, false)
	b = textField(b, "serial", v.Serial, false)
	b = textField(b, "agent", v.Agent, false)
	if v.Status != 0 {
		b = strconv.AppendInt(append(b, `,"status":`...), int64(v.Status), 10)
	}
	b = textField(b, "problem", v.Problem, false)
	b = strconv.AppendInt(append(b, `,"sent":`...), v.Sent, 10)
	b = strconv.AppendInt(append(b, `,"received":`...), v.Received, 10)
	b = textField(b, "backend", v.Backend, false)
	b = textField(b, "error", v.Error, false)
	b = textField(b, "detail", v.Detail, false)
	b = appendMillis(append(b, `,"took_ms":`...), v.Took)
	if v.Wait > 0 {
		b = appendMillis(append(b, `,"wait_ms":`...), v.Wait)
	}
	b = flagField(b, "upgraded", v.Upgraded)
	maskIn(b[begin:])
	return append(b, "}\n"...)
}

func appendMillis(b []byte, d time.Duration) []byte {
	return strconv.AppendFloat(b, float64(d.Microseconds())/1000, 'f', 3, 64)
}

func textField(b []byte, name, value string, always bool) []byte {
	if value == "" && !always {
		return b
	}
	b = append(append(append(b, `,"`...), name...), `":`...)
	return appendText(b, value)
}

func flagField(b []byte, name string, value bool) []byte {
	if !value {
		return b
	}
	return append(append(append(b, `,"`...), name...), `":true`...)
}

// appendText appends a JSON string (RFC 8259 7). Octets that are no UTF-8 become U+FFFD,
// and line separators are escaped for readers that take them for the end of a line.
func appendText(b []byte, text string) []byte {
	const hexDigits = "0123456789abcdef"
	plain := 0
	for plain < len(text) && isPlain(text[plain]) {
		plain++
	}
	b = append(append(b, '"'), text[:plain]...)
	for i := plain; i < len(text); {
		c := text[i]
		switch {
		case c == '"' || c == '\\':
			b, i = append(b, '\\', c), i+1
		case c < 0x20 || c == 0x7f:
			b, i = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15]), i+1
		case c < utf8.RuneSelf:
			b, i = append(b, c), i+1
		default:
			r, n := utf8.DecodeRuneInString(text[i:])
			if r == '\u2028' || r == '\u2029' || r >= 0x80 && r < 0xa0 {
				b = append(b, '\\', 'u', hexDigits[r>>12], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
			} else {
				b = utf8.AppendRune(b, r)
			}
			i += n
		}
	}
	return append(b, '"')
}

// isPlain tells the octets that a JSON string has as they are.
func isPlain(c byte) bool { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\' }

func (w *lineWriter) subject(s *policy.Subject) []byte {
	if text := w.subjects[s]; text != nil {
		return text
	}
	text, err := json.Marshal(s)
	if err != nil {
		return []byte("null")
	}
	if w.subjects == nil || len(w.subjects) >= maxKeptParts {
		w.subjects = map[*policy.Subject][]byte{}
	}
	w.subjects[s] = text
	return text
}

func (w *lineWriter) decision(d policy.Decision) []byte {
	if text := w.decisions[d]; text != nil {
		return text
	}
	text, err := json.Marshal(d)
	if err != nil {
		return []byte("null")
	}
	if w.decisions == nil || len(w.decisions) >= maxKeptParts {
		w.decisions = map[policy.Decision][]byte{}
	}
	w.decisions[d] = text
	return text
}

// maskIn puts stars over the date of birth and the running number of every number of a
// resident identity card in a text: 17 digits and a check character (GB 11643), which may
// stand in names of foreign certificates and in paths of applications.
func maskIn(b []byte) {
	const digits = 17
	for i := 0; i+digits < len(b); {
		if !isDigit(b[i+digits-1]) { // no number begins between here and there
			i += digits
			continue
		}
		begin := i + digits - 1
		for begin > i && isDigit(b[begin-1]) {
			begin--
		}
		end := begin
		for end < len(b) && isDigit(b[end]) {
			end++
		}
		if end-begin == digits && end < len(b) && (b[end] == 'X' || b[end] == 'x') {
			end++
		}
		if end-begin == digits+1 && isResident(b[begin:end]) && (begin == 0 || !isAlphanumeric(b[begin-1])) && (end == len(b) || !isAlphanumeric(b[end])) {
			copy(b[begin+6:end], "************")
		}
		i = end
	}
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isAlphanumeric(c byte) bool {
	return isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func maskNumbers(text string) string {
	b := []byte(text)
	maskIn(b)
	return string(b)
}

// isResident checks the date and the check character (GB 11643, ISO 7064 MOD 11-2).
func isResident(b []byte) bool {
	month, day := int(b[10]-'0')*10+int(b[11]-'0'), int(b[12]-'0')*10+int(b[13]-'0')
	if (b[6] != '1' || b[7] != '9') && (b[6] != '2' || b[7] != '0') || month < 1 || month > 12 || day < 1 || day > 31 {
		return false
	}
	sum := 0
	for _, c := range b[:17] {
		sum = (sum + int(c-'0')) * 2 % 11
	}
	check := (12 - sum) % 11
	return b[17] == "0123456789X"[check] || check == 10 && b[17] == 'x'
}
