package wire

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/emmansun/gmsm/smx509"

	"onecert/audit"
	"onecert/ca"
	"onecert/db"
	"onecert/helpdesk"
	"onecert/keys"
	"onecert/notice"
	"onecert/officer"
	"onecert/pki"
	"onecert/ra"
	"onecert/serve"
)

// RAProcess is a registration, or a local counter, with everything around it, ready to
// be served.
type RAProcess struct {
	*ra.Registration
	Desk     *helpdesk.Desk
	Officers *officer.Registry
	Audit    *audit.Log
	API      *serve.API
	Self     *serve.API // of holders; served where the configuration names an address

	config   *RA
	options  Options
	database *db.DB
	key      *keys.Key
	identity *serve.Identity // nil: not enrolled yet
	trust    []*smx509.Certificate
	roots    *x509.CertPool
	pair     *serve.Pair      // nil: none is configured
	nation   *smx509.CertPool // roots of those who come by TLCP
	good     *goodness        // nil: no way to ask is configured
	box      *notice.Outbox   // nil: holders are not told
	stop     context.CancelFunc
}

// OpenRA opens a registration from its configuration. Until its site certificate is
// there it works in process only: Servers then says what is missing.
func OpenRA(ctx context.Context, config *RA, options Options) (*RAProcess, error) {
	p := &RAProcess{config: config, options: options}
	if err := p.open(ctx); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

func (p *RAProcess) open(ctx context.Context) error {
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
	if err := p.identify(); err != nil {
		return err
	}
	room, err := p.room()
	if err != nil {
		return err
	}
	if p.box, err = p.outbox(ctx); err != nil {
		return err
	}
	room.Notices, room.Elsewhere = c.Notices.told(p.box), elsewhere{p}
	if p.Registration, err = ra.New(ctx, room); err != nil {
		return err
	}
	if err := p.firstPosts(ctx); err != nil {
		return err
	}
	if err := p.openDesk(ctx, room); err != nil {
		return err
	}
	p.askGood()
	peers := &serve.Peers{Roots: p.roots, National: p.nation, Now: p.options.now(), Who: func(ctx context.Context, peer *x509.Certificate) (pki.Actor, error) {
		actor, err := p.Officers.Actor(ctx, peer.Raw)
		if err != nil || p.good == nil {
			return actor, err
		}
		return actor, p.good.caller(ctx, peer)
	}}
	p.API = serve.New(serve.Config{Title: titleRA, Version: p.options.version(), Peers: peers, Log: p.options.log(), Now: p.options.now()})
	p.routes()
	p.selfService()
	if p.box != nil {
		p.API.Metrics.MustRegister(p.box)
	}
	p.API.Watch(p.health)
	return nil
}

// identify reads whom this registration trusts, and its own certificate if it has one.
func (p *RAProcess) identify() (err error) {
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
	if p.pair, err = c.Pair.open(c.dir); err != nil {
		return err
	}
	if p.key, err = openKey(c.dir, c.TLSKey); err != nil {
		return fmt.Errorf("opening the API's key: %w", err)
	}
	file := c.Path(c.TLSCertificate)
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	chain, err := readCertificates(file)
	if err != nil {
		return err
	}
	p.identity, err = serve.NewIdentity(rawChain(chain), p.key)
	return err
}

func (p *RAProcess) room() (ra.Config, error) {
	c := p.config
	room := ra.Config{DB: p.database, Audit: p.Audit, Check: guarded(p.Officers.Check, p.reserve()), Officers: p.Officers, Home: c.Home.node(), Agreements: c.Agreements, DraftDays: c.DraftDays,
		Now: p.options.now(), Random: p.options.Random, Log: p.options.log()}
	uri, err := resolveURI(c.dir, c.SealKey)
	if err != nil {
		return room, err
	}
	if room.Sealer, err = keys.OpenSealer(uri, keys.Options{}); err != nil {
		return room, fmt.Errorf("opening the sealing key: %w", err)
	}
	if room.Upstream, err = p.above(); err != nil {
		return room, err
	}
	if room.Self, err = p.selfConfig(); err != nil {
		return room, err
	}
	orders, err := p.orders()
	if err != nil || orders == nil {
		return room, err
	}
	room.Orders, room.States, room.Holders, room.Keys = orders, orders, orders, orders
	return room, nil
}

// orders is the way to the CA: in this process, across the network, or none.
func (p *RAProcess) orders() (*ordering, error) {
	c := p.config
	if p.options.CA != nil {
		return &ordering{p.options.CA, func(ctx context.Context) context.Context {
			return pki.WithActor(ctx, pki.Actor{Name: c.Home.ID, Roles: []string{officer.Site}})
		}}, nil
	}
	if c.CA == "" || p.identity == nil {
		return nil, nil
	}
	api, err := p.caller().client(c.CA)
	if err != nil {
		return nil, err
	}
	return &ordering{ca.NewClient(api), func(ctx context.Context) context.Context { return ctx }}, nil
}

// caller is how this registration reaches the CA and the registration above.
func (p *RAProcess) caller() caller {
	return caller{protocol: p.config.Protocol, identity: p.identity, roots: p.roots, pair: p.pair, nation: p.nation, now: p.options.now()}
}

// firstPosts gives the three administrators of a first start their posts, so that they
// can enrol and give others theirs.
func (p *RAProcess) firstPosts(ctx context.Context) error {
	settled, err := p.Settled(ctx)
	if err != nil || settled {
		return err
	}
	names := []string{}
	for _, role := range []string{officer.System, officer.Security, officer.Audit} {
		names = append(names, p.config.administrator(role))
	}
	return p.FirstPosts(ctx, names)
}

// askGood settles how revoked and held certificates are known: from the CA in this
// process, or by its CRLs.
func (p *RAProcess) askGood() {
	ask := p.options.Good
	if ask == nil && p.config.CA != "" && p.identity != nil {
		ask = newLists(p.config.CA, p.options, p.trust, p.caller).good
	}
	if ask == nil {
		p.options.log().Warn("revoked officers are known only when their registration is ended: no CA can be asked")
		return
	}
	p.good = newGoodness(p.options.now(), ask)
}

// routes puts every operation of a registration on its API.
func (p *RAProcess) routes() {
	p.Registration.Routes(p.API.Huma)
	p.Desk.Routes(p.API.Huma)
	d := desk{registry: p.Officers, log: p.Audit, seats: p.Seats}
	officerRoutes(p.API.Huma, d)
	postRoute(p.API.Huma, d, p.Registration)
	systemRoute(p.API.Huma, d.mayReadSystem, p.vantage)
	(&reception{p.Officers, p.database, p.roots, p.nation, p.options.now()}).routes(p.API.Huma)
}

// Servers starts what a registration does by itself and returns its listener.
func (p *RAProcess) Servers(ctx context.Context) ([]serve.Server, error) {
	c := p.config
	if p.identity == nil {
		return nil, pki.Errorf(pki.Invalid, "ra.certificate", "the registration has no site certificate yet: %s is missing", c.Path(c.TLSCertificate)).
			To("have the CA's security administrator make a code of role site, then 'onecert %s enrol'", c.Component)
	}
	if err := c.speech().ready(p.pair); err != nil {
		return nil, err
	}
	ctx, p.stop = context.WithCancel(ctx)
	if err := startHeads(ctx, p.Audit, c.Path(c.AuditHeads)); err != nil {
		return nil, err
	}
	if err := startCopies(ctx, p.Audit, c.dir, c.AuditCopies, p.options.now()); err != nil {
		return nil, err
	}
	go p.API.KeepLooking(ctx, lookEvery)
	go p.KeepBatches(ctx)
	go p.KeepFrozen(ctx)
	p.keepTelling(ctx)
	go p.keepDesk(ctx)
	go p.keepSwept(ctx)
	if c.Upstream != "" {
		go p.KeepLink(ctx)
	}
	go p.keepIdentity(ctx)
	go renewablePair{p.caller(), c.CA, c.dir, c.Pair}.keep(ctx,
		func(err error) { p.options.log().Error("renewing the pair for TLCP", "error", err) })
	all := []serve.Server{{Name: c.Component, Address: c.Listen, TLS: serve.ServerTLS(p.identity, p.roots), TLCP: p.caller().takes(), Handler: p.API, Log: p.options.log()}}
	if c.SelfListen != "" {
		self, err := p.selfServer()
		if err != nil {
			return nil, err
		}
		all = append(all, self)
	}
	officers, err := p.consoleServers()
	return append(all, officers...), err
}

// keepIdentity renews the site certificate at half its life, where the CA can be asked.
func (p *RAProcess) keepIdentity(ctx context.Context) {
	whenHalfLived(ctx, p.identity, p.options.now(), func() error {
		if p.config.CA == "" {
			return pki.Errorf(pki.Invalid, "ra.ca", "the site certificate is past half its life and the configuration names no ca to renew it at").
				To("set ca, or enrol anew with a code of the CA")
		}
		own := renewable{ca: p.config.CA, identity: p.identity, roots: p.roots, certificate: p.config.Path(p.config.TLSCertificate), now: p.options.now()}
		return own.renew(ctx, p.key)
	}, func(err error) { p.options.log().Error("renewing the site certificate", "error", err) })
}

// Close ends the registration; ctx of Servers must have ended before.
func (p *RAProcess) Close() error {
	if p.stop != nil {
		p.stop()
	}
	if p.Registration != nil {
		p.Registration.Close()
	}
	if p.Officers != nil {
		p.Officers.Close()
	}
	if p.database == nil {
		return nil
	}
	return errors.Join(lastHead(p.Audit), p.database.Close())
}
