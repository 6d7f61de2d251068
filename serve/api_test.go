package serve

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"onecert/pki"
)

func TestCasingIsStrict(t *testing.T) {
	var got thing
	a := New(Config{Title: "Things", Version: "1"})
	huma.Register(a.Huma, huma.Operation{OperationID: "put-thing", Method: http.MethodPut, Path: "/things/{serial}"},
		func(_ context.Context, in *thingIn) (*thingOut, error) {
			got = in.Body
			return &thingOut{Body: in.Body}, nil
		})
	if w := put(a, `{"name":"ok","Name":"anything"}`); w.Code != 422 || got.Name != "" {
		t.Errorf("%d, the handler got %q", w.Code, got.Name)
	}
	if w := put(a, `{"NAME":"ok"}`); w.Code != 422 {
		t.Errorf("%d", w.Code)
	}
	if w := put(a, `{"name":"ok"}`); w.Code != 200 || got.Name != "ok" {
		t.Errorf("%d, the handler got %q", w.Code, got.Name)
	}
}

func TestDuplicateKeyIsRefused(t *testing.T) {
	p := problemIn(t, put(newAPI(t, &object{}, nil), `{"name":"a","suite":"sm2","name":"b"}`))
	if p.Status != 400 || p.Code != "request.malformed" || !strings.Contains(p.Title, "given twice at octet 27") {
		t.Errorf("got %+v", p)
	}
}

