package e2e

import (
	"encoding/asn1"
	"encoding/pem"
	"strings"
	"testing"
)

// TestBouncyCastleChains: BouncyCastle validates both halves of a pair in each
// family, with the lists of both CAs, and refuses whatever was changed.
func TestBouncyCastleChains(t *testing.T) {
	d := shared(t)
	for _, family := range families() {
		t.Run(family, func(t *testing.T) {
			files := d.Identities["bob"].in()[family]
			chain := func(cert string) []string {
				return []string{"chain", "--root", d.Trust[family].Root, "--chain", d.Trust[family].Chain, "--leaf", cert}
			}
			for _, cert := range []string{files.SignCert, files.EncCert} {
				javaSays(t, java(t, chain(cert)...), "valid=true", "length=2", "algorithm="+signatureAlgorithm(family))
				javaRefuses(t, "chain", "--root", d.Trust[family].Root, "--leaf", cert)
				javaRefuses(t, "chain", "--root", d.Trust[other(family)].Root, "--chain", d.Trust[family].Chain, "--leaf", cert)
				for name, changed := range tampered(t, cert) {
					if answer := javaRefuses(t, chain(changed)...); !strings.Contains(answer, "valid=false") {
						t.Errorf("%s: refused before the path was looked at: %s", name, answer)
					}
				}
			}
			javaSays(t, javaRefuses(t, chain(d.Identities["expired"].in()[family].SignCert)...), "valid=false", "depth=0")
		})
	}
}

func signatureAlgorithm(family string) string {
	return map[string]string{"sm2": "1.2.156.10197.1.501", "rsa": "1.2.840.113549.1.1.11", "ecdsa": "1.2.840.10045.4.3.2"}[family]
}

func other(family string) string {
	return map[string]string{"sm2": "ecdsa", "rsa": "ecdsa", "ecdsa": "rsa"}[family]
}

// tampered writes copies of a certificate with one octet changed: in the serial, in
// the subject's text and in the signature.
func tampered(t testing.TB, cert string) map[string]string {
	t.Helper()
	block, _ := pem.Decode(read(t, cert))
	var parts struct {
		TBS       asn1.RawValue
		Algorithm asn1.RawValue
		Signature asn1.BitString
	}
	if _, err := asn1.Unmarshal(block.Bytes, &parts); err != nil {
		t.Fatal(err)
	}
	places := map[string]int{
		"serial":    20,
		"subject":   strings.Index(string(block.Bytes), "示例市"),
		"signature": len(block.Bytes) - 1,
	}
	h := tree{folder: t.TempDir()}
	all := map[string]string{}
	for name, at := range places {
		if at < 0 {
			t.Fatalf("the %s is not found", name)
		}
		changed := append([]byte(nil), block.Bytes...)
		changed[at] ^= 1
		all[name] = h.write(t, name, "CERTIFICATE", changed)
	}
	return all
}

// TestBouncyCastleRequests: what BouncyCastle asks for is issued, and it opens the
// envelope with its own key.
func TestBouncyCastleRequests(t *testing.T) {
	d := shared(t)
	office := d.as(t, "centre.issuer")
	for _, c := range []struct{ family, algorithm, flag, value string }{
		{"sm2", "SM2", "--dns", ""}, {"rsa", "RSA", "--bits", "2048"}, {"rsa", "RSA", "--bits", "3072"},
		{"ecdsa", "EC", "--curve", "P-256"}, {"ecdsa", "EC", "--curve", "P-384"},
	} {
		t.Run(c.algorithm+c.value, func(t *testing.T) {
			a := applicant{folder: t.TempDir(), family: c.family}
			args := []string{"csr", "--alg", c.algorithm, "--subject", "C=CN,O=示例市民政局,CN=申请人" + unused(),
				"--out", a.file("request.pem"), "--key", a.file("sign.key")}
			if c.value != "" {
				args = append(args, c.flag, c.value)
			}
			java(t, args...)
			got := a.person(t, office)
			if got.Form != "standard" {
				t.Errorf("the request was %q", got.Form)
			}
			pairFits(t, d, a, got)
			for _, cert := range []string{a.file("sign.pem"), a.file("enc.pem")} {
				javaSays(t, java(t, "chain", "--root", d.Trust[c.family].Root, "--chain", d.Trust[c.family].Chain, "--leaf", cert), "valid=true")
			}
			a.bouncyOpens(t, got)
			content := "to " + c.algorithm + "\n"
			a.encrypt(t, a.file("enc.pem"), content)
			a.decrypt(t, a.file("enc.key"), content)
		})
	}
}

// bouncyOpens opens the envelope with BouncyCastle, whatever the family.
func (a applicant) bouncyOpens(t testing.TB, got *issued) {
	t.Helper()
	if a.family == "sm2" {
		a.open(t, *got.Envelope, a.file("sign.key"), a.file("enc.pem"), "enc.key")
		return
	}
	writeFile(t, a.file("envelope"), got.Envelope.DER)
	javaSays(t, java(t, "cms-decrypt", "--key", a.file("sign.key"), "--in", a.file("envelope"), "--out", a.file("enc.key"), "--cert", a.file("enc.pem")),
		"certificate=match")
	javaRefuses(t, "cms-decrypt", "--key", a.file("enc.key"), "--in", a.file("envelope"), "--out", a.file("none"))
}

// TestBouncyCastleServerRequest: alternative names that stand in its request.
func TestBouncyCastleServerRequest(t *testing.T) {
	d := shared(t)
	a := applicant{folder: t.TempDir(), family: "sm2"}
	java(t, "csr", "--alg", "SM2", "--subject", "C=CN,O=示例市民政局,CN=host.example", "--dns", "host.example", "--ip", "192.0.2.9",
		"--out", a.file("request.pem"), "--key", a.file("sign.key"))
	got := d.as(t, "centre.issuer").issue(t, a.order(t, "device-server"))
	got.files(t, a.folder)
	pair := []string{a.file("sign.pem"), a.file("enc.pem")}
	for _, cert := range pair {
		d.verifies(t, "sm2", cert)
		opensslSays(t, []string{"x509", "-in", cert, "-noout", "-ext", "subjectAltName,extendedKeyUsage"}, "DNS:host.example, IP Address:192.0.2.9", "TLS Web Server Authentication")
	}
	a.open(t, *got.Envelope, a.file("sign.key"), pair[1], "enc.key")
}

// TestBouncyCastleReadsEncodings: Chinese stands in UTF8String, countries in
// PrintableString, and the holder is named.
func TestBouncyCastleReadsEncodings(t *testing.T) {
	d := shared(t)
	for _, family := range families() {
		says := javaValues(java(t, "dump", d.Identities["alice"].in()[family].SignCert))
		encoding := says["subject_encoding"]
		if !strings.HasPrefix(encoding, "2.5.4.6:DERPrintableString") || !strings.Contains(encoding, "2.5.4.3:DERUTF8String") ||
			!strings.Contains(encoding, "2.5.4.10:DERUTF8String") || !strings.Contains(encoding, "2.5.4.5:DERPrintableString") {
			t.Errorf("%s: %s", family, encoding)
		}
		if !strings.Contains(says["subject"], "CN=艾丽思") || says["usages"] != "digitalSignature,contentCommitment" || says["ca"] != "false" {
			t.Errorf("%s: %v", family, says)
		}
	}
}
