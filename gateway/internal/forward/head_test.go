package forward

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

var testLimits = headLimits{8 << 10, 50}

// readAnswer reads one answer of octets by our own reader.
func readAnswer(data []byte, method string) (h head, body []byte, trailers []field, rest int, err error) {
	in := bufio.NewReaderSize(bytes.NewReader(data), inOctets)
	if err = h.read(in, testLimits); err != nil {
		return h, nil, nil, 0, err
	}
	f := &flow{pool: &Pool{}}
	b := &(&conn{}).body
	b.with = f
	b.frame(in, &h, method, testLimits)
	for {
		piece, err := b.next()
		body = append(body, piece...)
		if err == io.EOF {
			break
		}
		if err != nil {
			return h, body, nil, 0, err
		}
	}
	left, _ := io.ReadAll(in)
	return h, body, b.after, len(left), nil
}

func TestHeadsRefused(t *testing.T) {
	for _, text := range []string{
		"", "\r\n\r\n", "HTTP/1.1 200 OK\r\n", "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.2 200 OK\r\n\r\n", "http/1.1 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
		"HTTP/1.1 +20 OK\r\n\r\n", "HTTP/1.1  200 OK\r\n\r\n", "HTTP/1.1\t200 OK\r\n\r\n", "HTTP/1.1 099 OK\r\n\r\n", "ICY 200 OK\r\n\r\n",
		"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "HTTP/1.1 200 OK\r\n A: b\r\n\r\n", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", "HTTP/1.1 200 OK\r\n: b\r\n\r\n",
		"HTTP/1.1 200 OK\r\nA\r\n\r\n", "HTTP/1.1 200 OK\r\nA: b\rC: d\r\n\r\n", "HTTP/1.1 200 OK\r\nA: \x00\r\n\r\n", "HTTP/1.1 200 OK\r\nA\x00: b\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na", "HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\na", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\na", "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999999\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0x1\r\n\r\na",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\nab\r\n0\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcd",
		"HTTP/1.1 200 OK\r\n" + strings.Repeat("A: b\r\n", 51) + "\r\n", "HTTP/1.1 200 OK\r\nA: " + strings.Repeat("b", 9<<10) + "\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + strings.Repeat("A: b\r\n", 60) + "\r\n",
	} {
		if _, _, _, _, err := readAnswer([]byte(text), "GET"); err == nil {
			t.Errorf("accepted %.80q", text)
		}
	}
}

