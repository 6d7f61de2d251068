package gateway_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"onecert/gateway"
	"onecert/pkitest"
)

// twoDoors is a site with a public part, and the log in at a service of its own.
func twoDoors(t *testing.T) (h *house, login string) {
	t.Helper()
	h = newHouse(t)
	address := pkitest.FreeAddress(t)
	_, port, _ := strings.Cut(address, ":")
	login = "https://login.example.gov:" + port
	h.apply(h.document(`"title": "办公",`, `"title": "办公", "access": [{"path": "/public/**", "certificate": "none"}],`,
		`"applications": ["oa"]}]`, `"applications": ["oa"], "clientCertificate": "none", "login": {"url": "`+login+`"}},
		{"name": "login", "kind": "web", "listen": ["`+address+`"], "certificates": ["site"], "trust": "staff", "loginFor": ["`+strings.TrimSuffix(h.url("oa.example.gov", ""), "/")+`"]}]`))
	return h, login
}

func asBrowser(r *http.Request) { r.Header.Set("Accept", "text/html,*/*") }

// follow goes where an answer sends the browser, as long as it does.
func (h *house) follow(c *http.Client, address string) (*http.Response, string, []string) {
	h.t.Helper()
	var way []string
	for range 8 {
		way = append(way, address)
		answer, body := h.get(c, address, asBrowser)
		if answer.StatusCode != http.StatusFound {
			return answer, body, way
		}
		address = location(answer).String()
	}
	h.t.Fatalf("the browser goes in circles: %v", way)
	return nil, "", nil
}

func TestLoginAtAnotherService(t *testing.T) {
	h, login := twoDoors(t)
	c := h.browser(h.ca.issue("张三", nil))
	if answer, body := h.get(c, h.url("oa.example.gov", "/public/a"), asBrowser); answer.StatusCode != 200 || strings.Contains(body, "KOAL_CERT") {
		t.Fatal(answer.StatusCode, body)
	}
	answer, body, way := h.follow(c, h.url("oa.example.gov", "/desk?x=%E4%B8%AD"))
	if answer.StatusCode != 200 || !strings.Contains(body, "GET /desk?x=%E4%B8%AD\n") || !strings.Contains(body, "KOAL_CERT_CN=") {
		t.Fatal(answer.StatusCode, way, body)
	}
	if len(way) != 4 || !strings.HasPrefix(way[1], login+"/.onecert/login?state=") || !strings.HasPrefix(way[2], h.url("oa.example.gov", "/.onecert/enter?code=")) {
		t.Errorf("the way was %v", way)
	}
	if strings.Contains(body, "__Host-") {
		t.Errorf("the application saw the door's cookies:\n%s", body)
	}
	// From then on without a detour; and the session's end ends it.
	if answer, _ := h.get(c, h.url("oa.example.gov", "/desk"), asBrowser); answer.StatusCode != 200 {
		t.Error(answer.StatusCode)
	}
	rows, _ := h.desk.List(t.Context(), gateway.SessionQuery{})
	h.desk.End(t.Context(), rows[0].ID, "officer")
	if answer, _ := h.get(c, h.url("oa.example.gov", "/gone"), asBrowser); answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("%d after the session's end", answer.StatusCode)
	}
	// What is not a page is told, not led away.
	if answer, _ := h.get(h.browser(nil), h.url("oa.example.gov", "/api"), func(r *http.Request) { r.Header.Set("Accept", "application/json") }); answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("a program got %d", answer.StatusCode)
	}
}

func TestLoginCodesCannotBeSlippedIn(t *testing.T) {
	h, login := twoDoors(t)
	mallory := h.browser(h.ca.issue("马六", nil))
	answer, _ := h.get(mallory, h.url("oa.example.gov", "/desk"), asBrowser)
	state := location(answer)
	answer, _ = h.get(mallory, state.String(), asBrowser)
	code := location(answer)
	if !strings.HasPrefix(code.String(), h.url("oa.example.gov", "/.onecert/enter")) {
		t.Fatal(code)
	}
	// A victim that is led to Mallory's code does not become Mallory.
	victim := h.browser(nil)
	h.get(victim, h.url("oa.example.gov", "/desk"), asBrowser) // has a nonce of its own
	for _, c := range []*http.Client{victim, h.browser(nil)} {
		if answer, _ := h.get(c, code.String(), asBrowser); answer.StatusCode < 400 || len(answer.Cookies()) > 0 {
			t.Errorf("%d %v", answer.StatusCode, answer.Cookies())
		}
	}
	// Its own browser may use it once.
	if answer, _ := h.get(mallory, code.String(), asBrowser); answer.StatusCode != http.StatusFound {
		t.Errorf("%d", answer.StatusCode)
	}
	if answer, _ := h.get(mallory, code.String(), asBrowser); answer.StatusCode < 400 {
		t.Errorf("%d the second time", answer.StatusCode)
	}
	// A state of nobody, one for elsewhere, and a code as a state.
	for _, bad := range []string{"", "x", url.QueryEscape(code.Query().Get("code")), state.Query().Get("state")[1:]} {
		if answer, _ := h.get(mallory, login+"/.onecert/login?state="+bad, asBrowser); answer.StatusCode != http.StatusBadRequest {
			t.Errorf("state %q: %d", bad, answer.StatusCode)
		}
	}
	// The name a request comes by is part of the state: a log in for a name that is not
	// ours leads nowhere.
	answer, _ = h.get(mallory, h.url("evil.example.gov", "/desk"), asBrowser)
	if answer, _ := h.get(mallory, location(answer).String(), asBrowser); answer.StatusCode != http.StatusBadRequest {
		t.Errorf("a log in for another name: %d", answer.StatusCode)
	}
}

