package gateway

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
)

// webServer serves connections of the web under limits that net/http reads once and for
// all: where they change, another one takes the connections that come, and those that are
// there stay with the one they came to.
type webServer struct {
	*http.Server
	limits DoorLimits
	come   *handed
	open   atomic.Int64
}

// ofServer are the limits that a webServer holds.
func (l DoorLimits) ofServer() DoorLimits {
	return DoorLimits{HeaderBytes: l.HeaderBytes, Header: l.Header, Idle: l.Idle}
}

// handed is a listener of connections that another one accepted.
type handed struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
	addr  net.Addr
}

// Accept implements net.Listener.
func (h *handed) Accept() (net.Conn, error) {
	select {
	case conn := <-h.conns:
		return conn, nil
	case <-h.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (h *handed) Close() error { h.once.Do(func() { close(h.done) }); return nil }

// Addr implements net.Listener.
func (h *handed) Addr() net.Addr { return h.addr }

// serveWeb makes a server with a service's limits the one that takes new connections.
func (e *entrance) serveWeb(v *service) {
	w := &webServer{limits: v.limits.ofServer(), come: &handed{conns: make(chan net.Conn), done: make(chan struct{}), addr: e.listener.Addr()}}
	w.Server = &http.Server{
		Handler: http.HandlerFunc(e.serve), BaseContext: func(net.Listener) context.Context { return e.ctx }, ConnContext: e.connected,
		ConnState: func(conn net.Conn, state http.ConnState) {
			w.count(state)
			e.changed(conn, state)
		},
		ReadHeaderTimeout: v.limits.Header.Or(defaultHeader), IdleTimeout: v.limits.Idle.Or(defaultIdle), MaxHeaderBytes: v.limits.HeaderBytes,
		ErrorLog: slog.NewLogLogger(e.gateway.cfg.Log.Handler(), slog.LevelWarn),
		HTTP2:    &http.HTTP2Config{MaxConcurrentStreams: 250, MaxReceiveBufferPerConnection: 4 << 20, MaxReceiveBufferPerStream: 1 << 20},
	}
	e.dual.Prepare(w.Server)
	e.mu.Lock()
	before := e.web.Swap(w)
	e.webs = append(slices.DeleteFunc(e.webs, func(old *webServer) bool { return old != before && old.open.Load() == 0 }), w)
	e.mu.Unlock()
	e.group.Go(func() { w.Serve(w.come) })
	if before != nil {
		before.come.Close() // it serves on those it has
	}
}

// count keeps how many connections a server has.
func (w *webServer) count(state http.ConnState) {
	switch state {
	case http.StateNew:
		w.open.Add(1)
	case http.StateClosed, http.StateHijacked:
		w.open.Add(-1)
	}
}

// acceptWeb hands each connection to the server that takes them now.
func (e *entrance) acceptWeb() {
	for {
		conn, err := e.listener.Accept()
		if err != nil {
			if !errors.Is(err, net.ErrClosed) {
				e.gateway.cfg.Log.Error("a service listens no longer", "address", e.address, "error", err)
			}
			return
		}
		for given := false; !given; {
			w := e.web.Load()
			select {
			case w.come.conns <- conn:
				given = true
			case <-w.come.done:
				if e.web.Load() == w { // all are closed
					conn.Close()
					given = true
				}
			}
		}
	}
}

// servers are all that have connections.
func (e *entrance) servers() []*webServer {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.webs)
}

// drainWeb lets requests under way finish until ctx ends.
func (e *entrance) drainWeb(ctx context.Context) {
	var all sync.WaitGroup
	for _, w := range e.servers() {
		all.Go(func() { w.Shutdown(ctx) })
	}
	all.Wait()
}

func (e *entrance) closeWeb() {
	for _, w := range e.servers() {
		w.Close()
	}
}
