package e2e

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// opensslOCSP asks the demonstration's responder with OpenSSL and returns what it says.
func (d *demo) opensslOCSP(t testing.TB, name, family string, flags ...string) string {
	t.Helper()
	args := append([]string{"ocsp"}, flags...)
	args = append(args, "-issuer", d.Trust[family].Chain, "-cert", d.Identities[name].in()[family].SignCert, "-url", d.Endpoints.OCSP,
		"-CAfile", d.Trust[family].Root)
	out, problem, _ := run(t, exec.Command("openssl", args...))
	return out + problem
}

// TestOCSPOfTheDemo: each state has its answer, by the addresses that stand in the
// certificates; OpenSSL verifies those of RSA and ECDSA. It asks SM2 issuers as well,
// and reads what they say, but verifies SM2 signatures with an empty user id only.
func TestOCSPOfTheDemo(t *testing.T) {
	d := shared(t)
	for name, says := range map[string]string{"alice": "good", "bureau": "good", "revoked": "revoked", "held": "revoked", "expired": "good"} {
		for _, family := range families() {
			said := d.opensslOCSP(t, name, family)
			if !strings.Contains(said, ".pem: "+says) {
				t.Errorf("%s %s: %s", name, family, said)
			}
			if family != "sm2" && !strings.Contains(said, "Response verify OK") {
				t.Errorf("%s %s: %s", name, family, said)
			}
		}
	}
	if said := d.opensslOCSP(t, "held", "rsa", "-no_nonce"); !strings.Contains(said, "certificateHold") {
		t.Error(said)
	}
	if said := d.opensslOCSP(t, "revoked", "ecdsa", "-sha256"); !strings.Contains(said, "keyCompromise") {
		t.Error(said)
	}
}

// ldap asks the demonstration's directory with OpenLDAP's client.
func (d *demo) ldap(t testing.TB, base, filter string, attributes ...string) string {
	t.Helper()
	out, problem, code := run(t, exec.Command("ldapsearch", append([]string{"-x", "-LLL", "-o", "ldif-wrap=no", "-H", d.Endpoints.LDAP, "-b", base, filter}, attributes...)...))
	if code != 0 {
		t.Fatalf("ldapsearch %s: %s", filter, problem)
	}
	return out
}

// TestDirectoryOfTheDemo: people are found by name, only with what is valid; officers
// and machines of the platform are not in it, nor is any identity number.
func TestDirectoryOfTheDemo(t *testing.T) {
	d := shared(t)
	alice := d.ldap(t, "o=OneCert,c=CN", "(cn=艾丽思)", "userCertificate;binary", "uid")
	if n := strings.Count(alice, "userCertificate;binary:: "); n < 4 { // two SM2, and RSA and ECDSA at least
		t.Errorf("%d certificates: %s", n, alice)
	}
	for _, filter := range []string{"(cn=冻洁)", "(cn=吴效)", "(cn=郝过期)", "(cn=centre.system)", "(cn=ra1)"} {
		if found := d.ldap(t, "o=OneCert,c=CN", filter, "uid"); strings.Contains(found, "dn:") {
			t.Errorf("%s: %s", filter, found)
		}
	}
	all := d.ldap(t, "o=OneCert,c=CN", "(objectClass=*)")
	for _, number := range []string{"999901199001010010", "999901198504040049"} {
		if strings.Contains(all, number) {
			t.Error("an identity number stands in the directory")
		}
	}
	lists := d.ldap(t, "cn=ecdsa,ou=issuers,o=OneCert,c=CN", "(objectClass=cRLDistributionPoint)", "certificateRevocationList;binary")
	if n := strings.Count(lists, "certificateRevocationList;binary:: "); n != 8 {
		t.Errorf("%d partitions have a list", n)
	}
}

