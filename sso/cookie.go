package sso

import "net/http"

// CookieName is the name of the session's cookie. By its prefix browsers take it only
// from this very host over TLS, for every path (RFC 6265bis 4.1.3.2): no neighbour in the
// domain can plant one.
func (s *Sessions) CookieName() string { return "__Host-onecert-" + s.cfg.Realm }

// Cookie carries a token. It ends with the browser; the token ends by itself.
func (s *Sessions) Cookie(token string) *http.Cookie {
	return &http.Cookie{Name: s.CookieName(), Value: token, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode}
}

// NoCookie takes the cookie away.
func (s *Sessions) NoCookie() *http.Cookie {
	c := s.Cookie("")
	c.MaxAge = -1
	return c
}

// TokenOf returns the token a request brings, "" for none. Two cookies of the name are
// none: one of them is somebody else's.
func (s *Sessions) TokenOf(r *http.Request) string {
	found := r.CookiesNamed(s.CookieName())
	if len(found) != 1 {
		return ""
	}
	return found[0].Value
}
