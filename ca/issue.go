package ca

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"onecert/audit"
	"onecert/officer"
	"onecert/pki"
	"onecert/status"
)

// Issue makes a certificate or a dual pair. Asked again with the same order it
// gives the same certificates; a failure leaves the order where a retry goes on.
func (ca *CA) Issue(ctx context.Context, o Order) (*Issued, error) {
	op, profiles := officer.Issue, ca.profiles()
	if p := profiles[o.Profile]; p != nil {
		op = p.operation(op)
	}
	actor, err := ca.cfg.Check(ctx, op)
	if err != nil {
		return nil, err
	}
	p, err := ca.planIssue(o, profiles, actor)
	if err != nil {
		return ca.doneBefore(ctx, o.Application, func() (string, error) { return ca.digestIssue(&o, profiles[o.Profile]) }, err)
	}
	return ca.carryOut(ctx, p, actor)
}

// doneBefore answers an order that was carried out under an earlier version of its
// profile and that today's refuses: asking again gives the same. why is the refusal.
func (ca *CA) doneBefore(ctx context.Context, application string, sum func() (string, error), why error) (*Issued, error) {
	found, err := ca.readOrder(ctx, application)
	if err != nil {
		return nil, why
	}
	if asked, err := sum(); err != nil || asked != found.digest {
		return nil, why
	}
	return ca.finish(ctx, found)
}

// carryOut walks an order through the steps of design.md §3.2. Each step leaves
// something a retry or a restart can go on from, and nothing is signed that was
// not stored before.
func (ca *CA) carryOut(ctx context.Context, p *plan, actor pki.Actor) (*Issued, error) {
	now, err := ca.tick()
	if err != nil {
		return nil, err
	}
	if err := p.issuer.valid(now); err != nil {
		return nil, err
	}
	// 1. Serials drawn, the signing half built and linted, and what the database knows
	//    asked: an order that cannot be carried out leaves nothing, here or elsewhere.
	found, err := ca.begin(ctx, p, now)
	if pki.KindOf(err) == pki.Invalid {
		return ca.doneBefore(ctx, p.row.application, func() (string, error) { return p.row.digest, nil }, err)
	}
	if err != nil {
		return nil, err
	}
	if found != nil {
		return ca.finish(ctx, found) // same bytes, whatever the clock says now
	}
	// 2. The encryption pair: the KMC gives the same one to the same application, and
	//    refuses a number that it knows.
	// 3. The encrypting half built and linted.
	// 4. In one commit: from here on the serials are this application's, the bytes to be
	//    signed are fixed, and the audit log says so.
	order, err := ca.store(ctx, p, now, actor)
	if err != nil {
		return nil, err
	}
	// 5. Sign, release both in one transaction with the journal.
	return ca.finish(ctx, order)
}

// begin draws the serials of an order and looks whether it can be carried out. If it
// was before, it is returned as stored.
func (ca *CA) begin(ctx context.Context, p *plan, now time.Time) (*storedOrder, error) {
	p.row.created = now
	if err := ca.draw(p, now); err != nil {
		return nil, err
	}
	if ca.unheard(&p.row) {
		return nil, nil
	}
	err := ca.ahead.Do(ctx, &p.row)
	if errors.Is(err, errExists) {
		return ca.storedBefore(ctx, p)
	}
	return nil, err
}

// draw gives an order fresh serials and builds its signing half under the first.
func (ca *CA) draw(p *plan, now time.Time) error {
	if err := ca.drawSerials(p); err != nil {
		return err
	}
	return ca.draft(p, now)
}

// numberTaken is how the KMC says that it knows a number as another pair's.
const numberTaken = "km.cert-no"

// maxDraws is how often serials are drawn that turn out to be taken.
const maxDraws = 4

