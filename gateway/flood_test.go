package gateway_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// frames opens an HTTP/2 connection with a certificate and hands over its frames.
func (h *house) frames(who *holder) (*tls.Conn, *http2.Framer) {
	h.t.Helper()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(h.ca.pem()))
	conn, err := tls.Dial("tcp", h.address, &tls.Config{RootCAs: roots, ServerName: "oa.example.gov", NextProtos: []string{"h2"}, Certificates: []tls.Certificate{who.tls()}})
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	io.WriteString(conn, http2.ClientPreface)
	framer := http2.NewFramer(conn, conn)
	if err := framer.WriteSettings(); err != nil {
		h.t.Fatal(err)
	}
	return conn, framer
}

// head is the fields of a request, encoded.
func head(more ...hpack.HeaderField) []byte {
	var b bytes.Buffer
	e := hpack.NewEncoder(&b)
	for _, f := range append([]hpack.HeaderField{{Name: ":method", Value: "GET"}, {Name: ":scheme", Value: "https"}, {Name: ":authority", Value: "oa.example.gov"}, {Name: ":path", Value: "/flood"}}, more...) {
		e.WriteField(f)
	}
	return b.Bytes()
}

// TestContinuationFlood: a header that never ends (CVE-2023-45288) ends the connection
// while it is small, and reaches nobody.
func TestContinuationFlood(t *testing.T) {
	h := newHouse(t)
	h.handler = func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/flood" {
			t.Error("it reached the application")
		}
	}
	h.apply(h.document())
	conn, framer := h.frames(h.ca.issue("张三", nil))
	go io.Copy(io.Discard, conn)
	if err := framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: head()}); err != nil {
		t.Fatal(err)
	}
	var one bytes.Buffer
	hpack.NewEncoder(&one).WriteField(hpack.HeaderField{Name: "x-flood", Value: string(bytes.Repeat([]byte("a"), 8000)), Sensitive: true})
	const most = 64 << 20
	sent := 0
	for sent < most {
		if err := framer.WriteContinuation(1, false, one.Bytes()); err != nil {
			break
		}
		sent += one.Len()
	}
	if sent >= most {
		t.Errorf("the gateway read %d octets of one header", sent)
	}
	if answer, body := h.get(h.browser(h.ca.issue("李四", nil)), h.url("oa.example.gov", "/")); answer.StatusCode != http.StatusOK {
		t.Error(answer.StatusCode, body)
	}
}

// TestRapidReset: who opens streams and resets them at once (CVE-2023-44487) has no more
// requests at the application at a time than the connection allows, and others are served.
func TestRapidReset(t *testing.T) {
	h := newHouse(t)
	under := make(chan struct{}, 10_000)
	h.handler = func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/flood" {
			under <- struct{}{}
			<-r.Context().Done()
			<-under
		}
	}
	h.apply(h.document())
	conn, framer := h.frames(h.ca.issue("张三", nil))
	go io.Copy(io.Discard, conn)
	fields, highest := head(), 0
	for i := range 5000 {
		id := uint32(2*i + 1)
		if err := framer.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: fields, EndHeaders: true, EndStream: true}); err != nil {
			break
		}
		if err := framer.WriteRSTStream(id, http2.ErrCodeCancel); err != nil {
			break
		}
		highest = max(highest, len(under))
	}
	if highest > 300 {
		t.Errorf("%d requests of one connection at once", highest)
	}
	if answer, body := h.get(h.browser(h.ca.issue("李四", nil)), h.url("oa.example.gov", "/")); answer.StatusCode != http.StatusOK {
		t.Error(answer.StatusCode, body)
	}
	conn.Close()
	eventually(t, func() bool { return len(under) == 0 })
}

// TestGarbageBesideWork: a thousand connections that are no handshake come while somebody
// works over new connections; every one of his requests is answered.
func TestGarbageBesideWork(t *testing.T) {
	h := newHouse(t)
	h.apply(h.document())
	alice := h.ca.issue("张三", nil)
	thrown := make(chan int)
	go func() {
		n := 0
		defer func() { thrown <- n }()
		for i := range 1000 {
			conn, err := net.Dial("tcp", h.address)
			if err != nil {
				continue
			}
			n++
			conn.Write([][]byte{[]byte("GET / HTTP/1.1\r\n\r\n"), make([]byte, 1000), {22, 3, 1, 0xff, 0xff, 1}, {22, 3, 1, 0, 5, 1}}[i%4])
			conn.Close()
		}
	}()
	asked := 0
	for {
		select {
		case n := <-thrown:
			if n < 900 || asked == 0 {
				t.Errorf("%d connections of garbage beside %d requests", n, asked)
			}
			return
		default:
		}
		if answer, body := h.get(h.browser(alice), h.url("oa.example.gov", "/")); answer.StatusCode != http.StatusOK {
			t.Fatalf("request %d: %d %s", asked, answer.StatusCode, body)
		}
		asked++
	}
}
