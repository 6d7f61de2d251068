package forward

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// rule turns addresses beneath one internal address into external ones.
type rule struct {
	scheme string // http or https
	host   string // lower case
	port   string // always there
	path   string // "" or /app
	to     string // scheme://host[:port][/path], no slash at the end; "": where the application is
	guard  string // paths beneath it are external already; "": none
}

// mender is Rewrite, read.
type mender struct {
	rules  []rule
	inner  string // path all back ends begin at
	bodies bool

	ready sync.Map // of place to *mending
	count atomic.Int64
}

// mending is a mender for one external address.
type mending struct {
	rules  []rule // longer paths first
	inner  string
	outer  string // path the application has outside; "" for the root
	host   string // external, without port
	origin string // external, scheme and host as clients write it
	bodies bool
	find   finder // of addresses in bodies
}

type place struct{ scheme, host, prefix string }

// maxPlaces bounds how many external addresses are kept ready.
const maxPlaces = 256

func newMender(c Rewrite, members []*member) (*mender, error) {
	if !c.On {
		if c.Bodies || len(c.Mappings) > 0 {
			return nil, wrong("rewrite.on", "is off, but bodies or mappings are set", "switch it on or take them away")
		}
		return nil, nil
	}
	if len(c.Mappings) > 100 {
		return nil, wrong("rewrite.mappings", "more than 100", "put back ends that differ into applications of their own")
	}
	m := &mender{bodies: c.Bodies, inner: members[0].base}
	for _, one := range c.Mappings {
		r, err := readRule(one)
		if err != nil {
			return nil, err
		}
		m.rules = append(m.rules, r)
	}
	for _, one := range members {
		r, err := readRule(Mapping{Internal: one.scheme + "://" + one.host + one.base})
		if err != nil {
			return nil, err
		}
		m.rules = append(m.rules, r)
		if one.base != m.inner {
			return nil, wrong("rewrite.on", "the back ends begin at different paths", "give all of them the same path, or switch rewriting off")
		}
	}
	return m, nil
}

func readRule(m Mapping) (r rule, err error) {
	address := func(field, text string) (*url.URL, error) {
		u, err := url.Parse(text)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || !plainHost(u.Host) || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.RawPath != "" {
			return nil, wrong("rewrite.mappings."+field, "is no plain http:// or https:// address", "write it like http://10.0.0.5:8080/app")
		}
		return u, nil
	}
	u, err := address("internal", m.Internal)
	if err != nil {
		return r, err
	}
	r = rule{scheme: u.Scheme, host: strings.ToLower(u.Hostname()), port: u.Port(), path: strings.TrimSuffix(u.EscapedPath(), "/")}
	if strings.Contains(r.host, ":") {
		r.host = "[" + r.host + "]"
	}
	if r.port == "" {
		r.port = defaultPort(r.scheme)
	}
	if m.External != "" {
		to, err := address("external", m.External)
		if err != nil {
			return r, err
		}
		r.to = to.Scheme + "://" + to.Host + strings.TrimSuffix(to.EscapedPath(), "/")
	}
	return r, nil
}

func defaultPort(scheme string) string {
	if scheme == "https" || scheme == "wss" {
		return "443"
	}
	return "80"
}

// request returns the mending for where a request came in; nil for none.
func (m *mender) request(o *Outgoing) *mending {
	at := place{o.Scheme, o.Host, strings.TrimSuffix(o.Prefix, "/")}
	if ready, ok := m.ready.Load(at); ok {
		return ready.(*mending)
	}
	d := m.at(at)
	if m.count.Add(1) <= maxPlaces {
		m.ready.Store(at, d)
	}
	return d
}

func (m *mender) at(p place) *mending {
	d := &mending{inner: m.inner, outer: p.prefix, origin: p.scheme + "://" + p.host, bodies: m.bodies}
	here := p.scheme + "://" + p.host + p.prefix
	for _, r := range m.rules {
		if r.to == "" {
			r.to = here
		}
		d.rules = append(d.rules, r)
	}
	// A back end that believes the Host header writes our name, often with its own scheme.
	d.host = p.host
	if u, err := url.Parse("http://" + p.host); err == nil && plainHost(p.host) {
		d.host = strings.ToLower(u.Hostname())
		for _, scheme := range []string{"http", "https"} {
			port := u.Port()
			if port == "" {
				port = defaultPort(scheme)
			}
			if scheme != p.scheme || p.prefix != m.inner {
				d.rules = append(d.rules, rule{scheme: scheme, host: strings.ToLower(hostPart(p.host)), port: port, path: m.inner, to: here, guard: p.prefix})
			}
		}
	}
	slices.SortStableFunc(d.rules, func(a, b rule) int { return len(b.path) - len(a.path) })
	d.find = newFinder(d)
	return d
}

// hostPart takes the port away.
func hostPart(host string) string {
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		return host[:i]
	}
	return host
}

// header mends one header of an answer.
func (m *mending) header(name, value string) string {
	if m == nil {
		return value
	}
	switch name {
	case "Location", "Content-Location":
		return m.address(value)
	case "Refresh":
		return m.refresh(value)
	case "Link":
		return m.link(value)
	case "Set-Cookie":
		return m.cookie(value)
	}
	return value
}