// store gets the pair, makes the record of what will be signed, and stores it.
func (ca *CA) store(ctx context.Context, p *plan, now time.Time, actor pki.Actor) (*storedOrder, error) {
	for range maxDraws {
		order, err := ca.storeOnce(ctx, p, now, actor)
		if !errors.Is(err, errSerial) {
			ca.giveUp(ctx, p.unstored(), err)
			return order, err
		}
		ca.cfg.Log.Warn("a drawn serial was taken already; check the random source", "application", p.row.application)
		if err := ca.draw(p, now); err != nil {
			return nil, err
		}
	}
	return nil, pki.Errorf(pki.Unavailable, "serial.collision", "drawn serial numbers are taken already, several times in a row").
		To("the random source is broken; nothing was issued")
}

// unstored is an order with its pair as if it were stored.
func (p *plan) unstored() *storedOrder {
	o := &storedOrder{orderRow: p.row}
	for _, s := range p.row.serials {
		o.certs = append(o.certs, storedCert{serialRow: s})
	}
	return o
}

func (ca *CA) storeOnce(ctx context.Context, p *plan, now time.Time, actor pki.Actor) (*storedOrder, error) {
	if p.half != nil && p.row.serials[0].serial == p.row.serials[1].serial {
		return nil, errSerial
	}
	grant, err := ca.encryptionKey(ctx, p)
	if pki.CodeOf(err) == numberTaken {
		return nil, errSerial
	}
	if err != nil {
		return nil, err
	}
	in, err := ca.intend(p, grant, now, actor)
	if err != nil {
		return nil, err
	}
	return ca.storeIntent(ctx, p, in)
}

// storedBefore returns the stored order of an application that was ordered before.
func (ca *CA) storedBefore(ctx context.Context, p *plan) (*storedOrder, error) {
	found, err := ca.readOrder(ctx, p.row.application)
	if err == nil && found.digest != p.row.digest {
		err = pki.Errorf(pki.Conflict, "order.conflict", "application %s was ordered before with another content", p.row.application).
			To("an application is one order; give the changed order a name of its own")
	}
	return found, err
}

func (ca *CA) drawSerials(p *plan) error {
	p.row.serials = p.row.serials[:0]
	halves := []*Profile{p.profile}
	if p.half != nil {
		halves = append(halves, p.half)
	}
	for i, profile := range halves {
		serial, err := pki.NewSerialAt(ca.cfg.Random, ca.cfg.Now())
		if err != nil {
			return pki.Errorf(pki.Unavailable, "random.failed", "the random source does not answer").To("nothing was issued").Because(err)
		}
		row := serialRow{serial: serial, escrow: serial, profile: profile.Name, profileHash: profile.hash, role: single}
		if p.half != nil {
			row.role = []string{sign, encrypt}[i]
		}
		for _, old := range p.predecessors {
			if old.role == row.role || i == 0 && old.role != encrypt {
				row.previous = old.serial
				if p.encryptKey != nil {
					row.escrow = old.escrow // the key stays the one the KMC knows
				}
			}
		}
		p.row.serials = append(p.row.serials, row)
	}
	return nil
}

// encryptionKey gets the public key of the encryption certificate: kept, or new.
func (ca *CA) encryptionKey(ctx context.Context, p *plan) (*pki.KeyGrant, error) {
	if p.half == nil {
		return nil, nil
	}
	if !p.envelope {
		return &pki.KeyGrant{PublicKey: p.encryptKey}, nil
	}
	_, notAfter := p.validity(p.row.created)
	grant, err := ca.cfg.KMC.Generate(ctx, pki.KeyOrder{
		Application: p.row.application, CertNo: p.row.serials[1].serial, Suite: p.pairSuite, Recipient: p.recipient,
		Holder: p.row.holder, NotBefore: p.row.created, NotAfter: notAfter,
	})
	if err != nil {
		return nil, fmt.Errorf("getting the encryption pair: %w", err)
	}
	if grant.CertNo != p.row.serials[1].serial {
		return nil, pki.Errorf(pki.Internal, "kmc.answer", "the key management centre answered for another certificate")
	}
	return &grant, nil
}

