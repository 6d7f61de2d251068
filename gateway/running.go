package gateway

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"

	"onecert/gateway/internal/forward"
	"onecert/gateway/internal/identity"
	"onecert/gateway/internal/pages"
	"onecert/gateway/internal/trust"
	"onecert/pki"
	"onecert/policy"
	"onecert/tlcp"
)

// running is one configuration at work. It does not change: another one takes its place,
// and requests under way end with the one they began with.
type running struct {
	config   *Configuration
	policy   *policy.Set
	apps     map[string]*application
	services map[string]*service
	// warnings are what a new configuration would be refused for, and one that runs is not.
	warnings []error
}

// application is an Application at work.
type application struct {
	Application
	pool   *forward.Pool
	plan   *identity.Plan
	access []access
	wire   string // its back ends' configuration, to tell whether the pool goes on
}

type access struct {
	pattern pattern
	methods []string
	ask     Ask
}

// service is a Service at work.
type service struct {
	Service
	run     *running // the configuration it is of: a request sees one and no mixture
	apps    []*application
	trust   *trust.Set
	proxies []netip.Prefix
	pages   *pages.Pages
	limits  DoorLimits // with those it does not say

	tls, tlsPlain   *tls.Config // asking for a certificate, and not; nil: TLS is not spoken
	tlcp, tlcpPlain *tlcp.Config
	resuming        *resuming // goes on over changes
}

// fault is an error about one field of a configuration.
func fault(field, format string, args ...any) *pki.Error {
	return pki.Errorf(pki.Invalid, "gateway.configuration", field+": "+format, args...)
}

// build makes a configuration ready without touching what runs. What is the same in old
// goes on being used. On error nothing is left behind.
func (g *Gateway) build(ctx context.Context, c *Configuration, old *running) (_ *running, err error) {
	r := &running{config: c, apps: map[string]*application{}, services: map[string]*service{}}
	defer func() {
		if err != nil {
			r.closeBut(old)
		}
	}()
	if err := trust.Check(c.Trust); err != nil {
		return nil, err
	}
	if err := g.journals(c); err != nil {
		return nil, err
	}
	if _, err := g.trustOf(c); err != nil {
		return nil, err
	}
	if r.policy, err = policy.Compile(&c.Policy); err != nil {
		return nil, err
	}
	shown, err := g.certificates(c)
	if err != nil {
		return nil, err
	}
	looks, err := brandings(c)
	if err != nil {
		return nil, err
	}
	for i := range c.Applications {
		if err := g.addApplication(r, &c.Applications[i], old); err != nil {
			return nil, err
		}
	}
	for i := range c.Services {
		if err := g.addService(r, &c.Services[i], old, shown, looks); err != nil {
			return nil, err
		}
	}
	if err := r.cases(); err != nil {
		return nil, err
	}
	if err := r.unknown(old); err != nil {
		return nil, err
	}
	return r, r.addresses()
}

// cases looks that no rule has capitals where paths are compared in lower case: it would
// never fit, and one that denies would deny nothing.
func (r *running) cases() error {
	for _, rule := range r.config.Policy.Rules {
		for _, c := range append([]policy.Conditions{rule.When}, rule.Except...) {
			capitals := slices.ContainsFunc(c.Paths, func(path string) bool { return path != strings.ToLower(path) })
			for _, app := range r.apps {
				if capitals && !c.PathsIgnoreCase && app.FoldCase && (len(c.Applications) == 0 || slices.Contains(c.Applications, app.Name)) {
					return fault("policy.rules."+rule.ID+".paths", "%s compares paths in lower case, and the rule has capitals", app.Name).
						To("write paths_ignore_case: true, or name the applications the rule is for")
				}
			}
		}
	}
	return nil
}

