package wire

import (
	"context"
	"crypto"
	"crypto/x509"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"onecert/ca"
	"onecert/keys"
	"onecert/kmc"
	"onecert/officer"
	"onecert/pki"
	"onecert/pkitest"
	"onecert/serve"
)

// lateClock is a clock a test moves on.
type lateClock struct {
	mu    sync.Mutex
	later time.Duration
}

func (c *lateClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.later)
}

func (c *lateClock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.later += d
}

func freeAddress(t *testing.T) string {
	t.Helper()
	return pkitest.FreeAddress(t)
}

// installation is a CA that serves its API, and a KMC whose site certificate it made.
type installation struct {
	*testing.T
	dir     string
	clock   *lateClock
	options Options
	ca      *CAProcess
	kmc     *KMCProcess
	running sync.WaitGroup
	cancel  context.CancelFunc
	stopped bool
}

func install(t *testing.T, clock *lateClock) *installation {
	t.Helper()
	i := &installation{T: t, dir: t.TempDir(), clock: clock}
	i.options = Options{Now: clock.now, Log: slog.New(slog.DiscardHandler)}
	n := NewCA{Dir: filepath.Join(i.dir, "ca"), Organisation: "示例省电子政务", Host: "127.0.0.1", Listen: freeAddress(t),
		Partitions: 1, Families: []string{"sm2", "ecdsa"},
		Addresses: ca.Addresses{CRL: "http://pki.example/crl", AIA: "http://pki.example/aia", OCSP: "http://pki.example/ocsp"}}
	if _, err := InitCA(context.Background(), n, i.options); err != nil {
		t.Fatal(err)
	}
	i.start()
	i.installKMC()
	t.Cleanup(func() { i.stop() })
	return i
}

func (i *installation) start() {
	i.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	i.cancel, i.stopped = cancel, false
	config, err := LoadCA(filepath.Join(i.dir, "ca/ca.yaml"))
	if err != nil {
		i.Fatal(err)
	}
	if i.ca, err = OpenCA(ctx, config, i.options); err != nil {
		i.Fatal(err)
	}
	servers, err := i.ca.Servers(ctx)
	if err != nil {
		i.Fatal(err)
	}
	i.running.Go(func() { serve.Run(ctx, servers...) })
}

func (i *installation) stop() {
	if i.stopped {
		return
	}
	i.stopped = true
	i.cancel()
	i.running.Wait()
	if i.kmc != nil {
		i.kmc.Close()
	}
	i.ca.Close()
}

// installKMC makes a KMC and has the security administrator issue its certificate.
func (i *installation) installKMC() {
	i.Helper()
	trust, err := os.ReadFile(filepath.Join(i.dir, "ca/trust.pem"))
	if err != nil {
		i.Fatal(err)
	}
	path, err := InitKMC(NewKMC{Dir: filepath.Join(i.dir, "kmc"), Host: "127.0.0.1", Listen: freeAddress(i.T), Trust: trust, SealWith: keys.AES256GCM})
	if err != nil {
		i.Fatal(err)
	}
	request, err := os.ReadFile(filepath.Join(i.dir, "kmc/tls.csr"))
	if err != nil {
		i.Fatal(err)
	}
	issued, err := i.ca.Issue(machine(context.Background()), ca.Order{Application: "site-kmc", Profile: "site", Request: request, Holder: "site:kmc",
		Subject: pki.Name{{Type: "C", Value: "CN"}, {Type: "O", Value: "示例省电子政务"}, {Type: "CN", Value: "kmc"}}, AltNames: []pki.AltName{{Kind: "ip", Value: "127.0.0.1"}}})
	if err != nil {
		i.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(i.dir, "kmc/tls.pem"), PEM(issued.Sign.DER, issued.Chain[0]), 0o600); err != nil {
		i.Fatal(err)
	}
	config, err := LoadKMC(path)
	if err != nil {
		i.Fatal(err)
	}
	config.CA, config.Pool = "https://"+i.ca.config.Listen, map[pki.Suite]kmc.PoolSize{pki.SM2: {Target: 2, Low: 1}}
	config.MessageKey = "" // messages are not this test's subject
	if i.kmc, err = OpenKMC(context.Background(), config, i.options); err != nil {
		i.Fatal(err)
	}
	if _, err := i.kmc.Servers(context.Background()); err != nil {
		i.Fatal(err)
	}
}

