package wire

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strconv"

	"onecert/ca"
	"onecert/pki"
	"onecert/serve"
)

// A pair renews at half its life, in the same keys, as the certificate for TLS does
// (design.md §3.7): the CA renews its own without anybody, the others ask the CA for it
// over TLCP, showing the pair itself.

// keepPair makes the CA's own pair once its key management centre can be asked, and
// renews it.
func (p *CAProcess) keepPair(ctx context.Context) {
	if p.pair == nil {
		return
	}
	if p.link == nil && p.options.KMC == nil && p.pair.Certificate() == nil {
		p.options.log().Warn("no pair for TLCP is made: this CA has no key management centre yet")
		return
	}
	whenHalfLived(ctx, p.pair, p.options.now(), func() error { return p.renewPair(ctx) },
		func(err error) { p.options.log().Error("making the pair for TLCP", "error", err) })
}

func (p *CAProcess) renewPair(ctx context.Context) error {
	old := p.pair.Certificate()
	if old == nil {
		return p.makePair(ctx)
	}
	if p.nextPair == nil {
		issued, err := p.successorOf(ctx, old.SignLeaf.IssuingCertificateURL, pki.SerialOf(old.SignLeaf.SerialNumber), pki.Fingerprint(old.Sign[0]))
		if err != nil {
			return err
		}
		p.nextPair = issued
	}
	var told error
	if p.link != nil && p.config.Protocol == overTLCP {
		told = p.link.succeed(ctx, overTLCP, p.nextPair.Sign.DER)
	}
	if told != nil && p.options.now()().Before(old.SignLeaf.NotAfter) {
		return fmt.Errorf("telling the key management centre: %w", told) // the old pair still serves
	}
	if err := p.config.Pair.write(p.config.dir, p.nextPair); err != nil {
		return err
	}
	p.nextPair = nil
	if err := p.takePair(); err != nil {
		return err
	}
	if told != nil {
		return pki.Errorf(pki.Conflict, "pair.untold", "the pair had expired, and the key management centre knows the new one not").
			To("register it with a code: 'onecert pair join'").Because(told)
	}
	return nil
}

func (p *CAProcess) successorOf(ctx context.Context, addresses []string, serial pki.Serial, fingerprint string) (*ca.Issued, error) {
	issuer, err := issuerID(addresses)
	if err != nil {
		return nil, err
	}
	// The same name at each try, so that a lost answer is asked for again.
	return p.Renew(machine(ctx), issuer, serial, ca.Change{Application: "renew-" + fingerprint[:32]})
}

// makePair has the CA issue its own pair, for the key its init made.
func (p *CAProcess) makePair(ctx context.Context) error {
	key, err := openKey(p.config.dir, p.config.Pair.SignKey)
	if err != nil {
		return fmt.Errorf("opening the pair's signing key: %w", err)
	}
	request, err := newRequest(key, "ca")
	if err != nil {
		return err
	}
	order := p.ownOrder("self-pair-"+strconv.FormatInt(p.options.now()().UnixNano(), 36), request)
	order.Profile = ca.SitePair
	issued, err := p.Issue(machine(ctx), order)
	if err != nil {
		return fmt.Errorf("making the CA's own pair: %w", err)
	}
	if err := p.config.Pair.takeNew(p.config.dir, issued); err != nil {
		return err
	}
	return p.takePair()
}

// takePair shows what is on file.
func (p *CAProcess) takePair() error {
	c, err := p.config.Pair.read(p.config.dir)
	if err != nil {
		return err
	}
	return p.pair.Replace(c)
}

// renewablePair is the pair of a component that is known to a CA by it.
type renewablePair struct {
	caller
	ca   string
	dir  string
	file *PairFile
}

// renew asks the CA for the next pair in the same keys.
func (s renewablePair) renew(ctx context.Context) error {
	api, err := s.over(overTLCP, s.ca)
	if err != nil {
		return err
	}
	defer api.HTTP.CloseIdleConnections()
	own := s.pair.Certificate()
	issuer, err := issuerID(own.SignLeaf.IssuingCertificateURL)
	if err != nil {
		return err
	}
	application := "renew-" + pki.Fingerprint(own.Sign[0])[:32]
	issued, err := ca.NewClient(api).Renew(ctx, issuer, pki.SerialOf(own.SignLeaf.SerialNumber), ca.Change{Application: application})
	if err != nil {
		return err
	}
	if err := s.file.write(s.dir, issued); err != nil {
		return err
	}
	next, err := s.file.read(s.dir)
	if err != nil {
		return err
	}
	return s.pair.Replace(next)
}

// keep renews a pair that was enrolled; one that was not is an operator's work.
func (s renewablePair) keep(ctx context.Context, failed func(error)) {
	if s.pair == nil || s.pair.Certificate() == nil || s.ca == "" {
		return
	}
	whenHalfLived(ctx, s.pair, s.now, func() error { return s.renew(ctx) }, failed)
}

// LinkPair registers a CA's own pair at its key management centre with a code of the
// role site, so that the CA may come over TLCP.
func LinkPair(ctx context.Context, config, code string) (Joined, error) {
	c, err := LoadCA(config)
	if err != nil {
		return Joined{}, err
	}
	if c.Pair == nil || c.KMC == nil || c.KMC.URL == "" {
		return Joined{}, pki.Errorf(pki.Invalid, "link.none", "%s names no pair, or no key management centre at an address", config).
			To("add pair: to it, as deploy/ca.yaml shows, and join the centre first: 'onecert ca link'")
	}
	own, err := readCertificates(c.Path(c.Pair.Certificate))
	if err != nil {
		return Joined{}, pki.Errorf(pki.Invalid, "link.pair", "the CA has made no pair yet").
			To("the running CA makes it once the centre answers; its log says why not").Because(err)
	}
	trust, err := authorities(c.dir, c.Issuers)
	if err != nil {
		return Joined{}, err
	}
	return Join(ctx, c.KMC.URL, trust, JoinOrder{Code: code, Certificate: own[0].Raw})
}

// succeed tells the centre of this CA's renewed certificate, over the old one.
func (l *kmcLink) succeed(ctx context.Context, protocol string, certificate []byte) error {
	api := l.api
	if l.config.KMC.CallsIn != "" {
		if spoken := cmp.Or(l.config.Protocol, overTLS); protocol != spoken {
			return nil // over the one connection there is, the centre never sees that certificate
		}
	} else {
		var err error
		if api, err = l.caller.over(protocol, l.config.KMC.URL); err != nil {
			return err
		}
		defer api.HTTP.CloseIdleConnections()
	}
	_, err := serve.Call[Succession, Joined](ctx, api, http.MethodPost, pathSuccessors, &Succession{certificate})
	return err
}
