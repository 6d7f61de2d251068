package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"onecert/pki"
)

func TestEachKindRoundTrips(t *testing.T) {
	o := &object{}
	server := httptest.NewServer(newAPI(t, o, nil))
	defer server.Close()
	c, err := NewClient(server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	for kind := pki.Internal; kind <= pki.NotImplemented; kind++ {
		want := pki.Errorf(kind, "thing."+kind.String(), "错 wrong %q <&>", kind).To("do %d", 7).Because(errors.New("secret cause"))
		for _, fail := range []error{want, fmt.Errorf("putting the thing: %w", want)} {
			o.fail = fail
			_, err := Call[thing, thing](context.Background(), c, "PUT", "/things/1", &thing{Name: "a"})
			got := mustKind(t, err, want.Kind, want.Code)
			if got.Wrong != want.Wrong || got.Remedy != want.Remedy || got.Err != nil {
				t.Errorf("%v: got %+v, want %+v", kind, got, want)
			}
		}
	}
}

func TestStatusOfEachKind(t *testing.T) {
	for kind, want := range map[pki.Kind][2]int{
		pki.Invalid: {422, 422}, pki.Forbidden: {403, 401}, pki.Unknown: {404, 404}, pki.Conflict: {409, 409},
		pki.Unavailable: {503, 503}, pki.NotImplemented: {501, 501}, pki.Internal: {500, 500}, pki.Kind(99): {500, 500},
	} {
		if got := [2]int{Status(kind, true), Status(kind, false)}; got != want {
			t.Errorf("%v: %v, want %v", kind, got, want)
		}
	}
}

func TestForeignErrorTellsNothing(t *testing.T) {
	j := &journal{}
	o := &object{fail: fmt.Errorf("opening the store: %w", errors.New("password hunter2 refused"))}
	a := newAPI(t, o, func(c *Config) { c.Log = logTo(j) })
	answer := put(a, `{"name":"a"}`)
	p := problemIn(t, answer)
	if answer.Code != 500 || p.Code != "internal" || p.Kind != "internal" {
		t.Errorf("got %d %+v", answer.Code, p)
	}
	if strings.Contains(answer.Body.String(), "hunter2") {
		t.Error("the cause was sent")
	}
	if id := answer.Header().Get("X-Request-Id"); len(id) != 32 || id != p.RequestID || !strings.Contains(j.String(), id) {
		t.Errorf("id %q, in the problem %q, log %s", id, p.RequestID, j)
	}
	if !strings.Contains(j.String(), "hunter2") || !strings.Contains(j.String(), "put-thing") {
		t.Errorf("the log lacks cause or operation: %s", j)
	}
}

func TestCauseOfKnownErrorIsLoggedNotSent(t *testing.T) {
	j := &journal{}
	o := &object{fail: pki.Errorf(pki.Unavailable, "kmc.unreachable", "the KMC does not answer").Because(errors.New("dial 10.1.2.3"))}
	answer := put(newAPI(t, o, func(c *Config) { c.Log = logTo(j) }), `{"name":"a"}`)
	if answer.Code != 503 || answer.Header().Get("Retry-After") == "" || strings.Contains(answer.Body.String(), "10.1.2.3") {
		t.Errorf("%d %v %s", answer.Code, answer.Header(), answer.Body)
	}
	if !strings.Contains(j.String(), "10.1.2.3") {
		t.Errorf("the log lacks the cause: %s", j)
	}
}

func TestContextErrorsAreUnavailable(t *testing.T) {
	o := &object{fail: fmt.Errorf("asking: %w", context.DeadlineExceeded)}
	if p := problemIn(t, put(newAPI(t, o, nil), `{"name":"a"}`)); p.Code != "request.timeout" || p.Status != 503 {
		t.Errorf("got %+v", p)
	}
}

// No answer may repeat what was sent, wherever in the request it stands.
func TestNothingIsEchoed(t *testing.T) {
	const secret = "PIN123456"
	for name, in := range map[string]string{
		"unknown field":         `{"name":"a","` + secret + `":1}`,
		"unknown, dotted":       `{"name":"a","body.` + secret + `.name":1}`,
		"value of unknown":      `{"name":"a","pin":"` + secret + `"}`,
		"wrong case":            `{"name":"a","NAME":"` + secret + `"}`,
		"too long":              `{"name":"` + strings.Repeat(secret, 20) + `"}`,
		"enum":                  `{"name":"a","suite":"` + secret + `"}`,
		"format":                `{"name":"a","link":"::` + secret + `\u0000"}`,
		"time":                  `{"name":"a","at":"` + secret + `"}`,
		"type":                  `{"name":["` + secret + `"]}`,
		"number":                `{"name":"a","count":1` + strings.Repeat("0", 400) + `}`,
		"fraction":              `{"name":"a","count":1.5}`,
		"map key":               `{"name":"a","more":{"` + secret + `":1}}`,
		"base64":                `{"name":"a","parts":[{"octets":"` + secret + `!"}]}`,
		"half base64":           `{"name":"a","parts":[{"octets":"` + secret + `"}]}`,
		"truncated":             `{"name":"` + secret,
		"not JSON":              secret,
		"twice":                 `{"name":"a","name":"` + secret + `"}`,
		"twice as key":          `{"name":"a","more":{"` + secret + `":"","` + secret + `":""}}`,
		"trailing":              `{"name":"a"} ` + secret,
		"missing, rest foreign": `{"` + secret + `":"` + secret + `"}`,
	} {
		answer := put(newAPI(t, &object{}, nil), in)
		if answer.Code < 400 || strings.Contains(answer.Body.String(), secret) || strings.Contains(fmt.Sprint(answer.Header()), secret) {
			t.Errorf("%s: %d %s", name, answer.Code, answer.Body)
		}
		p := problemIn(t, answer)
		if p.Kind != "invalid" || p.Code == "" || p.Remedy == "" {
			t.Errorf("%s: %+v", name, p)
		}
	}
	for name, change := range map[string]func(*http.Request){
		"path":         func(r *http.Request) { r.URL.Path = "/things/" + strings.Repeat(secret, 9) },
		"no such path": func(r *http.Request) { r.URL.Path = "/" + secret },
		"query":        func(r *http.Request) { r.URL.RawQuery = secret + "=1" },
		"query value":  func(r *http.Request) { r.URL.RawQuery = "limit=" + secret },
		"media type":   func(r *http.Request) { r.Header.Set("Content-Type", "text/"+secret) },
		"method":       func(r *http.Request) { r.Method = secret },
		"origin":       func(r *http.Request) { r.Header.Set("Origin", "https://"+secret+".example") },
	} {
		r := request(`{"name":"a"}`)
		change(r)
		answer := httptest.NewRecorder()
		newAPI(t, &object{}, nil).ServeHTTP(answer, r)
		if answer.Code < 400 || strings.Contains(answer.Body.String(), secret) {
			t.Errorf("%s: %d %s", name, answer.Code, answer.Body)
		}
		problemIn(t, answer)
	}
}

func TestValidationNamesPlaceAndRule(t *testing.T) {
	p := problemIn(t, put(newAPI(t, &object{}, nil), `{"name":"a","parts":[{"octets":"AA=="},{"octets":5}]}`))
	if len(p.Errors) != 1 || p.Errors[0].Location != "body.parts[1].octets" || !strings.Contains(p.Title, "body.parts[1].octets") {
		t.Errorf("got %+v", p)
	}
	p = problemIn(t, put(newAPI(t, &object{}, nil), `{"name":"a","parts":[{"octets":"A!=="}]}`))
	if p.Code != "request.invalid" || p.Status != 422 || !strings.Contains(p.Title, "base64") {
		t.Errorf("got %+v", p)
	}
	p = problemIn(t, put(newAPI(t, &object{}, nil), `{"a":1,"b":2}`))
	if p.Code != "request.invalid" || len(p.Errors) != 3 || p.Errors[1].Location != "body.?" {
		t.Errorf("got %+v", p)
	}
	many := `{"name":"a"`
	for i := range 100 {
		many += fmt.Sprintf(`,"k%d":1`, i)
	}
	if p = problemIn(t, put(newAPI(t, &object{}, nil), many+"}")); len(p.Errors) != maxFaults {
		t.Errorf("%d faults listed", len(p.Errors))
	}
}

func request(text string) *http.Request {
	r := httptest.NewRequest("PUT", "/things/1f", strings.NewReader(text))
	r.Header.Set("Content-Type", "application/json")
	return r
}

func put(a *API, text string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	a.ServeHTTP(w, request(text))
	return w
}

func problemIn(t *testing.T, w *httptest.ResponseRecorder) Problem {
	t.Helper()
	if got := w.Header().Get("Content-Type"); got != problemType {
		t.Fatalf("status %d, type %q: %s", w.Code, got, w.Body)
	}
	var p Problem
	d := json.NewDecoder(bytes.NewReader(w.Body.Bytes()))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	if p.Status != w.Code {
		t.Errorf("status %d in the problem, %d outside", p.Status, w.Code)
	}
	return p
}

// TestRefusalReadsTheBody: over HTTP/2 a refusal must not overtake the body; and
// nobody is made to read an endless one.
func TestRefusalReadsTheBody(t *testing.T) {
	a := newAPI(t, &object{}, func(c *Config) { c.Peers = &Peers{Required: true} })
	for _, length := range []int{1, DefaultBody, drainBody, drainBody + DefaultBody} {
		body := strings.NewReader(strings.Repeat("x", length))
		request := httptest.NewRequest("POST", "/things/a", body)
		request.Header.Set("Content-Type", "application/json")
		request.ProtoMajor = 2
		answer := httptest.NewRecorder()
		a.ServeHTTP(answer, request)
		if answer.Code != 401 || body.Len() != max(0, length-drainBody) {
			t.Errorf("status %d, %d of %d octets left", answer.Code, body.Len(), length)
		}
	}
}

// closing is a body that cannot be read once closed, as net/http's.
type closing struct {
	*strings.Reader
	closed bool
}

func (c *closing) Read(p []byte) (int, error) {
	if c.closed {
		return 0, http.ErrBodyReadAfterClose
	}
	return c.Reader.Read(p)
}

func (c *closing) Close() error {
	c.closed = true
	return nil
}

// TestRefusalReadsTooLargeABody: huma closes the body it stops reading.
func TestRefusalReadsTooLargeABody(t *testing.T) {
	a := newAPI(t, &object{}, nil)
	body := &closing{Reader: strings.NewReader(strings.Repeat("x", 3*DefaultBody))}
	request := httptest.NewRequest("PUT", "/things/1", body)
	request.Header.Set("Content-Type", "application/json")
	request.ProtoMajor, request.ProtoMinor = 2, 0
	answer := httptest.NewRecorder()
	a.ServeHTTP(answer, request)
	if answer.Code != http.StatusRequestEntityTooLarge || body.Len() != 0 {
		t.Errorf("status %d, %d octets left", answer.Code, body.Len())
	}
}
