package wire

import (
	"context"
	"crypto/rand"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/audit"
	"onecert/ca"
	"onecert/gateway"
	"onecert/keys"
	"onecert/officer"
	"onecert/pki"
	"onecert/policy"
)

// besides lets the CA have pairs made, and makes a gateway with a site certificate of it.
func (i *installation) besides() *GatewayProcess {
	i.Helper()
	i.cancel()
	i.running.Wait()
	i.ca.Close()
	i.options.KMC = InProcess{i.kmc, "ca"}
	i.start()
	options := i.options
	options.KMC = nil
	trust, err := os.ReadFile(filepath.Join(i.dir, "ca/trust.pem"))
	if err != nil {
		i.Fatal(err)
	}
	path, err := InitGateway(NewGateway{Dir: filepath.Join(i.dir, "gateway"), Host: "127.0.0.1", Listen: freeAddress(i.T), Trust: trust, CA: "https://" + i.ca.config.Listen, SealWith: keys.AES256GCM})
	if err != nil {
		i.Fatal(err)
	}
	request, err := os.ReadFile(filepath.Join(i.dir, "gateway/tls.csr"))
	if err != nil {
		i.Fatal(err)
	}
	issued, err := i.ca.Issue(machine(context.Background()), ca.Order{Application: "site-gateway", Profile: "site", Request: request, Holder: "site:gateway",
		Subject: pki.Name{{Type: "C", Value: "CN"}, {Type: "O", Value: "示例省电子政务"}, {Type: "CN", Value: "gateway"}}, AltNames: []pki.AltName{{Kind: "ip", Value: "127.0.0.1"}}})
	if err != nil {
		i.Fatal(err)
	}
	if _, err := i.ca.Officers.Register(machine(context.Background()), officer.Registration{Certificate: issued.Sign.DER, Name: "gateway1", Kind: officer.Place,
		Roles: []string{officer.Site}, Issuer: issued.Sign.Issuer}); err != nil {
		i.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(i.dir, "gateway/tls.pem"), PEM(issued.Sign.DER, issued.Chain[0]), 0o600); err != nil {
		i.Fatal(err)
	}
	shown(i.T, i) // it answers
	config, err := LoadGateway(path)
	if err != nil {
		i.Fatal(err)
	}
	p, err := OpenGateway(context.Background(), config, options)
	if err != nil {
		i.Fatal(err)
	}
	i.Cleanup(func() { p.Close() })
	return p
}

// TestServiceCertificatesRenewThemselves at half their life, in the same keys, the pair
// for TLCP as well, as a version the gateway made; what people brought stays as it is.
func TestServiceCertificatesRenewThemselves(t *testing.T) {
	clock := &lateClock{}
	i := install(t, clock)
	p := i.besides()
	ctx := p.itself(context.Background())
	made, err := p.orderCertificates(ctx, CertificateOrder{Name: "oa", Hosts: []string{"127.0.0.1"}})
	if err != nil || len(made) != 2 {
		t.Fatal(made, err)
	}
	brought := gateway.Certificate{Name: "brought", Chain: broughtAlong(t, p, "brought.pem"), Key: "file:brought.pem"}
	document := &gateway.Configuration{Policy: policy.Rules{Version: 1}, Certificates: append(slices.Clone(made), brought),
		Applications: []gateway.Application{{Name: "oa", Backend: gateway.Backends{Backends: []gateway.Backend{{URL: "http://127.0.0.1:1"}}}}},
		Services: []gateway.Service{{Name: "oa", Kind: gateway.Web, Listen: []string{"127.0.0.1:0"}, ClientCertificate: gateway.AskNone,
			Certificates: []string{made[0].Name, made[1].Name}, Applications: []string{"oa"}}}}
	if _, err := p.Apply(ctx, gateway.Change{Document: document}); err != nil {
		t.Fatal(err)
	}
	if err := p.renewCertificates(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, v, err := p.Current(ctx); err != nil || v.Number != 1 {
		t.Fatalf("renewed too early: %+v %v", v, err)
	}
	p.stop()                // following the journal is not this test's subject
	for month := range 13 { // half of the life of the pair, the longer one
		clock.add(30 * 24 * time.Hour)
		if month == 6 { // as the processes do by themselves
			own := renewable{ca: p.config.CA, identity: p.identity, roots: p.roots, certificate: p.config.Path(p.config.TLSCertificate), now: clock.now}
			if err := errors.Join(i.ca.renewOwn(t.Context()), own.renew(t.Context(), p.key)); err != nil {
				t.Fatal(err)
			}
			p.link.HTTP.CloseIdleConnections() // half a year has passed: none is that old
		}
		if err := p.renewCertificates(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	now, v, err := p.Current(ctx)
	if err != nil || v.Number < 2 || v.By != componentGateway {
		t.Fatalf("%+v %v", v, err)
	}
	if err := p.renewCertificates(t.Context()); err != nil { // once is enough
		t.Fatal(err)
	}
	if _, again, err := p.Current(ctx); err != nil || again.Number != v.Number {
		t.Errorf("renewed again at once: %+v %v", again, err)
	}
	for n, before := range document.Certificates {
		after := now.Certificates[n]
		if after.Name != before.Name || after.Key != before.Key || after.EncryptKey != before.EncryptKey {
			t.Errorf("%+v became %+v", before, after)
		}
		ours := before.Name != "brought"
		if (after.Chain != before.Chain) != ours || (after.EncryptChain != before.EncryptChain) != (before.EncryptChain != "") {
			t.Errorf("%s was renewed, or was not", before.Name)
		}
		if !ours {
			continue
		}
		for _, pair := range [][2]string{{before.Chain, after.Chain}, {before.EncryptChain, after.EncryptChain}} {
			if pair[0] == "" {
				continue
			}
			old, err1 := firstOf(pair[0])
			next, err2 := firstOf(pair[1])
			if err1 != nil || err2 != nil || !next.NotAfter.After(old.NotAfter) {
				t.Errorf("%s: until %v, then until %v (%v %v)", before.Name, old.NotAfter, next.NotAfter, err1, err2)
			}
		}
	}
	entries, err := p.Audit.Search(t.Context(), audit.Query{Act: "gateway.configure", Actor: componentGateway, Object: "2"})
	if err != nil || len(entries) != 1 {
		t.Errorf("the log does not say who made version 2: %v", err)
	}
}

// broughtAlong is a certificate that is none of the CA's, with a key among the services'.
func broughtAlong(t *testing.T, p *GatewayProcess, file string) string {
	t.Helper()
	key, err := keys.Generate(keyURI(filepath.Join(p.config.Path(p.config.ServiceKeys), file), p.config.Path(p.config.ServicePassphrase)), pki.P256, keys.Options{})
	if err != nil {
		t.Fatal(err)
	}
	template := &smx509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "brought"}, DNSNames: []string{"brought.example"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(3, 0, 0), KeyUsage: smx509.KeyUsageDigitalSignature, ExtKeyUsage: []smx509.ExtKeyUsage{smx509.ExtKeyUsageServerAuth}}
	der, err := smx509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(PEM(der))
}
