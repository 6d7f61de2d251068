package serve

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"onecert/tlcp"
)

// A zone that may only dial out (design.md decision 15) opens one connection of mutual
// TLS or TLCP to its peer, and the peer's calls travel back over it: the caller's
// side of TLS is the server's side of HTTP/2. Both ends know each other by
// certificate as on any other connection.

// Outward is the inner zone's end: it keeps one connection to Address open and
// answers with Handler what comes over it.
type Outward struct {
	Address string
	TLS     *tls.Config  // of ClientTLS, with an own certificate
	TLCP    *tlcp.Config // in place of TLS: of ClientTLCP, with an own pair
	Handler http.Handler
	Limits  Limits // zero: DefaultLimits
	Log     *slog.Logger
}

// callbackProtocol is what both ends must agree on.
const callbackProtocol = "h2"

// Waits between attempts: the first is short, because most ends are restarts.
const firstWait, longestWait = 200 * time.Millisecond, 10 * time.Second

// Run keeps the connection until ctx ends.
func (o Outward) Run(ctx context.Context) error {
	log := o.Log
	if log == nil {
		log = slog.Default()
	}
	wait := firstWait
	for ctx.Err() == nil {
		began := time.Now()
		if err := o.once(ctx, log); err != nil && ctx.Err() == nil {
			log.Warn("the connection outward ended", "address", o.Address, "error", err)
		}
		if time.Since(began) > longestWait {
			wait = firstWait
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
		wait = min(2*wait, longestWait)
	}
	return nil
}

func (o Outward) once(ctx context.Context, log *slog.Logger) error {
	conn, chosen, err := o.dial(ctx)
	if err != nil {
		return fmt.Errorf("dialling out: %w", err)
	}
	if chosen != callbackProtocol {
		conn.Close()
		return errors.New("the peer takes no calls back on this address")
	}
	s := Server{Name: "outward", Handler: o.Handler, Limits: o.Limits, Log: log, Listener: onlyConn(conn)}
	server := s.server(ctx)
	server.IdleTimeout = -1 // the peer may have nothing to ask for hours
	server.HTTP2.SendPingTimeout = 15 * time.Second
	if o.TLCP != nil { // net/http takes it for a connection in the clear
		server.Protocols = new(http.Protocols)
		server.Protocols.SetUnencryptedHTTP2(true)
		before := server.ConnContext
		server.ConnContext = func(ctx context.Context, c net.Conn) context.Context { return withTransport(before(ctx, c), c) }
	}
	server.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			s.Listener.Close() // ends Serve
		}
	}
	log.Info("connected outward", "address", o.Address)
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	err = server.Serve(s.Listener)
	conn.Close()
	if errors.Is(err, errOnlyOne) || errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// dial opens the connection and returns what ALPN chose.
func (o Outward) dial(ctx context.Context) (conn net.Conn, chosen string, err error) {
	ctx, cancel := context.WithTimeout(ctx, longestWait)
	defer cancel()
	if o.TLCP != nil {
		config := o.TLCP.Clone()
		config.NextProtos = []string{callbackProtocol}
		if conn, err = (&tlcp.Dialer{Config: config}).DialContext(ctx, "tcp", o.Address); err != nil {
			return nil, "", err
		}
		return conn, conn.(*tlcp.Conn).ConnectionState().NegotiatedProtocol, nil
	}
	config := o.TLS.Clone()
	config.NextProtos = []string{callbackProtocol}
	if conn, err = (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", o.Address); err != nil {
		return nil, "", err
	}
	return conn, conn.(*tls.Conn).ConnectionState().NegotiatedProtocol, nil
}

var errOnlyOne = errors.New("this listener has one connection")

func onlyConn(conn net.Conn) net.Listener {
	return &singleListener{conn: conn, ended: make(chan struct{})}
}

// singleListener yields one connection and then waits for the server's end.
type singleListener struct {
	conn  net.Conn
	given bool
	once  sync.Once
	ended chan struct{}
}

// Accept implements net.Listener. http.Server calls it from one goroutine.
func (l *singleListener) Accept() (net.Conn, error) {
	if l.given {
		<-l.ended
		return nil, errOnlyOne
	}
	l.given = true
	return l.conn, nil
}

func (l *singleListener) Close() error   { l.once.Do(func() { close(l.ended) }); return nil }
func (l *singleListener) Addr() net.Addr { return l.conn.LocalAddr() }

