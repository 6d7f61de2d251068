package kmc

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"onecert/cms"
	"onecert/pki"
	"onecert/pkitest"
	"onecert/serve"
)

// wire is the network between client and centre, with a hand on it.
type wire struct {
	house *house
	mu    sync.Mutex
	sent  [][]byte
	came  [][]byte
	// act may answer in the centre's place.
	act func(request []byte) (status int, answer []byte, err error)
}

// RoundTrip implements http.RoundTripper.
func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	request, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	act := w.act
	if act == nil {
		act = w.honest
	}
	status, answer, err := act(request)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent, w.came = append(w.sent, request), append(w.came, answer)
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(answer)), Request: r}, nil
}

func (w *wire) honest(request []byte) (int, []byte, error) {
	answer, err := w.house.centre.Answer(as("ca1"), request)
	return http.StatusOK, answer, err
}

// wired returns a client over a wire.
func (h *house) wired(change func(*ClientConfig)) (*Client, *wire) {
	h.t.Helper()
	w := &wire{house: h}
	config := ClientConfig{API: &serve.Client{Base: "http://kmc.example", HTTP: &http.Client{Transport: w}},
		Key: h.ca, Certificate: h.caCert, Centre: []*smx509.Certificate{h.kmcCert}, Now: h.clock.Now}
	if change != nil {
		change(&config)
	}
	c, err := NewClient(config)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(c.Close)
	return c, w
}

// altered answers honestly, then changes the answer and signs it as the centre.
func (w *wire) altered(change func(*respond)) func([]byte) (int, []byte, error) {
	return func(request []byte) (int, []byte, error) {
		_, answer, err := w.honest(request)
		if err != nil {
			return 0, nil, err
		}
		message, err := readSigned(answer)
		if err != nil {
			return 0, nil, err
		}
		got, err := readRespond(message.body)
		if err != nil {
			return 0, nil, err
		}
		change(got)
		body, err := got.marshal()
		if err != nil {
			return 0, nil, err
		}
		answer, err = w.house.centre.speaker.seal(rand.Reader, body)
		return http.StatusOK, answer, err
	}
}