func suiteOf(spki []byte) (pki.Suite, error) {
	public, err := pki.ParsePublicKey(spki)
	if err != nil {
		return "", err
	}
	return pki.SuiteOf(public)
}

// draft builds and lints the signing half under the serial drawn for it.
func (ca *CA) draft(p *plan, now time.Time) (err error) {
	if p.first, err = p.build(p.profile, p.row.serials[0].serial, p.signKey, now); err != nil {
		return err
	}
	return ca.lint(p.profile, p.first.tbs, nil, p.issuer)
}

// build fixes the bytes of one certificate of the order.
func (p *plan) build(profile *Profile, serial pki.Serial, spki []byte, now time.Time) (intended, error) {
	notBefore, notAfter := p.validity(now)
	tbs, err := blueprint{profile: profile, serial: serial, subject: p.encoded, altNames: p.altNames, values: p.values,
		spki: spki, notBefore: notBefore, notAfter: notAfter}.tbs(p.issuer)
	return intended{serial: serial, keyHash: pki.KeyHash(spki), subject: p.written, notBefore: notBefore, notAfter: notAfter,
		partition: p.issuer.partition(serial), tbs: tbs}, err
}

// intend makes the record of what will be signed, the encrypting half included.
func (ca *CA) intend(p *plan, grant *pki.KeyGrant, now time.Time, actor pki.Actor) (*intent, error) {
	in := &intent{order: &p.row, certs: []intended{p.first}, act: audit.Act{
		Actor: actor, Act: "certificate." + p.row.act, Object: p.row.application, Subject: p.row.holder, Result: audit.Done, At: now,
		Detail: map[string]string{"issuer": p.issuer.ID, "profile": p.profile.Name, "profile_hash": p.profile.hash},
	}}
	if p.row.decision != "" {
		in.act.Detail["decision"] = p.row.decision
	}
	if p.half != nil {
		second, err := p.build(p.half, p.row.serials[1].serial, grant.PublicKey, now)
		if err != nil {
			return nil, err
		}
		if p.envelope {
			second.envelope = &grant.Envelope
		}
		if err := ca.lint(p.half, second.tbs, p.first.tbs, p.issuer); err != nil {
			return nil, err
		}
		in.certs = append(in.certs, second)
	}
	for i := range in.certs {
		c := &in.certs[i]
		c.role = p.row.serials[i].role
		sum := sha256.Sum256(c.tbs)
		in.act.Detail[c.role] = string(c.serial) + " tbs sha256:" + hex.EncodeToString(sum[:])
	}
	return in, nil
}

// storeIntent stores what will be signed and returns the order as stored. If
// another request for the same application stored first, its bytes count.
func (ca *CA) storeIntent(ctx context.Context, p *plan, in *intent) (*storedOrder, error) {
	err := ca.writer.Do(ctx, &step{intend: in})
	if errors.Is(err, errExists) {
		return ca.storedBefore(ctx, p)
	}
	if err != nil {
		return nil, err
	}
	stored := &storedOrder{orderRow: p.row, asOf: in.asOf}
	for i, c := range in.certs {
		stored.certs = append(stored.certs, storedCert{serialRow: p.row.serials[i], keyHash: c.keyHash, subject: c.subject,
			notBefore: c.notBefore, notAfter: c.notAfter, partition: c.partition, tbs: c.tbs, envelope: c.envelope})
	}
	return stored, nil
}

// finish signs an order's stored bytes and releases the certificates. Of several
// that try at once one wins; the others answer what it released.
func (ca *CA) finish(ctx context.Context, o *storedOrder) (*Issued, error) {
	if o.issued() {
		return ca.answerLater(ctx, o)
	}
	issuer, err := ca.Issuer(o.issuer)
	if err != nil {
		return nil, err
	}
	done, err := ca.signAll(ctx, o, issuer)
	if err != nil {
		return nil, err
	}
	err = ca.writer.Do(ctx, &step{complete: done})
	if errors.Is(err, errSigned) {
		if o, err = ca.readOrder(ctx, o.application); err == nil {
			return ca.answerLater(ctx, o)
		}
	}
	if err != nil {
		ca.giveUp(ctx, o, err)
		return nil, fmt.Errorf("releasing the certificates of %s: %w", o.application, err)
	}
	for i := range o.certs {
		o.certs[i].signature = done.signatures[i].signature
	}
	if o.act == actReissue || o.act == actModify {
		ca.retirePredecessors(ctx, o)
	}
	return ca.answer(o)
}

