package gateway

import (
	"context"
	"crypto/sha256"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"onecert/gateway/internal/trust"
	"onecert/pki"
	"onecert/serve"
)

// peer is the other side of one connection. What its certificate is worth is asked at
// each request, also of resumed and long-lived connections; what follows from a good
// verdict is remembered.
type peer struct {
	conn      net.Conn
	entrance  *entrance
	address   netip.Addr
	port      uint16 // of ours
	since     time.Time
	once      sync.Once
	met       atomic.Bool // transport is read
	transport serve.Transport
	leaf      [32]byte // SHA-256 of the certificate shown; zero: none

	judged atomic.Pointer[judged]
	guest  atomic.Pointer[guest]

	tie atomic.Pointer[tie]

	mu   sync.Mutex // of what follows, and of changing tie
	over bool
}

// judged is a verdict as long as it holds, and who it speaks for if it is good.
type judged struct {
	set     *trust.Set
	at      time.Time
	verdict trust.Verdict
	person  *person
}

// holds says whether the verdict is still that of a set. Set back by more than requests
// beside each other differ, the clock was wrong, and so may be the verdict.
func (j *judged) holds(store *trust.Store, set *trust.Set, now time.Time) bool {
	return j != nil && j.set == set && j.verdict.Generation == store.Generation() && now.Before(j.verdict.Until) && now.Add(time.Second).After(j.at)
}

type peerKey struct{}

// connected is http.Server's ConnContext.
func (e *entrance) connected(ctx context.Context, conn net.Conn) context.Context {
	p := newPeer(conn, e)
	e.peers.Store(conn, p)
	e.gateway.handshake(p.meet(serve.WithConn(ctx, conn)))
	return context.WithValue(ctx, peerKey{}, p)
}

// changed is http.Server's ConnState. A hijacked connection (WebSocket) ends with the
// request that became it.
func (e *entrance) changed(conn net.Conn, state http.ConnState) {
	if state == http.StateClosed {
		e.left(conn)
	}
}

// left forgets a connection that is over.
func (e *entrance) left(conn net.Conn) {
	if p, ok := e.peers.LoadAndDelete(conn); ok {
		p.(*peer).release(e.gateway.live)
	}
}

func newPeer(conn net.Conn, e *entrance) *peer {
	p := &peer{conn: conn, entrance: e, since: time.Now()}
	if a, err := netip.ParseAddrPort(conn.RemoteAddr().String()); err == nil {
		p.address = a.Addr().Unmap().WithZone("")
	}
	if a, err := netip.ParseAddrPort(conn.LocalAddr().String()); err == nil {
		p.port = a.Port()
	}
	return p
}

// meet reads what the handshake settled, once.
func (p *peer) meet(ctx context.Context) *serve.Transport {
	p.once.Do(func() {
		p.transport, _ = serve.TransportOf(ctx)
		if len(p.transport.Certificates) > 0 {
			p.leaf = sha256.Sum256(p.transport.Certificates[0])
		}
		p.met.Store(true)
	})
	return &p.transport
}

// shows says whether there is a certificate in the connection.
func (p *peer) shows() bool { return len(p.transport.Certificates) > 0 }

// judge says what the certificate of the connection is worth now.
func (p *peer) judge(ctx context.Context, store *trust.Store, set *trust.Set, now time.Time) *judged {
	if j := p.judged.Load(); j.holds(store, set, now) {
		return j
	}
	chain := p.transport.Certificates
	if p.transport.Protocol == "TLCP 1.1" && len(chain) > 1 {
		chain = append(chain[:1:1], chain[2:]...) // without the encryption certificate
	}
	j := &judged{set: set, at: now, verdict: set.Judge(ctx, chain, now)}
	if j.verdict.Good() {
		if before := p.judged.Load(); before != nil && before.person != nil && before.person.stands(j.verdict) {
			j.person = before.person
		} else if person, err := newPerson(j.verdict); err == nil {
			j.person = person
		} else {
			j.verdict.Code = trust.Malformed
		}
	}
	p.judged.Store(j)
	return j
}

// hold ties the connection to its certificate and session, so that it is cut when one of
// them is good no longer. It is false where the tie is new: what ended between
// looking and tying has told nobody, and is to be looked at again.
func (p *peer) hold(l *live, of *person, v *guest) (held bool) {
	h := holding{issuer: of.verdict.Issuer, serial: of.verdict.Serial, leaf: of.fingerprint}
	if v != nil {
		h.session = v.session.ID
	}
	if t := p.tie.Load(); t != nil && t.holding == h {
		return true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return true
	}
	t := l.tie(h, func() { p.conn.Close() }, func(ctx context.Context) right { return p.still(ctx, v) })
	if before := p.tie.Swap(t); before != nil {
		l.untie(before)
	}
	return false
}

// still says whether certificate and session of a connection are good, by whom the service
// trusts now. Being idle ends a session, but not what goes on under it.
func (p *peer) still(ctx context.Context, v *guest) right {
	g := p.entrance.gateway
	now := g.cfg.Now()
	if v != nil && !g.unended(v, now) {
		return rightEnded
	}
	return rightBy(p.judge(ctx, g.trust, p.entrance.service.Load().trust, now).verdict.Code)
}

// rightBy is what a verdict leaves of a right: where nothing is known of the status, the
// answer may be on its way.
func rightBy(code trust.Code) right {
	switch code {
	case trust.Good:
		return rightGood
	case trust.StatusUnknown:
		return rightUnknown
	}
	return rightEnded
}

// unended says whether a session was not ended and has not reached its end.
func (g *Gateway) unended(v *guest, now time.Time) bool {
	_, _, err := g.cfg.Sessions.Read(*v.token.Load(), now)
	code := pki.CodeOf(err)
	return code != "sso.ended" && code != "sso.over"
}

// watchEach is how often open connections are looked at; what the journal says is told at
// once.
const watchEach = time.Second

// watch cuts what has lost its right while it was used.
func (g *Gateway) watch() {
	for tick := time.NewTicker(watchEach); ; {
		select {
		case <-g.ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
			if n := g.live.sweep(g.ctx); n > 0 {
				g.cfg.Log.Info("connections that have lost their right are ended", "connections", n)
			}
		}
	}
}

// loosen takes the connection out of the register until it holds to somebody again.
func (p *peer) loosen(l *live) {
	if t := p.tie.Swap(nil); t != nil {
		l.untie(t)
	}
}

// release takes the connection out of the register when it is over.
func (p *peer) release(l *live) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
	p.loosen(l)
}
