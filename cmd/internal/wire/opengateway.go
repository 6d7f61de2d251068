package wire

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"sync"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/audit"
	"onecert/ca"
	"onecert/db"
	"onecert/gateway"
	"onecert/keys"
	"onecert/officer"
	"onecert/pki"
	"onecert/serve"
	"onecert/sso"
	"onecert/status"
)

// GatewayProcess is a gateway with everything around it, ready to be served.
type GatewayProcess struct {
	*gateway.Gateway
	Officers *officer.Registry
	Audit    *audit.Log
	Copy     *status.Copy
	Logins   *sso.Sessions
	Access   *gateway.AccessLog
	API      *serve.API

	config   *Gateway
	options  Options
	database *db.DB
	shared   *db.DB // with the sessions of several gateways; nil: they are in database
	alone    bool   // in a drill
	key      *keys.Key
	identity *serve.Identity
	trust    []*smx509.Certificate
	roots    *x509.CertPool
	pair     *serve.Pair      // nil: none is configured
	nation   *smx509.CertPool // roots of those who come by TLCP
	link     *serve.Client
	ca       *ca.Client
	issuers  *knownIssuers
	syslog   *audit.Stream // nil: none is configured
	ordering sync.Mutex    // of certificates for services
	running  sync.WaitGroup
	stop     context.CancelFunc
	listen   func(network, address string) (net.Listener, error) // nil: net.Listen
}

// OpenGateway opens a gateway from its configuration, with its services: they take
// connections when it returns. It needs its site certificate, and the CA once; afterwards
// it starts from what it kept.
func OpenGateway(ctx context.Context, config *Gateway, options Options) (*GatewayProcess, error) {
	p := &GatewayProcess{config: config, options: options}
	if err := p.open(ctx); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

func (p *GatewayProcess) open(ctx context.Context) (err error) {
	c := p.config
	if err := p.identify(); err != nil {
		return err
	}
	if err := p.openStore(ctx, status.NewClient(p.link)); err != nil {
		return err
	}
	if p.issuers, err = learnIssuers(ctx, p.ca, c.Path(issuersFile)); err != nil {
		return err
	}
	// The copy is followed before the services open, so that what was revoked while this
	// process was away is known soon.
	ctx, p.stop = context.WithCancel(context.WithoutCancel(ctx))
	p.running.Go(func() { p.Copy.Keep(ctx) })
	awaitCopy(ctx, p.Copy)
	if err := p.openDoor(ctx); err != nil {
		return err
	}
	p.describe()
	return nil
}

// openAlone opens what a gateway has by itself, for drills: nothing is followed, nothing
// reached, and no address listened on.
func (p *GatewayProcess) openAlone(ctx context.Context) error {
	p.alone, p.listen = true, func(string, string) (net.Listener, error) { return deaf{make(chan struct{})}, nil }
	if err := p.openStore(ctx, nil); err != nil {
		return err
	}
	ctx, p.stop = context.WithCancel(context.WithoutCancel(ctx))
	return p.openDoor(ctx)
}

// deaf is a listener nobody can reach.
type deaf struct{ closed chan struct{} }

// Accept waits for Close.
func (d deaf) Accept() (net.Conn, error) { <-d.closed; return nil, net.ErrClosed }

// Close implements net.Listener; the gateway calls it once.
func (d deaf) Close() error { close(d.closed); return nil }

// Addr implements net.Listener.
func (d deaf) Addr() net.Addr { return &net.TCPAddr{} }

// openStore opens the database and what is kept in it; the journal is one to follow.
func (p *GatewayProcess) openStore(ctx context.Context, journal status.Source) error {
	c := p.config
	source, err := databaseSource(c.dir, c.Database, c.DatabaseFile)
	if err != nil {
		return err
	}
	if p.database, err = db.Open(ctx, source); err != nil {
		return err
	}
	if p.Audit, err = openAudit(ctx, p.database, c.dir, c.Origin, c.AuditKey); err != nil {
		return err
	}
	if p.Officers, err = officer.Open(ctx, p.database, p.Audit, p.options.now()); err != nil {
		return err
	}
	p.Copy, err = status.OpenCopy(ctx, status.CopyConfig{DB: p.database, Source: journal, Now: p.options.now(), Log: p.options.log()})
	return err
}

// copyTime is how long a start waits for the CA's journal; without it the gateway starts
// with what its copy has.
const copyTime = 5 * time.Second

// awaitCopy waits until a copy has heard from its source, or that it is away, so that the
// first who come are not refused for want of news.
func awaitCopy(ctx context.Context, c *status.Copy) {
	began := c.Freshness().AsOf
	for end := time.Now().Add(copyTime); time.Now().Before(end) && ctx.Err() == nil; time.Sleep(10 * time.Millisecond) {
		if f := c.Freshness(); f.AsOf.After(began) || f.Fault != nil {
			return
		}
	}
}

// identify reads whom this gateway trusts and its own certificate, and opens the way to
// the CA.
func (p *GatewayProcess) identify() (err error) {
	c := p.config
	if p.trust, err = readCertificates(c.Path(c.Trust)); err != nil {
		return err
	}
	p.roots, p.nation = x509.NewCertPool(), nationOf(p.trust)
	for _, trusted := range p.trust {
		if plain, err := x509.ParseCertificate(trusted.Raw); err == nil && plain.PublicKeyAlgorithm != x509.UnknownPublicKeyAlgorithm {
			p.roots.AddCert(plain)
		}
	}
	if p.key, err = openKey(c.dir, c.TLSKey); err != nil {
		return fmt.Errorf("opening the API's key: %w", err)
	}
	file := c.Path(c.TLSCertificate)
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return pki.Errorf(pki.Invalid, "gateway.site", "the gateway has no site certificate yet: %s is missing", file).
			To("have the CA's security administrator make a code of role site, then 'onecert gateway enrol'")
	}
	chain, err := readCertificates(file)
	if err != nil {
		return err
	}
	if p.identity, err = serve.NewIdentity(rawChain(chain), p.key); err != nil {
		return err
	}
	if p.pair, err = c.Pair.open(c.dir); err != nil {
		return err
	}
	if err := c.speech().ready(p.pair); err != nil {
		return err
	}
	if p.link, err = p.caller().client(c.CA); err != nil {
		return err
	}
	p.ca = ca.NewClient(p.link)
	return nil
}

