package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// softhsm makes a SoftHSM for the program, one token in it, and returns the path of
// its module and the folder of the token: without that folder the token is gone.
func (a *apart) softhsm() (module, tokens string) {
	a.Helper()
	found, _ := filepath.Glob("/usr/lib*/softhsm/libsofthsm2.so")
	more, _ := filepath.Glob("/usr/lib*/*/softhsm/libsofthsm2.so")
	if found = append(found, more...); len(found) == 0 {
		a.Fatal("SoftHSM is missing: run scripts/deps.sh, which installs softhsm2")
	}
	tokens = a.in("tokens")
	if err := os.Mkdir(tokens, 0o700); err != nil {
		a.Fatal(err)
	}
	writeFile(a.T, a.in("softhsm2.conf"), fmt.Appendf(nil, "directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = true\n", tokens))
	a.Setenv("SOFTHSM2_CONF", a.in("softhsm2.conf"))
	writeFile(a.T, a.in("pin"), []byte("87654321\n"))
	a.runs("softhsm2-util", "--init-token", "--free", "--label", "issuing", "--so-pin", "12345678", "--pin", "87654321")
	return found[0], tokens
}

func (a *apart) runs(name string, args ...string) {
	a.Helper()
	if out, problem, code := run(a.T, exec.Command(name, args...)); code != 0 {
		a.Fatalf("%s: exit code %d\n%s%s", name, code, out, problem)
	}
}

// keyInto moves the issuing CA's key from its file into the token, with other
// people's tools, and the configuration after it.
func (a *apart) keyInto(module string) {
	a.Helper()
	config := string(read(a.T, a.in("ca", "ca.yaml")))
	_, rest, ok := strings.Cut(config, "id: ecdsa\n")
	_, rest, there := strings.Cut(rest, "key: ")
	uri, _, _ := strings.Cut(rest, "\n")
	file, query, _ := strings.Cut(strings.TrimPrefix(uri, "file:"), "?")
	values, err := url.ParseQuery(query)
	pass := strings.TrimPrefix(values.Get("pass"), "file:")
	if !ok || !there || err != nil || pass == "" {
		a.Fatalf("the configuration names no key file: %s", config)
	}
	a.runs("openssl", "pkcs8", "-in", a.in("ca", file), "-passin", "file:"+a.in("ca", pass), "-topk8", "-nocrypt", "-out", a.in("plain.pem"))
	a.runs("softhsm2-util", "--import", a.in("plain.pem"), "--token", "issuing", "--label", "issuing-ca", "--id", "01", "--pin", "87654321")
	for _, gone := range []string{a.in("plain.pem"), a.in("ca", file)} {
		if err := os.Remove(gone); err != nil {
			a.Fatal(err)
		}
	}
	token := "pkcs11:token=issuing;object=issuing-ca?module-path=" + module + "&pin-source=file:" + a.in("pin")
	writeFile(a.T, a.in("ca", "ca.yaml"), []byte(strings.Replace(config, uri, token, 1)))
}

// ready asks /readyz, as a load balancer does.
func (a *apart) ready() (status int, checks map[string]string) {
	a.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(read(a.T, a.in("ca", "trust.pem"))) {
		a.Fatal("no root of the CA")
	}
	client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	defer client.CloseIdleConnections()
	answer, err := client.Get("https://" + a.ca + "/readyz")
	if err != nil {
		a.Fatal(err)
	}
	defer answer.Body.Close()
	var says struct {
		Checks map[string]string `json:"checks"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&says); err != nil {
		a.Fatal(err)
	}
	return answer.StatusCode, says.Checks
}

// becomes waits until /readyz gives a status.
func (a *apart) becomes(status int) {
	a.Helper()
	var now int
	var checks map[string]string
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if now, checks = a.ready(); now == status {
			return
		}
	}
	a.Fatalf("/readyz says %d, not %d: %v", now, status, checks)
}

// TestTokenGone: the issuing CA's key is in a token, and the token goes away and comes
// back under a CA at work. It says what is wrong, to who orders and to who watches,
// issues nothing meanwhile, and goes on by itself.
func TestTokenGone(t *testing.T) {
	a := &apart{T: t, dir: t.TempDir(), ca: freeAddress(t), public: freeAddress(t)}
	writeFile(t, a.in("pass"), []byte("a passphrase for identities\n"))
	codes := a.codes("", "ca", "init", "--dir", a.in("ca"), "--organisation", "示例省电子政务", "--host", "127.0.0.1", "--listen", a.ca,
		"--public", a.public, "--url", "http://"+a.public, "--families", "ecdsa", "--partitions", "2")
	module, tokens := a.softhsm()
	a.keyInto(module)
	a.serve("ca", a.ca)
	a.enrol("centre.security", codes["security"])
	a.enrol("centre.issuer", a.codes("centre.security", "officer", "code", "--name", "centre.issuer", "--role", "issuer")["code"])
	order := func(name string) []string {
		p := newApplicant(t, "p256", personName())
		return []string{"ca", "issue", "--profile", "person-sign", "--single", "--request", p.file("request.pem"), "--holder", "T-" + name,
			"--application", "t-" + name, "--out", a.in("out-" + unused())}
	}
	a.types("centre.issuer", order("before")...)
	a.becomes(http.StatusOK)
	for round := range 2 {
		if err := os.Rename(tokens, tokens+".away"); err != nil {
			t.Fatal(err)
		}
		asks := order(fmt.Sprint("gone-", round))
		out, complaint, code := onecert(t, append(asks, "--as", a.in("id", "centre.issuer"), "--lang", "en")...)
		if code != 1 || !strings.Contains(complaint, "does not sign") || strings.Count(complaint, "\n") != 1 {
			t.Errorf("without the token: exit code %d\n%s%s", code, out, complaint)
		}
		a.becomes(http.StatusServiceUnavailable)
		if _, checks := a.ready(); checks["key.ecdsa"] != "failing" {
			t.Errorf("/readyz does not say which key: %v", checks)
		}
		if err := os.Rename(tokens+".away", tokens); err != nil {
			t.Fatal(err)
		}
		a.becomes(http.StatusOK) // nobody need order first
		a.types("centre.issuer", asks...)
	}
}
