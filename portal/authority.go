package portal

import "net/http"

// shown is a CA on its page.
type shown struct {
	Authority
	Certificates []facts
}

func (p *Portal) authorities(w http.ResponseWriter, r *http.Request) {
	var all []shown
	for _, a := range p.cfg.Authorities() {
		all = append(all, shown{a, chainOf(a)})
	}
	p.show(w, r, http.StatusOK, "authorities", all)
}
