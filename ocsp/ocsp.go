package ocsp

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/keys"
	"onecert/pki"
	"onecert/status"
)

// Enroller asks the CA for the certificates answers are signed with. In one process
// it is the CA itself, across the network its client.
type Enroller interface {
	// Enrol returns the certificate in DER that the issuer makes, under profile
	// ocsp-responder, for a PKCS#10 request. application names the order: asked again
	// with the same name it gives the same certificate.
	Enrol(ctx context.Context, issuer, application string, request []byte) ([]byte, error)
}

// Journal is what the room needs of the status journal: the one ca writes, or a copy
// that follows it across the network. *status.Journal is one.
type Journal interface {
	Next(ctx context.Context, after int64, limit int) ([]status.Entry, error)
	Last(ctx context.Context) (int64, error)
	Record(ctx context.Context, issuer string, serial pki.Serial) (status.Record, error)
}

// Issuer is a CA whose certificates are answered for.
type Issuer struct {
	ID          string // as in the journal
	Certificate *smx509.Certificate
}

// Config says what a Responder answers for and how.
type Config struct {
	Issuers  []Issuer // 1 to 250
	Journal  Journal
	Enroller Enroller // nil: certificates are only read from Dir
	// Dir holds the responder's certificates and its copy of the journal.
	Dir string
	// Key says where the keys live: a URI of room keys in which {issuer} stands for
	// the issuer's id and {n} for the number of the renewal. Without {n} one key is
	// used for good, which is for cards that make none.
	Key     string
	Keys    keys.Options
	Subject pki.Name // of the responder's certificates
	Path    string   // where it is asked; "" means /ocsp

	// Life is how long an answer holds, from the moment its state was known to be
	// true. Zero: an hour.
	Life time.Duration
	// MaxAge is how long a cache may keep an answer, at most half of Life. Zero: a minute.
	MaxAge time.Duration
	// UnknownLife is Life for a certificate nobody knows: it may become valid any
	// moment. Zero: a minute.
	UnknownLife time.Duration
	// MaxLag is how far the copy may be behind the CA's journal. Beyond it nothing is
	// said but that a revocation is final: everything else is "try later", and health
	// is red. Less than Life. Zero: ten minutes.
	MaxLag time.Duration
	// Archive is how long a certificate is answered for after it expired. Zero: five
	// years (the Electronic Signature Law, article 24, has its records kept as long).
	Archive time.Duration
	// Ready bounds the answers kept in memory, in octets. Zero: 256 MiB.
	Ready int
	// Save is how often the copy of the journal is written to Dir, so that a restart
	// needs only what came since. Zero: ten minutes.
	Save time.Duration
	// Behind says how far the Journal itself is behind the CA's; nil: it is the CA's.
	Behind func() time.Duration

	Now func() time.Time // nil: time.Now
	Log *slog.Logger     // nil: slog.Default
}

// Responder answers OCSP requests. It is safe for concurrent use.
type Responder struct {
	cfg      Config
	issuers  []*issuer
	places   map[string]uint8 // of issuers, by id
	names    *directory
	known    *known
	ready    *ready
	labels   labels
	clock    clock
	follow   follower
	counts   counts
	renewing sync.Mutex
	buffers  buffers
}

// issuer is one CA and who signs for it now.
type issuer struct {
	Issuer
	suite  pki.Suite
	signer atomic.Pointer[signer]
	failed atomic.Pointer[failed] // the last renewal or signature that did not work
}

// failed is a failure as health tells it; its cause went to the log.
type failed struct {
	code    string
	signing bool // the next signature mends it, not the next renewal
}

// Defaults and bounds of a Config.
const (
	defaultPath    = "/ocsp"
	defaultReady   = 256 << 20
	defaultArchive = 5 * 366 * 24 * time.Hour
	maxIssuers     = 250
	maxLife        = 30 * 24 * time.Hour
)

