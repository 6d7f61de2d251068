package trustlist_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
	"onecert/trustlist"
)

var moment = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// signer is a centre with a self-signed certificate.
func signer(t testing.TB, suite pki.Suite) (crypto.Signer, *smx509.Certificate) {
	t.Helper()
	key, err := pki.GenerateKey(rand.Reader, suite)
	if err != nil {
		t.Fatal(err)
	}
	template := &smx509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "示例中心"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: smx509.KeyUsageCertSign | smx509.KeyUsageDigitalSignature, NotBefore: moment.AddDate(-1, 0, 0), NotAfter: moment.AddDate(1, 0, 0)}
	der, err := smx509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := smx509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return key, c
}

func asPEM(c *smx509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
}

func listOf(c *smx509.Certificate) *trustlist.List {
	return &trustlist.List{Format: trustlist.Format, Name: "national", Number: 7, Publisher: "示例中心", Issued: moment, Ends: moment.AddDate(0, 1, 0),
		CAs: []trustlist.CA{{Name: "province", Title: "外省", Anchors: asPEM(c), Level: 2, Uses: []string{"login"},
			Revocation: []trustlist.Source{{Name: "list", Kind: "crl", URL: "http://crl.example/ca.crl"}}}}}
}

func TestSignAndOpen(t *testing.T) {
	for _, suite := range []pki.Suite{pki.SM2, pki.RSA2048, pki.P256} {
		key, c := signer(t, suite)
		_, stranger := signer(t, suite)
		message, err := trustlist.Sign(rand.Reader, trustlist.Author{Key: key, Certificate: c, At: moment}, listOf(c))
		if err != nil {
			t.Fatal(err)
		}
		for _, form := range [][]byte{message, pem.EncodeToMemory(&pem.Block{Type: "CMS", Bytes: message})} {
			l, err := trustlist.Open(form, []*smx509.Certificate{stranger, c}, moment)
			if err != nil || l.Number != 7 || l.Signer != c || l.CAs[0].Title != "外省" || l.Ended(moment) || !l.Ended(moment.AddDate(0, 2, 0)) {
				t.Fatalf("%s: %v %+v", suite, err, l)
			}
		}
		// The certificate that comes along proves nothing: the signer is pinned.
		if _, err := trustlist.Open(message, []*smx509.Certificate{stranger}, moment); pki.CodeOf(err) != "trustlist.signer" {
			t.Errorf("%s: not pinned: %v", suite, err)
		}
		if _, err := trustlist.Open(message, []*smx509.Certificate{c}, moment.AddDate(2, 0, 0)); pki.CodeOf(err) != "trustlist.signer-life" {
			t.Errorf("%s: a signer past his life: %v", suite, err)
		}
		if _, err := trustlist.Open(message, []*smx509.Certificate{c}, moment.Add(-time.Hour)); pki.CodeOf(err) != "trustlist.future" {
			t.Errorf("%s: the future: %v", suite, err)
		}
		if _, err := trustlist.Open(bytes.Replace(message, []byte(`"level": 2`), []byte(`"level": 9`), 1), []*smx509.Certificate{c}, moment); pki.CodeOf(err) != "trustlist.signer" {
			t.Errorf("%s: a changed level: %v", suite, err)
		}
	}
}

// TestOpenSSLShowsTheList: what the page for administrators says: openssl verifies a list
// with the pinned certificate and prints it.
func TestOpenSSLShowsTheList(t *testing.T) {
	for _, suite := range []pki.Suite{pki.RSA2048, pki.P256} {
		key, c := signer(t, suite)
		message, err := trustlist.Sign(rand.Reader, trustlist.Author{Key: key, Certificate: c, At: moment}, listOf(c))
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		list, pinned := filepath.Join(dir, "list.p7"), filepath.Join(dir, "list.pem")
		if os.WriteFile(list, message, 0o600) != nil || os.WriteFile(pinned, []byte(asPEM(c)), 0o600) != nil {
			t.Fatal("the files cannot be written")
		}
		args := []string{"cms", "-verify", "-binary", "-inform", "DER", "-in", list, "-certfile", pinned, "-nointern", "-noverify"}
		out, err := exec.Command("openssl", args...).Output()
		if err != nil || !bytes.Contains(out, []byte(`"format": "onecert-trust-list-1"`)) {
			t.Errorf("%s: %v %.200s", suite, err, out)
		}
		message[bytes.Index(message, []byte("province"))] ^= 1
		if os.WriteFile(list, message, 0o600) != nil {
			t.Fatal("the file cannot be written")
		}
		if exec.Command("openssl", args...).Run() == nil {
			t.Errorf("%s: openssl believes a changed list", suite)
		}
	}
}

func TestRefusedLists(t *testing.T) {
	_, c := signer(t, pki.P256)
	for name, change := range map[string]func(*trustlist.List){
		"format":          func(l *trustlist.List) { l.Format = "onecert-trust-list-2" },
		"name":            func(l *trustlist.List) { l.Name = "A list" },
		"number":          func(l *trustlist.List) { l.Number = 0 },
		"no end":          func(l *trustlist.List) { l.Ends = time.Time{} },
		"far end":         func(l *trustlist.List) { l.Ends = l.Issued.AddDate(3, 0, 0) },
		"name of a CA":    func(l *trustlist.List) { l.CAs[0].Name = "../x" },
		"twice":           func(l *trustlist.List) { l.CAs = append(l.CAs, l.CAs[0]) },
		"no anchor":       func(l *trustlist.List) { l.CAs[0].Anchors = "" },
		"no certificates": func(l *trustlist.List) { l.CAs[0].Intermediates = "x" },
		"level":           func(l *trustlist.List) { l.CAs[0].Level = 10 },
		"use":             func(l *trustlist.List) { l.CAs[0].Uses = []string{"everything"} },
		"a file":          func(l *trustlist.List) { l.CAs[0].Revocation[0].URL = "file:///etc/passwd" },
		"a password":      func(l *trustlist.List) { l.CAs[0].Revocation[0].URL = "http://a:b@crl.example/" },
		"no revocation":   func(l *trustlist.List) { l.CAs[0].Revocation[0] = trustlist.Source{Name: "x", Kind: "none"} },
		"the journal":     func(l *trustlist.List) { l.CAs[0].Revocation[0] = trustlist.Source{Name: "x", Kind: "journal"} },
		"span":            func(l *trustlist.List) { l.CAs[0].Revocation[0].Every = "daily" },
		"too many":        func(l *trustlist.List) { l.CAs = make([]trustlist.CA, 300) },
	} {
		l := listOf(c)
		change(l)
		if err := l.Check(); err == nil || !strings.HasPrefix(pki.CodeOf(err), "trustlist.") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, text := range map[string]string{"unknown field": `{"format":"onecert-trust-list-1","onlyIf":"x"}`, "two": `{} {}`, "none": ``} {
		if _, err := trustlist.Parse([]byte(text)); pki.CodeOf(err) != "trustlist.format" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"format":"onecert-trust-list-1","name":"x","number":1,"cas":[{"name":"a","revocation":[{"name":"x","kind":"crl","url":"http://x"}]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if l, err := trustlist.Parse(text); err == nil {
			_ = l.Check()
		}
	})
}
