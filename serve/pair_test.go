package serve

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
	"onecert/tlcp"
)

// nation is a throw-away SM2 root.
type nation struct {
	t    testing.TB
	cert *smx509.Certificate
	key  *sm2.PrivateKey
}

func newNation(t testing.TB) nation {
	t.Helper()
	n := nation{t: t}
	template := &smx509.Certificate{Subject: pkix.Name{CommonName: "SM2 root"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: smx509.KeyUsageCertSign,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(1000 * time.Hour)}
	n.cert, n.key = n.issue(template)
	return n
}

func (n nation) issue(template *smx509.Certificate) (*smx509.Certificate, *sm2.PrivateKey) {
	n.t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		n.t.Fatal(err)
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, big.NewInt(1<<62)); err != nil {
		n.t.Fatal(err)
	}
	parent, by := n.cert, n.key
	if parent == nil {
		parent, by = template, key
	}
	der, err := smx509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, by)
	if err != nil {
		n.t.Fatal(err)
	}
	c, err := smx509.ParseCertificate(der)
	if err != nil {
		n.t.Fatal(err)
	}
	return c, key
}

func (n nation) roots() *smx509.CertPool {
	pool := smx509.NewCertPool()
	pool.AddCert(n.cert)
	return pool
}

// pair issues both halves, each changed by change.
func (n nation) pair(name string, change func(*smx509.Certificate)) *Pair {
	n.t.Helper()
	var c tlcp.Certificate
	for _, usage := range []smx509.KeyUsage{smx509.KeyUsageDigitalSignature, smx509.KeyUsageKeyEncipherment} {
		template := &smx509.Certificate{Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
			KeyUsage: usage, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IssuingCertificateURL: []string{"http://pki.example/aia/sm2.cer"},
			ExtKeyUsage: []smx509.ExtKeyUsage{smx509.ExtKeyUsageServerAuth, smx509.ExtKeyUsageClientAuth}}
		if change != nil {
			change(template)
		}
		cert, key := n.issue(template)
		if usage == smx509.KeyUsageDigitalSignature {
			c.Sign, c.SignKey = [][]byte{cert.Raw}, key
		} else {
			c.Encrypt, c.EncryptKey = [][]byte{cert.Raw}, key
		}
	}
	p := &Pair{}
	if err := p.Replace(c); err != nil {
		n.t.Fatal(err)
	}
	return p
}

func (m registered) addPair(p *Pair) {
	c := p.Certificate().SignLeaf
	m[pki.Fingerprint(c.Raw)] = c.Subject.CommonName
}

func tlcpClient(t testing.TB, base string, own *Pair, roots *smx509.CertPool) *Client {
	t.Helper()
	c, err := NewTLCPClient(base, ClientTLCP(own, roots, nil))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.HTTP.CloseIdleConnections)
	return c
}

func who(c *Client) (string, error) {
	answer, err := Call[struct{}, thing](context.Background(), c, http.MethodGet, "/who", nil)
	return answer.Name, err
}

