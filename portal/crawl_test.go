package portal

import (
	"encoding/json"
	"html"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// whole is a site with everything a configuration can give it.
func whole(t *testing.T) *site {
	s := newSite(t)
	s.cfg.SelfService, s.cfg.Console = "https://self.example.gov", "https://console.example.gov"
	s.cfg.Interfaces = map[string][]byte{"ra": []byte(`{"info":{"title":"OneCert RA"},"paths":{"/v1/me":{"get":{}}}}`)}
	o := &office{announcements: []Announcement{announcement("a1", "国庆期间服务时间安排", "Hours during the holidays", s.now.Add(-time.Hour))}}
	o.announcements[0].Chinese.Text = "各受理点十月一日至七日休息，八日起照常办理。\n\n挂失在自助服务中随时可办。"
	o.announcements = append(o.announcements, announcement("a2", "国际算法签发 CA 更换的通知", "The international issuing CA is replaced", s.now.Add(-200*time.Hour)))
	o.rule("1.0", plainMedia, "第一条\n")
	o.rule("1.1", "application/pdf", "%PDF-1.7\n")
	if err := s.newBoard(o).Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

var (
	linkForm = regexp.MustCompile(`<(?:a|link)\b[^>]*\bhref="([^"]*)"`)
	idForm   = regexp.MustCompile(`\bid="([^"]*)"`)
)

// TestEveryLink walks the site from its first page in each language: every link leads to
// a page, every part that is named is on it, and every page is reached.
func TestEveryLink(t *testing.T) {
	s := whole(t)
	for _, lang := range languages() {
		seen, waiting := map[string]string{}, []string{"/"}
		for len(waiting) > 0 {
			path := waiting[0]
			waiting = waiting[1:]
			if _, done := seen[path]; done {
				continue
			}
			w := s.in(lang, path)
			seen[path] = w
			for _, m := range linkForm.FindAllStringSubmatch(w, -1) {
				to := html.UnescapeString(m[1])
				switch {
				case to == s.cfg.SelfService, to == s.cfg.Console, strings.HasPrefix(to, "http://crl.example.cn/"), strings.Contains(to, "lang="):
				case strings.HasPrefix(to, "/"):
					bare, _, _ := strings.Cut(to, "#")
					waiting = append(waiting, bare)
				case strings.HasPrefix(to, "#"):
				default:
					t.Errorf("%s: %s leads to %q", lang, path, to)
				}
			}
		}
		s.parts(lang, seen)
		for address := range s.sheets[lang] {
			if _, reached := seen[address]; !reached {
				t.Errorf("%s: nothing leads to %s", lang, address)
			}
		}
		for _, path := range []string{"/announcements/a1", "/rules/practice-statement/1.0.txt", "/rules/practice-statement/1.1.pdf", "/developers/api/ra.json", "/lookup", "/authorities", "/downloads"} {
			if _, reached := seen[path]; !reached {
				t.Errorf("%s: nothing leads to %s", lang, path)
			}
		}
	}
}

// in fetches a page in a language.
func (s *site) in(lang, path string) string {
	s.t.Helper()
	w := s.get(path + "?lang=" + lang)
	if w.Code != http.StatusOK {
		s.t.Errorf("%s in %s: %d", path, lang, w.Code)
	}
	if strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") && w.Header().Get("Content-Language") != lang {
		s.t.Errorf("%s is in %s", path, w.Header().Get("Content-Language"))
	}
	return w.Body.String()
}

// parts: links to a part of a page find it.
func (s *site) parts(lang string, seen map[string]string) {
	s.t.Helper()
	for path, text := range seen {
		for _, m := range linkForm.FindAllStringSubmatch(text, -1) {
			u, err := url.Parse(html.UnescapeString(m[1]))
			if err != nil || u.Fragment == "" {
				continue
			}
			target := seen[u.Path]
			if u.Path == "" {
				target = text
			}
			if !slices.ContainsFunc(idForm.FindAllStringSubmatch(target, -1), func(id []string) bool { return id[1] == u.Fragment }) {
				s.t.Errorf("%s: %s names the part %s, which is not there", lang, path, m[1])
			}
		}
	}
}

// TestWithoutRegistration: what is not configured has no pages and no links.
func TestWithoutRegistration(t *testing.T) {
	s := newSite(t)
	for _, lang := range languages() {
		for _, path := range []string{"/", "/about", "/help/loss", "/downloads", "/developers"} {
			text := s.in(lang, path)
			for _, what := range []string{`href=""`, `href="/announcements`, `href="/rules`, "self:", "console:"} {
				if strings.Contains(text, what) {
					t.Errorf("%s has %q", path, what)
				}
			}
		}
	}
	for _, path := range []string{"/announcements", "/rules", "/rules/practice-statement/1.0.txt", "/developers/api/ra.json"} {
		s.shows(s.get(path), 404, "没有这个页面")
	}
}

// TestInterfaces: the documents are served as they are.
func TestInterfaces(t *testing.T) {
	s := whole(t)
	w := s.get("/developers/api/ra.json")
	if w.Code != 200 || w.Header().Get("Content-Type") != "application/json" || !json.Valid(w.Body.Bytes()) {
		t.Error(w.Code, w.Header())
	}
	s.shows(s.get("/downloads"), 200, "OneCert RA", "/developers/api/ra.json")
	for _, path := range []string{"/developers/api/ra", "/developers/api/none.json", "/developers/api/..%2fra.json"} {
		if code := s.get(path).Code; code != 404 {
			t.Errorf("%s: %d", path, code)
		}
	}
}

var colour = regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{3,6})`)

// TestContrast: every pair of colours that meet is told apart well enough (WCAG 2.1
// 1.4.3: 4.5 to 1), on light and dark.
func TestContrast(t *testing.T) {
	raw, err := pages.ReadFile("pages/style.css")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(raw), "\n")
	for i, theme := range []string{"light", "dark"} {
		colours := map[string]float64{}
		for _, m := range colour.FindAllStringSubmatch(lines[i], -1) {
			colours[m[1]] = luminance(t, m[2])
		}
		for _, pair := range [][2]string{{"ink", "page"}, {"quiet", "page"}, {"link", "page"}, {"good", "page"}, {"bad", "page"}, {"wait", "page"},
			{"ink", "card"}, {"quiet", "card"}, {"link", "card"}, {"good", "card"}, {"bad", "card"}, {"wait", "card"}, {"act-ink", "act"}} {
			a, b := colours[pair[0]], colours[pair[1]]
			if a == 0 && b == 0 {
				t.Fatalf("%s: no colours %v", theme, pair)
			}
			if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); ratio < 4.5 {
				t.Errorf("%s: %s on %s is %.2f to 1", theme, pair[0], pair[1], ratio)
			}
		}
	}
}

// luminance is that of WCAG 2.1.
func luminance(t *testing.T, text string) float64 {
	t.Helper()
	text = text[1:]
	if len(text) == 3 {
		text = string([]byte{text[0], text[0], text[1], text[1], text[2], text[2]})
	}
	n, err := strconv.ParseUint(text, 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	linear := func(octet uint64) float64 {
		c := float64(octet&255) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(n>>16) + 0.7152*linear(n>>8) + 0.0722*linear(n)
}
