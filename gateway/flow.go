package gateway

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"onecert/gateway/internal/forward"
	"onecert/gateway/internal/identity"
	"onecert/gateway/internal/pages"
	"onecert/gateway/internal/trust"
	"onecert/pki"
	"onecert/policy"
)

// exchange is one request on its way through the door.
type exchange struct {
	*Gateway
	run     *running
	service *service
	peer    *peer
	w       http.ResponseWriter
	r       *http.Request
	visit   Visit
	now     time.Time
	host    string // without port
	port    string
	path    string // in the form rules compare
	app     *application
	guest   *guest // nil: nobody
	refused string // code of why the certificate shown is worth nothing here
	looked  bool   // who was asked
}

// serve is the whole way of a request: admit, find, identify, decide, carry.
func (e *entrance) serve(w http.ResponseWriter, r *http.Request) {
	g := e.gateway
	x := &exchange{Gateway: g, service: e.service.Load(), w: w, r: r, now: g.cfg.Now()}
	x.run = x.service.run
	x.peer, _ = r.Context().Value(peerKey{}).(*peer)
	x.begin()
	result := forward.Result{}
	defer func() {
		x.end(result)
		if result.Upgraded {
			e.left(x.peer.conn)
		}
		result.End()
	}()
	if !x.admit() || x.own() || !x.find() || !x.identify() || !x.decide() {
		return
	}
	result = x.carry()
}

func (x *exchange) begin() {
	t := x.peer.meet(x.r.Context())
	v := &x.visit
	v.ID, v.At, v.Service, v.Method, v.Version = newID(), x.now, x.service.Name, x.r.Method, x.r.Proto
	v.TLS, v.Suite, v.Resumed, v.Peer = t.Protocol, t.Suite, t.Resumed, x.peer.address
	v.Protocol = policy.ProtocolTLS
	if t.Protocol == "TLCP 1.1" {
		v.Protocol = policy.ProtocolTLCP
	}
	v.Address = x.client()
	v.Agent, v.Query = cut(x.r.UserAgent(), maxAgent), x.r.URL.RawQuery != ""
}

// newID names a request: 96 random bits.
func newID() string {
	var id [12]byte
	rand.Read(id[:])
	return hex.EncodeToString(id[:])
}

func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	return strings.ToValidUTF8(text[:n], "")
}

// client is the person's address: of who is connected, or of who is behind proxies the
// service trusts, the nearest one that is no such proxy.
func (x *exchange) client() netip.Addr {
	address := x.peer.address
	lists := x.r.Header["X-Forwarded-For"]
	for i := len(lists) - 1; i >= 0; i-- {
		hops := strings.Split(lists[i], ",")
		for j := len(hops) - 1; j >= 0; j-- {
			if !x.trusted(address) {
				return address
			}
			hop, err := netip.ParseAddr(strings.TrimSpace(hops[j]))
			if err != nil {
				return address
			}
			address = hop.Unmap().WithZone("")
		}
	}
	return address
}

