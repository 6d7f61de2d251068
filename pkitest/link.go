package pkitest

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// Link is a TCP connection between two places that a test may slow down, break off
// and mend: this kernel cannot do that to packets of one machine.
type Link struct {
	Address string // where it listens; it forwards to its target

	target   string
	listener net.Listener
	mu       sync.Mutex
	delay    time.Duration
	down     bool
	dead     bool
	open     map[net.Conn]bool
}

// NewLink opens a link to an address, which ends with the test.
func NewLink(t testing.TB, target string) *Link {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &Link{Address: listener.Addr().String(), target: target, listener: listener, open: map[net.Conn]bool{}}
	go l.accept()
	t.Cleanup(func() {
		listener.Close()
		l.Cut()
	})
	return l
}

// Delay makes every piece that passes wait, in both directions.
func (l *Link) Delay(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.delay = d
}

// Cut breaks off what passes, at whatever octet it is, and lets nothing through.
func (l *Link) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = true
	for conn := range l.open {
		conn.Close()
	}
	clear(l.open)
}

// Die lets nothing through any more and tells nobody, as a cable that is pulled:
// connections stay open at both ends, and new ones are taken.
func (l *Link) Die() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dead = true
}

// Mend lets new connections through again. Those that died have lost what was said
// meanwhile: they are broken off.
func (l *Link) Mend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dead {
		for conn := range l.open {
			conn.Close()
		}
		clear(l.open)
	}
	l.down, l.dead = false, false
}

func (l *Link) accept() {
	for {
		near, err := l.listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", l.target)
		if err != nil || !l.add(near, far) {
			near.Close()
			if far != nil {
				far.Close()
			}
			continue
		}
		go l.carry(near, far)
		go l.carry(far, near)
	}
}

func (l *Link) add(conns ...net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, conn := range conns {
		l.open[conn] = true
	}
	if l.down {
		for _, conn := range conns {
			delete(l.open, conn)
		}
	}
	return !l.down
}

// carry passes small pieces, so that a cut falls into the middle of messages.
func (l *Link) carry(from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	piece := make([]byte, 4096)
	for {
		n, err := from.Read(piece)
		l.mu.Lock()
		delay, dead := l.delay, l.dead
		l.mu.Unlock()
		time.Sleep(delay)
		if dead && err == nil {
			continue
		}
		if n > 0 {
			if _, err := to.Write(piece[:n]); err != nil {
				return
			}
		}
		if err != nil && err != io.EOF || n == 0 {
			return
		}
	}
}
