package main

import (
	"crypto"
	"crypto/x509"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"onecert/pki"
)

// Every question that can be put with a flag changes the verdict.
func TestVerifyFlags(t *testing.T) {
	english(t)
	e := newEvidence(t, pki.P256, nil)
	for _, c := range []struct{ code, flags string }{
		{"", "--untrusted " + e.caFile},
		{"", "--eku clientAuth --depth 1"},
		{"", "--eku anyExtendedKeyUsage"},
		{"usage.extended", "--eku OCSPSigning"},
		{"", "--no-mapping --no-any-policy"},
		{"", "--profile path"},
		{"usage.extended", "--eku codeSigning"},
		{"usage.extended", "--eku 1.3.6.1.4.1.55738.1"},
		{"name.dns", "--dns other.demo.example"},
		{"name.ip", "--ip 192.0.2.1"},
		{"name.email", "--email somebody@other.demo.example"},
		{"path.search", "--depth 0"},
		{"path.policy", "--explicit-policy"},
		{"path.policy", "--explicit-policy --policy 1.2.156.99999.1"},
		{"request.names", "--dns *.demo.example"},
		{"profile.common-name", "--profile cabf"},
	} {
		out, stderr, code := onecert(t, append([]string{"--json"}, e.args(strings.Fields(c.flags)...)...)...)
		var answer verified
		if err := json.Unmarshal([]byte(out), &answer); err != nil {
			t.Fatalf("%s: %v %s", c.flags, err, stderr)
		}
		found := c.code == "" && code == 0
		for _, r := range answer.Reasons {
			found = found || r.Code == c.code
		}
		if !found || answer.Good != (c.code == "") || answer.Good != (code == 0) {
			t.Errorf("%s: %d %+v, want %q", c.flags, code, answer.Reasons, c.code)
		}
		if answer.Good && (len(answer.Evidence) != 2 || answer.Signatures == 0) {
			t.Errorf("%s: evidence %+v, %d signatures", c.flags, answer.Evidence, answer.Signatures)
		}
	}
	for _, flags := range []string{"--eku nothing", "--policy a.b", "--depth -1", "--profile loose", "--timeout soon"} {
		if _, stderr, code := onecert(t, e.args(strings.Fields(flags)...)...); code != 2 || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: %d %s", flags, code, stderr)
		}
	}
}

// OCSP answers of another implementation stand for lists; without either, and with
// nowhere to fetch from, the verdict is bad.
func TestVerifyOCSP(t *testing.T) {
	english(t)
	e := newEvidence(t, pki.P256, nil)
	standard := func(der []byte) *x509.Certificate {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	answer := func(issuer *x509.Certificate, key crypto.Signer, c *x509.Certificate, status int) string {
		der, err := ocsp.CreateResponse(issuer, issuer, ocsp.Response{Status: status, SerialNumber: c.SerialNumber, RevokedAt: time.Now(),
			ThisUpdate: time.Now().Add(-time.Minute), NextUpdate: time.Now().Add(time.Hour)}, key)
		if err != nil {
			t.Fatal(err)
		}
		return file(t, "answer.der", der)
	}
	root, ca, leaf := standard(e.root.Raw), standard(e.ca.Raw), standard(e.leaf.Raw)
	ask := func(flags ...string) (string, string, int) {
		return onecert(t, append([]string{"cert", "verify", e.leafFile, "--trust", e.rootFile, "--chain", e.caFile}, flags...)...)
	}
	aboutCA := answer(root, e.rootKey, ca, ocsp.Good)
	out, stderr, code := ask("--ocsp", aboutCA, "--ocsp", answer(ca, e.caKey, leaf, ocsp.Good))
	if code != 0 || !strings.Contains(out, "OCSP: C=CN, ST=示例省, O=示例市民政局, CN=张三 is good") {
		t.Errorf("%d %s %s", code, out, stderr)
	}
	if _, stderr, code = ask("--ocsp", aboutCA, "--ocsp", answer(ca, e.caKey, leaf, ocsp.Revoked)); code != 1 || !strings.Contains(stderr, "is revoked") {
		t.Errorf("revoked: %d %s", code, stderr)
	}
	if _, stderr, code = ask("--ocsp", aboutCA); code != 1 || !strings.Contains(stderr, "no list") {
		t.Errorf("nothing about the leaf: %d %s", code, stderr)
	}
	if _, stderr, code = ask("--ocsp", e.rootFile); code != 1 || !strings.Contains(stderr, "not an OCSP answer") {
		t.Errorf("no answer: %d %s", code, stderr)
	}
	if _, stderr, code = ask("--fetch", "--timeout", "100ms"); code != 1 {
		t.Errorf("nothing to fetch: %d %s", code, stderr)
	}
}
