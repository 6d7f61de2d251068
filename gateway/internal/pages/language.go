package pages

import (
	"net/http"
	"strconv"
	"strings"
)

// language is the one of ours that a browser likes best (RFC 9110 12.5.4); Chinese where
// it says nothing.
func language(r *http.Request) string {
	best, weight := "zh", 0.0
	for tag, q := range ranges(r.Header.Get("Accept-Language")) {
		lang, _, _ := strings.Cut(strings.ToLower(tag), "-")
		if (lang == "zh" || lang == "en") && q > weight {
			best, weight = lang, q
		}
	}
	return best
}

// maxRanges bounds how much of a foreign header is read.
const maxRanges = 32

// ranges are the parts of an Accept header with their weights; one whose weight cannot be
// read counts nothing.
func ranges(header string) func(yield func(string, float64) bool) {
	return func(yield func(string, float64) bool) {
		for n, part := 0, header; part != "" && n < maxRanges; n++ {
			one, rest, _ := strings.Cut(part, ",")
			part = rest
			name, params, _ := strings.Cut(one, ";")
			if !yield(strings.TrimSpace(name), weight(params)) {
				return
			}
		}
	}
}

func weight(params string) float64 {
	for param := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(param, "=")
		if strings.EqualFold(strings.TrimSpace(name), "q") {
			q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil || !(q >= 0 && q <= 1) {
				return 0
			}
			return q
		}
	}
	return 1
}

// wantsHTML says whether a person looks at the answer. Browsers name text/html when they
// open a page; some old ones only */*, as programs do too: then what a browser says of
// what it wants the answer for decides.
func wantsHTML(r *http.Request) bool {
	html, json, anything := 0.0, 0.0, 0.0
	accept := strings.Join(r.Header["Accept"], ",")
	for name, q := range ranges(accept) {
		switch name = strings.ToLower(name); {
		case name == "text/html", name == "application/xhtml+xml":
			html = max(html, q)
		case name == "application/json", strings.HasSuffix(name, "+json"):
			json = max(json, q)
		case name == "*/*", name == "text/*":
			anything = max(anything, q)
		}
	}
	switch destination := r.Header.Get("Sec-Fetch-Dest"); {
	case html > 0 || json > 0:
		return html >= json && html > 0
	case accept != "" && anything == 0, strings.EqualFold(r.Header.Get("X-Requested-With"), "XMLHttpRequest"):
		return false
	case destination != "":
		return destination == "document" || destination == "iframe" || destination == "frame"
	}
	return true
}
