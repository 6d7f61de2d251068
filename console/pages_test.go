package console

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func TestPageAndItsRules(t *testing.T) {
	v := newHouse(t, nil).visitor("")
	first, second := v.ask(http.MethodGet, "/"), v.ask(http.MethodGet, "/applications/2026-1?x=1")
	for _, a := range []answer{first, second} {
		policy := a.Header.Get("Content-Security-Policy")
		nonce := strings.SplitN(strings.SplitN(policy, "'nonce-", 2)[1], "'", 2)[0]
		if len(nonce) < 22 || !strings.Contains(string(a.text), `content="`+nonce+`"`) {
			t.Errorf("the page lacks the nonce of its policy: %s", a.text)
		}
		if strings.Contains(policy, "unsafe") || !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("the policy is %q", policy)
		}
		if a.Header.Get("Cache-Control") != "no-store" {
			t.Error("a page with a nonce may be kept")
		}
	}
	if first.Header.Get("Content-Security-Policy") == second.Header.Get("Content-Security-Policy") {
		t.Error("two answers have one nonce")
	}
	for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin"} {
		if first.Header.Get(name) != want {
			t.Errorf("%s is %q", name, first.Header.Get(name))
		}
	}
}

// A browser is told to keep to TLS where that harms nobody beside the console.
func TestTransportSecurityOfTheHostAlone(t *testing.T) {
	h := newHouse(t, nil)
	for host, want := range map[string]string{"console.example": "max-age=31536000", "console.example:8463": ""} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "https://"+host+"/mark.svg", nil)
		h.console.ServeHTTP(w, r)
		if got := w.Header().Get("Strict-Transport-Security"); got != want {
			t.Errorf("%s: %q", host, got)
		}
	}
}

func TestFiles(t *testing.T) {
	v := newHouse(t, nil).visitor("")
	if a := v.ask(http.MethodGet, "/assets/a-1.js"); string(a.text) != "plain" || !strings.Contains(a.Header.Get("Cache-Control"), "immutable") || !strings.HasPrefix(a.Header.Get("Content-Type"), "text/javascript") {
		t.Errorf("%s %v", a.text, a.Header)
	}
	for accepted, want := range map[string][2]string{"gzip, deflate, br": {"smallest", "br"}, "gzip": {"packed", "gzip"}, "BR;q=0, gzip;q=0.5": {"packed", "gzip"}, "br;q=0.0, identity": {"plain", ""}, "brotli": {"plain", ""}} {
		v.header.Set("Accept-Encoding", accepted)
		if a := v.ask(http.MethodGet, "/assets/a-1.js"); string(a.text) != want[0] || a.Header.Get("Content-Encoding") != want[1] {
			t.Errorf("%s: %s %v", accepted, a.text, a.Header)
		}
	}
	v.header.Del("Accept-Encoding")
	if a := v.ask(http.MethodGet, "/mark.svg"); a.Header.Get("Content-Type") != "image/svg+xml" || strings.Contains(a.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("%v", a.Header)
	}
	for _, path := range []string{"/assets/none.js", "/index.html", "/self.html", "/assets/a-1.js.gz", "/assets/a-1.js.br", "/assets/..%2f..%2findex.html", "/assets/", "/.gitignore"} {
		if a := v.ask(http.MethodGet, path); a.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d %s", path, a.StatusCode, a.text)
		}
	}
	// What a page is about may have a point in it.
	if a := v.ask(http.MethodGet, "/policies/practice-statement/2.1"); a.StatusCode != http.StatusOK || !strings.Contains(string(a.text), "officers") {
		t.Errorf("a page with a point in its address: %d %s", a.StatusCode, a.text)
	}
	if a := v.ask(http.MethodPost, "/"); a.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST of a page: %d", a.StatusCode)
	}
}

func TestAPIsBesideTheirPages(t *testing.T) {
	v := newHouse(t, nil).visitor("clerk")
	for path, want := range map[string]int{"/api/": 404, "/api/none/v1/who": 404, "/api/ra/v1/none": 404, "/api/ra": 404, "/api/console/metrics": 404, "/api/console/livez": 404,
		// no redirect out of the API's place
		"/api/ra//v1/who": 404, "/api/ra/v1/../who": 404, "/api/ra/%2e%2e/console/v1/session": 404, "/api/ra/v1/%2f/who": 404, "/api/RA/v1/who": 404, "/api/ra./v1/who": 404} {
		a := v.ask(http.MethodGet, path)
		if a.StatusCode != want || !strings.Contains(a.Header.Get("Content-Type"), "json") {
			t.Errorf("%s: %d %s", path, a.StatusCode, a.text)
		}
	}
	a := v.ask(http.MethodGet, "/api/ra/v1/who")
	if policy := a.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "sandbox") || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("an API's answer: %v", a.Header)
	}
}

func TestNotBuilt(t *testing.T) {
	v := newHouse(t, func(c *Config) { c.Web = fstest.MapFS{} }).visitor("")
	if a := v.ask(http.MethodGet, "/"); a.StatusCode != http.StatusNotImplemented || !strings.Contains(string(a.text), "make build") {
		t.Errorf("%d %s", a.StatusCode, a.text)
	}
}

// The holders' console shares its listener with their API, which programs reach without
// a session, and its cookie is another.
func TestHolders(t *testing.T) {
	v := newHouse(t, func(c *Config) { c.Kind, c.Beside = Holders, c.Places[0].API }).visitor("clerk")
	if a := v.ask(http.MethodGet, "/"); !strings.Contains(string(a.text), "holders") {
		t.Errorf("%s", a.text)
	}
	if a := v.ask(http.MethodGet, "/openapi.json"); a.StatusCode != http.StatusOK || !strings.Contains(a.Header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("%d %v", a.StatusCode, a.Header)
	}
	if a := v.ask(http.MethodGet, "/v1/none"); a.StatusCode != http.StatusNotFound {
		t.Errorf("%d", a.StatusCode)
	}
	if v.logIn(); !strings.HasPrefix(v.cookie, "__Host-onecert-holders-") {
		t.Errorf("the cookie is %q", v.cookie)
	}
	for _, path := range []string{"/metrics", "/api/ra/metrics"} { // who is known there is a holder
		if a := v.ask(http.MethodGet, path); a.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s shows a holder the figures of the service: %d", path, a.StatusCode)
		}
	}
}
