package crl_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/crl"
	"onecert/pki"
	"onecert/pkitest"
)

var start = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

// signer is what a CA's key does.
type signer interface {
	SignMessage(random io.Reader, message []byte, opts crypto.SignerOpts) ([]byte, error)
}

// authority is a CA as far as lists go: it signs what a test wants signed.
type authority struct {
	id          string
	suite       pki.Suite
	key         signer
	certificate *smx509.Certificate

	mu    sync.Mutex
	heads map[string]pki.ListHead
	lists map[string][]byte // by name/number
	fault error             // answered instead
	asked int
}

// Keys are slow to make (RSA) and certificates never change: one of each serves all.
var made = sync.OnceValue(func() map[pki.Suite]*authority {
	all := map[pki.Suite]*authority{}
	for suite, id := range map[pki.Suite]string{pki.SM2: "sm2", pki.RSA2048: "rsa", pki.P256: "ecdsa"} {
		all[suite] = newAuthority(suite, id)
	}
	return all
})

func newAuthority(suite pki.Suite, id string) *authority {
	key, err := pkitest.NewKey(suite)
	if err != nil {
		panic(err)
	}
	subject, err := pki.Name{{Type: "C", Value: "CN"}, {Type: "O", Value: "一证通测试"}, {Type: "CN", Value: "签发 " + id}}.DER()
	if err != nil {
		panic(err)
	}
	certificate, err := pkitest.Certify(pki.Authority{Subject: subject, PublicKey: key.Public(), NotBefore: start.AddDate(-1, 0, 0), NotAfter: start.AddDate(20, 0, 0), PathLen: -1}, key, nil)
	if err != nil {
		panic(err)
	}
	return &authority{id: id, suite: suite, key: key, certificate: certificate}
}

// of returns an authority with nothing signed.
func of(suite pki.Suite) *authority {
	a := made()[suite]
	return &authority{id: a.id, suite: a.suite, key: a.key, certificate: a.certificate, heads: map[string]pki.ListHead{}, lists: map[string][]byte{}}
}

func (a *authority) issuer() crl.Issuer {
	return crl.Issuer{ID: a.id, Certificate: a.certificate, Chain: []*smx509.Certificate{a.certificate}}
}

// spec is a list to be signed.
type spec struct {
	name         string
	number, base int64
	entries      int
	at           time.Time
	life         time.Duration
	point        string // instead of the right one
	journal      int64
}

func (a *authority) der(t testing.TB, s spec) []byte {
	t.Helper()
	partition, delta, _ := pki.ParseListName(s.name)
	if s.life == 0 {
		s.life = 24 * time.Hour
	}
	head := pki.List{Suite: a.suite, Issuer: a.certificate.RawSubject, ThisUpdate: s.at, NextUpdate: s.at.Add(s.life), Number: s.number, Base: s.base, KeyID: a.certificate.SubjectKeyId}
	if partition >= 0 {
		head.PointURI = "http://pki.example/crl/" + a.id + "/" + pki.ListName(partition, false) + ".crl"
	}
	if s.point != "" {
		head.PointURI = s.point
	}
	if !delta {
		head.Freshest = []string{"http://pki.example/crl/" + a.id + "/" + pki.ListName(partition, true) + ".crl"}
	}
	var entries []byte
	for range s.entries {
		serial, err := pki.NewSerial(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		entries = pki.AddListed(entries, pki.Listed{Serial: serial, At: s.at.Add(-time.Minute), Reason: pki.Superseded})
	}
	tbs, err := head.TBS(entries)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := a.key.SignMessage(rand.Reader, tbs, nil)
	if err != nil {
		t.Fatal(err)
	}
	return pki.Assemble(tbs, a.suite, signature)
}

// sign makes a list the newest of its name.
func (a *authority) sign(t testing.TB, s spec) []byte {
	t.Helper()
	if s.at.IsZero() {
		s.at = start
	}
	der := a.der(t, s)
	a.offer(pki.ListHead{Issuer: a.id, Name: s.name, Number: s.number, Base: s.base, Journal: s.journal, Entries: int64(s.entries), Size: int64(len(der))}, der)
	return der
}

// offer hands out octets under a head, whatever they are.
func (a *authority) offer(head pki.ListHead, der []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.heads[head.Name] = head
	a.lists[fmt.Sprint(head.Name, "/", head.Number)] = der
}

func (a *authority) fail(err error) { a.mu.Lock(); defer a.mu.Unlock(); a.fault = err }

func (a *authority) Lists(context.Context, string) ([]pki.ListHead, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked++
	var all []pki.ListHead
	for _, head := range a.heads {
		all = append(all, head)
	}
	return all, a.fault
}

func (a *authority) OpenList(_ context.Context, _, name string, number int64) (io.ReadCloser, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return io.NopCloser(bytes.NewReader(a.lists[fmt.Sprint(name, "/", number)])), a.fault
}

// clock is a time a test sets.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time      { c.mu.Lock(); defer c.mu.Unlock(); return c.now }
func (c *clock) add(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.now = c.now.Add(d) }

// house is a publisher of one issuer on the network.
type house struct {
	*crl.Publisher
	authority *authority
	clock     *clock
	dir, url  string
}

func open(t testing.TB, a *authority, dir string, adjust func(*crl.Config)) *house {
	t.Helper()
	h := &house{authority: a, clock: &clock{now: start.Add(time.Minute)}, dir: dir}
	config := crl.Config{Dir: dir, Source: a, Issuers: []crl.Issuer{a.issuer()}, Now: h.clock.Now}
	if adjust != nil {
		adjust(&config)
	}
	var err error
	if h.Publisher, err = crl.New(config); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.StripPrefix("/crl", h.Handler()))
	t.Cleanup(server.Close)
	h.url = server.URL + "/crl/" + a.id
	return h
}

func (h *house) refresh(t testing.TB) {
	t.Helper()
	if err := h.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// get asks with headers ("Name: value") and returns the answer with its body.
func (h *house) get(t testing.TB, path string, headers ...string) (*http.Response, []byte) {
	t.Helper()
	return h.ask(t, http.MethodGet, path, headers...)
}

func (h *house) ask(t testing.TB, method, path string, headers ...string) (*http.Response, []byte) {
	t.Helper()
	request, err := http.NewRequest(method, h.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(headers); n += 2 {
		request.Header.Set(headers[n], headers[n+1])
	}
	client := &http.Client{Transport: &http.Transport{DisableCompression: true, DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, body
}