func TestNobodyIsLedToAnotherAddress(t *testing.T) {
	h, _ := twoDoors(t)
	c := h.browser(h.ca.issue("张三", nil))
	for _, path := range []string{"//evil.example", "///evil.example", "/%09/evil.example", "/\\evil.example", "https://evil.example/"} {
		r, _ := http.NewRequest(http.MethodGet, h.url("oa.example.gov", "/"), nil)
		r.URL.Opaque = path
		asBrowser(r)
		answer, err := c.Do(r)
		if err != nil {
			continue // Go's client refused to ask
		}
		for range 4 {
			to := location(answer)
			if to.Host == "" {
				break
			}
			if strings.Contains(to.Host, "evil") {
				t.Errorf("%q led to %s", path, to)
			}
			answer, _ = h.get(c, to.String(), asBrowser)
		}
		answer.Body.Close()
	}
}

func TestOtherSitesCannotLogOut(t *testing.T) {
	h := newHouse(t)
	h.apply(h.document())
	c := h.browser(h.ca.issue("张三", nil))
	h.get(c, h.url("oa.example.gov", "/"))
	post := func(headers ...string) *http.Response {
		r, _ := http.NewRequest(http.MethodPost, h.url("oa.example.gov", "/.onecert/logout"), nil)
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		answer, _ := h.do(c, r)
		return answer
	}
	for _, other := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"}, {}} {
		if answer := post(other...); answer.StatusCode != http.StatusBadRequest {
			t.Errorf("%v: %d", other, answer.StatusCode)
		}
	}
	if rows, _ := h.desk.List(t.Context(), gateway.SessionQuery{}); len(rows) != 1 {
		t.Fatalf("%d sessions", len(rows))
	}
	if answer := post("Sec-Fetch-Site", "same-origin"); answer.StatusCode != http.StatusOK {
		t.Error(answer.StatusCode)
	}
	if rows, _ := h.desk.List(t.Context(), gateway.SessionQuery{}); len(rows) != 0 {
		t.Errorf("%d sessions", len(rows))
	}
}

// TestASessionCountsWhereItsCAIsTrusted: browsers bring a cookie to every port of a host,
// so a session opened for one service arrives at another one that trusts others.
func TestASessionCountsWhereItsCAIsTrusted(t *testing.T) {
	h, login := twoDoors(t)
	strict := pkitest.FreeAddress(t)
	c := h.current()
	c.Trust.Sets = append(c.Trust.Sets, gateway.TrustSet{Name: "strict", CAs: []string{"national"}})
	again := c.Services[0]
	again.Name, again.Listen, again.Trust = "strict", []string{strict}, "strict"
	c.Services = append(c.Services, again)
	h.apply(c)
	b := h.browser(h.ca.issue("张三", nil))
	if answer, _, _ := h.follow(b, h.url("oa.example.gov", "/desk")); answer.StatusCode != 200 {
		t.Fatal(answer.StatusCode)
	}
	_, port, _ := strings.Cut(strict, ":")
	if answer, body := h.get(b, "https://oa.example.gov:"+port+"/desk", asBrowser); answer.StatusCode != http.StatusForbidden || h.last("/desk").Problem != "unknown-issuer" {
		t.Errorf("%d %s (log in at %s)", answer.StatusCode, body, login)
	}
	// A cookie carried to another host by hand counts for nothing there.
	first, _ := url.Parse(h.url("oa.example.gov", "/"))
	other := h.url("other.example.gov", "/desk")
	if answer, _, _ := h.follow(b, h.url("oa.example.gov", "/desk")); answer.StatusCode != 200 {
		t.Fatal(answer.StatusCode)
	}
	if answer, _ := h.get(b, other, asBrowser, func(r *http.Request) {
		for _, cookie := range b.Jar.Cookies(first) {
			r.AddCookie(cookie)
		}
	}); answer.StatusCode != http.StatusFound {
		t.Errorf("%d at another host", answer.StatusCode)
	}
}

