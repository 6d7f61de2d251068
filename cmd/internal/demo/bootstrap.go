package demo

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"onecert/ca"
	"onecert/cmd/internal/wire"
	"onecert/keys"
	"onecert/kmc"
	"onecert/officer"
	"onecert/pki"
)

// past is how long ago the demonstration's hierarchy was made, so that it can have
// a certificate that has expired. Serving never runs in the past.
const past = 2 * 365 * 24 * time.Hour

// bootstrapPast makes CA and KMC two years ago and issues what has expired since.
func bootstrapPast(ctx context.Context, o Options, s *state) error {
	then := time.Now().Add(-past)
	now := func() time.Time { return then.Add(time.Since(then) - past) } // runs on, two years late
	base := "http://" + s.address("public")
	config, err := wire.InitCA(ctx, wire.NewCA{Dir: filepath.Join(o.Dir, "ca"), Organisation: "示例省电子政务", Host: s.Host,
		Listen: s.address("ca"), Partitions: 8, Families: families, Canaries: true, CRLPause: 200 * time.Millisecond,
		Addresses: ca.Addresses{CRL: base + "/crl", AIA: base + "/aia", OCSP: base + "/ocsp"}, Suites: quick()}, wire.Options{Now: now})
	if err != nil {
		return err
	}
	if err := trustFiles(o.Dir, config); err != nil {
		return err
	}
	if err := makeKMC(o, s); err != nil {
		return err
	}
	if err := makeNode(o, s); err != nil {
		return err
	}
	if err := makeRA(o, s); err != nil {
		return err
	}
	if err := makeGateway(o, s); err != nil {
		return err
	}
	if err := makeLRA(o, s); err != nil {
		return err
	}
	t, err := openTree(ctx, o, s, now)
	if err != nil {
		return err
	}
	defer t.close()
	return t.admit(ctx, expiredPerson())
}

// quick are smaller RSA keys than wire's: nobody waits for a throw-away root.
func quick() map[string][2]pki.Suite {
	return map[string][2]pki.Suite{"rsa": {pki.RSA3072, pki.RSA2048}}
}

