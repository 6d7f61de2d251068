package main

import (
	"bytes"
	"crypto/tls"
	"database/sql"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"onecert/audit"
	"onecert/ca"
	"onecert/cmd/internal/wire"
	"onecert/kmc"
	"onecert/officer"
	"onecert/pki"
)

// The verbs, from the first start of a CA and a centre across the network to the
// discovery that somebody has changed the audit log.
func TestLife(t *testing.T) {
	liveThrough(t, newTown(t))
}

func liveThrough(t *testing.T, w *town) {
	t.Helper()
	for _, step := range []struct {
		name string
		take func(*town)
	}{
		{"officers", lifeOfOfficers}, {"pair", lifeOfPair}, {"device", lifeOfDevice}, {"holder key", lifeOfHolderKey}, {"several", lifeOfSeveral}, {"many", lifeOfMany},
		{"lists", lifeOfLists}, {"reading", lifeOfReading}, {"centre", lifeOfCentre}, {"persons", lifeOfPersons}, {"refusals", everyRefusal},
		{"checks", lifeOfChecks}, {"descriptions", lifeOfDescriptions}, {"audit", lifeOfAudit},
	} {
		if !t.Run(step.name, func(t *testing.T) { step.take(&town{T: t, dir: w.dir, ca: w.ca, kmc: w.kmc, pass: w.pass}) }) {
			return
		}
	}
}

func lifeOfOfficers(t *town) {
	for _, at := range []string{"ca", "kmc"} {
		all := answers[[]officer.Officer](t, "officer", "list", "--at", at, "--as", t.in("id", "centre.audit"))
		roles := map[string]string{}
		for _, o := range all {
			roles[o.Name] = strings.Join(o.Roles, " ")
		}
		for _, name := range []string{"system", "security", "audit", "custodian"} {
			if roles["centre."+name] != name {
				t.Errorf("%s: centre.%s has the roles %q", at, name, roles["centre."+name])
			}
		}
		if at == "kmc" && roles["ca"] != "site" {
			t.Errorf("the CA is no site at the centre: %v", roles)
		}
	}
	out := t.as("centre.audit", "officer", "list")
	if !strings.Contains(out, "NAME") || !strings.Contains(out, "centre.issuer") {
		t.Errorf("%s", out)
	}
	t.enrol("ra1", t.code("ca", "ra1", "site"), "--host", "ra1.gov.example")
	t.as("ra1", "ca", "issuers")

	t.enrol("leaver", t.code("ca", "leaver", "issuer"))
	for _, o := range answers[[]officer.Officer](t, "officer", "list", "--as", t.in("id", "centre.security")) {
		if o.Name == "leaver" {
			out = t.as("centre.security", "officer", "end", strings.ToUpper(o.Fingerprint))
		}
	}
	if !strings.Contains(out, "have ended") {
		t.Errorf("%s", out)
	}
	t.refused("officer.ended", "ca", "issuers", "--as", t.in("id", "leaver"))
	if out := t.as("centre.audit", "officer", "list"); strings.Contains(out, "leaver") {
		t.Errorf("an ended registration is shown: %s", out)
	}
	if out := t.as("centre.audit", "officer", "list", "--ended"); !strings.Contains(out, "leaver") {
		t.Errorf("an ended registration is not shown: %s", out)
	}
	t.refused("enrolment.used", "officer", "enrol", "--server", "https://"+t.ca, "--trust", t.in("ca", "trust.pem"),
		"--code-file", t.secretFile(t.usedCode()), "--out", t.in("id", "twice"), "--pass-file", t.pass)
	t.refused("identity.exists", "officer", "enrol", "--server", "https://"+t.ca, "--trust", t.in("ca", "trust.pem"),
		"--code-file", t.secretFile("x"), "--out", t.in("id", "ra1"), "--pass-file", t.pass)
	t.refused("codes.done", "ca", "codes", "--config", t.in("ca", "ca.yaml"))
	t.refused("codes.done", "kmc", "codes", "--config", t.in("kmc", "kmc.yaml"))
}

