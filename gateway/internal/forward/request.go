package forward

import (
	"errors"
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
)

// What a client sends is rebuilt and never passed on as it came: one framing, no header
// that is for one connection only, none that only we may set, none a back end could read
// as another.

var errRequest = errors.New("the request cannot be carried safely")

// hopByHop tells the headers that are for one connection (RFC 9110 7.6.1).
func hopByHop(name string) bool {
	switch name {
	case "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Authentication-Info",
		"Te", "Trailer", "Transfer-Encoding", "Upgrade", "Http2-Settings":
		return true
	}
	return false
}

// ours tells the headers that only the gateway may set, and those that make some servers
// read another path or host than the one the policy judged.
func ours(name string) bool {
	switch name {
	case "Forwarded", "X-Real-Ip", "X-Client-Ip", "X-Cluster-Client-Ip", "True-Client-Ip", "X-Original-Forwarded-For", "X-Remote-Addr", "X-Remote-Ip",
		"X-Original-Url", "X-Rewrite-Url", "X-Original-Host", "X-Original-Uri", "X-Host", "X-Http-Host-Override", "Proxy":
		return true
	}
	return strings.HasPrefix(name, "X-Forwarded-")
}

// framing tells the headers that the sender of a message sets, and no one else.
func framing(name string) bool {
	return name == "Host" || name == "Content-Length" || name == "Expect"
}

// plainName says whether every reader of header names reads this one alike: gateways of
// the CGI family take any other character for an underscore.
func plainName(name string) bool {
	for i := range len(name) {
		if c := name[i]; c == '_' || c != '-' && !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9') {
			return false
		}
	}
	return true
}

// named lists what Connection names, canonical; upgrade says whether that is among it.
func named(header http.Header) (names []string, upgrade bool) {
	for _, value := range header["Connection"] {
		for token := range strings.SplitSeq(value, ",") {
			switch token = strings.Trim(token, " \t"); {
			case token == "", strings.EqualFold(token, "close"), strings.EqualFold(token, "keep-alive"):
			case strings.EqualFold(token, "upgrade"):
				upgrade = true
			default:
				names = append(names, textproto.CanonicalMIMEHeaderKey(token))
			}
		}
	}
	return names, upgrade
}

// prepare makes out from the client's request: what every attempt sends alike.
func (f *flow) prepare() error {
	r := f.r
	if r.Method == http.MethodConnect || r.Method == http.MethodTrace || !tokens(r.Method) {
		return errors.Join(errRequest, errors.New("the method"))
	}
	if r.ProtoMajor > 1 && r.URL.Host != "" || len(r.Header["Content-Length"]) > 1 {
		return errors.Join(errRequest, errors.New("the path or the length")) // net/http lets these pass (RFC 9113 8.1.1, 8.3.1)
	}
	names, upgrade := named(r.Header)
	f.copyHeader(names)
	f.forwarded()
	f.url = url.URL{Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery, ForceQuery: r.URL.ForceQuery}
	if err := f.stripPrefix(); err != nil {
		return err
	}
	f.out.Method, f.out.Host, f.out.URL, f.out.Header = r.Method, r.Host, &f.url, f.header
	if upgrade {
		if err := f.askUpgrade(); err != nil {
			return err
		}
	}
	if f.pool.config.Sticky.Cookie != "" {
		hideCookie(f.header, f.pool.config.Sticky.Cookie)
	}
	if f.mends != nil && f.mends.bodies {
		offerKnown(f.header)
	}
	if f.o.Edit != nil {
		if err := f.o.Edit(&f.out); err != nil {
			return errors.Join(errRequest, err)
		}
	}
	return nil
}

// copyHeader fills header with what may pass. Values are shared with the client's
// request, with no room to append into.
func (f *flow) copyHeader(names []string) {
	odd := f.pool.config.OddNames
next:
	for name, values := range f.r.Header {
		if hopByHop(name) || framing(name) || ours(name) || !odd && !plainName(name) {
			continue
		}
		if odd && ours(textproto.CanonicalMIMEHeaderKey(strings.Map(hyphen, name))) {
			continue
		}
		for _, other := range names {
			if name == other {
				continue next
			}
		}
		f.header[name] = values[:len(values):len(values)]
	}
	if f.pool.config.Protocol != "" && f.pool.config.Protocol != HTTP1 && hasToken(f.r.Header["Te"], "trailers") {
		f.header["Te"] = []string{"trailers"} // gRPC insists on it
	}
}

