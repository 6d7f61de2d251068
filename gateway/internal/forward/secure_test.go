package forward

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// authority makes certificates for back ends.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{}
	a.key, a.cert = certificate(t, nil, func(c *x509.Certificate) { c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign })
	return a
}

func certificate(t *testing.T, by *authority, change func(*x509.Certificate)) (*ecdsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "back end"}, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature, DNSNames: []string{"app.internal"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	change(template)
	if by == nil {
		by = &authority{key, template}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.cert, &key.PublicKey, by.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return key, cert
}

func (a *authority) pem() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}))
}

// site is a back end over TLS with a certificate of this authority.
func (a *authority) site(t *testing.T, h2 bool, change func(*x509.Certificate), h http.HandlerFunc) *httptest.Server {
	t.Helper()
	key, cert := certificate(t, a, change)
	s := httptest.NewUnstartedServer(h)
	s.EnableHTTP2 = h2
	s.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: key}}}
	s.Config.ErrorLog = silent()
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func TestVerification(t *testing.T) {
	right, other := newAuthority(t), newAuthority(t)
	ok := func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Proto) }
	for _, c := range []struct {
		name   string
		by     *authority
		change func(*x509.Certificate)
		tls    TLS
		err    string
	}{
		{"right", right, func(*x509.Certificate) {}, TLS{Roots: right.pem(), ServerName: "app.internal"}, ""},
		{"right, by address", right, func(c *x509.Certificate) { c.IPAddresses = []net.IP{{127, 0, 0, 1}} }, TLS{Roots: right.pem()}, ""},
		{"other authority", other, func(*x509.Certificate) {}, TLS{Roots: right.pem(), ServerName: "app.internal"}, Untrusted},
		{"not known to the system", right, func(*x509.Certificate) {}, TLS{ServerName: "app.internal"}, Untrusted},
		{"other name", right, func(c *x509.Certificate) { c.DNSNames = []string{"x.internal"} }, TLS{Roots: right.pem(), ServerName: "app.internal"}, Untrusted},
		{"by address, for a name", right, func(*x509.Certificate) {}, TLS{Roots: right.pem()}, Untrusted},
		{"expired", right, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }, TLS{Roots: right.pem(), ServerName: "app.internal"}, Untrusted},
		{"for clients", right, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }, TLS{Roots: right.pem(), ServerName: "app.internal"}, Untrusted},
	} {
		for _, protocol := range []Protocol{HTTP1, H2} {
			back := c.by.site(t, protocol == H2, c.change, ok)
			d := newDoor(t, Config{TLS: c.tls, Protocol: protocol}, back.URL)
			for range 2 {
				answer, body, _ := get(t, d.Client(), d.URL)
				want := map[Protocol]string{HTTP1: "HTTP/1.1", H2: "HTTP/2.0"}[protocol]
				if answer.Header.Get("X-Failed") != c.err || c.err == "" && body != want {
					t.Errorf("%s, %s: %v %q %v", c.name, protocol, answer, body, d.result(t, 1).Cause)
				}
			}
		}
	}
}

// TestTLSLarge: over TLS the same rules hold as in the clear.
func TestTLSLarge(t *testing.T) {
	a := newAuthority(t)
	const n = 5 << 20
	back := a.site(t, false, func(*x509.Certificate) {}, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		io.Copy(w, io.LimitReader(endless{}, n))
	})
	d := newDoor(t, Config{TLS: TLS{Roots: a.pem(), ServerName: "app.internal"}}, back.URL)
	for range 3 {
		answer, err := d.Client().Post(d.URL, "text/plain", io.LimitReader(endless{}, n))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.Copy(io.Discard, answer.Body)
		if answer.Body.Close(); got != n || err != nil {
			t.Error(got, err)
		}
	}
	if h := d.pool.Health()[0]; h.Idle != 1 {
		t.Errorf("%+v", h)
	}
}

// message frames a message of gRPC.
func message(data string) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(data))), data...)
}