// usedCode is a code that has served.
func (t *town) usedCode() string {
	code := t.code("ca", "brief", "registrar")
	t.enrol("brief", code)
	return code
}

// number is an identity number of no region, so of nobody.
const number = "999901199001010010"

func lifeOfPair(t *town) {
	key, csr := t.request("li", "/C=CN/O=示例市民政局/CN=李四", sm2Key()...)
	numbers := t.secretFile(number)
	holder := answers[map[string]string](t, "ca", "holder", "--identity-kind", "resident", "--identity-number-file", numbers, "--as", t.in("id", "centre.issuer"))["holder"]
	order := []string{"ca", "issue", "--profile", "person-sign", "--request", csr, "--identity-kind", "resident", "--identity-number-file", numbers, "--out"}
	out := t.as("centre.issuer", append(order, t.in("li"))...)
	for _, want := range []string{"signing certificate sm2/", "encryption certificate sm2/", "empty SM2 user id", holder, "envelope open --in " + t.in("li", "envelope.sm2.der")} {
		if !strings.Contains(out, want) {
			t.Errorf("issuing does not say %q:\n%s", want, out)
		}
	}
	if strings.Contains(out, number) {
		t.Error("issuing prints the identity number")
	}
	t.refused("out.exists", append(append(order, t.in("li")), "--as", t.in("id", "centre.issuer"))...)
	t.as("centre.issuer", append(order, t.in("li-again"))...) // the same order: the same pair
	same(t, t.in("li", "sign.pem"), t.in("li-again", "sign.pem"))
	same(t, t.in("li", "encrypt.pem"), t.in("li-again", "encrypt.pem"))

	t.does("envelope", "open", "--in", t.in("li", "envelope.sm2.der"), "--certificate", t.in("li", "encrypt.pem"), "--key", key, "--out", t.in("li-enc.key"), "--plain")
	belongs(t, t.in("li-enc.key"), t.in("li", "encrypt.pem"))

	shown := answers[ca.Certificate](t, "ca", "show", t.in("li", "sign.pem"), "--as", t.in("id", "centre.registrar"))
	if shown.State != pki.Valid || shown.Holder != holder || shown.Role != "sign" {
		t.Errorf("%+v", shown)
	}
	again := answers[ca.Issued](t, "ca", "order", shown.Application, "--out", t.in("li-order"), "--as", t.in("id", "centre.issuer"))
	if again.Sign.Serial != shown.Serial {
		t.Errorf("order fetches %s", again.Sign.Serial)
	}

	t.refused("state.future", "ca", "show", "sm2", string(shown.Serial), "--at", shown.NotBefore.AddDate(1, 0, 0).Format("2006-01-02"), "--as", t.in("id", "centre.audit"))
	before := answers[ca.Moment](t, "ca", "show", "sm2", string(shown.Serial), "--at", time.Now().UTC().Format(time.RFC3339), "--as", t.in("id", "centre.audit"))
	if before.State != pki.Valid {
		t.Errorf("%+v", before)
	}
	out = t.as("centre.registrar", "ca", "hold", t.in("li", "sign.pem"))
	if !strings.Contains(out, "is held") || !strings.Contains(out, "other half") || !strings.Contains(out, "certificateHold") {
		t.Errorf("%s", out)
	}
	out = t.as("centre.reviewer", "ca", "release", t.in("li", "encrypt.pem"))
	if !strings.Contains(out, "is valid") {
		t.Errorf("%s", out)
	}
	t.as("centre.issuer", "ca", "renew", t.in("li", "sign.pem"), "--days", "30", "--out", t.in("li-renewed"))
	t.as("centre.issuer", "ca", "modify", t.in("li-renewed", "sign.pem"), "--subject", "O=示例市档案局, CN=李四", "--reason", "affiliationChanged", "--out", t.in("li-modified"))
	if out := openssl(t.T, "x509", "-noout", "-subject", "-nameopt", "utf8,sep_comma_plus_space", "-in", t.in("li-modified", "sign.pem")); !strings.Contains(out, "示例市档案局") {
		t.Errorf("%s", out)
	}
	newKey, newCSR := t.request("li-new", "/C=CN/O=示例市档案局/CN=李四", sm2Key()...)
	// Who makes certificates does not get old keys; a registration site does.
	t.enrol("ra.town", t.code("ca", "ra.town", "site"), "--host", "127.0.0.1")
	out = t.as("ra.town", "ca", "reissue", t.in("li-modified", "sign.pem"), "--request", newCSR, "--reason", "keyCompromise", "--out", t.in("li-new"))
	if !strings.Contains(out, "Earlier encryption keys") {
		t.Errorf("%s", out)
	}
	history, err := filepath.Glob(t.in("li-new", "history", "*.sm2.der"))
	if err != nil || len(history) == 0 {
		t.Fatalf("no history: %v", err)
	}
	public := strings.TrimSuffix(history[0], ".sm2.der") + ".pub"
	pass := t.secretFile("a new passphrase")
	t.does("envelope", "open", "--in", history[0], "--certificate", public, "--key", newKey, "--out", t.in("li-old-enc.key"), "--new-pass-file", pass)
	openssl(t.T, "pkey", "-noout", "-in", t.in("li-old-enc.key"), "-passin", "file:"+pass)
	t.refused("envelope.other", "envelope", "open", "--in", history[0], "--certificate", t.in("li-new", "encrypt.pem"), "--key", newKey, "--out", t.in("none"), "--plain")
	t.refused("envelope.open", "envelope", "open", "--in", history[0], "--key", key, "--out", t.in("none"), "--plain")
}

