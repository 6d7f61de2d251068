package lint

import (
	"bytes"
	"encoding/asn1"
	"math/big"
	"strings"
	"testing"

	"onecert/pki"
)

func rsaAlgorithmOf(last int) []byte {
	return element(0x30, oidElement(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, last}), []byte{5, 0})
}

func plantedPractice() []planted {
	smallRSA := append([]byte{0}, bytes.Repeat([]byte{0xff}, 128)...)
	signed := func(rule string, algorithm []byte) planted {
		return planted{rule, func(p *plan, _ *Options) { p.inner, p.outer = algorithm, algorithm }}
	}
	return []planted{
		keyFault("practice.rsa.size", func() []byte { return rsaSPKI(smallRSA, []byte{1, 0, 1}) }),
		keyFault("practice.rsa.exponent", func() []byte { return rsaSPKI(goodModulus(), []byte{1, 0, 0}) }),
		keyFault("practice.rsa.exponent", func() []byte { return rsaSPKI(goodModulus(), []byte{1}) }),
		keyFault("practice.rsa.exponent-small", func() []byte { return rsaSPKI(goodModulus(), []byte{3}) }),
		keyFault("practice.rsa.exponent-small", func() []byte { return rsaSPKI(goodModulus(), append([]byte{1}, make([]byte, 40)...)) }),
		keyFault("practice.rsa.modulus", func() []byte {
			n := new(big.Int).Set(rsaKey().N) // the next odd multiple of 47
			n.Sub(n, new(big.Int).Mod(n, big.NewInt(94))).Add(n, big.NewInt(47))
			return rsaSPKI(append([]byte{0}, n.Bytes()...), []byte{1, 0, 1})
		}),
		keyFault("practice.rsa.modulus", func() []byte {
			even := goodModulus()
			even[len(even)-1] &= 0xfe
			return rsaSPKI(even, []byte{1, 0, 1})
		}),
		keyFault("practice.key.algorithm", func() []byte { return spkiOf(asn1.ObjectIdentifier{1, 3, 101, 112}, nil, make([]byte, 32)) }),
		keyFault("practice.key.algorithm", func() []byte {
			return spkiOf(pki.OIDECPublicKey, oidElement(asn1.ObjectIdentifier{1, 3, 132, 0, 10}), sm2PointA)
		}),
		signed("practice.signature.hash", rsaAlgorithmOf(5)),
		signed("practice.signature.hash", rsaAlgorithmOf(4)),
		signed("practice.signature.hash", element(0x30, oidElement(asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 1}))),
		signed("practice.signature.algorithm", element(0x30, oidElement(asn1.ObjectIdentifier{1, 3, 101, 112}))),
		{"practice.serial.short", func(p *plan, _ *Options) { p.serial = []byte{2} }},
		{"practice.serial.entropy", func(p *plan, _ *Options) { p.serial = goodSerial[:15] }},
		{"practice.serial.pattern", func(p *plan, _ *Options) { p.serial = bytes.Repeat([]byte{0x40, 1}, 10) }},
		{"practice.validity.issuer", func(p *plan, _ *Options) { p.to = utcTime("370801000000Z") }},
		{"practice.validity.issuer", func(p *plan, _ *Options) { p.from = utcTime("260731000000Z") }},
		extensionFault("practice.eku.time-stamping", pki.OIDExtKeyUsage, nil, usages(8)),
		extensionFault("practice.eku.time-stamping", pki.OIDExtKeyUsage, isCritical, usages(8, 2)),
		extensionFault("practice.eku.ocsp-nocheck", pki.OIDExtKeyUsage, nil, usages(9)),
		extensionFault("practice.eku.ocsp-alone", pki.OIDExtKeyUsage, nil, usages(9, 2)),
		extensionFault("practice.eku.server-name", pki.OIDExtKeyUsage, nil, usages(1)),
		{"practice.eku.server-name", func(p *plan, _ *Options) {
			p.set(pki.OIDExtKeyUsage, nil, usages(1))
			p.set(pki.OIDSubjectAltName, nil, element(0x30, element(0x81, []byte("a@demo.example"))))
		}},
		extensionFault("practice.eku.code-alone", pki.OIDExtKeyUsage, nil, usages(3, 1)),
		ca("practice.key-usage.crl-sign", func(p *plan, _ *Options) { p.set(pki.OIDKeyUsage, isCritical, usageBits(5)) }),
		{"practice.revocation.source", func(p *plan, _ *Options) {
			p.drop(pki.OIDCRLDistPoints)
			p.drop(pki.OIDAIA)
		}},
	}
}

// demoIdentity is an invented number with a right check character (region and date are not anybody's).
const demoIdentity = "110101190001010014"

