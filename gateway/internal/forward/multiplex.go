package forward

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"sync/atomic"
	"time"
)

// overH2 says whether the back ends speak HTTP/2.
func (p *Pool) overH2() bool { return p.config.Protocol == H2 || p.config.Protocol == H2C }

// multiplexed is net/http's HTTP/2 towards one back end, and nothing else of it.
func (b *backend) multiplexed() *http.Transport {
	return &http.Transport{
		TLSClientConfig:        b.tls.Clone(),
		TLSHandshakeTimeout:    b.spans.connect,
		Protocols:              b.settings.Protocol.set(),
		DialContext:            b.dialPlain,
		DisableCompression:     true,
		MaxResponseHeaderBytes: int64(b.spans.head.octets),
		IdleConnTimeout:        b.spans.keepAlive,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: 30 * time.Second, PingTimeout: 10 * time.Second},
	}
}

// overH2 gives the request to a member over HTTP/2.
func (f *flow) overH2(m *member) (err error) {
	target, err := f.appendTarget(nil, m.base)
	if err != nil {
		return err
	}
	if err := f.checkHeader(); err != nil {
		return err
	}
	u, err := url.ParseRequestURI(string(target))
	if err != nil {
		return errors.Join(errRequest, err)
	}
	u.Scheme, u.Host = m.scheme, m.address
	f.pointInward(m, f.hostFor(m))
	ctx, cancel := context.WithCancelCause(f.r.Context())
	defer cancel(nil)
	defer context.AfterFunc(f.pool.ctx, func() { cancel(errClosed) })()
	out := (&http.Request{Method: f.r.Method, URL: u, Host: f.hostFor(m), Header: f.header.Clone(), ContentLength: f.r.ContentLength,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}).WithContext(ctx)
	if !plainHost(out.Host) {
		return errors.Join(errRequest, errors.New("the host"))
	}
	if _, ok := out.Header["User-Agent"]; !ok {
		out.Header["User-Agent"] = nil // net/http would add its own
	}
	received := &counted{Reader: f.r.Body}
	if f.r.Body != nil && f.r.Body != http.NoBody && f.r.ContentLength != 0 {
		out.Body = received
		defer func() {
			if failed, ok := errors.AsType[*attemptError](err); !ok || failed.sent {
				f.endBody(received) // else another member may still want it
			}
		}()
		if f.r.ProtoMajor == 1 {
			http.NewResponseController(f.w).EnableFullDuplex()
		}
	}
	timer := time.AfterFunc(f.headerSpan(out), func() { cancel(errSilent) })
	defer timer.Stop()
	answer, err := m.h2.RoundTrip(out)
	if err != nil {
		return f.h2Failed(ctx, err, received)
	}
	defer answer.Body.Close()
	timer.Stop()
	f.res.Wait = time.Since(f.start)
	fields, repeated := fieldsOf(answer.Header)
	if repeated {
		return malformed("Content-Length twice")
	}
	f.parting = out.Body != nil && received.end.Load() == nil && f.r.ContentLength != received.n.Load() && f.r.ProtoMajor == 1
	f.startAnswer(answer.StatusCode, fields, nil)
	err = f.answer(answer.ContentLength, &h2Body{answer: answer, flow: f, timer: timer})
	if err != nil && context.Cause(ctx) != nil {
		err = errors.Join(context.Cause(ctx), err)
	}
	return err
}

// endBody counts, and keeps nobody reading a body that no back end wants any more.
func (f *flow) endBody(received *counted) {
	f.res.Received = received.n.Load()
	if received.end.Load() == nil && f.r.ContentLength != f.res.Received {
		f.settle()
		http.NewResponseController(f.w).SetReadDeadline(time.Unix(1, 0))
	}
}

// headerSpan is how long the answer's header may take; a body that is still sent, as of
// gRPC, may take its time.
func (f *flow) headerSpan(out *http.Request) time.Duration {
	if out.Body != nil {
		return 24 * time.Hour
	}
	return f.pool.spans.header
}

// h2Failed tells what failed: the connection, the client's body, the patience.
func (f *flow) h2Failed(ctx context.Context, err error, received *counted) error {
	if failed := received.failure(); failed != nil {
		return errors.Join(errClientBody, failed)
	}
	if cause := context.Cause(ctx); cause != nil {
		err = errors.Join(cause, err)
	}
	_, dialing := errors.AsType[*dialError](err)
	return &attemptError{fmt.Errorf("asking by HTTP/2: %w", err), !dialing && !untrusted(err)}
}

// checkHeader holds for HTTP/2 what appendHead holds for HTTP/1.1.
func (f *flow) checkHeader() error {
	for name, values := range f.header {
		if framing(name) || hopByHop(name) && name != "Te" {
			delete(f.header, name)
			continue
		}
		for _, value := range values {
			if !tokens(name) || !goodValue(value) {
				return errors.Join(errRequest, errors.New("a header"))
			}
		}
	}
	return nil
}

func fieldsOf(header http.Header) (fields []field, repeatedLength bool) {
	for name, values := range header {
		for _, value := range values {
			fields = append(fields, field{textproto.CanonicalMIMEHeaderKey(name), value})
		}
	}
	return fields, len(header["Content-Length"]) > 1
}

// dialError marks what failed before anything was sent.
type dialError struct{ error }

func (e *dialError) Unwrap() error { return e.error }

// counted is the client's body on its way, counted, its own errors kept apart. The
// transport may read it longer than it is of interest.
type counted struct {
	io.Reader
	n   atomic.Int64
	end atomic.Pointer[error] // io.EOF too
}

func (c *counted) Read(p []byte) (n int, err error) {
	n, err = c.Reader.Read(p)
	c.n.Add(int64(n))
	if err != nil {
		c.end.Store(&err)
	}
	return n, err
}

func (c *counted) Close() error { return nil } // the server owns it

// failure is what went wrong on the client's side.
func (c *counted) failure() error {
	if err := c.end.Load(); err != nil && *err != io.EOF {
		return *err
	}
	return nil
}

// h2Body is the body of an answer by HTTP/2.
type h2Body struct {
	answer *http.Response
	flow   *flow
	timer  *time.Timer
}

func (b *h2Body) next() ([]byte, error) {
	b.flow.flush()
	b.flow.hurry()
	if b.flow.idle > 0 {
		b.timer.Reset(b.flow.idle)
		defer b.timer.Stop()
	}
	into := b.flow.buffer()
	n, err := b.answer.Body.Read(into)
	if n > 0 {
		return into[:n], nil // an error comes again
	}
	if err == nil || err == io.EOF {
		return nil, err
	}
	return nil, early(err)
}

func (b *h2Body) trailers() (fields []field) {
	for name, values := range b.answer.Trailer {
		for _, value := range values {
			if trailerPasses(name) {
				fields = append(fields, field{name, value})
			}
		}
	}
	return fields
}

// dialPlain connects for net/http, which puts TLS on top.
func (b *backend) dialPlain(ctx context.Context, network, _ string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: b.spans.connect}
	c, err := dialer.DialContext(ctx, network, b.address)
	if err != nil {
		return nil, &dialError{err}
	}
	return c, nil
}
