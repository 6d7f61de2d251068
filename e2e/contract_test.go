package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// cast is who must be in demo.json, with the kind of each (design: the demo).
func cast() map[string]string {
	all := map[string]string{"alice": "person", "bob": "person", "revoked": "person", "expired": "person", "held": "person",
		"bureau": "organisation", "server": "device", "publisher": "code"}
	for _, node := range []string{"centre", "ra1", "ra2", "lra1", "lra2"} {
		for _, role := range []string{"system", "security", "audit", "registrar", "reviewer", "issuer", "custodian"} {
			all[node+"."+role] = "officer"
		}
	}
	return all
}

// stockBrowser are the kinds that need a certificate beside SM2.
func stockBrowser(kind string) bool { return kind == "officer" || kind == "person" }

func TestDemoDescribesItself(t *testing.T) {
	d := shared(t)
	info, err := os.Stat(filepath.Join(d.folder, "demo.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("demo.json: %v, %v", info.Mode(), err)
	}
	for name, kind := range cast() {
		i, ok := d.Identities[name]
		if !ok {
			t.Errorf("%s is missing", name)
			continue
		}
		if i.Kind != kind || i.SM2 == nil || i.Password == "" || stockBrowser(kind) && i.RSA == nil && i.ECDSA == nil {
			t.Errorf("%s is %+v", name, i)
		}
		if _, role, ok := strings.Cut(name, "."); ok && !slices.Equal(i.Roles, []string{role}) {
			t.Errorf("%s has roles %q", name, i.Roles)
		}
	}
	for _, url := range append(families(), "ca", "kmc") {
		address := map[string]string{"ca": d.Endpoints.CA, "kmc": d.Endpoints.KMC}[url]
		if address == "" {
			address = d.Endpoints.CRL[url]
		}
		if !strings.Contains(address, "//127.0.0.1:") {
			t.Errorf("%s is at %q", url, address)
		}
	}
}

// TestDemoFilesFit: every file is there, keys fit certificates, and the PKCS#12
// files open, all in the eyes of OpenSSL.
func TestDemoFilesFit(t *testing.T) {
	d := shared(t)
	var lines sync.WaitGroup
	gate := make(chan struct{}, 4)
	for name, i := range d.Identities {
		for family, files := range i.in() {
			lines.Go(func() {
				gate <- struct{}{}
				defer func() { <-gate }()
				for _, fault := range filesFit(files, i.Password) {
					t.Errorf("%s %s: %s", name, family, fault)
				}
			})
		}
	}
	lines.Wait()
	pairs := map[string]*keyFiles{"alice": d.Identities["alice"].SM2, "bureau": d.Identities["bureau"].RSA, "server": d.Identities["server"].SM2}
	for name, files := range pairs {
		if files == nil || files.EncCert == "" {
			t.Errorf("%s has no pair", name)
		}
	}
}

// filesFit runs beside others, so it reports instead of failing.
func filesFit(f *keyFiles, password string) (faults []string) {
	tool := func(args ...string) string {
		output, err := exec.Command("openssl", args...).CombinedOutput()
		if err != nil {
			faults = append(faults, fmt.Sprintf("openssl %s: %v\n%s", strings.Join(args, " "), err, output))
		}
		return string(output)
	}
	halves := [][2]string{{f.SignCert, f.SignKey}}
	if f.EncCert != "" || f.EncKey != "" {
		halves = append(halves, [2]string{f.EncCert, f.EncKey})
	}
	for _, half := range halves {
		content, err := os.ReadFile(half[1])
		if err != nil || !strings.HasPrefix(string(content), "-----BEGIN PRIVATE KEY-----\n") {
			faults = append(faults, fmt.Sprintf("%s is not plain PKCS#8 (%v)", half[1], err))
		}
		if tool("x509", "-in", half[0], "-noout", "-pubkey") != tool("pkey", "-in", half[1], "-pubout") {
			faults = append(faults, half[1]+" is not the key of "+half[0])
		}
	}
	opened := tool("pkcs12", "-in", f.P12, "-passin", "pass:"+password, "-nodes")
	cert, err := os.ReadFile(f.SignCert)
	if err != nil || !strings.Contains(opened, strings.TrimSpace(string(cert))) || strings.Count(opened, "BEGIN CERTIFICATE") != 3 ||
		!strings.Contains(opened, "BEGIN PRIVATE KEY") {
		faults = append(faults, fmt.Sprintf("the PKCS#12 file does not hold key, certificate and two CAs (%v)", err))
	}
	return faults
}

// TestDemoFates: the cast's certificates are in the state they are named after.
func TestDemoFates(t *testing.T) {
	d := shared(t)
	for family, of := range d.Identities["expired"].in() {
		t.Run(family, func(t *testing.T) {
			if _, _, code := run(t, exec.Command("openssl", "x509", "-in", of.SignCert, "-noout", "-checkend", "0")); code != 1 {
				t.Error("the expired certificate has not expired")
			}
			chain := d.Trust[family].Chain
			crl := d.fetch(t, d.Endpoints.CRL[family])
			for name, want := range map[string][]string{
				"revoked": {"revoked=true", "reason=1"}, "held": {"revoked=true", "reason=6"}, "alice": {"listed=false"}, "bob": {"listed=false"},
			} {
				files := d.Identities[name].in()[family]
				for _, cert := range []string{files.SignCert, files.EncCert} {
					javaSays(t, java(t, "crl", "--issuer", chain, "--crl", crl, "--serial", serialOf(t, cert)), append(want, "signature=ok", "current=true")...)
				}
			}
		})
	}
}

// fetch gets a public file with curl and returns where it lies.
func (d *demo) fetch(t testing.TB, url string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fetched")
	out, problem, code := run(t, exec.Command("curl", "--silent", "--show-error", "--fail", "--noproxy", "*", "--max-time", "60", "--output", path, url))
	if code != 0 {
		t.Fatalf("curl %s: %s%s", url, out, problem)
	}
	return path
}

// TestDemoAddresses: what certificates point to is there: the issuing CA's
// certificate, and the partition of the CRL.
func TestDemoAddresses(t *testing.T) {
	d := shared(t)
	for _, family := range families() {
		der := d.fetch(t, d.Endpoints.AIA[family])
		if got, want := openssl(t, "x509", "-inform", "DER", "-in", der), openssl(t, "x509", "-in", d.Trust[family].Chain); got != want {
			t.Errorf("%s: the issuer's certificate on the web is another", family)
		}
		cert := d.Identities["alice"].in()[family].SignCert
		text := openssl(t, "x509", "-in", cert, "-noout", "-ext", "crlDistributionPoints,authorityInfoAccess")
		for _, address := range []string{"CA Issuers - URI:" + d.Endpoints.AIA[family], "OCSP - URI:http://"} {
			if !strings.Contains(text, address) {
				t.Errorf("%s: no %s in\n%s", family, address, text)
			}
		}
		d.fetch(t, distributionPoint(t, cert))
	}
}

// distributionPoint is where a certificate says its list is.
func distributionPoint(t testing.TB, cert string) string {
	t.Helper()
	text := openssl(t, "x509", "-in", cert, "-noout", "-ext", "crlDistributionPoints")
	_, url, ok := strings.Cut(text, "URI:")
	if !ok {
		t.Fatalf("%s has no distribution point: %s", cert, text)
	}
	return strings.Fields(url)[0]
}

// eventually waits for a condition that follows by itself.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}
