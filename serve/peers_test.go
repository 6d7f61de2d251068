package serve

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"sync"
	"testing"
	"time"

	"onecert/pki"
)

// clock is a time that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func usage(u ...x509.ExtKeyUsage) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.ExtKeyUsage = u }
}

func TestClientCertificates(t *testing.T) {
	ours, other := newAuthority(t, "Demo CA"), newAuthority(t, "Demo CA")
	good := ours.leaf("centre.issuer", nil)
	known := registered{}
	known.add(good)
	base := start(t, Server{Name: "things", TLS: ServerTLS(ours.leaf("server", nil), nil),
		Handler: newAPI(t, &object{}, func(c *Config) { c.Peers = &Peers{Roots: ours.pool(), Who: known.who} })})
	for name, c := range map[string]struct {
		own        *Identity
		code, says string
	}{
		"none":      {nil, "who.anonymous", "nobody"},
		"good":      {good, "", ""},
		"stranger":  {ours.leaf("stranger", nil), "officer.unknown", "not registered"},
		"other CA":  {other.leaf("centre.issuer", nil), "tls.certificate", "issuer is unknown"},
		"expired":   {ours.leaf("x", func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }), "tls.certificate", "has expired"},
		"early":     {ours.leaf("x", func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) }), "tls.certificate", "not valid yet"},
		"for serve": {ours.leaf("x", usage(x509.ExtKeyUsageServerAuth)), "tls.certificate", "not for authenticating a client"},
	} {
		t.Run(name, func(t *testing.T) {
			cl := client(t, base, c.own, ours.pool())
			got, err := Call[struct{}, thing](context.Background(), cl, "GET", "/who", nil)
			if c.code == "" {
				if err != nil || got.Name != "centre.issuer" || got.Link != "127.0.0.1" {
					t.Fatalf("got %+v, %v", got, err)
				}
				return
			}
			if e := mustKind(t, err, pki.Forbidden, c.code); !strings.Contains(e.Wrong, c.says) {
				t.Errorf("says %q", e.Wrong)
			}
			if status := statusOf(t, cl, "/who"); status != 401 {
				t.Errorf("status %d", status)
			}
			if status := statusOf(t, cl, "/livez"); status != 200 {
				t.Errorf("health is refused with %d", status)
			}
		})
	}
}

// TestLenient: where callers may come without a certificate, one with a bad certificate
// is nobody: the handler sees which it was and no name, and metrics stay closed.
func TestLenient(t *testing.T) {
	ours, other := newAuthority(t, "Demo CA"), newAuthority(t, "Demo CA")
	good := ours.leaf("centre.issuer", nil)
	known := registered{}
	known.add(good)
	base := start(t, Server{Name: "things", TLS: ServerTLS(ours.leaf("server", nil), nil),
		Handler: newAPI(t, &object{}, func(c *Config) { c.Peers = &Peers{Roots: ours.pool(), Who: known.who, Lenient: true} })})
	for name, own := range map[string]*Identity{"other CA": other.leaf("centre.issuer", nil),
		"expired": ours.leaf("centre.issuer", func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })} {
		cl := client(t, base, own, ours.pool())
		got, err := Call[struct{}, thing](t.Context(), cl, "GET", "/who", nil)
		if err != nil || got.Name != "" || got.Link != "127.0.0.1" {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		if status := statusOf(t, cl, "/metrics"); status < 400 {
			t.Errorf("%s: metrics are shown with %d", name, status)
		}
	}
	if got, err := Call[struct{}, thing](t.Context(), client(t, base, good, ours.pool()), "GET", "/who", nil); err != nil || got.Name != "centre.issuer" {
		t.Errorf("%+v, %v", got, err)
	}
}

