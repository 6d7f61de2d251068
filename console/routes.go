package console

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"onecert/audit"
	"onecert/pki"
	"onecert/serve"
)

// ownPlace is the name under which the console's own API is reached.
const ownPlace = "console"

// View is what a page has to know of whoever opened it.
type View struct {
	Kind    Kind   `json:"kind"`
	Title   string `json:"title"`
	Version string `json:"version"`
	// State is open, or none: log in.
	State string `json:"state" enum:"open,none"`
	// Shown is the certificate the browser brought; null: none.
	Shown  *Shown      `json:"shown"`
	Name   string      `json:"name,omitempty"`
	Places []PlaceView `json:"places"`
	// Governs says that this person may look at the sessions and end them.
	Governs bool   `json:"governs"`
	Links   []Link `json:"links"`
	// Idle is after how many seconds without work the session ends; Until when it ends
	// at the latest.
	Idle  int       `json:"idle"`
	Until time.Time `json:"until,omitzero"`
}

// Shown is a certificate as its holder knows it.
type Shown struct {
	Subject     string    `json:"subject"`
	Issuer      string    `json:"issuer"`
	Serial      string    `json:"serial"`
	NotAfter    time.Time `json:"not_after"`
	Fingerprint string    `json:"fingerprint"`
	Certificate []byte    `json:"certificate" doc:"DER, base64: a page cannot ask the browser for it, and registers it with a one-time code"`
}

// PlaceView is an API of this console, and who the caller is there.
type PlaceView struct {
	Name  string   `json:"name"`
	Title string   `json:"title"`
	Known bool     `json:"known"`
	As    string   `json:"as,omitempty"`
	Roles []string `json:"roles"`
	// Code and Wrong say why the certificate is refused there.
	Code  string `json:"code,omitempty"`
	Wrong string `json:"wrong,omitempty"`
}

// SessionView is a session as who governs sees it.
type SessionView struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	Fingerprint string    `json:"fingerprint"`
	Address     string    `json:"address"`
	Opened      time.Time `json:"opened"`
	Used        time.Time `json:"used"`
	Until       time.Time `json:"until"`
	Own         bool      `json:"own"`
}

type viewAnswer struct{ Body View }

type openAnswer struct {
	Cookie http.Cookie `header:"Set-Cookie"`
	Body   View
}

type closeAnswer struct {
	Cookie http.Cookie `header:"Set-Cookie"`
}

type sessionsAnswer struct {
	Body struct {
		Items []SessionView `json:"items"`
		After string        `json:"after,omitempty"`
	}
}

type sessionsQuery struct {
	After string `query:"after" maxLength:"80" doc:"the after of the page before"`
	Limit int    `query:"limit" minimum:"0" maximum:"200" doc:"how many at most; 50 if not said"`
}

// last is the session a page ends with: "NANOSECONDS.ID".
func (q sessionsQuery) last() (*session, error) {
	if q.After == "" {
		return nil, nil
	}
	at, id, ok := strings.Cut(q.After, ".")
	opened, err := strconv.ParseInt(at, 10, 64)
	if !ok || err != nil {
		return nil, pki.Errorf(pki.Invalid, "list.after", "the page to go on after is none of this list").To("take the after of the page before")
	}
	return &session{id: id, opened: time.Unix(0, opened)}, nil
}

type sessionRef struct {
	ID string `path:"id" maxLength:"32"`
}

// askedKey leads to the request itself, which huma hides from handlers.
type askedKey struct{}

func (c *Console) routes() {
	api := c.api.Huma
	huma.Register(api, huma.Operation{OperationID: "session", Method: http.MethodGet, Path: "/v1/session", Summary: "Who is logged in, and what this console is"}, c.session)
	huma.Register(api, huma.Operation{OperationID: "session-open", Method: http.MethodPost, Path: "/v1/session", Summary: "Log in with the certificate of the connection"}, c.open)
	huma.Register(api, huma.Operation{OperationID: "session-close", Method: http.MethodPost, Path: "/v1/session/close", Summary: "Log out"}, c.close)
	huma.Register(api, huma.Operation{OperationID: "sessions", Method: http.MethodGet, Path: "/v1/sessions", Summary: "Who is logged in here, the last first"}, c.list)
	huma.Register(api, huma.Operation{OperationID: "session-end", Method: http.MethodPost, Path: "/v1/sessions/{id}/end", Summary: "End somebody's session"}, c.end)
}

func requestOf(ctx context.Context) *http.Request {
	return ctx.Value(askedKey{}).(*http.Request) // serveAPI puts it there
}

func (c *Console) session(ctx context.Context, _ *struct{}) (*viewAnswer, error) {
	r := requestOf(ctx)
	v, _ := c.view(r)
	if s, ok := c.sessions.find(c.token(r), fingerprint(r), false); ok {
		v.opened(s)
	}
	return &viewAnswer{v}, nil
}

func (v *View) opened(s session) { v.State, v.Name, v.Until = "open", s.name, s.until }