// What does not fit what was asked is not taken, whoever signed it.
func TestClientDoubts(t *testing.T) {
	h := newHouse(t, pkitest.SQLite(t), nil)
	c, w := h.wired(nil)
	k := newToken(t, pki.SM2)
	good := h.order(1, pki.SM2, k)
	if _, err := c.Generate(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	old := w.came[0]
	otherKey, otherCert := messageKey(t, "Example KMC", h.clock.Now())
	stranger, err := newSpeaker(otherKey, otherCert)
	if err != nil {
		t.Fatal(err)
	}
	pair := newToken(t, pki.P256)
	plain := func(status int, text string) func([]byte) (int, []byte, error) {
		return func([]byte) (int, []byte, error) { return status, []byte(text), nil }
	}
	first := func(change func(*returnedKey)) func([]byte) (int, []byte, error) {
		return w.altered(func(r *respond) { change(r.answers[0].apply) })
	}
	for _, b := range []struct {
		name string
		act  func([]byte) (int, []byte, error)
		kind pki.Kind
		code string
	}{
		{"an old answer", plain(200, string(old)), pki.Internal, "km.answer"},
		{"another task", w.altered(func(r *respond) { r.task = "77" }), pki.Internal, "km.answer"},
		{"another number", first(func(k *returnedKey) { k.certNo = certNo(2) }), pki.Internal, "km.answer"},
		{"another suite", first(func(k *returnedKey) { k.publicKey = pair.spki }), pki.Internal, "km.answer"},
		{"no public key", first(func(k *returnedKey) { k.publicKey = []byte{0x30, 0} }), pki.Internal, "km.answer"},
		{"no envelope", first(func(k *returnedKey) { k.sealed = []byte{0x30, 0} }), pki.Internal, "km.answer"},
		{"the wrong arm", w.altered(func(r *respond) { r.answers[0] = answer{restore: r.answers[0].apply} }), pki.Internal, "km.answer"},
		{"revoked instead", w.altered(func(r *respond) { r.answers[0] = answer{revoke: &revokeKey{certNo(1)}} }), pki.Internal, "km.answer"},
		{"two answers", w.altered(func(r *respond) { r.answers = append(r.answers, r.answers[0]) }), pki.Internal, "km.answer"},
		{"an old time", w.altered(func(r *respond) { r.at = r.at.Add(-6 * time.Minute) }), pki.Forbidden, "km.time"},
		{"another centre", w.altered(func(r *respond) { r.kmc = stranger.entity }), pki.Forbidden, "km.stranger"},
		{"a changed octet", func(request []byte) (int, []byte, error) {
			status, answer, err := w.honest(request)
			answer[len(answer)/2] ^= 1
			return status, answer, err
		}, pki.Forbidden, "km.signature"},
		{"a foreign refusal", w.altered(func(r *respond) { r.answers = []answer{{failed: &failure{17, []byte("密钥库满")}}} }), pki.Internal, "km.foreign"},
		{"our refusal", w.altered(func(r *respond) { r.answers = []answer{{failed: failureOf(errNoKey())}} }), pki.Unknown, "km.no-key"},
		{"a page", plain(200, "<html>"), pki.Internal, "km.answer"},
		{"nothing", plain(200, ""), pki.Internal, "km.answer"},
		{"too much", plain(200, string(make([]byte, maxMessage+1))), pki.Internal, "km.answer"},
		{"an error page", plain(500, "<html>"), pki.Internal, "km.answer"},
		{"a gateway's error", plain(502, "<html>"), pki.Unavailable, "remote.unreachable"},
		{"a problem", plain(403, `{"kind":"forbidden","code":"officer.unknown","title":"who","remedy":"register"}`), pki.Forbidden, "officer.unknown"},
		{"a cut line", func([]byte) (int, []byte, error) { return 0, nil, errors.New("connection reset") }, pki.Unavailable, "remote.unreachable"},
	} {
		w.act = b.act
		_, err := c.Generate(t.Context(), good)
		t.Log(b.name)
		wantCode(t, err, b.kind, b.code)
	}
	w.act = func(request []byte) (int, []byte, error) { // the right words under another key
		_, answer, err := w.honest(request)
		message, _ := readSigned(answer)
		answer, _ = stranger.seal(rand.Reader, message.body)
		return 200, answer, err
	}
	_, err = c.Generate(t.Context(), good)
	wantCode(t, err, pki.Forbidden, "km.signature")
	w.act = nil
	if _, err := c.Generate(t.Context(), good); err != nil {
		t.Errorf("after all that: %v", err)
	}
}

// The CA has message key, certificates and every octet that passed, and can open
// none of it. Nothing of a private key stands in the messages.
func TestCASeesNoKey(t *testing.T) {
	h := newHouse(t, pkitest.SQLite(t), nil)
	c, w := h.wired(nil)
	for n, suite := range []pki.Suite{pki.SM2, pki.P256, pki.P384, pki.RSA2048} {
		k, next := newToken(t, suite), newToken(t, suite)
		o := h.order(n, suite, k)
		g, err := c.Generate(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		key := k.open(t, g)
		restored, err := c.Restore(t.Context(), pki.KeyRestore{CertNo: o.CertNo, Recipient: next.spki, Holder: o.Holder})
		if err != nil {
			t.Fatal(err)
		}
		next.open(t, restored)
		for _, der := range append(slices.Clone(w.sent), w.came...) {
			for _, secret := range secretsOf(t, key) {
				if bytes.Contains(der, secret) {
					t.Errorf("%s: octets of the private key stand in a message", suite)
				}
			}
		}
		for _, wrong := range []*token{{signer: h.ca}, next, newToken(t, suite)} {
			if _, err := wrong.tryOpen(g); err == nil {
				t.Errorf("%s: the envelope opens with another key", suite)
			}
		}
		message, err := readSigned(w.came[len(w.came)-1])
		if err != nil {
			t.Fatal(err)
		}
		got, err := readRespond(message.body)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := cms.OpenAnswer(h.ca, got.answers[0].restore.sealed); err == nil {
			t.Errorf("%s: the CA opens retPriKey", suite)
		}
	}
}

// secretsOf are the private parts of a key as they could stand in a message.
func secretsOf(t *testing.T, key any) [][]byte {
	switch key := key.(type) {
	case *sm2.PrivateKey:
		return [][]byte{key.D.FillBytes(make([]byte, 32))}
	case *rsa.PrivateKey:
		return [][]byte{key.D.Bytes(), key.Primes[0].Bytes(), key.Primes[1].Bytes()}
	case interface{ Bytes() ([]byte, error) }:
		octets, err := key.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		return [][]byte{octets}
	}
	t.Fatalf("%T", key)
	return nil
}

// Orders that wait travel together.
func TestClientGathers(t *testing.T) {
	h := newHouse(t, pkitest.SQLite(t), nil)
	c, w := h.wired(nil)
	k := newToken(t, pki.SM2)
	hold := make(chan struct{})
	var once sync.Once
	w.act = func(request []byte) (int, []byte, error) {
		once.Do(func() { <-hold })
		return w.honest(request)
	}
	var group, asking sync.WaitGroup
	asking.Add(33)
	for n := range 33 {
		o := h.order(n, pki.SM2, k)
		group.Go(func() {
			asking.Done()
			if g, err := c.Generate(context.Background(), o); err != nil || g.CertNo != certNo(n) {
				t.Errorf("order %d: %v", n, err)
			}
		})
	}
	asking.Wait()
	time.Sleep(300 * time.Millisecond) // until they wait behind the first
	close(hold)
	group.Wait()
	if len(w.sent) > 4 {
		t.Errorf("%d messages for 33 orders", len(w.sent))
	}
}

// A slow RSA pair does not hold up SM2.
func TestClientLanes(t *testing.T) {
	h := newHouse(t, pkitest.SQLite(t), nil)
	c, w := h.wired(nil)
	slow, begun := make(chan struct{}), make(chan struct{})
	w.act = func(request []byte) (int, []byte, error) {
		if bytes.Contains(request, []byte("slow")) {
			close(begun)
			<-slow
		}
		return w.honest(request)
	}
	done := make(chan error)
	rsaToken, k := newToken(t, pki.RSA2048), newToken(t, pki.SM2)
	go func() {
		o := h.order(1, pki.RSA2048, rsaToken)
		o.Application = "slow"
		_, err := c.Generate(context.Background(), o)
		done <- err
	}()
	<-begun
	if _, err := c.Generate(t.Context(), h.order(2, pki.SM2, k)); err != nil {
		t.Error(err)
	}
	close(slow)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// The KMC cannot be reached: the order fails whole, and asked again gets one pair.
func TestUnreachable(t *testing.T) {
	h := newHouse(t, pkitest.SQLite(t), nil)
	c, w := h.wired(nil)
	k := newToken(t, pki.SM2)
	o := h.order(1, pki.SM2, k)
	w.act = func(request []byte) (int, []byte, error) { // the answer is lost on the way
		w.honest(request)
		return 0, nil, io.ErrUnexpectedEOF
	}
	for range 3 {
		_, err := c.Generate(t.Context(), o)
		wantCode(t, err, pki.Unavailable, "remote.unreachable")
	}
	w.act = nil
	g, err := c.Generate(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	k.open(t, g)
	nowhere, err := serve.NewClient("http://127.0.0.1:1", nil)
	if err != nil {
		t.Fatal(err)
	}
	far, _ := h.wired(func(c *ClientConfig) { c.API = nowhere })
	_, err = far.Generate(t.Context(), o)
	wantCode(t, err, pki.Unavailable, "remote.unreachable")
	_, err = far.Status(t.Context())
	wantCode(t, err, pki.Unavailable, "remote.unreachable")
}

// Mutual TLS: who is not identified, or is nobody's CA, gets the reason.
func TestClientOverTLS(t *testing.T) {
	h := newHouse(t, pkitest.SQLite(t), nil)
	k := newToken(t, pki.SM2)
	o := h.order(1, pki.SM2, k)
	people := h.client("ca3", nil) // a site without a configured message certificate
	_, err := people.Generate(t.Context(), o)
	wantCode(t, err, pki.Forbidden, "km.stranger")
	r := h.network()
	config := serve.ClientTLS(nil, r.pool, nil)
	config.ServerName = "example.com"
	api, err := serve.NewClient(r.server.URL, config)
	if err != nil {
		t.Fatal(err)
	}
	anonymous, _ := h.wired(func(c *ClientConfig) { c.API = api })
	_, err = anonymous.Generate(t.Context(), o)
	wantCode(t, err, pki.Forbidden, "officer.anonymous")
	for _, c := range []struct {
		by     *serve.Client
		status int
	}{{api, http.StatusUnauthorized}, {people.config.API, http.StatusRequestEntityTooLarge}} {
		large, err := c.by.HTTP.Post(c.by.Base+pathMessages, octetStream, bytes.NewReader(make([]byte, maxMessage+1)))
		if err != nil || large.StatusCode != c.status {
			t.Fatalf("a large message: %v %v", large, err)
		}
		large.Body.Close()
	}
}

func TestClientConfig(t *testing.T) {
	h := newHouse(t, pkitest.SQLite(t), nil)
	other, _ := messageKey(t, "x", h.clock.Now())
	if _, err := NewClient(ClientConfig{}); err == nil {
		t.Error("a client without a connection")
	}
	if _, err := NewClient(ClientConfig{API: &serve.Client{}, Key: other, Certificate: h.caCert}); pki.CodeOf(err) != "km.message-key" {
		t.Errorf("another key's certificate: %v", err)
	}
	c, _ := h.wired(nil)
	c.Close()
	_, err := c.Generate(t.Context(), h.order(1, pki.SM2, newToken(t, pki.SM2)))
	wantCode(t, err, pki.Unavailable, "km.closed")
}
