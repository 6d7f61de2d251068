package kmc

import (
	"context"
	"crypto"

	"onecert/audit"
	"onecert/officer"
	"onecert/pki"
)

// Generate gives an order its pair: the public key to certify and the private key
// sealed to the recipient (journey 1, step 4 of the house's plan). Asked again for
// the same application, suite, recipient and holder it gives the same pair, freshly
// sealed, which from then on stands under the new number as well; with anything else
// under that application, Conflict. The asking actor's name is the CA the pair
// belongs to. Errors: km.order, km.recipient, km.other-order, km.cert-no, km.store,
// km.making, and those of Config.Check.
func (c *Centre) Generate(ctx context.Context, order pki.KeyOrder) (pki.KeyGrant, error) {
	s, recipient, err := c.orderStep(ctx, order)
	if err != nil {
		return pki.KeyGrant{}, err
	}
	if err := c.carryOut(ctx, &job{steps: []*step{s}}); err != nil {
		return pki.KeyGrant{}, err
	}
	if s.err != nil {
		return pki.KeyGrant{}, s.err
	}
	return c.grant(s.take.record, order.CertNo, recipient)
}

// orderStep says who asks, judges the order, and prepares the take.
func (c *Centre) orderStep(ctx context.Context, order pki.KeyOrder) (*step, crypto.PublicKey, error) {
	actor, err := c.config.Check(ctx, officer.Generate)
	if err != nil {
		return nil, nil, err
	}
	recipient, err := checkOrder(order)
	if err != nil {
		return nil, nil, err
	}
	now := c.config.Now()
	s := newStep(audit.Act{Actor: actor, Act: "key.generate", Object: string(order.CertNo), Subject: order.Holder, At: now})
	s.act.Detail["application"], s.act.Detail["suite"] = order.Application, string(order.Suite)
	s.take = &take{use: use{suite: order.Suite, ca: actor.Name, application: order.Application, certNo: order.CertNo,
		holder: order.Holder, digest: digestOf(order), takenAt: now, notAfter: order.NotAfter}}
	return s, recipient, nil
}

// Restore gives an escrowed pair again, in use or history, sealed to another key of
// its holder. The asking CA has proven the holder anew and names them; the name has
// to be the one the pair was made for. Errors: km.order, km.recipient, km.no-key,
// km.holder, km.store, and those of Config.Check.
func (c *Centre) Restore(ctx context.Context, r pki.KeyRestore) (pki.KeyGrant, error) {
	s, found, recipient, err := c.restoreStep(ctx, r)
	if err != nil {
		return pki.KeyGrant{}, err
	}
	return c.handOut(ctx, s, handing{found, r.CertNo, recipient})
}

// restoreStep says who asks and finds the pair. A refusal is in the step, because
// it is entered in the log like the touch itself.
func (c *Centre) restoreStep(ctx context.Context, r pki.KeyRestore) (*step, *use, crypto.PublicKey, error) {
	actor, err := c.config.Check(ctx, officer.Recover)
	if err != nil {
		return nil, nil, nil, err
	}
	recipient, err := checkRestore(r)
	if err != nil {
		return nil, nil, nil, err
	}
	found, err := findUse(ctx, c.config.DB.Read(), byCertNo, actor.Name, string(r.CertNo))
	if err != nil {
		return nil, nil, nil, unreadable(err)
	}
	s := newStep(audit.Act{Actor: actor, Act: "key.restore", Object: string(r.CertNo), At: c.config.Now()})
	s.judge(found, r.Holder, r.Reason, recipient)
	return s, found, recipient, nil
}

// judge decides whether a pair may go to a holder's new key.
func (s *step) judge(found *use, holder, reason string, recipient crypto.PublicKey) {
	s.act.Detail["reason"] = reason
	if found == nil {
		s.act.Subject = holder
		s.refuse(errNoKey())
		return
	}
	s.touches(found)
	s.act.Detail["ca"] = found.ca
	if found.holder != holder {
		s.refuse(pki.Errorf(pki.Forbidden, codeOwner, "the pair under this certificate number is another holder's").
			To("ask for a pair of this holder; the attempt is in the owner's ledger"))
		return
	}
	if !found.destroyedAt.IsZero() {
		s.refuse(errDestroyed())
		return
	}
	if err := fits(found.suite, recipient); err != nil {
		s.refuse(err.(*pki.Error))
	}
}

// handing is a pair, the number it was asked by, and to whose key it goes.
type handing struct {
	pair   *use
	certNo pki.Serial
	to     crypto.PublicKey
}

// handOut writes the entry, then reads, opens and seals the pair.
func (c *Centre) handOut(ctx context.Context, s *step, h handing) (pki.KeyGrant, error) {
	if err := c.carryOut(ctx, &job{steps: []*step{s}}); err != nil {
		return pki.KeyGrant{}, err
	}
	if s.err != nil {
		return pki.KeyGrant{}, s.err
	}
	r, err := findRecord(ctx, c.config.DB.Read(), h.pair.keyID)
	if err != nil {
		return pki.KeyGrant{}, unreadable(err)
	}
	return c.grant(r, h.certNo, h.to)
}

// Retire moves a pair from in use to history, because its certificate was revoked,
// replaced or ended. It stays there for its holder; asking again changes nothing.
// Errors: km.order, km.no-key, km.store, and those of Config.Check.
func (c *Centre) Retire(ctx context.Context, certNo pki.Serial) error {
	s, err := c.retireStep(ctx, certNo)
	if err != nil {
		return err
	}
	if err := c.carryOut(ctx, &job{steps: []*step{s}}); err != nil {
		return err
	}
	return s.err
}

func (c *Centre) retireStep(ctx context.Context, certNo pki.Serial) (*step, error) {
	actor, err := c.config.Check(ctx, officer.RetireKey)
	if err != nil {
		return nil, err
	}
	if err := checkCertNo(certNo); err != nil {
		return nil, err
	}
	now := c.config.Now()
	s := newStep(audit.Act{Actor: actor, Act: "key.retire", Object: string(certNo), At: now})
	s.retire = &retire{ca: actor.Name, certNo: certNo, at: now}
	return s, nil
}

// unreadable is what a caller learns when the store does not answer a question.
func unreadable(err error) error {
	if _, ok := err.(*pki.Error); ok {
		return err
	}
	return pki.Errorf(pki.Unavailable, codeStore, "the key store cannot be read").To("look at the database, then ask again").Because(err)
}