func lifeOfDevice(t *town) {
	key, csr := t.request("www", "/C=CN/O=示例市民政局/CN=www.gov.example", p256()...)
	out := t.as("centre.issuer", "ca", "issue", "--profile", "device-server-tls", "--request", csr, "--dns", "www.gov.example,gov.example", "--ip", "192.0.2.1",
		"--application", "2026-000007", "--days", "90", "--out", t.in("www"))
	if !strings.Contains(out, "Application 2026-000007") || strings.Contains(out, "encryption certificate") {
		t.Errorf("%s", out)
	}
	openssl(t.T, "verify", "-partial_chain", "-trusted", t.in("www", "chain.pem"), t.in("www", "sign.pem"))
	if out := openssl(t.T, "x509", "-noout", "-ext", "subjectAltName", "-in", t.in("www", "bundle.pem")); !strings.Contains(out, "DNS:gov.example, IP Address:192.0.2.1") {
		t.Errorf("%s", out)
	}
	belongs(t, key, t.in("www", "sign.pem"))
	out = t.as("centre.issuer", "ca", "order", "2026-000007", "--out", "-")
	if strings.Count(out, "BEGIN CERTIFICATE") != 3 || strings.Contains(out, "Application") {
		t.Errorf("standard output is not the certificates alone: %s", out)
	}

	_, csr = t.request("zhao", "/C=CN/O=示例市民政局/CN=赵六", p256()...)
	out = t.as("centre.issuer", "ca", "issue", "--profile", "person-sign", "--request", csr, "--holder", "ZHAO6", "--out", t.in("zhao"))
	if !strings.Contains(out, "openssl cms -decrypt") {
		t.Errorf("%s", out)
	}
	t.does("envelope", "open", "--in", t.in("zhao", "envelope.cms.der"), "--certificate", t.in("zhao", "encrypt.pem"), "--key", t.in("zhao.key"), "--out", t.in("zhao-enc.key"), "--plain")
	belongs(t, t.in("zhao-enc.key"), t.in("zhao", "encrypt.pem"))
}

