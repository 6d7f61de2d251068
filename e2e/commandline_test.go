package e2e

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// officer runs a verb that acts, as an officer of the demo.
func (d *demo) officer(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, complaint, code := onecert(t, append(args, "--as", d.session(name))...)
	if code != 0 {
		t.Fatalf("onecert %s: exit code %d\n%s%s", strings.Join(args, " "), code, out, complaint)
	}
	return out
}

// session is the folder with which the command line acts as an officer.
func (d *demo) session(name string) string { return filepath.Join(d.folder, "officers", name) }

// TestTypedByHand is what the first screen tells people to try, in each family: a
// request by OpenSSL, the order typed, the envelope opened, the files given to
// strangers.
func TestTypedByHand(t *testing.T) {
	d := shared(t)
	for family, way := range ways() {
		t.Run(family, func(t *testing.T) {
			a := newApplicant(t, way, personName())
			a.folder = filepath.Join(a.folder, "out")
			request := filepath.Join(filepath.Dir(a.folder), "request.pem")
			key := filepath.Join(filepath.Dir(a.folder), "sign.key")
			d.officer(t, "centre.issuer", "ca", "issue", "--profile", "person-sign", "--request", request, "--holder", "C-"+unused(), "--out", a.folder)
			for _, half := range []string{"sign.pem", "encrypt.pem"} {
				d.verifies(t, family, a.file(half))
			}
			if family != "sm2" {
				opensslSays(t, []string{"verify", "-CAfile", d.Trust[family].Root, "-untrusted", a.file("bundle.pem"), a.file("bundle.pem")}, ": OK")
			}
			sealed := map[string]string{"sm2": "envelope.sm2.der"}[family]
			if sealed == "" {
				sealed = "envelope.cms.der"
			}
			out, complaint, code := onecert(t, "envelope", "open", "--in", a.file(sealed), "--certificate", a.file("encrypt.pem"), "--key", key, "--out", a.file("enc.key"), "--plain")
			if code != 0 {
				t.Fatal(out, complaint)
			}
			a.encrypt(t, a.file("encrypt.pem"), "typed by hand\n")
			a.decrypt(t, a.file("enc.key"), "typed by hand\n")
			a.lifeTyped(t, d)
		})
	}
}

// lifeTyped holds, releases and revokes by the file of one half.
func (a applicant) lifeTyped(t *testing.T, d *demo) {
	state := func() string {
		var c certificate
		if err := json.Unmarshal([]byte(d.officer(t, "centre.audit", "ca", "show", a.file("encrypt.pem"), "--json")), &c); err != nil {
			t.Fatal(err)
		}
		return c.State
	}
	for _, step := range []struct {
		want string
		args []string
	}{
		{"held", []string{"ca", "hold", a.file("sign.pem")}},
		{"valid", []string{"ca", "release", a.file("sign.pem")}},
		{"revoked", []string{"ca", "revoke", "--reason", "privilegeWithdrawn", a.file("sign.pem")}},
	} {
		d.officer(t, "centre.issuer", step.args...)
		if got := state(); got != step.want {
			t.Errorf("after %s it is %s", step.args[1], got)
		}
	}
	crl := a.file("complete.crl")
	d.officer(t, "centre.issuer", "ca", "crl", a.family, "--sign", "--out", crl)
	if fate := d.fate(t, a.family, crl, a.file("encrypt.pem")); fate["reason"] != "9" {
		t.Errorf("the list says %v", fate)
	}
}

