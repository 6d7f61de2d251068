package forward

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"
)

// Sizes of what a request may use of memory, whatever passes through.
const (
	smallBody   = 16 << 10  // is read before a back end is asked, and sent in one piece
	largeOctets = 128 << 10 // a piece of a large body
	maxInterim  = 8         // 1xx answers before the final one
)

// flow is one request on its way. It is used again for later requests.
type flow struct {
	pool *Pool
	w    http.ResponseWriter
	r    *http.Request
	o    *Outgoing
	res  *Result

	start   time.Time
	out     http.Request
	url     url.URL
	header  http.Header
	values  [5]string // of headers we add
	upgrade string    // what the connection shall become; "" most of the time
	expects bool      // the client waits for 100 before it sends its body
	mends   *mending  // nil: nothing is rewritten
	rework  *rework   // nil: the body passes as it is
	fresh   *http.Cookie

	message []byte // header and small body as sent
	small   []byte // body read beforehand
	lent    *[largeOctets]byte

	unhook []func() bool // ends the watch over contexts

	idle    time.Duration // between two pieces of the answer; 0: any
	settled bool          // left is known
	left    bool          // the client went away, or its right did
	parting bool          // the client's connection ends with this answer
	dirty   bool          // something written waits in a buffer
}

// Forward carries a request to a back end and writes its answer to w, whose Header must
// hold only what the door adds to every answer. It returns when everything is over, also
// for upgraded connections. If Err is set and Started is not, nothing was written and w
// is as it was, but perhaps for "Connection: close": show the page. Cancelling r's context ends it, tunnels included.
func (p *Pool) Forward(w http.ResponseWriter, r *http.Request, o Outgoing) (res Result) {
	p.active.Add(1)
	defer p.active.Add(-1)
	f := p.flow()
	start := time.Now()
	f.w, f.r, f.o, f.res, f.start = w, r, &o, &res, start
	if err := f.carry(); err != nil {
		f.fail(err)
	}
	f.done()
	res.Duration = time.Since(start)
	return res
}

func (p *Pool) flow() *flow {
	f, ok := p.flows.Get().(*flow)
	if !ok {
		f = &flow{pool: p, header: http.Header{}}
	}
	return f
}

// done gives everything back.
func (f *flow) done() {
	if f.lent != nil {
		f.pool.buffers.Put(f.lent)
	}
	if f.pool.overH2() {
		return // the transport may still look at it
	}
	clear(f.header)
	*f = flow{pool: f.pool, header: f.header, message: f.message[:0], small: f.small[:0], unhook: f.unhook[:0]}
	f.pool.flows.Put(f)
}

// buffer lends a large buffer until the request is over.
func (f *flow) buffer() []byte {
	if f.lent == nil {
		var ok bool
		if f.lent, ok = f.pool.buffers.Get().(*[largeOctets]byte); !ok {
			f.lent = new([largeOctets]byte)
		}
	}
	return f.lent[:]
}

// carry is the way of a request: made ready, given to a back end, to one other if that
// is safe, answered.
func (f *flow) carry() error {
	if f.pool.mend != nil {
		f.mends = f.pool.mend.request(f.o)
	}
	if err := f.prepare(); err != nil {
		return err
	}
	stream, err := f.readSmall()
	if err != nil {
		return err
	}
	pinned := f.pool.pinned(f.r)
	m := f.pool.choose(pinned, nil, f.start)
	if m == nil {
		return errNoBackend
	}
	err = f.attempt(m, stream)
	if err != nil && f.repeatable(err, stream) {
		if other := f.pool.choose(nil, m, time.Now()); other != nil {
			f.res.Retried, f.res.Cause = true, nil
			err = f.attempt(other, stream)
		}
	}
	return err
}

var (
	errNoBackend  = errors.New("no back end is up")
	errClientGone = errors.New("the client went away")
	errClientBody = errors.New("the client did not send what it announced")
	errSilent     = errors.New("the back end did not answer in time")
)

// attemptError says at which point an attempt failed.
type attemptError struct {
	err  error
	sent bool // octets of the request may have reached the back end
}

func (e *attemptError) Error() string { return e.err.Error() }
func (e *attemptError) Unwrap() error { return e.err }

