package kmc

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/audit"
	"onecert/db"
	"onecert/keys"
	"onecert/officer"
	"onecert/pki"
)

// Config is what a Centre is made of. DB, Sealer, Audit and Check are required.
type Config struct {
	DB     *db.DB       // its own: no other component's tables beside audit's and officer's
	Sealer *keys.Sealer // the master key every record is sealed with
	Audit  *audit.Log   // in DB
	// Check returns who is acting, if they may: officer.Registry's.
	Check func(ctx context.Context, op officer.Operation) (pki.Actor, error)

	Pool   map[pki.Suite]PoolSize // nil: DefaultPool
	Makers int                    // pairs made at once in the background; 0: half the processors

	// Messages of GM/T 0014. Without MessageKey, an SM2 key, they are not served.
	MessageKey         *keys.Key
	MessageCertificate *smx509.Certificate
	Peers              map[string][]*smx509.Certificate // by a CA's registered name: its message certificates, old and new
	Window             time.Duration                    // how far a message's time may be from ours; 0: 5 minutes

	// Recovery by a custodian. Without HolderOf it is not offered.
	Trust    []*smx509.Certificate // CA certificates that holders' signing certificates lead to
	HolderOf func(certificate *smx509.Certificate) (string, error)
	// Good asks whether a signing certificate is good now (not revoked, not held).
	// nil: only its chain, dates and usage are checked.
	Good func(ctx context.Context, certificate *smx509.Certificate) error

	// What several persons do (judicial recovery, the end of keys). Without Officers it
	// is not offered.
	Officers      *officer.Registry
	Investigators []*smx509.Certificate // CA certificates that investigators' lead to, beside Trust
	CaseApprovals int                   // custodians who approve a case, beside its proposer; 0: 2
	Retention     int                   // years a pair is kept after its certificate ended; 0: 10, at least 5

	// Signing keys made for holders.
	SigningLife time.Duration // how long one waits to be packaged; 0: 30 days, at most 366
	SigningMost int           // how many of one CA may wait; 0: 10,000

	Now    func() time.Time // nil: time.Now
	Random io.Reader        // nil: crypto/rand
	Log    *slog.Logger     // nil: slog.Default
}

// Centre is the key management centre. It is safe for concurrent use.
//
// The flow of an order: who asks (Check), is the order sound, one transaction that
// takes a spare pair and writes the ledger, then the pair is opened, sealed to the
// recipient and forgotten. After the transaction a failure costs nothing: the same
// order gets the same pair.
type Centre struct {
	config  Config
	vault   *vault
	pool    *pool
	writer  *db.Collector[*job]
	speaker *speaker // nil where messages are not served
	makers  chan struct{}
	urgent  chan struct{} // keys being made or packaged while somebody waits

	renumbered atomic.Bool // some pair stands under further numbers

	release func() // the lease: one process takes pairs
	stop    context.CancelFunc
	fillers sync.WaitGroup
	closing sync.Once
}

const defaultWindow = 5 * time.Minute

