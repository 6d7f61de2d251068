package gateway

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"onecert/gateway/internal/pages"
	"onecert/gateway/internal/trust"
	"onecert/pki"
)

// A site with a public part must not ask every visitor for a certificate, and TLS cannot
// ask later. So the log in happens at another service of the gateway, at its own address:
//
//  1. the application's service sends the browser there with where it was going, sealed,
//     and ties that to the browser by a cookie (sendToLogin);
//  2. the log in service judges the certificate of its connection, opens the session and
//     sends the browser back with a code, sealed, good for a minute and once (logIn);
//  3. the application's service takes the code from the browser that began, judges the
//     certificate by whom it trusts itself, sets the session's cookie and sends the browser
//     where it was going (enterWithCode).
//
// Several tabs may do so at once: what belongs to one of them travels in its addresses. The
// two services may be of two processes that share secret and sessions, and so the code
// carries the certificate, and who keeps the sessions says whether it was used.

// going is where somebody was going.
type going struct {
	Origin string `json:"o"` // of the application's service
	Path   string `json:"p"` // with the query
	Nonce  string `json:"n"` // hash of the browser's nonce
}

// arrived is the result of a log in.
type arrived struct {
	going
	Token string   `json:"t"`
	ID    string   `json:"i"` // of the code
	Chain [][]byte `json:"c"` // DER, the certificate first
}

// entered is what a browser keeps of it, for the host it logged in to.
type entered struct {
	Token string `json:"t"`
	Host  string `json:"h"`
}

const maxTarget = 2000

// origin is where the request came in, as the browser wrote it.
func (x *exchange) origin() string { return originAt(x.host, x.port) }

// sendToLogin sends somebody to log in and come back. What cannot be repeated by going
// there again is answered with the page instead.
func (x *exchange) sendToLogin() {
	if x.r.Method != http.MethodGet && x.r.Method != http.MethodHead || !strings.Contains(x.r.Header.Get("Accept"), "text/html") && x.r.Header.Get("Accept") != "" && x.r.Header.Get("Accept") != "*/*" {
		x.show(pages.Problem{Code: pages.NoCertificate, Status: http.StatusUnauthorized})
		return
	}
	nonce := cookie(x.r, cookieNonce)
	if len(nonce) != 22 {
		var octets [16]byte
		if _, err := io.ReadFull(x.cfg.Random, octets[:]); err != nil {
			x.unopened(err)
			return
		}
		nonce = base64.RawURLEncoding.EncodeToString(octets[:])
		setCookie(x.w, cookieNonce, nonce)
	}
	target := x.r.URL.RequestURI()
	if len(target) > maxTarget {
		target = "/"
	}
	state, err := seal(x.states, going{Origin: x.origin(), Path: target, Nonce: hashed(nonce)}, stateLife)
	if err != nil {
		x.unopened(err)
		return
	}
	x.redirect(x.service.Login.URL + pathLogin + "?state=" + state)
}

func hashed(nonce string) string {
	sum := sha256.Sum256([]byte("onecert login " + nonce))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func (x *exchange) redirect(to string) {
	x.w.Header().Set("Location", to)
	x.w.Header().Set("Cache-Control", "no-store")
	x.w.Header().Set("Referrer-Policy", "no-referrer")
	x.w.WriteHeader(http.StatusFound)
	x.visit.Status = http.StatusFound
}

// logIn is step 2, at the service that asks for certificates.
func (x *exchange) logIn() {
	to, ok := unseal[going](x.states, x.r.URL.Query().Get("state"))
	if !ok || !x.logsInFor(to.Origin) {
		x.visit.Detail = "the state is not ours, too old, or of a service this one does not log in for"
		x.show(pages.Problem{Code: pages.BadRequest})
		return
	}
	if err := x.who(); err != nil {
		x.unopened(err)
		return
	}
	if x.guest == nil {
		if x.visit.Problem == "" {
			code := pages.NoCertificate
			if x.refused != "" {
				code = x.refused
			}
			x.show(pages.Problem{Code: code})
		}
		return
	}
	code, err := seal(x.codes, arrived{going: to, Token: *x.guest.token.Load(), ID: newID(), Chain: x.guest.person.carried()}, codeLife)
	if err != nil {
		x.unopened(err)
		return
	}
	x.redirect(to.Origin + pathEnter + "?code=" + code)
}

func (x *exchange) logsInFor(origin string) bool {
	for _, o := range x.service.LoginFor {
		if o == origin {
			return true
		}
	}
	return false
}

// maxCarried bounds the certificates in a code, octets: an address must not become longer
// than what programs on its way take.
const maxCarried = 6 << 10

// carried is the certificate with as many of the CAs above it as have room, without a root.
func (p *person) carried() (chain [][]byte) {
	room := maxCarried
	for i, c := range p.verdict.Chain {
		if room -= len(c.Raw); room < 0 || i > 0 && bytes.Equal(c.Issuer, c.Subject) {
			break
		}
		chain = append(chain, c.Raw)
	}
	return chain
}

// enterWithCode is step 3, at the application's service.
func (x *exchange) enterWithCode() {
	in, ok := unseal[arrived](x.codes, x.r.URL.Query().Get("code"))
	nonce := cookie(x.r, cookieNonce)
	ok = ok && in.Origin == x.origin() && nonce != "" && subtle.ConstantTimeCompare([]byte(hashed(nonce)), []byte(in.Nonce)) == 1
	if ok {
		var err error
		if ok, err = x.cfg.Sessions.Spend(x.r.Context(), in.ID, x.now.Add(2*codeLife)); err != nil {
			x.unopened(err)
			return
		}
	}
	if !ok {
		x.visit.Detail = "the code is not ours, too old, used before, or of another browser"
		x.show(pages.Problem{Code: pages.BadRequest, AgainURL: "/"})
		return
	}
	if !x.arrive(in) {
		return
	}
	kept, err := seal(x.loose, entered{in.Token, x.host}, looseLife)
	if err != nil {
		x.unopened(err)
		return
	}
	setCookie(x.w, cookieLoose, kept)
	x.remind(in)
	x.redirect(localPath(in.Path))
}

// arrive makes somebody known here who logged in, perhaps at another gateway; false: a page
// was shown.
func (x *exchange) arrive(in arrived) bool {
	s, _, err := x.cfg.Sessions.Read(in.Token, x.now)
	if err != nil {
		if err := x.sessionOver(err); err != nil {
			return x.unopened(err)
		}
		if x.visit.Problem == "" {
			x.visit.Detail = "the session is over, or of a gateway that does not share its sessions with this one"
			x.show(pages.Problem{Code: pages.SessionEnded, BackURL: localPath(in.Path)})
		}
		return false
	}
	if x.guests.ofSession(s.ID, x.now) != nil {
		return true
	}
	verdict := x.service.trustFor(x).Judge(x.r.Context(), in.Chain, x.now)
	x.visit.Serial = string(verdict.Serial)
	if !verdict.Good() {
		return x.show(pages.Problem{Code: pageOf(verdict.Code)})
	}
	p, err := newPerson(verdict)
	if err != nil {
		return x.unopened(err)
	}
	if s.Fingerprint != verdict.Fingerprint || s.User != p.user {
		x.visit.Detail = "the log in service takes the certificate for another account's than this one"
		return x.show(pages.Problem{Code: pages.UnknownIssuer})
	}
	x.guests.add(newGuest(p, s, in.Token), x.now)
	return true
}

// localPath is a path of this host, whatever was written: never another address.
func localPath(path string) string {
	u, err := url.ParseRequestURI(path)
	if err != nil || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") || u.Host != "" || u.Scheme != "" {
		return "/"
	}
	return path
}

