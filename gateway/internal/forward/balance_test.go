package forward

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// named is a back end that says its name.
func namedSite(t *testing.T, name string) *httptest.Server {
	return site(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, name+" "+r.Header.Get("Cookie")) })
}

func tally(t *testing.T, d *door, n int) map[string]int {
	t.Helper()
	got := map[string]int{}
	for range n {
		_, body, err := get(t, d.Client(), d.URL)
		if err != nil {
			t.Fatal(err)
		}
		got[strings.TrimSpace(body)]++
	}
	return got
}

func TestWeights(t *testing.T) {
	a, b, c := namedSite(t, "a"), namedSite(t, "b"), namedSite(t, "c")
	d := newDoor(t, Config{Backends: []Backend{{URL: a.URL, Weight: 3}, {URL: b.URL}, {URL: c.URL, Weight: 5, Drain: true}}})
	if got := tally(t, d, 40); got["a"] != 30 || got["b"] != 10 {
		t.Errorf("%v", got)
	}
}

// TestSchedule: over each round everybody gets their weight, and nobody waits longer than
// a round.
func TestSchedule(t *testing.T) {
	for _, weights := range [][]int{{1}, {1, 1}, {5, 1, 1}, {100, 1}, {7, 3, 2}, {100, 100, 99}} {
		var members []*member
		total := 0
		for i, w := range weights {
			members = append(members, &member{name: fmt.Sprint(i), weight: w})
			total += w
		}
		round := schedule(members)
		count := map[*member]int{}
		for _, m := range round {
			count[m]++
		}
		for _, m := range members {
			if count[m] != m.weight || len(round) != total {
				t.Errorf("%v: %v has %d", weights, m.name, count[m])
			}
		}
	}
}

func TestLeastConnections(t *testing.T) {
	hold := make(chan bool)
	slow := site(t, func(w http.ResponseWriter, r *http.Request) { <-hold; io.WriteString(w, "slow") })
	fast := namedSite(t, "fast")
	d := newDoor(t, Config{Balance: LeastConnections}, slow.URL, fast.URL)
	var group sync.WaitGroup
	group.Go(func() { get(t, d.Client(), d.URL) })
	time.Sleep(100 * time.Millisecond)
	if d.pool.members[0].active.Load() == 0 { // it went to the fast one
		group.Go(func() { get(t, d.Client(), d.URL) })
		time.Sleep(100 * time.Millisecond)
	}
	if got := tally(t, d, 10); got["fast"] != 10 {
		t.Errorf("%v", got)
	}
	close(hold)
	group.Wait()
}

func TestSticky(t *testing.T) {
	a, b := namedSite(t, "a"), namedSite(t, "b")
	d := newDoor(t, Config{Sticky: Sticky{Cookie: "route"}}, a.URL, b.URL)
	jar, _ := cookiejar.New(nil)
	client := &http.Client{Transport: d.Client().Transport, Jar: jar}
	answer, first, _ := get(t, client, d.URL)
	cookie := answer.Cookies()[0]
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || strings.Contains(answer.Header.Get("Set-Cookie"), "127.0.0.1") || len(cookie.Value) != 24 {
		t.Errorf("%+v", cookie)
	}
	for range 10 {
		if answer, body, _ := get(t, client, d.URL); body != first || len(answer.Cookies()) != 0 {
			t.Fatal(body, answer.Header)
		}
	}
	// A made-up value is nobody's; other cookies stay.
	request, _ := http.NewRequest("GET", d.URL, nil)
	request.Header.Set("Cookie", "x=1; route=nobody;y=2")
	answer, err := d.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(answer.Body)
	answer.Body.Close()
	if !strings.HasSuffix(string(body), " x=1; y=2") || len(answer.Cookies()) != 1 {
		t.Errorf("%q %v", body, answer.Cookies())
	}
	// Where it goes down the browser moves, and stays there.
	d.pool.members[0].health.down.Store(true)
	moved, _, _ := get(t, client, d.URL)
	_, second, _ := get(t, client, d.URL)
	d.pool.members[0].health.down.Store(false)
	_, third, _ := get(t, client, d.URL)
	if second[0] != 'b' || third != second || first[0] == 'a' && len(moved.Cookies()) != 1 {
		t.Errorf("%q %q %q", first, second, third)
	}
}

