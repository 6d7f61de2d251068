package ceremony

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"onecert/pki"
)

const planHead = "title: 测试\noperator: 王工\ncustodians: [赵甲, 钱乙, 孙丙, 李丁, 周戊]\nstate: state\nacts:\n"

// parse returns the faults of a plan, one a line.
func parse(text string) string {
	_, err := ParsePlan("c.yaml", "/", []byte(text))
	if err == nil {
		return ""
	}
	return strings.TrimSuffix(err.Error(), "; mend the file and have it reviewed again; nothing was done")
}

// Each fault of a file is told with its line and rule.
func TestFaultsOfPlans(t *testing.T) {
	root := rootAct("root", pki.SM2)
	issuing := issuingAct("web", "root", pki.SM2, "")
	// The acts begin in line 6, one a line.
	for _, c := range []struct{ name, text, fault string }{
		{"nothing", "", "c.yaml:1: yaml: the file is empty"},
		{"an unknown key", planHead + strings.Replace(root, "years", "ears", 1), `c.yaml:6: known-fields: field ears not found in type ceremony.RootAct`},
		{"a key twice", planHead + strings.Replace(root, "years: 20", "years: 20, years: 21", 1), `c.yaml:6: known-fields: mapping key "years" already defined at line 6`},
		{"no YAML", "acts: [", "c.yaml:1: yaml: did not find expected node content"},
		{"two documents", planHead + root + "---\n" + root, "c.yaml:1: one-document"},
		{"no title", strings.Replace(planHead, "测试", "''", 1) + root, "c.yaml:1: text: give 1 to 200"},
		{"an escape in a name", strings.Replace(planHead, "王工", `"\e[31m"`, 1) + root, "c.yaml:2: text"},
		{"one person twice", strings.Replace(planHead, "钱乙", "赵甲", 1) + root, "c.yaml:3: people-once"},
		{"no state", strings.Replace(planHead, "state: state", "state: ''", 1) + root, "c.yaml:4: state-given"},
		{"no acts", planHead + "  []", "acts-some"},
		{"two in one", planHead + "  - {retire: {authority: a, final_crl: f}, reshare: {authority: a, split: {shares: 5, threshold: 3}}}\n", "c.yaml:6: act-one"},
		{"an empty act", planHead + "  - {}\n", "c.yaml:6: act-one"},
		{"a bad id", planHead + strings.Replace(root, "id: root", "id: Root", 1), "c.yaml:6: id: an id is"},
		{"an unknown suite", planHead + strings.Replace(root, "suite: sm2", "suite: sm9", 1), "c.yaml:6: suite"},
		{"a bad subject", planHead + strings.Replace(root, "C=CN", "C=CHN", 1), "c.yaml:6: subject: the value of C"},
		{"too many years", planHead + strings.Replace(root, "years: 20", "years: 41", 1), "c.yaml:6: years"},
		{"a bad path length", planHead + strings.Replace(root, "path_length: 1", "path_length: 11", 1), "c.yaml:6: path-length"},
		{"no place for the key", planHead + strings.Replace(root, "split: {set: roots, shares: 5, threshold: 3}, ", "", 1), "c.yaml:6: location"},
		{"two places for the key", planHead + strings.Replace(root, "split:", "key: 'file:a.pem?pass=file:b', split:", 1), "c.yaml:6: location"},
		{"one share is enough", planHead + strings.Replace(root, "threshold: 3", "threshold: 1", 1), "c.yaml:6: split: 1 of 5 shares is not possible"},
		{"more shares than custodians", planHead + strings.Replace(root, "shares: 5", "shares: 6", 1), "c.yaml:6: split-custodians: 6 shares and 5 custodians"},
		{"one set with two thresholds", planHead + root + strings.Replace(rootAct("two", pki.SM2), "threshold: 3", "threshold: 4", 1), "c.yaml:7: split-same"},
		{"a key without passphrase", planHead + root + strings.Replace(issuing, "?pass=file:passphrase", "", 1), "c.yaml:7: key: name a file with the passphrase or PIN"},
		{"a key file outside", planHead + root + strings.Replace(issuing, "file:keys", "file:../keys", 1), "c.yaml:7: key: a new key file lies below"},
		{"a device's PIN beside the file", planHead + root + strings.Replace(issuing, "file:keys/web.pem?pass=file:passphrase", "pkcs11:token=a;object=b?module-path=/a.so&pin-source=file:pin", 1), "c.yaml:7: key: name a device's library"},
		{"a device without PIN", planHead + root + strings.Replace(issuing, "file:keys/web.pem?pass=file:passphrase", "sdf:/a.so?index=1", 1), "c.yaml:7: key: name a file with the passphrase or PIN"},
		{"a key's URI", planHead + root + strings.Replace(issuing, "file:keys", "http:keys", 1), "c.yaml:7: key: the key's URI is wrong"},
		{"https", planHead + strings.Replace(root, "http://pki.example/crl", "https://pki.example/crl", 1), "c.yaml:6: address: crl is an address http://"},
		{"a final slash", planHead + strings.Replace(root, "example/aia", "example/aia/", 1), "c.yaml:6: address: aia"},
		{"no OCSP", planHead + root + strings.Replace(issuing, `, ocsp: "http://pki.example/ocsp"`, "", 1), "c.yaml:7: address: ocsp"},
		{"a bad constraint", planHead + root + issuingAct("web", "root", pki.SM2, ", name_constraints: {permitted: {dns: ['*.x']}}"), "c.yaml:7: name-constraints: a name constraint is malformed"},
		{"a bad policy", planHead + root + issuingAct("web", "root", pki.SM2, ", policies: [x]"), "c.yaml:7: policy"},
		{"too many partitions", planHead + root + issuingAct("web", "root", pki.SM2, ", partitions: 5000"), "c.yaml:7: partitions"},
		{"key and request", planHead + root + issuingAct("web", "root", pki.SM2, ", request: a.csr"), "c.yaml:7: request-alone"},
		{"a list of ten years", planHead + root + listAct("root", ", days: 3650"), "c.yaml:7: list-days"},
		{"two lists", planHead + root + listAct("root", "") + listAct("root", ""), "c.yaml:8: list-once"},
		{"revoke nothing", planHead + root + listAct("root", ", revoke: [{reason: superseded}]"), "c.yaml:7: revoke-one"},
		{"revoke both", planHead + root + listAct("root", ", revoke: [{authority: a, serial: '01', reason: superseded}]"), "c.yaml:7: revoke-one"},
		{"a bad serial", planHead + root + listAct("root", ", revoke: [{serial: xyz, reason: superseded}]"), "c.yaml:7: revoke-serial"},
		{"hold", planHead + root + listAct("root", ", revoke: [{authority: a, reason: certificateHold}]"), "c.yaml:7: reason"},
		{"a bad day", planHead + root + listAct("root", ", revoke: [{authority: a, reason: superseded, invalid: 1.3.2026}]"), "c.yaml:7: revoke-invalid"},
		{"no final list", planHead + "  - retire: {authority: a, final_crl: ''}\n", "c.yaml:6: given"},
		{"a request of both sorts", planHead + "  - outside_request: {authority: a, id: b}\n", "c.yaml:6: request-one"},
		{"no anchor", planHead + "  - outside_import: {authority: a, certificate: x, chain: y, anchor: ''}\n", "c.yaml:6: anchor"},
	} {
		if got := parse(c.text); !strings.Contains(got, c.fault) {
			t.Errorf("%s: got\n%s\nwant %s", c.name, got, c.fault)
		}
	}
}

