package ca

import (
	"slices"
	"time"

	"onecert/officer"
	"onecert/pki"
)

// plan is an order understood: checked against its profile, with everything the
// flow needs and nothing stored yet.
type plan struct {
	row          orderRow
	issuer       *Issuer
	profiles     Profiles // in effect when the order came; it keeps to them
	profile      *Profile // of the certificate, or of the signing half
	half         *Profile // of the encrypting half; nil without a pair
	subject      pki.Name
	encoded      []byte // subject in DER
	written      string // subject for people
	altNames     []pki.AltName
	values       map[string]string
	days         int
	until        time.Time    // when it ends, if that is given; days do not count then
	signKey      []byte       // SPKI
	encryptKey   []byte       // SPKI that is kept; nil: a new pair from the KMC
	envelope     bool         // a new pair: its private key is sealed to recipient
	recipient    []byte       // SPKI
	pairSuite    pki.Suite    // of the new pair: that of the signing key
	predecessors []storedCert // the certificates this order follows
	first        intended     // the signing half, built and linted before anything is stored
}

// operation is what the actor must be allowed to do for an order of this profile.
func (p *Profile) operation(act officer.Operation) officer.Operation {
	return p.Kind.operation(act)
}

// operation is what the actor must be allowed to do with certificates of a kind: who
// operates is the security administrator's to decide, and what the platform's own
// machines need is theirs to ask for, anew each time: they follow up nothing.
func (k Kind) operation(act officer.Operation) officer.Operation {
	switch {
	case k == Officer, k == Site:
		return officer.IssueOfficer
	case k == OCSP && act == officer.Issue:
		return officer.IssueResponder
	case k == Canary && (act == officer.Issue || act == officer.Revoke):
		return officer.IssueCanary
	}
	return act
}

// asNode leaves a node of status no choice in what it orders: the certificate is named
// after the issuer and the node, lives as long as the profile says, and has nothing
// else in it. Whoever takes a node over gets no name to deceive with.
func (p *plan) asNode(actor pki.Actor) (pki.Name, error) {
	if p.days != 0 {
		return nil, pki.Errorf(pki.Forbidden, "order.node", "a node does not say how long its certificates live").To("leave days out")
	}
	p.altNames, p.values = nil, nil
	issuer, err := pki.NameOf(p.issuer.Certificate.RawSubject)
	if err != nil {
		return nil, err
	}
	unit := issuer.Get("O")
	if unit == "" {
		unit = "OneCert"
	}
	return pki.Name{{Type: "C", Value: "CN"}, {Type: "O", Value: unit}, {Type: "CN", Value: p.profile.Name + " " + actor.Name}}, nil
}

// orderable returns a profile that can be ordered by itself.
func (all Profiles) orderable(name string) (*Profile, error) {
	p := all[name]
	switch {
	case p == nil:
		return nil, pki.Errorf(pki.Invalid, "profile.unknown", "there is no profile %.41q", name).To("'onecert ca profiles' lists them")
	case p.HalfOf != "":
		return nil, pki.Errorf(pki.Invalid, "profile.half", "profile %s is the encrypting half of %s and is not ordered by itself", name, p.HalfOf).
			To("order %s", p.HalfOf)
	case p.CA:
		return nil, pki.Errorf(pki.Invalid, "profile.ceremony", "CA certificates are made in a ceremony, not ordered").
			To("use 'onecert ceremony run', or 'onecert ca init' for the first hierarchy")
	}
	return p, nil
}

// planIssue understands an order for a new certificate or pair.
func (ca *CA) planIssue(o Order, profiles Profiles, actor pki.Actor) (*plan, error) {
	if err := checkApplication(o.Application); err != nil {
		return nil, err
	}
	profile, err := profiles.orderable(o.Profile)
	if err != nil {
		return nil, err
	}
	request, err := pki.ParseRequest(o.Request, profile.DoubleHashRequests)
	if err != nil {
		return nil, err
	}
	if err := refuseIdentity("decision", o.Decision); err != nil {
		return nil, err
	}
	sum, err := ca.digestIssue(&o, profile)
	if err != nil {
		return nil, err
	}
	if o.Holder == "" {
		o.Holder = "key:" + pki.KeyHash(request.SPKI)[:32]
	}
	p := &plan{profiles: profiles, profile: profile, altNames: o.AltNames, values: o.Values, days: o.Days, signKey: request.SPKI}
	p.row = orderRow{application: o.Application, act: actIssue, digest: sum, holder: o.Holder, decision: o.Decision,
		onePerHolder: profile.OnePerHolder && o.Decision == ""}
	if len(p.altNames) == 0 {
		p.altNames = request.AltNames
	}
	subject := o.Subject
	if len(subject) == 0 {
		if subject, err = pki.NameOf(request.Subject); err != nil {
			return nil, err
		}
	}
	if p.issuer, err = ca.issuerFor(o.Issuer, request.Suite); err != nil {
		return nil, err
	}
	if slices.Contains(actor.Roles, officer.Node) {
		if subject, err = p.asNode(actor); err != nil {
			return nil, err
		}
	}
	if err := ca.planPair(p, o.Single, request.Suite); err != nil {
		return nil, err
	}
	p.takeRequest(request)
	return p, ca.complete(p, subject, request.Suite, actor)
}

