package demo

import (
	"context"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"onecert/cmd/internal/wire"
	"onecert/keys"
	"onecert/officer"
	"onecert/pki"
	"onecert/ra"
)

// place is a node of the demonstration's tree.
type place struct {
	id, above string
	level     ra.Level
	name      string
	region    string
}

// places are the nodes below the centre, those above first.
func places() []place {
	return []place{
		{"ra1", "centre", ra.RA, "示例市注册机构", "999901"}, {"ra2", "centre", ra.RA, "示例州注册机构", "999902"},
		{"lra1", "ra1", ra.LRA, "示例市政务服务中心受理点", "999901"}, {"lra2", "ra2", ra.LRA, "示例县受理点", "999903"},
	}
}

func makeRA(o Options, s *state) error {
	trust, err := trusted(o.Dir)
	if err != nil {
		return err
	}
	notices, err := phones(o, s)
	if err != nil {
		return err
	}
	_, err = wire.InitRA(wire.NewRA{Dir: filepath.Join(o.Dir, "ra"), Component: "ra", Host: s.Host, Listen: s.address("ra"),
		Home: wire.RAHome{ID: "centre", Level: string(ra.Centre), Name: "示例省数字证书注册中心", Region: "999900"},
		CA:   "https://" + s.address("ca"), KMC: "https://" + s.address("kmc"), SelfListen: s.address("self"), Notices: notices, Trust: trust, SealWith: keys.SM4GCM})
	return err
}

// siteOfRA gives the registration's API its certificate, and its place at the CA.
func (t *tree) siteOfRA(ctx context.Context) error {
	site, err := t.siteOf(ctx, "ra")
	if err != nil {
		return err
	}
	for _, at := range []*officer.Registry{t.ca.Officers, t.kmc.Officers} {
		_, err = at.Register(office(ctx), officer.Registration{Certificate: site.DER, Name: "centre", Kind: officer.Place, Roles: []string{officer.Site}, Issuer: site.Issuer})
		if err != nil {
			return fmt.Errorf("registering the registration: %w", err)
		}
	}
	return nil
}

// openRA opens the registration, in one process with its CA.
func (t *tree) openRA(ctx context.Context) error {
	config, err := wire.LoadRA(filepath.Join(t.o.Dir, "ra/ra.yaml"))
	if err != nil {
		return err
	}
	t.ra, err = wire.OpenRA(ctx, config, wire.Options{CA: t.ca.CA, Good: t.ca.Good, Now: t.now, Log: t.o.Log, Version: t.o.Version})
	return err
}

// settle builds the tree and lets the officers sit down in it.
func (t *tree) settle(ctx context.Context) error {
	as := func(role string) context.Context {
		return pki.WithActor(ctx, pki.Actor{Name: "centre." + role, Roles: []string{role}})
	}
	for _, p := range places() {
		n, err := t.ra.AddNode(as(officer.System), ra.Node{ID: p.id, Parent: p.above, Level: p.level, Name: p.name, Region: p.region, Site: map[string]string{apart: apart}[p.id]})
		if err != nil {
			return fmt.Errorf("adding %s: %w", p.id, err)
		}
		if _, err := t.ra.SetNode(as(officer.Security), n.ID, n.Version, ra.Active); err != nil {
			return fmt.Errorf("approving %s: %w", p.id, err)
		}
	}
	for _, r := range cast() {
		if !r.sits() {
			continue
		}
		if err := t.seat(as(officer.Security), r); err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
	}
	return t.settleCounter(as(officer.Security))
}

// sits says whether one of the cast works at the registration.
func (r role) sits() bool { return r.kind == "officer" && r.roles[0] != officer.Custodian }

// seat registers an officer and gives the post; the three administrators of the
// centre have theirs from the first start.
func (t *tree) seat(ctx context.Context, r role) error {
	if err := t.known(ctx, t.ra.Officers, r); err != nil {
		return err
	}
	node, duty, _ := strings.Cut(r.name, ".")
	if node == "centre" && (duty == officer.System || duty == officer.Security || duty == officer.Audit) {
		return nil
	}
	_, err := t.ra.SetPost(ctx, ra.Post{Officer: r.name, Node: node, Title: duty, Until: t.now().AddDate(1, 0, 0).Truncate(24 * time.Hour)})
	return err
}

// known enters an officer's certificate in a registry.
func (t *tree) known(ctx context.Context, at *officer.Registry, r role) error {
	text, err := os.ReadFile(t.file(r.name, "ecdsa", "sign.pem"))
	if err != nil {
		return fmt.Errorf("reading a certificate: %w", err)
	}
	block, _ := pem.Decode(text)
	_, err = at.Register(ctx, officer.Registration{Certificate: block.Bytes, Name: r.name, Kind: officer.Person, Roles: r.roles, Issuer: "ecdsa"})
	return err
}
