package forward

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// overHTTP1 gives the request to a member over a connection of its own.
func (f *flow) overHTTP1(m *member, stream bool) (err error) {
	length := int64(len(f.small))
	if stream {
		length = f.r.ContentLength
	}
	if f.message, err = f.appendHead(f.message[:0], m, length); err != nil {
		return err
	}
	f.message = append(f.message, f.small...)
	c, s, err := f.begin(m, stream, false)
	if err != nil && c != nil && c.used && f.stale(err, stream) {
		f.unwatch()
		m.drop(c)
		c, s, err = f.begin(m, stream, true)
	}
	if err == nil {
		f.res.Wait = time.Since(f.start)
		err = f.finish(m, c, s)
	}
	if c == nil {
		return err
	}
	sent := s.end(f)
	if clean := f.unwatch(); err != nil || !sent || !clean || c.head.close || c.body.awaited || c.in.Buffered() > 0 || f.res.Upgraded {
		m.drop(c)
		return err
	}
	m.put(c, f.start.Add(f.res.Wait))
	return nil
}

// begin sends the request and reads the final answer's header. c is nil if there is no
// connection.
func (f *flow) begin(m *member, stream, fresh bool) (c *conn, s *sending, err error) {
	if c, err = m.take(f.r.Context(), fresh, f.start); err != nil {
		return nil, nil, &attemptError{err: err}
	}
	c.body.with = f
	if _, err := c.Write(f.message); err != nil {
		return c, nil, &attemptError{fmt.Errorf("sending: %w", err), true}
	}
	if stream {
		f.watch(c)
		s = newSending(f, c)
	}
	if err := f.await(c, s); err != nil {
		if cause := s.failure(); cause != nil {
			return c, s, cause // the wait ended because of it
		}
		return c, s, &attemptError{err, true}
	}
	return c, s, nil
}

// stale says whether a connection used before was closed by the back end just when we
// wrote: then the same back end is asked over a new one.
func (f *flow) stale(err error, stream bool) bool {
	timeout, isNet := errors.AsType[net.Error](err)
	return !stream && len(f.small) == 0 && safeMethod(f.r.Method) && !(isNet && timeout.Timeout()) &&
		!errors.Is(err, errHead) && !f.gone()
}

// await reads headers until the final one. Those of 1xx are swallowed, but for 103, which
// is worth passing on.
func (f *flow) await(c *conn, s *sending) error {
	for range maxInterim {
		if err := f.awaitOctet(c, s); err != nil {
			return err
		}
		if ready, _ := c.in.Peek(c.in.Buffered()); headEnd(ready) == 0 { // the rest may take longer
			f.watch(c)
			c.patience(f.pool.spans.header)
		}
		if err := c.head.read(c.in, f.pool.spans.head); err != nil {
			return errors.Join(errHead, err) // it began to answer: not to be repeated
		}
		switch status := c.head.status; {
		case status == http.StatusSwitchingProtocols:
			return f.switched(&c.head)
		case status >= 200:
			return nil
		case status == http.StatusContinue:
			s.proceed()
		case status == http.StatusEarlyHints && f.r.ProtoAtLeast(1, 1):
			f.hint(&c.head)
		}
	}
	return malformed("too many interim answers")
}

// awaitOctet waits for the beginning of an answer: from the request's end if it has one
// yet, and with an eye on the client if it takes long.
func (f *flow) awaitOctet(c *conn, s *sending) error {
	if c.in.Buffered() > 0 {
		return nil
	}
	if s != nil {
		return s.awaitOctet(f, c)
	}
	limit := f.pool.spans.header
	if len(f.unhook) == 0 {
		c.glance(f.start)
		_, err := c.in.Peek(1)
		if err == nil || !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
		if limit -= glance; limit <= 0 {
			return errSilent
		}
		f.watch(c)
	}
	c.patience(limit)
	if _, err := c.in.Peek(1); errors.Is(err, os.ErrDeadlineExceeded) {
		return errSilent
	} else if err != nil {
		return err
	}
	return nil
}

// switched says whether an upgrade is the one that was asked for.
func (f *flow) switched(h *head) error {
	if f.upgrade == "" || !strings.EqualFold(h.upgrade, f.upgrade) {
		return malformed("an upgrade nobody asked for")
	}
	return nil
}

// hint passes the Link lines of a 103 on.
func (f *flow) hint(h *head) {
	header := f.w.Header()
	if _, taken := header["Link"]; taken {
		return
	}
	for _, one := range h.fields {
		if one.name == "Link" {
			header["Link"] = append(header["Link"], f.mends.link(one.value))
		}
	}
	if header["Link"] != nil {
		f.w.WriteHeader(http.StatusEarlyHints)
		delete(header, "Link")
	}
}

// finish passes the answer on.
func (f *flow) finish(m *member, c *conn, s *sending) error {
	if c.head.status == http.StatusSwitchingProtocols {
		return f.tunnel(m, c)
	}
	c.body.frame(c.in, &c.head, f.r.Method, f.pool.spans.head)
	c.answering = f
	defer func() { c.answering = nil }()
	f.parting = s.under() && f.r.ProtoMajor == 1
	f.startAnswer(c.head.status, c.head.fields, c.head.named)
	length := c.head.length
	if c.head.chunked || c.body.awaited {
		length = -1
	}
	return f.answer(length, &c.body)
}
