package kmc

import (
	"bytes"
	"context"
	"crypto"
	"sync"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"

	"onecert/officer"
	"onecert/pki"
	"onecert/pkitest"
)

// centreLike is what Centre and Client have in common.
type centreLike interface {
	Generate(context.Context, pki.KeyOrder) (pki.KeyGrant, error)
	Restore(context.Context, pki.KeyRestore) (pki.KeyGrant, error)
	Retire(context.Context, pki.Serial) error
	Recover(context.Context, Recovery) (pki.KeyGrant, error)
	Status(context.Context) (Status, error)
	Ledger(context.Context, string, LedgerQuery) ([]Touch, error)
	Fill(context.Context) error
	OpenCase(context.Context, CaseOrder) (Case, error)
	Cases(context.Context, string, int) ([]Case, error)
	Case(context.Context, string) (Case, error)
	ExportCase(context.Context, string) (Export, error)
	Retention(context.Context, string, int) (Overdue, error)
	Destroy(context.Context, Destruction) (officer.Receipt, error)
	MakeSigning(context.Context, pki.SigningOrder) (pki.SigningRequest, error)
	SigningPassword(context.Context, pki.PasswordOrder) (pki.Password, error)
	Package(context.Context, pki.PackageOrder) (pki.Package, error)
	EndSigning(context.Context, pki.SigningEnd) error
}

var (
	_ centreLike = (*Centre)(nil)
	_ centreLike = (*Client)(nil)
)

// seats gives each actor their way to the centre.
type seats struct {
	*house
	network bool
	clients map[string]*Client
	mu      sync.Mutex
}

func (s *seats) at(name string) (context.Context, centreLike) {
	if !s.network {
		return s.as(name), s.centre
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.clients[name] == nil {
		s.clients[name] = s.client(name, nil)
	}
	return context.Background(), s.clients[name]
}

func (s *seats) generate(name string, o pki.KeyOrder) (pki.KeyGrant, error) {
	ctx, c := s.at(name)
	return c.Generate(ctx, o)
}

func (s *seats) must(name string, o pki.KeyOrder) pki.KeyGrant {
	s.t.Helper()
	g, err := s.generate(name, o)
	if err != nil {
		s.t.Fatal(err)
	}
	return g
}

func (s *seats) restore(name string, r pki.KeyRestore) (pki.KeyGrant, error) {
	ctx, c := s.at(name)
	return c.Restore(ctx, r)
}

func (s *seats) retire(name string, certNo pki.Serial) error {
	ctx, c := s.at(name)
	return c.Retire(ctx, certNo)
}

func wantCode(t testing.TB, err error, kind pki.Kind, code string) {
	t.Helper()
	if pki.KindOf(err) != kind || pki.CodeOf(err) != code {
		t.Errorf("got %v (%v %s), want %v %s", err, pki.KindOf(err), pki.CodeOf(err), kind, code)
	}
	if e, ok := err.(*pki.Error); ok && e.Remedy == "" && code[:3] == "km." {
		t.Errorf("%s has no remedy", code)
	}
}

// TestConformance runs every case on the object and on the client, on each engine.
func TestConformance(t *testing.T) {
	cases := []struct {
		name string
		run  func(t *testing.T, s *seats)
	}{
		{"pairs of each suite", testSuites},
		{"the same order gets the same pair", testRepeat},
		{"another order does not", testOther},
		{"a further number", testFurtherNumber},
		{"restore and retire", testRestore},
		{"recover", testRecover},
		{"each CA has its own", testCAs},
		{"rights", testRights},
		{"bad orders", testBadOrders},
		{"64 ask for 16", testConcurrent},
		{"status", testStatus},
		{"ledger", testLedger},
		{"without officers", testWithoutOfficers},
	}
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		// In the third way the centre accepts no connection: it dials out, and calls
		// travel back (design.md decision 15).
		for way, name := range []string{"object", "client", "dialled out"} {
			for i, c := range cases {
				t.Run(c.name+", "+name, func(t *testing.T) {
					from := source
					if i > 0 || way > 0 {
						from = fresh(t, source)
					}
					h := newHouse(t, from, nil)
					h.dialsOut = way == 2
					c.run(t, &seats{house: h, network: way > 0, clients: map[string]*Client{}})
				})
			}
		}
	})
}

// fresh is another database of the same engine.
func fresh(t *testing.T, like string) string {
	if like[:6] == "sqlite" {
		return pkitest.SQLite(t)
	}
	return pkitest.Postgres(t)
}

