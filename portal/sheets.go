package portal

import (
	"cmp"
	"embed"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"
)

//go:embed words
var wordFiles embed.FS

// readSheets reads every sheet of a language, by its address ("/help/pin").
func readSheets(files fs.FS, lang string) (map[string]*sheet, error) {
	all := map[string]*sheet{}
	root := "words/" + lang
	err := fs.WalkDir(files, root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		s, err := parseSheet(name, string(text))
		if err != nil {
			return err
		}
		all[strings.TrimSuffix(strings.TrimPrefix(name, root), ".txt")] = s
		return nil
	})
	return all, err
}

// readWords reads the sheets of all languages.
func (p *Portal) readWords() error {
	p.sheets = map[string]map[string]*sheet{}
	for _, lang := range languages() {
		all, err := readSheets(wordFiles, lang)
		if err != nil {
			return err
		}
		p.sheets[lang] = all
	}
	return nil
}

// pageOf is what the page of a sheet shows.
type pageOf struct {
	*sheet
	Above    *entry  // the page it belongs to; nil for one at the top
	Siblings []entry // those of the same group, this one among them
	Path     string
}

// entry is a page, or a part of one, in a list.
type entry struct{ Path, Title string }

// sheetRoutes gives each sheet its address.
func (p *Portal) sheetRoutes() {
	for address := range p.sheets[languages()[0]] {
		p.mux.HandleFunc("GET "+address, func(w http.ResponseWriter, r *http.Request) {
			p.show(w, r, http.StatusOK, "sheet", p.page(language(r), address))
		})
	}
}

func (p *Portal) page(lang, address string) pageOf {
	all := p.sheets[lang]
	page := pageOf{sheet: all[address], Path: address}
	above := path.Dir(address)
	if s, found := all[above]; found {
		page.Above = &entry{above, s.Title}
	}
	group := address
	if page.Above != nil {
		group = above
	}
	page.Siblings = p.below(lang, group)
	return page
}

// manyParts is how many parts a page has that lists them at its head.
const manyParts = 8

// Contents are the parts of a long page; nothing for others.
func (s *sheet) Contents() (all []entry) {
	for _, b := range s.Blocks {
		if b.Kind == "heading" {
			all = append(all, entry{b.Name, b.Text[0].Text})
		}
	}
	if len(all) < manyParts {
		return nil
	}
	return all
}

// below are the pages of a group, in the order of their addresses' words in order().
func (p *Portal) below(lang, group string) (all []entry) {
	for address, s := range p.sheets[lang] {
		if path.Dir(address) == group {
			all = append(all, entry{address, s.Title})
		}
	}
	slices.SortFunc(all, func(a, b entry) int {
		return cmp.Compare(slices.Index(order(), path.Base(a.Path)), slices.Index(order(), path.Base(b.Path)))
	})
	return all
}

// order is that in which the pages of a group are listed: what is needed first, first.
func order() []string {
	return []string{"person", "organisation", "device", "code", "install", "drivers", "pin", "not-working", "renewal", "loss"}
}

// to is where a link of a sheet leads; "" where the configuration names no such place.
func (p *Portal) to(address string) string {
	switch address {
	case "self:":
		return p.cfg.SelfService
	case "console:":
		return p.cfg.Console
	}
	return address
}
