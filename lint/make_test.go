package lint

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"golang.org/x/crypto/cryptobyte"

	"onecert/pki"
)

// hierarchy is a root, an issuing CA and the keys of both, made by smx509.
type hierarchy struct {
	suite           pki.Suite
	rootKey, caKey  crypto.Signer
	root, ca        *smx509.Certificate
	leafKey, encKey crypto.Signer
}

var testNow = time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC)

// RSA keys are slow to make: two serve all tests.
var rsaKey, secondRSAKey = sync.OnceValue(makeRSA), sync.OnceValue(makeRSA)

func makeRSA() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

func newKey(t testing.TB, suite pki.Suite) crypto.Signer {
	t.Helper()
	if suite == pki.RSA2048 {
		return rsaKey()
	}
	key, err := pki.GenerateKey(rand.Reader, suite)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newHierarchy(t testing.TB, suite pki.Suite) *hierarchy {
	t.Helper()
	h := &hierarchy{suite: suite, rootKey: newKey(t, suite), caKey: newKey(t, suite), leafKey: newKey(t, suite), encKey: newKey(t, suite)}
	if suite == pki.RSA2048 {
		h.encKey = secondRSAKey()
	}
	root := h.template("示例根证书", 20)
	root.IsCA, root.BasicConstraintsValid = true, true
	root.KeyUsage = smx509.KeyUsageCertSign | smx509.KeyUsageCRLSign
	root.CRLDistributionPoints, root.OCSPServer, root.IssuingCertificateURL = nil, nil, nil
	h.root = h.sign(t, root, root, h.rootKey, h.rootKey)
	ca := h.template("示例签发中心", 10)
	ca.IsCA, ca.BasicConstraintsValid, ca.MaxPathLenZero = true, true, true
	ca.KeyUsage = smx509.KeyUsageCertSign | smx509.KeyUsageCRLSign
	h.ca = h.sign(t, ca, h.root, h.caKey, h.rootKey)
	return h
}

// template is a certificate with everything common filled in.
func (h *hierarchy) template(commonName string, years int) *smx509.Certificate {
	serial, err := pki.NewSerial(rand.Reader)
	if err != nil {
		panic(err)
	}
	subject, err := pki.Name{{Type: "C", Value: "CN"}, {Type: "ST", Value: "示例省"}, {Type: "O", Value: "示例市民政局"}, {Type: "CN", Value: commonName}}.DER()
	if err != nil {
		panic(err)
	}
	return &smx509.Certificate{
		SerialNumber: serial.Big(), RawSubject: subject,
		NotBefore: testNow, NotAfter: testNow.AddDate(years, 0, 0),
		CRLDistributionPoints: []string{"http://crl.demo.example/ca/1.crl"},
		OCSPServer:            []string{"http://ocsp.demo.example/"},
		IssuingCertificateURL: []string{"http://aia.demo.example/ca.crt"},
		Policies:              []smx509.OID{testPolicy()},
	}
}

func testPolicy() smx509.OID {
	oid, err := smx509.OIDFromInts([]uint64{1, 2, 156, 99999, 1, 1})
	if err != nil {
		panic(err)
	}
	return oid
}

func (h *hierarchy) sign(t testing.TB, template, parent *smx509.Certificate, key, signer crypto.Signer) *smx509.Certificate {
	t.Helper()
	id := keyID(t, key.Public())
	template.SubjectKeyId = id
	der, err := smx509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	c, err := smx509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func keyID(t testing.TB, public crypto.PublicKey) []byte {
	t.Helper()
	spki, err := smx509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(spki)
	return sum[:20]
}

func (h *hierarchy) leaf(t testing.TB, template *smx509.Certificate) []byte {
	t.Helper()
	return h.sign(t, template, h.ca, h.leafKey, h.caKey).Raw
}

// encryption returns the encryption certificate beside a leaf: same names, other key.
func (h *hierarchy) encryption(t testing.TB, template *smx509.Certificate) []byte {
	t.Helper()
	template.KeyUsage = smx509.KeyUsageKeyEncipherment | smx509.KeyUsageDataEncipherment
	switch h.suite {
	case pki.SM2:
		template.KeyUsage |= smx509.KeyUsageKeyAgreement
	case pki.P256, pki.P384:
		template.KeyUsage = smx509.KeyUsageKeyAgreement
	}
	template.ExtKeyUsage = nil
	return h.sign(t, template, h.ca, h.encKey, h.caKey).Raw
}

// kinds are the certificate kinds of features.md H4 and our own services.
func (h *hierarchy) kinds() map[string]*smx509.Certificate {
	kinds := map[string]*smx509.Certificate{}
	add := func(kind, commonName string, usage smx509.KeyUsage, ext ...smx509.ExtKeyUsage) *smx509.Certificate {
		c := h.template(commonName, 3)
		c.KeyUsage, c.ExtKeyUsage = usage, ext
		kinds[kind] = c
		return c
	}
	signing := smx509.KeyUsageDigitalSignature | smx509.KeyUsageContentCommitment
	add("person", "买买提·艾力", signing, smx509.ExtKeyUsageClientAuth, smx509.ExtKeyUsageEmailProtection)
	organisation := add("organisation", "示例市民政局（城东分局）", signing)
	organisation.ExtraExtensions = []pkix.Extension{national(4, "11110000MB0123456A")}
	device := add("device", "www.demo.example", smx509.KeyUsageDigitalSignature, smx509.ExtKeyUsageServerAuth, smx509.ExtKeyUsageClientAuth)
	device.DNSNames, device.IPAddresses = []string{"www.demo.example", "*.demo.example"}, []net.IP{net.IPv4(10, 0, 0, 1).To4(), net.ParseIP("fd00::1")}
	add("code", "示例软件发布者", smx509.KeyUsageDigitalSignature, smx509.ExtKeyUsageCodeSigning)
	ocsp := add("ocsp", "OCSP responder 1", smx509.KeyUsageDigitalSignature, smx509.ExtKeyUsageOCSPSigning)
	ocsp.CRLDistributionPoints, ocsp.OCSPServer = nil, nil
	ocsp.ExtraExtensions = []pkix.Extension{{Id: pki.OIDOCSPNoCheck, Value: []byte{5, 0}}}
	tsa := add("time-stamping", "TSA 1", signing)
	tsa.ExtraExtensions = []pkix.Extension{{Id: pki.OIDExtKeyUsage, Critical: true, Value: der(func(b *cryptobyte.Builder) {
		sequence(b, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 8})
		})
	})}}
	return kinds
}

