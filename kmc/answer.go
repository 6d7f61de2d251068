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

// Answer answers one message of GM/T 0014: a CARequest in DER in, a KMRespond out.
// A message that cannot be read, or whose bringer may not speak, is an error; any
// other refusal is a signed KMRespond with one ErrorPkgRespond for the message or
// one for the operation. Who asks is the actor of ctx; the message's signature has
// to be that actor's too.
func (c *Centre) Answer(ctx context.Context, der []byte) ([]byte, error) {
	actor, err := c.config.Check(ctx, officer.Generate)
	if err != nil {
		return nil, err
	}
	if c.speaker == nil {
		return nil, pki.Errorf(pki.NotImplemented, codeUnbuilt, "this centre has no message key").
			To("configure its message key and certificate")
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
		if errands[i].err == nil {
			j.steps = append(j.steps, errands[i].step)
		}
	}
	if err := c.carryOut(ctx, j); err != nil {
		return nil, err
	}
	return c.answers(ctx, errands), nil
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
