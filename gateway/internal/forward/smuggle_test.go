package forward

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// recorder is a back end that keeps each request's octets and answers "ok".
type recorder struct {
	mu   sync.Mutex
	seen []string
}

func (rec *recorder) script(_ int, c net.Conn, in *bufio.Reader) {
	for {
		head, err := readHead(in)
		if head == "" {
			return
		}
		body := ""
		lower := strings.ToLower(head)
		if _, after, ok := strings.Cut(lower, "\r\ncontent-length: "); ok && err == nil {
			var n int
			fmt.Sscan(after, &n)
			data := make([]byte, n)
			_, err = io.ReadFull(in, data)
			body = string(data)
		} else if strings.Contains(lower, "\r\ntransfer-encoding: chunked\r\n") {
			for err == nil && !strings.HasSuffix(body, "0\r\n\r\n") {
				var b byte
				b, err = in.ReadByte()
				body += string(rune(b))
			}
		}
		rec.mu.Lock()
		rec.seen = append(rec.seen, head+body)
		rec.mu.Unlock()
		if err != nil {
			return
		}
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
	}
}

func (rec *recorder) all() []string {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	return slices.Clone(rec.seen)
}

// lines returns the header lines of a recorded request, sorted, the first one first.
func lines(request string) []string {
	head, _, _ := strings.Cut(request, "\r\n\r\n")
	all := strings.Split(head, "\r\n")
	slices.Sort(all[1:])
	return all
}

