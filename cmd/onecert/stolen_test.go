package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/ca"
	"onecert/cmd/internal/wire"
	"onecert/officer"
	"onecert/pki"
	"onecert/serve"
)

// holdersOfWeb is how many holders the stolen CA had; the same with 10,000 is
// ca.BenchmarkReplaceIssuer.
const holdersOfWeb = 150

// theft is the drill: a root off line, an issuing CA of it whose key is stolen.
type theft struct {
	*town
	hall  *hall
	plan  string // file of the first ceremony
	times []string
	begun time.Time
}

func (d *theft) step(name string, act func()) {
	d.Helper()
	start := time.Now()
	act()
	d.times = append(d.times, fmt.Sprintf("%s %.1f s", name, time.Since(start).Seconds()))
}

// An issuing CA's key is stolen. By the steps of docs/stolen-issuing-ca.md the root
// comes back and revokes it, a new one is made, everybody is issued anew under it, and
// OpenSSL accepts the new certificates and refuses the old.
func TestStolenIssuingCA(t *testing.T) {
	english(t)
	d := &theft{town: &town{T: t, dir: t.TempDir()}, hall: &hall{t: t, safe: map[string]string{}}}
	d.pass = file(t, "pass", []byte("a passphrase of the town\n"))
	d.quietDay()
	d.begun = time.Now()
	d.step("revoked by the root, new issuing CA", d.secondCeremony)
	d.step("taken into service", func() { d.serve("two", "web-2") })
	d.step("issued anew", d.reissue)
	t.Logf("the drill: %s; %d holders, %.1f s in all", strings.Join(d.times, ", "), holdersOfWeb, time.Since(d.begun).Seconds())
	d.judged()
}

// quietDay is before the theft: a ceremony, a CA that serves, and its holders.
func (d *theft) quietDay() {
	d.Helper()
	d.plan = small(d.T, smallRoot+smallIssuing+"  - root_crl: {root: root}\n")
	if said, shown, code := d.hall.hold("ceremony", "run", d.plan, "--out", d.in("one")); code != 0 {
		d.Fatalf("%d %s %s", code, said, shown)
	}
	d.does("ca", "init", "--dir", d.in("ca"), "--organisation", "示例省电子政务", "--host", "127.0.0.1", "--listen", "127.0.0.1:0",
		"--url", "http://pki.example", "--families", "ecdsa", "--partitions", "2")
	d.caCodes = answers[struct{ Codes map[string]string }](d.town, "ca", "codes", "--config", d.in("ca", "ca.yaml")).Codes
	d.serve("one", "web")
	for _, role := range []string{"system", "security", "audit"} {
		d.enrol("centre."+role, d.caCodes[role])
	}
	d.enrol("centre.issuer", d.code("ca", "centre.issuer", "issuer"))
	d.issueAll()
}

// serve takes an issuing CA of a ceremony into the configuration, publishes the root's
// list, and starts the CA again.
func (d *theft) serve(ceremony, id string) {
	d.Helper()
	path := d.in("ca", "ca.yaml")
	c, err := wire.LoadCA(path)
	if err != nil {
		d.Fatal(err)
	}
	result := d.in(ceremony, "result")
	c.Issuers = append(c.Issuers, wire.IssuerFile{ID: id, Key: "file:" + filepath.Join(result, "keys", id+".pem") + "?pass=file:" + filepath.Join(result, "passphrase"),
		Certificate: filepath.Join(result, "certs", id+".pem"), Partitions: 3,
		Addresses: ca.Addresses{CRL: "http://a.example/crl", AIA: "http://a.example/aia", OCSP: "http://a.example/ocsp"}})
	if err := os.Remove(path); err != nil {
		d.Fatal(err)
	}
	if err := wire.Save(path, c); err != nil {
		d.Fatal(err)
	}
	list, err := os.ReadFile(filepath.Join(result, "public", "crl", "root", "complete.crl"))
	if err != nil {
		d.Fatal(err)
	}
	if err := os.MkdirAll(d.in("ca", "public", "crl", "root"), 0o755); err != nil {
		d.Fatal(err)
	}
	if err := os.WriteFile(d.in("ca", "public", "crl", "root", "complete.crl"), list, 0o644); err != nil {
		d.Fatal(err)
	}
	d.startCA()
}

// issueAll gives each holder a certificate, and one of them two fates.
func (d *theft) issueAll() {
	d.Helper()
	session, err := wire.OpenSession(d.in("id", "centre.issuer"), wire.SessionOptions{Ask: func(string) ([]byte, error) { return bytes.TrimSpace(must[[]byte](d.T)(os.ReadFile(d.pass))), nil }})
	if err != nil {
		d.Fatal(err)
	}
	_, csr := d.request("kept", "/C=CN/O=示例市民政局/CN=server-0", p256()...)
	var working sync.WaitGroup
	places := make(chan struct{}, 8)
	for n := range holdersOfWeb {
		request := must[[]byte](d.T)(os.ReadFile(csr))
		if n > 0 {
			request = must[[]byte](d.T)(requestOf(fmt.Sprintf("server-%d", n)))
		}
		places <- struct{}{}
		working.Go(func() {
			defer func() { <-places }()
			issued, err := session.CA.Issue(context.Background(), ca.Order{Application: fmt.Sprintf("h%04d", n), Issuer: "web", Profile: "device-client", Single: true, Request: request,
				Subject: pki.Name{{Type: "C", Value: "CN"}, {Type: "O", Value: "示例市民政局"}, {Type: "CN", Value: fmt.Sprintf("server-%d", n)}}})
			if err == nil && n == 1 {
				_, err = session.CA.Hold(context.Background(), "web", issued.Sign.Serial)
			}
			if err != nil {
				d.Error(err)
			}
		})
	}
	working.Wait()
	d.as("centre.issuer", "ca", "order", "h0000", "--out", d.in("before"))
}

