package serve

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// line is the newest connection of one peer, and an http.RoundTripper over it. The
// pool of http.Transport would be in the way: it dials, one connection for each call
// that finds none, and there is nothing here that could be dialled.
type line struct {
	name     string
	patience time.Duration

	mu      sync.Mutex
	newest  *http.ClientConn
	over    bool
	changed chan struct{} // closed, and made anew, whenever newest is set
}

// put makes conn the one that calls use. The one before is closed when the calls on
// it have ended. bare says that net/http is to take conn for one in the clear.
func (l *line) put(ctx context.Context, conn net.Conn, bare bool) error {
	t := &http.Transport{Protocols: new(http.Protocols), DisableCompression: true, MaxResponseHeaderBytes: 32 << 10,
		HTTP2: &http.HTTP2Config{StrictMaxConcurrentRequests: true, SendPingTimeout: 15 * time.Second, PingTimeout: 5 * time.Second}}
	given := func(context.Context, string, string) (net.Conn, error) { return conn, nil }
	scheme := "https"
	if bare {
		scheme = "http"
		t.Protocols.SetUnencryptedHTTP2(true)
		t.DialContext = given
	} else {
		t.Protocols.SetHTTP2(true)
		t.DialTLSContext = given
	}
	fresh, err := t.NewClientConn(ctx, scheme, conn.RemoteAddr().String())
	if err != nil {
		return err
	}
	l.mu.Lock()
	if l.over {
		l.mu.Unlock()
		fresh.Close()
		return errHungUp
	}
	old := l.newest
	l.newest = fresh
	close(l.changed)
	l.changed = make(chan struct{})
	l.mu.Unlock()
	if old != nil {
		old.SetStateHook(closeIdle)
		closeIdle(old)
	}
	return nil
}

var errHungUp = errors.New("nobody is called back from here any more")

// hangUp closes the connection, and every later one.
func (l *line) hangUp() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = true
	if l.newest != nil {
		l.newest.Close()
	}
}

func closeIdle(c *http.ClientConn) {
	if c.InFlight() == 0 {
		c.Close()
	}
}

// RoundTrip implements http.RoundTripper: it waits a little for a peer that is not
// connected.
func (l *line) RoundTrip(r *http.Request) (*http.Response, error) {
	conn, err := l.next(r.Context())
	if err != nil {
		if r.Body != nil {
			r.Body.Close()
		}
		return nil, err
	}
	return conn.RoundTrip(r)
}

// next reserves a call on the newest connection; the RoundTrip that follows takes the
// reservation. With the reservation, a connection that has just been replaced is not
// closed before the call on it.
func (l *line) next(ctx context.Context) (*http.ClientConn, error) {
	ctx, cancel := context.WithTimeout(ctx, l.patience)
	defer cancel()
	for {
		l.mu.Lock()
		conn, changed := l.newest, l.changed
		if conn != nil && conn.Err() == nil {
			conn.Reserve() // where as many calls as the peer takes are on their way, RoundTrip waits
			l.mu.Unlock()
			return conn, nil
		}
		l.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, fmt.Errorf("%s has not called in", l.name)
		}
	}
}
