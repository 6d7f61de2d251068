package ceremony

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/smx509"

	"onecert/keys"
	"onecert/pki"
)

const outsideRequest = "  - outside_request: {id: national, suite: %s, subject: 'C=CN, O=测试, CN=国家根下签发', key: 'file:keys/national.pem?pass=file:passphrase', addresses: " + addresses + "}\n"

// asked is a request for an outside root, made in a ceremony.
func asked(t *testing.T, suite pki.Suite) (o *office, result string) {
	o = newOffice(t)
	return o, o.hold(fmt.Sprintf(outsideRequest, suite))
}

func (o *office) importAct(more string) string {
	root := chainOf(o.t, filepath.Join(o.dir, "national-root.pem"))[0]
	return fmt.Sprintf("  - outside_import: {authority: national, certificate: answer.pem, chain: national-root.pem, anchor: %s%s}\n", hash(root.Raw), more)
}

func (o *office) file(name string, data []byte) {
	o.t.Helper()
	if err := os.WriteFile(filepath.Join(o.dir, name), data, 0o600); err != nil {
		o.t.Fatal(err)
	}
}

// OpenSSL is the outside root: it signs our request, and what comes back is taken in and
// makes a CA whose certificates OpenSSL accepts.
func TestOutsideRootByOpenSSL(t *testing.T) {
	for _, suite := range []pki.Suite{pki.RSA2048, pki.P256} {
		o, result := asked(t, suite)
		csr := read(t, result, "requests/national.csr")
		dir := t.TempDir()
		extensions := "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\nnameConstraints=critical,permitted;DNS:gov.example\n"
		for name, data := range map[string][]byte{"national.csr": csr, "ext": []byte(extensions)} {
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		mustOpenSSL(t, dir, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key", "-out", "root.pem", "-subj", "/C=CN/O=National/CN=National Root", "-days", "7300")
		mustOpenSSL(t, dir, "req", "-in", "national.csr", "-verify", "-noout")
		mustOpenSSL(t, dir, "x509", "-req", "-in", "national.csr", "-CA", "root.pem", "-CAkey", "key", "-set_serial", "0x1234567890abcdef1234", "-sha256",
			"-days", "3000", "-extfile", "ext", "-out", "answer.pem")
		o.file("national-root.pem", read(t, dir, "root.pem"))
		o.file("answer.pem", read(t, dir, "answer.pem"))
		o.now = chainOf(t, filepath.Join(dir, "answer.pem"))[0].NotBefore.AddDate(0, 0, 1)
		o.refused(o.importAct(""), "ceremony.answer") // the constraints were not agreed
		taken := o.hold(o.importAct(", path_length: 0, name_constraints: {permitted: {dns: [gov.example]}}"))
		if _, err := os.Stat(filepath.Join(taken, issuersFile)); err != nil {
			t.Error("there is no fragment for the CA")
		}
		key, err := keys.Open(keys.URI{Path: result + "/keys/national.pem", Pass: result + "/passphrase"}.String(), keys.Options{})
		if err != nil {
			t.Fatal(err)
		}
		made := issuer{key, chainOf(t, taken+"/certs/national.pem")}
		said, ok := openssl(t, map[string][]byte{"root.pem": read(t, dir, "root.pem"), "ca.pem": certsPEM(made.chain[0]), "leaf.pem": certsPEM(made.leaf(t, "a.gov.example", person))},
			"verify", "-attime", at(o), "-CAfile", "root.pem", "-untrusted", "ca.pem", "leaf.pem")
		if !ok {
			t.Errorf("%s: %s", suite, said)
		}
	}
}

func mustOpenSSL(t testing.TB, dir string, args ...string) {
	t.Helper()
	if said, ok := opensslIn(t, dir, args...); !ok {
		t.Fatalf("openssl %s: %s", strings.Join(args, " "), said)
	}
}

// outsideRoot is a foreign root made here, which signs whatever a test wants.
func outsideRoot(t *testing.T, o *office, suite pki.Suite, pathLen int) issuer {
	t.Helper()
	signer, err := pki.GenerateKey(rand.Reader, suite)
	if err != nil {
		t.Fatal(err)
	}
	key, err := keys.Wrap(signer)
	if err != nil {
		t.Fatal(err)
	}
	subject, err := pki.Name{{Type: "C", Value: "CN"}, {Type: "CN", Value: "国家根"}}.DER()
	if err != nil {
		t.Fatal(err)
	}
	template := &smx509.Certificate{RawSubject: subject, SerialNumber: big.NewInt(1), NotBefore: o.now.AddDate(-1, 0, 0), NotAfter: o.now.AddDate(20, 0, 0), IsCA: true,
		BasicConstraintsValid: true, MaxPathLen: pathLen, MaxPathLenZero: pathLen == 0, KeyUsage: smx509.KeyUsageCertSign | smx509.KeyUsageCRLSign}
	der, err := smx509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	root, err := smx509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return issuer{key, []*smx509.Certificate{root}}
}

// answer signs a request as a careful outside root would, but for what change does.
func (i issuer) answer(t *testing.T, o *office, csr []byte, change func(*smx509.Certificate)) *smx509.Certificate {
	t.Helper()
	request, err := pki.ParseRequest(csr, false)
	if err != nil {
		t.Fatal(err)
	}
	template := &smx509.Certificate{RawSubject: request.Subject, SerialNumber: big.NewInt(77), NotBefore: o.now.AddDate(0, 0, -1), NotAfter: o.now.AddDate(9, 0, 0), IsCA: true,
		BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: smx509.KeyUsageCertSign | smx509.KeyUsageCRLSign, SubjectKeyId: []byte{1, 2, 3}, PublicKey: request.PublicKey}
	if change != nil {
		change(template)
	}
	return i.issue(t, template, template.PublicKey)
}

// Each way an answer can be wrong is refused by its name.
func TestWrongAnswers(t *testing.T) {
	for _, suite := range []pki.Suite{pki.SM2, pki.P256} {
		o, result := asked(t, suite)
		csr := read(t, result, "requests/national.csr")
		national := outsideRoot(t, o, suite, 1)
		other := outsideRoot(t, o, suite, 1)
		stranger, err := pki.GenerateKey(rand.Reader, suite)
		if err != nil {
			t.Fatal(err)
		}
		o.file("national-root.pem", certsPEM(national.chain[0]))
		for _, c := range []struct {
			name, code, words, more string
			by                      issuer
			change                  func(*smx509.Certificate)
		}{
			{"another key", "ceremony.answer", "another key", "", national, func(c *smx509.Certificate) { c.PublicKey = stranger.Public() }},
			{"another name", "ceremony.answer", "another name", "", national, func(c *smx509.Certificate) { c.RawSubject = national.chain[0].RawSubject }},
			{"no CA", "ceremony.answer", "be a CA", "", national, func(c *smx509.Certificate) { c.IsCA, c.MaxPathLenZero = false, false }},
			{"no keyCertSign", "ceremony.answer", "be a CA", "", national, func(c *smx509.Certificate) { c.KeyUsage = smx509.KeyUsageCRLSign }},
			{"not yet valid", "ceremony.answer", "valid now", "", national, func(c *smx509.Certificate) { c.NotBefore = o.now.AddDate(1, 0, 0) }},
			{"lapsed", "ceremony.answer", "valid now", "", national, func(c *smx509.Certificate) { c.NotAfter = o.now.AddDate(0, 0, -1) }},
			{"constraints nobody agreed to", "ceremony.answer", "name constraints", "", national, func(c *smx509.Certificate) {
				c.PermittedDNSDomainsCritical, c.PermittedDNSDomains = true, []string{"a.example"}
			}},
			{"agreed constraints missing", "ceremony.answer", "name constraints", ", name_constraints: {permitted: {dns: [gov.example]}}", national, nil},
			{"no room for CAs below", "ceremony.answer", "path length", ", path_length: 1", national, nil},
			{"signed by somebody else", "ceremony.chain", "not signed", "", other, nil},
			{"another anchor", "ceremony.chain", "hash was agreed", ", anchor: " + strings.Repeat("0", 64), national, nil},
		} {
			o.file("answer.pem", certsPEM(c.by.answer(t, o, csr, c.change)))
			act := o.importAct(c.more)
			if strings.Contains(c.more, "anchor") {
				act = strings.Replace(o.importAct(""), hash(national.chain[0].Raw), strings.Repeat("0", 64), 1)
			}
			if err := o.refused(act, c.code); !strings.Contains(err.Error(), c.words) {
				t.Errorf("%s: %v", c.name, err)
			}
		}
		o.file("answer.pem", []byte("not a certificate"))
		o.refused(o.importAct(""), "ceremony.certificate")
		o.file("answer.pem", certsPEM(national.answer(t, o, csr, nil)))
		o.hold(o.importAct(""))
		if r := o.state().find("national"); r.Certificate == "" || r.Key != "" {
			t.Errorf("%+v", r)
		}
	}
}

// An outside root whose own path length leaves no room is refused too.
func TestOutsideRootWithoutRoom(t *testing.T) {
	o, result := asked(t, pki.SM2)
	national := outsideRoot(t, o, pki.SM2, 0)
	o.file("national-root.pem", certsPEM(national.chain[0]))
	o.file("answer.pem", certsPEM(national.answer(t, o, read(t, result, "requests/national.csr"), nil)))
	o.refused(o.importAct(""), "ceremony.chain")
}

// Our own root is cross-certified by the outside one: those who trust only that accept
// what is issued below ours.
func TestCrossCertificateOfOurRoot(t *testing.T) {
	o := newOffice(t)
	first := o.hold(rootAct("root", pki.SM2) + issuingAct("web", "root", pki.SM2, ""))
	second := o.hold("  - outside_request: {authority: root}\n")
	national := outsideRoot(t, o, pki.SM2, 2)
	o.file("national-root.pem", certsPEM(national.chain[0]))
	o.file("answer.pem", certsPEM(national.answer(t, o, read(t, second, "requests/root.csr"), func(c *smx509.Certificate) { c.MaxPathLen, c.MaxPathLenZero = 1, false })))
	third := o.hold(strings.Replace(o.importAct(""), "authority: national", "authority: root", 1))
	web := openIssuer(t, first, "web")
	cross := chainOf(t, third+"/certs/root-outside.pem")[0]
	roots, between := smx509.NewCertPool(), smx509.NewCertPool()
	roots.AddCert(national.chain[0])
	between.AddCert(web.chain[0])
	between.AddCert(cross)
	_, err := web.leaf(t, "a.example", person).Verify(smx509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: o.now, KeyUsages: []smx509.ExtKeyUsage{smx509.ExtKeyUsageAny}})
	if err != nil {
		t.Error(err)
	}
	if o.state().find("root").SHA256 != hash(web.chain[1].Raw) {
		t.Error("the root's own certificate was replaced")
	}
}

// The key was made where it is used; only its request comes to the ceremony.
func TestIssuingByRequest(t *testing.T) {
	o := newOffice(t)
	signer, err := pki.GenerateKey(rand.Reader, pki.SM2)
	if err != nil {
		t.Fatal(err)
	}
	key, err := keys.Wrap(signer)
	if err != nil {
		t.Fatal(err)
	}
	subject, err := subjectDER("C=CN, O=测试, CN=请求来的名字")
	if err != nil {
		t.Fatal(err)
	}
	o.file("web.csr", requestBy(t, key, subject))
	act := "  - issuing: {id: web, parent: root, request: web.csr, years: 10, addresses: " + addresses + "}\n"
	result := o.hold(rootAct("root", pki.SM2) + act)
	web := chainOf(t, result+"/certs/web.pem")[0]
	if nameText(web.RawSubject) != "C=CN, O=测试, CN=请求来的名字" || !o.state().find("web").sameKey(key.Public()) || exists(result+"/keys") {
		t.Errorf("%s", nameText(web.RawSubject))
	}
	if !strings.Contains(string(read(t, result, issuersFile)), "FILL IN") {
		t.Error("the fragment does not say that the key's place is missing")
	}
	broken := requestBy(t, key, subject)
	broken[len(broken)-1] ^= 1
	o.file("web.csr", broken)
	o.refused(strings.Replace(act, "id: web", "id: web-2", 1), "request.proof-of-possession")
}

func requestBy(t *testing.T, key *keys.Key, subject []byte) []byte {
	t.Helper()
	prepared, err := prepareRequest("x", &member{key: key}, subject)
	if err != nil {
		t.Fatal(err)
	}
	der, err := prepared.sign(rand.Reader, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}
