package serve

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"onecert/pki"
)

func TestSlowHeaderIsCutOff(t *testing.T) {
	limits := DefaultLimits()
	limits.Header = 100 * time.Millisecond
	base := start(t, Server{Name: "slow", Handler: newAPI(t, &object{}, nil), Limits: limits})
	conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "GET /livez HTTP/1.1\r\nHost: a\r\nX-Slow: ")
	conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.Copy(io.Discard, conn); errors.Is(err, context.DeadlineExceeded) || isTimeout(err) {
		t.Error("the connection stayed open")
	}
}

func isTimeout(err error) bool {
	n, ok := errors.AsType[net.Error](err)
	return ok && n.Timeout()
}

func TestLongHeaderIsRefused(t *testing.T) {
	limits := DefaultLimits()
	limits.HeaderBytes = 1 << 10 // net/http allows 4 KiB more
	base := start(t, Server{Name: "long", Handler: newAPI(t, &object{}, nil), Limits: limits})
	r, _ := http.NewRequest("GET", base+"/livez", nil)
	r.Header.Set("X-Long", strings.Repeat("a", 8<<10))
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("status %d", response.StatusCode)
	}
}

// slowAPI has an operation whose handler outlives the deadline of its body.
func slowAPI(t *testing.T, handler func(context.Context) error) *API {
	a := New(Config{Title: "t", Version: "1", Log: logTo(io.Discard)})
	huma.Register(a.Huma, huma.Operation{OperationID: "slow", Method: "PUT", Path: "/things/{serial}", BodyReadTimeout: 50 * time.Millisecond},
		func(ctx context.Context, in *thingIn) (*thingOut, error) { return &thingOut{in.Body}, handler(ctx) })
	return a
}

func TestSlowBodyIsRefused(t *testing.T) {
	base := start(t, Server{Name: "slow", Handler: slowAPI(t, func(context.Context) error { return nil })})
	body, end := io.Pipe()
	defer end.Close()
	go io.WriteString(end, `{"name":`)
	r, _ := http.NewRequest("PUT", base+"/things/1", body)
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusRequestTimeout || !isProblem(response.Header) {
		t.Errorf("status %d %v", response.StatusCode, response.Header)
	}
}

