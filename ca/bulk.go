package ca

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"onecert/officer"
	"onecert/pki"
)

// Bulk is an order for many at once: what its request and the key management centre
// would have given is known beforehand. It is how a database of a country's size is
// made for measuring (bench), and no API and no command reaches it.
type Bulk struct {
	Application, Profile, Holder string
	Subject                      pki.Name
	Key                          []byte       // SPKI of the holder's signing key; whoever calls knows that it is the holder's
	Pair                         pki.KeyGrant // where the profile makes a pair
}

// BulkReady is an order understood, its certificates built, linted and signed, and
// nothing of it stored.
type BulkReady struct{ steps [2]*step }

// Prepare makes the certificates of a new order. It may be called by several at once.
func (ca *CA) Prepare(ctx context.Context, b Bulk) (*BulkReady, error) {
	actor, err := ca.cfg.Check(ctx, officer.Issue)
	if err != nil {
		return nil, err
	}
	now, err := ca.tick()
	if err != nil {
		return nil, err
	}
	p, err := ca.planBulk(b, actor)
	if err != nil {
		return nil, err
	}
	p.row.created = now
	if err := ca.draw(p, now); err != nil {
		return nil, err
	}
	in, err := ca.intend(p, &b.Pair, now, actor)
	if err != nil {
		return nil, err
	}
	o := &storedOrder{orderRow: p.row, asOf: ca.compromises.known.Load()}
	for i, c := range in.certs {
		o.certs = append(o.certs, storedCert{serialRow: p.row.serials[i], notAfter: c.notAfter, partition: c.partition, tbs: c.tbs})
	}
	done, err := ca.signAll(ctx, o, p.issuer)
	if err != nil {
		return nil, err
	}
	return &BulkReady{[2]*step{{intend: in}, {complete: done}}}, nil
}

func (ca *CA) planBulk(b Bulk, actor pki.Actor) (*plan, error) {
	profiles := ca.profiles()
	profile, err := profiles.orderable(b.Profile)
	if err != nil {
		return nil, err
	}
	suite, err := suiteOf(b.Key)
	if err != nil {
		return nil, err
	}
	order := Order{Application: b.Application, Profile: b.Profile, Holder: b.Holder, Subject: b.Subject}
	if err := checkApplication(order.Application); err != nil {
		return nil, err
	}
	sum, err := ca.digestIssue(&order, profile)
	if err != nil {
		return nil, err
	}
	p := &plan{profiles: profiles, profile: profile, signKey: b.Key}
	p.row = orderRow{application: b.Application, act: actIssue, digest: sum, holder: b.Holder, onePerHolder: profile.OnePerHolder}
	if p.issuer, err = ca.issuerFor("", suite); err != nil {
		return nil, err
	}
	if err := ca.planPair(p, false, suite); err != nil {
		return nil, err
	}
	p.takeRequest(&pki.Request{SPKI: b.Key, Suite: suite, Form: pki.Standard})
	return p, ca.complete(p, b.Subject, suite, actor)
}

// Load stores prepared orders with one commit: all of them, or none and an error.
// The same checks are made as of any order, and the same rows are left.
func (ca *CA) Load(ctx context.Context, ready []*BulkReady) error {
	var steps []*step
	for _, r := range ready {
		steps = append(steps, r.steps[:]...)
	}
	ca.compromises.Lock()
	defer ca.compromises.Unlock()
	err := ca.tx(ctx, func(tx *sql.Tx) error {
		errs := make([]error, len(steps))
		return errors.Join(ca.writeTogether(ctx, tx, steps, errs), errors.Join(errs...))
	})
	ca.note(steps)
	if err != nil {
		return fmt.Errorf("storing orders: %w", err)
	}
	ca.cfg.Status.Wake()
	return nil
}

// Serials are those the order's certificates will have.
func (r *BulkReady) Serials() []pki.Serial {
	var all []pki.Serial
	for _, s := range r.steps[0].intend.order.serials {
		all = append(all, s.serial)
	}
	return all
}
