package tlcp

import (
	"context"
	"errors"
	"net"
	"strings"
)

// Server returns the server's end of a connection. The handshake runs with the first
// Read or Write, or HandshakeContext.
func Server(conn net.Conn, config *Config) *Conn { return newConn(conn, config, false) }

// Client returns the client's end of a connection. config sets ServerName or
// InsecureSkipVerify.
func Client(conn net.Conn, config *Config) *Conn { return newConn(conn, config, true) }

type listener struct {
	net.Listener
	config *Config
}

// NewListener returns a listener whose connections speak TLCP. Accept does not wait
// for their handshakes.
func NewListener(inner net.Listener, config *Config) net.Listener { return &listener{inner, config} }

// Accept implements net.Listener; the connection is a *Conn.
func (l *listener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return Server(conn, l.config), nil
}

// Listen is net.Listen for TLCP. config has a certificate, or the means to get one.
func Listen(network, address string, config *Config) (net.Listener, error) {
	if config == nil || len(config.Certificates) == 0 && config.GetCertificate == nil && config.GetConfigForClient == nil {
		return nil, errors.New("tlcp: neither Certificates, GetCertificate, nor GetConfigForClient is set")
	}
	inner, err := net.Listen(network, address)
	if err != nil {
		return nil, err
	}
	return NewListener(inner, config), nil
}

// Dialer makes connections whose handshake is done.
type Dialer struct {
	NetDialer *net.Dialer // nil: the zero one
	Config    *Config
}

// DialContext dials and shakes hands within ctx. Without Config.ServerName the host of
// the address is the name asked for. The connection is a *Conn.
func (d *Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := d.NetDialer
	if dialer == nil {
		dialer = &net.Dialer{}
	}
	if dialer.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, dialer.Timeout)
		defer cancel()
	}
	inner, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	conn := Client(inner, d.Config)
	if conn.name == "" {
		conn.name = hostOf(address)
	}
	if err := conn.HandshakeContext(ctx); err != nil {
		inner.Close()
		return nil, err
	}
	return conn, nil
}

// Dial connects and shakes hands.
func Dial(network, address string, config *Config) (*Conn, error) {
	return DialWithDialer(&net.Dialer{}, network, address, config)
}

// DialWithDialer is Dial with a dialer, whose Timeout and Deadline bound the handshake
// as well.
func DialWithDialer(dialer *net.Dialer, network, address string, config *Config) (*Conn, error) {
	ctx := context.Background()
	if !dialer.Deadline.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, dialer.Deadline)
		defer cancel()
	}
	conn, err := (&Dialer{NetDialer: dialer, Config: config}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return conn.(*Conn), nil
}

func hostOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return host
}

// sniOf is the name to put into the hello: none for an address (RFC 6066 3).
func sniOf(name string) string {
	host, _, _ := strings.Cut(strings.Trim(name, "[]"), "%")
	if net.ParseIP(host) != nil {
		return ""
	}
	return strings.TrimRight(name, ".")
}
