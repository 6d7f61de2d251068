package e2e

import (
	"crypto/rand"
	"encoding/pem"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// applicant is somebody with a key and a request, made by OpenSSL in a folder that
// also takes what comes back.
type applicant struct {
	folder string
	family string
	way    string
}

// opensslWays are the keys and requests OpenSSL makes, with the family each belongs to.
func opensslWays() map[string]string {
	return map[string]string{"sm2": "sm2", "sm2-distid": "sm2", "rsa2048": "rsa", "rsa3072": "rsa", "p256": "ecdsa", "p384": "ecdsa"}
}

func keyFlags(way string) []string {
	switch way {
	case "sm2", "sm2-distid":
		return []string{"-algorithm", "SM2"}
	case "p256", "p384":
		return []string{"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:" + strings.Replace(way, "p", "P-", 1)}
	}
	return []string{"-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:" + strings.TrimPrefix(way, "rsa")}
}

// newApplicant lets OpenSSL make a key and a request for a name, with further flags
// of "openssl req".
func newApplicant(t testing.TB, way, name string, flags ...string) applicant {
	t.Helper()
	a := applicant{folder: t.TempDir(), family: opensslWays()[way], way: way}
	openssl(t, append([]string{"genpkey", "-out", a.file("sign.key")}, keyFlags(way)...)...)
	a.ask(t, name, flags...)
	return a
}

// ask makes the request (again) with the key.
func (a applicant) ask(t testing.TB, name string, flags ...string) {
	t.Helper()
	digest := "-sha256"
	if a.family == "sm2" {
		digest = "-sm3"
	}
	args := []string{"req", "-new", "-utf8", digest, "-key", a.file("sign.key"), "-out", a.file("request.pem"), "-subj", name}
	if a.way == "sm2-distid" {
		args = append(args, "-sigopt", "distid:1234567812345678")
	}
	openssl(t, append(args, flags...)...)
}

func (a applicant) file(name string) string { return filepath.Join(a.folder, name) }

func (a applicant) request(t testing.TB) []byte { return read(t, a.file("request.pem")) }

// order asks for a profile; application and holder are new.
func (a applicant) order(t testing.TB, profile string) order {
	t.Helper()
	id := unused()
	return order{Application: "e2e-" + id, Profile: profile, Request: a.request(t), Holder: "E-" + id}
}

// person orders a pair for a new person and writes the files.
func (a applicant) person(t testing.TB, office *caller) *issued {
	t.Helper()
	got := office.issue(t, a.order(t, "person-sign"))
	got.files(t, a.folder)
	return got
}

// unused is a name that nothing has yet.
func unused() string { return strings.ToLower(rand.Text()[:12]) }

// personName is the subject of a new person, as "openssl req" takes it.
func personName() string { return "/C=CN/O=示例市民政局/CN=申请人" + unused() }

func pemText(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// opensslSays runs OpenSSL and fails the test unless the answer has each text.
func opensslSays(t testing.TB, args []string, texts ...string) {
	t.Helper()
	answer := openssl(t, args...)
	for _, text := range texts {
		if !strings.Contains(answer, text) {
			t.Errorf("openssl %s does not say %q but\n%.2000s", args[0], text, answer)
		}
	}
}

// opensslRefuses runs OpenSSL on what it must not accept; it has to give the reason.
func opensslRefuses(t testing.TB, reason string, args ...string) {
	t.Helper()
	output, err := exec.Command("openssl", args...).CombinedOutput()
	if err == nil || !strings.Contains(string(output), reason) {
		t.Errorf("openssl %s: %v, want it refused for %q\n%s", strings.Join(args, " "), err, reason, output)
	}
}

// publicKey is the public key of a certificate or, with a private key, of that, in
// PEM as OpenSSL writes it.
func publicKey(t testing.TB, path string) string {
	t.Helper()
	if strings.HasSuffix(path, ".key") {
		return openssl(t, "pkey", "-in", path, "-pubout")
	}
	return openssl(t, "x509", "-in", path, "-noout", "-pubkey")
}

// open takes the encryption key out of its envelope with a tool that is not ours:
// OpenSSL where it can, BouncyCastle for SM2. It writes PKCS#8 in PEM.
func (a applicant) open(t testing.TB, e envelope, key, encCert, out string) {
	t.Helper()
	sealed := a.file(out + ".envelope")
	writeFile(t, sealed, e.DER)
	if a.family == "sm2" {
		if e.Format != "sm2-enveloped-key" {
			t.Errorf("the envelope is %q", e.Format)
		}
		javaSays(t, java(t, "envelope", "--key", key, "--der", sealed, "--out", a.file(out), "--cert", encCert), "matches=true", "certificate=match")
		return
	}
	if e.Format != "cms-enveloped-data" {
		t.Errorf("the envelope is %q", e.Format)
	}
	bare := a.file(out + ".der")
	openssl(t, "cms", "-decrypt", "-binary", "-inform", "DER", "-in", sealed, "-inkey", key, "-out", bare)
	openssl(t, "pkey", "-inform", "DER", "-in", bare, "-out", a.file(out))
	if publicKey(t, a.file(out)) != publicKey(t, encCert) {
		t.Error("the key in the envelope is not the encryption certificate's")
	}
}

// encrypt lets OpenSSL encrypt a text to a certificate. It makes no CMS for SM2, so
// there it uses the bare algorithm.
func (a applicant) encrypt(t testing.TB, cert, content string) {
	t.Helper()
	writeFile(t, a.file("plain"), []byte(content))
	if a.family == "sm2" {
		writeFile(t, a.file("enc.pub"), []byte(publicKey(t, cert)))
		openssl(t, "pkeyutl", "-encrypt", "-pubin", "-inkey", a.file("enc.pub"), "-in", a.file("plain"), "-out", a.file("sealed"))
		return
	}
	openssl(t, "cms", "-encrypt", "-aes256", "-binary", "-outform", "DER", "-in", a.file("plain"), "-out", a.file("sealed"), cert)
}

// decrypt lets OpenSSL decrypt what encrypt made.
func (a applicant) decrypt(t testing.TB, key, want string) {
	t.Helper()
	if a.family == "sm2" {
		openssl(t, "pkeyutl", "-decrypt", "-inkey", key, "-in", a.file("sealed"), "-out", a.file("opened"))
	} else {
		openssl(t, "cms", "-decrypt", "-binary", "-inform", "DER", "-in", a.file("sealed"), "-inkey", key, "-out", a.file("opened"))
	}
	if got := string(read(t, a.file("opened"))); got != want {
		t.Errorf("decrypted %q, want %q", got, want)
	}
}

func serialOf(t testing.TB, cert string) string {
	t.Helper()
	answer := openssl(t, "x509", "-in", cert, "-noout", "-serial")
	return strings.ToLower(strings.TrimSpace(strings.TrimPrefix(answer, "serial=")))
}
