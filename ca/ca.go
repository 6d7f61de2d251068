package ca

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"onecert/audit"
	"onecert/db"
	"onecert/officer"
	"onecert/pki"
	"onecert/status"
)

// KeyCentre is what the CA needs of the key management centre: the object itself
// in one process, its client across the network.
type KeyCentre interface {
	Generate(ctx context.Context, order pki.KeyOrder) (pki.KeyGrant, error)
	Restore(ctx context.Context, restore pki.KeyRestore) (pki.KeyGrant, error)
	Retire(ctx context.Context, certNo pki.Serial) error
}

// Config is everything a CA is made of. DB, Status, Audit, Issuers, Profiles,
// HolderKey and Check are required; KMC only where dual certificates are issued.
type Config struct {
	DB      *db.DB
	Status  *status.Journal
	Audit   *audit.Log
	KMC     KeyCentre
	Signing SigningCentre // where the KMC makes signing keys for holders; nil: none are made
	Issuers []*Issuer
	// Profiles are what the first start begins with. Later they are the database's,
	// and change by two persons only.
	Profiles Profiles
	// HolderKey turns identity numbers into holder ids; one for the whole tree,
	// at least 32 octets, never changed.
	HolderKey []byte
	// Check says whether the actor of the context may do an operation.
	Check func(ctx context.Context, op officer.Operation) (pki.Actor, error)
	// Officers is who may operate this CA; without it nobody can enrol or approve.
	Officers *officer.Registry
	Now      func() time.Time
	Random   io.Reader
	Log      *slog.Logger
	CRL      CRLRules
}

// CA is the certification authority. It is the only writer of its database.
type CA struct {
	cfg     Config
	issuers map[string]*Issuer
	release func() // of the single-writer lease
	set     atomic.Pointer[profileSet]

	ahead   *db.Collector[*orderRow] // looks before anything is asked for
	recent  recent
	seen    *seen
	reading func() // ends reading what is seen
	writer  *db.Collector[*step]
	crlLock sync.Mutex
	// compromises is held while keys are found good and used, and while one is found bad.
	compromises struct {
		sync.Mutex
		known atomic.Int64 // how many were reported, from 1 on
	}
	heard   heard              // what the KMC need not be told again
	ledgers map[string]*ledger // by issuer
	newest  sync.Map           // by issuer: []pki.ListHead, never changed

	clock struct {
		sync.Mutex
		last time.Time
	}
}

// New migrates the database, takes the single-writer lease, checks every part
// against the others, finishes what a crash left unsigned, and returns a CA ready
// to work.
func New(ctx context.Context, cfg Config) (*CA, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Random == nil {
		cfg.Random = rand.Reader
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	ca := &CA{cfg: cfg, issuers: map[string]*Issuer{}, ledgers: map[string]*ledger{}}
	if err := ca.checkConfig(); err != nil {
		return nil, err
	}
	if err := cfg.DB.Migrate(ctx, "ca", migrations); err != nil {
		return nil, err
	}
	var err error
	if ca.release, err = cfg.DB.Lease(ctx, "ca"); err != nil {
		if errors.Is(err, db.ErrLeased) {
			return nil, pki.Errorf(pki.Unavailable, "ca.lease", "another CA process works on this database").
				To("stop it first; two writers would break CRL numbers").Because(err)
		}
		return nil, err
	}
	if err := errors.Join(ca.loadClock(ctx), ca.openProfiles(ctx)); err != nil {
		ca.release()
		return nil, err
	}
	ca.takeApproved()
	ca.compromises.known.Store(1)
	ca.seen = newSeen() // before anything is stored
	ca.ahead = db.Collect(maxBatch, ca.checkAhead)
	ca.writer = db.Collect(maxBatch, ca.write)
	ca.reading = begun(ca.readSeen)
	if err := ca.finishAll(ctx); err != nil {
		ca.Close()
		return nil, err
	}
	return ca, nil
}

// begun lets something run until it is told to end, which waits for its end.
func begun(run func(context.Context)) (end func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		run(ctx)
	}()
	return func() {
		cancel()
		<-done
	}
}