// caller is how this gateway reaches the CA.
func (p *GatewayProcess) caller() caller {
	return caller{protocol: p.config.Protocol, identity: p.identity, roots: p.roots, pair: p.pair, nation: p.nation, now: p.options.now()}
}

// openDoor opens log, sessions and the gateway itself.
func (p *GatewayProcess) openDoor(ctx context.Context) error {
	c := p.config
	secret, sealer, err := c.openSecret()
	if err != nil {
		return err
	}
	assertions, err := c.assertionKeys()
	if err != nil {
		return err
	}
	if err := p.openAccess(); err != nil {
		return err
	}
	s := c.Sessions
	store, log, err := p.sessionStore(ctx)
	if err != nil {
		return err
	}
	p.Logins, err = sso.New(ctx, sso.Config{DB: store, Audit: log, Sealer: sealer, Now: p.options.now(), Random: p.options.Random, Log: p.options.log(),
		Limits: sso.Limits{Idle: s.Idle, Absolute: s.Absolute, PerUser: s.PerUser, Refuse: s.Refuse}})
	if err != nil {
		return err
	}
	p.running.Go(func() { p.Logins.Keep(ctx) })
	if err := os.MkdirAll(c.Path(c.Lists), 0o700); err != nil {
		return pki.Errorf(pki.Unavailable, "gateway.lists", "the folder of revocation lists cannot be made").To("check the rights of %s", c.Lists).Because(err)
	}
	p.Gateway, err = gateway.New(ctx, gateway.Config{DB: p.database, Audit: p.Audit, Sessions: gatewaySessions{p.Logins}, Keys: c.serviceKey, Secret: secret,
		Name: c.Name, Assertions: assertions, Journal: p.Copy.Journal(), Behind: p.Copy.Age, Lists: c.Path(c.Lists),
		Check: guarded(p.Officers.Check, p.reserve()), Access: p.Access, Listen: p.listen, Now: p.options.now(), Random: p.options.Random, Log: p.options.log()})
	return err
}

// sessionStore is the database sessions are kept in: the process's own, with its audit log
// (the log has orders to end sessions from the gateway in any case), or one that gateways
// share. A drill leaves that alone.
func (p *GatewayProcess) sessionStore(ctx context.Context) (*db.DB, *audit.Log, error) {
	s := p.config.Sessions
	if p.alone || s.Database == "" && s.DatabaseFile == "" {
		return p.database, p.Audit, nil
	}
	source, err := databaseSource(p.config.dir, s.Database, s.DatabaseFile)
	if err != nil {
		return nil, nil, err
	}
	if p.shared, err = db.Open(ctx, source); err != nil {
		return nil, nil, fmt.Errorf("opening the database of sessions: %w", err)
	}
	return p.shared, nil, nil
}

// openAccess opens the access log, and the collector that gets it as well.
func (p *GatewayProcess) openAccess() (err error) {
	l := p.config.Log
	cfg := gateway.AccessConfig{Dir: p.config.Path(l.Dir), MaxBytes: l.MaxMiB << 20, Keep: time.Duration(l.Days) * 24 * time.Hour, Now: p.options.now(), Log: p.options.log()}
	if l.Syslog != "" {
		collector := CopyFile{Syslog: l.Syslog, Trust: l.Trust}
		transport, address, err := collector.collector()
		if err != nil {
			return err
		}
		config, err := collector.tls(p.config.dir)
		if err != nil {
			return err
		}
		p.syslog = audit.NewStream(transport, address, config, "access", p.options.now())
		cfg.Send = p.syslog.Send
	}
	p.Access, err = gateway.OpenAccessLog(cfg)
	return err
}

