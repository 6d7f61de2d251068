package gateway

import (
	"cmp"
	"context"
	"crypto"
	"crypto/rand"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"onecert/audit"
	"onecert/db"
	"onecert/gateway/internal/identity"
	"onecert/gateway/internal/trust"
	"onecert/officer"
	"onecert/pki"
	"onecert/status"
)

// Config is what a Gateway needs beside what its administrators decide. DB, Audit,
// Sessions, Keys and Secret are required.
type Config struct {
	DB       *db.DB
	Audit    *audit.Log
	Sessions Sessions
	// Keys opens the private key a URI names, as crypto.Signer, and crypto.Decrypter where
	// it is an encryption key. What may be named is the process's decision.
	Keys func(uri string) (crypto.Signer, error)
	// Secret is 32 octets that all gateways of a site share and nobody else knows: it
	// seals what browsers carry between them, and keys sticky cookies.
	Secret []byte
	// Name is what the gateway calls itself in assertions (iss): its address.
	Name string
	// Assertions are the keys of the signed statements applications get: P-256 for ES256,
	// SM2; the first of each kind signs, all are published. None: no application may ask.
	Assertions []crypto.Signer

	Journal *status.Journal      // of our own CA; nil: none
	Behind  func() time.Duration // how far Journal is behind its source
	Lists   string               // folder for revocation lists; empty: kept in memory only

	// Check says who is asking, and refuses who may not (officer.Registry.Check, which
	// puts refusals into the audit log); nil: the table of rights alone.
	Check func(ctx context.Context, op officer.Operation) (pki.Actor, error)

	Access *AccessLog  // takes each visit when it is over; nil: none
	Watch  func(Visit) // takes it as well; nil: nobody
	// Failed takes each handshake that failed; nil: it is logged.
	Failed func(Failure)

	Listen func(network, address string) (net.Listener, error) // nil: net.Listen
	Now    func() time.Time
	Random io.Reader
	Log    *slog.Logger
}

// Gateway is a running door. It is safe for concurrent use.
type Gateway struct {
	cfg    Config
	live   *live
	trust  *trust.Store
	signer *identity.Signer
	states *sealer // where people were going
	codes  *sealer // results of log ins
	loose  *sealer // sessions without a certificate in the connection
	holder *sealer // the certificates of those
	guests guests

	statistics *statistics
	failures   failures
	counting   sync.WaitGroup

	running atomic.Pointer[running]

	adopting  sync.Mutex // one adoption of trust lists at a time; guards unadopted
	unadopted map[string]unadopted
	news      chan struct{} // there may be a list to adopt

	mu        sync.Mutex // of applying
	entrances map[string]*entrance
	last      Version // of what runs
	fault     error   // why the newest configuration does not run; nil: it does
	closed    bool
	ctx       context.Context
	stop      context.CancelFunc
}

// New brings the tables up to date and starts with the newest configuration there is. One
// that cannot run any more is an error in Fault, and the newest that can runs.
func New(ctx context.Context, cfg Config) (*Gateway, error) {
	if cfg.DB == nil || cfg.Audit == nil || cfg.Sessions == nil || cfg.Keys == nil {
		return nil, pki.Errorf(pki.Invalid, "gateway.config", "the gateway was given no database, log, sessions or keys")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Listen == nil {
		cfg.Listen = net.Listen
	}
	cfg.Random = cmp.Or(cfg.Random, rand.Reader)
	cfg.Log = cmp.Or(cfg.Log, slog.Default())
	g := &Gateway{cfg: cfg, live: newLive(), entrances: map[string]*entrance{}, unadopted: map[string]unadopted{}, news: make(chan struct{}, 1)}
	g.ctx, g.stop = context.WithCancel(context.WithoutCancel(ctx))
	if err := g.open(ctx); err != nil {
		g.Close()
		return nil, err
	}
	return g, nil
}

func (g *Gateway) open(ctx context.Context) (err error) {
	for purpose, to := range map[string]**sealer{"state": &g.states, "code": &g.codes, "session": &g.loose, "holder": &g.holder} {
		if *to, err = newSealer(g.cfg.Secret, purpose, g.cfg.Random, g.cfg.Now); err != nil {
			return err
		}
	}
	if len(g.cfg.Assertions) > 0 {
		if g.signer, err = identity.NewSigner(identity.SignerConfig{Issuer: g.cfg.Name, Keys: g.cfg.Assertions, Random: g.cfg.Random}); err != nil {
			return err
		}
	}
	if err := g.cfg.DB.Migrate(ctx, "gateway", migrations); err != nil {
		return err
	}
	g.count()
	if g.trust, err = trust.New(trust.Config{}, trust.Options{Dir: g.cfg.Lists, Journal: g.cfg.Journal, Behind: g.cfg.Behind,
		OnRevoked: g.revoked, OnList: g.listCame, Now: g.cfg.Now, Random: g.cfg.Random, Log: g.cfg.Log}); err != nil {
		return err
	}
	g.counting.Go(g.watch)
	if err := g.resume(ctx); err != nil {
		return err
	}
	g.counting.Go(g.adoptAsTheyCome)
	return nil
}

// revoked ends what hangs on a certificate that is good no longer. Verdicts know already;
// this is for what is under way.
func (g *Gateway) revoked(issuer string, serial pki.Serial) {
	if n := g.live.endCertificate(issuer, serial); n > 0 {
		g.cfg.Log.Info("connections of a revoked certificate are ended", "issuer", issuer, "serial", serial, "connections", n)
	}
	g.guests.forgetCertificate(issuer, serial)
	if err := g.cfg.Sessions.EndOfCertificate(g.ctx, issuer, serial); err != nil {
		g.cfg.Log.Warn("the sessions of a revoked certificate stay in the list; none of them is let in", "issuer", issuer, "serial", serial, "error", err)
	}
}

// Close ends the gateway at once; Stop lets what is under way finish before.
func (g *Gateway) Close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil
	}
	g.closed = true
	g.stop()
	for _, e := range g.entrances {
		e.close()
	}
	if r := g.running.Load(); r != nil {
		r.close()
	}
	if g.trust != nil {
		g.trust.Close()
	}
	g.counting.Wait()
	return nil
}

// Stop takes no new connections, lets requests finish until ctx ends, and closes.
func (g *Gateway) Stop(ctx context.Context) error {
	g.mu.Lock()
	var group sync.WaitGroup
	for _, e := range g.entrances {
		group.Go(func() { e.drain(ctx) })
	}
	g.mu.Unlock()
	group.Wait()
	return g.Close()
}
