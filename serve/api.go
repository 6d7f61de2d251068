package serve

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"path"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/prometheus/client_golang/prometheus"

	"onecert/pki"
)

// DefaultBody is the most a request's body may hold unless its operation says
// otherwise: a certificate request with a chain is under 32 KiB.
const DefaultBody = 256 << 10

// humaBody is what huma writes into an operation that names no limit.
const humaBody = 1 << 20

// Config says what an API is called and who may reach it.
type Config struct {
	Title   string
	Version string
	Peers   *Peers       // who the callers are; nil where nobody is identified (plain HTTP)
	Log     *slog.Logger // nil: slog.Default
	Now     func() time.Time
}

// API is one component's HTTP API. Rooms register typed operations on Huma and
// the few untyped handlers (files, binary protocols) on Mux; API itself is the
// handler to serve. Handlers return *pki.Error as it is.
type API struct {
	Mux     *http.ServeMux
	Huma    huma.API
	Metrics *prometheus.Registry

	log      *slog.Logger
	now      func() time.Time
	started  time.Time
	counts   counts
	health   health
	handler  http.Handler // Mux behind Peers
	guarded  bool
	peers    *Peers
	crossing *http.CrossOriginProtection
	describe func() ([]byte, error)
}

// settle sets huma's package variables, once and before any room registers:
// feasibility.md §3 says what each of them would let through.
var settle = sync.OnceFunc(func() {
	huma.ValidateStrictCasing = true
	huma.DefaultArrayNullable = false
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return translate(context.Background(), nil, status, errs)
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, _ string, errs ...error) huma.StatusError {
		p := translate(ctx.Context(), ctx, status, errs)
		for name, value := range p.headers() {
			ctx.SetHeader(name, value)
		}
		return p
	}
})

// New makes an API without operations. It serves /openapi.json, /livez and
// /readyz to anybody and /metrics to whoever is identified.
func New(config Config) *API {
	settle()
	a := &API{Mux: http.NewServeMux(), Metrics: prometheus.NewRegistry(), log: config.Log, now: config.Now,
		crossing: http.NewCrossOriginProtection(), guarded: config.Peers != nil, peers: config.Peers}
	if a.log == nil {
		a.log = slog.Default()
	}
	if a.now == nil {
		a.now = time.Now
	}
	a.started = a.now()
	a.counts = newCounts(a.Metrics)
	a.health = health{now: a.now, log: a.log}
	a.handler = http.HandlerFunc(a.dispatch)
	if config.Peers != nil {
		a.handler = config.Peers.Identify(a.handler)
	}
	described := humaConfig(config)
	a.Huma = huma.NewAPI(described, adapter{a.Mux, described.Components.Schemas, a.guarded})
	a.describe = sync.OnceValues(func() ([]byte, error) { return json.Marshal(a.Huma.OpenAPI()) })
	a.Mux.HandleFunc("GET /openapi.json", a.serveDescription)
	a.Mux.HandleFunc("GET /metrics", a.serveMetrics)
	return a
}

func humaConfig(config Config) huma.Config {
	c := huma.DefaultConfig(config.Title, config.Version)
	c.OpenAPIPath = ""  // served by us, JSON only
	c.DocsPath = ""     // every built-in page loads from a CDN
	c.SchemasPath = ""  // no $schema in answers
	c.CreateHooks = nil // nor a Link header to it
	c.RejectUnknownQueryParameters = true
	format := huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: unmarshal}
	c.Formats = map[string]huma.Format{"application/json": format, "json": format}
	c.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"mutualTLS": {Type: "mutualTLS", Description: "A certificate registered as an officer's or a site's."},
	}
	return c
}

// schemaName names a type by its room and its own name: status.Entry and
// audit.Entry are two.
func schemaName(t reflect.Type, hint string) string {
	named := t
	for named.Kind() == reflect.Pointer || named.Kind() == reflect.Slice || named.Kind() == reflect.Map {
		named = named.Elem()
	}
	name := huma.DefaultSchemaNamer(t, hint)
	room := path.Base(named.PkgPath())
	if named.PkgPath() == "" || room == "serve" || named.Name() == "" || strings.Contains(named.Name(), "[") {
		return name
	}
	return strings.ToUpper(room[:1]) + room[1:] + name
}

