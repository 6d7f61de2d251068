package gateway

import (
	"context"
	"errors"
	"io"
	mathrand "math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"

	"onecert/policy"
	"onecert/serve"
)

// acceptTCP serves a TCP service's address.
func (e *entrance) acceptTCP() {
	for {
		conn, err := e.listener.Accept()
		if err != nil {
			return
		}
		e.mu.Lock()
		e.conns[conn] = struct{}{}
		e.mu.Unlock()
		e.group.Go(func() {
			defer func() {
				conn.Close()
				e.mu.Lock()
				delete(e.conns, conn)
				e.mu.Unlock()
			}()
			e.tunnel(conn)
		})
	}
}

// tunnel is the whole way of a TCP connection: identify, decide, connect, carry. There is
// no page to show: who is refused is disconnected, and the log says why.
func (e *entrance) tunnel(conn net.Conn) {
	g, v := e.gateway, e.service.Load()
	now := g.cfg.Now()
	p := newPeer(conn, e)
	e.peers.Store(conn, p)
	defer e.peers.Delete(conn)
	g.handshake(p.meet(serve.WithConn(e.ctx, conn)))
	visit := Visit{Service: v.Name, TLS: p.transport.Protocol, Suite: p.transport.Suite, Resumed: p.transport.Resumed, Peer: p.address}
	visit.ID, visit.Application = newID(), v.Target.Application
	request := policy.Request{Address: p.address, At: now, Application: v.Target.Application, Protocol: policy.ProtocolTCP}
	defer func() {
		p.release(g.live)
		visit.Request = request
		visit.Took = g.cfg.Now().Sub(now)
		if g.cfg.Watch != nil {
			g.cfg.Watch(visit)
		}
	}()
	if v.ClientCertificate != AskNone {
		if p.shows() {
			j := p.judge(e.ctx, g.trust, v.trust, now)
			visit.Serial = string(j.verdict.Serial)
			if j.person != nil {
				request.Subject = &j.person.subject
				if !p.hold(g.live, j.person, nil) {
					j = p.judge(e.ctx, g.trust, v.trust, g.cfg.Now())
				}
			}
			if j.person == nil {
				request.Subject, visit.Problem = nil, pageOf(j.verdict.Code)
			}
		}
		if request.Subject == nil && v.ClientCertificate == AskRequired {
			if visit.Problem == "" {
				visit.Problem = "no-certificate"
			}
			return
		}
	}
	if visit.Decision = v.run.policy.Decide(&request); !visit.Decision.Allowed {
		visit.Problem = "not-allowed"
		return
	}
	back, name, err := v.Target.connect(e.ctx)
	visit.Backend = name
	if err != nil {
		visit.Problem, visit.Error, visit.Detail = "backend-down", "unreachable", cut(err.Error(), 500)
		return
	}
	defer back.Close()
	if v.Target.Proxy {
		if _, err := back.Write(proxyHeader(p, conn.LocalAddr(), request.Subject)); err != nil {
			visit.Problem, visit.Error, visit.Detail = "backend-down", "broken", cut(err.Error(), 500)
			return
		}
	}
	visit.Received, visit.Sent = join(e.ctx, conn, back, v.Target.Idle.Or(time.Hour))
}

// connect reaches the first back end that answers, beginning with another one each time.
func (t *Target) connect(ctx context.Context) (net.Conn, string, error) {
	var failed error
	start := mathrand.IntN(len(t.Backends))
	for i := range t.Backends {
		address := t.Backends[(start+i)%len(t.Backends)]
		dialer := net.Dialer{Timeout: t.Dial.Or(5 * time.Second)}
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err == nil {
			return conn, address, nil
		}
		failed = errors.Join(failed, err)
	}
	return nil, "", failed
}

// join carries both ways until both are over, nothing comes for idle, or ctx ends. It
// returns the octets of a (up) and of b (down). The end of one side's sending is told to
// the other, which may go on.
func join(ctx context.Context, a, b net.Conn, idle time.Duration) (up, down int64) {
	stop := context.AfterFunc(ctx, func() { a.Close(); b.Close() })
	defer stop()
	timer := time.AfterFunc(idle, func() { a.Close(); b.Close() })
	defer timer.Stop()
	var group sync.WaitGroup
	carry := func(to, from net.Conn, n *int64) {
		*n, _ = io.CopyBuffer(struct{ io.Writer }{to}, alive{from, timer, idle}, make([]byte, 64<<10))
		if half, ok := to.(interface{ CloseWrite() error }); !ok || half.CloseWrite() != nil {
			to.Close()
		}
	}
	group.Go(func() { carry(b, a, &up) })
	group.Go(func() { carry(a, b, &down) })
	group.Wait()
	return up, down
}

// alive puts the end of an idle connection off while something comes.
type alive struct {
	from  net.Conn
	timer *time.Timer
	idle  time.Duration
}

func (r alive) Read(b []byte) (int, error) {
	n, err := r.from.Read(b)
	if n > 0 {
		r.timer.Reset(r.idle)
	}
	return n, err
}

func addrPort(a net.Addr) netip.AddrPort {
	p, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(p.Addr().Unmap().WithZone(""), p.Port())
}