// TestPublicSite: the portal answers in both languages, looks up what people bring, and
// the addresses it shows lead somewhere.
func TestPublicSite(t *testing.T) {
	d := shared(t)
	get := func(args ...string) string {
		out, problem, code := run(t, exec.Command("curl", append([]string{"--silent", "--show-error", "--noproxy", "*", "--location", "--max-time", "60"}, args...)...))
		if code != 0 {
			t.Fatalf("curl %v: %s", args, problem)
		}
		return out
	}
	if page := get(d.Endpoints.Portal); !strings.Contains(page, "一证在手") || !strings.Contains(get(d.Endpoints.Portal+"?lang=en"), "One certificate") {
		t.Error(page)
	}
	// What the registration announces and by which rules it works comes from its
	// self-service over TLS, within a minute.
	waitFor(t, "announcements on the public site", 2*time.Minute, func() bool {
		return strings.Contains(get(d.Endpoints.Portal+"announcements"), "演示环境使用说明") && strings.Contains(get(d.Endpoints.Portal+"rules"), "2.999.1.1")
	})
	if text := get(d.Endpoints.Portal + "rules/practice-statement/1.0.txt"); !strings.HasPrefix(text, "示例省电子认证业务规则") {
		t.Errorf("%.500s", text)
	}
	if page := get(d.Endpoints.Portal + "help/loss"); !strings.Contains(page, `href="`+d.Endpoints.Self+`"`) {
		t.Errorf("nobody is sent to self-service: %.2000s", page)
	}
	if text := get(d.Endpoints.Portal + "developers/api/ra.json"); !strings.Contains(text, `"openapi": "3.1`) {
		t.Errorf("%.500s", text)
	}
	for name, says := range map[string]string{"alice": "有效", "held": "已冻结", "revoked": "已撤销", "expired": "已过期"} {
		for _, family := range families() {
			page := get("--form", "certificate=@"+d.Identities[name].in()[family].SignCert, d.Endpoints.Portal+"lookup")
			if !strings.Contains(page, "<strong>"+says) {
				t.Errorf("%s %s: %.2000s", name, family, page)
			}
		}
	}
	for family, trust := range d.Trust {
		if page := get("--form", "certificate=@"+trust.Root, d.Endpoints.Portal+"lookup"); !strings.Contains(page, "本平台的根证书") {
			t.Errorf("root %s: %.2000s", family, page)
		}
		if page := get("--form", "certificate=@"+trust.Chain, d.Endpoints.Portal+"lookup"); !strings.Contains(page, "签发 CA 的证书") || !strings.Contains(page, "未被撤销") {
			t.Errorf("issuing CA %s: %.2000s", family, page)
		}
	}
	serial, _, _ := run(t, exec.Command("openssl", "x509", "-in", d.Identities["bob"].RSA.SignCert, "-noout", "-serial"))
	page := get(d.Endpoints.Portal + "lookup?serial=" + strings.TrimPrefix(strings.TrimSpace(serial), "serial="))
	if !strings.Contains(page, "鲍勃") || !strings.Contains(page, "日志序号") {
		t.Errorf("%.2000s", page)
	}
	folder := t.TempDir()
	chain := filepath.Join(folder, "chain.pem")
	writeFile(t, chain, []byte(get(strings.TrimSuffix(d.Endpoints.AIA["rsa"], ".cer")+"-chain.pem")))
	if out, problem, code := run(t, exec.Command("openssl", "verify", "-CAfile", d.Trust["rsa"].Root, "-untrusted", chain, d.Identities["alice"].RSA.SignCert)); code != 0 {
		t.Error(out, problem)
	}
}

// TestMoment: the state at a moment of the past with its proof.
func TestMoment(t *testing.T) {
	d := shared(t)
	serial, _, _ := run(t, exec.Command("openssl", "x509", "-in", d.Identities["expired"].ECDSA.SignCert, "-noout", "-serial"))
	serial = strings.ToLower(strings.TrimPrefix(strings.TrimSpace(serial), "serial="))
	for at, want := range map[string]string{"": "expired", "?at=" + time.Now().AddDate(-1, -6, 0).UTC().Format(time.RFC3339): "valid"} {
		out, problem, code := run(t, exec.Command("curl", "--silent", "--noproxy", "*", d.Endpoints.Portal+"status/ecdsa/"+serial+at))
		var moment struct {
			State string `json:"state"`
			Entry struct {
				Number int64  `json:"number"`
				Event  string `json:"event"`
			} `json:"entry"`
		}
		if err := json.Unmarshal([]byte(out), &moment); code != 0 || err != nil || moment.State != want || moment.Entry.Number == 0 || moment.Entry.Event != "issued" {
			t.Errorf("%q: %s %s %v", at, out, problem, err)
		}
	}
}

