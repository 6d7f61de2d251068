package ocsp

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"onecert/serve"
)

// maxPath bounds a GET's path: a request of maxRequest octets belongs in a POST.
const maxPath = 8 << 10

// Limits suit a listener that only answers OCSP and hands out small files: many
// clients, little time each.
func Limits() serve.Limits {
	l := serve.DefaultLimits()
	l.Header, l.Request, l.Idle = 10*time.Second, 10*time.Second, 30*time.Second // equal, they cost one timer less
	l.Connections, l.HeaderBytes = 16384, maxPath+4096
	return l
}

// buffers are reused: a request is read into der, a path by way of text.
type buffers struct{ pool *sync.Pool }

type buffer struct {
	der      [maxRequest + 1]byte
	text     [maxPath]byte
	asked    request
	question question
}

func newBuffers() buffers { return buffers{&sync.Pool{New: func() any { return new(buffer) }}} }

// Headers that never change, as net/http wants them; nobody writes into them.
var (
	contentType = []string{"application/ocsp-response"}
	noStore     = []string{"no-store"}
	retryAfter  = []string{"10"}
)

// Handler answers what is asked at the configured path or below, and hands everything
// else to next (nil: not found). It has to stand before any http.ServeMux, which would
// tidy the slashes out of a request's base64.
func (r *Responder) Handler(next http.Handler) http.Handler {
	if next == nil {
		next = http.NotFoundHandler()
	}
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		path, ours := r.below(req)
		if !ours {
			next.ServeHTTP(w, req)
			return
		}
		r.serveHTTP(w, req, path)
	})
}

// below returns what follows the responder's path in a request's, as it was sent, with
// its query.
func (r *Responder) below(req *http.Request) (rest string, ours bool) {
	path := req.RequestURI
	if !strings.HasPrefix(path, "/") { // a proxy's absolute form
		path = req.URL.EscapedPath()
	}
	rest, ours = cutPath(path, r.cfg.Path)
	if !ours || rest != "" && rest[0] != '/' && rest[0] != '?' {
		return "", false
	}
	return rest, true
}

// cutPath is strings.CutPrefix that takes several slashes for one: clients that put a
// slash between an address that ends with one and the request send "//ocsp/…", and
// follow no redirect.
func cutPath(path, prefix string) (rest string, found bool) {
	for i := range len(prefix) {
		if path == "" || path[0] != prefix[i] {
			return "", false
		}
		path = path[1:]
		for prefix[i] == '/' && path != "" && path[0] == '/' {
			path = path[1:]
		}
	}
	return path, true
}

func (r *Responder) serveHTTP(w http.ResponseWriter, req *http.Request, path string) {
	b := r.buffers.pool.Get().(*buffer)
	defer r.buffers.pool.Put(b)
	der, refused := b.read(req, path)
	if refused != nil {
		r.refuse(w, *refused)
		return
	}
	if refused = r.understand(b, der); refused != nil {
		r.refuse(w, *refused)
		return
	}
	a, keep, err := r.respond(req.Context(), &b.question)
	if err != nil {
		r.refuse(w, r.sorry(&b.question, err))
		return
	}
	r.counts.answers[a.kind].Add(1)
	r.write(w, req, a, keep)
}

// refusal is an answer that is no signed one: HTTP's status, OCSP's, and why.
type refusal struct {
	kind   kind
	status int
	ocsp   byte
	code   string
}

// read returns the request's octets.
func (b *buffer) read(req *http.Request, path string) ([]byte, *refusal) {
	switch req.Method {
	case http.MethodPost:
		return b.readBody(req)
	case http.MethodGet, http.MethodHead:
		if len(path) > maxPath {
			return nil, &refusal{kindTooLarge, http.StatusRequestURITooLong, malformedRequest, "ocsp.too-large"}
		}
		der, err := decodePath(b.der[:], b.text[:], path)
		if err != nil {
			return nil, malformed(err)
		}
		return der, nil
	}
	return nil, &refusal{kindMalformed, http.StatusMethodNotAllowed, malformedRequest, "request.method"}
}

func (b *buffer) readBody(req *http.Request) ([]byte, *refusal) {
	if req.ContentLength > maxRequest {
		return nil, tooLarge()
	}
	n := 0
	for n < len(b.der) {
		got, err := req.Body.Read(b.der[n:])
		n += got
		if errors.Is(err, io.EOF) {
			return b.der[:n], nil
		}
		if err != nil { // too slow, mostly: then nobody is to hear this
			return nil, malformed(err)
		}
	}
	return nil, tooLarge()
}

func tooLarge() *refusal {
	return &refusal{kindTooLarge, http.StatusRequestEntityTooLarge, malformedRequest, "ocsp.too-large"}
}

func malformed(err error) *refusal {
	code := "ocsp.malformed"
	switch {
	case errors.Is(err, errTooMany):
		code = "ocsp.too-many"
	case errors.Is(err, errNonce):
		code = "ocsp.nonce"
	case errors.Is(err, errCritical):
		code = "ocsp.critical"
	}
	return &refusal{kindMalformed, http.StatusBadRequest, malformedRequest, code}
}

