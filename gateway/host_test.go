package gateway_test

import (
	"bufio"
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/emmansun/gmsm/smx509"

	"onecert/tlcp"
)

// TestNameOfTheHandshakeIsNotTheHosts: what a client says in the handshake decides whether
// it is asked for a certificate, and nothing else. Who names the public application there
// and another one in the request is not let into that one, over any protocol; who came
// with a certificate is who he is under either name.
func TestNameOfTheHandshakeIsNotTheHosts(t *testing.T) {
	h := newHouse(t)
	reached := make(chan string, 20)
	h.handler = func(w http.ResponseWriter, r *http.Request) {
		reached <- r.Host
		fmt.Fprintf(w, "dn %s", r.Header.Get("Dnname"))
	}
	h.apply(h.document(`"applications": [{"name": "oa", "title": "办公",`,
		fmt.Sprintf(`"applications": [{"name": "news", "hosts": ["news.example.gov"], "access": [{"path": "/**", "certificate": "none"}], "backend": {"backends": [{"url": %q}]}}, {"name": "oa", "title": "办公", "hosts": ["oa.example.gov"],`, h.back.URL),
		`{"id": "public", "effect": "allow", "when": {"paths": ["/public/**"]}}`, `{"id": "public", "effect": "allow", "when": {"applications": ["news"]}}`,
		`"applications": ["oa"]}]`, `"applications": ["news", "oa"], "clientCertificate": "optional"}]`))
	alice := h.ca.issue("张三", nil)
	sign, encrypt := h.sm2.issue("李四", nil), h.sm2.issue("李四", encrypting)
	pair := tlcp.Certificate{Sign: [][]byte{sign.cert.Raw}, SignKey: sign.key, Encrypt: [][]byte{encrypt.cert.Raw}, EncryptKey: encrypt.key.(crypto.Decrypter)}
	roots, national := x509.NewCertPool(), smx509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(h.ca.pem()))
	national.AddCert(h.sm2.cert)
	overTLS := func(name string) net.Conn {
		conn, err := tls.Dial("tcp", h.address, &tls.Config{RootCAs: roots, ServerName: name, Certificates: []tls.Certificate{alice.tls()}})
		if err != nil {
			t.Fatal(err)
		}
		return conn
	}
	overTLCP := func(name string) net.Conn {
		conn, err := tlcp.Dial("tcp", h.address, &tlcp.Config{RootCAs: national, ServerName: name, Certificates: []tlcp.Certificate{pair}})
		if err != nil {
			t.Fatal(err)
		}
		return conn
	}
	for _, dial := range []func(string) net.Conn{overTLS, overTLCP} {
		for _, c := range []struct {
			name, host string
			status     int
			known      bool
		}{
			{"oa.example.gov", "oa.example.gov", http.StatusOK, true},
			{"news.example.gov", "news.example.gov", http.StatusOK, false},
			{"news.example.gov", "oa.example.gov", http.StatusForbidden, false},
			{"news.example.gov", "OA.example.gov.", http.StatusForbidden, false},
			{"oa.example.gov", "news.example.gov", http.StatusOK, false}, // which is told nothing, as it asks for nobody
			{"oa.example.gov", "elsewhere.example.gov", http.StatusNotFound, false},
		} {
			conn := dial(c.name)
			fmt.Fprintf(conn, "GET /x HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", c.host)
			answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(answer.Body)
			conn.Close()
			if answer.StatusCode != c.status || c.known && len(body) < 8 || !c.known && c.status == http.StatusOK && string(body) != "dn " {
				t.Errorf("%T, %s in the handshake, %s in the request: %d %.100s", conn, c.name, c.host, answer.StatusCode, body)
			}
		}
	}
	// A browser that shares a connection between names (RFC 9113 9.1.1) is told to open
	// one of its own, and then is asked.
	shared := h.browser(alice)
	shared.Transport.(*http.Transport).TLSClientConfig.ServerName = "news.example.gov"
	if answer, _ := h.get(shared, h.url("news.example.gov", "/")); answer.StatusCode != http.StatusOK || answer.ProtoMajor != 2 {
		t.Errorf("the public application: %d over HTTP/%d", answer.StatusCode, answer.ProtoMajor)
	}
	shared.Transport.(*http.Transport).DialContext = func(context.Context, string, string) (net.Conn, error) {
		t.Error("a second connection")
		return nil, io.ErrUnexpectedEOF
	}
	answer, _ := h.get(shared, h.url("news.example.gov", "/"), func(r *http.Request) { r.Host = "oa.example.gov" })
	if answer.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("another name over the same connection: %d", answer.StatusCode)
	}
	close(reached)
	for host := range reached {
		if host == "" {
			t.Error("a request without a host reached a back end")
		}
	}
}