// unknown looks that no rule denies by what this gateway cannot know of anybody: it would
// match nobody, and deny nothing. Rules that allow by it let nobody in, which is careful.
// One that runs already, or was stored by an earlier release that took it, goes on denying
// nobody and is told of in the state and the health: an older configuration in its place
// would change more than anybody asked for.
func (r *running) unknown(old *running) error {
	for _, rule := range r.config.Policy.Rules {
		if rule.Effect != policy.Deny || rule.Disabled || len(rule.When.Profiles) == 0 && len(rule.When.Groups) == 0 {
			continue
		}
		err := fault("policy.rules."+rule.ID+".when", "this gateway knows neither the profile of a certificate nor the groups of an account, so the rule would deny nobody").
			To("deny by issuer, certificate policy, names, users or lists")
		runs := old == nil || slices.ContainsFunc(old.config.Policy.Rules, func(before policy.Rule) bool { return same(before, rule) })
		if !runs {
			return err
		}
		r.warnings = append(r.warnings, err)
	}
	return nil
}

// journals looks that nobody is judged by a journal this process does not follow: trust
// would refuse that only when the version is stored.
func (g *Gateway) journals(c *Configuration) error {
	for _, ca := range c.Trust.CAs {
		if g.cfg.Journal == nil && slices.ContainsFunc(ca.Revocation, func(s trust.Source) bool { return s.Kind == trust.SourceJournal }) {
			return fault("trust.cas."+ca.Name+".revocation", "this gateway has no status journal").
				To("follow the CA's journal in the process's configuration, or use its lists")
		}
	}
	return nil
}

// passwords is the folder, in that of the lists, of the files with passwords of sources.
const passwords = "passwords"

// trustOf is the trust configuration with the files of passwords where they lie: who
// configures a gateway over the network could otherwise have it send any file of the
// machine to a server of his.
func (g *Gateway) trustOf(c *Configuration) (trust.Config, error) {
	t := c.Trust
	t.CAs, t.Lists = slices.Clone(t.CAs), slices.Clone(t.Lists)
	for i := range t.CAs {
		t.CAs[i].Revocation = slices.Clone(t.CAs[i].Revocation)
		for j := range t.CAs[i].Revocation {
			source := &t.CAs[i].Revocation[j]
			if err := g.password("trust.cas."+t.CAs[i].Name+".revocation."+source.Name, &source.PasswordFile); err != nil {
				return t, err
			}
		}
	}
	for i := range t.Lists {
		if err := g.password("trust.lists."+t.Lists[i].Name, &t.Lists[i].PasswordFile); err != nil {
			return t, err
		}
	}
	return t, nil
}

// password puts the name of a file with a password where the file lies.
func (g *Gateway) password(at string, file *string) error {
	switch {
	case *file == "":
	case g.cfg.Lists == "" || *file == "." || *file == ".." || strings.ContainsAny(*file, "/\\"):
		return fault(at+".passwordFile", "it is no file's name").
			To("put the file into the folder passwords of the folder of the revocation lists, and write its name")
	default:
		*file = filepath.Join(g.cfg.Lists, passwords, *file)
	}
	return nil
}

// addresses looks that no two services want one.
func (r *running) addresses() error {
	taken := map[string]string{}
	for i, s := range r.config.Services {
		for _, a := range s.Listen {
			if other, ok := taken[a]; ok {
				return fault(field("services", i, "listen"), "%s is taken by the service %s", a, other).To("give each service addresses of its own")
			}
			taken[a] = s.Name
		}
	}
	return nil
}

func (g *Gateway) addApplication(r *running, a *Application, old *running) error {
	at := "applications." + a.Name
	if !isName(a.Name) {
		return fault("applications", "%q is no name", a.Name).To("use small letters, digits and hyphens")
	}
	if r.apps[a.Name] != nil {
		return fault(at, "the name is there twice")
	}
	app := &application{Application: *a}
	if app.Prefix == "" {
		app.Prefix = "/"
	}
	if p, err := parsePattern(app.Prefix); err != nil || p.beneath || strings.Contains(app.Prefix, "*") || app.Prefix != "/" && strings.HasSuffix(app.Prefix, "/") {
		return fault(at+".prefix", "%q is no beginning of a path", a.Prefix).To("write /a or /a/b, without a slash at the end")
	}
	for _, h := range a.Hosts {
		if name, port, ok := hostOf(strings.TrimPrefix(h, "*.")); !ok || port != "" || name != strings.TrimPrefix(h, "*.") {
			return fault(at+".hosts", "%q is no host name", h).To("write small letters without a port; *.example.gov for all beneath")
		}
	}
	for _, rule := range a.Access {
		p, err := parsePattern(rule.Path)
		if err != nil {
			return err
		}
		if !slices.Contains([]Ask{AskNone, AskOptional, AskRequired}, rule.Certificate) {
			return fault(at+".access", "certificate is %q", rule.Certificate).To("write none, optional or required")
		}
		if a.FoldCase {
			p = p.folded()
		}
		app.access = append(app.access, access{p, rule.Methods, rule.Certificate})
	}
	var err error
	if app.plan, err = identity.Compile(a.Identity, identity.Options{Signer: g.signer, Now: g.cfg.Now}); err != nil {
		return within(at+".identity", err)
	}
	if err := g.addPool(app, old); err != nil {
		return within(at+".backend", err)
	}
	r.apps[a.Name] = app
	return nil
}

