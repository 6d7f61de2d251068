package sso

import (
	"context"
	"io"
	"log/slog"
	"time"

	"onecert/audit"
	"onecert/db"
	"onecert/keys"
	"onecert/pki"
)

// Config is what sessions need. DB and Sealer are required.
type Config struct {
	DB     *db.DB
	Audit  *audit.Log   // in the same database; nil: nothing is recorded
	Sealer *keys.Sealer // seals the keys of tokens at rest
	// Realm keeps the tokens of two kinds of people apart ("holder", "officer"): a token
	// of one is nothing in the other. "" is holder.
	Realm  string
	Cipher keys.SealAlgorithm // of tokens: AES256GCM or SM4GCM; "": that of Sealer
	Limits Limits

	Now    func() time.Time // nil: time.Now
	Random io.Reader        // nil: crypto/rand
	Log    *slog.Logger     // nil: nothing is logged
}

// Limits are the times and counts of sessions; what is 0 is as said here.
type Limits struct {
	Idle     time.Duration // without a request: 30 min
	Absolute time.Duration // in all: 12 h
	PerUser  int           // sessions of one user at once: 10; negative: not limited
	// Refuse the login that is one too many; otherwise the oldest session ends for it.
	Refuse  bool
	KeyLife time.Duration // how long a key seals new tokens: 24 h
}

// Sessions opens, reads, lists and ends sessions. It is safe for concurrent use.
type Sessions struct{ cfg Config }

// New brings the tables up to date, makes the first key where there is none, and reads
// what has ended. Keep must run for rotation and for the news of other processes.
func New(ctx context.Context, cfg Config) (*Sessions, error) { return nil, notBuilt() }

// Keep rotates keys, follows the journal of ended sessions and forgets what is over,
// until ctx ends.
func (s *Sessions) Keep(ctx context.Context) { <-ctx.Done() }

// Open begins a session and returns its token. The session and its token are always new,
// whatever the browser came with. With the store away it is Unavailable (sso.store).
func (s *Sessions) Open(ctx context.Context, l Login) (token string, session Session, err error) {
	return "", Session{}, notBuilt()
}

// Read opens a token. It asks nobody and waits for nothing. Errors are *pki.Error,
// Forbidden: sso.token (not one of ours, or of another realm), sso.idle, sso.over
// (absolute end), sso.ended (before its time).
func (s *Sessions) Read(token string, now time.Time) (Session, error) { return Session{}, notBuilt() }

// Renew returns a fresh token for a session that Read returned at now, where its token
// has become old enough; renewed is false where there is nothing to do. Whoever renews
// sets the new cookie beside the answer.
func (s *Sessions) Renew(session Session, now time.Time) (token string, renewed bool, err error) {
	return "", false, notBuilt()
}

// End ends a session. It is over in this process when End returns, also where the store
// is away and End says so; others learn it from the journal.
func (s *Sessions) End(ctx context.Context, id string, why Why) error { return notBuilt() }

// EndOfCertificate ends every session of a certificate that was opened until now.
func (s *Sessions) EndOfCertificate(ctx context.Context, issuer string, serial pki.Serial, why Why) error {
	return notBuilt()
}

// EndOfUser ends every session of a user that was opened until now.
func (s *Sessions) EndOfUser(ctx context.Context, user string, why Why) error { return notBuilt() }

// Query filters sessions; what is empty filters nothing.
type Query struct {
	User   string
	Issuer string
	Serial pki.Serial
	Ended  bool   // those that have ended as well
	After  string // id of the last one on the page before
	Limit  int    // 1 to 1000; 0: 100
}

// Row is a session as the store knows it. LastSeen is some seconds old.
type Row struct {
	Session
	Address string    `json:"address"`
	Ended   time.Time `json:"ended,omitzero"`
	Why     Why       `json:"why,omitempty"`
}

// List returns sessions by id.
func (s *Sessions) List(ctx context.Context, q Query) ([]Row, error) { return nil, notBuilt() }

// Ending is one line of the journal of ended sessions. Exactly one of ID, Serial (with
// Issuer) and User says what ended; the last two: everything opened until At.
type Ending struct {
	Number int64      `json:"number"`
	At     time.Time  `json:"at"`
	ID     string     `json:"id,omitempty"`
	Issuer string     `json:"issuer,omitempty"`
	Serial pki.Serial `json:"serial,omitempty"`
	User   string     `json:"user,omitempty"`
	Why    Why        `json:"why"`
	// Until is when the ending may be forgotten: nothing it is about lives longer.
	Until time.Time `json:"until"`
}

// Follow hands every ending after a number to fn, in order and without gaps, until ctx
// ends or fn returns an error. What may be forgotten is left out.
func (s *Sessions) Follow(ctx context.Context, after int64, fn func([]Ending) error) error {
	return notBuilt()
}

// Next is the dispatcher: what a login that needs some steps and has proven others must
// do now; ok is false when it is done. No step knows another. A step nobody built is
// NotImplemented.
func Next(needed, proven []Step) (step Step, ok bool, err error) { return "", false, notBuilt() }

func notBuilt() error {
	return pki.Errorf(pki.NotImplemented, "sso.not-implemented", "sessions are not built yet")
}
