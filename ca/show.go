package ca

import (
	"context"
	"time"

	"onecert/officer"
	"onecert/pki"
	"onecert/status"
)

// Show returns a certificate with its state now.
func (ca *CA) Show(ctx context.Context, issuer string, serial pki.Serial) (*Certificate, error) {
	if _, err := ca.cfg.Check(ctx, officer.Read); err != nil {
		return nil, err
	}
	o, err := ca.readOrderOf(ctx, issuer, serial)
	if err != nil {
		return nil, err
	}
	return ca.show(ctx, o, serial)
}

// Moment is a certificate's state at a moment with the journal entry that proves
// it (features H16).
type Moment struct {
	At    time.Time    `json:"at"`
	State pki.State    `json:"state"`
	Entry status.Entry `json:"entry"`
}

// At returns the state of a certificate at a moment of the past.
func (ca *CA) At(ctx context.Context, issuer string, serial pki.Serial, at time.Time) (*Moment, error) {
	if _, err := ca.cfg.Check(ctx, officer.Read); err != nil {
		return nil, err
	}
	if at.After(ca.cfg.Now()) {
		return nil, pki.Errorf(pki.Invalid, "state.future", "the moment lies in the future, of which nothing can be proven")
	}
	record, entry, err := ca.cfg.Status.At(ctx, issuer, serial, at)
	if err != nil {
		return nil, storeFailed(err)
	}
	return &Moment{At: at.UTC(), State: record.State.At(at, record.NotAfter), Entry: entry}, nil
}

// Order returns what was issued for an application.
func (ca *CA) Order(ctx context.Context, application string) (*Issued, error) {
	if _, err := ca.cfg.Check(ctx, officer.Read); err != nil {
		return nil, err
	}
	o, err := ca.readOrder(ctx, application)
	if err != nil {
		return nil, err
	}
	if !o.issued() {
		return nil, pki.Errorf(pki.Conflict, "order.unfinished", "application %s is reserved and not issued yet", application).
			To("order it again with the same content; it goes on where it stopped")
	}
	return ca.answerLater(ctx, o)
}

// answerLater is the answer to an order that was carried out before, with the states
// its certificates have now.
func (ca *CA) answerLater(ctx context.Context, o *storedOrder) (*Issued, error) {
	issued, err := ca.answer(o)
	if err != nil {
		return nil, err
	}
	for _, c := range []*Certificate{issued.Sign, issued.Encrypt} {
		if c == nil {
			continue
		}
		if err := ca.addState(ctx, c); err != nil {
			return nil, err
		}
	}
	return issued, nil
}

// Page is a part of a list; After continues it.
type Page struct {
	Certificates []Certificate `json:"certificates"`
	After        string        `json:"after,omitempty"`
}

// List returns certificates by filter, in the order of issuer and serial.
func (ca *CA) List(ctx context.Context, f Filter) (*Page, error) {
	if _, err := ca.cfg.Check(ctx, officer.Read); err != nil {
		return nil, err
	}
	if f.Limit == 0 {
		f.Limit = 100
	}
	if f.Limit < 1 || f.Limit > 1000 {
		return nil, pki.Errorf(pki.Invalid, "list.limit", "a page has 1 to 1000 certificates").To("ask for the next page with after")
	}
	f.After = ca.passCanaries(f)
	found, err := ca.readCertificates(ctx, f)
	if err != nil {
		return nil, err
	}
	page := &Page{Certificates: []Certificate{}}
	for i := range found {
		o := &found[i]
		if f.Issuer == "" && IsCanary(o.issuer) {
			continue // nobody's, unless their issuer is asked for
		}
		issuer, err := ca.Issuer(o.issuer)
		if err != nil {
			continue // an issuer taken out of the configuration must not hide the others
		}
		c := o.certificate(&o.certs[0], issuer.suite)
		c.DER = nil
		if err := ca.addState(ctx, c); err != nil {
			return nil, err
		}
		page.Certificates = append(page.Certificates, *c)
		page.After = c.Issuer + "/" + string(c.Serial)
	}
	if len(found) < f.Limit {
		page.After = ""
	}
	return page, nil
}

func (ca *CA) show(ctx context.Context, o *storedOrder, serial pki.Serial) (*Certificate, error) {
	issuer, err := ca.Issuer(o.issuer)
	if err != nil {
		return nil, err
	}
	var out *Certificate
	var partner pki.Serial
	for i := range o.certs {
		if o.certs[i].serial == serial {
			out = o.certificate(&o.certs[i], issuer.suite)
		} else {
			partner = o.certs[i].serial
		}
	}
	out.Partner = partner
	return out, ca.addState(ctx, out)
}

// addState puts the journal's word into a certificate's description.
func (ca *CA) addState(ctx context.Context, c *Certificate) error {
	record, err := ca.recordOf(ctx, c.Issuer, c.Serial)
	if pki.KindOf(err) == pki.Unknown {
		c.State = pki.Reserved
		return nil
	}
	if err != nil {
		return err
	}
	c.State = record.State.At(ca.cfg.Now(), record.NotAfter)
	if record.State == pki.Held || record.State == pki.Revoked {
		c.Reason, c.Changed = record.Reason.String(), &record.Changed
	}
	return nil
}
