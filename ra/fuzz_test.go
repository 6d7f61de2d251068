package ra_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"onecert/pki"
	"onecert/pkitest"
	"onecert/ra"
	"onecert/serve"
)

// FuzzBodies sends any octets as the body of what a registrar may send: the answer is
// a certain success or a clear refusal, never a fault of ours, and never what was sent.
func FuzzBodies(f *testing.F) {
	h := newHouse(f, pkitest.SQLite(f), nil)
	api := serve.New(serve.Config{Title: "RA", Version: "test", Log: slog.New(slog.DiscardHandler)})
	h.room.Routes(api.Huma)
	a := must[*ra.Application](f)(h.Register(as("lra1.registrar"), person(f, 1, "模糊")))
	paths := []string{"/v1/applications", "/v1/applications/" + a.ID + "/edit", "/v1/applications/" + a.ID + "/submit", "/v1/applications/" + a.ID + "/unmask",
		"/v1/applications/" + a.ID + "/documents?version=1&sort=form"}
	for i := range paths {
		f.Add(i, []byte(`{"operation":"issue","kind":"person","fields":{"name":"=cmd|x","identity_kind":"resident","identity":"x"}}`))
		f.Add(i, []byte(`{"version":1,"note":"\u202e","operation":"revoke","serial":"00","reason":"keyCompromise"}`))
		f.Add(i, []byte(`{"version":1,"reason":"看一下"}`))
	}
	f.Fuzz(func(t *testing.T, path int, text []byte) {
		target := paths[uint(path)%uint(len(paths))]
		request := httptest.NewRequest(http.MethodPost, target, bytes.NewReader(text)).WithContext(as("lra1.registrar"))
		request.Header.Set("Content-Type", "application/json")
		if uint(path)%uint(len(paths)) == 4 {
			request.Header.Set("Content-Type", "application/octet-stream")
		}
		answer := httptest.NewRecorder()
		api.ServeHTTP(answer, request)
		if answer.Code >= 500 {
			t.Errorf("%s: %d %s", target, answer.Code, answer.Body)
		}
		if answer.Code >= 400 && len(text) > 40 && bytes.Contains(answer.Body.Bytes(), text) {
			t.Errorf("%s: the refusal repeats what was sent", target)
		}
	})
}

// FuzzFields: whatever a field holds, checking it neither panics nor repeats it, and
// what is accepted can be composed into a name.
func FuzzFields(f *testing.F) {
	f.Add("person", "name", "张三")
	f.Add("device", "ip", "10.0.0.1")
	f.Add("organisation", "credit_code", "91330000MA27XXXX0X")
	h := newHouse(f, pkitest.SQLite(f), nil)
	f.Fuzz(func(t *testing.T, kind, field, value string) {
		text, err := json.Marshal(map[string]any{"operation": "issue", "kind": kind, "fields": map[string]string{field: value}})
		if err != nil {
			t.Fatal(err)
		}
		var e ra.Entry
		if err := json.Unmarshal(text, &e); err != nil {
			return
		}
		if _, err := h.Register(as("lra1.registrar"), e); err != nil && pki.KindOf(err) == pki.Internal {
			t.Errorf("%q %q %q: %v", kind, field, value, err)
		}
	})
}