// One server for components of both protocols: each is known by its certificate, and
// nobody by less.
func TestComponentsOverBothProtocols(t *testing.T) {
	country, ca, log := newNation(t), newAuthority(t, "Demo CA"), &journal{}
	server, officerOf, site := country.pair("kmc", nil), ca.leaf("officer", nil), country.pair("ca", nil)
	known := registered{}
	known.add(officerOf)
	known.addPair(site)
	base := start(t, Server{Name: "both", TLS: ServerTLS(ca.leaf("kmc", nil), ca.pool()), TLCP: ServerTLCP(server, country.roots(), nil), Log: logTo(log),
		Handler: newAPI(t, &object{}, func(c *Config) {
			c.Peers = &Peers{Roots: ca.pool(), National: country.roots(), Who: known.who}
		})})

	if name, err := who(client(t, base, officerOf, ca.pool())); err != nil || name != "officer" {
		t.Errorf("over TLS: %q %s", name, describe(err))
	}
	national := tlcpClient(t, base, site, country.roots())
	for range 2 {
		if name, err := who(national); err != nil || name != "ca" {
			t.Errorf("over TLCP: %q %s", name, describe(err))
		}
	}
	_, err := who(tlcpClient(t, base, country.pair("stranger", nil), country.roots()))
	mustKind(t, err, pki.Forbidden, "officer.unknown")
	// One-way, as somebody without a pair comes: anonymous, not refused.
	oneWay := ClientTLCP(&Pair{}, country.roots(), nil)
	oneWay.CipherSuites, oneWay.GetClientCertificate = []uint16{tlcp.ECC_SM4_GCM_SM3}, nil
	anonymous, err := NewTLCPClient(base, oneWay)
	if err != nil {
		t.Fatal(err)
	}
	_, err = who(anonymous)
	mustKind(t, err, pki.Forbidden, "who.anonymous")
	anonymous.HTTP.CloseIdleConnections()

	for name, bad := range map[string]*Client{
		"another root":     tlcpClient(t, base, newNation(t).pair("ca", nil), country.roots()),
		"a server's pair":  tlcpClient(t, base, country.pair("ca", func(c *smx509.Certificate) { c.ExtKeyUsage = c.ExtKeyUsage[:1] }), country.roots()),
		"expired":          tlcpClient(t, base, country.pair("ca", func(c *smx509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }), country.roots()),
		"no pair yet":      tlcpClient(t, base, &Pair{}, country.roots()),
		"a strange server": tlcpClient(t, base, site, newNation(t).roots()),
	} {
		if _, err := who(bad); pki.CodeOf(err) != "remote.unreachable" {
			t.Errorf("%s: %s", name, describe(err))
		}
	}
	// A client may know of its refusal before the server has written it down.
	for _, cause := range []tlcp.Cause{tlcp.CauseUnknownIssuer, tlcp.CausePurpose, tlcp.CauseExpired} {
		said := func() bool { return strings.Contains(log.String(), `"cause":"`+string(cause)+`"`) }
		for begin := time.Now(); !said() && time.Since(begin) < 10*time.Second; time.Sleep(5 * time.Millisecond) {
		}
		if !said() {
			t.Errorf("the log does not say %s", cause)
		}
	}
}

// Stock clients keep HTTP/2 on the port that takes TLCP as well.
func TestHTTP2BesideTLCP(t *testing.T) {
	country, ca := newNation(t), newAuthority(t, "Demo CA")
	base := start(t, Server{Name: "both", TLS: ServerTLS(ca.leaf("kmc", nil), nil), TLCP: ServerTLCP(country.pair("kmc", nil), country.roots(), nil),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Proto) })})
	stock := &http.Transport{TLSClientConfig: ClientTLS(nil, ca.pool(), nil), ForceAttemptHTTP2: true}
	defer stock.CloseIdleConnections()
	response, err := (&http.Client{Transport: stock}).Get(base)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if text, _ := io.ReadAll(response.Body); string(text) != "HTTP/2.0" {
		t.Errorf("spoke %s", text)
	}
}

// Handshakes of both protocols take turns when all turns are taken.
func TestTLCPHandshakesTakeTurns(t *testing.T) {
	country, ca := newNation(t), newAuthority(t, "Demo CA")
	limits := DefaultLimits()
	limits.Work, limits.Wait = 1, 50*time.Millisecond
	held, inside := make(chan struct{}), make(chan struct{}, 8)
	site := country.pair("ca", nil)
	base := start(t, Server{Name: "both", TLS: ServerTLS(ca.leaf("kmc", nil), nil), TLCP: ServerTLCP(country.pair("kmc", nil), country.roots(), nil), Limits: limits,
		Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { inside <- struct{}{}; <-held })})
	first := tlcpClient(t, base, site, country.roots())
	done := make(chan struct{})
	go func() {
		defer close(done)
		who(first)
	}()
	<-inside
	if _, err := who(tlcpClient(t, base, site, country.roots())); pki.CodeOf(err) != "remote.unreachable" {
		t.Errorf("a handshake without a turn: %s", describe(err))
	}
	close(held)
	<-done
}