// What can only be known with the state is refused before anything begins.
func TestFaultsAgainstTheState(t *testing.T) {
	o := newOffice(t)
	o.hold(strings.Replace(rootAct("root", pki.SM2), "years: 20", "years: 5", 1) + issuingAct("web", "root", pki.SM2, "")[:0] + rootAct("rsa", pki.RSA2048) + issuingAct("old", "rsa", pki.RSA2048, ""))
	for _, c := range []struct{ name, acts, fault string }{
		{"an id that is taken", rootAct("root", pki.SM2), "ceremony.yaml:7: id-once: there is a CA root already"},
		{"an id twice in the file", rootAct("new", pki.SM2) + rootAct("new", pki.SM2), "ceremony.yaml:8: id-once"},
		{"an unknown parent", issuingAct("web", "nobody", pki.SM2, ""), "ceremony.yaml:7: id-known: there is no CA nobody"},
		{"a parent whose key is elsewhere", issuingAct("web", "old", pki.RSA2048, ""), "ceremony.yaml:7: parent-key"},
		{"SM2 below RSA", issuingAct("web", "rsa", pki.SM2, ""), "ceremony.yaml:7: family"},
		{"longer than its root", rootAct("new", pki.SM2) + strings.Replace(issuingAct("web", "new", pki.SM2, ""), "years: 10", "years: 21", 1), "ceremony.yaml:8: years: it would outlive new"},
		{"deeper than its root allows", rootAct("new", pki.SM2) + issuingAct("web", "new", pki.SM2, ", path_length: 1"), "ceremony.yaml:8: path-length"},
		{"a list of no root", listAct("old", ""), "ceremony.yaml:7: root: old is not a root"},
		{"a revocation by another root", listAct("root", ", revoke: [{authority: old, reason: superseded}]"), "ceremony.yaml:7: revoke-own: old is not below root"},
		{"a retirement nobody learns of", "  - retire: {authority: old, final_crl: x}\n", "ceremony.yaml:7: retire-list: a root_crl of rsa must follow"},
		{"a root retired", "  - retire: {authority: rsa, final_crl: x}\n", "ceremony.yaml:7: retire: rsa is not"},
		{"a root rolled over", "  - rollover: {authority: rsa, id: rsa-2, years: 2, old_key: 'file:a?pass=file:b', key: 'file:a?pass=file:b'}\n", "ceremony.yaml:7: rollover"},
		{"an import for nobody", "  - outside_import: {authority: x, certificate: a, chain: b, anchor: " + originHash + "}\n", "ceremony.yaml:7: id-known"},
		{"a request without key", "  - outside_request: {authority: old}\n", "ceremony.yaml:7: request-key"},
		{"an issuing CA split anew", "  - reshare: {authority: old, split: {shares: 5, threshold: 3}}\n", "ceremony.yaml:7: root"},
	} {
		cfg := o.config(c.acts)
		_, err := Run(t.Context(), cfg)
		if pki.CodeOf(err) != "ceremony.plan" || !strings.Contains(err.Error(), c.fault) {
			t.Errorf("%s: %v", c.name, err)
		}
		if exists(cfg.Out) {
			t.Errorf("%s: something was begun", c.name)
		}
	}
}

