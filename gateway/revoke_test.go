package gateway_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/gateway"
	"onecert/status"
)

// withJournal is a document whose CA is judged by the journal.
func (h *house) withJournal(change ...string) []string {
	return append([]string{`"anchors": ` + fmt.Sprintf("%q", h.ca.pem()) + `, "revocation": [{"name": "off", "kind": "none"}]`,
		`"anchors": ` + fmt.Sprintf("%q", h.ca.pem()) + `, "revocation": [{"name": "journal", "kind": "journal", "issuer": "own"}]`}, change...)
}

// TestRevokedIsOutWithinASecond holds connections of every kind open and revokes.
func TestRevokedIsOutWithinASecond(t *testing.T) {
	h := newHouse(t)
	h.handler = func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Upgrade") != "":
			echoUpgraded(w, r)
		case r.URL.Path == "/events":
			w.Header().Set("Content-Type", "text/event-stream")
			for r.Context().Err() == nil {
				fmt.Fprint(w, "data: x\n\n")
				http.NewResponseController(w).Flush()
				time.Sleep(20 * time.Millisecond)
			}
		}
	}
	h.apply(h.document(h.withJournal()...))
	alice, bob := h.ca.issue("张三", nil), h.ca.issue("李四", nil)
	h.record(alice, status.Issued)
	h.record(bob, status.Issued)
	two := h.browser(alice)
	answer, body := h.get(two, h.url("oa.example.gov", "/"))
	if answer.StatusCode != 200 {
		t.Fatal(answer.StatusCode, body, h.last("/").Detail)
	}
	events := h.open(two, "/events")
	others := h.open(h.browser(bob), "/events")
	tunnel := h.upgrade(alice)
	begin := time.Now()
	h.record(alice, status.Revoked)
	for name, r := range map[string]io.Reader{"events": events, "tunnel": tunnel} {
		if _, err := io.Copy(io.Discard, r); err == nil && name == "events" {
			t.Errorf("%s ended as if all were well", name)
		}
	}
	if took := time.Since(begin); took > time.Second {
		t.Errorf("it took %v", took)
	}
	answer, _ = h.get(h.browser(alice), h.url("oa.example.gov", "/after"))
	if v := h.last("/after"); answer.StatusCode == 200 || v.Problem != "revoked" {
		t.Errorf("%d %+v", answer.StatusCode, v)
	}
	if n, err := io.ReadFull(others, make([]byte, 30)); err != nil {
		t.Errorf("somebody else's stream broke off after %d octets: %v", n, err)
	}
}

// echoUpgraded is an application that sends back what comes through a tunnel.
func echoUpgraded(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n")
		io.Copy(conn, conn)
		conn.Close()
	}
}

// open begins a request and returns its endless answer.
func (h *house) open(c *http.Client, path string) io.Reader {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), http.MethodGet, h.url("oa.example.gov", path), nil)
	if err != nil {
		h.t.Fatal(err)
	}
	answer, err := c.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { answer.Body.Close() })
	if _, err := io.ReadFull(answer.Body, make([]byte, 9)); err != nil {
		h.t.Fatal(err)
	}
	return answer.Body
}

// dial connects over TLS with HTTP/1.1.
func (h *house) dial(who *holder) *tls.Conn {
	h.t.Helper()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(h.ca.pem()))
	config := &tls.Config{RootCAs: roots, ServerName: "oa.example.gov", NextProtos: []string{"http/1.1"}}
	if who != nil {
		config.Certificates = []tls.Certificate{who.tls()}
	}
	conn, err := tls.Dial("tcp", h.address, config)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	return conn
}