// hyphen is how servers read what is no letter or digit.
func hyphen(c rune) rune {
	if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' {
		return c
	}
	return '-'
}

// forwarded says who the client is and what it wrote.
func (f *flow) forwarded() {
	form := f.pool.config.Forwarded
	set := func(i int, name, value string) {
		if value != "" {
			f.values[i] = value
			f.header[name] = f.values[i : i+1 : i+1]
		}
	}
	if form == "" || form == ForwardedX || form == ForwardedBoth {
		set(0, "X-Forwarded-For", f.o.Address)
		set(1, "X-Forwarded-Host", f.o.Host)
		set(2, "X-Forwarded-Proto", f.o.Scheme)
		set(4, "X-Forwarded-Prefix", strings.TrimSuffix(f.o.Prefix, "/"))
	}
	if form == ForwardedRFC || form == ForwardedBoth {
		set(3, "Forwarded", rfc7239(f.o))
	}
}

// rfc7239 writes the header of that standard.
func rfc7239(o *Outgoing) string {
	address := o.Address
	if strings.Contains(address, ":") {
		address = "[" + address + "]"
	}
	quoted := func(name, value string) string {
		if value == "" {
			return ""
		}
		if !tokens(value) {
			value = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
		}
		return name + "=" + value + ";"
	}
	return strings.TrimSuffix(quoted("for", address)+quoted("host", o.Host)+quoted("proto", o.Scheme), ";")
}

// stripPrefix takes the application's outer path away.
func (f *flow) stripPrefix() error {
	u, prefix := &f.url, strings.TrimSuffix(f.o.Prefix, "/")
	if prefix != "" {
		rest, ok := strings.CutPrefix(u.Path, prefix)
		if !ok || rest != "" && rest[0] != '/' {
			return errors.Join(errRequest, errors.New("the path is not beneath the application's prefix"))
		}
		raw, ok := strings.CutPrefix(u.RawPath, prefix)
		if u.Path = rest; !ok {
			raw = ""
		}
		if u.RawPath = raw; u.Path == "" {
			u.Path, u.RawPath = "/", ""
		}
	}
	if !strings.HasPrefix(u.Path, "/") && !(u.Path == "*" && f.r.Method == http.MethodOptions) {
		return errors.Join(errRequest, errors.New("the path"))
	}
	return nil
}

// askUpgrade lets an upgrade pass, but for HTTP itself: a back end must not be made to
// speak behind our back what we do not read.
func (f *flow) askUpgrade() error {
	to := f.r.Header["Upgrade"]
	if f.r.ProtoMajor != 1 || f.pool.config.Protocol != "" && f.pool.config.Protocol != HTTP1 || len(to) == 0 {
		return nil
	}
	if len(to) > 1 || !tokens(strings.ReplaceAll(to[0], "/", "")) {
		return errors.Join(errRequest, errors.New("the upgrade"))
	}
	lower := strings.ToLower(to[0])
	if strings.HasPrefix(lower, "h2") || strings.HasPrefix(lower, "http") || strings.HasPrefix(lower, "tls") {
		return nil
	}
	if f.r.ContentLength != 0 {
		return errors.Join(errRequest, errors.New("an upgrade with a body"))
	}
	f.upgrade = to[0]
	return nil
}

func hasToken(values []string, token string) bool {
	for _, value := range values {
		for one := range strings.SplitSeq(value, ",") {
			if one, _, _ = strings.Cut(one, ";"); strings.EqualFold(strings.Trim(one, " \t"), token) {
				return true
			}
		}
	}
	return false
}

