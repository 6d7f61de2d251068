package crl_test

import (
	"bytes"
	"compress/gzip"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/crl"
	"onecert/pki"
)

func unzip(t *testing.T, octets []byte) []byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(octets))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

// sizes: from memory and from the file.
func sizes() map[string]int { return map[string]int{"short": 50, "long": 30_000} }

// TestHTTP: conditional requests, ranges, compression, HEAD and what caches are told.
func TestHTTP(t *testing.T) {
	for name, entries := range sizes() {
		t.Run(name, func(t *testing.T) {
			a := of(pki.P256)
			h := open(t, a, t.TempDir(), nil)
			der := a.sign(t, spec{name: "complete", number: 10, entries: entries, life: time.Hour})
			h.refresh(t)
			const list = "/complete.crl"
			r, body := h.get(t, list)
			etag := r.Header.Get("ETag")
			for header, want := range map[string]string{"Content-Type": "application/pkix-crl", "Vary": "Accept-Encoding", "Cache-Control": "public, max-age=10, must-revalidate",
				"Last-Modified": start.Format(http.TimeFormat), "Accept-Ranges": "bytes", "CRL-Number": "10", "X-Content-Type-Options": "nosniff", "Content-Encoding": ""} {
				if got := r.Header.Get(header); got != want {
					t.Errorf("%s: %q, want %q", header, got, want)
				}
			}
			if !bytes.Equal(body, der) || len(etag) < 10 || r.ContentLength != int64(len(der)) {
				t.Errorf("%d octets, tag %q", len(body), etag)
			}
			if r, body := h.ask(t, "HEAD", list); r.StatusCode != 200 || len(body) != 0 || r.ContentLength != int64(len(der)) || r.Header.Get("ETag") != etag {
				t.Errorf("HEAD: %s, %d octets", r.Status, r.ContentLength)
			}
			for _, condition := range [][]string{{"If-None-Match", etag}, {"If-None-Match", `"x", ` + etag}, {"If-Modified-Since", start.Format(http.TimeFormat)}} {
				if r, body := h.get(t, list, condition...); r.StatusCode != 304 || len(body) != 0 || r.Header.Get("ETag") != etag {
					t.Errorf("%v: %s", condition, r.Status)
				}
			}
			for _, condition := range [][]string{{"If-None-Match", `"x"`}, {"If-Modified-Since", start.Add(-time.Second).Format(http.TimeFormat)}} {
				if r, _ := h.get(t, list, condition...); r.StatusCode != 200 {
					t.Errorf("%v: %s", condition, r.Status)
				}
			}
			zipped, octets := h.get(t, list, "Accept-Encoding", "br, gzip;q=0.5")
			if zipped.Header.Get("Content-Encoding") != "gzip" || zipped.Header.Get("ETag") == etag || zipped.Header.Get("Vary") != "Accept-Encoding" || !bytes.Equal(unzip(t, octets), der) {
				t.Errorf("compressed: %v", zipped.Header)
			}
			if r, _ := h.get(t, list, "Accept-Encoding", "gzip", "If-None-Match", zipped.Header.Get("ETag")); r.StatusCode != 304 {
				t.Errorf("compressed, not modified: %s", r.Status)
			}
			if r, part := h.get(t, list, "Accept-Encoding", "gzip", "Range", "bytes=10-29"); r.StatusCode != 206 || !bytes.Equal(part, der[10:30]) || r.Header.Get("Content-Encoding") != "" {
				t.Errorf("a range: %s", r.Status)
			}
			if r, _ := h.get(t, list, "Range", "bytes=99999999-"); r.StatusCode != 416 {
				t.Errorf("a range beyond: %s", r.Status)
			}
			// Caches never keep it beyond its end, and after that it is not handed out.
			h.clock.add(59*time.Minute - 4*time.Second) // 4 seconds are left
			if r, _ := h.get(t, list); r.Header.Get("Cache-Control") != "public, max-age=4, must-revalidate" {
				t.Errorf("shortly before its end: %s", r.Header.Get("Cache-Control"))
			}
			h.clock.add(4 * time.Second)
			if r, body := h.get(t, list); r.StatusCode != 503 || !strings.Contains(string(body), "crl.lapsed") || r.Header.Get("Cache-Control") != "no-store" || r.Header.Get("Retry-After") == "" {
				t.Errorf("lapsed: %s %s", r.Status, body)
			}
		})
	}
}

// TestReadersOfTheOldList end with it whole though a new one has come.
func TestReadersOfTheOldList(t *testing.T) {
	a := of(pki.P256)
	h := open(t, a, t.TempDir(), nil)
	der := a.sign(t, spec{name: "complete", number: 10, entries: 60_000})
	h.refresh(t)
	response, err := http.Get(h.url + "/complete.crl")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	begin := make([]byte, 1000)
	if _, err := io.ReadFull(response.Body, begin); err != nil {
		t.Fatal(err)
	}
	for number := int64(11); number < 14; number++ {
		a.sign(t, spec{name: "complete", number: number, entries: 60_000})
		h.refresh(t)
	}
	rest, err := io.ReadAll(response.Body)
	if err != nil || !bytes.Equal(append(begin, rest...), der) {
		t.Errorf("%d octets, %v", len(rest), err)
	}
}

