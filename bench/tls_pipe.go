package main

import (
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// way is one direction of a pipe: what was written and not read.
type way struct {
	mu     sync.Mutex
	come   sync.Cond
	data   []byte
	read   int // of data
	closed bool
}

func (w *way) empty() bool { return w.read == len(w.data) }

// pipeEnd is a net.Conn in memory that buffers as a network does, so that the figures
// have no system calls in them. It measures how long its reader waited.
type pipeEnd struct {
	from, to *way
	waited   atomic.Int64
}

func newPipe() (near, far *pipeEnd) {
	there, back := &way{}, &way{}
	there.come.L, back.come.L = &there.mu, &back.mu
	return &pipeEnd{from: back, to: there}, &pipeEnd{from: there, to: back}
}

// Read implements net.Conn.
func (e *pipeEnd) Read(b []byte) (int, error) {
	w := e.from
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.empty() && !w.closed {
		begin := time.Now()
		for w.empty() && !w.closed {
			w.come.Wait()
		}
		e.waited.Add(int64(time.Since(begin)))
	}
	if w.empty() {
		return 0, io.EOF
	}
	n := copy(b, w.data[w.read:])
	w.read += n
	return n, nil
}

// Write implements net.Conn.
func (e *pipeEnd) Write(b []byte) (int, error) {
	w := e.to
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.empty() {
		w.data, w.read = w.data[:0], 0
	}
	w.data = append(w.data, b...)
	w.come.Signal()
	return len(b), nil
}

// Close implements net.Conn.
func (e *pipeEnd) Close() error {
	for _, w := range []*way{e.from, e.to} {
		w.mu.Lock()
		w.closed = true
		w.come.Broadcast()
		w.mu.Unlock()
	}
	return nil
}

// LocalAddr and the rest implement net.Conn.
func (e *pipeEnd) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (e *pipeEnd) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (e *pipeEnd) SetDeadline(time.Time) error      { return nil }
func (e *pipeEnd) SetReadDeadline(time.Time) error  { return nil }
func (e *pipeEnd) SetWriteDeadline(time.Time) error { return nil }

// serverClock makes handshakes and keeps how long the server worked for the last.
type serverClock struct{ took atomic.Int64 }

func (c *serverClock) last() time.Duration { return time.Duration(c.took.Load()) }

type shaker interface{ Handshake() error }

func (c *serverClock) meet(near, far *pipeEnd, client, server shaker) error {
	return c.meetAnd(near, far, client, server, func() error { return nil })
}

func (c *serverClock) meetAnd(near, far *pipeEnd, client, server shaker, then func() error) error {
	done := make(chan error, 1)
	go func() {
		begin := time.Now()
		err := server.Handshake()
		c.took.Store(int64(time.Since(begin)) - far.waited.Load())
		if err != nil {
			far.Close()
		}
		done <- err
	}()
	if err := client.Handshake(); err != nil {
		near.Close()
		return fmt.Errorf("client: %w (server: %w)", err, <-done)
	}
	if err := <-done; err != nil {
		return fmt.Errorf("server: %w", err)
	}
	return then()
}
