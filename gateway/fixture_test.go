package gateway_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"database/sql"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"onecert/audit"
	"onecert/db"
	"onecert/gateway"
	"onecert/pki"
	"onecert/pkitest"
	"onecert/status"
	"onecert/tlcp"
)

// authority is a throw-away CA of one suite.
type authority struct {
	t      testing.TB
	cert   *smx509.Certificate
	key    crypto.Signer
	serial int64
	mu     sync.Mutex
}

func newKey(t testing.TB, national bool) crypto.Signer {
	t.Helper()
	if national {
		key, err := sm2.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newAuthority(t testing.TB, name string, national bool) *authority {
	t.Helper()
	a := &authority{t: t, key: newKey(t, national), serial: 1000}
	template := &smx509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{Country: []string{"CN"}, Organization: []string{"示例省"}, CommonName: name},
		NotBefore: time.Now().Add(-2 * 365 * 24 * time.Hour), NotAfter: time.Now().Add(10 * 365 * 24 * time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: smx509.KeyUsageCertSign | smx509.KeyUsageCRLSign}
	der, err := smx509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = smx509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return a
}

// holder is somebody, or a machine, with a certificate.
type holder struct {
	cert *smx509.Certificate
	key  crypto.Signer
	from *authority
}

// issue makes a certificate; change may be nil.
func (a *authority) issue(cn string, change func(*smx509.Certificate)) *holder {
	a.t.Helper()
	a.mu.Lock()
	a.serial++
	serial := a.serial
	a.mu.Unlock()
	h := &holder{key: newKey(a.t, isSM2(a.key)), from: a}
	template := &smx509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{Country: []string{"CN"}, Organization: []string{"示例市民政局"}, CommonName: cn, SerialNumber: fmt.Sprint("H-", serial)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), KeyUsage: smx509.KeyUsageDigitalSignature,
		ExtKeyUsage: []smx509.ExtKeyUsage{smx509.ExtKeyUsageClientAuth}}
	if change != nil {
		change(template)
	}
	der, err := smx509.CreateCertificate(rand.Reader, template, a.cert, h.key.Public(), a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	if h.cert, err = smx509.ParseCertificate(der); err != nil {
		a.t.Fatal(err)
	}
	return h
}

func isSM2(key crypto.Signer) bool { _, ok := key.(*sm2.PrivateKey); return ok }

func (a *authority) pem() string { return asPEM(a.cert.Raw) }

func asPEM(der ...[]byte) string {
	var b strings.Builder
	for _, one := range der {
		b.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: one}))
	}
	return b.String()
}

func (h *holder) tls() tls.Certificate {
	return tls.Certificate{Certificate: [][]byte{h.cert.Raw}, PrivateKey: h.key}
}

// clients of a certificate's holder.
func server(names ...string) func(*smx509.Certificate) {
	return func(c *smx509.Certificate) {
		c.DNSNames, c.ExtKeyUsage = names, []smx509.ExtKeyUsage{smx509.ExtKeyUsageServerAuth}
	}
}

func encrypting(c *smx509.Certificate) {
	c.KeyUsage = smx509.KeyUsageKeyEncipherment | smx509.KeyUsageDataEncipherment | smx509.KeyUsageKeyAgreement
}

// desk keeps sessions for tests, in memory.
type desk struct {
	mu    sync.Mutex
	all   map[string]gateway.Session // by token
	ended map[string]string          // id -> why
	spent map[string]bool            // codes
	idle  time.Duration
	fail  error
	opens int

	opening func() // what happens while a session is opened; nil: nothing
}

func newDesk() *desk {
	return &desk{all: map[string]gateway.Session{}, ended: map[string]string{}, spent: map[string]bool{}}
}

func (d *desk) Spend(_ context.Context, code string, _ time.Time) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	first := !d.spent[code]
	d.spent[code] = true
	return first, d.fail
}

func (d *desk) Open(_ context.Context, l gateway.Login) (string, gateway.Session, error) {
	if d.opening != nil {
		d.opening()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fail != nil {
		return "", gateway.Session{}, d.fail
	}
	d.opens++
	token := rand.Text()
	s := gateway.Session{ID: fmt.Sprintf("%032d", d.opens), Fingerprint: l.Fingerprint, Issuer: l.Issuer, Serial: l.Serial, User: l.User, Level: l.Level, Started: time.Now(), LastSeen: time.Now(), Until: time.Now().Add(time.Hour)}
	d.all[token] = s
	return token, s, nil
}

func (d *desk) Read(token string, now time.Time) (gateway.Session, string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s, ok := d.all[token]
	switch {
	case !ok:
		return s, "", pki.Errorf(pki.Forbidden, "sso.token", "no token")
	case d.ended[s.ID] != "":
		return s, "", pki.Errorf(pki.Forbidden, "sso.ended", "ended")
	case d.idle != 0 && now.Sub(s.LastSeen) > d.idle:
		return s, "", pki.Errorf(pki.Forbidden, "sso.idle", "idle")
	}
	s.LastSeen = now
	d.all[token] = s
	return s, "", nil
}

func (d *desk) End(_ context.Context, id, why string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ended[id] = why
	return nil
}

func (d *desk) EndOfCertificate(_ context.Context, issuer string, serial pki.Serial) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.all {
		if s.Issuer == issuer && s.Serial == serial {
			d.ended[s.ID] = "certificate"
		}
	}
	return nil
}