// hideCookie takes our own cookie out of what the application sees.
func hideCookie(header http.Header, name string) {
	lines := header["Cookie"]
	for i, line := range lines {
		if !strings.Contains(line, name+"=") {
			continue
		}
		var left []string
		for pair := range strings.SplitSeq(line, ";") {
			if key, _, _ := strings.Cut(strings.Trim(pair, " \t"), "="); strings.TrimRight(key, " \t") != name {
				left = append(left, strings.Trim(pair, " \t"))
			}
		}
		changed := append([]string(nil), lines...)
		if changed[i] = strings.Join(left, "; "); len(changed) == 1 && len(left) == 0 {
			delete(header, "Cookie")
			return
		}
		header["Cookie"], lines = changed, changed
	}
}

// offerKnown keeps back ends from encodings that cannot be mended.
func offerKnown(header http.Header) {
	if hasToken(header["Accept-Encoding"], "gzip") {
		header["Accept-Encoding"] = []string{"gzip"}
	} else {
		header["Accept-Encoding"] = []string{"identity"}
	}
}

// appendTarget writes the request target for a member: only octets that cannot end it.
func (f *flow) appendTarget(b []byte, base string) ([]byte, error) {
	u := &f.url
	path := u.EscapedPath()
	if u.Path == "*" {
		base = ""
	}
	start := len(b)
	b = append(append(b, base...), path...)
	if u.RawQuery != "" || u.ForceQuery {
		b = append(append(b, '?'), u.RawQuery...)
	}
	for _, c := range b[start:] {
		if c <= ' ' || c == 0x7f {
			return nil, errors.Join(errRequest, errors.New("the target"))
		}
	}
	return b, nil
}

// hostFor is the Host header for a member.
func (f *flow) hostFor(m *member) string {
	switch f.pool.config.Host {
	case "":
		return f.out.Host
	case ownHost:
		return m.host
	}
	return f.pool.config.Host
}

// appendHead writes the request's header for a member, with its framing: length is the
// body's, -1 for chunks.
func (f *flow) appendHead(b []byte, m *member, length int64) (_ []byte, err error) {
	b = append(append(b, f.r.Method...), ' ')
	if b, err = f.appendTarget(b, m.base); err != nil {
		return nil, err
	}
	host := f.hostFor(m)
	if !plainHost(host) {
		return nil, errors.Join(errRequest, errors.New("the host"))
	}
	b = append(append(b, " HTTP/1.1\r\nHost: "...), host...)
	f.pointInward(m, host)
	for name, values := range f.header {
		if hopByHop(name) || framing(name) {
			continue // Edit must not change the framing either
		}
		if !tokens(name) {
			return nil, errors.Join(errRequest, errors.New("the name of a header"))
		}
		for _, value := range values {
			if !goodValue(value) {
				return nil, errors.Join(errRequest, errors.New("the value of "+name))
			}
			b = append(append(append(append(b, "\r\n"...), name...), ": "...), value...)
		}
	}
	switch {
	case length > 0 || length == 0 && takesBody(f.r.Method):
		b = strconv.AppendInt(append(b, "\r\nContent-Length: "...), length, 10)
	case length < 0:
		b = append(b, "\r\nTransfer-Encoding: chunked"...)
	}
	if f.expects {
		b = append(b, "\r\nExpect: 100-continue"...)
	}
	if f.upgrade != "" {
		b = append(append(b, "\r\nConnection: Upgrade\r\nUpgrade: "...), f.upgrade...)
	}
	return append(b, "\r\n\r\n"...), nil
}

// pointInward changes the addresses in headers to what a member knows itself as, where it
// does not know the outer name.
func (f *flow) pointInward(m *member, host string) {
	if f.mends == nil || f.pool.config.Host == "" {
		return
	}
	for _, name := range []string{"Origin", "Referer", "Destination"} {
		if given := f.r.Header[name]; len(given) == 1 && len(f.header[name]) == 1 {
			f.header[name] = []string{f.mends.inward(given[0], m.scheme+"://"+host)}
		}
	}
}

// takesBody tells the methods whose empty body must be said (RFC 9110 8.6).
func takesBody(method string) bool {
	return method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch
}
