package forward

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestBackEndsThatFail: before the answer the door can show its page; in the middle the
// client notices.
func TestBackEndsThatFail(t *testing.T) {
	hang := func(text string) func(int, net.Conn, *bufio.Reader) {
		return func(_ int, c net.Conn, in *bufio.Reader) {
			readHead(in)
			io.WriteString(c, text)
			io.Copy(io.Discard, in)
		}
	}
	die := func(text string) func(int, net.Conn, *bufio.Reader) {
		return func(_ int, c net.Conn, in *bufio.Reader) {
			readHead(in)
			io.WriteString(c, text)
		}
	}
	for _, c := range []struct {
		name    string
		script  func(int, net.Conn, *bufio.Reader)
		err     string
		started bool
	}{
		{"dies at once", func(_ int, c net.Conn, in *bufio.Reader) { readHead(in) }, Broken, false},
		{"resets", func(_ int, c net.Conn, in *bufio.Reader) { readHead(in); c.(*net.TCPConn).SetLinger(0) }, Broken, false},
		{"dies in the header", die("HTTP/1.1 200 OK\r\nContent-"), Broken, false},
		{"is no web server", die("220 mail ready\r\n"), Broken, false},
		{"says nothing", hang(""), Silent, false},
		{"hangs in the header", hang("HTTP/1.1 200 OK\r\nA: b\r\n"), Silent, false},
		{"dies in the body", die("HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\nabc"), Broken, true},
		{"dies in chunks", die("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n"), Broken, true},
		{"dies in a chunk", die("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc"), Broken, true},
		{"bad chunk", die("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\nzz\r\n"), Broken, true},
		{"hangs in the body", hang("HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\nabc"), Silent, true},
		{"hangs in chunks", hang("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n"), Silent, true},
		{"interim answers without end", hang(strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 100)), Broken, false},
		{"processing without end", hang(strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 9)), Broken, false},
		{"giant header", hang("HTTP/1.1 200 OK\r\n" + strings.Repeat("A: "+strings.Repeat("b", 1000)+"\r\n", 100) + "\r\n"), TooLarge, false},
		{"many headers", hang("HTTP/1.1 200 OK\r\n" + strings.Repeat("A: b\r\n", 300) + "\r\n"), TooLarge, false},
		{"one endless line", hang("HTTP/1.1 200 OK\r\nA: " + strings.Repeat("b", 1<<20)), TooLarge, false},
		{"upgrade nobody asked for", hang("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"), Broken, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDoor(t, Config{Limits: Limits{Header: "200ms", Idle: "200ms"}}, raw(t, c.script))
			var body []byte
			answer, err := d.Client().Get(d.URL)
			if err == nil {
				body, err = io.ReadAll(answer.Body)
				answer.Body.Close()
			}
			res := d.result(t, 1)
			if res.Err != c.err || res.Started != c.started || res.Cause == nil {
				t.Errorf("%+v", res)
			}
			if c.started != (err != nil) {
				t.Errorf("the client read %q and took it for whole", body)
			}
			if !c.started && answer.Header.Get("X-Failed") != c.err {
				t.Errorf("%+v", answer)
			}
			if h := d.pool.Health()[0]; h.Idle != 0 || h.Active != 0 {
				t.Errorf("kept: %+v", h)
			}
		})
	}
}

// TestLongerThanSaid: what comes after the answer belongs to nobody.
func TestLongerThanSaid(t *testing.T) {
	var connections atomic.Int64
	back := raw(t, func(n int, c net.Conn, in *bufio.Reader) {
		connections.Add(1)
		answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret")(n, c, in)
	})
	d := newDoor(t, Config{}, back)
	for range 3 {
		if _, body, err := get(t, d.Client(), d.URL); err != nil || body != "ok" {
			t.Fatal(body, err)
		}
	}
	if connections.Load() != 3 {
		t.Errorf("%d connections", connections.Load())
	}
}

// TestUnasked: an answer that comes over an unused connection is not given to the next
// client.
func TestUnasked(t *testing.T) {
	late := make(chan bool, 10)
	back := raw(t, func(n int, c net.Conn, in *bufio.Reader) {
		for {
			if _, err := readHead(in); err != nil {
				return
			}
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
			time.Sleep(50 * time.Millisecond)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret")
			late <- true
		}
	})
	d := newDoor(t, Config{}, back)
	for range 3 {
		if _, body, err := get(t, d.Client(), d.URL); err != nil || body != "ok" {
			t.Fatal(body, err)
		}
		<-late
	}
}

// TestClosedWhileUnused: a connection the back end closed is noticed before a request is
// risked on it, also one that may not be repeated.
func TestClosedWhileUnused(t *testing.T) {
	back := raw(t, func(_ int, c net.Conn, in *bufio.Reader) {
		head, _ := readHead(in)
		if strings.HasPrefix(head, "POST") {
			io.ReadFull(in, make([]byte, 3))
		}
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
	})
	d := newDoor(t, Config{}, back)
	for range 5 {
		answer, err := d.Client().Post(d.URL, "text/plain", strings.NewReader("abc"))
		if err != nil || answer.StatusCode != 200 {
			t.Fatal(answer, err)
		}
		answer.Body.Close()
		time.Sleep(20 * time.Millisecond)
	}
}

func TestUnreachable(t *testing.T) {
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	l.Close()
	d := newDoor(t, Config{}, "http://"+l.Addr().String())
	if answer, _, _ := get(t, d.Client(), d.URL); answer.StatusCode != 502 || answer.Header.Get("X-Failed") != Unreachable {
		t.Error(answer)
	}
}

