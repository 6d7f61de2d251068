package serve

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
)

// verdictLife is how long a refusal stands on an open connection before the
// certificate is looked at again.
const verdictLife = time.Second

// maxPeerChain is the most certificates a peer may send.
const maxPeerChain = 8

// Peers says whose certificates are accepted and who they are.
type Peers struct {
	Roots    *x509.CertPool
	Issuers  []*x509.Certificate // CAs below the roots that a peer need not send: many tools send only their own certificate
	National *smx509.CertPool    // roots of those who come by TLCP, with their whole chain; nil: none is trusted
	Required bool                // refuse callers without a certificate; else the handler decides
	// Lenient lets a caller with a bad certificate go on, as an actor without a name: a
	// browser brings along what it has, and some operations take no certificate.
	Lenient bool
	Now     func() time.Time // nil: time.Now
	// Who returns the actor of a verified certificate. It is asked for each
	// request, so that ended rights end at once; it has to be quick. Of a pair it is
	// given the signing certificate, as far as crypto/x509 knows it; TLCPOf has both.
	Who func(ctx context.Context, peer *x509.Certificate) (pki.Actor, error)
}

// verdict is what was found about a connection's certificate, and from when to when
// it would be found again.
type verdict struct {
	by       *Peers
	at, till time.Time
	leaf     *x509.Certificate
	err      error
}

// Identify puts the pki.Actor of the verified client certificate into the
// request's context. Without a certificate the request goes on anonymously unless
// one is required; with a bad or unknown one it ends here.
func (p *Peers) Identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		actor, shown, err := p.Caller(r)
		switch {
		case err != nil:
			p.refuse(w, r, err)
		case shown:
			next.ServeHTTP(w, r.WithContext(pki.WithActor(r.Context(), actor)))
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// Caller says who showed the certificate of a request's connection; shown is false
// where there was none and none is required.
func (p *Peers) Caller(r *http.Request) (actor pki.Actor, shown bool, err error) {
	peer, ok := shownBy(r)
	if !ok {
		if p.Required {
			return actor, false, badCertificate("no client certificate was presented").
				To("use the certificate registered for you; a browser does not offer one that has expired")
		}
		return actor, false, nil
	}
	leaf, err := p.verified(r, peer)
	switch {
	case err == nil:
		actor, err = p.Who(r.Context(), leaf)
	case p.Lenient && leaf != nil:
		actor, err = pki.Actor{Certificate: pki.Fingerprint(leaf.Raw)}, nil
	}
	actor.Address = source(r)
	return actor, true, err
}

// Shown returns the certificate a request's connection showed, as it is, verified or
// not; nil where there was none. Of a pair it is the signing half.
func Shown(r *http.Request) *x509.Certificate {
	peer, ok := shownBy(r)
	switch {
	case !ok:
		return nil
	case peer.tlcp != nil:
		return plainOf(peer.tlcp.PeerCertificates[0])
	}
	return peer.tls[0]
}

// Anonymous returns the request as if its connection had shown no certificate.
func Anonymous(r *http.Request) *http.Request {
	r = r.WithContext(withTransport(r.Context(), nil))
	if r.TLS != nil {
		state := *r.TLS
		state.PeerCertificates, state.VerifiedChains = nil, nil
		r.TLS = &state
	}
	return r
}

// refuse also ends the connection: the next one can bring another certificate.
func (p *Peers) refuse(w http.ResponseWriter, r *http.Request, err error) {
	w.Header().Set("Connection", "close")
	Refuse(w, r, err)
}

func (p *Peers) now() time.Time {
	if p.Now != nil {
		return p.Now()
	}
	return time.Now()
}

// verified verifies the request's certificate, or remembers what was found on this
// connection: nothing but the clock can change it, and that at the first end of a
// validity on the chain.
func (p *Peers) verified(r *http.Request, peer shown) (*x509.Certificate, error) {
	now := p.now()
	l := linkOf(r.Context())
	if l != nil {
		if v := l.verdict.Load(); v != nil && v.by == p && !now.Before(v.at) && !now.After(v.till) {
			return v.leaf, v.err
		}
	}
	v := &verdict{by: p, at: now}
	if peer.tlcp != nil {
		v.leaf, v.till, v.err = p.judgeTLCP(peer.tlcp, now)
	} else {
		v.leaf = peer.tls[0]
		v.till, v.err = p.judge(peer.tls, now)
	}
	if l != nil {
		l.verdict.Store(v)
	}
	return v.leaf, v.err
}

// verify judges a connection once.
func (p *Peers) verify(state *tls.ConnectionState, now time.Time) error {
	_, err := p.judge(state.PeerCertificates, now)
	return err
}

// judge verifies the certificate of a connection and says how long that stands.
func (p *Peers) judge(chain []*x509.Certificate, now time.Time) (till time.Time, err error) {
	till = now.Add(verdictLife)
	if len(chain) > maxPeerChain {
		return till, badCertificate("the client sent more than %d certificates", maxPeerChain)
	}
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	for _, c := range p.Issuers {
		between.AddCert(c)
	}
	roots := p.Roots
	if roots == nil {
		roots = x509.NewCertPool() // no trust list: nobody is trusted
	}
	chains, err := chain[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between,
		CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	if err != nil {
		return till, reason(err, chain[0], now).Because(err)
	}
	return firstEnd(chains[0]), nil
}

func firstEnd(chain []*x509.Certificate) time.Time {
	end := chain[0].NotAfter
	for _, c := range chain[1:] {
		if c.NotAfter.Before(end) {
			end = c.NotAfter
		}
	}
	return end
}

func badCertificate(wrong string, args ...any) *pki.Error {
	return pki.Errorf(pki.Forbidden, "tls.certificate", wrong, args...)
}

// reason says for a person why a client certificate is refused.
func reason(err error, leaf *x509.Certificate, now time.Time) *pki.Error {
	if bad, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		switch {
		case bad.Reason == x509.Expired && !bad.Cert.Equal(leaf):
			return badCertificate("an issuer of the client certificate is outside its validity").To("tell the operator of the CA")
		case bad.Reason == x509.Expired && now.Before(leaf.NotBefore):
			return badCertificate("the client certificate is not valid yet").To("check the clocks of both machines")
		case bad.Reason == x509.Expired:
			return badCertificate("the client certificate has expired").To("renew it, then connect again")
		case bad.Reason == x509.IncompatibleUsage:
			return badCertificate("the client certificate is not for authenticating a client").To("use the certificate of profile officer or site")
		}
		return badCertificate("the client certificate breaks a rule of its chain").To("have it issued again")
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return badCertificate("the client certificate's issuer is unknown here").To("use a certificate of this platform, and send its chain")
	}
	return badCertificate("the client certificate cannot be verified").To("have it issued again")
}

// source is the address a request came from, without the port.
func source(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