func statusOf(t *testing.T, c *Client, path string) int {
	t.Helper()
	response, err := c.HTTP.Get(c.Base + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	io.Copy(io.Discard, response.Body)
	return response.StatusCode
}

func TestExpiredIssuerAndLongChain(t *testing.T) {
	root := newAuthority(t, "Root")
	key := newKey(t)
	template := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Issuing"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(-time.Minute),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	issuing := authority{t, sign(t, template, root.cert, key.Public(), root.key), key}
	leaf := issuing.leaf("x", nil).Certificate()
	p := &Peers{Roots: root.pool()}
	err := p.verify(&tls.ConnectionState{PeerCertificates: []*x509.Certificate{leaf, issuing.cert}}, time.Now())
	if e := mustKind(t, err, pki.Forbidden, "tls.certificate"); !strings.Contains(e.Wrong, "issuer") {
		t.Errorf("says %q", e.Wrong)
	}
	chain := []*x509.Certificate{leaf}
	for range maxPeerChain {
		chain = append(chain, issuing.cert)
	}
	mustKind(t, p.verify(&tls.ConnectionState{PeerCertificates: chain}, time.Now()), pki.Forbidden, "tls.certificate")
	none := &Peers{}
	mustKind(t, none.verify(&tls.ConnectionState{PeerCertificates: chain[:1]}, time.Now()), pki.Forbidden, "tls.certificate")
}

func TestRequiredCertificate(t *testing.T) {
	p := &Peers{Required: true}
	w := httptest.NewRecorder()
	p.Identify(http.NotFoundHandler()).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if got := problemIn(t, w); got.Status != 401 || got.Code != "tls.certificate" {
		t.Errorf("got %+v", got)
	}
}

// A connection outlives the certificate it was opened with: the next request on
// it is refused, not only the next handshake.
func TestCertificateExpiresOnAnOpenConnection(t *testing.T) {
	ca := newAuthority(t, "Demo CA")
	own := ca.leaf("centre.issuer", nil)
	known := registered{}
	known.add(own)
	now := &clock{now: time.Now()}
	base := start(t, Server{Name: "things", TLS: ServerTLS(ca.leaf("server", nil), nil),
		Handler: newAPI(t, &object{}, func(c *Config) { c.Peers = &Peers{Roots: ca.pool(), Who: known.who, Now: now.Now} })})
	cl := client(t, base, own, ca.pool())
	reused := false
	ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
		GotConn: func(i httptrace.GotConnInfo) { reused = i.Reused }})
	if _, err := Call[struct{}, thing](ctx, cl, "GET", "/who", nil); err != nil {
		t.Fatal(err)
	}
	now.add(59 * time.Minute)
	if _, err := Call[struct{}, thing](ctx, cl, "GET", "/who", nil); err != nil || !reused {
		t.Fatalf("%v, connection reused: %v", err, reused)
	}
	now.add(2 * time.Minute)
	_, err := Call[struct{}, thing](ctx, cl, "GET", "/who", nil)
	if mustKind(t, err, pki.Forbidden, "tls.certificate"); !reused {
		t.Error("the connection was a new one")
	}
	// The refusal closed it, so that a renewed certificate is used at once.
	key := newKey(t)
	renewed := sign(t, &x509.Certificate{SerialNumber: big.NewInt(9), Subject: pkix.Name{CommonName: "centre.issuer"},
		NotBefore: time.Now(), NotAfter: time.Now().Add(9 * time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}},
		ca.cert, key.Public(), ca.key)
	if err := own.Replace([][]byte{renewed.Raw}, key); err != nil {
		t.Fatal(err)
	}
	known.add(own)
	if _, err = Call[struct{}, thing](ctx, cl, "GET", "/who", nil); err != nil || reused {
		t.Errorf("after the renewal: %v, connection reused: %v", err, reused)
	}
}

// Rights that end take effect with the next request on the same connection.
func TestWhoIsAskedForEachRequest(t *testing.T) {
	ca := newAuthority(t, "Demo CA")
	own := ca.leaf("centre.issuer", nil)
	known := registered{}
	var mu sync.Mutex
	who := func(ctx context.Context, c *x509.Certificate) (pki.Actor, error) {
		mu.Lock()
		defer mu.Unlock()
		return known.who(ctx, c)
	}
	known.add(own)
	base := start(t, Server{Name: "things", TLS: ServerTLS(ca.leaf("server", nil), nil),
		Handler: newAPI(t, &object{}, func(c *Config) { c.Peers = &Peers{Roots: ca.pool(), Who: who} })})
	cl := client(t, base, own, ca.pool())
	if _, err := Call[struct{}, thing](context.Background(), cl, "GET", "/who", nil); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	clear(known)
	mu.Unlock()
	_, err := Call[struct{}, thing](context.Background(), cl, "GET", "/who", nil)
	mustKind(t, err, pki.Forbidden, "officer.unknown")
}

// identified is what was found about the certificate of a request.
func identified(p *Peers, r *http.Request) error {
	peer, _ := shownBy(r)
	_, err := p.verified(r, peer)
	return err
}

