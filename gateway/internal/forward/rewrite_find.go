package forward

import (
	"bytes"
	"slices"
	"strings"
)

// Addresses in bodies are found by the host's octets, then looked at in both directions.
// Nothing is decoded: ASCII is the same octets in UTF-8, GB 18030 and Big5, and neither a
// slash nor a colon is ever the second octet of a character there.

// spelling is how an address may be written: plainly, in a JavaScript string, as part of
// another address.
type spelling struct{ slash, colon string }

func spellings() []spelling {
	return []spelling{{"/", ":"}, {`\/`, ":"}, {"%2F", "%3A"}, {"%2f", "%3a"}}
}

// finder finds what is to be replaced.
type finder struct {
	hosts  []string
	rules  []rule
	forms  []spelling
	inner  string
	outer  string
	before int // octets of a match before the host
	after  int // and from the host on, with what must be seen behind it
}

// lookBehind is how far back the name of an attribute is sought.
const lookBehind = 64

func newFinder(m *mending) finder {
	f := finder{rules: m.rules, forms: spellings(), inner: m.inner, outer: m.outer, before: len("https%3A%2F%2F") + 1}
	for _, r := range m.rules {
		if !slices.Contains(f.hosts, r.host) {
			f.hosts = append(f.hosts, r.host)
		}
		f.after = max(f.after, len(r.host)+len("%3A65535")+3*(max(len(r.path), len(r.guard))+2))
	}
	f.after = max(f.after, len(m.inner)+3, len(m.outer)+3)
	return f
}

// edit is one replacement: octets from start to end become text.
type edit struct {
	start, end int
	text       []byte
}

// scan returns the edits in data whose host, or slash, begins in [from, to). paths says
// whether paths without a host are looked for too.
func (f *finder) scan(data []byte, from, to int, paths bool) (edits []edit) {
	next := make([]int, len(f.hosts)+1)
	for i := range next {
		next[i] = -1
	}
	for at := from; ; {
		best := 0
		for i := range next {
			if next[i] < at {
				next[i] = f.seek(data[:min(len(data), to+f.after)], at, i, paths)
			}
			if next[i] < next[best] {
				best = i
			}
		}
		if next[best] >= to {
			return edits
		}
		var e edit
		var ok bool
		if at = next[best]; best < len(f.hosts) {
			e, ok = f.address(data, at, len(f.hosts[best]))
		} else {
			e, ok = f.path(data, at)
		}
		if at++; ok && (len(edits) == 0 || e.start >= edits[len(edits)-1].end) {
			edits = append(edits, e)
			at = max(at, e.end)
		}
	}
}

// seek returns where host i, or a slash for the last i, is next.
func (f *finder) seek(data []byte, at, i int, paths bool) int {
	n := -1
	if i < len(f.hosts) {
		n = bytes.Index(data[at:], []byte(f.hosts[i]))
	} else if paths && f.inner != f.outer {
		n = bytes.IndexByte(data[at:], '/')
	}
	if n < 0 {
		return int(^uint(0) >> 1)
	}
	return at + n
}

// address looks at a host of n octets at i.
func (f *finder) address(data []byte, i, n int) (e edit, ok bool) {
	for _, form := range f.forms {
		before, ok := bytes.CutSuffix(data[:i], []byte(form.slash+form.slash))
		if !ok {
			continue
		}
		scheme, start, ok := schemeBefore(before, form)
		if !ok {
			return e, false
		}
		if e, ok := f.mapped(data, i, n, scheme, form); ok {
			e.start = start
			return e, true
		}
		return e, false
	}
	return e, false
}

// schemeBefore reads the scheme that data ends with, colon included; "" for none, where
// the address can begin with its slashes.
func schemeBefore(data []byte, form spelling) (scheme string, start int, ok bool) {
	rest, ok := bytes.CutSuffix(data, []byte(form.colon))
	if !ok {
		if len(data) == 0 || strings.IndexByte("\"'`(=<> \t\r\n,;\\&", data[len(data)-1]) >= 0 {
			return "", len(data), true
		}
		return "", 0, false
	}
	for _, scheme := range []string{"https", "http", "wss", "ws"} {
		before, ok := bytes.CutSuffix(rest, []byte(scheme))
		if ok && (len(before) == 0 || !letter(before[len(before)-1])) {
			return scheme, len(before), true
		}
	}
	return "", 0, false
}