// byCookie identifies by a session that was opened at the log in service.
func (x *exchange) byCookie() error {
	if x.service.Login == nil {
		return nil
	}
	in, ok := unseal[entered](x.loose, cookie(x.r, cookieLoose))
	if !ok || in.Host != x.host {
		return nil
	}
	s, fresh, err := x.cfg.Sessions.Read(in.Token, x.now)
	if err != nil {
		return x.sessionOver(err)
	}
	v := x.guests.ofSession(s.ID, x.now)
	if v == nil {
		v = x.recall(s, in.Token)
	}
	if v == nil {
		return nil // not known here any more: the log in service knows the certificate
	}
	if !x.stillGood(v) {
		return nil
	}
	if fresh != "" {
		v.token.Store(&fresh)
		if kept, err := seal(x.loose, entered{fresh, x.host}, looseLife); err == nil {
			setCookie(x.w, cookieLoose, kept)
		}
	}
	x.guest = v
	return nil
}

// stillGood judges the certificate of a session by whom this service trusts: the session
// may have been opened for another service, which browsers tell by host but not by port.
func (x *exchange) stillGood(v *guest) bool {
	code := x.judgeAgain(x.r.Context(), x.service.trustFor(x), v, x.now)
	if code == trust.UnknownIssuer {
		x.guests.forget(v.session.ID) // the next log in may find who it is now
	}
	x.refused = pageOf(code)
	return code == trust.Good
}

// judgeAgain judges the certificate of a session, and remembers that it is good.
func (g *Gateway) judgeAgain(ctx context.Context, set *trust.Set, v *guest, at time.Time) trust.Code {
	p := v.person
	if v.judged.Load().holds(g.trust, set, at) {
		return trust.Good
	}
	now := set.Judge(ctx, append([][]byte{p.verdict.Leaf.Raw}, p.chain...), at)
	switch {
	case !now.Good():
		return now.Code
	case !p.stands(now):
		return trust.UnknownIssuer // accepted for another CA, and so for somebody else
	}
	v.judged.Store(&judged{set: set, at: at, verdict: now})
	return trust.Good
}

// sessionOver shows why a session is over, ends its cookies, and leaves the next request
// to begin another.
func (x *exchange) sessionOver(err error) error {
	code := pages.SessionEnded
	switch pki.CodeOf(err) {
	case "sso.idle":
		code = pages.SessionIdle
	case "sso.over":
		code = pages.SessionExpired
	case "sso.ended":
	case "sso.token":
		return nil // of another time, or made up: as if there were none
	default:
		return err
	}
	setCookie(x.w, cookieSession, "")
	setCookie(x.w, cookieLoose, "")
	setCookie(x.w, cookieHolder, "")
	if x.r.Method == http.MethodGet && code != pages.SessionEnded {
		return nil // nothing is lost by beginning again at once
	}
	x.show(pages.Problem{Code: code, Status: http.StatusUnauthorized, BackURL: localPath(x.r.URL.RequestURI())})
	return nil
}