func (d *desk) List(context.Context, gateway.SessionQuery) ([]gateway.SessionRow, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []gateway.SessionRow
	for _, s := range d.all {
		if d.ended[s.ID] == "" {
			all = append(all, gateway.SessionRow{Session: s})
		}
	}
	return all, nil
}

func (d *desk) opened() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.opens
}

// house is a gateway with CAs of both kinds and an application that says what it is told.
type house struct {
	t         testing.TB
	ca, sm2   *authority
	site      *holder
	sign, en  *holder
	keys      map[string]crypto.Signer
	desk      *desk
	d         *db.DB
	g         *gateway.Gateway
	back      *httptest.Server
	handler   http.HandlerFunc
	mu        sync.Mutex
	visits    []gateway.Visit
	address   string
	journal   *status.Journal // of the CA, whose name there is "own"
	lists     string          // folder of revocation lists
	wrong     atomic.Int64    // by how much the clock is wrong, in nanoseconds
	assertion crypto.Signer   // signs what applications are told
}

// newHouse opens a gateway without a configuration.
func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{t: t, ca: newAuthority(t, "示例省 ECDSA CA", false), sm2: newAuthority(t, "示例省 SM2 CA", true), desk: newDesk(), keys: map[string]crypto.Signer{}, assertion: newKey(t, false), address: pkitest.FreeAddress(t)}
	h.site, h.sign, h.en = h.ca.issue("site", server("oa.example.gov", "localhost", "*.example.gov")), h.sm2.issue("site", server("oa.example.gov", "*.example.gov")), h.sm2.issue("site", func(c *smx509.Certificate) { server("oa.example.gov", "*.example.gov")(c); encrypting(c) })
	h.keys["site"], h.keys["sign"], h.keys["encrypt"] = h.site.key, h.sign.key, h.en.key
	h.handler = echo
	h.back = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.handler(w, r) }))
	t.Cleanup(h.back.Close)
	var err error
	if h.d, err = db.Open(t.Context(), pkitest.SQLite(t)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.d.Close() })
	if h.journal, err = status.Open(t.Context(), h.d); err != nil {
		t.Fatal(err)
	}
	h.lists = t.TempDir()
	h.start()
	t.Cleanup(func() { h.g.Close() })
	return h
}

