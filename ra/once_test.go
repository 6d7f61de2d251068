package ra_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"onecert/pki"
	"onecert/pkitest"
	"onecert/ra"
	"onecert/serve"
)

// keyed serves a registration and calls it with keys.
func keyed(t *testing.T, h *house, api *serve.API) func(who, key, path, text string) (status int, answer string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if actor, ok := pki.ActorFrom(as(r.Header.Get(pkitest.ActorHeader))); ok && actor.Name != "" {
			r = r.WithContext(pki.WithActor(r.Context(), actor))
		}
		api.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return func(who, key, path, text string) (int, string) {
		r, err := http.NewRequest(http.MethodPost, server.URL+path, strings.NewReader(text))
		if err != nil {
			t.Error(err)
			return 0, ""
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set(ra.HeaderKey, key)
		r.Header.Set(pkitest.ActorHeader, who)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Error(err)
			return 0, ""
		}
		defer answer.Body.Close()
		all, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Error(err)
		}
		return answer.StatusCode, string(all)
	}
}

// TestOnceUnderAKey: whatever is created over the API is created once under a key of the
// officer's, with the same answer; something else under it is a conflict, another
// officer's key is another, what was refused may be mended, and what hands over secrets
// takes no key.
func TestOnceUnderAKey(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := newHouse(t, source, nil)
		api := serve.New(serve.Config{Title: "RA", Version: "test", Log: slog.New(slog.DiscardHandler)})
		h.room.Routes(api.Huma)
		fail, runs := false, 0
		huma.Register(api.Huma, huma.Operation{OperationID: "neighbour", Method: http.MethodPost, Path: "/v1/neighbour", Security: []map[string][]string{{"mutualTLS": {}}}}, func(context.Context, *struct{}) (*struct{}, error) {
			if runs++; fail {
				return nil, io.ErrUnexpectedEOF
			}
			return nil, nil
		})
		call := keyed(t, h, api)
		entry := func(n int) string {
			text, err := json.Marshal(person(t, n, "张示例"))
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		}
		status, first := call("lra1.registrar", "k1", "/v1/applications", entry(1))
		if status != http.StatusOK {
			t.Fatal(status, first)
		}
		one := entry(2)
		want := func(status int, says, who, key, path, text string) {
			t.Helper()
			if got, answer := call(who, key, path, text); got != status || !strings.Contains(answer, says) {
				t.Errorf("%s %s: %d %s", who, path, got, answer)
			}
		}
		var all sync.WaitGroup
		for range 6 {
			all.Go(func() { call("lra1.registrar", "k2", "/v1/applications", one) })
		}
		all.Wait()
		_, again := call("lra1.registrar", "k2", "/v1/applications", one)
		if _, third := call("lra1.registrar", "k2", "/v1/applications", one); third != again || again == first {
			t.Errorf("%s\n%s", again, third)
		}
		if page := must[*ra.Page[*ra.Application]](t)(h.room.Applications(as("lra1.registrar"), ra.Query{States: []ra.State{ra.Draft}})); len(page.Items) != 2 {
			t.Errorf("%d applications of two", len(page.Items))
		}
		want(http.StatusConflict, "once.other", "lra1.registrar", "k2", "/v1/applications", entry(3))
		want(http.StatusConflict, "once.other", "lra1.registrar", "k2", "/v1/nearby", one)
		want(http.StatusOK, `"state":"draft"`, "lra2.registrar", "k2", "/v1/applications", one)

		node := `{"id":"lra7","parent":"ra1","level":"lra","name":"七窗口","version":0,"rights":{}}`
		want(http.StatusUnauthorized, "officer.anonymous", "", "n", "/v1/nodes", node)
		want(http.StatusForbidden, "", "lra1.registrar", "n", "/v1/nodes", node)
		want(http.StatusOK, `"version":1`, "centre.system", "n", "/v1/nodes", node)
		want(http.StatusOK, `"version":1`, "centre.system", "n", "/v1/nodes", node)
		want(http.StatusConflict, "node.taken", "centre.system", "m", "/v1/nodes", node)
		want(http.StatusOK, "lra8", "centre.system", "m", "/v1/nodes", strings.Replace(node, "lra7", "lra8", 1))
		want(http.StatusUnprocessableEntity, "once.unsupported", "lra1.registrar", "u", "/v1/applications/x/unmask", `{"reason":"核对号码"}`)
		want(http.StatusUnprocessableEntity, "once.key", "lra1.registrar", strings.Repeat("k", 65), "/v1/applications", one)

		for range 2 {
			want(http.StatusNoContent, "", "lra1.registrar", "other-room", "/v1/neighbour", "")
		}
		fail = true
		want(http.StatusInternalServerError, "", "lra1.registrar", "broken", "/v1/neighbour", "")
		want(http.StatusConflict, "once.pending", "lra1.registrar", "broken", "/v1/neighbour", "")
		if runs != 2 {
			t.Errorf("done %d times", runs)
		}
		h.clock.add(31 * 24 * time.Hour)
		if err := h.room.ForgetKeys(t.Context()); err != nil {
			t.Fatal(err)
		}
		want(http.StatusInternalServerError, "", "lra1.registrar", "broken", "/v1/neighbour", "")
	})
}