func lifeOfSeveral(t *town) {
	var names []string
	for _, name := range []string{"a", "b", "c"} {
		_, csr := t.request(name, "/C=CN/O=示例市民政局/CN="+name+".gov.example", p256()...)
		t.as("centre.issuer", "ca", "issue", "--profile", "device-server-tls", "--request", csr, "--dns", name+".gov.example", "--out", t.in(name))
		names = append(names, t.in(name, "sign.pem"))
	}
	stranger := file(t.T, "stranger.pem", certPEM(newChain(t.T, "p256").leaf))
	t.refused("certificate.stranger", append([]string{"ca", "revoke", "--reason", "cessationOfOperation", "--as", t.in("id", "centre.reviewer"), stranger}, names...)...)
	t.as("centre.reviewer", "ca", "revoke", "--reason", "cessationOfOperation", "--since", "2026-01-02", names[2])
	t.as("centre.reviewer", "ca", "revoke", "--reason", "keyCompromise", names[1])
	out, stderr, code := onecert(t.T, append([]string{"ca", "revoke", "--reason", "cessationOfOperation", "--as", t.in("id", "centre.reviewer")}, names...)...)
	if code != exitRefused || strings.Count(out, "is revoked:") != 1 || strings.Count(out, "unchanged") != 2 || !strings.Contains(stderr, "2 of 3 certificates were left") {
		t.Errorf("%d\n%s\n%s", code, out, stderr)
	}
	out = t.refused("status.transition", append([]string{"ca", "revoke", "--reason", "cessationOfOperation", "--as", t.in("id", "centre.reviewer")}, names...)...)
	var all []outcome
	if err := json.Unmarshal([]byte(out), &all); err != nil || len(all) != 3 || all[2].Code != "status.transition" {
		t.Errorf("%v\n%s", err, out)
	}
	for _, name := range names {
		if c := answers[ca.Certificate](t, "ca", "show", name, "--as", t.in("id", "centre.audit")); c.State != pki.Revoked {
			t.Errorf("%s is %s", name, c.State)
		}
	}
	t.refused("reason.unknown", "ca", "revoke", "--reason", "bored", "--as", t.in("id", "centre.reviewer"), t.in("www", "sign.pem"))
}

// lifeOfMany renews several at once: one answer, a folder each.
func lifeOfMany(t *town) {
	for _, name := range []string{"m1", "m2"} {
		_, csr := t.request(name, "/C=CN/O=示例市民政局/CN="+name+".gov.example", p256()...)
		t.as("centre.issuer", "ca", "issue", "--profile", "device-server-tls", "--request", csr, "--dns", name+".gov.example", "--out", t.in(name))
	}
	renew := []string{"ca", "renew", t.in("m1", "sign.pem"), t.in("m2", "sign.pem"), "--as", t.in("id", "centre.issuer"), "--out"}
	all := answers[[]ca.Issued](t, append(renew, t.in("many"))...)
	if len(all) != 2 {
		t.Fatalf("%+v", all)
	}
	for _, issued := range all {
		same := t.in("many", string(issued.Sign.Previous), "sign.pem")
		if shown := answers[ca.Certificate](t, "ca", "show", same, "--as", t.in("id", "centre.audit")); shown.Serial != issued.Sign.Serial {
			t.Errorf("%s is %s, not %s", same, shown.Serial, issued.Sign.Serial)
		}
	}
	if out := t.does(append(renew, t.in("many-again"))...); strings.Count(out, "is renewed") != 2 {
		t.Errorf("%s", out) // the same orders: the same certificates
	}
	_, _, code := onecert(t.T, append(renew, t.in("x"), "--application", "one")...)
	if code != exitUsage {
		t.Errorf("one application for two orders: exit code %d", code)
	}
}