// TestObserverSeesAll: the observer's rounds come out well, and its page says so.
func TestObserverSeesAll(t *testing.T) {
	d := shared(t)
	var report struct {
		Good    bool      `json:"good"`
		Ran     time.Time `json:"ran"`
		Results []struct {
			Name string `json:"name"`
			Good bool   `json:"good"`
			Says string `json:"says"`
		} `json:"results"`
	}
	deadline := time.Now().Add(150 * time.Second) // two rounds: the first may meet a demonstration that is still starting
	for {
		status, _, body := d.curl(t, "centre.audit", "ecdsa", d.Endpoints.Node+"/v1/report")
		if err := json.Unmarshal([]byte(body), &report); status != "200" || err != nil {
			t.Fatalf("%s %v %s", status, err, body)
		}
		if report.Good || time.Now().After(deadline) {
			break
		}
		time.Sleep(time.Second)
	}
	seen := map[string]bool{}
	for _, r := range report.Results {
		seen[r.Name] = true
		if !r.Good {
			t.Errorf("%s: %s", r.Name, r.Says)
		}
	}
	for _, family := range families() {
		for _, way := range []string{"ocsp.post", "ocsp.get", "crl", "ldap"} {
			if !seen["canary-"+family+"."+way+".good"] || !seen["canary-"+family+"."+way+".revoked"] {
				t.Errorf("%s was not asked about %s", way, family)
			}
		}
	}
	if status, _, _ := d.curl(t, "", "ecdsa", d.Endpoints.Node+"/v1/report"); status != "401" {
		t.Error("the report is for anybody:", status)
	}
	if status, _, body := d.curl(t, "centre.audit", "ecdsa", d.Endpoints.Node+"/observer"); status != "200" || !strings.Contains(body, "canary-sm2.issue") {
		t.Error(status, body)
	}
	if status, _, body := d.curl(t, "centre.audit", "ecdsa", d.Endpoints.Node+"/metrics"); status != "200" || !strings.Contains(body, "onecert_observer_seconds") {
		t.Errorf("%s %.500s", status, body)
	}
}

// TestRevokedEverywhere: from the revocation's answer to every way of asking, in
// seconds (features H7; journey 4).
func TestRevokedEverywhere(t *testing.T) {
	d := shared(t)
	office := d.as(t, "centre.issuer")
	a := newApplicant(t, "p256", personName())
	issued := office.issue(t, a.order(t, "person-sign"))
	serial := issued.Sign.Serial
	file := filepath.Join(t.TempDir(), "cert.pem")
	writeFile(t, file, pemText("CERTIFICATE", issued.Sign.DER))
	ocsp := func() string {
		out, problem, _ := run(t, exec.Command("openssl", "ocsp", "-issuer", d.Trust["ecdsa"].Chain, "-cert", file, "-url", d.Endpoints.OCSP, "-CAfile", d.Trust["ecdsa"].Root))
		return out + problem
	}
	waitFor(t, "good at OCSP", time.Minute, func() bool { return strings.Contains(ocsp(), ": good") })
	// A machine that does much else is given what it takes longer over a question.
	asking := time.Now()
	ocsp()
	limit := 5*time.Second + 20*time.Since(asking)
	within := func(what string, begin time.Time) {
		t.Helper()
		took := time.Since(begin)
		t.Logf("%s after %v", what, took)
		if took > limit {
			t.Errorf("%s after %v, and %v is the limit", what, took, limit)
		}
	}
	office.revoke(t, issued.Sign, "keyCompromise")
	begin := time.Now()
	waitFor(t, "revoked at OCSP", time.Minute, func() bool { return strings.Contains(ocsp(), ": revoked") })
	within("OCSP", begin)
	part := fmt.Sprintf("%s/%d-delta.crl", strings.TrimSuffix(d.Endpoints.CRL["ecdsa"], "/complete.crl"), issued.Sign.Partition)
	waitFor(t, "revoked in the delta of its partition", time.Minute, func() bool {
		out, _, _ := run(t, exec.Command("sh", "-c", `curl --silent --noproxy '*' "$0" | openssl crl -inform DER -noout -text`, part))
		return strings.Contains(strings.ToLower(out), strings.ToLower(serial))
	})
	within("CRL", begin)
	waitFor(t, "gone from the directory", time.Minute, func() bool {
		return !strings.Contains(d.ldap(t, "o=OneCert,c=CN", "(uid="+issued.Sign.Holder+")", "uid"), "dn:")
	})
	within("LDAP", begin)
}

func waitFor(t testing.TB, what string, patience time.Duration, good func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		if good() {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s: not within %s", what, patience)
		}
	}
}