func TestProtocolErrorsAreProblems(t *testing.T) {
	large := `{"name":"` + strings.Repeat("a", DefaultBody) + `"}`
	for name, c := range map[string]struct {
		method, path, body, kind string
		status                   int
		code                     string
	}{
		"path":       {"GET", "/nothing", "", "", 404, "request.path"},
		"method":     {"POST", "/things/1", `{}`, "application/json", 405, "request.method"},
		"no type":    {"PUT", "/things/1", `{"name":"a"}`, "", 415, "request.media-type"},
		"form":       {"PUT", "/things/1", `name=a`, "application/x-www-form-urlencoded", 415, "request.media-type"},
		"text":       {"PUT", "/things/1", `{"name":"a"}`, "text/plain;+json", 415, "request.media-type"},
		"too large":  {"PUT", "/things/1", large, "application/json", 413, "request.too-large"},
		"empty":      {"PUT", "/things/1", "", "application/json", 400, "request.malformed"},
		"query":      {"PUT", "/things/1?x=1", `{"name":"a"}`, "application/json", 422, "request.invalid"},
		"parameter":  {"PUT", "/things/" + strings.Repeat("f", 41), `{"name":"a"}`, "application/json", 422, "request.invalid"},
		"null":       {"PUT", "/things/1", `null`, "application/json", 422, "request.invalid"},
		"two values": {"PUT", "/things/1", `{"name":"a"}{}`, "application/json", 400, "request.malformed"},
	} {
		r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
		if c.kind != "" {
			r.Header.Set("Content-Type", c.kind)
		}
		w := httptest.NewRecorder()
		newAPI(t, &object{}, nil).ServeHTTP(w, r)
		if p := problemIn(t, w); p.Status != c.status || p.Code != c.code || p.RequestID == "" {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

func TestBodyUpToTheLimitPasses(t *testing.T) {
	a := New(Config{Title: "t", Version: "1"})
	type in struct{ Body map[string]string }
	huma.Register(a.Huma, huma.Operation{OperationID: "small", Method: "PUT", Path: "/things/{serial}", MaxBodyBytes: 100},
		func(context.Context, *in) (*struct{}, error) { return nil, nil })
	text := func(n int) string { return `{"a":"` + strings.Repeat("x", n-8) + `"}` }
	if w := put(a, text(99)); w.Code != 204 {
		t.Errorf("99 octets: %d %s", w.Code, w.Body)
	}
	if w := put(a, text(101)); w.Code != 413 {
		t.Errorf("101 octets: %d", w.Code)
	}
}

// Even an operation that asks not to be validated is: unmarshal relies on it.
func TestValidationCannotBeSkipped(t *testing.T) {
	a := New(Config{Title: "t", Version: "1"})
	huma.Register(a.Huma, huma.Operation{OperationID: "x", Method: "PUT", Path: "/things/{serial}", SkipValidateBody: true},
		(&object{}).put)
	if w := put(a, `{"name":"a","name":"b"}`); w.Code != 400 {
		t.Errorf("got %d", w.Code)
	}
}

func TestPanicIsAnInternalError(t *testing.T) {
	j := &journal{}
	o := &object{act: func(context.Context) error { panic("index 5 out of range") }}
	w := put(newAPI(t, o, func(c *Config) { c.Log = logTo(j) }), `{"name":"a"}`)
	p := problemIn(t, w)
	if p.Status != 500 || p.Code != "internal" || strings.Contains(w.Body.String(), "index") {
		t.Errorf("got %+v", p)
	}
	if log := j.String(); !strings.Contains(log, "index 5") || !strings.Contains(log, p.RequestID) || !strings.Contains(log, "stack") {
		t.Errorf("log: %s", log)
	}
}

func TestPanicAfterTheAnswerBeganBreaksOff(t *testing.T) {
	a := newAPI(t, &object{}, nil)
	a.Mux.HandleFunc("GET /half", func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte("half"))
		panic("then nothing")
	})
	defer func() {
		if cause, ok := recover().(error); !ok || !errors.Is(cause, http.ErrAbortHandler) {
			t.Errorf("recovered %v", cause)
		}
	}()
	a.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/half", nil))
	t.Error("the connection was not broken off")
}

func TestForeignPagesAreRefused(t *testing.T) {
	r := request(`{"name":"a"}`)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	w := httptest.NewRecorder()
	newAPI(t, &object{}, nil).ServeHTTP(w, r)
	if p := problemIn(t, w); p.Code != "request.cross-origin" || w.Code != 403 || p.Status != 403 {
		t.Errorf("got %+v", p)
	}
}

func TestDescription(t *testing.T) {
	one, err := newAPI(t, &object{}, nil).Description()
	if err != nil {
		t.Fatal(err)
	}
	two, _ := newAPI(t, &object{}, nil).Description()
	if string(one) != string(two) {
		t.Error("two descriptions of one API differ")
	}
	var doc struct {
		OpenAPI string `json:"openapi"`
		Paths   map[string]map[string]struct {
			OperationID string                     `json:"operationId"`
			Responses   map[string]json.RawMessage `json:"responses"`
		}
		Components struct {
			Schemas map[string]struct {
				Properties map[string]json.RawMessage `json:"properties"`
				Additional any                        `json:"additionalProperties"`
			}
			SecuritySchemes map[string]json.RawMessage `json:"securitySchemes"`
		}
	}
	if err := json.Unmarshal(one, &doc); err != nil {
		t.Fatal(err)
	}
	put := doc.Paths["/things/{serial}"]["put"]
	if !strings.HasPrefix(doc.OpenAPI, "3.1") || put.OperationID != "put-thing" || !strings.Contains(string(put.Responses["default"]), "Problem") {
		t.Errorf("described as %s", one)
	}
	problem := doc.Components.Schemas["Problem"]
	for _, field := range []string{"title", "status", "kind", "code", "remedy", "request_id", "errors"} {
		if problem.Properties[field] == nil {
			t.Errorf("the problem's %s is not described", field)
		}
	}
	if doc.Components.Schemas["Thing"].Additional != false || doc.Components.SecuritySchemes["mutualTLS"] == nil {
		t.Errorf("described as %s", one)
	}
	for _, bad := range []string{"$schema", "http://", "unpkg", `"null"`} {
		if strings.Contains(string(one), bad) {
			t.Errorf("the description holds %s", bad)
		}
	}
}

func TestServedDescriptionAndNothingBeside(t *testing.T) {
	a := newAPI(t, &object{}, nil)
	for path, want := range map[string]int{"/openapi.json": 200, "/openapi.yaml": 404, "/openapi-3.0.json": 404, "/docs": 404, "/schemas/Thing.json": 404} {
		w := httptest.NewRecorder()
		a.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != want {
			t.Errorf("%s: %d", path, w.Code)
		}
		if want == 200 && !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s is no JSON", path)
		}
	}
}

func TestAnswersAreNotStored(t *testing.T) {
	w := put(newAPI(t, &object{}, nil), `{"name":"a"}`)
	h := w.Header()
	if h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Content-Type") != "application/json" || h.Get("Link") != "" {
		t.Errorf("header %v", h)
	}
	if got := strings.TrimSpace(w.Body.String()); got != `{"name":"a"}` {
		t.Errorf("body %s", got)
	}
}

func TestMountedAPIKeepsTheRequestID(t *testing.T) {
	inner := newAPI(t, &object{fail: pki.Errorf(pki.Conflict, "c", "w")}, nil)
	outer := newAPI(t, &object{}, nil)
	outer.Mux.Handle("/inner/", http.StripPrefix("/inner", inner))
	r := request(`{"name":"a"}`)
	r.URL.Path = "/inner/things/1"
	w := httptest.NewRecorder()
	outer.ServeHTTP(w, r)
	if p := problemIn(t, w); p.Code != "c" || p.RequestID != w.Header().Get("X-Request-Id") {
		t.Errorf("%+v, header %v", p, w.Header())
	}
}
