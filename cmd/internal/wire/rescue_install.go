package wire

import (
	"context"
	"path/filepath"
	"slices"

	"github.com/emmansun/gmsm/smx509"

	"onecert/audit"
	"onecert/officer"
	"onecert/pki"
)

// RescueInstall puts certificates from a folder, which a CA made for the purpose, in the
// place of those this component has and that have ended: its own, and those it knows
// others by. Each must be of the same key, good now, and lead to what the component
// trusts, so nobody new comes in. Start the component anew afterwards.
func RescueInstall(ctx context.Context, n NewRescue, from string, options Options) (Rescued, error) {
	r, _, err := beginRescue(ctx, n, MendInstall, true, options)
	if err != nil {
		return Rescued{}, err
	}
	defer r.close()
	i := &replacement{rescue: r, done: Rescued{Component: r.component}}
	if err := i.places(); err != nil {
		return i.done, err
	}
	if i.fresh, err = i.good(from); err != nil {
		return i.done, err
	}
	return i.done, i.all(ctx)
}

// replacement is one RescueInstall under way.
type replacement struct {
	rescue *rescue
	files  []string // that may be replaced
	trust  []*smx509.Certificate
	fresh  [][]*smx509.Certificate // chains, the component's own certificate first
	done   Rescued
}

// places finds what is replaced and what is trusted.
func (i *replacement) places() (err error) {
	if i.rescue.component == "ca" {
		c, err := LoadCA(i.rescue.config)
		if err != nil {
			return err
		}
		if c.KMC != nil {
			i.files = append(i.files, c.Path(c.KMC.Centre), c.Path(c.KMC.MessageCertificate))
		}
		for _, issuer := range c.Issuers {
			chain, err := readCertificates(c.Path(issuer.Certificate))
			if err != nil {
				return err
			}
			i.trust = append(i.trust, chain...)
		}
		return nil
	}
	c, err := LoadKMC(i.rescue.config)
	if err != nil {
		return err
	}
	i.files = append(i.files, c.Path(c.TLSCertificate))
	if c.speaks() {
		i.files = append(i.files, c.Path(c.MessageCertificate))
	}
	for _, name := range sortedKeys(c.Peers) {
		for _, file := range c.Peers[name] {
			i.files = append(i.files, c.Path(file))
		}
	}
	i.trust, err = readCertificates(c.Path(c.Trust))
	return err
}

// good reads the folder: every certificate in it that is good now and trusted.
func (i *replacement) good(from string) (all [][]*smx509.Certificate, err error) {
	files, err := filepath.Glob(filepath.Join(from, "*.pem"))
	if err != nil || len(files) == 0 {
		return nil, pki.Errorf(pki.Invalid, "rescue.folder", "there is no file *.pem in %s", from).
			To("name the folder that 'onecert rescue certificates' wrote at the CA").Because(err)
	}
	for _, file := range files {
		chain, err := readCertificates(file)
		if err != nil {
			return nil, err
		}
		if err := i.verify(chain[0]); err != nil {
			return nil, pki.Errorf(pki.Invalid, "rescue.certificate", "%s is not a good certificate of a trusted CA", file).
				To("have the CA make it anew with 'onecert rescue certificates'").Because(err)
		}
		all = append(all, chain)
	}
	return all, nil
}

// verify: a component's certificate is one for client and server.
func (i *replacement) verify(c *smx509.Certificate) error {
	options := smx509.VerifyOptions{Roots: smx509.NewCertPool(), Intermediates: smx509.NewCertPool(), CurrentTime: i.rescue.now,
		KeyUsages: []smx509.ExtKeyUsage{smx509.ExtKeyUsageClientAuth}}
	for _, trusted := range i.trust {
		options.Roots.AddCert(trusted)
	}
	_, err := c.Verify(options)
	return err
}

func (i *replacement) all(ctx context.Context) error {
	var replace []RescuedFile
	content := map[string][]*smx509.Certificate{}
	for _, file := range i.files {
		old := expiredFile(file, i.rescue.now)
		if old == nil {
			continue
		}
		n := slices.IndexFunc(i.fresh, func(chain []*smx509.Certificate) bool { return sameKey(chain[0], old) })
		if n >= 0 {
			replace = append(replace, rescuedFile(i.fresh[n][0], file))
			content[file] = i.fresh[n]
		}
	}
	sites, err := i.sites(ctx)
	if err != nil {
		return err
	}
	if len(replace) == 0 && len(sites) == 0 {
		return healthy(MendInstall)
	}
	detail := map[string]string{}
	for _, f := range replace {
		detail[filepath.Base(f.File)] = string(f.Serial)
	}
	if err := i.rescue.note(ctx, "rescue.install", "", audit.Done, detail); err != nil {
		return err
	}
	for _, f := range replace {
		if err := ReplaceFile(f.File, PEM(rawChain(content[f.File])...), 0o644); err != nil {
			return err
		}
		i.done.Certificates = append(i.done.Certificates, f)
	}
	return i.register(ctx, sites)
}

// sites are those registered here whose certificates have ended.
func (i *replacement) sites(ctx context.Context) (ended []officer.Officer, err error) {
	all, err := i.rescue.registry.List(ctx)
	if err != nil {
		return nil, err
	}
	for _, o := range all {
		if o.Kind == officer.Place && o.Active() && !o.NotAfter.IsZero() && i.rescue.now.After(o.NotAfter) && !i.followed(all, o) {
			ended = append(ended, o)
		}
	}
	return ended, nil
}

// followed reports whether a newer certificate of the same site is good.
func (i *replacement) followed(all []officer.Officer, old officer.Officer) bool {
	return slices.ContainsFunc(all, func(o officer.Officer) bool {
		return o.Name == old.Name && o.Active() && i.rescue.now.Before(o.NotAfter)
	})
}

// register lets a site in with its new certificate: the registry takes it for the same
// key only.
func (i *replacement) register(ctx context.Context, sites []officer.Officer) error {
	ctx = pki.WithActor(ctx, i.rescue.actor())
	for _, site := range sites {
		for _, chain := range i.fresh {
			_, err := i.rescue.registry.Succeed(ctx, site.Fingerprint, chain[0].Raw)
			if pki.CodeOf(err) == "officer.successor" {
				continue // another site's
			}
			if err != nil {
				return err
			}
			add(&i.done.Registered, site.Name)
		}
	}
	return nil
}
