package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"onecert/cmd/internal/wire"
	"onecert/kmc"
	"onecert/pki"
)

// town is a CA and a key management centre that listen on loopback, made by the
// verbs an operator types, with the officers that work there.
type town struct {
	*testing.T
	dir      string
	ca, kmc  string // addresses of the APIs
	pass     string // file with the passphrase of every identity
	link     string // what CA and centre are made to speak to each other; empty: TLS
	stopCA   func()
	stopKMC  func()
	caCodes  map[string]string
	kmcCodes map[string]string
}

// in names a path of the town.
func (t *town) in(parts ...string) string { return filepath.Join(append([]string{t.dir}, parts...)...) }

// does runs a verb that has to succeed and returns what it printed.
func (t *town) does(args ...string) string {
	t.Helper()
	out, stderr, code := onecert(t.T, args...)
	if code != exitDone {
		t.Fatalf("onecert %s: exit code %d, %s", strings.Join(args, " "), code, stderr)
	}
	return out
}

// as runs a verb as one of the officers.
func (t *town) as(who string, args ...string) string {
	t.Helper()
	return t.does(append(args, "--as", t.in("id", who))...)
}

// answers runs a verb with --json and decodes what it printed.
func answers[T any](t *town, args ...string) (value T) {
	t.Helper()
	text := t.does(append(args, "--json")...)
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("onecert %s: %v\n%s", strings.Join(args, " "), err, text)
	}
	return value
}

// refused runs a verb that has to be refused with a code, by the last line on stderr.
func (t *town) refused(code string, args ...string) string {
	t.Helper()
	out, stderr, exit := onecert(t.T, append(args, "--json")...)
	if exit != exitRefused {
		t.Fatalf("onecert %s: exit code %d, wanted a refusal %q\n%s%s", strings.Join(args, " "), exit, code, out, stderr)
	}
	lines := strings.Split(strings.TrimSpace(stderr), "\n") // what serves has logged before
	if e := errorIn(t.T, lines[len(lines)-1]); e["code"] != code {
		t.Fatalf("onecert %s: refused by %q (%s), not by %q", strings.Join(args, " "), e["code"], e["wrong"], code)
	}
	return out
}

// serves starts a verb that serves and returns the address it says it listens at,
// and what stops it.
func (t *town) serves(name string, args ...string) (address string, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	read, write := io.Pipe()
	var stderr bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		ended <- runUntil(ctx, args, strings.NewReader(""), write, &stderr)
		write.Close()
	}()
	lines := bufio.NewScanner(read)
	for address == "" && lines.Scan() {
		_, address, _ = strings.Cut(lines.Text(), name+" listens at ")
	}
	go io.Copy(io.Discard, read)
	stop = func() {
		cancel()
		if code := <-ended; code != exitDone {
			t.Errorf("onecert %s ended with exit code %d", strings.Join(args, " "), code)
		}
		ended <- exitDone // for a second call
	}
	if address == "" {
		cancel()
		t.Fatalf("onecert %s does not serve: exit code %d\n%s", strings.Join(args, " "), <-ended, stderr.String())
	}
	t.Cleanup(stop)
	return address, stop
}

// secretFile puts a code or a number where a verb reads it.
func (t *town) secretFile(text string) string {
	t.Helper()
	return file(t.T, "secret", []byte(text+"\n"))
}

// newTown makes all of it: the first start, the three administrators by their codes,
// officers by codes of the security administrator, a centre across the network.
func newTown(t *testing.T) *town {
	t.Helper()
	return newTownOf(t, "tls")
}

// newTownOf is a town whose CA and centre are made ready to speak a protocol.
func newTownOf(t *testing.T, link string) *town {
	t.Helper()
	english(t)
	w := &town{T: t, dir: t.TempDir(), link: link}
	w.pass = file(t, "pass", []byte("a passphrase of the town\n"))
	w.beginCA()
	for _, role := range []string{"system", "security", "audit"} {
		w.enrol("centre."+role, w.caCodes[role])
	}
	for _, role := range []string{"issuer", "reviewer", "registrar", "custodian"} {
		w.enrol("centre."+role, w.code("ca", "centre."+role, role))
	}
	w.beginKMC()
	w.join()
	return w
}

func (t *town) beginCA(more ...string) {
	t.Helper()
	done := answers[made](t, append([]string{"ca", "init", "--dir", t.in("ca"), "--organisation", "示例省电子政务", "--host", "127.0.0.1", "--listen", "127.0.0.1:0",
		"--public", "127.0.0.1:0", "--url", "http://pki.example", "--families", "sm2,ecdsa", "--partitions", "2", "--cipher", "sm4", "--link", cmp.Or(t.link, "tls")}, more...)...)
	t.caCodes = done.Codes
	t.startCA()
}

