package wire

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/crl"
	"onecert/ldap"
	"onecert/ocsp"
	"onecert/pki"
	"onecert/serve"
	"onecert/status"
)

// publish makes the publisher of lists and the files of CA certificates.
func (p *NodeProcess) publish(context.Context) (err error) {
	var issuers []crl.Issuer
	for _, i := range p.issuers.all() {
		one := crl.Issuer{ID: i.ID, Certificate: i.certificate}
		for _, der := range i.Chain[1:] {
			above, err := smx509.ParseCertificate(der)
			if err != nil {
				return err
			}
			one.Chain = append(one.Chain, above)
		}
		issuers = append(issuers, one)
	}
	dir := p.config.Path(p.config.CRL.Dir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return pki.Errorf(pki.Unavailable, "node.lists", "the folder of lists cannot be made").To("check the rights of %s", dir).Because(err)
	}
	if p.Lists, err = crl.New(crl.Config{Dir: dir, Source: p.ca, Issuers: issuers, Journal: p.Copy.Journal(), Now: p.options.now(), Log: p.options.log()}); err != nil {
		return err
	}
	if p.chains, err = crl.NewChains(issuers); err != nil {
		return err
	}
	aia := p.config.Path(p.config.CRL.AIA)
	if err := os.MkdirAll(aia, 0o755); err != nil {
		return pki.Errorf(pki.Unavailable, "node.lists", "the folder of CA certificates cannot be made").To("check the rights of %s", aia).Because(err)
	}
	return p.chains.Write(aia)
}

// shelf is the folder of published lists as the directory sees it. What did not change
// is not read again.
type shelf struct {
	dir string

	mu   sync.Mutex
	read map[string]shelved
}

type shelved struct {
	at   time.Time
	size int64
	der  []byte
}

// Lists implements ldap.Lists.
func (s *shelf) Lists(_ context.Context, issuer string) ([]ldap.List, error) {
	files, err := filepath.Glob(filepath.Join(s.dir, issuer, "*.crl"))
	if err != nil {
		return nil, err
	}
	var all []ldap.List
	for _, file := range files {
		name := filepath.Base(file)
		partition, delta, known := pki.ParseListName(name[:len(name)-len(".crl")])
		if !known {
			continue
		}
		der, err := s.content(file)
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, ldap.List{Partition: partition, Delta: delta, DER: der})
	}
	return all, nil
}

func (s *shelf) content(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, ok := s.read[file]; ok && known.at.Equal(info.ModTime()) && known.size == info.Size() {
		return known.der, nil
	}
	der, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	s.read[file] = shelved{info.ModTime(), info.Size(), der}
	return der, nil
}

// Servers starts what a node does by itself until ctx ends, and returns its listeners.
func (p *NodeProcess) Servers(ctx context.Context) ([]serve.Server, error) {
	ctx, p.stop = context.WithCancel(ctx)
	public, err := p.public()
	if err != nil {
		return nil, err
	}
	if err := p.serveDirectory(ctx); err != nil {
		return nil, err
	}
	p.background(ctx)
	c := p.config
	return []serve.Server{
		{Name: "node", Address: c.Listen, TLS: serve.ServerTLS(p.identity, p.roots), TLCP: p.caller().takes(), Handler: p.API, Log: p.options.log()},
		{Name: "node public", Address: c.Public, Handler: public, Limits: ocsp.Limits(), Log: p.options.log()},
	}, nil
}

// background starts everything that follows, renews and looks. Close waits for it.
func (p *NodeProcess) background(ctx context.Context) {
	start := func(run func(context.Context)) { p.running.Go(func() { run(ctx) }) }
	start(func(ctx context.Context) { p.API.KeepLooking(ctx, lookEvery) })
	start(p.Copy.Keep)
	start(p.Lists.Keep)
	start(func(ctx context.Context) { _ = p.Directory.Run(ctx) })
	start(func(ctx context.Context) { _ = p.Responder.Run(ctx) })
	start(p.keepIdentity)
	start(p.keepPair)
	start(p.keepIssuers)
	if p.board != nil {
		start(p.board.Keep)
	}
	if p.Observer != nil {
		start(func(ctx context.Context) { _ = p.Observer.Run(ctx) })
	}
}

