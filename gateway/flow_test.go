package gateway_test

import (
	"crypto"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/gateway"
	"onecert/tlcp"
)

func TestACertificateOpensTheDoor(t *testing.T) {
	h := newHouse(t)
	h.apply(h.document())
	alice := h.ca.issue("张三", nil)
	c := h.browser(alice)
	answer, body := h.get(c, h.url("oa.example.gov", "/desk?x=1"))
	if answer.StatusCode != 200 || !strings.Contains(body, "GET /desk?x=1\n") || answer.ProtoMajor != 2 {
		t.Fatalf("%d over %s: %s", answer.StatusCode, answer.Proto, body)
	}
	for _, want := range []string{"Dnname: ", "KOAL_CERT_CN=", "Client-Cert: :", "X-Forwarded-For: 127.0.0.1"} {
		if !strings.Contains(body, want) {
			t.Errorf("the application was not told %q:\n%s", want, body)
		}
	}
	if len(answer.Cookies()) != 1 || answer.Cookies()[0].Name != "__Host-onecert" || !answer.Cookies()[0].HttpOnly || !answer.Cookies()[0].Secure {
		t.Errorf("cookies: %v", answer.Cookies())
	}
	answer, body = h.get(c, h.url("oa.example.gov", "/desk"))
	if answer.StatusCode != 200 || strings.Contains(body, "__Host-") {
		t.Errorf("the session's token was shown to the application:\n%s", body)
	}
	v := h.last("/desk")
	if v.Application != "oa" || !v.Decision.Allowed || v.Decision.Rule != "staff" || v.Session == "" || v.Status != 200 || v.Subject == nil || v.Protocol != "tls" {
		t.Errorf("the visit is %+v", v)
	}
	if n := h.desk.opened(); n != 1 {
		t.Errorf("%d sessions were opened", n)
	}
}

func TestClientsWithoutCookiesOpenOneSession(t *testing.T) {
	h := newHouse(t)
	h.apply(h.document())
	alice := h.ca.issue("张三", nil)
	for range 5 {
		c := h.browser(alice)
		c.Jar = nil
		for range 3 {
			if answer, body := h.get(c, h.url("oa.example.gov", "/")); answer.StatusCode != 200 {
				t.Fatal(answer.StatusCode, body)
			}
		}
	}
	if n := h.desk.opened(); n != 1 {
		t.Errorf("%d sessions were opened", n)
	}
}

func TestTheNationalWay(t *testing.T) {
	h := newHouse(t)
	h.apply(h.document())
	sign, encrypt := h.sm2.issue("李四", nil), h.sm2.issue("李四", encrypting)
	pair := &tlcp.Certificate{Sign: [][]byte{sign.cert.Raw}, Encrypt: [][]byte{encrypt.cert.Raw}, SignKey: sign.key, EncryptKey: encrypt.key.(crypto.Decrypter)}
	answer, body := h.get(h.national(pair), h.url("oa.example.gov", "/gm"))
	if answer.StatusCode != 200 || !strings.Contains(body, "KOAL_CERT_CN=") {
		t.Fatal(answer.StatusCode, body)
	}
	if v := h.last("/gm"); v.Protocol != "tlcp" || v.TLS != "TLCP 1.1" || v.Subject == nil || v.Subject.Certificate.Subject.Get("CN") != "李四" {
		t.Errorf("the visit is %+v", v)
	}
	answer, body = h.get(h.national(nil), h.url("oa.example.gov", "/gm"))
	if answer.StatusCode != http.StatusForbidden && answer.StatusCode != http.StatusUnauthorized {
		t.Fatal(answer.StatusCode, body)
	}
}

func TestPeopleGetAPageThatSaysWhy(t *testing.T) {
	h := newHouse(t)
	h.apply(h.document())
	stranger := newAuthority(t, "别省 CA", false)
	for _, c := range []struct {
		name string
		who  *holder
		code string
	}{
		{"none", nil, "no-certificate"},
		{"expired", h.ca.issue("王五", func(c *smx509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }), "expired"},
		{"early", h.ca.issue("王五", func(c *smx509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) }), "not-yet-valid"},
		{"stranger", stranger.issue("王五", nil), "unknown-issuer"},
		{"usage", h.ca.issue("王五", server("x.example.gov")), "wrong-usage"},
	} {
		answer, body := h.get(h.browser(c.who), h.url("oa.example.gov", "/"+c.name), func(r *http.Request) { r.Header.Set("Accept", "text/html") })
		if answer.StatusCode < 400 || !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") {
			t.Errorf("%s: %d %s", c.name, answer.StatusCode, answer.Header)
		}
		v := h.last("/" + c.name)
		if v.Problem != c.code || !strings.Contains(body, v.ID) {
			t.Errorf("%s: the page is %q, its request is not on it, or: %s", c.name, v.Problem, body)
		}
		if n := h.desk.opened(); n != 0 {
			t.Errorf("%s: a session was opened", c.name)
		}
	}
}

func TestPolicyRefuses(t *testing.T) {
	h := newHouse(t)
	h.apply(h.document(`{"id": "staff",`, `{"id": "no-w", "name": "王五不可", "effect": "deny", "when": {"subject": [{"type": "CN", "values": ["王*"]}]}}, {"id": "staff",`))
	if answer, body := h.get(h.browser(h.ca.issue("张三", nil)), h.url("oa.example.gov", "/a")); answer.StatusCode != 200 {
		t.Error(answer.StatusCode, body)
	}
	answer, body := h.get(h.browser(h.ca.issue("王五", nil)), h.url("oa.example.gov", "/b"), func(r *http.Request) { r.Header.Set("Accept", "text/html") })
	if v := h.last("/b"); answer.StatusCode != 403 || v.Problem != "not-allowed" || v.Decision.Rule != "no-w" || !strings.Contains(body, "王五不可") {
		t.Errorf("%d %+v %s", answer.StatusCode, v, body)
	}
}