// requestOf is a request of a new key.
func requestOf(cn string) ([]byte, error) {
	key, err := pki.GenerateKey(nil, pki.P256)
	if err != nil {
		return nil, err
	}
	subject, err := pki.Name{{Type: "CN", Value: cn}}.DER()
	if err != nil {
		return nil, err
	}
	return smx509.CreateCertificateRequest(nil, &smx509.CertificateRequest{RawSubject: subject}, key)
}

// secondCeremony: two of three custodians bring the root back.
func (d *theft) secondCeremony() {
	d.Helper()
	head, _, _ := strings.Cut(string(must[[]byte](d.T)(os.ReadFile(d.plan))), "acts:")
	acts := strings.NewReplacer("id: web", "id: web-2", "keys/web.pem", "keys/web-2.pem", "CN=测试签发", "CN=测试签发二").Replace(smallIssuing)
	plan := filepath.Join(filepath.Dir(d.plan), "stolen.yaml")
	text := head + "acts:\n  - root_crl: {root: root, revoke: [{authority: web, reason: cACompromise}]}\n" + acts
	if err := os.WriteFile(plan, []byte(text), 0o600); err != nil {
		d.Fatal(err)
	}
	d.hall.present = []string{"孙丙", "赵甲"}
	if said, shown, code := d.hall.hold("ceremony", "run", plan, "--out", d.in("two")); code != 0 {
		d.Fatalf("%d %s %s", code, said, shown)
	}
}

// reissue: the system administrator proposes, the two others agree, and it runs.
func (d *theft) reissue() {
	d.Helper()
	receipt := answers[officer.Receipt](d.town, "ca", "reissue-all", "--from", "web", "--to", "web-2", "--reason", "the key of web was stolen", "--as", d.in("id", "centre.system"))
	if len(receipt.Missing) != 2 {
		d.Errorf("%+v", receipt)
	}
	d.as("centre.security", "approval", "approve", receipt.Approval)
	if all := answers[[]ca.Replacing](d.town, "ca", "reissue-status", "--as", d.in("id", "centre.audit")); len(all) != 0 {
		d.Error("it began with one consent")
	}
	d.as("centre.audit", "approval", "approve", receipt.Approval)
	d.await("the beginning", func() bool {
		return len(answers[[]ca.Replacing](d.town, "ca", "reissue-status", "--as", d.in("id", "centre.audit"))) == 1
	})
	done := answers[reissued](d.town, "ca", "reissue-status", receipt.Approval, "--wait", "--missed", "--as", d.in("id", "centre.audit"))
	if done.Done != holdersOfWeb-1 || done.Missed != 1 || len(done.List) != 1 || done.List[0].Code != "replace.held" {
		d.Errorf("%+v", done)
	}
	text := d.does("ca", "reissue-status", receipt.Approval, "--missed", "--as", d.in("id", "centre.issuer"), "--lang", "zh")
	for _, words := range []string{"重新签发 149", "未能 1", "该证书已冻结"} {
		if !strings.Contains(text, words) {
			d.Errorf("it does not say %q: %s", words, text)
		}
	}
}

// judged lets OpenSSL say what it thinks of the old and the new certificate of a holder,
// with every list checked, and looks at the figures an operator's monitor reads.
func (d *theft) judged() {
	d.Helper()
	list := answers[ca.Page](d.town, "ca", "list", "--issuer", "web-2", "--subject", "CN=server-0", "--as", d.in("id", "centre.issuer"))
	if len(list.Certificates) != 1 {
		d.Fatalf("%+v", list)
	}
	d.as("centre.issuer", "ca", "order", list.Certificates[0].Application, "--out", d.in("after"))
	belongs(d.town, d.in("kept.key"), d.in("after", "sign.pem"))
	for _, id := range []string{"web", "web-2"} {
		d.as("centre.issuer", "ca", "crl", id, "--sign", "--out", d.in(id+".crl"))
		openssl(d.T, "crl", "-inform", "DER", "-in", d.in(id+".crl"), "-out", d.in(id+".crl.pem"))
	}
	openssl(d.T, "crl", "-inform", "DER", "-in", d.in("ca", "public", "crl", "root", "complete.crl"), "-out", d.in("root.crl.pem"))
	trust := []string{"verify", "-x509_strict", "-crl_check_all", "-CAfile", d.in("one", "result", "certs", "root.pem"), "-CRLfile", d.in("root.crl.pem")}
	openssl(d.T, append(trust, "-CRLfile", d.in("web-2.crl.pem"), "-untrusted", d.in("two", "result", "certs", "web-2.pem"), d.in("after", "sign.pem"))...)
	said := refusedByOpenSSL(d.T, append(trust, "-CRLfile", d.in("web.crl.pem"), "-untrusted", d.in("one", "result", "certs", "web.pem"), d.in("before", "sign.pem"))...)
	if !strings.Contains(said, "certificate revoked") {
		d.Errorf("openssl refuses the old certificate for another reason: %s", said)
	}
	for _, i := range must[[]serve.Item](d.T)(wire.Health(context.Background(), d.in("ca", "ca.yaml"), time.Now())) {
		if i.Name == "replacement" && (i.Value != holdersOfWeb-1 || i.Says != "replacement.missed") {
			d.Errorf("%+v", i)
		}
	}
}

// refusedByOpenSSL runs a command of OpenSSL that has to fail, and returns what it says.
func refusedByOpenSSL(t *testing.T, args ...string) string {
	t.Helper()
	said, err := exec.Command("openssl", args...).CombinedOutput()
	if err == nil {
		t.Errorf("openssl %s succeeded: %s", strings.Join(args, " "), said)
	}
	return string(said)
}
