package forward

import (
	"bufio"
	"crypto/tls"
	"errors"
	"net"
	"sync/atomic"
	"syscall"
	"time"
)

// conn is one connection to a back end. One goroutine has it at a time; only abort may be
// called from another.
type conn struct {
	net.Conn
	link syscall.RawConn // beneath TLS
	in   *bufio.Reader
	head head
	body body

	answering *flow // the request whose answer's body is being read; nil: none

	used    bool      // an answer came over it before
	since   time.Time // it is unused
	glanced time.Time // read deadline, where only glance set it
	aborted atomic.Bool
}

const inOctets = 8 << 10

func newConn(outer, inner net.Conn) (*conn, error) {
	c := &conn{Conn: outer}
	c.in = bufio.NewReaderSize(c, inOctets)
	holder, ok := inner.(syscall.Conn)
	if !ok {
		return nil, errors.New("a connection that cannot be looked at")
	}
	var err error
	c.link, err = holder.SyscallConn()
	return c, err
}

// Read is what in reads from: only here anybody ever waits for a body.
func (c *conn) Read(p []byte) (int, error) {
	if c.answering != nil {
		c.answering.pause(c)
	}
	return c.Conn.Read(p)
}

// quiet says whether nothing came over an unused connection: neither its end nor octets
// that nobody asked for, which would be taken for the answer to the next request.
func (c *conn) quiet() bool {
	if c.in.Buffered() > 0 {
		return false
	}
	quiet := false
	err := c.link.Control(func(fd uintptr) {
		var one [1]byte
		_, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		quiet = err == syscall.EAGAIN
	})
	return err == nil && quiet
}

// abort ends whatever the connection's owner waits for. It does not close: the owner does.
func (c *conn) abort() {
	c.aborted.Store(true)
	c.SetDeadline(time.Unix(1, 0))
}

// patience sets how long reads may wait from now, unless the connection was aborted; 0:
// for ever.
func (c *conn) patience(d time.Duration) {
	var until time.Time
	if d > 0 {
		until = time.Now().Add(d)
	}
	c.SetReadDeadline(until)
	if c.aborted.Load() {
		c.SetReadDeadline(time.Unix(1, 0))
	}
}

// glance is how long an answer is waited for before the watch over the client is set up.
const glance = 100 * time.Millisecond

// glance sets the first, short patience. A busy connection keeps that of an earlier
// request: setting it is dearer than anything else a request does here.
func (c *conn) glance(now time.Time) {
	if c.glanced.Sub(now) < glance/2 {
		c.patience(glance)
		c.glanced = now.Add(glance)
	}
}

// closeWrite tells the other side that nothing more comes, where that can be said.
func closeWrite(c net.Conn) {
	switch half := c.(type) {
	case *net.TCPConn:
		half.CloseWrite()
	case *tls.Conn:
		half.CloseWrite()
	case interface{ CloseWrite() error }:
		half.CloseWrite()
	}
}