// digestIssue puts the holder id in the place of the identity, so that from here on
// only the hash exists, and names the order's content.
func (ca *CA) digestIssue(o *Order, p *Profile) (sum string, err error) {
	if p == nil {
		return "", pki.Errorf(pki.Invalid, "profile.unknown", "there is no profile %.41q", o.Profile)
	}
	if o.Holder, err = ca.holderOf(*o, p); err != nil {
		return "", err
	}
	o.Identity = nil
	return digest(actIssue, "", *o)
}

// takeRequest records how the request was signed and who can open the envelope:
// the signing key, or the temporary key of CFCA's dialect.
func (p *plan) takeRequest(request *pki.Request) {
	p.row.form, p.row.keyHash = request.Form, pki.KeyHash(request.SPKI)
	if p.half == nil {
		return
	}
	p.envelope, p.recipient, p.row.sealedTo, p.pairSuite = true, request.SPKI, "signing-key", request.Suite
	if request.TemporaryKey != nil {
		if spki, err := pki.MarshalPublicKey(request.TemporaryKey); err == nil {
			p.recipient, p.row.sealedTo = spki, "temporary-key"
		}
	}
}

func (ca *CA) planPair(p *plan, wantSingle bool, suite pki.Suite) error {
	if !p.profile.pairs(suite) {
		return nil
	}
	if wantSingle {
		if !p.profile.Pair.Optional {
			return pki.Errorf(pki.Invalid, "order.single", "profile %s always makes a dual certificate", p.profile.Name).To("leave single out")
		}
		return nil
	}
	p.half = p.profiles[p.profile.Pair.Profile]
	if ca.cfg.KMC == nil {
		return pki.Errorf(pki.Unavailable, "kmc.none", "this CA has no key management centre, which a dual certificate needs").
			To("configure kmc, or order the signing certificate alone (single)")
	}
	return nil
}

// complete checks subject and names against the profile and fills in the row.
func (ca *CA) complete(p *plan, subject pki.Name, suite pki.Suite, actor pki.Actor) error {
	if !contains(p.profile.Suites, suite) {
		return pki.Errorf(pki.Invalid, "profile.suite", "profile %s does not take %s keys", p.profile.Name, suite).
			To("use one of %v", p.profile.Suites)
	}
	var err error
	if p.subject, err = p.profile.compose(subject, p.row.holder); err != nil {
		return err
	}
	if p.encoded, err = p.subject.DER(); err != nil {
		return err
	}
	p.written = p.subject.String()
	if err := p.profile.altNames(p.altNames); err != nil {
		return err
	}
	if err := refuseCanary(p.issuer, p.profile); err != nil {
		return err
	}
	if p.days > p.profile.Validity.MaxDays {
		return pki.Errorf(pki.Invalid, "order.days", "%d days are more than the %d profile %s allows", p.days, p.profile.Validity.MaxDays, p.profile.Name).
			To("order fewer days, or leave them out for the profile's %d", p.profile.Validity.Days)
	}
	if p.days == 0 {
		p.days = p.profile.Validity.Days
	}
	p.row.issuer, p.row.profile, p.row.kind, p.row.family = p.issuer.ID, p.profile.Name, p.profile.Kind, p.issuer.suite.Family()
	p.row.spelling, p.row.actor = spelling(p.subject), actor.Name
	if p.row.kind == Person || p.row.kind == Organisation {
		p.row.skeleton, p.row.lookAlikes = skeleton(p.subject), true
	}
	return nil
}

func contains(suites []pki.Suite, suite pki.Suite) bool {
	for _, s := range suites {
		if s == suite {
			return true
		}
	}
	return false
}

const maxHolder = 64

// holderOf returns the holder id of an order: the hash of its identity, or what the
// registration gave. People and organisations must have one; a device without one
// is known by its public key.
func (ca *CA) holderOf(o Order, p *Profile) (string, error) {
	if o.Identity != nil {
		if o.Holder != "" {
			return "", pki.Errorf(pki.Invalid, "holder.both", "the order has a holder id and an identity").To("give one of them")
		}
		return ca.HolderID(*o.Identity)
	}
	if o.Holder == "" {
		if p.Kind == Person || p.Kind == Organisation {
			return "", pki.Errorf(pki.Invalid, "holder.missing", "the order names no holder").
				To("give the holder id from the registration, or the identity it is made from")
		}
		return "", nil // planIssue names it by its key
	}
	if len(o.Holder) > maxHolder || !holderForm.MatchString(o.Holder) {
		return "", pki.Errorf(pki.Invalid, "holder.form", "the holder id is not 1 to %d letters, digits, '.', ':' or '-'", maxHolder).
			To("never give an identity number in clear: use identity, which is hashed")
	}
	if looksLikeIdentity(o.Holder) {
		return "", pki.Errorf(pki.Invalid, "holder.clear", "the holder id looks like an identity number in clear").
			To("use identity, which is hashed; an issued certificate cannot be taken back")
	}
	return o.Holder, nil
}

// validity returns when the certificate begins and ends: never after its issuer.
func (p *plan) validity(now time.Time) (notBefore, notAfter time.Time) {
	notBefore, notAfter = now.Add(-backdate), now.AddDate(0, 0, p.days).Add(time.Duration(p.profile.Validity.Minutes)*time.Minute)
	if !p.until.IsZero() {
		notAfter = p.until
	}
	if end := p.issuer.Certificate.NotAfter; notAfter.After(end) {
		notAfter = end
	}
	if begin := p.issuer.Certificate.NotBefore; notBefore.Before(begin) {
		notBefore = begin
	}
	return notBefore, notAfter
}
