package gateway_test

import (
	"context"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crypto/x509"

	"github.com/emmansun/gmsm/smx509"

	"onecert/pkitest"
)

// chromium is a browser with a profile, and a store of certificates, of its own.
type chromium struct {
	t    *testing.T
	home string
}

// newChromium makes the browser's home; the CA of the house is trusted there.
func newChromium(t *testing.T, h *house) *chromium {
	t.Helper()
	c := &chromium{t, t.TempDir()}
	c.run("certutil", "-N", "-d", c.store(), "--empty-password")
	c.run("certutil", "-A", "-d", c.store(), "-n", "ca", "-t", "C,,", "-i", c.file("ca.pem", []byte(h.ca.pem())))
	return c
}

func (c *chromium) store() string {
	dir := filepath.Join(c.home, ".pki", "nssdb")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		c.t.Fatal(err)
	}
	return "sql:" + dir
}

func (c *chromium) file(name string, content []byte) string {
	path := filepath.Join(c.home, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		c.t.Fatal(err)
	}
	return path
}

func (c *chromium) run(name string, args ...string) string {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 90*time.Second)
	defer cancel()
	command := exec.CommandContext(ctx, name, args...)
	command.Env = append(os.Environ(), "HOME="+c.home)
	var complaint strings.Builder
	command.Stderr = &complaint
	out, err := command.Output()
	if err != nil {
		c.t.Fatalf("%s: %v\n%s", name, err, complaint.String())
	}
	return string(out)
}

// own puts a person's certificate and key into the store, in the form OpenSSL makes.
func (c *chromium) own(who *holder) {
	c.t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(who.key)
	if err != nil {
		c.t.Fatal(err)
	}
	pemKey := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})
	p12 := filepath.Join(c.home, "own.p12")
	c.run("openssl", "pkcs12", "-export", "-passout", "pass:x", "-in", c.file("own.pem", []byte(asPEM(who.cert.Raw))), "-inkey", c.file("own.key", pemKey), "-out", p12)
	c.run("pk12util", "-d", c.store(), "-i", p12, "-K", "", "-W", "x")
}

// choose lets the browser pick a fitting certificate by itself, for every address: a
// person would click. It is a policy of the machine, which a test may set for its time.
func choose(t *testing.T) {
	t.Helper()
	const dir = "/etc/chromium/policies/managed"
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "onecert-gateway-test.json")
	if err := os.WriteFile(file, []byte(`{"AutoSelectCertificateForUrls": ["{\"pattern\":\"*\",\"filter\":{}}"]}`), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(file) })
}

// open shows a page and returns what is on it when it is loaded.
func (c *chromium) open(language, address string) string {
	c.t.Helper()
	return c.run("chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-component-update",
		"--user-data-dir="+filepath.Join(c.home, "profile"), "--lang="+language, "--accept-lang="+language,
		"--host-resolver-rules=MAP *.example.gov 127.0.0.1, EXCLUDE 127.0.0.1", "--dump-dom", address)
}

// TestChromium goes in with a browser nobody here wrote: with a certificate, by way of
// the log in at another service, with none, and with one that has expired, which browsers
// never offer.
func TestChromium(t *testing.T) {
	choose(t)
	h := newHouse(t)
	login := pkitest.FreeAddress(t)
	loginURL := "https://login.example.gov:" + login[strings.LastIndex(login, ":")+1:]
	open := pkitest.FreeAddress(t)
	openURL := "https://www.example.gov:" + open[strings.LastIndex(open, ":")+1:]
	h.apply(h.document(`"applications": ["oa"]}]`, `"applications": ["oa"]},
		{"name": "www", "kind": "web", "listen": ["`+open+`"], "certificates": ["site"], "trust": "staff", "applications": ["oa"], "clientCertificate": "none", "login": {"url": "`+loginURL+`"}},
		{"name": "login", "kind": "web", "listen": ["`+login+`"], "certificates": ["site"], "trust": "staff", "loginFor": ["`+openURL+`"]}]`))

	alice := newChromium(t, h)
	alice.own(h.ca.issue("张三", nil))
	if page := alice.open("zh-CN", h.url("oa.example.gov", "/desk")); !strings.Contains(page, "GET /desk") || !strings.Contains(page, "KOAL_CERT_CN=") {
		t.Errorf("with a certificate: %s", page)
	}
	if page := alice.open("zh-CN", openURL+"/desk"); !strings.Contains(page, "GET /desk") || !strings.Contains(page, "KOAL_CERT_CN=") {
		t.Errorf("by way of the log in: %s", page)
	}
	if page := alice.open("zh-CN", h.url("oa.example.gov", "/.onecert/check")); !strings.Contains(page, "张三") {
		t.Errorf("the check page: %s", page)
	}

	nobody := newChromium(t, h)
	nobody.own(h.ca.issue("王五", func(c *smx509.Certificate) {
		c.NotBefore, c.NotAfter = time.Now().Add(-48*time.Hour), time.Now().Add(-24*time.Hour)
	}))
	page := nobody.open("zh-CN", h.url("oa.example.gov", "/desk"))
	if !strings.Contains(page, "过期") || !strings.Contains(page, "/.onecert/check") || !strings.Contains(page, h.last("/desk").ID) {
		t.Errorf("with an expired certificate: %s", page)
	}
	if page := nobody.open("en-US", h.url("oa.example.gov", "/desk")); !strings.Contains(page, "<h1>No certificate arrived</h1>") {
		t.Errorf("in English: %s", page)
	}
}