// addPool takes the pool of the same application over where nothing changed, and makes
// one from it or a new one otherwise.
func (g *Gateway) addPool(app *application, old *running) error {
	// The headers about the client's address come from identity alone.
	app.Backend.Forwarded = forward.ForwardedNone
	wire, err := json.Marshal(app.Backend)
	if err != nil {
		return err
	}
	app.wire = string(wire)
	var before *application
	if old != nil {
		before = old.apps[app.Name]
	}
	switch {
	case before == nil:
		app.pool, err = forward.New(app.Backend, forward.Options{Key: g.cfg.Secret, Log: g.cfg.Log, Now: g.cfg.Now})
	case before.wire == app.wire:
		app.pool = before.pool
	default:
		app.pool, err = before.pool.Replace(app.Backend)
	}
	return err
}

func (g *Gateway) addService(r *running, s *Service, old *running, shown map[string]*shown, looks map[string]*pages.Pages) error {
	at := "services." + s.Name
	if !isName(s.Name) {
		return fault("services", "%q is no name", s.Name).To("use small letters, digits and hyphens")
	}
	if r.services[s.Name] != nil {
		return fault(at, "the name is there twice")
	}
	v := &service{Service: *s, run: r, trust: g.trust.Set(s.Trust), limits: s.Limits.orUsual()}
	if v.ClientCertificate == "" {
		v.ClientCertificate = AskRequired
	}
	if err := v.check(at, r); err != nil {
		return err
	}
	if v.pages = looks[s.Branding]; v.pages == nil {
		return fault(at+".branding", "there is no branding %q", s.Branding)
	}
	for _, text := range s.TrustedProxies {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return fault(at+".trustedProxies", "%q is no network", text).To("write 10.0.0.0/8")
		}
		v.proxies = append(v.proxies, p.Masked())
	}
	var before *service
	if old != nil {
		before = old.services[s.Name]
	}
	if before != nil {
		v.resuming = before.resuming
	} else {
		v.resuming = newResuming(g.cfg.Now)
	}
	if err := g.protocols(at, v, r.config, shown); err != nil {
		return err
	}
	r.services[s.Name] = v
	return nil
}

// check looks at what a service says of itself and of others.
func (v *service) check(at string, r *running) error {
	switch v.Kind {
	case Web:
		if v.Target != nil {
			return fault(at+".target", "is for TCP services").To("name applications")
		}
		if len(v.Applications) == 0 && len(v.LoginFor) == 0 {
			return fault(at+".applications", "there is none").To("name at least one application")
		}
	case TCP:
		if v.Target == nil || len(v.Target.Backends) == 0 || !isName(v.Target.Application) {
			return fault(at+".target", "is incomplete").To("give the application's name and at least one back end")
		}
		if len(v.Applications) > 0 || v.Login != nil || len(v.LoginFor) > 0 {
			return fault(at, "a TCP service has no applications of the web and no log in by redirection").To("take them out")
		}
	default:
		return fault(at+".kind", "is %q", v.Kind).To("write web or tcp")
	}
	if len(v.Listen) == 0 {
		return fault(at+".listen", "there is no address").To("write host:port")
	}
	if v.ClientCertificate != AskNone && v.Trust == "" {
		return fault(at+".trust", "certificates are asked for and nobody is trusted").To("name a trust set")
	}
	if v.Trust != "" && !slices.ContainsFunc(r.config.Trust.Sets, func(s trust.SetRow) bool { return s.Name == v.Trust }) {
		return fault(at+".trust", "there is no trust set %q", v.Trust)
	}
	if err := v.checkLogin(at); err != nil {
		return err
	}
	for _, name := range v.Applications {
		app := r.apps[name]
		if app == nil {
			return fault(at+".applications", "there is no application %q", name)
		}
		if v.ClientCertificate == AskRequired && slices.ContainsFunc(app.access, func(a access) bool { return a.ask != AskRequired }) {
			return fault(at+".clientCertificate", "%q has parts that need no certificate, and the service demands one from everybody", name).To("write clientCertificate: optional, or none with a log in at another service")
		}
		v.apps = append(v.apps, app)
	}
	return nil
}