func (p *NodeProcess) keepIdentity(ctx context.Context) {
	own := renewable{ca: p.config.CA, identity: p.identity, roots: p.roots, certificate: p.config.Path(p.config.TLSCertificate), now: p.options.now()}
	whenHalfLived(ctx, p.identity, p.options.now(), func() error { return own.renew(ctx, p.key) },
		func(err error) { p.options.log().Error("renewing the node's certificate", "error", err) })
}

func (p *NodeProcess) keepPair(ctx context.Context) {
	renewablePair{p.caller(), p.config.CA, p.config.dir, p.config.Pair}.keep(ctx,
		func(err error) { p.options.log().Error("renewing the pair for TLCP", "error", err) })
}

func (p *NodeProcess) keepIssuers(ctx context.Context) {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			_ = p.issuers.look(ctx) // a CA that does not answer is told by the copy's age
		}
	}
}

// public is the plain-HTTP site. The responder stands before everything: a mux would
// tidy its paths.
func (p *NodeProcess) public() (http.Handler, error) {
	site, err := p.site()
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/crl/", http.StripPrefix("/crl", p.Lists.Handler()))
	mux.Handle("/aia/", http.StripPrefix("/aia", p.chains))
	status.LookUp{Journal: p.Copy.Journal(), Now: p.options.now(), Fresh: p.Copy.Freshness}.Register(mux)
	mux.Handle("/", site)
	return p.Responder.Handler(mux), nil
}

// health are the node's items.
func (p *NodeProcess) health(ctx context.Context) []serve.Item {
	items := append(p.Responder.Items(ctx), p.copyItem(), p.issuersItem())
	items = append(items, p.listItems()...)
	items = append(items, p.boardItems()...)
	if p.Observer != nil {
		items = append(items, p.Observer.Health(ctx)...)
	}
	return items
}

// copyItem: a copy that is old stops the node, because it would say what is no longer so.
func (p *NodeProcess) copyItem() serve.Item {
	fresh := p.Copy.Freshness()
	age := fresh.Age.Seconds()
	return serve.Item{Name: "copy", Level: level(age, slow.Seconds(), stale.Seconds()), Says: "copy.age", Value: age, Unit: "seconds", Stops: true, Metric: "journal_copy_age_seconds"}
}

func (p *NodeProcess) issuersItem() serve.Item {
	i := serve.Item{Name: "issuers", Level: serve.Fine, Says: "issuers.known", Value: float64(len(p.issuers.all())), Metric: "issuers_known"}
	if p.issuers.changed() {
		i.Level, i.Says = serve.Warning, "issuers.changed" // a restart takes them in
	}
	return i
}

// listItems tells the worst list of each issuer.
func (p *NodeProcess) listItems() []serve.Item {
	worst := map[string]serve.Item{}
	now := p.options.now()()
	var all []serve.Item
	for _, s := range p.Lists.States() {
		if s.Number == 0 { // not a list, but why lists are not renewed
			all = append(all, serve.Item{Name: "crl." + s.Issuer + "." + s.Name, Level: serve.Warning, Says: "crl.fault"})
			continue
		}
		life := s.NextUpdate.Sub(s.ThisUpdate).Seconds()
		age := now.Sub(s.ThisUpdate).Seconds()
		i := serve.Item{Name: "crl." + s.Issuer, Level: level(age, life/2, life*3/4), Says: "crl.age", Value: age, Unit: "seconds",
			Metric: "crl_published_age_seconds", Labels: map[string]string{"issuer": s.Issuer}}
		if known, ok := worst[s.Issuer]; !ok || known.Value < i.Value {
			worst[s.Issuer] = i
		}
	}
	for _, id := range sortedKeys(worst) {
		all = append(all, worst[id])
	}
	return all
}
