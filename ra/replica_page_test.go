package ra_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

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

// handedUp are n applications as the counter would hand them up, all new above.
func (c *outpost) handedUp(from, n int) (page []ra.Dossier) {
	c.t.Helper()
	app, counter := must[*ra.Application](c.t), as("lra9.registrar")
	for i := range n {
		e := person(c.t, from+i, fmt.Sprintf("第%d人", from+i))
		a := app(c.room.Register(counter, e))
		a = app(c.room.Submit(counter, a.ID, ra.Decision{Version: a.Version}))
		d := ra.Dossier{Application: *a, History: must[[]ra.Moment](c.t)(c.room.History(counter, a.ID))}
		d.Application.Fields, d.Application.Request = e.Fields, e.Request
		page = append(page, d)
	}
	return page
}

// stands says how many of a page are above, each as the counter has it.
func (c *outpost) stands(page []ra.Dossier) (n int) {
	c.t.Helper()
	for _, d := range page {
		a, err := c.Application(as("ra1.reviewer"), d.Application.ID)
		if pki.CodeOf(err) == "application.unknown" {
			continue
		}
		if err != nil || a.State != d.Application.State || a.Version != len(d.History) {
			c.t.Errorf("%s: %+v, %v", d.Application.ID, a, err)
		}
		n++
	}
	return n
}

// TestPageToAbove: a page is taken with one commit, each with its own answer. A faulty
// one, one sent twice and one that is there already harm no other.
func TestPageToAbove(t *testing.T) {
	onOutposts(t, func(t *testing.T, c *outpost) {
		c.sync()
		page := c.handedUp(700, 6)
		before := must[[]ra.Handed](t)(c.way.HandUp(context.Background(), page[:1]))
		page[2].Application.Fields = map[string]string{"shoe": "44"}
		page[3].History = page[3].History[:1:1] // what it says it is, it cannot have become
		sent := append(slices.Clone(page), page[5])
		answers := must[[]ra.Handed](t)(c.way.HandUp(context.Background(), sent))
		for i, want := range []string{"", "", "field.unknown", "link.dossier", "", "", ""} {
			if h := answers[i]; h.ID != sent[i].Application.ID || h.Code != want || want == "" && h.Version != 2 {
				t.Errorf("%d: %+v", i, h)
			}
		}
		if before[0].Version != answers[0].Version {
			t.Errorf("once %+v, then %+v", before[0], answers[0])
		}
		good := []ra.Dossier{page[0], page[1], page[4], page[5]}
		if n := c.stands(good); n != 4 {
			t.Errorf("%d of four are there", n)
		}
		if n := c.stands([]ra.Dossier{page[2], page[3]}); n != 0 {
			t.Errorf("%d that were refused are there", n)
		}
		again := must[[]ra.Handed](t)(c.way.HandUp(context.Background(), good))
		for i, h := range again {
			if h.Code != "" || h.Version != 2 {
				t.Errorf("again, %d: %+v", i, h)
			}
		}
		if n := c.stands(good); n != 4 {
			t.Errorf("%d of four after the second time", n)
		}
	})
}

// TestPageWithOneThatCannotBeStored: the database takes all but one; the others are there,
// and it comes with the next time.
func TestPageWithOneThatCannotBeStored(t *testing.T) {
	onOutposts(t, func(t *testing.T, c *outpost) {
		c.sync()
		page := c.handedUp(720, 5)
		a := page[2].Application
		in := fmt.Sprintf("INSERT INTO ra_place (node, state, kind, created, application) VALUES ('lra9', '%s', '%s', %d, '%s')", a.State, a.Kind, a.Created.UnixMilli(), a.ID)
		if err := c.house.cfg.DB.Tx(t.Context(), execAll(t.Context(), in)); err != nil {
			t.Fatal(err)
		}
		if _, err := c.way.HandUp(context.Background(), page); err == nil {
			t.Error("nobody hears that one could not be stored")
		}
		if n := c.stands(page[:2]); n != 2 {
			t.Errorf("%d of those before it", n)
		}
		if n := c.stands(page[2:3]); n != 0 {
			t.Error("it is there")
		}
		if err := c.house.cfg.DB.Tx(t.Context(), execAll(t.Context(), "DELETE FROM ra_place WHERE application = '"+a.ID+"'")); err != nil {
			t.Fatal(err)
		}
		must[[]ra.Handed](t)(c.way.HandUp(context.Background(), page))
		if n := c.stands(page); n != 5 {
			t.Errorf("%d of five", n)
		}
	})
}

// TestPageBrokenOff: however far a page had come when it broke off, all of it is there
// after it was sent again, and nothing twice.
func TestPageBrokenOff(t *testing.T) {
	onOutposts(t, func(t *testing.T, c *outpost) {
		c.sync()
		whole, none := 0, 0
		for round := range 12 {
			page := c.handedUp(800+10*round, 4)
			ctx, cancel := context.WithTimeout(context.Background(), time.Duration(round*round)*300*time.Microsecond)
			_, err := c.way.HandUp(ctx, page)
			cancel()
			switch n := c.stands(page); n {
			case 4:
				whole++
			case 0:
				none++
			default: // it was taken one by one, and broke off between two
				t.Logf("round %d: %d of four, %v", round, n, err)
			}
			must[[]ra.Handed](t)(c.way.HandUp(context.Background(), page))
			if n := c.stands(page); n != 4 {
				t.Errorf("round %d: %d of four after it was sent again", round, n)
			}
		}
		if whole == 0 || none == 0 {
			t.Errorf("whole %d times, nothing %d times: that proves little", whole, none)
		}
		c.sync()
	})
}
