package ca_test

import (
	"context"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/audit"
	"onecert/ca"
	"onecert/db"
	"onecert/keys"
	"onecert/officer"
	"onecert/pki"
	"onecert/pkitest"
	"onecert/serve"
	"onecert/status"
)

// authority is what the conformance suite asks of a CA: the object and its client.
type authority interface {
	Issue(context.Context, ca.Order) (*ca.Issued, error)
	Order(context.Context, string) (*ca.Issued, error)
	Renew(context.Context, string, pki.Serial, ca.Change) (*ca.Issued, error)
	Reissue(context.Context, string, pki.Serial, ca.Change) (*ca.Issued, error)
	Modify(context.Context, string, pki.Serial, ca.Change) (*ca.Issued, error)
	Revoke(context.Context, string, pki.Serial, ca.Revocation) (*ca.Certificate, error)
	Hold(context.Context, string, pki.Serial) (*ca.Certificate, error)
	Release(context.Context, string, pki.Serial) (*ca.Certificate, error)
	Show(context.Context, string, pki.Serial) (*ca.Certificate, error)
	At(context.Context, string, pki.Serial, time.Time) (*ca.Moment, error)
	List(context.Context, ca.Filter) (*ca.Page, error)
	Issuers(context.Context) ([]ca.IssuerView, error)
	Profiles(context.Context) ([]ca.ProfileView, error)
	Identify(context.Context, ca.Identity) (string, error)
	Published(context.Context, string, []pki.Serial) ([]ca.Published, error)
	SignCRLs(context.Context, string) ([]ca.CRL, error)
	LatestCRL(context.Context, string, int, bool) (*ca.CRL, error)
	Lists(context.Context, string) ([]pki.ListHead, error)
	OpenList(context.Context, string, string, int64) (io.ReadCloser, error)
	ProposeProfiles(context.Context, ca.ProfileChange) (*ca.ProposedProfiles, error)
	ProfileVersions(context.Context, string, ca.VersionQuery) ([]ca.ProfileVersion, error)
	ProposeCRLNumber(context.Context, string, ca.CRLNumber) (*officer.Receipt, error)
	ProposeReplacement(context.Context, string, ca.Replacement) (*officer.Receipt, error)
	Replacements(context.Context, ca.Part) ([]ca.Replacing, error)
	Missing(context.Context, string, string) (*ca.MissedPage, error)
	MakeHolderKey(context.Context, ca.HolderKeyOrder) (*pki.SigningRequest, error)
	HolderKeyPassword(context.Context, string, ca.HolderPassword) (*pki.Password, error)
	PackageHolderKey(context.Context, string, ca.HolderPackage) (*pki.Package, error)
	EndHolderKey(context.Context, string, ca.HolderKeyEnd) error
}

var _, _ authority = (*ca.CA)(nil), (*ca.Client)(nil)

// house is a CA with everything around it, of which a test may change one thing.
type house struct {
	authority // the room itself, or its client
	room      *ca.CA
	remote    bool
	t         testing.TB
	cfg       ca.Config
	source    string
	kmc       *fakeKMC
	clock     *clock
	crlDir    string
	issuers   map[string]*ca.Issuer
	roots     map[string]*smx509.Certificate
}

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

var startOfTime = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// Hierarchies are slow to make (RSA) and never change: one set serves all tests.
var hierarchies = sync.OnceValue(func() map[string]hierarchy {
	all := map[string]hierarchy{}
	for family, suites := range map[string][2]pki.Suite{"sm2": {pki.SM2, pki.SM2}, "rsa": {pki.RSA3072, pki.RSA2048}, "ecdsa": {pki.P384, pki.P256}} {
		all[family] = makeHierarchy(family, suites)
	}
	return all
})

type hierarchy struct {
	root, issuing       *smx509.Certificate
	rootKey, issuingKey *keys.Key
}

var addresses = ca.Addresses{CRL: "http://pki.example/crl", AIA: "http://pki.example/aia", OCSP: "http://pki.example/ocsp"}

func makeHierarchy(family string, suites [2]pki.Suite) hierarchy {
	h := hierarchy{rootKey: newKey(suites[0]), issuingKey: newKey(suites[1])}
	must := func(cert *smx509.Certificate, err error) *smx509.Certificate {
		if err != nil {
			panic(err)
		}
		return cert
	}
	subject := func(cn string) pki.Name {
		return pki.Name{{Type: "C", Value: "CN"}, {Type: "O", Value: "一证通测试"}, {Type: "CN", Value: cn}}
	}
	begin := startOfTime.AddDate(-3, 0, 0)
	a := func(cn string, key *keys.Key, years, pathLen int) pki.Authority {
		der, err := subject(cn).DER()
		if err != nil {
			panic(err)
		}
		return pki.Authority{Subject: der, PublicKey: key.Public(), NotBefore: begin, NotAfter: begin.AddDate(years, 0, 0), PathLen: pathLen}
	}
	h.root = must(pkitest.Certify(a("测试根 "+family, h.rootKey, 20, -1), h.rootKey, nil))
	issuing := a("测试签发 "+family, h.issuingKey, 10, 0)
	issuing.Policies = []pki.OID{pki.AnyPolicy()}
	issuing.CRL = []string{addresses.CRL + "/" + family + "-root/complete.crl"}
	issuing.Issuer = []string{addresses.AIA + "/" + family + "-root.cer"}
	h.issuing = must(pkitest.Certify(issuing, h.rootKey, h.root))
	return h
}