// TestWhatBackEndsGet sends raw requests and looks at every octet the back end got.
func TestWhatBackEndsGet(t *testing.T) {
	const ours = "X-Forwarded-For: 127.0.0.1|X-Forwarded-Host: h|X-Forwarded-Proto: http"
	for _, c := range []struct {
		name, send string
		want       string // lines joined by |, then the body after ||; "" for nothing at all
	}{
		{"plain", "GET /a?b HTTP/1.1\r\nHost: h\r\n\r\n", "GET /a?b HTTP/1.1|Host: h|" + ours},
		{"absolute form", "GET http://h/a?b HTTP/1.1\r\nHost: other\r\n\r\n", "GET /a?b HTTP/1.1|Host: h|" + ours},
		{"hop by hop", "GET / HTTP/1.1\r\nHost: h\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\nTE: gzip\r\nTrailer: X\r\nProxy-Authorization: y\r\nHTTP2-Settings: z\r\n\r\n",
			"GET / HTTP/1.1|Host: h|" + ours},
		{"named by Connection", "GET / HTTP/1.1\r\nHost: h\r\nConnection: close, X-Secret,cookie\r\nX-Secret: 1\r\nCookie: a=b\r\nX-Kept: 2\r\n\r\n",
			"GET / HTTP/1.1|Host: h|" + ours + "|X-Kept: 2"},
		{"Connection naming what we add", "GET / HTTP/1.1\r\nHost: h\r\nConnection: X-Forwarded-For, X-Id, Host, Content-Length\r\n\r\n", "GET / HTTP/1.1|Host: h|" + ours},
		{"spoofed", "GET / HTTP/1.1\r\nHost: h\r\nx-forwarded-for: 9.9.9.9\r\nX-Forwarded-User: root\r\nForwarded: for=9.9.9.9\r\nX-Real-IP: 9.9.9.9\r\nX-Original-URL: /admin\r\nProxy: http://x\r\n\r\n",
			"GET / HTTP/1.1|Host: h|" + ours},
		{"spoofed with underscores", "GET / HTTP/1.1\r\nHost: h\r\nX_Forwarded_For: 9.9.9.9\r\nX.Forwarded-For: 9.9.9.9\r\nContent_Length: 5\r\nA+B: 1\r\n\r\n", "GET / HTTP/1.1|Host: h|" + ours},
		{"folded", "GET / HTTP/1.1\r\nHost: h\r\nX-A: one\r\n two\r\n\r\n", "GET / HTTP/1.1|Host: h|X-A: one two|" + ours},
		{"length and chunks", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
			"POST / HTTP/1.1|Host: h|Transfer-Encoding: chunked|" + ours + "||2\r\nab\r\n0\r\n\r\n"},
		{"same length twice", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab", "POST / HTTP/1.1|Content-Length: 2|Host: h|" + ours + "||ab"},
		{"two lengths", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc", ""},
		{"list of lengths", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2, 2\r\n\r\nab", ""},
		{"length with a sign", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +2\r\n\r\nab", ""},
		{"unknown coding", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", ""},
		{"coding list", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n", ""},
		{"coding twice", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", ""},
		{"coding with a tabulator", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n", "POST / HTTP/1.1|Host: h|Transfer-Encoding: chunked|" + ours + "||0\r\n\r\n"},
		{"coding with a vertical tabulator", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", ""},
		{"coding in HTTP/1.0", "POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", "POST / HTTP/1.1|Content-Length: 5|Host: h|" + ours + "||0\r\n\r\n"},
		{"space before the colon", "GET / HTTP/1.1\r\nHost: h\r\nContent-Length : 2\r\n\r\nab", ""},
		{"space in a name", "GET / HTTP/1.1\r\nHost: h\r\nX A: 2\r\n\r\n", ""},
		{"NUL in a value", "GET / HTTP/1.1\r\nHost: h\r\nX-A: a\x00b\r\n\r\n", ""},
		{"CR in a value", "GET / HTTP/1.1\r\nHost: h\r\nX-A: a\rX-B: b\r\n\r\n", ""},
		{"space in the target", "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", ""},
		{"CONNECT", "CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n", ""},
		{"TRACE", "TRACE / HTTP/1.1\r\nHost: h\r\n\r\n", ""},
		{"a host that is none", "GET / HTTP/1.1\r\nHost: h/../x\r\n\r\n", ""},
		{"a host with a user", "GET / HTTP/1.1\r\nHost: a@h\r\n\r\n", ""},
		{"upgrade to HTTP/2", "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n", "GET / HTTP/1.1|Host: h|" + ours},
		{"two upgrades", "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n\r\n", ""},
		{"list of upgrades", "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket, h2c\r\n\r\n", ""},
		{"upgrade with a body", "POST / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\nab", ""},
		{"chunk extension", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2;x=\"a\"\r\nab\r\n0\r\n\r\n", "POST / HTTP/1.1|Host: h|Transfer-Encoding: chunked|" + ours + "||2\r\nab\r\n0\r\n\r\n"},
		{"trailers of a client", "POST / HTTP/1.1\r\nHost: h\r\nTrailer: X-User\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX-User: root\r\n\r\n",
			"POST / HTTP/1.1|Host: h|Transfer-Encoding: chunked|" + ours + "||2\r\nab\r\n0\r\n\r\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var rec recorder
			d := newDoor(t, Config{}, raw(t, rec.script))
			d.out.Host = "h"
			answer := say(t, d.Listener.Addr().String(), strings.Replace(c.send, "\r\nHost:", "\r\nConnection: close\r\nHost:", 1))
			got := rec.all()
			if c.want == "" {
				if len(got) > 0 || strings.HasPrefix(answer, "HTTP/1.1 2") {
					t.Fatalf("the back end got %q, the client %q", got, answer)
				}
				return
			}
			if len(got) != 1 || !strings.Contains(answer, " 200 OK\r\n") {
				t.Fatalf("the back end got %q, the client %q", got, answer)
			}
			head, body, _ := strings.Cut(c.want, "||")
			want := strings.Split(head, "|")
			slices.Sort(want[1:])
			_, gotBody, _ := strings.Cut(got[0], "\r\n\r\n")
			if !slices.Equal(lines(got[0]), want) || gotBody != body {
				t.Errorf("got  %q\nwant %q %q", got[0], want, body)
			}
		})
	}
}

// TestBadChunkFromClient: the back end must not take a broken body for a whole one.
func TestBadChunkFromClient(t *testing.T) {
	for _, chunks := range []string{"zz\r\nab\r\n0\r\n\r\n", "2\r\nabX\r\n0\r\n\r\n", "2\nab\r\n0\r\n\r\n", "FFFFFFFFFFFFFFFFF\r\nab\r\n0\r\n\r\n", "2\r\nab\r\n", "-2\r\nab\r\n0\r\n\r\n"} {
		var rec recorder
		d := newDoor(t, Config{}, raw(t, rec.script))
		c, err := net.Dial("tcp", d.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(c, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"+chunks)
		c.(*net.TCPConn).CloseWrite()
		c.SetDeadline(time.Now().Add(5 * time.Second))
		answer, _ := io.ReadAll(c)
		c.Close()
		if res := d.result(t, 1); res.Err == "" {
			t.Errorf("%q: %+v %q", chunks, res, answer)
		}
		d.pool.Close()
		for _, got := range rec.all() {
			if strings.HasSuffix(got, "0\r\n\r\n") {
				t.Errorf("%q: the back end got %q", chunks, got)
			}
		}
	}
}

// TestEditCannotSmuggle: whatever the identity holds, a header stays one header.
func TestEditCannotSmuggle(t *testing.T) {
	var rec recorder
	back := raw(t, rec.script)
	for name, value := range map[string]string{"X-User": "a\r\nX-Admin: 1", "X-User2": "a\nb", "X-User3": "a\x00b", "X User": "a", "X-User:": "a", "X-\r\nY": "a", "": "a", "X-Del": "\x7f"} {
		d := newDoor(t, Config{}, back)
		d.out.Edit = func(out *http.Request) error {
			out.Header[name] = []string{value}
			return nil
		}
		if answer, _, _ := get(t, d.Client(), d.URL); answer.Header.Get("X-Failed") != Refused || answer.StatusCode != 400 {
			t.Errorf("%q %q: %v", name, value, answer)
		}
	}
	d := newDoor(t, Config{}, back)
	d.out.Edit = func(out *http.Request) error {
		out.Header["Content-Length"], out.Header["Transfer-Encoding"], out.Header["Connection"] = []string{"7"}, []string{"chunked"}, []string{"upgrade"}
		out.Header["dnname"] = []string{"CN=\xd5\xc5\xc8\xfd"} // GBK
		out.URL.RawQuery = "user=a"
		return nil
	}
	if answer, body, _ := get(t, d.Client(), d.URL+"/x?y"); body != "ok" {
		t.Fatal(answer, body)
	}
	got := rec.all()
	want := []string{"GET /x?user=a HTTP/1.1", "Accept-Encoding: gzip", "Host: " + d.Listener.Addr().String(), "User-Agent: Go-http-client/1.1",
		"X-Forwarded-For: 127.0.0.1", "X-Forwarded-Host: " + d.Listener.Addr().String(), "X-Forwarded-Proto: http", "dnname: CN=\xd5\xc5\xc8\xfd"}
	if len(got) != 1 || !slices.Equal(lines(got[0]), want) {
		t.Errorf("%q", got)
	}
	for _, query := range []string{"a b", "a\r\nb", "a\x00"} {
		d := newDoor(t, Config{}, back)
		d.out.Edit = func(out *http.Request) error {
			out.URL.RawQuery = query
			return nil
		}
		if answer, _, _ := get(t, d.Client(), d.URL); answer.Header.Get("X-Failed") != Refused {
			t.Errorf("%q: %v", query, answer)
		}
	}
}

// TestOddNames: where applications want them, what we set still cannot be shadowed.
func TestOddNames(t *testing.T) {
	var rec recorder
	d := newDoor(t, Config{OddNames: true, Forwarded: ForwardedBoth}, raw(t, rec.script))
	d.out = Outgoing{Address: "2001:db8::1", Scheme: "https", Host: `gw:8443`}
	say(t, d.Listener.Addr().String(), "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX_Forwarded.For: 9\r\nMy_Name: 1\r\nX_Real_IP: 9\r\n\r\n")
	want := []string{"GET / HTTP/1.1", `Forwarded: for="[2001:db8::1]";host="gw:8443";proto=https`, "Host: h", "My_name: 1", "X-Forwarded-For: 2001:db8::1", "X-Forwarded-Host: gw:8443", "X-Forwarded-Proto: https"}
	if got := rec.all(); len(got) != 1 || !slices.Equal(lines(got[0]), want) {
		t.Errorf("%q", got)
	}
}

// TestHTTP2Client: pseudo headers and values a client of HTTP/2 can write.
func TestHTTP2Client(t *testing.T) {
	var rec recorder
	d := newUnstarted(t, Config{}, raw(t, rec.script))
	d.EnableHTTP2 = true
	d.StartTLS()
	request, _ := http.NewRequest("GET", d.URL, nil)
	request.URL.Path, request.URL.RawQuery = "/a b", "x y HTTP/1.1"
	answer, err := d.Client().Do(request)
	if err == nil {
		answer.Body.Close()
		if answer.ProtoMajor != 2 || answer.StatusCode != 400 || answer.Header.Get("X-Failed") != Refused {
			t.Errorf("%+v", answer)
		}
	}
	request.URL.RawQuery = ""
	if answer, err = d.Client().Do(request); err != nil || answer.StatusCode != 200 {
		t.Fatal(answer, err)
	}
	answer.Body.Close()
	if got := rec.all(); len(got) != 1 || lines(got[0])[0] != "GET /a%20b HTTP/1.1" {
		t.Errorf("%q", got)
	}
}
