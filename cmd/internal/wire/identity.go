package wire

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/keys"
	"onecert/officer"
	"onecert/pki"
	"onecert/serve"
)

// machine is the CA acting for itself: it may issue its own site certificate.
func machine(ctx context.Context) context.Context {
	return pki.WithActor(ctx, pki.Actor{Name: "ca", Roles: []string{officer.Security}})
}

// serveItself gives the API its certificate, made by this CA, and its operations.
// It works when every certificate has expired: the CA then makes itself a new one
// (design.md §3.7).
func (p *CAProcess) serveItself(ctx context.Context) error {
	key, err := openKey(p.config.dir, p.config.TLSKey)
	if err != nil {
		return fmt.Errorf("opening the API's key: %w", err)
	}
	chain, err := p.ownChain(ctx, key)
	if err != nil {
		return err
	}
	if p.identity, err = serve.NewIdentity(chain, key); err != nil {
		return err
	}
	if p.pair, err = p.config.Pair.open(p.config.dir); err != nil {
		return err
	}
	good := newGoodness(p.options.now(), p.Good)
	peers := &serve.Peers{Roots: p.roots, Issuers: p.issuers, National: p.nation, Now: p.options.now(), Who: func(ctx context.Context, peer *x509.Certificate) (pki.Actor, error) {
		actor, err := p.Officers.Actor(ctx, peer.Raw)
		if pki.CodeOf(err) == "officer.unknown" && slices.Contains(peer.ExtKeyUsage, x509.ExtKeyUsageServerAuth) {
			// A site nobody registered has no rights here but to renew itself.
			actor, err = pki.Actor{Name: "site " + peer.Subject.CommonName, Certificate: pki.Fingerprint(peer.Raw)}, nil
		}
		if err != nil {
			return actor, err
		}
		return actor, good.caller(ctx, peer)
	}}
	p.inward = &serve.Inward{Peers: peers, Log: p.options.log()}
	if p.config.Protocol == overTLCP {
		p.inward.TLCP = serve.CallbackTLCP(p.pair, p.nation, p.options.now())
	}
	if p.link != nil {
		if err := p.link.connect(p.caller(), p.inward); err != nil {
			return err
		}
	}
	p.API = serve.New(serve.Config{Title: titleCA, Version: p.options.version(), Peers: peers, Log: p.options.log(), Now: p.options.now()})
	caRoutes(p.API, p.CA, p.Officers, p.Audit)
	systemRoute(p.API.Huma, desk{registry: p.Officers}.mayReadSystem, p.vantage)
	p.API.Watch(p.health)
	return nil
}

// caller is how this CA reaches the other components.
func (p *CAProcess) caller() caller {
	return caller{protocol: p.config.Protocol, identity: p.identity, roots: p.roots, pair: p.pair, nation: p.nation, now: p.options.now()}
}

// ownChain returns the certificate on file while it is valid, else a new one. Past
// half its life keepIdentity renews it, once others can be told.
func (p *CAProcess) ownChain(ctx context.Context, key *keys.Key) ([][]byte, error) {
	path := p.config.Path(p.config.TLSCertificate)
	now := p.options.now()()
	if data, err := os.ReadFile(path); err == nil {
		chain := pemBlocks(data)
		if len(chain) > 0 {
			leaf, err := x509.ParseCertificate(chain[0])
			if err == nil && now.Before(leaf.NotAfter) && !now.Before(leaf.NotBefore) && samePublic(leaf, key) {
				return chain, nil
			}
		}
	}
	chain, err := p.issueOwn(ctx, key, now)
	if err != nil {
		return nil, err
	}
	return chain, ReplaceFile(path, PEM(chain...), 0o644)
}

// issueOwn makes the API's own certificate and its chain without the root.
func (p *CAProcess) issueOwn(ctx context.Context, key *keys.Key, now time.Time) ([][]byte, error) {
	request, err := newRequest(key, "ca")
	if err != nil {
		return nil, err
	}
	order := p.ownOrder("self-ca-"+strconv.FormatInt(now.UnixNano(), 36), request)
	issued, err := p.Issue(machine(ctx), order)
	if err != nil {
		return nil, fmt.Errorf("making the API's own certificate: %w", err)
	}
	return append([][]byte{issued.Sign.DER}, issued.Chain[:len(issued.Chain)-1]...), nil
}

// newRequest makes a PKCS#10 request with a key of this process.
func newRequest(key *keys.Key, name string) ([]byte, error) {
	subject, err := pki.Name{{Type: "CN", Value: name}}.DER()
	if err != nil {
		return nil, err
	}
	der, err := smx509.CreateCertificateRequest(nil, &smx509.CertificateRequest{RawSubject: subject}, key)
	if err != nil {
		return nil, fmt.Errorf("making a certificate request: %w", err)
	}
	return der, nil
}

func samePublic(c *x509.Certificate, key *keys.Key) bool {
	spki, err := pki.MarshalPublicKey(key.Public())
	return err == nil && bytes.Equal(spki, c.RawSubjectPublicKeyInfo)
}

func pemBlocks(data []byte) (all [][]byte) {
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			return all
		}
		all, data = append(all, block.Bytes), rest
	}
}
