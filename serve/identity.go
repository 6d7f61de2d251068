package serve

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// Identity is this process's own certificate and key. It is replaced while the
// process runs, because own certificates renew at half their life.
type Identity struct {
	current atomic.Pointer[tls.Certificate]
}

// NewIdentity takes a chain of DER certificates, its own first and the root left
// out, and the key of the first.
func NewIdentity(chain [][]byte, key crypto.Signer) (*Identity, error) {
	i := &Identity{}
	return i, i.Replace(chain, key)
}

// Replace puts another certificate in place: new connections use it, open ones
// last at most Limits.Age longer.
func (i *Identity) Replace(chain [][]byte, key crypto.Signer) error {
	if len(chain) == 0 || key == nil {
		return errors.New("setting the TLS identity: no certificate or no key")
	}
	leaf, err := x509.ParseCertificate(chain[0])
	if err != nil {
		return fmt.Errorf("setting the TLS identity: %w", err)
	}
	public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(leaf.PublicKey) {
		return errors.New("setting the TLS identity: the key is not the certificate's")
	}
	i.current.Store(&tls.Certificate{Certificate: chain, PrivateKey: key, Leaf: leaf})
	return nil
}

// Certificate returns the certificate in use.
func (i *Identity) Certificate() *x509.Certificate { return i.current.Load().Leaf }

// RenewAt returns when the certificate in use has lived half its life.
func (i *Identity) RenewAt() time.Time {
	leaf := i.Certificate()
	return leaf.NotBefore.Add(leaf.NotAfter.Sub(leaf.NotBefore) / 2)
}

// ServerTLS is TLS 1.3 that asks for a client certificate and takes any or none:
// Peers judges it with a reason a person can read, where the handshake could only
// break off. offer names the issuers to a browser choosing a certificate; nil
// lets it offer all it has. No session tickets: a resumed session would carry a
// certificate replaced long ago.
func ServerTLS(own *Identity, offer *x509.CertPool) *tls.Config {
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		ClientAuth:             tls.RequestClientCert,
		ClientCAs:              offer,
		SessionTicketsDisabled: true,
		// Small records at first help a browser draw early. An answer here is of use only
		// whole, and five records cost five writes.
		DynamicRecordSizingDisabled: true,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return own.current.Load(), nil
		},
	}
}

// PublicTLS is TLS 1.2 or 1.3 that asks nobody for a certificate, for what is public.
func PublicTLS(own *Identity) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		return own.current.Load(), nil
	}}
}

// ClientTLS is TLS 1.3 towards a server whose certificate leads to roots. own is
// nil for a caller without a certificate, now is nil for the machine's clock.
func ClientTLS(own *Identity, roots *x509.CertPool, now func() time.Time) *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: roots, Time: now}
	if roots == nil {
		c.RootCAs = x509.NewCertPool() // never the machine's own list
	}
	if own != nil {
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return own.current.Load(), nil
		}
	}
	return c
}
