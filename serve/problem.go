package serve

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"

	"onecert/pki"
)

const problemType = "application/problem+json"

// retryAfter is what a caller told "unavailable" should wait, in seconds.
const retryAfter = "2"

// Problem is how every error leaves an API (RFC 9457). Nothing of the request is
// ever repeated in it: inputs hold PINs and keys.
type Problem struct {
	Title     string  `json:"title" doc:"What is wrong"`
	Status    int     `json:"status" doc:"HTTP status"`
	Kind      string  `json:"kind" enum:"invalid,forbidden,unknown,conflict,unavailable,not-implemented,internal" doc:"What the caller may do about it"`
	Code      string  `json:"code" doc:"Stable name of the error"`
	Remedy    string  `json:"remedy,omitempty" doc:"What to do about it"`
	RequestID string  `json:"request_id,omitempty" doc:"Under this id the server's log tells more"`
	Errors    []Fault `json:"errors,omitempty" doc:"Where the input breaks which rule"`
}

// Fault is one rule broken by the input, without the input.
type Fault struct {
	Location string `json:"location" doc:"Where, such as body.subject; names that are not ours appear as ?"`
	Message  string `json:"message" doc:"The rule"`
}

// Error implements error.
func (p *Problem) Error() string { return p.Title }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return problemType }

func (p *Problem) headers() map[string]string {
	switch p.Status {
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		return map[string]string{"Retry-After": retryAfter}
	}
	return nil
}

// Status is the HTTP status of a kind; known says whether the caller is
// identified. It is the only place where a kind becomes HTTP's.
func Status(kind pki.Kind, known bool) int {
	switch kind {
	case pki.Invalid:
		return http.StatusUnprocessableEntity
	case pki.Forbidden:
		if !known {
			return http.StatusUnauthorized
		}
		return http.StatusForbidden
	case pki.Unknown:
		return http.StatusNotFound
	case pki.Conflict:
		return http.StatusConflict
	case pki.Unavailable:
		return http.StatusServiceUnavailable
	case pki.NotImplemented:
		return http.StatusNotImplemented
	}
	return http.StatusInternalServerError
}

// kindNamed is the other direction of pki.Kind.String; an unknown name is Internal.
func kindNamed(name string) pki.Kind {
	for k := pki.Internal; k <= pki.NotImplemented; k++ {
		if k.String() == name {
			return k
		}
	}
	return pki.Internal
}

// problemOf is what may be told of err: the first *pki.Error in its chain, and of
// any other error only that it is ours.
func problemOf(err error, known bool) *Problem {
	e, ok := errors.AsType[*pki.Error](err)
	switch {
	case ok:
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		e = pki.Errorf(pki.Unavailable, "request.timeout", "the request was not done in time").To("try again")
	default:
		e = pki.Errorf(pki.Internal, "internal", "something failed on the server's side").
			To("give the operator the request id")
	}
	code := e.Code
	if code == "" {
		code = e.Kind.String()
	}
	return &Problem{Title: e.Wrong, Status: Status(e.Kind, known), Kind: e.Kind.String(), Code: code, Remedy: e.Remedy}
}

// explain is problemOf with the request's id; causes go to the log here, once.
func explain(ctx context.Context, err error) *Problem {
	_, known := pki.ActorFrom(ctx)
	p := problemOf(err, known)
	c := callOf(ctx)
	if c == nil {
		return p
	}
	p.RequestID = c.id
	e, ours := errors.AsType[*pki.Error](err)
	switch {
	case errors.Is(err, context.Canceled): // the caller went away; nobody waits for this
	case p.Status == http.StatusInternalServerError:
		c.log(slog.LevelError, "failed", chain(err))
	case p.Status == http.StatusServiceUnavailable:
		c.log(slog.LevelWarn, "unavailable", chain(err))
	case ours && e.Err != nil:
		c.log(slog.LevelInfo, "refused", chain(err))
	}
	return p
}

// chain shows the causes, which pki.Error keeps out of its own text.
func chain(err error) error {
	if e, ok := errors.AsType[*pki.Error](err); ok && e.Err != nil {
		return errors.Join(err, e.Err)
	}
	return err
}

// Refuse answers a plain handler's request with err.
func Refuse(w http.ResponseWriter, r *http.Request, err error) {
	p, ok := errors.AsType[*Problem](err)
	if !ok {
		p = explain(r.Context(), err)
	}
	p.write(w, RequestID(r.Context()))
}

func (p *Problem) write(w http.ResponseWriter, id string) {
	answer := *p
	answer.RequestID = id
	text, err := json.Marshal(&answer)
	if err != nil { // strings and integers only: it cannot
		text = []byte(`{}`)
	}
	header := w.Header()
	header.Del("Content-Length")
	header.Set("Content-Type", problemType)
	for name, value := range p.headers() {
		header.Set(name, value)
	}
	w.WriteHeader(p.Status)
	w.Write(append(text, '\n'))
}

func isProblem(h http.Header) bool { return h.Get("Content-Type") == problemType }

// protocolError is the problem of a status that HTTP itself asks for.
func protocolError(status int) *Problem {
	p := &Problem{Status: status, Kind: pki.Invalid.String()}
	switch status {
	case http.StatusBadRequest:
		p.Code, p.Title, p.Remedy = "request.malformed", "the request cannot be read", "send one JSON value as /openapi.json describes it"
	case http.StatusNotFound:
		p.Kind, p.Code, p.Title, p.Remedy = pki.Unknown.String(), "request.path", "there is nothing at this path", "see /openapi.json for the paths"
	case http.StatusMethodNotAllowed:
		p.Code, p.Title, p.Remedy = "request.method", "this path does not know the method", "see the Allow header"
	case http.StatusNotAcceptable:
		p.Code, p.Title, p.Remedy = "request.accept", "no form of the answer suits the Accept header", "accept application/json"
	case http.StatusRequestTimeout:
		p.Code, p.Title, p.Remedy = "request.slow", "the body did not arrive in time", "try again"
	case http.StatusRequestEntityTooLarge:
		p.Code, p.Title, p.Remedy = "request.too-large", "the body is larger than this operation takes", "send less in one request"
	case http.StatusUnsupportedMediaType:
		p.Code, p.Title, p.Remedy = "request.media-type", "the body's media type is not understood", "send Content-Type: application/json"
	default:
		p.Code, p.Title, p.Remedy = "request.invalid", "the request does not fit its description", "compare it with /openapi.json"
	}
	return p
}
