package pages

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"
)

//go:embed page.html style.css
var files embed.FS

// ownColour is the head of the page where a Branding has none.
const ownColour = "#0958d9"

// Pages are a service's pages, ready to be shown.
type Pages struct {
	branding Branding
	logo     template.URL
	style    template.CSS
	policy   string // Content-Security-Policy
	messages map[string]message
	labels   map[string]Words
	page     *template.Template
}

// New checks a branding and makes the pages.
func New(b Branding) (*Pages, error) {
	if err := b.check(); err != nil {
		return nil, err
	}
	style, err := files.ReadFile("style.css")
	if err != nil {
		return nil, fmt.Errorf("reading the pages' style: %w", err)
	}
	colour := b.Colour
	if colour == "" {
		colour = ownColour
	}
	text := strings.ReplaceAll(string(style), "$head", colour)
	sum := sha256.Sum256([]byte(text))
	p := &Pages{
		branding: b, logo: template.URL(b.logoAddress()), style: template.CSS(text), messages: messages(), labels: labels(),
		policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	}
	if p.logo != "" {
		p.policy += "; img-src data:"
	}
	p.page, err = template.New("page.html").Funcs(template.FuncMap{"time": timeText}).ParseFS(files, "page.html")
	if err != nil {
		return nil, fmt.Errorf("reading the pages: %w", err)
	}
	return p, nil
}

// timeText is a time as people here read it.
func timeText(t time.Time) string {
	return t.In(time.FixedZone("UTC+8", 8*60*60)).Format("2006-01-02 15:04:05 (UTC+8)")
}

// Show answers a request with the page of a problem; with problem+json where the client
// does not take HTML; with trailers where it speaks gRPC; with a redirect where the
// administrator wants one. A code nobody knows is shown as a failure of the gateway.
func (p *Pages) Show(w http.ResponseWriter, r *http.Request, problem Problem) {
	m, known := p.messages[problem.Code]
	if !known {
		problem.Code, problem.Status = Failed, 0
		m = p.messages[Failed]
	}
	if problem.Status == 0 {
		problem.Status = m.status
	}
	prepare(w.Header(), problem)
	switch {
	case speaksGRPC(r):
		answerGRPC(w, r, m, problem)
	case !wantsHTML(r):
		p.answerJSON(w, r, m, problem)
	case p.redirects(r, m):
		w.Header().Set("Location", p.target(problem))
		w.WriteHeader(http.StatusSeeOther)
	default:
		p.answerHTML(w, r, problem.Status, p.sheetOf(m, problem))
	}
}

// prepare removes what an answer begun otherwise has set, and forbids to keep this one.
func prepare(h http.Header, problem Problem) {
	for _, name := range []string{"Content-Length", "Content-Encoding", "Content-Disposition", "ETag", "Last-Modified", "Expires", "Content-Range", "Accept-Ranges"} {
		h.Del(name)
	}
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Vary", "Accept, Accept-Language")
	if problem.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "ClientCertificate") // RFC 9110 15.5.2 demands one; browsers know no such scheme and do not ask
	}
	if wait := problem.RetryAfter; wait > 0 || problem.Code == TooMany || problem.Code == Stopping || problem.Code == StatusUnknown {
		seconds := max(2, int((wait+time.Second-1)/time.Second))
		h.Set("Retry-After", strconv.Itoa(seconds))
	}
}

// sheet is what a page is made of, in both languages.
type sheet struct {
	title, what Words
	do          []Words
	good        bool
	problem     Problem
	seen        *Seen
}

func (p *Pages) sheetOf(m message, problem Problem) sheet {
	if !m.check {
		problem.CheckURL = ""
	}
	if !m.again {
		problem.AgainURL = ""
	}
	for _, link := range []*string{&problem.CheckURL, &problem.AgainURL, &problem.BackURL} {
		if *link != "" && !safeAddress(*link) {
			*link = ""
		}
	}
	return sheet{title: m.title, what: m.what, do: m.do, problem: problem}
}

// side is a sheet in one language. The other language stands folded below it: nothing has
// to be remembered, and a request need not be sent again to be understood.
type side struct {
	pages   *Pages
	sheet   *sheet
	Lang    string
	Second  bool
	Problem Problem
	Seen    *Seen
	Good    bool
}

func (s side) in(w Words) string {
	if s.Lang == "en" && w.EN != "" || w.ZH == "" {
		return w.EN
	}
	return w.ZH
}

// T is a label.
func (s side) T(key string) string { return s.in(s.pages.labels[key]) }

// heading is a label above a part of the page: below the page's own heading, or below that
// of the other language.
type heading struct {
	Text  string
	Third bool
}

// Heading is a label as a heading.
func (s side) Heading(key string) heading { return heading{s.T(key), s.Second} }

// Title is what happened, in a few words.
func (s side) Title() string { return s.in(s.sheet.title) }

// What is what happened.
func (s side) What() string { return s.in(s.sheet.what) }

// Do is what to do, step by step.
func (s side) Do() (steps []string) {
	for _, step := range s.sheet.do {
		steps = append(steps, s.in(step))
	}
	return steps
}

// Service is whose page it is.
func (s side) Service() string {
	if name := s.in(s.pages.branding.Title); name != "" {
		return name
	}
	return s.T("service")
}

// Contact is whom to call.
func (s side) Contact() Contact { return s.pages.branding.Contact }

// ContactName and Hours are the contact's words.
func (s side) ContactName() string { return s.in(s.pages.branding.Contact.Name) }

// Hours is when somebody answers.
func (s side) Hours() string { return s.in(s.pages.branding.Contact.Hours) }

// Help is the address of a page with more.
func (s side) Help() string { return s.pages.branding.Help }

// BCP47 is the language's tag.
func (s side) BCP47() string { return tagOf(s.Lang) }

func tagOf(lang string) string {
	if lang == "en" {
		return "en"
	}
	return "zh-CN"
}

// view is what the template gets.
type view struct {
	First, Second side
	Style         template.CSS
	Logo          template.URL
}

func (p *Pages) answerHTML(w http.ResponseWriter, r *http.Request, status int, s sheet) {
	lang := language(r)
	other := map[string]string{"zh": "en", "en": "zh"}[lang]
	v := view{Style: p.style, Logo: p.logo}
	v.First = side{pages: p, sheet: &s, Lang: lang, Problem: s.problem, Seen: s.seen, Good: s.good}
	v.Second = v.First
	v.Second.Lang, v.Second.Second = other, true
	var out bytes.Buffer
	if err := p.page.Execute(&out, v); err != nil { // the template is tested with every code
		http.Error(w, "the page cannot be made", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", tagOf(lang))
	h.Set("Content-Security-Policy", p.policy)
	h.Set("X-Frame-Options", "DENY")
	h.Set("Content-Length", strconv.Itoa(out.Len()))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		w.Write(out.Bytes())
	}
}
