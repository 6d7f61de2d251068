package wire

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"onecert/ca"
	"onecert/ceremony"
	"onecert/keys"
	"onecert/pki"
	"onecert/serve"
)

// manyIssuers adds n issuers to a small CA, written the short way: what they share
// stands once, under an anchor. Their keys are one key in files of their own, because
// making thousands would take the test's minutes.
func manyIssuers(t *testing.T, config string, n int) {
	t.Helper()
	dir := filepath.Dir(config)
	key, err := openKey(dir, "file:keys/ecdsa.pem?pass=file:passphrase")
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := os.ReadFile(filepath.Join(dir, "keys", "ecdsa.pem"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "units"), 0o700); err != nil {
		t.Fatal(err)
	}
	var lines bytes.Buffer
	for i := range n {
		id := fmt.Sprintf("unit-%04d", i)
		write(t, dir, "keys/"+id+".pem", string(sealed))
		write(t, dir, "units/"+id+".pem", string(PEM(ownAuthority(t, key, id))))
		if i == 0 {
			fmt.Fprintf(&lines, "    - &unit {id: %[1]s, key: 'file:keys/%[1]s.pem?pass=file:passphrase', certificate: units/%[1]s.pem, partitions: 1, "+
				"addresses: {crl: http://pki.example/crl, aia: http://pki.example/aia, ocsp: http://pki.example/ocsp}}\n", id)
			continue
		}
		fmt.Fprintf(&lines, "    - {<<: *unit, id: %[1]s, key: 'file:keys/%[1]s.pem?pass=file:passphrase', certificate: units/%[1]s.pem}\n", id)
	}
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte("\ncrl:\n"), append(append([]byte("\n"), lines.Bytes()...), "crl:\n"...), 1)
	if err := os.WriteFile(config, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// ownAuthority is the certificate of a CA that is its own root.
func ownAuthority(t *testing.T, key *keys.Key, name string) []byte {
	t.Helper()
	subject, err := pki.Name{{Type: "C", Value: "CN"}, {Type: "CN", Value: name}}.DER()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC().Truncate(time.Second)
	c, err := ceremony.Certify(rand.Reader, pki.Authority{Subject: subject, PublicKey: key.Public(), NotBefore: now, NotAfter: now.AddDate(10, 0, 0), PathLen: 0}, key, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c.Raw
}

// counting opens keys and counts how many.
func counting(opened *atomic.Int64) Options {
	o := quietly()
	o.OpenKey = func(uri string) (*keys.Key, error) {
		opened.Add(1)
		return keys.Open(uri, keys.Options{})
	}
	return o
}

func openWith(t *testing.T, config string, o Options) *CAProcess {
	t.Helper()
	c, err := LoadCA(config)
	if err != nil {
		t.Fatal(err)
	}
	p, err := OpenCA(t.Context(), c, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestStartOpensNoKey: a CA with many issuers starts without opening one issuer's key;
// each is opened at its first signature, once.
func TestStartOpensNoKey(t *testing.T) {
	config := smallCA(t)
	manyIssuers(t, config, 60)
	openWith(t, config, quietly()).Close() // the first start issues the API's certificate
	var opened atomic.Int64
	p := openWith(t, config, counting(&opened))
	defer p.Close()
	if n := opened.Load(); n != 0 {
		t.Fatalf("%d keys were opened at the start", n)
	}
	is(t, p.health(t.Context()), openedItem, serve.Fine, "key.ok")
	for range 2 {
		if _, err := p.SignCRLs(issuer(t.Context()), "unit-0059"); err != nil {
			t.Fatal(err)
		}
	}
	if n := opened.Load(); n != 1 {
		t.Errorf("%d keys were opened for one issuer", n)
	}
	if i := is(t, p.health(t.Context()), openedItem, serve.Fine, "key.ok"); i.Value != 1 {
		t.Errorf("%+v", i)
	}
}

// TestKeyFoundBadLater: what is plainly wrong with a key stops the start; a wrong
// passphrase is found by 'config check', and shows in the health once it is needed.
func TestKeyFoundBadLater(t *testing.T) {
	config := smallCA(t)
	manyIssuers(t, config, 10)
	openWith(t, config, quietly()).Close()
	dir := filepath.Dir(config)
	write(t, dir, "other", "another passphrase\n")
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	wrong := strings.Replace(string(text), "unit-0004.pem?pass=file:passphrase", "unit-0004.pem?pass=file:other", 1)
	write(t, dir, filepath.Base(config), wrong)
	if parts := found(t, config, time.Now()); parts["issuers.unit-0004"] != "key.passphrase" || parts["issuers.unit-0005"] != "" {
		t.Errorf("config check: %v", parts)
	}
	p := openWith(t, config, quietly())
	if _, err := p.SignCRLs(issuer(t.Context()), "unit-0004"); pki.CodeOf(err) != "issuer.sign" {
		t.Errorf("signing: %v", err)
	}
	if i := is(t, p.health(t.Context()), "key.unit-0004", serve.Failing, "key.failing"); i.Stops {
		t.Error("one issuer of many stops the CA")
	}
	if _, err := p.SignCRLs(issuer(t.Context()), "unit-0005"); err != nil {
		t.Errorf("another issuer: %v", err)
	}
	p.Close()
	if err := os.Remove(filepath.Join(dir, "keys", "unit-0007.pem")); err != nil {
		t.Fatal(err)
	}
	c, err := LoadCA(config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenCA(t.Context(), c, quietly()); pki.CodeOf(err) != "key.missing" || !strings.Contains(err.Error(), "unit-0007") {
		t.Errorf("a missing key: %v", err)
	}
}

// TestConfigOfAThousandIssuers: what issuers share is written once, the file is within
// its bound, and a backup finds every key in it.
func TestConfigOfAThousandIssuers(t *testing.T) {
	addresses := ca.Addresses{CRL: "http://pki.example/crl", AIA: "http://pki.example/aia", OCSP: "http://pki.example/ocsp"}
	long := &CA{}
	short := strings.Builder{}
	short.WriteString("issuers:\n")
	for i := range 1000 {
		id := fmt.Sprintf("unit-%04d", i)
		one := IssuerFile{ID: id, Key: "file:keys/" + id + ".pem?pass=file:passphrase", Certificate: "units/" + id + ".pem", Partitions: 1, Addresses: addresses}
		long.Issuers = append(long.Issuers, one)
		if i == 0 {
			fmt.Fprintf(&short, "  - &unit {id: %s, key: '%s', certificate: %s, partitions: 1, addresses: {crl: %s, aia: %s, ocsp: %s}}\n", id, one.Key, one.Certificate, addresses.CRL, addresses.AIA, addresses.OCSP)
		} else {
			fmt.Fprintf(&short, "  - {<<: *unit, id: %s, key: '%s', certificate: %s}\n", id, one.Key, one.Certificate)
		}
	}
	text, err := yaml.Marshal(long)
	if err != nil || len(text) > maxConfig {
		t.Errorf("%d octets, %v", len(text), err)
	}
	var read CA
	if err := parseConfig("ca.yaml", []byte(short.String()), &read); err != nil {
		t.Fatal(err)
	}
	for i, one := range read.Issuers {
		if one != long.Issuers[i] {
			t.Fatalf("issuer %d is read as %+v", i, one)
		}
	}
	_, all, err := readNamed([]byte(short.String()))
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, n := range all {
		count[n.key]++
	}
	if count["issuers.id"] != 1000 || count["issuers.key"] != 1000 || count["issuers.certificate"] != 1000 || count["issuers.addresses.crl"] != 1 {
		t.Errorf("a backup sees %v", count)
	}
}
