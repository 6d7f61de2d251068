package ca

import (
	"context"

	"onecert/officer"
	"onecert/pki"
)

// Renew makes new certificates in the same keys with a new validity. The old ones
// stay good until they end by themselves; encryption history needs no recovery.
func (ca *CA) Renew(ctx context.Context, issuer string, serial pki.Serial, c Change) (*Issued, error) {
	return ca.follow(ctx, actRenew, issuer, serial, c)
}

// Modify makes new certificates in the same keys with other data and revokes the
// old ones in the same commit.
func (ca *CA) Modify(ctx context.Context, issuer string, serial pki.Serial, c Change) (*Issued, error) {
	return ca.follow(ctx, actModify, issuer, serial, c)
}

// Reissue replaces lost keys: a new signing key, a new encryption pair, the old
// certificates revoked in the same commit, and the old encryption keys sealed to
// the new signing key so that old files still open.
func (ca *CA) Reissue(ctx context.Context, issuer string, serial pki.Serial, c Change) (*Issued, error) {
	return ca.follow(ctx, actReissue, issuer, serial, c)
}

func operationOf(act string) officer.Operation {
	switch act {
	case actRenew:
		return officer.Renew
	case actModify:
		return officer.Modify
	}
	return officer.Reissue
}

func (ca *CA) follow(ctx context.Context, act, issuer string, serial pki.Serial, c Change) (*Issued, error) {
	op, profiles := operationOf(act), ca.profiles()
	old, err := ca.readOrderOf(ctx, issuer, serial)
	if err == nil {
		if p := profiles[old.profile]; p != nil {
			op = p.operation(op)
		}
	}
	actor, itself := ca.renewsItself(ctx, act, old)
	if !itself {
		var denied error
		if actor, denied = ca.cfg.Check(ctx, op); denied != nil {
			return nil, denied // before telling whether the certificate exists
		}
	}
	if err != nil {
		return nil, err
	}
	p, err := ca.planFollow(ctx, act, old, c, profiles, actor)
	if err != nil {
		return ca.doneBefore(ctx, c.Application, func() (string, error) { return digestFollow(act, old, c) }, err)
	}
	issued, err := ca.carryOut(ctx, p, actor)
	if err != nil {
		return nil, err
	}
	switch act {
	case actRenew:
		err = ca.letSucceed(ctx, old, issued, actor)
	case actReissue:
		err = ca.addHistory(ctx, issued, actor)
	}
	return issued, err
}

// renewsItself reports whether a site asks to renew the very certificate it came
// with: sites renew themselves at half their life, without anyone's act.
func (ca *CA) renewsItself(ctx context.Context, act string, old *storedOrder) (pki.Actor, bool) {
	actor, known := pki.ActorFrom(ctx)
	if !known || act != actRenew || old == nil || old.kind != Site || !old.issued() {
		return actor, false
	}
	return actor, ca.fingerprint(old) == actor.Certificate
}

// fingerprint is the SHA-256 in hex of an order's signing certificate, as officers
// are known by; "" if its issuer is configured no longer.
func (ca *CA) fingerprint(o *storedOrder) string {
	issuer, err := ca.Issuer(o.issuer)
	if err != nil {
		return ""
	}
	return pki.Fingerprint(pki.Assemble(o.certs[0].tbs, issuer.suite, o.certs[0].signature))
}

// letSucceed lets the renewed certificate of an officer or a site operate as the
// old one does.
func (ca *CA) letSucceed(ctx context.Context, old *storedOrder, issued *Issued, actor pki.Actor) error {
	if ca.cfg.Officers == nil || old.kind != Site && old.kind != Officer {
		return nil
	}
	_, err := ca.cfg.Officers.Succeed(pki.WithActor(ctx, actor), ca.fingerprint(old), issued.Sign.DER)
	if pki.KindOf(err) == pki.Unknown {
		return nil // it never operated this CA
	}
	return err
}

// planFollow understands an order for a successor of an issued certificate.
func (ca *CA) planFollow(ctx context.Context, act string, old *storedOrder, c Change, profiles Profiles, actor pki.Actor) (*plan, error) {
	if err := checkApplication(c.Application); err != nil {
		return nil, err
	}
	state, err := ca.followable(ctx, act, old, c.Application)
	if err != nil {
		return nil, err
	}
	profile, err := profiles.orderable(old.profile)
	if err != nil {
		return nil, err
	}
	issuer, err := ca.Issuer(old.issuer)
	if err != nil {
		return nil, err
	}
	sum, err := digestFollow(act, old, c)
	if err != nil {
		return nil, err
	}
	reason, err := followReason(act, c.Reason)
	if err != nil {
		return nil, err
	}
	p := &plan{profiles: profiles, profile: profile, issuer: issuer, days: c.Days, predecessors: old.certs}
	p.row = orderRow{application: c.Application, act: act, digest: sum, holder: old.holder, predecessor: old.lineage(old.issuer), reason: reason,
		// What is good or held is being followed; anything else could be a second one.
		onePerHolder: profile.OnePerHolder && state != pki.Valid && state != pki.Held}
	suite, err := ca.inherit(p, act, old, c)
	if err != nil {
		return nil, err
	}
	subject := p.subject
	if len(c.Subject) > 0 {
		subject = c.Subject
	}
	return p, ca.complete(p, subject, suite, actor)
}

