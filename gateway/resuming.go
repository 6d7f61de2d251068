package gateway

import (
	"crypto/tls"
	"slices"
	"time"

	"onecert/tlcp"
)

// resuming is what a service's handshakes are resumed from. A session in which nobody was
// asked for a certificate is never resumed where one is asked for, as it would go on
// without: the name a client wants may ask, or the service may ask since the last change.
type resuming struct {
	keys         *tls.Config // only for the keys of TLS tickets, which it turns by itself
	plain, asked tlcp.SessionCache
}

// resumable is how many sessions of TLCP a service remembers of each kind.
const resumable = 20_000

func newResuming(now func() time.Time) *resuming {
	return &resuming{&tls.Config{Time: now}, tlcp.NewLRUSessionCache(resumable), tlcp.NewLRUSessionCache(resumable)}
}

// askedMark is in tickets of sessions in which a certificate was asked for.
const askedMark = "onecert asked"

// keep makes c resume only sessions of its own kind.
func (r *resuming) keep(c *tls.Config, asked bool) {
	marked := func(s *tls.SessionState) bool {
		return slices.ContainsFunc(s.Extra, func(mark []byte) bool { return string(mark) == askedMark })
	}
	c.WrapSession = func(cs tls.ConnectionState, s *tls.SessionState) ([]byte, error) {
		if asked && !marked(s) {
			s.Extra = append(s.Extra, []byte(askedMark))
		}
		return r.keys.EncryptTicket(cs, s)
	}
	c.UnwrapSession = func(ticket []byte, cs tls.ConnectionState) (*tls.SessionState, error) {
		s, err := r.keys.DecryptTicket(ticket, cs)
		if err != nil || s == nil || marked(s) != asked {
			return nil, err // a full handshake follows
		}
		return s, nil
	}
}
