package ra_test

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/hex"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"onecert/audit"
	"onecert/db"
	"onecert/keys"
	"onecert/officer"
	"onecert/pki"
	"onecert/pkitest"
	"onecert/ra"
	"onecert/serve"
)

// office is what the conformance suite asks of a registration: the object and its client.
type office interface {
	Me(context.Context) (*ra.Me, error)
	Work(context.Context) (*ra.Work, error)
	Kinds(context.Context) ([]ra.KindView, error)
	Register(context.Context, ra.Entry) (*ra.Application, error)
	Edit(context.Context, string, ra.EditOf) (*ra.Application, error)
	Application(context.Context, string) (*ra.Application, error)
	Applications(context.Context, ra.Query) (*ra.Page[*ra.Application], error)
	History(context.Context, string) ([]ra.Moment, error)
	Unmasked(context.Context, string, string) (map[string]string, error)
	Result(context.Context, string) (*ra.Made, error)
	Certificates(context.Context, ra.CertificateQuery) (*ra.Page[*ra.Certificate], error)
	Submit(context.Context, string, ra.Decision) (*ra.Application, error)
	Return(context.Context, string, ra.Decision) (*ra.Application, error)
	Approve(context.Context, string, ra.Decision) (*ra.Application, error)
	Reject(context.Context, string, ra.Decision) (*ra.Application, error)
	Withdraw(context.Context, string, ra.Decision) (*ra.Application, error)
	CarryOut(context.Context, string, ra.Decision) (*ra.Application, error)
	HandOver(context.Context, string, ra.Decision) (*ra.Application, error)
	Attach(context.Context, string, int, string, string, []byte) (*ra.Application, error)
	Detach(context.Context, string, int, string) (*ra.Application, error)
	OpenDocument(context.Context, string, string) (*ra.Document, []byte, error)
	Form(context.Context, string, string) ([]byte, error)
	HandCode(context.Context, string) (*ra.DownloadCode, error)
	HandPassword(context.Context, string, []byte) (string, error)
	PackageFor(context.Context, string, string) (*ra.Parcel, error)
	Nodes(context.Context, ra.NodeQuery) (*ra.Page[ra.Node], error)
	AddNode(context.Context, ra.Node) (*ra.Node, error)
	ChangeNode(context.Context, ra.Node) (*ra.Node, error)
	SetNode(context.Context, string, int, ra.NodeState) (*ra.Node, error)
	Posts(context.Context, ra.PostQuery) (*ra.Page[ra.Post], error)
	SetPost(context.Context, ra.Post) (*ra.Post, error)
	Receipt(context.Context, string) (*ra.Receipt, error)
	FreezeNearby(context.Context, ra.Nearby) (*ra.NearbyDone, error)
	MoveHolder(context.Context, string, ra.Move) (*ra.Motion, error)
	Motions(context.Context, ra.MotionQuery) (*ra.Page[*ra.Motion], error)
	DecideMotion(context.Context, string, ra.MotionDecision) (*ra.Motion, error)
	Holders(context.Context, ra.HolderQuery) (*ra.Page[*ra.Holder], error)
	Systems(context.Context, ra.SystemQuery) (*ra.Page[*ra.System], error)
	SetSystem(context.Context, ra.System) (*ra.System, error)
	SetSystemState(context.Context, string, int, ra.SystemState) (*ra.System, error)
	SystemsFile(context.Context, string) ([]byte, error)
	Members(context.Context, string, ra.MemberQuery) (*ra.Page[*ra.Standing], error)
	AddMember(context.Context, string, ra.Membership) error
	RemoveMember(context.Context, string, ra.Membership) error
	Glances(context.Context, ra.ListQuery) (*ra.Page[ra.Glance], error)
	SearchArchive(context.Context, ra.ArchiveQuery) (*ra.Page[*ra.Archived], error)
	ArchivedApplication(context.Context, string) (*ra.ArchivedFile, error)
	ArchivedDocument(context.Context, string, string) (*ra.Document, []byte, error)
	Volumes(context.Context, ra.ListQuery) (*ra.Page[*ra.Volume], error)
	CloseVolume(context.Context, ra.Closing) (*ra.Volume, error)
	VerifyArchive(context.Context) ([]string, error)
	VolumeFile(context.Context, int64) ([]byte, error)
	DestroyVolume(context.Context, int64, ra.Ending) (*ra.Motion, error)
	HolderFile(context.Context, string, string) (*ra.PersonFile, error)
	ProposePolicy(context.Context, ra.Policy) (*ra.Motion, error)
	Policies(context.Context, ra.ListQuery) (*ra.Page[ra.Policy], error)
	Announcements(context.Context, ra.AnnouncementQuery) (*ra.Page[ra.Announcement], error)
	Announcement(context.Context, string) (*ra.Announcement, error)
	Announce(context.Context, ra.Announcement) (*ra.Motion, error)
	TakeDown(context.Context, string, ra.Ending) (*ra.Motion, error)
	PolicyText(context.Context, ra.PolicyKind, string) (*ra.Policy, error)
	Rules(context.Context, ra.RuleQuery) (*ra.Page[ra.Rule], error)
	SetRule(context.Context, ra.Rule) (*ra.Rule, error)
	Statistics(context.Context, ra.StatisticsQuery) (*ra.Statistics, error)
	StatisticsFile(context.Context, ra.StatisticsQuery, string, string) ([]byte, error)
	HandUp(context.Context, []ra.Dossier) ([]ra.Handed, error)
	HandDocument(context.Context, string, ra.Document, []byte) error
	News(context.Context, ra.NewsQuery) (*ra.News, error)
	Links(context.Context, ra.ListQuery) (*ra.Links, error)
	Settle(context.Context, string, ra.Decision) (*ra.Application, error)
	CarryAll(context.Context, ra.CarryQuery) (*ra.Carrying, error)
	Carryings(context.Context, ra.GoQuery) (*ra.Page[ra.Carrying], error)
}

