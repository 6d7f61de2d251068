package lint

import (
	"encoding/asn1"
	"encoding/hex"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

// plan is a certificate field by field, so that a test can break any one of them.
// Every []byte is a whole DER element unless said otherwise.
type plan struct {
	version    []byte // [0] EXPLICIT, nil for version 1
	serial     []byte // content octets
	inner      []byte
	outer      []byte
	issuer     []byte
	from, to   []byte
	subject    []byte
	spki       []byte
	unique     []byte // raw, after the key
	extensions []planned
	noList     bool // write an empty list of extensions
	signature  []byte
}

// planned is one extension; critical is the raw BOOLEAN or nil.
type planned struct {
	oid      asn1.ObjectIdentifier
	critical []byte
	value    []byte
}

var (
	isCritical    = []byte{1, 1, 0xff}
	writtenFalse  = []byte{1, 1, 0}
	sm2Algorithm  = element(0x30, oidElement(pki.OIDSM2WithSM3))
	rsaAlgorithm  = element(0x30, oidElement(pki.OIDRSASHA256), []byte{5, 0})
	goodSerial, _ = hex.DecodeString("5f3a91c2d4e60718293a4b5c6d7e8f9001122334")
	// sm2Points are public points of GB/T 32918's recommended curve: the generator and its double, for two different keys.
	sm2PointA = unhex("0432c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0")
	sm2PointB = unhex("0456cefd60d7c87c000d58ef57fa73ba4d9c0dfa08c08a7331495c2e1da3f2bd5231b7e7e6cc8189f668535ce0f8eaf1bd6de84c182f6c8e716f780d3a970a23c3")
)

func unhex(text string) []byte {
	b, err := hex.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return b
}

func element(tag byte, parts ...[]byte) []byte {
	return der(func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.Tag(tag), func(b *cryptobyte.Builder) { b.AddBytes(slices.Concat(parts...)) })
	})
}

func oidElement(oid asn1.ObjectIdentifier) []byte {
	return der(func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oid) })
}

func utcTime(text string) []byte     { return element(0x17, []byte(text)) }
func generalTime(text string) []byte { return element(0x18, []byte(text)) }

// rdn is an RDN of one attribute; value is a whole element.
func rdn(oid asn1.ObjectIdentifier, value []byte) []byte {
	return element(0x31, element(0x30, oidElement(oid), value))
}

func utf8Value(text string) []byte      { return element(0x0c, []byte(text)) }
func printableValue(text string) []byte { return element(0x13, []byte(text)) }

var (
	typeC      = asn1.ObjectIdentifier{2, 5, 4, 6}
	typeO      = asn1.ObjectIdentifier{2, 5, 4, 10}
	typeCN     = asn1.ObjectIdentifier{2, 5, 4, 3}
	typeSerial = asn1.ObjectIdentifier{2, 5, 4, 5}
)

func person(commonName []byte) []byte {
	return element(0x30, rdn(typeC, printableValue("CN")), rdn(typeO, utf8Value("示例单位")), rdn(typeCN, commonName))
}

func spkiOf(algorithm asn1.ObjectIdentifier, params, bits []byte) []byte {
	return element(0x30, element(0x30, oidElement(algorithm), params), element(3, []byte{0}, bits))
}

func sm2Key(point []byte) []byte { return spkiOf(pki.OIDECPublicKey, oidElement(pki.OIDSM2), point) }

func rsaSPKI(modulus, exponent []byte) []byte {
	return spkiOf(pki.OIDRSA, []byte{5, 0}, element(0x30, element(2, modulus), element(2, exponent)))
}

// goodModulus is 2048 bits, odd and without a small factor; it need not be a product of two primes.
func goodModulus() []byte { return append([]byte{0}, rsaKey().N.Bytes()...) }

func usageBits(bits ...int) []byte {
	b := asn1.BitString{Bytes: make([]byte, 2)}
	for _, bit := range bits {
		b.Bytes[bit/8] |= 0x80 >> (bit % 8)
		b.BitLength = max(b.BitLength, bit+1)
	}
	b.Bytes = b.Bytes[:(b.BitLength+7)/8]
	der, err := asn1.Marshal(b)
	if err != nil {
		panic(err)
	}
	return der
}

