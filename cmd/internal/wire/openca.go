package wire

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/audit"
	"onecert/ca"
	"onecert/db"
	"onecert/keys"
	"onecert/officer"
	"onecert/pki"
	"onecert/serve"
	"onecert/status"
)

// Options are what a test or the demonstration changes.
type Options struct {
	KMC ca.KeyCentre // in the same process; nil: as configured
	// CA is, for a registration in the same process, where its orders go; nil: as
	// configured.
	CA *ca.CA
	// Good is, for a KMC in the same process as its CA, how it asks whether a
	// certificate is good now; nil: by the CRLs of the configured CA.
	Good   func(context.Context, Asked) error
	Now    func() time.Time
	Log    *slog.Logger
	Random io.Reader
	// OpenKey opens an issuer's key, at its first use; nil: keys.Open.
	OpenKey func(uri string) (*keys.Key, error)
	// Version stands in the API's description; empty: that of the interfaces.
	Version string
	// Program is the version of the program, for /v1/system; empty: Version.
	Program string
}

func (o Options) version() string {
	if o.Version == "" {
		return apiVersion
	}
	return o.Version
}

func (o Options) openKey(uri string) (*keys.Key, error) {
	if o.OpenKey != nil {
		return o.OpenKey(uri)
	}
	return keys.Open(uri, keys.Options{})
}

func (o Options) now() func() time.Time {
	if o.Now == nil {
		return time.Now
	}
	return o.Now
}

func (o Options) log() *slog.Logger {
	if o.Log == nil {
		return slog.Default()
	}
	return o.Log
}

// CAProcess is a CA with everything around it, ready to be served.
type CAProcess struct {
	*ca.CA
	Officers *officer.Registry
	Audit    *audit.Log
	Journal  *status.Journal
	API      *serve.API

	config   *CA
	options  Options
	signers  map[string]*keys.Later // by issuer
	database *db.DB
	identity *serve.Identity
	roots    *x509.CertPool
	issuers  []*x509.Certificate // those TLS knows
	nation   *smx509.CertPool    // roots of those who come by TLCP
	pair     *serve.Pair         // nil: none is configured
	nextPair *ca.Issued          // own pair that the centre is still to be told of
	link     *kmcLink
	inward   *serve.Inward // calls back into inner zones
	next     [][]byte      // own certificate that others are still to be told of
	stop     context.CancelFunc
}

