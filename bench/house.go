package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/audit"
	"onecert/ca"
	"onecert/ceremony"
	"onecert/db"
	"onecert/keys"
	"onecert/kmc"
	"onecert/officer"
	"onecert/pki"
	"onecert/serve"
	"onecert/status"
)

// plan says what a house is built on.
type plan struct {
	CA   string // database sources
	KMC  string
	Dir  string // for keys and heads
	Pool int    // SM2 pairs ready, made by fill and never in the background
}

// house is a CA and a KMC in one process with all that surrounds them when they
// serve: registries of officers, audit logs whose heads are copied, kept CRLs.
type house struct {
	ca       *ca.CA
	kmc      *kmc.Centre
	api      *serve.API
	officers *officer.Registry
	journal  *status.Journal
	store    *db.DB // the CA's
	roots    *x509.CertPool
	root     []byte // of the ECDSA hierarchy, DER: TLS stands on it
	config   ca.Config
	source   string // of the CA's database

	closers []func()
}

// houseOrigin begins the names of a house's audit logs.
const houseOrigin = "bench.example/"

// actors of the machine's own hand.
func as(name string, roles ...string) context.Context {
	return pki.WithActor(context.Background(), pki.Actor{Name: name, Roles: roles})
}

// build puts a house together. After an error nothing is left open.
func build(ctx context.Context, p plan) (h *house, err error) {
	h = &house{roots: x509.NewCertPool()}
	defer func() {
		if err != nil {
			h.close()
		}
	}()
	if err := h.openKMC(ctx, p); err != nil {
		return nil, fmt.Errorf("opening the KMC: %w", err)
	}
	if err := h.openCA(ctx, p); err != nil {
		return nil, fmt.Errorf("opening the CA: %w", err)
	}
	peers := &serve.Peers{Roots: h.roots, Who: func(ctx context.Context, peer *x509.Certificate) (pki.Actor, error) {
		return h.officers.Actor(ctx, peer.Raw)
	}}
	h.api = serve.New(serve.Config{Title: "bench", Peers: peers, Log: quiet()})
	h.ca.Routes(h.api.Huma)
	return h, nil
}

