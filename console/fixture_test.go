package console

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
	"encoding/json"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"onecert/audit"
	"onecert/pki"
	"onecert/serve"
)

// house is a console before one API, which says who calls it.
type house struct {
	t       *testing.T
	root    *x509.Certificate
	key     crypto.Signer
	address string
	clock   *clock
	log     *log
	console *Console
}

type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time          { c.mu.Lock(); defer c.mu.Unlock(); return c.at }
func (c *clock) forward(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.at = c.at.Add(d) }

// log is an audit log in memory, which can fail.
type log struct {
	mu   sync.Mutex
	acts []string
	err  error
}

func (l *log) Record(_ context.Context, acts ...audit.Act) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return l.err
	}
	for _, a := range acts {
		whose := ""
		if a.Detail["name"] != "" {
			whose = " of " + a.Detail["name"]
		}
		l.acts = append(l.acts, a.Act+" "+a.Actor.Name+whose)
	}
	return nil
}

func (l *log) fail(err error)    { l.mu.Lock(); defer l.mu.Unlock(); l.err = err }
func (l *log) written() []string { l.mu.Lock(); defer l.mu.Unlock(); return slices.Clone(l.acts) }

var web = fstest.MapFS{
	"index.html":       {Data: []byte(`<meta name="nonce" content="__NONCE__">officers`)},
	"self.html":        {Data: []byte(`<meta name="nonce" content="__NONCE__">holders`)},
	"assets/a-1.js":    {Data: []byte("plain")},
	"assets/a-1.js.gz": {Data: []byte("packed")},
	"assets/a-1.js.br": {Data: []byte("smallest")},
	"mark.svg":         {Data: []byte("<svg/>")},
}

func newHouse(t *testing.T, change func(*Config)) *house {
	t.Helper()
	h := &house{t: t, clock: &clock{at: time.Now()}, log: &log{}}
	h.key = newKey(t)
	h.root = h.certificate(&x509.Certificate{Subject: pkix.Name{CommonName: "root"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, h.key.Public(), nil)
	quiet := slog.New(slog.DiscardHandler)
	api := serve.New(serve.Config{Title: "place", Version: "1", Log: quiet, Now: h.clock.now, Peers: &serve.Peers{Roots: h.pool(), Now: h.clock.now,
		Who: func(_ context.Context, c *x509.Certificate) (pki.Actor, error) {
			if c.Subject.CommonName == "stranger" {
				return pki.Actor{}, pki.Errorf(pki.Forbidden, "test.stranger", "nobody knows you")
			}
			return pki.Actor{Name: c.Subject.CommonName, Roles: []string{c.Subject.CommonName}, Certificate: pki.Fingerprint(c.Raw)}, nil
		}}})
	type who struct {
		Body struct {
			Name string `json:"name"`
		}
	}
	huma.Register(api.Huma, huma.Operation{OperationID: "who", Method: http.MethodGet, Path: "/v1/who"}, func(ctx context.Context, _ *struct{}) (*who, error) {
		actor, _ := pki.ActorFrom(ctx)
		answer := &who{}
		answer.Body.Name = actor.Name
		return answer, nil
	})
	config := Config{Kind: Officers, Title: "test", Places: []Place{{Name: "ra", Title: "a registration", API: api}}, Audit: h.log, Web: web, Now: h.clock.now, Log: quiet,
		Governs: func(_ context.Context, place string, who pki.Actor) bool {
			return place == "ra" && who.Name == "security"
		}}
	if change != nil {
		change(&config)
	}
	c, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	h.console = c
	h.serve(c)
	return h
}

func (h *house) serve(c *Console) {
	own, err := serve.NewIdentity([][]byte{h.leafFor("127.0.0.1", h.key)}, h.key)
	if err != nil {
		h.t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		h.t.Fatal(err)
	}
	h.address = listener.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		serve.Run(ctx, serve.Server{Name: "console", Listener: listener, TLS: serve.ServerTLS(own, h.pool()), Handler: c, Log: slog.New(slog.DiscardHandler)})
	})
	h.t.Cleanup(func() { cancel(); running.Wait() })
}

func newKey(t *testing.T) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (h *house) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(h.root)
	return p
}

func (h *house) certificate(template *x509.Certificate, public crypto.PublicKey, parent *x509.Certificate) *x509.Certificate {
	h.t.Helper()
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	if template.NotAfter.IsZero() {
		template.NotAfter = time.Now().Add(1000 * time.Hour)
	}
	template.NotBefore = time.Now().Add(-time.Hour)
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, h.key)
	if err != nil {
		h.t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		h.t.Fatal(err)
	}
	return made
}

func (h *house) leafFor(name string, key crypto.Signer) []byte {
	return h.certificate(&x509.Certificate{Subject: pkix.Name{CommonName: name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}, key.Public(), h.root).Raw
}

// visitor is a browser: one certificate or none, and the cookies it was given.
type visitor struct {
	h      *house
	http   *http.Client
	cookie string
	header http.Header
}

func (h *house) visitor(name string) *visitor {
	config := &tls.Config{RootCAs: h.pool(), MinVersion: tls.VersionTLS13}
	if name != "" {
		key := newKey(h.t)
		config.Certificates = []tls.Certificate{{Certificate: [][]byte{h.leafFor(name, key)}, PrivateKey: key}}
	}
	transport := &http.Transport{TLSClientConfig: config, DisableCompression: true}
	h.t.Cleanup(transport.CloseIdleConnections)
	return &visitor{h: h, http: &http.Client{Transport: transport}, header: http.Header{}}
}

type answer struct {
	*http.Response
	text []byte
}

func (a answer) into(t *testing.T, to any) {
	t.Helper()
	if err := json.Unmarshal(a.text, to); err != nil {
		t.Fatalf("%v: %s", err, a.text)
	}
}

func (v *visitor) ask(method, path string) answer {
	v.h.t.Helper()
	r, err := http.NewRequest(method, "https://"+v.h.address+path, nil)
	if err != nil {
		v.h.t.Fatal(err)
	}
	r.Header = v.header.Clone()
	if v.cookie != "" {
		r.Header.Set("Cookie", v.cookie)
	}
	res, err := v.http.Do(r)
	if err != nil {
		v.h.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		v.h.t.Fatal(err)
	}
	for _, c := range res.Cookies() {
		v.cookie = c.Name + "=" + c.Value
		if c.MaxAge < 0 {
			v.cookie = ""
		}
	}
	return answer{res, bytes.TrimSpace(text)}
}

func (v *visitor) logIn() answer {
	v.h.t.Helper()
	a := v.ask(http.MethodPost, "/api/console/v1/session")
	if a.StatusCode != http.StatusOK {
		v.h.t.Fatalf("logging in: %d %s", a.StatusCode, a.text)
	}
	return a
}

// who is whom the place takes the visitor for.
func (v *visitor) who() string {
	v.h.t.Helper()
	var got struct{ Name string }
	v.ask(http.MethodGet, "/api/ra/v1/who").into(v.h.t, &got)
	return got.Name
}