// New brings the tables up to date, loads the spare pairs, and begins to keep the
// pool full. Only one Centre serves a database: a second gets Unavailable.
func New(ctx context.Context, config Config) (*Centre, error) {
	if config.DB == nil || config.Sealer == nil || config.Audit == nil || config.Check == nil {
		return nil, errors.New("making the key management centre: DB, Sealer, Audit and Check are required")
	}
	if config.Retention != 0 && (config.Retention < leastRetention || config.Retention > mostRetention) || config.CaseApprovals < 0 || config.CaseApprovals > 9 {
		return nil, pki.Errorf(pki.Invalid, "km.config", "keys are kept for %d to %d years, and 1 to 9 custodians approve a case", leastRetention, mostRetention).
			To("correct retention_years or case_approvals in the configuration")
	}
	if config.SigningLife < 0 || config.SigningLife > mostSigningLife || config.SigningMost < 0 {
		return nil, pki.Errorf(pki.Invalid, "km.config", "signing keys wait for at most %d days, and their number is not negative", mostSigningLife/(24*time.Hour)).
			To("correct signing_days or signing_most in the configuration")
	}
	c := &Centre{config: config.complete()}
	c.vault = &vault{sealer: c.config.Sealer, random: c.config.Random, now: c.config.Now}
	c.makers, c.urgent = make(chan struct{}, c.config.Makers), make(chan struct{}, runtime.GOMAXPROCS(0))
	var err error
	if c.pool, err = newPool(c.config.Pool); err != nil {
		return nil, err
	}
	if config.MessageKey != nil {
		if c.speaker, err = newSpeaker(config.MessageKey, config.MessageCertificate); err != nil {
			return nil, err
		}
	}
	if err := c.open(ctx); err != nil {
		return nil, err
	}
	if c.config.Officers != nil {
		c.config.Officers.OnApproved(officer.DestroyKeys, c.destroy)
	}
	c.writer = db.Collect(maxJobs, c.write)
	filling, stop := context.WithCancel(context.Background())
	c.stop = stop
	for _, suite := range pki.Suites() {
		if c.pool.sizes[suite].Target > 0 {
			c.fillers.Go(func() { c.keepFull(filling, suite) })
		}
	}
	c.fillers.Go(func() { c.keepTidy(filling) })
	return c, nil
}

func (c Config) complete() Config {
	if c.Pool == nil {
		c.Pool = DefaultPool()
	}
	if c.Makers <= 0 {
		c.Makers = max(1, runtime.GOMAXPROCS(0)/2)
	}
	if c.Window <= 0 {
		c.Window = defaultWindow
	}
	if c.CaseApprovals == 0 {
		c.CaseApprovals = defaultCaseApprovals
	}
	if c.Retention == 0 {
		c.Retention = defaultRetention
	}
	if c.SigningLife == 0 {
		c.SigningLife = defaultSigningLife
	}
	if c.SigningMost == 0 {
		c.SigningMost = defaultSigningMost
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Random == nil {
		c.Random = rand.Reader
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return c
}

// open takes the lease and loads the spare library.
func (c *Centre) open(ctx context.Context) error {
	if err := c.config.DB.Migrate(ctx, "kmc", migrations); err != nil {
		return err
	}
	release, err := c.config.DB.Lease(ctx, "kmc")
	if errors.Is(err, db.ErrLeased) {
		return pki.Errorf(pki.Unavailable, "km.leased", "another process serves this key store").
			To("stop it first, or let it serve").Because(err)
	}
	if err != nil {
		return err
	}
	// Nothing is written before the lease is held: the process that holds it may stand
	// still in the middle of writing.
	settle := c.config.DB.Tx(ctx, func(tx *sql.Tx) error { return c.overwriteFreed(ctx, tx) })
	if err := errors.Join(settle, c.neverBefore(ctx), c.loadNumbers(ctx)); err != nil {
		release()
		return err
	}
	for _, suite := range pki.Suites() {
		err := eachSpare(ctx, c.config.DB.Read(), suite, func(r *record) error {
			c.pool.add(r)
			return nil
		})
		if err != nil {
			release()
			return fmt.Errorf("loading the spare keys: %w", err)
		}
	}
	c.release = release
	return nil
}

// loadNumbers looks whether any pair stands under further numbers.
func (c *Centre) loadNumbers(ctx context.Context) error {
	var some bool
	if err := c.config.DB.Read().QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM kmc_number)").Scan(&some); err != nil {
		return fmt.Errorf("looking for further numbers: %w", err)
	}
	c.renumbered.Store(some)
	return nil
}

// Close finishes what was begun and gives up the lease; the database stays open.
func (c *Centre) Close() {
	c.closing.Do(func() {
		c.stop()
		c.fillers.Wait()
		c.writer.Stop()
		c.release()
	})
}
