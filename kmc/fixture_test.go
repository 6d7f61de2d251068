package kmc

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"onecert/audit"
	"onecert/cms"
	"onecert/db"
	"onecert/keys"
	"onecert/officer"
	"onecert/pki"
	"onecert/serve"
)

// clock is a Now that stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// testSealer costs a third of a second to make, so the tests share one.
var testSealer = sync.OnceValue(func() *keys.Sealer {
	dir, err := os.MkdirTemp("", "onecert-kmc-")
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

// house is a centre on a fresh database with everything around it.
type house struct {
	t       testing.TB
	source  string
	clock   *clock
	config  Config
	centre  *Centre
	ca      *keys.Key // message key of each CA
	caCert  *smx509.Certificate
	kmcCert *smx509.Certificate
	holders *holderCA
	remote  *remote
	staff   map[string]string // fingerprints of registered officers by name; nil: rights without a registry

	dialsOut bool // calls travel back over connections the centre opened
}

// smallPool keeps tests quick; RSA pairs are made on demand.
var smallPool = map[pki.Suite]PoolSize{pki.SM2: {24, 8}, pki.P256: {8, 4}}

// newHouse makes a house; change alters its config.
func newHouse(t testing.TB, source string, change func(*Config), staff ...map[string]string) *house {
	t.Helper()
	h := &house{t: t, source: source, clock: &clock{now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}}
	h.holders = newHolderCA(t, h.clock.Now())
	h.ca, h.caCert = messageKey(t, "Example Issuing CA", h.clock.Now())
	other, otherCert := messageKey(t, "Example KMC", h.clock.Now())
	h.kmcCert = otherCert
	h.config = Config{Sealer: testSealer(), Check: check, Pool: smallPool, MessageKey: other, MessageCertificate: otherCert,
		Peers: map[string][]*smx509.Certificate{"ca1": {h.caCert}, "ca2": {h.caCert}},
		Trust: []*smx509.Certificate{h.holders.certificate}, HolderOf: holderOf,
		Now: h.clock.Now, Log: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&h.config)
	}
	if len(staff) > 0 {
		h.staff = staff[0]
	}
	h.start()
	t.Cleanup(func() {
		if h.centre == nil {
			return
		}
		h.settle()
		faults := CheckInvariants(context.Background(), h.centre)
		if h.staff != nil {
			faults = append(faults, officer.CheckInvariants(context.Background(), h.config.Officers)...)
		}
		for _, fault := range faults {
			t.Error(fault)
		}
		h.stop()
	})
	return h
}

// start opens the database and the centre on it, as after a restart.
func (h *house) start() {
	h.t.Helper()
	ctx := context.Background()
	d, err := db.Open(ctx, h.source)
	if err != nil {
		h.t.Fatal(err)
	}
	log, err := audit.Open(ctx, d, "example.test/kmc")
	if err != nil {
		h.t.Fatal(err)
	}
	h.config.DB, h.config.Audit = d, log
	if h.staff != nil {
		if h.config.Officers, err = officer.Open(ctx, d, log, h.clock.Now); err != nil {
			h.t.Fatal(err)
		}
		h.config.Check = h.config.Officers.Check
	}
	if h.centre, err = New(ctx, h.config); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) stop() {
	h.centre.Close()
	if h.config.Officers != nil {
		h.config.Officers.Close()
	}
	h.config.DB.Close()
	h.centre = nil
}

// settle fills the pools, after which the fillers find nothing to do.
func (h *house) settle() {
	h.t.Helper()
	if err := h.centre.Fill(h.as("system")); err != nil {
		h.t.Fatal(err)
	}
}

// check is the officers' table of rights without their registry.
func check(ctx context.Context, op officer.Operation) (pki.Actor, error) {
	actor, ok := pki.ActorFrom(ctx)
	if !ok {
		return actor, pki.Errorf(pki.Forbidden, "officer.anonymous", "nobody is identified")
	}
	return actor, officer.May(actor, op)
}

// people are the actors of the tests by name.
var people = map[string]string{"ca1": officer.Site, "ca2": officer.Site, "ca3": officer.Site,
	"keeper": officer.Custodian, "system": officer.System, "auditor": officer.Audit,
	"keeper2": officer.Custodian, "keeper3": officer.Custodian, "keeper4": officer.Custodian, "boss": officer.Security}

func as(name string) context.Context {
	return pki.WithActor(context.Background(), pki.Actor{Name: name, Roles: []string{people[name]}})
}

// newStaffed makes a house whose rights are those of a registry with all people in
// it, so that acts of several persons can be tried.
func newStaffed(t testing.TB, source string, change func(*Config)) *house {
	t.Helper()
	h := newHouse(t, source, change, map[string]string{})
	for name, role := range people {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		certificate := certify(t, &smx509.Certificate{SerialNumber: big.NewInt(int64(len(h.staff) + 1)), Subject: pkix.Name{CommonName: name},
			NotBefore: h.clock.Now(), NotAfter: h.clock.Now().AddDate(40, 0, 0)}, nil, key.Public(), key)
		kind := officer.Person
		if role == officer.Site {
			kind = officer.Place
		}
		o, err := h.config.Officers.Register(pki.WithActor(t.Context(), pki.Actor{Name: "machine"}),
			officer.Registration{Certificate: certificate.Raw, Name: name, Kind: kind, Roles: []string{role}, Issuer: "test"})
		if err != nil {
			t.Fatal(err)
		}
		h.staff[name] = o.Fingerprint
	}
	return h
}

// actor is who acts under a name, as the front end would say.
func (h *house) actor(name string) pki.Actor {
	return pki.Actor{Name: name, Roles: []string{people[name]}, Certificate: h.staff[name]}
}

func (h *house) as(name string) context.Context {
	return pki.WithActor(context.Background(), h.actor(name))
}

// messageKey makes an SM2 message key with a self-signed certificate.
func messageKey(t testing.TB, name string, now time.Time) (*keys.Key, *smx509.Certificate) {
	t.Helper()
	private, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := keys.Wrap(private)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 100))
	if err != nil {
		t.Fatal(err)
	}
	return key, certify(t, &smx509.Certificate{SerialNumber: serial, Subject: pkix.Name{Country: []string{"CN"}, CommonName: name},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(5, 0, 0), KeyUsage: smx509.KeyUsageDigitalSignature}, nil, private.Public(), private)
}

