package ca

import (
	"context"
	"slices"

	"onecert/audit"
	"onecert/officer"
	"onecert/pki"
)

// SigningCentre is what the CA needs of the key management centre where it makes
// signing keys for holders: the object itself in one process, its client across the
// network. The CA passes on what it is asked and keeps nothing of it.
type SigningCentre interface {
	MakeSigning(ctx context.Context, order pki.SigningOrder) (pki.SigningRequest, error)
	SigningPassword(ctx context.Context, order pki.PasswordOrder) (pki.Password, error)
	Package(ctx context.Context, order pki.PackageOrder) (pki.Package, error)
	EndSigning(ctx context.Context, end pki.SigningEnd) error
}

// HolderKeyOrder asks for a signing key made by the key management centre.
type HolderKeyOrder struct {
	Application string    `json:"application" pattern:"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$" doc:"the order's name; the certificate is ordered under the same"`
	Profile     string    `json:"profile" maxLength:"41" doc:"it has to allow keys made at the centre"`
	Suite       pki.Suite `json:"suite" enum:"sm2,rsa2048,rsa3072,rsa4096,p256,p384"`
	Holder      string    `json:"holder,omitempty" maxLength:"64" doc:"holder id; may be left out where the profile's orders may"`
	Subject     pki.Name  `json:"subject,omitempty" maxItems:"32" doc:"of the request; empty: the application as CN"`
	Ticket      []byte    `json:"ticket" minLength:"44" maxLength:"88" doc:"32 to 64 random octets, base64: keep them sealed, bring them to have the key packaged, then delete them"`
}

// HolderPassword asks for the password a holder's key will be packaged under.
type HolderPassword struct {
	Nonce     []byte `json:"nonce" minLength:"44" maxLength:"88" doc:"32 to 64 random octets, base64: the same again within 15 minutes gives the same password, for an answer that was lost"`
	Recipient []byte `json:"recipient,omitempty" maxLength:"2732" doc:"SubjectPublicKeyInfo, base64: the password comes sealed to this key instead of in clear"`
}

// HolderPackage asks for a holder's key with its certificates, under the password.
type HolderPackage struct {
	Form      string         `json:"form" enum:"pkcs12,pkcs12-sm,envelope"`
	Ticket    []byte         `json:"ticket" minLength:"44" maxLength:"88" doc:"the one the key was ordered with"`
	Transport *pki.Transport `json:"transport,omitempty" doc:"form envelope: the key of the holder's program to seal to"`
}

// HolderKeyEnd ends a key that will not be needed, or the time in which its package
// could be fetched again.
type HolderKeyEnd struct {
	Reason string `json:"reason" minLength:"1" maxLength:"1000"`
}

// MakeHolderKey has the key management centre make a signing key and returns the
// request for its certificate, to be ordered like any other. Asked again with the same
// order it gives the same request. Errors: order.application, profile.unknown,
// profile.server-key, profile.suite, holder.…, kmc.none, those of the centre.
func (ca *CA) MakeHolderKey(ctx context.Context, o HolderKeyOrder) (*pki.SigningRequest, error) {
	actor, err := ca.cfg.Check(ctx, officer.MakeHolderKey)
	if err != nil {
		return nil, err
	}
	if err := checkApplication(o.Application); err != nil {
		return nil, err
	}
	act := ca.holderKeyAct(actor, officer.MakeHolderKey, o.Application)
	act.Subject, act.Detail["profile"], act.Detail["suite"] = o.Holder, o.Profile, string(o.Suite)
	if o.Holder, err = ca.mayMakeKey(o); err != nil {
		return nil, ca.refuse(ctx, act, err)
	}
	made, err := ca.cfg.Signing.MakeSigning(ctx, pki.SigningOrder{Application: o.Application, Suite: o.Suite, Holder: o.Holder,
		Subject: o.Subject, Ticket: o.Ticket, AskedBy: actor.Name})
	if err != nil {
		return nil, err
	}
	return &made, ca.cfg.Audit.Record(ctx, act)
}

// mayMakeKey judges an order by its profile and returns the holder as the CA names
// them.
func (ca *CA) mayMakeKey(o HolderKeyOrder) (holder string, err error) {
	p, err := ca.profiles().orderable(o.Profile)
	if err != nil {
		return "", err
	}
	if err := ca.serverKey(p); err != nil {
		return "", err
	}
	if !contains(p.Suites, o.Suite) {
		return "", pki.Errorf(pki.Invalid, "profile.suite", "profile %s does not take %s keys", p.Name, o.Suite).To("use one of %v", p.Suites)
	}
	return ca.holderOf(Order{Holder: o.Holder}, p)
}

// serverKey refuses a profile whose keys are their holders' to make.
func (ca *CA) serverKey(p *Profile) error {
	if !p.ServerKey {
		return pki.Errorf(pki.Forbidden, "profile.server-key", "profile %s does not allow signing keys made at the key management centre", p.Name).
			To("have the holder make the key and send its request; or have two administrators change the profile (server_key)")
	}
	if ca.cfg.Signing == nil {
		return pki.Errorf(pki.Unavailable, "kmc.none", "this CA has no key management centre that makes signing keys").To("configure kmc")
	}
	return nil
}

