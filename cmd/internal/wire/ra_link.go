package wire

import (
	"context"
	"os"
	"time"

	"onecert/pki"
	"onecert/ra"
)

// above is the way to the registration above a counter. A counter that has no
// certificate yet knows that there is one, and cannot reach it: its place in the tree is
// pending until the one above says otherwise.
func (p *RAProcess) above() (ra.Upstream, error) {
	if p.config.Upstream == "" {
		return nil, nil
	}
	if p.identity == nil {
		return awayAbove{}, nil
	}
	client, err := p.caller().client(p.config.Upstream)
	if err != nil {
		return nil, err
	}
	return ra.NewClient(client), nil
}

// awayAbove is a registration above that cannot be reached yet.
type awayAbove struct{}

func errAway() error {
	return pki.Errorf(pki.Unavailable, "ra.certificate", "this office has no site certificate yet and cannot reach the registration above it").
		To("enrol it with a code of role site")
}

// HandUp implements ra.Upstream.
func (awayAbove) HandUp(context.Context, []ra.Dossier) ([]ra.Handed, error) { return nil, errAway() }

// HandDocument implements ra.Upstream.
func (awayAbove) HandDocument(context.Context, string, ra.Document, []byte) error { return errAway() }

// News implements ra.Upstream.
func (awayAbove) News(context.Context, ra.NewsQuery) (*ra.News, error) { return nil, errAway() }

// sweepPeriod is how often codes and limits of self-service that are over are forgotten,
// keys of entries, and drafts nobody has touched.
const sweepPeriod = time.Hour

func (p *RAProcess) keepSwept(ctx context.Context) {
	for tick := time.NewTicker(sweepPeriod); ; {
		if err := p.Registration.Self().Sweep(ctx); err != nil && ctx.Err() == nil {
			p.options.log().Error("forgetting codes of self-service", "error", err)
		}
		if err := p.ForgetKeys(ctx); err != nil && ctx.Err() == nil {
			p.options.log().Error("forgetting keys of entries", "error", err)
		}
		if _, err := p.ForgetDrafts(ctx); err != nil && ctx.Err() == nil {
			p.options.log().Error("giving up drafts nobody has touched", "error", err)
		}
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
		}
	}
}

// JoinAbove registers a counter's site certificate at the registration above it.
func JoinAbove(ctx context.Context, config, code string) (Joined, error) {
	c, err := LoadRA(config)
	if err != nil {
		return Joined{}, err
	}
	if c.Upstream == "" {
		return Joined{}, pki.Errorf(pki.Invalid, "config.upstream", "%s names no upstream", config).To("give the address of the registration above")
	}
	return c.joinAt(ctx, c.Upstream, code)
}

// joinAt registers the site certificate where a code was made for it.
func (c *RA) joinAt(ctx context.Context, address, code string) (Joined, error) {
	trust, err := os.ReadFile(c.Path(c.Trust))
	if err != nil {
		return Joined{}, pki.Errorf(pki.Invalid, "config.certificate", "the certificate file %s cannot be read", c.Path(c.Trust)).Because(err)
	}
	chain, err := readCertificates(c.Path(c.TLSCertificate))
	if err != nil {
		return Joined{}, err
	}
	return Join(ctx, address, trust, JoinOrder{Code: code, Certificate: chain[0].Raw})
}