func lifeOfLists(t *town) {
	first := answers[ca.CRL](t, "ca", "crl", "ecdsa", "--sign", "--as", t.in("id", "centre.issuer"), "--out", t.in("ecdsa.crl"))
	if first.Entries != 3 || first.Partition != completeList {
		t.Errorf("%+v", first)
	}
	if out := openssl(t.T, "crl", "-inform", "DER", "-in", t.in("ecdsa.crl"), "-noout", "-text"); strings.Count(out, "Serial Number:") != 3 {
		t.Errorf("%s", out)
	}
	out := t.as("centre.system", "ca", "crl", "ecdsa", "--sign", "--delta", "--out", t.in("delta.crl"))
	if !strings.Contains(out, "New lists of ecdsa are signed") || !strings.Contains(out, "delta to number") {
		t.Errorf("%s", out)
	}
	if out := t.as("centre.audit", "ca", "crl", "ecdsa", "--partition", "1", "--out", "-"); !bytes.HasPrefix([]byte(out), []byte{0x30}) {
		t.Errorf("no DER on standard output: %.40q", out)
	}
	t.refused("issuer.unknown", "ca", "crl", "gost", "--as", t.in("id", "centre.issuer"))
}

func lifeOfReading(t *town) {
	type page = ca.Page
	who := t.in("id", "centre.audit")
	everything := answers[page](t, "ca", "list", "--all", "--limit", "3", "--as", who)
	if len(everything.Certificates) < 15 || everything.After != "" {
		t.Errorf("%d certificates, after %q", len(everything.Certificates), everything.After)
	}
	some := answers[page](t, "ca", "list", "--limit", "3", "--as", who)
	if len(some.Certificates) != 3 || some.After == "" {
		t.Errorf("%+v", some)
	}
	next := answers[page](t, "ca", "list", "--limit", "3", "--after", some.After, "--as", who)
	if next.Certificates[0].Serial == some.Certificates[0].Serial {
		t.Error("the second page is the first")
	}
	if out := t.as("centre.audit", "ca", "list", "--limit", "3"); !strings.Contains(out, "More follow: --after "+some.After) {
		t.Errorf("%s", out)
	}
	for _, c := range answers[page](t, "ca", "list", "--subject", "李四", "--profile", "person-sign", "--issuer", "sm2", "--as", who).Certificates {
		if !strings.HasPrefix(c.Profile, "person-") || !strings.Contains(c.Subject, "李四") {
			t.Errorf("the filter lets through %+v", c)
		}
	}
	if out := t.as("centre.audit", "ca", "list", "--holder", "NOBODY"); !strings.Contains(out, "No certificate fits") {
		t.Errorf("%s", out)
	}
	t.as("centre.audit", "ca", "show", t.in("www", "sign.pem"), "--out", t.in("www-shown.pem"))
	same(t, t.in("www", "sign.pem"), t.in("www-shown.pem"))

	profiles := answers[[]ca.ProfileView](t, "ca", "profiles", "--as", who)
	if len(profiles) < 15 {
		t.Errorf("%d profiles", len(profiles))
	}
	for _, p := range profiles {
		t.as("centre.audit", "ca", "profiles", "show", p.Name)
	}
	if out := t.as("centre.audit", "ca", "profiles", "show", "person-sign", "--lang", "zh"); !strings.Contains(out, "个人签名证书") {
		t.Errorf("%s", out)
	}
	t.refused("profile.unknown", "ca", "profiles", "show", "nothing", "--as", who)
	if out := t.as("centre.audit", "ca", "issuers"); !strings.Contains(out, "http://pki.example/crl/sm2/complete.crl") {
		t.Errorf("%s", out)
	}
}