// TestPaths: nothing but lists is handed out.
func TestPaths(t *testing.T) {
	a := of(pki.P256)
	h := open(t, a, t.TempDir(), nil)
	a.sign(t, spec{name: "complete", number: 10})
	h.refresh(t)
	for _, path := range []string{"/", "", "/complete", "/complete.crl.gz", "/0.crl", "/00.crl", "/-1.crl", "/x.crl", "/history", "/history/complete/10", "/history/complete/010.crl",
		"/history/complete/11.crl", "/history/../complete.crl", "/history/x/10.crl", "/history/complete/..%2f..%2findex.json", "/%2e%2e/ecdsa/complete.crl", "/complete.crl/", "/" + strings.Repeat("a", 300), "/.new-1", "/complete.crl%00"} {
		if r, body := h.get(t, path); r.StatusCode != 404 && r.StatusCode != 400 {
			t.Errorf("%s: %s %.80s", path, r.Status, body)
		}
	}
	for _, method := range []string{"POST", "PUT", "DELETE"} {
		if r, _ := h.ask(t, method, "/complete.crl"); r.StatusCode < 400 || r.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: %s", method, r.Status)
		}
	}
}

// TestHistory: every list of the past under its number, for ever the same, and what was
// the newest at a moment.
func TestHistory(t *testing.T) {
	a, dir := of(pki.SM2), t.TempDir()
	h := open(t, a, dir, nil)
	lists := map[int64][]byte{}
	for n := range int64(5) {
		lists[10+n] = a.sign(t, spec{name: "2", number: 10 + n, entries: int(n), at: start.Add(time.Duration(n) * time.Hour)})
		a.sign(t, spec{name: "2-delta", number: 10 + n, base: 9, at: start.Add(time.Duration(n) * time.Hour)})
		h.refresh(t)
		h.clock.add(time.Hour)
	}
	check := func(h *house) {
		t.Helper()
		for number, der := range lists {
			r, body := h.get(t, fmt.Sprintf("/history/2/%d.crl", number))
			if r.StatusCode != 200 || !bytes.Equal(body, der) || !strings.Contains(r.Header.Get("Cache-Control"), "immutable") {
				t.Errorf("%d: %s", number, r.Status)
			}
			at := start.Add(time.Duration(number-10)*time.Hour + 59*time.Minute).In(time.FixedZone("CST", 8*3600)).Format("2006-01-02T15:04:05%2B08:00")
			if r, body := h.get(t, "/2.crl?at="+at); r.StatusCode != 200 || !bytes.Equal(body, der) || r.Header.Get("CRL-Number") != strconv.FormatInt(number, 10) {
				t.Errorf("at %s: %s %s", at, r.Status, r.Header.Get("CRL-Number"))
			}
		}
		if r, body := h.get(t, "/history/2/index.jsonl"); r.StatusCode != 200 || bytes.Count(body, []byte("\n")) != 5 {
			t.Errorf("the index: %s %s", r.Status, body)
		}
		for query, code := range map[string]string{"2.crl?at=2030-01-02T03:04:04Z": "crl.before", "2.crl?at=2040-01-02T03:04:04Z": "crl.early", "2.crl?at=now": "crl.time", "3.crl?at=2030-01-02T04:04:04Z": "crl.before", "history/2-delta/10.crl": "crl.unknown"} {
			if r, body := h.get(t, "/"+query); r.StatusCode < 400 || !strings.Contains(string(body), code) {
				t.Errorf("%s: %s %s", query, r.Status, body)
			}
		}
	}
	check(h)
	index := filepath.Join(dir, "sm2", "history", "2", "index.jsonl")
	again := open(t, a, dir, nil)
	again.clock.add(5 * time.Hour)
	check(again)
	file, err := os.OpenFile(index, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	file.WriteString(`{"number": 1`) // cut off by a full disk
	file.Close()
	again = open(t, a, dir, nil)
	again.clock.add(5 * time.Hour)
	if r, _ := again.get(t, "/2.crl?at=2030-01-02T05:30:00Z"); r.StatusCode != 200 {
		t.Errorf("with a damaged index: %s", r.Status)
	}
}

// TestCurl is another implementation of HTTP: conditional GET, compression, ranges.
func TestCurl(t *testing.T) {
	a := of(pki.RSA2048)
	h := open(t, a, t.TempDir(), nil)
	der := a.sign(t, spec{name: "complete", number: 10, entries: 2000})
	h.refresh(t)
	dir := t.TempDir()
	curl := func(args ...string) string {
		t.Helper()
		args = append([]string{"--silent", "--show-error", "--noproxy", "*", "--write-out", "%{http_code} %{size_download} %{content_type}"}, args...)
		out, err := exec.Command("curl", append(args, h.url+"/complete.crl")...).CombinedOutput()
		if err != nil {
			t.Fatalf("curl: %v %s", err, out)
		}
		return string(out)
	}
	file, tag := filepath.Join(dir, "a.crl"), filepath.Join(dir, "tag")
	got := func(path string) []byte {
		octets, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return octets
	}
	if out := curl("--output", file, "--etag-save", tag); out != fmt.Sprintf("200 %d application/pkix-crl", len(der)) || !bytes.Equal(got(file), der) {
		t.Error(out)
	}
	if out := curl("--output", filepath.Join(dir, "b"), "--etag-compare", tag); !strings.HasPrefix(out, "304 0") {
		t.Error("by its tag: " + out)
	}
	if out := curl("--output", filepath.Join(dir, "b"), "--time-cond", "Wed, 02 Jan 2030 03:04:05 GMT"); !strings.HasPrefix(out, "304 0") {
		t.Error("by its time: " + out)
	}
	zipped := filepath.Join(dir, "z.crl")
	out := curl("--output", zipped, "--compressed")
	var code, size int
	if fmt.Sscan(out, &code, &size); code != 200 || size >= len(der)*9/10 || !bytes.Equal(got(zipped), der) {
		t.Errorf("compressed: %s of %d", out, len(der))
	}
	part := filepath.Join(dir, "part")
	if err := os.WriteFile(part, der[:1234], 0o600); err != nil {
		t.Fatal(err)
	}
	if out := curl("--output", part, "--continue-at", "-"); !strings.HasPrefix(out, "206") || !bytes.Equal(got(part), der) {
		t.Error("continued: " + out)
	}
	if out := curl("--head", "--output", filepath.Join(dir, "h")); !strings.HasPrefix(out, "200 0") {
		t.Error("the head: " + out)
	}
}

// TestOpenSSL verifies what is published, list and chain.
func TestOpenSSL(t *testing.T) {
	for _, suite := range []pki.Suite{pki.RSA2048, pki.P256} {
		a := of(suite)
		h := open(t, a, t.TempDir(), nil)
		a.sign(t, spec{name: "3", number: 10, entries: 20})
		a.sign(t, spec{name: "3-delta", number: 11, base: 10, entries: 20})
		h.refresh(t)
		ca := filepath.Join(t.TempDir(), "ca.pem")
		if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.certificate.Raw}), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"3", "3-delta"} {
			_, body := h.get(t, "/"+name+".crl")
			file := filepath.Join(t.TempDir(), name)
			if err := os.WriteFile(file, body, 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command("openssl", "crl", "-inform", "DER", "-in", file, "-verify", "-CAfile", ca, "-noout", "-text").CombinedOutput()
			if err != nil || !strings.Contains(string(out), "verify OK") || !strings.Contains(string(out), "/3.crl") {
				t.Errorf("%s %s: %v %s", suite, name, err, out)
			}
			for want, in := range map[string]string{"Freshest CRL": "3", "Delta CRL Indicator": "3-delta"} {
				if strings.Contains(string(out), want) != (in == name) {
					t.Errorf("%s %s: %q", suite, name, want)
				}
			}
		}
	}
}

