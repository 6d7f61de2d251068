package serve

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// BenchmarkOperation is one small operation through everything but the network.
func BenchmarkOperation(b *testing.B) {
	a := newAPI(b, &object{}, nil)
	b.ReportAllocs()
	for b.Loop() {
		if w := put(a, `{"name":"a","suite":"sm2"}`); w.Code != 200 {
			b.Fatal(w.Body)
		}
	}
}

// BenchmarkIdentify is what knowing the caller costs a request on an open
// connection, without the fingerprint that Who computes.
func BenchmarkIdentify(b *testing.B) {
	ca := newAuthority(b, "Demo CA")
	own := ca.leaf("x", nil)
	known := registered{}
	known.add(own)
	p := &Peers{Roots: ca.pool(), Who: known.who}
	h := p.Identify(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	r := httptest.NewRequest("GET", "/", nil).WithContext(context.WithValue(context.Background(), linkKey{}, &link{}))
	r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{own.Certificate()}}
	w := httptest.NewRecorder()
	for b.Loop() {
		h.ServeHTTP(w, r)
	}
}

// BenchmarkCall is the same operation over loopback and mutual TLS, client included.
func BenchmarkCall(b *testing.B) {
	ca := newAuthority(b, "Demo CA")
	own := ca.leaf("x", nil)
	known := registered{}
	known.add(own)
	a := newAPI(b, &object{}, func(c *Config) { c.Peers = &Peers{Roots: ca.pool(), Who: known.who} })
	base := start(b, Server{Name: "bench", TLS: ServerTLS(ca.leaf("server", nil), nil), Handler: a})
	for _, size := range []struct {
		name string
		in   thing
	}{{"small", thing{Name: "a"}}, {"2kB", thing{Name: "a", Link: "/" + strings.Repeat("a", 2000)}}} {
		b.Run(size.name, func(b *testing.B) {
			c := client(b, base, own, ca.pool())
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := Call[thing, thing](context.Background(), c, "PUT", "/things/1", &size.in); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	ca := newAuthority(b, "Demo CA")
	p := &Peers{Roots: ca.pool()}
	state := &tls.ConnectionState{PeerCertificates: []*x509.Certificate{ca.leaf("x", nil).Certificate()}}
	for b.Loop() {
		if err := p.verify(state, time.Now()); err != nil {
			b.Fatal(err)
		}
	}
}
