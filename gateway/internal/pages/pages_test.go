package pages

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

func made(t testing.TB, b Branding) *Pages {
	t.Helper()
	p, err := New(b)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func branded(t testing.TB) Branding {
	t.Helper()
	var logo bytes.Buffer
	if err := png.Encode(&logo, image.NewNRGBA(image.Rect(0, 0, 40, 20))); err != nil {
		t.Fatal(err)
	}
	return Branding{
		Title: Words{"示例市政务网关", "Example City Gateway"}, Logo: logo.Bytes(), Colour: "#8a1c12", Help: "https://help.example.gov.cn/certificates?a=1&b=2",
		Contact: Contact{Name: Words{"信息中心 <值班室>", "Information Centre & Desk"}, Phone: "010-5555 0100", Email: "help@example.gov.cn", Hours: Words{"工作日 9:00—17:00", "weekdays 9 to 5"}},
	}
}

// ask is a request with headers given as name, value, name, value.
func ask(method, target string, headers ...string) *http.Request {
	r := httptest.NewRequest(method, target, nil)
	for pair := range slices.Chunk(headers, 2) {
		r.Header.Set(pair[0], pair[1])
	}
	return r
}

func show(t testing.TB, p *Pages, r *http.Request, problem Problem) *http.Response {
	t.Helper()
	w := httptest.NewRecorder()
	p.Show(w, r, problem)
	return w.Result()
}

func body(t testing.TB, r *http.Response) string {
	t.Helper()
	var b bytes.Buffer
	if _, err := b.ReadFrom(r.Body); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func everything(code string) Problem {
	return Problem{
		Code: code, RequestID: "rq-42", At: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC), Application: "档案 <系统>", Rule: "只许 <办公网>", Level: "3",
		Certificate: &Certificate{Subject: `C=CN, CN=<script>alert(1)</script>`, Issuer: "CN=CA & Co", Serial: "0a1b", NotBefore: time.Unix(1.7e9, 0), NotAfter: time.Unix(1.8e9, 0), Usages: []string{"digitalSignature", "nonRepudiation"}, Fingerprint: "ab12"},
		RetryAfter:  90 * time.Second, CheckURL: "/.onecert/check", AgainURL: "/.onecert/again", BackURL: "/app?x=1&y=2",
	}
}

// TestEveryPage: each code in each language, read by Python's parser: well-formed,
// escaped, with what a person needs, usable with a screen reader, and without anything
// active or from elsewhere.
func TestEveryPage(t *testing.T) {
	var all []map[string]string
	for name, b := range map[string]Branding{"plain": {}, "branded": branded(t)} {
		p := made(t, b)
		for _, code := range Codes() {
			for lang, header := range map[string]string{"zh-CN": "zh-CN,zh;q=0.9,en;q=0.8", "en": "en-GB, zh;q=0.5"} {
				answer := show(t, p, ask("GET", "/path?lang=fr", "Accept", browser, "Accept-Language", header), everything(code))
				checkHead(t, code, answer)
				all = append(all, map[string]string{"name": name + " " + code, "lang": lang, "html": body(t, answer), "title": p.messages[code].title.in(lang)})
			}
		}
		w := httptest.NewRecorder()
		p.Check(w, ask("GET", "/.onecert/check", "Accept", browser), Seen{RequestID: "rq-42", At: time.Now(), Address: "192.0.2.7", Protocol: "TLSv1.3", Certificate: everything("").Certificate, Chain: []Certificate{{Subject: "CN=CA"}}, AgainURL: "/.onecert/again", CheckURL: "/.onecert/check"})
		all = append(all, map[string]string{"name": name + " check", "lang": "zh-CN", "html": w.Body.String(), "title": "网关看到的证书"})
	}
	input, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("python3", "testdata/judge.py")
	cmd.Stdin, cmd.Stderr = bytes.NewReader(input), os.Stderr
	said, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if len(said) > 0 {
		t.Errorf("%s", said)
	}
}

func (w Words) in(lang string) string {
	if lang == "en" {
		return w.EN
	}
	return w.ZH
}

func checkHead(t *testing.T, code string, r *http.Response) {
	t.Helper()
	h := r.Header
	for name, want := range map[string]string{"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Content-Type": "text/html; charset=utf-8", "X-Frame-Options": "DENY"} {
		if h.Get(name) != want {
			t.Errorf("%s: %s is %q", code, name, h.Get(name))
		}
	}
	if r.StatusCode != messages()[code].status {
		t.Errorf("%s: status %d", code, r.StatusCode)
	}
	if r.StatusCode == 401 != (h.Get("WWW-Authenticate") != "") {
		t.Errorf("%s: WWW-Authenticate %q", code, h.Get("WWW-Authenticate"))
	}
	if h.Get("Retry-After") != "90" {
		t.Errorf("%s: Retry-After %q", code, h.Get("Retry-After"))
	}
}

// TestStylePolicy: the policy admits exactly the page's own style, and pictures only where
// there is a logo.
func TestStylePolicy(t *testing.T) {
	for _, b := range []Branding{{}, branded(t)} {
		r := show(t, made(t, b), ask("GET", "/", "Accept", browser), everything(Expired))
		style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindStringSubmatch(body(t, r))
		sum := sha256.Sum256([]byte(style[1]))
		policy := r.Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"';") || strings.Contains(policy, "unsafe") ||
			strings.Contains(policy, "img-src data:") != (len(b.Logo) > 0) {
			t.Errorf("%s", policy)
		}
	}
}

