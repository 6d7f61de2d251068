package ra_test

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"onecert/audit"
	"onecert/db"
	"onecert/pki"
	"onecert/pkitest"
	"onecert/ra"
)

// site is the certificate of the counter's process in these tests.
const site = "5173000000000000000000000000000000000000000000000000000000000001"

// upstream calls a registration as the counter's process.
type upstream struct {
	to  ra.Upstream
	cut func() (before, after error) // faults of the way
}

func asSite(ctx context.Context, fingerprint string) context.Context {
	return pki.WithActor(ctx, pki.Actor{Name: "lra9.site", Roles: []string{"site"}, Certificate: fingerprint})
}

func (u *upstream) fault() (before, after error) {
	if u.cut == nil {
		return nil, nil
	}
	return u.cut()
}

// HandUp implements ra.Upstream over a way that may break before or after.
func (u *upstream) HandUp(ctx context.Context, all []ra.Dossier) ([]ra.Handed, error) {
	before, after := u.fault()
	if before != nil {
		return nil, before
	}
	answers, err := u.to.HandUp(asSite(ctx, site), all)
	if after != nil {
		return nil, after
	}
	return answers, err
}

// HandDocument implements ra.Upstream likewise.
func (u *upstream) HandDocument(ctx context.Context, id string, d ra.Document, content []byte) error {
	before, after := u.fault()
	if before != nil {
		return before
	}
	err := u.to.HandDocument(asSite(ctx, site), id, d, content)
	if after != nil {
		return after
	}
	return err
}

// News implements ra.Upstream likewise.
func (u *upstream) News(ctx context.Context, q ra.NewsQuery) (*ra.News, error) {
	before, after := u.fault()
	if before != nil {
		return nil, before
	}
	n, err := u.to.News(asSite(ctx, site), q)
	if after != nil {
		return nil, after
	}
	return n, err
}

// outpost is a house with a counter below it that has a process and a database of its own.
type outpost struct {
	*house // the registration above
	room   *ra.Registration
	way    *upstream
	source string
	cfg    ra.Config
}

var lra9 = ra.Node{ID: "lra9", Parent: "ra1", Level: ra.LRA, Name: "远市受理点", Path: "/centre/ra1/lra9/"}

// newOutpost builds the tree above with lra9 and its officers, and starts its process.
func newOutpost(t testing.TB, h *house, source string, remote bool) *outpost {
	t.Helper()
	n := lra9
	n.Site = site
	added := must[*ra.Node](t)(h.room.AddNode(as("centre.system"), n))
	must[*ra.Node](t)(h.room.SetNode(as("centre.security"), "lra9", added.Version, ra.Active))
	for _, role := range []string{"registrar", "issuer", "reviewer"} {
		must[*ra.Post](t)(h.room.SetPost(as("centre.security"), ra.Post{Officer: "lra9." + role, Node: "lra9", Until: h.clock.Now().AddDate(1, 0, 0)}))
	}
	c := &outpost{house: h, way: &upstream{to: h.room}, source: source}
	if remote {
		c.way.to = overNetwork(t, h.room)
	}
	c.cfg = ra.Config{Check: check, Sealer: testSealer(), Home: lra9, Upstream: c.way, Paperless: true, Now: h.clock.Now, Log: slog.New(slog.DiscardHandler)}
	c.begin()
	t.Cleanup(c.end)
	return c
}

func (c *outpost) begin() {
	c.t.Helper()
	ctx := context.Background()
	d, err := db.Open(ctx, c.source)
	if err != nil {
		c.t.Fatal(err)
	}
	c.cfg.DB = d
	if c.cfg.Audit, err = audit.Open(ctx, d, "example.test/lra9"); err != nil {
		c.t.Fatal(err)
	}
	if c.room, err = ra.New(ctx, c.cfg); err != nil {
		c.t.Fatal(err)
	}
}

func (c *outpost) end() {
	for _, fault := range ra.CheckInvariants(context.Background(), c.room) {
		c.t.Error("lra9: " + fault)
	}
	c.kill()
}

func (c *outpost) kill() {
	c.room.Close()
	c.cfg.DB.Close()
}

