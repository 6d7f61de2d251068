package wire

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"onecert/ca"
	"onecert/ldap"
	"onecert/observer"
	"onecert/pki"
	"onecert/portal"
	"onecert/serve"
	"onecert/verify"
)

// direct makes the directory. It is kept without a listener as well: the portal looks
// holders up in it.
func (p *NodeProcess) direct(ctx context.Context) (err error) {
	base := "o=OneCert,c=CN"
	if p.config.LDAP != nil {
		base = p.config.LDAP.Base
	}
	p.Directory, err = ldap.New(ctx, ldap.Config{DB: p.database, Status: p.Copy.Journal(), Source: directorySource{p}, Lists: &shelf{dir: p.config.Path(p.config.CRL.Dir), read: map[string]shelved{}},
		Base: base, Now: p.options.now(), Log: p.options.log()})
	return err
}

// directorySource is the CA as the directory sees it.
type directorySource struct{ p *NodeProcess }

// Published implements ldap.Source.
func (s directorySource) Published(ctx context.Context, issuer string, serials []pki.Serial) ([]ldap.Certificate, error) {
	found, err := s.p.ca.Published(ctx, issuer, serials)
	if err != nil {
		return nil, err
	}
	all := make([]ldap.Certificate, len(found))
	for i, c := range found {
		all[i] = ldap.Certificate{Issuer: c.Issuer, Serial: c.Serial, Holder: c.Holder, Kind: string(c.Kind), Role: c.Role, DER: c.DER}
	}
	return all, nil
}

// Authorities implements ldap.Source.
func (s directorySource) Authorities(context.Context) ([]ldap.Authority, error) {
	var all []ldap.Authority
	for _, i := range s.p.issuers.all() {
		all = append(all, ldap.Authority{ID: i.ID, Chain: i.Chain, Partitions: i.Partitions})
	}
	return all, nil
}

// portalDirectory is the directory as the portal sees it.
type portalDirectory struct{ d *ldap.Directory }

// Holder implements portal.Directory.
func (d portalDirectory) Holder(ctx context.Context, holder string) ([]portal.Certificate, error) {
	found, err := d.d.Holder(ctx, holder)
	all := make([]portal.Certificate, len(found))
	for i, c := range found {
		all[i] = portal.Certificate{Issuer: c.Issuer, Serial: c.Serial, Role: c.Role, DER: c.DER}
	}
	return all, err
}

// Certificate implements portal.Directory.
func (d portalDirectory) Certificate(ctx context.Context, issuer string, serial pki.Serial) (*portal.Certificate, error) {
	c, err := d.d.Certificate(ctx, issuer, serial)
	if err != nil {
		return nil, err
	}
	return &portal.Certificate{Issuer: c.Issuer, Serial: c.Serial, Role: c.Role, DER: c.DER}, nil
}

// mostShown is the most octets of a list that is read to say what a CA's own standing
// is: it lists CAs.
const mostShown = 1 << 20

// listAt returns the complete list this node publishes under the name an address ends
// with, nil if there is none. Who is told of it checks its signature.
func (p *NodeProcess) listAt(_ context.Context, address string) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, nil
	}
	folder, name := path.Split(u.Path)
	issuer := path.Base(folder)
	if name != "complete.crl" || issuer == ".." {
		return nil, nil
	}
	file := filepath.Join(p.config.Path(p.config.CRL.Dir), issuer, name)
	info, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() > mostShown {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return os.ReadFile(file)
}

// serveDirectory opens the directory's listeners and begins to publish to others.
func (p *NodeProcess) serveDirectory(ctx context.Context) error {
	c := p.config.LDAP
	if c == nil {
		return nil
	}
	for address, config := range map[string]*tls.Config{c.Listen: nil, c.Secure: serve.PublicTLS(p.identity)} {
		if address == "" {
			continue
		}
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
		if err != nil {
			return pki.Errorf(pki.Unavailable, "node.ldap", "the directory cannot listen at %s", address).
				To("check that no other program has the port; ports below 1024 need the right to bind them").Because(err)
		}
		p.running.Go(func() {
			// Which connection goes is the listener's to say; one that was told to go is
			// still counted here for a moment.
			server := &ldap.Server{Directory: p.Directory, Most: 2 * directoryConnections, Log: p.options.log()}
			if err := server.Run(ctx, serve.Fair(listener, directoryConnections), config); err != nil && ctx.Err() == nil {
				p.options.log().Error("serving the directory", "error", err)
			}
		})
	}
	for _, t := range c.Targets {
		target, err := p.target(t)
		if err != nil {
			return err
		}
		p.running.Go(func() { _ = p.Directory.Publish(ctx, target) })
	}
	return nil
}

// directoryConnections is how many clients the directory talks with at once; serve
// shares them out among sources.
const directoryConnections = 1000

