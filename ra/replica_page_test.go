package ra_test

import (
	"fmt"
	"testing"

	"onecert/pki"
	"onecert/ra"
)

// TestPageFromAbove: what was decided above about many applications comes in one page,
// two of them about one certificate, and each is here as it is there.
func TestPageFromAbove(t *testing.T) {
	onOutposts(t, func(t *testing.T, c *outpost) {
		app, counter := must[*ra.Application](t), as("lra9.registrar")
		c.sync()
		var all []string
		for n := range 8 {
			a := app(c.room.Register(counter, person(t, 110+n, fmt.Sprintf("第%d人", n))))
			all = append(all, app(c.room.Submit(counter, a.ID, ra.Decision{Version: a.Version})).ID)
		}
		c.sync()
		decide := func(id string) *ra.Application {
			t.Helper()
			a := app(c.Application(as("ra1.reviewer"), id))
			a = app(c.Approve(as("ra1.reviewer"), id, ra.Decision{Version: a.Version}))
			return app(c.CarryOut(as("ra1.issuer"), id, ra.Decision{Version: a.Version}))
		}
		for _, id := range all {
			decide(id)
		}
		first := app(c.Application(as("ra1.registrar"), all[0]))
		for _, op := range []ra.Operation{ra.Freeze, ra.Unfreeze} {
			a := app(c.Register(as("ra1.registrar"), ra.Entry{Operation: op, Issuer: first.Issuer, Serial: first.Serial}))
			a = app(c.Submit(as("ra1.registrar"), a.ID, ra.Decision{Version: a.Version}))
			decide(a.ID)
		}
		c.sync()
		for _, id := range all {
			c.same(id)
		}
		page := must[*ra.Page[*ra.Certificate]](t)(c.room.Certificates(counter, ra.CertificateQuery{}))
		if len(page.Items) != 8 || page.Items[0].State != pki.Valid {
			t.Errorf("%d certificates of eight, the first %s", len(page.Items), page.Items[0].State)
		}
		c.sync() // nothing more
		for _, id := range all {
			c.same(id)
		}
	})
}
