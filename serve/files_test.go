package serve

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func published(t *testing.T) (string, http.Handler) {
	t.Helper()
	outside := t.TempDir()
	dir := filepath.Join(outside, "public")
	for name, text := range map[string]string{
		"public/sm2.crl": "crl", "public/ca/sm2.cer": "cer", "public/all.p7c": "p7c", "public/key.pem": "KEY", "public/.hidden.crl": "KEY",
		"public/.d/x.crl": "KEY", "secret.crl": "KEY",
	} {
		path := filepath.Join(outside, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{"up.crl": "../secret.crl", "abs.crl": filepath.Join(outside, "secret.crl")} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.crl"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "folder.crl"), 0o700); err != nil {
		t.Fatal(err)
	}
	h, err := Files(dir)
	if err != nil {
		t.Fatal(err)
	}
	return dir, h
}

func ask(h http.Handler, method, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/", nil)
	r.URL.Path = path
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestFilesArePublished(t *testing.T) {
	_, h := published(t)
	for path, want := range map[string][2]string{
		"/sm2.crl": {"crl", "application/pkix-crl"}, "/ca/sm2.cer": {"cer", "application/pkix-cert"},
		"/all.p7c": {"p7c", "application/pkcs7-mime; smime-type=certs-only"},
	} {
		w := ask(h, "GET", path)
		if w.Code != 200 || w.Body.String() != want[0] || w.Header().Get("Content-Type") != want[1] || w.Header().Get("Last-Modified") == "" {
			t.Errorf("%s: %d %q %v", path, w.Code, w.Body, w.Header())
		}
		if w := ask(h, "HEAD", path); w.Code != 200 || w.Body.Len() != 0 || w.Header().Get("Content-Length") != "3" {
			t.Errorf("HEAD %s: %d %v", path, w.Code, w.Header())
		}
	}
}

func TestNothingElseIsPublished(t *testing.T) {
	_, h := published(t)
	for _, path := range []string{"/", "", "/ca", "/ca/", "/key.pem", "/.hidden.crl", "/.d/x.crl", "/up.crl", "/abs.crl", "/pipe.crl",
		"/folder.crl", "/../secret.crl", "/ca/../../secret.crl", "//sm2.crl", "/./sm2.crl", "/sm2.CRL", "/none.crl", "/a\x00.crl", "/sm2.crl/", "/" + strings.Repeat("a/", 5000) + "x.crl"} {
		w := ask(h, "GET", path)
		if w.Code != 404 || strings.Contains(w.Body.String(), "KEY") {
			t.Errorf("%.40q: %d %s", path, w.Code, w.Body)
		}
		problemIn(t, w)
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS", "PROPFIND"} {
		if w := ask(h, method, "/sm2.crl"); w.Code != 405 || w.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: %d", method, w.Code)
		}
	}
}

func TestFilesAreAskedConditionally(t *testing.T) {
	dir, h := published(t)
	first := ask(h, "GET", "/sm2.crl")
	tag, modified := first.Header().Get("ETag"), first.Header().Get("Last-Modified")
	if w := ask(h, "GET", "/sm2.crl", "If-None-Match", tag); w.Code != 304 || w.Body.Len() != 0 {
		t.Errorf("by tag: %d", w.Code)
	}
	if w := ask(h, "GET", "/sm2.crl", "If-Modified-Since", modified); w.Code != 304 {
		t.Errorf("by time: %d", w.Code)
	}
	// The next list replaces this one by rename, perhaps within the same second.
	next := filepath.Join(dir, "next")
	if err := os.WriteFile(next, []byte("crl2"), 0o600); err != nil {
		t.Fatal(err)
	}
	when := time.Now().Add(time.Millisecond)
	if err := os.Chtimes(next, when, when); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, filepath.Join(dir, "sm2.crl")); err != nil {
		t.Fatal(err)
	}
	if w := ask(h, "GET", "/sm2.crl", "If-None-Match", tag); w.Code != 200 || w.Body.String() != "crl2" {
		t.Errorf("after the change: %d %s", w.Code, w.Body)
	}
}

func TestFilesNeedAFolder(t *testing.T) {
	if _, err := Files(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a folder that is not there was opened")
	}
}

func TestFilesBehindAServer(t *testing.T) {
	_, h := published(t)
	base := start(t, Server{Name: "files", Handler: h})
	response, err := http.Get(base + "/sm2.crl")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if text, _ := io.ReadAll(response.Body); string(text) != "crl" {
		t.Errorf("got %q", text)
	}
}
