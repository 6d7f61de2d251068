package e2e

import (
	"bytes"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestOpenSSLRequests: each kind of request OpenSSL makes, in both codings, gets a
// pair; OpenSSL verifies the chains it can (RSA, ECDSA), BouncyCastle those of SM2.
func TestOpenSSLRequests(t *testing.T) {
	d := shared(t)
	office := d.as(t, "centre.issuer")
	for _, way := range slices.Sorted(maps.Keys(opensslWays())) {
		t.Run(way, func(t *testing.T) {
			for _, coding := range []string{"PEM", "DER"} {
				a := newApplicant(t, way, personName())
				o := a.order(t, "person-sign")
				if coding == "DER" {
					openssl(t, "req", "-in", a.file("request.pem"), "-outform", "DER", "-out", a.file("request.der"))
					o.Request = read(t, a.file("request.der"))
				}
				got := office.issue(t, o)
				got.files(t, a.folder)
				if want := map[bool]string{true: "empty-id", false: "standard"}[way == "sm2"]; got.Form != want {
					t.Errorf("%s: the answer says the request was %q, not %q", coding, got.Form, want)
				}
				pairFits(t, d, a, got)
			}
		})
	}
}

// pairFits checks a pair against the applicant's key and the trust of the demo.
func pairFits(t testing.TB, d *demo, a applicant, got *issued) {
	t.Helper()
	sign, encrypt := a.file("sign.pem"), a.file("enc.pem")
	if publicKey(t, sign) != publicKey(t, a.file("sign.key")) {
		t.Error("the signing certificate is for another key")
	}
	if publicKey(t, sign) == publicKey(t, encrypt) {
		t.Error("both halves have one key")
	}
	if got.Envelope == nil || got.SealedTo != "signing-key" || got.Sign.Partner != got.Encrypt.Serial {
		t.Errorf("the halves do not know each other: %+v", got.Sign)
	}
	name := openssl(t, "x509", "-in", sign, "-noout", "-subject", "-nameopt", "utf8,sep_comma_plus")
	if name != openssl(t, "x509", "-in", encrypt, "-noout", "-subject", "-nameopt", "utf8,sep_comma_plus") || !strings.Contains(name, got.Sign.Holder) {
		t.Errorf("the names differ, or miss the holder: %s", name)
	}
	opensslSays(t, []string{"x509", "-in", sign, "-noout", "-ext", "keyUsage"}, "critical", "Digital Signature, Non Repudiation")
	usage := map[string]string{"sm2": "Key Encipherment, Data Encipherment, Key Agreement", "rsa": "Key Encipherment", "ecdsa": "Key Agreement"}[a.family]
	opensslSays(t, []string{"x509", "-in", encrypt, "-noout", "-ext", "keyUsage"}, "critical", usage+"\n")
	for _, half := range []string{sign, encrypt} {
		if serial := serialOf(t, half); len(serial) < 38 {
			t.Errorf("the serial %s has fewer than 152 bits", serial)
		}
		d.verifies(t, a.family, half)
	}
	if !bytes.Equal(got.Chain[0], unpem(t, d.Trust[a.family].Chain)) || !bytes.Equal(got.Chain[len(got.Chain)-1], unpem(t, d.Trust[a.family].Root)) {
		t.Error("the chain in the answer is not the demo's")
	}
}

// verifies lets a stranger validate a certificate's path.
func (d *demo) verifies(t testing.TB, family, cert string) {
	t.Helper()
	anchors := d.Trust[family]
	if family == "sm2" {
		javaSays(t, java(t, "chain", "--root", anchors.Root, "--chain", anchors.Chain, "--leaf", cert), "valid=true", "length=2")
		return
	}
	opensslSays(t, d.verifyArgs(family, cert), cert+": OK")
}

// verifyArgs is OpenSSL's path validation, with further flags.
func (d *demo) verifyArgs(family, cert string, flags ...string) []string {
	args := []string{"verify", "-x509_strict", "-CAfile", d.Trust[family].Root, "-untrusted", d.Trust[family].Chain}
	return append(append(args, flags...), cert)
}

// TestOtherKinds: an order of each kind but persons, with OpenSSL's purposes where
// it knows them.
func TestOtherKinds(t *testing.T) {
	d := shared(t)
	office := d.as(t, "centre.issuer")
	unit := "/C=CN/O=示例市民政局/CN="
	for _, c := range []struct {
		way, profile, name, purpose string
		flags                       []string
		values                      map[string]string
	}{
		{way: "p256", profile: "organisation-sign", name: "/C=CN/O=示例机构/CN=示例机构" + unused(), purpose: "smimesign",
			values: map[string]string{"credit_code": "11999900MB0000000G"}},
		{way: "rsa2048", profile: "device-server-tls", name: unit + "host.example", purpose: "sslserver",
			flags: []string{"-addext", "subjectAltName=DNS:host.example,IP:192.0.2.7"}},
		{way: "p256", profile: "device-client", name: unit + "client " + unused(), purpose: "sslclient"},
		{way: "p384", profile: "code-signing", name: "/C=CN/O=示例软件有限公司/CN=示例软件" + unused(), purpose: "any"},
		{way: "rsa2048", profile: "ocsp-responder", name: unit + "OCSP " + unused(), purpose: "ocsphelper"},
		{way: "p256", profile: "time-stamping", name: unit + "TSA " + unused(), purpose: "timestampsign"},
	} {
		t.Run(c.profile, func(t *testing.T) {
			a := newApplicant(t, c.way, c.name, c.flags...)
			o := a.order(t, c.profile)
			o.Values = c.values
			office.issue(t, o).files(t, a.folder)
			opensslSays(t, d.verifyArgs(a.family, a.file("sign.pem"), "-purpose", c.purpose), ": OK")
			if c.profile != "device-server-tls" {
				return
			}
			opensslSays(t, d.verifyArgs(a.family, a.file("sign.pem"), "-verify_hostname", "host.example", "-verify_ip", "192.0.2.7"), ": OK")
			opensslRefuses(t, "hostname mismatch", d.verifyArgs(a.family, a.file("sign.pem"), "-verify_hostname", "other.example")...)
			opensslRefuses(t, "purpose", d.verifyArgs(a.family, a.file("sign.pem"), "-purpose", "sslclient")...)
		})
	}
}

// TestEncryptionKeys: what OpenSSL encrypts to the encryption certificate opens with
// the key delivered, and after a re-issue with the key recovered.
func TestEncryptionKeys(t *testing.T) {
	d := shared(t)
	office := d.as(t, "centre.issuer")
	registration := d.as(t, "ra1") // who makes certificates does not get old keys
	for _, way := range []string{"sm2", "rsa2048", "rsa3072", "p256", "p384"} {
		t.Run(way, func(t *testing.T) {
			a := newApplicant(t, way, personName())
			got := a.person(t, office)
			content := "政务文件 " + unused() + "\n"
			a.encrypt(t, a.file("enc.pem"), content)
			a.open(t, *got.Envelope, a.file("sign.key"), a.file("enc.pem"), "enc.key")
			a.decrypt(t, a.file("enc.key"), content)

			lost := newApplicant(t, way, "/CN=lost") // a new key; the name stays that of the old certificate
			var again issued
			registration.must(t, "POST", got.Sign.path("reissue"), change{Application: "e2e-" + unused(), Request: lost.request(t), Reason: "keyCompromise"}, &again)
			again.files(t, lost.folder)
			pairFits(t, d, lost, &again)
			if again.Sign.Subject != got.Sign.Subject || len(again.History) != 1 || again.History[0].CertNo != got.Encrypt.Serial {
				t.Fatalf("the re-issue of %s brought %q with history %+v", got.Sign.Subject, again.Sign.Subject, again.History)
			}
			a.open(t, again.History[0].Envelope, lost.file("sign.key"), a.file("enc.pem"), "recovered.key")
			a.decrypt(t, a.file("recovered.key"), content)
			if !bytes.Equal(keyOf(t, a.file("recovered.key")), keyOf(t, a.file("enc.key"))) {
				t.Error("the recovered key is another")
			}
			lost.open(t, *again.Envelope, lost.file("sign.key"), lost.file("enc.pem"), "enc.key")
			if publicKey(t, lost.file("enc.pem")) == publicKey(t, a.file("enc.pem")) {
				t.Error("the re-issued pair has the old encryption key")
			}
		})
	}
}

// keyOf is a private key in one coding, whatever tool wrote the file.
func keyOf(t testing.TB, path string) []byte {
	t.Helper()
	openssl(t, "pkey", "-in", path, "-traditional", "-outform", "DER", "-out", path+".plain")
	content := read(t, path+".plain")
	os.Remove(path + ".plain")
	return content
}