func letter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// mapped reads port and path behind a host and asks the rules.
func (f *finder) mapped(data []byte, i, n int, scheme string, form spelling) (e edit, ok bool) {
	host, rest := string(data[i:i+n]), data[i+n:]
	port, used := portOf(rest, form)
	rest = rest[used:]
	if port == "" && len(rest) > 0 && (plainHost(string(rest[:1])) && rest[0] != ':' && rest[0] != ']' && rest[0] != '[') {
		return e, false // a longer name
	}
	web := strings.Replace(scheme, "ws", "http", 1)
	for _, r := range f.rules {
		if r.guard != "" {
			if to, ok := r.apply(web, host, port, r.guard); ok && pathFollows(rest, r.guard, form) > 0 {
				return edit{end: i + n + used, text: spell(strings.TrimSuffix(to, r.guard), scheme, form)}, true
			}
		}
		length := pathFollows(rest, r.path, form)
		if length < 0 {
			continue
		}
		if to, ok := r.apply(web, host, port, r.path); ok {
			return edit{end: i + n + used + length, text: spell(to, scheme, form)}, true
		}
	}
	return e, false
}

// portOf reads ":8080"; used is how many octets that are.
func portOf(data []byte, form spelling) (port string, used int) {
	rest, ok := bytes.CutPrefix(data, []byte(form.colon))
	n := 0
	for ok && n < len(rest) && n < 6 && '0' <= rest[n] && rest[n] <= '9' {
		n++
	}
	if n == 0 {
		return "", 0
	}
	return string(rest[:n]), len(form.colon) + n
}

// pathFollows says how many octets path takes at the beginning of data; -1 if it is not
// there, or goes on.
func pathFollows(data []byte, path string, form spelling) int {
	written := strings.ReplaceAll(path, "/", form.slash)
	rest, ok := bytes.CutPrefix(data, []byte(written))
	if !ok {
		return -1
	}
	if path != "" && len(rest) > 0 {
		if c := rest[0]; letter(c) || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.' || c == '~' || c == '%' && form.slash[0] != '%' {
			return -1
		}
	}
	return len(written)
}

// spell writes an external address as the internal one was written.
func spell(to, scheme string, form spelling) []byte {
	external, rest, _ := strings.Cut(to, "://")
	switch scheme {
	case "":
		external = ""
	case "ws", "wss":
		external = strings.Replace(external, "http", "ws", 1) + form.colon
	default:
		external += form.colon
	}
	rest = strings.ReplaceAll(strings.ReplaceAll("//"+rest, ":", form.colon), "/", form.slash)
	return []byte(external + rest)
}

// path looks at a slash that may begin a path without a host: in an attribute of HTML
// that holds an address, or in url( ) of CSS.
func (f *finder) path(data []byte, i int) (e edit, ok bool) {
	rest := data[i:]
	if len(rest) > 1 && (rest[1] == '/' || rest[1] == '\\') || !addressFollows(data[max(0, i-lookBehind):i]) {
		return e, false
	}
	plain := spellings()[0]
	if f.outer != "" && pathFollows(rest, f.outer, plain) >= 0 {
		return e, false
	}
	n := pathFollows(rest, f.inner, plain)
	if n < 0 {
		return e, false
	}
	text := f.outer
	if text == "" && (len(rest) == n || rest[n] != '/') {
		text = "/"
	}
	return edit{i, i + n, []byte(text)}, true
}

// addressFollows says whether what stands before a slash makes it the beginning of an
// address.
func addressFollows(before []byte) bool {
	if n := len(before); n > 0 && (before[n-1] == '"' || before[n-1] == '\'') {
		before = before[:n-1]
	} else {
		before = bytes.TrimRight(before, " \t\r\n")
	}
	trimmed := bytes.TrimRight(before, " \t\r\n")
	if bytes.HasSuffix(trimmed, []byte("@import")) {
		return true
	}
	if name, ok := bytes.CutSuffix(trimmed, []byte("(")); ok {
		return bytes.HasSuffix(bytes.ToLower(name), []byte("url"))
	}
	name, ok := bytes.CutSuffix(trimmed, []byte("="))
	if !ok {
		return false
	}
	name = bytes.ToLower(bytes.TrimRight(name, " \t\r\n"))
	for _, attribute := range []string{"href", "src", "action", "formaction", "poster", "background", "cite", "longdesc", "manifest", "srcset", "url"} {
		rest, ok := bytes.CutSuffix(name, []byte(attribute))
		if ok && (len(rest) == 0 || !letter(rest[len(rest)-1]) && rest[len(rest)-1] != '_') {
			return true
		}
	}
	return false
}
