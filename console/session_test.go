package console

import (
	"context"
	"crypto/x509"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"onecert/pki"
	"onecert/serve"
)

func TestNoSessionNoCertificate(t *testing.T) {
	h := newHouse(t, nil)
	v := h.visitor("clerk")
	if got := v.who(); got != "" {
		t.Errorf("without a session the place knows %q", got)
	}
	if a := v.ask(http.MethodGet, "/api/ra/v1/who"); a.Header.Get(headerSession) != "none" {
		t.Errorf("the answer says the session is %q", a.Header.Get(headerSession))
	}
	var view View
	v.ask(http.MethodGet, "/api/console/v1/session").into(t, &view)
	if view.State != "none" || view.Shown == nil || !view.Places[0].Known || view.Places[0].As != "clerk" {
		t.Errorf("%+v", view)
	}
}

func TestSessionOpensAndCloses(t *testing.T) {
	h := newHouse(t, nil)
	v := h.visitor("clerk")
	cookie := v.logIn().Header.Get("Set-Cookie")
	for _, rule := range []string{"__Host-onecert-officers-", "Path=/", "HttpOnly", "Secure", "SameSite=Strict"} {
		if !strings.Contains(cookie, rule) {
			t.Errorf("the cookie %q lacks %s", cookie, rule)
		}
	}
	if got := v.who(); got != "clerk" {
		t.Errorf("with a session the place knows %q", got)
	}
	before := v.cookie
	v.ask(http.MethodPost, "/api/console/v1/session/close")
	if v.cookie != "" {
		t.Error("the cookie stays after logging out")
	}
	v.cookie = before
	if got := v.who(); got != "" {
		t.Errorf("after logging out the old cookie makes %q", got)
	}
	if want := []string{"console.login clerk", "console.logout clerk"}; !slices.Equal(h.log.written(), want) {
		t.Errorf("the log has %q, want %q", h.log.written(), want)
	}
}

func TestLoggingInAgainEndsTheOld(t *testing.T) {
	h := newHouse(t, nil)
	v := h.visitor("clerk")
	v.logIn()
	old := v.cookie
	v.logIn()
	v.cookie = old
	if got := v.who(); got != "" {
		t.Errorf("the session before makes %q", got)
	}
}

func TestSessionBelongsToItsCertificate(t *testing.T) {
	h := newHouse(t, nil)
	owner := h.visitor("clerk")
	owner.logIn()
	for _, name := range []string{"", "thief", "clerk"} { // the last with another certificate of the same name
		other := h.visitor(name)
		other.cookie = owner.cookie
		if got := other.who(); got != "" {
			t.Errorf("a stolen cookie makes %q of %q", got, name)
		}
	}
	if got := owner.who(); got != "clerk" {
		t.Errorf("the attempt ended the owner's session: %q", got)
	}
}

