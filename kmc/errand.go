package kmc

import (
	"context"
	"crypto"
	"runtime"
	"sync"

	"onecert/cms"
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

// answers seals what was granted, on all processors, and keeps the order.
func (c *Centre) answers(ctx context.Context, errands []*errand) []answer {
	answers := make([]answer, len(errands))
	if len(errands) == 1 {
		answers[0] = c.answer(ctx, errands[0])
		return answers
	}
	var group sync.WaitGroup
	next := make(chan int)
	for range min(len(errands), runtime.GOMAXPROCS(0)) {
		group.Go(func() {
			for i := range next {
				answers[i] = c.answer(ctx, errands[i])
			}
		})
	}
	for i := range errands {
		next <- i
	}
	close(next)
	group.Wait()
	return answers
}

func (c *Centre) answer(ctx context.Context, e *errand) answer {
	err := e.err
	if err == nil {
		err = e.step.err
	}
	if err != nil {
		return answer{failed: failureOf(err)}
	}
	if e.operation.revoke != nil {
		return answer{revoke: e.operation.revoke}
	}
	key, err := c.returnKey(ctx, e)
	switch {
	case err != nil:
		return answer{failed: failureOf(err)}
	case e.operation.apply != nil:
		key.certNo = e.operation.apply.certNo
		return answer{apply: key}
	}
	key.certNo = e.operation.restore.certNo
	return answer{restore: key}
}

func (c *Centre) returnKey(ctx context.Context, e *errand) (key *returnedKey, err error) {
	var r *record
	if e.step.take != nil {
		r = e.step.take.record
	} else if r, err = findRecord(ctx, c.config.DB.Read(), e.use.keyID); err != nil {
		return nil, unreadable(err)
	}
	sealed, err := c.keyAnswer(r, e.recipient)
	if err != nil {
		return nil, unsealable(err)
	}
	return &returnedKey{publicKey: r.spki, sealed: sealed}, nil
}

// keyAnswer opens a pair and makes retPriKey of it, of which a CA makes the same
// envelope that envelope makes, without being able to read it.
func (c *Centre) keyAnswer(r *record, recipient crypto.PublicKey) ([]byte, error) {
	octets, err := c.vault.open(r)
	if err != nil {
		return nil, err
	}
	defer clear(octets)
	certificate := c.config.MessageCertificate
	by := cms.Signer{Key: c.config.MessageKey, Issuer: certificate.RawIssuer, Serial: certificate.SerialNumber}
	to := cms.Recipient{Public: recipient}
	if r.suite != pki.SM2 {
		return cms.AnswerPKCS8(c.config.Random, to, by, octets)
	}
	key, err := sm2Key(r, octets)
	if err != nil {
		return nil, err
	}
	return cms.AnswerSM2Key(c.config.Random, to, by, key)
}
