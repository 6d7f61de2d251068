package gateway

import (
	"context"

	"onecert/gateway/internal/trust"
	"onecert/pki"
	"onecert/policy"
)

// Known is somebody whose certificate came in over a transport that is none of this
// gateway's services, as a tunnel's. What he may is asked as at the door: each time whether
// the certificate is good, whether the session is open, and the policy.
type Known struct {
	gateway *Gateway
	set     *trust.Set
	chain   [][]byte
	person  *person
	token   string
}

// Known judges a certificate by whom a service trusts; chain is DER, the certificate first.
// One that is not good is Forbidden (gateway.certificate). token is that of a session, empty
// where the transport keeps none.
func (g *Gateway) Known(ctx context.Context, service string, chain [][]byte, token string) (*Known, error) {
	v := g.running.Load().services[service]
	if v == nil || v.Trust == "" {
		return nil, pki.Errorf(pki.Unknown, "gateway.service", "there is no service %.63q with a trust set", service).To("name one that asks for certificates")
	}
	k := &Known{gateway: g, set: v.trust, chain: chain, token: token}
	verdict := k.Judge(ctx)
	if !verdict.Good() {
		return nil, notGood(verdict)
	}
	var err error
	k.person, err = newPerson(verdict)
	return k, err
}

func notGood(v trust.Verdict) error {
	return pki.Errorf(pki.Forbidden, "gateway.certificate", "the certificate is good for nothing here: %s", v.Code)
}

// Judge says what the certificate is worth now.
func (k *Known) Judge(ctx context.Context) trust.Verdict {
	return k.set.Judge(ctx, k.chain, k.gateway.cfg.Now())
}

// May decides about a request. Its subject and moment are filled in.
func (k *Known) May(ctx context.Context, r *policy.Request) (policy.Decision, error) {
	now := k.gateway.cfg.Now()
	verdict := k.set.Judge(ctx, k.chain, now)
	if !verdict.Good() || !k.person.stands(verdict) {
		return policy.Decision{}, notGood(verdict)
	}
	if k.token != "" {
		s, _, err := k.gateway.cfg.Sessions.Read(k.token, now)
		if err != nil {
			return policy.Decision{}, err
		}
		if s.Fingerprint != verdict.Fingerprint || s.User != k.person.user {
			return policy.Decision{}, pki.Errorf(pki.Forbidden, "gateway.session", "the session is not the certificate's").To("log in again")
		}
	}
	r.Subject, r.At = &k.person.subject, now
	return k.gateway.running.Load().policy.Decide(r), nil
}

// User is the account the certificate speaks for.
func (k *Known) User() string { return k.person.user }