// repeatable says whether one other back end may be asked: this one got nothing of the
// request, or said nothing at all to one that changes nothing and has no body. A back end
// that let us wait may still be at work, and is not doubled.
func (f *flow) repeatable(err error, stream bool) bool {
	failed, ok := errors.AsType[*attemptError](err)
	if !ok || f.res.Started || f.pool.config.Retries == RetryNone || f.gone() {
		return false
	}
	if !failed.sent {
		return true
	}
	return !stream && len(f.small) == 0 && safeMethod(f.r.Method) && !errors.Is(err, errSilent) && !errors.Is(err, errHead)
}

// safeMethod tells the methods that change nothing (RFC 9110 9.2.1).
func safeMethod(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// attempt gives the request to one member, and keeps its count and its health.
func (f *flow) attempt(m *member, stream bool) error {
	m.active.Add(1)
	m.requests.Add(1)
	defer m.active.Add(-1)
	f.res.Backend, f.fresh = m.name, nil
	if f.pool.config.Sticky.Cookie != "" && f.pool.pinned(f.r) != m {
		f.fresh = f.pool.pin(m, f.o)
	}
	var err error
	if m.h2 != nil {
		err = f.overH2(m)
	} else {
		err = f.overHTTP1(m, stream)
	}
	switch {
	case err == nil:
		m.well()
	case errors.Is(err, errRequest), errors.Is(err, errClientGone), errors.Is(err, errClientBody), f.gone():
		// no fault of the back end's
	default:
		m.ill(err)
	}
	return err
}

// fail says what the door and the log are told.
func (f *flow) fail(err error) {
	f.res.Cause, f.res.Err = err, Broken
	timeout, isNet := errors.AsType[net.Error](err)
	failed, isAttempt := errors.AsType[*attemptError](err)
	switch {
	case f.gone() || errors.Is(err, errClientGone):
		f.res.Err = ClientGone
	case errors.Is(err, errRequest):
		f.res.Err = Refused
	case errors.Is(err, errClientBody):
		f.res.Err = ClientBody
	case errors.Is(err, errNoBackend):
		f.res.Err = NoBackend
	case errors.Is(err, errTooLarge):
		f.res.Err = TooLarge
	case untrusted(err):
		f.res.Err = Untrusted
	case isAttempt && !failed.sent:
		f.res.Err = Unreachable
	case errors.Is(err, errSilent), errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), isNet && timeout.Timeout():
		f.res.Err = Silent
	}
}

// readSmall reads a small body before any back end is asked: a slow client then holds no
// connection of theirs. stream says that a body is left to be sent as it comes.
func (f *flow) readSmall() (stream bool, err error) {
	r := f.r
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
		return false, nil
	}
	if hasToken(r.Header["Expect"], "100-continue") {
		f.expects = true
		return true, nil
	}
	if r.ContentLength < 0 || r.ContentLength > smallBody || f.pool.overH2() {
		return true, nil
	}
	if cap(f.small) == 0 {
		f.small = make([]byte, 0, smallBody)
	}
	f.small = f.small[:r.ContentLength]
	for n := 0; n < len(f.small); {
		got, err := r.Body.Read(f.small[n:])
		n += got
		f.res.Received = int64(n)
		if err != nil && n < len(f.small) {
			return false, errors.Join(errClientBody, err)
		}
	}
	return false, nil
}

// watch lets the end of the request's right, or of the pool, end what conn waits for. It
// is called only when something takes long: most answers are there before it is worth it.
func (f *flow) watch(c *conn) {
	if len(f.unhook) == 0 {
		c.glanced = time.Time{}
		f.unhook = append(f.unhook, context.AfterFunc(f.r.Context(), c.abort), context.AfterFunc(f.pool.ctx, c.abort))
	}
}

// gone says whether the client went away, or its right did.
func (f *flow) gone() bool {
	if f.settled {
		return f.left
	}
	return f.r.Context().Err() != nil
}

// settle keeps what gone says: to stop reading a body, net/http must be given an error,
// and then takes the client for gone.
func (f *flow) settle() {
	f.left, f.settled = f.gone(), true
}

// unwatch says whether the connection is still ours alone.
func (f *flow) unwatch() (clean bool) {
	clean = true
	for _, stop := range f.unhook {
		clean = stop() && clean
	}
	f.unhook = f.unhook[:0]
	return clean
}
