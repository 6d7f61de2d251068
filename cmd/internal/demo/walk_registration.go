package demo

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"onecert/ca"
	"onecert/cmd/internal/wire"
	"onecert/pki"
	"onecert/ra"
)

// clerks are the officers by whom a person's way through the registration goes.
type clerks struct {
	registrar, reviewer, issuer *ra.Client
	elsewhere                   *ra.Client // of another branch
	folder                      string     // of what the applicant has
}

// clerks opens the way of each to the registration: registrar, reviewer, issuer, and one
// elsewhere.
func (w *walker) clerks(folder string, names [4]string) (c clerks, err error) {
	c.folder = folder
	for n, seat := range []**ra.Client{&c.registrar, &c.reviewer, &c.issuer, &c.elsewhere} {
		name := names[n]
		session, err := wire.OpenSession(filepath.Join(w.t.o.Dir, "officers", name), wire.SessionOptions{})
		if err != nil {
			return c, err
		}
		*seat = session.RA
	}
	return c, nil
}

// registration is a person's way: applied for at a counter, reviewed at the
// registration above it, issued, handed over; renewed, reported lost, revoked.
func (w *walker) registration(ctx context.Context) error {
	c, err := w.clerks("person", [4]string{"lra1.registrar", "ra1.reviewer", "lra1.issuer", "ra2.registrar"})
	if err != nil {
		return err
	}
	var a *ra.Application
	for _, s := range []struct {
		title string
		act   func() error
	}{
		{"applied for at the counter lra1, from an OpenSSL request", func() (err error) { a, err = w.apply(ctx, c); return err }},
		{"unknown to the registration of another branch", func() error {
			if _, err := c.elsewhere.Application(ctx, a.ID); pki.CodeOf(err) != "application.unknown" {
				return pki.Errorf(pki.Internal, "walk.registration", "an officer of ra2 was not refused").Because(err)
			}
			return nil
		}},
		{"reviewed at ra1", func() (err error) {
			a, err = c.reviewer.Approve(ctx, a.ID, ra.Decision{Version: a.Version})
			return err
		}},
		{"issued by the CA", func() (err error) { a, err = c.issuer.CarryOut(ctx, a.ID, ra.Decision{Version: a.Version}); return err }},
		{"handed over; the envelope opens with the holder's key", func() (err error) { a, err = w.handOver(ctx, c, a); return err }},
		{"renewed", func() (err error) {
			a, err = c.through(ctx, ra.Entry{Operation: ra.Renew, Issuer: a.Issuer, Serial: a.Serial})
			return err
		}},
		{"reported lost, frozen", func() error { return w.becomes(ctx, c, a, ra.Freeze, pki.Held) }},
		{"revoked", func() error { return w.becomes(ctx, c, a, ra.Revoke, pki.Revoked) }},
	} {
		if err := w.step("ra     "+s.title, s.act); err != nil {
			return err
		}
	}
	return nil
}

// apply enters an application with its papers and hands it to review. The number is of
// no region, so nobody's; that the person of an earlier walk had a certificate is said.
func (w *walker) apply(ctx context.Context, c clerks) (*ra.Application, error) {
	key, request := w.path("ra", c.folder, "sign.key"), w.path("ra", c.folder, "request.pem")
	if _, err := w.openssl(ctx, append([]string{"genpkey", "-out", key}, opensslKey["sm2"]...)...); err != nil {
		return nil, err
	}
	if _, err := w.openssl(ctx, "req", "-new", "-utf8", "-sm3", "-key", key, "-out", request, "-subj", "/CN=new"); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(request)
	if err != nil {
		return nil, fmt.Errorf("reading the request: %w", err)
	}
	a, err := c.registrar.Register(ctx, ra.Entry{Operation: ra.Issue, Kind: ra.Person, Request: data, Reason: "演示：再次行走", Fields: map[string]string{
		"name": "行走 " + w.run, "unit": "示例市民政局", "identity_kind": pki.Resident, "identity": "999901199203030036", "phone": "13900000000"}})
	if err != nil {
		return nil, err
	}
	for n, sort := range []string{"form", "identity"} {
		paper, err := scan(w.run, n)
		if err != nil {
			return nil, err
		}
		if a, err = c.registrar.Attach(ctx, a.ID, a.Version, sort, sort+".png", paper); err != nil {
			return nil, err
		}
	}
	return c.registrar.Submit(ctx, a.ID, ra.Decision{Version: a.Version})
}

func (w *walker) handOver(ctx context.Context, c clerks, a *ra.Application) (*ra.Application, error) {
	made, err := c.issuer.Result(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	if made.Encrypt == nil {
		return nil, pki.Errorf(pki.Internal, "walk.registration", "no encryption certificate came")
	}
	issued := &ca.Issued{Sign: &ca.Certificate{DER: made.Sign.DER}, Encrypt: &ca.Certificate{DER: made.Encrypt.DER}}
	if err := w.checkIssued(ctx, walked{family: "sm2", id: "registered"}, issued); err != nil {
		return nil, err
	}
	if err := w.open("sm2", w.path("ra", c.folder, "sign.key"), made.Envelope, made.Encrypt.DER, w.path("ra", c.folder, "enc.key")); err != nil {
		return nil, err
	}
	return c.issuer.HandOver(ctx, a.ID, ra.Decision{Version: a.Version})
}

// through takes an application about a certificate all the way.
func (c clerks) through(ctx context.Context, e ra.Entry) (*ra.Application, error) {
	a, err := c.registrar.Register(ctx, e)
	for _, act := range []func(context.Context, string, ra.Decision) (*ra.Application, error){c.registrar.Submit, c.reviewer.Approve, c.issuer.CarryOut} {
		if err != nil {
			return nil, err
		}
		a, err = act(ctx, a.ID, ra.Decision{Version: a.Version})
	}
	return a, err
}

// becomes lets an operation through and asks the CA what the certificate is then.
func (w *walker) becomes(ctx context.Context, c clerks, a *ra.Application, o ra.Operation, state pki.State) error {
	e := ra.Entry{Operation: o, Issuer: a.Issuer, Serial: a.Serial}
	if o == ra.Revoke {
		e.Reason = pki.KeyCompromise.String()
	}
	if _, err := c.through(ctx, e); err != nil {
		return err
	}
	shown, err := w.ca.Show(ctx, a.Issuer, a.Serial)
	if err == nil && shown.State != state {
		err = pki.Errorf(pki.Internal, "walk.registration", "after %s the CA says %s", o, shown.State)
	}
	return err
}
