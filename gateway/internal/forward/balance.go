package forward

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"time"
)

// member is a back end as one pool sees it.
type member struct {
	*backend
	name   string
	base   string // path the application begins at, without a slash at the end
	scheme string
	host   string // of the URL, as Host wants it
	weight int
	drain  bool
	token  string // value of the sticky cookie
}

// schedule spreads each member over a round in proportion to its weight, as evenly as
// can be: the largest debt goes next.
func schedule(members []*member) (round []*member) {
	total := 0
	for _, m := range members {
		if !m.drain {
			total += m.weight
		}
	}
	debt := make([]int, len(members))
	for range total {
		best := -1
		for i, m := range members {
			if m.drain {
				continue
			}
			if debt[i] += m.weight; best < 0 || debt[i] > debt[best] {
				best = i
			}
		}
		debt[best] -= total
		round = append(round, members[best])
	}
	return round
}

// choose picks a member for a request; not is one that failed it already. Where none is
// up, those that only requests speak against are tried before giving up.
func (p *Pool) choose(pinned, not *member, now time.Time) *member {
	if pinned != nil && pinned != not && pinned.health.up(now) {
		return pinned
	}
	if len(p.round) == 0 {
		return nil
	}
	start := p.turn.Load()
	if not == nil { // a second try takes nobody's turn
		start = p.turn.Add(1) - 1
	}
	if m := p.pick(start, func(m *member) bool { return m != not && m.health.up(now) }); m != nil {
		return m
	}
	return p.pick(start, func(m *member) bool { return m != not && !m.health.down.Load() })
}

// pick returns the one that fits best from start on; nil if none fits.
func (p *Pool) pick(start uint64, fits func(*member) bool) *member {
	n := uint64(len(p.round))
	if p.config.Balance != LeastConnections {
		for i := range n {
			if m := p.round[(start+i)%n]; fits(m) {
				return m
			}
		}
		return nil
	}
	var best *member
	for i := range n {
		m := p.round[(start+i)%n]
		// active/weight, compared without dividing
		if m != best && fits(m) && (best == nil || m.active.Load()*int64(best.weight) < best.active.Load()*int64(m.weight)) {
			best = m
		}
	}
	return best
}

// stickyToken is what a cookie says of a member: nothing to who has not the key.
func stickyToken(key []byte, cookie, name string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("onecert sticky\x00" + cookie + "\x00" + name))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:18])
}

// pinned returns the member a browser is kept at; nil if none, or no more.
func (p *Pool) pinned(r *http.Request) *member {
	if p.config.Sticky.Cookie == "" {
		return nil
	}
	for _, c := range r.CookiesNamed(p.config.Sticky.Cookie) {
		if m := p.tokens[c.Value]; m != nil {
			return m
		}
	}
	return nil
}

// pin makes the cookie that keeps a browser at a member.
func (p *Pool) pin(m *member, o *Outgoing) *http.Cookie {
	path := o.Prefix
	if path == "" {
		path = "/"
	}
	return &http.Cookie{Name: p.config.Sticky.Cookie, Value: m.token, Path: path, HttpOnly: true, Secure: o.Scheme == "https", SameSite: http.SameSiteLaxMode}
}
