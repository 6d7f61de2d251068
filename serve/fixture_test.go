package serve

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"onecert/pki"
)

// authority is a throw-away CA of crypto/x509, which knows nothing of ours.
type authority struct {
	t    testing.TB
	cert *x509.Certificate
	key  crypto.Signer
}

func newAuthority(t testing.TB, name string) authority {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(1000 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	return authority{t, sign(t, template, template, key.Public(), key), key}
}

// under makes an issuing CA.
func (a authority) under(name string) authority {
	a.t.Helper()
	key := newKey(a.t)
	template := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(1000 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	return authority{a.t, sign(a.t, template, a.cert, key.Public(), a.key), key}
}

func newKey(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func sign(t testing.TB, template, parent *x509.Certificate, public crypto.PublicKey, key crypto.Signer) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func (a authority) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

// leaf issues a certificate good for client and server, changed by change.
func (a authority) leaf(name string, change func(*x509.Certificate)) *Identity {
	a.t.Helper()
	key := newKey(a.t)
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		a.t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}}
	if change != nil {
		change(template)
	}
	cert := sign(a.t, template, a.cert, key.Public(), a.key)
	id, err := NewIdentity([][]byte{cert.Raw}, key)
	if err != nil {
		a.t.Fatal(err)
	}
	return id
}

type thing struct {
	Name  string            `json:"name" minLength:"1" maxLength:"64"`
	Suite string            `json:"suite,omitempty" enum:"sm2,rsa2048"`
	Link  string            `json:"link,omitempty" format:"uri"`
	Count int               `json:"count,omitempty" maximum:"10"`
	At    time.Time         `json:"at,omitzero"`
	Parts []part            `json:"parts,omitempty"`
	More  map[string]string `json:"more,omitempty"`
}

type part struct {
	Octets []byte `json:"octets"`
}

type thingIn struct {
	Serial string `path:"serial" maxLength:"40"`
	Limit  int    `query:"limit" maximum:"100"`
	Body   thing
}

type thingOut struct {
	Body thing
}

// object is what stands behind the API in tests: it echoes, fails with fail, or
// runs act.
type object struct {
	fail error
	act  func(context.Context) error
}

func (o *object) put(ctx context.Context, in *thingIn) (*thingOut, error) {
	if o.act != nil {
		if err := o.act(ctx); err != nil {
			return nil, err
		}
	}
	if o.fail != nil {
		return nil, o.fail
	}
	return &thingOut{Body: in.Body}, nil
}

func (o *object) register(a *API) {
	huma.Register(a.Huma, huma.Operation{OperationID: "put-thing", Method: http.MethodPut, Path: "/things/{serial}"}, o.put)
	huma.Register(a.Huma, huma.Operation{OperationID: "get-who", Method: http.MethodGet, Path: "/who"},
		func(ctx context.Context, _ *struct{}) (*struct{ Body thing }, error) {
			actor, ok := pki.ActorFrom(ctx)
			if !ok {
				return nil, pki.Errorf(pki.Forbidden, "who.anonymous", "nobody is identified").To("present a certificate")
			}
			return &struct{ Body thing }{thing{Name: actor.Name, Link: actor.Address}}, nil
		})
}

// journal is a log that a test reads.
type journal struct {
	mu   sync.Mutex
	text []byte
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.text = append(j.text, p...)
	return len(p), nil
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return string(j.text)
}

func logTo(w io.Writer) *slog.Logger { return slog.New(slog.NewJSONHandler(w, nil)) }

func newAPI(t testing.TB, o *object, change func(*Config)) *API {
	t.Helper()
	config := Config{Title: "Things", Version: "1.0.0", Log: logTo(io.Discard)}
	if change != nil {
		change(&config)
	}
	a := New(config)
	o.register(a)
	return a
}

// start runs a server on loopback until the test ends and returns its address.
func start(t testing.TB, s Server) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Listener = l
	if s.Log == nil {
		s.Log = logTo(io.Discard)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- Run(ctx, s) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	scheme := "http://"
	if s.TLS != nil {
		scheme = "https://"
	}
	return scheme + l.Addr().String()
}

func client(t testing.TB, base string, own *Identity, roots *x509.CertPool) *Client {
	t.Helper()
	c, err := NewClient(base, ClientTLS(own, roots, nil))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.HTTP.CloseIdleConnections)
	return c
}

// registered knows certificates by their fingerprint, as officer does.
type registered map[string]string

func (m registered) add(i *Identity) {
	m[fingerprint(i.Certificate())] = i.Certificate().Subject.CommonName
}

func (m registered) who(_ context.Context, peer *x509.Certificate) (pki.Actor, error) {
	name, ok := m[fingerprint(peer)]
	if !ok {
		return pki.Actor{}, pki.Errorf(pki.Forbidden, "officer.unknown", "the certificate is not registered")
	}
	return pki.Actor{Name: name, Roles: []string{"issuer"}}, nil
}

func fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return hex.EncodeToString(sum[:])
}

func mustKind(t *testing.T, err error, kind pki.Kind, code string) *pki.Error {
	t.Helper()
	e, ok := errors.AsType[*pki.Error](err)
	if !ok || e.Kind != kind || e.Code != code {
		t.Fatalf("got %s, want kind %v and code %q", describe(err), kind, code)
	}
	return e
}

func describe(err error) string {
	return fmt.Sprintf("%v (kind %v, code %s)", err, pki.KindOf(err), pki.CodeOf(err))
}