func TestSessionEnds(t *testing.T) {
	for name, c := range map[string]struct {
		step  time.Duration
		steps int
		use   func(*visitor)
		want  string
	}{
		"used stays":          {14 * time.Minute, 3, func(v *visitor) { v.who() }, "clerk"},
		"idle ends":           {15*time.Minute + time.Second, 1, func(*visitor) {}, ""},
		"by itself is no use": {8 * time.Minute, 2, func(v *visitor) { v.header.Set(headerIdle, "1"); v.who(); v.header.Del(headerIdle) }, ""},
		"a list by itself": {8 * time.Minute, 2, func(v *visitor) {
			v.header.Set(headerIdle, "1")
			v.ask(http.MethodGet, "/api/console/v1/sessions")
			v.header.Del(headerIdle)
		}, ""},
		"reading it is no use":  {8 * time.Minute, 2, func(v *visitor) { v.ask(http.MethodGet, "/api/console/v1/session") }, ""},
		"absolute ends":         {10 * time.Minute, 61, func(v *visitor) { v.who() }, ""},
		"the clock was ahead":   {-time.Hour, 1, func(*visitor) {}, ""},
		"the clock goes back":   {-10 * time.Minute, 1, func(*visitor) {}, "clerk"},
		"just before its limit": {10 * time.Minute, 59, func(v *visitor) { v.who() }, "clerk"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, nil)
			v := h.visitor("clerk")
			v.logIn()
			for range c.steps {
				h.clock.forward(c.step)
				c.use(v)
			}
			if got := v.who(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestSessionEndsWithTheCertificate(t *testing.T) {
	s := newSessions(time.Hour, 10*time.Hour, time.Now)
	_, opened, err := s.open(pki.Actor{Name: "a", Certificate: "f"}, time.Now().Add(time.Minute))
	if err != nil || time.Until(opened.until) > time.Minute {
		t.Errorf("%v %v", opened.until, err)
	}
}

func TestRefusedLogin(t *testing.T) {
	h := newHouse(t, nil)
	for name, code := range map[string]string{"": "console.no-certificate", "stranger": "test.stranger"} {
		var problem struct{ Code, Remedy string }
		a := h.visitor(name).ask(http.MethodPost, "/api/console/v1/session")
		a.into(t, &problem)
		if a.StatusCode < 400 || problem.Code != code || problem.Remedy == "" {
			t.Errorf("%q: %d %s", name, a.StatusCode, a.text)
		}
	}
	h.log.fail(errors.New("disk full"))
	if a := h.visitor("clerk").ask(http.MethodPost, "/api/console/v1/session"); a.StatusCode < 500 || a.Header.Get("Set-Cookie") != "" {
		t.Errorf("a login that cannot be written down: %d %s", a.StatusCode, a.text)
	}
}

func TestOtherOriginsCannotLogAnybodyIn(t *testing.T) {
	h := newHouse(t, nil)
	v := h.visitor("clerk")
	v.header.Set("Origin", "https://evil.example")
	v.header.Set("Sec-Fetch-Site", "cross-site")
	if a := v.ask(http.MethodPost, "/api/console/v1/session"); a.StatusCode != http.StatusForbidden || v.cookie != "" {
		t.Errorf("%d %s", a.StatusCode, a.text)
	}
}

func TestGoverning(t *testing.T) {
	h := newHouse(t, nil)
	clerk, security := h.visitor("clerk"), h.visitor("security")
	clerk.logIn()
	if a := security.ask(http.MethodGet, "/api/console/v1/sessions"); a.StatusCode < 400 {
		t.Error("sessions are shown to who is not logged in")
	}
	security.logIn()
	if a := clerk.ask(http.MethodGet, "/api/console/v1/sessions"); a.StatusCode != http.StatusForbidden {
		t.Errorf("a clerk sees the sessions of others: %d", a.StatusCode)
	}
	var all []SessionView
	for after := ""; ; { // one by one
		var page struct {
			Items []SessionView `json:"items"`
			After string        `json:"after"`
		}
		security.ask(http.MethodGet, "/api/console/v1/sessions?limit=1&after="+after).into(t, &page)
		if all = append(all, page.Items...); page.After == "" {
			break
		}
		after = page.After
	}
	if a := security.ask(http.MethodGet, "/api/console/v1/sessions?after=x"); a.StatusCode != http.StatusUnprocessableEntity && a.StatusCode != http.StatusBadRequest {
		t.Errorf("a page of no list: %d %s", a.StatusCode, a.text)
	}
	n := slices.IndexFunc(all, func(s SessionView) bool { return s.Name == "clerk" })
	if len(all) != 2 || n < 0 || all[n].Own || all[n].Address == "" {
		t.Fatalf("%+v", all)
	}
	if a := clerk.ask(http.MethodPost, "/api/console/v1/sessions/"+all[n].ID+"/end"); a.StatusCode != http.StatusForbidden {
		t.Errorf("a clerk ends sessions: %d", a.StatusCode)
	}
	if a := security.ask(http.MethodPost, "/api/console/v1/sessions/"+all[n].ID+"/end"); a.StatusCode >= 300 {
		t.Errorf("%d %s", a.StatusCode, a.text)
	}
	if got := clerk.who(); got != "" {
		t.Errorf("an ended session makes %q", got)
	}
	if written := h.log.written(); !slices.Contains(written, "console.session-end security of clerk") {
		t.Errorf("the log does not say whose session was ended: %q", written)
	}
	if a := security.ask(http.MethodPost, "/api/console/v1/sessions/"+all[n].ID+"/end"); a.StatusCode != http.StatusNotFound {
		t.Errorf("ending it again: %d", a.StatusCode)
	}
	if written := h.log.written(); len(written) != 3 {
		t.Errorf("what was not done is in the log: %q", written)
	}
}

func TestManySessionsOfOne(t *testing.T) {
	now := time.Now()
	s := newSessions(time.Hour, 10*time.Hour, func() time.Time { return now })
	var tokens []string
	for range maxOfOne + 1 {
		now = now.Add(time.Second)
		token, _, err := s.open(pki.Actor{Name: "a", Certificate: "f"}, now.Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		tokens = append(tokens, token)
	}
	if _, ok := s.find(tokens[0], "f", true); ok {
		t.Error("the oldest session stands")
	}
	if _, ok := s.find(tokens[1], "f", true); !ok || len(s.all) != maxOfOne {
		t.Errorf("%d sessions", len(s.all))
	}
}

// A host may have several consoles, and cookies know no ports: to log in at one logs
// nobody out of another.
func TestConsolesOfOneHost(t *testing.T) {
	names := map[string]bool{}
	for _, title := range []string{"the centre", "a counter"} {
		v := newHouse(t, func(c *Config) { c.Title = title }).visitor("clerk")
		v.logIn()
		name, _, _ := strings.Cut(v.cookie, "=")
		names[name] = true
	}
	if len(names) != 2 {
		t.Errorf("two consoles share the cookie %v", names)
	}
}

// Nobody is written down as logged in who is not.
func TestFullHouseWritesNothing(t *testing.T) {
	h := newHouse(t, nil)
	now := time.Now()
	for n := range maxSessions {
		h.console.sessions.all[[32]byte{byte(n), byte(n >> 8)}] = &session{fingerprint: "f", used: now, until: now.Add(time.Hour)}
	}
	if a := h.visitor("clerk").ask(http.MethodPost, "/api/console/v1/session"); a.StatusCode != http.StatusServiceUnavailable || len(h.log.written()) != 0 {
		t.Errorf("%d, and the log has %q", a.StatusCode, h.log.written())
	}
}

func TestFullHouse(t *testing.T) {
	now := time.Now()
	s := newSessions(time.Hour, 10*time.Hour, func() time.Time { return now })
	for n := range maxSessions {
		s.all[[32]byte{byte(n), byte(n >> 8)}] = &session{fingerprint: string(rune(n)), used: now, until: now.Add(time.Hour)}
	}
	if _, _, err := s.open(pki.Actor{Certificate: "new"}, now.Add(time.Hour)); pki.KindOf(err) != pki.Unavailable {
		t.Errorf("one more: %v", err)
	}
	now = now.Add(2 * time.Hour)
	if _, _, err := s.open(pki.Actor{Certificate: "new"}, now.Add(time.Hour)); err != nil || len(s.all) != 1 {
		t.Errorf("after all have ended: %v, %d", err, len(s.all))
	}
}

// TestLoginInALoop: one certificate that logs in over and over fills the log only so far;
// the session it has goes on, others log in, and in an hour so does this one.
func TestLoginInALoop(t *testing.T) {
	h := newHouse(t, nil)
	v := h.visitor("clerk")
	for range maxLogins {
		v.logIn()
	}
	written := len(h.log.written())
	if a := v.ask(http.MethodPost, "/api/console/v1/session"); a.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("once more: %d", a.StatusCode)
	}
	if len(h.log.written()) != written || v.who() != "clerk" {
		t.Errorf("%d entries more, and the session is %q's", len(h.log.written())-written, v.who())
	}
	h.visitor("system").logIn()
	h.clock.forward(loginTime)
	v.logIn()
	if kept := len(h.console.sessions.logins); kept != 1 {
		t.Errorf("the logins of %d certificates are remembered", kept)
	}
}

// TestExplained: where an API lets a certificate count for nobody, the page is told why.
func TestExplained(t *testing.T) {
	h := newHouse(t, func(c *Config) {
		nobody := serve.New(serve.Config{Title: "self", Version: "1", Log: c.Log, Peers: &serve.Peers{Lenient: true, Who: func(_ context.Context, leaf *x509.Certificate) (pki.Actor, error) {
			return pki.Actor{Certificate: pki.Fingerprint(leaf.Raw)}, nil
		}}})
		c.Places = []Place{{Name: "self", API: nobody, Explain: func(_ context.Context, shown *x509.Certificate) error {
			return pki.Errorf(pki.Forbidden, "test.held", "the certificate of %s is frozen", shown.Subject.CommonName)
		}}}
	})
	var v View
	h.visitor("alice").ask(http.MethodGet, "/api/console/v1/session").into(t, &v)
	if len(v.Places) != 1 || v.Places[0].Known || v.Places[0].Code != "test.held" {
		t.Errorf("%+v", v.Places)
	}
}
