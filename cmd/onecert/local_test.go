package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"onecert/audit"
	"onecert/ca"
)

func TestProfilesCheck(t *testing.T) {
	english(t)
	out, _, code := onecert(t, "ca", "profiles", "check", "../../ca/profiles")
	if code != exitDone || !strings.Contains(out, "profiles are good") {
		t.Errorf("%d %s", code, out)
	}
	dir := t.TempDir()
	for _, name := range []string{"officer.yaml", "site.yaml"} {
		text, err := os.ReadFile(filepath.Join("../../ca/profiles", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), append(text, "colour: red\n"...), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, stderr, code := onecert(t, "ca", "profiles", "check", dir)
	if code != exitRefused || strings.Count(out, "known-fields") != 2 || !strings.Contains(stderr, "the profiles have 2 faults") {
		t.Errorf("%d %q %q", code, out, stderr)
	}
	if _, stderr, code = onecert(t, "ca", "profiles", "check", t.TempDir()); code != exitRefused || !strings.Contains(stderr, "no .yaml file") {
		t.Errorf("%d %q", code, stderr)
	}
}

// What would fail later, or stand in certificates for ever, is refused before a key
// is made.
func TestInitRefuses(t *testing.T) {
	english(t)
	w := &town{T: t, dir: t.TempDir()}
	good := []string{"ca", "init", "--dir", w.in("ca"), "--organisation", "示例省", "--host", "ca.gov.example", "--url", "http://pki.gov.example", "--families", "ecdsa"}
	for _, c := range []struct{ code, flag, value string }{
		{"init.organisation", "--organisation", " "}, {"init.host", "--host", "ca gov"}, {"init.listen", "--listen", "8443"},
		{"init.listen", "--public", "8080"}, {"init.listen", "--console", "8463"}, {"init.address", "--url", "https://pki.gov.example"}, {"init.address", "--url", "pki.gov.example"}, {"init.address", "--url", "http://"},
		{"init.family", "--families", "gost,ecdsa"}, {"init.family", "--families", "ecdsa,ecdsa"}, {"init.tls", "--families", "sm2"},
	} {
		w.refused(c.code, append(good, c.flag, c.value)...)
		if _, err := os.Stat(w.in("ca")); err == nil {
			t.Fatalf("%s: something was made", c.code)
		}
	}
	if err := os.MkdirAll(w.in("ca", "keys"), 0o700); err != nil {
		t.Fatal(err)
	}
	w.refused("init.unfinished", good...)
	w.refused("init.trust", "kmc", "init", "--dir", w.in("kmc"), "--host", "kmc.gov.example", "--trust", file(t, "trust.pem", certPEM(newChain(t, "p256").root)))
	w.refused("init.peer", "kmc", "init", "--dir", w.in("kmc"), "--host", "kmc.gov.example", "--trust", "../../go.mod", "--peer", "ca=../../go.mod")
}

// rootPrint is what another program finds as a certificate's fingerprint.
func rootPrint(t *testing.T, path string) string {
	t.Helper()
	out, err := exec.Command("openssl", "x509", "-in", path, "-noout", "-fingerprint", "-sha256").Output()
	if err != nil {
		t.Fatal(err)
	}
	_, print, _ := strings.Cut(strings.TrimSpace(string(out)), "=")
	return print
}

// The first start in words: what a person has to do next stands there, and nothing
// secret but the codes. Lost codes are made again.
func TestInitInWords(t *testing.T) {
	english(t)
	w := &town{T: t, dir: t.TempDir()}
	out := w.does("ca", "init", "--dir", w.in("ca"), "--organisation", "示例省", "--host", "ca.gov.example", "--listen", "0.0.0.0:8443", "--console", "0.0.0.0:8463", "--url", "http://pki.gov.example", "--families", "ecdsa")
	for _, want := range []string{"    system    ", "    security  ", "    audit     ", "onecert ca serve --config " + w.in("ca", "ca.yaml"), "--server https://ca.gov.example:8443", "https://ca.gov.example:8463/enrol;", "audit.pub", rootPrint(t, w.in("ca", "certs", "ecdsa-root.pem"))} {
		if !strings.Contains(out, want) {
			t.Errorf("init does not say %q:\n%s", want, out)
		}
	}
	pass, err := os.ReadFile(w.in("ca", "passphrase"))
	if err != nil || strings.Contains(out, strings.TrimSpace(string(pass))) {
		t.Errorf("init prints the passphrase (%v)", err)
	}
	code := strings.Fields(out[strings.Index(out, "    system"):])[1]
	again := w.does("ca", "codes", "--config", w.in("ca", "ca.yaml"))
	if strings.Contains(again, code) || !strings.Contains(again, "    system    ") {
		t.Errorf("%s", again)
	}
	for name, mode := range map[string]os.FileMode{"passphrase": 0o600, "holder.key": 0o600, "ca.yaml": 0o600, "ca.db": 0o600, "keys/ecdsa.pem": 0o600, "trust.pem": 0o644} {
		if info, err := os.Stat(w.in("ca", name)); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v %v", name, info, err)
		}
	}
	if out := w.does("config", "check", w.in("ca", "ca.yaml")); !strings.Contains(out, "✓ issuers.ecdsa\n") {
		t.Errorf("%s", out)
	}
	out = w.does("kmc", "init", "--dir", w.in("kmc"), "--host", "kmc.gov.example", "--console", "0.0.0.0:8464", "--trust", w.in("ca", "trust.pem"))
	for _, want := range []string{"https://kmc.gov.example:8464/enrol;", "onecert ca issue --profile site --request " + w.in("kmc", "tls.csr"), "ca link", "    audit     "} {
		if !strings.Contains(out, want) {
			t.Errorf("init does not say %q:\n%s", want, out)
		}
	}
	if out := w.does("config", "check", w.in("kmc", "kmc.yaml")); !strings.Contains(out, "the CA has to issue it") {
		t.Errorf("%s", out)
	}
	w.refused("kmc.certificate", "kmc", "serve", "--config", w.in("kmc", "kmc.yaml"))
	w.refused("link.message", "ca", "link", "--config", w.in("ca", "ca.yaml"), "--kmc", "https://kmc.gov.example:8444", "--centre", w.in("ca", "trust.pem"), "--code-file", w.secretFile("x"))

	// A file that is not the one meant is named with its part.
	if err := os.Rename(w.in("ca", "keys", "tls.pem"), w.in("ca", "keys", "ecdsa.pem")); err != nil {
		t.Fatal(err)
	}
	out, stderr, exit := onecert(t, "config", "check", w.in("ca", "ca.yaml"))
	if exit != exitRefused || !strings.Contains(out, "✗ issuers.ecdsa: the key is not the one in the certificate") || !strings.Contains(stderr, "2 faults, the first in issuers.ecdsa") {
		t.Errorf("%d\n%s\n%s", exit, out, stderr)
	}
	w.refused("config.yaml", "config", "check", file(t, "ca.yaml", []byte("component: ca\ncolour: red\n")))
	w.refused("config.component", "config", "check", file(t, "seal.yaml", []byte("component: seal\n")))
	w.refused("config.open", "config", "check", w.in("none.yaml"))
}

// An auditor's report in words, whatever it found.
func TestJudged(t *testing.T) {
	for _, c := range []struct {
		report audit.Report
		heads  bool
		out    string
		err    string
	}{
		{audit.Report{Size: 4, Heads: 2, Covered: 4}, true, "2 signed heads agree; they cover the first 4 entries\nNothing was changed.\n", ""},
		{audit.Report{Size: 4}, false, "no signed heads were given", ""},
		{audit.Report{Size: 4, Faults: []audit.Fault{{Kind: "head.forged", First: -1, Last: -1, Text: "forged"}, {Kind: "tail.cut", First: 4, Last: 9}}}, true,
			"head.forged: forged", "the first entry concerned is 4 (tail.cut)"},
		{audit.Report{Size: 4, More: 3, Faults: []audit.Fault{{Kind: "head.row", First: -1, Last: -1, Text: "does not agree"}}}, true,
			"… and 3 more faults", "(head.row: does not agree)"},
	} {
		var out strings.Builder
		io := &console{lang: "en", out: &out}
		err := io.judged(c.report, c.heads)
		if !strings.Contains(out.String(), c.out) || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%+v: %v\n%s", c.report, err, out.String())
		}
	}
}

// An order nobody named is named by its content and never by an identity number.
func TestApplication(t *testing.T) {
	one, err := application("issue", ca.Order{Profile: "person-sign", Request: []byte("a")})
	if err != nil {
		t.Fatal(err)
	}
	same, _ := application("issue", ca.Order{Profile: "person-sign", Request: []byte("a")})
	other, _ := application("issue", ca.Order{Profile: "person-sign", Request: []byte("b")})
	act, _ := application("renew", ca.Order{Profile: "person-sign", Request: []byte("a")})
	if one != same || one == other || one == act || len(one) > 64 {
		t.Errorf("%s %s %s %s", one, same, other, act)
	}
}

// Chinese stands in columns of its own width.
func TestColumns(t *testing.T) {
	p := &printer{console: &console{lang: "en"}}
	p.columns([][]string{{"A", "B", "C"}, {"中文", "x", ""}, {"abc\x1b", "yy", "z"}})
	want := "A            B   C\n中文         x\nabc\\u{001b}  yy  z\n"
	if p.buffer.String() != want {
		t.Errorf("%q", p.buffer.String())
	}
}
