package main

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
)

// tlsFiles makes a chain with a pair for a server named gw.example.test, as files.
func tlsFiles(t *testing.T) (folder string, pair []string) {
	t.Helper()
	folder = t.TempDir()
	save := func(path string, text []byte) {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := newChain(t, pki.SM2)
	for _, half := range []struct {
		name  string
		usage smx509.KeyUsage
	}{{"sign", smx509.KeyUsageDigitalSignature}, {"enc", smx509.KeyUsageKeyEncipherment | smx509.KeyUsageKeyAgreement}} {
		key := newKey(t, pki.SM2)
		leaf := template(t, "gw.example.test", 1)
		leaf.DNSNames, leaf.KeyUsage = []string{"gw.example.test"}, half.usage
		made := sign(t, leaf, c.ca, key, c.caKey)
		der, err := smx509.MarshalPKCS8PrivateKey(key.(*sm2.PrivateKey))
		if err != nil {
			t.Fatal(err)
		}
		cert, keyFile := filepath.Join(folder, half.name+".pem"), filepath.Join(folder, half.name+".key")
		save(cert, certPEM(made, c.ca))
		save(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
		pair = append(pair, "--"+half.name+"-cert", cert, "--"+half.name+"-key", keyFile)
	}
	save(filepath.Join(folder, "root.pem"), certPEM(c.root))
	return folder, pair
}

// spoken collects what a verb that goes on prints.
type spoken struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *spoken) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *spoken) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// running starts a verb that listens, and returns its address and what it says.
func running(t *testing.T, args ...string) (address string, out, problems *spoken) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, problems = &spoken{}, &spoken{}
	done := make(chan int, 1)
	go func() { done <- runUntil(ctx, args, strings.NewReader(""), out, problems) }()
	t.Cleanup(func() {
		cancel()
		if code := <-done; code != exitDone {
			t.Errorf("onecert %s: exit code %d, %s", strings.Join(args[:2], " "), code, problems)
		}
	})
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if _, rest, found := strings.Cut(out.String(), "listening on "); found && strings.Contains(rest, "\n") {
			address, _, _ = strings.Cut(rest, "\n")
			return address, out, problems
		}
		if time.Now().After(deadline) {
			t.Fatalf("it does not listen: %s %s", out, problems)
		}
	}
}

func TestTLSServeAndConnect(t *testing.T) {
	english(t)
	folder, pair := tlsFiles(t)
	root := filepath.Join(folder, "root.pem")
	address, _, problems := running(t, append([]string{"tls", "serve", "--client-ca", root}, pair...)...)
	mine := append([]string{"tls", "connect", address, "--ca", root, "--name", "gw.example.test"}, pair...)
	out, stderr, code := onecertIn(t, "hello there\n", mine...)
	if code != 0 || !strings.Contains(out, "TLCP 1.1, ECC_SM4_GCM_SM3") || !strings.Contains(out, "encryption: ") || !strings.HasSuffix(out, "hello there\n") {
		t.Errorf("%d %s %s", code, out, stderr)
	}
	out, stderr, code = onecert(t, append(mine, "--json", "--resume", "--suites", "ECDHE_SM4_CBC_SM3")...)
	var all []shown
	if err := json.Unmarshal([]byte(out), &all); code != 0 || err != nil || len(all) != 2 || all[0].Resumed || !all[1].Resumed ||
		all[0].Suite != "ECDHE_SM4_CBC_SM3" || len(all[0].Certificates) != 3 || all[0].Certificates[1].Role != "encryption" || !all[0].Verified {
		t.Errorf("%d %s %s", code, out, stderr)
	}
	_, stderr, code = onecert(t, "tls", "connect", address, "--ca", root, "--name", "gw.example.test", "--lang", "zh")
	if code != exitRefused || !strings.Contains(stderr, "对方以报警结束了握手") || strings.Count(stderr, "\n") != 1 {
		t.Errorf("%d %s", code, stderr)
	}
	waitFor(t, problems, "the peer sent no certificate, and one is required")
	for line, want := range map[string]string{
		address + " --ca " + root + " --name x":   "is for another name",
		"127.0.0.1:1 --insecure":                  "cannot be reached",
		address + " --ca " + folder + "/none.pem": "no such file",
		address + " --insecure --timeout 1ns":     "",
	} {
		_, stderr, code := onecert(t, append([]string{"tls", "connect"}, strings.Fields(line)...)...)
		if code != exitRefused || !strings.Contains(stderr, want) {
			t.Errorf("%s: %d %s", line, code, stderr)
		}
	}
	for line, want := range map[string]string{
		address:                               "--insecure",
		address + " --insecure --suites RC4":  "there is no suite",
		address + " --insecure --sign-cert x": "all four",
	} {
		if _, stderr, code := onecert(t, append([]string{"tls", "connect"}, strings.Fields(line)...)...); code != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("%s: %d %s", line, code, stderr)
		}
	}
}