func TestVerdictIsKeptPerPeersUntilAnEnd(t *testing.T) {
	ca := newAuthority(t, "Demo CA")
	leaf := ca.leaf("x", nil).Certificate()
	now := &clock{now: time.Now()}
	p := &Peers{Roots: ca.pool(), Now: now.Now}
	l := &link{}
	r := httptest.NewRequest("GET", "/", nil).WithContext(context.WithValue(context.Background(), linkKey{}, l))
	r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{leaf}}
	verified := func() error { return identified(p, r) }
	if err := verified(); err != nil {
		t.Fatal(err)
	}
	first, began := l.verdict.Load(), now.Now()
	now.add(leaf.NotAfter.Sub(began))
	if err := verified(); err != nil || l.verdict.Load() != first {
		t.Error("verified again while nothing could have changed", err)
	}
	now.add(1)
	mustKind(t, verified(), pki.Forbidden, "tls.certificate")
	refused := l.verdict.Load()
	now.add(verdictLife)
	if verified(); l.verdict.Load() != refused {
		t.Error("a refusal was looked at again at once")
	}
	now.add(1)
	if verified(); l.verdict.Load() == refused {
		t.Error("a refusal was not looked at again after its time")
	}
	now.add(began.Sub(now.Now()) - time.Minute)
	second := l.verdict.Load()
	if verified(); l.verdict.Load() == second {
		t.Error("not verified again after the clock went back")
	}
	stranger := &Peers{Roots: newAuthority(t, "Other").pool(), Now: now.Now}
	mustKind(t, identified(stranger, r), pki.Forbidden, "tls.certificate")
}

func TestServerIsVerifiedByTheClient(t *testing.T) {
	ca := newAuthority(t, "Demo CA")
	base := start(t, Server{Name: "things", TLS: ServerTLS(ca.leaf("server", nil), nil), Handler: newAPI(t, &object{}, nil)})
	for name, roots := range map[string]*x509.CertPool{"other": newAuthority(t, "Other").pool(), "none": nil} {
		_, err := Call[struct{}, thing](context.Background(), client(t, base, nil, roots), "GET", "/who", nil)
		if mustKind(t, err, pki.Unavailable, "remote.unreachable"); err == nil {
			t.Error(name)
		}
	}
	old := ClientTLS(nil, ca.pool(), nil)
	old.MinVersion, old.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	c, _ := NewClient(base, old)
	_, err := Call[struct{}, thing](context.Background(), c, "GET", "/who", nil)
	mustKind(t, err, pki.Unavailable, "remote.unreachable")
}

func TestServerCertificateIsReplacedWhileServing(t *testing.T) {
	ca := newAuthority(t, "Demo CA")
	own := ca.leaf("first", nil)
	base := start(t, Server{Name: "things", TLS: ServerTLS(own, nil), Handler: newAPI(t, &object{}, nil)})
	seen := func() string {
		conn, err := tls.Dial("tcp", strings.TrimPrefix(base, "https://"), ClientTLS(nil, ca.pool(), nil))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return conn.ConnectionState().PeerCertificates[0].Subject.CommonName
	}
	if seen() != "first" {
		t.Fatal(seen())
	}
	next := ca.leaf("second", nil).current.Load()
	if err := own.Replace(next.Certificate, newKey(t)); err == nil {
		t.Error("another's key was taken")
	}
	if err := own.Replace(nil, newKey(t)); err == nil {
		t.Error("no certificate was taken")
	}
	if err := own.Replace(next.Certificate, next.PrivateKey.(crypto.Signer)); err != nil {
		t.Fatal(err)
	}
	if seen() != "second" {
		t.Error(seen())
	}
	if want := time.Now(); own.RenewAt().Sub(want).Abs() > time.Minute {
		t.Errorf("half of -1h to +1h is %v", own.RenewAt())
	}
}

// TestPeerSendsOnlyItsOwn: many tools send the certificate without its chain. That is
// enough where the issuing CA is known, and that CA is trusted for nothing more.
func TestPeerSendsOnlyItsOwn(t *testing.T) {
	root := newAuthority(t, "Root")
	below := root.under("Issuing CA")
	own := below.leaf("centre.issuer", nil)
	known := registered{}
	known.add(own)
	server := root.leaf("server", nil)
	for _, c := range []struct {
		issuers []*x509.Certificate
		roots   *x509.CertPool
		good    bool
	}{
		{nil, root.pool(), false},
		{[]*x509.Certificate{below.cert}, root.pool(), true},
		{[]*x509.Certificate{below.cert}, newAuthority(t, "Root").pool(), false},
	} {
		base := start(t, Server{Name: "things", TLS: ServerTLS(server, nil), Handler: newAPI(t, &object{}, func(config *Config) {
			config.Peers = &Peers{Roots: c.roots, Issuers: c.issuers, Who: known.who}
		})})
		_, err := Call[struct{}, thing](context.Background(), client(t, base, own, root.pool()), "GET", "/who", nil)
		if (err == nil) != c.good {
			t.Errorf("%d issuers known: %v", len(c.issuers), err)
		}
	}
}
