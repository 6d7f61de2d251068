package wire

import (
	"crypto/x509"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/serve"
	"onecert/tlcp"
)

// caller is how a component reaches the others: over TLS with its certificate, or over
// TLCP with its pair. There is no way from one to the other but the configuration.
type caller struct {
	protocol string
	identity *serve.Identity
	roots    *x509.CertPool
	pair     *serve.Pair
	nation   *smx509.CertPool
	now      func() time.Time
}

// client calls base as the configuration says.
func (c caller) client(base string) (*serve.Client, error) { return c.over(c.protocol, base) }

// over calls base over one protocol: a certificate is renewed by showing itself.
func (c caller) over(protocol, base string) (*serve.Client, error) {
	var client *serve.Client
	var err error
	own := func() any { return c.identity.Certificate() }
	if protocol == overTLCP {
		client, err = serve.NewTLCPClient(base, serve.ClientTLCP(c.pair, c.nation, c.now))
		own = func() any { return c.pair.Certificate() }
	} else {
		client, err = serve.NewClient(base, serve.ClientTLS(c.identity, c.roots, c.now))
	}
	if err == nil {
		show(client.HTTP, own)
	}
	return client, err
}

// takes is what a listener takes beside TLS: nil without a pair.
func (c caller) takes() *tlcp.Config {
	if c.pair == nil {
		return nil
	}
	return serve.ServerTLCP(c.pair, c.nation, c.now)
}
