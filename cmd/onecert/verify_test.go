package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
)

// evidence is a chain's files, as a person has them.
type evidence struct {
	*chain
	leafFile, caFile, rootFile, lists string
}

func newEvidence(t testing.TB, suite pki.Suite, change func(*chain, *smx509.RevocationList)) *evidence {
	t.Helper()
	c := newChain(t, suite)
	rootList := signList(t, &smx509.RevocationList{Number: pki.Serial("01").Big(), ThisUpdate: issueTime, NextUpdate: issueTime.AddDate(0, 0, 7)}, c.root, c.rootKey)
	caList := c.crl(t, func(l *smx509.RevocationList) {
		if change != nil {
			change(c, l)
		}
	})
	return &evidence{c, file(t, "leaf.crt", certPEM(c.leaf)), file(t, "ca.crt", certPEM(c.ca)), file(t, "root.der", c.root.Raw),
		file(t, "lists.pem", append(crlPEM(rootList), crlPEM(caList)...))}
}

// args are the usual words for verifying the leaf.
func (e *evidence) args(more ...string) []string {
	return append([]string{"cert", "verify", e.leafFile, "--trust", e.rootFile, "--chain", e.caFile, "--crl", e.lists}, more...)
}

func TestVerifyGood(t *testing.T) {
	english(t)
	for _, suite := range []pki.Suite{pki.SM2, pki.RSA2048, pki.P256} {
		e := newEvidence(t, suite, nil)
		for _, purpose := range []string{"any", "sign", "server", "client"} {
			out, stderr, code := onecert(t, e.args("--purpose", purpose)...)
			if code != 0 || stderr != "" || !strings.HasPrefix(out, e.leafFile+": good\n") || !strings.Contains(out, "Revocation: checked") || !strings.Contains(out, "CN=张三") {
				t.Errorf("%s for %s: %d %s %s", suite, purpose, code, out, stderr)
			}
		}
		out, _, code := onecert(t, append([]string{"--json"}, e.args()...)...)
		var answer verified
		if err := json.Unmarshal([]byte(out), &answer); err != nil || code != 0 || !answer.Good || !answer.RevocationChecked || len(answer.Chain) != 3 || answer.Reasons == nil {
			t.Errorf("%s: %d %v %s", suite, code, err, out)
		}
		bundle := file(t, "bundle.pem", certPEM(e.leaf, e.ca))
		out, _, code = onecert(t, "cert", "verify", bundle, "--trust", e.rootFile, "--crl", "none")
		if code != 0 || !strings.Contains(out, "Revocation: not checked") {
			t.Errorf("%s: a bundle: %d %s", suite, code, out)
		}
		if out, _, code = onecert(t, append([]string{"--lang", "zh"}, e.args()...)...); code != 0 || !strings.Contains(out, ": 有效\n") {
			t.Errorf("%s: %s", suite, out)
		}
	}
}

