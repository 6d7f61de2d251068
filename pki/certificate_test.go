package pki_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/hex"
	"io"
	"math/big"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
)

type nil2rand struct{}

func (nil2rand) Read(p []byte) (int, error) { return io.ReadFull(rand.Reader, p) }

// signTBS signs as the suite does, with the libraries' own calls.
func signTBS(t testing.TB, key crypto.Signer, suite pki.Suite, tbs []byte) []byte {
	t.Helper()
	var signature []byte
	var err error
	switch suite {
	case pki.SM2:
		signature, err = key.Sign(rand.Reader, tbs, sm2.DefaultSM2SignerOpts)
	case pki.P384:
		sum := sha512.Sum384(tbs)
		signature, err = key.Sign(rand.Reader, sum[:], crypto.SHA384)
	default:
		sum := sha256.Sum256(tbs)
		signature, err = key.Sign(rand.Reader, sum[:], crypto.SHA256)
	}
	if err != nil {
		t.Fatal(err)
	}
	return signature
}

func allExtensions() []pki.Extension {
	return []pki.Extension{
		pki.AuthorityKeyIDExtension([]byte{1, 2, 3}), pki.SubjectKeyIDExtension([]byte{1, 2, 3}),
		pki.KeyUsageExtension(x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign | x509.KeyUsageCRLSign),
		pki.BasicConstraintsExtension(true, 1),
		pki.ExtKeyUsageExtension([]pki.OID{{1, 3, 6, 1, 5, 5, 7, 3, 1}, {1, 3, 6, 1, 5, 5, 7, 3, 2}}, false),
		pki.SubjectAltNameExtension([]pki.AltName{{Kind: "dns", Value: "a.example"}, {Kind: "ip", Value: "192.0.2.9"}, {Kind: "ip", Value: "2001:db8::9"},
			{Kind: "email", Value: "x@a.example"}, {Kind: "uri", Value: "https://a.example/"}}, false),
		pki.PoliciesExtension([]pki.OID{{2, 999, 1, 1}}, "https://a.example/cps"),
		pki.CRLDistPointsExtension([]string{"http://a.example/crl/7.crl"}),
		pki.AuthorityInfoExtension([]string{"http://a.example/ocsp"}, []string{"http://a.example/ca.cer"}),
		pki.StringExtension(pki.OIDOrganizationCode, "11999900MB0000000G"),
		pki.IdentifyCodeExtension("999901199001010010"),
	}
}

// TestCertificateReadByOthers: crypto/x509 and OpenSSL read every field as written.
func TestCertificateReadByOthers(t *testing.T) {
	for _, suite := range []pki.Suite{pki.P256, pki.P384, pki.RSA2048, pki.SM2} {
		key, err := pki.GenerateKey(nil, suite)
		if err != nil {
			t.Fatal(err)
		}
		subject, _ := pki.Name{{Type: "C", Value: "CN"}, {Type: "CN", Value: "测试"}}.DER()
		spki, err := pki.MarshalPublicKey(key.Public())
		if err != nil {
			t.Fatal(err)
		}
		serial, _ := pki.NewSerial(rand.Reader)
		tbs, err := pki.Template{Serial: serial, Suite: suite, Issuer: subject, Subject: subject, NotBefore: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
			NotAfter: time.Date(2050, 1, 2, 3, 4, 5, 0, time.UTC), PublicKey: spki, Extensions: allExtensions()}.TBS()
		if err != nil {
			t.Fatal(err)
		}
		der := pki.Assemble(tbs, suite, signTBS(t, key, suite, tbs))
		cert, err := smx509.ParseCertificate(der)
		if err != nil {
			t.Fatal(suite, err)
		}
		if err := cert.CheckSignatureFrom(cert); err != nil {
			t.Error(suite, err)
		}
		if cert.NotAfter.Year() != 2050 || cert.MaxPathLen != 1 || len(cert.IPAddresses) != 2 || cert.URIs[0].Host != "a.example" || pki.SerialOf(cert.SerialNumber) != serial {
			t.Errorf("%s: %+v", suite, cert)
		}
		text := openssl(t, der, "x509", "-inform", "DER", "-noout", "-text", "-nameopt", "utf8")
		for _, want := range []string{"DNS:a.example, IP Address:192.0.2.9, IP Address:2001:DB8:0:0:0:0:0:9, email:x@a.example, URI:https://a.example/",
			"Digital Signature, Certificate Sign, CRL Sign", "CA:TRUE, pathlen:1", "URI:http://a.example/crl/7.crl", "OCSP - URI:http://a.example/ocsp",
			"CA Issuers - URI:http://a.example/ca.cer", "Policy: 2.999.1.1", "CPS: https://a.example/cps", "Jan  2 03:04:05 2050 GMT", "01:02:03"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: OpenSSL does not show %q in\n%s", suite, want, text)
			}
		}
		if suite != pki.SM2 {
			if _, err := x509.ParseCertificate(der); err != nil {
				t.Error("crypto/x509:", err)
			}
		}
	}
}

