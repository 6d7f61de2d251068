package forward

import (
	"bytes"
	"crypto/tls"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// speakH2 sends one request of exactly these header fields, and a body if there is one,
// and returns the status; "" if the stream or the connection was refused.
func speakH2(t *testing.T, d *door, fields []hpack.HeaderField, body string) (status string) {
	t.Helper()
	// The door of a test shows a certificate of its own; what is asked is what goes through.
	c, err := tls.Dial("tcp", d.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(5 * time.Second))
	c.Write([]byte(http2.ClientPreface))
	framer := http2.NewFramer(c, c)
	framer.AllowIllegalWrites = true
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	framer.WriteSettings()
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for _, f := range fields {
		encoder.WriteField(f)
	}
	framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes(), EndHeaders: true, EndStream: body == ""})
	if body != "" {
		framer.WriteData(1, true, []byte(body))
	}
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return ""
		}
		switch frame := frame.(type) {
		case *http2.MetaHeadersFrame:
			return frame.PseudoValue("status")
		case *http2.RSTStreamFrame, *http2.GoAwayFrame:
			return ""
		}
	}
}

// TestPseudoHeaders: what can be written in HTTP/2 but not in HTTP/1.1 never becomes a
// second line, a second request or another framing.
func TestPseudoHeaders(t *testing.T) {
	plain := func(change ...string) (fields []hpack.HeaderField) {
		fields = []hpack.HeaderField{{Name: ":method", Value: "GET"}, {Name: ":scheme", Value: "https"}, {Name: ":authority", Value: "h"}, {Name: ":path", Value: "/"}}
		for pair := range slices.Chunk(change, 2) {
			i := slices.IndexFunc(fields, func(f hpack.HeaderField) bool { return f.Name == pair[0] })
			if i >= 0 {
				fields[i].Value = pair[1]
			} else {
				fields = append(fields, hpack.HeaderField{Name: pair[0], Value: pair[1]})
			}
		}
		return fields
	}
	const forwarded = "|X-Forwarded-For: 127.0.0.1|X-Forwarded-Host: h|X-Forwarded-Proto: https"
	for _, c := range []struct {
		name   string
		fields []hpack.HeaderField
		body   string
		want   string // "": nothing reaches the back end
	}{
		{"plain", plain("x-a", "1"), "", "GET / HTTP/1.1|Host: h|X-A: 1" + forwarded},
		{"line end in the path", plain(":path", "/a HTTP/1.1\r\nHost: x\r\n\r\nGET /b"), "", ""},
		{"space in the path", plain(":path", "/a b"), "", "GET /a%20b HTTP/1.1|Host: h" + forwarded},
		{"space in the query", plain(":path", "/a?b HTTP/1.1"), "", ""},
		{"path without a slash", plain(":path", "a"), "", ""},
		{"whole address as path", plain(":path", "http://x/a"), "", ""},
		{"line end in the method", plain(":method", "GET / HTTP/1.1\r\nX: y\r\n\r\nGET"), "", ""},
		{"space in the method", plain(":method", "GET /x"), "", ""},
		{"line end in the authority", plain(":authority", "h\r\nX: y"), "", ""},
		{"user in the authority", plain(":authority", "a@h"), "", ""},
		{"path in the authority", plain(":authority", "h/x"), "", ""},
		{"line end in a value", plain("x-a", "1\r\nX-B: 2"), "", ""},
		{"LF in a value", plain("x-a", "1\nX-B: 2"), "", ""},
		{"NUL in a value", plain("x-a", "1\x00"), "", ""},
		{"line end in a name", plain("x-a: 1\r\nx-b", "2"), "", ""},
		{"colon in a name", plain("x-a:b", "2"), "", ""},
		{"space in a name", plain("x a", "2"), "", ""},
		{"capitals in a name", plain("X-A", "2"), "", ""},
		{"chunked", plain("transfer-encoding", "chunked"), "", ""},
		{"connection", plain("connection", "x-a", "x-a", "1"), "", ""},
		{"upgrade", plain("upgrade", "websocket"), "", ""},
		{"pseudo header late", append(plain("x-a", "1"), hpack.HeaderField{Name: ":path", Value: "/b"}), "", ""},
		{"unknown pseudo header", append([]hpack.HeaderField{{Name: ":x", Value: "1"}}, plain()...), "", ""},
		{"longer than its length", plain(":method", "POST", "content-length", "2"), "abcGET / HTTP/1.1\r\n\r\n", ""},
		{"shorter than its length", plain(":method", "POST", "content-length", "5"), "ab", ""},
		{"two lengths", append(plain(":method", "POST", "content-length", "2"), hpack.HeaderField{Name: "content-length", Value: "5"}), "ab", ""},
		{"no length", plain(":method", "POST"), "ab", "POST / HTTP/1.1|Host: h|Transfer-Encoding: chunked" + forwarded + "||2\r\nab\r\n0\r\n\r\n"},
		{"spoofed", plain("x-forwarded-for", "9", "x_forwarded_for", "9", "forwarded", "for=9", "te", "trailers"), "", "GET / HTTP/1.1|Host: h" + forwarded},
	} {
		t.Run(c.name, func(t *testing.T) {
			var rec recorder
			d := newUnstarted(t, Config{}, raw(t, rec.script))
			d.out = Outgoing{Address: "127.0.0.1", Scheme: "https", Host: "h"}
			d.EnableHTTP2 = true
			d.StartTLS()
			status := speakH2(t, d, c.fields, c.body)
			d.pool.Close()
			got := rec.all()
			if c.want == "" {
				// A length that does not hold may show only when the back end has the header.
				if len(got) > 1 || status == "200" || len(got) == 1 && !strings.Contains(c.name, "length") {
					t.Errorf("status %q, the back end got %q", status, got)
				}
				return
			}
			head, body, _ := strings.Cut(c.want, "||")
			want := strings.Split(head, "|")
			slices.Sort(want[1:])
			if len(got) != 1 || status != "200" {
				t.Fatalf("status %q, the back end got %q", status, got)
			}
			if _, gotBody, _ := strings.Cut(got[0], "\r\n\r\n"); !slices.Equal(lines(got[0]), want) || gotBody != body {
				t.Errorf("%q, want %q %q", got[0], want, body)
			}
		})
	}
}
