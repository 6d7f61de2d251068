package gateway

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"onecert/pki"
	"onecert/serve"
	"onecert/tlcp"
)

// entrance is one address that is listened on. It outlives configurations: who is
// connected stays connected, and each handshake and request looks up what counts now.
type entrance struct {
	gateway  *Gateway
	address  string
	kind     Kind
	listener net.Listener
	server   *http.Server // of kind Web
	dual     *serve.Dual
	peers    sync.Map // net.Conn -> *peer
	service  atomic.Pointer[service]

	ctx   context.Context // of every request and tunnel
	stop  context.CancelFunc
	mu    sync.Mutex
	conns map[net.Conn]struct{} // of kind TCP
	group sync.WaitGroup
}

// Failure is a handshake that failed at a service.
type Failure struct {
	Service string
	serve.HandshakeFailure
}

// The limits of a service where it says none.
const (
	defaultConnections = 20_000
	defaultHeaderBytes = 64 << 10
	defaultHeader      = 10 * time.Second
	defaultIdle        = 2 * time.Minute
)

// enter binds an address for a service. Limits of connections and times hold as they are
// when the address is bound; a change of them takes effect when the process starts again.
func (g *Gateway) enter(address string, v *service) (*entrance, error) {
	inner, err := g.cfg.Listen("tcp", address)
	if err != nil {
		return nil, pki.Errorf(pki.Conflict, "gateway.address", "services.%s.listen: %s cannot be listened on", v.Name, address).
			To("see whether another program has the address, and whether this machine has it").Because(err)
	}
	e := &entrance{gateway: g, address: address, kind: v.Kind, conns: map[net.Conn]struct{}{}}
	e.ctx, e.stop = context.WithCancel(g.ctx)
	e.service.Store(v)
	limits := v.Limits
	e.dual = &serve.Dual{
		TLS:       &tls.Config{GetConfigForClient: e.forTLS, MinVersion: tls.VersionTLS12, NextProtos: v.next()},
		TLCP:      &tlcp.Config{GetConfigForClient: e.forTLCP, NextProtos: v.next()},
		Handshake: limits.Header.Or(defaultHeader), Pending: limits.Handshakes,
		Failed: e.failed, Log: g.cfg.Log,
	}
	e.listener = serve.Fair(inner, cmp.Or(limits.Connections, defaultConnections))
	if v.Kind == TCP {
		return e, nil
	}
	e.server = &http.Server{
		Handler: http.HandlerFunc(e.serve), BaseContext: func(net.Listener) context.Context { return e.ctx }, ConnContext: e.connected, ConnState: e.changed,
		ReadHeaderTimeout: limits.Header.Or(defaultHeader), IdleTimeout: limits.Idle.Or(defaultIdle),
		MaxHeaderBytes: cmp.Or(limits.HeaderBytes, defaultHeaderBytes),
		ErrorLog:       slog.NewLogLogger(g.cfg.Log.Handler(), slog.LevelWarn),
		HTTP2:          &http.HTTP2Config{MaxConcurrentStreams: 250, MaxReceiveBufferPerConnection: 4 << 20, MaxReceiveBufferPerStream: 1 << 20},
	}
	return e, nil
}

// begin answers, once the configuration the entrance was opened for is the one that runs.
func (e *entrance) begin() {
	if e.kind == TCP {
		e.listener = e.dual.Listen(e.listener)
		e.group.Go(e.acceptTCP)
		return
	}
	fair := e.listener
	e.group.Go(func() {
		if err := e.dual.Serve(e.server, fair); err != nil && !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			e.gateway.cfg.Log.Error("a service listens no longer", "address", e.address, "error", err)
		}
	})
}

func (e *entrance) failed(f serve.HandshakeFailure) {
	e.gateway.handshakeFailed(Failure{e.service.Load().Name, f})
	if e.gateway.cfg.Failed != nil {
		e.gateway.cfg.Failed(Failure{e.service.Load().Name, f})
		return
	}
	e.gateway.cfg.Log.Info("a handshake failed", "service", e.service.Load().Name, "address", f.Address, "cause", f.Cause, "text", f.English, "detail", f.Detail)
}

func (e *entrance) forTLS(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	v := e.service.Load()
	switch {
	case v.tls == nil:
		return nil, errors.New("the service speaks TLCP only")
	case v.asks(hello.ServerName):
		return v.tls, nil
	}
	return v.tlsPlain, nil
}

func (e *entrance) forTLCP(hello *tlcp.ClientHelloInfo) (*tlcp.Config, error) {
	v := e.service.Load()
	switch {
	case v.tlcp == nil:
		return nil, errors.New("the service speaks TLS only")
	case v.asks(hello.ServerName):
		return v.tlcp, nil
	}
	return v.tlcpPlain, nil
}

// bound is the address that is listened on, with its port where the system chose it.
func (e *entrance) bound() string { return e.listener.Addr().String() }

// drain takes no new connections and lets what is under way finish until ctx ends.
func (e *entrance) drain(ctx context.Context) {
	if e.server != nil {
		if e.server.Shutdown(ctx) != nil {
			e.server.Close()
		}
	} else {
		e.listener.Close()
		e.waitTCP(ctx)
	}
	e.close()
}

// close ends everything at once.
func (e *entrance) close() {
	e.stop()
	if e.server != nil {
		e.server.Close()
	}
	e.listener.Close()
	e.mu.Lock()
	for conn := range e.conns {
		conn.Close()
	}
	e.mu.Unlock()
	e.group.Wait()
}

// waitTCP waits until every TCP connection is over, or ctx.
func (e *entrance) waitTCP(ctx context.Context) {
	for tick := time.NewTicker(50 * time.Millisecond); ; {
		e.mu.Lock()
		n := len(e.conns)
		e.mu.Unlock()
		if n == 0 {
			tick.Stop()
			return
		}
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
		}
	}
}
