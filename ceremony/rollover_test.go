package ceremony

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
)

// rolledOver is an issuing CA with its successor.
func rolledOver(t *testing.T, suite pki.Suite) (o *office, first, second string) {
	o = newOffice(t)
	first = o.hold(rootAct("root", suite) + issuingAct("web", "root", suite, ", partitions: 5, name_constraints: {permitted: {dns: [gov.example]}}") + listAct("root", ""))
	second = o.hold(fmt.Sprintf("  - rollover: {authority: web, id: web-2, years: 9, old_key: 'file:%s/keys/web.pem?pass=file:%s/passphrase', key: 'file:keys/web-2.pem?pass=file:passphrase'}\n", first, first))
	return o, first, second
}

// Whoever trusts only the old key accepts certificates of the new one through the cross
// certificate, and the other way round; and everybody below the root accepts both.
func TestRolloverJudgedByOpenSSL(t *testing.T) {
	for _, suite := range []pki.Suite{pki.RSA2048, pki.P256} {
		o, first, second := rolledOver(t, suite)
		before, after := openIssuer(t, first, "web"), openIssuer(t, second, "web-2")
		files := map[string][]byte{"root.pem": certsPEM(before.chain[1]), "old.pem": certsPEM(before.chain[0]), "new.pem": certsPEM(after.chain[0]),
			"new-by-old.pem": read(t, second, "certs/web-2-by-web.pem"), "old-by-new.pem": read(t, second, "certs/web-by-web-2.pem"),
			"of-old.pem": certsPEM(before.leaf(t, "a.gov.example", person)), "of-new.pem": certsPEM(after.leaf(t, "b.gov.example", person)),
			"outside.pem": certsPEM(after.leaf(t, "b.example", person))}
		for _, c := range []struct {
			anchor, between, leaf string
			good                  bool
		}{
			{"root.pem", "old.pem", "of-old.pem", true},
			{"root.pem", "new.pem", "of-new.pem", true},
			{"old.pem", "new-by-old.pem", "of-new.pem", true},
			{"new.pem", "old-by-new.pem", "of-old.pem", true},
			{"old.pem", "new.pem", "of-new.pem", false}, // without the cross certificate
			{"new.pem", "old.pem", "of-old.pem", false},
			{"old.pem", "new-by-old.pem", "outside.pem", false}, // the constraints hold there too
		} {
			said, ok := openssl(t, files, "verify", "-partial_chain", "-attime", at(o), "-x509_strict", "-trusted", c.anchor, "-untrusted", c.between, c.leaf)
			if ok != c.good {
				t.Errorf("%s: %s under %s by %s: %s", suite, c.leaf, c.anchor, c.between, said)
			}
		}
	}
}