// TestClientLeaves: the back end is told by the end of its connection, before and after
// it began to answer.
func TestClientLeaves(t *testing.T) {
	for _, started := range []bool{false, true} {
		gone := make(chan bool)
		back := site(t, func(w http.ResponseWriter, r *http.Request) {
			if started {
				w.Write([]byte("a"))
				w.(http.Flusher).Flush()
			}
			<-r.Context().Done()
			close(gone)
		})
		d := newDoor(t, Config{}, back.URL)
		ctx, leave := context.WithCancel(t.Context())
		request, _ := http.NewRequestWithContext(ctx, "GET", d.URL, nil)
		go func() {
			time.Sleep(300 * time.Millisecond)
			leave()
		}()
		if answer, err := d.Client().Do(request); err == nil {
			io.ReadAll(answer.Body)
			answer.Body.Close()
		}
		select {
		case <-gone:
		case <-time.After(3 * time.Second):
			t.Fatal("the back end is still at work")
		}
		if res := d.result(t, 1); res.Err != ClientGone {
			t.Errorf("%+v", res)
		}
		if h := d.pool.Health()[0]; h.Failures != 0 {
			t.Errorf("held against the back end: %+v", h)
		}
	}
}

// TestRightEnds: cancelling the request's context ends a stream within a moment.
func TestRightEnds(t *testing.T) {
	back := site(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.WriteHeader(200)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	d := newUnstarted(t, Config{}, back.URL)
	ctx, revoke := context.WithCancel(context.Background())
	d.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { d.ServeHTTP(w, r.WithContext(ctx)) })
	d.Start()
	answer, err := d.Client().Get(d.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	start := time.Now()
	revoke()
	if _, err := io.ReadAll(answer.Body); err == nil || time.Since(start) > time.Second {
		t.Error(err, time.Since(start))
	}
}

// TestEvents: each event is with the client before the next is made.
func TestEvents(t *testing.T) {
	next := make(chan bool)
	back := site(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for range 3 {
			io.WriteString(w, "data: x\n\n")
			w.(http.Flusher).Flush()
			<-next
		}
	})
	d := newDoor(t, Config{Limits: Limits{Idle: "50ms"}}, back.URL) // not for event streams
	answer, err := d.Client().Get(d.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	in := bufio.NewReader(answer.Body)
	for range 3 {
		if line, err := in.ReadString('\n'); err != nil || line != "data: x\n" {
			t.Fatal(line, err)
		}
		in.ReadString('\n')
		time.Sleep(100 * time.Millisecond)
		next <- true
	}
	if rest, err := io.ReadAll(in); err != nil || len(rest) > 0 {
		t.Error(rest, err)
	}
}

// TestHints: 103 passes, other interim answers do not.
func TestHints(t *testing.T) {
	d := newDoor(t, Config{}, raw(t, answering("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nX-Secret: 1\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")))
	answer := say(t, d.Listener.Addr().String(), "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
	if !strings.HasPrefix(answer, "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\n") || strings.Count(answer, "Link") != 1 {
		t.Errorf("%q", answer)
	}
}

// TestAnswerHeaders: what is for one connection, or not for clients, does not pass; what
// the door says is not said twice.
func TestAnswerHeaders(t *testing.T) {
	d := newUnstarted(t, Config{}, raw(t, answering("HTTP/1.1 200 OK\r\nConnection: X-Inner\r\nX-Inner: 1\r\nKeep-Alive: 5\r\nProxy-Authenticate: x\r\nAlt-Svc: h3\r\n"+
		"Strict-Transport-Security: max-age=0\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Kept: 1\r\nx-kept: 2\r\nContent-Length: 2\r\n\r\nok")))
	d.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Strict-Transport-Security", "max-age=1")
		w.Header().Set("Set-Cookie", "session=1")
		d.ServeHTTP(w, r)
	})
	d.Start()
	answer, _, _ := get(t, d.Client(), d.URL)
	delete(answer.Header, "Date")
	want := http.Header{"Strict-Transport-Security": {"max-age=1"}, "Set-Cookie": {"session=1", "a=1", "b=2"}, "X-Kept": {"1", "2"}, "Content-Length": {"2"}}
	if len(answer.Header) != len(want) {
		t.Errorf("%q", answer.Header)
	}
	for name, values := range want {
		if strings.Join(answer.Header[name], "|") != strings.Join(values, "|") {
			t.Errorf("%s: %q", name, answer.Header[name])
		}
	}
}

// TestSlowPieces: however an answer is cut, and however long each piece takes within the
// limits, it arrives.
func TestSlowPieces(t *testing.T) {
	pieces := []string{"H", "TTP/1.1 200 OK\r\nTransfer-Enc", "oding: chunked\r\n\r", "\n", "5\r", "\n", "ab", "cde\r", "\n3\r\n", "fgh", "\r\n0", "\r\n", "X-T: 1\r\n", "\r\n"}
	d := newDoor(t, Config{}, raw(t, func(_ int, c net.Conn, in *bufio.Reader) {
		readHead(in)
		for _, piece := range pieces {
			time.Sleep(120 * time.Millisecond)
			io.WriteString(c, piece)
		}
		io.Copy(io.Discard, in)
	}))
	answer, body, err := get(t, d.Client(), d.URL)
	if res := d.result(t, 1); err != nil || body != "abcdefgh" || answer.Trailer.Get("X-T") != "1" || res.Err != "" {
		t.Errorf("%v %q %v %+v", err, body, answer.Trailer, res)
	}
	if h := d.pool.Health()[0]; h.Idle != 1 {
		t.Errorf("%+v", h)
	}
}
