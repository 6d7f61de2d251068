package tlcp

import (
	"context"
	"crypto/rand"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/emmansun/gmsm/smx509"
)

// ClientAuthType is what a server wants of the client's certificates.
type ClientAuthType int

// As in crypto/tls. The ECDHE suites need the client's pair: a server offers them only
// where it asks for it, and then demands it.
const (
	NoClientCert ClientAuthType = iota
	RequestClientCert
	RequireAnyClientCert
	VerifyClientCertIfGiven
	RequireAndVerifyClientCert
)

// Config is how a client or a server behaves. It must not change once it is used;
// several connections may share it.
type Config struct {
	Rand io.Reader        // nil: crypto/rand
	Time func() time.Time // nil: time.Now

	// Certificates is what this side shows. A server picks the first whose signing
	// certificate fits the name the client asks for, or the first. A client shows the
	// first whose issuer the server names, or the first.
	Certificates []Certificate
	// GetCertificate picks for a server; nil from it means Certificates.
	GetCertificate func(*ClientHelloInfo) (*Certificate, error)
	// GetClientCertificate picks for a client; nil from it means none.
	GetClientCertificate func(*CertificateRequestInfo) (*Certificate, error)
	// GetConfigForClient returns the configuration for one client; nil means this one.
	GetConfigForClient func(*ClientHelloInfo) (*Config, error)

	// RootCAs is whom a client trusts. nil trusts nobody: the system has no national roots.
	RootCAs    *smx509.CertPool
	ServerName string // asked for and compared with the certificate; Dial sets it
	// InsecureSkipVerify accepts any server certificate of the right kind: for tests.
	InsecureSkipVerify bool

	ClientAuth  ClientAuthType
	ClientCAs   *smx509.CertPool // whom a server trusts; nil: nobody
	ClientNames [][]byte         // DER names of CAs to tell clients; nil: none are told

	// VerifyPeerCertificate is asked after our own check, not for a resumed session.
	// chains are of the signing certificate.
	VerifyPeerCertificate func(raw [][]byte, chains [][]*smx509.Certificate) error
	// VerifyConnection is asked at the end of each handshake, resumed ones too:
	// revocation belongs here.
	VerifyConnection func(ConnectionState) error

	CipherSuites []uint16 // by preference; nil: CipherSuites()
	NextProtos   []string // application protocols (ALPN), by preference

	// SessionCache lets sessions be resumed by id; nil: none are. Configurations that
	// trust different CAs must not share one: who was verified when a session began is
	// not verified again.
	SessionCache    SessionCache
	SessionLifetime time.Duration // 0: DefaultSessionLifetime

	// TrustedAuthorities tells a server whom this client trusts (trusted_ca_indication).
	TrustedAuthorities []TrustedAuthority

	// KeyLogWriter gets the secrets of each connection in NSS's form. For debugging:
	// who has them reads everything.
	KeyLogWriter io.Writer

	mu       sync.Mutex // for KeyLogWriter
	verified verifiedCache
}

// DefaultSessionLifetime: a session keeps its master secret in memory that long.
const DefaultSessionLifetime = 12 * time.Hour

// Clone returns a copy; c may be in use.
func (c *Config) Clone() *Config {
	if c == nil {
		return nil
	}
	return &Config{Rand: c.Rand, Time: c.Time, Certificates: c.Certificates, GetCertificate: c.GetCertificate,
		GetClientCertificate: c.GetClientCertificate, GetConfigForClient: c.GetConfigForClient, RootCAs: c.RootCAs,
		ServerName: c.ServerName, InsecureSkipVerify: c.InsecureSkipVerify, ClientAuth: c.ClientAuth, ClientCAs: c.ClientCAs,
		ClientNames: c.ClientNames, VerifyPeerCertificate: c.VerifyPeerCertificate, VerifyConnection: c.VerifyConnection,
		CipherSuites: c.CipherSuites, NextProtos: c.NextProtos, SessionCache: c.SessionCache, SessionLifetime: c.SessionLifetime,
		TrustedAuthorities: c.TrustedAuthorities, KeyLogWriter: c.KeyLogWriter}
}

func (c *Config) rand() io.Reader {
	if c.Rand == nil {
		return rand.Reader
	}
	return c.Rand
}

func (c *Config) now() time.Time {
	if c.Time == nil {
		return time.Now()
	}
	return c.Time()
}

func (c *Config) lifetime() time.Duration {
	if c.SessionLifetime == 0 {
		return DefaultSessionLifetime
	}
	return c.SessionLifetime
}

// suites returns those configured that exist, by preference.
func (c *Config) suites(usable func(*suite) bool) []*suite {
	ids := c.CipherSuites
	if ids == nil {
		ids = CipherSuites()
	}
	var list []*suite
	for _, id := range ids {
		if s := suiteOf(id); s != nil && usable(s) && !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// ClientHelloInfo is what a server knows of a client when it chooses.
type ClientHelloInfo struct {
	CipherSuites       []uint16
	ServerName         string
	SupportedProtos    []string
	TrustedAuthorities []TrustedAuthority
	Conn               net.Conn // not to be read or written
	ctx                context.Context
}

// Context returns the handshake's context.
func (i *ClientHelloInfo) Context() context.Context { return i.ctx }

// CertificateRequestInfo is what a server asked for.
type CertificateRequestInfo struct {
	AcceptableCAs [][]byte // DER names; empty: any
	CipherSuite   uint16
	ctx           context.Context
}

// Context returns the handshake's context.
func (i *CertificateRequestInfo) Context() context.Context { return i.ctx }
