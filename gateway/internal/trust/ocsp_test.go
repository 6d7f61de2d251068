package trust

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestOCSPMemory: one question for many who wait, answers kept until they end and asked
// for again before, stale ones only by rule, failures remembered shortly.
func TestOCSPMemory(t *testing.T) {
	f := foundStrangers(t, "P-256")
	f.write("index.txt", "V\t"+time.Now().AddDate(0, 1, 0).UTC().Format("060102150405Z")+"\t\t21\tunknown\t/CN=good\n")
	var asked atomic.Int32
	var away atomic.Bool
	var one sync.Mutex
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if away.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		one.Lock()
		defer one.Unlock()
		request, _ := io.ReadAll(r.Body)
		_, _ = w.Write(f.answer(request, "issuing"))
	}))
	defer server.Close()
	c := &clock{at: time.Now()}
	ca := CA{Name: "strangers", Anchors: string(f.read("issuing.pem")), Revocation: []Source{{Name: "ocsp", Kind: SourceOCSP, URL: server.URL, Allow: here}}}
	s := open(t, Options{Now: c.now}, ca)
	chain := [][]byte{f.der("good")}
	ask := func() Verdict { return s.Set("people").Judge(t.Context(), chain, c.now()) }
	settles := func(n int32) {
		t.Helper()
		for range 500 {
			if asked.Load() == n {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(50 * time.Millisecond)
		if got := asked.Load(); got != n {
			t.Errorf("asked %d times, wanted %d", got, n)
		}
	}

	var all sync.WaitGroup
	for range 50 {
		all.Go(func() { wants(t, "together", ask(), Good) })
	}
	all.Wait()
	settles(1)
	if n := testing.AllocsPerRun(100, func() { ask() }); n > 0 {
		t.Errorf("a known answer costs %v allocations", n)
	}
	if held := ask().Until.Sub(c.now()); held > 31*time.Minute {
		t.Errorf("nobody looks again for %v, past half of the answer's life", held)
	}
	c.forward(40 * time.Minute)
	wants(t, "past half its life", ask(), Good)
	settles(2)
	away.Store(true)
	c.forward(2 * time.Hour)
	wants(t, "past its end, nobody answers", ask(), StatusUnknown)
	wants(t, "again at once", ask(), StatusUnknown)
	settles(3)
	c.forward(time.Minute)
	wants(t, "a minute later", ask(), StatusUnknown)
	settles(4)
	h := s.Health()[0]
	if h.State != "stale" || h.Failures != 2 || h.Error == "" {
		t.Errorf("health says %+v", h)
	}
	ca.Stale.AllowFor = "24h"
	if err := s.Apply(configOf(ca)); err != nil {
		t.Fatal(err)
	}
	if v := ask(); v.Code != Good || !v.Stale {
		t.Errorf("by rule: %q, stale %v", v.Code, v.Stale)
	}
}

// TestOCSPLimits: answers of others, of the wrong kind, and too long ones are nothing;
// a certificate without an address is told so.
func TestOCSPLimits(t *testing.T) {
	root := newCA(t, "sm2", "根", nil)
	alice := root.issue(nil)
	for what, answer := range map[string]string{"an empty answer": "", "a page": "<html>", "unauthorized": "\x30\x03\x0a\x01\x06",
		"a long one": string(make([]byte, maxAnswer+1))} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, answer) }))
		s := open(t, Options{Now: newClock().now}, CA{Name: "ours", Anchors: root.pem(), Revocation: []Source{{Name: "ocsp", Kind: SourceOCSP, URL: server.URL, Allow: here}}})
		wants(t, what, judge(s, moment, alice), StatusUnknown)
		server.Close()
	}
	s := open(t, Options{Now: newClock().now}, CA{Name: "ours", Anchors: root.pem(), Revocation: []Source{{Name: "ocsp", Kind: SourceOCSP}}})
	v := judge(s, moment, alice)
	if v.Reasons[0].Code != "ocsp.no-address" {
		t.Errorf("without an address: %+v", v.Reasons)
	}
}
