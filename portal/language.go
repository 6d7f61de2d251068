package portal

import (
	"context"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"

	"github.com/emmansun/gmsm/smx509"
)

// languages are those of the site, the first being the one of who states none.
func languages() []string { return []string{"zh", "en"} }

// language is what the visitor chose, else what the browser asks for.
func language(r *http.Request) string {
	if chosen := r.URL.Query().Get("lang"); known(chosen) {
		return chosen
	}
	if c, err := r.Cookie("lang"); err == nil && known(c.Value) {
		return c.Value
	}
	return wanted(r.Header.Get("Accept-Language"))
}

func known(lang string) bool { return lang == "zh" || lang == "en" }

// wanted is the language of ours that a browser likes best (RFC 9110 12.5.4): by its
// weights, among equal ones the one named first; one of weight 0 is not wanted at all.
func wanted(header string) string {
	best, weight := languages()[0], 0.0
	for part := range strings.SplitSeq(header, ",") {
		tag, q := weighed(part)
		lang, _, _ := strings.Cut(strings.ToLower(tag), "-")
		if known(lang) && q > weight {
			best, weight = lang, q
		}
	}
	return best
}

// weighed takes a language range apart; a weight that cannot be read is none.
func weighed(part string) (tag string, q float64) {
	tag, rest, _ := strings.Cut(part, ";")
	tag = strings.TrimSpace(tag)
	name, value, given := strings.Cut(rest, "=")
	if strings.TrimSpace(rest) == "" {
		return tag, 1
	}
	q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if !given || !strings.EqualFold(strings.TrimSpace(name), "q") || err != nil || !(q >= 0 && q <= 1) {
		return tag, 0
	}
	return tag, q
}

// again is what the form that changes the language has to send once more, so that the
// answer to what was brought stays: nothing of it is kept here.
type again struct{ Name, Value string }

type againKey struct{}

// repeatable notes in a request what its answer's form sends again.
func repeatable(r *http.Request, name, value string) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), againKey{}, &again{name, value}))
}

func againOf(r *http.Request) *again {
	a, _ := r.Context().Value(againKey{}).(*again)
	return a
}

// carried is a certificate as a form carries it.
func carried(cert *smx509.Certificate) string { return base64.RawURLEncoding.EncodeToString(cert.Raw) }