func newKey(suite pki.Suite) *keys.Key {
	signer, err := pki.GenerateKey(rand.Reader, suite)
	if err != nil {
		panic(err)
	}
	key, err := keys.Wrap(signer)
	if err != nil {
		panic(err)
	}
	return key
}

// open starts a CA on a database; adjust may change its configuration first.
func open(t testing.TB, source string, adjust func(*ca.Config)) *house {
	t.Helper()
	ctx := context.Background()
	d, err := db.Open(ctx, source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	journal, err := status.Open(ctx, d)
	if err != nil {
		t.Fatal(err)
	}
	log, err := audit.Open(ctx, d, "onecert.example/ca")
	if err != nil {
		t.Fatal(err)
	}
	profiles, err := ca.DeliveredProfiles()
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, source: source, kmc: newFakeKMC(), clock: &clock{now: startOfTime}, crlDir: t.TempDir(),
		issuers: map[string]*ca.Issuer{}, roots: map[string]*smx509.Certificate{}}
	h.cfg = ca.Config{DB: d, Status: journal, Audit: log, KMC: h.kmc, Profiles: profiles, HolderKey: make([]byte, 32),
		Check: mayAll, Now: h.clock.Now, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), CRL: ca.CRLRules{Dir: h.crlDir}}
	for _, family := range []string{"sm2", "rsa", "ecdsa"} {
		made := hierarchies()[family]
		issuer := &ca.Issuer{ID: family, Key: made.issuingKey, Certificate: made.issuing, Chain: []*smx509.Certificate{made.root},
			Addresses: addresses, Partitions: 4}
		h.cfg.Issuers, h.issuers[family], h.roots[family] = append(h.cfg.Issuers, issuer), issuer, made.root
	}
	if adjust != nil {
		adjust(&h.cfg)
	}
	h.start()
	t.Cleanup(func() {
		h.checkInvariants()
		h.room.Close()
		h.cfg.DB.Close() // another than at first, where a test moved it
	})
	return h
}

func (h *house) start() {
	h.t.Helper()
	var err error
	if h.room, err = ca.New(context.Background(), h.cfg); err != nil {
		h.t.Fatal(err)
	}
	h.authority = h.room
	if h.remote {
		h.authority = overNetwork(h.t, h.room)
	}
}

// restart ends the CA and starts it again on the same database.
func (h *house) restart() {
	h.t.Helper()
	h.room.Close()
	h.start()
}

func (h *house) checkInvariants() {
	h.t.Helper()
	faults := ca.CheckInvariants(context.Background(), h.room)
	if h.cfg.Officers != nil {
		faults = append(faults, officer.CheckInvariants(context.Background(), h.cfg.Officers)...)
	}
	for _, fault := range faults {
		h.t.Error("invariant broken: " + fault)
	}
}

// mayAll lets every actor of a context do everything; who has none is refused.
func mayAll(ctx context.Context, op officer.Operation) (pki.Actor, error) {
	actor, ok := pki.ActorFrom(ctx)
	if !ok {
		return actor, pki.Errorf(pki.Forbidden, "officer.none", "nobody is known to be asking")
	}
	return actor, nil
}

func as(name string) context.Context {
	return pki.WithActor(context.Background(), pki.Actor{Name: name, Roles: []string{"site"}})
}

func sqlite(t testing.TB) string { return "sqlite:" + t.TempDir() + "/ca.db" }

// each runs a test of the conformance suite on both databases, in process and over
// the network.
func each(t *testing.T, act func(t *testing.T, h *house)) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		t.Run("in process", func(t *testing.T) { act(t, open(t, source, nil)) })
	})
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		t.Run("network", func(t *testing.T) {
			h := open(t, source, nil)
			h.remote, h.authority = true, overNetwork(t, h.room)
			act(t, h)
		})
	})
}

