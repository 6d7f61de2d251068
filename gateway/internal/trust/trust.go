package trust

import (
	"context"
	"io"
	"log/slog"
	"time"

	"onecert/pki"
	"onecert/status"
	"onecert/verify"
)

// Options is what a Store needs beyond its configuration. The zero value works, without
// a journal and without a memory of lists across a restart.
type Options struct {
	// Dir is where good lists and uploads are kept, so that a restart needs no network;
	// "" for nowhere, and uploads are then lost with the process.
	Dir string
	// Journal is the platform's status journal, its own or a copy; nil where there is
	// none. Behind says how far a copy is behind its source (status.Copy.Age).
	Journal *status.Journal
	Behind  func() time.Duration
	// OnRevoked is told of each certificate the journal says is revoked or held, within
	// its lag. It must return soon; Judge knows already.
	OnRevoked func(issuer string, serial pki.Serial)
	Now       func() time.Time // nil: time.Now
	Random    io.Reader        // jitter and nonces; nil: crypto/rand
	Log       *slog.Logger     // nil: nothing is logged
	Remember  int              // certificates whose path is remembered; 0: 100,000
}

// Store has the sets of a configuration and the data behind them.
type Store struct{ opts Options }

// Set is one named set of CAs. It stays the same object when the configuration changes.
type Set struct {
	name  string
	store *Store
}

// Check refuses a configuration that cannot work, naming the field.
func Check(c Config) error { return notBuilt() }

// New returns a Store; it loads what Options.Dir has and begins to fetch the rest.
// Close ends it.
func New(c Config, o Options) (*Store, error) { return nil, notBuilt() }

// Apply takes another configuration over, or refuses it whole. Sources that are in both
// keep their data.
func (s *Store) Apply(c Config) error { return notBuilt() }

// Close ends fetching and following.
func (s *Store) Close() {}

// Set returns a set by name. Of a name that is in no configuration every certificate is
// of an unknown issuer.
func (s *Store) Set(name string) *Set { return &Set{name, s} }

// Generation changes whenever a verdict may have changed otherwise than by time.
func (s *Store) Generation() uint64 { return 0 }

// Judge says what a presented certificate is worth for logging in at a moment. chain is
// what the client sent, DER, its certificate first. ctx bounds what may be fetched for a
// certificate that is asked by OCSP; otherwise nothing waits.
func (s *Set) Judge(ctx context.Context, chain [][]byte, at time.Time) Verdict {
	return Verdict{Code: StatusUnknown, Reasons: []verify.Reason{{Code: "trust.not-implemented", Wrong: "nobody built this path"}}}
}

// Upload hands a list to a source of kind upload, PEM or DER.
func (s *Store) Upload(ctx context.Context, ca, source string, data []byte) (SourceHealth, error) {
	return SourceHealth{}, notBuilt()
}

// Refresh fetches a source now.
func (s *Store) Refresh(ctx context.Context, ca, source string) (SourceHealth, error) {
	return SourceHealth{}, notBuilt()
}

// SourceHealth is how one source is, for people.
type SourceHealth struct {
	CA         string    `json:"ca"`
	Source     string    `json:"source"`
	Kind       string    `json:"kind"`
	Address    string    `json:"address,omitempty" doc:"without credentials"`
	State      string    `json:"state" enum:"good,stale,missing" doc:"whether its data may be relied on"`
	Issuer     string    `json:"issuer,omitempty" doc:"of the list"`
	Delta      bool      `json:"delta,omitempty"`
	Number     string    `json:"number,omitempty"`
	ThisUpdate time.Time `json:"thisUpdate,omitzero"`
	NextUpdate time.Time `json:"nextUpdate,omitzero"`
	Entries    int64     `json:"entries"`
	Bytes      int64     `json:"bytes" doc:"of memory"`
	Age        float64   `json:"age" doc:"seconds since its data was last known to be current"`
	Fetched    time.Time `json:"fetched,omitzero"`
	Next       time.Time `json:"next,omitzero" doc:"when it is looked at again"`
	Failures   int       `json:"failures" doc:"in a row"`
	Error      string    `json:"error,omitempty" doc:"the last failure since it was good, in words"`
}

// Health tells how every source is, by CA and name.
func (s *Store) Health() []SourceHealth { return nil }

// AuthorityNames are the DER names of the anchors and intermediates of a set, for the
// handshake of a service that names its CAs.
func (s *Set) AuthorityNames() [][]byte { return nil }

func notBuilt() error {
	return pki.Errorf(pki.NotImplemented, "trust.not-implemented", "trust sets are not built yet")
}
