package kmc

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509/pkix"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"github.com/emmansun/go-pkcs12"

	"onecert/cms"
	"onecert/pki"
	"onecert/pkitest"
)

func ticket(n byte) []byte { return bytes.Repeat([]byte{n}, pki.LeastTicket) }

func signingOrder(application string, suite pki.Suite) pki.SigningOrder {
	return pki.SigningOrder{Application: application, Suite: suite, Holder: "holder-1", Subject: pki.Name{{Type: "O", Value: "示例"}, {Type: "CN", Value: "设备一"}},
		Ticket: ticket(7), AskedBy: "ra1"}
}

func (s *seats) makeSigning(name string, o pki.SigningOrder) (pki.SigningRequest, error) {
	ctx, c := s.at(name)
	return c.MakeSigning(ctx, o)
}

func (s *seats) password(name, application string, nonce byte) (pki.Password, error) {
	ctx, c := s.at(name)
	return c.SigningPassword(ctx, pki.PasswordOrder{Application: application, Nonce: ticket(nonce), AskedBy: "ra1"})
}

func (s *seats) packed(name string, o pki.PackageOrder) (pki.Package, error) {
	ctx, c := s.at(name)
	return c.Package(ctx, o)
}

func (s *seats) end(name, application string) error {
	ctx, c := s.at(name)
	return c.EndSigning(ctx, pki.SigningEnd{Application: application, Reason: "withdrawn", AskedBy: "ra1"})
}

// certified makes a key for an application and has its request certified.
func (s *seats) certified(application string, suite pki.Suite) pki.PackageOrder {
	s.t.Helper()
	made, err := s.makeSigning("ca1", signingOrder(application, suite))
	if err != nil {
		s.t.Fatal(err)
	}
	request, err := pki.ParseRequest(made.Request, false)
	if err != nil || request.Suite != suite {
		s.t.Fatalf("the request: %+v %v", request, err)
	}
	return pki.PackageOrder{Application: application, Form: pki.FormPKCS12, Ticket: ticket(7), Certificate: s.certificate(request.SPKI, nil),
		Chain: [][]byte{s.holders.certificate.Raw}, AskedBy: "ra1"}
}

// certificate has the holders' CA certify a public key, under a serial if one is given.
func (s *seats) certificate(spki []byte, serial *big.Int) []byte {
	s.t.Helper()
	public, err := pki.ParsePublicKey(spki)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.holders.issue(s.t, "设备一", public, func(c *smx509.Certificate) {
		if serial != nil {
			c.SerialNumber = serial
		}
	})
}

// pair adds an escrowed pair with its certificate to an order of a package.
func (s *seats) pair(o *pki.PackageOrder, n int, suite pki.Suite) pki.KeyGrant {
	s.t.Helper()
	order := s.order(n, suite, newToken(s.t, suite))
	order.Application, order.Holder = o.Application, "holder-1"
	g := s.must("ca1", order)
	o.Encryption = s.certificate(g.PublicKey, order.CertNo.Big())
	return g
}

// open opens one PKCS#12 file of a package.
func openStore(t testing.TB, p pki.Package, name, password string) (crypto.Signer, *smx509.Certificate) {
	t.Helper()
	for _, f := range p.Files {
		if f.Name != name {
			continue
		}
		key, certificate, chain, err := pkcs12.DecodeChain(f.Content, password)
		if err != nil || len(chain) != 1 {
			t.Fatalf("%s: %d above, %v", name, len(chain), err)
		}
		return key.(crypto.Signer), certificate
	}
	t.Fatalf("no %s in the package", name)
	return nil, nil
}

// signs proves that a private key belongs to a certificate: what it signs verifies.
func signs(t testing.TB, key crypto.Signer, certificate *smx509.Certificate) {
	t.Helper()
	der, err := smx509.CreateCertificateRequest(rand.Reader, &smx509.CertificateRequest{Subject: pkix.Name{CommonName: "x"}}, key)
	if err != nil {
		t.Fatal(err)
	}
	request, err := pki.ParseRequest(der, false)
	if err != nil || !samePublic(certificate, request.SPKI) {
		t.Errorf("the key does not belong to the certificate: %v", err)
	}
}

