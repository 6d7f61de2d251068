package status

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"sync/atomic"
	"time"

	"onecert/serve"
)

// A link can go dead without a word: a cable is pulled, a firewall forgets. Until
// something is heard a held request looks the same then. So the origin beats
// (serve.Beat), and a follower that has heard nothing for three beats gives up and
// asks anew: it knows within five seconds. An origin of an older version beats not and
// says so by saying nothing; its answers are waited for as long as it may hold them.
const (
	beatEach    = 1500 * time.Millisecond
	beatsMissed = 3
	connectTime = 10 * time.Second // for the connection with its TLS, before anything can be heard
)

// errSilent is why a request was given up. It is a deadline that has passed.
var errSilent = fmt.Errorf("nothing was heard of the source: %w", context.DeadlineExceeded)

// listener remembers how far apart a source's beats are, 0 where it has none.
type listener struct{ beat atomic.Int64 }

// ear is one request that is listened for.
type ear struct {
	timer    *time.Timer
	patience time.Duration
}

type earKey struct{}

func (e *ear) heard() { e.timer.Reset(e.patience) }

// listen returns a context that ends when a request made with it is met by silence.
func (l *listener) listen(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	e := &ear{patience: hold + answerTime}
	if beat := time.Duration(l.beat.Load()); beat > 0 {
		e.patience = beatsMissed * beat
	}
	e.timer = time.AfterFunc(connectTime, func() {
		if ctx.Err() == nil {
			l.beat.Store(0) // perhaps it is another version now; its next answer tells
		}
		cancel(errSilent)
	})
	ctx = httptrace.WithClientTrace(context.WithValue(ctx, earKey{}, e), &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { e.heard() },
		Got1xxResponse: func(int, textproto.MIMEHeader) error {
			e.heard()
			return nil
		},
	})
	return ctx, func() {
		e.timer.Stop()
		cancel(nil)
	}
}

// listening is a transport that asks for beats and hears answers arrive.
type listening struct {
	http.RoundTripper
	*listener
}

// RoundTrip implements http.RoundTripper.
func (t listening) RoundTrip(r *http.Request) (*http.Response, error) {
	e, _ := r.Context().Value(earKey{}).(*ear)
	if e == nil {
		return t.RoundTripper.RoundTrip(r)
	}
	r = r.Clone(r.Context()) // a transport leaves its request as it is
	r.Header.Set(serve.HeaderBeat, "1")
	response, err := t.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	e.heard()
	// An impossible beat is none.
	beat, err := time.ParseDuration(response.Header.Get(serve.HeaderBeat))
	if err != nil || beat <= 0 || beat > hold {
		beat = 0
	}
	t.beat.Store(int64(beat))
	response.Body = heardBody{response.Body, e}
	return response, nil
}

// CloseIdleConnections keeps http.Client's working.
func (t listening) CloseIdleConnections() {
	(&http.Client{Transport: t.RoundTripper}).CloseIdleConnections()
}

// heardBody is a body whose pieces are signs of life: a slow link takes long over a
// batch.
type heardBody struct {
	io.ReadCloser
	e *ear
}

// Read implements io.Reader. A chunked body fills what it is given before it returns,
// so that is little.
func (b heardBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p[:min(len(p), 4<<10)])
	if n > 0 {
		b.e.heard()
	}
	return n, err
}
