package identity

import (
	"net/http"
	"net/url"
	"strings"
)

// Strip removes from a request everything that this or any other application could take
// for the gateway's word: headers and cookies (h), URL parameters (u; nil: none). What a
// client calls hop-by-hop (Connection) or trailers (Trailer) loses our names as well. A
// request's trailers go through it too, as h.
func (p *Plan) Strip(h http.Header, u *url.URL) {
	for key, lines := range h {
		name := fold(key)
		switch text := name.bytes(); {
		case p.headers.has(text), string(text) == "cookie2":
			delete(h, key)
		case string(text) == "cookie":
			filterLines(h, key, lines, p.stripCookies)
		case string(text) == "connection", string(text) == "trailer":
			filterLines(h, key, lines, p.stripTokens)
		}
	}
	if u != nil && u.RawQuery != "" {
		u.RawQuery = p.stripQuery(u.RawQuery)
	}
}

// filterLines puts what filter leaves of each line of a header in its place.
func filterLines(h http.Header, key string, lines []string, filter func(string) string) {
	var kept []string
	changed := false
	for _, line := range lines {
		left := filter(line)
		changed = changed || left != line
		if left != "" {
			kept = append(kept, left)
		}
	}
	switch {
	case !changed:
	case len(kept) == 0:
		delete(h, key)
	default:
		h[key] = kept
	}
}

// stripCookies removes our cookies from a Cookie header.
func (p *Plan) stripCookies(line string) string {
	return without(line, ";", "; ", p.ourCookie)
}

// ourCookie reports whether a part of a Cookie header between semicolons is or hides one
// of ours. Readers differ: some end a cookie at a comma or blank (RFC 2109), some take
// quotes and let what is inside span semicolons, some change their rules after $Version.
// Whatever is a name for any of them counts, and so does a quote that does not end: it would
// swallow what follows.
func (p *Plan) ourCookie(part string) bool {
	part = strings.TrimFunc(part, cookieBlank)
	if part == "" {
		return false
	}
	if part[0] == '$' {
		return true
	}
	name, value, _ := strings.Cut(part, "=")
	if p.cookies.hasEncoded(name) || unbalanced(strings.TrimLeftFunc(value, cookieBlank)) {
		return true
	}
	for rest := part; ; { // further names inside, for readers that end one earlier
		start, end := nextName(rest)
		if end < 0 {
			return false
		}
		if end-start < maxEncodedName && p.cookies.hasEncoded(rest[start:end]) { // a long value with "=" at its end is no name
			return true
		}
		rest = rest[end:]
		rest = strings.TrimLeftFunc(rest, func(r rune) bool { return cookieBlank(r) || r == '=' })
	}
}

func cookieBlank(r rune) bool { return r <= ' ' || r == 0x7f }

// nextName finds what a reader could take for the name of a further cookie: the characters
// before the next "=", back to a blank, comma or quote. end is -1 when there is no more.
func nextName(text string) (start, end int) {
	end = strings.IndexByte(text, '=')
	for end > 0 && cookieBlank(rune(text[end-1])) {
		end--
	}
	start = end
	for start > 0 && !cookieBlank(rune(text[start-1])) && text[start-1] != ',' && text[start-1] != '"' {
		start--
	}
	return max(start, 0), end
}

// unbalanced: a value that begins with a quote and does not end with its other one.
func unbalanced(value string) bool {
	if value == "" || value[0] != '"' {
		return false
	}
	for i := 1; i < len(value); i++ {
		switch value[i] {
		case '\\':
			i++
		case '"':
			return i != len(value)-1
		}
	}
	return true
}

// stripTokens removes our names from a comma-separated list of header names.
func (p *Plan) stripTokens(line string) string {
	return without(line, ",", ", ", func(token string) bool {
		return p.headers.hasHeader(token)
	})
}

// stripQuery removes our parameters from a query, whose pairs are divided by & or, for
// some readers, by a semicolon.
func (p *Plan) stripQuery(query string) string {
	if !strings.Contains(query, ";") {
		return without(query, "&", "&", p.ourParameter)
	}
	return without(query, "&", "&", func(group string) bool {
		for pair := range strings.SplitSeq(group, ";") {
			if p.ourParameter(pair) {
				return true
			}
		}
		return false
	})
}

func (p *Plan) ourParameter(pair string) bool {
	name, _, _ := strings.Cut(pair, "=")
	return p.parameters.hasEncoded(name)
}

// without returns a list without the parts that are to go, and the very same text where
// none goes.
func without(list, separator, between string, goes func(string) bool) string {
	any := false
	for part := range strings.SplitSeq(list, separator) {
		if goes(part) {
			any = true
			break
		}
	}
	if !any {
		return list
	}
	var kept []string
	for part := range strings.SplitSeq(list, separator) {
		if trimmed := strings.Trim(part, " \t"); trimmed != "" && !goes(part) {
			kept = append(kept, trimmed)
		}
	}
	return strings.Join(kept, between)
}