func TestHolderKeyConformance(t *testing.T) {
	cases := []struct {
		name string
		run  func(t *testing.T, s *seats)
	}{
		{"each suite", testSigningSuites},
		{"a pair", testSigningPair},
		{"the same order gets the same request", testSigningRepeat},
		{"the password is given once", testPasswordOnce},
		{"the same package for a while", testPackageWindow},
		{"an envelope", testPackageEnvelope},
		{"refusals", testPackageRefusals},
		{"ended and expired", testSigningEnds},
		{"the most that may wait", testSigningLimit},
		{"64 fetch 4", testPackageConcurrent},
		{"rights", testSigningRights},
		{"the ledger", testSigningLedger},
	}
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		for way, name := range []string{"object", "client"} {
			for i, c := range cases {
				t.Run(c.name+", "+name, func(t *testing.T) {
					from := source
					if i > 0 || way > 0 {
						from = fresh(t, source)
					}
					h := newHouse(t, from, func(c *Config) { c.SigningMost = 40 })
					c.run(t, &seats{house: h, network: way > 0, clients: map[string]*Client{}})
				})
			}
		}
	})
}

func testSigningSuites(t *testing.T, s *seats) {
	for _, suite := range []pki.Suite{pki.SM2, pki.RSA2048, pki.P256, pki.P384} {
		o := s.certified("application-"+string(suite), suite)
		password, err := s.password("ca1", o.Application, 1)
		if err != nil || len(password.Text) != 29 || password.Sealed != nil {
			t.Fatalf("%+v %v", password, err)
		}
		p, err := s.packed("ca1", o)
		if err != nil || len(p.Files) != 1 || p.Rounds < 100_000 || p.Repeat {
			t.Fatalf("%s: %d files, %d rounds, %v", suite, len(p.Files), p.Rounds, err)
		}
		key, certificate := openStore(t, p, "sign.p12", password.Text)
		signs(t, key, certificate)
		if !bytes.Equal(certificate.Raw, o.Certificate) {
			t.Error("another certificate")
		}
		if _, _, _, err := pkcs12.DecodeChain(p.Files[0].Content, password.Text+"X"); err == nil {
			t.Error("opens with another password")
		}
	}
}

func testSigningPair(t *testing.T, s *seats) {
	for n, suite := range []pki.Suite{pki.SM2, pki.P256} {
		for m, form := range []string{pki.FormPKCS12, pki.FormPKCS12SM} {
			o := s.certified(form+string(suite), suite)
			g := s.pair(&o, 10*n+m, suite)
			o.Form = form
			password, err := s.password("ca1", o.Application, 1)
			if err != nil {
				t.Fatal(err)
			}
			p, err := s.packed("ca1", o)
			if form == pki.FormPKCS12SM && suite != pki.SM2 {
				wantCode(t, err, pki.Invalid, "km.package-form")
				continue
			}
			if err != nil || len(p.Files) != 2 {
				t.Fatalf("%d files: %v", len(p.Files), err)
			}
			signs(t, first(openStore(t, p, "sign.p12", password.Text)), mustParse(t, o.Certificate))
			key, certificate := openStore(t, p, "encrypt.p12", password.Text)
			signs(t, key, certificate)
			if !samePublic(certificate, g.PublicKey) {
				t.Error("not the escrowed pair")
			}
		}
	}
}

func first(key crypto.Signer, _ *smx509.Certificate) crypto.Signer { return key }

