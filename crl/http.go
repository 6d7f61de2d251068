package crl

import (
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"onecert/pki"
	"onecert/serve"
)

const (
	crlType = "application/pkix-crl" // RFC 2585 4
	maxPath = 200
	forever = "public, max-age=31536000, immutable"
)

// Handler serves what is published, at the address that stands in certificates:
//
//	/{issuer}/{name}.crl                     the newest list; ?at=TIME the one of then
//	/{issuer}/history/{name}/{number}.crl    a list of the past, which never changes
//	/{issuer}/history/{name}/index.jsonl     which there are
//	/{issuer}/index.json                     what is published now
func (p *Publisher) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			serve.Refuse(w, r, pki.Errorf(pki.Invalid, "crl.method", "lists are only read").To("use GET or HEAD"))
			return
		}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if err := p.answer(w, r); err != nil {
			w.Header().Set("Cache-Control", "no-store")
			serve.Refuse(w, r, err)
		}
	})
}

func nothing() error {
	return pki.Errorf(pki.Unknown, "crl.path", "nothing is published under this address").To("see index.json for what there is")
}

func (p *Publisher) answer(w http.ResponseWriter, r *http.Request) error {
	if len(r.URL.Path) > maxPath {
		return nothing()
	}
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")
	s := p.shelves[parts[0]]
	if s == nil {
		return nothing()
	}
	switch {
	case len(parts) == 2 && parts[1] == indexFile:
		return s.serveFile(w, r, indexFile, "application/json", "no-cache")
	case len(parts) == 2:
		return p.serveList(w, r, s, parts[1])
	case len(parts) == 4 && parts[1] == "history":
		return s.servePast(w, r, parts[2], parts[3])
	}
	return nothing()
}

func (p *Publisher) serveList(w http.ResponseWriter, r *http.Request, s *shelf, file string) error {
	name, ok := strings.CutSuffix(file, ".crl")
	if _, _, known := pki.ParseListName(name); !ok || !known {
		return nothing()
	}
	if at := r.URL.Query().Get("at"); at != "" {
		return p.serveThen(w, r, s, name, at)
	}
	list := s.get(name)
	if list == nil {
		return nothing()
	}
	now := p.config.Now()
	left := list.NextUpdate.Sub(now)
	if left <= 0 {
		return pki.Errorf(pki.Unavailable, "crl.lapsed", "list %s of issuer %s lapsed at %s and the CA has signed no newer one", name, s.issuer.ID, list.NextUpdate.Format(time.RFC3339)).
			To("the operator of the CA has to see why")
	}
	header := w.Header()
	header.Set("Content-Type", crlType)
	header.Set("Vary", "Accept-Encoding")
	header.Set("Cache-Control", "public, max-age="+strconv.FormatInt(int64(min(left, p.config.Fresh)/time.Second), 10)+", must-revalidate")
	header.Set("CRL-Number", strconv.FormatInt(list.Number, 10))
	what, etag := list.plain, `"`+list.etag+`"`
	if list.gzip.size > 0 && r.Header.Get("Range") == "" && takesGzip(r.Header.Values("Accept-Encoding")) {
		what, etag = list.gzip, `"`+list.etag+`-gz"`
		header.Set("Content-Encoding", "gzip")
	}
	header.Set("ETag", etag)
	if what.file != nil { // a slow line takes its time
		held, cancel := serve.Hold(r.Context(), min(longest, time.Duration(what.size/slowest)*time.Second))
		defer cancel()
		r = r.WithContext(held)
	}
	http.ServeContent(w, r, "", list.ThisUpdate, what.reader())
	return nil
}

// A long list may take longer than other answers: slowest octets a second, and never
// longer than longest. Who is cut off goes on with a range.
const (
	slowest = 128 << 10
	longest = 10 * time.Minute
)

// takesGzip reads Accept-Encoding (RFC 9110 12.5.3): gzip or *, unless with weight 0.
func takesGzip(values []string) bool {
	takes := false
	for part := range strings.SplitSeq(strings.Join(values, ","), ",") {
		coding, weight, _ := strings.Cut(part, ";")
		coding = strings.ToLower(strings.TrimSpace(coding))
		if coding != "gzip" && coding != "x-gzip" && coding != "*" {
			continue
		}
		_, text, weighted := strings.Cut(strings.ReplaceAll(weight, " ", ""), "q=")
		q, err := strconv.ParseFloat(text, 64)
		good := !weighted || err == nil && q > 0
		if coding != "*" {
			return good
		}
		takes = good
	}
	return takes
}

// serveThen answers what was published at a moment, with the address it always has,
// relative to the one asked: only the mount knows what stands before.
func (p *Publisher) serveThen(w http.ResponseWriter, r *http.Request, s *shelf, name, text string) error {
	moment, err := time.Parse(time.RFC3339, text)
	if len(text) > 40 || err != nil {
		return pki.Errorf(pki.Invalid, "crl.time", "the moment is not a time").To("write it as 2026-01-02T03:04:05Z")
	}
	if moment.After(p.config.Now()) {
		return pki.Errorf(pki.Invalid, "crl.early", "the moment lies in the future")
	}
	then, err := s.at(name, moment)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Location", "history/"+name+"/"+strconv.FormatInt(then.Number, 10)+".crl")
	return s.serveKept(w, r, name, then.Number, "no-cache")
}

func (s *shelf) servePast(w http.ResponseWriter, r *http.Request, name, file string) error {
	if _, _, known := pki.ParseListName(name); !known {
		return nothing()
	}
	if file == historyIndex {
		return s.serveFile(w, r, filepath.Join("history", name, historyIndex), "application/jsonl", "no-cache")
	}
	text, ok := strings.CutSuffix(file, ".crl")
	number, err := strconv.ParseInt(text, 10, 64)
	if !ok || err != nil || number <= 0 || strconv.FormatInt(number, 10) != text {
		return nothing()
	}
	return s.serveKept(w, r, name, number, forever)
}

func (s *shelf) serveKept(w http.ResponseWriter, r *http.Request, name string, number int64, cache string) error {
	file, err := s.open(name, number)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Type", crlType)
	header.Set("Cache-Control", cache)
	header.Set("CRL-Number", strconv.FormatInt(number, 10))
	header.Set("ETag", `"`+name+"-"+strconv.FormatInt(number, 10)+`"`)
	http.ServeContent(w, r, "", info.ModTime(), file)
	return nil
}

// serveFile serves a small file of ours.
func (s *shelf) serveFile(w http.ResponseWriter, r *http.Request, name, kind, cache string) error {
	what, err := s.content(name)
	if missing(err) {
		return nothing()
	}
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", cache)
	http.ServeContent(w, r, "", time.Time{}, what.reader())
	return nil
}
