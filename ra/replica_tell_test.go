package ra_test

import (
	"context"
	"testing"
	"time"

	"onecert/db"
	"onecert/notice"
	"onecert/pki"
	"onecert/pkitest"
	"onecert/ra"
)

// issuedAbove takes an application from the counter's process through the registration.
func (c *outpost) issuedAbove(e ra.Entry) *ra.Application {
	c.t.Helper()
	app := must[*ra.Application](c.t)
	a := app(c.room.Register(as("lra9.registrar"), e))
	app(c.room.Submit(as("lra9.registrar"), a.ID, ra.Decision{Version: a.Version}))
	c.sync()
	up := app(c.Application(as("ra1.reviewer"), a.ID))
	up = app(c.Approve(as("ra1.reviewer"), a.ID, ra.Decision{Version: up.Version}))
	up = app(c.CarryOut(as("ra1.issuer"), a.ID, ra.Decision{Version: up.Version}))
	c.sync()
	return up
}

// tells gives the counter's process an outbox of its own.
func (c *outpost) tells() *town {
	c.t.Helper()
	d, err := db.Open(context.Background(), c.source)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { d.Close() })
	box, err := notice.Open(context.Background(), notice.Config{DB: d, Now: c.clock.Now, Keys: []notice.Key{{Cipher: notice.SM4, Secret: make([]byte, 32)}},
		SMTP: &notice.SMTP{Host: "127.0.0.1", Port: 1, From: notice.Address{At: "notice@lra9.example"}}})
	if err != nil {
		c.t.Fatal(err)
	}
	c.kill()
	c.cfg.Notices = ra.Notices{Outbox: box}
	c.begin()
	return &town{house: &house{t: c.t, room: c.room, clock: c.clock}, box: box}
}

// TestHoldersAreToldOnce: where the registration and the counter both have an outbox the
// registration mails, also of certificates that end; without one there the counter does.
func TestHoldersAreToldOnce(t *testing.T) {
	for _, both := range []bool{true, false} {
		pkitest.EachDatabase(t, func(t *testing.T, source string) {
			above := &town{house: nil}
			if both {
				above = newTown(t, source)
			} else {
				above.house = newHouse(t, source, nil)
			}
			c := newOutpost(t, above.house, pkitest.SQLite(t), false)
			below := c.tells()
			c.sync()
			c.issuedAbove(person(t, 1, "张示例"))
			c.clock.add(3*365*24*time.Hour - 10*24*time.Hour)
			below.remind()
			if both {
				above.remind()
			}
			for _, kind := range []string{"application.issued", "certificate.expiry"} {
				sent := map[bool]int{}
				if both {
					sent[true] = len(above.posted(kind))
				}
				sent[false] = len(below.posted(kind))
				if sent[both] != 1 || sent[!both] != 0 {
					t.Errorf("%s, an outbox above: %t: told above %d times, below %d times", kind, both, sent[true], sent[false])
				}
			}
		})
	}
}

// askedKeys notes which keys are asked for.
type askedKeys struct {
	*fakeKeys
	asked []pki.Suite
}

func (f *askedKeys) Make(ctx context.Context, o ra.KeyOrder) ([]byte, error) {
	f.asked = append(f.asked, o.Suite)
	return f.fakeKeys.Make(ctx, o)
}

// TestKeysAskedForAtACounter: which key the centre is to make comes along over the link,
// and what a counter makes up is refused.
func TestKeysAskedForAtACounter(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		keys := &askedKeys{fakeKeys: &fakeKeys{t: t, keys: map[string][]byte{}, tick: map[string][]byte{}, given: map[string]string{}}}
		c := newOutpost(t, newHouse(t, source, func(c *ra.Config) { c.Keys = keys }), pkitest.SQLite(t), false)
		c.sync()
		for _, suite := range []pki.Suite{pki.P384, ""} {
			e := person(t, 1+len(keys.asked), "张示例")
			e.Request, e.KeyFrom, e.Suite = nil, "server", suite
			c.issuedAbove(e)
		}
		if len(keys.asked) != 2 || keys.asked[0] != pki.P384 || keys.asked[1] != pki.SM2 {
			t.Errorf("asked for %v", keys.asked)
		}
		now := c.clock.Now().UnixMilli()
		d := ra.Dossier{Suite: "rot13", Application: ra.Application{ID: "lra9-x", Operation: ra.Issue, Kind: ra.Person, Node: "lra9", Path: "/centre/ra1/lra9/", State: ra.Draft, Version: 1},
			History: []ra.Moment{{Number: 1, At: now, Actor: "lra9.registrar", Node: "lra9", Event: "register", State: ra.Draft}}}
		answers, err := c.way.HandUp(context.Background(), []ra.Dossier{d})
		if err != nil || answers[0].Code != "link.dossier" {
			t.Errorf("%+v %v", answers, err)
		}
	})
}
