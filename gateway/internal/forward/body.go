package forward

import (
	"bufio"
	"fmt"
	"io"
	"net/http/httputil"
	"strings"
)

// source is the body of an answer, HTTP/1.1's or HTTP/2's.
type source interface {
	// next returns the next piece, good until the next call; io.EOF after the last, alone.
	next() ([]byte, error)
	// trailers are what came after the last piece.
	trailers() []field
}

// body is the body of an answer over HTTP/1.1, as its header framed it.
type body struct {
	in      *bufio.Reader
	left    int64 // octets; -1: until the connection's end, or chunked
	chunks  io.Reader
	taken   int   // of in, at the next call
	with    *flow // the request it answers: lends a buffer
	after   []field
	limits  headLimits
	end     bool
	awaited bool // for the connection's end
}

// frame prepares for the body that follows h.
func (b *body) frame(in *bufio.Reader, h *head, method string, limits headLimits) {
	*b = body{in: in, left: h.length, with: b.with, limits: limits}
	switch {
	case h.bodiless(method):
		b.left, b.end = 0, true
	case h.chunked:
		b.chunks = httputil.NewChunkedReader(in)
	case h.length == 0:
		b.end = true
	case h.length < 0:
		b.awaited = true
	}
}

func (b *body) trailers() []field { return b.after }

func (b *body) next() ([]byte, error) {
	if b.taken > 0 {
		b.in.Discard(b.taken)
		b.taken = 0
	}
	if b.end {
		return nil, io.EOF
	}
	if b.chunks != nil {
		return b.nextChunk()
	}
	if b.left == 0 {
		b.end = true
		return nil, io.EOF
	}
	if b.in.Buffered() == 0 {
		if b.left < 0 || b.left > inOctets {
			return b.direct()
		}
		if _, err := b.in.Peek(1); err != nil {
			return nil, early(err)
		}
	}
	n := b.in.Buffered()
	if b.left >= 0 {
		n = int(min(int64(n), b.left))
		b.left -= int64(n)
	}
	piece, _ := b.in.Peek(n)
	b.taken = n
	if b.left == 0 {
		b.end = true
	}
	return piece, nil
}

// direct reads into the large buffer, past in.
func (b *body) direct() ([]byte, error) {
	into := b.with.buffer()
	if b.left >= 0 {
		into = into[:min(int64(len(into)), b.left)]
	}
	n, err := b.in.Read(into)
	if n > 0 {
		if b.left >= 0 {
			b.left -= int64(n)
		}
		return into[:n], nil
	}
	if err == io.EOF && b.awaited {
		b.end = true
		return nil, io.EOF
	}
	return nil, early(err)
}

func (b *body) nextChunk() ([]byte, error) {
	into := b.with.buffer()
	n, err := b.chunks.Read(into)
	if n > 0 {
		return into[:n], nil // an error comes again
	}
	if err != io.EOF {
		return nil, early(err)
	}
	if err := b.readTrailers(); err != nil {
		return nil, err
	}
	b.end = true
	return nil, io.EOF
}

// readTrailers reads what stands after the last chunk, through the empty line.
func (b *body) readTrailers() error {
	for octets := 0; ; {
		line, err := b.in.ReadSlice('\n')
		if err != nil {
			return early(err)
		}
		if octets += len(line); octets > b.limits.octets || len(b.after) >= b.limits.lines {
			return errTooLarge
		}
		text, ok := strings.CutSuffix(string(line), "\r\n")
		if !ok {
			return malformed("a trailer")
		}
		if text == "" {
			return nil
		}
		f, err := parseField(text)
		if err != nil {
			return err
		}
		if trailerPasses(f.name) {
			b.after = append(b.after, f)
		}
	}
}

// trailerPasses says whether a header may stand after a body (RFC 9110 6.5.1).
func trailerPasses(name string) bool {
	switch name {
	case "Content-Length", "Content-Type", "Content-Encoding", "Content-Range", "Set-Cookie", "Location", "Cache-Control", "Host":
		return false
	}
	return !hopByHop(name)
}

// early makes an end in the middle an error.
func early(err error) error {
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("reading an answer: %w", err)
}
