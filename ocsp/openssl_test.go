package ocsp

import (
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"onecert/pki"
	"onecert/pkitest"
	"onecert/status"
)

// openssl runs a command and returns all it says.
func openssl(t *testing.T, args ...string) (output string, err error) {
	t.Helper()
	out, err := exec.Command("openssl", args...).CombinedOutput()
	return string(out), err
}

func (a *authority) file(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), a.id+".pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.certificate.Raw})
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// OpenSSL asks and judges: RSA and ECDSA, with each hash it knows, with and without a
// nonce, several certificates at once, by POST and by GET.
func TestOpenSSL(t *testing.T) {
	h := open(t, pkitest.SQLite(t), nil)
	address := h.listen(t, Limits())
	for _, id := range []string{"rsa", "ecdsa"} {
		file := h.authorities[id].file(t)
		good, held, revoked, unknown := newSerial(), newSerial(), newSerial(), newSerial()
		revoke := h.changed(id, revoked, status.Revoked)
		revoke.Reason = pki.KeyCompromise
		h.put(t, h.issued(id, good), h.issued(id, held), h.issued(id, revoked), h.changed(id, held, status.Held), revoke)
		for _, hash := range []string{"-sha1", "-sha256", "-sm3"} {
			for _, nonce := range []string{"-nonce", "-no_nonce"} {
				args := []string{"ocsp", "-issuer", file, "-CAfile", file, "-url", "http://" + address + "/ocsp", nonce, "-resp_text"}
				for _, s := range []pki.Serial{good, held, revoked, unknown} {
					args = append(args, hash, "-serial", "0x"+string(s))
				}
				out, err := openssl(t, args...)
				if err != nil || !strings.Contains(out, "Response verify OK") {
					t.Fatal(err, out)
				}
				for s, want := range map[pki.Serial]string{good: "good", held: "revoked", revoked: "revoked", unknown: "unknown"} {
					if !strings.Contains(out, "0x"+string(s)+": "+want) {
						t.Errorf("%s %s: no %q in\n%s", id, hash, want, out)
					}
				}
				if !strings.Contains(out, "Reason: keyCompromise") || !strings.Contains(out, "Reason: certificateHold") || strings.Contains(out, "WARNING: no nonce") {
					t.Error(out)
				}
			}
		}
		h.opensslByGet(t, address, id, file, good)
	}
}

// opensslByGet has OpenSSL write the request and judge the answer, and net/http
// carry them.
func (h *house) opensslByGet(t *testing.T, address, id, file string, s pki.Serial) {
	t.Helper()
	dir := t.TempDir()
	request, response := filepath.Join(dir, "request"), filepath.Join(dir, "response")
	if out, err := openssl(t, "ocsp", "-issuer", file, "-serial", "0x"+string(s), "-no_nonce", "-reqout", request); err != nil {
		t.Fatal(err, out)
	}
	der, err := os.ReadFile(request)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.Get("http://" + address + "/ocsp/" + url.PathEscape(base64.StdEncoding.EncodeToString(der)))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	out, err := os.Create(response)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := out.ReadFrom(answer.Body); err != nil {
		t.Fatal(err)
	}
	out.Close()
	text, err := openssl(t, "ocsp", "-issuer", file, "-CAfile", file, "-serial", "0x"+string(s), "-respin", response)
	if err != nil || !strings.Contains(text, "Response verify OK") || !strings.Contains(text, ": good") {
		t.Error(id, err, text)
	}
}

// SM2: OpenSSL 3.0 asks, and reads the answer; it cannot verify it, because 'openssl
// ocsp' has no way to say the user id that SM2 signatures are made with
// (docs/decisions/2026-11-23-ocsp.md). The signature is judged by 'openssl dgst',
// which has, and by BouncyCastle (package e2e).
func TestOpenSSLAndSM2(t *testing.T) {
	h := open(t, pkitest.SQLite(t), nil)
	address := h.listen(t, Limits())
	a := h.authorities["sm2"]
	file := a.file(t)
	good, held := newSerial(), newSerial()
	h.put(t, h.issued("sm2", good), h.issued("sm2", held), h.changed("sm2", held, status.Held))
	dir := t.TempDir()
	response := filepath.Join(dir, "response")
	out, err := openssl(t, "ocsp", "-issuer", file, "-url", "http://"+address+"/ocsp", "-sm3", "-serial", "0x"+string(good), "-serial", "0x"+string(held),
		"-noverify", "-resp_text", "-respout", response)
	if err != nil || !strings.Contains(out, "0x"+string(good)+": good") || !strings.Contains(out, "Reason: certificateHold") ||
		!strings.Contains(out, "Signature Algorithm: SM2-with-SM3") || !strings.Contains(out, "OCSP No Check") {
		t.Error(err, out)
	}
	if out, err := openssl(t, "ocsp", "-issuer", file, "-CAfile", file, "-serial", "0x"+string(good), "-respin", response); err == nil && strings.Contains(out, "Response verify OK") {
		t.Error("OpenSSL verifies SM2 answers by now: say so in the decision and test it", out)
	}
	der, err := os.ReadFile(response)
	if err != nil {
		t.Fatal(err)
	}
	h.opensslDigest(t, der)
}

// opensslDigest has OpenSSL verify the signature of an SM2 answer as one over a file.
func (h *house) opensslDigest(t *testing.T, der []byte) {
	t.Helper()
	dir := t.TempDir()
	var outer wireResponse
	unmarshal(t, der, &outer)
	var basic wireBasic
	unmarshal(t, outer.Bytes.Value, &basic)
	got := h.read(t, "sm2", der)[0]
	files := map[string][]byte{"key": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: got.responder.RawSubjectPublicKeyInfo}),
		"signature": basic.Signature.RightAlign(), "data": basic.TBS.FullBytes}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := openssl(t, "dgst", "-sm3", "-sigopt", "distid:1234567812345678", "-verify", filepath.Join(dir, "key"),
		"-signature", filepath.Join(dir, "signature"), filepath.Join(dir, "data"))
	if err != nil || !strings.Contains(out, "Verified OK") {
		t.Error(err, out)
	}
}
