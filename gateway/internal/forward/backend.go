package forward

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// settings are what makes two back ends the same: pools that agree in them share one.
type settings struct {
	URL      string
	Protocol Protocol
	TLS      TLS
	Check    string
	Passive  Passive
	Limits   Limits
}

// backend is one machine with its connections, its counts and its health.
type backend struct {
	settings settings
	check    Check
	address  string // host:port to dial
	tls      *tls.Config
	spans    spans
	h2       *http.Transport // nil: HTTP/1.1
	health   health

	active, requests, failures atomic.Int64

	mu   sync.Mutex
	idle []*conn            // the last one was used last
	open map[*conn]struct{} // all, idle or in use
	pool int                // how many pools have it
	done chan struct{}      // closed with it
}

// spans are Limits read, with defaults.
type spans struct {
	connect, header, idle, tunnel, keepAlive time.Duration
	head                                     headLimits
	spare                                    int
}

func (l Limits) spans() spans {
	or := func(n, otherwise int) int {
		if n == 0 {
			return otherwise
		}
		return n
	}
	return spans{connect: l.Connect.or(5 * time.Second), header: l.Header.or(time.Minute), idle: l.Idle.or(time.Minute),
		tunnel: l.Tunnel.or(time.Hour), keepAlive: l.KeepAlive.or(time.Minute),
		head: headLimits{or(l.HeaderBytes, 64<<10), or(l.Headers, 200)}, spare: or(l.Spare, 128)}
}

var errClosed = errors.New("the pool is closed")

// take returns a connection that nothing came over yet, unused ones first unless fresh is
// wanted.
func (b *backend) take(ctx context.Context, fresh bool, now time.Time) (*conn, error) {
	for !fresh {
		c := b.pop()
		if c == nil {
			break
		}
		if now.Sub(c.since) < b.spans.keepAlive && c.quiet() {
			return c, nil
		}
		b.drop(c)
	}
	return b.dial(ctx)
}

func (b *backend) pop() (c *conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := len(b.idle); n > 0 {
		c, b.idle = b.idle[n-1], b.idle[:n-1]
	}
	return c
}

// put keeps a connection for the next request.
func (b *backend) put(c *conn, now time.Time) {
	c.used, c.since = true, now
	b.mu.Lock()
	keep := len(b.idle) < b.spans.spare && b.pool > 0
	if keep {
		b.idle = append(b.idle, c)
	}
	b.mu.Unlock()
	if !keep {
		b.drop(c)
	}
}

// drop closes a connection.
func (b *backend) drop(c *conn) {
	b.mu.Lock()
	delete(b.open, c)
	b.mu.Unlock()
	c.Close()
}

// dial makes a connection, verified where it is TLS.
func (b *backend) dial(ctx context.Context) (*conn, error) {
	ctx, cancel := context.WithTimeout(ctx, b.spans.connect)
	defer cancel()
	var dialer net.Dialer
	inner, err := dialer.DialContext(ctx, "tcp", b.address)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	outer := inner
	if b.tls != nil {
		over := tls.Client(inner, b.tls)
		if err := over.HandshakeContext(ctx); err != nil {
			inner.Close()
			return nil, fmt.Errorf("connecting by TLS: %w", err)
		}
		outer = over
	}
	c, err := newConn(outer, inner)
	if err == nil && !b.adopt(c) {
		err = errClosed
	}
	if err != nil {
		inner.Close()
		return nil, err
	}
	return c, nil
}

// adopt lists a connection, so that closing the back end ends it.
func (b *backend) adopt(c *conn) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.pool > 0 {
		b.open[c] = struct{}{}
	}
	return b.pool > 0
}

// sweep closes connections nobody used for long.
func (b *backend) sweep() {
	b.mu.Lock()
	n := 0
	for n < len(b.idle) && time.Since(b.idle[n].since) >= b.spans.keepAlive {
		n++
	}
	old := append([]*conn(nil), b.idle[:n]...)
	b.idle = append(b.idle[:0], b.idle[n:]...)
	b.mu.Unlock()
	for _, c := range old {
		b.drop(c)
	}
}

// hold lets one more pool have it; first says that nobody had it before.
func (b *backend) hold() (first bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pool++
	return b.pool == 1
}

// release lets one pool less have it; the last ends it, with what is under way.
func (b *backend) release() {
	b.mu.Lock()
	b.pool--
	last := b.pool == 0
	var all []*conn
	if last {
		close(b.done)
		for c := range b.open {
			all = append(all, c)
		}
		b.idle = nil
	}
	b.mu.Unlock()
	for _, c := range all {
		c.abort()
		b.drop(c)
	}
	if last && b.h2 != nil {
		b.h2.CloseIdleConnections()
	}
}

// untrusted says whether a connection failed for who the back end is.
func untrusted(err error) bool {
	_, verification := errors.AsType[*tls.CertificateVerificationError](err)
	_, authority := errors.AsType[x509.UnknownAuthorityError](err)
	_, name := errors.AsType[x509.HostnameError](err)
	_, invalid := errors.AsType[x509.CertificateInvalidError](err)
	return verification || authority || name || invalid
}