// shown returns the certificate a listener shows now.
func shown(t *testing.T, i *installation) *x509.Certificate {
	t.Helper()
	client, err := serve.NewClient("https://"+i.ca.config.Listen, serve.ClientTLS(nil, i.ca.roots, i.clock.now))
	if err != nil {
		t.Fatal(err)
	}
	defer client.HTTP.CloseIdleConnections()
	var leaf *x509.Certificate
	for range 3000 {
		response, err := client.HTTP.Get(client.Base + "/livez")
		if err == nil {
			leaf = response.TLS.PeerCertificates[0]
			response.Body.Close()
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if leaf == nil {
		t.Fatal("the CA does not answer")
	}
	return leaf
}

// TestSitesRenewThemselves at half their life, in the same key, without anyone's act.
func TestSitesRenewThemselves(t *testing.T) {
	clock := &lateClock{}
	i := install(t, clock)
	before := shown(t, i)
	clock.add(7 * 30 * 24 * time.Hour) // of a year
	if err := i.ca.renewOwn(context.Background()); err != nil {
		t.Fatal(err)
	}
	after := shown(t, i)
	if before.Equal(after) || !after.NotAfter.After(before.NotAfter) || !before.PublicKey.(interface{ Equal(crypto.PublicKey) bool }).Equal(after.PublicKey) {
		t.Errorf("the CA shows %s until %s after %s until %s", after.SerialNumber, after.NotAfter, before.SerialNumber, before.NotAfter)
	}

	old := i.kmc.identity.Certificate()
	key, err := openKey(i.kmc.config.dir, i.kmc.config.TLSKey)
	if err != nil {
		t.Fatal(err)
	}
	if err := i.kmc.renew(context.Background(), key); err != nil {
		t.Fatal(err)
	}
	renewed := i.kmc.identity.Certificate()
	if renewed.Equal(old) || !renewed.NotAfter.After(old.NotAfter) {
		t.Error("the KMC did not renew itself")
	}
	file, err := readCertificates(filepath.Join(i.dir, "kmc/tls.pem"))
	if err != nil || pki.SerialOf(file[0].SerialNumber) != pki.SerialOf(renewed.SerialNumber) {
		t.Error("the renewed certificate is not on file", err)
	}
}

// TestSiteMayOnlyRenewItself: a site nobody registered gets nothing else.
func TestSiteMayOnlyRenewItself(t *testing.T) {
	i := install(t, &lateClock{})
	api, err := serve.NewClient("https://"+i.ca.config.Listen, serve.ClientTLS(i.kmc.identity, i.kmc.roots, i.clock.now))
	if err != nil {
		t.Fatal(err)
	}
	shown(t, i) // it answers
	client := ca.NewClient(api)
	ctx := context.Background()
	if _, err := client.List(ctx, ca.Filter{}); pki.KindOf(err) != pki.Forbidden {
		t.Errorf("list: %v", err)
	}
	other := i.ca.identity.Certificate()
	_, err = client.Renew(ctx, "ecdsa", pki.SerialOf(other.SerialNumber), ca.Change{Application: "steal"})
	if pki.KindOf(err) != pki.Forbidden {
		t.Errorf("renewing another site: %v", err)
	}
	own := i.kmc.identity.Certificate()
	if _, err := client.Renew(ctx, "ecdsa", pki.SerialOf(own.SerialNumber), ca.Change{Application: "own"}); err != nil {
		t.Errorf("renewing itself: %v", err)
	}
}

// TestSuccessorIsKnown: a registered site's renewed certificate operates as the old
// one did; another key's does not.
func TestSuccessorIsKnown(t *testing.T) {
	i := install(t, &lateClock{})
	ctx := pki.WithActor(context.Background(), pki.Actor{Name: "test"})
	own := i.kmc.identity.Certificate()
	_, err := i.ca.Officers.Register(ctx, officer.Registration{Certificate: own.Raw, Name: "kmc", Kind: officer.Place, Roles: []string{officer.Site}, Issuer: "ecdsa"})
	if err != nil {
		t.Fatal(err)
	}
	key, err := openKey(i.kmc.config.dir, i.kmc.config.TLSKey)
	if err != nil {
		t.Fatal(err)
	}
	shown(t, i)
	if err := i.kmc.renew(ctx, key); err != nil {
		t.Fatal(err)
	}
	actor, err := i.ca.Officers.Actor(ctx, i.kmc.identity.Certificate().Raw)
	if err != nil || actor.Name != "kmc" || len(actor.Roles) != 1 {
		t.Errorf("the renewed site is %+v, %v", actor, err)
	}
	_, err = i.ca.Officers.Succeed(ctx, pki.Fingerprint(own.Raw), i.ca.identity.Certificate().Raw)
	if pki.CodeOf(err) != "officer.successor" {
		t.Errorf("another key's certificate: %v", err)
	}
}

// TestStartsWithEverythingExpired: made 25 months ago and started today, the CA
// makes itself a new certificate and serves.
func TestStartsWithEverythingExpired(t *testing.T) {
	clock := &lateClock{later: -25 * 30 * 24 * time.Hour}
	i := install(t, clock)
	old := shown(t, i)
	i.stop()
	i.kmc = nil
	clock.add(25 * 30 * 24 * time.Hour)
	if !time.Now().After(old.NotAfter) {
		t.Fatal("the old certificate has not expired; the test proves nothing")
	}
	i.start()
	now := shown(t, i)
	if !now.NotAfter.After(time.Now()) {
		t.Error("the CA shows an expired certificate")
	}
}

func mustKey(t *testing.T) *keys.Key {
	t.Helper()
	signer, err := pki.GenerateKey(nil, pki.P256)
	if err != nil {
		t.Fatal(err)
	}
	key, err := keys.Wrap(signer)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