// TestGRPC: messages pass one by one both ways, trailers and TE arrive.
func TestGRPC(t *testing.T) {
	a := newAuthority(t)
	service := func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 || r.Header.Get("Te") != "trailers" || r.Header.Get("X-Forwarded-Proto") == "" {
			w.WriteHeader(500)
			return
		}
		w.Header().Set("Content-Type", "application/grpc")
		w.Header().Set("Trailer", "Grpc-Status")
		w.WriteHeader(200)
		w.(http.Flusher).Flush()
		for {
			head := make([]byte, 5)
			if _, err := io.ReadFull(r.Body, head); err != nil {
				break
			}
			data := make([]byte, binary.BigEndian.Uint32(head[1:]))
			io.ReadFull(r.Body, data)
			w.Write(message("echo " + string(data)))
			w.(http.Flusher).Flush()
		}
		w.Header().Set("Grpc-Status", "0")
		w.Header().Set(http.TrailerPrefix+"Grpc-Message", "done")
	}
	clear := httptest.NewUnstartedServer(http.HandlerFunc(service))
	clear.Config.Protocols = new(http.Protocols)
	clear.Config.Protocols.SetUnencryptedHTTP2(true)
	clear.Start()
	t.Cleanup(clear.Close)
	for _, c := range []struct {
		protocol Protocol
		url      string
	}{{H2C, clear.URL}, {H2, a.site(t, true, func(*x509.Certificate) {}, service).URL}} {
		d := newUnstarted(t, Config{Protocol: c.protocol, TLS: TLS{Roots: a.pem(), ServerName: "app.internal"}, Limits: Limits{Idle: "50ms", Header: "50ms"}}, c.url)
		d.EnableHTTP2 = true
		d.StartTLS()
		body, write := io.Pipe()
		request, _ := http.NewRequest("POST", d.URL+"/pkg.Service/Method", body)
		request.Header.Set("Content-Type", "application/grpc")
		request.Header.Set("Te", "trailers")
		answer, err := d.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			go write.Write(message(fmt.Sprint(i)))
			got := make([]byte, 11)
			if _, err := io.ReadFull(answer.Body, got); err != nil || !bytes.Equal(got, message(fmt.Sprint("echo ", i))) {
				t.Fatalf("%q %v", got, err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		write.Close()
		rest, err := io.ReadAll(answer.Body)
		if err != nil || len(rest) > 0 || answer.Trailer.Get("Grpc-Status") != "0" || answer.Trailer.Get("Grpc-Message") != "done" {
			t.Errorf("%q %v %v", rest, err, answer.Trailer)
		}
		answer.Body.Close()
		if res := d.result(t, 1); res.Err != "" || res.Received != 18 || res.Sent != 33 {
			t.Errorf("%+v", res)
		}
	}
}

// TestH2Faults: the same outcomes as over HTTP/1.1.
func TestH2Faults(t *testing.T) {
	for path, want := range map[string]string{"/silent": Silent, "/broken": Broken, "/stuck": Silent, "/ok": ""} {
		back := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/silent" {
				<-r.Context().Done()
				return
			}
			io.WriteString(w, strings.Repeat("x", 10000))
			w.(http.Flusher).Flush()
			switch r.URL.Path {
			case "/broken":
				panic(http.ErrAbortHandler)
			case "/stuck":
				<-r.Context().Done()
			}
		}))
		back.Config.Protocols = new(http.Protocols)
		back.Config.Protocols.SetUnencryptedHTTP2(true)
		back.Start()
		d := newDoor(t, Config{Protocol: H2C, Limits: Limits{Header: "200ms", Idle: "200ms"}}, back.URL)
		answer, _, err := get(t, d.Client(), d.URL+path)
		res := d.result(t, 1)
		if res.Err != want || res.Started != (want == "" || err != nil) || !res.Started && answer.Header.Get("X-Failed") != want {
			t.Errorf("%s: %+v %v", path, res, err)
		}
		back.Close()
	}
}

// TestH2Retry: a body nobody read yet goes to another member; checks speak HTTP/2 too.
func TestH2Retry(t *testing.T) {
	back := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, r.Proto, n, err)
	}))
	back.Config.Protocols = new(http.Protocols)
	back.Config.Protocols.SetUnencryptedHTTP2(true)
	back.Start()
	t.Cleanup(back.Close)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	d := newDoor(t, Config{Protocol: H2C, Passive: Passive{Failures: -1}, Check: Check{Path: "/", Interval: "20ms", Fall: 50}}, "http://"+l.Addr().String(), back.URL)
	for _, n := range []int{5, 1 << 20} {
		for range 2 {
			answer, err := d.Client().Post(d.URL, "text/plain", strings.NewReader(strings.Repeat("x", n)))
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(answer.Body)
			answer.Body.Close()
			if want := fmt.Sprint("HTTP/2.0", n, nil); string(body) != want {
				t.Errorf("%q, want %q", body, want)
			}
		}
	}
	for range 300 {
		if h := d.pool.Health(); !h[0].Up && h[1].Up {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%+v", d.pool.Health())
}