func TestVerifyBad(t *testing.T) {
	english(t)
	revoked := newEvidence(t, pki.SM2, func(c *chain, l *smx509.RevocationList) {
		l.RevokedCertificateEntries = []smx509.RevocationListEntry{{SerialNumber: c.leaf.SerialNumber, RevocationTime: issueTime, ReasonCode: 1}}
	})
	held := newEvidence(t, pki.SM2, func(c *chain, l *smx509.RevocationList) {
		l.RevokedCertificateEntries = []smx509.RevocationListEntry{{SerialNumber: c.leaf.SerialNumber, RevocationTime: issueTime, ReasonCode: 6}}
	})
	good, other := newEvidence(t, pki.SM2, nil), newEvidence(t, pki.SM2, nil)
	later := issueTime.AddDate(4, 0, 0).Format("2006-01-02")
	for _, c := range []struct {
		code, line, chinese string
		args                []string
	}{
		{"revocation.revoked", "the certificate is revoked (C=CN, ST=示例省, O=示例市民政局, CN=张三, " + issueTime.Format("2006-01-02 15:04:05 UTC") + ", keyCompromise); do not accept it; its holder needs a new certificate",
			"证书已被吊销", revoked.args()},
		{"revocation.held", "the certificate is on hold", "证书已被冻结", held.args()},
		{"path.expired", "the certificate has expired", "证书已过期", good.args("--at", later)},
		{"path.not-yet-valid", "the certificate is not valid yet", "证书尚未生效", good.args("--at", "2020-01-01T00:00:00+08:00")},
		{"usage.key", "the key usage does not allow this purpose", "密钥用法不允许此用途", good.args("--purpose", "encrypt")},
		{"usage.extended", "the extended key usage does not allow this purpose", "扩展密钥用法不允许此用途", good.args("--purpose", "code")},
		{"trust.unknown-issuer", "the issuer is not known and not trusted", "颁发者未知且不受信任",
			[]string{"cert", "verify", good.leafFile, "--trust", other.rootFile, "--crl", "none"}},
		{"crl.signature", "the list's signature does not verify", "验证吊销列表的签名不通过",
			[]string{"cert", "verify", good.leafFile, "--trust", good.rootFile, "--chain", good.caFile, "--crl", other.lists}},
	} {
		out, stderr, code := onecert(t, c.args...)
		if code != 1 || !strings.Contains(out, ": NOT good\n") || strings.Count(stderr, "\n") != 1 ||
			!strings.HasPrefix(stderr, "onecert: verifying "+c.args[2]+": "+c.line) || !strings.Contains(stderr, "; ") {
			t.Errorf("%s: %d %s %s", c.code, code, out, stderr)
		}
		out, stderr, code = onecert(t, append([]string{"--json"}, c.args...)...)
		var answer verified
		if err := json.Unmarshal([]byte(out), &answer); err != nil || code != 1 || answer.Good || errorIn(t, stderr)["code"] != c.code {
			t.Errorf("%s in JSON: %d %s %s", c.code, code, out, stderr)
		}
		if _, stderr, _ = onecert(t, append([]string{"--lang", "zh"}, c.args...)...); !strings.Contains(stderr, c.chinese) {
			t.Errorf("%s in Chinese: %s", c.code, stderr)
		}
	}
}

func TestVerifyUsage(t *testing.T) {
	english(t)
	e := newEvidence(t, pki.P256, nil)
	for what, args := range map[string][]string{
		"no anchor":         {"cert", "verify", e.leafFile, "--crl", "none"},
		"no lists":          {"cert", "verify", e.leafFile, "--trust", e.rootFile},
		"lists and none":    e.args("--crl", "none"),
		"unknown purpose":   e.args("--purpose", "vpn"),
		"purpose with bars": e.args("--purpose", "any|sign"),
		"no moment":         e.args("--at", "tomorrow"),
		"no file":           {"cert", "verify", "--trust", e.rootFile, "--crl", "none"},
	} {
		out, stderr, code := onecert(t, args...)
		if code != 2 || out != "" || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: %d %s %s", what, code, out, stderr)
		}
	}
	for code, args := range map[string][]string{
		"file.kind":    {"cert", "verify", e.leafFile, "--trust", e.lists, "--crl", "none"},
		"file.missing": e.args("--chain", e.leafFile+".none"),
		"file.nothing": e.args("--crl", file(t, "empty", nil)),
	} {
		out, stderr, exit := onecert(t, append([]string{"--json"}, args...)...)
		if exit != 1 || out != "" || errorIn(t, stderr)["code"] != code {
			t.Errorf("%s: %d %s %s", code, exit, out, stderr)
		}
	}
}

func TestVerifyMoments(t *testing.T) {
	io := &console{lang: "en", now: func() time.Time { return issueTime }}
	for text, want := range map[string]time.Time{
		"": issueTime, "2026-08-01": time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC), "2026-08-01 12:00:00": time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC),
		"2026-08-01T12:00:00+08:00": time.Date(2026, 8, 1, 4, 0, 0, 0, time.UTC),
	} {
		if at, err := io.timeOf(text); err != nil || !at.Equal(want) {
			t.Errorf("%q is %v %v", text, at, err)
		}
	}
}

// The two-level chain of another implementation verifies, when it is at hand.
func TestVerifySamples(t *testing.T) {
	english(t)
	dir := "../../../shared/samples/gm-certs/"
	if _, err := os.Stat(dir); err != nil {
		return
	}
	leaf, root := filepath.Join(dir, "tongsuo-leaf.crt"), filepath.Join(dir, "tongsuo-root.crt")
	if out, stderr, code := onecert(t, "cert", "verify", leaf, "--trust", root, "--crl", "none", "--purpose", "sign"); code != 0 {
		t.Errorf("%d %s %s", code, out, stderr)
	}
	if _, stderr, code := onecert(t, "cert", "verify", leaf, "--trust", root, "--crl", "none", "--at", "2051-01-01"); code != 1 || !strings.Contains(stderr, "expired") {
		t.Errorf("%d %s", code, stderr)
	}
}
