package audit

import (
	"context"
	"embed"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"onecert/db"
	"onecert/pki"
)

// Result is how an act ended.
type Result string

// The three results.
const (
	Done    Result = "done"
	Refused Result = "refused" // the caller may not, or the object does not allow it
	Failed  Result = "failed"  // allowed, but it did not come about
)

// Act is what somebody did or tried, as handed in.
type Act struct {
	Actor   pki.Actor
	Act     string // "certificate.issue"
	Object  string // what it was done to: a serial, an application id
	Subject string // whose key or certificate it is: the holder id
	Result  Result
	Detail  map[string]string // never a secret, never an identity number
	At      time.Time         // zero: now
}

// Entry is an act as it stands in the log. Numbers start at 0: they are the leaves'
// places in the tree.
type Entry struct {
	Number      int64             `json:"number"`
	At          time.Time         `json:"at"` // to the millisecond
	Actor       string            `json:"actor"`
	Roles       []string          `json:"roles"`
	Certificate string            `json:"certificate,omitempty"` // of the actor, SHA-256 in hexadecimal
	Address     string            `json:"address,omitempty"`
	Act         string            `json:"act"`
	Object      string            `json:"object,omitempty"`
	Subject     string            `json:"subject,omitempty"`
	Result      Result            `json:"result"`
	Detail      map[string]string `json:"detail,omitempty"`
}

// Log is one component's audit log. It is safe for concurrent use.
type Log struct {
	d       *db.DB
	origin  string
	signers []Signer

	// Now is the clock for acts that carry no time.
	Now func() time.Time

	mu   sync.Mutex // guards edge
	edge *edge      // what the last Append left; not trusted before it was compared

	heads  headState
	copies copies
}

//go:embed migrations
var migrations embed.FS

// Open brings the tables up to date, checks that the tree's right edge gives the
// recorded root, and returns the log. origin names it in its heads, as a URL without
// scheme ("onecert.example/ca"). Each signer signs every head.
func Open(ctx context.Context, d *db.DB, origin string, signers ...Signer) (*Log, error) {
	if !isOrigin(origin) {
		return nil, pki.Errorf(pki.Invalid, "audit.origin", "the audit log's origin must be a name without blanks and plus signs").
			To("use the form host/component, such as onecert.example/ca")
	}
	for _, s := range signers {
		if s.Name() != origin {
			return nil, pki.Errorf(pki.Invalid, "audit.origin", "a head's signer bears another name than the log").
				To("make the signer with NewSigner and the log's origin")
		}
	}
	if err := d.Migrate(ctx, "audit", migrations); err != nil {
		return nil, err
	}
	l := &Log{d: d, origin: origin, signers: signers, Now: time.Now}
	size, root, err := head(ctx, d.Read())
	if err != nil {
		return nil, err
	}
	l.edge, err = loadEdge(ctx, d.Read(), size, root)
	return l, err
}

// OpenReadOnly returns the log of a database opened with db.OpenReadOnly, for
// reading and proofs. It checks nothing: that is Verify's.
func OpenReadOnly(d *db.DB) *Log { return &Log{d: d, Now: time.Now} }

// isOrigin is the rule of the C2SP signed-note for key names; ours are also short.
func isOrigin(name string) bool {
	bad := func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || r == '+' }
	return name != "" && len(name) <= 200 && utf8.ValidString(name) && !strings.ContainsFunc(name, bad)
}
