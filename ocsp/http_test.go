package ocsp

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"onecert/pki"
	"onecert/pkitest"
	"onecert/serve"
	"onecert/status"
)

// listen serves the responder on a socket, as a process does.
func (h *house) listen(t testing.TB, limits serve.Limits) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	mux := http.NewServeMux() // what stands behind tidies paths
	mux.HandleFunc("/crl/", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "a list") })
	server := serve.Server{Name: "ocsp", Listener: l, Handler: h.Responder.Handler(mux), Limits: limits, Log: h.cfg.Log}
	go func() { ended <- serve.Run(ctx, server) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

// raw sends a request line as it is, which no client library would.
func raw(t testing.TB, address, line string) *http.Response {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", line)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

// awkward returns a serial whose request has //, / and + in its base64.
func (h *house) awkward(t testing.TB) (pki.Serial, []byte) {
	t.Helper()
	for n := range 100_000 {
		s := newSerial()
		der := encode(t, nil, h.authorities["sm2"].certID("sha1", n%2 == 0, s))
		text := base64.StdEncoding.EncodeToString(der)
		if strings.Contains(text, "//") && strings.Contains(text, "+") && strings.HasSuffix(text, "=") {
			return s, der
		}
	}
	t.Fatal("no such serial")
	return "", nil
}

func TestGetSpellings(t *testing.T) {
	h := open(t, pkitest.SQLite(t), nil)
	address := h.listen(t, Limits())
	s, der := h.awkward(t)
	h.put(t, h.issued("sm2", s))
	std, urls := base64.StdEncoding.EncodeToString(der), base64.URLEncoding.EncodeToString(der)
	escape := strings.NewReplacer("/", "%2F", "+", "%2B", "=", "%3D")
	lower := strings.NewReplacer("/", "%2f", "+", "%2b", "=", "%3d")
	for name, path := range map[string]string{
		"plain":                  "/" + std,
		"all escaped":            "/" + escape.Replace(std),
		"escaped in lower case":  "/" + lower.Replace(std),
		"slashes not escaped":    "/" + strings.NewReplacer("+", "%2B", "=", "%3D").Replace(std),
		"plus not escaped":       "/" + strings.NewReplacer("/", "%2F", "=", "%3D").Replace(std),
		"url.PathEscape":         "/" + url.PathEscape(std),
		"url.QueryEscape":        "/" + url.QueryEscape(std),
		"URL alphabet":           "/" + urls,
		"URL alphabet, unpadded": "/" + strings.TrimRight(urls, "="),
		"unpadded":               "/" + strings.TrimRight(std, "="),
		"slash twice in front":   "//" + std,
		"slash thrice in front":  "///" + std,
		"plus became a blank":    "/" + strings.ReplaceAll(std, "+", "%20"),
		"line ends":              "/" + std[:64] + "%0A" + std[64:] + "%0D%0A",
		"every octet escaped":    "/" + everyEscaped(std),
		"with a query":           "/" + std + "?x=1",
	} {
		t.Run(name, func(t *testing.T) {
			response := raw(t, address, "GET /ocsp"+path)
			body, err := io.ReadAll(response.Body)
			if err != nil || response.StatusCode != 200 || response.ContentLength != int64(len(body)) {
				t.Fatal(response.Status, err, response.Header)
			}
			if got := h.read(t, "sm2", body); got[0].state != "good" || got[0].serial != s {
				t.Errorf("%+v", got)
			}
		})
	}
	if response := raw(t, address, "HEAD /ocsp/"+std); response.StatusCode != 200 || response.ContentLength < 500 {
		t.Error("HEAD:", response.Status, response.ContentLength)
	}
	response := raw(t, address, "GET http://pki.example/ocsp/"+std)
	if body, _ := io.ReadAll(response.Body); response.StatusCode != 200 || h.read(t, "sm2", body)[0].state != "good" {
		t.Error("absolute form:", response.Status)
	}
	for _, front := range []string{"//ocsp/", "///ocsp//", "http://pki.example//ocsp/"} { // an address that ends with a slash, put before a path
		response := raw(t, address, "GET "+front+std)
		if body, _ := io.ReadAll(response.Body); response.StatusCode != 200 || h.read(t, "sm2", body)[0].state != "good" {
			t.Error(front, response.Status)
		}
	}
	if response := raw(t, address, "GET //ocspx/abc"); response.StatusCode == 200 {
		t.Error("another path with two slashes:", response.Status)
	}
	if response := raw(t, address, "GET /crl/x.crl"); response.StatusCode != 200 {
		t.Error("what stands behind:", response.Status)
	}
	if response := raw(t, address, "GET /ocspx/abc"); response.StatusCode != 404 {
		t.Error("another path:", response.Status)
	}
}

func everyEscaped(text string) string {
	var b strings.Builder
	for i := range len(text) {
		fmt.Fprintf(&b, "%%%02X", text[i])
	}
	return b.String()
}

func TestGetRefuses(t *testing.T) {
	h := open(t, pkitest.SQLite(t), nil)
	s := h.issue(t, "sm2")
	std := base64.StdEncoding.EncodeToString(h.request(t, "sm2", s))
	for name, path := range map[string]string{
		"nothing": "", "a slash": "/", "no base64": "/!!!!", "half an escape": "/" + std + "%2", "no hexadecimal": "/%zz" + std,
		"text after padding": "/" + std + "=A", "three pads": "/" + strings.TrimRight(std, "=") + "===", "cut": "/" + std[:len(std)-5],
		"octets after": "/" + std[:len(std)-4] + "AAAAAAAA",
	} {
		r := httptest.NewRequest(http.MethodGet, "/ocsp", nil)
		r.RequestURI = "/ocsp" + path
		w := httptest.NewRecorder()
		h.handler.ServeHTTP(w, r)
		if w.Code != 400 || !bytes.Equal(w.Body.Bytes(), []byte{0x30, 3, 10, 1, 1}) || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %x", name, w.Code, w.Body.Bytes())
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/ocsp/"+strings.Repeat("A", maxPath), nil)
	w := httptest.NewRecorder()
	if h.handler.ServeHTTP(w, r); w.Code != http.StatusRequestURITooLong {
		t.Error("a long path:", w.Code)
	}
	w = httptest.NewRecorder()
	if h.handler.ServeHTTP(w, httptest.NewRequest(http.MethodPut, "/ocsp", nil)); w.Code != 405 || w.Header().Get("Allow") == "" {
		t.Error("PUT:", w.Code)
	}
}

// RFC 5019 6.2: caches may keep an answer, ask whether it has changed, and never
// beyond its end.
func TestCaching(t *testing.T) {
	h := open(t, pkitest.SQLite(t), nil)
	s := h.issue(t, "ecdsa")
	path := "/ocsp/" + base64.URLEncoding.EncodeToString(h.request(t, "ecdsa", s))
	get := func(method, ifNone string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, nil)
		if ifNone != "" {
			r.Header.Set("If-None-Match", ifNone)
		}
		w := httptest.NewRecorder()
		h.handler.ServeHTTP(w, r)
		return w
	}
	first := get(http.MethodGet, "")
	got := h.check(t, "ecdsa", first)
	header := first.Header()
	if header.Get("Cache-Control") != "max-age=60, public, no-transform, must-revalidate" || header.Get("Expires") != got.next.Format(http.TimeFormat) ||
		header.Get("Last-Modified") != got.this.Format(http.TimeFormat) {
		t.Error(header)
	}
	tag := header.Get("ETag")
	for _, none := range []string{tag, "W/" + tag, `"x", ` + tag, "*"} {
		if w := get(http.MethodGet, none); w.Code != http.StatusNotModified || w.Body.Len() != 0 || w.Header().Get("ETag") != tag {
			t.Errorf("If-None-Match %s: %d", none, w.Code)
		}
	}
	if w := get(http.MethodGet, `"other"`); w.Code != 200 || !bytes.Equal(w.Body.Bytes(), first.Body.Bytes()) {
		t.Error("another tag:", w.Code)
	}
	if w := get(http.MethodHead, ""); w.Code != 200 || w.Header().Get("ETag") != tag {
		t.Error("HEAD:", w.Code, w.Header())
	}
	if w := h.send(h.request(t, "ecdsa", s)); w.Header().Get("Cache-Control") != header.Get("Cache-Control") || !bytes.Equal(w.Body.Bytes(), first.Body.Bytes()) {
		t.Error("POST:", w.Header())
	}
	h.put(t, h.changed("ecdsa", s, status.Revoked))
	w := get(http.MethodGet, tag)
	if got := h.check(t, "ecdsa", w); got.state != "revoked" || w.Header().Get("ETag") == tag {
		t.Errorf("after the revocation: %+v", got)
	}
	for name, der := range map[string][]byte{
		"unknown": h.request(t, "ecdsa", newSerial()),
		"nonce":   encode(t, []byte("n"), h.authorities["ecdsa"].certID("sha1", true, s)),
	} {
		if w := h.send(der); w.Code != 200 || w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("ETag") != "" {
			t.Error(name, w.Header())
		}
	}
}

// A client that sends or reads slowly loses its connection, not the others theirs.
func TestSlowClients(t *testing.T) {
	h := open(t, pkitest.SQLite(t), nil)
	s := h.issue(t, "sm2")
	limits := Limits()
	limits.Header, limits.Request, limits.Idle = 200*time.Millisecond, 300*time.Millisecond, 300*time.Millisecond
	address := h.listen(t, limits)
	// A connection kept from the round before would be closed as idle in the moment it
	// is used again.
	fresh := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for name, text := range map[string]string{
		"header": "POST /ocsp HTTP/1.1\r\nHost: a\r\nX: ",
		"body":   "POST /ocsp HTTP/1.1\r\nHost: a\r\nContent-Length: 90\r\n\r\n0",
		"idle":   "",
	} {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		io.WriteString(conn, text)
		conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, err := io.ReadAll(conn); err != nil {
			t.Errorf("%s: the connection stayed open: %v", name, err)
		}
		response, err := fresh.Post("http://"+address+"/ocsp", "application/ocsp-request", bytes.NewReader(h.request(t, "sm2", s)))
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(response.Body)
		response.Body.Close()
		if h.read(t, "sm2", body)[0].state != "good" {
			t.Error("another client is not answered")
		}
	}
}