// signAll makes the signatures and the journal entries that go with them. The
// bytes were stored by another transaction; only these are ever signed.
func (ca *CA) signAll(ctx context.Context, o *storedOrder, issuer *Issuer) (*completion, error) {
	now := ca.cfg.Now().UTC().Truncate(time.Second)
	done := &completion{application: o.application, keyHash: o.keyHash, asOf: o.asOf}
	for _, c := range o.certs {
		signature, err := issuer.Key.SignMessage(ca.cfg.Random, c.tbs, nil)
		if err != nil {
			return nil, pki.Errorf(pki.Unavailable, "issuer.sign", "the key of issuer %s does not sign", issuer.ID).
				To("check the key's device or file; ask again, the same certificate is made").Because(err)
		}
		done.signatures = append(done.signatures, released{c.role, signature})
		done.changes = append(done.changes, status.Change{Issuer: o.issuer, Serial: c.serial, Event: status.Issued, At: now,
			NotAfter: c.notAfter, Partition: c.partition})
	}
	switch {
	case o.act == actReissue && compromise(o.reason):
		done.replacing = o
	case o.act == actReissue, o.act == actModify:
		return done, ca.revokePredecessors(ctx, o, done)
	}
	return done, nil
}

// finishAll signs, at start, what a crash left stored and unsigned.
func (ca *CA) finishAll(ctx context.Context) error {
	applications, err := ca.unfinished(ctx)
	if err != nil {
		return err
	}
	for _, application := range applications {
		o, err := ca.readOrder(ctx, application)
		if err != nil {
			return err
		}
		if _, err := ca.finish(ctx, o); err != nil {
			// One bad order must not keep the CA from starting; a retry meets it again.
			ca.cfg.Log.Error("an order begun before the start could not be finished", "application", application, "error", err)
			continue
		}
		ca.cfg.Log.Info("finished an order begun before the start", "application", application)
	}
	return nil
}

// answer puts an issued order together for its applicant.
func (ca *CA) answer(o *storedOrder) (*Issued, error) {
	issuer, err := ca.Issuer(o.issuer)
	if err != nil {
		return nil, err
	}
	issued := &Issued{Application: o.application, Act: o.act, Form: o.form}
	for i := range o.certs {
		c := &o.certs[i]
		out := o.certificate(c, issuer.suite)
		if c.role == encrypt {
			issued.Encrypt, issued.Envelope = out, c.envelope
			if c.envelope != nil {
				issued.SealedTo = o.sealedTo
			}
			issued.Encrypt.Partner, issued.Sign.Partner = issued.Sign.Serial, out.Serial
		} else {
			issued.Sign = out
		}
	}
	issued.Chain = append(issued.Chain, issuer.Certificate.Raw)
	for _, above := range issuer.Chain {
		issued.Chain = append(issued.Chain, above.Raw)
	}
	return issued, nil
}

// certificate describes one certificate as just issued; Show adds its later state.
func (o *storedOrder) certificate(c *storedCert, suite pki.Suite) *Certificate {
	out := &Certificate{Issuer: o.issuer, Serial: c.serial, State: pki.Reserved, Role: c.role, Application: o.application,
		Act: o.act, Profile: c.profile, ProfileHash: c.profileHash, Kind: o.kind, Holder: o.holder, Subject: c.subject,
		NotBefore: c.notBefore, NotAfter: c.notAfter, Partition: c.partition, Previous: c.previous}
	if c.signature != nil {
		out.State, out.DER = pki.Valid, pki.Assemble(c.tbs, suite, c.signature)
	}
	return out
}
