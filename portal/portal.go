package portal

import (
	"context"
	"embed"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"onecert/pki"
	"onecert/status"
)

//go:embed pages
var pages embed.FS

// Certificate is a published certificate.
type Certificate struct {
	Issuer string
	Serial pki.Serial
	Role   string // single, sign or encrypt
	DER    []byte
}

// Authority is a CA the site shows.
type Authority struct {
	ID         string
	Suite      pki.Suite
	Chain      [][]byte // its own certificate first, the root last, DER
	Partitions int      // 0 where only a complete list exists
	Lists      string   // address its lists stand under, without a slash at the end
	Files      string   // address CA certificates stand under ({id}.cer, {id}-chain.pem), likewise
}

// Directory is where published certificates are found; ldap has one. What is not
// published is a *pki.Error Unknown.
type Directory interface {
	Holder(ctx context.Context, holder string) ([]Certificate, error)
	Certificate(ctx context.Context, issuer string, serial pki.Serial) (*Certificate, error)
}

// Config is what a Portal needs.
type Config struct {
	Operator    string // whose service it is, as people know it: "示例省电子政务"
	Status      *status.Journal
	Fresh       func() status.Freshness // nil where the journal is the writer's own
	Directory   Directory
	Authorities func() []Authority
	// List returns the complete list published at an address that a CA's certificate
	// names, DER; nil if that is not of this site. Nil: none is.
	List func(ctx context.Context, address string) ([]byte, error)
	// Board is what the registration announces and by which rules it works; nil: no
	// registration is configured, and the site has no such pages.
	Board *Board
	// SelfService and Console are where holders and officers go, https addresses; "": the
	// site does not send anybody there.
	SelfService, Console string
	// Interfaces are the OpenAPI documents of the components by name, for those who build
	// applications.
	Interfaces map[string][]byte
	Now        func() time.Time
	Log        *slog.Logger
}

// Portal is the site's handler.
type Portal struct {
	cfg   Config
	mux   *http.ServeMux
	views map[string]*template.Template // by language and page

	sheets     map[string]map[string]*sheet // by language and address
	interfaces []described
}

// New reads the pages.
func New(cfg Config) (*Portal, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	p := &Portal{cfg: cfg, mux: http.NewServeMux()}
	for _, read := range []func() error{p.parse, p.readWords, p.readInterfaces} {
		if err := read(); err != nil {
			return nil, err
		}
	}
	style, err := fs.ReadFile(pages, "pages/style.css")
	if err != nil {
		return nil, err
	}
	p.mux.HandleFunc("GET /{$}", p.home)
	p.mux.HandleFunc("GET /authorities", p.authorities)
	p.mux.HandleFunc("GET /lookup", p.lookup)
	p.mux.HandleFunc("POST /lookup", p.upload)
	p.mux.HandleFunc("GET /certificates/{issuer}/{serial}", p.certificate)
	p.mux.HandleFunc("GET /style.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		w.Header().Set("Cache-Control", "max-age=3600")
		w.Write(style)
	})
	p.sheetRoutes()
	p.boardRoutes()
	p.mux.HandleFunc("GET /downloads", p.download)
	p.mux.HandleFunc("GET /developers/api/{file}", p.document)
	p.mux.HandleFunc("/", p.missing)
	return p, nil
}

// ServeHTTP implements http.Handler. Nothing on the pages comes from elsewhere and
// nothing runs in them; other places are links.
func (p *Portal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer") // addresses name certificates
	h.Set("Cache-Control", "no-store")
	p.mux.ServeHTTP(w, r)
}

func (p *Portal) home(w http.ResponseWriter, r *http.Request) {
	notices := p.notices(language(r))
	p.show(w, r, http.StatusOK, "home", notices[:min(len(notices), 3)])
}

func (p *Portal) missing(w http.ResponseWriter, r *http.Request) {
	p.show(w, r, http.StatusNotFound, "wrong", pki.Errorf(pki.Unknown, "portal.page", "there is no such page"))
}
