package forward

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestSlowClient: one that stops reading holds its back end no longer than the limits.
func TestSlowClient(t *testing.T) {
	back := site(t, func(w http.ResponseWriter, r *http.Request) { io.Copy(w, io.LimitReader(endless{}, 1<<30)) })
	d := newDoor(t, Config{Limits: Limits{Idle: "200ms"}}, back.URL)
	c, err := net.Dial("tcp", d.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	if res := d.result(t, 1); res.Err != ClientGone || res.Duration > 3*time.Second {
		t.Errorf("%+v", res)
	}
}

// TestDoorsCookies: a back end cannot give a client another session of ours, nor move it.
func TestDoorsCookies(t *testing.T) {
	back := raw(t, answering("HTTP/1.1 200 OK\r\nSet-Cookie: session=evil; Path=/\r\nSet-Cookie: route=x\r\nSet-Cookie: session2=a\r\nContent-Length: 0\r\n\r\n"))
	d := newDoor(t, Config{Sticky: Sticky{Cookie: "route"}}, back)
	d.out.Own = func(name string) bool { return name == "session" }
	answer, _, _ := get(t, d.Client(), d.URL)
	cookies := answer.Cookies()
	if len(cookies) != 2 || cookies[0].Name != "session2" || cookies[1].Value != d.pool.members[0].token {
		t.Errorf("%v", cookies)
	}
	d = newDoor(t, Config{}, raw(t, answering("HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: x\r\nSet-Cookie: session=evil\r\nSet-Cookie: a=b\r\n\r\n")))
	d.out.Own = func(name string) bool { return name == "session" }
	c, err := net.Dial("tcp", d.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
	if head, _ := readHead(bufio.NewReader(c)); !strings.HasPrefix(head, "HTTP/1.1 101 ") || strings.Contains(head, "evil") || !strings.Contains(head, "\r\nSet-Cookie: a=b\r\n") {
		t.Errorf("%q", head)
	}
}

// TestPartOfAnAnswer: once an answer began nothing is repeated.
func TestPartOfAnAnswer(t *testing.T) {
	var asked atomic.Int64
	back := raw(t, func(_ int, c net.Conn, in *bufio.Reader) {
		for {
			if _, err := readHead(in); err != nil {
				return
			}
			if asked.Add(1) > 1 {
				io.WriteString(c, "HTTP/1.1 200 O")
				return
			}
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		}
	})
	d := newDoor(t, Config{Backends: []Backend{{Name: "a", URL: back}, {Name: "b", URL: back}}})
	get(t, d.Client(), d.URL)
	get(t, d.Client(), d.URL)
	if res := d.result(t, 2); res.Err != Broken || res.Retried || asked.Load() != 2 {
		t.Errorf("%+v, asked %d", res, asked.Load())
	}
}

// discard is a client that is not there.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(int)             {}
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }

// fixed is a back end that costs next to nothing.
func fixed(t testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	text := []byte("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: Mon, 23 Nov 2026 15:00:00 GMT\r\nContent-Length: 1024\r\n\r\n" + strings.Repeat("x", 1024))
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				for buffer := make([]byte, 4096); ; {
					if _, err := c.Read(buffer); err != nil {
						return
					}
					c.Write(text)
				}
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

func usual(t testing.TB) (*Pool, *http.Request) {
	t.Helper()
	p, err := New(Config{Backends: []Backend{{URL: fixed(t)}}}, options())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	r := httptest.NewRequest("GET", "/a/b?c=d", nil)
	r.Header = http.Header{"User-Agent": {"Mozilla/5.0"}, "Accept": {"*/*"}, "Accept-Language": {"zh-CN"}, "Cookie": {"a=b; c=d"}, "Referer": {"https://gw.example/a"}}
	return p, r
}

// TestAllocations: the usual request costs few, and none that grows.
func TestAllocations(t *testing.T) {
	p, r := usual(t)
	w := &discard{header: http.Header{}}
	o := Outgoing{Address: "192.0.2.1", Scheme: "https", Host: "gw.example"}
	n := testing.AllocsPerRun(200, func() {
		clear(w.header)
		if res := p.Forward(w, r, o); res.Err != "" || res.Sent != 1024 {
			t.Fatal(res)
		}
	})
	if n > 8 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkForward(b *testing.B) {
	p, r := usual(b)
	w := &discard{header: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		clear(w.header)
		if res := p.Forward(w, r, Outgoing{Address: "192.0.2.1", Scheme: "https", Host: "gw.example"}); res.Err != "" {
			b.Fatal(res)
		}
	}
}
