package gateway

// A session that was opened at another service outlives a restart of this gateway, and
// whoever was filling in a form must not lose it to a log in that begins with a page. So
// the browser keeps the session's certificate, sealed, and brings it along: it is judged
// again like one that is shown, and is of no use without the session's own cookie.

// reminder is the certificate of a session, for one host.
type reminder struct {
	Session string `json:"s"`
	Host    string `json:"h"`
	Leaf    []byte `json:"l"` // DER
}

// maxReminder bounds the cookie: browsers take 4,096 octets with its name and attributes.
const maxReminder = 3800

// remind gives the browser the certificate of a session. One that is too long it does
// without: after a restart there is a log in then.
func (x *exchange) remind(in arrived) {
	s, _, err := x.cfg.Sessions.Read(in.Token, x.now)
	if err != nil || len(in.Chain) == 0 {
		return
	}
	kept, err := seal(x.holder, reminder{s.ID, x.host, in.Chain[0]}, looseLife)
	if err == nil && len(kept) <= maxReminder {
		setCookie(x.w, cookieHolder, kept)
	}
}

// recall makes somebody known again by what the browser keeps; nil: it keeps nothing that
// is good here, and the log in service is asked.
func (x *exchange) recall(s Session, token string) *guest {
	in, ok := unseal[reminder](x.holder, cookie(x.r, cookieHolder))
	if !ok || in.Host != x.host || in.Session != s.ID {
		return nil
	}
	verdict := x.service.trustFor(x).Judge(x.r.Context(), [][]byte{in.Leaf}, x.now)
	if !verdict.Good() {
		return nil
	}
	p, err := newPerson(verdict)
	if err != nil || s.Fingerprint != verdict.Fingerprint || s.User != p.user {
		return nil
	}
	v := newGuest(p, s, token)
	x.guests.add(v, x.now)
	return v
}
