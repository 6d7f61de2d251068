package forward

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"time"
)

// expectWait is how long a back end may think about Expect: 100-continue before the body
// is sent anyway (RFC 9110 10.1.1).
const expectWait = time.Second

// sending is a request's body on its way, beside the reading of the answer: a back end may
// answer, even in full, while it still comes. The methods can be called on nil, where there
// is no such body.
type sending struct {
	conn     *conn
	body     io.Reader
	length   int64 // -1: chunks
	header   time.Duration
	idle     time.Duration
	buffer   *[largeOctets]byte
	control  *http.ResponseController // of the client's connection
	shared   bool                     // that carries other requests too (HTTP/2)
	started  bool                     // of the owner's goroutine only
	over     atomic.Bool              // nobody wants the rest
	drained  atomic.Bool              // the client has sent everything
	finished atomic.Bool
	done     chan struct{}

	// after done
	received int64
	whole    bool
	client   atomic.Pointer[error] // what went wrong on the client's side
}

// newSending begins to send f's body over c, unless the client waits to be asked for it.
func newSending(f *flow, c *conn) *sending {
	s := &sending{conn: c, body: f.r.Body, length: f.r.ContentLength, header: f.pool.spans.header, idle: f.pool.spans.idle,
		control: http.NewResponseController(f.w), shared: f.r.ProtoMajor > 1, done: make(chan struct{})}
	if !s.shared {
		s.control.EnableFullDuplex() // else our answer would wait for the body
	}
	s.buffer, _ = f.pool.buffers.Get().(*[largeOctets]byte)
	if s.buffer == nil {
		s.buffer = new([largeOctets]byte)
	}
	if !f.expects {
		s.proceed()
	}
	return s
}

// proceed begins to send.
func (s *sending) proceed() {
	if s != nil && !s.started {
		s.started = true
		go s.run()
	}
}

func (s *sending) run() {
	defer close(s.done)
	err := s.copy()
	s.whole = err == nil
	s.finished.Store(true)
	if s.client.Load() != nil {
		s.conn.abort() // nobody is there to be answered
		return
	}
	s.conn.patience(s.header)
	if err != nil {
		s.discard()
	}
}

// Limits of what is read and thrown away of a body that nobody wants: a client that cannot
// send it on does not read the answer, and one whose connection is closed, or stream reset,
// with octets of it unread may lose the answer (RFC 9112 9.6; curl over HTTP/2).
const (
	discardOctets = 64 << 20
	discardTime   = 5 * time.Second
	discardPause  = 200 * time.Millisecond // without an octet: the client has stopped
)

func (s *sending) discard() {
	start := time.Now()
	for n := 0; n < discardOctets && time.Since(start) < discardTime; {
		if s.over.Load() { // not before: it would end the request's context
			s.control.SetReadDeadline(time.Now().Add(discardPause))
		}
		got, err := s.body.Read(s.buffer[:])
		if n += got; err != nil {
			s.drained.Store(err == io.EOF)
			return
		}
	}
}

// chunkRoom is for a chunk's size and line ends.
const chunkRoom = 16

func (s *sending) copy() error {
	into := s.buffer[chunkRoom : len(s.buffer)-2]
	for {
		n, err := s.body.Read(into)
		if n > 0 {
			s.received += int64(n)
			s.drained.Store(s.received == s.length)
			if err := s.write(n); err != nil || s.drained.Load() {
				return err
			}
		}
		if err == io.EOF && s.length < 0 {
			s.drained.Store(true)
			return s.push([]byte("0\r\n\r\n"))
		}
		if s.over.Load() {
			return errClosed
		}
		if err != nil {
			err = errors.Join(errClientBody, err)
			s.client.Store(&err)
			return err
		}
	}
}

// write sends n octets of the buffer.
func (s *sending) write(n int) error {
	if s.length >= 0 {
		return s.push(s.buffer[chunkRoom : chunkRoom+n])
	}
	var size [chunkRoom]byte
	line := append(strconv.AppendInt(size[:0], int64(n), 16), "\r\n"...)
	from := chunkRoom - len(line)
	copy(s.buffer[from:], line)
	copy(s.buffer[chunkRoom+n:], "\r\n")
	return s.push(s.buffer[from : chunkRoom+n+2])
}

func (s *sending) push(data []byte) error {
	s.conn.SetWriteDeadline(time.Now().Add(s.idle))
	if s.conn.aborted.Load() {
		return errClosed
	}
	if _, err := s.conn.Write(data); err != nil {
		return fmt.Errorf("sending a body: %w", err)
	}
	return nil
}

// failure is what went wrong on the client's side.
func (s *sending) failure() error {
	if s == nil {
		return nil
	}
	if err := s.client.Load(); err != nil {
		return *err
	}
	return nil
}

// under says whether some of the body may still come.
func (s *sending) under() bool { return s != nil && !s.drained.Load() }

// awaitOctet waits for the beginning of an answer; the time limit begins with the body's
// end.
func (s *sending) awaitOctet(f *flow, c *conn) error {
	if !s.started {
		c.patience(expectWait)
		_, err := c.in.Peek(1)
		if err == nil || !errors.Is(err, os.ErrDeadlineExceeded) || c.aborted.Load() {
			return err
		}
		s.proceed()
	}
	c.patience(0)
	if s.finished.Load() {
		c.patience(s.header)
	}
	if _, err := c.in.Peek(1); errors.Is(err, os.ErrDeadlineExceeded) {
		return errSilent
	} else if err != nil {
		return err
	}
	return nil
}

// end stops what is still under way, and says whether the back end got the whole body.
// When it returns, nobody reads the client's request any more.
func (s *sending) end(f *flow) bool {
	if s == nil {
		return true
	}
	if !s.started {
		f.pool.buffers.Put(s.buffer)
		return false
	}
	s.stop(f)
	f.pool.buffers.Put(s.buffer)
	f.res.Received = s.received
	return s.whole
}

// lastPush is how long the last piece may take after the answer: mostly it is gone, and
// its goroutine only has not said so yet.
const lastPush = 50 * time.Millisecond

// stop waits for the sending, and ends it where it would go on.
func (s *sending) stop(f *flow) {
	if s.drained.Load() {
		timer := time.NewTimer(lastPush)
		defer timer.Stop()
		select {
		case <-s.done:
			return
		case <-timer.C:
		}
	}
	s.over.Store(true)
	s.conn.abort()
	f.settle()
	if !s.drained.Load() {
		if f.res.Started {
			s.control.Flush()
		}
		s.control.SetReadDeadline(time.Now().Add(discardPause))
	}
	<-s.done
	if !s.drained.Load() && !s.shared && !f.res.Started {
		f.w.Header()["Connection"] = []string{"close"}
	}
}
