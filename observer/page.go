package observer

import (
	"context"
	_ "embed"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

//go:embed page.html
var pageText string

// Report is what the page and its JSON show.
type Report struct {
	Good    bool      `json:"good" doc:"nothing observed is wrong"`
	Ran     time.Time `json:"ran" doc:"when the last round ended"`
	Results []Result  `json:"results"`
}

// Report returns the last results.
func (o *Observer) Report() Report {
	all, ran := o.Results()
	r := Report{Good: !ran.IsZero(), Ran: ran, Results: all}
	for _, one := range all {
		r.Good = r.Good && one.Good
	}
	return r
}

// Routes puts the JSON of the report on an API.
func (o *Observer) Routes(api huma.API) {
	huma.Register(api, huma.Operation{OperationID: "report", Method: http.MethodGet, Path: "/v1/report", Summary: "The last results"},
		func(context.Context, *struct{}) (*struct{ Body Report }, error) {
			return &struct{ Body Report }{o.Report()}, nil
		})
}

// Page returns the handler of the one page, for people: in Chinese or English as the
// browser asks, without script, anew each half minute.
func (o *Observer) Page() (http.Handler, error) {
	views := map[string]*template.Template{}
	for _, lang := range []string{"zh", "en"} {
		view, err := template.New("page").Funcs(template.FuncMap{
			"t":    func(zh, en string) string { return map[string]string{"zh": zh, "en": en}[lang] },
			"lang": func() string { return lang },
			"time": func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") },
			"took": func(d time.Duration) string { return d.Round(100 * time.Microsecond).String() },
			"days": func(d time.Duration) int { return int(d / (24 * time.Hour)) },
		}).Parse(pageText)
		if err != nil {
			return nil, err
		}
		views[lang] = view
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		lang := "zh"
		if accept := strings.ToLower(r.Header.Get("Accept-Language")); strings.HasPrefix(accept, "en") || r.URL.Query().Get("lang") == "en" {
			lang = "en"
		}
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		if err := views[lang].Execute(w, o.Report()); err != nil {
			o.cfg.Log.Error("making the observer's page", "error", err)
		}
	}), nil
}
