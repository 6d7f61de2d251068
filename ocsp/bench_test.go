package ocsp

import (
	"bytes"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"onecert/pkitest"
)

// nowhere is a ResponseWriter that costs nothing.
type nowhere struct{ header http.Header }

func (n *nowhere) Header() http.Header         { return n.header }
func (n *nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (n *nowhere) WriteHeader(int)             {}

func BenchmarkReadyGET(b *testing.B) {
	h := open(b, pkitest.SQLite(b), nil)
	der := h.request(b, "sm2", h.issue(b, "sm2"))
	r := httptest.NewRequest(http.MethodGet, "/ocsp/"+url.PathEscape(base64.StdEncoding.EncodeToString(der)), nil)
	w := &nowhere{http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		h.handler.ServeHTTP(w, r)
	}
}

func BenchmarkReadyPOST(b *testing.B) {
	h := open(b, pkitest.SQLite(b), nil)
	der := h.request(b, "sm2", h.issue(b, "sm2"))
	body := bytes.NewReader(der)
	r := httptest.NewRequest(http.MethodPost, "/ocsp", io.NopCloser(body))
	w := &nowhere{http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		body.Reset(der)
		h.handler.ServeHTTP(w, r)
	}
}

func BenchmarkSigned(b *testing.B) {
	for id := range suites() {
		b.Run(id, func(b *testing.B) {
			h := open(b, pkitest.SQLite(b), nil)
			der := encode(b, []byte("nonce"), h.authorities[id].certID("sha1", true, h.issue(b, id)))
			body := bytes.NewReader(der)
			r := httptest.NewRequest(http.MethodPost, "/ocsp", io.NopCloser(body))
			w := &nowhere{http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				body.Reset(der)
				h.handler.ServeHTTP(w, r)
			}
		})
	}
}

func BenchmarkLoadCopy(b *testing.B) {
	h := open(b, pkitest.SQLite(b), func(c *Config) { c.Issuers = c.Issuers[:1] })
	const certificates = 1_000_000
	h.issue(b, "sm2")
	for n := range uint64(certificates) {
		h.known.set(keyNumber(n*0x9e3779b97f4a7c15, 0), record{state: slotValid, notAfter: forever})
	}
	if err := h.saveCopy(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		h.known.clear()
		h.loadCopy(b.Context())
	}
	if n, _ := h.known.size(); n < certificates {
		b.Fatal(n)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/certificates, "ns/certificate")
}