func (c *outpost) sync() {
	c.t.Helper()
	if err := c.room.Sync(context.Background()); err != nil {
		c.t.Fatal(err)
	}
}

// onOutposts runs a test on both engines, in process and over the network.
func onOutposts(t *testing.T, test func(t *testing.T, c *outpost)) {
	for _, remote := range []bool{false, true} {
		t.Run(map[bool]string{false: "process", true: "network"}[remote], func(t *testing.T) {
			pkitest.EachDatabase(t, func(t *testing.T, source string) {
				own := pkitest.SQLite(t)
				if strings.HasPrefix(source, "postgres") {
					own = pkitest.Postgres(t)
				}
				test(t, newOutpost(t, newHouse(t, source, nil), own, remote))
			})
		})
	}
}

var errCut = pki.Errorf(pki.Unavailable, "remote.unreachable", "the way is cut")

func (c *outpost) cut(is bool) {
	c.way.cut = nil
	if is {
		c.way.cut = func() (error, error) { return errCut, nil }
	}
}

// TestCounterAlone: the journey over the link, broken in its middle: the counter goes on
// registering, the rest waits, and both end the same.
func TestCounterAlone(t *testing.T) {
	onOutposts(t, func(t *testing.T, c *outpost) {
		app := must[*ra.Application](t)
		_, err := c.room.Register(as("lra9.registrar"), person(t, 1, "张示例"))
		wantCode(t, err, "post.none") // nothing is known here yet
		c.sync()
		c.cut(true)
		a := app(c.room.Register(as("lra9.registrar"), person(t, 1, "张示例")))
		a = app(c.room.Submit(as("lra9.registrar"), a.ID, ra.Decision{Version: a.Version}))
		if err := c.room.Sync(context.Background()); pki.CodeOf(err) != "remote.unreachable" {
			t.Fatal(err)
		}
		_, err = c.room.Approve(as("lra9.reviewer"), a.ID, ra.Decision{Version: a.Version})
		wantCode(t, err, "application.level")
		if l := must[*ra.Links](t)(c.room.Links(as("lra9.registrar"), ra.ListQuery{})); l.Above.Works || l.Above.Waiting != 1 || l.Above.Review != 1 {
			t.Errorf("%+v", l.Above)
		}
		c.cut(false)
		c.sync()
		up := app(c.Application(as("ra1.reviewer"), a.ID))
		if up.State != ra.Submitted || up.Version != a.Version || up.RegisteredBy != "lra9.registrar" {
			t.Fatalf("%+v", up)
		}
		clear := must[map[string]string](t)(c.Unmasked(as("ra1.reviewer"), a.ID, "核对身份证件"))
		if clear["identity"] != resident(1) {
			t.Error("the identity number did not arrive")
		}
		up = app(c.Approve(as("ra1.reviewer"), a.ID, ra.Decision{Version: up.Version}))
		app(c.CarryOut(as("ra1.issuer"), a.ID, ra.Decision{Version: up.Version}))
		c.sync()
		a = app(c.room.Application(as("lra9.registrar"), a.ID))
		if a.State != ra.Issued || a.ReviewedBy != "ra1.reviewer" || a.Serial == "" || a.Conflict != "" {
			t.Fatalf("%+v", a)
		}
		if made := must[*ra.Made](t)(c.room.Result(as("lra9.registrar"), a.ID)); made.Sign.Serial != a.Serial {
			t.Error("another certificate is to be handed over")
		}
		c.cut(true)
		app(c.room.HandOver(as("lra9.registrar"), a.ID, ra.Decision{Version: a.Version}))
		c.cut(false)
		c.sync()
		if up = app(c.Application(as("ra1.reviewer"), a.ID)); up.State != ra.Delivered || up.DeliveredBy != "lra9.registrar" {
			t.Errorf("%+v", up)
		}
		c.same(a.ID)
	})
}

