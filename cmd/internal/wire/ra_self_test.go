package wire

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"onecert/pki"
	"onecert/ra"
)

// TestWhoseCertificateIsNotGood: is nobody at the self-service, and no less than one who
// came without: what takes a certificate says why it is refused, a loss is reported.
func TestWhoseCertificateIsNotGood(t *testing.T) {
	authority, trust := smallAuthority(t)
	p := newBranches(t, authority, trust).p
	who, err := p.holder(t.Context(), &x509.Certificate{SerialNumber: big.NewInt(4711), Raw: []byte("foreign")})
	if err != nil || who.Name != "" || len(who.Roles) > 0 || who.Certificate == "" {
		t.Fatalf("%+v, %v", who, err)
	}
	ctx := pki.WithActor(context.Background(), who)
	if _, err := p.Registration.Self().MyCertificates(ctx, ra.ListQuery{}); pki.CodeOf(err) != "self.certificate" {
		t.Errorf("%v", err)
	}
	if _, err := p.Registration.Self().Progress(ctx, ra.Look{Number: "lra1-260901-k3v9x2aq", Code: "AAAAA-AAAAA"}); pki.CodeOf(err) != "look.wrong" {
		t.Errorf("%v", err)
	}
	if _, err := p.Registration.Nodes(ctx, ra.NodeQuery{}); pki.KindOf(err) != pki.Forbidden {
		t.Errorf("an officer's call: %v", err)
	}
}

// TestStrangersReachTheDesk: without a certificate, and with one that has expired or that
// another made, a loss, an application's state and the service desk are reached; what
// takes a certificate says that this one is not good.
func TestStrangersReachTheDesk(t *testing.T) {
	authority, trust := smallAuthority(t)
	b := newBranches(t, authority, trust)
	server := httptest.NewUnstartedServer(b.p.Self)
	server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	server.StartTLS()
	t.Cleanup(server.Close)
	const inquiry = `{"kind":"pin","name":"李四","subject":"PIN","text":"怎么办？"}`
	for name, own := range map[string][]tls.Certificate{"none": nil, "expired": {nobodys(t, time.Now().Add(-time.Hour))}, "another's": {nobodys(t, time.Now().Add(time.Hour))}} {
		client := server.Client()
		transport := client.Transport.(*http.Transport).Clone()
		transport.TLSClientConfig.Certificates = own
		client = &http.Client{Transport: transport}
		for _, c := range []struct {
			method, path, text string
			status             int
			says               string
		}{
			{"POST", "/v1/self/look", `{"number":"lra1-260901-k3v9x2aq","code":"AAAAA-AAAAA"}`, http.StatusUnauthorized, "look.wrong"},
			{"POST", "/v1/self/loss/confirm", `{"ticket":"x","code":"1"}`, http.StatusUnauthorized, "code.wrong"},
			{"POST", "/v1/self/tickets", inquiry, http.StatusOK, `"node":"centre"`},
			{"POST", "/v1/self/tickets/look", `{"number":"` + b.ticket + `","code":"AAAAAAAAAAAAAAAAAAAAAAAAAA"}`, http.StatusNotFound, "desk.unknown"},
			{"GET", "/v1/self/certificates", "", http.StatusUnauthorized, map[bool]string{true: "officer.anonymous", false: "self.certificate"}[own == nil]},
			{"GET", "/metrics", "", http.StatusUnauthorized, "metrics.anonymous"},
		} {
			r, err := http.NewRequestWithContext(t.Context(), c.method, server.URL+c.path, strings.NewReader(c.text))
			if err != nil {
				t.Fatal(err)
			}
			if c.text != "" {
				r.Header.Set("Content-Type", "application/json")
			}
			answer, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(answer.Body)
			answer.Body.Close()
			refused := c.status >= 400 && answer.StatusCode >= 400
			if err != nil || answer.StatusCode != c.status && !refused || !strings.Contains(string(text), c.says) {
				t.Errorf("%s %s: %d %s", name, c.path, answer.StatusCode, text)
			}
		}
	}
}

// nobodys is a certificate that nobody here made, good until a moment.
func nobodys(t *testing.T, until time.Time) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(4711), NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: until, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}
}

// TestWhyACertificateOpensNothing: its holder is told what it is, and goes on as nobody.
func TestWhyACertificateOpensNothing(t *testing.T) {
	good := &x509.Certificate{SerialNumber: big.NewInt(4711), NotAfter: time.Now().Add(time.Hour)}
	over := &x509.Certificate{SerialNumber: big.NewInt(4711), NotAfter: time.Now().Add(-time.Hour)}
	for _, c := range []struct {
		shown *x509.Certificate
		says  error
		code  string
	}{
		{over, nil, "self.expired"},
		{good, notGood(pki.Held), "self.held"},
		{good, notGood(pki.Revoked), "self.revoked"},
		{good, pki.Errorf(pki.Forbidden, "officer.issuer", "another's"), "self.unknown"},
		{good, nil, "self.unknown"},
	} {
		p := &RAProcess{options: quietly(), good: newGoodness(time.Now, func(context.Context, Asked) error { return c.says })}
		if err := p.explain(t.Context(), c.shown); pki.CodeOf(err) != c.code || pki.KindOf(err) != pki.Forbidden {
			t.Errorf("%v: %v, not %s", c.says, err, c.code)
		}
	}
}