// New makes a Responder from its configuration, reads the keys and certificates it
// has, and the copy of the journal it left. It answers "try later" until Run runs.
func New(cfg Config) (*Responder, error) {
	cfg.defaults()
	if err := cfg.check(); err != nil {
		return nil, err
	}
	r := &Responder{cfg: cfg, places: map[string]uint8{}, names: newDirectory(), known: newKnown(), ready: newReady(cfg.Ready),
		clock: clock{now: cfg.Now}, counts: newCounts(), buffers: newBuffers()}
	for i := range cfg.Issuers {
		if err := r.serve(cfg.Issuers[i]); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, wrap("making the responder's folder", err)
	}
	for _, i := range r.issuers {
		if err := r.openSigner(i); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (r *Responder) serve(i Issuer) error {
	suite, err := pki.SuiteOf(i.Certificate.PublicKey)
	if err != nil {
		return wrap("issuer "+i.ID, err)
	}
	bits, err := publicBits(i.Certificate.RawSubjectPublicKeyInfo)
	if err != nil {
		return wrap("issuer "+i.ID, err)
	}
	place := uint8(len(r.issuers))
	if _, taken := r.places[i.ID]; taken || !r.names.add(i.Certificate.RawSubject, bits, place) {
		return pki.Errorf(pki.Invalid, "ocsp.issuer", "issuer %.40q is named twice, or has another's name and key", i.ID).
			To("name each issuing CA once")
	}
	r.places[i.ID] = place
	r.issuers = append(r.issuers, &issuer{Issuer: i, suite: suite})
	return nil
}

func (c *Config) defaults() {
	if c.Path == "" {
		c.Path = defaultPath
	}
	for _, d := range []struct {
		of      *time.Duration
		instead time.Duration
	}{{&c.Life, time.Hour}, {&c.MaxAge, time.Minute}, {&c.UnknownLife, time.Minute}, {&c.MaxLag, 10 * time.Minute},
		{&c.Archive, defaultArchive}, {&c.Save, 10 * time.Minute}} {
		if *d.of == 0 {
			*d.of = d.instead
		}
	}
	if c.Ready == 0 {
		c.Ready = defaultReady
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
}

func (c *Config) check() error {
	switch {
	case len(c.Issuers) == 0 || len(c.Issuers) > maxIssuers:
		return wrong("there must be 1 to %d issuers", maxIssuers)
	case c.Journal == nil:
		return wrong("there is no journal to follow")
	case c.Dir == "" || c.Key == "":
		return wrong("the folder or the place of the keys is missing")
	case len(c.Issuers) > 1 && !strings.Contains(c.Key, placeIssuer):
		return wrong("several issuers need %s in the place of the keys", placeIssuer)
	case !strings.HasPrefix(c.Path, "/") || len(c.Path) < 2 || strings.HasSuffix(c.Path, "/"):
		return wrong("the path must begin with a slash and not end with one")
	case c.Life < 2*time.Second || c.Life > maxLife || c.UnknownLife < time.Second || c.MaxAge < 0 || c.MaxAge > c.Life/2:
		return wrong("an answer must hold for 2 s to %d days, and be kept by caches for half of that at most", maxLife/24/time.Hour)
	case c.MaxLag <= 0 || c.MaxLag >= c.Life:
		return wrong("the copy may not be as far behind as an answer holds")
	case c.Archive < 0 || c.Save < 0 || c.Ready < 0:
		return wrong("a duration or a size is negative")
	}
	return nil
}

func wrong(text string, args ...any) error {
	return pki.Errorf(pki.Invalid, "ocsp.config", text, args...).To("mend the configuration of the OCSP responder")
}

// Run follows the journal and keeps the responder's certificates new, until ctx ends.
// It writes its copy of the journal down before it returns.
func (r *Responder) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() { r.keepSigners(ctx); ended <- nil }()
	err := r.keepCopy(ctx)
	cancel()
	<-ended
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
