package serve

import (
	"context"
	"crypto/tls"
	"net"

	"onecert/tlcp"
)

// Transport is what a request came over.
type Transport struct {
	Protocol     string // "TLCP 1.1", "TLS 1.2", "TLS 1.3"
	Suite        string // its standard's name
	Resumed      bool
	ServerName   string   // asked for by the client
	Application  string   // chosen by ALPN, or empty
	Certificates [][]byte // DER, the peer's: of TLCP the signing certificate first, then the encryption certificate
}

type transportKey struct{}

// WithConn returns a context in which TransportOf and TLCPOf tell of a connection that
// Dual.Listen handed out: for protocols other than HTTP.
func WithConn(ctx context.Context, conn net.Conn) context.Context { return withTransport(ctx, conn) }

func withTransport(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, transportKey{}, conn)
}

// TransportOf returns what a request came over, from its context; ok is false where
// Dual did not serve it.
func TransportOf(ctx context.Context) (t Transport, ok bool) {
	switch conn := ctx.Value(transportKey{}).(type) {
	case *tlcp.Conn:
		state := conn.ConnectionState()
		t = Transport{Protocol: "TLCP 1.1", Suite: tlcp.CipherSuiteName(state.CipherSuite), Resumed: state.DidResume,
			ServerName: state.ServerName, Application: state.NegotiatedProtocol}
		for _, c := range state.PeerCertificates {
			t.Certificates = append(t.Certificates, c.Raw)
		}
		return t, true
	case *tls.Conn:
		state := conn.ConnectionState()
		t = Transport{Protocol: tls.VersionName(state.Version), Suite: tls.CipherSuiteName(state.CipherSuite), Resumed: state.DidResume,
			ServerName: state.ServerName, Application: state.NegotiatedProtocol}
		for _, c := range state.PeerCertificates {
			t.Certificates = append(t.Certificates, c.Raw)
		}
		return t, true
	}
	return Transport{}, false
}

// TLCPOf returns the TLCP connection a request came over, for its exporter and its
// parsed certificates; nil for TLS.
func TLCPOf(ctx context.Context) *tlcp.Conn {
	conn, _ := ctx.Value(transportKey{}).(*tlcp.Conn)
	return conn
}
