package serve

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"sync/atomic"
	"time"

	"onecert/tlcp"
)

// Limits bound what a peer can make a server hold.
type Limits struct {
	Header      time.Duration // to send a request's header, and to finish the handshake
	Request     time.Duration // from the header to the end of the answer; Hold extends it
	Idle        time.Duration // between two requests on a connection
	Age         time.Duration // of a connection, so that renewed certificates come into use
	Stop        time.Duration // for requests under way when the server stops
	HeaderBytes int
	Connections int           // open at once; shared out by the rule of limit.go when all are taken
	Work        int           // requests under way at once; beyond them sources take turns
	Wait        time.Duration // for a turn
}

// DefaultLimits suits a component among components and consoles.
func DefaultLimits() Limits {
	return Limits{Header: 5 * time.Second, Request: time.Minute, Idle: 2 * time.Minute, Age: 30 * time.Minute,
		Stop: 10 * time.Second, HeaderBytes: 16 << 10, Connections: 4096, Work: 512, Wait: 5 * time.Second}
}

// settle fills in what was left open.
func (l *Limits) settle() {
	usual := DefaultLimits()
	if *l == (Limits{}) {
		*l = usual
	}
	if l.Work <= 0 {
		l.Work = usual.Work
	}
	if l.Wait <= 0 {
		l.Wait = usual.Wait
	}
}

// Server is one listener with its handler.
type Server struct {
	Name     string       // for log and errors: "ca"
	Address  string       // host:port, where Listener is nil
	Listener net.Listener // already open
	TLS      *tls.Config  // nil: plain HTTP
	TLCP     *tlcp.Config // beside TLS on the same port; nil: TLS alone
	Handler  http.Handler
	Limits   Limits       // zero: DefaultLimits
	Log      *slog.Logger // nil: slog.Default

	national *tlcp.Config // TLCP, with turns
}

// dual serves both protocols on one port. What components fail at over TLCP is the
// operator's business; what scanners try over TLS is not.
func (s *Server) dual(server *http.Server) *Dual {
	if server.TLSConfig != nil && len(server.TLSConfig.NextProtos) == 0 {
		server.TLSConfig.NextProtos = []string{"h2", "http/1.1"} // as ServeTLS does
	}
	return &Dual{TLCP: s.national, TLS: server.TLSConfig, Handshake: s.Limits.Header, Pending: s.Limits.Connections,
		Failed: func(f HandshakeFailure) {
			level := slog.LevelDebug
			if f.Protocol == "TLCP" {
				level = slog.LevelWarn
			}
			s.Log.LogAttrs(context.Background(), level, "handshake failed", append(f.attributes(), slog.String("name", s.Name))...)
		}}
}

// link is what is known of one connection.
type link struct {
	limits   Limits
	seat     *seat
	turns    *turns
	opened   time.Time
	stopping <-chan struct{}
	verdict  atomic.Pointer[verdict]
}

type linkKey struct{}

func linkOf(ctx context.Context) *link {
	l, _ := ctx.Value(linkKey{}).(*link)
	return l
}

// garbage is how much may gather, in hundredths of what is in use, before it is
// cleared away. A component keeps some tens of MiB and makes its garbage by the
// request: clearing it four times less often is a tenth of the work of an order.
// GOGC and GOMEMLIMIT, where the operator sets them, have the last word.
const garbage = 400

// Run serves until ctx is done or a listener fails, then takes no new connection,
// lets requests under way end within their limit and returns. All listeners are
// open before the first request is answered.
func Run(ctx context.Context, servers ...Server) error {
	if len(servers) == 0 { // a component that only dials out
		<-ctx.Done()
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}
	for i := range servers {
		if err := servers[i].open(ctx); err != nil {
			for _, s := range servers[:i] {
				s.Listener.Close()
			}
			return err
		}
	}
	ended := make(chan error, len(servers))
	for _, s := range servers {
		go func() { ended <- s.run(ctx) }()
	}
	system := newNotifier(os.Getenv, slog.Default())
	system.tell("READY=1")
	go system.watch(ctx)
	context.AfterFunc(ctx, func() { system.tell("STOPPING=1") })
	var all error
	for range servers {
		err := <-ended
		all = errors.Join(all, err)
		cancel() // one gone, all go: half a component helps nobody
	}
	return all
}