func (p *NodeProcess) target(t NodeTarget) (ldap.Target, error) {
	target := ldap.Target{Name: t.Name, Address: t.Address, BindDN: t.BindDN}
	address, err := url.Parse(t.Address)
	if err != nil {
		return target, pki.Errorf(pki.Invalid, "config.ldap.target", "the address of %s is none", t.Name).To("write ldap://host:389 or ldaps://host:636")
	}
	target.TLS = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: address.Hostname()}
	if t.Trust != "" {
		text, err := os.ReadFile(p.config.Path(t.Trust))
		if err == nil {
			target.TLS.RootCAs, err = TrustPool(text)
		}
		if err != nil {
			return target, pki.Errorf(pki.Invalid, "config.ldap.target", "the trust file of %s cannot be read", t.Name).Because(err)
		}
	}
	if t.PasswordFile != "" {
		file := p.config.Path(t.PasswordFile)
		target.Password = func() (string, error) {
			text, err := os.ReadFile(file)
			return strings.TrimRight(string(text), "\r\n"), err
		}
	}
	return target, nil
}

// observe makes the observer.
func (p *NodeProcess) observe(context.Context) error {
	c := p.config.Observer
	if c == nil {
		return nil
	}
	config := observer.Config{Authority: canaryAuthority{p.ca}, Every: c.Every, Within: c.Within, Random: rand.Reader, Now: p.options.now(), Log: p.options.log(),
		Relint: &observer.Relint{Status: p.Copy.Journal(), Issued: p.ca.IssuedCertificates, Issuers: map[string][]byte{}, Skip: ca.IsCanary,
			Position: positionFile(p.config.Path("observer.position"))}}
	for _, i := range p.issuers.all() {
		certificate, err := verify.ParseCertificate(i.Chain[0])
		if err != nil {
			return fmt.Errorf("reading the certificate of issuer %s: %w", i.ID, err)
		}
		config.Relint.Issuers[i.ID] = i.Chain[0]
		if !ca.IsCanary(i.ID) {
			config.Watched = append(config.Watched, observer.WatchCertificate("issuer."+i.ID, certificate))
			continue
		}
		if len(c.Canaries) == 0 || contains(c.Canaries, i.ID) {
			config.Canaries = append(config.Canaries, observer.Canary{Issuer: i.ID, Suite: i.Suite, Certificate: certificate,
				Directory: p.directoryAddress(), Base: p.directoryBase()})
		}
	}
	if address, err := url.Parse(p.config.CA); err == nil {
		config.Watched = append(config.Watched, observer.WatchTLS("tls.ca", address.Host))
	}
	for _, address := range c.Watch {
		config.Watched = append(config.Watched, observer.WatchTLS("tls."+address, address))
	}
	config.Watched = append(config.Watched, observer.Watched{Name: "tls.node", Look: func(context.Context) (begin, end time.Time, err error) {
		own := p.identity.Certificate()
		return own.NotBefore, own.NotAfter, nil
	}})
	p.Observer = observer.New(config)
	for _, i := range p.issuers.all() {
		p.Observer.WatchList("crl."+i.ID, i.Addresses.CRL+"/"+i.ID+"/complete.crl")
	}
	return nil
}

func contains(all []string, one string) bool {
	for _, s := range all {
		if s == one {
			return true
		}
	}
	return false
}

// directoryAddress is where the node itself asks its directory; "" without one.
func (p *NodeProcess) directoryAddress() string {
	if p.config.LDAP == nil {
		return ""
	}
	host, port, err := net.SplitHostPort(p.config.LDAP.Listen)
	if err != nil {
		return ""
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "ldap://" + net.JoinHostPort(host, port)
}

func (p *NodeProcess) directoryBase() string {
	if p.config.LDAP == nil {
		return ""
	}
	return p.config.LDAP.Base
}

// canaryAuthority is the CA as the observer sees it.
type canaryAuthority struct{ ca *ca.Client }

// Canary implements observer.Authority.
func (a canaryAuthority) Canary(ctx context.Context, issuer string, request []byte) ([]byte, error) {
	name, err := pki.NewSerial(rand.Reader)
	if err != nil {
		return nil, err
	}
	issued, err := a.ca.Issue(ctx, ca.Order{Application: "canary-" + string(name), Profile: "canary", Issuer: issuer, Request: request})
	if err != nil {
		return nil, err
	}
	return issued.Sign.DER, nil
}

// End implements observer.Authority.
func (a canaryAuthority) End(ctx context.Context, issuer string, serial pki.Serial) error {
	_, err := a.ca.Revoke(ctx, issuer, serial, ca.Revocation{Reason: pki.CessationOfOperation.String()})
	return err
}

// positionFile keeps the observer's position; lost, everything is looked at again.
type positionFile string

// Read implements observer.Position.
func (f positionFile) Read(context.Context) (int64, error) {
	text, err := os.ReadFile(string(f))
	if os.IsNotExist(err) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
}

// Write implements observer.Position.
func (f positionFile) Write(_ context.Context, number int64) error {
	return ReplaceFile(string(f), []byte(strconv.FormatInt(number, 10)+"\n"), 0o644)
}