// upgrade opens a tunnel through the door and sees that it carries.
func (h *house) upgrade(who *holder) net.Conn {
	h.t.Helper()
	conn := h.dial(who)
	io.WriteString(conn, "GET /tunnel HTTP/1.1\r\nHost: oa.example.gov\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	reader := bufio.NewReader(conn)
	answer, err := http.ReadResponse(reader, nil)
	if err != nil || answer.StatusCode != http.StatusSwitchingProtocols {
		h.t.Fatal(answer, err)
	}
	io.WriteString(conn, "hello\n")
	if line, err := reader.ReadString('\n'); err != nil || line != "hello\n" {
		h.t.Fatal(line, err)
	}
	return conn
}

// TestSmuggling sends requests over one connection that two programs could read in two
// ways; none may reach the application, and nothing hidden in one either.
func TestSmuggling(t *testing.T) {
	h := newHouse(t)
	h.apply(h.document())
	alice := h.ca.issue("张三", nil)
	for name, raw := range map[string]string{
		"two lengths":       "POST /a HTTP/1.1\r\nHost: oa.example.gov\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
		"length and chunks": "POST /a HTTP/1.1\r\nHost: oa.example.gov\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: oa.example.gov\r\n\r\n",
		"strange chunks":    "POST /a HTTP/1.1\r\nHost: oa.example.gov\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
		"space in a name":   "GET /a HTTP/1.1\r\nHost: oa.example.gov\r\nDnname : root\r\n\r\n",
		"two hosts":         "GET /a HTTP/1.1\r\nHost: oa.example.gov\r\nHost: evil.example.gov\r\n\r\n",
		"no host":           "GET /a HTTP/1.1\r\n\r\n",
		"another address":   "GET https://evil.example.gov/a HTTP/1.1\r\nHost: oa.example.gov\r\n\r\n",
		"a bad host":        "GET /a HTTP/1.1\r\nHost: oa.example.gov@evil\r\n\r\n",
		"connect":           "CONNECT oa.example.gov:443 HTTP/1.1\r\nHost: oa.example.gov:443\r\n\r\n",
		"trace":             "TRACE /a HTTP/1.1\r\nHost: oa.example.gov\r\n\r\n",
		"nul":               "GET /a HTTP/1.1\r\nHost: oa.example.gov\r\nX: a\x00b\r\n\r\n",
	} {
		reached := make(chan string, 4)
		h.handler = func(w http.ResponseWriter, r *http.Request) { reached <- r.URL.Path + r.Header.Get("Dnname") }
		conn := h.dial(alice)
		io.WriteString(conn, raw)
		conn.CloseWrite()
		text, _ := io.ReadAll(conn)
		if !strings.HasPrefix(string(text), "HTTP/1.1 4") && !strings.HasPrefix(string(text), "HTTP/1.1 501") {
			if !(name == "length and chunks" && !strings.Contains(string(text), "/hidden")) {
				t.Errorf("%s: %s", name, text)
			}
		}
		select {
		case what := <-reached:
			if name != "length and chunks" || what == "/hidden" {
				t.Errorf("%s reached the application as %s", name, what)
			}
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// TestRevokedBetweenLookingAndTying: nobody is told of what ends before the connection is
// known to hang on it.
func TestRevokedBetweenLookingAndTying(t *testing.T) {
	h := newHouse(t)
	reached := make(chan struct{}, 1)
	h.handler = func(w http.ResponseWriter, r *http.Request) { reached <- struct{}{} }
	h.apply(h.document(h.withJournal()...))
	alice := h.ca.issue("张三", nil)
	h.record(alice, status.Issued)
	h.desk.opening = func() {
		h.record(alice, status.Revoked)
		time.Sleep(700 * time.Millisecond) // the journal is followed meanwhile
	}
	if answer, _ := h.get(h.browser(alice), h.url("oa.example.gov", "/")); answer.StatusCode == 200 || h.last("/").Problem != "revoked" {
		t.Errorf("%d %s", answer.StatusCode, h.last("/").Problem)
	}
	if len(reached) > 0 {
		t.Error("the application was reached")
	}
}

// TestOpenConnectionsEndWithTheirRight: nobody says when a certificate ends, or when
// another gateway ends a session; what is open goes all the same.
func TestOpenConnectionsEndWithTheirRight(t *testing.T) {
	h := newHouse(t)
	h.handler = func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n")
			io.Copy(conn, conn)
			conn.Close()
		}
	}
	h.apply(h.document())
	soon := time.Now().Add(3 * time.Second).Truncate(time.Second)
	ending := h.upgrade(h.ca.issue("张三", func(c *smx509.Certificate) { c.NotAfter = soon }))
	lisi := h.ca.issue("李四", nil)
	ended := h.upgrade(lisi)
	goes := h.upgrade(h.ca.issue("王五", nil))
	rows, _ := h.desk.List(t.Context(), gateway.SessionQuery{})
	for _, row := range rows {
		if strings.HasPrefix(row.User, lisi.cert.Subject.SerialNumber+"@") {
			h.desk.End(t.Context(), row.ID, "officer")
		}
	}
	for name, conn := range map[string]net.Conn{"the certificate's end": ending, "the session's end": ended} {
		conn.SetDeadline(soon.Add(5 * time.Second))
		if _, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: a tunnel goes on: %v", name, err)
		}
	}
	goes.SetDeadline(time.Now().Add(5 * time.Second))
	io.WriteString(goes, "still\n")
	if _, err := io.ReadFull(goes, make([]byte, 6)); err != nil {
		t.Error("somebody else's tunnel was cut:", err)
	}
}