// TestRecoveredByCustodian: after a re-issue the old key comes back twice, with the
// certificates and by a custodian's hand; both open the old file, and the ledger
// shows every touch.
func TestRecoveredByCustodian(t *testing.T) {
	d := shared(t)
	for family, way := range ways() {
		t.Run(family, func(t *testing.T) {
			a := newApplicant(t, way, personName())
			old := a.person(t, d.as(t, "centre.issuer"))
			a.encrypt(t, a.file("enc.pem"), "from before\n")
			lost := newApplicant(t, way, "/CN=lost")
			out := filepath.Join(lost.folder, "out")
			d.officer(t, "ra1", "ca", "reissue", a.file("sign.pem"), "--request", lost.file("request.pem"), "--reason", "keyCompromise", "--out", out)
			history, err := filepath.Glob(filepath.Join(out, "history", old.Encrypt.Serial+".*.der"))
			if err != nil || len(history) != 1 {
				t.Fatalf("the history has %q (%v)", history, err)
			}
			sealed := lost.file("recovered.der")
			d.officer(t, "centre.custodian", "kmc", "recover", "--serial", old.Encrypt.Serial, "--certificate", filepath.Join(out, "sign.pem"),
				"--reason", "2026-000123", "--out", sealed)
			format := map[bool]string{true: "sm2-enveloped-key", false: "cms-enveloped-data"}[family == "sm2"]
			for n, file := range []string{history[0], sealed} {
				name := map[int]string{0: "delivered.key", 1: "recovered.key"}[n]
				a.open(t, envelope{format, read(t, file)}, lost.file("sign.key"), a.file("enc.pem"), name)
				a.decrypt(t, a.file(name), "from before\n")
			}
			ledger := d.officer(t, "centre.custodian", "kmc", "ledger", old.Sign.Holder)
			for _, touch := range []string{"key.generate", "key.restore", "key.recover", "2026-000123", "centre.custodian", old.Encrypt.Serial} {
				if !strings.Contains(ledger, touch) {
					t.Errorf("the ledger does not show %s:\n%s", touch, ledger)
				}
			}
		})
	}
}

// TestNobodyActs: every verb that acts is refused to somebody without an identity,
// and to one whose role it is not, with exit code 1 and one line.
func TestNobodyActs(t *testing.T) {
	d := shared(t)
	cert := d.Identities["alice"].SM2.SignCert
	request := newApplicant(t, "sm2", personName()).file("request.pem")
	out := func() string { return filepath.Join(t.TempDir(), "out") }
	verbs := [][]string{
		{"ca", "issue", "--profile", "person-sign", "--request", request, "--holder", "N-1", "--out", out()},
		{"ca", "renew", cert, "--out", out()},
		{"ca", "modify", cert, "--subject", "O=甲, CN=乙", "--out", out()},
		{"ca", "reissue", cert, "--request", request, "--out", out()},
		{"ca", "hold", cert}, {"ca", "release", cert}, {"ca", "revoke", "--reason", "superseded", cert},
		{"kmc", "recover", "--serial", serialOf(t, d.Identities["alice"].SM2.EncCert), "--certificate", cert, "--reason", "none", "--out", out()},
	}
	before := d.as(t, "centre.issuer").list(t)
	for _, as := range []string{filepath.Join(t.TempDir(), "nobody"), d.session("centre.audit")} {
		for _, verb := range verbs {
			said, complaint, code := onecert(t, append(verb, "--as", as, "--lang", "en")...)
			if code != 1 || said != "" || strings.Count(complaint, "\n") != 1 || !strings.HasPrefix(complaint, "onecert: ") {
				t.Errorf("%s %s as %s: exit code %d\n%s%s", verb[0], verb[1], filepath.Base(as), code, said, complaint)
			}
		}
	}
	after := d.as(t, "centre.issuer").list(t)
	if len(after) < len(before) || stateOf(after, serialOf(t, cert)) != "valid" {
		t.Errorf("alice is %s", stateOf(after, serialOf(t, cert)))
	}
	if _, _, code := onecert(t, "ca", "issue", "--colour", "red"); code != 2 {
		t.Errorf("wrong usage ends with %d", code)
	}
}

func stateOf(all []certificate, serial string) string {
	for _, c := range all {
		if c.Serial == serial {
			return c.State
		}
	}
	return "not there"
}

