package e2e

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509/pkix"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
)

// template is a person's request as gmsm takes it.
func template() *smx509.CertificateRequest {
	return &smx509.CertificateRequest{Subject: pkix.Name{Country: []string{"CN"}, Organization: []string{"示例市民政局"}, CommonName: "申请人" + unused()}}
}

// writeKey writes a private key for tools.
func (a applicant) writeKey(t testing.TB, name string, key any) {
	t.Helper()
	der, err := smx509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, a.file(name), pemText("PRIVATE KEY", der))
}

func sm2Key(t testing.TB) *sm2.PrivateKey {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestGMSMRequest(t *testing.T) {
	d := shared(t)
	key := sm2Key(t)
	der, err := smx509.CreateCertificateRequest(rand.Reader, template(), key)
	if err != nil {
		t.Fatal(err)
	}
	a := applicant{folder: t.TempDir(), family: "sm2"}
	a.writeKey(t, "sign.key", key)
	writeFile(t, a.file("request.pem"), der) // bare DER
	got := a.person(t, d.as(t, "centre.issuer"))
	if got.Form != "standard" {
		t.Errorf("the request was %q", got.Form)
	}
	pairFits(t, d, a, got)
	a.open(t, *got.Envelope, a.file("sign.key"), a.file("enc.pem"), "enc.key")
}

// TestCFCARequests: the encryption key of CFCA's dialect comes sealed to the
// temporary key that the request brings, and to no other.
func TestCFCARequests(t *testing.T) {
	d := shared(t)
	office := d.as(t, "centre.issuer")
	t.Run("sm2", func(t *testing.T) {
		key, temporary := sm2Key(t), sm2Key(t)
		der, err := smx509.CreateCFCACertificateRequest(rand.Reader, template(), key, temporary.Public(), "a challenge")
		if err != nil {
			t.Fatal(err)
		}
		a := applicant{folder: t.TempDir(), family: "sm2"}
		a.writeKey(t, "sign.key", key)
		a.writeKey(t, "temporary.key", temporary)
		writeFile(t, a.file("request.pem"), pemText("CERTIFICATE REQUEST", der))
		got := a.sealedToTemporary(t, d, office)
		writeFile(t, a.file("envelope"), got.Envelope.DER)
		javaRefuses(t, "envelope", "--key", a.file("sign.key"), "--der", a.file("envelope"), "--out", a.file("none"))
	})
	t.Run("rsa", func(t *testing.T) {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		temporary, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		der, err := smx509.CreateCFCACertificateRequest(rand.Reader, template(), key, temporary.Public(), "a challenge")
		if err != nil {
			t.Fatal(err)
		}
		a := applicant{folder: t.TempDir(), family: "rsa"}
		a.writeKey(t, "sign.key", key)
		a.writeKey(t, "temporary.key", temporary)
		writeFile(t, a.file("request.pem"), der)
		a.sealedToTemporary(t, d, office)
	})
}

func (a applicant) sealedToTemporary(t *testing.T, d *demo, office *caller) *issued {
	got := a.person(t, office)
	if got.SealedTo != "temporary-key" || got.Form != "standard" {
		t.Errorf("sealed to %q, request %q", got.SealedTo, got.Form)
	}
	for _, cert := range []string{a.file("sign.pem"), a.file("enc.pem")} {
		d.verifies(t, a.family, cert)
	}
	a.open(t, *got.Envelope, a.file("temporary.key"), a.file("enc.pem"), "enc.key")
	a.encrypt(t, a.file("enc.pem"), "to a dialect\n")
	a.decrypt(t, a.file("enc.key"), "to a dialect\n")
	return got
}

// TestOthersRequests orders with the requests that others' tools made, where the
// sample files lie beside the checkout. Their subjects are theirs, so the order names
// its own, as a registration office does.
func TestOthersRequests(t *testing.T) {
	samples := filepath.Join("..", "..", "shared", "samples", "gm-csr")
	if _, err := os.Stat(samples); err != nil {
		t.Log("no sample files beside this checkout: nothing ordered")
		return
	}
	d := shared(t)
	office := d.as(t, "centre.issuer")
	wants := map[string][2]string{ // form and whom the envelope is sealed to
		"tongsuo-sm2.csr": {"standard", "signing-key"}, "cfca-sadk-sm2.csr": {"standard", "temporary-key"}, "cfca-sadk-rsa.csr": {"standard", "temporary-key"},
	}
	for _, name := range slices.Sorted(maps.Keys(wants)) {
		t.Run(name, func(t *testing.T) {
			got := office.issue(t, strangersOrder(name, read(t, filepath.Join(samples, name))))
			if got.Form != wants[name][0] || got.SealedTo != wants[name][1] {
				t.Errorf("request %q, sealed to %q; want %q", got.Form, got.SealedTo, wants[name])
			}
			sign, encrypt := got.files(t, t.TempDir())
			d.verifies(t, got.Sign.Issuer, sign)
			d.verifies(t, got.Sign.Issuer, encrypt)
		})
	}
	err := office.call("POST", "/v1/orders", strangersOrder("trustasia", read(t, filepath.Join(samples, "trustasia-sm2.csr"))), nil)
	refuses(t, err, 422, "request.double-hash")
}

// strangersOrder is the same each time: their keys are, too.
func strangersOrder(name string, request []byte) order {
	return order{Application: "e2e-" + name, Profile: "person-sign", Request: request, Holder: "E-" + name,
		Subject: []attribute{{Type: "C", Value: "CN"}, {Type: "O", Value: "示例市民政局"}, {Type: "CN", Value: "申请人 " + name}}}
}