func TestSplitIsThreeOfFive(t *testing.T) {
	for _, split := range []string{"split: {}", "split: {set: roots}"} {
		p, err := ParsePlan("c.yaml", "/", []byte(planHead+strings.Replace(rootAct("root", pki.SM2), "split: {set: roots, shares: 5, threshold: 3}", split, 1)))
		must(t, err)
		if got := p.Acts[0].Root.Split; got.Shares != 5 || got.Threshold != 3 {
			t.Errorf("%s is %+v", split, got)
		}
	}
}

// All faults are told at once.
func TestAllFaultsAtOnce(t *testing.T) {
	got := parse(planHead + strings.Replace(strings.Replace(rootAct("Root", pki.SM2), "years: 20", "years: 0", 1), "suite: sm2", "suite: x", 1))
	if n := len(strings.Split(got, "\n")); n != 3 {
		t.Errorf("%d faults: %s", n, got)
	}
}

// A certificate that breaks a rule is not signed, and the rule is named.
func TestLintStopsACeremony(t *testing.T) {
	o := newOffice(t)
	err := o.refused(strings.Replace(rootAct("root", pki.P256), "CN=测试根", "CN=Админ Root", 1), "lint.naming.mixed-script")
	if len(o.people.shown) != 1 || !strings.Contains(err.Error(), "OneCert names") {
		t.Errorf("%v; shown were %d objects", err, len(o.people.shown))
	}
}

// The acts that the sample shows in remarks are right too.
func TestRemarksOfTheSample(t *testing.T) {
	data, err := os.ReadFile("../deploy/ceremony.yaml")
	must(t, err)
	head, remarks, _ := strings.Cut(string(data), "# What else a later ceremony can do")
	_, acts, found := strings.Cut(remarks, "#\n")
	if !found || strings.Count(acts, "\n#  - ") < 8 {
		t.Fatal("the acts are not found")
	}
	head, _, _ = strings.Cut(head, "\nacts:")
	text := head + "\nacts:\n" + regexp.MustCompile(`(?m)^#`).ReplaceAllString(acts, "")
	if fault := parse(strings.Replace(text, "  - root_crl: {root: sm2-root}", "  - root_crl: {root: rsa-root}", 1)); fault != "" { // one list a root
		t.Error(fault)
	}
}

// FuzzParsePlan: whatever is in the file, there is a plan or faults with lines.
func FuzzParsePlan(f *testing.F) {
	sample, err := os.ReadFile("../deploy/ceremony.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sample)
	f.Add([]byte(planHead + rootAct("root", pki.SM2) + issuingAct("web", "root", pki.SM2, "") + listAct("root", "")))
	f.Add([]byte(planHead + "  - retire: {authority: a, final_crl: f}\n"))
	f.Add([]byte("acts: [{root: &a {}}, {root: *a}]"))
	form := regexp.MustCompile(`^c\.yaml:\d+: [a-z-]+: `)
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := ParsePlan("c.yaml", "/", data)
		if err == nil {
			_ = p.against(&State{}, startOfTime)
			return
		}
		if !form.MatchString(err.Error()) || pki.CodeOf(err) != "ceremony.plan" {
			t.Errorf("%v", err)
		}
	})
}