func testSuites(t *testing.T, s *seats) {
	tokens := map[string]*token{"sm2": newToken(t, pki.SM2), "rsa": newToken(t, pki.RSA2048), "ecdsa": newToken(t, pki.P256)}
	p384 := newToken(t, pki.P384)
	for n, c := range []struct {
		suite pki.Suite
		to    *token
	}{
		{pki.SM2, tokens["sm2"]}, {pki.RSA2048, tokens["rsa"]}, {pki.RSA3072, tokens["rsa"]}, {pki.P256, tokens["ecdsa"]},
		{pki.P384, tokens["ecdsa"]}, {pki.P256, p384}, {pki.P384, tokens["rsa"]}, {pki.RSA2048, tokens["ecdsa"]},
	} {
		g := s.must("ca1", s.order(n, c.suite, c.to))
		key := c.to.open(t, g)
		if suite, err := pki.SuiteOf(key.Public()); err != nil || suite != c.suite || g.CertNo != certNo(n) {
			t.Errorf("%s: got a %s pair for %s, %v", c.suite, suite, g.CertNo, err)
		}
		want := pki.CMSEnvelopedData
		if c.suite == pki.SM2 {
			want = pki.SM2EnvelopedKey
		}
		if g.Envelope.Format != want {
			t.Errorf("%s: format %s", c.suite, g.Envelope.Format)
		}
		stranger := newToken(t, map[bool]pki.Suite{true: pki.SM2, false: pki.P256}[c.suite == pki.SM2])
		if _, err := stranger.tryOpen(g); err == nil {
			t.Errorf("%s: a stranger's key opens the envelope", c.suite)
		}
	}
}

func testRepeat(t *testing.T, s *seats) {
	k := newToken(t, pki.SM2)
	o := s.order(1, pki.SM2, k)
	first := s.must("ca1", o)
	o.NotBefore = o.NotBefore.Add(300 * time.Millisecond).In(time.FixedZone("CST", 8*3600)) // the same second
	again := s.must("ca1", o)
	if !bytes.Equal(first.PublicKey, again.PublicKey) || bytes.Equal(first.Envelope.DER, again.Envelope.DER) {
		t.Error("the same order did not get the same pair freshly sealed")
	}
	one, two := k.open(t, first).(*sm2.PrivateKey), k.open(t, again)
	if !one.Equal(two) {
		t.Error("two private keys")
	}
	if err := s.retire("ca1", o.CertNo); err != nil {
		t.Fatal(err)
	}
	if late := s.must("ca1", o); !bytes.Equal(late.PublicKey, first.PublicKey) {
		t.Error("after retiring, the same order got another pair")
	}
}

func testOther(t *testing.T, s *seats) {
	k := newToken(t, pki.SM2)
	o := s.order(1, pki.SM2, k)
	first := s.must("ca1", o)
	for name, change := range map[string]func(*pki.KeyOrder){
		"recipient": func(o *pki.KeyOrder) { o.Recipient = newToken(t, pki.SM2).spki },
		"holder":    func(o *pki.KeyOrder) { o.Holder = "holder-2" },
		"suite":     func(o *pki.KeyOrder) { o.Suite, o.Recipient = pki.P256, newToken(t, pki.P256).spki },
	} {
		other := o
		change(&other)
		_, err := s.generate("ca1", other)
		t.Log(name)
		wantCode(t, err, pki.Conflict, "km.other-order")
	}
	same := o
	same.Application = "application-2"
	_, err := s.generate("ca1", same)
	wantCode(t, err, pki.Conflict, "km.cert-no")
	if again := s.must("ca1", o); !bytes.Equal(again.PublicKey, first.PublicKey) {
		t.Error("the first order lost its pair")
	}
}

