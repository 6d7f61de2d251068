package gateway

import (
	"crypto/x509"
	"net/http"
	"strings"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/gateway/internal/identity"
	"onecert/gateway/internal/pages"
	"onecert/pki"
)

// The cookies of the door. __Host- ties them to one host, the whole of it, and to https
// (RFC 6265bis 4.1.3.2). No application sees them, and none can set them.
const (
	cookieSession = "__Host-onecert"        // a session's token
	cookieLoose   = "__Host-onecert-loose"  // a sealed token: the session was opened at another service
	cookieHolder  = "__Host-onecert-holder" // the sealed certificate of that session, for a gateway that was restarted
	cookieNonce   = "__Host-onecert-login"  // ties a log in by redirection to the browser that began it
)

// isOwn says whether a cookie is the door's, however it is spelled.
func isOwn(name string) bool {
	return strings.HasPrefix(strings.ToLower(strings.TrimSpace(name)), "__host-onecert")
}

// stripOwn takes the door's cookies out of a request, and headers by which some
// applications take a request for another method than the one that was judged.
func stripOwn(h http.Header) {
	delete(h, "X-Http-Method-Override")
	delete(h, "X-Http-Method")
	delete(h, "X-Method-Override")
	lines := h["Cookie"]
	for i, line := range lines {
		if !strings.Contains(strings.ToLower(line), "__host-onecert") {
			continue
		}
		var kept []string
		for _, pair := range strings.Split(line, ";") {
			if name, _, _ := strings.Cut(pair, "="); !isOwn(name) {
				kept = append(kept, strings.TrimSpace(pair))
			}
		}
		replaced := append([]string{}, lines...)
		replaced[i] = strings.Join(kept, "; ")
		lines = replaced
	}
	var rest []string
	for _, line := range lines {
		if strings.TrimSpace(line) != "" {
			rest = append(rest, line)
		}
	}
	if len(rest) == 0 {
		delete(h, "Cookie")
		return
	}
	h["Cookie"] = rest
}

// answer is the way back. It keeps back ends from setting the door's cookies, and counts.
type answer struct {
	http.ResponseWriter
	status int
	sent   int64
	ours   int // Set-Cookie lines that were there before the back end's
	looked bool
}

// Unwrap lets http.ResponseController reach what is beneath.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	if !a.looked {
		a.looked = status >= 200 || status == http.StatusSwitchingProtocols
		a.clean()
	}
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

// clean takes cookies with the door's names out, but for the door's own.
func (a *answer) clean() {
	h := a.Header()
	lines := h["Set-Cookie"]
	for i := a.ours; i < len(lines); i++ {
		if name, _, _ := strings.Cut(lines[i], "="); isOwn(name) {
			lines = append(lines[:i:i], lines[i+1:]...)
			i--
		}
	}
	if len(lines) != len(h["Set-Cookie"]) {
		h["Set-Cookie"] = lines
	}
}

// Write implements http.ResponseWriter.
func (a *answer) Write(b []byte) (int, error) {
	if !a.looked {
		a.WriteHeader(http.StatusOK)
	}
	n, err := a.ResponseWriter.Write(b)
	a.sent += int64(n)
	return n, err
}

// Flush implements http.Flusher.
func (a *answer) Flush() { http.NewResponseController(a.ResponseWriter).Flush() }

// carried is an answer that others write: the cookies set so far are the door's own.
func carried(w http.ResponseWriter) *answer {
	return &answer{ResponseWriter: w, ours: len(w.Header()["Set-Cookie"])}
}

// cookie returns the value of a cookie of the door. Of several with one name none counts:
// somebody tries to slip one in.
func cookie(r *http.Request, name string) string {
	var value string
	found := 0
	for _, c := range r.CookiesNamed(name) {
		value, found = c.Value, found+1
	}
	if found != 1 {
		return ""
	}
	return value
}

// setCookie sets or, with an empty value, ends a cookie of the door. It lives as long as
// the browser's session; how long it counts is sealed inside.
func setCookie(w http.ResponseWriter, name, value string) {
	c := &http.Cookie{Name: name, Value: value, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// shownCertificate is what a page says of a certificate.
func shownCertificate(der []byte) *pages.Certificate {
	c, err := smx509.ParseCertificate(der)
	if err != nil {
		return nil
	}
	shown := &pages.Certificate{Serial: c.SerialNumber.Text(16), NotBefore: c.NotBefore, NotAfter: c.NotAfter, Fingerprint: pki.Fingerprint(der)}
	if name, err := identity.ReadName(c.RawSubject); err == nil {
		shown.Subject = name.String()
	}
	if name, err := identity.ReadName(c.RawIssuer); err == nil {
		shown.Issuer = name.String()
	}
	shown.Usages = pki.KeyUsageNames(x509.KeyUsage(c.KeyUsage))
	return shown
}

// the lives of what browsers carry for the door.
const (
	stateLife = 10 * time.Minute
	codeLife  = time.Minute
)