// same fails unless both offices tell the same of an application.
func (c *outpost) same(id string) {
	c.t.Helper()
	up := must[[]ra.Moment](c.t)(c.History(as("centre.reviewer"), id))
	down := must[[]ra.Moment](c.t)(c.room.History(as("lra9.registrar"), id))
	if !slices.Equal(up, down) {
		c.t.Errorf("%s: above\n%+v\nhere\n%+v", id, up, down)
	}
	a, b := must[*ra.Application](c.t)(c.Application(as("centre.reviewer"), id)), must[*ra.Application](c.t)(c.room.Application(as("lra9.registrar"), id))
	if a.State != b.State || a.Version != b.Version || a.Conflict != b.Conflict || a.Serial != b.Serial {
		c.t.Errorf("above %+v\nhere %+v", a, b)
	}
}

// TestReturnedOverTheLink: what goes back is mended at the counter, and only there.
func TestReturnedOverTheLink(t *testing.T) {
	onOutposts(t, func(t *testing.T, c *outpost) {
		app := must[*ra.Application](t)
		c.sync()
		a := app(c.room.Register(as("lra9.registrar"), person(t, 2, "李示例")))
		c.sync()
		_, err := c.Withdraw(as("ra1.registrar"), a.ID, ra.Decision{Version: a.Version})
		wantCode(t, err, "application.below")
		a = app(c.room.Submit(as("lra9.registrar"), a.ID, ra.Decision{Version: a.Version}))
		c.sync()
		up := app(c.Return(as("ra1.reviewer"), a.ID, ra.Decision{Version: a.Version, Note: "单位名称不全"}))
		_, err = c.room.Edit(as("lra9.registrar"), a.ID, ra.EditOf{Version: up.Version, Entry: ra.Entry{Operation: ra.Issue}})
		wantCode(t, err, "stale")
		c.sync()
		a = app(c.room.Edit(as("lra9.registrar"), a.ID, ra.EditOf{Version: up.Version, Entry: ra.Entry{Operation: ra.Issue, Fields: map[string]string{"unit": "示例市民政局办公室"}}}))
		app(c.room.Submit(as("lra9.registrar"), a.ID, ra.Decision{Version: a.Version}))
		c.sync()
		if up = app(c.Application(as("ra1.reviewer"), a.ID)); up.State != ra.Submitted || up.Fields["unit"] != "示例市民政局办公室" {
			t.Errorf("%+v", up)
		}
		c.same(a.ID)
	})
}

// TestWithdrawalIsAsked: what is under review above is taken back only if it was not
// decided meanwhile; else a person sees both.
func TestWithdrawalIsAsked(t *testing.T) {
	onOutposts(t, func(t *testing.T, c *outpost) {
		app := must[*ra.Application](t)
		c.sync()
		var both []*ra.Application
		for i := range 2 {
			a := app(c.room.Register(as("lra9.registrar"), person(t, 3+i, "王示例")))
			both = append(both, app(c.room.Submit(as("lra9.registrar"), a.ID, ra.Decision{Version: a.Version})))
		}
		c.sync()
		granted, late := both[0], both[1]
		a := app(c.room.Withdraw(as("lra9.registrar"), granted.ID, ra.Decision{Version: granted.Version, Note: "申请人撤回"}))
		if a.State != ra.Submitted {
			t.Errorf("it is %s before anybody above knows", a.State)
		}
		app(c.room.Withdraw(as("lra9.registrar"), late.ID, ra.Decision{Version: late.Version, Note: "申请人撤回"}))
		up := app(c.Approve(as("ra1.reviewer"), late.ID, ra.Decision{Version: late.Version}))
		app(c.CarryOut(as("ra1.issuer"), late.ID, ra.Decision{Version: up.Version}))
		c.sync()
		c.sync()
		if a = app(c.room.Application(as("lra9.registrar"), granted.ID)); a.State != ra.Withdrawn || a.Conflict != "" {
			t.Errorf("%s, %q", a.State, a.Conflict)
		}
		b := app(c.room.Application(as("lra9.registrar"), late.ID))
		if b.State != ra.Issued || !strings.Contains(b.Conflict, "申请人撤回") {
			t.Errorf("%s, %q", b.State, b.Conflict)
		}
		c.same(granted.ID)
		c.same(late.ID)
		_, err := c.room.Settle(as("lra9.registrar"), late.ID, ra.Decision{Version: b.Version, Note: "已电话确认"})
		wantCode(t, err, "application.level")
		app(c.Settle(as("ra1.reviewer"), late.ID, ra.Decision{Version: b.Version, Note: "已电话确认"}))
		c.sync()
		if b = app(c.room.Application(as("lra9.registrar"), late.ID)); b.Conflict != "" {
			t.Errorf("settled, and still %q", b.Conflict)
		}
		c.same(late.ID)
	})
}