// testFurtherNumber: a CA that stored nothing of its first try asks again later, under a
// number drawn anew. It gets the same pair, which stands under both from then on, and is
// kept for as long as the later certificate.
func testFurtherNumber(t *testing.T, s *seats) {
	k, next := newToken(t, pki.SM2), newToken(t, pki.SM2)
	first := s.order(1, pki.SM2, k)
	key := s.must("ca1", first)
	again := first
	again.CertNo, again.NotBefore, again.NotAfter = certNo(2), again.NotBefore.Add(time.Hour), again.NotAfter.Add(time.Hour)
	for range 2 {
		g := s.must("ca1", again)
		if g.CertNo != again.CertNo || !bytes.Equal(g.PublicKey, key.PublicKey) {
			t.Errorf("another pair or number: %s", g.CertNo)
		}
		k.open(t, g)
	}
	for _, number := range []pki.Serial{first.CertNo, again.CertNo} {
		g, err := s.restore("ca1", pki.KeyRestore{CertNo: number, Recipient: next.spki, Holder: first.Holder})
		if err != nil || g.CertNo != number || !bytes.Equal(g.PublicKey, key.PublicKey) {
			t.Errorf("%s: %v", number, err)
		}
		_, err = s.restore("ca1", pki.KeyRestore{CertNo: number, Recipient: next.spki, Holder: "somebody"})
		wantCode(t, err, pki.Forbidden, "km.holder")
	}
	other := s.order(3, pki.SM2, k)
	other.CertNo = again.CertNo
	_, err := s.generate("ca1", other)
	wantCode(t, err, pki.Conflict, "km.cert-no")
	other = s.order(4, pki.SM2, k)
	s.must("ca1", other)
	again.CertNo = other.CertNo
	_, err = s.generate("ca1", again)
	wantCode(t, err, pki.Conflict, "km.cert-no")
	if err := s.retire("ca1", certNo(2)); err != nil {
		t.Error(err)
	}
	var end, ended int64
	row := s.config.DB.Read().QueryRow("SELECT not_after, COALESCE(ended_at, 0) FROM kmc_use WHERE application = $1", first.Application)
	if err := row.Scan(&end, &ended); err != nil || end != first.NotAfter.Add(time.Hour).UnixMilli() || ended == 0 {
		t.Errorf("it ends %d, went into history %d, %v", end, ended, err)
	}
}

func testRestore(t *testing.T, s *seats) {
	for n, suite := range []pki.Suite{pki.SM2, pki.P256, pki.RSA2048} {
		old, next := newToken(t, suite), newToken(t, suite)
		o := s.order(n, suite, old)
		key := old.open(t, s.must("ca1", o))
		restore := pki.KeyRestore{CertNo: o.CertNo, Recipient: next.spki, Holder: o.Holder, Reason: "令牌损坏"}
		for _, library := range []string{"in use", "history"} {
			g, err := s.restore("ca1", restore)
			if err != nil {
				t.Fatalf("%s, %s: %v", suite, library, err)
			}
			if again := next.open(t, g); !key.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(again.Public()) {
				t.Errorf("%s, %s: another key", suite, library)
			}
			if _, err := old.tryOpen(g); err == nil {
				t.Errorf("%s, %s: the old token opens what was sealed to the new one", suite, library)
			}
			for range 2 { // the second changes nothing
				if err := s.retire("ca1", o.CertNo); err != nil {
					t.Fatal(err)
				}
			}
		}
		wrong := restore
		wrong.Holder = "somebody"
		_, err := s.restore("ca1", wrong)
		wantCode(t, err, pki.Forbidden, "km.holder")
	}
	k := newToken(t, pki.SM2)
	_, err := s.restore("ca1", pki.KeyRestore{CertNo: certNo(99), Recipient: k.spki, Holder: "holder-0"})
	wantCode(t, err, pki.Unknown, "km.no-key")
	wantCode(t, s.retire("ca1", certNo(99)), pki.Unknown, "km.no-key")
	_, err = s.restore("ca1", pki.KeyRestore{CertNo: certNo(0), Recipient: newToken(t, pki.P256).spki, Holder: "holder-0"})
	wantCode(t, err, pki.Invalid, "km.recipient")
}

func testRecover(t *testing.T, s *seats) {
	old, next := newToken(t, pki.SM2), newToken(t, pki.SM2)
	o := s.order(1, pki.SM2, old)
	key := old.open(t, s.must("ca1", o))
	if err := s.retire("ca1", o.CertNo); err != nil {
		t.Fatal(err)
	}
	ctx, c := s.at("keeper")
	good := Recovery{CertNo: o.CertNo, Certificate: s.holders.issue(t, o.Holder, next.signer.Public(), nil), Reason: "lost token"}
	g, err := c.Recover(ctx, good)
	if err != nil {
		t.Fatal(err)
	}
	if !key.(*sm2.PrivateKey).Equal(next.open(t, g)) {
		t.Error("another key was recovered")
	}
	s.must("ca2", s.order(1, pki.SM2, old)) // the same number and holder at another CA
	_, err = c.Recover(ctx, good)
	wantCode(t, err, pki.Conflict, "km.ambiguous")
	good.CA = "ca1"
	if _, err = c.Recover(ctx, good); err != nil {
		t.Error(err)
	}
	for _, b := range recoverCases(t, s, o, next) {
		r := good
		r.Certificate = b.certificate
		_, err := c.Recover(ctx, r)
		t.Log(b.name)
		wantCode(t, err, b.kind, b.code)
	}
	none := good
	none.CertNo = certNo(7)
	_, err = c.Recover(ctx, none)
	wantCode(t, err, pki.Unknown, "km.no-key")
	ctx, c = s.at("ca1")
	_, err = c.Recover(ctx, good)
	wantCode(t, err, pki.Forbidden, "km.holder")
}
