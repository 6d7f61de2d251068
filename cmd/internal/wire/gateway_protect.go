package wire

import (
	"context"
	"net"
	"net/url"
	"slices"
	"strings"

	"onecert/gateway"
	"onecert/pki"
	"onecert/policy"
)

// Protection is the first application behind a gateway: what stands where, for whom.
type Protection struct {
	URL    string   // of the application
	Name   string   // of application, service and certificate
	Title  string   // for people
	Host   string   // name or address people write
	Listen string   // host:port of the service
	Public []string // parts that need no certificate: /, /news/**
	Told   []string // sets of what the application is told; none: rfc9440 and authelia
}

// platformTrust is the trust set of the platform's own CAs.
const platformTrust = "platform"

// platformStale is how long people are let in while the journal of the platform's CA
// cannot be followed: a CA that is restarted or moved must not close every application.
// It stands in the configuration, where the security administrator may shorten it.
const platformStale = "1h"

// ProtectedPart is one thing that was done, or was there already.
type ProtectedPart struct {
	What string `json:"what"` // a key of texts: trust, policy, certificates, application, service
	Name string `json:"name"`
	New  bool   `json:"new"`
}

func (p *Protection) check() error {
	u, err := url.Parse(p.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return pki.Errorf(pki.Invalid, "protect.url", "%.100q is no address of an application", p.URL).To("write http://host:port")
	}
	if !namePattern.MatchString(p.Name) {
		return pki.Errorf(pki.Invalid, "protect.name", "%.60q is no name", p.Name).To("use small letters, digits and hyphens")
	}
	if _, _, err := net.SplitHostPort(p.Listen); err != nil || p.Host == "" {
		return pki.Errorf(pki.Invalid, "protect.listen", "the address to listen on or the host is missing").To("give --listen host:port and --host")
	}
	return nil
}

// ProtectTrust is the security administrator's half: the platform's CAs are trusted by
// its journal, and who has one of their certificates may reach the application.
func ProtectTrust(ctx context.Context, s *Session, p Protection) (done []ProtectedPart, err error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	c, v, err := s.Gateway.Current(ctx)
	if err != nil {
		return nil, err
	}
	cas, err := s.Platform.CAs(ctx)
	if err != nil {
		return nil, err
	}
	set := gateway.TrustSet{Name: platformTrust}
	for _, one := range cas {
		name := platformTrust + "-" + one.ID
		set.CAs = append(set.CAs, name)
		if !slices.ContainsFunc(c.Trust.CAs, func(have gateway.TrustCA) bool { return have.Name == name }) {
			c.Trust.CAs = append(c.Trust.CAs, gateway.TrustCA{Name: name, Title: one.ID, Anchors: one.Issuer, Stale: gateway.StaleRule{AllowFor: platformStale},
				Revocation: []gateway.TrustSource{{Name: "journal", Kind: "journal", Issuer: one.ID}}})
			done = append(done, ProtectedPart{"trust", name, true})
		}
	}
	if !slices.ContainsFunc(c.Trust.Sets, func(have gateway.TrustSet) bool { return have.Name == platformTrust }) {
		c.Trust.Sets = append(c.Trust.Sets, set)
	}
	done = append(done, p.rules(&c.Policy)...)
	if !slices.ContainsFunc(done, func(d ProtectedPart) bool { return d.New }) {
		return done, nil
	}
	_, err = s.Gateway.Apply(ctx, gateway.Change{Base: v.Number, Note: "protect " + p.Name, Document: c})
	return done, err
}

// rules lets holders of a certificate in, and everybody into what is public.
func (p *Protection) rules(r *policy.Rules) (done []ProtectedPart) {
	r.Version = 1
	for _, rule := range []policy.Rule{
		{ID: p.Name + "-public", Effect: policy.Allow, When: policy.Conditions{Applications: []string{p.Name}, Paths: p.Public}},
		{ID: p.Name, Name: p.Title, Effect: policy.Allow, RequireLevel: policy.LevelCertificate, When: policy.Conditions{Applications: []string{p.Name}}},
	} {
		if rule.RequireLevel == 0 && len(p.Public) == 0 {
			continue
		}
		there := slices.ContainsFunc(r.Rules, func(have policy.Rule) bool { return have.ID == rule.ID })
		if !there {
			r.Rules = append(r.Rules, rule)
		}
		done = append(done, ProtectedPart{"policy", rule.ID, !there})
	}
	return done
}