func lifeOfCentre(t *town) {
	status := answers[kmc.Status](t, "kmc", "status", "--as", t.in("id", "centre.system"))
	counts := map[pki.Suite]kmc.SuiteStatus{}
	for _, s := range status.Suites {
		counts[s.Suite] = s
	}
	if counts[pki.SM2].InUse+counts[pki.SM2].History < 2 || counts[pki.SM2].Target != 8 {
		t.Errorf("%+v", counts[pki.SM2])
	}
	if out := t.as("centre.audit", "kmc", "status"); !strings.Contains(out, "SPARE") {
		t.Errorf("%s", out)
	}
	if out := t.as("centre.audit", "system", "--at", "kmc"); !strings.Contains(out, "pool.sm2") || !strings.Contains(out, "renews itself at") || !strings.Contains(out, "database: ") {
		t.Errorf("%s", out)
	}
	if state := answers[wire.System](t, "system", "--as", t.in("id", "centre.system")); state.Component != "ca" || state.Version != version || len(state.Checks) < 5 {
		t.Errorf("%+v", state)
	}
	old := answers[ca.Certificate](t, "ca", "show", t.in("li", "encrypt.pem"), "--as", t.in("id", "centre.audit"))
	recover := []string{"kmc", "recover", "--serial", string(old.Serial), "--reason", "2026-000123", "--as", t.in("id", "centre.custodian")}
	out := t.does(append(recover, "--certificate", t.in("li-new", "sign.pem"), "--out", t.in("recovered.der"))...)
	if !strings.Contains(out, "envelope open --in "+t.in("recovered.der")) {
		t.Errorf("%s", out)
	}
	t.does("envelope", "open", "--in", t.in("recovered.der"), "--certificate", t.in("li", "encrypt.pem"), "--key", t.in("li-new.key"), "--out", t.in("recovered.key"), "--plain")
	belongs(t, t.in("recovered.key"), t.in("li", "encrypt.pem"))
	t.refused("km.holder", append(recover, "--certificate", t.in("zhao", "sign.pem"), "--out", t.in("stolen.der"))...)

	touches := answers[[]kmc.Touch](t, "kmc", "ledger", old.Holder, "--as", t.in("id", "centre.audit"))
	last := touches[len(touches)-1]
	if last.Act != "key.recover" || last.Result != "refused" || last.By != "centre.custodian" {
		t.Errorf("the refused try is not in its owner's ledger: %+v", touches)
	}
	if out := t.as("centre.audit", "kmc", "ledger", old.Holder); !strings.Contains(out, "key.generate") || !strings.Contains(out, "2026-000123") {
		t.Errorf("%s", out)
	}
	if out := t.as("centre.audit", "kmc", "ledger", "NOBODY"); !strings.Contains(out, "Nothing was done") {
		t.Errorf("%s", out)
	}
}

func lifeOfChecks(t *town) {
	for _, path := range []string{t.in("ca", "ca.yaml"), t.in("kmc", "kmc.yaml")} {
		for _, c := range answers[[]checked](t, "config", "check", path) {
			if !c.Good || c.Note != "" {
				t.Errorf("%s: %+v", path, c)
			}
		}
	}
	if out := t.does("config", "check", t.in("kmc", "kmc.yaml")); !strings.Contains(out, "✓ peers.ca") {
		t.Errorf("%s", out)
	}
	t.refused("link.exists", "ca", "link", "--config", t.in("ca", "ca.yaml"), "--kmc", "https://"+t.kmc, "--centre", t.in("kmc", "message.pem"), "--code-file", t.secretFile("x"))
	t.refused("init.exists", "ca", "init", "--dir", t.in("ca"), "--organisation", "x", "--host", "127.0.0.1", "--url", "http://pki.example")
	t.refused("init.exists", "kmc", "init", "--dir", t.in("kmc"), "--host", "127.0.0.1", "--trust", t.in("ca", "trust.pem"))
	t.refused("ca.lease", "ca", "serve", "--config", t.in("ca", "ca.yaml"))
	t.refused("km.leased", "kmc", "serve", "--config", t.in("kmc", "kmc.yaml"))
}

