package serve

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"onecert/tlcp"
)

// dualWorld is a server for both protocols and what clients need for it.
type dualWorld struct {
	dual      *Dual
	address   string
	sm2Roots  *smx509.CertPool
	tlsRoots  *x509.CertPool
	clientOf  tlcp.Certificate
	failures  chan HandshakeFailure
	connected *http.Server
}

const dualName = "gw.example.test"

func newDualWorld(t *testing.T, change func(*Dual)) *dualWorld {
	t.Helper()
	w := &dualWorld{sm2Roots: smx509.NewCertPool(), tlsRoots: x509.NewCertPool(), failures: make(chan HandshakeFailure, 100)}
	pair := w.sm2Pair(t, dualName)
	w.clientOf = w.sm2Pair(t, "alice")
	w.dual = &Dual{
		TLCP:      &tlcp.Config{Certificates: []tlcp.Certificate{pair}, ClientCAs: w.sm2Roots, ClientAuth: tlcp.VerifyClientCertIfGiven, NextProtos: []string{"h2", "http/1.1"}},
		TLS:       &tls.Config{Certificates: []tls.Certificate{w.ecdsaCertificate(t)}, NextProtos: []string{"h2", "http/1.1"}},
		Handshake: 2 * time.Second,
		Failed:    func(f HandshakeFailure) { w.failures <- f },
	}
	if change != nil {
		change(w.dual)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.address = l.Addr().String()
	w.connected = &http.Server{Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		over, ok := TransportOf(r.Context())
		fmt.Fprintf(rw, "%v %s %s %s %s %d %v", ok, r.Proto, over.Protocol, over.Suite, over.ServerName, len(over.Certificates), TLCPOf(r.Context()) != nil)
	})}
	done := make(chan error, 1)
	go func() { done <- w.dual.Serve(w.connected, l) }()
	t.Cleanup(func() {
		w.connected.Close()
		if err := <-done; err != http.ErrServerClosed {
			t.Errorf("serving: %v", err)
		}
	})
	return w
}

func (w *dualWorld) sm2Pair(t *testing.T, name string) tlcp.Certificate {
	t.Helper()
	var c tlcp.Certificate
	for i, usage := range []smx509.KeyUsage{smx509.KeyUsageDigitalSignature, smx509.KeyUsageKeyEncipherment} {
		key, err := sm2.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		template := &smx509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: usage}
		der, err := smx509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := smx509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		w.sm2Roots.AddCert(parsed)
		if i == 0 {
			c.Sign, c.SignKey, c.SignLeaf = [][]byte{der}, key, parsed
		} else {
			c.Encrypt, c.EncryptKey, c.EncryptLeaf = [][]byte{der}, key, parsed
		}
	}
	return c
}

func (w *dualWorld) ecdsaCertificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: dualName}, DNSNames: []string{dualName},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	w.tlsRoots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: parsed}
}

func (w *dualWorld) ask(t *testing.T, transport *http.Transport, scheme string) string {
	t.Helper()
	defer transport.CloseIdleConnections()
	answer, err := (&http.Client{Transport: transport, Timeout: 10 * time.Second}).Get(scheme + "://" + dualName + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func (w *dualWorld) dialTLCP(alpn string) func(context.Context, string, string) (net.Conn, error) {
	config := &tlcp.Config{RootCAs: w.sm2Roots, ServerName: dualName, NextProtos: []string{alpn}, Certificates: []tlcp.Certificate{w.clientOf}}
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&tlcp.Dialer{Config: config}).DialContext(ctx, network, w.address)
	}
}

// TestOnePort: TLCP, TLS 1.2 and TLS 1.3 on one port, HTTP/1.1 and HTTP/2 over each.
func TestOnePort(t *testing.T) {
	w := newDualWorld(t, nil)
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, w.address)
	}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, h2 := range []bool{false, true} {
			transport := &http.Transport{DialContext: dial, ForceAttemptHTTP2: h2, TLSClientConfig: &tls.Config{RootCAs: w.tlsRoots, MinVersion: version, MaxVersion: version}}
			got := w.ask(t, transport, "https")
			proto := map[bool]string{false: "HTTP/1.1", true: "HTTP/2.0"}[h2]
			if !strings.HasPrefix(got, "true "+proto+" "+tls.VersionName(version)+" TLS_") || !strings.HasSuffix(got, " "+dualName+" 0 false") {
				t.Errorf("%s, HTTP/2 %v: %s", tls.VersionName(version), h2, got)
			}
		}
	}
	if got := w.ask(t, &http.Transport{DialTLSContext: w.dialTLCP("http/1.1")}, "https"); got != "true HTTP/1.1 TLCP 1.1 ECC_SM4_GCM_SM3 "+dualName+" 2 true" {
		t.Errorf("TLCP: %s", got)
	}
	only := new(http.Protocols)
	only.SetUnencryptedHTTP2(true)
	if got := w.ask(t, &http.Transport{DialContext: w.dialTLCP("h2"), Protocols: only}, "http"); got != "true HTTP/2.0 TLCP 1.1 ECC_SM4_GCM_SM3 "+dualName+" 2 true" {
		t.Errorf("TLCP with HTTP/2: %s", got)
	}
	if _, ok := TransportOf(t.Context()); ok || TLCPOf(t.Context()) != nil {
		t.Error("a transport from nowhere")
	}
	select {
	case f := <-w.failures:
		t.Errorf("an event: %+v", f)
	default:
	}
}

