package status_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"onecert/pki"
	"onecert/pkitest"
	"onecert/serve"
	"onecert/status"
)

// A link that goes dead without a word is noticed by the beats that are missing, long
// before the answer would be late, and followed again when it is mended.
func TestDeadLink(t *testing.T) {
	if status.Silence > 5*time.Second {
		t.Errorf("a dead link is noticed after %v", status.Silence)
	}
	h := open(t, pkitest.SQLite(t))
	origin := status.NewOrigin(h.Journal, nil)
	origin.SetBeat(200 * time.Millisecond) // the follower hears of it
	link := pkitest.NewLink(t, strings.TrimPrefix(serveJournal(t, origin), "http://"))
	c := openCopy(t, pkitest.SQLite(t), client(t, "http://"+link.Address), nil)
	c.keep(t)
	for range 3 {
		h.must(t, issued(serial(), start))
		c.equals(t, h)
		link.Die()
		died := time.Now()
		await(t, "noticing the dead link", func() bool { return c.Freshness().Fault != nil })
		t.Logf("noticed after %v", time.Since(died))
		// Without beats it is half a minute; with three that are missing, 0.6 s.
		if took := time.Since(died); took > 15*time.Second || pki.CodeOf(c.Freshness().Fault) != "remote.timeout" {
			t.Errorf("noticed after %v: %v", took, c.Freshness().Fault)
		}
		h.must(t, issued(serial(), start))
		link.Mend()
		c.equals(t, h)
		await(t, "following again", func() bool { return c.Freshness().Fault == nil })
	}
}

// A slow link takes longer over a batch than a dead one is given: pieces that arrive
// are signs of life.
func TestSlowLinkIsNotDead(t *testing.T) {
	h := open(t, pkitest.SQLite(t))
	var changes []status.Change
	for range 2000 {
		changes = append(changes, issued(serial(), start))
	}
	h.must(t, changes...)
	origin := status.NewOrigin(h.Journal, nil)
	origin.SetBeat(time.Second)
	link := pkitest.NewLink(t, strings.TrimPrefix(serveJournal(t, origin), "http://"))
	source := client(t, "http://"+link.Address)
	if _, err := source.Batch(t.Context(), 0, 1); err != nil { // learns that there are beats
		t.Fatal(err)
	}
	link.Delay(45 * time.Millisecond) // of each 4 KiB
	begun := time.Now()
	b, err := source.Batch(t.Context(), 0, 2000)
	if err != nil || len(b.Entries) != 2000 || time.Since(begun) < 3*time.Second {
		t.Errorf("%d entries in %v: %v", len(b.Entries), time.Since(begun), err)
	}
}

// Versions without beats and with them understand one another, also where one takes
// the place of the other.
func TestBeatsOfOtherVersions(t *testing.T) {
	h := open(t, pkitest.SQLite(t))
	h.must(t, issued(serial(), start))
	origin := status.NewOrigin(h.Journal, nil)
	origin.SetBeat(50 * time.Millisecond)
	origin.SetHold(600 * time.Millisecond)
	api := serve.New(serve.Config{Title: "test", Version: "test"})
	origin.Routes(api.Huma, func(context.Context) error { return nil })
	var old atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if old.Load() {
			r.Header.Del(serve.HeaderBeat) // one that knows nothing of it
		}
		api.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)

	t.Run("a follower without", func(t *testing.T) {
		c, err := serve.NewClient(server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer c.HTTP.CloseIdleConnections()
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got1xxResponse: func(code int, _ textproto.MIMEHeader) error {
			t.Errorf("it got an interim answer %d", code)
			return nil
		}})
		b, err := serve.Call[struct{}, status.Batch](ctx, c, http.MethodGet, "/v1/journal?after=1", nil)
		if err != nil || b.Last != 1 || b.Waited < 500 {
			t.Errorf("%+v, %v", b, err)
		}
	})

	source := client(t, server.URL)
	held := func(t *testing.T) error {
		t.Helper()
		b, err := source.Batch(t.Context(), 1, 10)
		if pki.CodeOf(err) == "remote.timeout" && !old.Load() { // a busy machine may be silent for three beats
			b, err = source.Batch(t.Context(), 1, 10)
		}
		if err == nil && (b.Last != 1 || b.Waited < 500) {
			t.Errorf("%+v", b)
		}
		return err
	}
	old.Store(true)
	for range 2 {
		if err := held(t); err != nil {
			t.Errorf("an origin without: %v", err)
		}
	}
	old.Store(false)
	for range 2 {
		if err := held(t); err != nil {
			t.Errorf("an origin with: %v", err)
		}
	}
	old.Store(true)
	if err := held(t); pki.CodeOf(err) != "remote.timeout" {
		t.Errorf("an origin that has no beats any more: %v", err)
	}
	if err := held(t); err != nil {
		t.Errorf("and once that is known: %v", err)
	}
}

// An error after beats is the error it would have been.
func TestErrorAfterBeats(t *testing.T) {
	api := serve.New(serve.Config{Title: "test", Version: "test"})
	h := open(t, pkitest.SQLite(t))
	origin := status.NewOrigin(h.Journal, nil)
	origin.SetBeat(20 * time.Millisecond)
	origin.Routes(api.Huma, func(context.Context) error { return nil })
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	source := client(t, server.URL)
	ended := make(chan error, 1)
	go func() {
		_, err := source.Batch(t.Context(), 0, 10)
		ended <- err
	}()
	time.Sleep(300 * time.Millisecond)
	h.d.Close()
	select {
	case err := <-ended:
		if err == nil || pki.CodeOf(err) == "remote.timeout" || pki.CodeOf(err) == "remote.unreachable" || pki.CodeOf(err) == "remote.answer" {
			t.Errorf("%s: %v", pki.CodeOf(err), err)
		}
	case <-time.After(time.Minute):
		t.Error("no answer")
	}
}
