package forward

import "time"

// Config is how one application's back ends are reached. Its zero values are the careful
// choices; New says what is wrong with one.
type Config struct {
	Backends []Backend `json:"backends" doc:"the machines that answer" minItems:"1" maxItems:"64"`
	Protocol Protocol  `json:"protocol,omitempty" enum:"http1,h2,h2c" doc:"what back ends speak; by default http1 (with WebSocket); gRPC needs h2 or h2c"`
	TLS      TLS       `json:"tls,omitempty" doc:"how https back ends are verified"`

	Balance Balance `json:"balance,omitempty" enum:"round-robin,least-connections" doc:"by default round-robin"`
	Sticky  Sticky  `json:"sticky,omitempty" doc:"keeps a browser at the same back end"`
	Check   Check   `json:"check,omitempty" doc:"asks back ends for their health"`
	Passive Passive `json:"passive,omitempty" doc:"judges back ends by what happens to requests"`
	Retries Retries `json:"retries,omitempty" enum:"safe,none" doc:"safe (the default): a request that may be repeated and has no body goes to one other back end if the first did not answer at all"`

	Host string `json:"host,omitempty" doc:"the Host header: empty passes the client's, $backend is the back end's own, anything else is sent as it is" maxLength:"255"`
	// Forwarded says in which headers the client's address is told; "" is ForwardedX. It is
	// no administrator's choice: where identity is passed as well, that says it, once.
	Forwarded Forwarded `json:"-"`
	OddNames  bool      `json:"oddNames,omitempty" doc:"pass request headers whose names have characters other than letters, digits and hyphens: many applications take X_Y for X-Y"`

	Rewrite Rewrite `json:"rewrite,omitempty" doc:"mends addresses in answers of a back end that does not know its outer name"`
	Limits  Limits  `json:"limits,omitempty"`
}

// Backend is one machine, or one port of it.
type Backend struct {
	Name   string `json:"name,omitempty" doc:"in logs and statistics, never told to clients; by default host:port" maxLength:"255"`
	URL    string `json:"url" doc:"http://host:port or https://host:port, with the path the application begins at" maxLength:"1024"`
	Weight int    `json:"weight,omitempty" minimum:"0" maximum:"100" doc:"share of the requests; by default 1"`
	Drain  bool   `json:"drain,omitempty" doc:"takes no new visitors: only browsers kept at it (sticky) go on there"`
}

// Protocol is what back ends speak.
type Protocol string

// The protocols: HTTP/1.1, HTTP/2 over TLS by ALPN, HTTP/2 in the clear by prior knowledge.
const (
	HTTP1 Protocol = "http1"
	H2    Protocol = "h2"
	H2C   Protocol = "h2c"
)

// TLS says whom https back ends must prove to be. There is no way not to verify.
type TLS struct {
	Roots      string `json:"roots,omitempty" doc:"PEM of the CAs that may have issued the back ends' certificates; by default those of the system" maxLength:"262144"`
	ServerName string `json:"serverName,omitempty" doc:"the name the certificate must have; by default the host of the URL" maxLength:"253"`
	MinVersion string `json:"minVersion,omitempty" enum:"1.2,1.3" doc:"by default 1.2"`
}

// Balance picks the back end of a request.
type Balance string

// The ways to pick.
const (
	RoundRobin       Balance = "round-robin"
	LeastConnections Balance = "least-connections"
)

// Retries says whether a request may be sent twice.
type Retries string

// The choices.
const (
	RetrySafe Retries = "safe"
	RetryNone Retries = "none"
)

// Forwarded says in which headers the client's address travels.
type Forwarded string

// The forms.
const (
	ForwardedX    Forwarded = "x"
	ForwardedRFC  Forwarded = "rfc7239"
	ForwardedBoth Forwarded = "both"
	ForwardedNone Forwarded = "none"
)

// Sticky keeps a browser at one back end by a cookie that says nothing to anybody else.
type Sticky struct {
	Cookie string `json:"cookie,omitempty" doc:"its name; empty: no stickiness" maxLength:"64"`
}

// Check asks each back end at intervals.
type Check struct {
	Path     string `json:"path,omitempty" doc:"what is asked for by GET, beginning with /; empty: no check" maxLength:"1024"`
	Host     string `json:"host,omitempty" doc:"the Host header; by default the back end's" maxLength:"255"`
	Interval Span   `json:"interval,omitempty" doc:"by default 5s"`
	Timeout  Span   `json:"timeout,omitempty" doc:"by default 3s"`
	Status   []int  `json:"status,omitempty" doc:"what a healthy one answers; by default 200 to 399"`
	Rise     int    `json:"rise,omitempty" minimum:"0" maximum:"100" doc:"good answers in a row until it is up again; by default 2"`
	Fall     int    `json:"fall,omitempty" minimum:"0" maximum:"100" doc:"bad ones in a row until it is down; by default 3"`
}

// Passive takes a back end out for a while that requests fail at.
type Passive struct {
	Failures int  `json:"failures,omitempty" minimum:"-1" maximum:"1000" doc:"in a row until it is left out; by default 3, -1: never"`
	Pause    Span `json:"pause,omitempty" doc:"how long it is left out; by default 10s"`
}

// Limits bound what a back end, or a client through us, can make us hold or wait for.
type Limits struct {
	Connect     Span `json:"connect,omitempty" doc:"to connect, TLS included; by default 5s"`
	Header      Span `json:"header,omitempty" doc:"from the whole request to the beginning of the answer; by default 60s"`
	Idle        Span `json:"idle,omitempty" doc:"between two pieces of an answer or a request's body; by default 60s; not for event streams and gRPC"`
	Tunnel      Span `json:"tunnel,omitempty" doc:"an upgraded connection (WebSocket) without an octet either way; by default 1h"`
	KeepAlive   Span `json:"keepAlive,omitempty" doc:"an unused connection to a back end is kept; by default 60s"`
	HeaderBytes int  `json:"headerBytes,omitempty" minimum:"0" maximum:"1048576" doc:"of an answer; by default 65536"`
	Headers     int  `json:"headers,omitempty" minimum:"0" maximum:"10000" doc:"lines in an answer's header; by default 200"`
	Spare       int  `json:"spare,omitempty" minimum:"0" maximum:"10000" doc:"unused connections kept for each back end; by default 128"`
}

// Rewrite mends addresses. Headers (Location, Content-Location, Refresh, Link,
// Set-Cookie) are mended where On is set, bodies where Bodies is set too.
type Rewrite struct {
	On       bool      `json:"on,omitempty" doc:"mend Location, Content-Location, Refresh, Link and the domain and path of cookies"`
	Bodies   bool      `json:"bodies,omitempty" doc:"mend links in HTML, CSS, JavaScript, JSON and XML too"`
	Mappings []Mapping `json:"mappings,omitempty" doc:"addresses beside the back ends' own" maxItems:"100"`
}

// Mapping is an address as back ends write it and what clients must see instead.
type Mapping struct {
	Internal string `json:"internal" doc:"http(s)://host[:port][/path]" maxLength:"1024"`
	External string `json:"external,omitempty" doc:"http(s)://host[:port][/path]; empty: where this application is" maxLength:"1024"`
}

// Span is a time span as people write it: 30s, 5m, 12h.
type Span string

// or returns the span, or otherwise where none is written; call it on checked ones only.
func (s Span) or(otherwise time.Duration) time.Duration {
	if s == "" {
		return otherwise
	}
	d, _ := time.ParseDuration(string(s))
	return d
}