// TestAPublicPartThePolicyWantsALogInFor: access asks nobody there, the policy does.
func TestAPublicPartThePolicyWantsALogInFor(t *testing.T) {
	h, _ := twoDoors(t)
	c := h.current()
	c.Policy.Rules = c.Policy.Rules[:1] // only who logged in
	c.Policy.Rules[0].When.LeastLevel, c.Policy.Rules[0].RequireLevel = 0, 2
	h.apply(c)
	b := h.browser(h.ca.issue("张三", nil))
	if answer, body, way := h.follow(b, h.url("oa.example.gov", "/public/a")); answer.StatusCode != 200 || !strings.Contains(body, "KOAL_CERT_CN=") {
		t.Fatal(answer.StatusCode, way, body)
	}
}

// TestOneCertificateOfTwoCAsByName: two services call one CA by two names, and so mean two
// accounts.
func TestOneCertificateOfTwoCAsByName(t *testing.T) {
	h := newHouse(t)
	h.apply(h.document())
	c := h.current()
	second := pkitest.FreeAddress(t)
	again, ca := c.Services[0], c.Trust.CAs[0]
	ca.Name = "renamed"
	c.Trust.CAs = append(c.Trust.CAs, ca)
	c.Trust.Sets = append(c.Trust.Sets, gateway.TrustSet{Name: "second", CAs: []string{"renamed"}})
	again.Name, again.Listen, again.Trust = "second", []string{second}, "second"
	c.Services = append(c.Services, again)
	h.apply(c)
	b := h.browser(h.ca.issue("张三", nil))
	_, port, _ := strings.Cut(second, ":")
	user := func(address, path string) string {
		t.Helper()
		if answer, body := h.get(b, address+path); answer.StatusCode != 200 {
			t.Fatal(answer.StatusCode, body)
		}
		return h.last(path).Request.Subject.User
	}
	first := strings.TrimSuffix(h.url("oa.example.gov", ""), "/")
	if who := user(first, "/one"); !strings.HasSuffix(who, "@own") {
		t.Error(who)
	}
	if who := user("https://oa.example.gov:"+port, "/two"); !strings.HasSuffix(who, "@renamed") {
		t.Error(who)
	}
	// The same in one connection, after the set has another name for its CA.
	c = h.current()
	c.Trust.Sets[0].CAs = []string{"renamed", "national"}
	h.apply(c)
	if who := user(first, "/three"); !strings.HasSuffix(who, "@renamed") {
		t.Error(who)
	}
}

// TestAFormSurvivesARestart: who logged in by redirection goes on after the gateway was
// restarted, with a POST too; without the session's own cookie, for another host or under
// another's session the certificate in the browser opens nothing.
func TestAFormSurvivesARestart(t *testing.T) {
	h, _ := twoDoors(t)
	c, other := h.browser(h.ca.issue("张三", nil)), h.browser(h.ca.issue("李四", nil))
	for _, browser := range []*http.Client{c, other} {
		if answer, _, way := h.follow(browser, h.url("oa.example.gov", "/desk")); answer.StatusCode != http.StatusOK {
			t.Fatal(answer.StatusCode, way)
		}
	}
	h.g.Close()
	h.start()
	post := func(cookies ...*http.Cookie) int {
		r, _ := http.NewRequest(http.MethodPost, h.url("oa.example.gov", "/form"), strings.NewReader("typed=x"))
		for _, one := range cookies {
			r.AddCookie(one)
		}
		answer, _ := h.do(h.browser(nil), r)
		return answer.StatusCode
	}
	kept := func(browser *http.Client, name string) *http.Cookie {
		t.Helper()
		at, _ := url.Parse(h.url("oa.example.gov", "/"))
		for _, one := range browser.Jar.Cookies(at) {
			if one.Name == name {
				return one
			}
		}
		t.Fatalf("the browser has no %s", name)
		return nil
	}
	const loose, holder = "__Host-onecert-loose", "__Host-onecert-holder"
	for name, cookies := range map[string][]*http.Cookie{
		"the certificate alone":              {kept(c, holder)},
		"the session alone":                  {kept(c, loose)},
		"a session with another certificate": {kept(c, loose), kept(other, holder)},
		"the seal of the one as the other":   {kept(c, loose), {Name: holder, Value: kept(c, loose).Value}},
	} {
		if got := post(cookies...); got != http.StatusUnauthorized {
			t.Errorf("%s: %d", name, got)
		}
	}
	r, _ := http.NewRequest(http.MethodPost, h.url("oa.example.gov", "/form"), strings.NewReader("typed=x"))
	if answer, body := h.do(c, r); answer.StatusCode != http.StatusOK || !strings.Contains(body, "POST /form") || strings.Contains(body, "__Host-") {
		t.Errorf("%d %s", answer.StatusCode, body)
	}
	rows, _ := h.desk.List(t.Context(), gateway.SessionQuery{})
	for _, row := range rows {
		h.desk.End(t.Context(), row.ID, "officer")
	}
	if got := post(kept(c, loose), kept(c, holder)); got != http.StatusUnauthorized {
		t.Errorf("%d after the session's end", got)
	}
}
