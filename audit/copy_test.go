package audit_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"onecert/audit"
	"onecert/pki"
	"onecert/pkitest"
)

// await waits until a destination has a head of that size.
func await(t *testing.T, h house, index int, size int64) audit.Copy {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(time.Millisecond) {
		c := h.Copies()[index]
		if c.Size == size && c.Err == nil && !c.At.IsZero() {
			return c
		}
		if time.Now().After(deadline) {
			t.Fatalf("after a minute: %+v", c)
		}
	}
}

// TestCopiesGoOnByThemselves: a folder, an address and three kinds of syslog get
// every head; one that is broken, and one that never answers, stop none of them.
func TestCopiesGoOnByThemselves(t *testing.T) {
	h := open(t, pkitest.SQLite(t))
	h.record(t, acts(0, 3)...)
	var mu sync.Mutex
	var posted [][]byte
	refuse := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		if refuse || r.Method != http.MethodPost || !strings.HasPrefix(r.Header.Get("Content-Type"), "text/plain") {
			w.WriteHeader(http.StatusInsufficientStorage)
			return
		}
		posted = append(posted, body)
	}))
	defer server.Close()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	certificate, roots := selfSigned(t)
	collected := make(chan string, 100)
	config := &tls.Config{Certificates: []tls.Certificate{certificate}}
	dir := t.TempDir()
	to := []audit.Destination{
		audit.Folder(dir), audit.Post(server.URL, http.DefaultClient),
		audit.Syslog(audit.TCP, collectTCP(t, nil, collected), nil, h.Now),
		audit.Syslog(audit.TLS, collectTCP(t, config, collected), &tls.Config{RootCAs: roots, ServerName: "collector"}, h.Now),
		audit.Syslog(audit.UDP, collectUDP(t, collected), nil, h.Now),
		audit.Folder(dir + "/not-there"), audit.Post("http://"+silent.Addr().String(), http.DefaultClient),
		audit.Syslog(audit.TLS, collectTCP(t, config, collected), &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "collector"}, h.Now),
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if err := h.StartCopies(ctx, 5*time.Millisecond, to...); err != nil {
		t.Fatal(err)
	}
	for _, size := range []int64{3, 4, 9} {
		for i := range 5 {
			await(t, h, i, size)
		}
		if size < 9 {
			h.record(t, acts(int(size), int(map[int64]int{3: 1, 4: 5}[size]))...)
		}
	}
	for _, broken := range []int{5, 7} {
		for deadline := time.Now().Add(60 * time.Second); h.Copies()[broken].Err == nil && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond) // it was slower than the others
		}
		if c := h.Copies()[broken]; pki.CodeOf(c.Err) != "audit.copy" || c.Size != 0 {
			t.Errorf("%+v", c)
		}
	}
	mu.Lock()
	for _, body := range posted {
		if _, err := audit.OpenCheckpoint(body, h.keys...); err != nil {
			t.Errorf("posted: %v", err)
		}
	}
	refuse = true
	mu.Unlock()
	if heads, err := audit.ReadHeads(dir); err != nil || !h.verify(t, heads...).Good() {
		t.Errorf("%v", err)
	}
	for range 9 { // three heads over three transports
		select {
		case message := <-collected:
			h.isHead(t, message)
		case <-time.After(time.Minute):
			t.Fatal("a message is missing")
		}
	}
	// A destination that stops taking heads says so, and goes on when it is back.
	h.record(t, acts(9, 1)...)
	for deadline := time.Now().Add(60 * time.Second); h.Copies()[1].Err == nil; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a refusal was not noticed")
		}
	}
	mu.Lock()
	refuse = false
	mu.Unlock()
	await(t, h, 1, 10)
}

// form is RFC 5424's, with what ours fills in.
var form = regexp.MustCompile(`^<109>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z [!-~]{1,255} onecert \d+ audit-head ` +
	`\[head@32473 origin="onecert\.example/ca" size="(\d+)" root="([A-Za-z0-9+/=]{44})"\] ([A-Za-z0-9+/=]+)$`)

// isHead checks a syslog message and the signed head in it.
func (h house) isHead(t *testing.T, message string) {
	t.Helper()
	parts := form.FindStringSubmatch(message)
	if parts == nil {
		t.Errorf("not RFC 5424: %s", message)
		return
	}
	signed, err := base64.StdEncoding.DecodeString(parts[3])
	if err != nil {
		t.Fatal(err)
	}
	c, err := audit.OpenCheckpoint(signed, h.keys...)
	if err != nil || fmt.Sprint(c.Size) != parts[1] || base64.StdEncoding.EncodeToString(c.Root) != parts[2] {
		t.Errorf("%+v, %v in %s", c, err, message)
	}
}

// collectTCP takes connections and reads messages by their counted octets.
func collectTCP(t *testing.T, config *tls.Config, to chan<- string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	address := listener.Addr().String()
	if config != nil {
		listener = tls.NewListener(listener, config)
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				r := bufio.NewReader(conn)
				for {
					length, err := r.ReadString(' ')
					if err != nil {
						return
					}
					n, err := strconv.Atoi(strings.TrimSuffix(length, " "))
					if err != nil || n > 4096 {
						to <- "not counted: " + length
						return
					}
					message := make([]byte, n)
					if _, err := io.ReadFull(r, message); err != nil {
						to <- "cut off"
						return
					}
					to <- string(message)
				}
			}()
		}
	}()
	return address
}

func collectUDP(t *testing.T, to chan<- string) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() {
		b := make([]byte, 65536)
		for {
			n, _, err := conn.ReadFrom(b)
			if err != nil {
				return
			}
			to <- string(b[:n])
		}
	}()
	return conn.LocalAddr().String()
}

func selfSigned(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"collector"}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(certificate)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}

func TestPostFollowsNobody(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
	defer elsewhere.Close()
	server := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer server.Close()
	d := audit.Post(server.URL, http.DefaultClient)
	if err := d.Send(t.Context(), audit.Checkpoint{}, []byte("x")); pki.CodeOf(err) != "audit.copy" || !strings.Contains(errors.Unwrap(err).Error(), "307") {
		t.Errorf("%v", err)
	}
	if err := audit.Post("no address", http.DefaultClient).Send(t.Context(), audit.Checkpoint{}, nil); err == nil {
		t.Error("sent to nowhere")
	}
	if err := audit.Syslog("pigeon", "x", nil, time.Now).Send(t.Context(), audit.Checkpoint{}, nil); err == nil {
		t.Error("sent by pigeon")
	}
	if err := open(t, pkitest.SQLite(t)).StartCopies(t.Context(), 0, d); err == nil {
		t.Error("a period of nothing")
	}
}

// TestSyslogEscapes: an origin may hold what would end the element.
func TestSyslogEscapes(t *testing.T) {
	collected := make(chan string, 1)
	d := audit.Syslog(audit.UDP, collectUDP(t, collected), nil, time.Now)
	if err := d.Send(t.Context(), audit.Checkpoint{Origin: `a"]\b`, Root: []byte{1}}, []byte("s")); err != nil {
		t.Fatal(err)
	}
	if message := <-collected; !strings.Contains(message, `origin="a\"\]\\b" size="0" root="AQ=="] cw==`) {
		t.Error(message)
	}
}