// TestRetry: what may be repeated is, once, at another; what may not is not.
func TestRetry(t *testing.T) {
	var asked, posts atomic.Int64
	bad := raw(t, func(_ int, c net.Conn, in *bufio.Reader) {
		head, _ := readHead(in)
		if asked.Add(1); strings.HasPrefix(head, "POST") {
			posts.Add(1)
		}
	})
	good := namedSite(t, "good")
	for _, c := range []struct {
		method, body string
		retries      Retries
		again        bool
	}{
		{"GET", "", "", true}, {"HEAD", "", "", true}, {"OPTIONS", "", RetrySafe, true}, {"GET", "", RetryNone, false}, {"POST", "", "", false},
		{"DELETE", "", "", false}, {"PUT", "x", "", false}, {"GET", "x", "", false}, {"POST", strings.Repeat("x", 100_000), "", false},
	} {
		d := newDoor(t, Config{Retries: c.retries, Passive: Passive{Failures: -1}}, bad, good.URL)
		before := asked.Load()
		failed := 0
		for range 4 {
			request, _ := http.NewRequest(c.method, d.URL, strings.NewReader(c.body))
			answer, err := d.Client().Do(request)
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			if answer.StatusCode != 200 {
				failed++
			}
		}
		if c.again != (failed == 0) || asked.Load()-before != 2 {
			t.Errorf("%s %d %s: %d failed, asked %d times", c.method, len(c.body), c.retries, failed, asked.Load()-before)
		}
	}
	// Nothing was sent to one that cannot be reached: any request may go on.
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	l.Close()
	d := newDoor(t, Config{Passive: Passive{Failures: -1}}, "http://"+l.Addr().String(), good.URL)
	for range 4 {
		answer, err := d.Client().Post(d.URL, "text/plain", strings.NewReader(strings.Repeat("x", 100_000)))
		if err != nil || answer.StatusCode != 200 {
			t.Fatal(answer, err)
		}
		answer.Body.Close()
	}
}

// TestNoRetryAfterSilence: a back end that may still be at work is not doubled.
func TestNoRetryAfterSilence(t *testing.T) {
	silent := raw(t, func(_ int, c net.Conn, in *bufio.Reader) { io.Copy(io.Discard, in) })
	d := newDoor(t, Config{Limits: Limits{Header: "100ms"}, Passive: Passive{Failures: -1}, Backends: []Backend{{Name: "a", URL: silent}, {Name: "b", URL: silent}}})
	get(t, d.Client(), d.URL)
	if res := d.result(t, 1); res.Err != Silent || res.Retried {
		t.Errorf("%+v", res)
	}
}

func TestPassive(t *testing.T) {
	var asked atomic.Int64
	bad := raw(t, func(_ int, c net.Conn, in *bufio.Reader) {
		asked.Add(1)
		readHead(in)
	})
	good := namedSite(t, "good")
	var now atomic.Int64
	o := options()
	o.Now = func() time.Time { return time.Now().Add(time.Duration(now.Load())) }
	d := newDoor(t, Config{}, good.URL)
	pool, err := New(Config{Backends: []Backend{{Name: "bad", URL: bad}, {Name: "good", URL: good.URL}}, Passive: Passive{Failures: 2, Pause: "1h"}}, o)
	if err != nil {
		t.Fatal(err)
	}
	d.pool.Close()
	d.pool = pool
	if got := tally(t, d, 20); got["good"] != 20 || asked.Load() != 2 {
		t.Errorf("%v, asked %d times", got, asked.Load())
	}
	if h := pool.Health(); h[0].Up || h[0].Reason == "" || !h[1].Up {
		t.Errorf("%+v", h)
	}
	// Where only requests speak against all, they are tried before giving up.
	pool.members[1].health.down.Store(true)
	get(t, d.Client(), d.URL)
	if asked.Load() != 3 {
		t.Errorf("asked %d times", asked.Load())
	}
	pool.members[0].health.down.Store(true)
	if answer, _, _ := get(t, d.Client(), d.URL); answer.Header.Get("X-Failed") != NoBackend || answer.StatusCode != 503 {
		t.Errorf("%+v", answer)
	}
}

