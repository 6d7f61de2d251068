package console

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	pathpkg "path"
	"strings"

	"onecert/pki"
	"onecert/serve"
)

// Session says on every answer of an API how the caller's session stands: "open", or
// "none" where the certificate counted for nothing.
const headerSession = "Onecert-Session"

// headerIdle marks a call that a page makes by itself, which keeps no session alive.
const headerIdle = "Onecert-Idle"

// dataPolicy is for what an API answers, which is data: opened by itself it runs nothing.
const dataPolicy = "sandbox; default-src 'none'; frame-ancestors 'none'"

// serveAPI hands a call to its API, under the certificate of the connection where there
// is a session for it, and under none otherwise.
func (c *Console) serveAPI(w http.ResponseWriter, r *http.Request, rest string) {
	place, path, _ := strings.Cut(rest, "/")
	to := c.places[place]
	if place == ownPlace && (strings.HasPrefix(path, "v1/") || path == "openapi.json") {
		to = c.api // it knows nobody by certificate, so its figures would be for everybody
	}
	// An API would redirect to the clean path, out of /api/PLACE.
	if to == nil || pathpkg.Clean("/"+path) != "/"+path {
		serve.Refuse(w, r, pki.Errorf(pki.Unknown, "console.place", "this console has no API of that name").
			To("the session (/api/console/v1/session) names those it has"))
		return
	}
	own := place == ownPlace
	// Looking at one's session is no work; what else the own API does counts there.
	found, open := c.sessions.find(c.token(r), fingerprint(r), !own && r.Header.Get(headerIdle) == "")
	state := "open"
	switch {
	case own: // it judges the certificate itself when logging in
		ctx := context.WithValue(r.Context(), askedKey{}, r)
		if open {
			ctx = pki.WithActor(ctx, found.actor())
		}
		r = r.WithContext(ctx)
	case !open, c.cfg.Kind == Holders && path == "metrics": // a service's figures are not its holders'
		r = serve.Anonymous(r)
	}
	if !open {
		state = "none"
	}
	header := w.Header()
	header.Set(headerSession, state)
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Security-Policy", dataPolicy)
	inner := r.Clone(r.Context())
	inner.URL.Path, inner.URL.RawPath = "/"+path, strip(r.URL.RawPath, place)
	to.ServeHTTP(w, inner)
}

// strip takes /api/PLACE from an escaped path, "" where there is none.
func strip(raw, place string) string {
	return strings.TrimPrefix(raw, "/api/"+place)
}

func fingerprint(r *http.Request) string {
	shown := serve.Shown(r)
	if shown == nil {
		return ""
	}
	return pki.Fingerprint(shown.Raw)
}

// cookieName says the rules by which browsers keep it: this host alone, TLS alone
// (RFC 6265bis 4.1.3.2). It also says whose it is: cookies know no ports, and a small site
// has several consoles on one host, each of which would log out of the others.
func cookieName(config Config) string {
	text := config.Title
	for _, p := range config.Places {
		text += "\x00" + p.Name + "\x00" + p.Title
	}
	sum := sha256.Sum256([]byte(text))
	return "__Host-onecert-" + string(config.Kind) + "-" + hex.EncodeToString(sum[:4])
}

// token is the cookie's.
func (c *Console) token(r *http.Request) string {
	cookie, err := r.Cookie(c.named)
	if err != nil {
		return ""
	}
	return cookie.Value
}

func (c *Console) cookie(token string) *http.Cookie {
	made := &http.Cookie{Name: c.named, Value: token, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode}
	if token == "" {
		made.MaxAge = -1
	}
	return made
}
