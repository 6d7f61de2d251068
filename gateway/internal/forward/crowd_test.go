package forward

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// moody is a back end that answers each request with its own path, many times over, in
// every way a back end can: framed so and so, late, broken off, with octets too many. (One
// that sends an answer nobody asked for just while the next request leaves is not here:
// HTTP/1.1 has nothing to tell that by.)
func moody(_ int, c net.Conn, in *bufio.Reader) {
	for {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		sent, err := io.ReadAll(r.Body)
		if err != nil || len(sent) > 0 && strings.ReplaceAll(string(sent), r.URL.Path, "") != "" {
			return // not whole, or somebody else's
		}
		body := strings.Repeat(r.URL.Path, 1+rand.IntN(400))
		sized := fmt.Sprintf("HTTP/1.1 200 OK\r\nX-Path: %s\r\nContent-Length: %d\r\n\r\n%s", r.URL.Path, len(body), body)
		switch rand.IntN(12) {
		case 0:
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nX-Path: %s\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", r.URL.Path, len(body), body)
		case 1:
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nX-Path: %s\r\n\r\n%s", r.URL.Path, body)
			return
		case 2:
			io.WriteString(c, sized[:rand.IntN(len(sized))])
			return
		case 3:
			io.WriteString(c, sized+sized)
		case 4:
			time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond)
			io.WriteString(c, sized)
		case 6:
			io.WriteString(c, sized)
			return
		case 7:
			return
		default:
			io.WriteString(c, sized)
		}
	}
}

// TestNobodyElses: whatever back ends do and whenever clients leave, nobody ever sees an
// octet that was another's.
func TestNobodyElses(t *testing.T) {
	a, b := raw(t, moody), raw(t, moody)
	d := newUnstarted(t, Config{Passive: Passive{Failures: -1}, Limits: Limits{Header: "300ms", Idle: "300ms"}}, a, b)
	d.EnableHTTP2 = true
	d.StartTLS()
	old := http.Transport{TLSClientConfig: d.Client().Transport.(*http.Transport).TLSClientConfig.Clone(), MaxIdleConnsPerHost: 64}
	old.TLSClientConfig.NextProtos = []string{"http/1.1"}
	defer old.CloseIdleConnections()
	var whole atomic.Int64
	ask := func(client http.RoundTripper, path string) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		if rand.IntN(10) == 0 {
			time.AfterFunc(time.Duration(rand.IntN(10))*time.Millisecond, cancel)
		}
		method, body := "GET", ""
		if rand.IntN(3) == 0 {
			method, body = "POST", strings.Repeat(path, rand.IntN(5000))
		}
		r, _ := http.NewRequestWithContext(ctx, method, d.URL+path, strings.NewReader(body))
		answer, err := client.RoundTrip(r)
		if err != nil {
			return
		}
		defer answer.Body.Close()
		data, err := io.ReadAll(answer.Body)
		if answer.StatusCode != 200 {
			return
		}
		if want := strings.Repeat(path, len(data)/len(path)+1)[:len(data)]; answer.Header.Get("X-Path") != path || string(data) != want {
			t.Errorf("asked for %s, got %s: %.80q", path, answer.Header.Get("X-Path"), data)
		}
		if err == nil {
			whole.Add(1)
			if len(data)%len(path) != 0 {
				t.Errorf("a part taken for the whole")
			}
		}
	}
	var group sync.WaitGroup
	end := time.Now().Add(2 * time.Second)
	for worker := range 24 {
		client := http.RoundTripper(&old)
		if worker%2 == 0 {
			client = d.Client().Transport
		}
		group.Go(func() {
			for i := 0; time.Now().Before(end); i++ {
				ask(client, fmt.Sprintf("/%02d-%06d", worker, i))
			}
		})
	}
	group.Wait()
	if whole.Load() < 200 {
		t.Errorf("only %d whole answers", whole.Load())
	}
	t.Logf("%d whole answers", whole.Load())
}