// TestFreezeOverTheLink: a loss reported at the counter freezes when the report arrives,
// and is reported until it does.
func TestFreezeOverTheLink(t *testing.T) {
	onOutposts(t, func(t *testing.T, c *outpost) {
		app := must[*ra.Application](t)
		c.sync()
		a := app(c.room.Register(as("lra9.registrar"), person(t, 5, "赵示例")))
		app(c.room.Submit(as("lra9.registrar"), a.ID, ra.Decision{Version: a.Version}))
		c.sync()
		up := app(c.Application(as("ra1.reviewer"), a.ID))
		up = app(c.Approve(as("ra1.reviewer"), a.ID, ra.Decision{Version: up.Version}))
		up = app(c.CarryOut(as("ra1.issuer"), a.ID, ra.Decision{Version: up.Version}))
		c.sync()
		f := app(c.room.Register(as("lra9.registrar"), ra.Entry{Operation: ra.Freeze, Issuer: up.Issuer, Serial: up.Serial}))
		app(c.room.Submit(as("lra9.registrar"), f.ID, ra.Decision{Version: f.Version}))
		c.ca.fail = errCut
		c.sync()
		if l := must[*ra.Links](t)(c.room.Links(as("lra9.registrar"), ra.ListQuery{})); l.Above.Waiting != 1 {
			t.Errorf("%+v", l.Above)
		}
		c.ca.fail = nil
		c.sync()
		c.sync()
		if c.ca.states[up.Serial] != pki.Held {
			t.Errorf("reported, and the certificate is %s", c.ca.states[up.Serial])
		}
		page := must[*ra.Page[*ra.Certificate]](t)(c.room.Certificates(as("lra9.registrar"), ra.CertificateQuery{State: pki.Held}))
		if len(page.Items) != 1 {
			t.Error("the counter does not see that it is frozen")
		}
		c.same(f.ID)
		f = app(c.room.Application(as("lra9.registrar"), f.ID))
		app(c.room.Withdraw(as("lra9.registrar"), f.ID, ra.Decision{Version: f.Version, Note: "证件已找到"}))
		c.sync()
		c.sync()
		if c.ca.states[up.Serial] != pki.Valid {
			t.Errorf("the report was taken back, and the certificate is %s", c.ca.states[up.Serial])
		}
		page = must[*ra.Page[*ra.Certificate]](t)(c.room.Certificates(as("lra9.registrar"), ra.CertificateQuery{State: pki.Valid}))
		if len(page.Items) != 1 {
			t.Error("the counter does not see that it is released")
		}
	})
}

// TestScansOverTheLink: scans follow their application, one that was taken out goes, and
// what the history does not name is refused.
func TestScansOverTheLink(t *testing.T) {
	onOutposts(t, func(t *testing.T, c *outpost) {
		app := must[*ra.Application](t)
		c.sync()
		who := as("lra9.registrar")
		a := app(c.room.Register(who, person(t, 12, "郑示例")))
		first, second := smallScan(t, 1), smallScan(t, 2)
		a = app(c.room.Attach(who, a.ID, a.Version, "identity", "证件.png", first))
		c.clock.add(time.Second)
		a = app(c.room.Attach(who, a.ID, a.Version, "identity", "背面.png", second))
		c.sync()
		up := app(c.Application(as("ra1.reviewer"), a.ID))
		if len(up.Documents) != 2 || up.Documents[0].AttachedBy != "lra9.registrar" {
			t.Fatalf("%+v", up.Documents)
		}
		_, content, err := c.OpenDocument(as("ra1.reviewer"), a.ID, up.Documents[0].Hash)
		if err != nil || !bytes.Equal(content, first) {
			t.Errorf("another scan arrived: %v", err)
		}
		a = app(c.room.Detach(who, a.ID, a.Version, up.Documents[0].Hash))
		c.sync()
		if up = app(c.Application(as("ra1.reviewer"), a.ID)); len(up.Documents) != 1 {
			t.Errorf("%d scans are left", len(up.Documents))
		}
		d := up.Documents[0]
		err = c.way.HandDocument(context.Background(), a.ID, d, smallScan(t, 3))
		wantCode(t, err, "link.document")
		if err = c.way.HandDocument(context.Background(), a.ID, d, second); err != nil {
			t.Errorf("sent twice: %v", err)
		}
		other := app(c.Register(as("lra1.registrar"), person(t, 13, "郑示例")))
		wantCode(t, c.way.HandDocument(context.Background(), other.ID, d, second), "application.unknown")
		c.same(a.ID)
	})
}