var _, _ office = (*ra.Registration)(nil), (*ra.Client)(nil)

// clock is a time a test sets.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.now }
func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// testSealer costs a third of a second to make, so the tests share one.
var testSealer = sync.OnceValue(func() *keys.Sealer {
	dir, err := os.MkdirTemp("", "onecert-ra-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	sealer, err := keys.GenerateSealer("file:"+filepath.Join(dir, "seal.pem"), keys.SM4GCM, keys.Options{Passphrase: []byte("only for tests")})
	if err != nil {
		panic(err)
	}
	return sealer
})

// house is a centre with two branches on a fresh database: /centre/ra1/lra1,
// /centre/ra1/lra2 and /centre/ra2/lra3, with an officer of every role in each.
type house struct {
	office
	t      testing.TB
	room   *ra.Registration
	cfg    ra.Config
	source string
	clock  *clock
	ca     *fakeCA
}

// homeNode is where the process of the tests works.
var homeNode = ra.Node{ID: "centre", Level: ra.Centre, Name: "示例电子认证服务中心"}

// newHouse makes a house; change alters its config.
func newHouse(t testing.TB, source string, change func(*ra.Config)) *house {
	t.Helper()
	h := &house{t: t, source: source, clock: &clock{now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}}
	h.ca = &fakeCA{clock: h.clock, made: map[string]*ra.Made{}, states: map[pki.Serial]pki.State{}}
	h.cfg = ra.Config{Check: check, Sealer: testSealer(), Home: homeNode, Paperless: true, Orders: h.ca, States: h.ca, Holders: h.ca, Now: h.clock.Now, Log: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&h.cfg)
	}
	h.start()
	t.Cleanup(h.stop)
	h.people()
	return h
}

func (h *house) start() {
	h.t.Helper()
	ctx := context.Background()
	d, err := db.Open(ctx, h.source)
	if err != nil {
		h.t.Fatal(err)
	}
	h.cfg.DB = d
	if h.cfg.Audit, err = audit.Open(ctx, d, "example.test/ra"); err != nil {
		h.t.Fatal(err)
	}
	if h.room, err = ra.New(ctx, h.cfg); err != nil {
		h.t.Fatal(err)
	}
	h.office = h.room
}

