package wire

import (
	"context"

	"onecert/ca"
	"onecert/pki"
	"onecert/ra"
)

// issuing is what a registration asks of a CA: the object, or its client.
type issuing interface {
	Issue(ctx context.Context, o ca.Order) (*ca.Issued, error)
	Renew(ctx context.Context, issuer string, serial pki.Serial, c ca.Change) (*ca.Issued, error)
	Modify(ctx context.Context, issuer string, serial pki.Serial, c ca.Change) (*ca.Issued, error)
	Reissue(ctx context.Context, issuer string, serial pki.Serial, c ca.Change) (*ca.Issued, error)
	Revoke(ctx context.Context, issuer string, serial pki.Serial, r ca.Revocation) (*ca.Certificate, error)
	Hold(ctx context.Context, issuer string, serial pki.Serial) (*ca.Certificate, error)
	Release(ctx context.Context, issuer string, serial pki.Serial) (*ca.Certificate, error)
	Show(ctx context.Context, issuer string, serial pki.Serial) (*ca.Certificate, error)
	List(ctx context.Context, f ca.Filter) (*ca.Page, error)
	Identify(ctx context.Context, id ca.Identity) (string, error)
	keyMaking
}

// ordering is a CA as the registration sees it.
type ordering struct {
	ca issuing
	// as says who asks: of a CA in the same process the site this registration is;
	// across the network the connection says it.
	as func(context.Context) context.Context
}

var (
	_ ra.Orders  = ordering{}
	_ ra.States  = ordering{}
	_ ra.Holders = ordering{}
	_ issuing    = (*ca.Client)(nil)
	_ issuing    = (*ca.CA)(nil)
)

// Carry implements ra.Orders. A renewal under other data is a modification at the CA:
// the old certificate says what is no longer true, so it ends.
func (o ordering) Carry(ctx context.Context, order ra.Order) (*ra.Made, error) {
	change := ca.Change{Application: order.Application, Days: order.Days}
	var issued *ca.Issued
	var err error
	ends := true
	switch {
	case order.Operation == ra.Issue:
		ends = false
		issued, err = o.ca.Issue(o.as(ctx), firstOrder(order))
	case order.Operation == ra.Renew && !order.Changed:
		ends = false
		issued, err = o.ca.Renew(o.as(ctx), order.Issuer, order.Serial, change)
	case order.Operation == ra.Renew || order.Operation == ra.Modify:
		change.Subject, change.AltNames, change.Values = order.Subject, order.AltNames, order.Values
		issued, err = o.ca.Modify(o.as(ctx), order.Issuer, order.Serial, change)
	case order.Operation == ra.Reissue:
		change.Request = order.Request
		issued, err = o.ca.Reissue(o.as(ctx), order.Issuer, order.Serial, change)
	default:
		return nil, pki.Errorf(pki.NotImplemented, "order.operation", "no certificates are made for %.20q", string(order.Operation))
	}
	if err != nil {
		return nil, err
	}
	return madeOf(issued, ends), nil
}

func firstOrder(o ra.Order) ca.Order {
	order := ca.Order{Application: o.Application, Profile: o.Profile, Request: o.Request, Subject: o.Subject, AltNames: o.AltNames, Values: o.Values,
		Days: o.Days, Single: o.Single, Decision: o.Decision}
	if o.Identity != "" {
		order.Identity = &ca.Identity{Kind: o.IdentityKind, Number: o.Identity}
	}
	return order
}

func madeOf(i *ca.Issued, ends bool) *ra.Made {
	made := &ra.Made{Sign: madeHalf(i.Sign), Envelope: i.Envelope, SealedTo: i.SealedTo, History: i.History, HistoryWaits: i.HistoryWaits, Chain: i.Chain, Ends: ends}
	if i.Encrypt != nil {
		half := madeHalf(i.Encrypt)
		made.Encrypt = &half
	}
	return made
}

func madeHalf(c *ca.Certificate) ra.MadeCertificate {
	return ra.MadeCertificate{Issuer: c.Issuer, Serial: c.Serial, Holder: c.Holder, Profile: c.Profile, NotBefore: c.NotBefore, NotAfter: c.NotAfter, DER: c.DER}
}

// Revoke implements ra.States.
func (o ordering) Revoke(ctx context.Context, issuer string, serial pki.Serial, reason string) error {
	_, err := o.ca.Revoke(o.as(ctx), issuer, serial, ca.Revocation{Reason: reason})
	return o.unless(ctx, err, issuer, serial, pki.Revoked)
}

// Hold implements ra.States.
func (o ordering) Hold(ctx context.Context, issuer string, serial pki.Serial) error {
	_, err := o.ca.Hold(o.as(ctx), issuer, serial)
	return o.unless(ctx, err, issuer, serial, pki.Held)
}

// Release implements ra.States.
func (o ordering) Release(ctx context.Context, issuer string, serial pki.Serial) error {
	_, err := o.ca.Release(o.as(ctx), issuer, serial)
	return o.unless(ctx, err, issuer, serial, pki.Valid)
}

// unless passes over a conflict where the certificate is in the wanted state already:
// what is done twice is done once.
func (o ordering) unless(ctx context.Context, err error, issuer string, serial pki.Serial, wanted pki.State) error {
	if pki.KindOf(err) != pki.Conflict {
		return err
	}
	if c, shown := o.ca.Show(o.as(ctx), issuer, serial); shown == nil && c.State == wanted {
		return nil
	}
	return err
}

// Identify implements ra.Holders.
func (o ordering) Identify(ctx context.Context, kind, number string) (string, error) {
	return o.ca.Identify(o.as(ctx), ca.Identity{Kind: kind, Number: number})
}

// Held implements ra.Holders: what the holder has of any branch, each pair once.
func (o ordering) Held(ctx context.Context, holder string) (all []ra.Certificate, err error) {
	for f := (ca.Filter{Holder: holder, Limit: 1000}); ; {
		page, err := o.ca.List(o.as(ctx), f)
		if err != nil {
			return nil, err
		}
		for _, c := range page.Certificates {
			all = append(all, ra.Certificate{Issuer: c.Issuer, Serial: c.Serial, Partner: c.Partner, Application: c.Application, Holder: c.Holder,
				Kind: ra.Kind(c.Kind), Profile: c.Profile, State: c.State, NotBefore: c.NotBefore, NotAfter: c.NotAfter})
		}
		if f.After = page.After; f.After == "" {
			return all, nil
		}
	}
}