func usages(ids ...int) []byte {
	var list []byte
	for _, id := range ids {
		list = append(list, oidElement(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, id})...)
	}
	return element(0x30, list)
}

func pointAt(uri string) []byte {
	return element(0x30, element(0x30, element(0xa0, element(0xa0, element(0x86, []byte(uri))))))
}

var (
	caName   = element(0x30, rdn(typeC, printableValue("CN")), rdn(typeCN, utf8Value("示例签发中心")))
	caKeyID  = unhex("000102030405060708090a0b0c0d0e0f10111213")
	eeKeyID  = unhex("20212223242526272829")
	goodAIA  = element(0x30, element(0x30, oidElement(pki.OIDAccessOCSP), element(0x86, []byte("http://ocsp.demo.example/"))))
	goodURI  = "http://crl.demo.example/1.crl"
	policyID = asn1.ObjectIdentifier{1, 2, 156, 99999, 1}
)

// goodPlan is a clean SM2 signing certificate.
func goodPlan() *plan {
	return &plan{
		version: element(0xa0, []byte{2, 1, 2}), serial: goodSerial, inner: sm2Algorithm, outer: sm2Algorithm,
		issuer: caName, from: utcTime("260801000000Z"), to: utcTime("290801000000Z"),
		subject: person(utf8Value("张三")), spki: sm2Key(sm2PointA),
		extensions: []planned{
			{pki.OIDAuthorityKeyID, nil, element(0x30, element(0x80, caKeyID))},
			{pki.OIDSubjectKeyID, nil, element(4, eeKeyID)},
			{pki.OIDKeyUsage, isCritical, usageBits(0, 1)},
			{pki.OIDCRLDistPoints, nil, pointAt(goodURI)},
			{pki.OIDAIA, nil, goodAIA},
			{pki.OIDPolicies, nil, element(0x30, element(0x30, oidElement(policyID)))},
		},
		signature: append([]byte{0}, make([]byte, 70)...),
	}
}

// caPlan is its issuer; path length 0, issued by the root.
func caPlan() *plan {
	p := goodPlan()
	p.serial = unhex("4f3a91c2d4e60718293a4b5c6d7e8f9001122335")
	p.issuer = element(0x30, rdn(typeC, printableValue("CN")), rdn(typeCN, utf8Value("示例根")))
	p.subject, p.spki = caName, sm2Key(sm2PointB)
	p.to = utcTime("360801000000Z")
	p.set(pki.OIDAuthorityKeyID, nil, element(0x30, element(0x80, []byte{1, 2, 3})))
	p.set(pki.OIDSubjectKeyID, nil, element(4, caKeyID))
	p.set(pki.OIDKeyUsage, isCritical, usageBits(5, 6))
	p.set(pki.OIDBasicConstraints, isCritical, element(0x30, isCritical, []byte{2, 1, 0}))
	return p
}

// set replaces or adds an extension.
func (p *plan) set(oid asn1.ObjectIdentifier, critical, value []byte) {
	for i := range p.extensions {
		if p.extensions[i].oid.Equal(oid) {
			p.extensions[i] = planned{oid, critical, value}
			return
		}
	}
	p.extensions = append(p.extensions, planned{oid, critical, value})
}

func (p *plan) drop(oid asn1.ObjectIdentifier) {
	p.extensions = slices.DeleteFunc(p.extensions, func(e planned) bool { return e.oid.Equal(oid) })
}

func extensionList(all []planned) []byte {
	var list []byte
	for _, e := range all {
		list = append(list, element(0x30, oidElement(e.oid), e.critical, element(4, e.value))...)
	}
	return element(0x30, list)
}

// der assembles the certificate.
func (p *plan) der() []byte {
	var extensions []byte
	if len(p.extensions) > 0 || p.noList {
		extensions = element(0xa3, extensionList(p.extensions))
	}
	tbs := element(0x30, p.version, element(2, p.serial), p.inner, p.issuer, element(0x30, p.from, p.to), p.subject, p.spki, p.unique, extensions)
	return element(0x30, tbs, p.outer, element(3, p.signature))
}