// Description returns the OpenAPI 3.1 document. Operations registered after the
// first call are missing from it.
func (a *API) Description() ([]byte, error) {
	text, err := a.describe()
	if err != nil {
		return nil, fmt.Errorf("describing the API: %w", err)
	}
	return text, nil
}

func (a *API) serveDescription(w http.ResponseWriter, r *http.Request) {
	text, err := a.Description()
	if err != nil {
		Refuse(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/openapi+json")
	w.Write(text)
}

// adapter is humago's with the operation's name noted for metrics and log, with our
// limits, and closed to strangers where callers are identified and the operation wants
// to know them.
type adapter struct {
	*http.ServeMux
	schemas huma.Registry
	guarded bool // callers are identified
}

// Handle implements huma.Adapter.
func (a adapter) Handle(op *huma.Operation, handler func(huma.Context)) {
	if op.MaxBodyBytes == humaBody {
		op.MaxBodyBytes = DefaultBody // unset: huma's own default is not ours
	}
	// unmarshal looks for keys given twice in the validating pass only.
	op.SkipValidateBody = false
	trustDecoder(a.schemas, op)
	a.HandleFunc(strings.ToUpper(op.Method)+" "+op.Path, func(w http.ResponseWriter, r *http.Request) {
		if c := callOf(r.Context()); c != nil {
			c.operation = op.OperationID
		}
		// Who is nobody learns nothing of what an operation takes: before the body is read.
		if _, known := pki.ActorFrom(r.Context()); !known && a.guarded && len(op.Security) > 0 {
			Refuse(w, r, anonymous())
			return
		}
		handler(humago.NewContext(op, r, w))
	})
}

// anonymous refuses a caller whom an operation wants to know.
func anonymous() error {
	return pki.Errorf(pki.Forbidden, "officer.anonymous", "nobody is identified on this connection").To("present the certificate registered for you")
}

// ServeHTTP gives the request its id, catches panics, counts, answers for health
// and hands everything else to the operations.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := a.now()
	c, r := a.begin(w, r)
	defer func() {
		if cause := recover(); cause != nil {
			c.recovered(cause)
		}
		a.counts.add(c.operation, c.status, a.now().Sub(start))
		if c.held { // the server ends every request's turn
			l := linkOf(r.Context())
			l.turns.resume(l.seat.crowd)
		}
	}()
	a.route(c, r)
	c.drain(r)
}

func (a *API) route(c *call, r *http.Request) {
	switch r.URL.Path {
	case "/livez":
		c.operation = "livez"
		a.health.live(c, r)
		return
	case "/readyz":
		c.operation = "readyz"
		a.health.ready(c, r)
		return
	}
	if err := a.crossing.Check(r); err != nil {
		refusal := explain(r.Context(), pki.Errorf(pki.Forbidden, "request.cross-origin", "a page of another origin may not call this").
			To("open the page of this platform itself; programs send no Origin header").Because(err))
		refusal.Status = http.StatusForbidden // whoever calls: a certificate would not change it
		Refuse(c, r, refusal)
		return
	}
	if r.ContentLength != 0 {
		// Without a type a browser sends a body across origins unasked.
		if r.Header.Get("Content-Type") == "" {
			Refuse(c, r, protocolError(http.StatusUnsupportedMediaType))
			return
		}
		r.Body = &body{ReadCloser: r.Body, call: c}
	}
	a.handler.ServeHTTP(c, r)
}

// Caller says who the API takes the caller of a request for; an actor without a name is
// nobody.
func (a *API) Caller(r *http.Request) (pki.Actor, error) {
	if a.peers == nil {
		return pki.Actor{}, nil
	}
	actor, _, err := a.peers.Caller(r)
	return actor, err
}

// dispatch is the mux, which notes the pattern it found in the request it gets:
// behind Peers that is a copy, so the call has to know this one.
func (a *API) dispatch(w http.ResponseWriter, r *http.Request) {
	if c := callOf(r.Context()); c != nil {
		c.request = r
	}
	a.Mux.ServeHTTP(w, r)
}