// TestSlowOnesDelayNobody: a thousand that send nothing or little keep nobody out, and
// are gone when their time is up.
func TestSlowOnesDelayNobody(t *testing.T) {
	w := newDualWorld(t, func(d *Dual) { d.Handshake = 700 * time.Millisecond })
	var slow []net.Conn
	for i := range 200 {
		conn, err := net.Dial("tcp", w.address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		io.WriteString(conn, []string{"", "\x16", "\x16\x01\x01", "\x16\x03\x01\x00\x80", "\x16\x01\x01\x00\x80\x01\x00"}[i%5])
		slow = append(slow, conn)
	}
	begin := time.Now()
	w.ask(t, &http.Transport{DialTLSContext: w.dialTLCP("http/1.1")}, "https")
	if took := time.Since(begin); took > 600*time.Millisecond {
		t.Errorf("an honest client waited %v", took)
	}
	for range slow {
		if f := <-w.failures; f.Cause != tlcp.CauseTimeout || f.Address == "" || f.Took < 600*time.Millisecond {
			t.Fatalf("%+v", f)
		}
	}
	for _, conn := range slow {
		conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		if _, err := io.ReadAll(conn); err != nil {
			t.Fatalf("still open: %v", err)
		}
	}
}

// TestPending: handshakes under way are bounded; who waits is served afterwards.
func TestPending(t *testing.T) {
	w := newDualWorld(t, func(d *Dual) { d.Pending, d.Handshake = 2, 300*time.Millisecond })
	for range 4 {
		conn, err := net.Dial("tcp", w.address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	w.ask(t, &http.Transport{DialTLSContext: w.dialTLCP("http/1.1")}, "https")
}

func (w *dualWorld) send(t *testing.T, text string) (answer []byte) {
	t.Helper()
	conn, err := net.Dial("tcp", w.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, text)
	conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	answer, _ = io.ReadAll(conn)
	return answer
}

// TestFailuresOnePort: each failed handshake is one event with the cause, whatever the
// client speaks.
func TestFailuresOnePort(t *testing.T) {
	w := newDualWorld(t, func(d *Dual) {
		d.TLS.ClientAuth, d.TLS.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
		d.TLCP.ClientAuth = tlcp.RequireAndVerifyClientCert
	})
	other := w.ecdsaCertificate(t)
	tlsTry := func(config *tls.Config) func() {
		return func() {
			conn, err := tls.Dial("tcp", w.address, config)
			if err == nil {
				conn.Read(make([]byte, 1))
				conn.Close()
			}
		}
	}
	tlcpTry := func(config *tlcp.Config) func() {
		return func() {
			if conn, err := tlcp.Dial("tcp", w.address, config); err == nil {
				conn.Close()
			}
		}
	}
	stranger := (&dualWorld{sm2Roots: smx509.NewCertPool()}).sm2Pair(t, "mallory")
	for _, c := range []struct {
		name     string
		try      func()
		protocol string
		cause    tlcp.Cause
		alert    string
		check    func(HandshakeFailure) bool
	}{
		{"TLCP, unknown issuer", tlcpTry(&tlcp.Config{RootCAs: w.sm2Roots, ServerName: dualName, Certificates: []tlcp.Certificate{stranger}}),
			"TLCP", tlcp.CauseUnknownIssuer, "unknown_ca", func(f HandshakeFailure) bool {
				return f.ServerName == dualName && slices.Contains(f.Suites, "ECC_SM4_GCM_SM3") && len(f.Certificates) == 2 && f.Certificates[0].Subject == "CN=mallory" && !f.Received
			}},
		{"TLCP, the client does not trust us", tlcpTry(&tlcp.Config{RootCAs: smx509.NewCertPool(), ServerName: dualName}),
			"TLCP", tlcp.CauseAlert, "unknown_ca", func(f HandshakeFailure) bool { return f.Received && strings.Contains(f.Chinese, "不信任") }},
		{"TLS 1.1", func() {
			w.send(t, "\x16\x03\x01\x00\x2d\x01\x00\x00\x29\x03\x02"+strings.Repeat("r", 32)+"\x00\x00\x02\x00\x2f\x01\x00")
		},
			"TLS", tlcp.CauseVersion, "", func(f HandshakeFailure) bool { return len(f.Suites) == 1 }},
		{"TLS, no suite", func() {
			w.send(t, "\x16\x03\x01\x00\x2d\x01\x00\x00\x29\x03\x03"+strings.Repeat("r", 32)+"\x00\x00\x02\x00\x04\x01\x00")
		},
			"TLS", tlcp.CauseNoCommonSuite, "", nil},
		{"TLS, unknown issuer", tlsTry(&tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{other}}),
			"TLS", tlcp.CauseUnknownIssuer, "", func(f HandshakeFailure) bool { return len(f.Certificates) == 1 }},
		{"TLS, no certificate", tlsTry(&tls.Config{InsecureSkipVerify: true}), "TLS", CauseOther, "", func(f HandshakeFailure) bool { return f.Detail != "" }},
		{"TLS, the client does not trust us", tlsTry(&tls.Config{ServerName: dualName, RootCAs: x509.NewCertPool()}), "TLS", tlcp.CauseAlert, "bad_certificate", func(f HandshakeFailure) bool { return f.Received }},
		{"plain HTTP", func() {
			if got := w.send(t, "GET / HTTP/1.1\r\n\r\n"); !bytes.HasPrefix(got, []byte("HTTP/1.0 400 ")) {
				t.Errorf("answered %q", got)
			}
		}, "", tlcp.CauseNotTLCP, "", nil},
		{"SSH", func() { w.send(t, "SSH-2.0-x\r\n") }, "", tlcp.CauseNotTLCP, "", nil},
		{"gone at once", func() {
			conn, err := net.Dial("tcp", w.address)
			if err == nil {
				conn.Close()
			}
		}, "", tlcp.CauseClosed, "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.try()
			select {
			case f := <-w.failures:
				if f.Protocol != c.protocol || f.Cause != c.cause || f.Alert != c.alert || f.English == "" || f.Chinese == "" || f.Address == "" || f.Time.IsZero() {
					t.Errorf("%+v", f)
				}
				if c.check != nil && !c.check(f) {
					t.Errorf("%+v", f)
				}
			case <-time.After(5 * time.Second):
				t.Fatal("no event")
			}
		})
	}
}

// TestOnlyOneServed: what is not configured is refused in its own language.
func TestOnlyOneServed(t *testing.T) {
	w := newDualWorld(t, func(d *Dual) { d.TLS = nil })
	if got := w.send(t, "\x16\x03\x01\x00\x80"); !bytes.Equal(got, []byte{21, 3, 1, 0, 2, 2, 70}) {
		t.Errorf("TLS is answered %x", got)
	}
	w = newDualWorld(t, func(d *Dual) { d.TLCP = nil })
	if got := w.send(t, "\x16\x01\x01\x00\x80"); !bytes.Equal(got, []byte{21, 1, 1, 0, 2, 2, 70}) {
		t.Errorf("TLCP is answered %x", got)
	}
}

// TestFailureLogged: without a taker the event is one line of the log.
func TestFailureLogged(t *testing.T) {
	var log bytes.Buffer
	d := &Dual{Log: slog.New(slog.NewJSONHandler(&log, nil))}
	f := failureOf("TLCP", tlcp.CauseOneCertificate)
	f.Address, f.Alert, f.Suites, f.Certificates = "192.0.2.1:5", "bad_certificate", []string{"a", "b"}, []PeerCertificate{{Subject: "CN=x\n"}}
	d.report(*f)
	for _, want := range []string{`"cause":"one-certificate"`, `只发送了一张证书`, `"address":"192.0.2.1:5"`, `"suites":["a","b"]`, `CN=x\n`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("%s lacks %s", log.String(), want)
		}
	}
	if n := strings.Count(log.String(), "\n"); n != 1 {
		t.Errorf("%d lines", n)
	}
	if got := short(strings.Repeat("长", 1000)); len([]rune(got)) != maxText+1 {
		t.Errorf("%d runes", len([]rune(got)))
	}
}

// TestRefusalIsRead: the alert reaches a client that goes on sending, and whose
// connection is closed with what it sent unread.
func TestRefusalIsRead(t *testing.T) {
	w := newDualWorld(t, nil)
	conn, err := net.Dial("tcp", w.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	hello := "\x16\x01\x01\x00\x2d\x01\x00\x00\x29\x01\x01" + strings.Repeat("r", 32) + "\x00\x00\x02\xe0\x15\x01\x00"
	io.WriteString(conn, hello+strings.Repeat("\x16\x01\x01\x00\x01x", 2000))
	conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	if got, err := io.ReadAll(conn); err != nil || !bytes.Equal(got, []byte{21, 1, 1, 0, 2, 2, 40}) {
		t.Errorf("%x, %v", got, err)
	}
	if f := <-w.failures; f.Cause != tlcp.CauseNoCommonSuite || f.Suites[0] != "IBSDH_SM4_CBC_SM3" {
		t.Errorf("%+v", f)
	}
}