func (v *service) checkLogin(at string) error {
	if v.Login != nil {
		if origin, ok := originOf(v.Login.URL); !ok || origin != v.Login.URL {
			return fault(at+".login.url", "%q is no address of a service", v.Login.URL).To("write https://host or https://host:port")
		}
	}
	for _, o := range v.LoginFor {
		if origin, ok := originOf(o); !ok || origin != o {
			return fault(at+".loginFor", "%q is no address of a service", o).To("write https://host or https://host:port, in small letters")
		}
	}
	if len(v.LoginFor) > 0 && v.ClientCertificate == AskNone {
		return fault(at+".clientCertificate", "a service that logs people in has to ask for certificates")
	}
	return nil
}

func brandings(c *Configuration) (map[string]*pages.Pages, error) {
	plain, err := pages.New(pages.Branding{})
	if err != nil {
		return nil, err
	}
	all := map[string]*pages.Pages{"": plain}
	for _, b := range c.Branding {
		if all[b.Name] != nil {
			return nil, fault("branding", "the name %q is there twice or empty", b.Name)
		}
		if all[b.Name], err = pages.New(b.Look); err != nil {
			return nil, within("branding."+b.Name, err)
		}
	}
	return all, nil
}

// close ends all pools.
func (r *running) close() { r.closeBut(nil) }

// closeBut ends the pools that next does not use.
func (r *running) closeBut(next *running) {
	for _, app := range r.unused(next) {
		app.pool.Close()
	}
}

// unused are the applications whose pool next does not go on with.
func (r *running) unused(next *running) []*application {
	var all []*application
	for name, app := range r.apps {
		if app.pool == nil || next != nil && next.apps[name] != nil && next.apps[name].pool == app.pool {
			continue
		}
		all = append(all, app)
	}
	return all
}

// of returns the application a request of a service is for, by host and path.
func (v *service) of(host, path string) *application {
	for _, app := range v.apps {
		if app.answersTo(host) && app.holds(path) {
			return app
		}
	}
	return nil
}

func (a *application) answersTo(host string) bool {
	if len(a.Hosts) == 0 {
		return true
	}
	for _, h := range a.Hosts {
		if h == host || strings.HasPrefix(h, "*.") && strings.HasSuffix(host, h[1:]) {
			return true
		}
	}
	return false
}

func (a *application) holds(path string) bool {
	return a.Prefix == "/" || path == a.Prefix || strings.HasPrefix(path, a.Prefix) && path[len(a.Prefix)] == '/'
}

// needs says whether a certificate is needed for a part of the application.
func (a *application) needs(path, method string) Ask {
	for _, rule := range a.access {
		if rule.pattern.fits(path) && (len(rule.methods) == 0 || slices.Contains(rule.methods, method)) {
			return rule.ask
		}
	}
	return AskRequired
}

// public says whether no part of the application looks at a certificate in the
// connection: people are then not asked for one in the handshake.
func (a *application) public() bool {
	last := len(a.access) - 1
	if last < 0 || len(a.access[last].methods) > 0 || !a.access[last].pattern.beneath || len(a.access[last].pattern.segments) > 0 {
		return false // what no rule is about is required
	}
	return !slices.ContainsFunc(a.access, func(rule access) bool { return rule.ask != AskNone })
}
