package ceremony

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"go.yaml.in/yaml/v3"

	"onecert/pki"
)

// The whole life: roots and issuing CAs are made, the roots go off line, come back by
// three of five shares for a list that revokes an issuing CA, and OpenSSL judges.
func TestLifeOfAHierarchy(t *testing.T) {
	for _, suites := range [][2]pki.Suite{{pki.RSA2048, pki.RSA2048}, {pki.P384, pki.P256}} {
		t.Run(string(suites[0]), func(t *testing.T) {
			o := newOffice(t)
			result := o.hold(rootAct("root", suites[0]) +
				issuingAct("web", "root", suites[1], ", name_constraints: {permitted: {dns: [gov.example], dn: ['C=CN, O=测试']}, excluded: {dns: [test.gov.example]}}, policies: [2.999.1.1]") +
				listAct("root", ""))
			web := openIssuer(t, result, "web")
			root := web.chain[1]
			files := map[string][]byte{"root.pem": certsPEM(root), "web.pem": certsPEM(web.chain[0]), "lists.pem": append(pemOf("X509 CRL", web.list(t, 1)), rootList(t, result, "root")...),
				"good.pem":     certsPEM(web.leaf(t, "www.gov.example", person)),
				"host.pem":     certsPEM(web.leaf(t, "www.other.example", person)),
				"excluded.pem": certsPEM(web.leaf(t, "www.test.gov.example", person)),
				"unit.pem":     certsPEM(web.leaf(t, "www.gov.example", pki.Name{{Type: "C", Value: "CN"}, {Type: "O", Value: "别的单位"}, {Type: "CN", Value: "www"}}))}
			verify := func(leaf string) (string, bool) {
				return openssl(t, files, "verify", "-attime", at(o), "-x509_strict", "-crl_check_all", "-CRLfile", "lists.pem", "-CAfile", "root.pem", "-untrusted", "web.pem", leaf)
			}
			if said, ok := verify("good.pem"); !ok {
				t.Errorf("openssl refuses a good chain: %s", said)
			}
			for _, leaf := range []string{"host.pem", "unit.pem"} {
				if said, ok := verify(leaf); ok || !strings.Contains(said, "permitted subtree violation") {
					t.Errorf("%s: openssl says %s", leaf, said)
				}
			}
			if said, ok := verify("excluded.pem"); ok || !strings.Contains(said, "excluded subtree violation") {
				t.Errorf("openssl says %s", said)
			}

			next := o.hold(listAct("root", ", revoke: [{authority: web, reason: cACompromise, invalid: 2026-03-01}]"))
			files["lists.pem"] = append(pemOf("X509 CRL", web.list(t, 1)), rootList(t, next, "root")...)
			if said, ok := verify("good.pem"); ok || !strings.Contains(said, "certificate revoked") {
				t.Errorf("openssl passes a revoked issuing CA: %s", said)
			}
			list := parseList(t, next, "root")
			if list.Number.Int64() != 2 || len(list.RevokedCertificateEntries) != 1 || list.RevokedCertificateEntries[0].ReasonCode != 2 {
				t.Errorf("the second list: %+v", list)
			}
		})
	}
}

func rootList(t testing.TB, result, id string) []byte {
	t.Helper()
	der, err := os.ReadFile(filepath.Join(result, "public/crl", id, "complete.crl"))
	if err != nil {
		t.Fatal(err)
	}
	return pemOf("X509 CRL", der)
}

func parseList(t testing.TB, result, id string) *smx509.RevocationList {
	t.Helper()
	der, err := os.ReadFile(filepath.Join(result, "public/crl", id, "complete.crl"))
	if err != nil {
		t.Fatal(err)
	}
	list, err := smx509.ParseRevocationList(der)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// SM2 chains are judged by gmsm, whose path validation honours the constraints.
func TestHierarchyOfSM2(t *testing.T) {
	o := newOffice(t)
	result := o.hold(rootAct("root", pki.SM2) + issuingAct("web", "root", pki.SM2, ", name_constraints: {permitted: {dns: [gov.example]}}") + listAct("root", ""))
	web := openIssuer(t, result, "web")
	judge := func(host string) error {
		roots, between := smx509.NewCertPool(), smx509.NewCertPool()
		roots.AddCert(web.chain[1])
		between.AddCert(web.chain[0])
		_, err := web.leaf(t, host, person).Verify(smx509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: o.now,
			KeyUsages: []smx509.ExtKeyUsage{smx509.ExtKeyUsageAny}})
		return err
	}
	if err := judge("www.gov.example"); err != nil {
		t.Error(err)
	}
	if err := judge("www.other.example"); err == nil {
		t.Error("a name outside is accepted")
	}
	if list := parseList(t, result, "root"); list.CheckSignatureFrom(web.chain[1]) != nil || list.Number.Int64() != 1 {
		t.Errorf("%+v", list)
	}
	if web.chain[0].MaxPathLen != 0 || web.chain[1].MaxPathLen != 1 || web.chain[0].CRLDistributionPoints[0] != "http://pki.example/crl/root/complete.crl" ||
		web.chain[0].IssuingCertificateURL[0] != "http://pki.example/aia/root.cer" || web.chain[0].OCSPServer[0] != "http://pki.example/ocsp" {
		t.Errorf("%+v", web.chain[0])
	}
}