// ProtectService is the system administrator's half: certificates, the application and a
// service before it.
func ProtectService(ctx context.Context, s *Session, p Protection) (done []ProtectedPart, err error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	c, v, err := s.Gateway.Current(ctx)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(c.Trust.Sets, func(have gateway.TrustSet) bool { return have.Name == platformTrust }) {
		return nil, pki.Errorf(pki.Conflict, "protect.trust", "nobody is trusted at this gateway yet").
			To("have the security administrator run the same command first, or name that identity with --and-as")
	}
	shown, made, err := p.certificates(ctx, s, c)
	if err != nil {
		return nil, err
	}
	done = append(done, made...)
	done = append(done, p.application(c), p.service(c, shown))
	if !slices.ContainsFunc(done, func(d ProtectedPart) bool { return d.New }) {
		return done, nil
	}
	_, err = s.Gateway.Apply(ctx, gateway.Change{Base: v.Number, Note: "protect " + p.Name, Document: c})
	return done, err
}

// certificates selects those the configuration has for the host under the name, or has
// the platform make them.
func (p *Protection) certificates(ctx context.Context, s *Session, c *gateway.Configuration) (names []string, done []ProtectedPart, err error) {
	for _, have := range c.Certificates {
		if have.Name == p.Name || strings.HasPrefix(have.Name, p.Name+"-") && (have.Name == p.Name+"-tlcp" || have.Name == p.Name+"-rsa") {
			names = append(names, have.Name)
			done = append(done, ProtectedPart{"certificate", have.Name, false})
		}
	}
	if len(names) > 0 {
		return names, done, nil
	}
	all, err := s.Platform.Certificates(ctx, CertificateOrder{Name: p.Name, Hosts: []string{p.Host}})
	if err != nil {
		return nil, nil, err
	}
	for _, one := range all {
		c.Certificates = append(c.Certificates, one)
		names = append(names, one.Name)
		done = append(done, ProtectedPart{"certificate", one.Name, true})
	}
	return names, done, nil
}

func (p *Protection) application(c *gateway.Configuration) ProtectedPart {
	if slices.ContainsFunc(c.Applications, func(have gateway.Application) bool { return have.Name == p.Name }) {
		return ProtectedPart{"application", p.Name, false}
	}
	told := p.Told
	if len(told) == 0 {
		told = []string{"rfc9440", "authelia"}
	}
	a := gateway.Application{Name: p.Name, Title: p.Title, Backend: gateway.Backends{Backends: []gateway.Backend{{URL: p.URL}}}, Identity: gateway.Identity{Sets: told}}
	for _, path := range p.Public {
		a.Access = append(a.Access, gateway.Access{Path: path, Certificate: gateway.AskNone})
	}
	c.Applications = append(c.Applications, a)
	return ProtectedPart{"application", p.Name, true}
}

// service puts the application behind the service at the address, or makes one.
func (p *Protection) service(c *gateway.Configuration, shown []string) ProtectedPart {
	for i := range c.Services {
		have := &c.Services[i]
		if !slices.Contains(have.Listen, p.Listen) {
			continue
		}
		if slices.Contains(have.Applications, p.Name) {
			return ProtectedPart{"service", have.Name, false}
		}
		have.Applications = append(have.Applications, p.Name)
		return ProtectedPart{"service", have.Name, true}
	}
	v := gateway.Service{Name: p.Name, Title: p.Title, Kind: gateway.Web, Listen: []string{p.Listen}, Certificates: shown, Trust: platformTrust, Applications: []string{p.Name}}
	if len(p.Public) > 0 {
		v.ClientCertificate = gateway.AskOptional
	}
	c.Services = append(c.Services, v)
	return ProtectedPart{"service", p.Name, true}
}
