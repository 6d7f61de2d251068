package wire

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/audit"
	"onecert/ca"
	"onecert/db"
	"onecert/keys"
	"onecert/kmc"
	"onecert/officer"
	"onecert/pki"
	"onecert/serve"
)

// KMCProcess is a KMC with everything around it, ready to be served.
type KMCProcess struct {
	*kmc.Centre
	Officers *officer.Registry
	Audit    *audit.Log
	API      *serve.API

	config   *KMC
	options  Options
	database *db.DB
	identity *serve.Identity
	roots    *x509.CertPool
	pair     *serve.Pair      // nil: none is configured
	nation   *smx509.CertPool // roots of those who come by TLCP
	stop     context.CancelFunc
	good     *goodness // nil: no way to ask is configured
}

// OpenKMC opens a KMC from its configuration. Until its site certificate is there
// it works in process only: Servers then says what is missing.
func OpenKMC(ctx context.Context, config *KMC, options Options) (*KMCProcess, error) {
	p := &KMCProcess{config: config, options: options}
	if err := p.open(ctx); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

func (p *KMCProcess) open(ctx context.Context) error {
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
	room, err := p.room()
	if err != nil {
		return err
	}
	p.askGood(&room)
	if p.Centre, err = kmc.New(ctx, room); err != nil {
		return err
	}
	if p.pair, err = c.Pair.open(c.dir); err != nil {
		return err
	}
	peers := &serve.Peers{Roots: p.roots, National: p.nation, Now: p.options.now(), Who: func(ctx context.Context, peer *x509.Certificate) (pki.Actor, error) {
		actor, err := p.Officers.Actor(ctx, peer.Raw)
		if err != nil || p.good == nil {
			return actor, err
		}
		return actor, p.good.caller(ctx, peer)
	}}
	p.API = serve.New(serve.Config{Title: titleKMC, Version: p.options.version(), Peers: peers, Log: p.options.log(), Now: p.options.now()})
	p.routes()
	p.API.Watch(p.health)
	return nil
}

func (p *KMCProcess) room() (kmc.Config, error) {
	c := p.config
	room := kmc.Config{DB: p.database, Audit: p.Audit, Check: guarded(p.Officers.Check, p.reserve()), Pool: c.Pool, HolderOf: ca.HolderOf,
		Officers: p.Officers, CaseApprovals: c.CaseApprovals, Retention: c.RetentionYears,
		SigningLife: time.Duration(c.SigningDays) * 24 * time.Hour, SigningMost: c.SigningMost,
		Now: p.options.now(), Random: p.options.Random, Log: p.options.log(), Peers: map[string][]*smx509.Certificate{}}
	uri, err := resolveURI(c.dir, c.MasterKey)
	if err != nil {
		return room, err
	}
	if room.Sealer, err = keys.OpenSealer(uri, keys.Options{}); err != nil {
		return room, fmt.Errorf("opening the master key: %w", err)
	}
	if room.Trust, err = readCertificates(c.Path(c.Trust)); err != nil {
		return room, err
	}
	if c.Investigators != "" {
		if room.Investigators, err = readCertificates(c.Path(c.Investigators)); err != nil {
			return room, err
		}
	}
	p.roots, p.nation = x509.NewCertPool(), nationOf(room.Trust)
	for _, trusted := range room.Trust {
		if plain, err := x509.ParseCertificate(trusted.Raw); err == nil && plain.PublicKeyAlgorithm != x509.UnknownPublicKeyAlgorithm {
			p.roots.AddCert(plain)
		}
	}
	if !c.speaks() {
		return room, nil
	}
	return room, p.messages(&room)
}

// caller is how this centre reaches the CA.
func (p *KMCProcess) caller() caller {
	return caller{protocol: p.config.Protocol, identity: p.identity, roots: p.roots, pair: p.pair, nation: p.nation, now: p.options.now()}
}

// speaks reports whether the KMC has what it answers messages of GM/T 0014 with. The
// certificate comes from the CA some time after the first start.
func (c *KMC) speaks() bool {
	if c.MessageKey == "" {
		return false
	}
	_, err := os.Stat(c.Path(c.MessageCertificate))
	return !errors.Is(err, fs.ErrNotExist)
}

// askGood settles how revoked and held certificates are known: from the CA in this
// process, or by its CRLs.
func (p *KMCProcess) askGood(room *kmc.Config) {
	ask := p.options.Good
	if ask == nil && p.config.CA != "" {
		ask = newLists(p.config.CA, p.options, room.Trust, p.caller).good
	}
	if ask == nil {
		p.options.log().Warn("revoked officers are known only when their registration is ended: the configuration names no ca")
		return
	}
	p.good = newGoodness(p.options.now(), ask)
	room.Good = func(ctx context.Context, c *smx509.Certificate) error {
		return p.good.check(ctx, Asked{c.RawIssuer, pki.SerialOf(c.SerialNumber), c.IssuingCertificateURL})
	}
}

func (p *KMCProcess) messages(room *kmc.Config) (err error) {
	c := p.config
	if room.MessageKey, err = openKey(c.dir, c.MessageKey); err != nil {
		return fmt.Errorf("opening the message key: %w", err)
	}
	chain, err := readCertificates(c.Path(c.MessageCertificate))
	if err != nil {
		return err
	}
	room.MessageCertificate = chain[0]
	for name, files := range c.Peers {
		for _, file := range files {
			peer, err := readCertificates(c.Path(file))
			if err != nil {
				return err
			}
			room.Peers[name] = append(room.Peers[name], peer[0])
		}
	}
	return nil
}

// JoinOrder registers a certificate of the CA. The code is the right to register;
// the certificate says whose key gets it.
type JoinOrder struct {
	Code        string `json:"code" minLength:"8" maxLength:"80"`
	Certificate []byte `json:"certificate" maxLength:"32768" doc:"DER, base64"`
}

// Joined is who one has become.
type Joined struct {
	Name string `json:"name"`
	Role string `json:"role"`
}

// routes puts every operation of a KMC on its API.
func (p *KMCProcess) routes() {
	p.Routes(p.API)
	officerRoutes(p.API.Huma, desk{registry: p.Officers, log: p.Audit})
	systemRoute(p.API.Huma, desk{registry: p.Officers}.mayReadSystem, p.vantage)
	(&reception{p.Officers, p.database, p.roots, p.nation, p.options.now()}).routes(p.API.Huma)
}

// Servers starts what a KMC does by itself and returns its listener.
func (p *KMCProcess) Servers(ctx context.Context) ([]serve.Server, error) {
	if err := p.config.speech().ready(p.pair); err != nil {
		return nil, err
	}
	ctx, p.stop = context.WithCancel(ctx)
	if err := startHeads(ctx, p.Audit, p.config.Path(p.config.AuditHeads)); err != nil {
		return nil, err
	}
	if err := startCopies(ctx, p.Audit, p.config.dir, p.config.AuditCopies, p.options.now()); err != nil {
		return nil, err
	}
	key, err := openKey(p.config.dir, p.config.TLSKey)
	if err != nil {
		return nil, fmt.Errorf("opening the API's key: %w", err)
	}
	file := p.config.Path(p.config.TLSCertificate)
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return nil, pki.Errorf(pki.Invalid, "kmc.certificate", "the KMC has no site certificate yet: %s is missing", file).
			To("have the CA's security administrator issue it from tls.csr, profile site, and put its bundle.pem there")
	}
	chain, err := readCertificates(file)
	if err != nil {
		return nil, err
	}
	if p.identity, err = serve.NewIdentity(rawChain(chain), key); err != nil {
		return nil, err
	}
	if c := p.config; c.MessageKey != "" && !c.speaks() {
		p.options.log().Warn("no CA across the network is served: the message certificate is missing", "file", c.Path(c.MessageCertificate))
	}
	dialOut{to: p.config.DialOut, caller: p.caller(), handler: p.API, log: p.options.log()}.start(ctx)
	go p.API.KeepLooking(ctx, lookEvery)
	go p.keepIdentity(ctx, key)
	go renewablePair{p.caller(), p.config.CA, p.config.dir, p.config.Pair}.keep(ctx,
		func(err error) { p.options.log().Error("renewing the pair for TLCP", "error", err) })
	officers, err := p.consoleServers()
	if err != nil || p.config.Listen == "" {
		return officers, err
	}
	return append(officers, serve.Server{Name: "kmc", Address: p.config.Listen, TLS: serve.ServerTLS(p.identity, p.roots), TLCP: p.caller().takes(), Handler: p.API, Log: p.options.log()}), nil
}

// Close ends the KMC.
func (p *KMCProcess) Close() error {
	if p.stop != nil {
		p.stop()
	}
	if p.Centre != nil {
		p.Centre.Close()
	}
	if p.Officers != nil {
		p.Officers.Close()
	}
	if p.database == nil {
		return nil
	}
	return errors.Join(lastHead(p.Audit), p.database.Close())
}