// TestOwnJudgement: our verifier comes to the verdicts of OpenSSL and BouncyCastle on
// the demo's cast, each with the lists of both CAs, and lets nobody pass without.
func TestOwnJudgement(t *testing.T) {
	d := shared(t)
	for _, family := range families() {
		lists := []string{"--crl", d.fetch(t, d.Endpoints.CRL[family]), "--crl", d.fetch(t, distributionPoint(t, d.Trust[family].Chain))}
		for name, good := range map[string]bool{"alice": true, "bob": true, "revoked": false, "held": false, "expired": false} {
			cert := d.Identities[name].in()[family].SignCert
			args := []string{"cert", "verify", cert, "--trust", d.Trust[family].Root, "--chain", d.Trust[family].Chain, "--purpose", "sign"}
			out, complaint, code := onecert(t, append(args, lists...)...)
			if (code == 0) != good {
				t.Errorf("%s of %s: exit code %d\n%s%s", name, family, code, out, complaint)
			}
			for _, few := range [][]string{nil, lists[:2], lists[2:]} {
				if _, _, code := onecert(t, append(args, few...)...); code == 0 {
					t.Errorf("%s of %s is good without a list of each CA", name, family)
				}
			}
			theirs := append([]string{"chain", "--root", d.Trust[family].Root, "--chain", d.Trust[family].Chain, "--leaf", cert}, lists...)
			if _, code := runJava(t, theirs); (code == 0) != good {
				t.Errorf("%s of %s: BouncyCastle ends with %d", name, family, code)
			}
			if family == "sm2" {
				continue
			}
			flags := []string{"-crl_check_all", "-CRLfile", lists[1], "-CRLfile", lists[3]}
			if _, _, code := run(t, exec.Command("openssl", d.verifyArgs(family, cert, flags...)...)); (code == 0) != good {
				t.Errorf("%s of %s: OpenSSL ends with %d", name, family, code)
			}
		}
	}
}

// TestLintsItself: what the CA made passes the linter typed by anybody.
func TestLintsItself(t *testing.T) {
	d := shared(t)
	for _, name := range []string{"alice", "bureau", "server", "publisher", "ra1", "centre.issuer"} {
		for family, files := range d.Identities[name].in() {
			for _, cert := range []string{files.SignCert, files.EncCert, d.Trust[family].Chain, d.Trust[family].Root} {
				if cert == "" {
					continue
				}
				if out, complaint, code := onecert(t, "lint", cert); code != 0 {
					t.Errorf("lint of %s: %s%s", cert, out, complaint)
				}
			}
		}
	}
}

// TestInspectReads: what OpenSSL prints of a certificate, ours prints too.
func TestInspectReads(t *testing.T) {
	d := shared(t)
	cert := d.Identities["alice"].SM2.SignCert
	out, complaint, code := onecert(t, "cert", "inspect", cert, "--lang", "en")
	if code != 0 {
		t.Fatal(complaint)
	}
	for _, text := range []string{"艾丽思", "示例市民政局", "SM2", distributionPoint(t, cert)} {
		if !strings.Contains(out, text) {
			t.Errorf("it does not print %q:\n%s", text, out)
		}
	}
	if plain := strings.NewReplacer(":", "", " ", "").Replace(strings.ToLower(out)); !strings.Contains(plain, serialOf(t, cert)) {
		t.Errorf("it does not print the serial %s:\n%s", serialOf(t, cert), out)
	}
}

// TestConfigurationsOfTheDemo: what the demo runs on passes the check operators use.
func TestConfigurationsOfTheDemo(t *testing.T) {
	d := shared(t)
	for _, component := range []string{"ca", "kmc"} {
		if out, complaint, code := onecert(t, "config", "check", filepath.Join(d.folder, component, component+".yaml")); code != 0 {
			t.Errorf("%s: %s%s", component, out, complaint)
		}
	}
}

// TestAuditShows: the log is read and checked beside the running server.
func TestAuditShows(t *testing.T) {
	d := shared(t)
	auditHolds(t, d)
	config := filepath.Join(d.folder, "ca", "ca.yaml")
	out, complaint, code := onecert(t, "audit", "tail", "--config", config, "-n", "1000")
	if code != 0 || !strings.Contains(out, "certificate.issue") {
		t.Errorf("the tail: %s%s", out, complaint)
	}
}
