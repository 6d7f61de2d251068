package gateway

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net"
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
	listener net.Listener // of the address; from begin on with the handshake done
	dual     *serve.Dual
	peers    sync.Map // net.Conn -> *peer
	service  atomic.Pointer[service]
	web      atomic.Pointer[webServer] // takes new connections, of kind Web

	ctx   context.Context // of every request and tunnel
	stop  context.CancelFunc
	mu    sync.Mutex
	conns map[net.Conn]struct{} // of kind TCP
	webs  []*webServer          // web, and those before it whose connections are still open
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

// orUsual are the limits with those that are not said.
func (l DoorLimits) orUsual() DoorLimits {
	l.Connections = cmp.Or(l.Connections, defaultConnections)
	l.HeaderBytes = cmp.Or(l.HeaderBytes, defaultHeaderBytes)
	l.Header, l.Idle = cmp.Or(l.Header, DurationText(defaultHeader.String())), cmp.Or(l.Idle, DurationText(defaultIdle.String()))
	return l
}

// enter binds an address for a service.
func (g *Gateway) enter(address string, v *service) (*entrance, error) {
	inner, err := g.cfg.Listen("tcp", address)
	if err != nil {
		return nil, pki.Errorf(pki.Conflict, "gateway.address", "services.%s.listen: %s cannot be listened on", v.Name, address).
			To("see whether another program has the address, and whether this machine has it").Because(err)
	}
	e := &entrance{gateway: g, address: address, kind: v.Kind, conns: map[net.Conn]struct{}{}}
	e.ctx, e.stop = context.WithCancel(g.ctx)
	e.service.Store(v)
	e.dual = &serve.Dual{
		TLS:  &tls.Config{GetConfigForClient: e.forTLS, MinVersion: tls.VersionTLS12, NextProtos: v.next()},
		TLCP: &tlcp.Config{GetConfigForClient: e.forTLCP, NextProtos: v.next()},
		Limited: func() (time.Duration, int) {
			limits := e.service.Load().limits
			return limits.Header.Or(defaultHeader), limits.Handshakes
		},
		Failed: e.failed, Log: g.cfg.Log,
	}
	e.listener = serve.FairBy(inner, func() int { return e.service.Load().limits.Connections })
	return e, nil
}

// serves makes a service the one that counts here from now on.
func (e *entrance) serves(v *service) {
	e.service.Store(v)
	if w := e.web.Load(); w != nil && w.limits != v.limits.ofServer() {
		e.serveWeb(v)
	}
}

// begin answers, once the configuration the entrance was opened for is the one that runs.
func (e *entrance) begin() {
	e.listener = e.dual.Listen(e.listener)
	if e.kind == TCP {
		e.group.Go(e.acceptTCP)
		return
	}
	e.serveWeb(e.service.Load())
	e.group.Go(e.acceptWeb)
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
	e.listener.Close()
	if e.kind == TCP {
		e.waitTCP(ctx)
	} else {
		e.drainWeb(ctx)
	}
	e.close()
}

// close ends everything at once.
func (e *entrance) close() {
	e.stop()
	e.listener.Close()
	e.closeWeb()
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