// What is left in the result is what a CA is configured with and what is published.
func TestResult(t *testing.T) {
	o := newOffice(t)
	result := o.hold(rootAct("root", pki.P256) + issuingAct("web", "root", pki.P256, ", partitions: 7") + listAct("root", ", days: 30"))
	var names []string
	_ = filepath.WalkDir(result, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			names = append(names, strings.TrimPrefix(path, result+"/"))
		}
		return err
	})
	want := "certs/root.pem certs/web.pem issuers.yaml keys/web.pem passphrase public/aia/root.cer public/aia/web.cer public/crl/root/complete.crl trust.pem"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	data, err := os.ReadFile(filepath.Join(result, "issuers.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var fragment struct{ Issuers []issuerEntry }
	if err := yaml.Unmarshal(data, &fragment); err != nil || len(fragment.Issuers) != 1 || fragment.Issuers[0].Partitions != 7 || fragment.Issuers[0].Certificate != "certs/web.pem" {
		t.Errorf("%s %v", data, err)
	}
	list := parseList(t, result, "root")
	if list.NextUpdate.Sub(list.ThisUpdate) != 30*24*time.Hour {
		t.Errorf("the list lives %s", list.NextUpdate.Sub(list.ThisUpdate))
	}
	state := o.state()
	if r := state.find("root"); state.Generation != 1 || r.List.Number != 1 || len(r.Issued) != 1 || r.Custody.Threshold != 3 || r.Custody.Custodians[4] != "周戊" {
		t.Errorf("%+v", state.find("root"))
	}
	for _, name := range []string{"keys", "certs/root.pem", "certs/web.pem", "lists/root-1.crl", stateFile} {
		if !exists(filepath.Join(o.dir, "state", name)) {
			t.Errorf("the state has no %s", name)
		}
	}
}

// Everything that is signed was shown before, and nothing else.
func TestEachObjectIsShown(t *testing.T) {
	o := newOffice(t)
	result := o.hold(rootAct("root", pki.P256) + issuingAct("web", "root", pki.P256, "") + listAct("root", ""))
	var shown []string
	for _, object := range o.people.shown {
		shown = append(shown, string(object.Kind)+" "+object.Name)
	}
	if got, want := strings.Join(shown, ", "), "plan ceremony.yaml, certificate root, certificate web, crl root-1"; got != want {
		t.Errorf("shown were %s, want %s", got, want)
	}
	signed := [][]byte{chainOf(t, result+"/certs/root.pem")[0].RawTBSCertificate, chainOf(t, result+"/certs/web.pem")[0].RawTBSCertificate,
		parseList(t, result, "root").RawTBSRevocationList}
	for i, tbs := range signed {
		if !bytes.Equal(tbs, o.people.shown[i+1].TBS) {
			t.Errorf("%s is not what was shown", shown[i+1])
		}
	}
}

// Whoever refuses anything, at whatever moment, leaves nothing behind but the record.
func TestRefusedAtEachMoment(t *testing.T) {
	acts := rootAct("root", pki.P256) + issuingAct("web", "root", pki.P256, "") + listAct("root", "")
	no := pki.Errorf(pki.Forbidden, "test.no", "the witness shakes his head")
	for n := range 4 {
		o := newOffice(t)
		seen := 0
		o.people.confirm = func(Object) error {
			if seen++; seen > n {
				return no
			}
			return nil
		}
		err := o.refused(acts, "test.no")
		if err != no { //nolint:errorlint // the very one
			t.Error(err)
		}
		o.people.confirm = nil
		o.hold(acts) // and it can be held afterwards
	}
}
