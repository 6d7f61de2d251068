package console

import (
	"context"
	"crypto/x509"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"onecert/audit"
	"onecert/pki"
	"onecert/serve"
)

// Kind says for whom a console is.
type Kind string

// The two consoles.
const (
	Officers Kind = "officers"
	Holders  Kind = "holders"
)

// Place is an API of this process, reached under /api/NAME/.
type Place struct {
	Name  string     // "ca", "ra"
	Title string     // what its operator calls it: the node's name
	API   *serve.API // judges the certificate of each call by itself
	// Explain says why a certificate counts for nobody, where the API lets whoever brings
	// it go on as nobody; nil: nothing is said.
	Explain func(ctx context.Context, shown *x509.Certificate) error
}

// Recorder is an audit log.
type Recorder interface {
	Record(ctx context.Context, acts ...audit.Act) error
}

// Link is another console of the platform.
type Link struct {
	Title string `json:"title" yaml:"title"`
	URL   string `json:"url" yaml:"url"`
}

// Config is what a console is made of.
type Config struct {
	Kind   Kind
	Title  string // of the platform, for the page's head; empty: OneCert
	Places []Place
	// Beside answers what is neither a page nor under /api: the API itself, where it
	// shares the listener; nil: nothing does.
	Beside http.Handler
	Audit  Recorder // where logging in and out is written
	// Governs says who may look at the sessions and end them, by who he is at a place;
	// nil: nobody.
	Governs func(ctx context.Context, place string, who pki.Actor) bool
	Links   []Link
	// Idle is how long a session stands unused, Absolute how long at all; 0: 15 minutes
	// and 10 hours.
	Idle, Absolute time.Duration
	Web            fs.FS // the built pages; nil: those embedded
	Version        string
	Now            func() time.Time
	Log            *slog.Logger
}

// Console is an http.Handler; serve it with TLS that asks for a certificate
// (serve.ServerTLS), alone or beside TLCP.
type Console struct {
	cfg      Config
	sessions *sessions
	named    string // its cookie
	api      *serve.API
	pages    *pages
	places   map[string]http.Handler
}

// New makes a console. It has no state on disk: after a restart everybody logs in again
// and goes on.
func New(config Config) (*Console, error) {
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Log == nil {
		config.Log = slog.Default()
	}
	if config.Idle <= 0 {
		config.Idle = 15 * time.Minute
	}
	if config.Absolute <= 0 {
		config.Absolute = 10 * time.Hour
	}
	if config.Web == nil {
		config.Web = built()
	}
	c := &Console{cfg: config, named: cookieName(config), places: map[string]http.Handler{}}
	c.sessions = newSessions(config.Idle, config.Absolute, config.Now)
	var err error
	if c.pages, err = newPages(config); err != nil {
		return nil, err
	}
	c.api = newAPI(config)
	c.routes()
	for _, p := range config.Places {
		c.places[p.Name] = p.API
	}
	return c, nil
}

// ServeHTTP implements http.Handler.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "same-origin")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	if _, _, err := net.SplitHostPort(r.Host); err != nil {
		// Only at the port of https: a browser keeps this for the host with all its ports
		// (RFC 6797, 8.3), and would not find the public site beside a console any more.
		header.Set("Strict-Transport-Security", "max-age=31536000")
	}
	rest, isAPI := strings.CutPrefix(r.URL.Path, "/api/")
	if isAPI {
		c.serveAPI(w, r, rest)
		return
	}
	if c.cfg.Beside != nil && beside(r.URL.Path) {
		header.Set("Content-Security-Policy", dataPolicy)
		if c.cfg.Kind == Holders && r.URL.Path == "/metrics" {
			r = serve.Anonymous(r) // as under /api
		}
		c.cfg.Beside.ServeHTTP(w, r)
		return
	}
	c.pages.serve(w, r)
}

// beside says whether a path belongs to the API that shares the listener.
func beside(path string) bool {
	switch path {
	case "/openapi.json", "/livez", "/readyz", "/metrics":
		return true
	}
	return strings.HasPrefix(path, "/v1/")
}

// Described is the console's own API without a console, for its description.
func Described(version string) *serve.API {
	c := &Console{api: newAPI(Config{Version: version})}
	c.routes()
	return c.api
}

func newAPI(config Config) *serve.API {
	return serve.New(serve.Config{Title: "OneCert console", Version: config.Version, Log: config.Log, Now: config.Now})
}
