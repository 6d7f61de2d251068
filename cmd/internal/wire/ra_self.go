package wire

import (
	"context"
	"crypto/x509"
	"errors"

	"onecert/pki"
	"onecert/serve"
)

// titleSelf is what the API of holders is called.
const titleSelf = "OneCert self-service"

// selfService makes the API of holders, on a listener of its own: who comes with a
// certificate is its holder, who comes without one is nobody, and no officer is anything
// here (design.md decision 16).
func (p *RAProcess) selfService() {
	peers := &serve.Peers{Roots: p.roots, National: p.nation, Issuers: p.issuing(), Now: p.options.now(),
		Who: p.holder, Lenient: true}
	p.Self = serve.New(serve.Config{Title: titleSelf, Version: p.options.version(), Peers: peers, Log: p.options.log(), Now: p.options.now()})
	p.SelfRoutes(p.Self.Huma)
	p.Desk.PeopleRoutes(p.Self.Huma, p.Registration.Self())
}

// holder says whose certificate it is. Browsers bring the one they have everywhere: whose
// is frozen, or not ours, is nobody here, who may report a loss and look how it goes.
func (p *RAProcess) holder(ctx context.Context, peer *x509.Certificate) (pki.Actor, error) {
	actor, err := p.HolderOf(ctx, peer)
	if err == nil && p.good != nil {
		err = p.good.caller(ctx, peer)
	}
	if pki.KindOf(err) == pki.Forbidden {
		return pki.Actor{Certificate: pki.Fingerprint(peer.Raw)}, nil
	}
	return actor, err
}

// explain says to a person why his certificate opens nothing here, and what to do. It
// tells of a certificate what its CA's lists tell everybody.
func (p *RAProcess) explain(ctx context.Context, shown *x509.Certificate) error {
	if !p.options.now()().Before(shown.NotAfter) {
		return pki.Errorf(pki.Forbidden, "self.expired", "this certificate has expired").To("apply for a new one at a counter")
	}
	var state badState
	if p.good != nil && errors.As(p.good.caller(ctx, shown), &state) {
		if pki.State(state) == pki.Held {
			return pki.Errorf(pki.Forbidden, "self.held", "this certificate is frozen").To("a counter can unfreeze it; bring your identity document")
		}
		return pki.Errorf(pki.Forbidden, "self.revoked", "this certificate is revoked").To("apply for a new one at a counter; a revoked one stays revoked")
	}
	return pki.Errorf(pki.Forbidden, "self.unknown", "this certificate is not known here").
		To("ask where you got it; for another certificate close all windows of the browser and open it again")
}

// issuing are the CAs that a holder's program need not send along.
func (p *RAProcess) issuing() (all []*x509.Certificate) {
	for _, trusted := range p.trust {
		if plain, err := x509.ParseCertificate(trusted.Raw); err == nil && plain.PublicKeyAlgorithm != x509.UnknownPublicKeyAlgorithm {
			all = append(all, plain)
		}
	}
	return all
}