// takeApproved has the CA's own acts done as soon as they are approved.
func (ca *CA) takeApproved() {
	if ca.cfg.Officers == nil {
		return
	}
	ca.cfg.Officers.OnApproved(officer.ChangeProfiles, ca.changeProfiles)
	ca.cfg.Officers.OnApproved(officer.RaiseCRLNumber, ca.raiseCRLNumber)
	ca.cfg.Officers.OnApproved(officer.ReplaceIssuer, ca.replaceIssuer)
}

func (ca *CA) checkConfig() error {
	if len(ca.cfg.HolderKey) < 32 {
		return pki.Errorf(pki.Invalid, "config.holder-key", "the holder key has fewer than 32 octets")
	}
	for _, issuer := range ca.cfg.Issuers {
		if err := issuer.check(); err != nil {
			return err
		}
		if ca.issuers[issuer.ID] != nil {
			return pki.Errorf(pki.Invalid, "issuer.twice", "issuer %s is configured twice", issuer.ID)
		}
		ca.issuers[issuer.ID] = issuer
	}
	if len(ca.issuers) == 0 {
		return pki.Errorf(pki.Invalid, "issuer.none", "no issuer is configured").To("run 'onecert ca init' first")
	}
	return ca.cfg.CRL.check()
}

// Close finishes what was begun and releases the lease. The database stays open.
func (ca *CA) Close() {
	ca.reading()
	ca.ahead.Stop()
	ca.writer.Stop()
	ca.release()
}

// Issuer returns an issuer by id.
func (ca *CA) Issuer(id string) (*Issuer, error) {
	if issuer := ca.issuers[id]; issuer != nil {
		return issuer, nil
	}
	return nil, pki.Errorf(pki.Unknown, "issuer.unknown", "there is no issuer %.32q", id).To("'onecert ca issuers' lists them")
}

// issuerFor chooses the issuer of an order: the one it names, or the first of the
// request's algorithm family. Mixing families in one chain is refused.
func (ca *CA) issuerFor(id string, suite pki.Suite) (*Issuer, error) {
	if id != "" {
		issuer, err := ca.Issuer(id)
		if err == nil && issuer.ListsOnly {
			err = pki.Errorf(pki.Invalid, "issuer.root", "%s is a root: it signs CA certificates in ceremonies and nothing else", id).To("leave the issuer out")
		}
		if err == nil && issuer.suite.Family() != suite.Family() {
			err = pki.Errorf(pki.Invalid, "issuer.family", "issuer %s is %s, the request's key is %s", id, issuer.suite.Family(), suite.Family()).
				To("leave the issuer out, or make a request with a key of that family")
		}
		return issuer, err
	}
	for _, issuer := range ca.cfg.Issuers {
		if issuer.suite.Family() == suite.Family() && !issuer.ListsOnly && !IsCanary(issuer.ID) {
			return issuer, nil
		}
	}
	return nil, pki.Errorf(pki.Invalid, "issuer.family", "this CA has no issuer for %s keys", suite.Family())
}

// clockSlack is how far the clock may step back unnoticed: several orders are
// under way at once.
const clockSlack = 5 * time.Second

// tick returns the time and refuses a clock that stands before the last order.
func (ca *CA) tick() (time.Time, error) {
	now := ca.cfg.Now().UTC().Truncate(time.Second)
	ca.clock.Lock()
	defer ca.clock.Unlock()
	if now.Before(ca.clock.last.Add(-clockSlack)) {
		return now, pki.Errorf(pki.Unavailable, "clock.backwards", "the clock stands at %s, before the last order of %s",
			now.Format(time.RFC3339), ca.clock.last.Format(time.RFC3339)).
			To("set the machine's clock right; nothing is issued until then")
	}
	if now.After(ca.clock.last) {
		ca.clock.last = now
	}
	return now, nil
}

func (ca *CA) loadClock(ctx context.Context) error {
	var last int64
	err := ca.cfg.DB.Read().QueryRowContext(ctx, "SELECT COALESCE(MAX(created), 0) FROM ca_order").Scan(&last)
	if err != nil {
		return fmt.Errorf("reading the time of the last order: %w", err)
	}
	ca.clock.last = time.UnixMilli(last).UTC()
	return nil
}