func mustParse(t testing.TB, der []byte) *smx509.Certificate {
	t.Helper()
	certificate, err := smx509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

func testSigningRepeat(t *testing.T, s *seats) {
	o := signingOrder("application-1", pki.SM2)
	one, err := s.makeSigning("ca1", o)
	if err != nil {
		t.Fatal(err)
	}
	s.clock.advance(time.Hour)
	two, err := s.makeSigning("ca1", o)
	if err != nil || !bytes.Equal(one.Request, two.Request) || !one.Expires.Equal(two.Expires) {
		t.Errorf("another request or end: %v", err)
	}
	for name, change := range map[string]func(*pki.SigningOrder){
		"suite":   func(o *pki.SigningOrder) { o.Suite = pki.P256 },
		"holder":  func(o *pki.SigningOrder) { o.Holder = "holder-2" },
		"subject": func(o *pki.SigningOrder) { o.Subject = nil },
		"ticket":  func(o *pki.SigningOrder) { o.Ticket = ticket(8) },
	} {
		other := o
		change(&other)
		_, err := s.makeSigning("ca1", other)
		t.Log(name)
		wantCode(t, err, pki.Conflict, "km.other-order")
	}
	other, err := s.makeSigning("ca2", o)
	if err != nil || bytes.Equal(other.Request, one.Request) {
		t.Errorf("two CAs share a key: %v", err)
	}
	var group sync.WaitGroup
	answers := make([]pki.SigningRequest, 16)
	for i := range answers {
		group.Go(func() {
			var err error
			if answers[i], err = s.makeSigning("ca1", signingOrder("at once", pki.P256)); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for _, a := range answers {
		if !bytes.Equal(a.Request, answers[0].Request) {
			t.Error("sixteen who asked at once got several keys")
		}
	}
}

func testPasswordOnce(t *testing.T, s *seats) {
	o := s.certified("application-1", pki.SM2)
	one, err := s.password("ca1", o.Application, 1)
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.password("ca1", o.Application, 1)
	if err != nil || again != one {
		t.Errorf("the answer that was lost: %+v %v", again, err)
	}
	_, err = s.password("ca1", o.Application, 2)
	wantCode(t, err, pki.Conflict, "km.shown")
	s.clock.advance(16 * time.Minute)
	_, err = s.password("ca1", o.Application, 1)
	wantCode(t, err, pki.Conflict, "km.shown")
	_, err = s.password("ca2", o.Application, 1)
	wantCode(t, err, pki.Unknown, "km.no-signing-key")

	for _, suite := range []pki.Suite{pki.SM2, pki.P256, pki.RSA2048} {
		o := s.certified("sealed-"+string(suite), suite)
		k := newToken(t, suite)
		ctx, c := s.at("ca1")
		sealed, err := c.SigningPassword(ctx, pki.PasswordOrder{Application: o.Application, Nonce: ticket(3), Recipient: k.spki})
		if err != nil || sealed.Text != "" || sealed.Sealed == nil {
			t.Fatalf("%+v %v", sealed, err)
		}
		text, err := cms.OpenEnvelope(k.signer, sealed.Sealed.DER)
		if err != nil {
			t.Fatal(err)
		}
		p, err := s.packed("ca1", o)
		if err != nil {
			t.Fatal(err)
		}
		signs(t, first(openStore(t, p, "sign.p12", string(text))), mustParse(t, o.Certificate))
	}
}

func testPackageWindow(t *testing.T, s *seats) {
	o := s.certified("application-1", pki.SM2)
	if _, err := s.password("ca1", o.Application, 1); err != nil {
		t.Fatal(err)
	}
	one, err := s.packed("ca1", o)
	if err != nil {
		t.Fatal(err)
	}
	s.clock.advance(14 * time.Minute)
	again, err := s.packed("ca1", o)
	if err != nil || !again.Repeat || !bytes.Equal(one.Files[0].Content, again.Files[0].Content) {
		t.Errorf("the download that broke: %v", err)
	}
	other := o
	other.Form = pki.FormPKCS12SM
	_, err = s.packed("ca1", other)
	wantCode(t, err, pki.Conflict, "km.other-order")
	_, err = s.password("ca1", o.Application, 1)
	wantCode(t, err, pki.Conflict, "km.delivered")
	if _, err = s.makeSigning("ca1", signingOrder("application-1", pki.SM2)); err != nil { // who fetches again begins again
		t.Error(err)
	}
	s.clock.advance(2 * time.Minute)
	_, err = s.makeSigning("ca1", signingOrder("application-1", pki.SM2))
	wantCode(t, err, pki.Conflict, "km.delivered")
	_, err = s.packed("ca1", o) // refused by the clock, whether or not anybody has tidied
	wantCode(t, err, pki.Conflict, "km.delivered")
	s.centre.tidyHolderKeys(context.Background())
	_, err = s.packed("ca1", o)
	wantCode(t, err, pki.Conflict, "km.delivered")

	o = s.certified("application-2", pki.SM2)
	if _, err := s.password("ca1", o.Application, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := s.packed("ca1", o); err != nil {
		t.Fatal(err)
	}
	if err := s.end("ca1", o.Application); err != nil { // the holder has it
		t.Fatal(err)
	}
	_, err = s.packed("ca1", o)
	wantCode(t, err, pki.Conflict, "km.delivered")
}

func testPackageEnvelope(t *testing.T, s *seats) {
	for n, suite := range []pki.Suite{pki.SM2, pki.P256, pki.RSA2048} {
		o := s.certified("application-"+string(suite), suite)
		g := s.pair(&o, n, suite)
		password, err := s.password("ca1", o.Application, 1)
		if err != nil {
			t.Fatal(err)
		}
		carrier, program := newToken(t, suite), newToken(t, suite)
		o.Form = pki.FormEnvelope
		_, err = s.packed("ca1", o)
		wantCode(t, err, pki.Invalid, "km.package-form")
		// Who carries the request puts a key of their own into it.
		o.Transport = &pki.Transport{PublicKey: carrier.spki, Proof: pki.TransportProof(password.Text, o.Application, program.spki)}
		_, err = s.packed("ca1", o)
		wantCode(t, err, pki.Forbidden, "km.proof")
		o.Transport.PublicKey = program.spki
		p, err := s.packed("ca1", o)
		if err != nil || len(p.Files) != 2 || p.Rounds != 0 {
			t.Fatalf("%+v %v", p, err)
		}
		certificate := mustParse(t, o.Certificate)
		spki, err := pki.MarshalPublicKey(certificate.PublicKey)
		if err != nil {
			t.Fatal(err)
		}
		format := pki.CMSEnvelopedData
		if suite == pki.SM2 {
			format = pki.SM2EnvelopedKey
		}
		sealed := func(i int) pki.Envelope { return pki.Envelope{Format: format, DER: p.Files[i].Content} }
		if _, err := carrier.tryOpen(pki.KeyGrant{Envelope: sealed(0)}); err == nil {
			t.Error("who carried it opens it")
		}
		sign := program.open(t, pki.KeyGrant{PublicKey: spki, Envelope: sealed(0)})
		(&token{signer: sign}).open(t, pki.KeyGrant{PublicKey: g.PublicKey, Envelope: sealed(1)})
	}
}

func testPackageRefusals(t *testing.T, s *seats) {
	o := s.certified("application-1", pki.SM2)
	_, err := s.packed("ca1", o)
	wantCode(t, err, pki.Conflict, "km.no-password")
	if _, err := s.password("ca1", o.Application, 1); err != nil {
		t.Fatal(err)
	}
	stranger := newToken(t, pki.SM2)
	other := s.certified("application-2", pki.SM2)
	root := newHolderCA(t, s.clock.Now())
	pair := o
	s.pair(&pair, 9, pki.SM2) // from here on the application is a dual one
	for name, b := range map[string]struct {
		change func(*pki.PackageOrder)
		kind   pki.Kind
		code   string
	}{
		"another ticket":            {func(o *pki.PackageOrder) { o.Ticket = ticket(8) }, pki.Forbidden, "km.ticket"},
		"a short ticket":            {func(o *pki.PackageOrder) { o.Ticket = ticket(8)[:31] }, pki.Invalid, ""},
		"another key's certificate": {func(o *pki.PackageOrder) { o.Certificate = other.Certificate }, pki.Invalid, "km.package-certificate"},
		"a stranger's certificate":  {func(o *pki.PackageOrder) { o.Certificate = s.certificate(stranger.spki, nil) }, pki.Invalid, "km.package-certificate"},
		"another chain":             {func(o *pki.PackageOrder) { o.Chain = [][]byte{root.certificate.Raw} }, pki.Invalid, "km.package-certificate"},
		"no chain":                  {func(o *pki.PackageOrder) { o.Chain = [][]byte{} }, pki.Invalid, "km.package-certificate"},
		"no encryption certificate": {func(o *pki.PackageOrder) { o.Encryption = nil }, pki.Invalid, "km.package-certificate"},
		"another encryption number": {func(o *pki.PackageOrder) { o.Encryption = s.certificate(stranger.spki, big.NewInt(77)) }, pki.Invalid, "km.package-certificate"},
		"the right number on another key": {func(o *pki.PackageOrder) { o.Encryption = s.certificate(stranger.spki, certNo(9).Big()) },
			pki.Invalid, "km.package-certificate"},
		"no DER":                    {func(o *pki.PackageOrder) { o.Certificate = []byte("x") }, pki.Invalid, "km.package-certificate"},
		"an application unheard of": {func(o *pki.PackageOrder) { o.Application = "nosuch" }, pki.Unknown, "km.no-signing-key"},
	} {
		order := pair
		b.change(&order)
		_, err := s.packed("ca1", order)
		t.Log(name)
		if b.code == "" { // the front end or the room, by its length
			if pki.KindOf(err) != b.kind {
				t.Errorf("%v", err)
			}
			continue
		}
		wantCode(t, err, b.kind, b.code)
	}
	_, err = s.packed("ca2", pair)
	wantCode(t, err, pki.Unknown, "km.no-signing-key")
	single := other
	single.Encryption = pair.Encryption
	if _, err := s.password("ca1", single.Application, 1); err != nil {
		t.Fatal(err)
	}
	_, err = s.packed("ca1", single)
	wantCode(t, err, pki.Invalid, "km.package-certificate")
	if _, err := s.packed("ca1", pair); err != nil { // no refusal cost anything
		t.Error(err)
	}
}

func testSigningEnds(t *testing.T, s *seats) {
	o := s.certified("application-1", pki.SM2)
	for range 2 { // the second changes nothing
		if err := s.end("ca1", o.Application); err != nil {
			t.Fatal(err)
		}
	}
	_, err := s.packed("ca1", o)
	wantCode(t, err, pki.Conflict, "km.wiped")
	_, err = s.password("ca1", o.Application, 1)
	wantCode(t, err, pki.Conflict, "km.wiped")
	_, err = s.makeSigning("ca1", signingOrder(o.Application, pki.SM2))
	wantCode(t, err, pki.Conflict, "km.wiped")
	wantCode(t, s.end("ca2", o.Application), pki.Unknown, "km.no-signing-key")

	o = s.certified("application-2", pki.SM2)
	if _, err := s.password("ca1", o.Application, 1); err != nil {
		t.Fatal(err)
	}
	s.clock.advance(30*24*time.Hour - time.Second)
	s.centre.tidyHolderKeys(context.Background())
	k, err := findHolderKey(t.Context(), s.config.DB.Read(), "ca1", o.Application)
	if err != nil || !k.wipedAt.IsZero() {
		t.Errorf("wiped before its time: %v", err)
	}
	s.clock.advance(time.Second)
	_, err = s.packed("ca1", o)
	wantCode(t, err, pki.Conflict, "km.wiped")
	s.centre.tidyHolderKeys(context.Background())
	k, err = findHolderKey(t.Context(), s.config.DB.Read(), "ca1", o.Application)
	if err != nil || k.why != whyExpired || len(bytes.Trim(k.sealed, "\x00")) != 0 {
		t.Errorf("not wiped: %s %v", k.why, err)
	}
}

func testSigningLimit(t *testing.T, s *seats) {
	for n := range 40 {
		if _, err := s.makeSigning("ca1", signingOrder("application-"+string(rune('A'+n)), pki.P256)); err != nil {
			t.Fatal(err)
		}
	}
	_, err := s.makeSigning("ca1", signingOrder("one more", pki.P256))
	wantCode(t, err, pki.Conflict, "km.signing-limit")
	if _, err := s.makeSigning("ca2", signingOrder("one more", pki.P256)); err != nil {
		t.Errorf("another CA: %v", err)
	}
	if err := s.end("ca1", "application-A"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.makeSigning("ca1", signingOrder("one more", pki.P256)); err != nil {
		t.Error(err)
	}
}

// 64 fetch 4 packages at once: each application has one.
func testPackageConcurrent(t *testing.T, s *seats) {
	orders := make([]pki.PackageOrder, 4)
	for n := range orders {
		orders[n] = s.certified("application-"+string(rune('a'+n)), pki.P256)
		if _, err := s.password("ca1", orders[n].Application, 1); err != nil {
			t.Fatal(err)
		}
	}
	var group sync.WaitGroup
	answers := make([]pki.Package, 64)
	for i := range answers {
		group.Go(func() {
			var err error
			if answers[i], err = s.packed("ca1", orders[i%4]); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for i, a := range answers {
		if len(a.Files) != 1 || !bytes.Equal(a.Files[0].Content, answers[i%4].Files[0].Content) {
			t.Error("two packages of one key")
		}
	}
}

func testSigningRights(t *testing.T, s *seats) {
	o := s.certified("application-1", pki.SM2)
	for _, name := range []string{"keeper", "system", "auditor"} {
		_, make := s.makeSigning(name, signingOrder("application-1", pki.SM2))
		_, password := s.password(name, o.Application, 1)
		_, packed := s.packed(name, o)
		for _, err := range []error{make, password, packed, s.end(name, o.Application)} {
			wantCode(t, err, pki.Forbidden, "officer.forbidden")
		}
	}
	// Another office of the same CA: its name is not the one the key was made for.
	ctx, c := s.at("ca1")
	_, err := c.SigningPassword(ctx, pki.PasswordOrder{Application: o.Application, Nonce: ticket(1), AskedBy: "ra2", SameAsker: true})
	wantCode(t, err, pki.Forbidden, "km.asker")
	wantCode(t, c.EndSigning(ctx, pki.SigningEnd{Application: o.Application, Reason: "r", AskedBy: "ra2", SameAsker: true}), pki.Forbidden, "km.asker")
	if _, err := c.SigningPassword(ctx, pki.PasswordOrder{Application: o.Application, Nonce: ticket(1), AskedBy: "ra1", SameAsker: true}); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*pki.SigningOrder){
		"no application": func(o *pki.SigningOrder) { o.Application = "" },
		"a NUL":          func(o *pki.SigningOrder) { o.Application = "a\x00b" },
		"no ticket":      func(o *pki.SigningOrder) { o.Ticket = nil },
		"a short ticket": func(o *pki.SigningOrder) { o.Ticket = ticket(1)[:31] },
		"a long ticket":  func(o *pki.SigningOrder) { o.Ticket = make([]byte, 65) },
		"no suite":       func(o *pki.SigningOrder) { o.Suite = "" },
		"a long holder":  func(o *pki.SigningOrder) { o.Holder = strings.Repeat("x", 201) },
		"a bad subject":  func(o *pki.SigningOrder) { o.Subject = pki.Name{{Type: "nosuch", Value: "x"}} },
	} {
		bad := signingOrder("application-9", pki.SM2)
		change(&bad)
		if _, err := s.makeSigning("ca1", bad); pki.KindOf(err) != pki.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func testSigningLedger(t *testing.T, s *seats) {
	o := s.certified("application-1", pki.SM2)
	s.pair(&o, 1, pki.SM2)
	if _, err := s.password("ca1", o.Application, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := s.password("ca1", o.Application, 2); err == nil {
		t.Fatal("twice")
	}
	if _, err := s.packed("ca1", o); err != nil {
		t.Fatal(err)
	}
	ctx, c := s.at("keeper")
	ledger, err := c.Ledger(ctx, "holder-1", LedgerQuery{})
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, touch := range ledger {
		told = append(told, touch.Act+" "+touch.Result+" "+touch.Application+" "+touch.AskedBy+" "+touch.Form+" "+touch.Reason)
	}
	serial := string(pki.SerialOf(mustParse(t, o.Certificate).SerialNumber))
	want := []string{"key.signing-make done application-1 ra1  ", "key.generate done    ", "key.signing-password done application-1 ra1  ",
		"key.signing-password refused application-1 ra1  ", "key.signing-package done application-1 ra1 pkcs12 ",
		"key.signing-wipe done application-1 ra1  packaged", "key.package done  ra1 pkcs12 "}
	if strings.Join(told, "\n") != strings.Join(want, "\n") {
		t.Errorf("the ledger tells\n%s", strings.Join(told, "\n"))
	}
	if got := ledger[4].CertNo; got != serial {
		t.Errorf("the package is of certificate %s, not %s", got, serial)
	}
}
