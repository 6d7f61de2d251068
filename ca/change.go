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
	op := operationOf(act)
	old, err := ca.readOrderOf(ctx, issuer, serial)
	if err == nil {
		if p := ca.cfg.Profiles[old.profile]; p != nil {
			op = p.operation(op)
		}
	}
	actor, denied := ca.cfg.Check(ctx, op)
	if denied != nil {
		return nil, denied // before telling whether the certificate exists
	}
	if err != nil {
		return nil, err
	}
	p, err := ca.planFollow(ctx, act, old, c, actor)
	if err != nil {
		return nil, err
	}
	return ca.carryOut(ctx, p, actor)
}

// planFollow understands an order for a successor of an issued certificate.
func (ca *CA) planFollow(ctx context.Context, act string, old *storedOrder, c Change, actor pki.Actor) (*plan, error) {
	if err := checkApplication(c.Application); err != nil {
		return nil, err
	}
	state, err := ca.followable(ctx, act, old, c.Application)
	if err != nil {
		return nil, err
	}
	profile, err := ca.orderable(old.profile)
	if err != nil {
		return nil, err
	}
	issuer, err := ca.Issuer(old.issuer)
	if err != nil {
		return nil, err
	}
	sum, err := digest(act, old.issuer+"/"+string(old.certs[0].serial), c)
	if err != nil {
		return nil, err
	}
	reason, err := followReason(act, c.Reason)
	if err != nil {
		return nil, err
	}
	p := &plan{profile: profile, issuer: issuer, days: c.Days, predecessors: old.certs}
	p.row = orderRow{application: c.Application, act: act, digest: sum, holder: old.holder, predecessor: old.certs[0].serial, reason: reason,
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
		p.half = ca.cfg.Profiles[p.profile.Pair.Profile]
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
		live, err := ca.live(ctx, old.issuer, f.serial, f.created)
		if err != nil {
			return "", err
		}
		if live {
			return "", pki.Errorf(pki.Conflict, "certificate.followed", "the certificate was already followed under application %s", f.application).
				To("%s the newer one instead", act)
		}
	}
	record, err := ca.cfg.Status.Record(ctx, old.issuer, old.certs[0].serial)
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
