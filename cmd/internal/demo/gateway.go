package demo

import (
	"context"
	"encoding/pem"
	"fmt"
	"html/template"
	"net/http"
	"os"
	"path/filepath"
	"slices"

	"onecert/ca"
	"onecert/cmd/internal/wire"
	"onecert/gateway"
	"onecert/keys"
	"onecert/officer"
	"onecert/pki"
	"onecert/serve"
)

// The demonstration's gateway has two services before one small application: "gate" lets
// nobody in without a certificate, over TLS and TLCP on one port; "site" has a public page
// and sends people to "gate" to log in.
const (
	gateApp = "demo"
	siteApp = "site"
)

func makeGateway(o Options, s *state) error {
	trust, err := trusted(o.Dir)
	if err != nil {
		return err
	}
	_, err = wire.InitGateway(wire.NewGateway{Dir: filepath.Join(o.Dir, "gateway"), Host: s.Host, Listen: s.address("gateway"), Name: "https://" + s.address("gate"),
		CA: "https://" + s.address("ca"), Trust: trust, SealWith: keys.SM4GCM})
	return err
}

// siteOfGateway gives the gateway its certificate, and its place at the CA.
func (t *tree) siteOfGateway(ctx context.Context) error {
	text, err := os.ReadFile(filepath.Join(t.o.Dir, "gateway/tls.csr"))
	if err != nil {
		return fmt.Errorf("reading the gateway's request: %w", err)
	}
	request, _ := pem.Decode(text)
	issued, err := t.ca.Issue(office(ctx), ca.Order{Application: "site-gateway", Profile: "site", Request: request.Bytes, Holder: "site:gateway",
		AltNames: []pki.AltName{ca.HostName(t.s.Host), {Kind: "dns", Value: "localhost"}}})
	if err != nil {
		return err
	}
	_, err = t.ca.Officers.Register(office(ctx), officer.Registration{Certificate: issued.Sign.DER, Name: "gateway1", Kind: officer.Place,
		Roles: []string{officer.Site}, Issuer: issued.Sign.Issuer})
	if err != nil {
		return fmt.Errorf("registering the gateway: %w", err)
	}
	return writeFile(filepath.Join(t.o.Dir, "gateway/tls.pem"), wire.PEM(issued.Sign.DER, issued.Chain[0]), 0o644)
}

// guards says whether one of the cast administers the gateway.
func (r role) guards() bool {
	return slices.Contains([]string{"centre.system", "centre.security", "centre.audit"}, r.name)
}

// openGateway starts the gateway and the application behind it. It follows the CA across
// the network, so the CA's API has to be there.
func (t *tree) openGateway(ctx context.Context) ([]serve.Server, error) {
	config, err := wire.LoadGateway(filepath.Join(t.o.Dir, "gateway/gateway.yaml"))
	if err != nil {
		return nil, err
	}
	if t.gateway, err = wire.OpenGateway(ctx, config, wire.Options{Now: t.now, Log: t.o.Log, Version: t.o.Version}); err != nil {
		return nil, err
	}
	if err := t.admitGuards(ctx); err != nil {
		return nil, err
	}
	servers, err := t.gateway.Servers(ctx)
	return append(servers, serve.Server{Name: "demo application", Address: t.s.address("app"), Handler: http.HandlerFunc(whoYouAre), Log: t.o.Log}), err
}

// admitGuards registers the administrators, at the first start.
func (t *tree) admitGuards(ctx context.Context) error {
	known, err := t.gateway.Officers.List(ctx)
	if err != nil || len(known) > 0 {
		return err
	}
	for _, r := range cast() {
		if !r.guards() {
			continue
		}
		text, err := os.ReadFile(t.file(r.name, "ecdsa", "sign.pem"))
		if err != nil {
			return fmt.Errorf("reading a certificate: %w", err)
		}
		block, _ := pem.Decode(text)
		if _, err := t.gateway.Officers.Register(office(ctx), officer.Registration{Certificate: block.Bytes, Name: r.name, Kind: officer.Person, Roles: r.roles, Issuer: "ecdsa"}); err != nil {
			return fmt.Errorf("registering %s at the gateway: %w", r.name, err)
		}
	}
	return nil
}

// protect puts the application behind the gateway, as its administrators do, once.
func (t *tree) protect(ctx context.Context) error {
	security, err := wire.OpenSession(filepath.Join(t.o.Dir, "officers", "centre.security"), wire.SessionOptions{})
	if err != nil {
		return err
	}
	system, err := wire.OpenSession(filepath.Join(t.o.Dir, "officers", "centre.system"), wire.SessionOptions{})
	if err != nil {
		return err
	}
	state, err := system.Gateway.State(ctx)
	if err != nil || state.Newest > 0 {
		return err
	}
	gate := wire.Protection{URL: "http://" + t.s.address("app"), Name: gateApp, Title: "演示应用", Host: t.s.Host, Listen: t.s.address("gate")}
	site := gate
	site.Name, site.Title, site.Listen, site.Public = siteApp, "演示网站", t.s.address("site"), []string{"/"}
	for _, p := range []wire.Protection{gate, site} {
		if _, err := wire.ProtectTrust(ctx, security, p); err != nil {
			return fmt.Errorf("trusting the platform: %w", err)
		}
	}
	if _, err := wire.ProtectService(ctx, system, gate); err != nil {
		return fmt.Errorf("protecting the application: %w", err)
	}
	return t.openSite(ctx, system, site)
}

// openSite adds the service with a public page.
func (t *tree) openSite(ctx context.Context, system *wire.Session, site wire.Protection) error {
	c, v, err := system.Gateway.Current(ctx)
	if err != nil {
		return err
	}
	gate := &c.Services[0]
	gate.LoginFor = []string{"https://" + t.s.address("site")}
	c.Applications = append(c.Applications, gateway.Application{Name: siteApp, Title: site.Title, Backend: gateway.Backends{Backends: []gateway.Backend{{URL: site.URL}}},
		Access: []gateway.Access{{Path: "/", Certificate: gateway.AskNone}}, Identity: gateway.Identity{Sets: []string{"rfc9440", "authelia"}}})
	c.Services = append(c.Services, gateway.Service{Name: siteApp, Title: site.Title, Kind: gateway.Web, Listen: []string{site.Listen}, ClientCertificate: gateway.AskNone,
		Certificates: gate.Certificates, Applications: []string{siteApp}, Login: &gateway.LoginAt{URL: "https://" + t.s.address("gate")}})
	_, err = system.Gateway.Apply(ctx, gateway.Change{Base: v.Number, Note: "a site with a public page", Document: c})
	return err
}

var page = template.Must(template.New("").Parse(`<!doctype html><meta charset="utf-8"><title>演示应用</title>
<h1>演示应用</h1>{{if .Name}}<p>您是 <b id="name">{{.Name}}</b>（<span id="user">{{.User}}</span>）。</p>{{else}}<p id="public">公开页面，无需证书。<a href="/me">登录</a></p>{{end}}
<p>来自 {{.From}}，路径 {{.Path}}。</p>
`))

// whoYouAre is the application: it shows what the gateway tells it. /slow answers a line a
// second, for as long as it may.
func whoYouAre(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/slow" {
		slowly(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	page.Execute(w, map[string]string{"Name": r.Header.Get("Remote-Name"), "User": r.Header.Get("Remote-User"), "From": r.Header.Get("X-Forwarded-For"), "Path": r.URL.Path})
}