// quiet logs what goes wrong and nothing else.
func quiet() *slog.Logger {
	return slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

func (h *house) close() {
	for len(h.closers) > 0 {
		last := len(h.closers) - 1
		h.closers[last]()
		h.closers = h.closers[:last]
	}
}

func (h *house) later(act func()) { h.closers = append(h.closers, act) }

// open opens a component's database with its audit log, whose heads are signed
// and copied each second as in service.
func (h *house) open(ctx context.Context, source, dir, name string) (*db.DB, *audit.Log, *officer.Registry, error) {
	d, err := db.Open(ctx, source)
	if err != nil {
		return nil, nil, nil, err
	}
	h.later(func() { d.Close() })
	key, err := newKey(pki.SM2)
	if err != nil {
		return nil, nil, nil, err
	}
	signer, err := audit.NewSigner(houseOrigin+name, key)
	if err != nil {
		return nil, nil, nil, err
	}
	log, err := audit.Open(ctx, d, houseOrigin+name, signer)
	if err != nil {
		return nil, nil, nil, err
	}
	heads := filepath.Join(dir, name+"-heads")
	if err := os.MkdirAll(heads, 0o700); err != nil {
		return nil, nil, nil, fmt.Errorf("making a folder: %w", err)
	}
	copying, stop := context.WithCancel(ctx)
	h.later(stop)
	if err := log.StartHeads(copying, heads, time.Second); err != nil {
		return nil, nil, nil, err
	}
	registry, err := officer.Open(ctx, d, log, nil)
	if err != nil {
		return nil, nil, nil, err
	}
	h.later(registry.Close)
	return d, log, registry, nil
}

func newKey(suite pki.Suite) (*keys.Key, error) {
	signer, err := pki.GenerateKey(rand.Reader, suite)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	return keys.Wrap(signer)
}

func (h *house) openKMC(ctx context.Context, p plan) error {
	d, log, registry, err := h.open(ctx, p.KMC, p.Dir, "kmc")
	if err != nil {
		return err
	}
	pass := filepath.Join(p.Dir, "passphrase")
	if err := os.WriteFile(pass, []byte("bench-only\n"), 0o600); err != nil {
		return fmt.Errorf("writing a passphrase: %w", err)
	}
	uri := keys.URI{Path: filepath.Join(p.Dir, "master.pem"), Pass: pass}.String()
	sealer, err := keys.GenerateSealer(uri, keys.SM4GCM, keys.Options{})
	if err != nil {
		return err
	}
	h.kmc, err = kmc.New(ctx, kmc.Config{DB: d, Sealer: sealer, Audit: log, Check: registry.Check, Log: quiet(),
		Pool: map[pki.Suite]kmc.PoolSize{pki.SM2: {Target: p.Pool}}})
	if err == nil {
		h.later(h.kmc.Close)
	}
	return err
}

func (h *house) openCA(ctx context.Context, p plan) error {
	d, log, registry, err := h.open(ctx, p.CA, p.Dir, "ca")
	if err != nil {
		return err
	}
	h.officers, h.store, h.source = registry, d, p.CA
	if h.journal, err = status.Open(ctx, d); err != nil {
		return err
	}
	config := ca.Config{DB: d, Status: h.journal, Audit: log, KMC: beside{h.kmc}, HolderKey: make([]byte, 32), Officers: registry,
		Check: registry.Check, Log: quiet(), CRL: ca.CRLRules{Dir: filepath.Join(p.Dir, "crl")}}
	if config.Profiles, err = ca.DeliveredProfiles(); err != nil {
		return err
	}
	for id, suites := range map[string][2]pki.Suite{"sm2": {pki.SM2, pki.SM2}, "ecdsa": {pki.P384, pki.P256}} {
		issuer, err := makeIssuer(id, suites[0], suites[1])
		if err != nil {
			return err
		}
		config.Issuers = append(config.Issuers, issuer)
		if id == "ecdsa" {
			h.root = issuer.Chain[0].Raw
		}
	}
	root, err := x509.ParseCertificate(h.root)
	if err != nil {
		return fmt.Errorf("reading the root: %w", err)
	}
	h.roots.AddCert(root)
	h.config = config
	if h.ca, err = ca.New(ctx, config); err == nil {
		h.later(func() {
			if h.ca != nil {
				h.ca.Close()
			}
		})
	}
	return err
}

// restart ends the CA and opens it again, as each start does.
func (h *house) restart(ctx context.Context) (err error) {
	h.ca.Close()
	if h.ca, err = ca.New(ctx, h.config); err != nil {
		return err
	}
	changed, err := h.ca.CompareRecords(ctx)
	if err != nil {
		return err
	}
	return ca.Tampered(changed)
}

// makeIssuer makes a root and an issuing CA.
func makeIssuer(id string, rootSuite, suite pki.Suite) (*ca.Issuer, error) {
	rootKey, err := newKey(rootSuite)
	if err != nil {
		return nil, err
	}
	key, err := newKey(suite)
	if err != nil {
		return nil, err
	}
	subject := func(cn string) pki.Name {
		return pki.Name{{Type: "C", Value: "CN"}, {Type: "O", Value: "示例省电子政务"}, {Type: "CN", Value: "示例 " + id + " " + cn}}
	}
	addresses := ca.Addresses{CRL: "http://crl.example", AIA: "http://aia.example", OCSP: "http://ocsp.example"}
	now := time.Now().UTC().Truncate(time.Second)
	root, err := certify(subject("Root CA"), rootKey, now.AddDate(30, 0, 0), -1, nil)
	if err != nil {
		return nil, err
	}
	issuing, err := certify(subject("Issuing CA"), key, now.AddDate(15, 0, 0), 0,
		&ceremony.Signer{ID: id + "-root", Key: rootKey, Certificate: root, Addresses: ceremony.Addresses{CRL: addresses.CRL, AIA: addresses.AIA}})
	if err != nil {
		return nil, err
	}
	return &ca.Issuer{ID: id, Key: key, Certificate: issuing, Chain: []*smx509.Certificate{root}, Addresses: addresses, Partitions: 8}, nil
}

func certify(name pki.Name, key *keys.Key, until time.Time, pathLen int, parent *ceremony.Signer) (*smx509.Certificate, error) {
	subject, err := name.DER()
	if err != nil {
		return nil, err
	}
	return ceremony.Certify(rand.Reader, pki.Authority{Subject: subject, PublicKey: key.Public(),
		NotBefore: time.Now().AddDate(-2, 0, 0).UTC().Truncate(time.Second), NotAfter: until, PathLen: pathLen}, key, parent)
}

// beside is the KMC in the same process: who asks there is the CA's site.
type beside struct{ centre *kmc.Centre }

func asSite(ctx context.Context) context.Context {
	return pki.WithActor(ctx, pki.Actor{Name: "ca", Roles: []string{officer.Site}})
}

// Generate implements ca.KeyCentre.
func (b beside) Generate(ctx context.Context, order pki.KeyOrder) (pki.KeyGrant, error) {
	return b.centre.Generate(asSite(ctx), order)
}

// Restore implements ca.KeyCentre.
func (b beside) Restore(ctx context.Context, restore pki.KeyRestore) (pki.KeyGrant, error) {
	return b.centre.Restore(asSite(ctx), restore)
}

// Retire implements ca.KeyCentre.
func (b beside) Retire(ctx context.Context, certNo pki.Serial) error {
	return b.centre.Retire(asSite(ctx), certNo)
}

// fill makes the pool of pairs full.
func (h *house) fill() error { return h.kmc.Fill(as("bench", officer.System)) }

// site issues a certificate of profile site to a new P-256 key: the chain without
// the root, and the key.
func (h *house) site(name string) (chain [][]byte, key crypto.Signer, err error) {
	if key, err = pki.GenerateKey(rand.Reader, pki.P256); err != nil {
		return nil, nil, fmt.Errorf("making a key: %w", err)
	}
	request, err := newRequest(key, pki.Name{{Type: "O", Value: "示例省电子政务"}, {Type: "CN", Value: name}})
	if err != nil {
		return nil, nil, err
	}
	issued, err := h.ca.Issue(as("bench", officer.Security), ca.Order{Application: "site-" + name, Profile: "site", Request: request,
		Holder: "site:" + name, AltNames: []pki.AltName{ca.HostName("127.0.0.1")}})
	if err != nil {
		return nil, nil, err
	}
	if len(issued.Chain) < 2 {
		return nil, nil, errors.New("the chain is too short")
	}
	return [][]byte{issued.Sign.DER, issued.Chain[0]}, key, nil
}

func newRequest(key crypto.Signer, subject pki.Name) ([]byte, error) {
	der, err := subject.DER()
	if err != nil {
		return nil, err
	}
	request, err := smx509.CreateCertificateRequest(rand.Reader, &smx509.CertificateRequest{RawSubject: der}, key)
	if err != nil {
		return nil, fmt.Errorf("making a request: %w", err)
	}
	return request, nil
}
