package tlcp

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Conn is a connection protected by TLCP. It implements net.Conn. The handshake runs
// by itself with the first Read or Write.
type Conn struct {
	conn     net.Conn
	config   *Config
	isClient bool
	name     string // of the server, at a client

	handshakeMutex sync.Mutex
	handshakeErr   error // after which none is tried again
	done           atomic.Bool
	state          ConnectionState // written before done is set
	peer           *peer
	master         []byte
	randoms        [2][randomLen]byte // client's, server's

	in  inputHalf
	out output

	writers atomic.Int32 // Writes under way, and the mark of Close
}

// inputHalf is the receiving half. Its lock orders records.
type inputHalf struct {
	sync.Mutex
	input
	err      error
	opener   opener // nil: in the clear
	next     opener // from change_cipher_spec on
	hand     []byte // handshake messages that are not complete or not taken
	total    int    // octets of handshake received
	useless  int    // records in a row that brought nothing
	received bool   // a record at all
	plain    []byte // application data that is not taken
}

// closing is the mark in Conn.writers.
const closing = 1 << 30

// closeWait is how long Close waits for a peer that does not read.
const closeWait = 5 * time.Second

func newConn(conn net.Conn, config *Config, isClient bool) *Conn {
	if config == nil {
		config = &Config{}
	}
	c := &Conn{conn: conn, config: config, isClient: isClient, name: config.ServerName}
	c.in.conn = conn
	return c
}

// LocalAddr implements net.Conn.
func (c *Conn) LocalAddr() net.Addr { return c.conn.LocalAddr() }

// RemoteAddr implements net.Conn.
func (c *Conn) RemoteAddr() net.Addr { return c.conn.RemoteAddr() }

// SetDeadline implements net.Conn. A Write that ran into its deadline leaves the
// connection unusable; a Read can be tried again.
func (c *Conn) SetDeadline(t time.Time) error { return c.conn.SetDeadline(t) }

// SetReadDeadline implements net.Conn.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.conn.SetReadDeadline(t) }

// SetWriteDeadline implements net.Conn.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.conn.SetWriteDeadline(t) }

// NetConn returns the connection beneath. Reading or writing it breaks this one.
func (c *Conn) NetConn() net.Conn { return c.conn }

// Handshake runs the handshake if it has not run.
func (c *Conn) Handshake() error { return c.HandshakeContext(context.Background()) }

// HandshakeContext is Handshake until ctx is done, which closes the connection. An
// error is an *Error, and stays: a failed handshake is not tried again.
func (c *Conn) HandshakeContext(ctx context.Context) error {
	if c.done.Load() {
		return nil
	}
	c.handshakeMutex.Lock()
	defer c.handshakeMutex.Unlock()
	if c.done.Load() || c.handshakeErr != nil {
		return c.handshakeErr
	}
	stop := context.AfterFunc(ctx, func() { c.conn.Close() })
	c.in.Lock()
	err := c.shake(ctx)
	c.in.Unlock()
	if !stop() && err == nil {
		err = lost(ctx.Err()) // done too late: the connection is closed
	}
	c.handshakeErr = err
	return err
}

// shake runs one side of the handshake and tells the peer if it fails.
func (c *Conn) shake(ctx context.Context) error {
	h := newHandshake(c, ctx)
	var err error
	if c.isClient {
		err = (&clientHandshake{handshake: h}).run()
	} else {
		err = (&serverHandshake{handshake: h}).run()
	}
	c.in.hand, c.in.total = nil, 0
	if err == nil {
		if len(c.in.raw) == 0 {
			c.in.release() // a short connection may never read again
		}
		c.done.Store(true)
		return nil
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	failure := lost(err)
	if !failure.Remote && failure.Cause != CauseClosed && failure.Cause != CauseTimeout {
		c.sendAlert(alertFatal, failure.Alert)
	}
	h.describe(failure)
	c.in.err = failure
	return failure
}

// Write sends data, after the handshake if there was none yet.
func (c *Conn) Write(b []byte) (int, error) {
	for {
		n := c.writers.Load()
		if n&closing != 0 {
			return 0, net.ErrClosed
		}
		if c.writers.CompareAndSwap(n, n+1) {
			break
		}
	}
	defer c.writers.Add(-1)
	if err := c.Handshake(); err != nil {
		return 0, err
	}
	if len(b) == 0 {
		return 0, nil
	}
	c.out.Lock()
	defer c.out.Unlock()
	return c.send(typeApplicationData, b)
}

// Read receives data, after the handshake if there was none yet. io.EOF means that
// the peer closed the connection in order; io.ErrUnexpectedEOF that it was cut, and
// data may be missing.
func (c *Conn) Read(b []byte) (int, error) {
	if err := c.Handshake(); err != nil {
		return 0, err
	}
	if len(b) == 0 {
		return 0, nil
	}
	c.in.Lock()
	defer c.in.Unlock()
	for len(c.in.plain) == 0 {
		if err := c.readRecord(typeApplicationData); err != nil {
			return 0, err
		}
	}
	n := copy(b, c.in.plain)
	c.in.plain = c.in.plain[n:]
	return n, nil
}

// Close tells the peer, if that is possible at once, and closes the connection
// beneath. Writes under way are cut.
func (c *Conn) Close() error {
	for {
		n := c.writers.Load()
		if n&closing != 0 {
			return net.ErrClosed
		}
		if !c.writers.CompareAndSwap(n, n|closing) {
			continue
		}
		if n != 0 { // a Write holds the lock and may be stuck
			return c.conn.Close()
		}
		break
	}
	if c.done.Load() {
		c.conn.SetWriteDeadline(time.Now().Add(closeWait))
		c.sendAlert(alertWarning, AlertCloseNotify)
	}
	return c.conn.Close()
}

// errWriteClosed is the answer to Write after CloseWrite.
var errWriteClosed = errors.New("tlcp: the sending side is closed")

// CloseWrite tells the peer that nothing more will be sent; reading goes on.
func (c *Conn) CloseWrite() error {
	if !c.done.Load() {
		return errors.New("tlcp: CloseWrite before the handshake is done")
	}
	err := c.sendAlert(alertWarning, AlertCloseNotify)
	c.out.Lock()
	defer c.out.Unlock()
	if c.out.err == nil {
		c.out.err = errWriteClosed
	}
	return err
}

// ended turns the end of the stream into what Read answers.
func ended(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF // no close_notify came before
	}
	return err
}
