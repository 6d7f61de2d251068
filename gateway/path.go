package gateway

import (
	"net/netip"
	"net/url"
	"strings"

	"onecert/pki"
)

// What a path means is decided by the back end, and not by us: where two programs read it
// differently, one of them can be led past a rule. So a path that can be read in two ways
// is refused, and what is left is compared in its plainest form.

const maxPath = 8 << 10

// plainPath returns the form of a request's path that rules are compared with: decoded
// once, repeated slashes as one, parameters (";…") taken away. ok is false where back ends
// are known to disagree about its meaning: dot segments in any spelling, encoded slashes
// and backslashes, also twice encoded, and control characters.
func plainPath(u *url.URL) (plain string, ok bool) {
	raw := u.EscapedPath()
	if len(raw) > maxPath || !strings.HasPrefix(raw, "/") || deceives(raw) || deceives(u.Path) {
		return "", false
	}
	if !strings.ContainsAny(u.Path, ";") && !strings.Contains(u.Path, "//") && !strings.Contains(u.Path, "/.") {
		return u.Path, true
	}
	var b strings.Builder
	for i, segment := range strings.Split(u.Path[1:], "/") {
		name, _, _ := strings.Cut(segment, ";")
		if name == "." || name == ".." {
			return "", false
		}
		if name != "" || i == 0 && u.Path == "/" {
			b.WriteByte('/')
			b.WriteString(name)
		}
	}
	if strings.HasSuffix(u.Path, "/") || b.Len() == 0 {
		b.WriteByte('/')
	}
	return b.String(), true
}

// deceives says whether a path, encoded or not, has what is read differently.
func deceives(path string) bool {
	for i := 0; i < len(path); i++ {
		switch c := path[i]; {
		case c < 0x20 || c == 0x7f || c == '\\':
			return true
		case c == '%' && hides(path[i+1:]):
			return true
		}
	}
	return false
}

// hides looks at what follows a percent sign: %2f, %5c, %2e, %00 and any number of
// further encodings of the percent sign before them.
func hides(after string) bool {
	for len(after) >= 2 && after[0] == '2' && after[1] == '5' {
		after = after[2:]
	}
	if len(after) < 2 {
		return false
	}
	switch strings.ToLower(after[:2]) {
	case "2f", "5c", "2e", "00":
		return true
	}
	return false
}

// hostOf returns the name a request is for, in lower case and without its port, and the
// port. Names with anything a host name cannot have are refused.
func hostOf(header string) (host, port string, ok bool) {
	host = header
	if i := strings.LastIndexByte(header, ':'); i >= 0 && !strings.HasSuffix(header, "]") {
		host, port = header[:i], header[i+1:]
		for _, c := range []byte(port) {
			if c < '0' || c > '9' {
				return "", "", false
			}
		}
		if port == "" || len(port) > 5 {
			return "", "", false
		}
	}
	if strings.HasPrefix(host, "[") {
		a, err := netip.ParseAddr(strings.Trim(host, "[]"))
		return host, port, err == nil && a.Is6() && a.Zone() == ""
	}
	if host == "" || len(host) > 253 {
		return "", "", false
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	for _, c := range []byte(host) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '.' && c != '_' {
			return "", "", false
		}
	}
	return host, port, host != ""
}

// pattern is a path of an Access, read: segments, "*" for any one, "**" at the end for
// everything beneath, and the path itself. A slash at the end makes no difference, as in
// the policy: to most back ends /a and /a/ are one page.
type pattern struct {
	segments []string
	beneath  bool
}

func parsePattern(text string) (pattern, error) {
	wrong := func(what string) error {
		return pki.Errorf(pki.Invalid, "gateway.path", "the path %q %s", text, what).To("write /a/b for one page, /a/* for one segment, /a/** for everything beneath")
	}
	if !strings.HasPrefix(text, "/") {
		return pattern{}, wrong("does not begin with a slash")
	}
	if strings.Contains(text, "//") {
		return pattern{}, wrong("has a segment without a name")
	}
	p := pattern{segments: strings.Split(withoutSlash(text)[1:], "/")}
	if last := len(p.segments) - 1; p.segments[last] == "**" {
		p.segments, p.beneath = p.segments[:last], true
	}
	for _, s := range p.segments {
		if s == "." || s == ".." || s != "*" && strings.Contains(s, "*") || s == "" && len(p.segments) > 1 {
			return pattern{}, wrong("has a segment that cannot be: " + s)
		}
	}
	return p, nil
}

// withoutSlash takes the slash at the end away, but for that of the root.
func withoutSlash(path string) string {
	if len(path) > 1 && path[len(path)-1] == '/' {
		return path[:len(path)-1]
	}
	return path
}

// folded is the pattern for paths in lower case.
func (p pattern) folded() pattern {
	lower := make([]string, len(p.segments))
	for i, s := range p.segments {
		lower[i] = strings.ToLower(s)
	}
	return pattern{lower, p.beneath}
}

// fits compares a plain path.
func (p pattern) fits(path string) bool {
	rest := withoutSlash(path)[1:]
	for i, want := range p.segments {
		segment, after, more := strings.Cut(rest, "/")
		if want != "*" && want != segment || want == "*" && segment == "" {
			return false
		}
		if !more {
			return i == len(p.segments)-1
		}
		rest = after
		if i == len(p.segments)-1 {
			return p.beneath
		}
	}
	return p.beneath || rest == "" && len(p.segments) == 0
}
