package serve

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"onecert/tlcp"
)

// Dual serves TLCP and TLS 1.2/1.3 on one port. The first record tells them apart: its
// version is 0x0101 or 0x03xx. There is no negotiation between the two, and so no
// downgrade. How many connections may be open, in all and from one source, is for the
// listener beneath (Limits).
type Dual struct {
	TLCP *tlcp.Config // nil: refused
	TLS  *tls.Config  // nil: refused

	Handshake time.Duration // for the first record and the handshake; 0: DefaultLimits().Header
	Pending   int           // handshakes under way at once; 0: 1024. Further connections wait in the kernel
	// Limited, where given, says at each connection what counts instead of both, for
	// limits that change while the port is served.
	Limited func() (handshake time.Duration, pending int)

	// Failed takes the one event of each failed handshake; nil: it is logged.
	Failed func(HandshakeFailure)
	Log    *slog.Logger // nil: slog.Default()
}

const defaultPending = 1024

// Listen returns a listener whose connections are *tlcp.Conn or *tls.Conn with their
// handshake done. A connection that is slow or fails delays no other. Closing it ends
// the handshakes under way.
func (d *Dual) Listen(inner net.Listener) net.Listener {
	ctx, cancel := context.WithCancel(context.Background())
	l := &dualListener{Listener: inner, dual: d, ready: make(chan net.Conn), ctx: ctx, cancel: cancel, left: make(chan struct{}, 1)}
	l.tls = l.watched(d.TLS)
	l.group.Go(l.accept)
	return l
}

// Serve is server.Serve over both protocols: HTTP/1.1, and HTTP/2 where ALPN chooses
// it. TransportOf tells a handler what it was asked over. It changes server as Prepare
// does.
func (d *Dual) Serve(server *http.Server, inner net.Listener) error {
	d.Prepare(server)
	l := d.Listen(inner)
	defer l.Close()
	return server.Serve(l)
}

// Prepare makes a server take connections of Listen. It changes its ConnContext,
// Protocols and TLSConfig.
func (d *Dual) Prepare(server *http.Server) {
	before := server.ConnContext
	server.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		if before != nil {
			ctx = before(ctx, conn)
		}
		return withTransport(ctx, conn)
	}
	if server.Protocols == nil {
		server.Protocols = new(http.Protocols)
		server.Protocols.SetHTTP1(true)
		server.Protocols.SetHTTP2(true)
	}
	// net/http knows HTTP/2 by ALPN on its own TLS only; on TLCP it knows it by the
	// preface, which comes only where ALPN chose it. No plain connection gets here.
	server.Protocols.SetUnencryptedHTTP2(d.TLCP != nil && slices.Contains(d.TLCP.NextProtos, "h2"))
	if server.TLSConfig == nil {
		server.TLSConfig = d.TLS.Clone() // for HTTP/2's own settings, which it writes
	}
}

// limits are what counts now.
func (d *Dual) limits() (handshake time.Duration, pending int) {
	handshake, pending = d.Handshake, d.Pending
	if d.Limited != nil {
		handshake, pending = d.Limited()
	}
	if handshake <= 0 {
		handshake = DefaultLimits().Header
	}
	if pending <= 0 {
		pending = defaultPending
	}
	return handshake, pending
}

// dualListener shakes hands in a goroutine a connection and hands over those that are
// done.
type dualListener struct {
	net.Listener
	dual   *Dual
	tls    *tls.Config
	ready  chan net.Conn
	shaken atomic.Int64  // handshakes under way
	left   chan struct{} // one of them is over
	group  sync.WaitGroup
	ctx    context.Context
	cancel context.CancelFunc

	once sync.Once
	err  error // of the inner listener; set before ctx is done
}

// Accept implements net.Listener.
func (l *dualListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.ready:
		return conn, nil
	case <-l.ctx.Done():
		return nil, l.err
	}
}

// Close implements net.Listener; it waits for the handshakes it ends.
func (l *dualListener) Close() error {
	l.stop(net.ErrClosed)
	err := l.Listener.Close()
	l.group.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func (l *dualListener) stop(err error) {
	l.once.Do(func() {
		l.err = err
		l.cancel()
	})
}

func (l *dualListener) accept() {
	for {
		if !l.awaitPlace() {
			return
		}
		conn, err := l.Listener.Accept()
		if err != nil {
			if passing, ok := errors.AsType[net.Error](err); ok && passing.Timeout() || isShortage(err) {
				time.Sleep(5 * time.Millisecond) // as net/http does: no file descriptor is free
				continue
			}
			l.stop(err)
			return
		}
		l.shaken.Add(1)
		l.group.Go(func() {
			l.shake(conn)
			l.shaken.Add(-1)
			select {
			case l.left <- struct{}{}:
			default:
			}
		})
	}
}

// awaitPlace waits until another handshake may begin; false: the listener is closed.
func (l *dualListener) awaitPlace() bool {
	for {
		if _, pending := l.dual.limits(); l.shaken.Load() < int64(pending) {
			return l.ctx.Err() == nil
		}
		select {
		case <-l.left:
		case <-l.ctx.Done():
			return false
		}
	}
}

// shake brings one connection to the end of its handshake, or to its event. A deadline
// bounds it: contexts would cost each handshake a goroutine.
func (l *dualListener) shake(conn net.Conn) {
	begin := time.Now()
	stop := context.AfterFunc(l.ctx, func() { conn.Close() })
	patience, _ := l.dual.limits()
	conn.SetDeadline(begin.Add(patience))
	done, failure := l.protect(conn)
	if failure != nil {
		if failure.Alert != "" && !failure.Received {
			bid(conn)
		}
		conn.Close()
		if stop() { // the listener's end is no event
			failure.Time, failure.Took, failure.Address = begin, time.Since(begin), conn.RemoteAddr().String()
			l.dual.report(*failure)
		}
		return
	}
	conn.SetDeadline(time.Time{})
	if !stop() {
		return // the listener is closed, and so is the connection
	}
	select {
	case l.ready <- done:
	case <-l.ctx.Done():
		done.Close()
	}
}

func (l *dualListener) protect(conn net.Conn) (net.Conn, *HandshakeFailure) {
	first, kind, err := peek(conn)
	switch {
	case err != nil:
		return nil, silent(first, err)
	case kind == kindTLCP && l.dual.TLCP != nil:
		c := tlcp.Server(first, l.dual.TLCP)
		if err := c.Handshake(); err != nil {
			return nil, ofTLCP(err)
		}
		return c, nil
	case kind == kindTLS && l.tls != nil:
		c := tls.Server(first, l.tls)
		if err := c.Handshake(); err != nil {
			return nil, ofTLS(c, first, err, l.dual.TLS)
		}
		return c, nil
	}
	refuse(conn, kind)
	return nil, notServed(kind)
}