// TestContrast computes WCAG's ratios of every pair of colours the style puts on each
// other, light and dark.
func TestContrast(t *testing.T) {
	style, err := files.ReadFile("style.css")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile(`:root \{([^}]*)\}`).FindAllStringSubmatch(string(style), -1)
	colours := map[string]float64{}
	for i, block := range blocks {
		for _, v := range regexp.MustCompile(`--([a-z]+): ([#$][a-z0-9]+)`).FindAllStringSubmatch(block[1], -1) {
			value := strings.ReplaceAll(v[2], "$head", ownColour)
			light, ok := luminance(value)
			if !ok {
				t.Fatalf("--%s: %s", v[1], v[2])
			}
			colours[v[1]] = light
		}
		for _, pair := range [][2]string{{"ink", "page"}, {"ink", "card"}, {"quiet", "page"}, {"link", "page"}, {"white", "head"}} {
			if ratio := contrast(colours[pair[0]], colours[pair[1]]); ratio < minContrast {
				t.Errorf("palette %d: %s on %s has a contrast of %.2f", i, pair[0], pair[1], ratio)
			}
		}
	}
	if len(blocks) != 2 {
		t.Errorf("%d palettes", len(blocks))
	}
	black, _ := luminance("#000000")
	white, _ := luminance("#ffffff")
	grey, _ := luminance("#767676") // WCAG's example of the lightest grey on white
	if contrast(black, white) != 21 || contrast(grey, white) < 4.5 || contrast(grey, white) > 4.6 {
		t.Error(contrast(black, white), contrast(grey, white))
	}
}

// TestNoCertificateNamesExpiryFirst: browsers hide expired certificates (issue 7, point 5).
func TestNoCertificateNamesExpiryFirst(t *testing.T) {
	m := messages()[NoCertificate]
	if !strings.Contains(m.what.ZH, "过期") || !strings.Contains(m.what.EN, "expired") || !strings.Contains(m.do[0].ZH, "有效期") || !strings.Contains(m.do[0].EN, "validity") {
		t.Errorf("%+v", m)
	}
	page := body(t, show(t, made(t, Branding{}), ask("GET", "/", "Accept", browser), everything(NoCertificate)))
	if !strings.Contains(page, `href="/.onecert/check"`) || strings.Index(page, "过期") > strings.Index(page, "USB") {
		t.Error(page)
	}
}

// TestUnsafeLinks: what the door gives as a link is one, or is left out.
func TestUnsafeLinks(t *testing.T) {
	for _, link := range []string{"javascript:alert(1)", "//evil.example/", `/\evil.example/`, "http://evil.example/", "/a\r\nb", "data:text/html,x", "x", "https://user@evil.example/", "/#x", "https:evil.example", "https:///x"} {
		problem := everything(NoCertificate)
		problem.CheckURL, problem.AgainURL, problem.BackURL = link, link, link
		if page := body(t, show(t, made(t, Branding{}), ask("GET", "/", "Accept", browser), problem)); strings.Contains(page, "<a ") {
			t.Errorf("%q: %s", link, page)
		}
	}
}

// TestUnknownCode: a code nobody knows is our own failure.
func TestUnknownCode(t *testing.T) {
	r := show(t, made(t, Branding{}), ask("GET", "/", "Accept", browser), Problem{Code: "<b>", Status: 200})
	if page := body(t, r); r.StatusCode != 500 || strings.Contains(page, "<b>") || !strings.Contains(page, ">internal<") {
		t.Error(r.StatusCode, page)
	}
}

// TestLeftovers: headers of an answer begun otherwise do not stay.
func TestLeftovers(t *testing.T) {
	w := httptest.NewRecorder()
	for name, value := range map[string]string{"Content-Encoding": "gzip", "Content-Length": "7", "ETag": "x", "Cache-Control": "public", "Set-Cookie": "kept=1"} {
		w.Header().Set(name, value)
	}
	made(t, Branding{}).Show(w, ask("HEAD", "/", "Accept", browser), everything(Expired))
	h := w.Header()
	if h.Get("Content-Encoding") != "" || h.Get("ETag") != "" || h.Get("Content-Length") == "7" || h.Get("Cache-Control") != "no-store" || h.Get("Set-Cookie") != "kept=1" || w.Body.Len() > 0 {
		t.Errorf("%v %d", h, w.Body.Len())
	}
}

// TestTextsAreComplete: both languages everywhere, and each code has something to do.
func TestTextsAreComplete(t *testing.T) {
	whole := func(where string, w Words) {
		if w.ZH == "" || w.EN == "" || regexp.MustCompile(`\p{Han}`).MatchString(w.EN) || !regexp.MustCompile(`\p{Han}`).MatchString(w.ZH) {
			t.Errorf("%s: %+v", where, w)
		}
	}
	for code, m := range messages() {
		whole(code, m.title)
		whole(code, m.what)
		if len(m.do) == 0 || m.status == 0 || m.grpc == 0 {
			t.Errorf("%s: %+v", code, m)
		}
		for _, step := range m.do {
			whole(code, step)
		}
	}
	for key, w := range labels() {
		whole(key, w)
	}
	page, err := files.ReadFile("page.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, use := range regexp.MustCompile(`(?:\.T|Heading) "([^"]*)"`).FindAllStringSubmatch(string(page), -1) {
		if _, known := labels()[use[1]]; !known {
			t.Errorf("the page uses the label %q, which is not there", use[1])
		}
	}
}

// BenchmarkShow: a refusal must not cost much more than the request.
func BenchmarkShow(b *testing.B) {
	p := made(b, branded(b))
	problem := everything(NoCertificate)
	b.ReportAllocs()
	for b.Loop() {
		p.Show(httptest.NewRecorder(), ask("GET", "/", "Accept", browser), problem)
	}
}