func waitFor(t *testing.T, o *spoken, want string) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !strings.Contains(o.String(), want); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%q lacks %q", o, want)
		}
	}
}

// TestTLSProxy: plain HTTP in, TLCP between, plain again behind: curl reaches a site of
// either kind.
func TestTLSProxy(t *testing.T) {
	english(t)
	folder, pair := tlsFiles(t)
	root := filepath.Join(folder, "root.pem")
	site, _, _ := running(t, append([]string{"tls", "serve", "--http"}, pair...)...)
	get := func(address string) string {
		answer, err := http.Get("http://" + address + "/")
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	_, port, _ := strings.Cut(site, ":")
	web, _, _ := running(t, "tls", "proxy", "--http", "--to", site, "--name", "gw.example.test", "--ca", root)
	if got := get(web); !strings.Contains(got, "HTTP/1.1 gw.example.test:"+port+"\nTLCP 1.1 ECC_SM4_GCM_SM3") {
		t.Errorf("as the site itself: %s", got)
	}
	plain, _, _ := running(t, "tls", "proxy", "--to", site, "--name", "gw.example.test", "--ca", root)
	if got := get(plain); !strings.Contains(got, "TLCP 1.1") {
		t.Errorf("as octets: %s", got)
	}
	door, _, _ := running(t, append([]string{"tls", "proxy", "--accept-tlcp", "--to", web}, pair...)...)
	asker, hold := io.Pipe() // stays open: the answer ends the conversation, not the question
	defer hold.Close()
	var out, stderr strings.Builder
	code := run([]string{"tls", "connect", door, "--ca", root, "--name", "gw.example.test"},
		io.MultiReader(strings.NewReader("GET / HTTP/1.0\r\n\r\n"), asker), &out, &stderr)
	if code != 0 || !strings.Contains(out.String(), "TLCP 1.1 ECC_SM4_GCM_SM3\nresumed: ") {
		t.Errorf("%d %s %s", code, out.String(), stderr.String())
	}
	if _, stderr, code := onecert(t, "tls", "proxy", "--listen", site, "--to", site, "--insecure"); code != exitRefused || !strings.Contains(stderr, "cannot be listened on") {
		t.Errorf("%d %s", code, stderr)
	}
}

func TestTLSProbe(t *testing.T) {
	english(t)
	folder, pair := tlsFiles(t)
	address, _, _ := running(t, append([]string{"tls", "serve"}, pair...)...)
	out, stderr, code := onecert(t, "tls", "probe", address, "--name", "gw.example.test", "--ca", filepath.Join(folder, "root.pem"))
	if code != 0 || !strings.Contains(out, "✓  TLCP 1.1  2 suites") || !strings.Contains(out, "0xE053  ECC_SM4_GCM_SM3") || !strings.Contains(out, "refused: protocol_version") {
		t.Errorf("%d %s %s", code, out, stderr)
	}
	out, _, code = onecert(t, "tls", "probe", address, "--lang", "zh", "--json")
	var report struct {
		Protocols []struct{ Version string }
		Findings  []struct{ Code, Text string }
	}
	if err := json.Unmarshal([]byte(out), &report); code != 0 || err != nil || len(report.Protocols) != 6 {
		t.Fatalf("%d %v %s", code, err, out)
	}
	found := false
	for _, f := range report.Findings {
		found = found || f.Code == "name" && strings.HasSuffix(f.Text, "与名称 127.0.0.1 不符")
	}
	if !found {
		t.Errorf("%+v", report.Findings)
	}
	if _, stderr, code := onecert(t, "tls", "probe", "127.0.0.1:1"); code != exitRefused || !strings.Contains(stderr, "cannot be reached") {
		t.Errorf("%d %s", code, stderr)
	}
}

// TestProbeTexts: every finding and weakness that can be made has its words.
func TestProbeTexts(t *testing.T) {
	io := &console{lang: "en"}
	for _, key := range []string{"weak.anonymous", "weak.no-encryption", "weak.export", "weak.rc4", "weak.rc2", "weak.des", "weak.64-bit-blocks", "weak.md5",
		"ended.closed", "ended.timeout", "ended.not-tls", "ended.other-version", "tls.role.signing", "tls.role.encryption", "tls.role.ca"} {
		if _, ok := io.lookup(key); !ok {
			t.Errorf("%s has no text", key)
		}
	}
	files, err := filepath.Glob("../internal/probe/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no sources: %v", err)
	}
	codes := 0
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range regexp.MustCompile(`find\("([a-z0-9-]+)"`).FindAllSubmatch(source, -1) {
			codes++
			if _, ok := io.lookup("probe." + string(match[1])); !ok {
				t.Errorf("finding %s has no text", match[1])
			}
		}
	}
	if codes < 20 {
		t.Errorf("only %d findings", codes)
	}
}