// understand parses a request and finds the one issuer it is about. A response has one
// signature, and a relying party accepts only that of the certificate's own issuer
// (RFC 6960 4.2.2.2): so all certificates of a request have one issuer, and that is
// served here. What cannot be answered is "unauthorized" (RFC 5019 2.2.3), and so is
// an issuer named by a hash nobody here computes.
func (r *Responder) understand(b *buffer, der []byte) *refusal {
	if err := b.asked.parse(der); err != nil {
		return malformed(err)
	}
	q := &b.question
	q.nonce = b.asked.nonce
	q.keys, q.known, q.ids = q.keys[:0], q.known[:0], q.ids[:0]
	for n := range b.asked.ids {
		id := &b.asked.ids[n]
		issuer, form, found := r.names.find(id)
		if !found {
			return &refusal{kindUnauthorized, http.StatusOK, unauthorized, "ocsp.issuer"}
		}
		if n > 0 && issuer != q.issuer {
			return &refusal{kindUnauthorized, http.StatusOK, unauthorized, "ocsp.several-issuers"}
		}
		key, possible := keyOf(issuer, id.serial)
		q.issuer, q.form = issuer, form
		q.keys, q.known, q.ids = append(q.keys, key), append(q.known, possible), append(q.ids, id.raw)
	}
	return nil
}

// respond returns the ready answer to a question, or makes one. If that fails a ready
// one goes on until its end. cached says whether it has headers for caches.
func (r *Responder) respond(ctx context.Context, q *question) (a *answer, cached bool, err error) {
	at, err := r.moment()
	if err != nil {
		return nil, false, err
	}
	if len(q.ids) != 1 || q.nonce != nil || !q.known[0] {
		return r.answer(ctx, q, at)
	}
	key := readyKey{q.keys[0], q.form}
	old := r.ready.get(key)
	if old != nil && (at.now.UnixNano() >= old.next || at.stale && !old.final) {
		old = nil
	}
	if old != nil && at.now.UnixNano() < old.refresh {
		r.counts.ready.Add(1)
		return old, true, nil
	}
	drops := r.ready.drops(key.certKey)
	a, keep, err := r.answer(ctx, q, at)
	if err != nil {
		if old == nil {
			return nil, false, err
		}
		r.failed(q, err)
		return old, true, nil
	}
	if keep {
		r.ready.put(key, a, drops)
	}
	return a, keep, nil
}

// failed tells of an answer that could not be made.
func (r *Responder) failed(q *question, err error) {
	switch {
	case errors.Is(err, errBehind), errors.Is(err, errClock), errors.Is(err, errJournal), errors.Is(err, context.Canceled):
		return // health has them
	case errors.Is(err, errNoSigner):
		r.fail(r.issuers[q.issuer], "ocsp.signer", err)
	default:
		r.fail(r.issuers[q.issuer], codeSigning, err)
	}
}

// sorry is what is said where an answer could not be made: "try later", and "internal
// error" only for what will not pass by itself.
func (r *Responder) sorry(q *question, err error) refusal {
	r.failed(q, err)
	later := refusal{kindTryLater, http.StatusServiceUnavailable, tryLater, "ocsp.behind"}
	switch {
	case errors.Is(err, errBehind):
	case errors.Is(err, errClock):
		later.code = "ocsp.clock"
	case errors.Is(err, errJournal):
		later.code = "ocsp.journal"
	case errors.Is(err, errNoSigner):
		later.code = "ocsp.signer"
	default:
		later = refusal{kindInternal, http.StatusServiceUnavailable, internalError, codeSigning}
	}
	return later
}

// refuse writes an unsigned answer. The reason stands in a header, for a person with
// curl: the response has no place for it.
func (r *Responder) refuse(w http.ResponseWriter, f refusal) {
	r.counts.answers[f.kind].Add(1)
	body := failure(f.ocsp)
	h := w.Header()
	h["Content-Type"], h["Cache-Control"], h["X-Reason"] = contentType, noStore, []string{f.code}
	switch f.status {
	case http.StatusServiceUnavailable:
		h["Retry-After"] = retryAfter
	case http.StatusMethodNotAllowed:
		h["Allow"] = []string{"GET, HEAD, POST"}
	}
	w.WriteHeader(f.status)
	w.Write(body)
}

// counted is how long a body may be for net/http to count it by itself, in octets (its
// buffer holds 2048). That costs less than a header.
const counted = 2000

// write sends an answer. What a cache needs goes with GET only: an answer to a POST is
// kept by none (RFC 5019 7.2), and each header costs as much as finding the answer.
func (r *Responder) write(w http.ResponseWriter, req *http.Request, a *answer, cached bool) {
	h := w.Header()
	h["Content-Type"] = contentType
	if len(a.body) > counted {
		h["Content-Length"] = []string{strconv.Itoa(len(a.body))}
	}
	if !cached {
		h["Cache-Control"] = noStore
		w.Write(a.body)
		return
	}
	h["Cache-Control"] = a.control
	if req.Method != http.MethodPost {
		h["Etag"], h["Last-Modified"], h["Expires"] = a.etag[:], a.modified, a.expires
		if same := req.Header["If-None-Match"]; len(same) > 0 && matches(same, a.etag[0]) {
			delete(h, "Content-Length")
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	w.Write(a.body) // net/http leaves the body out for HEAD
}

// matches reads If-None-Match (RFC 9110 13.1.2): weak or strong, several, or any.
func matches(header []string, tag string) bool {
	for _, line := range header {
		for one := range strings.SplitSeq(line, ",") {
			if one = strings.TrimPrefix(strings.TrimSpace(one), "W/"); one == tag || one == "*" {
				return true
			}
		}
	}
	return false
}
