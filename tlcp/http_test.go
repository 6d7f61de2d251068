package tlcp

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// TestHTTP: net/http serves and asks over TLCP, HTTP/1.1 and, chosen by ALPN, HTTP/2.
func TestHTTP(t *testing.T) {
	w := newWorld()
	w.server.ClientAuth, w.server.NextProtos = RequireAndVerifyClientCert, []string{"h2", "http/1.1"}
	listener, err := Listen("tcp", "127.0.0.1:0", w.server)
	if err != nil {
		t.Fatal(err)
	}
	type connKey struct{}
	both := new(http.Protocols)
	both.SetHTTP1(true)
	both.SetUnencryptedHTTP2(true) // net/http takes TLCP for a plain connection; it knows HTTP/2 by its preface
	server := &http.Server{Protocols: both, ConnContext: func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, connKey{}, c) },
		Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			state := r.Context().Value(connKey{}).(*Conn).ConnectionState()
			body, _ := io.ReadAll(r.Body)
			fmt.Fprintf(rw, "%s %s %s %d", r.Proto, CipherSuiteName(state.CipherSuite), state.PeerCertificates[0].Subject.CommonName, len(body))
		})}
	go server.Serve(listener)
	defer server.Close()
	for _, version := range []struct {
		alpn, want string
		client     *http.Transport
	}{
		{"http/1.1", "HTTP/1.1 ECC_SM4_GCM_SM3 alice 300000", &http.Transport{}},
		{"h2", "HTTP/2.0 ECC_SM4_GCM_SM3 alice 300000", &http.Transport{Protocols: onlyHTTP2()}},
	} {
		config := w.client.Clone()
		config.NextProtos = []string{version.alpn}
		dialer := &Dialer{Config: config}
		dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, listener.Addr().String())
			if err == nil && conn.(*Conn).ConnectionState().NegotiatedProtocol != version.alpn {
				t.Errorf("negotiated %q", conn.(*Conn).ConnectionState().NegotiatedProtocol)
			}
			return conn, err
		}
		version.client.DialTLSContext, version.client.DialContext = dial, dial
		scheme := "https"
		if version.alpn == "h2" {
			scheme = "http" // prior knowledge, over a connection that DialContext protects
		}
		for range 2 {
			answer, err := (&http.Client{Transport: version.client}).Post(scheme+"://"+serverName+"/", "text/plain", strings.NewReader(strings.Repeat("x", 300_000)))
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(answer.Body)
			answer.Body.Close()
			if string(body) != version.want || err != nil {
				t.Errorf("%q, %v", body, err)
			}
		}
		version.client.CloseIdleConnections()
	}
}

func onlyHTTP2() *http.Protocols {
	p := new(http.Protocols)
	p.SetUnencryptedHTTP2(true)
	return p
}
