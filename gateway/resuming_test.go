package gateway_test

import (
	"bufio"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/emmansun/gmsm/smx509"

	"onecert/tlcp"
)

// resumes asks once over a connection of its own, and says whether it was resumed.
type resumes func() (status int, resumed bool)

func (h *house) once(conn net.Conn) int {
	h.t.Helper()
	defer conn.Close()
	io.WriteString(conn, "GET /public/a HTTP/1.1\r\nHost: oa.example.gov\r\nConnection: close\r\n\r\n")
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		h.t.Fatal(err)
	}
	io.Copy(io.Discard, answer.Body) // with the tickets
	return answer.StatusCode
}

func (h *house) resumesTLS(who *holder, version uint16) resumes {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(h.ca.pem()))
	config := &tls.Config{RootCAs: roots, ServerName: "oa.example.gov", MaxVersion: version, ClientSessionCache: tls.NewLRUClientSessionCache(4), Certificates: []tls.Certificate{who.tls()}}
	return func() (int, bool) {
		conn, err := tls.Dial("tcp", h.address, config)
		if err != nil {
			h.t.Fatal(err)
		}
		return h.once(conn), conn.ConnectionState().DidResume
	}
}

func (h *house) resumesTLCP(pair tlcp.Certificate) resumes {
	roots := smx509.NewCertPool()
	roots.AddCert(h.sm2.cert)
	config := &tlcp.Config{RootCAs: roots, ServerName: "oa.example.gov", SessionCache: tlcp.NewLRUSessionCache(4), Certificates: []tlcp.Certificate{pair}}
	return func() (int, bool) {
		conn, err := tlcp.Dial("tcp", h.address, config)
		if err != nil {
			h.t.Fatal(err)
		}
		return h.once(conn), conn.ConnectionState().DidResume
	}
}

// TestResumedWhereAsked: connections are resumed, also over a change; but none in which
// nobody was asked for a certificate, once the service asks.
func TestResumedWhereAsked(t *testing.T) {
	h := newHouse(t)
	open := h.document(`"title": "办公",`, `"title": "办公", "access": [{"path": "/**", "certificate": "none"}],`, `"trust": "staff",`, `"clientCertificate": "none",`)
	h.apply(open)
	who := h.ca.issue("张三", nil)
	sign, encrypt := h.sm2.issue("李四", nil), h.sm2.issue("李四", encrypting)
	all := map[string]resumes{"TLS 1.3": h.resumesTLS(who, tls.VersionTLS13), "TLS 1.2": h.resumesTLS(who, tls.VersionTLS12),
		"TLCP": h.resumesTLCP(tlcp.Certificate{Sign: [][]byte{sign.cert.Raw}, SignKey: sign.key, Encrypt: [][]byte{encrypt.cert.Raw}, EncryptKey: encrypt.key.(crypto.Decrypter)})}
	look := func(when string, want bool) {
		t.Helper()
		for name, ask := range all {
			if status, resumed := ask(); status != http.StatusOK || resumed != want {
				t.Errorf("%s, %s: %d, resumed %v", when, name, status, resumed)
			}
		}
	}
	look("first", false)
	look("again", true)
	open.Applications[0].Title = "another"
	h.apply(open)
	look("after a change", true)
	h.apply(h.document())
	look("when certificates are asked for", false)
	look("and again", true)
	h.apply(open)
	look("when nobody is asked any more", false)
}
