package wire

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"onecert/audit"
	"onecert/ca"
	"onecert/gateway"
	"onecert/keys"
	"onecert/officer"
	"onecert/pki"
	"onecert/serve"
)

// What a gateway gets from the platform it belongs to: whose certificates are ours, and
// certificates for its services.
const (
	pathPlatform         = "/v1/platform"
	pathSiteCertificates = "/v1/service-certificates"
)

// PlatformCA is an issuing CA of the platform, as a trust set takes it.
type PlatformCA struct {
	ID     string    `json:"id" doc:"as the journal calls it"`
	Suite  pki.Suite `json:"suite"`
	Issuer string    `json:"issuer" doc:"PEM of the issuing CA"`
	Anchor string    `json:"anchor" doc:"PEM of its root"`
	SHA256 string    `json:"sha256" doc:"of the issuing CA's certificate"`
}

// CertificateOrder asks for certificates a service can show.
type CertificateOrder struct {
	Name  string   `json:"name" pattern:"^[a-z0-9][a-z0-9-]{0,50}$" doc:"of the certificate; the pair for TLCP is called NAME-tlcp"`
	Hosts []string `json:"hosts" minItems:"1" maxItems:"50" doc:"names and addresses people write"`
}

// platform is what a gateway knows of its CA.
func (p *GatewayProcess) platform(ctx context.Context) ([]PlatformCA, error) {
	if _, err := p.Officers.Check(ctx, officer.ReadGateway); err != nil {
		return nil, err
	}
	all := []PlatformCA{}
	for _, i := range p.issuers.all() {
		if i.Partitions <= 0 || len(i.Chain) < 2 || ca.IsCanary(i.ID) {
			continue
		}
		suite, err := pki.SuiteOf(i.certificate.PublicKey)
		if err != nil {
			return nil, err
		}
		all = append(all, PlatformCA{ID: i.ID, Suite: suite, Issuer: string(PEM(i.Chain[:len(i.Chain)-1]...)), Anchor: string(PEM(i.Chain[len(i.Chain)-1])), SHA256: pki.Fingerprint(i.Chain[0])})
	}
	return all, nil
}

func (p *GatewayProcess) platformRoutes() {
	api := p.API.Huma
	huma.Register(api, operation("platform", http.MethodGet, pathPlatform, "The CAs of the platform this gateway belongs to"),
		func(ctx context.Context, _ *struct{}) (*body[[]PlatformCA], error) {
			all, err := p.platform(ctx)
			return &body[[]PlatformCA]{all}, err
		})
	huma.Register(api, operation("service-certificates", http.MethodPost, pathSiteCertificates, "Make keys on the gateway and have the platform's CA certify them for a service"),
		func(ctx context.Context, in *body[CertificateOrder]) (*body[[]gateway.Certificate], error) {
			all, err := p.orderCertificates(ctx, in.Body)
			return &body[[]gateway.Certificate]{all}, err
		})
}

var namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,50}$`)

// orderCertificates makes the keys in the folder of the services' keys and has the CA
// certify them, as the site this gateway is: a certificate for TLS and, where the CA has
// SM2, a pair for TLCP. They are used when the configuration names them.
func (p *GatewayProcess) orderCertificates(ctx context.Context, order CertificateOrder) ([]gateway.Certificate, error) {
	actor, err := p.Officers.Check(ctx, officer.WriteGatewayService)
	if err != nil {
		return nil, err
	}
	if !namePattern.MatchString(order.Name) || len(order.Hosts) == 0 {
		return nil, pki.Errorf(pki.Invalid, "gateway.order", "the order has no name or no host").To("give a name of small letters and digits, and the hosts")
	}
	p.ordering.Lock()
	defer p.ordering.Unlock()
	all, err := p.certify(ctx, order)
	act := audit.Act{Actor: actor, Act: "gateway.certificate-order", Object: order.Name, Result: audit.Done, At: p.options.now()()}
	if err != nil {
		act.Result, act.Detail = audit.Failed, map[string]string{"code": pki.CodeOf(err)}
	}
	if noted := p.Audit.Record(ctx, act); noted != nil && err == nil {
		return nil, noted
	}
	return all, err
}

func (p *GatewayProcess) certify(ctx context.Context, order CertificateOrder) (all []gateway.Certificate, err error) {
	var run [6]byte
	if _, err := rand.Read(run[:]); err != nil {
		return nil, err
	}
	id := order.Name + "-" + hex.EncodeToString(run[:])
	for _, i := range p.issuers.all() {
		if i.Partitions <= 0 || ca.IsCanary(i.ID) {
			continue
		}
		suite, err := pki.SuiteOf(i.certificate.PublicKey)
		if err != nil {
			return nil, err
		}
		one := serviceOrder{CertificateOrder: order, id: id, issuer: i.ID}
		switch {
		case suite == pki.SM2:
			one.profile, one.suite = "device-server", pki.SM2
		case suite == pki.P256 || suite == pki.P384:
			one.profile, one.suite = "device-server-tls", pki.P256
		default:
			one.profile, one.suite = "device-server-tls", pki.RSA2048
		}
		c, err := p.certifyOne(ctx, one)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	// The first that a client takes is shown: ECDSA costs a fraction of RSA.
	slices.SortStableFunc(all, func(a, b gateway.Certificate) int { return cmp.Compare(len(a.Name), len(b.Name)) })
	return all, nil
}

type serviceOrder struct {
	CertificateOrder
	id, issuer, profile string
	suite               pki.Suite
}

// name is how the certificate is called: the plain one for ECDSA.
func (o serviceOrder) name() string {
	switch o.suite {
	case pki.SM2:
		return o.Name + "-tlcp"
	case pki.P256:
		return o.Name
	}
	return o.Name + "-rsa"
}

func (p *GatewayProcess) certifyOne(ctx context.Context, o serviceOrder) (c gateway.Certificate, err error) {
	folder, pass := p.config.Path(p.config.ServiceKeys), p.config.Path(p.config.ServicePassphrase)
	file := o.id + "-" + string(o.suite)
	key, err := keys.Generate(keyURI(filepath.Join(folder, file+".pem"), pass), o.suite, keys.Options{})
	if err != nil {
		return c, fmt.Errorf("making the key of %s: %w", o.name(), err)
	}
	request, err := newRequest(key, o.Hosts[0])
	if err != nil {
		return c, err
	}
	names := make([]pki.AltName, len(o.Hosts))
	for i, host := range o.Hosts {
		names[i] = ca.HostName(host)
	}
	issued, err := p.ca.Issue(ctx, ca.Order{Application: "gateway-" + file, Profile: o.profile, Issuer: o.issuer, Request: request,
		Subject: append(siteSubject(o.Hosts[0], PEM(rawChain(p.trust)...)), pki.Name{}...), AltNames: names, Holder: serviceHolder + o.Name})
	if err != nil {
		return c, fmt.Errorf("having %s certified: %w", o.name(), err)
	}
	above := issued.Chain[:len(issued.Chain)-1]
	c = gateway.Certificate{Name: o.name(), Chain: string(PEM(append([][]byte{issued.Sign.DER}, above...)...)), Key: "file:" + file + ".pem"}
	if o.suite != pki.SM2 {
		return c, nil
	}
	twin := &PairFile{SignKey: keyURI(file+".pem", pass), EncryptKey: keyURI(file+"-encrypt.pem", pass), Certificate: file + "-pair.pem"}
	if err := twin.takeNew(folder, issued); err != nil {
		return c, err
	}
	if err := os.Remove(filepath.Join(folder, twin.Certificate)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return c, err
	}
	c.EncryptChain, c.EncryptKey = string(PEM(append([][]byte{issued.Encrypt.DER}, above...)...)), "file:"+file+"-encrypt.pem"
	return c, nil
}

// GatewayPlatform is a gateway's platform across the network.
type GatewayPlatform struct{ c *serve.Client }

// CAs are those of the platform.
func (g *GatewayPlatform) CAs(ctx context.Context) ([]PlatformCA, error) {
	return serve.Call[struct{}, []PlatformCA](ctx, g.c, http.MethodGet, pathPlatform, nil)
}

// Certificates has certificates made for a service.
func (g *GatewayPlatform) Certificates(ctx context.Context, o CertificateOrder) ([]gateway.Certificate, error) {
	return serve.Call[CertificateOrder, []gateway.Certificate](ctx, g.c, http.MethodPost, pathSiteCertificates, &o)
}