func (h *house) stop() {
	for _, fault := range ra.CheckInvariants(context.Background(), h.room) {
		h.t.Error(fault)
	}
	h.room.Close()
	h.cfg.DB.Close()
}

// people builds the tree as its administrators do.
func (h *house) people() {
	h.t.Helper()
	if err := h.room.FirstPosts(context.Background(), []string{"centre.system", "centre.security", "centre.audit"}); err != nil {
		h.t.Fatal(err)
	}
	for _, n := range []ra.Node{{ID: "ra1", Parent: "centre", Level: ra.RA, Name: "东省注册机构", Region: "330000"}, {ID: "ra2", Parent: "centre", Level: ra.RA, Name: "西省注册机构", Region: "610000"},
		{ID: "lra1", Parent: "ra1", Level: ra.LRA, Name: "东市受理点"}, {ID: "lra2", Parent: "ra1", Level: ra.LRA, Name: "南市受理点"}, {ID: "lra3", Parent: "ra2", Level: ra.LRA, Name: "西市受理点"}} {
		added, err := h.room.AddNode(as("centre.system"), n)
		if err != nil {
			h.t.Fatal(err)
		}
		if _, err := h.room.SetNode(as("centre.security"), n.ID, added.Version, ra.Active); err != nil {
			h.t.Fatal(err)
		}
	}
	for _, node := range []string{"centre", "ra1", "ra2", "lra1", "lra2", "lra3"} {
		for _, role := range []string{"system", "security", "audit", "registrar", "reviewer", "issuer"} {
			if node == "centre" && (role == "system" || role == "security" || role == "audit") {
				continue
			}
			if _, err := h.room.SetPost(as("centre.security"), ra.Post{Officer: node + "." + role, Node: node, Title: role, Until: h.clock.Now().AddDate(1, 0, 0)}); err != nil {
				h.t.Fatal(err)
			}
		}
	}
}

// as is the context of an officer whose name ends in the role.
func as(name string) context.Context {
	_, role, _ := strings.Cut(name, ".")
	role, _, _ = strings.Cut(role, "-")
	return pki.WithActor(context.Background(), pki.Actor{Name: name, Roles: []string{role}})
}

// check is the officers' table of rights without their registry.
func check(ctx context.Context, op officer.Operation) (pki.Actor, error) {
	actor, ok := pki.ActorFrom(ctx)
	if !ok {
		return actor, pki.Errorf(pki.Forbidden, "officer.anonymous", "nobody is identified")
	}
	return actor, officer.May(actor, op)
}

// overNetwork serves a registration and returns its client.
func overNetwork(t testing.TB, room *ra.Registration) *ra.Client {
	t.Helper()
	api := serve.New(serve.Config{Title: "RA", Version: "test", Log: slog.New(slog.DiscardHandler)})
	room.Routes(api.Huma)
	client, err := serve.NewClient(pkitest.ServeCarried(t, api), nil)
	if err != nil {
		t.Fatal(err)
	}
	client.HTTP.Transport = pkitest.Carried{}
	return ra.NewClient(client)
}

// onBoth runs a test on both engines, in process and over the network.
func onBoth(t *testing.T, test func(t *testing.T, h *house)) {
	for _, remote := range []bool{false, true} {
		t.Run(fmt.Sprintf("remote=%t", remote), func(t *testing.T) {
			pkitest.EachDatabase(t, func(t *testing.T, source string) {
				h := newHouse(t, source, nil)
				if remote {
					h.office = overNetwork(t, h.room)
				}
				test(t, h)
			})
		})
	}
}

// fakeCA makes no real certificates; it keeps the promises of Orders, States and
// Holders that the registration builds on.
type fakeCA struct {
	mu     sync.Mutex
	clock  *clock
	made   map[string]*ra.Made
	held   map[string][]ra.Certificate
	states map[pki.Serial]pki.State
	fail   error // answers everything, as if it could not be reached
	orders int
	days   int // how long certificates are good; 0: three years
}