func openssl(t *testing.T, input []byte, args ...string) string {
	t.Helper()
	command := exec.Command("openssl", args...)
	command.Stdin = bytes.NewReader(input)
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("openssl %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// TestKeyUsageBits compares every combination's encoding with the standard library's.
func TestKeyUsageBits(t *testing.T) {
	for usage := x509.KeyUsage(1); usage < 1<<9; usage++ {
		e := pki.KeyUsageExtension(usage)
		names := pki.KeyUsageNames(usage)
		if again, err := pki.KeyUsageOf(names); err != nil || again != usage {
			t.Fatalf("%v: %v %v", names, again, err)
		}
		last := 0
		for bit := range 9 {
			if usage&(1<<bit) != 0 {
				last = bit
			}
		}
		if int(e.Value[1]) != len(e.Value)-2 || int(e.Value[2]) != 7-last%8 || len(e.Value) != 4+last/8 {
			t.Fatalf("%b is coded %x", usage, e.Value)
		}
	}
}

func TestCRLReadByOthers(t *testing.T) {
	key, _ := pki.GenerateKey(nil, pki.P256)
	issuer, _ := pki.Name{{Type: "CN", Value: "I"}}.DER()
	at := time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
	var entries []byte
	entries = pki.AddListed(entries, pki.Listed{Serial: "0a", At: at})
	entries = pki.AddListed(entries, pki.Listed{Serial: "0b", At: at, Reason: pki.KeyCompromise, Invalidity: at.Add(-time.Hour)})
	for _, l := range []pki.List{
		{Number: 5, Freshest: []string{"http://a.example/delta.crl"}},
		{Number: 6, Base: 5},
		{Number: 6, PointURI: "http://a.example/crl/7.crl"},
	} {
		l.Suite, l.Issuer, l.ThisUpdate, l.NextUpdate, l.KeyID = pki.P256, issuer, at, at.Add(time.Hour), []byte{9, 9}
		tbs, err := l.TBS(entries)
		if err != nil {
			t.Fatal(err)
		}
		der := pki.Assemble(tbs, pki.P256, signTBS(t, key, pki.P256, tbs))
		list, err := smx509.ParseRevocationList(der)
		if err != nil || list.Number.Int64() != l.Number || len(list.RevokedCertificateEntries) != 2 || list.RevokedCertificateEntries[1].ReasonCode != 1 {
			t.Errorf("%+v: %+v %v", l, list, err)
		}
		text := openssl(t, der, "crl", "-inform", "DER", "-noout", "-text")
		for _, want := range []string{"Key Compromise", "Invalidity Date", map[bool]string{true: "X509v3 Delta CRL Indicator: critical", false: ""}[l.Base > 0],
			map[bool]string{true: "X509v3 Issuing Distribution Point: critical", false: ""}[l.PointURI != ""]} {
			if !strings.Contains(text, want) {
				t.Errorf("OpenSSL does not show %q in\n%s", want, text)
			}
		}
	}
	empty, err := pki.List{Suite: pki.P256, Issuer: issuer, ThisUpdate: at, NextUpdate: at.Add(time.Hour), Number: 1}.TBS(nil)
	if err != nil {
		t.Fatal(err)
	}
	if list, err := smx509.ParseRevocationList(pki.ThrowAway(empty, pki.P256)); err != nil || len(list.RevokedCertificateEntries) != 0 {
		t.Error(err)
	}
}

func TestPublicKeys(t *testing.T) {
	for _, suite := range pki.Suites() {
		if suite == pki.RSA4096 {
			continue // as RSA3072, and slow to make
		}
		key, err := pki.GenerateKey(nil, suite)
		if err != nil {
			t.Fatal(err)
		}
		spki, err := pki.MarshalPublicKey(key.Public())
		if err != nil {
			t.Fatal(err)
		}
		want, err := smx509.MarshalPKIXPublicKey(key.Public())
		if err != nil || !bytes.Equal(spki, want) {
			t.Errorf("%s: gmsm encodes %x, we %x", suite, want, spki)
		}
		back, err := pki.ParsePublicKey(spki)
		if err != nil {
			t.Fatal(suite, err)
		}
		if s, err := pki.SuiteOf(back); err != nil || s != suite {
			t.Errorf("%s reads back as %s, %v", suite, s, err)
		}
		for i := range spki { // no change passes as the same key
			changed := bytes.Clone(spki)
			changed[i] ^= 1
			if other, err := pki.ParsePublicKey(changed); err == nil && other.(interface{ Equal(crypto.PublicKey) bool }).Equal(back) {
				t.Errorf("%s: octet %d does not count", suite, i)
			}
		}
	}
}

func TestBadPublicKeys(t *testing.T) {
	rsaKey := func(n *big.Int, e int) []byte {
		der, err := x509.MarshalPKIXPublicKey(&rsa.PublicKey{N: n, E: e})
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	point, _ := pki.GenerateKey(nil, pki.SM2)
	off, _ := pki.MarshalPublicKey(point.Public())
	off[len(off)-1] ^= 1
	infinity := bytes.Clone(off)
	for i := len(infinity) - 64; i < len(infinity); i++ {
		infinity[i] = 0
	}
	cases := []struct {
		name string
		spki []byte
		code string
	}{
		{"exponent 1", rsaKey(key.N, 1), "key.exponent"},
		{"exponent 3", rsaKey(key.N, 3), "key.exponent"},
		{"even exponent", rsaKey(key.N, 65538), "key.exponent"},
		{"even modulus", rsaKey(new(big.Int).Lsh(key.N, 1), 65537), "key.modulus"},
		{"odd size", rsaKey(new(big.Int).SetBit(new(big.Int).Rsh(key.N, 3), 0, 1), 65537), "key.size"},
		{"off the curve", off, "key.point"},
		{"zero point", infinity, "key.point"},
		{"empty", nil, "key.malformed"},
		{"trailing", append(rsaKey(key.N, 65537), 0), "key.malformed"},
	}
	for _, c := range cases {
		if _, err := pki.ParsePublicKey(c.spki); pki.CodeOf(err) != c.code || pki.KindOf(err) != pki.Invalid {
			t.Errorf("%s: %v (%s)", c.name, err, pki.CodeOf(err))
		}
	}
}

// TestVectorZ is the example of GB/T 32918.5: an SM2 request's default-id digest.
func TestVectorZ(t *testing.T) {
	d, _ := new(big.Int).SetString("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8", 16)
	key, err := sm2.NewPrivateKeyFromInt(d)
	if err != nil {
		t.Fatal(err)
	}
	z, err := sm2.CalculateZA(&key.PublicKey, []byte("1234567812345678"))
	if err != nil || !strings.EqualFold(hex.EncodeToString(z), "B2E14C5C79C6DF5B85F4FE7ED8DB7A262B9DA7E07CCB0EA9F4747B8CCDA8A4F3") {
		t.Errorf("Z %x %v", z, err)
	}
	if len(pki.Point(&key.PublicKey)) != 65 {
		t.Error("point length")
	}
}

func FuzzParsePublicKey(f *testing.F) {
	for _, suite := range []pki.Suite{pki.SM2, pki.P256, pki.P384} {
		key, _ := pki.GenerateKey(nil, suite)
		spki, _ := pki.MarshalPublicKey(key.Public())
		f.Add(spki)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		public, err := pki.ParsePublicKey(data)
		if err != nil {
			return
		}
		//lint:ignore SA1019 crypto/ecdh knows no SM2 curve
		if key, ok := public.(*ecdsa.PublicKey); ok && !key.Curve.IsOnCurve(key.X, key.Y) {
			t.Error("a point off the curve was accepted")
		}
		if _, err := pki.MarshalPublicKey(public); err != nil {
			t.Error(err)
		}
	})
}

func TestErrorsSayWhatToDo(t *testing.T) {
	cause := os.ErrPermission
	err := pki.Errorf(pki.Conflict, "a.b", "it is %d", 7).To("do %s", "that").Because(cause)
	if err.Error() != "it is 7; do that" || pki.KindOf(err) != pki.Conflict || pki.CodeOf(err) != "a.b" || err.Unwrap() != cause {
		t.Errorf("%v", err)
	}
	if pki.KindOf(cause) != pki.Internal || pki.CodeOf(nil) != "internal" {
		t.Error("errors of others")
	}
}
