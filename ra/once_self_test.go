package ra_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"onecert/pki"
	"onecert/pkitest"
	"onecert/ra"
	"onecert/serve"
)

// selfKeyed serves self-service and calls it with keys, as a holder or as nobody.
func selfKeyed(t *testing.T, h *house) func(who, key, path string, asked any) (status int, answer string) {
	t.Helper()
	api := serve.New(serve.Config{Title: "Self", Version: "test", Log: slog.New(slog.DiscardHandler)})
	h.room.SelfRoutes(api.Huma)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if id := r.Header.Get(pkitest.ActorHeader); id != "" {
			actor, _ := pki.ActorFrom(holder(id))
			r = r.WithContext(pki.WithActor(r.Context(), actor))
		}
		api.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return func(who, key, path string, asked any) (int, string) {
		t.Helper()
		text, err := json.Marshal(asked)
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequest(http.MethodPost, server.URL+path, strings.NewReader(string(text)))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		if key != "" {
			r.Header.Set(ra.HeaderKey, key)
		}
		r.Header.Set(pkitest.ActorHeader, who)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		all, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, string(all)
	}
}

// TestOnceAtSelfService: a holder, and one who comes by a code, may send the same again
// under a key after a connection broke: it is done once and answered the same.
func TestOnceAtSelfService(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		box := &mailbox{}
		h := newHouse(t, source, func(c *ra.Config) { c.Self = ra.SelfConfig{Messenger: box, PerSource: 40} })
		a := h.issued("lra1", person(t, 96, "张示例"))
		call := selfKeyed(t, h)
		same := func(who, key, path string, asked any) string {
			t.Helper()
			status, first := call(who, key, path, asked)
			again, second := call(who, key, path, asked)
			if status != http.StatusOK || again != status || first != second {
				t.Errorf("%s: %d %s, then %d %s", path, status, first, again, second)
			}
			return first
		}
		refused := func(code, who, key, path string, asked any) {
			t.Helper()
			if status, answer := call(who, key, path, asked); status < 400 || !strings.Contains(answer, code) {
				t.Errorf("%s: %d %s, not %s", path, status, answer, code)
			}
		}
		const long = "7d0f6a1e-0c5b-4f0e-9a57-1f2e3d4c5b6a"
		change := ra.ContactChange{Field: "mail", Value: "other@office.example"}
		same(a.Holder, "k1", "/v1/self/contact", change)
		box.last(t, 1)
		refused("once.other", a.Holder, "k1", "/v1/self/contact", ra.ContactChange{Field: "mail", Value: "third@office.example"})

		refused("once.short", "", "k1", "/v1/self/loss", h.loss(96))
		ticket := ra.Ticket{}
		if err := json.Unmarshal([]byte(same("", long, "/v1/self/loss", h.loss(96))), &ticket); err != nil {
			t.Fatal(err)
		}
		letter := box.last(t, 2)
		if box.count() != 2 {
			t.Errorf("%d letters of two", box.count())
		}
		refused("once.other", "", long, "/v1/self/loss", h.loss(97))
		proof := ra.Proof{Ticket: ticket.ID, Code: letter.values["code"]}
		if frozen := same("", long+"-2", "/v1/self/loss/confirm", proof); h.ca.states[a.Serial] != pki.Held {
			t.Errorf("%s, and the certificate is %s", frozen, h.ca.states[a.Serial])
		}
		refused("code.wrong", "", "", "/v1/self/loss/confirm", proof) // without its key it is used up
		refused("once.unsupported", "", long, "/v1/self/look", ra.Look{Number: "x", Code: "y"})
		refused("once.unsupported", "", long, "/v1/self/fetch", ra.FetchAsk{Application: "x", Code: "y"})

		for range 40 {
			call("", long+"-2", "/v1/self/loss/confirm", proof)
		}
		refused("self.often", "", long+"-2", "/v1/self/loss/confirm", proof)
		refused("self.often", "", long+"-3", "/v1/self/loss/confirm", proof)
		same(a.Holder, "k1", "/v1/self/contact", change) // a holder has limits of his own
		var digest string
		if err := h.cfg.DB.Read().QueryRowContext(context.Background(), "SELECT digest FROM ra_answer WHERE key = $1", long).Scan(&digest); err != nil || len(digest) == 64 {
			t.Errorf("what was said is kept as %q, %v", digest, err)
		}
	})
}
