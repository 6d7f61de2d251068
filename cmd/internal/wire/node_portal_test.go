package wire

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"onecert/pki"
	"onecert/portal"
	"onecert/ra"
	"onecert/serve"
)

// TestBoardOfTheRegistration: what a registration announces, and the rules it publishes,
// reach the board of a public site by the registration's own public calls, and go again
// when they are taken down.
func TestBoardOfTheRegistration(t *testing.T) {
	authority, trust := smallAuthority(t)
	b := newBranches(t, authority, trust)
	consent := func(m *ra.Motion, err error, who ...string) {
		t.Helper()
		for _, name := range who {
			if err == nil {
				m, err = b.p.DecideMotion(b.as(name), m.ID, ra.MotionDecision{Decision: ra.Decision{Version: m.Version}, Consent: true})
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	server := httptest.NewServer(b.p.Self)
	defer server.Close()
	api, err := serve.NewClient(server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	from := registrationBoard{api}
	board, err := portal.OpenBoard(portal.BoardConfig{From: from, Dir: filepath.Join(t.TempDir(), "portal"), Log: quietly().Log})
	if err != nil {
		t.Fatal(err)
	}
	site, err := portal.New(portal.Config{Board: board, Log: quietly().Log})
	if err != nil {
		t.Fatal(err)
	}
	shows := func(path string) string {
		t.Helper()
		if err := board.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		site.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w.Body.String()
	}
	if text := shows("/announcements"); !strings.Contains(text, "现在没有公告") {
		t.Error("what was only proposed is shown:", text)
	}
	notice, err := b.p.Announce(b.as("centre.system"), ra.Announcement{TitleZH: "系统升级", TitleEN: "Upgrade", TextZH: "周六夜间", TextEN: "Saturday night", Begins: time.Now().Add(-time.Minute)})
	consent(notice, err, "centre.security")
	rules, err := b.p.ProposePolicy(b.as("centre.system"), ra.Policy{Kind: ra.PolicyKind("practice-statement"), OID: "2.999.1", Edition: "1.0", Title: "业务规则", Begins: time.Now().Add(-time.Hour), Content: []byte("第一条\n")})
	consent(rules, err, "centre.security", "centre.audit")
	if text := shows("/announcements/" + notice.Object + "?lang=en"); !strings.Contains(text, "Upgrade") || !strings.Contains(text, "Saturday night") {
		t.Error(text)
	}
	if text := shows("/rules"); !strings.Contains(text, "2.999.1") || !strings.Contains(text, "现行") {
		t.Error(text)
	}
	if text := shows("/rules/practice-statement/1.0.txt"); text != "第一条\n" {
		t.Errorf("%q", text)
	}
	down, err := b.p.TakeDown(b.as("centre.system"), notice.Object, ra.Ending{Reason: "改期"})
	consent(down, err, "centre.audit")
	if text := shows("/announcements"); strings.Contains(text, "系统升级") {
		t.Error("what was taken down is still shown")
	}
	server.Close()
	if err := board.Refresh(t.Context()); pki.KindOf(err) != pki.Unavailable {
		t.Errorf("a registration that is away: %v", err)
	}
}

// TestPortalAddresses: what leads people elsewhere is an https address.
func TestPortalAddresses(t *testing.T) {
	for address, good := range map[string]bool{"": true, "https://ra.gov.example:8448": true, "https://ra.gov.example/x": true,
		"http://ra.gov.example": false, "ra.gov.example": false, "javascript:alert(1)": false, "https://": false, "https://u:p@ra.gov.example": false} {
		for _, n := range []NodePortal{{Registration: address}, {SelfService: address}, {Console: address}} {
			if err := n.check("node.yaml"); err == nil != good {
				t.Errorf("%+v: %v", n, err)
			}
		}
	}
}