// TestKeysADay: what one officer's keys take is bounded, without forgetting one: who is
// beyond it is refused, what was done stays done, others go on, and so does tomorrow.
func TestKeysADay(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := newHouse(t, source, func(c *ra.Config) { c.KeysPerDay = 3 })
		api := serve.New(serve.Config{Title: "RA", Version: "test", Log: slog.New(slog.DiscardHandler)})
		h.room.Routes(api.Huma)
		runs := 0
		huma.Register(api.Huma, huma.Operation{OperationID: "long", Method: http.MethodPost, Path: "/v1/long", Security: []map[string][]string{{"mutualTLS": {}}}}, func(context.Context, *struct{}) (*struct{ Body string }, error) {
			runs++
			return &struct{ Body string }{strings.Repeat("a", 1<<20)}, nil
		})
		call := keyed(t, h, api)
		want := func(status int, says, who, key, path, text string) {
			t.Helper()
			if got, answer := call(who, key, path, text); got != status || !strings.Contains(answer, says) {
				t.Errorf("%s %s: %d %.300s", who, key, got, answer)
			}
		}
		node := func(id string) string {
			return `{"id":"` + id + `","parent":"ra1","level":"lra","name":"七窗口","version":0,"rights":{}}`
		}
		want(http.StatusOK, "", "centre.system", "1", "/v1/nodes", node("lra7"))
		want(http.StatusConflict, "node.taken", "centre.system", "2", "/v1/nodes", node("lra7")) // refused: counts for nothing
		want(http.StatusOK, "", "centre.system", "2", "/v1/nodes", node("lra8"))
		want(http.StatusOK, "aaaa", "centre.system", "3", "/v1/long", "")
		want(http.StatusConflict, "once.long", "centre.system", "3", "/v1/long", "")
		if runs != 1 {
			t.Errorf("what has a long answer was done %d times", runs)
		}
		want(http.StatusServiceUnavailable, "once.many", "centre.system", "4", "/v1/nodes", node("lra9"))
		want(http.StatusServiceUnavailable, "once.many", "centre.system", "5", "/v1/nodes", node("lra9"))
		want(http.StatusOK, "lra7", "centre.system", "1", "/v1/nodes", node("lra7"))
		want(http.StatusForbidden, "", "lra1.registrar", "4", "/v1/nodes", node("lra9"))
		h.clock.add(24 * time.Hour)
		want(http.StatusOK, "lra9", "centre.system", "4", "/v1/nodes", node("lra9"))
	})
}

// TestKeysOfEntriesAreForgotten: an entry sent again within a month is entered once;
// after that its key is forgotten, and a fresh one is not.
func TestKeysOfEntriesAreForgotten(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := newHouse(t, source, nil)
		send := func(key string, n int) string {
			t.Helper()
			e := person(t, n, "张示例")
			e.Key, e.Request = key, nil
			return must[*ra.Application](t)(h.Register(as("lra1.registrar"), e)).ID
		}
		forget := func() {
			t.Helper()
			if err := h.room.ForgetKeys(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		first := send("first", 1)
		h.clock.add(29 * 24 * time.Hour)
		forget()
		second := send("second", 2)
		if send("first", 1) != first {
			t.Error("a key was forgotten within the month")
		}
		h.clock.add(2 * 24 * time.Hour)
		forget()
		if send("first", 1) == first {
			t.Error("an old key is kept")
		}
		if send("second", 2) != second {
			t.Error("a fresh key was forgotten")
		}
	})
}

// TestCancelledOrganisation: a holder of any kind is cancelled by what that kind says.
func TestCancelledOrganisation(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		a := h.issued("lra1", ra.Entry{Operation: ra.Issue, Kind: ra.Organisation, Request: newRequest(t), Fields: map[string]string{"name": "示例市民政局",
			"credit_code": "91350100M000100Y43", "legal_representative": "法人", "agent": "经办", "agent_identity": resident(63), "phone": "13900000000"}})
		h.issued("lra1", ra.Entry{Operation: ra.Revoke, Issuer: a.Issuer, Serial: a.Serial, Reason: "cessationOfOperation"})
		done := h.issued("lra1", ra.Entry{Operation: ra.Cancel, Holder: a.Holder})
		if _, has := done.Fields["unit"]; has || done.Fields["name"] != "示例市民政局" {
			t.Errorf("%v", done.Fields)
		}
	})
}
