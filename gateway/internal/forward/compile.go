package forward

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"onecert/pki"
)

// wrong is how a configuration is refused.
func wrong(field, what, remedy string) *pki.Error {
	return pki.Errorf(pki.Invalid, "forward."+field, "%s: %s", field, what).To("%s", remedy)
}

// compile checks a configuration; kept are back ends that may be shared.
func compile(c Config, o Options, kept []*member) (*Pool, error) {
	if err := c.check(o); err != nil {
		return nil, err
	}
	p := &Pool{config: c, options: o, tokens: map[string]*member{}}
	p.ctx, p.end = context.WithCancel(context.Background())
	p.spans = c.Limits.spans()
	for _, one := range c.Backends {
		m, err := c.member(one, o)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(p.members, func(other *member) bool { return other.name == m.name }) {
			return nil, wrong("backends", "two have the name or address "+m.name, "give each its own name")
		}
		for _, old := range kept {
			if old.settings == m.settings {
				m.backend = old.backend
			}
		}
		m.token = stickyToken(o.Key, c.Sticky.Cookie, m.name)
		p.members, p.tokens[m.token] = append(p.members, m), m
	}
	p.round = schedule(p.members)
	var err error
	p.mend, err = newMender(c.Rewrite, p.members)
	return p, err
}

func (c Config) check(o Options) error {
	if len(c.Backends) == 0 || len(c.Backends) > 64 {
		return wrong("backends", "none, or more than 64", "name the machines that answer, 1 to 64")
	}
	for field, fine := range map[string]bool{
		"protocol":  slices.Contains([]Protocol{"", HTTP1, H2, H2C}, c.Protocol),
		"balance":   slices.Contains([]Balance{"", RoundRobin, LeastConnections}, c.Balance),
		"retries":   slices.Contains([]Retries{"", RetrySafe, RetryNone}, c.Retries),
		"forwarded": slices.Contains([]Forwarded{"", ForwardedX, ForwardedRFC, ForwardedBoth, ForwardedNone}, c.Forwarded),
	} {
		if !fine {
			return wrong(field, "is not one of the words it can be", "see the description of "+field)
		}
	}
	if c.Host != "" && c.Host != ownHost && !plainHost(c.Host) {
		return wrong("host", "cannot stand in a Host header", "write a name or address, with :port if need be, or "+ownHost)
	}
	if err := c.checkSpans(); err != nil {
		return err
	}
	if name := c.Sticky.Cookie; name != "" {
		if !tokens(name) || len(name) > 64 {
			return wrong("sticky.cookie", "is no name for a cookie", "use letters, digits, hyphens and underscores")
		}
		if len(o.Key) < 32 {
			return wrong("sticky.cookie", "the process has no key for it", "set the gateway's key for cookies, 32 octets or more")
		}
	}
	return c.Check.check()
}

func (c Config) checkSpans() error {
	l := c.Limits
	for field, span := range map[string]Span{"limits.connect": l.Connect, "limits.header": l.Header, "limits.idle": l.Idle, "limits.tunnel": l.Tunnel,
		"limits.keepAlive": l.KeepAlive, "check.interval": c.Check.Interval, "check.timeout": c.Check.Timeout, "passive.pause": c.Passive.Pause} {
		if span == "" {
			continue
		}
		if d, err := time.ParseDuration(string(span)); err != nil || d < 10*time.Millisecond || d > 7*24*time.Hour {
			return wrong(field, "is no time span between 10ms and 168h", "write it like 30s or 5m")
		}
	}
	if l.HeaderBytes < 0 || l.HeaderBytes > 1<<20 || l.Headers < 0 || l.Headers > 10000 || l.Spare < 0 || l.Spare > 10000 {
		return wrong("limits", "a number is out of range", "headerBytes up to 1048576, headers and spare up to 10000")
	}
	if c.Passive.Failures < -1 || c.Passive.Failures > 1000 {
		return wrong("passive.failures", "is out of range", "write -1 for never, or up to 1000")
	}
	return nil
}

func (c Check) check() error {
	if c.Path != "" && (!strings.HasPrefix(c.Path, "/") || strings.ContainsAny(c.Path, " #") || !goodValue(c.Path)) {
		return wrong("check.path", "is no path", "write it like /health")
	}
	if c.Host != "" && !plainHost(c.Host) {
		return wrong("check.host", "cannot stand in a Host header", "write a name or address, with :port if need be")
	}
	if c.Rise < 0 || c.Rise > 100 || c.Fall < 0 || c.Fall > 100 {
		return wrong("check", "rise or fall is out of range", "write 1 to 100")
	}
	for _, s := range c.Status {
		if s < 200 || s > 599 {
			return wrong("check.status", "has a number that is no final status", "write 200 to 599")
		}
	}
	return nil
}

