package serve

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"onecert/pki"
)

// call is one request on its way through an API, and the writer of its answer.
type call struct {
	http.ResponseWriter
	api       *API
	request   *http.Request
	id        string
	operation string // the operation's id; empty until one is found
	status    int
	failed    error // the body could not be read to its end
	replaced  bool  // our problem went out instead of the mux's own text
	held      bool  // it gave its turn away to wait for news
}

type callKey struct{}

func callOf(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

// RequestID returns the id of the request this context belongs to, which the
// answer carries in X-Request-Id and the log under request_id; else "".
func RequestID(ctx context.Context) string {
	if c := callOf(ctx); c != nil {
		return c.id
	}
	return ""
}

// begin makes the call. Where one API is mounted inside another, the id of the
// outer stays.
func (a *API) begin(w http.ResponseWriter, r *http.Request) (*call, *http.Request) {
	c := &call{ResponseWriter: w, api: a, id: RequestID(r.Context())}
	if c.id == "" {
		c.id = newID()
	}
	r = r.WithContext(context.WithValue(r.Context(), callKey{}, c))
	c.request = r
	header := w.Header()
	header["X-Request-Id"] = []string{c.id}
	header["X-Content-Type-Options"] = []string{"nosniff"}
	header["Cache-Control"] = []string{"no-store"}
	return c, r
}

func newID() string {
	var id [16]byte
	rand.Read(id[:]) // never fails: the runtime ends the process instead
	return hex.EncodeToString(id[:])
}

// Unwrap lets http.ResponseController and huma reach the connection's deadlines.
func (c *call) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// WriteHeader notes the status and puts a problem in the place of the plain text
// with which the mux answers wrong paths and methods.
func (c *call) WriteHeader(status int) {
	if status < http.StatusOK { // 1xx: the answer is still to come
		c.ResponseWriter.WriteHeader(status)
		return
	}
	if c.status != 0 {
		return
	}
	c.status = status
	missed := c.request.Pattern == "" && c.operation == ""
	if missed && (status == http.StatusNotFound || status == http.StatusMethodNotAllowed) && !isProblem(c.Header()) {
		c.replaced = true
		protocolError(status).write(c.ResponseWriter, c.id)
		return
	}
	c.ResponseWriter.WriteHeader(status)
}

// Write implements io.Writer.
func (c *call) Write(text []byte) (int, error) {
	if c.status == 0 {
		c.WriteHeader(http.StatusOK)
	}
	if c.replaced {
		return len(text), nil
	}
	return c.ResponseWriter.Write(text)
}

// recovered answers for a handler that panicked. What was already sent cannot be
// taken back; then the connection is broken off so that nobody takes half an
// answer for a whole one.
func (c *call) recovered(cause any) {
	if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(cause)
	}
	if c.request.Context().Err() != nil {
		return // the caller went away while we wrote
	}
	c.log(slog.LevelError, "panic", fmt.Errorf("%.300v", cause), slog.String("stack", string(debug.Stack())))
	if c.status != 0 {
		panic(http.ErrAbortHandler)
	}
	problemOf(nil, false).write(c, c.id)
}

func (c *call) log(level slog.Level, message string, err error, more ...slog.Attr) {
	attrs := append([]slog.Attr{slog.String("request_id", c.id), slog.String("operation", c.operation),
		slog.String("source", source(c.request)), slog.Any("error", err)}, more...)
	if actor, ok := pki.ActorFrom(c.request.Context()); ok {
		attrs = append(attrs, slog.String("actor", actor.Name))
	}
	c.api.log.LogAttrs(c.request.Context(), level, message, attrs...)
}

// body notes that the caller's body could not be read, and gives the handler its
// time back: huma sets a read deadline of seconds for the body and leaves it
// standing, and net/http cancels a handler whose connection passes it.
type body struct {
	io.ReadCloser
	call *call
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		b.call.failed = err
	}
	return n, err
}

// Close implements io.Closer. The body itself stays open for drain, which can read
// nothing of a closed one; net/http closes it when the handler is done.
func (b *body) Close() error {
	if b.call.failed == nil {
		// An error means the connection is gone or has no deadlines: both are
		// noticed where it is next used.
		_ = http.NewResponseController(b.call.ResponseWriter).SetReadDeadline(handlerDeadline(b.call.request.Context()))
	}
	return nil
}

// drainTime is how long the rest of a body is waited for, drainBody how much of it
// is read: what a client sends in good faith and too large, not an attack.
const drainTime, drainBody = 5 * time.Second, 4 << 20

// drain reads what a refusal has left of a body. Over HTTP/2 an answer that
// overtakes its request's body ends with a reset of the stream, and some clients,
// curl 7.88 among them, then report a broken transfer. HTTP/1 drains by itself.
func (c *call) drain(r *http.Request) {
	if r.ProtoMajor < 2 || r.ContentLength == 0 {
		return
	}
	// Errors mean that nobody is there any more, or a body of which all is read.
	_ = http.NewResponseController(c.ResponseWriter).SetReadDeadline(time.Now().Add(drainTime))
	_, _ = io.CopyN(io.Discard, r.Body, drainBody)
}

// handlerDeadline is when a request begun now has to be done at the latest.
func handlerDeadline(ctx context.Context) time.Time {
	if l := linkOf(ctx); l != nil {
		return time.Now().Add(l.limits.Request)
	}
	return time.Time{}
}
