package e2e

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/x509"
	"database/sql"
	"encoding/base64"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/db"
	"onecert/keys"
	"onecert/ocsp"
	"onecert/pki"
	"onecert/pkitest"
	"onecert/status"
)

// certifier is an issuing CA that certifies its OCSP responder.
type certifier struct {
	key         *keys.Key
	certificate *smx509.Certificate
}

func newCertifier(t *testing.T, suite pki.Suite) *certifier {
	t.Helper()
	signer, err := pki.GenerateKey(rand.Reader, suite)
	if err != nil {
		t.Fatal(err)
	}
	key, err := keys.Wrap(signer)
	if err != nil {
		t.Fatal(err)
	}
	subject, err := pki.Name{{Type: "C", Value: "CN"}, {Type: "CN", Value: "试用 CA"}}.DER()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC()
	certificate, err := pkitest.Certify(pki.Authority{Subject: subject, PublicKey: key.Public(), NotBefore: now.Add(-time.Hour),
		NotAfter: now.AddDate(5, 0, 0), PathLen: -1}, key, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &certifier{key, certificate}
}

// Enrol implements ocsp.Enroller.
func (c *certifier) Enrol(_ context.Context, _, _ string, request []byte) ([]byte, error) {
	read, err := pki.ParseRequest(request, true)
	if err != nil {
		return nil, err
	}
	spki, err := pki.MarshalPublicKey(read.PublicKey)
	if err != nil {
		return nil, err
	}
	purpose, err := pki.ExtKeyUsageOf("ocspSigning")
	if err != nil {
		return nil, err
	}
	serial, err := pki.NewSerial(rand.Reader)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	tbs, err := pki.Template{Serial: serial, Suite: c.key.Suite(), Issuer: c.certificate.RawSubject, Subject: c.certificate.RawSubject,
		PublicKey: spki, NotBefore: now.Add(-time.Minute), NotAfter: now.AddDate(0, 3, 0), Extensions: []pki.Extension{
			pki.KeyUsageExtension(x509.KeyUsageDigitalSignature), pki.ExtKeyUsageExtension([]pki.OID{purpose}, false),
			pki.NullExtension(pki.OIDOCSPNoCheck)}}.TBS()
	if err != nil {
		return nil, err
	}
	signature, err := c.key.SignMessage(nil, tbs, nil)
	if err != nil {
		return nil, err
	}
	return pki.Assemble(tbs, c.key.Suite(), signature), nil
}

// TestBouncyCastleOCSP: BouncyCastle writes requests with each hash, and judges the
// answers of each kind of issuer: signature, responder, state, nonce.
func TestBouncyCastleOCSP(t *testing.T) {
	for family, suite := range map[string]pki.Suite{"sm2": pki.SM2, "rsa": pki.RSA2048, "ecdsa": pki.P256} {
		t.Run(family, func(t *testing.T) {
			c := newCertifier(t, suite)
			serials := map[string]pki.Serial{}
			for _, state := range []string{"good", "held", "revoked", "unknown"} {
				serial, err := pki.NewSerial(rand.Reader)
				if err != nil {
					t.Fatal(err)
				}
				serials[state] = serial
			}
			address := serveOCSP(t, c, serials)
			issuer := filepath.Join(t.TempDir(), "issuer")
			if err := os.WriteFile(issuer, c.certificate.Raw, 0o600); err != nil {
				t.Fatal(err)
			}
			for _, hash := range []string{"sha1", "sha256", "sm3"} {
				judge := func(state, serial string, get bool, says ...string) {
					t.Helper()
					answer := askOCSP(t, address, issuer, serial, hash, get)
					javaSays(t, java(t, append([]string{"ocsp", "--issuer", issuer, "--serial", serial, "--hash", hash, "--response"}, answer)...),
						append(says, "state="+state, "serial="+serial, "signature=ok", "nocheck=true", "current=true", "algorithm="+signatureAlgorithm(family))...)
				}
				for _, get := range []bool{true, false} {
					judge("good", string(serials["good"]), get)
					judge("revoked", string(serials["held"]), get, "reason=6")
					judge("revoked", string(serials["revoked"]), get, "reason=1", "invalid_since=true")
					judge("unknown", string(serials["unknown"]), get)
				}
			}
			javaSays(t, java(t, "ocsp", "--issuer", issuer, "--serial", string(serials["good"]), "--response",
				askOCSP(t, address, issuer, string(serials["good"]), "sha1", false, "--nonce", "00112233445566778899aabbccddeeff")),
				"nonce=00112233445566778899aabbccddeeff", "signature=ok")
			spoilt := askOCSP(t, address, issuer, string(serials["good"]), "sha1", false)
			der := read(t, spoilt)
			der[60] ^= 1
			if err := os.WriteFile(spoilt, der, 0o600); err != nil {
				t.Fatal(err)
			}
			javaRefuses(t, "ocsp", "--issuer", issuer, "--serial", string(serials["good"]), "--response", spoilt)
		})
	}
}

// serveOCSP runs a responder over a journal with a certificate in each state.
func serveOCSP(t *testing.T, c *certifier, serials map[string]pki.Serial) (address string) {
	t.Helper()
	d, err := db.Open(t.Context(), pkitest.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	journal, err := status.Open(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	var changes []status.Change
	for _, state := range []string{"good", "held", "revoked"} {
		changes = append(changes, status.Change{Issuer: "a", Serial: serials[state], Event: status.Issued, At: now, NotAfter: now.AddDate(1, 0, 0)})
	}
	changes = append(changes, status.Change{Issuer: "a", Serial: serials["held"], Event: status.Held, At: now},
		status.Change{Issuer: "a", Serial: serials["revoked"], Event: status.Revoked, Reason: pki.KeyCompromise, At: now, Invalidity: now.Add(-time.Hour)})
	err = d.Tx(t.Context(), func(tx *sql.Tx) error {
		_, err := journal.Append(t.Context(), tx, changes...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	pass := filepath.Join(dir, "pass")
	if err := os.WriteFile(pass, []byte("demo"), 0o600); err != nil {
		t.Fatal(err)
	}
	responder, err := ocsp.New(ocsp.Config{Issuers: []ocsp.Issuer{{ID: "a", Certificate: c.certificate}}, Journal: journal, Enroller: c, Dir: dir,
		Key: "file:" + dir + "/{n}.key?pass=file:" + pass, Subject: pki.Name{{Type: "C", Value: "CN"}, {Type: "CN", Value: "OCSP"}},
		Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- responder.Run(ctx) }()
	server := httptest.NewServer(responder.Handler(nil))
	t.Cleanup(func() {
		server.Close()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return server.URL
}

// askOCSP has BouncyCastle write a request, sends it, and returns the answer's file. It
// goes on asking until the responder has its key.
func askOCSP(t *testing.T, address, issuer, serial, hash string, get bool, more ...string) (file string) {
	t.Helper()
	dir := t.TempDir()
	request := filepath.Join(dir, "request")
	java(t, append([]string{"ocsp-request", "--issuer", issuer, "--serial", serial, "--hash", hash, "--out", request}, more...)...)
	der := read(t, request)
	for end := time.Now().Add(60 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		var answer *http.Response
		var err error
		if get {
			answer, err = http.Get(address + "/ocsp/" + url.PathEscape(base64.StdEncoding.EncodeToString(der)))
		} else {
			answer, err = http.Post(address+"/ocsp", "application/ocsp-request", bytes.NewReader(der))
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if answer.StatusCode == http.StatusServiceUnavailable && time.Now().Before(end) {
			continue
		}
		file = filepath.Join(dir, "answer")
		if err := os.WriteFile(file, body, 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
}
