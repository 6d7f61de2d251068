package forward

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// rework mends one body on its way.
type rework struct {
	find   *finder
	paths  bool   // HTML or CSS: paths without a host too
	coding string // how it comes: "", gzip, deflate
	zip    *gzip.Writer
	to     io.Writer

	held []byte // what came and is not decided, after seen octets that are
	seen int
}

// announce decides whether a body is mended and changes the header accordingly: length,
// digests and ranges of the original hold no more.
func (f *flow) announce(status int, header http.Header) {
	if f.mends == nil || !f.mends.bodies {
		return
	}
	if status == http.StatusNotModified {
		weak(header)
		return
	}
	text, paths := textual(header.Get("Content-Type"))
	coding, known := codingOf(header["Content-Encoding"])
	if !text || !known || status == http.StatusPartialContent {
		return
	}
	for _, name := range []string{"Content-Length", "Content-Md5", "Digest", "Content-Digest", "Repr-Digest", "Accept-Ranges", "Content-Encoding"} {
		delete(header, name)
	}
	weak(header)
	r := &rework{find: &f.mends.find, paths: paths, coding: coding, to: f}
	if coding != "" && hasToken(f.r.Header["Accept-Encoding"], "gzip") {
		header["Content-Encoding"] = []string{"gzip"}
		r.zip, _ = gzip.NewWriterLevel(f, gzip.BestSpeed) // the level is a right one
		r.to = r.zip
	}
	if f.r.Method != http.MethodHead && status != http.StatusNoContent {
		f.rework = r
	}
}

// textual says whether a type holds addresses as text, and whether paths without a host
// can be told from other text in it.
func textual(contentType string) (text, paths bool) {
	kind, parameters, _ := strings.Cut(strings.ToLower(contentType), ";")
	if strings.Contains(parameters, "utf-16") || strings.Contains(parameters, "utf-32") {
		return false, false
	}
	switch kind = strings.Trim(kind, " \t"); kind {
	case "text/html", "application/xhtml+xml", "text/css":
		return true, true
	case "text/javascript", "application/javascript", "application/x-javascript", "application/ecmascript", "application/json", "text/xml", "application/xml":
		return true, false
	}
	return strings.HasSuffix(kind, "+json") || strings.HasSuffix(kind, "+xml"), false
}

// codingOf reads Content-Encoding; known is false where it cannot be undone.
func codingOf(values []string) (coding string, known bool) {
	switch strings.ToLower(strings.Join(values, ",")) {
	case "", "identity":
		return "", true
	case "gzip", "x-gzip":
		return "gzip", true
	case "deflate":
		return "deflate", true
	}
	return "", false
}

// copy takes the body from source to the client.
func (r *rework) copy(f *flow, from source) error {
	plain, err := r.decoded(&sourceReader{from: from})
	if err == io.EOF {
		return nil // an empty body, whatever its encoding
	}
	if err != nil {
		return fmt.Errorf("unpacking an answer: %w", err)
	}
	buffer := make([]byte, 32<<10)
	for {
		n, err := plain.Read(buffer)
		if n > 0 {
			if err := r.write(buffer[:n], false); err != nil {
				return err
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return fmt.Errorf("unpacking an answer: %w", err)
		}
	}
	if err := r.write(nil, true); err != nil {
		return err
	}
	if r.zip != nil {
		return r.zip.Close()
	}
	return nil
}

// decoded undoes the encoding. deflate means zlib, and some servers send bare deflate.
func (r *rework) decoded(from io.Reader) (io.Reader, error) {
	switch r.coding {
	case "gzip":
		return gzip.NewReader(from)
	case "deflate":
		first := make([]byte, 2)
		n, err := io.ReadFull(from, first)
		if n == 0 && errors.Is(err, io.EOF) {
			return nil, io.EOF
		}
		if err != nil && err != io.ErrUnexpectedEOF {
			return nil, err
		}
		all := io.MultiReader(bytes.NewReader(first[:n]), from)
		if n == 2 && first[0]&0x0f == 8 && (int(first[0])<<8|int(first[1]))%31 == 0 {
			return zlib.NewReader(all)
		}
		return flate.NewReader(all), nil
	}
	return from, nil
}

// sourceReader makes an io.Reader of a source.
type sourceReader struct {
	from source
	left []byte
}

func (s *sourceReader) Read(p []byte) (n int, err error) {
	for len(s.left) == 0 {
		if s.left, err = s.from.next(); err != nil {
			s.left = nil
			return 0, err
		}
	}
	n = copy(p, s.left)
	s.left = s.left[n:]
	return n, nil
}

// write mends what is certain and keeps the rest: an address may be cut by the end.
func (r *rework) write(data []byte, last bool) error {
	r.held = append(r.held, data...)
	limit := len(r.held)
	if !last {
		limit -= r.find.after
	}
	if limit <= r.seen {
		return nil
	}
	out := limit // what is before a host that comes later stays too
	if !last {
		out -= r.find.before
	}
	done := r.seen
	for _, e := range r.find.scan(r.held, r.seen, limit, r.paths) {
		if e.start < done {
			continue
		}
		if err := r.emit(r.held[done:e.start], e.text); err != nil {
			return err
		}
		done = e.end
	}
	if out > done {
		if err := r.emit(r.held[done:out], nil); err != nil {
			return err
		}
		done = out
	}
	// Some of what is gone stays to be looked back at.
	keep := max(0, done-lookBehind)
	r.held = append(r.held[:0], r.held[keep:]...)
	r.seen = done - keep
	return nil
}

func (r *rework) emit(parts ...[]byte) error {
	for _, part := range parts {
		if len(part) > 0 {
			if _, err := r.to.Write(part); err != nil {
				return err
			}
		}
	}
	return nil
}

// flush lets go what an encoder holds.
func (r *rework) flush() {
	if r.zip != nil {
		r.zip.Flush() // an error comes again at the next write
	}
}
