package ra

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"

	"onecert/audit"
	"onecert/db"
	"onecert/officer"
	"onecert/pki"
)

// Orders is how certificates are made: the CA, in this process or across the network.
// Asked twice for one application it gives the same certificates.
type Orders interface {
	Carry(ctx context.Context, o Order) (*Made, error)
}

// States is how a certificate's state is changed at the CA. Done twice it is done once.
type States interface {
	Revoke(ctx context.Context, issuer string, serial pki.Serial, reason string) error
	Hold(ctx context.Context, issuer string, serial pki.Serial) error
	Release(ctx context.Context, issuer string, serial pki.Serial) error
}

// Holders is what the CA knows of people across all branches (features H18).
type Holders interface {
	Identify(ctx context.Context, kind, number string) (holder string, err error)
	Held(ctx context.Context, holder string) ([]Certificate, error)
}

// Sealer seals what nobody may read in the database; aad binds it to its row.
type Sealer interface {
	Seal(random io.Reader, plaintext, aad []byte) ([]byte, error)
	Open(blob, aad []byte) ([]byte, error)
}

// Config is everything a registration is made of. DB, Audit, Check, Sealer and Home
// are required; Orders, States and Holders where this process has a way to the CA.
type Config struct {
	DB    *db.DB
	Audit *audit.Log
	// Check says whether the actor of the context may do an operation.
	Check    func(ctx context.Context, op officer.Operation) (pki.Actor, error)
	Officers *officer.Registry
	Sealer   Sealer
	// Home is the node this process works for, with everything below that has no
	// process of its own.
	Home Node

	// Agreements says that no node becomes active without a signed agreement on record
	// (features H17).
	Agreements bool

	// Self is what self-service needs beyond this; the zero value has no codes.
	Self SelfConfig
	// Notices is how holders are told; the zero value tells nobody.
	Notices Notices

	// DraftDays is after how many days without a touch drafts and returned applications
	// are given up and erased; 0: 90, below 0: never.
	DraftDays int

	// KeysPerDay is how many calls of one officer under HeaderKey are remembered a day;
	// 0: 20,000.
	KeysPerDay int

	// Paperless says that materials are kept elsewhere: none has to be attached.
	Paperless bool

	// Keys makes signing keys for holders without tools; nil where none may be made.
	Keys Keys

	Orders  Orders
	States  States
	Holders Holders

	// Elsewhere counts what waits for an officer in other rooms; nil: nothing does.
	Elsewhere Elsewhere

	// Upstream is the registration above, where this is a counter with a process of its
	// own: what it registers is reviewed and carried out there.
	Upstream Upstream

	Now    func() time.Time
	Random io.Reader
	Log    *slog.Logger
}

// Registration is a registration authority, or a local counter: the node at home and
// what lies below it.
type Registration struct {
	cfg     Config
	release func()
	// carrying stores what the CA has carried out, for many callers with one commit.
	carrying *db.Collector[*carried]
	link     linkWatch
	going    carryings
	// sending are messages on their way to the Messenger.
	sending sync.WaitGroup
}

// New migrates the database, takes the single-writer lease, and makes the home node at
// the first start.
func New(ctx context.Context, cfg Config) (*Registration, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Random == nil {
		cfg.Random = rand.Reader
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	r := &Registration{cfg: cfg}
	if r.cfg.Self.Messenger == nil && cfg.Notices.Outbox != nil {
		r.cfg.Self.Messenger = r.Outward()
	}
	if err := cfg.Home.check(); err != nil {
		return nil, err
	}
	if err := cfg.DB.Migrate(ctx, "ra", migrations); err != nil {
		return nil, err
	}
	var err error
	if r.release, err = cfg.DB.Lease(ctx, "ra"); err != nil {
		if errors.Is(err, db.ErrLeased) {
			return nil, pki.Errorf(pki.Unavailable, "ra.lease", "another registration process works on this database").To("stop it first").Because(err)
		}
		return nil, err
	}
	if err := r.settle(ctx); err != nil {
		r.Close()
		return nil, err
	}
	r.carrying = db.Collect(carriedTogether, r.keepTogether)
	return r, nil
}

// settle makes the home node where there is none yet.
func (r *Registration) settle(ctx context.Context) error {
	if r.cfg.Home.Path == "" {
		r.cfg.Home.Path = pathOf("", r.cfg.Home.ID)
	}
	_, err := r.readNode(ctx, r.cfg.Home.ID)
	if pki.KindOf(err) != pki.Unknown {
		return err
	}
	home := r.cfg.Home
	home.State, home.Version, home.AddedBy, home.Changed = Active, 1, "first-start", r.now()
	if r.cfg.Upstream != nil {
		home.State = Pending // until the registration above has said otherwise
	}
	return r.cfg.DB.Tx(ctx, insertNode(ctx, &home))
}

// Close releases the lease. The database stays open.
func (r *Registration) Close() {
	r.sending.Wait()
	r.going.end()
	if r.carrying != nil {
		r.carrying.Stop()
	}
	if r.release != nil {
		r.release()
	}
}

// now is the time as it is stored: to the millisecond.
func (r *Registration) now() time.Time { return r.cfg.Now().UTC().Truncate(time.Millisecond) }

// errNoCA is the answer of a process that has no way to the CA.
func errNoCA() error {
	return pki.Errorf(pki.Unavailable, "ra.no-ca", "this office has no way to the CA").To("the registration above carries it out")
}
