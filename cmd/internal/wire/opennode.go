package wire

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/ca"
	"onecert/crl"
	"onecert/db"
	"onecert/keys"
	"onecert/ldap"
	"onecert/observer"
	"onecert/ocsp"
	"onecert/pki"
	"onecert/portal"
	"onecert/serve"
	"onecert/status"
)

// NodeProcess is a node of status with everything around it, ready to be served.
type NodeProcess struct {
	Copy      *status.Copy
	Directory *ldap.Directory
	Responder *ocsp.Responder
	Observer  *observer.Observer // nil where none is configured
	Lists     *crl.Publisher
	API       *serve.API

	config   *Node
	options  Options
	database *db.DB
	identity *serve.Identity
	key      *keys.Key
	roots    *x509.CertPool
	pair     *serve.Pair      // nil: none is configured
	nation   *smx509.CertPool // roots of those who come by TLCP
	link     *serve.Client
	ca       *ca.Client
	issuers  *knownIssuers
	board    *portal.Board // nil: no registration is configured
	chains   *crl.Chains
	running  sync.WaitGroup
	stop     context.CancelFunc
}

// OpenNode opens a node from its configuration. It needs its certificate, and the CA
// once: afterwards it starts from what it kept.
func OpenNode(ctx context.Context, config *Node, options Options) (*NodeProcess, error) {
	p := &NodeProcess{config: config, options: options}
	if err := p.open(ctx); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

func (p *NodeProcess) open(ctx context.Context) error {
	c := p.config
	if err := p.identify(); err != nil {
		return err
	}
	source, err := databaseSource(c.dir, c.Database, c.DatabaseFile)
	if err != nil {
		return err
	}
	if p.database, err = db.Open(ctx, source); err != nil {
		return err
	}
	p.Copy, err = status.OpenCopy(ctx, status.CopyConfig{DB: p.database, Source: status.NewClient(p.link), Now: p.options.now(), Log: p.options.log()})
	if err != nil {
		return err
	}
	if p.issuers, err = learnIssuers(ctx, p.ca, c.Path(issuersFile)); err != nil {
		return err
	}
	for _, part := range []func(context.Context) error{p.respond, p.publish, p.direct, p.observe, p.announce} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return p.describe()
}

// identify reads the node's own certificate and opens the way to the CA.
func (p *NodeProcess) identify() error {
	c := p.config
	var err error
	if p.key, err = openKey(c.dir, c.TLSKey); err != nil {
		return fmt.Errorf("opening the node's key: %w", err)
	}
	file := c.Path(c.TLSCertificate)
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return pki.Errorf(pki.Invalid, "node.certificate", "the node has no certificate yet: %s is missing", file).
			To("have the CA's security administrator make a code of role node, then 'onecert node enrol'")
	}
	chain, err := readCertificates(file)
	if err != nil {
		return err
	}
	if p.identity, err = serve.NewIdentity(rawChain(chain), p.key); err != nil {
		return err
	}
	trust, err := os.ReadFile(c.Path(c.Trust))
	if err != nil {
		return pki.Errorf(pki.Invalid, "config.certificate", "the certificate file %s cannot be read", c.Path(c.Trust)).Because(err)
	}
	if p.roots, err = TrustPool(trust); err != nil {
		return err
	}
	trusted, err := readCertificates(c.Path(c.Trust))
	if err != nil {
		return err
	}
	p.nation = nationOf(trusted)
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

// caller is how this node reaches the CA.
func (p *NodeProcess) caller() caller {
	return caller{protocol: p.config.Protocol, identity: p.identity, roots: p.roots, pair: p.pair, nation: p.nation, now: p.options.now()}
}

// respond makes the OCSP responder.
func (p *NodeProcess) respond(context.Context) error {
	c := p.config.OCSP
	key, err := resolveURI(p.config.dir, c.Key)
	if err != nil {
		return err
	}
	key = unescapedBraces(key)
	var issuers []ocsp.Issuer
	for _, i := range p.issuers.all() {
		if i.Partitions > 0 {
			issuers = append(issuers, ocsp.Issuer{ID: i.ID, Certificate: i.certificate})
		}
	}
	p.Responder, err = ocsp.New(ocsp.Config{Issuers: issuers, Journal: p.Copy.Journal(), Enroller: enroller{p.ca}, Dir: p.config.Path(c.Dir), Key: key,
		Subject: siteSubject("OCSP", nil), Life: c.Life, MaxLag: c.MaxLag, Behind: p.Copy.Age, Now: p.options.now(), Log: p.options.log()})
	return err
}

// unescapedBraces gives a URI its places for issuer and number back: braces are not
// characters of a URI.
func unescapedBraces(uri string) string {
	return strings.NewReplacer("%7B", "{", "%7D", "}").Replace(uri)
}

// enroller gets the responder's certificates from the CA.
type enroller struct{ ca *ca.Client }

// Enrol implements ocsp.Enroller.
func (e enroller) Enrol(ctx context.Context, issuer, application string, request []byte) ([]byte, error) {
	issued, err := e.ca.Issue(ctx, ca.Order{Application: application, Profile: "ocsp-responder", Issuer: issuer, Request: request})
	if err != nil {
		return nil, err
	}
	return issued.Sign.DER, nil
}

// describe makes the node's own API: health, metrics and the observer's report, for
// whoever holds a good certificate of this CA.
func (p *NodeProcess) describe() error {
	journal := p.Copy.Journal()
	good := newGoodness(p.options.now(), func(ctx context.Context, asked Asked) error { return p.good(ctx, journal, asked) })
	peers := &serve.Peers{Roots: p.roots, Issuers: p.issuers.forTLS(), National: p.nation, Required: true, Now: p.options.now(), Who: func(ctx context.Context, peer *x509.Certificate) (pki.Actor, error) {
		return pki.Actor{Name: peer.Subject.CommonName, Certificate: pki.Fingerprint(peer.Raw)}, good.caller(ctx, peer)
	}}
	p.API = serve.New(serve.Config{Title: titleNode, Version: p.options.version(), Peers: peers, Log: p.options.log(), Now: p.options.now()})
	p.API.Metrics.MustRegister(p.Responder)
	p.API.Watch(p.health)
	// A node knows no roles: Peers has let in officers and components only.
	systemRoute(p.API.Huma, func(context.Context) error { return nil }, p.vantage)
	if p.Observer == nil {
		return nil
	}
	p.Observer.Routes(p.API.Huma)
	page, err := p.Observer.Page()
	if err != nil {
		return err
	}
	p.API.Mux.Handle("GET /observer", page)
	return nil
}

// good asks the node's own copy whether a caller's certificate is good.
func (p *NodeProcess) good(ctx context.Context, journal *status.Journal, asked Asked) error {
	issuer := p.issuers.named(asked)
	if issuer == "" {
		return pki.Errorf(pki.Forbidden, "officer.revoked", "the certificate is of an issuer this node does not know")
	}
	record, err := journal.Record(ctx, issuer, asked.Serial)
	if err != nil {
		return err
	}
	if state := record.State.At(p.options.now()(), record.NotAfter); state != pki.Valid {
		return pki.Errorf(pki.Forbidden, "officer.revoked", "the certificate is %s", state).To("use a certificate that is valid")
	}
	// What stands in the directory is a holder's; officers and components are not in it.
	_, err = p.Directory.Certificate(ctx, issuer, asked.Serial)
	if err == nil {
		return pki.Errorf(pki.Forbidden, "officer.unknown", "this is for officers and components of the platform").To("use an officer's certificate")
	}
	if pki.KindOf(err) != pki.Unknown {
		return err
	}
	return nil
}

// Close ends the node; ctx of Servers must have ended before.
func (p *NodeProcess) Close() error {
	if p.stop != nil {
		p.stop()
	}
	p.running.Wait()
	if p.Copy != nil {
		p.Copy.Close()
	}
	if p.database == nil {
		return nil
	}
	return p.database.Close()
}

const titleNode = "OneCert node of status"

// slow is how old the copy may be before it is a warning, and a failure.
const slow, stale = 10 * time.Second, 10 * time.Minute
