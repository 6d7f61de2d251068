package kmc

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"runtime"
	"sync"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/audit"
	"onecert/cms"
	"onecert/officer"
	"onecert/pki"
)

// errand is one operation of a message on its way to its answer.
type errand struct {
	step      *step // nil where the operation was refused before it
	use       *use  // of a restore
	certNo    pki.Serial
	recipient crypto.PublicKey
	err       error
	answer    answer
}

// Answer answers one message of GM/T 0014: a CARequest in DER in, a KMRespond out.
// A message that cannot be read, or whose bringer may not speak, is an error; any
// other refusal is a signed KMRespond with one ErrorPkgRespond for the message or
// one for the operation. Who asks is the actor of ctx; the message's signature has
// to be that actor's too.
func (c *Centre) Answer(ctx context.Context, der []byte) ([]byte, error) {
	if c.speaker == nil {
		return nil, pki.Errorf(pki.NotImplemented, codeUnbuilt, "this centre has no message key").
			To("configure its message key and certificate")
	}
	actor, err := c.config.Check(ctx, officer.Generate)
	if err != nil {
		return nil, err
	}
	message, err := readSigned(der)
	if err != nil {
		return nil, err
	}
	asked, err := readRequest(message.body)
	if err != nil {
		return nil, err
	}
	answers, err := c.serve(ctx, actor, message, asked)
	if err != nil {
		answers = []answer{{failed: failureOf(err)}}
	}
	body, err := (&respond{kmc: c.speaker.entity, answers: answers, at: c.config.Now(), task: asked.task}).marshal()
	if err != nil {
		return nil, err
	}
	return c.speaker.seal(c.config.Random, body)
}

// serve does the operations of a message and returns their answers in order.
func (c *Centre) serve(ctx context.Context, actor pki.Actor, message *signedMessage, asked *request) ([]answer, error) {
	if err := c.believe(actor, message, asked); err != nil {
		return nil, c.refused(ctx, actor, asked.task, err)
	}
	errands := make([]*errand, len(asked.operations))
	j := &job{task: &task{ca: actor.Name, number: asked.task, at: c.config.Now()}}
	for i, o := range asked.operations {
		errands[i] = c.errandFor(ctx, o)
		if errands[i].step != nil {
			j.steps = append(j.steps, errands[i].step)
		}
	}
	if err := c.carryOut(ctx, j); err != nil {
		return nil, err
	}
	c.each(errands, func(e *errand) { e.finish(ctx, c) })
	answers := make([]answer, len(errands))
	for i, e := range errands {
		answers[i] = e.answer
	}
	return answers, nil
}

// believe checks that the message is the actor's: entity and signature against the
// certificates configured for that name, and its time.
func (c *Centre) believe(actor pki.Actor, message *signedMessage, asked *request) error {
	now := c.config.Now()
	public, err := keyOf(c.config.Peers[actor.Name], asked.ca, now)
	if err != nil {
		return err
	}
	if err := message.verify(public); err != nil {
		return err
	}
	return inWindow(asked.at, now, c.config.Window)
}

// keyOf finds the SM2 key an entity means among the certificates configured for it:
// by key hash and serial. The name is not compared; implementations differ in it.
func keyOf(certificates []*smx509.Certificate, who entity, now time.Time) (*ecdsa.PublicKey, error) {
	for _, certificate := range certificates {
		if !entityOf(certificate).same(who) {
			continue
		}
		if now.Before(certificate.NotBefore) || now.After(certificate.NotAfter) {
			return nil, pki.Errorf(pki.Forbidden, codeStranger, "the sender's message certificate is outside its validity").
				To("give it a new one and configure it at the other end")
		}
		if public, ok := certificate.PublicKey.(*ecdsa.PublicKey); ok {
			return public, nil
		}
	}
	return nil, pki.Errorf(pki.Forbidden, codeStranger, "the message's sender is not one of those configured here").
		To("configure the sender's message certificate under the name it is registered with")
}

func (e entity) same(other entity) bool {
	return e.serial == other.serial && string(e.keyHash) == string(other.keyHash)
}

// inWindow holds a message's time, which counts whole seconds, against ours.
func inWindow(at, now time.Time, window time.Duration) error {
	if distance := now.Sub(at).Abs(); distance > window {
		return pki.Errorf(pki.Forbidden, codeClock, "the message's time is more than %s from this machine's", window).
			To("set the clocks of both machines by the same source")
	}
	return nil
}

// refused enters in the log that a message was not believed, and returns why.
func (c *Centre) refused(ctx context.Context, actor pki.Actor, task pki.Serial, why error) error {
	s := newStep(audit.Act{Actor: actor, Act: "message.receive", Object: string(task), At: c.config.Now()})
	s.act.Result, s.act.Detail["code"] = audit.Refused, pki.CodeOf(why)
	if err := c.hand(ctx, &job{steps: []*step{s}}); err != nil {
		return err
	}
	return why
}

// errandFor prepares one operation. What is wrong with it alone is its own error.
func (c *Centre) errandFor(ctx context.Context, o operation) *errand {
	e := &errand{}
	switch {
	case o.apply != nil:
		e.certNo = o.apply.certNo
		e.step, e.recipient, e.err = c.orderStep(ctx, o.apply.order())
		e.wish(o.apply.protect)
	case o.restore != nil:
		e.certNo = o.restore.certNo
		e.step, e.use, e.recipient, e.err = c.restoreStep(ctx, o.restore.order())
		e.wish(o.restore.protect)
		e.answer.restore = &returnedKey{}
	case o.revoke != nil:
		e.certNo = o.revoke.certNo
		e.step, e.err = c.retireStep(ctx, o.revoke.certNo)
		e.answer.revoke = o.revoke
	}
	if e.err != nil {
		e.step = nil
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

// each runs act on every errand, on all processors.
func (c *Centre) each(errands []*errand, act func(*errand)) {
	if len(errands) == 1 {
		act(errands[0])
		return
	}
	var group sync.WaitGroup
	next := make(chan *errand)
	for range min(len(errands), runtime.GOMAXPROCS(0)) {
		group.Go(func() {
			for e := range next {
				act(e)
			}
		})
	}
	for _, e := range errands {
		next <- e
	}
	close(next)
	group.Wait()
}

// finish seals the pair, where there is one, and writes the answer's arm.
func (e *errand) finish(ctx context.Context, c *Centre) {
	if e.err == nil {
		e.err = e.step.err
	}
	if e.err == nil && e.answer.revoke == nil {
		e.err = e.returnKey(ctx, c)
	}
	if e.err != nil {
		e.answer = answer{failed: failureOf(e.err)}
	}
}

func (e *errand) returnKey(ctx context.Context, c *Centre) (err error) {
	var r *record
	if e.step.take != nil {
		r = e.step.take.record
	} else if r, err = findRecord(ctx, c.config.DB.Read(), e.use.keyID); err != nil {
		return unreadable(err)
	}
	sealed, err := c.keyAnswer(r, e.recipient)
	if err != nil {
		return unsealable(err)
	}
	key := &returnedKey{e.certNo, r.spki, sealed}
	if e.answer.restore != nil {
		e.answer.restore = key
	} else {
		e.answer.apply = key
	}
	return nil
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
