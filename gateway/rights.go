package gateway

import (
	"context"
	"encoding/json"

	"onecert/officer"
	"onecert/pki"
)

// enterOffice says who is asking, if they may.
func (g *Gateway) enterOffice(ctx context.Context, op officer.Operation) (pki.Actor, error) {
	if g.cfg.Check != nil {
		return g.cfg.Check(ctx, op)
	}
	actor, ok := pki.ActorFrom(ctx)
	if !ok {
		return actor, pki.Errorf(pki.Forbidden, "officer.none", "nobody says who is asking").To("come with an officer's certificate")
	}
	return actor, officer.May(actor, op)
}

// rights keeps the two administrators apart: whom to trust and who may reach what is the
// security administrator's; what listens and leads where is the system administrator's.
// Whether a certificate is asked for is the system administrator's too, and lets nobody in
// by itself: the policy decides about visitors without one, and allows nothing that no rule
// of the security administrator's allows. A rule that means people says a level.
func (g *Gateway) rights(actor pki.Actor, next *Configuration) error {
	if next == nil {
		return nil
	}
	next.whole()
	now := g.running.Load().config
	if !same(now.Trust, next.Trust) || !same(now.Policy, next.Policy) {
		if _, err := g.enterOffice(pki.WithActor(g.ctx, actor), officer.WriteGatewayPolicy); err != nil {
			return err
		}
	}
	if !same(now.Services, next.Services) || !same(now.Applications, next.Applications) || !same(now.Certificates, next.Certificates) || !same(now.Branding, next.Branding) {
		_, err := g.enterOffice(pki.WithActor(g.ctx, actor), officer.WriteGatewayService)
		return err
	}
	return nil
}

func same[T any](a, b T) bool {
	x, err := json.Marshal(a)
	if err != nil {
		return false
	}
	y, err := json.Marshal(b)
	return err == nil && string(x) == string(y)
}