// national is an extension of the private arc with a PrintableString.
func national(last int, text string) pkix.Extension {
	value, err := asn1.MarshalWithParams(text, "printable")
	if err != nil {
		panic(err)
	}
	return pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 156, 10260, 4, 1, last}, Value: value}
}

func (h *hierarchy) crl(t testing.TB, entries int, extra ...pkix.Extension) []byte {
	t.Helper()
	list := &smx509.RevocationList{Number: big.NewInt(7), ThisUpdate: testNow, NextUpdate: testNow.AddDate(0, 0, 1), ExtraExtensions: extra}
	for i := range entries {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries, smx509.RevocationListEntry{
			SerialNumber: big.NewInt(int64(1000 + i)), RevocationTime: testNow.Add(-time.Hour), ReasonCode: 1 + i%5})
	}
	der, err := smx509.CreateRevocationList(rand.Reader, list, h.ca, h.caKey)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func der(build func(*cryptobyte.Builder)) []byte {
	var b cryptobyte.Builder
	build(&b)
	return b.BytesOrPanic()
}

func sequence(b *cryptobyte.Builder, build func(*cryptobyte.Builder)) { b.AddASN1(0x30, build) }

func deltaIndicator(base int64) pkix.Extension {
	return pkix.Extension{Id: pki.OIDDeltaCRLIndicator, Critical: true, Value: der(func(b *cryptobyte.Builder) { b.AddASN1Int64(base) })}
}

// scopeUsers is an issuing distribution point for end entities at one place.
func scopeUsers(place string) pkix.Extension {
	value := der(func(b *cryptobyte.Builder) {
		sequence(b, func(b *cryptobyte.Builder) {
			b.AddASN1(0xa0, func(b *cryptobyte.Builder) {
				b.AddASN1(0xa0, func(b *cryptobyte.Builder) {
					b.AddASN1(0x86, func(b *cryptobyte.Builder) { b.AddBytes([]byte(place)) })
				})
			})
			b.AddASN1(0x81, func(b *cryptobyte.Builder) { b.AddUint8(0xff) })
		})
	})
	return pkix.Extension{Id: pki.OIDIssuingDistPoint, Critical: true, Value: value}
}