// lifeOfAudit ends the CA's log: somebody changes an entry.
func lifeOfAudit(t *town) {
	for _, config := range []string{t.in("ca", "ca.yaml"), t.in("kmc", "kmc.yaml")} {
		t.await("the copying of the head", func() bool {
			report := answers[audit.Report](t, "audit", "verify", "--config", config)
			return report.Covered == report.Size
		})
	}
	if out := t.does("audit", "verify", "--config", t.in("ca", "ca.yaml")); !strings.Contains(out, "Nothing was changed") {
		t.Errorf("%s", out)
	}
	tail := answers[[]audit.Entry](t, "audit", "tail", "--config", t.in("ca", "ca.yaml"), "-n", "1000")
	acts := map[string]bool{}
	for _, e := range tail {
		acts[e.Act+" "+string(e.Result)] = true
		for _, value := range e.Detail {
			if strings.Contains(value, number) {
				t.Errorf("entry %d has the identity number", e.Number)
			}
		}
	}
	for _, want := range []string{"certificate.issue done", "certificate.held done", "certificate.released done", "certificate.revoked done", "crl.sign done",
		"officer.enrol done", "issue refused", "officer.end done"} {
		if !acts[want] {
			t.Errorf("the log has no %q: %v", want, sortedKeys(acts))
		}
	}
	if out := t.does("audit", "tail", "--config", t.in("kmc", "kmc.yaml"), "-n", "3"); strings.Count(out, "\n") != 3 {
		t.Errorf("%s", out)
	}
	copied := t.copyDatabase(t.in("ca", "ca.db"))
	offline := []string{"audit", "verify", "--database", "sqlite:" + copied}
	withHeads := append(offline, "--heads", t.in("ca", "audit-heads"), "--key", t.in("ca", "audit.pub"))
	t.does(withHeads...)
	t.refused("audit.changed", append(offline, "--heads", t.in("ca", "audit-heads"), "--key", t.in("kmc", "audit.pub"))...)

	change(t, copied, `UPDATE audit_entry SET actor = 'nobody' WHERE number = 7`)
	out, stderr, code := onecert(t.T, withHeads...)
	if code != exitRefused || !strings.Contains(stderr, "the first entry concerned is 7 (entry.changed)") || !strings.Contains(out, "entry 7 was changed") {
		t.Errorf("%d\n%s\n%s", code, out, stderr)
	}
	report := struct{ Good bool }{}
	if err := json.Unmarshal([]byte(t.refused("audit.changed", offline...)), &report); err != nil || report.Good {
		t.Errorf("without heads: %v %+v", err, report)
	}
}

// copyDatabase takes a copy of a database in use, as an auditor would.
func (t *town) copyDatabase(path string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy.db")
	d, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := d.Exec("VACUUM INTO ?", to); err != nil {
		t.Fatal(err)
	}
	return to
}

func change(t *town, path, statement string) {
	t.Helper()
	d, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := d.Exec(statement); err != nil {
		t.Fatal(err)
	}
}

func same(t *town, a, b string) {
	t.Helper()
	one, err := os.ReadFile(a)
	if err != nil {
		t.Fatal(err)
	}
	other, err := os.ReadFile(b)
	if err != nil || !bytes.Equal(one, other) {
		t.Errorf("%s and %s differ (%v)", a, b, err)
	}
}

// belongs has openssl say that a key is a certificate's.
func belongs(t *town, key, certificate string) {
	t.Helper()
	public := openssl(t.T, "pkey", "-in", key, "-pubout")
	if certified := openssl(t.T, "x509", "-in", certificate, "-noout", "-pubkey"); certified != public {
		t.Errorf("%s is not the key of %s", key, certificate)
	}
}

// What a component serves of itself is the document in the repository.
func lifeOfDescriptions(t *town) {
	written := t.in("api")
	t.does("api", "--dir", written)
	trust, err := os.ReadFile(t.in("ca", "trust.pem"))
	if err != nil {
		t.Fatal(err)
	}
	roots, err := wire.TrustPool(trust)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	for name, address := range map[string]string{"ca": t.ca, "kmc": t.kmc} {
		response, err := client.Get("https://" + address + "/openapi.json")
		if err != nil {
			t.Fatal(err)
		}
		served, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		document, err := os.ReadFile(filepath.Join(written, name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var a, b any
		if json.Unmarshal(served, &a) != nil || json.Unmarshal(document, &b) != nil || !reflect.DeepEqual(a, b) {
			t.Errorf("%s serves another document than 'onecert api' writes", name)
		}
	}
}
