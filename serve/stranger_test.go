package serve

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"onecert/pki"
)

// An operation with a security requirement is closed to who is not identified before
// its body is read; one without judges the body.
func TestStrangersSeeNoSchema(t *testing.T) {
	a := New(Config{Title: "t", Version: "1", Peers: &Peers{}})
	type in struct {
		Body struct {
			Name string `json:"name" minLength:"3"`
		}
	}
	handle := func(context.Context, *in) (*struct{}, error) { return nil, nil }
	huma.Register(a.Huma, huma.Operation{OperationID: "closed", Method: http.MethodPost, Path: "/closed", Security: []map[string][]string{{"mutualTLS": {}}}}, handle)
	huma.Register(a.Huma, huma.Operation{OperationID: "open", Method: http.MethodPost, Path: "/open"}, handle)
	post := func(path, body string, actor bool) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		if actor {
			r = r.WithContext(pki.WithActor(r.Context(), pki.Actor{Name: "x"}))
		}
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		return w
	}
	for _, body := range []string{`{"name":"x"}`, `{"nam":1}`, `{`, `{"name":"good"}`} {
		if w := post("/closed", body, false); w.Code != http.StatusUnauthorized || strings.Contains(w.Body.String(), "name") {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
	if w := post("/closed", `{"name":"x"}`, true); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := post("/open", `{"name":"x"}`, false); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