func (x *exchange) trusted(a netip.Addr) bool {
	for _, p := range x.service.proxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// admit refuses what could mean one thing here and another at the back end.
func (x *exchange) admit() bool {
	var ok bool
	if x.host, x.port, ok = hostOf(x.r.Host); !ok {
		x.visit.Detail = "the host is no host name"
		return x.show(pages.Problem{Code: pages.BadRequest})
	}
	x.visit.Host = x.host
	// An absolute address would speak for another host than the header (RFC 9112 3.2.2):
	// it is for proxies of clients, which this is not.
	if x.r.Method == http.MethodConnect || x.r.Method == http.MethodTrace || !strings.HasPrefix(x.r.RequestURI, "/") {
		x.visit.Detail = "the method, or an absolute address"
		return x.show(pages.Problem{Code: pages.BadRequest})
	}
	if x.path, ok = plainPath(x.r.URL); !ok {
		x.visit.Detail = "the path can be read in two ways"
		return x.show(pages.Problem{Code: pages.BadRequest})
	}
	x.visit.Path = x.path
	return true
}

// find picks the application.
func (x *exchange) find() bool {
	if x.app = x.service.of(x.host, x.path); x.app == nil {
		return x.show(pages.Problem{Code: pages.NoApplication})
	}
	if x.app.FoldCase {
		x.path = strings.ToLower(x.path)
	}
	x.visit.Application = x.app.Name
	return true
}

// identify finds out who is there, as far as the part of the application asks.
func (x *exchange) identify() bool {
	ask := x.app.needs(x.path, x.r.Method)
	if ask == AskNone {
		return true
	}
	if err := x.who(); err != nil {
		return x.unopened(err)
	}
	switch {
	case x.guest != nil:
		return true
	case x.visit.Problem != "": // the session is over: a page was shown
		return false
	case ask == AskOptional:
		return true
	case x.refused != "":
		return x.show(pages.Problem{Code: x.refused})
	case x.misdirected():
		return x.show(pages.Problem{Code: pages.NoCertificate, Status: http.StatusMisdirectedRequest})
	case x.service.Login != nil:
		x.sendToLogin()
		return false
	}
	return x.show(pages.Problem{Code: pages.NoCertificate})
}

// misdirected says whether a browser used a connection it had opened for a public name,
// where nobody was asked for a certificate, for another name: told so, it opens one of its
// own (RFC 9110 15.5.20).
func (x *exchange) misdirected() bool {
	name := x.peer.transport.ServerName
	return !x.peer.shows() && x.r.ProtoMajor == 2 && name != "" && name != x.host && x.service.asks(x.host) && !x.service.asks(name)
}

// who identifies by the certificate of the connection, or else by a session that was
// opened where certificates are asked for.
func (x *exchange) who() error {
	x.looked = true
	if !x.peer.shows() {
		return x.byCookie()
	}
	j := x.peer.judge(x.r.Context(), x.trust, x.service.trust, x.now)
	x.visit.Serial = string(j.verdict.Serial)
	if j.person == nil {
		x.refused = pageOf(j.verdict.Code)
		if len(j.verdict.Reasons) > 0 {
			x.visit.Detail = j.verdict.Reasons[0].Wrong
		}
		return nil
	}
	err := x.byCertificate(j.person)
	if x.guest == nil || x.peer.hold(x.live, j.person, x.guest) {
		return err
	}
	if j = x.peer.judge(x.r.Context(), x.trust, x.service.trust, x.cfg.Now()); j.person == nil {
		x.guest, x.refused = nil, pageOf(j.verdict.Code)
	} else if _, _, over := x.cfg.Sessions.Read(*x.guest.token.Load(), x.now); over != nil {
		x.guest = nil
		return x.sessionOver(over)
	}
	return err
}

// pageOf is the page of a verdict.
func pageOf(code trust.Code) string {
	switch code {
	case trust.None:
		return pages.NoCertificate
	case trust.Chain:
		return pages.BrokenChain
	}
	return string(code)
}

// unopened tells that a session could not be opened: nobody is let in without one, for
// it could not be ended.
func (x *exchange) unopened(err error) bool {
	x.visit.Detail = "opening a session: " + err.Error()
	x.cfg.Log.Error("a session could not be opened", "request", x.visit.ID, "error", err)
	code := pages.Failed
	if pki.KindOf(err) == pki.Conflict {
		code = pages.TooMany
	}
	return x.show(pages.Problem{Code: code})
}

// decide asks the policy.
func (x *exchange) decide() bool {
	request := policy.Request{Address: x.visit.Address, At: x.now, Application: x.app.Name, Protocol: x.visit.Protocol,
		Method: x.r.Method, Host: x.host, Path: x.path}
	if x.guest != nil {
		request.Subject = &x.guest.person.subject
		x.visit.Session, x.visit.Serial = x.guest.session.ID, string(x.guest.session.Serial)
	}
	d := x.run.policy.Decide(&request)
	x.visit.Request, x.visit.Decision = request, d
	if d.Allowed {
		return true
	}
	if x.guest == nil && d.Missing > policy.LevelAnonymous {
		return x.wanted()
	}
	problem := pages.Problem{Code: pages.NotAllowed, Application: x.app.title(), Rule: d.Name}
	if d.Reason == policy.ReasonLevel {
		problem.Code, problem.Level = pages.HigherLevel, d.Missing.String()
	}
	return x.show(problem)
}

// wanted is about a visitor whom the policy may let in when it knows who he is. In a part
// that asks nobody he may have logged in all the same; else he is led to the log in.
func (x *exchange) wanted() bool {
	if !x.looked {
		if err := x.who(); err != nil {
			return x.unopened(err)
		}
		switch {
		case x.guest != nil:
			return x.decide()
		case x.visit.Problem != "":
			return false
		}
	}
	if x.service.Login != nil && x.refused == "" {
		x.sendToLogin()
		return false
	}
	code := pages.NoCertificate
	if x.refused != "" {
		code = x.refused
	}
	return x.show(pages.Problem{Code: code, Application: x.app.title()})
}

func (a *application) title() string {
	if a.Title != "" {
		return a.Title
	}
	return a.Name
}

// carry takes the request to a back end, with the identity and nothing that looks like it.
func (x *exchange) carry() forward.Result {
	ctx, done := x.cuttable()
	defer done()
	if err := x.app.plan.GuardForm(x.r); err != nil {
		x.visit.Detail = err.Error()
		x.show(pages.Problem{Code: pages.BadRequest})
		return forward.Result{}
	}
	out := forward.Outgoing{Address: x.visit.Address.String(), Scheme: "https", Host: x.r.Host, Edit: x.edit, Own: isOwn}
	if x.app.Strip && x.app.Prefix != "/" {
		out.Prefix = x.app.Prefix
	}
	r := x.r
	if ctx != r.Context() {
		r = r.WithContext(ctx)
	}
	result := x.app.pool.Forward(carried(x.w), r, out)
	if result.Err != "" && !result.Started && result.Err != forward.ClientGone {
		x.failed(result)
	}
	return result
}

// edit is the last step before a request leaves.
func (x *exchange) edit(out *http.Request) error {
	x.app.plan.Strip(out.Header, out.URL)
	x.app.plan.Strip(out.Trailer, nil)
	stripOwn(out.Header)
	told := identity.Request{ID: x.visit.ID, Address: x.visit.Address, Scheme: "https", Host: x.r.Host,
		Port: x.peer.port, Protocol: x.visit.TLS, Cipher: x.visit.Suite}
	if x.guest == nil {
		return x.app.plan.Apply(out, &identity.Facts{Refused: x.refused}, told)
	}
	prepared, err := x.guest.prepared(x.app.plan)
	if err != nil {
		return err
	}
	return prepared.Apply(out, told)
}

// failed shows the page of a back end that could not answer, or of an identity that
// cannot be told.
func (x *exchange) failed(result forward.Result) {
	problem := pages.Problem{Code: pages.BackEndDown, Application: x.app.title(), Status: result.StatusOfErr()}
	switch result.Err {
	case forward.Silent:
		problem.Code = pages.BackEndSlow
	case forward.ClientBody:
		problem.Code = pages.BadRequest
	case forward.Refused:
		problem.Code = pages.BadRequest
		if e, ok := errors.AsType[*pki.Error](result.Cause); ok && strings.HasPrefix(e.Code, "identity.") {
			problem.Code = pages.IdentityRefused
		}
	}
	x.show(problem)
}

// cuttable makes the request of a session without a certificate in the connection end
// when the session or its certificate does; a connection with one is cut as a whole.
func (x *exchange) cuttable() (ctx context.Context, done func()) {
	ctx = x.r.Context()
	if x.guest == nil || x.peer.shows() {
		return ctx, func() {}
	}
	s := x.guest.session
	ctx, cancel := context.WithCancel(ctx)
	v, set, g := x.guest, x.service.trustFor(x), x.Gateway
	still := func(ctx context.Context) right {
		if now := g.cfg.Now(); g.unended(v, now) {
			return rightBy(g.judgeAgain(ctx, set, v, now))
		}
		return rightEnded
	}
	t := x.live.tie(holding{issuer: s.Issuer, serial: s.Serial, leaf: v.person.fingerprint, session: s.ID}, cancel, still)
	if still(ctx) != rightGood { // it ended before it was tied
		cancel()
	}
	return ctx, func() { x.live.untie(t); cancel() }
}

// end hands the visit over.
func (x *exchange) end(result forward.Result) {
	v := &x.visit
	if result.Started {
		v.Status = result.Status
	}
	v.Sent, v.Received, v.Backend, v.Error, v.Wait, v.Upgraded = v.Sent+result.Sent, result.Received, result.Backend, result.Err, result.Wait, result.Upgraded
	if result.Cause != nil {
		v.Detail = cut(result.Cause.Error(), 500)
	}
	v.Took = x.cfg.Now().Sub(x.now)
	if v.Application == "" && x.app != nil {
		v.Application = x.app.Name
	}
	if x.cfg.Watch != nil {
		x.cfg.Watch(*v)
	}
}

// show answers with a page, and is false so that a step can end with it.
func (x *exchange) show(p pages.Problem) bool {
	p.RequestID, p.At = x.visit.ID, x.now
	if x.visit.Problem == "" {
		x.visit.Problem = p.Code
	}
	if p.Code != pages.BadRequest {
		p.CheckURL, p.AgainURL = pathCheck, pathAgain
	}
	if x.peer.shows() && p.Certificate == nil {
		p.Certificate = shownCertificate(x.peer.transport.Certificates[0])
	}
	counted := carried(x.w)
	x.service.pages.Show(counted, x.r, p)
	x.visit.Status, x.visit.Sent = counted.status, counted.sent
	return false
}