// huma's deadline for the body stays on the connection, and net/http would cancel
// the handler when it passes.
func TestHandlerOutlivesTheBodysDeadline(t *testing.T) {
	a := slowAPI(t, func(ctx context.Context) error {
		time.Sleep(200 * time.Millisecond)
		return ctx.Err()
	})
	base := start(t, Server{Name: "slow", Handler: a})
	c, _ := NewClient(base, nil)
	for range 2 {
		if _, err := Call[thing, thing](context.Background(), c, "PUT", "/things/1", &thing{Name: "a"}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSources(t *testing.T) {
	for text, want := range map[string]string{
		"10.1.2.3:5": "10.1.2.3/32", "[::ffff:10.1.2.3]:5": "10.1.2.3/32",
		"[2001:db8:1:2:3::4]:5": "2001:db8:1:2::/64", "[fe80::1%lo]:5": "fe80::/64",
	} {
		a, err := net.ResolveTCPAddr("tcp", text)
		if err != nil {
			t.Fatal(err)
		}
		if got := sourceOf(a).String(); got != want {
			t.Errorf("%s is of %s, want %s", text, got, want)
		}
	}
	if sourceOf(&net.UnixAddr{}).IsValid() {
		t.Error("a Unix socket has a source")
	}
	l := Fair(nil, 2).(*seats)
	var first *seat
	for i := range 100 {
		c := &seat{Conn: &caller{}, of: l}
		if got := l.take(c, sourceOf(&net.TCPAddr{IP: net.IPv4(10, 0, 0, byte(i))})); got != (i < 2) {
			t.Errorf("%d: %v", i, got)
		}
		if i == 0 {
			first = c
		}
	}
	first.Close()
	if len(l.crowds) != 1 || l.open != 1 {
		t.Errorf("%d sources, %d open", len(l.crowds), l.open)
	}
}

func TestStopLetsRequestsEnd(t *testing.T) {
	entered, leave := make(chan bool), make(chan bool)
	o := &object{act: func(context.Context) error { entered <- true; <-leave; return nil }}
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- Run(ctx, Server{Name: "things", Listener: l, Handler: newAPI(t, o, nil), Log: logTo(io.Discard)})
	}()
	c, _ := NewClient("http://"+l.Addr().String(), nil)
	answer := make(chan error, 1)
	go func() {
		_, err := Call[thing, thing](context.Background(), c, "PUT", "/things/1", &thing{Name: "a"})
		answer <- err
	}()
	<-entered
	cancel()
	for { // until the listener is closed
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			break
		}
		conn.Close()
	}
	close(leave)
	if err := <-answer; err != nil {
		t.Errorf("the request under way: %v", err)
	}
	if err := <-done; err != nil {
		t.Errorf("Run: %v", err)
	}
}

func TestStopCutsWhatDoesNotEnd(t *testing.T) {
	entered := make(chan bool)
	var once sync.Once
	o := &object{act: func(ctx context.Context) error { once.Do(func() { close(entered) }); <-ctx.Done(); return ctx.Err() }}
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	ctx, cancel := context.WithCancel(context.Background())
	limits := DefaultLimits()
	limits.Stop = 50 * time.Millisecond
	done := make(chan error, 1)
	go func() {
		done <- Run(ctx, Server{Name: "t", Listener: l, Handler: newAPI(t, o, nil), Limits: limits, Log: logTo(io.Discard)})
	}()
	c, _ := NewClient("http://"+l.Addr().String(), nil)
	answer := make(chan error, 1)
	go func() {
		_, err := Call[thing, thing](context.Background(), c, "PUT", "/things/1", &thing{Name: "a"})
		answer <- err
	}()
	<-entered
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	mustKind(t, <-answer, pki.Unavailable, "remote.unreachable")
}

func TestHeldRequestEndsWhenTheServerStops(t *testing.T) {
	entered := make(chan bool)
	limits := DefaultLimits()
	limits.Request = 100 * time.Millisecond // Hold has to extend it
	a := slowAPI(t, func(ctx context.Context) error {
		held, cancel := Hold(ctx, time.Minute)
		defer cancel()
		time.Sleep(300 * time.Millisecond)
		if held.Err() != nil || ctx.Err() != nil {
			t.Errorf("cancelled before the stop: %v %v", held.Err(), ctx.Err())
		}
		entered <- true
		<-held.Done()
		return nil
	})
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- Run(ctx, Server{Name: "t", Listener: l, Handler: a, Limits: limits, Log: logTo(io.Discard)})
	}()
	c, _ := NewClient("http://"+l.Addr().String(), nil)
	answer := make(chan error, 1)
	go func() {
		_, err := Call[thing, thing](context.Background(), c, "PUT", "/things/1", &thing{Name: "a"})
		answer <- err
	}()
	<-entered
	cancel()
	if err := <-answer; err != nil {
		t.Errorf("the held request: %v", err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestHoldWithoutServer(t *testing.T) {
	ctx, cancel := Hold(context.Background(), time.Millisecond)
	defer cancel()
	<-ctx.Done()
	if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		t.Error(ctx.Err())
	}
}

func TestOldConnectionsAreClosed(t *testing.T) {
	limits := DefaultLimits()
	limits.Age = time.Nanosecond
	base := start(t, Server{Name: "t", Handler: newAPI(t, &object{}, nil), Limits: limits})
	response, err := http.Get(base + "/livez")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if !response.Close {
		t.Error("the connection is kept")
	}
}

func TestRunFailsWhole(t *testing.T) {
	taken, _ := net.Listen("tcp", "127.0.0.1:0")
	defer taken.Close()
	free, _ := net.Listen("tcp", "127.0.0.1:0")
	err := Run(context.Background(), Server{Name: "a", Listener: free, Handler: http.NotFoundHandler()},
		Server{Name: "b", Address: taken.Addr().String(), Handler: http.NotFoundHandler()})
	if err == nil || !strings.Contains(err.Error(), "listening for b") {
		t.Errorf("got %v", err)
	}
	if _, err := net.Dial("tcp", free.Addr().String()); err == nil {
		t.Error("the other listener stayed open")
	}
	broken, _ := net.Listen("tcp", "127.0.0.1:0")
	broken.Close()
	good, _ := net.Listen("tcp", "127.0.0.1:0")
	err = Run(context.Background(), Server{Name: "a", Listener: good, Handler: http.NotFoundHandler(), Log: logTo(io.Discard)},
		Server{Name: "b", Listener: broken, Handler: http.NotFoundHandler(), Log: logTo(io.Discard)})
	if err == nil || !strings.Contains(err.Error(), "serving b") {
		t.Errorf("got %v", err)
	}
}

func TestHTTP2IsSpokenToo(t *testing.T) {
	ca := newAuthority(t, "Demo CA")
	own := ca.leaf("centre.issuer", nil)
	known := registered{}
	known.add(own)
	a := newAPI(t, &object{}, func(c *Config) { c.Peers = &Peers{Roots: ca.pool(), Who: known.who} })
	base := start(t, Server{Name: "t", TLS: ServerTLS(ca.leaf("server", nil), nil), Handler: a})
	transport := &http.Transport{TLSClientConfig: ClientTLS(own, ca.pool(), nil), ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	c := &Client{Base: base, HTTP: &http.Client{Transport: transport}}
	response, err := c.HTTP.Get(base + "/who")
	if err != nil || response.ProtoMajor != 2 || response.StatusCode != 200 {
		t.Fatalf("%v %+v", err, response)
	}
	response.Body.Close()
	if got, err := Call[thing, thing](context.Background(), c, "PUT", "/things/1", &thing{Name: "a"}); err != nil || got.Name != "a" {
		t.Errorf("%+v %v", got, err)
	}
	_, err = Call[struct{}, thing](context.Background(), c, "GET", "/nothing", nil)
	mustKind(t, err, pki.Unknown, "request.path")
}

func TestHealth(t *testing.T) {
	j := &journal{}
	now := &clock{now: time.Now()}
	a := newAPI(t, &object{}, func(c *Config) { c.Log, c.Now = logTo(j), now.Now })
	var broken error
	asked := 0
	a.Ready("database", func(context.Context) error { asked++; return broken })
	a.Ready("clock", func(context.Context) error { return nil })
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		a.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		return w
	}
	if w := get("/livez"); w.Code != 200 {
		t.Errorf("livez: %d", w.Code)
	}
	if w := get("/readyz"); w.Code != 200 || strings.TrimSpace(w.Body.String()) != `{"ready":true,"checks":{"clock":"ok","database":"ok"}}` {
		t.Errorf("readyz: %d %s", w.Code, w.Body)
	}
	broken = errors.New("disk /dev/x full")
	if get("/readyz"); asked != 1 {
		t.Errorf("asked %d times within a second", asked)
	}
	now.add(readyLife)
	w := get("/readyz")
	if w.Code != 503 || !strings.Contains(w.Body.String(), `"database":"failing"`) || strings.Contains(w.Body.String(), "disk") {
		t.Errorf("readyz: %d %s", w.Code, w.Body)
	}
	if !strings.Contains(j.String(), "disk /dev/x full") {
		t.Errorf("log: %s", j)
	}
	broken = nil
	now.add(readyLife)
	if w := get("/readyz"); w.Code != 200 || !strings.Contains(j.String(), "passes again") {
		t.Errorf("readyz: %d, log %s", w.Code, j)
	}
}

func TestMetrics(t *testing.T) {
	a := newAPI(t, &object{}, nil)
	put(a, `{"name":"a"}`)
	put(a, `{"name":""}`)
	a.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/chosen-by-a-stranger", nil))
	w := httptest.NewRecorder()
	a.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	text := w.Body.String()
	for _, want := range []string{
		`onecert_requests_total{operation="put-thing",status="200"} 1`, `onecert_requests_total{operation="put-thing",status="422"} 1`,
		`onecert_requests_total{operation="other",status="404"} 1`, `onecert_request_seconds_count{operation="put-thing"} 2`, "go_goroutines"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(text, "stranger") {
		t.Error("a caller chose a label")
	}
	guarded := newAPI(t, &object{}, func(c *Config) { c.Peers = &Peers{} })
	w = httptest.NewRecorder()
	guarded.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if p := problemIn(t, w); p.Status != 401 {
		t.Errorf("got %+v", p)
	}
}

func TestNoSessionTickets(t *testing.T) {
	ca := newAuthority(t, "Demo CA")
	base := start(t, Server{Name: "t", TLS: ServerTLS(ca.leaf("server", nil), nil), Handler: newAPI(t, &object{}, nil)})
	config := ClientTLS(nil, ca.pool(), nil)
	config.ClientSessionCache = tls.NewLRUClientSessionCache(4)
	for range 2 {
		conn, err := tls.Dial("tcp", strings.TrimPrefix(base, "https://"), config)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(conn, "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")
		if _, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil {
			t.Fatal(err)
		}
		if conn.ConnectionState().DidResume {
			t.Error("the session was resumed")
		}
		conn.Close()
	}
}
