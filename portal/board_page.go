package portal

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"onecert/pki"
)

// notice is an announcement in one language.
type notice struct {
	Announcement
	Words
}

// Paragraphs are the text's.
func (n notice) Paragraphs() (all []string) {
	for part := range strings.SplitSeq(n.Text, "\n\n") {
		if part = strings.TrimSpace(part); part != "" {
			all = append(all, part)
		}
	}
	return all
}

// notices are those that are current, the newest first.
func (p *Portal) notices(lang string) (all []notice) {
	if p.cfg.Board == nil {
		return nil
	}
	now := p.cfg.Now()
	for _, a := range p.cfg.Board.copied().Announcements {
		if a.Begins.After(now) || !a.Ends.IsZero() && !now.Before(a.Ends) {
			continue
		}
		words := a.Chinese
		if lang == "en" {
			words = a.English
		}
		all = append(all, notice{a, words})
	}
	slices.SortStableFunc(all, func(a, b notice) int { return b.Begins.Compare(a.Begins) })
	return all
}

// listed is a page of the board.
type listed struct {
	Notices []notice
	Rules   []Rule
	AsOf    time.Time // zero: never fetched
	Late    bool
}

func (p *Portal) listed(asOf time.Time) listed {
	return listed{AsOf: asOf, Late: p.cfg.Now().Sub(asOf) > boardLate}
}

func (p *Portal) boardRoutes() {
	if p.cfg.Board == nil {
		return
	}
	p.mux.HandleFunc("GET /announcements", func(w http.ResponseWriter, r *http.Request) {
		page := p.listed(p.cfg.Board.copied().AnnouncementsAt)
		page.Notices = p.notices(language(r))
		p.show(w, r, http.StatusOK, "announcements", page)
	})
	p.mux.HandleFunc("GET /announcements/{id}", p.announcement)
	p.mux.HandleFunc("GET /rules", func(w http.ResponseWriter, r *http.Request) {
		copied := p.cfg.Board.copied()
		page := p.listed(copied.RulesAt)
		page.Rules = copied.Rules
		p.show(w, r, http.StatusOK, "rules", page)
	})
	p.mux.HandleFunc("GET /rules/{kind}/{file}", p.rule)
}

func (p *Portal) announcement(w http.ResponseWriter, r *http.Request) {
	for _, n := range p.notices(language(r)) {
		if n.ID == r.PathValue("id") {
			p.show(w, r, http.StatusOK, "announcement", n)
			return
		}
	}
	p.missing(w, r)
}

// rule is the file of an edition, as it was approved, octet for octet.
func (p *Portal) rule(w http.ResponseWriter, r *http.Request) {
	for _, one := range p.cfg.Board.copied().Rules {
		if one.Kind != r.PathValue("kind") || one.File() != r.PathValue("file") {
			continue
		}
		text, err := p.cfg.Board.content(one)
		if err != nil {
			p.cfg.Log.Error("showing an edition of the rules", "kind", one.Kind, "edition", one.Edition, "error", err)
			p.fail(w, r, pki.Errorf(pki.Unavailable, "portal.rule", "the text is not at hand").To("try again in some minutes").Because(err))
			return
		}
		h := w.Header()
		h.Set("Content-Type", one.MediaType)
		h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
		disposition := "inline"
		if one.MediaType == "application/pdf" {
			disposition = "attachment"
		}
		h.Set("Content-Disposition", disposition+`; filename="`+one.Kind+"-"+one.File()+`"`)
		w.Write(text)
		return
	}
	p.missing(w, r)
}

// File is what an edition's file is called under its kind.
func (r Rule) File() string { return r.Edition + "." + r.extension() }
