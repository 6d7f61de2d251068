package portal

import (
	"bytes"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"onecert/pki"
)

func names() []string {
	return []string{"home", "authorities", "lookup", "certificate", "authority", "holder", "wrong", "sheet", "announcements", "announcement", "rules", "downloads"}
}

// parse reads each page once a language, so that {{t "key"}} is settled before
// anybody asks.
func (p *Portal) parse() error {
	p.views = map[string]*template.Template{}
	for _, lang := range languages() {
		for _, name := range names() {
			view, err := template.New("frame.html").Funcs(p.functions(lang)).ParseFS(pages, "pages/frame.html", "pages/"+name+".html")
			if err != nil {
				return err
			}
			p.views[lang+"/"+name] = view
		}
	}
	return nil
}

func (p *Portal) functions(lang string) template.FuncMap {
	return template.FuncMap{
		"t":     func(key string) string { return text(lang, key) },
		"lang":  func() string { return lang },
		"time":  func(t time.Time) string { return t.In(beijing()).Format("2006-01-02 15:04:05") },
		"day":   func(t time.Time) string { return t.In(beijing()).Format(time.DateOnly) },
		"to":    p.to,
		"title": func(address string) string { return p.sheets[lang][address].Title },
		"self":  func() string { return p.cfg.SelfService }, "console": func() string { return p.cfg.Console },
		"operator": func() string {
			if p.cfg.Operator == "" {
				return text(lang, "operator")
			}
			return p.cfg.Operator
		},
	}
}

// beijing is the time people here read; the pages say so.
func beijing() *time.Location { return time.FixedZone("UTC+8", 8*60*60) }

// view is what every page gets.
type view struct {
	Switch  string // address of this page in the other language
	Menu    []item
	Again   *again // what is posted there; nil where it is only asked for
	Data    any
	AsOf    time.Time // zero where the journal is the writer's own
	Delayed bool      // the copy is older than a minute
}

// item is a line of the navigation that every page has.
type item struct {
	Name, Path string
	Here       bool // the page shown, or one of its group
}

// menu is the navigation as seen from a page.
func (p *Portal) menu(path string) (all []item) {
	for _, name := range []string{"about", "apply", "lookup", "authorities", "announcements", "rules", "help", "downloads", "developers"} {
		if p.cfg.Board == nil && slices.Contains([]string{"announcements", "rules"}, name) {
			continue
		}
		all = append(all, item{name, "/" + name, path == "/"+name || strings.HasPrefix(path, "/"+name+"/")})
	}
	return all
}

// show answers with a page.
func (p *Portal) show(w http.ResponseWriter, r *http.Request, code int, name string, data any) {
	lang := language(r)
	if r.URL.Query().Get("lang") == lang {
		http.SetCookie(w, &http.Cookie{Name: "lang", Value: lang, Path: "/", MaxAge: 365 * 24 * 3600, SameSite: http.SameSiteLaxMode, HttpOnly: true})
	}
	v := view{Switch: inLanguage(r, map[string]string{"zh": "en", "en": "zh"}[lang], code == http.StatusOK), Menu: p.menu(r.URL.Path), Again: againOf(r), Data: data}
	if p.cfg.Fresh != nil {
		fresh := p.cfg.Fresh()
		v.AsOf, v.Delayed = fresh.AsOf, fresh.Age > time.Minute
	}
	var out bytes.Buffer
	if err := p.views[lang+"/"+name].Execute(&out, v); err != nil {
		p.cfg.Log.Error("making a page of the portal", "page", name, "error", err)
		http.Error(w, "the page cannot be made", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", lang)
	w.WriteHeader(code)
	w.Write(out.Bytes())
}

// inLanguage keeps what was asked for only where it was answered: what was refused may
// be what nobody should repeat.
func inLanguage(r *http.Request, lang string, answered bool) string {
	q := url.Values{}
	if answered {
		q = r.URL.Query()
	}
	q.Set("lang", lang)
	return r.URL.EscapedPath() + "?" + q.Encode()
}

// fail answers with the page that says what is wrong and what to do.
func (p *Portal) fail(w http.ResponseWriter, r *http.Request, err error) {
	code := http.StatusInternalServerError
	switch pki.KindOf(err) {
	case pki.Invalid:
		code = http.StatusBadRequest
	case pki.Unknown:
		code = http.StatusNotFound
	case pki.Unavailable:
		code = http.StatusServiceUnavailable
	}
	told := &pki.Error{}
	if _, known := texts()["wrong."+pki.CodeOf(err)]; !errors.As(err, &told) || !known {
		p.cfg.Log.Error("answering a visitor of the portal", "error", err)
		told = pki.Errorf(pki.Internal, "internal", "something failed here")
	}
	p.show(w, r, code, "wrong", told)
}
