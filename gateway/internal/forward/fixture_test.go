package forward

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// quiet is a log nobody reads.
func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// options are good ones.
func options() Options { return Options{Key: bytes.Repeat([]byte{7}, 32), Log: quiet()} }

// door is what stands before a pool in the tests: it forwards everything, and shows the
// code of what failed.
type door struct {
	*httptest.Server
	pool *Pool
	out  Outgoing // Address, Scheme and Host are filled in where empty

	mu      sync.Mutex
	results []Result
}

func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o := d.out
	if o.Address == "" {
		o.Address, _, _ = net.SplitHostPort(r.RemoteAddr)
	}
	if o.Scheme == "" {
		o.Scheme = "http"
	}
	if o.Host == "" {
		o.Host = r.Host
	}
	res := d.pool.Forward(w, r, o)
	d.mu.Lock()
	d.results = append(d.results, res)
	d.mu.Unlock()
	if res.Err != "" && !res.Started {
		w.Header().Set("X-Failed", res.Err)
		w.WriteHeader(res.StatusOfErr())
		return
	}
	res.End()
}

// last waits for the result of request n (from 1).
func (d *door) result(t *testing.T, n int) Result {
	t.Helper()
	for range 500 {
		d.mu.Lock()
		if len(d.results) >= n {
			defer d.mu.Unlock()
			return d.results[n-1]
		}
		d.mu.Unlock()
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("request %d has no result", n)
	return Result{}
}

// newDoor opens a door before the back ends at urls, and holds at the end that nothing is
// left running.
func newDoor(t *testing.T, c Config, urls ...string) *door {
	t.Helper()
	d := newUnstarted(t, c, urls...)
	d.Start()
	return d
}

func newUnstarted(t *testing.T, c Config, urls ...string) *door {
	t.Helper()
	for _, u := range urls {
		c.Backends = append(c.Backends, Backend{URL: u})
	}
	before := workers()
	pool, err := New(c, options())
	if err != nil {
		t.Fatal(err)
	}
	d := &door{pool: pool}
	d.Server = httptest.NewUnstartedServer(d)
	d.Config.ErrorLog = silent()
	t.Cleanup(func() {
		d.Server.CloseClientConnections()
		d.Server.Close()
		d.pool.Close()
		for range 300 {
			if workers() <= before {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		stacks := make([]byte, 1<<20)
		t.Errorf("%d goroutines before, %d after:\n%s", before, workers(), stacks[:runtime.Stack(stacks, true)])
	})
	return d
}

// site is a back end of net/http.
func site(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = silent()
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// raw is a back end that answers each connection with what script does to it.
func raw(t *testing.T, script func(n int, c net.Conn, in *bufio.Reader)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	group.Go(func() {
		for n := 0; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			ctx, cancel := context.WithCancel(t.Context())
			stop := context.AfterFunc(ctx, func() { c.Close() })
			group.Go(func() {
				defer cancel()
				defer stop()
				defer c.Close()
				script(n, c, bufio.NewReader(c))
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		group.Wait()
	})
	return "http://" + l.Addr().String()
}

// readHead reads a request's header as it came.
func readHead(in *bufio.Reader) (text string, err error) {
	for {
		line, err := in.ReadString('\n')
		if text += line; err != nil {
			return text, err
		}
		if strings.TrimRight(line, "\r\n") == "" {
			return text, nil
		}
	}
}

// answering answers each request without a body with the same octets.
func answering(text string) func(int, net.Conn, *bufio.Reader) {
	return func(_ int, c net.Conn, in *bufio.Reader) {
		for {
			if _, err := readHead(in); err != nil {
				return
			}
			if _, err := io.WriteString(c, text); err != nil {
				return
			}
		}
	}
}

// get asks and returns the answer with its whole body; err is of reading the body.
func get(t *testing.T, client *http.Client, url string) (answer *http.Response, body string, err error) {
	t.Helper()
	answer, err = client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	return answer, string(data), err
}

// say writes text over a connection of its own and returns everything that comes back.
func say(t *testing.T, address, text string) string {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	data, _ := io.ReadAll(c)
	return string(data)
}

func silent() *log.Logger { return slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) }

// workers counts the goroutines that run, or were started by, the code under test.
func workers() (n int) {
	stacks := make([]byte, 4<<20)
	for stack := range bytes.SplitSeq(stacks[:runtime.Stack(stacks, true)], []byte("\n\n")) {
		for _, part := range []string{"forward.(*flow)", "forward.(*sending)", "forward.(*tunnel)", "forward.(*backend)", "forward.(*Pool)"} {
			if bytes.Contains(stack, []byte(part)) {
				n++
				break
			}
		}
	}
	return n
}