func plantedNational() []planted {
	own := func(last int) asn1.ObjectIdentifier { return asn1.ObjectIdentifier{1, 2, 156, 10260, 4, 1, last} }
	pairOf := func(change func(*plan)) func(*plan, *Options) {
		return func(p *plan, o *Options) {
			other := goodPlan()
			other.serial, other.spki = unhex("5f3a91c2d4e60718293a4b5c6d7e8f9001122399"), sm2Key(sm2PointB)
			other.set(pki.OIDKeyUsage, isCritical, usageBits(2, 3, 4))
			change(other)
			o.Pair = other.der()
		}
	}
	choice := func(n byte, value []byte) []byte { return element(0xa0+n, value) }
	return []planted{
		{"gbt20518.signature.parameters", func(p *plan, _ *Options) {
			p.outer = element(0x30, oidElement(pki.OIDSM2WithSM3), []byte{5, 0})
			p.inner = p.outer
		}},
		{"gbt20518.signature.parameters", func(p *plan, _ *Options) {
			p.outer = element(0x30, oidElement(pki.OIDSM2WithSM3), []byte{2, 1, 1})
			p.inner = p.outer
		}},
		{"gbt20518.signature.ambiguous", func(p *plan, _ *Options) {
			p.outer = element(0x30, oidElement(asn1.ObjectIdentifier{1, 2, 156, 10197, 1, 503}))
			p.inner = p.outer
		}},
		keyFault("gbt20518.key.algorithm", func() []byte { return spkiOf(pki.OIDSM2, oidElement(pki.OIDSM2), sm2PointA) }),
		extensionFault("gbt20518.key-usage.mixed", pki.OIDKeyUsage, isCritical, usageBits(0, 2)),
		extensionFault("gbt20518.key-usage.agreement-alone", pki.OIDKeyUsage, isCritical, usageBits(4)),
		{"gbt20518.pair.key-usage", pairOf(func(o *plan) { o.set(pki.OIDKeyUsage, isCritical, usageBits(0)) })},
		{"gbt20518.pair.key-usage", pairOf(func(o *plan) { o.set(pki.OIDKeyUsage, isCritical, usageBits(0, 2)) })},
		{"gbt20518.pair.names", pairOf(func(o *plan) { o.subject = person(utf8Value("李四")) })},
		{"gbt20518.pair.names", pairOf(func(o *plan) { o.issuer = person(utf8Value("李四")) })},
		{"gbt20518.pair.different", pairOf(func(o *plan) { o.serial = goodSerial })},
		{"gbt20518.pair.different", pairOf(func(o *plan) { o.spki = sm2Key(sm2PointA) })},
		attribute0("gbt20518.name.country", rdn(typeC, utf8Value("CN"))),
		attribute0("gbt20518.name.country", rdn(typeC, printableValue("cn"))),
		attribute0("gbt20518.name.country", rdn(typeC, printableValue("CHN"))),
		attribute0("gbt20518.name.chinese", rdn(typeCN, element(30, []byte{0x5f, 0x20, 0x4e, 0x09}))),
		attribute0("gbt20518.name.chinese", rdn(typeCN, element(20, []byte{0xd5, 0xc5, 0xc8, 0xfd}))),
		extensionFault("gbt20518.extension.critical", own(4), isCritical, printableValue("12345678-9")),
		extensionFault("gbt20518.extension.type", own(4), nil, utf8Value("12345678-9")),
		extensionFault("gbt20518.extension.type", own(3), nil, printableValue("")),
		extensionFault("gbt20518.extension.type", own(1), nil, printableValue("123")),
		extensionFault("gbt20518.extension.type", own(1), nil, choice(0, utf8Value("123"))),
		extensionFault("gbt20518.extension.type", own(1), nil, choice(3, printableValue("123"))),
		extensionFault("gbt20518.extension.type", own(1), nil, element(0x80, []byte("a*"))),
		extensionFault("gbt20518.extension.type", own(1), nil, nil),
		extensionFault("gbt20518.extension.unknown", own(7), nil, printableValue("123")),
		extensionFault("gbt20518.extension.unknown", asn1.ObjectIdentifier{1, 2, 156, 10260, 4, 1, 1, 1}, nil, printableValue("123")),
		extensionFault("gbt20518.identity.extension", own(1), nil, choice(0, printableValue(demoIdentity))),
		extensionFault("gbt20518.identity.extension", own(2), nil, printableValue("123")),
		{"gbt20518.identity.allowed", func(p *plan, o *Options) {
			o.IdentityNumber = true
			p.set(own(1), nil, choice(0, printableValue(demoIdentity)))
		}},
		subject("gbt20518.identity.number", "张三"+demoIdentity),
		subject("gbt20518.identity.number", "SF"+demoIdentity),
		extensionFault("gbt20518.identity.number", asn1.ObjectIdentifier{1, 2, 156, 112562, 2, 1, 1, 1}, nil, utf8Value("SF"+demoIdentity)),
		extensionFault("gbt20518.identity.number", pki.OIDSubjectAltName, nil, element(0x30, element(0x86, []byte("urn:id:"+demoIdentity)))),
	}
}