func digestFollow(act string, old *storedOrder, c Change) (string, error) {
	return digest(act, old.issuer+"/"+string(old.certs[0].serial), c)
}

// inherit takes keys, names and values over from the old certificates, or from the
// new request where the act brings one.
func (ca *CA) inherit(p *plan, act string, old *storedOrder, c Change) (pki.Suite, error) {
	kept, err := readIssued(old.half(sign).tbs, p.profile)
	if err != nil {
		return "", err
	}
	if act != actModify && (len(c.Subject) > 0 || len(c.AltNames) > 0 || len(c.Values) > 0) {
		return "", pki.Errorf(pki.Invalid, "change.data", "%s does not change the certificate's data", act).To("use modify")
	}
	if (act == actReissue) != (len(c.Request) > 0) {
		return "", pki.Errorf(pki.Invalid, "change.request", "a request of a new key goes with re-issue and with nothing else").
			To("give a request to re-issue; renew and modify keep the key")
	}
	p.subject, p.altNames, p.values = kept.subject, kept.altNames, kept.values
	if len(c.AltNames) > 0 {
		p.altNames = c.AltNames
	}
	for name, value := range c.Values {
		p.values[name] = value
	}
	p.signKey, p.row.keyHash = kept.spki, pki.KeyHash(kept.spki)
	if second := old.half(encrypt); second != nil {
		p.half = p.profiles[p.profile.Pair.Profile]
		half, err := readIssued(second.tbs, p.half)
		if err != nil {
			return "", err
		}
		p.encryptKey = half.spki
	}
	if act != actReissue {
		return suiteOf(p.signKey)
	}
	return ca.inheritRequest(p, old, c)
}

func (ca *CA) inheritRequest(p *plan, old *storedOrder, c Change) (pki.Suite, error) {
	request, err := pki.ParseRequest(c.Request, p.profile.DoubleHashRequests)
	if err != nil {
		return "", err
	}
	if request.Suite.Family() != old.family {
		return "", pki.Errorf(pki.Invalid, "issuer.family", "the certificate is %s, the new request's key is %s", old.family, request.Suite.Family()).
			To("make a request with a key of the same family")
	}
	if pki.KeyHash(request.SPKI) == old.keyHash {
		return "", pki.Errorf(pki.Invalid, "change.same-key", "the request is made with the old key").
			To("make a new key; to keep the key use renew")
	}
	p.signKey, p.encryptKey = request.SPKI, nil
	p.takeRequest(request)
	return request.Suite, nil
}

// followable refuses successors of what is not there any more and second ones of
// the same certificate, and returns the state. Expired certificates may be renewed
// and re-issued: the vetting stands with the registration.
func (ca *CA) followable(ctx context.Context, act string, old *storedOrder, application string) (pki.State, error) {
	if !old.issued() {
		return "", pki.Errorf(pki.Conflict, "certificate.reserved", "the certificate is not issued yet").To("finish its order %s first", old.application)
	}
	followers, err := ca.followers(ctx, old)
	if err != nil {
		return "", err
	}
	for _, f := range followers {
		if f.application == application {
			return pki.Valid, nil // asked again; the states have changed by the first time
		}
		live, err := ca.live(ctx, f.issuer, f.serial, f.created)
		if err != nil {
			return "", err
		}
		if live {
			return "", pki.Errorf(pki.Conflict, "certificate.followed", "the certificate was already followed under application %s", f.application).
				To("%s the newer one instead", act)
		}
	}
	record, err := ca.recordOf(ctx, old.issuer, old.certs[0].serial)
	if err != nil {
		return "", err
	}
	state := record.State.At(ca.cfg.Now(), record.NotAfter)
	allowed := state == pki.Valid || state == pki.Expired && act != actModify ||
		act == actReissue && (state == pki.Held || state == pki.Revoked)
	if !allowed {
		return "", pki.Errorf(pki.Conflict, "certificate.state", "a certificate that is %s cannot be followed by %s", state, act).
			To("release it first if it is held; a revoked one can be re-issued with a new key")
	}
	return state, nil
}

func followReason(act, text string) (pki.Reason, error) {
	if act == actRenew {
		if text != "" {
			return 0, pki.Errorf(pki.Invalid, "change.reason", "renewing revokes nothing, so it takes no reason").To("leave the reason out")
		}
		return 0, nil
	}
	if text == "" {
		return pki.Superseded, nil
	}
	return pki.ParseReason(text)
}
