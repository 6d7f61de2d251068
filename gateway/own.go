package gateway

import (
	"net/http"
	"net/url"

	"onecert/gateway/internal/pages"
)

// The door's own addresses, at every service of the web.
const (
	ownPrefix  = "/.onecert/"
	pathLogin  = ownPrefix + "login"
	pathEnter  = ownPrefix + "enter"
	pathLogout = ownPrefix + "logout"
	pathCheck  = ownPrefix + "check"
	pathAgain  = ownPrefix + "again"
	pathKeys   = ownPrefix + "keys"
)

// own answers what is for the door itself; false: it is for an application.
func (x *exchange) own() bool {
	if len(x.path) < len(ownPrefix) || x.path[:len(ownPrefix)] != ownPrefix {
		return false
	}
	method := x.r.Method
	switch {
	case x.path == pathLogout && method == http.MethodPost:
		x.logOut()
	case method != http.MethodGet && method != http.MethodHead:
		x.show(pages.Problem{Code: pages.BadRequest, Status: http.StatusMethodNotAllowed})
	case x.path == pathLogin && len(x.service.LoginFor) > 0:
		x.logIn()
	case x.path == pathEnter && x.service.Login != nil:
		x.enterWithCode()
	case x.path == pathCheck:
		x.check()
	case x.path == pathAgain:
		x.show(pages.Problem{Code: pages.Another, Status: http.StatusOK, BackURL: "/"})
	case x.path == pathKeys && x.signer != nil:
		x.w.Header().Set("Content-Type", "application/jwk-set+json")
		x.w.Header().Set("Cache-Control", "max-age=300")
		x.w.Write(x.signer.JWKS())
		x.visit.Status = http.StatusOK
	default:
		x.show(pages.Problem{Code: pages.NoApplication})
	}
	return true
}

// logOut ends the session. Only pages of this host may ask for it.
func (x *exchange) logOut() {
	if !x.sameSite() {
		x.visit.Detail = "another site asked to log out"
		x.show(pages.Problem{Code: pages.BadRequest})
		return
	}
	for _, token := range x.tokens() {
		if s, _, err := x.cfg.Sessions.Read(token, x.now); err == nil {
			x.guests.forget(s.ID)
			if err := x.cfg.Sessions.End(x.r.Context(), s.ID, "logged-out"); err != nil {
				x.cfg.Log.Warn("a session that was logged out of is still in the list", "session", s.ID, "error", err)
			}
			x.peer.loosen(x.live) // the answer still has to get out
			x.live.endSession(s.ID)
		}
	}
	setCookie(x.w, cookieSession, "")
	setCookie(x.w, cookieLoose, "")
	setCookie(x.w, cookieHolder, "")
	x.show(pages.Problem{Code: pages.LoggedOut, Status: http.StatusOK, BackURL: "/"})
}

// tokens are those the browser brought.
func (x *exchange) tokens() (all []string) {
	if token := cookie(x.r, cookieSession); token != "" {
		all = append(all, token)
	}
	if in, ok := unseal[entered](x.loose, cookie(x.r, cookieLoose)); ok && in.Host == x.host {
		all = append(all, in.Token)
	}
	return all
}

// sameSite says whether a request that changes something was made by a page of this host.
func (x *exchange) sameSite() bool {
	if site := x.r.Header.Get("Sec-Fetch-Site"); site != "" {
		return site == "same-origin" || site == "none"
	}
	origin := x.r.Header.Get("Origin")
	if origin == "" {
		return x.r.Header.Get("Cookie") == "" // a program, not a browser led here
	}
	u, err := url.Parse(origin)
	return err == nil && u.Scheme == "https" && u.Host == x.r.Host
}

// check shows a person what the gateway sees of his certificate. It opens no session.
func (x *exchange) check() {
	seen := pages.Seen{RequestID: x.visit.ID, At: x.now, Address: x.visit.Address.String(), Protocol: x.visit.TLS, Cipher: x.visit.Suite,
		AgainURL: pathAgain, CheckURL: pathCheck, Code: pages.NoCertificate}
	if x.peer.shows() {
		j := x.peer.judge(x.r.Context(), x.trust, x.service.trust, x.now)
		seen.Code = ""
		if !j.verdict.Good() {
			seen.Code = pageOf(j.verdict.Code)
		}
		for i, der := range x.peer.transport.Certificates {
			if c := shownCertificate(der); c != nil && i == 0 {
				seen.Certificate = c
			} else if c != nil {
				seen.Chain = append(seen.Chain, *c)
			}
		}
	}
	x.service.pages.Check(x.w, x.r, seen)
	x.visit.Status = http.StatusOK
}