// Inward is the outer zone's end: it takes connections from inner zones, checks who
// they are, and calls back over them.
type Inward struct {
	Peers *Peers // as for any listener
	Log   *slog.Logger
	// Patience is how long a call waits for its peer to call in; 0: 5 seconds.
	Patience time.Duration
	// TLCP, of ServerTLCP, is what inner zones speak in place of TLS. It is set before
	// the first call, and nothing else is taken then.
	TLCP *tlcp.Config

	mu    sync.Mutex
	lines map[string]*line
}

// ServerTLS is the TLS a listener for Inward needs.
func (i *Inward) ServerTLS(own *Identity) *tls.Config {
	c := ServerTLS(own, nil)
	c.NextProtos = []string{callbackProtocol}
	c.ClientAuth = tls.RequireAnyClientCert // judged in take, with the reason in our log
	return c
}

// Run takes connections until ctx ends, and closes them then: who called in is to look
// for whoever takes over. config is for TLS.
func (i *Inward) Run(ctx context.Context, listener net.Listener, config *tls.Config) error {
	stop := context.AfterFunc(ctx, func() { listener.Close() })
	defer stop()
	defer i.hangUp()
	limits := DefaultLimits()
	listener = Fair(listener, 64)
	for {
		raw, err := listener.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("taking connections of inner zones: %w", err)
		}
		go func() {
			if err := i.shake(ctx, raw, config, limits.Header); err != nil {
				i.log().Warn("a connection of an inner zone was refused", "address", raw.RemoteAddr().String(), "error", err)
				raw.Close()
			}
		}()
	}
}

// hangUp ends the connections of all peers.
func (i *Inward) hangUp() {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, l := range i.lines {
		l.hangUp()
	}
}

func (i *Inward) log() *slog.Logger {
	if i.Log == nil {
		return slog.Default()
	}
	return i.Log
}

var errNoCallback = errors.New("it does not offer to be called back, or shows no certificate")

// shake brings a connection to the end of its handshake and judges who it is.
func (i *Inward) shake(ctx context.Context, raw net.Conn, config *tls.Config, patience time.Duration) error {
	shake, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if i.TLCP != nil {
		conn := tlcp.Server(raw, i.TLCP)
		if err := conn.HandshakeContext(shake); err != nil {
			return fmt.Errorf("shaking hands: %w", err)
		}
		state := conn.ConnectionState()
		if state.NegotiatedProtocol != callbackProtocol || len(state.PeerCertificates) == 0 {
			return errNoCallback
		}
		leaf, _, err := i.Peers.judgeTLCP(&state, i.Peers.now())
		if err != nil {
			return err
		}
		return i.take(withTransport(ctx, conn), conn, leaf)
	}
	conn := tls.Server(raw, config)
	if err := conn.HandshakeContext(shake); err != nil {
		return fmt.Errorf("shaking hands: %w", err)
	}
	state := conn.ConnectionState()
	if state.NegotiatedProtocol != callbackProtocol || len(state.PeerCertificates) == 0 {
		return errNoCallback
	}
	if err := i.Peers.verify(&state, i.Peers.now()); err != nil {
		return err
	}
	return i.take(ctx, conn, state.PeerCertificates[0])
}

// take puts a connection in place for the one who opened it.
func (i *Inward) take(ctx context.Context, conn net.Conn, leaf *x509.Certificate) error {
	actor, err := i.Peers.Who(ctx, leaf)
	if err != nil {
		return err
	}
	if err := i.line(actor.Name).put(ctx, conn, i.TLCP != nil); err != nil {
		return fmt.Errorf("beginning HTTP/2 with %s: %w", actor.Name, err)
	}
	i.log().Info("an inner zone has called in", "name", actor.Name, "address", conn.RemoteAddr().String())
	return nil
}

func (i *Inward) line(name string) *line {
	i.mu.Lock()
	defer i.mu.Unlock()
	if l := i.lines[name]; l != nil {
		return l
	}
	if i.lines == nil {
		i.lines = map[string]*line{}
	}
	patience := i.Patience
	if patience <= 0 {
		patience = 5 * time.Second
	}
	l := &line{name: name, patience: patience, changed: make(chan struct{})}
	i.lines[name] = l
	return l
}

// Client returns a client that calls the peer registered under name over the
// connection it opened.
func (i *Inward) Client(name string) *Client {
	scheme := "https://"
	if i.TLCP != nil {
		scheme = "http://" // on the inside of TLCP
	}
	return &Client{Base: scheme + name, HTTP: &http.Client{Transport: i.line(name),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}
