package demo

import (
	"context"
	"time"

	"onecert/pki"
	"onecert/ra"
)

// counter is a person's way through a counter that has a database of its own: what it
// takes in goes up the link, is reviewed and issued at the registration, comes down and
// is handed over at the counter.
func (w *walker) counter(ctx context.Context) error {
	c, err := w.clerks("counter", [4]string{apart + ".registrar", "ra2.reviewer", apart + ".issuer", "ra2.issuer"})
	if err != nil {
		return err
	}
	var a *ra.Application
	for _, s := range []struct {
		title string
		act   func() error
	}{
		{"applied for at the counter " + apart + ", which is apart", func() (err error) { a, err = w.apply(ctx, c); return err }},
		{"handed up the link, reviewed at ra2", func() error {
			up, err := reaches(ctx, c.reviewer, a.ID, func(a *ra.Application) bool { return len(a.Documents) == 2 }) // the papers come after it
			if err == nil {
				_, err = c.reviewer.Approve(ctx, up.ID, ra.Decision{Version: up.Version})
			}
			if pki.CodeOf(err) != "holder.others" {
				return err
			}
			// Of a second walk: the person has the certificates of the first, which the
			// reviewer is shown before the decision counts.
			if up, err = c.reviewer.Application(ctx, a.ID); err == nil {
				_, err = c.reviewer.Approve(ctx, up.ID, ra.Decision{Version: up.Version})
			}
			return err
		}},
		{"issued by the CA at ra2's order", func() error {
			up, err := reaches(ctx, c.elsewhere, a.ID, in(ra.Approved))
			if err == nil {
				_, err = c.elsewhere.CarryOut(ctx, up.ID, ra.Decision{Version: up.Version})
			}
			return err
		}},
		{"come down the link, handed over at the counter", func() (err error) {
			if a, err = reaches(ctx, c.issuer, a.ID, in(ra.Issued)); err == nil {
				_, err = w.handOver(ctx, c, a)
			}
			return err
		}},
	} {
		if err := w.step("lra    "+s.title, s.act); err != nil {
			return err
		}
	}
	return nil
}

func in(state ra.State) func(*ra.Application) bool {
	return func(a *ra.Application) bool { return a.State == state }
}

// reaches waits until an application has come over the link and is as wanted.
func reaches(ctx context.Context, at *ra.Client, id string, wanted func(*ra.Application) bool) (a *ra.Application, err error) {
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end) && ctx.Err() == nil; time.Sleep(50 * time.Millisecond) {
		if a, err = at.Application(ctx, id); err == nil && wanted(a) {
			return a, nil
		}
	}
	return nil, pki.Errorf(pki.Internal, "walk.link", "application %s did not come over the link", id).Because(err)
}