// A long connection is judged again when a half of the pair ends.
func TestPairIsJudgedAgainAtItsEnd(t *testing.T) {
	country := newNation(t)
	site := country.pair("ca", nil).Certificate()
	now := &clock{now: time.Now()}
	p := &Peers{National: country.roots(), Now: now.Now}
	state := tlcp.ConnectionState{PeerCertificates: []*smx509.Certificate{site.SignLeaf, site.EncryptLeaf}, EncryptCertificate: site.EncryptLeaf}
	r := httptest.NewRequest("GET", "/", nil).WithContext(context.WithValue(context.Background(), linkKey{}, &link{}))
	leaf, err := p.verified(r, shown{tlcp: &state})
	if err != nil || leaf.Subject.CommonName != "ca" || !slices.Equal(leaf.IssuingCertificateURL, site.SignLeaf.IssuingCertificateURL) {
		t.Fatalf("%+v %s", leaf, describe(err))
	}
	now.add(2 * time.Hour)
	_, err = p.verified(r, shown{tlcp: &state})
	if e := mustKind(t, err, pki.Forbidden, "tls.certificate"); !strings.Contains(e.Wrong, "expired") {
		t.Error(e.Wrong)
	}
	_, err = (&Peers{}).verified(httptest.NewRequest("GET", "/", nil), shown{tlcp: &state})
	if e := mustKind(t, err, pki.Forbidden, "tls.certificate"); !strings.Contains(e.Wrong, "unknown") {
		t.Error(e.Wrong)
	}
	broken := state
	broken.EncryptCertificate = newNation(t).pair("ca", nil).Certificate().EncryptLeaf
	_, err = p.verified(httptest.NewRequest("GET", "/", nil), shown{tlcp: &broken})
	mustKind(t, err, pki.Forbidden, "tls.certificate")
}

func TestPairsThatAreNone(t *testing.T) {
	country := newNation(t)
	good, other := *country.pair("a", nil).Certificate(), *country.pair("b", nil).Certificate()
	for name, change := range map[string]func(*tlcp.Certificate){
		"no signing half":      func(c *tlcp.Certificate) { c.Sign = nil },
		"no encryption half":   func(c *tlcp.Certificate) { c.Encrypt = nil },
		"no key":               func(c *tlcp.Certificate) { c.SignKey = nil },
		"another's key":        func(c *tlcp.Certificate) { c.SignKey = other.SignKey },
		"another's second key": func(c *tlcp.Certificate) { c.EncryptKey = other.EncryptKey },
		"no certificate":       func(c *tlcp.Certificate) { c.Encrypt = [][]byte{{1}} },
	} {
		bad, p := good, &Pair{}
		change(&bad)
		if err := p.Replace(bad); err == nil || p.Certificate() != nil || !p.RenewAt().IsZero() {
			t.Errorf("%s: %v", name, err)
		}
	}
	p := country.pair("a", func(c *smx509.Certificate) {
		if c.KeyUsage != smx509.KeyUsageDigitalSignature {
			c.NotAfter = c.NotAfter.Add(-time.Hour)
		}
	})
	if first := p.Certificate().EncryptLeaf; !p.RenewAt().Equal(halfLife(first)) {
		t.Errorf("renewed at %v", p.RenewAt())
	}
	for _, address := range []string{"http://127.0.0.1:1", "ftp://a", ""} {
		if _, err := NewTLCPClient(address, &tlcp.Config{}); pki.CodeOf(err) != "remote.address" {
			t.Errorf("%q: %v", address, err)
		}
	}
}

// plainOf shows the same as crypto/x509 does, where that can read the certificate.
func TestPlainOf(t *testing.T) {
	want := newAuthority(t, "Demo CA").leaf("x", func(c *x509.Certificate) { c.IssuingCertificateURL = []string{"http://a/b.cer"} }).Certificate()
	read, err := smx509.ParseCertificate(want.Raw)
	if err != nil {
		t.Fatal(err)
	}
	got := plainOf(read)
	if !got.Equal(want) || !slices.Equal(got.ExtKeyUsage, want.ExtKeyUsage) || got.KeyUsage != want.KeyUsage || got.SerialNumber.Cmp(want.SerialNumber) != 0 ||
		got.Subject.String() != want.Subject.String() || !bytes.Equal(got.RawIssuer, want.RawIssuer) || !slices.Equal(got.IssuingCertificateURL, want.IssuingCertificateURL) ||
		!got.NotAfter.Equal(want.NotAfter) {
		t.Errorf("%+v", got)
	}
	for ours, theirs := range map[smx509.InvalidReason]x509.InvalidReason{smx509.Expired: x509.Expired, smx509.IncompatibleUsage: x509.IncompatibleUsage,
		smx509.NameConstraintsWithoutSANs: x509.NameConstraintsWithoutSANs} {
		if x509.InvalidReason(ours) != theirs {
			t.Errorf("%d is %d", ours, theirs)
		}
	}
}