func TestChecks(t *testing.T) {
	var ill atomic.Bool
	back := site(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/health" && r.Host == "check.example" && ill.Load() {
			w.WriteHeader(503)
		}
	})
	d := newDoor(t, Config{Check: Check{Path: "/health", Host: "check.example", Interval: "20ms", Rise: 2, Fall: 2}}, back.URL)
	await := func(up bool) {
		t.Helper()
		for range 200 {
			if h := d.pool.Health()[0]; h.Up == up && (up || h.Reason == "it answers 503") {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Fatalf("%+v", d.pool.Health())
	}
	await(true)
	ill.Store(true)
	await(false)
	if answer, _, _ := get(t, d.Client(), d.URL); answer.StatusCode != 503 {
		t.Error(answer)
	}
	ill.Store(false)
	await(true)
	if answer, _, _ := get(t, d.Client(), d.URL); answer.StatusCode != 200 {
		t.Error(answer)
	}
}

// TestReplace: a new configuration takes over under load; no request is lost, unchanged
// back ends keep their connections.
func TestReplace(t *testing.T) {
	a, b, c := namedSite(t, "a"), namedSite(t, "b"), namedSite(t, "c")
	var pool atomic.Pointer[Pool]
	first, err := New(Config{Backends: []Backend{{URL: a.URL}, {URL: b.URL}}}, options())
	if err != nil {
		t.Fatal(err)
	}
	pool.Store(first)
	front := site(t, func(w http.ResponseWriter, r *http.Request) {
		if res := pool.Load().Forward(w, r, Outgoing{Address: "::1", Scheme: "http", Host: r.Host}); res.Err != "" && !res.Started {
			w.WriteHeader(res.StatusOfErr())
		}
	})
	var group sync.WaitGroup
	stop := make(chan bool)
	var asked atomic.Int64
	for range 4 {
		group.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				answer, _, err := get(t, front.Client(), front.URL)
				if asked.Add(1); err != nil || answer.StatusCode != 200 {
					t.Error(answer.Status, err)
					return
				}
			}
		})
	}
	for i := range 20 {
		old := pool.Load()
		backends := []Backend{{URL: b.URL, Weight: 1 + i%2}, {URL: []string{a.URL, c.URL}[i%2]}}
		next, err := old.Replace(Config{Backends: backends})
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 && next.members[0].backend != old.members[0].backend {
			t.Error("the unchanged one lost its connections")
		}
		pool.Store(next)
		if err := old.Drain(t.Context()); err != nil {
			t.Error(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
	close(stop)
	group.Wait()
	if h := pool.Load().Health()[0]; asked.Load() < 100 || h.Requests < 50 || h.Failures > 0 {
		t.Errorf("%d %+v", asked.Load(), h)
	}
	if _, err := pool.Load().Replace(Config{}); err == nil {
		t.Error("replaced by nothing")
	}
	pool.Load().Close()
	pool.Load().Close()
}

// TestDrain waits for what is under way, but not longer than it may.
func TestDrain(t *testing.T) {
	hold := make(chan bool)
	back := site(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "a")
		w.(http.Flusher).Flush()
		select {
		case <-hold:
		case <-r.Context().Done():
		}
	})
	for _, patient := range []bool{true, false} {
		d := newDoor(t, Config{}, back.URL)
		answer, err := d.Client().Get(d.URL)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		if patient {
			ctx, cancel = context.WithCancel(t.Context())
			time.AfterFunc(50*time.Millisecond, func() { hold <- true })
		}
		err = d.pool.Drain(ctx)
		cancel()
		body, readErr := io.ReadAll(answer.Body)
		answer.Body.Close()
		if patient != (err == nil) || patient != (readErr == nil) || string(body) != "a" {
			t.Errorf("%v: %v %q %v", patient, err, body, readErr)
		}
	}
}
