package demo

import (
	"encoding/pem"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"onecert/pki"
)

// firstPage is a start page whose tree is no more than its folder and ports.
func firstPage(t *testing.T) *start {
	t.Helper()
	s := &state{Host: "127.0.0.1", Ports: map[string]int{}}
	for n, service := range services {
		s.Ports[service] = 10_000 + n
	}
	page, err := newStart(&tree{o: Options{Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler)}, s: s})
	if err != nil {
		t.Fatal(err)
	}
	for path, content := range map[string]string{page.t.file("alice", "ecdsa", "sign.p12"): "store of alice", page.t.trust("ecdsa"): "root",
		filepath.Join(page.t.o.Dir, "notices/13900000000.txt"): "2030-01-02T03:04:05Z loss code=12345678 <b>\n"} {
		if err := writeFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return page
}

func (s *start) get(path string, change func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Host = s.t.s.address(operator)
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	s.handler().ServeHTTP(w, r)
	return w
}

func TestFirstPage(t *testing.T) {
	s := firstPage(t)
	for language, words := range map[string][]string{"zh-CN,zh;q=0.9": {`lang="zh-CN"`, "让浏览器成为某个人", "录入员"}, "en": {`lang="en"`, "Let your browser be somebody", "registrar"}} {
		w := s.get("/"+s.word+"/", func(r *http.Request) { r.Header.Set("Accept-Language", language) })
		for _, word := range append(words, password, "p12/lra1.registrar.p12", s.at("console"), s.at("self"), "code=12345678 &lt;b&gt;") {
			if !strings.Contains(w.Body.String(), word) {
				t.Errorf("%s: the page does not say %q", language, word)
			}
		}
		if csp := w.Header().Get("Content-Security-Policy"); w.Code != http.StatusOK || !strings.HasPrefix(csp, "default-src 'none'") || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d, %v", language, w.Code, w.Header())
		}
	}
	if w := s.get("/"+s.word+"/?lang=en", func(r *http.Request) { r.Header.Set("Accept-Language", "zh-CN") }); !strings.Contains(w.Body.String(), `lang="en"`) {
		t.Error("the language cannot be chosen")
	}
}

// Everything the page links to within itself is there, and of everybody it names.
func TestFirstPageLinks(t *testing.T) {
	s := firstPage(t)
	for _, r := range append(cast(), expiredPerson()) {
		if err := writeFile(s.t.file(r.name, "ecdsa", "sign.p12"), []byte("store of "+r.name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	page := s.get("/"+s.word+"/", nil).Body.String()
	links := regexp.MustCompile(`href="([a-z0-9][^":?]*)"`).FindAllStringSubmatch(page, -1)
	if len(links) < 15 {
		t.Fatalf("%d links", len(links))
	}
	for _, link := range links {
		if w := s.get("/"+s.word+"/"+link[1], nil); w.Code != http.StatusOK || w.Body.Len() == 0 {
			t.Errorf("%s: %d", link[1], w.Code)
		}
	}
	if w := s.get("/"+s.word+"/p12/alice.p12", nil); w.Body.String() != "store of alice" || !strings.Contains(w.Header().Get("Content-Disposition"), `"alice.p12"`) {
		t.Errorf("%q, %v", w.Body, w.Header())
	}
}

func TestFirstPageRefuses(t *testing.T) {
	s := firstPage(t)
	if err := os.WriteFile(filepath.Join(s.t.o.Dir, "identities", "x.p12"), []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", "/wrong/", "/" + s.word, "/" + s.word + "x/", "/wrong/p12/alice.p12", "/" + s.word + "/p12/nobody.p12", "/" + s.word + "/p12/alice",
		"/" + s.word + "/p12/..%2Fx.p12", "/" + s.word + "/scan/other.png", "/" + s.word + "/demo.json"} {
		if w := s.get(path, nil); w.Code == http.StatusOK || strings.Contains(w.Body.String(), "store of") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	for _, host := range []string{"rebound.example:10014", "127.0.0.1", "localhost:10014"} {
		if w := s.get("/"+s.word+"/", func(r *http.Request) { r.Host = host }); w.Code != http.StatusNotFound {
			t.Errorf("under the name %s: %d", host, w.Code)
		}
	}
	if w := s.get("/"+s.word+"/p12/bob.p12", nil); w.Code != http.StatusInternalServerError { // not there
		t.Errorf("a missing file: %d", w.Code)
	}
}

// What a newcomer is given to enter is taken.
func TestFirstPageMaterials(t *testing.T) {
	s := firstPage(t)
	block, _ := pem.Decode(s.get("/"+s.word+"/request.pem", nil).Body.Bytes())
	if block == nil {
		t.Fatal("no PEM")
	}
	if _, err := pki.ParseRequest(block.Bytes, false); err != nil {
		t.Error(err)
	}
	for range 50 {
		if number := applicant(); !pki.ResidentNumber(number) || !strings.HasPrefix(number, "9999") {
			t.Errorf("%q is no number of nobody", number)
		}
	}
	one, two := s.get("/"+s.word+"/scan/form.png", nil).Body.String(), s.get("/"+s.word+"/scan/form.png", nil).Body.String()
	if one == two || !strings.HasPrefix(one, "\x89PNG") {
		t.Error("scans are alike")
	}
	if firstPage(t).word == s.word || len(s.word) < 20 {
		t.Error("the word can be guessed")
	}
}
