package sso

import (
	"cmp"
	"context"
	"crypto/rand"
	"embed"
	"io"
	"io/fs"
	"log/slog"
	"regexp"
	"sync"
	"sync/atomic"
	"time"

	"onecert/audit"
	"onecert/db"
	"onecert/keys"
	"onecert/pki"
	"onecert/serve"
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

func (l Limits) orUsual() Limits {
	l.Idle, l.Absolute = cmp.Or(l.Idle, 30*time.Minute), cmp.Or(l.Absolute, 12*time.Hour)
	l.PerUser, l.KeyLife = cmp.Or(l.PerUser, 10), cmp.Or(l.KeyLife, 24*time.Hour)
	return l
}

func (l Limits) check() error {
	if l.Idle < time.Minute || l.Absolute < l.Idle || l.Absolute > 31*24*time.Hour || l.KeyLife < time.Hour || l.KeyLife > 31*24*time.Hour || l.PerUser > 10_000 {
		return pki.Errorf(pki.Invalid, "sso.limits", "the limits of sessions do not fit: idle at least a minute and no longer than the whole, the whole at most 31 days, "+
			"keys between an hour and 31 days, at most 10,000 sessions a user").To("leave out what should be as usual")
	}
	return nil
}

// Sessions opens, reads, lists and ends sessions. It is safe for concurrent use.
type Sessions struct {
	cfg     Config
	limits  atomic.Pointer[Limits]
	ring    atomic.Pointer[ring]
	buffers buffers
	recent  *recent

	ids          *ended[string]
	certificates *ended[certificate]
	users        *ended[string]

	opening *db.Collector[*opening]
	seen    seen
	news    news

	mu       sync.Mutex // guards what follows
	position int64      // of the last ending applied
	pending  []ending   // that the store does not have yet
	fault    error      // of the last look at the store; nil while it is well
}

// certificate names one as its issuer's journal does.
type certificate struct {
	issuer string
	serial pki.Serial
}

//go:embed migrations
var migrations embed.FS

// Migrations returns the room's tables, for bringing back a backup of them.
func Migrations() fs.FS { return migrations }

var realmName = regexp.MustCompile(`^[a-z]{1,16}$`)

// New brings the tables up to date, makes the first key where there is none, and reads
// what has ended. Keep must run for rotation and for the news of other processes.
func New(ctx context.Context, cfg Config) (*Sessions, error) {
	cfg.Realm = cmp.Or(cfg.Realm, "holder")
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Random == nil {
		cfg.Random = rand.Reader
	}
	if cfg.Sealer == nil {
		return nil, pki.Errorf(pki.Invalid, "sso.sealer", "there is no key to seal the keys of sessions with").To("name one in the configuration")
	}
	cfg.Cipher = cmp.Or(cfg.Cipher, cfg.Sealer.Algorithm())
	if cfg.Cipher != keys.AES256GCM && cfg.Cipher != keys.SM4GCM {
		return nil, pki.Errorf(pki.Invalid, "sso.cipher", "session tokens are sealed with %s or %s", keys.AES256GCM, keys.SM4GCM)
	}
	if !realmName.MatchString(cfg.Realm) {
		return nil, pki.Errorf(pki.Invalid, "sso.realm", "a realm is 1 to 16 small letters")
	}
	s := &Sessions{cfg: cfg, recent: newRecent(), ids: newEnded[string](), certificates: newEnded[certificate](), users: newEnded[string]()}
	if err := s.Limit(cfg.Limits); err != nil {
		return nil, err
	}
	if err := cfg.DB.Migrate(ctx, "sso", migrations); err != nil {
		return nil, err
	}
	if err := s.addRealm(ctx); err != nil {
		return nil, err
	}
	if err := s.turnKeys(ctx); err != nil {
		return nil, err
	}
	if err := s.catchUp(ctx); err != nil {
		return nil, err
	}
	s.opening = db.Collect(256, s.openAll)
	return s, nil
}

// Limit changes the limits. Idle time-outs count at once, the rest for sessions opened
// from now on.
func (s *Sessions) Limit(l Limits) error {
	l = l.orUsual()
	if err := l.check(); err != nil {
		return err
	}
	s.limits.Store(&l)
	return nil
}

// Close ends what New began; Keep must have ended.
func (s *Sessions) Close() { s.opening.Stop() }

// Connect would return the sessions of another process across the network. Nobody built
// that: gateways that share sessions share the database for now, where every one of them
// reads tokens by itself.
func Connect(context.Context, *serve.Client) (*Sessions, error) {
	return nil, pki.Errorf(pki.NotImplemented, "sso.connect", "sessions across the network are not built yet").
		To("run the gateway and its sessions in one process, or give several the same PostgreSQL database")
}

func (s *Sessions) log(message string, args ...any) {
	if s.cfg.Log != nil {
		s.cfg.Log.Warn(message, append([]any{"realm", s.cfg.Realm}, args...)...)
	}
}

// errStore says that the store is away, in words for whoever wants to log in.
func errStore(err error) error {
	if pki.KindOf(err) != pki.Internal {
		return err
	}
	return pki.Errorf(pki.Unavailable, "sso.store", "sessions cannot be opened or ended now, because their store does not answer").
		To("try again in a moment; sessions that are open go on").Because(err)
}
