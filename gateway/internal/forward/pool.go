package forward

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Options are what the process gives a pool, beside what an administrator decides.
type Options struct {
	// Key keys the values of sticky cookies: 32 octets or more, the same on all nodes of
	// a cluster and across restarts. Required where a pool is sticky.
	Key []byte
	// Log takes a line when a back end goes down or comes back; nil: slog.Default().
	Log *slog.Logger
	Now func() time.Time // nil: time.Now
}

// Pool is the back ends of one application. It is safe for concurrent use.
type Pool struct {
	config  Config
	options Options
	spans   spans
	members []*member
	round   []*member // in the order they are given requests
	tokens  map[string]*member
	mend    *mender // nil: nothing is rewritten
	turn    atomic.Uint64
	active  atomic.Int64
	flows   sync.Pool // of *flow
	buffers sync.Pool // of *[largeOctets]byte

	once sync.Once
	ctx  context.Context // ends with the pool
	end  context.CancelFunc
}

// New checks a configuration and begins the health checks. Errors are *pki.Error, with
// the field's name as in JSON. Close it.
func New(c Config, o Options) (*Pool, error) {
	p, err := compile(c, o.filled(), nil)
	if err != nil {
		return nil, err
	}
	p.start()
	return p, nil
}

// Replace makes a pool for a changed configuration. Back ends that both have in the same
// way keep their connections, their health and their count of requests. The receiver goes
// on until its last request: call Drain or Close on it afterwards. Errors leave it as it is.
func (p *Pool) Replace(c Config) (*Pool, error) {
	next, err := compile(c, p.options, p.members)
	if err != nil {
		return nil, err
	}
	next.start()
	return next, nil
}

func (p *Pool) start() {
	for _, m := range p.members {
		if m.backend.hold() {
			go m.backend.keep()
		}
	}
}

// Outgoing is what the door knows about a request.
type Outgoing struct {
	Address string // of the client, without a port, as the door believes it
	Scheme  string // "https" or "http", as the client wrote it
	Host    string // host[:port] as the client wrote it
	Prefix  string // path the application has outside and its back ends do not: "/oa"; taken away

	// Own says of a cookie's name that it is the door's: back ends cannot set it, with an
	// upgrade neither. nil: the door has none.
	Own func(name string) bool

	// Edit adds the identity, after everything a client could have forged in headers is
	// gone. It may change Header and URL (the path is already the back end's), must not
	// keep either, and replaces values of Header but does not write into them.
	// nil: nothing is added. An error (a pki.Error or not) ends the request with Err Refused.
	Edit func(out *http.Request) error
}

// Codes of Result.Err.
const (
	Refused     = "refused"      // the request cannot be carried safely: 400
	NoBackend   = "no-backend"   // none is up: 503
	Unreachable = "unreachable"  // no connection to a back end: 502
	Untrusted   = "untrusted"    // a back end's certificate does not prove who it is: 502
	Silent      = "silent"       // no answer in time: 504
	Broken      = "broken"       // an answer that is none, or ended too early: 502
	ClientGone  = "client-gone"  // the client went away, or its right did: nobody to tell
	ClientBody  = "client-body"  // the client did not send what it announced: 400
	TooLarge    = "answer-large" // a header beyond the limits: 502
)

// Result tells what became of a request.
type Result struct {
	Status   int           // of the answer; 0 where Started is false
	Sent     int64         // octets of body to the client
	Received int64         // octets of body from the client
	Backend  string        // name of the one that answered, or was tried last; "" if none
	Duration time.Duration // in all
	Wait     time.Duration // until the answer's header was there
	Retried  bool
	Upgraded bool   // the connection became a tunnel (WebSocket)
	Started  bool   // something was written to the client
	Err      string // "": all is well
	Cause    error  // for the log, never for the client
}

// StatusOfErr is the HTTP status of the page for Err where nothing was written.
func (r Result) StatusOfErr() int {
	switch r.Err {
	case Refused, ClientBody:
		return http.StatusBadRequest
	case NoBackend:
		return http.StatusServiceUnavailable
	case Silent:
		return http.StatusGatewayTimeout
	}
	return http.StatusBadGateway
}

// End ends a handler whose answer broke off, so that the client notices: it panics with
// http.ErrAbortHandler, as net/http wants it. Call it last, after logging. It returns
// where there is nothing to abort.
func (r Result) End() {
	if r.Started && r.Err != "" && !r.Upgraded {
		panic(http.ErrAbortHandler)
	}
}

// BackendHealth is how one back end does.
type BackendHealth struct {
	Name     string    `json:"name"`
	URL      string    `json:"url"`
	Up       bool      `json:"up"`
	Draining bool      `json:"draining"`
	Since    time.Time `json:"since" doc:"of Up"`
	Reason   string    `json:"reason,omitempty" doc:"what the last failure was"`
	Active   int64     `json:"active" doc:"requests and tunnels it has now"`
	Requests int64     `json:"requests" doc:"it was given"`
	Failures int64     `json:"failures" doc:"of them"`
	Idle     int       `json:"idle" doc:"unused connections kept"`
}

// Health tells of all back ends, in the order of the configuration.
func (p *Pool) Health() []BackendHealth {
	all := make([]BackendHealth, len(p.members))
	for i, m := range p.members {
		h := BackendHealth{Name: m.name, URL: m.settings.URL + m.base, Up: m.health.up(p.options.Now()), Draining: m.drain,
			Active: m.active.Load(), Requests: m.requests.Load(), Failures: m.failures.Load()}
		h.Since, h.Reason = m.health.told()
		m.mu.Lock()
		h.Idle = len(m.idle)
		m.mu.Unlock()
		all[i] = h
	}
	return all
}

// Drain waits until no request is under way, then closes the pool; when ctx ends before,
// it closes at once and returns ctx's error.
func (p *Pool) Drain(ctx context.Context) error {
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for p.active.Load() > 0 {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			p.Close()
			return ctx.Err()
		}
	}
	return p.Close()
}

// Close ends health checks and connections, those in use too. It is safe to call twice.
func (p *Pool) Close() error {
	p.once.Do(func() {
		p.end()
		for _, m := range p.members {
			m.release()
		}
	})
	return nil
}
