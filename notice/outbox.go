package notice

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"embed"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"slices"
	"sync"
	"time"

	"onecert/db"
	"onecert/pki"
)

// Config is what an Outbox needs.
type Config struct {
	DB      *db.DB
	Keys    []Key    // the first seals; all open, so that keys can be changed
	SMTP    *SMTP    // nil: no mail
	Targets []Target // of webhooks
	Limits  Limits
	Random  io.Reader        // nil: the system's
	Now     func() time.Time // nil: the system's clock
	Log     *slog.Logger     // nil: the default
}

// Limits are the times and counts of an outbox; what is 0 is as said here.
type Limits struct {
	Every    time.Duration // between two looks at an outbox without work: 2 s
	First    time.Duration // before the second try: 1 min, then twice as long each time
	Longest  time.Duration // between two tries at most: 6 h
	GiveUp   time.Duration // since the notice was first due: 3 days
	Keep     time.Duration // personal data after the notice has ended: 14 days
	Forget   time.Duration // the notice after it has ended, and with it its key: 2 years
	PerHour  int           // mails to one address: 10
	Together int           // as many notices due to one address go as a mail each, more as one digest: 3
}

const day = 24 * time.Hour

func (l Limits) orUsual() Limits {
	l.Every, l.First, l.Longest = cmp.Or(l.Every, 2*time.Second), cmp.Or(l.First, time.Minute), cmp.Or(l.Longest, 6*time.Hour)
	l.GiveUp, l.Keep, l.Forget = cmp.Or(l.GiveUp, 3*day), cmp.Or(l.Keep, 14*day), cmp.Or(l.Forget, 2*365*day)
	l.PerHour, l.Together = cmp.Or(l.PerHour, 10), cmp.Or(l.Together, 3)
	return l
}

func (l Limits) check() error {
	if min(l.Every, l.First, l.Longest, l.GiveUp, l.Keep, l.Forget) <= 0 || min(l.PerHour, l.Together) <= 0 ||
		l.First > l.Longest || l.Keep > l.Forget {
		return pki.Errorf(pki.Invalid, "notice.limits", "the limits of notices must be positive, and no try may be put off longer than the longest").
			To("leave out what should be as usual")
	}
	return nil
}

// Outbox holds the notices of one component's database. It is safe for concurrent use.
type Outbox struct {
	cfg     Config
	sealers []*sealer
	ways    []*way

	mu     sync.Mutex // guards counts and the ways' standing
	counts map[count]uint64
}

//go:embed migrations
var migrations embed.FS

// Migrations returns the room's tables, for bringing back a backup of them.
func Migrations() fs.FS { return migrations }

// Open brings the tables up to date and returns the outbox. It sends nothing before
// Run. Errors of the configuration are *pki.Error.
func Open(ctx context.Context, cfg Config) (*Outbox, error) {
	cfg.Limits = cfg.Limits.orUsual()
	if cfg.Random == nil {
		cfg.Random = rand.Reader
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if err := cfg.Limits.check(); err != nil {
		return nil, err
	}
	o := &Outbox{cfg: cfg, counts: map[count]uint64{}}
	for _, k := range cfg.Keys {
		s, err := newSealer(k)
		if err != nil {
			return nil, err
		}
		o.sealers = append(o.sealers, s)
	}
	if len(o.sealers) == 0 {
		return nil, pki.Errorf(pki.Invalid, "notice.seal", "there is no key to seal notices with").To("name a file of %d random octets", keySize)
	}
	if err := o.openWays(); err != nil {
		return nil, err
	}
	return o, cfg.DB.Migrate(ctx, "notice", migrations)
}

// openWays makes a way for mail and for each target.
func (o *Outbox) openWays() error {
	if o.cfg.SMTP != nil {
		m, err := newMailer(*o.cfg.SMTP)
		if err != nil {
			return err
		}
		o.ways = append(o.ways, &way{channel: Mail, carrier: m})
	}
	for _, t := range o.cfg.Targets {
		if o.Has(Webhook(t.Name)) {
			return pki.Errorf(pki.Invalid, "notice.target", "two webhook targets are called %.60q", t.Name)
		}
		h, err := newHook(t, o.cfg.Now)
		if err != nil {
			return err
		}
		o.ways = append(o.ways, &way{channel: Webhook(t.Name), carrier: h})
	}
	return nil
}

// Has reports whether a channel is configured.
func (o *Outbox) Has(c Channel) bool {
	return slices.ContainsFunc(o.ways, func(w *way) bool { return w.channel == c })
}

// Post puts a notice into the outbox as part of tx: it will be sent if tx commits.
// posted is false if a notice of that key was posted before, whatever became of it.
// A notice that could not be sent is refused with a *pki.Error before anything is
// written.
func (o *Outbox) Post(ctx context.Context, tx *sql.Tx, n Notice) (posted bool, err error) {
	if err := n.check(); err != nil {
		return false, err
	}
	if !o.Has(n.Channel) {
		return false, pki.Errorf(pki.Conflict, "notice.channel", "notices cannot go by %.80q, which is not configured", string(n.Channel)).
			To("configure the mail server or the webhook target")
	}
	s := o.sealers[0]
	sealed, err := s.seal(o.cfg.Random, n)
	if err != nil {
		return false, err
	}
	now := o.cfg.Now()
	first := now
	if n.NotBefore.After(now) {
		first = n.NotBefore
	}
	return insert(ctx, tx, row{key: n.Key, kind: n.Kind, channel: n.Channel, thread: n.Thread,
		recipient: s.recipient(n.To), masked: n.To.Masked(), keyID: s.id, sealed: sealed, state: Waiting,
		posted: now, next: first, stale: n.Until, giveUp: first.Add(o.cfg.Limits.GiveUp)})
}

// openRow returns what a row has sealed.
func (o *Outbox) openRow(r row) (content, error) {
	for _, s := range o.sealers {
		if s.id == r.keyID {
			return s.open(r.key, r.channel, r.sealed)
		}
	}
	return content{}, fmt.Errorf("notice %d: %w", r.id, errUnsealed)
}
