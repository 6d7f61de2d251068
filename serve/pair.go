package serve

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
	"onecert/tlcp"
)

// Pair is this process's own dual certificate for TLCP, with its keys. Like Identity it
// is replaced while the process runs. The zero Pair has none yet: handshakes with it
// fail, with the reason, until Replace brings one.
type Pair struct {
	current atomic.Pointer[tlcp.Certificate]
}

// Replace puts a pair in place, for new connections. Of c.Sign and c.Encrypt the first
// is the certificate; both keys must be theirs.
func (p *Pair) Replace(c tlcp.Certificate) (err error) {
	if c.SignLeaf, err = belongs(c.Sign, c.SignKey); err != nil {
		return fmt.Errorf("setting the TLCP pair: signing half: %w", err)
	}
	if c.EncryptLeaf, err = belongs(c.Encrypt, c.EncryptKey); err != nil {
		return fmt.Errorf("setting the TLCP pair: encryption half: %w", err)
	}
	p.current.Store(&c)
	return nil
}

// belongs parses a certificate and compares its key with the private one.
func belongs(chain [][]byte, key any) (*smx509.Certificate, error) {
	holder, ok := key.(interface{ Public() crypto.PublicKey })
	if len(chain) == 0 || !ok {
		return nil, errors.New("no certificate or no key")
	}
	leaf, err := smx509.ParseCertificate(chain[0])
	if err != nil {
		return nil, err
	}
	public, ok := holder.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(leaf.PublicKey) {
		return nil, errors.New("the key is not the certificate's")
	}
	return leaf, nil
}

// Certificate returns the pair in use; nil where there is none yet.
func (p *Pair) Certificate() *tlcp.Certificate { return p.current.Load() }

// RenewAt returns when the first half of the pair in use has lived half its life.
func (p *Pair) RenewAt() time.Time {
	c := p.Certificate()
	if c == nil {
		return time.Time{}
	}
	at := halfLife(c.SignLeaf)
	if other := halfLife(c.EncryptLeaf); other.Before(at) {
		return other
	}
	return at
}

func halfLife(c *smx509.Certificate) time.Time {
	return c.NotBefore.Add(c.NotAfter.Sub(c.NotBefore) / 2)
}

func (p *Pair) take() (*tlcp.Certificate, error) {
	if c := p.Certificate(); c != nil {
		return c, nil
	}
	return nil, errors.New("this component has no pair for TLCP yet")
}

// ServerTLCP takes components with a pair that leads to roots, and callers without any,
// which Peers tells apart as for TLS. Callers choose: the components' own links are
// ECDHE, where who gets the escrowed encryption key later cannot read what was recorded.
func ServerTLCP(own *Pair, roots *smx509.CertPool, now func() time.Time) *tlcp.Config {
	return &tlcp.Config{Time: now, ClientAuth: tlcp.VerifyClientCertIfGiven, ClientCAs: roots,
		// ECC first: a caller that offers both may have no pair, which ECDHE needs.
		CipherSuites:   []uint16{tlcp.ECC_SM4_GCM_SM3, tlcp.ECDHE_SM4_GCM_SM3},
		NextProtos:     []string{"http/1.1"},
		GetCertificate: func(*tlcp.ClientHelloInfo) (*tlcp.Certificate, error) { return own.take() }}
}

// CallbackTLCP is ServerTLCP for connections over which calls travel back: with a pair
// on both sides, as with components everywhere.
func CallbackTLCP(own *Pair, roots *smx509.CertPool, now func() time.Time) *tlcp.Config {
	c := ServerTLCP(own, roots, now)
	c.ClientAuth, c.CipherSuites, c.NextProtos = tlcp.RequireAndVerifyClientCert, []uint16{tlcp.ECDHE_SM4_GCM_SM3}, []string{callbackProtocol}
	return c
}

// ClientTLCP is TLCP towards a component whose pair leads to roots, with an own pair and
// forward secrecy. now is nil for the machine's clock.
func ClientTLCP(own *Pair, roots *smx509.CertPool, now func() time.Time) *tlcp.Config {
	return &tlcp.Config{Time: now, RootCAs: roots, CipherSuites: []uint16{tlcp.ECDHE_SM4_GCM_SM3},
		GetClientCertificate: func(*tlcp.CertificateRequestInfo) (*tlcp.Certificate, error) { return own.take() }}
}

// NewTLCPClient is NewClient over TLCP, see ClientTLCP. base is an https URL: what is
// below HTTP is the configuration's to say, and there is no way back to TLS.
func NewTLCPClient(base string, config *tlcp.Config) (*Client, error) {
	c, err := NewClient(base, nil)
	if err != nil {
		return nil, err
	}
	if c.Base[:6] != "https:" {
		return nil, pki.Errorf(pki.Invalid, "remote.address", "the address of a component over TLCP is not an https URL").To("write it as https://host:port")
	}
	dialer := &tlcp.Dialer{NetDialer: &net.Dialer{Timeout: 5 * time.Second}, Config: config}
	c.HTTP.Transport.(*http.Transport).DialTLSContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		return dialer.DialContext(ctx, network, address)
	}
	return c, nil
}

// plainOf is what crypto/x509 would read of a certificate whose algorithms it does not
// know, for those who only look at names and numbers.
func plainOf(c *smx509.Certificate) *x509.Certificate {
	return &x509.Certificate{Raw: c.Raw, RawTBSCertificate: c.RawTBSCertificate, RawSubjectPublicKeyInfo: c.RawSubjectPublicKeyInfo,
		RawSubject: c.RawSubject, RawIssuer: c.RawIssuer, Version: c.Version, SerialNumber: c.SerialNumber, Issuer: c.Issuer, Subject: c.Subject,
		NotBefore: c.NotBefore, NotAfter: c.NotAfter, IsCA: c.IsCA, SubjectKeyId: c.SubjectKeyId, AuthorityKeyId: c.AuthorityKeyId,
		DNSNames: c.DNSNames, IPAddresses: c.IPAddresses, IssuingCertificateURL: c.IssuingCertificateURL,
		KeyUsage: x509.KeyUsage(c.KeyUsage), ExtKeyUsage: usagesOf(c), PublicKey: c.PublicKey}
}

func usagesOf(c *smx509.Certificate) (all []x509.ExtKeyUsage) {
	for _, usage := range c.ExtKeyUsage {
		all = append(all, x509.ExtKeyUsage(usage))
	}
	return all
}
