package pages

import (
	"net/http"
	"time"

	"onecert/pki"
)

// Words is one text in the languages of the pages; an empty one is left out, or stands in
// for by the other.
type Words struct {
	ZH string `json:"zh,omitempty"`
	EN string `json:"en,omitempty"`
}

// Branding is a service's own face. Its zero value is plain.
type Branding struct {
	Name    Words   `json:"name,omitzero"`
	Logo    []byte  `json:"logo,omitempty"`   // PNG, or SVG without anything active; at most 64 KiB
	Colour  string  `json:"colour,omitempty"` // "#rrggbb"; must be readable under white
	Contact Contact `json:"contact,omitzero"`
	Help    string  `json:"help,omitempty"` // https URL or path
	// Redirect, where set, is where people are sent instead of being shown a page: an https
	// URL or a path. The code and the request's id are added as parameters.
	Redirect string `json:"redirect,omitempty"`
}

// Contact is whom to call.
type Contact struct {
	Name  Words  `json:"name,omitzero"`
	Phone string `json:"phone,omitempty"`
	Email string `json:"email,omitempty"`
	Hours Words  `json:"hours,omitzero"`
}

// Codes of problems. The door uses them in its log too.
const (
	NoCertificate   = "no-certificate"
	Malformed       = "malformed"
	Expired         = "expired"
	NotYetValid     = "not-yet-valid"
	Revoked         = "revoked"
	Held            = "held"
	UnknownIssuer   = "unknown-issuer"
	BrokenChain     = "chain"
	WrongUsage      = "wrong-usage"
	StatusUnknown   = "status-unknown"
	NotAllowed      = "not-allowed"
	HigherLevel     = "level"
	BackEndDown     = "backend-down"
	BackEndSlow     = "backend-slow"
	NoApplication   = "no-application"
	TooMany         = "too-many"
	Stopping        = "stopping"
	SessionIdle     = "session-idle"
	SessionExpired  = "session-expired"
	SessionEnded    = "session-ended"
	LoggedOut       = "logged-out"
	Another         = "another-certificate"
	IdentityRefused = "identity"  // what the application would be told cannot be told safely
	BadRequest      = "request"   // the request itself is refused: smuggling, bad host, CSRF
	Failed          = "internal"  // our fault
	TooLarge        = "too-large" // body or headers
)

// Certificate is what a page says about the certificate presented, all optional.
type Certificate struct {
	Subject, Issuer     string // readable
	Serial              string
	NotBefore, NotAfter time.Time
	Usages              []string
	Fingerprint         string
}

// Problem is why a request was not let through.
type Problem struct {
	Code        string // one of the codes
	Status      int    // 0: the code's own
	RequestID   string
	At          time.Time
	Application string       // its name, where known
	Rule        string       // the rule that decided, by its name
	Level       string       // the level needed
	Certificate *Certificate // the one presented
	RetryAfter  time.Duration
	CheckURL    string // the check page; empty: no link
	AgainURL    string // where "log in with another certificate" leads; empty: no link
	BackURL     string // where a logged-out person may log in again
}

// Seen is what the check page shows: what the gateway sees of the person's certificate.
type Seen struct {
	RequestID   string
	At          time.Time
	Address     string
	Protocol    string
	Cipher      string
	Code        string       // "" good, else the code of what is wrong
	Certificate *Certificate // nil: none arrived
	Chain       []Certificate
	AgainURL    string
	CheckURL    string // this page
}

// Pages are a service's pages, ready to be shown.
type Pages struct{}

// New checks a branding and makes the pages.
func New(b Branding) (*Pages, error) { return nil, notYet() }

// Show answers a request with the page of a problem; with problem+json where the client
// does not take HTML; with trailers where it speaks gRPC; with a redirect where the
// administrator wants one.
func (p *Pages) Show(w http.ResponseWriter, r *http.Request, problem Problem) {}

// Check answers with the page that says what the gateway sees of the certificate.
func (p *Pages) Check(w http.ResponseWriter, r *http.Request, seen Seen) {}

func notYet() error {
	return pki.Errorf(pki.NotImplemented, "pages.not-implemented", "this part of the gateway is not built yet")
}