func (f *fakeCA) Carry(_ context.Context, o ra.Order) (*ra.Made, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.orders++
	if f.fail != nil {
		return nil, f.fail
	}
	if made := f.made[o.Application]; made != nil {
		return made, nil
	}
	serial, err := pki.NewSerial(rand.Reader)
	if err != nil {
		return nil, err
	}
	holder, _ := f.identify(o.IdentityKind, o.Identity)
	now := f.clock.Now()
	made := &ra.Made{Sign: ra.MadeCertificate{Issuer: "sm2", Serial: serial, Holder: holder, Profile: o.Profile, NotBefore: now, NotAfter: now.AddDate(0, 0, cmp.Or(f.days, 3*365)), DER: []byte{0x30, 0}}}
	f.made[o.Application], f.states[serial] = made, pki.Valid
	return made, nil
}

func (f *fakeCA) set(serial pki.Serial, state pki.State) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail != nil {
		return f.fail
	}
	f.states[serial] = state
	return nil
}

func (f *fakeCA) Revoke(_ context.Context, _ string, serial pki.Serial, _ string) error {
	return f.set(serial, pki.Revoked)
}
func (f *fakeCA) Hold(_ context.Context, _ string, serial pki.Serial) error {
	return f.set(serial, pki.Held)
}
func (f *fakeCA) Release(_ context.Context, _ string, serial pki.Serial) error {
	return f.set(serial, pki.Valid)
}

func (f *fakeCA) identify(kind, number string) (string, error) {
	normal, err := pki.NormalIdentity(kind, number)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(kind + normal))
	return "H" + strings.ToUpper(hex.EncodeToString(sum[:13])), nil
}

func (f *fakeCA) Identify(_ context.Context, kind, number string) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail != nil {
		return "", f.fail
	}
	return f.identify(kind, number)
}

func (f *fakeCA) Held(_ context.Context, holder string) ([]ra.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.held[holder], f.fail
}

// newRequest is a certificate request of a new SM2 key.
func newRequest(t testing.TB) []byte {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := smx509.CreateCertificateRequest(rand.Reader, &smx509.CertificateRequest{Subject: pkix.Name{CommonName: "anyone"}}, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// resident makes the n-th valid number of nobody: area code 999999 is in no list.
func resident(n int) string {
	base := fmt.Sprintf("999999%d%02d%02d%03d", 1950+n/336000%50, 1+n/28000%12, 1+n/1000%28, n%1000)
	weights, sum := []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}, 0
	for i, w := range weights {
		sum += int(base[i]-'0') * w
	}
	return base + string("10X98765432"[sum%11])
}

// person is a complete entry of a person.
func person(t testing.TB, n int, name string) ra.Entry {
	return ra.Entry{Operation: ra.Issue, Kind: ra.Person, Fields: map[string]string{"name": name, "identity_kind": "resident", "identity": resident(n),
		"unit": "示例市民政局", "phone": "13900000000", "mail": "someone@office.example"}, Request: newRequest(t)}
}

// must is the value of a call that has to succeed.
func must[T any](t testing.TB) func(value T, err error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// itemsOf are the items of a page, which has to be the only one.
func itemsOf[T any](t testing.TB) func(*ra.Page[T], error) []T {
	return func(page *ra.Page[T], err error) []T {
		t.Helper()
		if err != nil || page.After != "" {
			t.Fatalf("one page: %+v, %v", page, err)
		}
		return page.Items
	}
}

// wantCode fails unless err has a code.
func wantCode(t testing.TB, err error, code string) {
	t.Helper()
	if got := pki.CodeOf(err); got != code {
		t.Errorf("refused by %q (%v), not by %q", got, err, code)
	}
}

// issued walks an application to a certificate.
func (h *house) issued(node string, e ra.Entry) *ra.Application {
	h.t.Helper()
	app := must[*ra.Application](h.t)
	top := node
	if strings.HasPrefix(node, "lra") {
		top = map[string]string{"lra1": "ra1", "lra2": "ra1", "lra3": "ra2"}[node]
	}
	a := app(h.Register(as(node+".registrar"), e))
	a = app(h.Submit(as(node+".registrar"), a.ID, ra.Decision{Version: a.Version}))
	a = app(h.Approve(as(top+".reviewer"), a.ID, ra.Decision{Version: a.Version}))
	return app(h.CarryOut(as(node+".issuer"), a.ID, ra.Decision{Version: a.Version}))
}