func plantedNaming() []planted {
	var list []planted
	for rule, values := range map[string][]string{
		"naming.control":       {"a\x00b", "a\nb", "a\u0085b", "a\u2028b"},
		"naming.bidirectional": {"a\u202eb", "a\u2066b", "张\u200f三"},
		"naming.invisible":     {"张\u200b三", "a\u00adb", "a\ufeffb", "a\u3164b", "葛\U000e0100", "a\U000e0041", "a\u2800b", "a\ufe0fb"},
		"naming.undefined":     {"a\ufffdb", "a\ue000b", "a\ufdd0b", "\U0010ffff"},
		"naming.separator":     {"张三,OU=财政局", "a=b", "Demo Co., Ltd."},
		"naming.quoting":       {`a"b`, `a\b`, "a+b", "a;b", "a<b"},
		"naming.blank":         {" a", "a ", "a  b", " "},
		"naming.space":         {"张\u3000三", "a\u00a0b", "a\u2003b"},
		"naming.full-width":    {"ＡＢＣ公司", "张三，李四", "１号", "a＝b"},
		"naming.compatibility": {"⼈民", "①号", "𝐀BC", "Ⅲ区", "ﬁn", "℡"},
		"naming.normalised":    {"e\u0301cole", "\uf900", "a\u030a"},
		"naming.mixed-script":  {"Аdmin", "示例Аgency", "αbc", "Ꭺdmin", "adminо"},
		"naming.look-alike":    {"СОРЕ", "ɑdmin", "ΑΒΕΗ", "adm\u0131n"},
		"naming.length":        {strings.Repeat("长", 65)},
	} {
		for _, value := range values {
			list = append(list, subject(rule, value))
		}
	}
	return list
}

// Names that must pass: real shapes of Chinese, minority and foreign names.
func TestGoodNames(t *testing.T) {
	for _, name := range []string{
		"张三", "买买提·艾力", "中国科学院（北京）", "示例公司 2 部", "www.demo.example", "José Muñoz", "Müller", "Lǐ Sì",
		"Иванов Иван", "Ελλάδα Γεώργιος", "شىنجاڭ", "བོད", "𠮷田", "㐂", "O'Neil-Smith", "第3号", "A/B 组", "示例：甲", strings.Repeat("长", 64),
		"\U0002ebf0", "（筹）", "№", "a.b_c@d"} {
		p := goodPlan()
		p.subject = person(utf8Value(name))
		findings, err := Certificate(p.der(), Options{Ours: true, Issuer: caPlan().der()})
		if name == "№" { // a compatibility form all the same
			if len(findings) != 1 {
				t.Errorf("%q: %v", name, findings)
			}
			continue
		}
		wantClean(t, name, findings, err)
	}
}

// An organisation's code of eighteen digits is not taken for a person's number;
// a longer run of digits is none at all.
func TestNoFalseIdentityNumbers(t *testing.T) {
	for _, value := range []string{"9110010100000000XX", "1" + demoIdentity, demoIdentity + "1", "110101190013010014", "110101190001010018"} {
		p := goodPlan()
		p.subject = person(utf8Value("x" + value))
		findings, err := Certificate(p.der(), Options{Ours: true})
		wantClean(t, value, findings, err)
	}
	if !socialCreditCode([]byte("91110000MA0123456" + string(creditCheck("91110000MA0123456")))) {
		t.Error("a right social credit code is not recognised")
	}
	if creditCheck("91110000MA0123456") == creditCheck("91110000MA0123457") {
		t.Error("the check character of a social credit code does not depend on the rest")
	}
	both := codeThatIsBoth(t)
	if hasIdentityNumber([]byte(both), true) || !hasIdentityNumber([]byte(both), false) {
		t.Errorf("%s: an organisation's code in an organisation's place is taken for a person's number, or elsewhere not", both)
	}
}

func creditCheck(first17 string) byte {
	for _, c := range []byte("0123456789ABCDEFGHJKLMNPQRTUWXY") {
		if socialCreditCode(append([]byte(first17), c)) {
			return c
		}
	}
	return 0
}

// codeThatIsBoth searches a number that passes both check characters.
func codeThatIsBoth(t *testing.T) string {
	for sequence := range 1000 {
		digits := []byte("11010119000101" + string([]byte{'0' + byte(sequence/100), '0' + byte(sequence/10%10), '0' + byte(sequence%10)}))
		for _, c := range []byte("0123456789X") {
			if n := append(digits[:17:17], c); residentNumber(n) && socialCreditCode(n) {
				return string(n)
			}
		}
	}
	t.Fatal("no such number")
	return ""
}