func read(t testing.TB, dir, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// SM2's signatures are judged by gmsm, step by step: path validation in Go counts
// self-issued certificates against the path length, which RFC 5280 4.2.1.9 does not.
func TestRolloverOfSM2(t *testing.T) {
	o, first, second := rolledOver(t, pki.SM2)
	before, after := openIssuer(t, first, "web"), openIssuer(t, second, "web-2")
	newByOld, oldByNew := chainOf(t, second+"/certs/web-2-by-web.pem")[0], chainOf(t, second+"/certs/web-by-web-2.pem")[0]
	for name, err := range map[string]error{
		"a new certificate by the new key": after.leaf(t, "b.gov.example", person).CheckSignatureFrom(newByOld),
		"the new key by the old":           newByOld.CheckSignatureFrom(before.chain[0]),
		"an old certificate by the old":    before.leaf(t, "a.gov.example", person).CheckSignatureFrom(oldByNew),
		"the old key by the new":           oldByNew.CheckSignatureFrom(after.chain[0]),
		"the new CA by the root":           after.chain[0].CheckSignatureFrom(after.chain[1]),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, cross := range []*smx509.Certificate{newByOld, oldByNew} {
		if !bytes.Equal(cross.RawSubject, before.chain[0].RawSubject) || !bytes.Equal(cross.RawIssuer, cross.RawSubject) || cross.NotAfter.After(before.chain[0].NotAfter) ||
			cross.NotAfter.After(after.chain[0].NotAfter) || strings.Join(cross.PermittedDNSDomains, "") != "gov.example" {
			t.Errorf("cross certificate %+v", cross)
		}
	}
	if !strings.HasSuffix(newByOld.CRLDistributionPoints[0], "/web/complete.crl") || !strings.HasSuffix(oldByNew.IssuingCertificateURL[0], "/web-2.cer") {
		t.Error("the addresses are not those of who signed")
	}
	r := o.state().find("web-2")
	if r.Partitions != 5 || r.Parent != "root" || len(o.state().find("root").Issued) != 2 || len(o.state().find("web").Issued) != 1 {
		t.Errorf("%+v", r)
	}
	report := o.whole(filepath.Dir(second))
	if got := strings.Join(report.Signers, " "); got != "ceremony root web web-2" {
		t.Errorf("signed by %s", got)
	}
}

func TestRolloverWithAnotherKey(t *testing.T) {
	o, first, _ := rolledOver(t, pki.P256)
	o.refused(fmt.Sprintf("  - rollover: {authority: web-2, id: web-3, years: 9, old_key: 'file:%s/keys/web.pem?pass=file:%s/passphrase', key: 'file:keys/web-3.pem?pass=file:passphrase'}\n", first, first), "ceremony.key")
}

// A CA is retired with its last list as evidence, and the root's list says so.
func TestRetire(t *testing.T) {
	o, first, second := rolledOver(t, pki.P256)
	before, after := openIssuer(t, first, "web"), openIssuer(t, second, "web-2")
	final := filepath.Join(o.dir, "final.crl")
	if err := os.WriteFile(final, after.list(t, 99), 0o600); err != nil { // of the wrong CA
		t.Fatal(err)
	}
	acts := "  - retire: {authority: web, reason: superseded, final_crl: final.crl}\n" + listAct("root", "")
	o.refused(acts, "ceremony.list")
	if err := os.WriteFile(final, before.list(t, 99), 0o600); err != nil {
		t.Fatal(err)
	}
	result := o.hold(acts)
	list := parseList(t, result, "root")
	if len(list.RevokedCertificateEntries) != 1 || list.RevokedCertificateEntries[0].SerialNumber.Cmp(before.chain[0].SerialNumber) != 0 || list.RevokedCertificateEntries[0].ReasonCode != 4 {
		t.Errorf("%+v", list.RevokedCertificateEntries)
	}
	if r := o.state().find("web"); r.Final == nil || r.Final.Number != 99 {
		t.Errorf("%+v", r)
	}
	if _, err := Run(t.Context(), o.config(acts)); pki.CodeOf(err) != "ceremony.plan" || !strings.Contains(err.Error(), "in use") {
		t.Errorf("retired twice: %v", err)
	}
	// The other key of the name goes on.
	files := map[string][]byte{"root.pem": certsPEM(before.chain[1]), "new.pem": certsPEM(after.chain[0]), "old.pem": certsPEM(before.chain[0]),
		"of-new.pem": certsPEM(after.leaf(t, "b.gov.example", person)), "of-old.pem": certsPEM(before.leaf(t, "a.gov.example", person)),
		"lists.pem": append(pemOf("X509 CRL", before.list(t, 100), after.list(t, 1)), rootList(t, result, "root")...)}
	for leaf, good := range map[string]bool{"of-new.pem": true, "of-old.pem": false} {
		said, ok := openssl(t, files, "verify", "-attime", at(o), "-crl_check_all", "-CRLfile", "lists.pem", "-CAfile", "root.pem", "-untrusted", "new.pem", "-untrusted", "old.pem", leaf)
		if ok != good || !good && !strings.Contains(said, "revoked") {
			t.Errorf("%s: %s", leaf, said)
		}
	}
}
