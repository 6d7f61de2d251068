package verify

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"onecert/pki"
)

// pkitsData is where Debian's python3-cryptography-vectors puts NIST's files
// (scripts/deps.sh installs it).
const pkitsData = "/usr/lib/python3/dist-packages/cryptography_vectors/x509/PKITS_data"

// pkitsTest is a row of vectors/pkits/tests.tsv: PKITS 1.0.1, clause 4.
type pkitsTest struct {
	number, subpart, name string
	accept                bool
	policies              Policies
	certificates, lists   []string
}

// pkitsOutOfScope are tests that ask for what we refuse on purpose, with the reason.
func pkitsOutOfScope() map[string]string {
	const dsa = "wants DSA with SHA-1, which FIPS 186-5 has withdrawn; we refuse it as weak"
	return map[string]string{"4.1.4": dsa, "4.1.5": dsa}
}

func pkitsTests(t testing.TB) (all []pkitsTest) {
	t.Helper()
	text, err := os.ReadFile("../vectors/pkits/tests.tsv")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		if strings.HasPrefix(line, "#") {
			continue
		}
		if len(f) != 8 {
			t.Fatalf("a row with %d fields: %s", len(f), line)
		}
		one := pkitsTest{number: f[0], subpart: f[1], name: f[2], accept: f[3] == "accept", certificates: strings.Split(f[6], ","), lists: strings.Split(f[7], ",")}
		for _, policy := range strings.Split(f[4], ",") {
			if policy != "any" { // 2.16.840.1.101.3.2.1.48.N
				one.policies.Acceptable = append(one.policies.Acceptable, pki.OID{2, 16, 840, 1, 101, 3, 2, 1, 48, int(policy[0] - '0')})
			}
		}
		inputs := strings.Split(f[5], ",")
		one.policies.Explicit = slices.Contains(inputs, "explicit")
		one.policies.NoMapping = slices.Contains(inputs, "no-mapping")
		one.policies.InhibitAny = slices.Contains(inputs, "no-any")
		all = append(all, one)
	}
	return all
}

func pkitsFile(t testing.TB, folder, name string) []byte {
	t.Helper()
	der, err := os.ReadFile(filepath.Join(pkitsData, folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func pkitsCertificate(t testing.TB, name string) *Certificate {
	t.Helper()
	c, err := ParseCertificate(pkitsFile(t, "certs", name+".crt"))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return c
}

func pkitsList(t testing.TB, name string) *CRL {
	t.Helper()
	list, err := ParseCRL(pkitsFile(t, "crls", name+".crl"))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return list
}

// pkitsAt is within the validity of all that the tests want valid.
func pkitsAt() time.Time { return time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC) }

// TestPKITS asks every question of NIST's Public Key Interoperability Test Suite
// twice: with the files the test names, and with all files of the suite at once, so
// that the path and the lists have to be found.
func TestPKITS(t *testing.T) {
	everything, lists := pkitsStore(t)
	outOfScope := pkitsOutOfScope()
	var asked, passed, left int
	for _, test := range pkitsTests(t) {
		asked++
		if why := outOfScope[test.number]; why != "" {
			t.Logf("out of scope: %s %s: %s", test.number, test.name, why)
			left++
			continue
		}
		r := test.request(t)
		good := test.judge(t, "its own files", r)
		r.Intermediates, r.Lists = everything, lists
		if test.judge(t, "all files", r) && good {
			passed++
		}
	}
	t.Logf("PKITS: %d questions, %d passed, %d out of scope", asked, passed, left)
	if asked != 249 || passed+left != asked {
		t.Errorf("%d questions, %d passed, %d out of scope", asked, passed, left)
	}
}

func (p pkitsTest) request(t testing.TB) Request {
	r := Request{Roots: []*Certificate{pkitsCertificate(t, p.certificates[0])}, At: pkitsAt(), Purpose: Any, Policies: p.policies}
	last := len(p.certificates) - 1
	for _, name := range p.certificates[1:last] {
		r.Intermediates = append(r.Intermediates, pkitsCertificate(t, name))
	}
	r.Certificate = pkitsCertificate(t, p.certificates[last])
	for _, name := range p.lists {
		r.Lists = append(r.Lists, pkitsList(t, name))
	}
	return r
}

func (p pkitsTest) judge(t testing.TB, with string, r Request) bool {
	v := Check(t.Context(), r)
	if v.Good == p.accept {
		return true
	}
	t.Errorf("%s %s, part %s, with %s: good %v, reasons %v", p.number, p.name, p.subpart, with, v.Good, v.Reasons)
	return false
}

// pkitsStore is the whole suite.
func pkitsStore(t testing.TB) (certificates []*Certificate, lists []*CRL) {
	t.Helper()
	for _, folder := range []string{"certs", "crls"} {
		files, err := os.ReadDir(filepath.Join(pkitsData, folder))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if name, ok := strings.CutSuffix(file.Name(), ".crt"); ok {
				certificates = append(certificates, pkitsCertificate(t, name))
			}
			if name, ok := strings.CutSuffix(file.Name(), ".crl"); ok {
				lists = append(lists, pkitsList(t, name))
			}
		}
	}
	return certificates, lists
}