func TestHeadsRead(t *testing.T) {
	for _, c := range []struct {
		text, method, body string
		status, rest       int
		close              bool
	}{
		{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabXX", "GET", "ab", 200, 2, false},
		{"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nab", "GET", "ab", 200, 0, false},
		{"HTTP/1.1 200 OK\nContent-Length: 2\n\nab", "GET", "ab", 200, 0, false},
		{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", "HEAD", "", 200, 0, false},
		{"HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n", "GET", "", 304, 0, false},
		{"HTTP/1.1 204 No Content\r\n\r\n", "GET", "", 204, 0, false},
		{"HTTP/1.1 200 OK\r\nConnection: x-a, CLOSE\r\n\r\nall", "GET", "all", 200, 0, true},
		{"HTTP/1.0 200 OK\r\n\r\nall", "GET", "all", 200, 0, true},
		{"HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n2\r\nab\r\n1;x\r\nc\r\n0\r\nX-T: 1\r\nContent-Length: 5\r\n\r\nXX", "GET", "abc", 200, 2, false},
	} {
		h, body, _, rest, err := readAnswer([]byte(c.text), c.method)
		if err != nil || string(body) != c.body || h.status != c.status || rest != c.rest || h.close != c.close {
			t.Errorf("%q: %v %q %d rest %d close %v", c.text, err, body, h.status, rest, h.close)
		}
	}
	_, _, trailers, _, _ := readAnswer([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nx-t: 1\r\nContent-Length: 5\r\nConnection: x\r\n\r\n"), "GET")
	if !slices.Equal(trailers, []field{{"X-T", "1"}}) {
		t.Errorf("%v", trailers)
	}
}

// FuzzAnswer holds that we accept nothing that net/http refuses, and read the same where
// both accept.
func FuzzAnswer(f *testing.F) {
	for _, text := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\nall",
		"HTTP/1.1 200 OK\nA: b\n\nab", "HTTP/1.1 304 x\r\nContent-Length: 2\r\n\r\n", "HTTP/1.1 200 OK\r\nTrailer: X\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: 1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", "HTTP/1.1 101 x\r\nUpgrade: websocket\r\n\r\n", "HTTP/1.1 200 OK\r\nConnection: close, A\r\nA: \xff\r\n\r\n", "HTTP/1.1 200 \r\r\n\r\n\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 2 \r\n\r\nab", "HTTP/1.1 200 OK\r\nA: b\n\r\nab\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;\r\nab\r\n00\r\n\r\n",
	} {
		f.Add([]byte(text), false)
	}
	f.Fuzz(func(t *testing.T, data []byte, isHead bool) {
		method := map[bool]string{true: "HEAD", false: "GET"}[isHead]
		h, body, trailers, rest, err := readAnswer(data, method)
		if err != nil {
			return
		}
		in := bufio.NewReader(bytes.NewReader(data))
		theirs, err := http.ReadResponse(in, &http.Request{Method: method})
		if err != nil {
			t.Fatalf("we accept what net/http refuses: %v", err)
		}
		whole, err := io.ReadAll(theirs.Body)
		if err != nil {
			t.Fatalf("we accept a body that net/http refuses: %v", err)
		}
		if theirs.StatusCode != h.status || !bytes.Equal(whole, body) {
			t.Fatalf("%d %q, net/http %d %q", h.status, body, theirs.StatusCode, whole)
		}
		if theirs.Close && !h.close && h.length < 0 && !h.chunked && !h.bodiless(method) && rest > 0 {
			t.Fatal("we would go on where net/http ends")
		}
		left, _ := io.ReadAll(in)
		if len(left) != rest {
			t.Fatalf("we leave %d octets, net/http %d", rest, len(left))
		}
		for _, one := range h.fields {
			switch one.name {
			case "Transfer-Encoding", "Trailer", "Connection", "Pragma", "Content-Length":
				continue
			}
			if !slices.Contains(theirs.Header[one.name], one.value) {
				t.Fatalf("%q: %q is not in net/http's %q", one.name, one.value, theirs.Header[one.name])
			}
		}
		for _, one := range trailers {
			if !slices.Contains(theirs.Trailer[one.name], one.value) {
				t.Fatalf("trailer %q: %q is not in net/http's %q", one.name, one.value, theirs.Trailer)
			}
		}
	})
}

// TestHeadInPieces: however the octets come, the same is read.
func TestHeadInPieces(t *testing.T) {
	text := "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nA: " + strings.Repeat("x", 5000) + "\r\n\r\nab"
	var h head
	in := bufio.NewReaderSize(iotest.OneByteReader(strings.NewReader(text)), 64)
	if err := h.read(in, testLimits); err != nil || len(h.fields) != 2 || h.length != 2 {
		t.Fatal(err, h)
	}
	in = bufio.NewReader(iotest.OneByteReader(strings.NewReader(text)))
	if err := h.read(in, headLimits{1000, 10}); !errors.Is(err, errTooLarge) {
		t.Error(err)
	}
	if rest, _ := io.ReadAll(in); len(rest) == 0 {
		t.Error("read on after the limit")
	}
}

// Eight octets looked at at once say of every octet at every place what one alone says.
func TestGoodValues(t *testing.T) {
	for c := range 256 {
		good := c == '\t' || c >= ' ' && c != 0x7f
		for n := range 20 {
			for _, around := range []string{"a", "\t", "\xff", " ", "\x80", "~"} {
				value := strings.Repeat(around, n) + string([]byte{byte(c)}) + strings.Repeat(around, 19-n)
				if goodValue(value) != good || goodValue(value[:n+1]) != good {
					t.Fatalf("%q is said to be %v", value, !good)
				}
			}
		}
	}
}
