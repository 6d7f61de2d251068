package portal

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// described is an interface document in the list for those who build applications.
type described struct {
	Name, Title string
	Operations  int
}

// readInterfaces looks at the OpenAPI documents once, for their titles.
func (p *Portal) readInterfaces() error {
	for name, text := range p.cfg.Interfaces {
		var d struct {
			Info  struct{ Title string }
			Paths map[string]map[string]json.RawMessage
		}
		if err := json.Unmarshal(text, &d); err != nil {
			return err
		}
		one := described{Name: name, Title: d.Info.Title}
		for _, methods := range d.Paths {
			one.Operations += len(methods)
		}
		p.interfaces = append(p.interfaces, one)
	}
	slices.SortFunc(p.interfaces, func(a, b described) int { return strings.Compare(a.Name, b.Name) })
	return nil
}

// download is the page of what there is to take home.
func (p *Portal) download(w http.ResponseWriter, r *http.Request) {
	page := struct {
		Authorities []Authority
		Rules       []Rule
		Interfaces  []described
	}{p.cfg.Authorities(), nil, p.interfaces}
	if p.cfg.Board != nil {
		for _, one := range p.cfg.Board.copied().Rules {
			if one.InForce {
				page.Rules = append(page.Rules, one)
			}
		}
	}
	p.show(w, r, http.StatusOK, "downloads", page)
}

// document is one OpenAPI document.
func (p *Portal) document(w http.ResponseWriter, r *http.Request) {
	name, found := strings.CutSuffix(r.PathValue("file"), ".json")
	text, known := p.cfg.Interfaces[name]
	if !found || !known {
		p.missing(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(text)
}
