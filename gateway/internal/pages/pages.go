package pages

import "time"

// Words is one text in the languages of the pages; where one is empty, the other stands
// in for it.
type Words struct {
	ZH string `json:"zh,omitempty" maxLength:"200"`
	EN string `json:"en,omitempty" maxLength:"200"`
}

// Branding is a service's own face. Its zero value is plain.
type Branding struct {
	Title   Words   `json:"title,omitzero" doc:"whose service it is, as people know it"`
	Logo    []byte  `json:"logo,omitempty" doc:"PNG, or SVG without anything active, base64; at most 64 KiB" maxLength:"87384"`
	Colour  string  `json:"colour,omitempty" doc:"#rrggbb of the head of the page, on which white is readable" pattern:"^#[0-9a-fA-F]{6}$"`
	Contact Contact `json:"contact,omitzero" doc:"whom to call"`
	Help    string  `json:"help,omitempty" doc:"https URL or path of a page with more" maxLength:"2048"`
	// Redirect, where set, is where people are sent instead of being shown why they are not
	// let through. The code and the request's id are added as parameters.
	Redirect string `json:"redirect,omitempty" doc:"https URL or path of the administrator's own page; code and request_id are added" maxLength:"2048"`
}

// Contact is whom to call.
type Contact struct {
	Name  Words  `json:"name,omitzero"`
	Phone string `json:"phone,omitempty" maxLength:"64"`
	Email string `json:"email,omitempty" maxLength:"254"`
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
	BackURL     string // where to go on, such as logging in again; empty: no link
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
