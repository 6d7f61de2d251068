package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/smx509"

	"onecert/lint"
	"onecert/pki"
)

func lintJSON(t testing.TB, args ...string) ([]linted, int) {
	t.Helper()
	out, _, code := onecert(t, append([]string{"--json"}, args...)...)
	var answer struct{ Objects []linted }
	if err := json.Unmarshal([]byte(out), &answer); err != nil {
		t.Fatal(err, out)
	}
	return answer.Objects, code
}

func TestLintClean(t *testing.T) {
	english(t)
	for _, suite := range []pki.Suite{pki.SM2, pki.P256} {
		c := newChain(t, suite)
		bundle := file(t, "bundle.pem", append(certPEM(c.leaf, c.ca, c.root), crlPEM(c.crl(t, nil))...))
		answers, code := lintJSON(t, "lint", bundle)
		if code != 0 || len(answers) != 4 {
			t.Fatal(code, answers)
		}
		for _, a := range answers {
			if a.Worst != "" && a.Worst != lint.Notice {
				t.Errorf("%s: %+v", suite, a)
			}
		}
		for _, command := range [][]string{{"lint"}, {"cert", "lint"}} {
			out, stderr, code := onecert(t, append(command, file(t, "leaf.crt", certPEM(c.leaf)), "--issuer", file(t, "ca.crt", certPEM(c.ca)))...)
			if code != 0 || stderr != "" || !strings.Contains(out, "leaf.crt: 0 errors, 0 warnings, 0 notices") {
				t.Errorf("%s: %d %s %s", suite, code, out, stderr)
			}
		}
	}
}

func TestLintFaults(t *testing.T) {
	english(t)
	c := newChain(t, pki.P256)
	bad := fullLeaf(t)
	bad.DNSNames, bad.EmailAddresses, bad.IPAddresses, bad.URIs = []string{"a_b..example"}, nil, nil, nil
	leaf := sign(t, bad, c.ca, c.leafKey, c.caKey)
	path := file(t, "bad.crt", certPEM(leaf))
	out, stderr, code := onecert(t, "cert", "lint", path)
	if code != 1 || !strings.Contains(out, "error   rfc5280.san.form [RFC 5280 4.2.1.6]: ") || !strings.Contains(out, "zlint.") ||
		strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "onecert: linting "+path+": ") {
		t.Errorf("%d %s %s", code, out, stderr)
	}
	if out, _, _ := onecert(t, "cert", "lint", "--no-zlint", path); strings.Contains(out, "zlint.") {
		t.Errorf("zlint ran: %s", out)
	}
	out, stderr, code = onecert(t, "--lang", "zh", "lint", path)
	if code != 1 || !strings.Contains(out, "错误 rfc5280.san.form") || !strings.Contains(out, "可选名称的形式错误") || !strings.Contains(stderr, "违反了") {
		t.Errorf("%d %s %s", code, out, stderr)
	}
	_, stderr, code = onecert(t, "--json", "lint", path)
	if e := errorIn(t, stderr); code != 1 || e["code"] != "lint.errors" || e["kind"] != "invalid" {
		t.Errorf("%d %s", code, stderr)
	}
	other := newChain(t, pki.P256)
	answers, code := lintJSON(t, "lint", path, "--issuer", file(t, "other.crt", certPEM(other.ca)))
	if code != 1 || !fired(answers, "rfc5280.issuer.key-id") {
		t.Errorf("the wrong issuer is taken: %+v", answers)
	}
}

func fired(answers []linted, rule string) bool {
	for _, a := range answers {
		for _, f := range a.Findings {
			if f.Rule == rule {
				return true
			}
		}
	}
	return false
}

// --strict makes of a notice about a foreign name what it is before issuing.
func TestLintStrict(t *testing.T) {
	english(t)
	c := newChain(t, pki.SM2)
	foreign := template(t, "Demo Co., Ltd.", 1)
	foreign.KeyUsage = smx509.KeyUsageDigitalSignature
	path := file(t, "foreign.crt", certPEM(sign(t, foreign, c.ca, c.leafKey, c.caKey)))
	answers, code := lintJSON(t, "lint", path)
	if code != 0 || answers[0].Worst != lint.Notice || !fired(answers, "naming.separator") {
		t.Errorf("%d %+v", code, answers)
	}
	if answers, code = lintJSON(t, "lint", "--strict", path); code != 1 || answers[0].Worst != lint.Error {
		t.Errorf("%d %+v", code, answers)
	}
}

func TestLintRefuses(t *testing.T) {
	english(t)
	c := newChain(t, pki.SM2)
	request := openssl(t, "req", "-new", "-nodes", "-newkey", "sm2", "-sm3", "-keyout", "/dev/null", "-subj", "/CN=a")
	leaf := file(t, "leaf.crt", certPEM(c.leaf))
	for code, args := range map[string][]string{
		"lint.request": {"lint", file(t, "a.csr", []byte(request))},
		"file.kind":    {"lint", leaf, "--issuer", file(t, "a.crl", c.crl(t, nil))},
		"file.missing": {"lint", leaf, "--issuer", leaf + ".none"},
	} {
		out, stderr, exit := onecert(t, append([]string{"--json"}, args...)...)
		if e := errorIn(t, stderr); exit != 1 || out != "" || e["code"] != code {
			t.Errorf("%s: %d %s %s", code, exit, out, stderr)
		}
	}
}
