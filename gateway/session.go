package gateway

import (
	"time"

	"onecert/gateway/internal/trust"
)

// looseLife bounds the seal around a token; the token's own end comes before.
const looseLife = 7 * 24 * time.Hour

// byCertificate finds the session of the certificate in the connection, or opens one: the
// browser's, if its cookie belongs to the certificate; else the one this certificate has
// here already, so that a client without cookies does not open one a request.
func (x *exchange) byCertificate(p *person) error {
	if v := x.peer.guest.Load(); v != nil && v.person.is(p) {
		if over, err := x.resume(v); !over {
			return err
		}
	}
	defer x.guests.alone(p.verdict.Fingerprint)()
	if v := x.peer.guest.Load(); v != nil && v.person.is(p) {
		if over, err := x.resume(v); !over {
			return err
		}
		x.peer.guest.Store(nil)
	}
	replaces := cookie(x.r, cookieSession)
	if replaces != "" {
		done, err := x.withCookie(p, replaces)
		if done || err != nil || x.visit.Problem != "" {
			return err
		}
	}
	if v := x.guests.ofLeaf(p.verdict.Fingerprint, x.now); v != nil && v.person.is(p) {
		if over, err := x.resume(v); !over {
			x.peer.guest.Store(v)
			setCookie(x.w, cookieSession, *v.token.Load())
			return err
		}
	}
	return x.openSession(p, replaces)
}

// withCookie goes on with the session the browser came with.
func (x *exchange) withCookie(p *person, token string) (done bool, err error) {
	s, _, err := x.cfg.Sessions.Read(token, x.now)
	if err != nil {
		return false, x.sessionOver(err)
	}
	if s.Fingerprint != p.verdict.Fingerprint || s.User != p.user {
		return false, nil // the browser chose another certificate since, or it speaks for somebody else here
	}
	v := x.guests.ofSession(s.ID, x.now)
	if v == nil || !v.person.is(p) {
		v = newGuest(p, s, token)
		x.guests.add(v, x.now)
	}
	x.peer.guest.Store(v)
	_, err = x.resume(v)
	return true, err
}

// resume goes on with a session if it is still good.
func (x *exchange) resume(v *guest) (over bool, err error) {
	_, fresh, err := x.cfg.Sessions.Read(*v.token.Load(), x.now)
	if err != nil {
		x.guests.forget(v.session.ID)
		if cookie(x.r, cookieSession) == "" {
			return true, nil
		}
		if err := x.sessionOver(err); err != nil || x.visit.Problem != "" {
			return false, err
		}
		return true, nil
	}
	if fresh != "" {
		v.token.Store(&fresh)
		setCookie(x.w, cookieSession, fresh)
	}
	x.guest = v
	return false, nil
}

func (x *exchange) openSession(p *person, replaces string) error {
	token, s, err := x.cfg.Sessions.Open(x.r.Context(), Login{Fingerprint: p.verdict.Fingerprint, Issuer: p.verdict.Issuer, Serial: p.verdict.Serial,
		NotAfter: p.verdict.Leaf.NotAfter, User: p.user, Level: int(p.subject.Level), Address: x.visit.Address, Replaces: replaces})
	if err != nil {
		return err
	}
	v := newGuest(p, s, token)
	x.guests.add(v, x.now)
	x.peer.guest.Store(v)
	setCookie(x.w, cookieSession, token)
	x.guest = v
	return nil
}

// trustFor is the set a session without a certificate in the connection is judged by: the
// service's own, or where it has none, that of the service that logs in.
func (v *service) trustFor(x *exchange) *trust.Set {
	if v.Trust != "" {
		return v.trust
	}
	for _, other := range x.run.services {
		for _, origin := range other.LoginFor {
			if origin == x.origin() {
				return other.trust
			}
		}
	}
	return v.trust
}