// start opens the gateway over the house's database.
func (h *house) start() {
	h.t.Helper()
	signer, err := audit.NewSigner("gateway.test", newKey(h.t, true))
	if err != nil {
		h.t.Fatal(err)
	}
	log, err := audit.Open(h.t.Context(), h.d, "gateway.test", signer)
	if err != nil {
		h.t.Fatal(err)
	}
	h.g, err = gateway.New(h.t.Context(), gateway.Config{DB: h.d, Audit: log, Sessions: h.desk, Keys: h.key, Secret: bytes.Repeat([]byte{7}, 32), Name: "https://gateway.example.gov", Assertions: []crypto.Signer{h.assertion},
		Watch: func(v gateway.Visit) {
			h.mu.Lock()
			h.visits = append(h.visits, v)
			h.mu.Unlock()
		},
		Now:   func() time.Time { return time.Now().Add(time.Duration(h.wrong.Load())) },
		Lists: h.lists, Journal: h.journal, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) key(uri string) (crypto.Signer, error) {
	if k := h.keys[uri]; k != nil {
		return k, nil
	}
	return nil, pki.Errorf(pki.Unknown, "key.missing", "there is no key %q", uri)
}

// echo says what the application was told.
func echo(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	fmt.Fprintf(w, "%s %s\n", r.Method, r.URL.RequestURI())
	r.Header.Write(w)
}

// as is an administrator with both halves of the rights.
func as(roles ...string) context.Context {
	return pki.WithActor(context.Background(), pki.Actor{Name: strings.Join(roles, "+"), Roles: roles})
}

// document is a configuration with one application that demands a certificate; it is
// JSON with Go's names for what tests change.
func (h *house) document(change ...string) *gateway.Configuration {
	h.t.Helper()
	c, err := gateway.Parse([]byte(h.text(change...)))
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

// text is the document before it is read, with what a test changes.
func (h *house) text(change ...string) string {
	h.t.Helper()
	text := fmt.Sprintf(`{
	 "certificates": [{"name": "site", "chain": %q, "key": "site"},
	   {"name": "pair", "chain": %q, "key": "sign", "encryptChain": %q, "encryptKey": "encrypt"}],
	 "trust": {"cas": [{"name": "own", "anchors": %q, "revocation": [{"name": "off", "kind": "none"}]},
	    {"name": "national", "anchors": %q, "revocation": [{"name": "off", "kind": "none"}]}],
	  "sets": [{"name": "staff", "cas": ["own", "national"]}]},
	 "policy": {"version": 1, "rules": [{"id": "staff", "effect": "allow", "when": {"least_level": 2}}, {"id": "public", "effect": "allow", "when": {"paths": ["/public/**"]}}]},
	 "applications": [{"name": "oa", "title": "办公", "backend": {"backends": [{"url": %q}]}, "identity": {"sets": ["koal", "jit", "rfc9440"]}}],
	 "services": [{"name": "front", "kind": "web", "listen": [%q], "certificates": ["site", "pair"], "trust": "staff", "applications": ["oa"]}]}`,
		asPEM(h.site.cert.Raw, h.ca.cert.Raw), asPEM(h.sign.cert.Raw), asPEM(h.en.cert.Raw), h.ca.pem(), h.sm2.pem(), h.back.URL, h.address)
	for i := 0; i+1 < len(change); i += 2 {
		if !strings.Contains(text, change[i]) {
			h.t.Fatalf("the document has no %s", change[i])
		}
		text = strings.ReplaceAll(text, change[i], change[i+1])
	}
	return text
}

// apply applies a configuration over the current one.
func (h *house) apply(c *gateway.Configuration) gateway.Version {
	h.t.Helper()
	v, err := h.try(c)
	if err != nil {
		h.t.Fatal(err)
	}
	return v
}

func (h *house) try(c *gateway.Configuration) (gateway.Version, error) {
	_, now, err := h.g.Current(as("audit"))
	if err != nil {
		h.t.Fatal(err)
	}
	return h.g.Apply(as("system", "security"), gateway.Change{Base: now.Number, Note: "test", Document: c})
}

// current is a copy of the configuration that runs.
func (h *house) current() *gateway.Configuration {
	h.t.Helper()
	now, _, err := h.g.Current(as("audit"))
	if err != nil {
		h.t.Fatal(err)
	}
	text, err := json.Marshal(now)
	if err != nil {
		h.t.Fatal(err)
	}
	c, err := gateway.Parse(text)
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

// browser is a client with a cookie jar and a certificate (nil: none); every name leads to
// the gateway.
func (h *house) browser(who *holder) *http.Client {
	jar, _ := cookiejar.New(nil)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(h.ca.pem()))
	config := &tls.Config{RootCAs: roots}
	if who != nil {
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			c := who.tls()
			return &c, nil
		}
	}
	transport := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true, DialContext: dialOnly}
	h.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, Timeout: 20 * time.Second}
}

// national is a client over TLCP.
func (h *house) national(pair *tlcp.Certificate) *http.Client {
	roots := smx509.NewCertPool()
	roots.AddCert(h.sm2.cert)
	config := &tlcp.Config{RootCAs: roots, ServerName: "oa.example.gov"}
	if pair != nil {
		config.Certificates = []tlcp.Certificate{*pair}
	}
	transport := &http.Transport{DialTLSContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		return tlcp.Dial(network, h.address, config)
	}}
	h.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 20 * time.Second}
}

func (h *house) get(c *http.Client, address string, change ...func(*http.Request)) (*http.Response, string) {
	h.t.Helper()
	r, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, f := range change {
		f(r)
	}
	return h.do(c, r)
}

func (h *house) do(c *http.Client, r *http.Request) (*http.Response, string) {
	h.t.Helper()
	answer, err := c.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return answer, string(body)
}

// url is an address of the front service under a name.
func (h *house) url(name, path string) string {
	_, port, _ := strings.Cut(h.address, ":")
	return "https://" + name + ":" + port + path
}

// last waits for the visit with a path and returns it.
func (h *house) last(path string) gateway.Visit {
	h.t.Helper()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		h.mu.Lock()
		for i := len(h.visits) - 1; i >= 0; i-- {
			if h.visits[i].Path == path {
				v := h.visits[i]
				h.mu.Unlock()
				return v
			}
		}
		h.mu.Unlock()
	}
	h.t.Fatalf("no visit of %s", path)
	return gateway.Visit{}
}

func location(answer *http.Response) *url.URL {
	u, err := answer.Location()
	if err != nil {
		return &url.URL{}
	}
	return u
}

// dialOnly connects to this machine, whatever the name: only the port counts.
func dialOnly(ctx context.Context, network, address string) (net.Conn, error) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	var d net.Dialer
	return d.DialContext(ctx, network, "127.0.0.1:"+port)
}

// record puts what became of a certificate of the house's CA into its journal.
func (h *house) record(who *holder, event status.Event) {
	h.t.Helper()
	err := h.d.Tx(h.t.Context(), func(tx *sql.Tx) error {
		_, err := h.journal.Append(h.t.Context(), tx, status.Change{Issuer: "own", Serial: pki.SerialOf(who.cert.SerialNumber), Event: event, At: time.Now(), NotAfter: who.cert.NotAfter})
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	h.journal.Wake()
}

// eventually waits until something has come about.
func eventually(t testing.TB, done func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not come about")
		}
	}
}
