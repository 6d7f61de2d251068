package pages

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"onecert/pki"
)

// answer is a problem for programs (RFC 9457), in the form all our APIs use.
type answer struct {
	Title       string `json:"title"`
	Status      int    `json:"status"`
	Kind        string `json:"kind,omitempty"`
	Code        string `json:"code"`
	Detail      string `json:"detail,omitempty"`
	Remedy      string `json:"remedy,omitempty"`
	RequestID   string `json:"request_id,omitempty"`
	Rule        string `json:"rule,omitempty"`
	Level       string `json:"level,omitempty"`
	Application string `json:"application,omitempty"`
	Contact     string `json:"contact,omitempty"`
}

func (p *Pages) answerJSON(w http.ResponseWriter, r *http.Request, m message, problem Problem) {
	s := side{pages: p, sheet: &sheet{title: m.title, what: m.what, do: m.do}, Lang: language(r)}
	a := answer{Title: s.Title(), Status: problem.Status, Kind: kindOf(problem.Status), Code: problem.Code, Detail: s.What(), RequestID: problem.RequestID,
		Rule: problem.Rule, Level: problem.Level, Application: problem.Application}
	if steps := s.Do(); len(steps) > 0 {
		a.Remedy = steps[0]
	}
	for _, way := range []string{s.ContactName(), p.branding.Contact.Phone, p.branding.Contact.Email} {
		a.Contact = strings.TrimSpace(a.Contact + " " + way)
	}
	w.Header().Set("Content-Language", tagOf(s.Lang))
	writeJSON(w, r, problem.Status, "application/problem+json", a)
}

func writeJSON(w http.ResponseWriter, r *http.Request, status int, kind string, value any) {
	text, err := json.Marshal(value)
	if err != nil { // strings and integers only: it cannot
		text = []byte("{}")
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(text)+1))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		w.Write(append(text, '\n'))
	}
}

// kindOf says what a program may do about a status, in the words of pki.Kind.
func kindOf(status int) string {
	switch status {
	case http.StatusOK:
		return ""
	case http.StatusUnauthorized, http.StatusForbidden:
		return pki.Forbidden.String()
	case http.StatusNotFound:
		return pki.Unknown.String()
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return pki.Unavailable.String()
	case http.StatusInternalServerError:
		return pki.Internal.String()
	}
	return pki.Invalid.String()
}

func speaksGRPC(r *http.Request) bool {
	kind := r.Header.Get("Content-Type")
	return strings.HasPrefix(kind, "application/grpc") && (len(kind) == len("application/grpc") || strings.IndexByte("+-;", kind[len("application/grpc")]) >= 0)
}

// answerGRPC answers with nothing but a status, which travels as the answer's head (gRPC
// over HTTP/2, Trailers-Only). HTTP's own status is 200 whatever happened.
func answerGRPC(w http.ResponseWriter, r *http.Request, m message, problem Problem) {
	h := w.Header()
	h.Set("Content-Type", "application/grpc")
	h.Set("Grpc-Status", strconv.Itoa(m.grpc))
	h.Set("Grpc-Message", grpcText(fmt.Sprintf("%s [%s, request %s]", m.title.EN, problem.Code, problem.RequestID)))
	w.WriteHeader(http.StatusOK)
}

// grpcText percent-encodes what is not printable ASCII, and the percent sign.
func grpcText(text string) string {
	var b strings.Builder
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '%' {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// redirects says whether this person is sent to the administrator's page. Whoever was
// refused that very page is not sent there again.
func (p *Pages) redirects(r *http.Request, m message) bool {
	if p.branding.Redirect == "" || m.stay {
		return false
	}
	to, err := url.Parse(p.branding.Redirect)
	if err != nil {
		return false
	}
	same := to.Host == "" || strings.EqualFold(to.Host, r.Host)
	return !same || to.Path != r.URL.Path
}

// target is the administrator's page with the code and the request's id. Nothing of the
// request stands in it.
func (p *Pages) target(problem Problem) string {
	between := "?"
	if strings.Contains(p.branding.Redirect, "?") {
		between = "&"
	}
	return p.branding.Redirect + between + "code=" + url.QueryEscape(problem.Code) + "&request_id=" + url.QueryEscape(problem.RequestID)
}