// view says who the caller is at each place; known are those that know him.
func (c *Console) view(r *http.Request) (v View, known []pki.Actor) {
	v = View{Kind: c.cfg.Kind, Title: c.cfg.Title, Version: c.cfg.Version, State: "none", Places: []PlaceView{}, Links: c.cfg.Links, Idle: int(c.cfg.Idle.Seconds())}
	if v.Links == nil {
		v.Links = []Link{}
	}
	if leaf := serve.Shown(r); leaf != nil {
		v.Shown = &Shown{Subject: leaf.Subject.String(), Issuer: leaf.Issuer.String(), Serial: string(pki.SerialOf(leaf.SerialNumber)), NotAfter: leaf.NotAfter.UTC(), Fingerprint: pki.Fingerprint(leaf.Raw), Certificate: leaf.Raw}
	}
	for _, p := range c.cfg.Places {
		one := PlaceView{Name: p.Name, Title: p.Title, Roles: []string{}}
		actor, err := p.API.Caller(r)
		if leaf := serve.Shown(r); err == nil && actor.Name == "" && leaf != nil && p.Explain != nil {
			err = p.Explain(r.Context(), leaf)
		}
		switch {
		case err != nil:
			one.Code, one.Wrong = pki.CodeOf(err), said(err)
		case actor.Name != "":
			one.Known, one.As, one.Roles = true, actor.Name, append(one.Roles, actor.Roles...)
			known = append(known, actor)
			v.Governs = v.Governs || c.cfg.Governs != nil && c.cfg.Governs(r.Context(), p.Name, actor)
		}
		v.Places = append(v.Places, one)
	}
	return v, known
}

func (c *Console) open(ctx context.Context, _ *struct{}) (*openAnswer, error) {
	r := requestOf(ctx)
	v, known := c.view(r)
	if v.Shown == nil {
		return nil, pki.Errorf(pki.Forbidden, "console.no-certificate", "the browser showed no certificate").
			To("insert your key, close all windows of the browser, open this page again and choose your certificate")
	}
	if len(known) == 0 {
		return nil, c.stranger(v)
	}
	who := known[0]
	token, s, err := c.sessions.open(who, serve.Shown(r).NotAfter)
	if err != nil {
		return nil, err
	}
	if err := c.record(ctx, who, "console.login", audit.Done, nil); err != nil {
		c.sessions.close(token)
		return nil, err
	}
	if old := c.token(r); old != "" {
		c.sessions.close(old)
	}
	v.opened(s)
	return &openAnswer{*c.cookie(token), v}, nil
}

// said is what an error tells a person.
func said(err error) string {
	if e, ok := errors.AsType[*pki.Error](err); ok {
		return e.Error()
	}
	return "it could not be judged"
}

// stranger refuses a certificate nobody here knows, with the first reason given.
func (c *Console) stranger(v View) error {
	for _, p := range v.Places {
		if p.Wrong != "" {
			return pki.Errorf(pki.Forbidden, p.Code, "%s", p.Wrong).To("come with the certificate registered for you; a browser keeps the one it chose until all its windows are closed")
		}
	}
	return pki.Errorf(pki.Forbidden, "console.stranger", "this certificate is registered for nobody here").
		To("come with the certificate registered for you; the security administrator registers certificates")
}

func (c *Console) close(ctx context.Context, _ *struct{}) (*closeAnswer, error) {
	r := requestOf(ctx)
	if s, ok := c.sessions.close(c.token(r)); ok {
		if err := c.record(ctx, s.actor(), "console.logout", audit.Done, nil); err != nil {
			return nil, err
		}
	}
	return &closeAnswer{*c.cookie("")}, nil
}

// governor is the caller, where he may look after sessions.
func (c *Console) governor(ctx context.Context) (who pki.Actor, own session, err error) {
	r := requestOf(ctx)
	own, open := c.sessions.find(c.token(r), fingerprint(r), r.Header.Get(headerIdle) == "")
	v, known := c.view(r)
	if !open || len(known) == 0 {
		return who, own, pki.Errorf(pki.Forbidden, "console.session", "nobody is logged in").To("log in")
	}
	if !v.Governs {
		return who, own, pki.Errorf(pki.Forbidden, "console.governs", "the sessions of others are for the security administrator of this process").
			To("ask the security administrator")
	}
	return known[0], own, nil
}

func (c *Console) list(ctx context.Context, in *sessionsQuery) (*sessionsAnswer, error) {
	_, own, err := c.governor(ctx)
	if err != nil {
		return nil, err
	}
	last, err := in.last()
	if err != nil {
		return nil, err
	}
	answer := &sessionsAnswer{}
	answer.Body.Items = []SessionView{}
	limit := in.Limit
	if limit == 0 {
		limit = 50
	}
	some, more := c.sessions.list(last, limit)
	if more {
		end := some[len(some)-1]
		answer.Body.After = strconv.FormatInt(end.opened.UnixNano(), 10) + "." + end.id
	}
	for _, s := range some {
		answer.Body.Items = append(answer.Body.Items, SessionView{ID: s.id, Name: s.name, Fingerprint: s.fingerprint, Address: s.address,
			Opened: s.opened.UTC(), Used: s.used.UTC(), Until: s.until.UTC(), Own: s.id == own.id})
	}
	return answer, nil
}

func (c *Console) end(ctx context.Context, in *sessionRef) (*struct{}, error) {
	who, _, err := c.governor(ctx)
	if err != nil {
		return nil, err
	}
	whose, ok := c.sessions.named(in.ID)
	if !ok {
		return nil, pki.Errorf(pki.Unknown, "console.session-unknown", "there is no such session").To("it may have ended meanwhile")
	}
	detail := map[string]string{"session": whose.id, "name": whose.name, "certificate": whose.fingerprint}
	if err := c.record(ctx, who, "console.session-end", audit.Done, detail); err != nil {
		return nil, err
	}
	c.sessions.end(whose.id)
	return nil, nil
}

func (c *Console) record(ctx context.Context, who pki.Actor, act string, result audit.Result, detail map[string]string) error {
	return c.cfg.Audit.Record(ctx, audit.Act{Actor: who, Act: act, Object: string(c.cfg.Kind), Result: result, Detail: detail})
}