func TestChains(t *testing.T) {
	a, above := of(pki.RSA2048), of(pki.P256)
	issuer := crl.Issuer{ID: "rsa", Certificate: a.certificate, Chain: []*smx509.Certificate{above.certificate, a.certificate}}
	chains, err := crl.NewChains([]crl.Issuer{issuer})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := chains.Write(dir); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.StripPrefix("/aia", chains))
	defer server.Close()
	for name, kind := range map[string]string{"rsa.cer": "application/pkix-cert", "rsa-root.cer": "application/pkix-cert", "rsa-above-1.cer": "application/pkix-cert",
		"rsa.p7c": "application/pkcs7-mime; smime-type=certs-only", "rsa-chain.p7b": "application/x-pkcs7-certificates", "rsa-chain.pem": "application/x-pem-file"} {
		response, err := http.Get(server.URL + "/aia/" + name)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		file, missing := os.ReadFile(filepath.Join(dir, name))
		if err != nil || missing != nil || response.StatusCode != 200 || response.Header.Get("Content-Type") != kind || !bytes.Equal(body, file) {
			t.Errorf("%s: %s %v %v", name, response.Status, err, missing)
		}
	}
	out, err := exec.Command("openssl", "pkcs7", "-inform", "DER", "-in", filepath.Join(dir, "rsa.p7c"), "-print_certs").CombinedOutput()
	if err != nil || bytes.Count(out, []byte("BEGIN CERTIFICATE")) != 3 {
		t.Errorf("openssl pkcs7: %v %s", err, out)
	}
	for _, path := range []string{"/aia/", "/aia/none.cer", "/aia/../rsa.cer"} {
		if response, err := http.Get(server.URL + path); err != nil || response.StatusCode != 404 {
			t.Errorf("%s: %v %v", path, response.Status, err)
		}
	}
}
