package serve

import (
	"crypto/x509"
	"errors"
	"net/http"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/tlcp"
)

// shown is the certificates a connection's peer showed, of one protocol or the other.
type shown struct {
	tls  []*x509.Certificate
	tlcp *tlcp.ConnectionState
}

// shownBy returns what came with a request; ok is false where there was no certificate.
func shownBy(r *http.Request) (s shown, ok bool) {
	if r.TLS != nil {
		s.tls = r.TLS.PeerCertificates
		return s, len(s.tls) > 0
	}
	conn := TLCPOf(r.Context())
	if conn == nil {
		return s, false
	}
	state := conn.ConnectionState()
	s.tlcp = &state
	return s, len(state.PeerCertificates) > 0
}

// judgeTLCP verifies both halves of a pair, which the handshake verified once: it may
// be long ago. It returns the signing half as crypto/x509 would show it.
func (p *Peers) judgeTLCP(state *tlcp.ConnectionState, now time.Time) (leaf *x509.Certificate, till time.Time, err error) {
	all, encrypt := state.PeerCertificates, state.EncryptCertificate
	leaf, till = plainOf(all[0]), now.Add(verdictLife)
	if len(all) > maxPeerChain {
		return leaf, till, badCertificate("the client sent more than %d certificates", maxPeerChain)
	}
	options := smx509.VerifyOptions{Roots: p.National, Intermediates: smx509.NewCertPool(), CurrentTime: now,
		KeyUsages: []smx509.ExtKeyUsage{smx509.ExtKeyUsageClientAuth}}
	if options.Roots == nil {
		options.Roots = smx509.NewCertPool() // no trust list: nobody is trusted
	}
	for _, c := range all[1:] {
		if c != encrypt {
			options.Intermediates.AddCert(c)
		}
	}
	end := time.Time{}
	for _, half := range []*smx509.Certificate{all[0], encrypt} {
		if half == nil {
			continue // in the suites ECC a client may have one certificate
		}
		chains, err := half.Verify(options)
		if err != nil {
			return leaf, till, reason(asPlain(err), plainOf(half), now).Because(err)
		}
		for _, c := range chains[0] {
			if end.IsZero() || c.NotAfter.Before(end) {
				end = c.NotAfter
			}
		}
	}
	return leaf, end, nil
}

// asPlain turns an error of smx509 into the one of crypto/x509 it was copied from.
func asPlain(err error) error {
	if bad, ok := errors.AsType[smx509.CertificateInvalidError](err); ok {
		return x509.CertificateInvalidError{Cert: plainOf(bad.Cert), Reason: x509.InvalidReason(bad.Reason), Detail: bad.Detail}
	}
	if _, ok := errors.AsType[smx509.UnknownAuthorityError](err); ok {
		return x509.UnknownAuthorityError{}
	}
	return err
}
