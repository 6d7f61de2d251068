package kmc

import (
	"context"
	"crypto"

	"onecert/pki"
)

// errand is one operation of a message on its way to its answer. What is wrong with
// it alone is err, or the step's once that was written.
type errand struct {
	operation operation
	step      *step
	use       *use // of a restore
	recipient crypto.PublicKey
	err       error
}

// errandFor says who asks, judges the operation, and prepares its step.
func (c *Centre) errandFor(ctx context.Context, o operation) *errand {
	e := &errand{operation: o}
	switch {
	case o.apply != nil:
		e.step, e.recipient, e.err = c.orderStep(ctx, o.apply.order())
		e.wish(o.apply.protect)
	case o.restore != nil:
		e.step, e.use, e.recipient, e.err = c.restoreStep(ctx, o.restore.order())
		e.wish(o.restore.protect)
	case o.revoke != nil:
		e.step, e.err = c.retireStep(ctx, o.revoke.certNo)
	}
	return e
}

// wish refuses a way of sealing that does not suit the recipient's key.
func (e *errand) wish(p protection) {
	if e.err != nil {
		return
	}
	suite, err := pki.SuiteOf(e.recipient)
	if err != nil || !p.allows(suite) {
		e.err = pki.Errorf(pki.Invalid, codeAlgorithm, "the algorithms asked for do not suit the recipient's key").
			To("ask for SM2, SM4 and SM3 with an SM2 key, for AES and SHA-256 with others")
	}
}

// nameless stands for the id a foreign CA has no place for.
func nameless(certNo pki.Serial) string { return "cert-no:" + string(certNo) }

// order reads ApplyKeyReq as an order. Where extendInfo or userName is missing, the
// certificate number names application and holder.
func (a *applyKey) order() pki.KeyOrder {
	order := pki.KeyOrder{Application: string(a.extend), CertNo: a.certNo, Suite: a.suite, Recipient: a.recipient,
		Holder: string(a.userName), NotBefore: a.notBefore, NotAfter: a.notAfter}
	if a.extend == nil {
		order.Application = nameless(a.certNo)
	}
	if a.userName == nil {
		order.Holder = nameless(a.certNo)
	}
	return order
}

// order reads RestoreKeyReq likewise.
func (r *restoreKey) order() pki.KeyRestore {
	order := pki.KeyRestore{CertNo: r.certNo, Recipient: r.recipient, Holder: string(r.userName), Reason: string(r.extend)}
	if r.userName == nil {
		order.Holder = nameless(r.certNo)
	}
	return order
}