func (t *town) startCA() {
	t.Helper()
	if t.stopCA != nil {
		t.stopCA()
	}
	// The address stands in the identities, so the second start takes the first's.
	config, err := os.ReadFile(t.in("ca", "ca.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if t.ca != "" {
		config = bytes.Replace(config, []byte("listen: 127.0.0.1:0"), []byte("listen: "+t.ca), 1)
		if err := os.WriteFile(t.in("ca", "ca.yaml"), config, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.ca, t.stopCA = t.serves("ca", "ca", "serve", "--config", t.in("ca", "ca.yaml"))
}

// beginKMC takes the steps the centre's init prints.
func (t *town) beginKMC() {
	t.Helper()
	done := answers[made](t, "kmc", "init", "--dir", t.in("kmc"), "--host", "127.0.0.1", "--listen", "127.0.0.1:0",
		"--ca", "https://"+t.ca, "--trust", t.in("ca", "trust.pem"), "--peer", "ca="+t.in("ca", "message.pem"), "--link", cmp.Or(t.link, "tls"))
	t.kmcCodes = done.Codes
	t.certifyKMC("tls")
	t.certifyKMC("message")
	pool := map[pki.Suite]kmc.PoolSize{pki.SM2: {Target: 8, Low: 4}, pki.P256: {Target: 4, Low: 2}}
	if err := wire.SetPool(t.in("kmc", "kmc.yaml"), pool); err != nil {
		t.Fatal(err)
	}
	t.kmc, t.stopKMC = t.serves("kmc", "kmc", "serve", "--config", t.in("kmc", "kmc.yaml"))
}

// certifyKMC has the CA's security administrator issue one of the centre's own
// certificates.
func (t *town) certifyKMC(name string) {
	t.Helper()
	t.as("centre.security", "ca", "issue", "--profile", "site", "--request", t.in("kmc", name+".csr"), "--out", t.in("out-"+name))
	bundle, err := os.ReadFile(t.in("out-"+name, "bundle.pem"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(t.in("kmc", name+".pem"), bundle, 0o600); err != nil {
		t.Fatal(err)
	}
}

// join registers the officers at the centre, then the CA, which starts anew.
func (t *town) join() {
	t.Helper()
	join := func(who, code string) {
		t.as(who, "officer", "join", "--kmc", "https://"+t.kmc, "--code-file", t.secretFile(code))
	}
	for _, role := range []string{"system", "security", "audit"} {
		join("centre."+role, t.kmcCodes[role])
	}
	join("centre.custodian", t.code("kmc", "centre.custodian", "custodian"))
	join("centre.issuer", t.code("kmc", "centre.issuer", "issuer"))
	t.does("ca", "link", "--config", t.in("ca", "ca.yaml"), "--kmc", "https://"+t.kmc, "--centre", t.in("kmc", "message.pem"),
		"--code-file", t.secretFile(t.code("kmc", "ca", "site")))
	t.startCA()
}

// enrol makes an identity with a code.
func (t *town) enrol(name, code string, more ...string) {
	t.Helper()
	t.does(append([]string{"officer", "enrol", "--server", "https://" + t.ca, "--trust", t.in("ca", "trust.pem"),
		"--code-file", t.secretFile(code), "--out", t.in("id", name), "--pass-file", t.pass}, more...)...)
}

// code has the security administrator make a code.
func (t *town) code(at, name, role string) string {
	t.Helper()
	answer := answers[map[string]any](t, "officer", "code", "--at", at, "--name", name, "--role", role, "--as", t.in("id", "centre.security"))
	return answer["code"].(string)
}

// request has openssl make a key and a request.
func (t *town) request(name, subject string, algorithm ...string) (key, csr string) {
	t.Helper()
	key, csr = t.in(name+".key"), t.in(name+".csr")
	openssl(t.T, append(append([]string{"genpkey"}, algorithm...), "-out", key)...)
	openssl(t.T, "req", "-new", "-key", key, "-utf8", "-subj", subject, "-out", csr)
	return key, csr
}

func sm2Key() []string { return []string{"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:SM2"} }
func p256() []string   { return []string{"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"} }

// await tries again until something has come about in the background.
func (t *town) await(what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s has not come about", what)
		}
	}
}