// member reads one back end.
func (c Config) member(b Backend, o Options) (*member, error) {
	at := "backends.url"
	u, err := url.Parse(b.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || !plainHost(u.Host) {
		return nil, wrong(at, "is no http:// or https:// address", "write it like http://10.0.0.5:8080 or https://app.internal/base")
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.ForceQuery || u.RawPath != "" || strings.Contains(u.Path, "..") || strings.Contains(u.Path, "//") {
		return nil, wrong(at, "has more than scheme, host, port and a plain path", "take away user, query and fragment")
	}
	if c.Protocol == H2 && u.Scheme != "https" || c.Protocol == H2C && u.Scheme != "http" {
		return nil, wrong("protocol", "h2 needs https:// and h2c http://", "change the protocol or the address")
	}
	if b.Weight < 0 || b.Weight > 100 {
		return nil, wrong("backends.weight", "is out of range", "write 1 to 100")
	}
	m := &member{name: b.Name, base: strings.TrimSuffix(u.EscapedPath(), "/"), scheme: u.Scheme, host: u.Host, weight: max(1, b.Weight), drain: b.Drain}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	address := net.JoinHostPort(u.Hostname(), port)
	if m.name == "" {
		m.name = address
	}
	if !goodValue(m.name) || len(m.name) > 255 {
		return nil, wrong("backends.name", "has control characters or is too long", "use up to 255 plain characters")
	}
	s := settings{URL: u.Scheme + "://" + address, Protocol: c.Protocol, TLS: c.TLS, Check: fmt.Sprint(c.Check), Passive: c.Passive, Limits: c.Limits}
	m.backend, err = newBackend(s, address, u.Hostname(), o)
	if err == nil {
		m.backend.check = c.Check
	}
	return m, err
}

func newBackend(s settings, address, name string, o Options) (*backend, error) {
	b := &backend{settings: s, address: address, spans: s.Limits.spans(), open: map[*conn]struct{}{}, done: make(chan struct{})}
	b.health.log, b.health.now = o.Log, o.Now
	b.health.since = o.Now()
	if strings.HasPrefix(s.URL, "https:") {
		var err error
		if b.tls, err = s.TLS.client(name, s.Protocol); err != nil {
			return nil, err
		}
	}
	if s.Protocol == H2 || s.Protocol == H2C {
		b.h2 = b.multiplexed()
	}
	return b, nil
}

// client is the TLS configuration towards a back end called name.
func (t TLS) client(name string, protocol Protocol) (*tls.Config, error) {
	c := &tls.Config{ServerName: name, MinVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(64), NextProtos: []string{"http/1.1"}}
	if protocol == H2 {
		c.NextProtos = []string{"h2"}
	}
	if t.ServerName != "" {
		if !plainHost(t.ServerName) {
			return nil, wrong("tls.serverName", "is no name", "write the name in the back ends' certificate")
		}
		c.ServerName = t.ServerName
	}
	if t.Roots != "" {
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM([]byte(t.Roots)) {
			return nil, wrong("tls.roots", "has no certificate that can be used", "paste PEM of the CAs, RSA or ECDSA")
		}
	}
	switch t.MinVersion {
	case "", "1.2":
	case "1.3":
		c.MinVersion = tls.VersionTLS13
	default:
		return nil, wrong("tls.minVersion", "is neither 1.2 nor 1.3", "write one of them")
	}
	return c, nil
}

// set is the protocol for net/http.
func (p Protocol) set() *http.Protocols {
	s := new(http.Protocols)
	s.SetHTTP1(p == "" || p == HTTP1)
	s.SetHTTP2(p == H2)
	s.SetUnencryptedHTTP2(p == H2C)
	return s
}

// ownHost as Config.Host is the back end's own name.
const ownHost = "$backend"

// plainHost says whether text can stand in a Host header: a name or an address, and
// perhaps a port.
func plainHost(text string) bool {
	for i := range len(text) {
		c := text[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._:[]", c) >= 0) {
			return false
		}
	}
	return text != "" && len(text) <= 260
}

// tokens says whether text is one token.
func tokens(text string) bool {
	for i := range len(text) {
		if !isToken(text[i]) {
			return false
		}
	}
	return text != ""
}

func (o Options) filled() Options {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}