func TestPublicPartsAskNobody(t *testing.T) {
	h := newHouse(t)
	h.apply(h.document(`"title": "办公",`, `"title": "办公", "access": [{"path": "/public/**", "certificate": "none"}],`, `"applications": ["oa"]`, `"applications": ["oa"], "clientCertificate": "optional"`))
	answer, body := h.get(h.browser(nil), h.url("oa.example.gov", "/public/x"))
	if answer.StatusCode != 200 || strings.Contains(body, "KOAL_CERT") {
		t.Error(answer.StatusCode, body)
	}
	for _, path := range []string{"/", "/publicx", "/public/../secret", "/public/%2e%2e/secret", "/public/..;/secret", "/public%2f..%2fsecret", "/public/..%5csecret"} {
		r, _ := http.NewRequest(http.MethodGet, h.url("oa.example.gov", "/"), nil)
		r.URL.Opaque = "//" + r.URL.Host + path
		if answer, body := h.do(h.browser(nil), r); answer.StatusCode == 200 {
			t.Errorf("%s was let in: %s", path, body)
		}
	}
}

func TestSpoofedIdentityIsRemoved(t *testing.T) {
	h := newHouse(t)
	h.apply(h.document())
	c := h.browser(h.ca.issue("张三", nil))
	_, body := h.get(c, h.url("oa.example.gov", "/"), func(r *http.Request) {
		r.Header.Set("Dnname", "CN=root")
		r.Header.Set("dn_name", "CN=root")
		r.Header["SERIALNUMBER"] = []string{"00"}
		r.Header.Set("X-Forwarded-For", "10.9.9.9")
		r.Header.Set("X-Real-Ip", "10.9.9.9")
		r.Header.Set("Forwarded", "for=10.9.9.9")
		r.Header.Set("Client-Cert", ":AAAA:")
		r.Header.Set("X-HTTP-Method-Override", "DELETE")
		r.Header.Set("Cookie", "KOAL_CERT_CN=root; koal_cert_cn=root; a=b; KOAL_CERT_G=root")
	})
	if strings.Contains(body, "root") || strings.Contains(body, "10.9.9.9") || strings.Contains(body, ":AAAA:") || strings.Contains(body, "DELETE") || !strings.Contains(body, "a=b") || !strings.Contains(body, "Dnname: ") {
		t.Errorf("the application was told:\n%s", body)
	}
}

func TestBackEndsCannotSetTheDoorsCookies(t *testing.T) {
	h := newHouse(t)
	h.handler = func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Set-Cookie", "__Host-onecert=evil; Secure; Path=/")
		w.Header().Add("Set-Cookie", "__host-OneCert-loose=evil; Secure; Path=/")
		w.Header().Add("Set-Cookie", "a=b")
	}
	h.apply(h.document())
	answer, _ := h.get(h.browser(h.ca.issue("张三", nil)), h.url("oa.example.gov", "/"))
	lines := strings.Join(answer.Header["Set-Cookie"], "\n")
	if strings.Contains(lines, "evil") || !strings.Contains(lines, "a=b") || !strings.Contains(lines, "__Host-onecert=") {
		t.Errorf("the browser was told:\n%s", lines)
	}
}

func TestABackEndThatIsDown(t *testing.T) {
	h := newHouse(t)
	h.apply(h.document())
	h.back.CloseClientConnections()
	h.back.Close()
	answer, body := h.get(h.browser(h.ca.issue("张三", nil)), h.url("oa.example.gov", "/"), func(r *http.Request) { r.Header.Set("Accept", "text/html") })
	if v := h.last("/"); answer.StatusCode < 500 || v.Problem != "backend-down" || !strings.Contains(body, v.ID) {
		t.Errorf("%d %+v", answer.StatusCode, v)
	}
}

func TestASessionThatWasEnded(t *testing.T) {
	h := newHouse(t)
	h.apply(h.document())
	c := h.browser(h.ca.issue("张三", nil))
	h.get(c, h.url("oa.example.gov", "/"))
	rows, _ := h.desk.List(t.Context(), gateway.SessionQuery{})
	h.desk.End(t.Context(), rows[0].ID, "officer")
	answer, _ := h.get(c, h.url("oa.example.gov", "/after"))
	if v := h.last("/after"); answer.StatusCode != http.StatusUnauthorized || v.Problem != "session-ended" {
		t.Errorf("%d %+v", answer.StatusCode, v)
	}
	if answer, _ := h.get(c, h.url("oa.example.gov", "/again")); answer.StatusCode != 200 {
		t.Errorf("%d: no new session could be opened", answer.StatusCode)
	}
}

// TestRulesOfABackEndWithoutCase: rules are written as people read the addresses.
func TestRulesOfABackEndWithoutCase(t *testing.T) {
	h := newHouse(t)
	h.apply(h.document(`"title": "办公",`, `"title": "办公", "foldCase": true, "access": [{"path": "/Admin/**", "certificate": "required"}, {"path": "/**", "certificate": "none"}],`,
		`"applications": ["oa"]`, `"applications": ["oa"], "clientCertificate": "optional"`, `"rules": [`, `"rules": [{"id": "all", "effect": "allow"}, `))
	for path, want := range map[string]int{"/news": 200, "/Admin/keys": 401, "/admin/keys": 401, "/ADMIN/": 401} {
		if answer, _ := h.get(h.browser(nil), h.url("oa.example.gov", path)); (answer.StatusCode == 200) != (want == 200) {
			t.Errorf("%s: %d", path, answer.StatusCode)
		}
	}
}