// address mends one address. What is not ours stays.
func (m *mending) address(text string) string {
	if strings.HasPrefix(text, "/") && !strings.HasPrefix(text, "//") {
		return m.path(text)
	}
	scheme, rest, ok := strings.Cut(text, "//")
	if !ok || scheme != "" && !strings.EqualFold(scheme, "http:") && !strings.EqualFold(scheme, "https:") {
		return text
	}
	scheme = strings.ToLower(strings.TrimSuffix(scheme, ":"))
	end := strings.IndexAny(rest, "/?#\\")
	if end < 0 {
		end = len(rest)
	}
	host, path := strings.ToLower(rest[:end]), rest[end:]
	port := ""
	if name := hostPart(host); name != host {
		host, port = name, host[len(name)+1:]
	}
	for _, r := range m.rules {
		if to, ok := r.apply(scheme, host, port, path); ok {
			if scheme == "" {
				_, to, _ = strings.Cut(to, ":")
			}
			return to
		}
	}
	return text
}

// apply turns an address in parts into the external one.
func (r *rule) apply(scheme, host, port, path string) (to string, ok bool) {
	if host != r.host || scheme != "" && scheme != r.scheme {
		return "", false
	}
	if port == "" {
		port = defaultPort(r.scheme)
	}
	if port != r.port {
		return "", false
	}
	if r.guard != "" && beneath(path, r.guard) {
		return strings.TrimSuffix(r.to, r.guard) + path, true
	}
	if !beneath(path, r.path) {
		return "", false
	}
	return r.to + path[len(r.path):], true
}

// beneath says whether path is prefix or continues it after a segment's end.
func beneath(path, prefix string) bool {
	rest, ok := strings.CutPrefix(path, prefix)
	return ok && (rest == "" || strings.IndexByte("/?#", rest[0]) >= 0)
}

// path mends an absolute path without a host.
func (m *mending) path(path string) string {
	if m.inner == m.outer || m.outer != "" && beneath(path, m.outer) || !beneath(path, m.inner) {
		return path
	}
	if path = m.outer + path[len(m.inner):]; path == "" {
		return "/"
	}
	return path
}

// refresh mends "5; url=/x".
func (m *mending) refresh(value string) string {
	lower := strings.ToLower(value)
	at := strings.Index(lower, "url=")
	if at < 0 {
		return value
	}
	before, address := value[:at+4], value[at+4:]
	if len(address) >= 2 && (address[0] == '"' || address[0] == '\'') && address[len(address)-1] == address[0] {
		quote := address[:1]
		return before + quote + m.address(address[1:len(address)-1]) + quote
	}
	return before + m.address(address)
}

// link mends each <address> of a Link header.
func (m *mending) link(value string) string {
	if m == nil {
		return value
	}
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(value, "<")
		address, after, closed := strings.Cut(rest, ">")
		if !ok || !closed {
			b.WriteString(value)
			return b.String()
		}
		b.WriteString(before + "<" + m.address(address) + ">")
		value = after
	}
}

// cookie mends Domain and Path. An internal domain is left out: the cookie is then for
// the very host it comes from.
func (m *mending) cookie(value string) string {
	parts := strings.Split(value, ";")
	kept := parts[:1]
	for _, part := range parts[1:] {
		name, text, _ := strings.Cut(part, "=")
		text = strings.Trim(text, " \t")
		switch strings.ToLower(strings.Trim(name, " \t")) {
		case "domain":
			if m.internal(strings.TrimPrefix(strings.ToLower(text), ".")) {
				continue
			}
		case "path":
			if mended := m.cookiePath(text); mended != text {
				part = name + "=" + mended
			}
		}
		kept = append(kept, part)
	}
	return strings.Join(kept, ";")
}

// cookiePath mends a cookie's path; one above what the back end is mapped from becomes
// the whole application.
func (m *mending) cookiePath(path string) string {
	if m.inner == m.outer || m.outer != "" && beneath(path, m.outer) {
		return path
	}
	if beneath(m.inner, strings.TrimSuffix(path, "/")) {
		path = m.inner
	}
	if path = m.path(path); path == "" {
		return "/"
	}
	return path
}

// internal says whether a domain is of a back end and not of the gateway.
func (m *mending) internal(domain string) bool {
	if domain == m.host || strings.HasSuffix(m.host, "."+domain) {
		return false
	}
	return slices.ContainsFunc(m.rules, func(r rule) bool { return r.host == domain || strings.HasSuffix(r.host, "."+domain) })
}

// inward turns an address of ours in a request into what it is at a back end that knows
// itself as origin: applications compare Origin and Referer with the Host they see, and
// WebDAV's Destination must be theirs.
func (m *mending) inward(value, origin string) string {
	rest, ok := strings.CutPrefix(value, m.origin)
	if !ok || rest != "" && rest[0] != '/' {
		return value
	}
	if rest != "" && beneath(rest, m.outer) {
		rest = m.inner + rest[len(m.outer):]
	}
	return origin + rest
}

// weak makes a validator that no longer vouches for each octet.
func weak(header http.Header) {
	for i, tag := range header["Etag"] {
		if !strings.HasPrefix(tag, "W/") {
			header["Etag"] = slices.Clone(header["Etag"])
			header["Etag"][i] = "W/" + tag
		}
	}
}