func certify(t testing.TB, template, parent *smx509.Certificate, public crypto.PublicKey, signer crypto.Signer) *smx509.Certificate {
	t.Helper()
	if parent == nil {
		parent = template
	}
	der, err := smx509.CreateCertificate(rand.Reader, template, parent, public, signer)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := smx509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

// holderCA issues signing certificates to holders; their id stands in the CN.
type holderCA struct {
	key         *sm2.PrivateKey
	certificate *smx509.Certificate
	now         time.Time
	last        int64
}

func newHolderCA(t testing.TB, now time.Time) *holderCA {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	certificate := certify(t, &smx509.Certificate{SerialNumber: big.NewInt(0x40000001), Subject: pkix.Name{CommonName: "Example Holder CA"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(40, 0, 0), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: smx509.KeyUsageCertSign}, nil, key.Public(), key)
	return &holderCA{key, certificate, now, 0x40000001}
}

// issue certifies a holder's public key; change alters the certificate.
func (a *holderCA) issue(t testing.TB, holder string, public crypto.PublicKey, change func(*smx509.Certificate)) []byte {
	t.Helper()
	a.last++
	template := &smx509.Certificate{SerialNumber: big.NewInt(a.last), Subject: pkix.Name{CommonName: holder},
		NotBefore: a.now.Add(-time.Minute), NotAfter: a.now.AddDate(3, 0, 0), KeyUsage: smx509.KeyUsageDigitalSignature | smx509.KeyUsageContentCommitment}
	if change != nil {
		change(template)
	}
	return certify(t, template, a.certificate, public, a.key).Raw
}

func holderOf(certificate *smx509.Certificate) (string, error) {
	return certificate.Subject.CommonName, nil
}

// token is a holder's signing key, which the private key is sealed to.
type token struct {
	signer crypto.Signer
	spki   []byte
}

func newToken(t testing.TB, suite pki.Suite) *token {
	t.Helper()
	signer, err := pki.GenerateKey(rand.Reader, suite)
	if err != nil {
		t.Fatal(err)
	}
	spki, err := pki.MarshalPublicKey(signer.Public())
	if err != nil {
		t.Fatal(err)
	}
	return &token{signer, spki}
}

// open opens a grant with the token and returns the private key, which has to fit
// the public key beside it.
func (k *token) open(t testing.TB, g pki.KeyGrant) crypto.Signer {
	t.Helper()
	key, err := k.tryOpen(g)
	if err != nil {
		t.Fatalf("opening the envelope: %v", err)
	}
	spki, err := pki.MarshalPublicKey(key.Public())
	if err != nil || string(spki) != string(g.PublicKey) {
		t.Fatalf("the key in the envelope does not fit the public key beside it: %v", err)
	}
	return key
}

func (k *token) tryOpen(g pki.KeyGrant) (crypto.Signer, error) {
	if g.Envelope.Format == pki.SM2EnvelopedKey {
		holder, ok := k.signer.(crypto.Decrypter)
		if !ok {
			return nil, fmt.Errorf("not a key that decrypts")
		}
		return cms.OpenSM2Key(holder, g.Envelope.DER)
	}
	der, err := cms.OpenEnvelope(k.signer, g.Envelope.DER)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, err
	}
	return key.(crypto.Signer), nil
}

// certNo makes a number out of n.
func certNo(n int) pki.Serial { return pki.SerialOf(vectorCertNo(int64(n))) }

// order makes the n-th order for a token.
func (h *house) order(n int, suite pki.Suite, k *token) pki.KeyOrder {
	now := h.clock.Now()
	return pki.KeyOrder{Application: fmt.Sprintf("application-%d", n), CertNo: certNo(n), Suite: suite, Recipient: k.spki,
		Holder: fmt.Sprintf("holder-%d", n), NotBefore: now, NotAfter: now.AddDate(3, 0, 0)}
}

// remote is the house's API behind mutual TLS.
type remote struct {
	api    *serve.API
	server *httptest.Server
	root   *x509.Certificate
	key    crypto.Signer
	pool   *x509.CertPool
}

// network puts the centre on the network, once.
func (h *house) network() *remote {
	h.t.Helper()
	if h.remote != nil {
		return h.remote
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		h.t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Example Site CA"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		h.t.Fatal(err)
	}
	root, err := x509.ParseCertificate(der)
	if err != nil {
		h.t.Fatal(err)
	}
	r := &remote{root: root, key: key, pool: x509.NewCertPool()}
	r.pool.AddCert(root)
	api := serve.New(serve.Config{Title: "kmc", Version: "test", Log: slog.New(slog.DiscardHandler), Peers: &serve.Peers{Roots: r.pool,
		Who: func(_ context.Context, peer *x509.Certificate) (pki.Actor, error) {
			return h.actor(peer.Subject.CommonName), nil
		}}})
	h.centre.Routes(api)
	r.api = api
	r.server = httptest.NewUnstartedServer(api)
	r.server.TLS = serve.ServerTLS(r.identity(h.t, "kmc"), nil)
	r.server.StartTLS()
	h.t.Cleanup(r.server.Close)
	h.remote = r
	return r
}

func (r *remote) identity(t testing.TB, name string) *serve.Identity {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{"example.com"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, r.root, key.Public(), r.key)
	if err != nil {
		t.Fatal(err)
	}
	identity, err := serve.NewIdentity([][]byte{der}, key)
	if err != nil {
		t.Fatal(err)
	}
	return identity
}

// calledBack lets the centre dial out to name, which calls it back.
func (r *remote) calledBack(t testing.TB, name string) *serve.Client {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	inward := &serve.Inward{Log: quiet, Peers: &serve.Peers{Roots: r.pool, Who: func(_ context.Context, peer *x509.Certificate) (pki.Actor, error) {
		return pki.Actor{Name: peer.Subject.CommonName}, nil
	}}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	go inward.Run(ctx, listener, inward.ServerTLS(r.identity(t, name)))
	config := serve.ClientTLS(r.identity(t, "kmc"), r.pool, nil)
	config.ServerName = "example.com"
	go serve.Outward{Address: listener.Addr().String(), TLS: config, Handler: r.api, Log: quiet}.Run(ctx)
	return inward.Client("kmc")
}

// client connects as name; change alters its config.
func (h *house) client(name string, change func(*ClientConfig)) *Client {
	h.t.Helper()
	r := h.network()
	var api *serve.Client
	if h.dialsOut {
		api = r.calledBack(h.t, name)
	} else {
		config := serve.ClientTLS(r.identity(h.t, name), r.pool, nil)
		config.ServerName = "example.com"
		var err error
		if api, err = serve.NewClient(r.server.URL, config); err != nil {
			h.t.Fatal(err)
		}
		h.t.Cleanup(func() { api.HTTP.CloseIdleConnections() })
	}
	cc := ClientConfig{API: api, Centre: []*smx509.Certificate{h.kmcCert}, Now: h.clock.Now}
	if people[name] == officer.Site {
		cc.Key, cc.Certificate = h.ca, h.caCert
	}
	if change != nil {
		change(&cc)
	}
	c, err := NewClient(cc)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(c.Close)
	return c
}

func testRandom() io.Reader { return rand.Reader }

func otherSealer(t testing.TB) *keys.Sealer {
	t.Helper()
	sealer, err := keys.GenerateSealer("file:"+filepath.Join(t.TempDir(), "other.pem"), keys.SM4GCM, keys.Options{Passphrase: []byte("another for tests")})
	if err != nil {
		t.Fatal(err)
	}
	return sealer
}

// execute runs one statement behind the centre's back.
func execute(ctx context.Context, d *db.DB, text string, args ...any) error {
	return d.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, text, args...)
		return err
	})
}
