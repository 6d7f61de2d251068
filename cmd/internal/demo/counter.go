package demo

import (
	"context"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"onecert/ca"
	"onecert/cmd/internal/wire"
	"onecert/keys"
	"onecert/officer"
	"onecert/pki"
	"onecert/ra"
)

// apart is the counter of the demonstration that has a database, an API and a link to
// the registration of its own, as a counter in a process of its own has; lra1 works in
// the registration's.
const apart = "lra2"

// atCounter says whether an officer works at the counter that is apart.
func (r role) atCounter() bool { return strings.HasPrefix(r.name, apart+".") }

func makeLRA(o Options, s *state) error {
	trust, err := trusted(o.Dir)
	if err != nil {
		return err
	}
	_, err = wire.InitRA(wire.NewRA{Dir: filepath.Join(o.Dir, "lra"), Component: "lra", Host: s.Host, Listen: s.address("lra"),
		Home:     wire.RAHome{ID: apart, Level: string(ra.LRA), Name: "示例县受理点", Region: "999903", Above: []string{"centre", "ra2"}},
		Upstream: "https://" + s.address("ra"), ConsoleListen: s.address("counter"), Trust: trust, SealWith: keys.SM4GCM})
	return err
}

// siteOf has the CA certify the key of a registration or a counter; component is its
// folder.
func (t *tree) siteOf(ctx context.Context, component string) (*ca.Certificate, error) {
	folder := filepath.Join(t.o.Dir, component)
	text, err := os.ReadFile(filepath.Join(folder, "tls.csr"))
	if err != nil {
		return nil, fmt.Errorf("reading the request of %s: %w", component, err)
	}
	request, _ := pem.Decode(text)
	issued, err := t.ca.Issue(office(ctx), ca.Order{Application: "site-" + component, Profile: "site", Request: request.Bytes, Holder: "site:" + component,
		AltNames: []pki.AltName{ca.HostName(t.s.Host), {Kind: "dns", Value: "localhost"}}})
	if err != nil {
		return nil, err
	}
	return issued.Sign, writeFile(filepath.Join(folder, "tls.pem"), wire.PEM(issued.Sign.DER, issued.Chain[0]), 0o644)
}

// openLRA opens the counter that is apart. It has no way to the CA: what it registers
// goes up over the network.
func (t *tree) openLRA(ctx context.Context) error {
	config, err := wire.LoadRA(filepath.Join(t.o.Dir, "lra/lra.yaml"))
	if err != nil {
		return err
	}
	t.lra, err = wire.OpenRA(ctx, config, wire.Options{Good: t.ca.Good, Now: t.now, Log: t.o.Log, Version: t.o.Version})
	return err
}

// settleCounter makes the counter known at the registration above it, and its officers
// at the counter; their posts come over the link.
func (t *tree) settleCounter(ctx context.Context) error {
	site, err := t.siteOf(ctx, "lra")
	if err != nil {
		return err
	}
	_, err = t.ra.Officers.Register(ctx, officer.Registration{Certificate: site.DER, Name: apart, Kind: officer.Place, Roles: []string{officer.Site}, Issuer: site.Issuer})
	if err != nil {
		return fmt.Errorf("registering the counter: %w", err)
	}
	if err := t.openLRA(ctx); err != nil {
		return err
	}
	for _, r := range cast() {
		if !r.sits() || !r.atCounter() {
			continue
		}
		if err := t.known(ctx, t.lra.Officers, r); err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
	}
	return nil
}

// linked says whether the counter has heard from the registration.
func (t *tree) linked() bool {
	ctx := pki.WithActor(context.Background(), pki.Actor{Name: apart + "." + officer.Audit, Roles: []string{officer.Audit}})
	links, err := t.lra.Links(ctx, ra.ListQuery{})
	return err == nil && links.Above != nil && links.Above.Works
}