// trustFiles writes root and chain of each family.
func trustFiles(dir, config string) error {
	for _, family := range families {
		chain, err := os.ReadFile(filepath.Join(filepath.Dir(config), "certs", family+".pem"))
		if err != nil {
			return fmt.Errorf("reading the chain of %s: %w", family, err)
		}
		issuing, root, ok := bytes.Cut(chain, []byte("-----END CERTIFICATE-----\n"))
		if !ok {
			return fmt.Errorf("reading the chain of %s: it has no certificate", family)
		}
		issuing = append(issuing, "-----END CERTIFICATE-----\n"...)
		if err := writeFile(filepath.Join(dir, "trust", family+"-root.pem"), root, 0o644); err != nil {
			return err
		}
		if err := writeFile(filepath.Join(dir, "trust", family+"-chain.pem"), issuing, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// trusted is every CA certificate of the demonstration, in PEM.
func trusted(dir string) (all []byte, err error) {
	for _, family := range families {
		for _, part := range []string{"-chain.pem", "-root.pem"} {
			data, err := os.ReadFile(filepath.Join(dir, "trust", family+part))
			if err != nil {
				return nil, fmt.Errorf("reading what is trusted: %w", err)
			}
			all = append(all, data...)
		}
	}
	return all, nil
}

func makeKMC(o Options, s *state) error {
	trust, err := trusted(o.Dir)
	if err != nil {
		return err
	}
	path, err := wire.InitKMC(wire.NewKMC{Dir: filepath.Join(o.Dir, "kmc"), Host: s.Host, Listen: s.address("kmc"), Trust: trust,
		SealWith: keys.SM4GCM})
	if err != nil {
		return err
	}
	return wire.SetPool(path, map[pki.Suite]kmc.PoolSize{pki.SM2: {Target: 500, Low: 300}, pki.P256: {Target: 50, Low: 20}, pki.RSA2048: {Target: 8, Low: 4}})
}

// office is the demonstration's own hand: it may order what officers order.
func office(ctx context.Context) context.Context {
	return pki.WithActor(ctx, pki.Actor{Name: "demo", Roles: []string{officer.Issuer, officer.Security}})
}

// populate issues the cast, lets the officers of the centre in, and gives some
// their fate.
func (t *tree) populate(ctx context.Context) error {
	if err := t.siteOfKMC(ctx); err != nil {
		return err
	}
	if err := t.siteOfNode(ctx); err != nil {
		return err
	}
	if err := t.siteOfRA(ctx); err != nil {
		return err
	}
	if err := t.siteOfGateway(ctx); err != nil {
		return err
	}
	for _, r := range cast() {
		if r.applies() {
			continue
		}
		if err := t.admit(ctx, r); err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
	}
	if err := t.openRA(ctx); err != nil {
		return err
	}
	if err := t.settle(ctx); err != nil {
		return fmt.Errorf("settling the registration: %w", err)
	}
	if err := t.publish(ctx); err != nil {
		return err
	}
	counter := t.hall(ctx)
	for _, r := range cast() {
		if !r.applies() {
			continue
		}
		if err := counter.receive(r); err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
	}
	t.s.Ready = true
	return t.s.save()
}

// siteOfKMC gives the KMC's API its certificate.
func (t *tree) siteOfKMC(ctx context.Context) error {
	key, err := keys.Open(keys.URI{Path: filepath.Join(t.o.Dir, "kmc/keys/tls.pem"), Pass: filepath.Join(t.o.Dir, "kmc/passphrase")}.String(), keys.Options{})
	if err != nil {
		return err
	}
	request, err := makeRequest(key, name("示例省电子政务", "kmc"))
	if err != nil {
		return err
	}
	issued, err := t.ca.Issue(office(ctx), ca.Order{Application: "site-kmc", Profile: "site", Request: request, Holder: "site:kmc",
		AltNames: []pki.AltName{ca.HostName(t.s.Host), {Kind: "dns", Value: "localhost"}}})
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(t.o.Dir, "kmc/tls.pem"), wire.PEM(issued.Sign.DER, issued.Chain[0]), 0o644)
}

// admit issues one of the cast in each of its families.
func (t *tree) admit(ctx context.Context, r role) error {
	ctx = office(ctx)
	for _, family := range r.families {
		issued, err := t.issue(ctx, r, family)
		if err != nil {
			return fmt.Errorf("%s: %w", family, err)
		}
		// TLS does not know SM2: officers come with their ECDSA certificate.
		if family != "ecdsa" {
			continue
		}
		if r.operates() {
			err = t.register(ctx, r, issued.Sign)
		}
		if err == nil && (r.operates() || r.sits()) {
			err = t.session(r)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *tree) register(ctx context.Context, r role, c *ca.Certificate) error {
	kind := officer.Person
	if r.kind == "site" {
		kind = officer.Place
	}
	registration := officer.Registration{Certificate: c.DER, Name: r.name, Kind: kind, Roles: r.roles, Issuer: c.Issuer}
	if _, err := t.ca.Officers.Register(ctx, registration); err != nil {
		return fmt.Errorf("at the CA: %w", err)
	}
	if _, err := t.kmc.Officers.Register(ctx, registration); err != nil {
		return fmt.Errorf("at the KMC: %w", err)
	}
	return nil
}

// session writes the folder with which the command line acts as an officer.
func (t *tree) session(r role) error {
	from := filepath.Join("..", "..", "identities", r.name)
	who := wire.Identity{Certificate: filepath.Join(from, "ecdsa-chain.pem"), Key: "file:" + filepath.Join(from, "ecdsa-sign.key"), PlainKey: true,
		Trust: filepath.Join("..", "..", "trust", "ecdsa-root.pem")}
	if r.operates() {
		who.Server, who.KMC = "https://"+t.s.address("ca"), "https://"+t.s.address("kmc")
	}
	if r.sits() {
		who.RA = "https://" + t.s.address(map[bool]string{false: "ra", true: "lra"}[r.atCounter()])
	}
	if r.guards() {
		who.Gateway = "https://" + t.s.address("gateway")
	}
	return wire.SaveSession(filepath.Join(t.o.Dir, "officers", r.name), who)
}
