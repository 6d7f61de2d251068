package officer

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"onecert/audit"
	"onecert/db"
	"onecert/pki"
)

// refreshEvery is how soon a change made by another process is known here; after
// staleAfter failed looks in a row nobody is let in any more, as nobody can say
// whose rights have ended.
const (
	refreshEvery = time.Second
	staleAfter   = 10
)

// Registry is who may operate one component. Its answers come from memory; it is
// safe for concurrent use.
type Registry struct {
	Random io.Reader // for codes; crypto/rand

	d     *db.DB
	log   *audit.Log
	now   func() time.Time
	tries tries

	known   atomic.Pointer[snapshot]
	failed  atomic.Int32 // looks in a row that failed
	refresh sync.Mutex

	deedLock sync.Mutex
	deeds    map[Operation]Deed

	stop    context.CancelFunc
	stopped chan struct{}
}

// snapshot is all registered certificates as of one change.
type snapshot struct {
	change   int64
	officers map[[sha256.Size]byte]member
}

type member struct {
	actor pki.Actor
	ended bool
}

//go:embed migrations
var migrations embed.FS

// Open brings the tables up to date in the component's database, which is also
// log's, and begins to follow it until Close. now is nil for the machine's clock.
func Open(ctx context.Context, d *db.DB, log *audit.Log, now func() time.Time) (*Registry, error) {
	if log == nil {
		return nil, errors.New("opening the officers' registry: no audit log")
	}
	if now == nil {
		now = time.Now
	}
	if err := d.Migrate(ctx, "officer", migrations); err != nil {
		return nil, err
	}
	r := &Registry{Random: rand.Reader, d: d, log: log, now: now, stopped: make(chan struct{}), deeds: map[Operation]Deed{}}
	r.OnApproved(EndSecurity, r.endApproved)
	if err := r.look(ctx); err != nil {
		return nil, err
	}
	following, stop := context.WithCancel(context.Background())
	r.stop = stop
	go r.follow(following)
	return r, nil
}

// Close ends the following; the database stays open.
func (r *Registry) Close() {
	r.stop()
	<-r.stopped
}

// Actor returns who a verified certificate is. An unknown one is asked for once
// in the database, as it may have been registered a moment ago.
func (r *Registry) Actor(ctx context.Context, certificate []byte) (pki.Actor, error) {
	if r.failed.Load() >= staleAfter {
		return pki.Actor{}, pki.Errorf(pki.Unavailable, "officer.stale", "the officers' registry cannot be read").
			To("look at the database; nobody is let in until it answers")
	}
	fingerprint := sha256.Sum256(certificate)
	m, ok := r.known.Load().officers[fingerprint]
	if !ok {
		if err := r.look(ctx); err != nil {
			return pki.Actor{}, pki.Errorf(pki.Unavailable, "officer.stale", "the officers' registry cannot be read").
				To("try again").Because(err)
		}
		m, ok = r.known.Load().officers[fingerprint]
	}
	switch {
	case !ok:
		return pki.Actor{}, pki.Errorf(pki.Forbidden, "officer.unknown", "this certificate is not registered as an officer's or a site's").
			To("have it registered by the security administrator, or enrol with a one-time code")
	case m.ended:
		return pki.Actor{}, pki.Errorf(pki.Forbidden, "officer.ended", "the registration of this certificate has been ended").
			To("use the certificate registered last, or ask the security administrator")
	}
	return m.actor, nil
}

// Check returns the actor of ctx if it may do op. A refusal of a known actor is
// written to the audit log; if that fails, its error is returned.
func (r *Registry) Check(ctx context.Context, op Operation) (pki.Actor, error) {
	actor, ok := pki.ActorFrom(ctx)
	if !ok {
		// Not recorded: anybody could fill the log.
		return pki.Actor{}, anonymous()
	}
	if err := May(actor, op); err != nil {
		return pki.Actor{}, r.Refused(ctx, op, "", err)
	}
	return actor, nil
}

func anonymous() error {
	return pki.Errorf(pki.Forbidden, "officer.anonymous", "nobody is identified on this connection").
		To("present the certificate registered for you")
}

// Refused writes to the audit log that an operation on object was refused, and
// returns why, or that the log cannot be written. Call it outside transactions.
func (r *Registry) Refused(ctx context.Context, op Operation, object string, why error) error {
	actor, _ := pki.ActorFrom(ctx)
	err := r.log.Record(ctx, audit.Act{Actor: actor, Act: string(op), Object: object, Result: audit.Refused,
		Detail: map[string]string{"code": pki.CodeOf(why)}, At: r.now()})
	if err != nil {
		return err
	}
	return why
}

// follow looks for changes of other processes until ctx is done.
func (r *Registry) follow(ctx context.Context) {
	defer close(r.stopped)
	tick := time.NewTicker(refreshEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			// A failure is counted, and Actor says so when there are too many.
			_ = r.look(ctx)
		}
	}
}

// look reads the registry anew if something changed.
func (r *Registry) look(ctx context.Context) error {
	r.refresh.Lock()
	defer r.refresh.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), refreshEvery)
	defer cancel()
	err := r.load(ctx)
	if err != nil {
		r.failed.Add(1)
		return err
	}
	r.failed.Store(0)
	return nil
}

func (r *Registry) load(ctx context.Context) error {
	change, err := lastChange(ctx, r.d.Read())
	if err != nil {
		return err
	}
	if old := r.known.Load(); old != nil && old.change == change {
		return nil
	}
	// A change between the two reads is seen now and read once more next time.
	all, err := officers(ctx, r.d.Read(), "")
	if err != nil {
		return err
	}
	next := &snapshot{change: change, officers: make(map[[sha256.Size]byte]member, len(all))}
	for _, o := range all {
		var key [sha256.Size]byte
		if n, err := hex.Decode(key[:], []byte(o.Fingerprint)); err != nil || n != len(key) {
			return errors.New("reading the officers: a fingerprint is malformed")
		}
		next.officers[key] = member{ended: !o.Active(),
			actor: pki.Actor{Name: o.Name, Roles: o.Roles, Certificate: o.Fingerprint}}
	}
	r.known.Store(next)
	return nil
}

// change runs act in a transaction and takes what it did into memory.
func (r *Registry) change(ctx context.Context, act func(tx *sql.Tx) error) error {
	if err := r.d.Tx(ctx, act); err != nil {
		return err
	}
	// It is committed; that it is not seen here yet is for follow to mend.
	_ = r.look(ctx)
	return nil
}
