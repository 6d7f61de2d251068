package pages

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// TestWhoTakesHTML: browsers, old browsers, and programs.
func TestWhoTakesHTML(t *testing.T) {
	for _, c := range []struct {
		name    string
		headers []string
		html    bool
	}{
		{"browser", []string{"Accept", browser, "Sec-Fetch-Dest", "document"}, true},
		{"Internet Explorer 8", []string{"Accept", "image/gif, image/jpeg, application/x-ms-application, */*"}, true},
		{"nothing said", nil, true},
		{"curl", []string{"Accept", "*/*"}, true},
		{"fetch", []string{"Accept", "*/*", "Sec-Fetch-Dest", "empty"}, false},
		{"picture", []string{"Accept", "image/avif,image/webp,*/*;q=0.8", "Sec-Fetch-Dest", "image"}, false},
		{"XMLHttpRequest", []string{"Accept", "*/*", "X-Requested-With", "XMLHttpRequest"}, false},
		{"API", []string{"Accept", "application/json"}, false},
		{"axios", []string{"Accept", "application/json, text/plain, */*"}, false},
		{"problem+json", []string{"Accept", "application/problem+json"}, false},
		{"html refused", []string{"Accept", "text/html;q=0, application/json"}, false},
		{"html less than JSON", []string{"Accept", "text/html;q=0.5, application/json"}, false},
		{"weights nobody can read", []string{"Accept", "text/html;q=x, */*"}, true},
		{"events", []string{"Accept", "text/event-stream"}, false},
		{"very long", []string{"Accept", strings.Repeat("a/b,", 10000) + "text/html"}, false},
	} {
		if got := wantsHTML(ask("GET", "/", c.headers...)); got != c.html {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestLanguages(t *testing.T) {
	for header, want := range map[string]string{
		"": "zh", "en": "en", "en-US,en;q=0.9": "en", "zh-CN,zh;q=0.9,en;q=0.8": "zh", "en;q=0.2, zh-TW;q=0.3": "zh", "fr, de": "zh", "fr, en;q=0.1": "en", "en;q=0": "zh", "en;q=2": "zh", "*": "zh", ";;;,=,": "zh",
	} {
		if got := language(ask("GET", "/", "Accept-Language", header)); got != want {
			t.Errorf("%q: %s, want %s", header, got, want)
		}
	}
}

// TestJSON: programs get the form of all our APIs, in the language they ask for.
func TestJSON(t *testing.T) {
	p := made(t, branded(t))
	for _, code := range Codes() {
		r := show(t, p, ask("POST", "/api", "Accept", "application/json", "Accept-Language", "en"), everything(code))
		var a answer
		if err := json.Unmarshal([]byte(body(t, r)), &a); err != nil {
			t.Fatal(err)
		}
		if r.Header.Get("Content-Type") != "application/problem+json" || r.StatusCode != messages()[code].status || a.Status != r.StatusCode || a.Code != code || a.RequestID != "rq-42" ||
			a.Title != messages()[code].title.EN || a.Remedy == "" || (a.Kind == "") != (r.StatusCode == 200) || a.Contact != "Information Centre & Desk 010-5555 0100 help@example.gov.cn" || r.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %+v %v", code, a, r.Header)
		}
	}
}

// TestGRPC: Trailers-Only, over a real HTTP/2 connection: no body, no trailers of their
// own, the status in the head.
func TestGRPC(t *testing.T) {
	p := made(t, Branding{Redirect: "/elsewhere"})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.Show(w, r, Problem{Code: r.URL.Query().Get("code"), RequestID: "50% 张"})
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	for code, want := range map[string]string{NoCertificate: "16", NotAllowed: "7", BackEndDown: "14", BackEndSlow: "4", TooMany: "8", Failed: "13"} {
		for _, kind := range []string{"application/grpc", "application/grpc+proto", "application/grpc-web;charset=utf-8"} {
			r, err := server.Client().Post(server.URL+"/?code="+code, kind, strings.NewReader(""))
			if err != nil {
				t.Fatal(err)
			}
			message, _ := url.PathUnescape(r.Header.Get("Grpc-Message"))
			if r.ProtoMajor != 2 || r.StatusCode != 200 || r.Header.Get("Grpc-Status") != want || !strings.Contains(message, code) || !strings.Contains(message, "50% 张") || body(t, r) != "" || r.Header.Get("Content-Type") != "application/grpc" {
				t.Errorf("%s: %v %v", code, r, r.Header)
			}
		}
	}
	if speaksGRPC(ask("POST", "/", "Content-Type", "application/grpcx")) {
		t.Error("application/grpcx is no gRPC")
	}
}

// TestRedirect: to the administrator's page, with the code and the id and nothing of the
// request; never in a circle, never for what the page could not help with.
func TestRedirect(t *testing.T) {
	for target, want := range map[string]string{
		"https://help.example.gov.cn/why":      "https://help.example.gov.cn/why?code=expired&request_id=rq-42",
		"https://help.example.gov.cn/why?l=zh": "https://help.example.gov.cn/why?l=zh&code=expired&request_id=rq-42",
		"/why":                                 "/why?code=expired&request_id=rq-42",
	} {
		p := made(t, Branding{Redirect: target})
		for _, method := range []string{"GET", "POST"} {
			r := show(t, p, ask(method, "https://app.example.gov.cn/x?next=//evil.example&code=1", "Accept", browser), everything(Expired))
			if r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != want || r.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s: %d %s", target, r.StatusCode, r.Header.Get("Location"))
			}
		}
	}
	p := made(t, Branding{Redirect: "/why"})
	own := made(t, Branding{Redirect: "https://APP.example.gov.cn/why"})
	for name, r := range map[string]*http.Response{
		"circle":        show(t, p, ask("GET", "/why?code=x", "Accept", browser), everything(Expired)),
		"circle by URL": show(t, own, ask("GET", "https://app.example.gov.cn/why", "Accept", browser), everything(Expired)),
		"program":       show(t, p, ask("GET", "/x", "Accept", "application/json"), everything(Expired)),
		"logged out":    show(t, p, ask("GET", "/x", "Accept", browser), everything(LoggedOut)),
		"too many":      show(t, p, ask("GET", "/x", "Accept", browser), everything(TooMany)),
	} {
		if r.Header.Get("Location") != "" {
			t.Errorf("%s: sent to %s", name, r.Header.Get("Location"))
		}
	}
	evil := everything(Expired)
	evil.RequestID = "a&b=c\r\nX: 1#"
	if r := show(t, p, ask("GET", "/x", "Accept", browser), evil); r.Header.Get("Location") != "/why?code=expired&request_id=a%26b%3Dc%0D%0AX%3A+1%23" {
		t.Error(r.Header.Get("Location"))
	}
}

// TestCheckForPrograms: the check as JSON, and what it says without a certificate.
func TestCheckForPrograms(t *testing.T) {
	p := made(t, Branding{})
	ask := func(seen Seen) (out map[string]any) {
		w := httptest.NewRecorder()
		p.Check(w, ask("GET", "/.onecert/check", "Accept", "application/json"), seen)
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || w.Code != 200 {
			t.Fatal(err, w.Code)
		}
		return out
	}
	if out := ask(Seen{}); out["good"] != false || out["code"] != NoCertificate || out["certificate"] != nil {
		t.Errorf("%v", out)
	}
	if out := ask(Seen{Certificate: everything("").Certificate}); out["good"] != true || out["certificate"].(map[string]any)["serial"] != "0a1b" {
		t.Errorf("%v", out)
	}
	w := httptest.NewRecorder()
	p.Check(w, httptest.NewRequest("GET", "/", nil), Seen{Code: Revoked, Certificate: everything("").Certificate})
	if page := w.Body.String(); !strings.Contains(page, "证书已被撤销。") || strings.Contains(page, "what good") {
		t.Error(page)
	}
}

// FuzzAccept: whatever stands in the headers, a page comes, and never one of a language
// or form that is not ours.
func FuzzAccept(f *testing.F) {
	f.Add(browser, "zh-CN,zh;q=0.9", "application/grpc")
	f.Add("application/json;q=0.1;q=0.2,,,;", "en;q=1e-9", "")
	p := made(f, Branding{Redirect: "/why"})
	f.Fuzz(func(t *testing.T, accept, lang, kind string) {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "/x", nil)
		r.Header = http.Header{"Accept": {accept}, "Accept-Language": {lang}, "Content-Type": {kind}}
		p.Show(w, r, Problem{Code: Another, RequestID: "r"})
		switch got := w.Header().Get("Content-Type"); got {
		case "text/html; charset=utf-8", "application/problem+json", "application/grpc":
		default:
			t.Errorf("%q", got)
		}
		if l := language(r); l != "zh" && l != "en" {
			t.Errorf("%q", l)
		}
	})
}