func (s *Server) open(ctx context.Context) error {
	if s.Log == nil {
		s.Log = slog.Default()
	}
	if s.Listener != nil {
		return nil
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.Address)
	if err != nil {
		return fmt.Errorf("listening for %s: %w", s.Name, err)
	}
	s.Listener = l
	return nil
}

func (s *Server) run(ctx context.Context) error {
	server := s.server(ctx)
	failed := make(chan error, 1)
	go func() {
		listener := Fair(s.Listener, s.Limits.Connections)
		switch {
		case s.TLCP != nil:
			failed <- s.dual(server).Serve(server, listener)
		case s.TLS != nil:
			failed <- server.ServeTLS(listener, "", "")
		default:
			failed <- server.Serve(listener)
		}
	}()
	s.Log.Info("serving", "name", s.Name, "address", s.Listener.Addr().String(), "tls", s.TLS != nil, "tlcp", s.TLCP != nil)
	select {
	case err := <-failed:
		server.Close()
		return fmt.Errorf("serving %s: %w", s.Name, err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.Limits.Stop)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		s.Log.Warn("requests cut off at the stop", "name", s.Name)
		server.Close()
	}
	return nil
}

func (s *Server) server(ctx context.Context) *http.Server {
	s.Limits.settle()
	turns, config := newTurns(s.Limits), s.TLS
	if config != nil {
		config = turns.shake(config)
	}
	if s.TLCP != nil {
		s.national = turns.shakeTLCP(s.TLCP)
	}
	base := context.WithoutCancel(ctx) // requests under way are to end, not to be cut
	return &http.Server{
		Handler:           http.HandlerFunc(s.serve),
		TLSConfig:         config,
		ReadHeaderTimeout: s.Limits.Header,
		ReadTimeout:       s.Limits.Request,
		WriteTimeout:      s.Limits.Request,
		IdleTimeout:       s.Limits.Idle,
		MaxHeaderBytes:    s.Limits.HeaderBytes,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: 100},
		BaseContext:       func(net.Listener) context.Context { return base },
		ConnContext: func(conn context.Context, c net.Conn) context.Context {
			return context.WithValue(conn, linkKey{}, &link{limits: s.Limits, seat: seatUnder(c), turns: turns, opened: time.Now(), stopping: ctx.Done()})
		},
		// Handshakes that scanners break off are not for the operator's eyes.
		ErrorLog: slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug),
	}
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	l := linkOf(r.Context())
	if time.Since(l.opened) > s.Limits.Age {
		w.Header().Set("Connection", "close")
	}
	l.seat.busy.Add(1)
	defer l.seat.busy.Add(-1)
	if err := l.turns.enter(r.Context(), l.seat.crowd); err != nil {
		Refuse(w, r, err)
		return
	}
	defer l.turns.leave(l.seat.crowd)
	s.Handler.ServeHTTP(w, r)
}

// seatUnder finds a connection's seat under its TLS.
func seatUnder(c net.Conn) *seat {
	for {
		switch conn := c.(type) {
		case *seat:
			return conn
		case interface{ NetConn() net.Conn }:
			c = conn.NetConn()
		default:
			return &seat{Conn: c, crowd: &crowd{}} // one that was dialled
		}
	}
}

// Hold gives the request of ctx d longer than Limits.Request allows, for answers
// that wait for news. The context it returns is done after d, when the caller
// goes, and when the server stops: answer then with what there is. Meanwhile the
// request gives its turn to others.
func Hold(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	held, cancel := context.WithTimeout(ctx, d)
	c, l := callOf(ctx), linkOf(ctx)
	if c == nil || l == nil {
		return held, cancel
	}
	if l.turns != nil && !c.held {
		c.held = true
		l.turns.leave(l.seat.crowd)
	}
	until := time.Now().Add(d + l.limits.Request)
	control := http.NewResponseController(c.ResponseWriter)
	// Without deadlines there is nothing to extend.
	_, _ = control.SetReadDeadline(until), control.SetWriteDeadline(until)
	go func() {
		select {
		case <-l.stopping:
			cancel()
		case <-held.Done():
		}
	}()
	return held, cancel
}
