package serve

import (
	"net"
	"net/netip"
	"sync"
)

// limited is a listener that closes connections beyond a total and beyond a share
// for each source, so that one machine cannot take all places.
type limited struct {
	net.Listener
	total, share int

	mu      sync.Mutex
	open    int
	sources map[netip.Prefix]int // only sources with open connections: at most total
}

func limit(l net.Listener, total, share int) *limited {
	return &limited{Listener: l, total: total, share: share, sources: map[netip.Prefix]int{}}
}

// Accept implements net.Listener.
func (l *limited) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from := sourceOf(conn.RemoteAddr())
		if l.take(from) {
			return &counted{Conn: conn, release: func() { l.give(from) }}, nil
		}
		conn.Close()
	}
}

func (l *limited) take(from netip.Prefix) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open >= l.total || l.sources[from] >= l.share {
		return false
	}
	l.open++
	l.sources[from]++
	return true
}

func (l *limited) give(from netip.Prefix) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open--
	if l.sources[from]--; l.sources[from] == 0 {
		delete(l.sources, from)
	}
}

// sourceOf is an IPv4 address or an IPv6 network of 64 bits, which is what one
// machine is given. Sources without an address (Unix sockets) count as one.
func sourceOf(a net.Addr) netip.Prefix {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Prefix{}
	}
	ip := tcp.AddrPort().Addr().Unmap()
	bits := 64
	if ip.Is4() {
		bits = 32
	}
	p, err := ip.WithZone("").Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

type counted struct {
	net.Conn
	once    sync.Once
	release func()
}

// Close implements net.Conn.
func (c *counted) Close() error {
	err := c.Conn.Close()
	c.once.Do(c.release)
	return err
}