// overNetwork serves a CA and returns its client.
func overNetwork(t testing.TB, room *ca.CA) *ca.Client {
	t.Helper()
	api := serve.New(serve.Config{Title: "CA", Version: "test", Log: slog.New(slog.DiscardHandler)})
	room.Routes(api.Huma)
	client, err := serve.NewClient(pkitest.ServeCarried(t, api), nil)
	if err != nil {
		t.Fatal(err)
	}
	client.HTTP.Transport = pkitest.Carried{}
	return ca.NewClient(client)
}

// request makes a certificate request of a new key, as any tool would.
func request(t testing.TB, suite pki.Suite, name pki.Name) ([]byte, *keys.Key) {
	t.Helper()
	key := newKey(suite)
	return requestOf(t, key, name), key
}

func requestOf(t testing.TB, key *keys.Key, name pki.Name) []byte {
	t.Helper()
	subject, err := name.DER()
	if err != nil {
		t.Fatal(err)
	}
	der, err := smx509.CreateCertificateRequest(rand.Reader, &smx509.CertificateRequest{RawSubject: subject}, key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
}

func person(cn string) pki.Name {
	return pki.Name{{Type: "C", Value: "CN"}, {Type: "ST", Value: "示例省"}, {Type: "O", Value: "示例市民政局"}, {Type: "CN", Value: cn}}
}

// order makes an order for a person's certificate with a key of its own.
func order(t testing.TB, application string, suite pki.Suite) ca.Order {
	t.Helper()
	data, _ := request(t, suite, person("林晓明 "+application))
	return ca.Order{Application: application, Profile: "person-sign", Request: data, Holder: "H-" + application}
}

// fakeKMC keeps the promises of the key management centre and nothing else.
type fakeKMC struct {
	mu      sync.Mutex
	pairs   map[string]*keys.Key  // by application
	orders  map[string]string     // content by application
	byCert  map[pki.Serial]string // application
	holders map[pki.Serial]string
	retired map[pki.Serial]bool
	gone    map[pki.Serial]bool // destroyed after their retention
	down    error               // answered instead, when set
	lost    bool                // do the work, then answer down: the answer was lost
}

func newFakeKMC() *fakeKMC {
	return &fakeKMC{pairs: map[string]*keys.Key{}, orders: map[string]string{}, byCert: map[pki.Serial]string{},
		holders: map[pki.Serial]string{}, retired: map[pki.Serial]bool{}, gone: map[pki.Serial]bool{}}
}

func (k *fakeKMC) Generate(_ context.Context, o pki.KeyOrder) (pki.KeyGrant, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.down != nil && !k.lost {
		return pki.KeyGrant{}, k.down
	}
	content := fmt.Sprint(o.Suite, o.Recipient, o.Holder)
	if there, ok := k.byCert[o.CertNo]; ok && there != o.Application {
		return pki.KeyGrant{}, pki.Errorf(pki.Conflict, "km.cert-no", "another order's pair stands under this number")
	}
	if seen, ok := k.orders[o.Application]; ok && seen != content {
		return pki.KeyGrant{}, pki.Errorf(pki.Conflict, "key.conflict", "ordered before with another content")
	}
	if k.pairs[o.Application] == nil {
		k.pairs[o.Application], k.orders[o.Application] = newKey(o.Suite), content
	}
	k.byCert[o.CertNo], k.holders[o.CertNo] = o.Application, o.Holder
	if k.down != nil {
		return pki.KeyGrant{}, k.down
	}
	return k.seal(o.CertNo, k.pairs[o.Application], o.Recipient)
}

// seal gives a stand-in for the envelope: its public key, so that tests can see
// which pair it was. The real envelopes are cms's and kmc's to prove.
func (k *fakeKMC) seal(certNo pki.Serial, pair *keys.Key, recipient []byte) (pki.KeyGrant, error) {
	spki, err := pki.MarshalPublicKey(pair.Public())
	if err != nil {
		return pki.KeyGrant{}, err
	}
	return pki.KeyGrant{CertNo: certNo, PublicKey: spki, Envelope: pki.Envelope{Format: "test", DER: append(recipient[:0:0], spki...)}}, nil
}

func (k *fakeKMC) Restore(_ context.Context, r pki.KeyRestore) (pki.KeyGrant, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	application, ok := k.byCert[r.CertNo]
	if !ok || k.holders[r.CertNo] != r.Holder {
		return pki.KeyGrant{}, pki.Errorf(pki.Unknown, "key.unknown", "no such key of this holder")
	}
	if k.gone[r.CertNo] {
		return pki.KeyGrant{}, pki.Errorf(pki.Conflict, "km.destroyed", "destroyed")
	}
	return k.seal(r.CertNo, k.pairs[application], r.Recipient)
}

func (k *fakeKMC) Retire(_ context.Context, certNo pki.Serial) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.down != nil && !k.lost {
		return k.down
	}
	k.retired[certNo] = true
	return k.down
}