// OpenCA opens a CA from its configuration.
func OpenCA(ctx context.Context, config *CA, options Options) (*CAProcess, error) {
	p := &CAProcess{config: config, options: options}
	if err := p.open(ctx); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

func (p *CAProcess) open(ctx context.Context) error {
	c := p.config
	source, err := databaseSource(c.dir, c.Database, c.DatabaseFile)
	if err != nil {
		return err
	}
	if p.database, err = db.Open(ctx, source); err != nil {
		return err
	}
	if p.Journal, err = status.Open(ctx, p.database); err != nil {
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
	if p.CA, err = ca.New(ctx, room); err != nil {
		return err
	}
	// Rows changed behind the program's back must not decide over certificates.
	changed, err := p.CompareRecords(ctx)
	if err != nil {
		return err
	}
	for _, fault := range changed {
		p.options.log().Error("a record does not fit the audit log", "fault", fault)
	}
	if err := ca.Tampered(changed); err != nil {
		return err
	}
	if err := p.publishAuthorities(); err != nil {
		return err
	}
	return p.serveItself(ctx)
}

// room is the configuration of the ca room.
func (p *CAProcess) room() (ca.Config, error) {
	c := p.config
	room := ca.Config{DB: p.database, Status: p.Journal, Audit: p.Audit, KMC: p.options.KMC, Officers: p.Officers, Check: guarded(p.Officers.Check, p.reserve()),
		Now: p.options.now(), Random: p.options.Random, Log: p.options.log(),
		CRL: ca.CRLRules{Dir: c.Path(c.CRL.Dir), Life: c.CRL.Life, Pause: c.CRL.Pause}}
	var err error
	if room.HolderKey, err = readSecret(c.Path(c.HolderKeyFile), 32); err != nil {
		return room, err
	}
	if room.Profiles, err = loadProfiles(c.Path(c.Profiles)); err != nil {
		return room, err
	}
	p.roots, p.nation, p.signers = x509.NewCertPool(), smx509.NewCertPool(), map[string]*keys.Later{}
	for _, file := range c.Issuers {
		issuer, err := p.issuer(file)
		if err != nil {
			return room, err
		}
		room.Issuers = append(room.Issuers, issuer)
	}
	room.Signing, _ = p.options.KMC.(ca.SigningCentre) // a test's stand-in may make none
	if room.KMC == nil && c.KMC != nil {
		p.link = newKMCLink(p.config, p.options)
		room.KMC, room.Signing = p.link, p.link
	}
	return room, nil
}

func loadProfiles(dir string) (ca.Profiles, error) {
	if dir == "" {
		return ca.DeliveredProfiles()
	}
	return ca.LoadProfiles(os.DirFS(dir))
}

// issuer reads an issuer's certificates and looks at where its key is, without opening
// it: with a thousand issuers the passphrases alone would take a minute and more, and
// most keys sign rarely. 'onecert config check' opens every one.
func (p *CAProcess) issuer(file IssuerFile) (*ca.Issuer, error) {
	uri, err := resolveURI(p.config.dir, file.Key)
	if err == nil {
		err = keys.Look(uri, keys.Options{})
	}
	if err != nil {
		return nil, fmt.Errorf("looking at the key of issuer %s: %w", file.ID, err)
	}
	chain, err := readCertificates(p.config.Path(file.Certificate))
	if err != nil {
		return nil, err
	}
	if !ca.IsCanary(file.ID) {
		p.trust(chain)
	}
	key := keys.OpenLater(chain[0].PublicKey, func() (*keys.Key, error) { return p.options.openKey(uri) })
	p.signers[file.ID] = key
	return &ca.Issuer{ID: file.ID, Key: key, Certificate: chain[0], Chain: chain[1:], Addresses: file.Addresses,
		Partitions: file.Partitions, ListsOnly: file.ListsOnly}, nil
}

// trust lets TLS know a chain. crypto/x509 does not know SM2: those chains come by
// TLCP, not by TLS.
func (p *CAProcess) trust(chain []*smx509.Certificate) {
	suite, err := pki.SuiteOf(chain[0].PublicKey)
	if err != nil {
		return
	}
	if suite == pki.SM2 {
		p.nation.AddCert(chain[len(chain)-1])
		return
	}
	if root, err := x509.ParseCertificate(chain[len(chain)-1].Raw); err == nil {
		p.roots.AddCert(root)
		if issuing, err := x509.ParseCertificate(chain[0].Raw); err == nil {
			p.issuers = append(p.issuers, issuing)
		}
	}
}

func openAudit(ctx context.Context, d *db.DB, dir, origin, keyURI string) (*audit.Log, error) {
	key, err := openKey(dir, keyURI)
	if err != nil {
		return nil, fmt.Errorf("opening the audit key: %w", err)
	}
	signer, err := audit.NewSigner(origin, key)
	if err != nil {
		return nil, fmt.Errorf("opening the audit log: %w", err)
	}
	return audit.Open(ctx, d, origin, signer)
}

// publishAuthorities writes the CA certificates where caIssuers addresses point.
func (p *CAProcess) publishAuthorities() error {
	dir := p.config.Path(p.config.CRL.AIA)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("publishing CA certificates: %w", err)
	}
	for _, file := range p.config.Issuers {
		issuer, err := p.Issuer(file.ID)
		if err != nil {
			return err
		}
		if err := replaceChanged(filepath.Join(dir, file.ID+".cer"), issuer.Certificate.Raw, 0o644); err != nil {
			return err
		}
		for n, above := range issuer.Chain {
			name := file.ID + "-root.cer"
			if n < len(issuer.Chain)-1 {
				name = fmt.Sprintf("%s-above-%d.cer", file.ID, n+1)
			}
			if err := replaceChanged(filepath.Join(dir, name), above.Raw, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// Servers starts what a CA does by itself (CRLs, audit heads, its own certificate)
// until ctx ends, and returns the listeners to run.
func (p *CAProcess) Servers(ctx context.Context) ([]serve.Server, error) {
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
	if err := p.accept(ctx); err != nil {
		return nil, err
	}
	go p.API.KeepLooking(ctx, lookEvery)
	go p.KeepCRLs(ctx)
	go p.KeepReplacing(ctx)
	go p.KeepRetired(ctx)
	go p.keepIdentity(ctx)
	go p.keepPair(ctx)
	dialOut{to: p.config.DialOut, caller: p.caller(), handler: p.API, log: p.options.log()}.start(ctx)
	var servers []serve.Server
	if p.config.Listen != "" {
		servers = append(servers, serve.Server{Name: "ca", Address: p.config.Listen, TLS: serve.ServerTLS(p.identity, p.roots), TLCP: p.caller().takes(), Handler: p.API, Log: p.options.log()})
	}
	officers, err := p.consoleServers()
	if err != nil {
		return nil, err
	}
	servers = append(servers, officers...)
	if p.config.Public == "" {
		return servers, nil
	}
	public, err := p.publicHandler()
	if err != nil {
		return nil, err
	}
	return append(servers, serve.Server{Name: "ca public", Address: p.config.Public, Handler: public, Log: p.options.log()}), nil
}

func startHeads(ctx context.Context, log *audit.Log, dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("preparing the folder of audit heads: %w", err)
	}
	return log.StartHeads(ctx, dir, time.Second)
}

// lastHead covers what was written since the last period.
func lastHead(log *audit.Log) error {
	if log == nil {
		return nil
	}
	return log.LastHead(context.Background())
}

func (p *CAProcess) publicHandler() (http.Handler, error) {
	mux := http.NewServeMux()
	for path, dir := range map[string]string{"/crl/": p.config.CRL.Dir, "/aia/": p.config.CRL.AIA} {
		full := p.config.Path(dir)
		if err := os.MkdirAll(full, 0o755); err != nil {
			return nil, fmt.Errorf("publishing %s: %w", path, err)
		}
		files, err := serve.Files(full)
		if err != nil {
			return nil, err
		}
		mux.Handle(path, http.StripPrefix(path, files))
	}
	return mux, nil
}

// Close ends the CA; ctx of Servers must have ended before.
func (p *CAProcess) Close() error {
	if p.stop != nil {
		p.stop()
	}
	if p.CA != nil {
		p.CA.Close()
	}
	if p.link != nil {
		p.link.Close()
	}
	if p.Officers != nil {
		p.Officers.Close()
	}
	if p.database == nil {
		return nil
	}
	return errors.Join(lastHead(p.Audit), p.database.Close())
}
