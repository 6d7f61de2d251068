package gateway_test

import (
	"bytes"
	"context"
	"crypto"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"

	"onecert/audit"
	"onecert/gateway"
)

// machine opens the house's configuration at another gateway, with the same addresses at
// 127.0.0.2.
func (h *house) machine(change func(*gateway.Config)) *gateway.Gateway {
	h.t.Helper()
	signer, err := audit.NewSigner("gateway.test", newKey(h.t, true))
	if err != nil {
		h.t.Fatal(err)
	}
	log, err := audit.Open(h.t.Context(), h.d, "gateway.test", signer)
	if err != nil {
		h.t.Fatal(err)
	}
	cfg := gateway.Config{DB: h.d, Audit: log, Sessions: h.desk, Keys: h.key, Secret: bytes.Repeat([]byte{7}, 32), Name: "https://gateway.example.gov",
		Assertions: []crypto.Signer{h.assertion}, Lists: h.t.TempDir(), Log: slog.New(slog.DiscardHandler),
		Listen: func(network, address string) (net.Listener, error) {
			return net.Listen(network, strings.Replace(address, "127.0.0.1", "127.0.0.2", 1))
		}}
	if change != nil {
		change(&cfg)
	}
	g, err := gateway.New(h.t.Context(), cfg)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { g.Close() })
	if g.Fault() != nil {
		h.t.Fatal(g.Fault())
	}
	return g
}

// elsewhere lets a browser reach some names at the other machine.
func elsewhere(c *http.Client, names ...string) *http.Client {
	c.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		machine := "127.0.0.1"
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if host == name {
				machine = "127.0.0.2"
			}
		}
		var d net.Dialer
		return d.DialContext(ctx, network, machine+":"+port)
	}
	return c
}

// TestLoginAtAnotherMachine: somebody logs in at one gateway and goes on at another that
// has never seen his certificate; the code is good once at both together.
func TestLoginAtAnotherMachine(t *testing.T) {
	h, login := twoDoors(t)
	h.machine(nil)
	c := elsewhere(h.browser(h.ca.issue("张三", nil)), "login.example.gov")
	answer, body, way := h.follow(c, h.url("oa.example.gov", "/desk"))
	if answer.StatusCode != http.StatusOK || !strings.Contains(body, "KOAL_CERT_CN=") || len(way) != 4 || !strings.HasPrefix(way[1], login) {
		t.Fatal(answer.StatusCode, way, body)
	}
	if v := h.last("/desk"); v.Serial == "" || !strings.HasSuffix(v.Request.Subject.User, "@own") || v.Request.Subject.Certificate == nil {
		t.Errorf("%+v", v)
	}
	if h.desk.opened() != 1 {
		t.Errorf("%d sessions", h.desk.opened())
	}
	// The same code, by the same browser, at either machine's service for that origin.
	for _, where := range [][]string{{"login.example.gov"}, {"login.example.gov", "oa.example.gov"}} {
		c.Transport.(*http.Transport).CloseIdleConnections()
		if answer, _ := h.get(elsewhere(c, where...), way[2], asBrowser); answer.StatusCode != http.StatusBadRequest {
			t.Errorf("the code once more, with %v at the other machine: %d", where, answer.StatusCode)
		}
	}
	// At the other machine his cookie leads through the log in again, and nowhere else.
	c.Transport.(*http.Transport).CloseIdleConnections()
	answer, _, way = h.follow(elsewhere(c, "oa.example.gov"), h.url("oa.example.gov", "/desk"))
	if answer.StatusCode != http.StatusOK || h.desk.opened() != 1 {
		t.Errorf("%d after %v, %d sessions", answer.StatusCode, way, h.desk.opened())
	}
	rows, _ := h.desk.List(t.Context(), gateway.SessionQuery{})
	h.desk.End(t.Context(), rows[0].ID, "officer")
	if answer, _ := h.get(c, h.url("oa.example.gov", "/gone"), asBrowser); answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("%d after the session's end", answer.StatusCode)
	}
}

// TestLoginAtAStrangersMachine: a gateway that shares neither sessions nor secret logs
// nobody in here, and says so instead of leading in circles; nor does one whose CAs this one
// does not trust.
func TestLoginAtAStrangersMachine(t *testing.T) {
	for name, c := range map[string]struct {
		change  func(*gateway.Config)
		status  int
		problem string
	}{
		"other sessions": {func(c *gateway.Config) { c.Sessions = newDesk() }, http.StatusUnauthorized, "session-ended"},
		"another secret": {func(c *gateway.Config) { c.Secret = bytes.Repeat([]byte{8}, 32) }, http.StatusBadRequest, ""},
	} {
		t.Run(name, func(t *testing.T) {
			h, _ := twoDoors(t)
			h.machine(c.change)
			b := elsewhere(h.browser(h.ca.issue("张三", nil)), "login.example.gov")
			answer, body, way := h.follow(b, h.url("oa.example.gov", "/desk"))
			if answer.StatusCode != c.status || strings.Contains(body, "KOAL_CERT") {
				t.Errorf("%d after %v", answer.StatusCode, way)
			}
			if c.problem != "" && h.last("/.onecert/enter").Problem != c.problem {
				t.Errorf("%+v", h.last("/.onecert/enter"))
			}
		})
	}
	t.Run("untrusted", func(t *testing.T) {
		h, _ := twoDoors(t)
		h.machine(nil)
		doc := h.current() // from now on at this machine alone
		doc.Services[0].Trust = "strict"
		doc.Trust.Sets = append(doc.Trust.Sets, gateway.TrustSet{Name: "strict", CAs: []string{"national"}})
		h.apply(doc)
		b := elsewhere(h.browser(h.ca.issue("张三", nil)), "login.example.gov")
		answer, _, way := h.follow(b, h.url("oa.example.gov", "/desk"))
		if answer.StatusCode != http.StatusForbidden || h.last("/.onecert/enter").Problem != "unknown-issuer" {
			t.Errorf("%d after %v", answer.StatusCode, way)
		}
	})
}