// describe makes the API of the administration.
func (p *GatewayProcess) describe() {
	journal := p.Copy.Journal()
	good := newGoodness(p.options.now(), func(ctx context.Context, asked Asked) error { return p.good(ctx, journal, asked) })
	peers := &serve.Peers{Roots: p.roots, Issuers: p.issuers.forTLS(), National: p.nation, Now: p.options.now(), Who: func(ctx context.Context, peer *x509.Certificate) (pki.Actor, error) {
		actor, err := p.Officers.Actor(ctx, peer.Raw)
		if err != nil {
			return actor, err
		}
		return actor, good.caller(ctx, peer)
	}}
	p.API = serve.New(serve.Config{Title: titleGateway, Version: p.options.version(), Peers: peers, Log: p.options.log(), Now: p.options.now()})
	p.routes()
	p.API.Metrics.MustRegister(p.Gateway)
	p.API.Watch(p.health)
}

const titleGateway = "OneCert gateway"

// routes puts every operation of a gateway on its API.
func (p *GatewayProcess) routes() {
	p.Gateway.Routes(p.API.Huma)
	p.platformRoutes()
	officerRoutes(p.API.Huma, desk{registry: p.Officers, log: p.Audit})
	systemRoute(p.API.Huma, desk{registry: p.Officers}.mayReadSystem, p.vantage)
	(&reception{p.Officers, p.database, p.roots, p.nation, p.options.now()}).routes(p.API.Huma)
}

// good asks the copy of the journal whether an officer's certificate is good.
func (p *GatewayProcess) good(ctx context.Context, journal *status.Journal, asked Asked) error {
	issuer := p.issuers.named(asked)
	if issuer == "" {
		return pki.Errorf(pki.Forbidden, "officer.issuer", "this certificate was not issued by this CA")
	}
	record, err := journal.Record(ctx, issuer, asked.Serial)
	if err != nil {
		return err
	}
	if state := record.State.At(p.options.now()(), record.NotAfter); state != pki.Valid {
		return notGood(state)
	}
	return nil
}

// Servers starts what a gateway does by itself and returns the listener of its
// administration.
func (p *GatewayProcess) Servers(ctx context.Context) ([]serve.Server, error) {
	c := p.config
	if err := startHeads(ctx, p.Audit, c.Path(c.AuditHeads)); err != nil {
		return nil, err
	}
	if err := startCopies(ctx, p.Audit, c.dir, c.AuditCopies, p.options.now()); err != nil {
		return nil, err
	}
	p.running.Go(func() { p.API.KeepLooking(ctx, lookEvery) })
	p.running.Go(func() { p.keepIdentity(ctx) })
	p.running.Go(func() { p.keepCertificates(ctx) })
	p.running.Go(func() {
		renewablePair{p.caller(), c.CA, c.dir, c.Pair}.keep(ctx,
			func(err error) { p.options.log().Error("renewing the pair for TLCP", "error", err) })
	})
	officers, err := p.consoleServers()
	return append(officers, serve.Server{Name: componentGateway, Address: c.Listen, TLS: serve.ServerTLS(p.identity, p.roots), TLCP: p.caller().takes(), Handler: p.API, Log: p.options.log()}), err
}

func (p *GatewayProcess) keepIdentity(ctx context.Context) {
	own := renewable{ca: p.config.CA, identity: p.identity, roots: p.roots, certificate: p.config.Path(p.config.TLSCertificate), now: p.options.now()}
	whenHalfLived(ctx, p.identity, p.options.now(), func() error { return own.renew(ctx, p.key) },
		func(err error) { p.options.log().Error("renewing the site certificate", "error", err) })
}

// stopTime is how long requests may take that are under way when the process ends.
const stopTime = 20 * time.Second

// Close lets requests under way finish and ends the gateway; ctx of Servers must have
// ended before.
func (p *GatewayProcess) Close() error {
	if p.Gateway != nil {
		ctx, cancel := context.WithTimeout(context.Background(), stopTime)
		defer cancel()
		p.Stop(ctx)
	}
	if p.stop != nil {
		p.stop()
	}
	p.running.Wait()
	if p.Access != nil {
		p.Access.Close()
	}
	if p.syslog != nil {
		p.syslog.Close()
	}
	if p.Copy != nil {
		p.Copy.Close()
	}
	if p.Officers != nil {
		p.Officers.Close()
	}
	if p.shared != nil {
		p.shared.Close()
	}
	if p.database == nil {
		return nil
	}
	return errors.Join(lastHead(p.Audit), p.database.Close())
}
