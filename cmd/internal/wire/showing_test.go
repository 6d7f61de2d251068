package wire

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"onecert/keys"
	"onecert/serve"
)

// selfSigned makes a certificate of a key by itself.
func selfSigned(t *testing.T, key *keys.Key, serial int64) []byte {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// TestRenewedIsShown: what is called after a renewal sees the new certificate, though a
// connection from before it is never idle.
func TestRenewedIsShown(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/long" {
			<-release
		}
		io.WriteString(w, r.TLS.PeerCertificates[0].SerialNumber.String())
	}))
	server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	server.StartTLS()
	defer server.Close()
	key := mustKey(t)
	identity, err := serve.NewIdentity([][]byte{selfSigned(t, key, 1)}, key)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	client, err := caller{identity: identity, roots: roots}.client(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer client.HTTP.CloseIdleConnections()
	ask := func(path string) string {
		r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, server.URL+path, nil)
		if err != nil {
			t.Error(err)
			return ""
		}
		answer, err := client.HTTP.Do(r)
		if err != nil {
			t.Error(err)
			return ""
		}
		defer answer.Body.Close()
		text, _ := io.ReadAll(answer.Body)
		return string(text)
	}
	if got := ask("/"); got != "1" {
		t.Errorf("%q is shown at first", got)
	}
	long := make(chan string)
	go func() { long <- ask("/long") }()
	time.Sleep(50 * time.Millisecond)
	if err := identity.Replace([][]byte{selfSigned(t, key, 2)}, key); err != nil {
		t.Fatal(err)
	}
	if got := ask("/"); got != "2" {
		t.Errorf("%q is shown after the renewal", got)
	}
	close(release)
	if got := <-long; got != "1" {
		t.Errorf("what was under way ended with %q", got)
	}
	for range 4 {
		if got := ask("/"); got != "2" {
			t.Errorf("%q is shown once all is idle", got)
		}
	}
}
