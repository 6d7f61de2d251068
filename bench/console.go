package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"onecert/audit"
	"onecert/console"
	"onecert/pki"
	"onecert/ra"
	"onecert/serve"
)

// console prints what people wait for in front of its pages.
func (b *bench) console(ctx context.Context) error {
	for _, e := range b.engines {
		if err := b.pages(ctx, e); err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
	}
	return nil
}

// pages measures how long a person waits for the list of applications, in Chromium,
// with very many applications behind it.
func (b *bench) pages(ctx context.Context, e engine) error {
	n := pick(b, 20_000, 1_000_000)
	source, err := e.fresh()
	if err != nil {
		return err
	}
	c, err := openRegistration(ctx, source, b.dir, nil)
	if err != nil {
		return err
	}
	defer c.close()
	if err := c.FirstPosts(ctx, []string{"centre.system", "centre.security"}); err != nil {
		return err
	}
	took, err := clocked(func() error {
		return c.Fill(ctx, ra.Filling{Branches: 10, Counters: 30, Applications: n, Certificates: n, Days: 365})
	})
	if err != nil {
		return err
	}
	rows := [][]string{{"", "page p50 ms", "worst", "again p50 ms", "worst", "its API call ms", "an empty page ms"}}
	for _, node := range []string{"centre", "r3", "l95"} {
		if err := c.staff(node); err != nil {
			return err
		}
		row, err := c.watched(ctx, b, node+".reviewer")
		if err != nil {
			return fmt.Errorf("%s: %w", node, err)
		}
		rows = append(rows, append([]string{"applications, seen from " + node}, row...))
	}
	b.out.table(fmt.Sprintf("The console's list in Chromium, with %d applications in 311 offices, %s", n, e.name), rows,
		"From the address to the first row that is drawn, server, browser and its driver on this machine; page: an empty cache. Aim: 1000 ms.",
		fmt.Sprintf("Filled in %.0f s by SQL.", took.Seconds()))
	return nil
}

// glass is a console before a registration, with one officer's certificate.
type glass struct {
	root *x509.Certificate
	key  crypto.Signer
}

// watched lets a browser look at the list as one officer and returns the row of it.
func (c *counterHall) watched(ctx context.Context, b *bench, who string) ([]string, error) {
	g, err := newGlass()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(b.dir, "console")
	if err != nil {
		return nil, err
	}
	address, stop, err := g.serve(ctx, c)
	if err != nil {
		return nil, err
	}
	defer stop()
	cert, key, err := g.officer(dir, who)
	if err != nil {
		return nil, err
	}
	found, err := g.look(ctx, map[string]any{"origin": "https://" + address, "cert": cert, "key": key, "path": "/applications",
		"api": "/api/ra/v1/applications?limit=50", "rounds": pick(b, 5, 15)})
	if err != nil {
		return nil, err
	}
	middle := func(all []float64) string { slices.Sort(all); return fmt.Sprintf("%.0f", all[len(all)/2]) }
	worst := func(all []float64) string { return fmt.Sprintf("%.0f", slices.Max(all)) }
	return []string{middle(found["cold"]), worst(found["cold"]), middle(found["warm"]), worst(found["warm"]), middle(found["api"]), middle(found["empty"])}, nil
}

func newGlass() (*glass, error) {
	key, err := pki.GenerateKey(rand.Reader, pki.P256)
	if err != nil {
		return nil, err
	}
	g := &glass{key: key}
	g.root, err = g.certify(&x509.Certificate{Subject: pkix.Name{CommonName: "bench"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, key.Public())
	return g, err
}

func (g *glass) certify(template *x509.Certificate, public crypto.PublicKey) (*x509.Certificate, error) {
	template.SerialNumber, template.NotBefore, template.NotAfter = big.NewInt(time.Now().UnixNano()), time.Now().Add(-time.Minute), time.Now().Add(24*time.Hour)
	parent := g.root
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, g.key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func (g *glass) serve(ctx context.Context, c *counterHall) (address string, stop func(), err error) {
	site, err := g.certify(&x509.Certificate{Subject: pkix.Name{CommonName: "127.0.0.1"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}, g.key.Public())
	if err != nil {
		return "", nil, err
	}
	own, err := serve.NewIdentity([][]byte{site.Raw}, g.key)
	if err != nil {
		return "", nil, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(g.root)
	peers := &serve.Peers{Roots: roots, Who: func(_ context.Context, peer *x509.Certificate) (pki.Actor, error) {
		name := peer.Subject.CommonName
		_, role, _ := strings.Cut(name, ".")
		return pki.Actor{Name: name, Roles: []string{role}, Certificate: pki.Fingerprint(peer.Raw)}, nil
	}}
	api := serve.New(serve.Config{Title: "bench", Version: "1", Peers: peers, Log: quiet()})
	c.Routes(api.Huma)
	front, err := console.New(console.Config{Kind: console.Officers, Title: "示例中心", Places: []console.Place{{Name: "ra", Title: "示例中心", API: api}}, Audit: noLog{}, Log: quiet()})
	if err != nil {
		return "", nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		ended <- serve.Run(ctx, serve.Server{Name: "console", Listener: listener, TLS: serve.ServerTLS(own, roots), Handler: front, Log: quiet()})
	}()
	return listener.Addr().String(), func() { cancel(); <-ended }, nil
}

// noLog writes no logins down: the table has none of them.
type noLog struct{}

func (noLog) Record(context.Context, ...audit.Act) error { return nil }

// officer writes a certificate and its key for the browser.
func (g *glass) officer(dir, name string) (cert, key string, err error) {
	own, err := pki.GenerateKey(rand.Reader, pki.P256)
	if err != nil {
		return "", "", err
	}
	made, err := g.certify(&x509.Certificate{Subject: pkix.Name{CommonName: name}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}, own.Public())
	if err != nil {
		return "", "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(own)
	if err != nil {
		return "", "", err
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	if err := os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: made.Raw}), 0o600); err != nil {
		return "", "", err
	}
	return cert, key, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
}

// look runs the browser (console/web/scripts/measure.mjs).
func (g *glass) look(ctx context.Context, task map[string]any) (found map[string][]float64, err error) {
	input, err := json.Marshal(task)
	if err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, "node", "scripts/measure.mjs")
	command.Dir, command.Stdin = filepath.Join("console", "web"), bytes.NewReader(input)
	var complaint strings.Builder
	command.Stderr = &complaint
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("running the browser (make pages comes first): %w: %s", err, complaint.String())
	}
	return found, json.Unmarshal(out, &found)
}
