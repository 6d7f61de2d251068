package verify

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"golang.org/x/crypto/ocsp"

	"onecert/pki"
)

// TestGoResponder lets the Go project's OCSP module make the answers.
func TestGoResponder(t *testing.T) {
	for _, suite := range []pki.Suite{pki.RSA2048, pki.P256, pki.P384} {
		w := newWorld(t, suite)
		standard := func(c *smx509.Certificate) *x509.Certificate {
			parsed, err := x509.ParseCertificate(c.Raw)
			if err != nil {
				t.Fatal(err)
			}
			return parsed
		}
		for _, signer := range []*authority{w.ca, w.responder(nil)} {
			template := ocsp.Response{Status: ocsp.Good, SerialNumber: w.leaf.SerialNumber, ThisUpdate: now.Add(-time.Hour), NextUpdate: now.Add(time.Hour), IssuerHash: crypto.SHA256}
			if signer != w.ca {
				template.Certificate = standard(signer.cert)
			}
			for status, code := range map[int]string{ocsp.Good: "", ocsp.Revoked: "revocation.revoked", ocsp.Unknown: "ocsp.unknown"} {
				template.Status, template.RevokedAt, template.RevocationReason = status, now.AddDate(0, 0, -1), ocsp.KeyCompromise
				der, err := ocsp.CreateResponse(standard(w.ca.cert), standard(signer.cert), template, signer.key)
				if err != nil {
					t.Fatal(err)
				}
				judgeAnswer(t, w, fmt.Sprintf("%s, status %d", suite, status), der, code)
			}
		}
		request := BuildOCSPRequest(our(t, w.leaf), our(t, w.ca.cert), []byte("0123456789abcdef0123456789abcdef"))
		read, err := ocsp.ParseRequest(request)
		if err != nil || read.SerialNumber.Cmp(w.leaf.SerialNumber) != 0 {
			t.Errorf("the Go module reads our request as %+v %v", read, err)
		}
	}
}

func judgeAnswer(t *testing.T, w *world, what string, der []byte, code string) {
	t.Helper()
	answer, err := ParseAnswer(der)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	r := w.request()
	r.Lists, r.Answers = []*CRL{w.list(w.root, nil)}, []*Answer{answer}
	if v := Check(t.Context(), r); code == "" {
		wantGood(t, what, v)
	} else {
		wantCodes(t, what, v, code)
	}
}

// TestOpenSSLResponder lets openssl answer our requests, at its own time: that is now.
func TestOpenSSLResponder(t *testing.T) {
	for _, suite := range []pki.Suite{pki.RSA2048, pki.P256} {
		w := newWorld(t, suite)
		dir := t.TempDir()
		put := func(name, kind string, der []byte) string {
			path := filepath.Join(dir, name)
			if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
				t.Fatal(err)
			}
			return path
		}
		responder := w.responder(func(c *smx509.Certificate) { c.NotAfter = time.Now().AddDate(1, 0, 0) })
		key, err := x509.MarshalPKCS8PrivateKey(responder.key)
		if err != nil {
			t.Fatal(err)
		}
		request := filepath.Join(dir, "request")
		if err := os.WriteFile(request, BuildOCSPRequest(our(t, w.leaf), our(t, w.ca.cert), []byte("0123456789abcdef0123456789abcdef")), 0o600); err != nil {
			t.Fatal(err)
		}
		for mark, code := range map[string]string{"V": "", "R": "revocation.revoked"} {
			index, answer := filepath.Join(dir, "index"), filepath.Join(dir, "answer")
			revoked := map[string]string{"V": "", "R": "200101000000Z,keyCompromise"}[mark]
			line := fmt.Sprintf("%s\t491231235959Z\t%s\t%X\tunknown\t/CN=a\n", mark, revoked, w.leaf.SerialNumber)
			if err := os.WriteFile(index, []byte(line), 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command("openssl", "ocsp", "-index", index, "-CA", put("ca", "CERTIFICATE", w.ca.cert.Raw),
				"-rsigner", put("responder", "CERTIFICATE", responder.cert.Raw), "-rkey", put("key", "PRIVATE KEY", key),
				"-reqin", request, "-respout", answer, "-ndays", "1").CombinedOutput()
			if err != nil {
				t.Fatalf("openssl: %v\n%s", err, out)
			}
			der, err := os.ReadFile(answer)
			if err != nil {
				t.Fatal(err)
			}
			parsed, err := ParseAnswer(der)
			if err != nil {
				t.Fatal(err)
			}
			if string(parsed.nonce) != "0123456789abcdef0123456789abcdef" {
				t.Errorf("openssl echoes the nonce as %x", parsed.nonce)
			}
			r := w.request()
			r.At, r.Answers = parsed.singles[0].thisUpdate, []*Answer{parsed}
			r.Lists = []*CRL{w.list(w.root, func(l *smx509.RevocationList) { l.NextUpdate = time.Now().AddDate(1, 0, 0) })}
			if v := Check(t.Context(), r); code == "" {
				wantGood(t, string(suite), v)
			} else {
				wantCodes(t, string(suite), v, code)
			}
		}
	}
}
