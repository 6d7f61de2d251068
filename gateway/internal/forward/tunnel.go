package forward

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// tunnel passes octets both ways after 101, until one side has nothing more to say and
// the other is done too, nobody spoke for long, or the right to it ends.
func (f *flow) tunnel(m *member, c *conn) error {
	client, early, err := http.NewResponseController(f.w).Hijack()
	if err != nil {
		return fmt.Errorf("taking the client's connection over: %w", err)
	}
	defer client.Close()
	f.res.Upgraded, f.res.Started, f.res.Status = true, true, http.StatusSwitchingProtocols
	client.SetDeadline(time.Time{})
	f.unwatch()
	for _, right := range []context.Context{f.r.Context(), f.pool.ctx} {
		defer context.AfterFunc(right, func() { client.Close() })() // the other side then ends with it
	}
	if _, err := client.Write(f.switchedHead(&c.head)); err != nil {
		return errors.Join(errClientGone, err)
	}
	t := &tunnel{limit: f.pool.spans.tunnel}
	t.last.Store(time.Now().UnixNano())
	up := make(chan int64, 1)
	go func() { up <- t.copy(c.Conn, client, early.Reader) }()
	f.res.Sent = t.copy(client, c.Conn, c.in)
	f.res.Received = <-up
	return nil
}

// switchedHead is the 101 as the client gets it.
func (f *flow) switchedHead(h *head) []byte {
	b := []byte("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: " + h.upgrade + "\r\n")
	for _, one := range h.fields {
		if !hopByHop(one.name) && one.name != "Content-Length" && !contains(h.named, one.name) && !f.foreignCookie(one) {
			b = append(append(append(append(b, one.name...), ": "...), one.value...), "\r\n"...)
		}
	}
	if f.fresh != nil {
		b = append(append(b, "Set-Cookie: "...), f.fresh.String()+"\r\n"...)
	}
	for name, values := range f.w.Header() {
		for _, value := range values {
			if tokens(name) && goodValue(value) {
				b = append(append(append(append(b, name...), ": "...), value...), "\r\n"...)
			}
		}
	}
	return append(b, "\r\n"...)
}

// tunnel is the state of both ways.
type tunnel struct {
	limit time.Duration
	last  atomic.Int64 // octet either way, ns since 1970
}

// copy passes one way on until it ends, then says so to its other side. A way that fails
// ends both.
func (t *tunnel) copy(to, from net.Conn, first io.Reader) (passed int64) {
	buffer := make([]byte, 32<<10)
	for {
		from.SetReadDeadline(time.Now().Add(t.limit))
		n, err := first.Read(buffer)
		if n > 0 {
			t.last.Store(time.Now().UnixNano())
			to.SetWriteDeadline(time.Now().Add(t.limit))
			if _, err := to.Write(buffer[:n]); err != nil {
				from.Close()
				to.Close()
				return passed
			}
			passed += int64(n)
		}
		timeout, isNet := errors.AsType[net.Error](err)
		switch {
		case err == nil:
		case err == io.EOF:
			closeWrite(to)
			return passed
		case isNet && timeout.Timeout() && time.Since(time.Unix(0, t.last.Load())) < t.limit:
			// the other way is alive
		default:
			from.Close()
			to.Close()
			return passed
		}
	}
}