// HolderKeyPassword gives the password a holder's key will be packaged under, once: it
// is the one secret of the package and goes to the holder by another way than the file.
// Errors: order.…, profile.server-key, profile.server-key-letter, holder-key.state,
// kmc.none, those of the centre.
func (ca *CA) HolderKeyPassword(ctx context.Context, application string, o HolderPassword) (*pki.Password, error) {
	h, err := ca.holderKey(ctx, officer.ShowHolderPassword, application)
	if err != nil {
		return nil, err
	}
	if h.profile.ServerKeyLetter && isSite(h.actor) {
		return nil, ca.refuse(ctx, h.act, pki.Errorf(pki.Forbidden, "profile.server-key-letter",
			"profile %s gives the password of a key to the holder by the centre's letter only", h.profile.Name).
			To("have an issuer at the centre print the letter ('onecert ca holder-key letter')"))
	}
	password, err := ca.cfg.Signing.SigningPassword(ctx, pki.PasswordOrder{Application: application, Nonce: o.Nonce, Recipient: o.Recipient,
		AskedBy: h.actor.Name, SameAsker: isSite(h.actor)})
	if err != nil {
		return nil, err
	}
	return &password, ca.cfg.Audit.Record(ctx, h.act)
}

// PackageHolderKey has a holder's key packaged with the certificates that were issued
// for its application, under the password given before. With it the key leaves the
// platform: the same order gives the same package for a while, then nobody has it.
// Errors: order.…, profile.server-key, holder-key.state, kmc.none, those of the centre.
func (ca *CA) PackageHolderKey(ctx context.Context, application string, o HolderPackage) (*pki.Package, error) {
	h, err := ca.holderKey(ctx, officer.PackageHolderKey, application)
	if err != nil {
		return nil, err
	}
	h.act.Detail["form"] = o.Form
	order := pki.PackageOrder{Application: application, Form: o.Form, Ticket: o.Ticket, Transport: o.Transport,
		Certificate: h.issued.Sign.DER, Chain: h.issued.Chain, AskedBy: h.actor.Name}
	if h.issued.Encrypt != nil {
		order.Encryption = h.issued.Encrypt.DER
	}
	packed, err := ca.cfg.Signing.Package(ctx, order)
	if err != nil {
		return nil, err
	}
	return &packed, ca.cfg.Audit.Record(ctx, h.act)
}

// EndHolderKey wipes a holder's key that was not packaged, because the application came
// to nothing, or ends the time in which its package could be fetched again. Asked again
// it changes nothing. Errors: order.application, kmc.none, those of the centre.
func (ca *CA) EndHolderKey(ctx context.Context, application string, end HolderKeyEnd) error {
	actor, err := ca.cfg.Check(ctx, officer.EndHolderKey)
	if err != nil {
		return err
	}
	if err := checkApplication(application); err != nil {
		return err
	}
	if ca.cfg.Signing == nil {
		return pki.Errorf(pki.Unavailable, "kmc.none", "this CA has no key management centre that makes signing keys").To("configure kmc")
	}
	if err := ca.cfg.Signing.EndSigning(ctx, pki.SigningEnd{Application: application, Reason: end.Reason, AskedBy: actor.Name, SameAsker: isSite(actor)}); err != nil {
		return err
	}
	act := ca.holderKeyAct(actor, officer.EndHolderKey, application)
	act.Detail["reason"] = end.Reason
	return ca.cfg.Audit.Record(ctx, act)
}

// isSite tells an office from the hand at the centre: an office acts for its own
// applications only, which the centre holds against who had the key made.
func isSite(actor pki.Actor) bool { return slices.Contains(actor.Roles, officer.Site) }

// holderKey is an application whose certificate is there, for its key to be handed out.
type holderKey struct {
	actor   pki.Actor
	profile *Profile // as it is now: what was switched off since stays with the centre
	issued  *Issued
	act     audit.Act
}

func (ca *CA) holderKey(ctx context.Context, op officer.Operation, application string) (*holderKey, error) {
	actor, err := ca.cfg.Check(ctx, op)
	if err != nil {
		return nil, err
	}
	if err := checkApplication(application); err != nil {
		return nil, err
	}
	o, err := ca.readOrder(ctx, application)
	if err != nil {
		return nil, err
	}
	h := &holderKey{actor: actor, act: ca.holderKeyAct(actor, op, application)}
	h.act.Subject = o.holder
	if h.profile, err = ca.profiles().orderable(o.profile); err != nil {
		return nil, err
	}
	if err := ca.serverKey(h.profile); err != nil {
		return nil, ca.refuse(ctx, h.act, err)
	}
	if !o.issued() {
		return nil, pki.Errorf(pki.Conflict, "order.unfinished", "application %s is reserved and not issued yet", application).
			To("order it again with the same content; it goes on where it stopped")
	}
	if h.issued, err = ca.answerLater(ctx, o); err != nil {
		return nil, err
	}
	if state := h.issued.Sign.State; state != pki.Valid {
		return nil, ca.refuse(ctx, h.act, pki.Errorf(pki.Conflict, "holder-key.state", "the certificate of application %s is %s, so its key is not handed out", application, state).
			To("release the certificate if it is held, or order anew"))
	}
	return h, nil
}

func (ca *CA) holderKeyAct(actor pki.Actor, op officer.Operation, application string) audit.Act {
	return audit.Act{Actor: actor, Act: string(op), Object: application, Result: audit.Done, Detail: map[string]string{}, At: ca.cfg.Now()}
}

// refuse enters in the log what was refused, and returns why.
func (ca *CA) refuse(ctx context.Context, act audit.Act, why error) error {
	act.Result, act.Detail["code"] = audit.Refused, pki.CodeOf(why)
	if err := ca.cfg.Audit.Record(ctx, act); err != nil {
		return err
	}
	return why
}