// smallScan is a small scan, another for each n.
func smallScan(t *testing.T, n int) []byte {
	t.Helper()
	var file bytes.Buffer
	img := image.NewGray(image.Rect(0, 0, 300+n, 200))
	if err := png.Encode(&file, img); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// TestSuspendedCounter: what is decided about the counter's node above counts there as
// soon as it is heard, and it hands up nothing meanwhile; nothing is lost by it.
func TestSuspendedCounter(t *testing.T) {
	onOutposts(t, func(t *testing.T, c *outpost) {
		app := must[*ra.Application](t)
		c.sync()
		a := app(c.room.Register(as("lra9.registrar"), person(t, 6, "钱示例")))
		nodes := itemsOf[ra.Node](t)(c.Nodes(as("centre.system"), ra.NodeQuery{}))
		n := nodes[slices.IndexFunc(nodes, func(n ra.Node) bool { return n.ID == "lra9" })]
		n = *must[*ra.Node](t)(c.SetNode(as("ra1.security"), "lra9", n.Version, ra.Suspended))
		wantCode(t, c.room.Sync(context.Background()), "node.inactive")
		_, err := c.room.Register(as("lra9.registrar"), person(t, 7, "钱示例"))
		wantCode(t, err, "node.inactive")
		n = *must[*ra.Node](t)(c.SetNode(as("ra1.security"), "lra9", n.Version, ra.Active))
		c.sync()
		c.same(a.ID)
		n.Rights.Profiles = []string{"device-server"}
		must[*ra.Node](t)(c.ChangeNode(as("ra1.system"), n))
		c.sync()
		_, err = c.room.Register(as("lra9.registrar"), person(t, 8, "钱示例"))
		wantCode(t, err, "node.right")
		_, err = c.room.AddNode(as("lra9.system"), ra.Node{})
		wantCode(t, err, "post.none")
	})
}

// TestForeignDossiers: a counter's process hands up nothing of other offices, decides
// nothing, and one that is not known is told nothing.
func TestForeignDossiers(t *testing.T) {
	onOutposts(t, func(t *testing.T, c *outpost) {
		c.sync()
		a := must[*ra.Application](t)(c.Register(as("lra1.registrar"), person(t, 9, "孙示例")))
		own := must[*ra.Application](t)(c.room.Register(as("lra9.registrar"), person(t, 10, "周示例")))
		history := must[[]ra.Moment](t)(c.room.History(as("lra9.registrar"), own.ID))
		fields := person(t, 10, "周示例").Fields
		for code, change := range map[string]func(d *ra.Dossier){
			"link.path":    func(d *ra.Dossier) { d.Application.ID, d.Application.Node, d.Application.Path = a.ID, a.Node, a.Path },
			"link.illegal": func(d *ra.Dossier) { goesOn(d, "submit", ra.Submitted); goesOn(d, "approve", ra.Approved) },
			"link.dossier": func(d *ra.Dossier) { d.History[0].Number = 2 },
			"certificate.unknown": func(d *ra.Dossier) {
				d.Application.Operation, d.Application.Serial, d.Application.Issuer = ra.Freeze, "0A", "sm2"
			},
			"field.unknown": func(d *ra.Dossier) { d.Application.Fields = map[string]string{"shoe": "44"} },
		} {
			d := ra.Dossier{Application: *own, History: slices.Clone(history)}
			d.Application.Fields = fields
			change(&d)
			answers, err := c.way.HandUp(context.Background(), []ra.Dossier{d})
			if err != nil || len(answers) != 1 || answers[0].Code != code {
				t.Errorf("%s: %+v, %v", code, answers, err)
			}
		}
		_, err := c.way.to.News(asSite(context.Background(), strings.Replace(site, "5", "6", 1)), ra.NewsQuery{})
		wantCode(t, err, "link.site")
		_, err = c.way.to.News(as("lra9.registrar"), ra.NewsQuery{})
		wantCode(t, err, "officer.forbidden")
		nodes := itemsOf[ra.Node](t)(c.Nodes(as("centre.system"), ra.NodeQuery{}))
		n := nodes[slices.IndexFunc(nodes, func(n ra.Node) bool { return n.ID == "lra9" })]
		n.Site = "lra9.site" // by the name it is registered under: certificates are renewed
		must[*ra.Node](t)(c.ChangeNode(as("ra1.system"), n))
		if _, err := c.way.to.News(asSite(context.Background(), "another certificate"), ra.NewsQuery{}); err != nil {
			t.Error(err)
		}
		if _, err := c.Application(as("ra1.reviewer"), own.ID); pki.CodeOf(err) != "application.unknown" {
			t.Errorf("something of it was taken: %v", err)
		}
	})
}

func goesOn(d *ra.Dossier, event string, state ra.State) {
	last := d.History[len(d.History)-1]
	last.Number, last.Event, last.State = last.Number+1, event, state
	d.History, d.Application.State, d.Application.Version = append(d.History, last), state, last.Number
}

// TestRestoredCounter: a counter whose database is lost, and a registration above that
// was restored, come to the same again.
func TestRestoredCounter(t *testing.T) {
	onOutposts(t, func(t *testing.T, c *outpost) {
		app := must[*ra.Application](t)
		c.sync()
		a := app(c.room.Register(as("lra9.registrar"), person(t, 11, "吴示例")))
		app(c.room.Submit(as("lra9.registrar"), a.ID, ra.Decision{Version: a.Version}))
		c.sync()
		c.end()
		c.source = pkitest.SQLite(t)
		c.begin()
		c.sync()
		c.same(a.ID)
	})
}

// TestPapersOverTheLink: a registration that wants papers consents to nothing, by a
// person or by a rule, before the counter's have arrived.
func TestPapersOverTheLink(t *testing.T) {
	h := newHouse(t, pkitest.SQLite(t), func(c *ra.Config) { c.Paperless = false })
	c := newOutpost(t, h, pkitest.SQLite(t), false)
	app, who := must[*ra.Application](t), as("lra9.registrar")
	c.sync()
	bare := app(c.room.Register(who, person(t, 80, "甲示例"))) // a counter that asks for none
	app(c.room.Submit(who, bare.ID, ra.Decision{Version: bare.Version}))
	c.sync()
	up := app(c.Application(as("ra1.reviewer"), bare.ID))
	_, err := c.Approve(as("ra1.reviewer"), bare.ID, ra.Decision{Version: up.Version})
	wantCode(t, err, "document.missing")

	c.aRule(c.usualRule(), true)
	whole := app(c.room.Register(who, person(t, 81, "乙示例")))
	whole = app(c.room.Attach(who, whole.ID, whole.Version, "form", "", smallScan(t, 5)))
	whole = app(c.room.Attach(who, whole.ID, whole.Version, "identity", "", smallScan(t, 6)))
	app(c.room.Submit(who, whole.ID, ra.Decision{Version: whole.Version}))
	c.sync()
	if up = app(c.Application(as("ra1.reviewer"), whole.ID)); up.State != ra.Approved || up.Rule != "persons" || len(up.Documents) != 2 {
		t.Errorf("%s by %q with %d scans", up.State, up.Rule, len(up.Documents))
	}
}
