package lint

import (
	"encoding/asn1"
	"fmt"
	"strings"
	"testing"

	"onecert/pki"
)

// fault plants one fault into a clean plan (and its options) and names the rule that must fire.
type planted struct {
	rule  string
	plant func(p *plan, o *Options)
}

func extensionFault(rule string, oid asn1.ObjectIdentifier, critical, value []byte) planted {
	return planted{rule, func(p *plan, _ *Options) { p.set(oid, critical, value) }}
}

func ca(rule string, change func(p *plan, o *Options)) planted {
	return planted{rule, func(p *plan, o *Options) {
		*p = *caPlan()
		o.Issuer = nil
		change(p, o)
	}}
}

func keyFault(rule string, spki func() []byte) planted {
	return planted{rule, func(p *plan, _ *Options) { p.spki = spki() }}
}

func subject(rule, commonName string) planted {
	return planted{rule, func(p *plan, _ *Options) { p.subject = person(utf8Value(commonName)) }}
}

func attribute0(rule string, attributes ...[]byte) planted {
	return planted{rule, func(p *plan, _ *Options) { p.subject = element(0x30, attributes...) }}
}

// TestPlantedFaults shows that each rule fires on its fault, with the severity of
// the table for ours and for foreign, and that no rule is without a planted fault.
func TestPlantedFaults(t *testing.T) {
	severities := map[string]Rule{}
	for _, r := range Rules() {
		if _, twice := severities[r.Name]; twice {
			t.Errorf("rule %s stands twice in the tables", r.Name)
		}
		severities[r.Name] = r
	}
	covered := map[string]bool{}
	for i, f := range plantedCertificates() {
		covered[f.rule] = true
		for _, ours := range []bool{true, false} {
			p, o := goodPlan(), Options{Ours: ours, Issuer: caPlan().der()}
			f.plant(p, &o)
			findings, err := Certificate(p.der(), o)
			wantRule(t, fmt.Sprintf("certificate fault %d", i), severities[f.rule], ours, findings, err)
		}
	}
	for i, f := range plantedCRLs() {
		covered[f.rule] = true
		for _, ours := range []bool{true, false} {
			p, o := goodList(), Options{Ours: ours, Issuer: caPlan().der()}
			f.plant(p, &o)
			findings, err := CRL(p.der(), o)
			wantRule(t, fmt.Sprintf("CRL fault %d", i), severities[f.rule], ours, findings, err)
		}
	}
	for name := range severities {
		if !covered[name] {
			t.Errorf("no planted fault shows that %s fires", name)
		}
	}
}

func wantRule(t *testing.T, what string, r Rule, ours bool, findings []Finding, err error) {
	t.Helper()
	if err != nil || r.Name == "" {
		t.Errorf("%s (%s): %v", what, r.Name, err)
		return
	}
	want := r.Foreign
	if ours {
		want = r.Ours
	}
	var fired []string
	for _, f := range findings {
		if len(f.Detail) > 300 || f.Clause == "" {
			t.Errorf("%s: finding %s has detail of %d octets, clause %q", what, f.Rule, len(f.Detail), f.Clause)
		}
		fired = append(fired, f.Rule)
		if f.Rule == r.Name {
			if f.Severity != want {
				t.Errorf("%s: %s is %s, want %s (ours %v)", what, r.Name, f.Severity, want, ours)
			}
			return
		}
	}
	t.Errorf("%s: %s did not fire (ours %v); fired: %s", what, r.Name, ours, strings.Join(fired, " "))
}

// The plans themselves are clean, or the faults would prove nothing.
func TestPlansAreClean(t *testing.T) {
	issuer := caPlan().der()
	findings, err := Certificate(goodPlan().der(), Options{Ours: true, Issuer: issuer})
	wantClean(t, "signing certificate", findings, err)
	findings, err = Certificate(issuer, Options{Ours: true})
	wantClean(t, "CA", findings, err)
	findings, err = CRL(goodList().der(), Options{Ours: true, Issuer: issuer})
	wantClean(t, "CRL", findings, err)
}

func plantedCertificates() []planted {
	var all []planted
	for _, list := range [][]planted{plantedFrame(), plantedNames(), plantedExtensions(), plantedUsage(), plantedPractice(), plantedNational(), plantedNaming()} {
		all = append(all, list...)
	}
	return all
}

func plantedFrame() []planted {
	return []planted{
		{"rfc5280.version", func(p *plan, _ *Options) { p.version = element(0xa0, []byte{2, 1, 1}) }},
		{"rfc5280.version", func(p *plan, _ *Options) { p.version, p.extensions = element(0xa0, []byte{2, 1, 0}), nil }},
		{"rfc5280.version", func(p *plan, _ *Options) { p.version = element(0xa0, []byte{2, 1, 9}) }},
		{"rfc5280.version", func(p *plan, _ *Options) { p.version = nil }},
		{"rfc5280.serial.encoding", func(p *plan, _ *Options) { p.serial = append([]byte{0}, goodSerial...) }},
		{"rfc5280.serial.encoding", func(p *plan, _ *Options) { p.serial = nil }},
		{"rfc5280.serial.positive", func(p *plan, _ *Options) { p.serial = append([]byte{0xc0}, goodSerial[1:]...) }},
		{"rfc5280.serial.positive", func(p *plan, _ *Options) { p.serial = []byte{0} }},
		{"rfc5280.serial.length", func(p *plan, _ *Options) { p.serial = append([]byte{1}, goodSerial...) }},
		{"rfc5280.algorithm.match", func(p *plan, _ *Options) { p.outer = rsaAlgorithm }},
		{"rfc5280.algorithm.parameters", func(p *plan, _ *Options) {
			p.outer = element(0x30, oidElement(pki.OIDRSASHA256))
			p.inner = p.outer
		}},
		{"rfc5280.algorithm.parameters", func(p *plan, _ *Options) {
			p.outer = element(0x30, oidElement(pki.OIDECDSASHA256), []byte{5, 0})
			p.inner = p.outer
		}},
		{"rfc5280.algorithm.parameters", func(p *plan, _ *Options) {
			p.outer = element(0x30, oidElement(pki.OIDRSASHA256), []byte{5, 0, 5, 0})
			p.inner = p.outer
		}},
		{"rfc5280.validity.encoding", func(p *plan, _ *Options) { p.to = generalTime("20290801000000Z") }},
		{"rfc5280.validity.encoding", func(p *plan, _ *Options) { p.to = utcTime("2908010000Z") }},
		{"rfc5280.validity.encoding", func(p *plan, _ *Options) { p.to = utcTime("290801000000+0800") }},
		{"rfc5280.validity.encoding", func(p *plan, _ *Options) { p.to = utcTime("290631000000Z") }},
		{"rfc5280.validity.encoding", func(p *plan, _ *Options) { p.to = generalTime("20510801000000.5Z") }},
		{"rfc5280.validity.encoding", func(p *plan, _ *Options) { p.from = utcTime("26080100000xZ") }},
		{"rfc5280.validity.order", func(p *plan, _ *Options) { p.to = utcTime("250801000000Z") }},
		{"rfc5280.validity.order", func(p *plan, _ *Options) { p.to = p.from }},
		{"rfc5280.unique-id", func(p *plan, _ *Options) { p.unique = element(0x81, []byte{0, 1}) }},
		keyFault("rfc5280.key.parameters", func() []byte {
			return spkiOf(pki.OIDRSA, nil, element(0x30, element(2, goodModulus()), element(2, []byte{1, 0, 1})))
		}),
		keyFault("rfc5280.key.parameters", func() []byte { return spkiOf(pki.OIDECPublicKey, element(0x30), sm2PointA) }),
		keyFault("rfc5280.key.parameters", func() []byte {
			return spkiOf(pki.OIDECPublicKey, append(oidElement(pki.OIDSM2), 5, 0), sm2PointA)
		}),
		keyFault("rfc5280.key.encoding", func() []byte { return sm2Key(append([]byte{4}, make([]byte, 64)...)) }),
		keyFault("rfc5280.key.encoding", func() []byte { return sm2Key(append([]byte{2}, sm2PointA[1:33]...)) }),
		keyFault("rfc5280.key.encoding", func() []byte { return sm2Key(nil) }),
		keyFault("rfc5280.key.encoding", func() []byte {
			return spkiOf(pki.OIDECPublicKey, oidElement(pki.OIDP256), append([]byte{4}, make([]byte, 64)...))
		}),
		keyFault("rfc5280.key.encoding", func() []byte {
			return spkiOf(pki.OIDECPublicKey, oidElement(pki.OIDP384), append([]byte{4}, make([]byte, 96)...))
		}),
		keyFault("rfc5280.key.encoding", func() []byte { return rsaSPKI([]byte{0x80, 1}, []byte{1, 0, 1}) }),
		keyFault("rfc5280.key.encoding", func() []byte { return spkiOf(pki.OIDRSA, []byte{5, 0}, []byte{1, 2, 3}) }),
		keyFault("rfc5280.key.encoding", func() []byte {
			return element(0x30, element(0x30, oidElement(pki.OIDECPublicKey), oidElement(pki.OIDSM2)), element(3, []byte{1}, sm2PointA))
		}),
		{"rfc5280.signature.bits", func(p *plan, _ *Options) { p.signature[0] = 3 }},
	}
}

func plantedNames() []planted {
	return []planted{
		{"rfc5280.issuer.empty", func(p *plan, o *Options) { p.issuer = element(0x30) }},
		{"rfc5280.subject.empty", func(p *plan, _ *Options) { p.subject = element(0x30) }},
		{"rfc5280.subject.empty", func(p *plan, _ *Options) {
			p.subject = element(0x30)
			p.set(pki.OIDSubjectAltName, nil, element(0x30, element(0x82, []byte("a.example"))))
		}},
		ca("rfc5280.subject.empty", func(p *plan, _ *Options) { p.subject = element(0x30) }),
		attribute0("rfc5280.name.rdn", element(0x31)),
		attribute0("rfc5280.name.rdn", element(0x31,
			element(0x30, oidElement(typeO), utf8Value("b")), element(0x30, oidElement(typeCN), utf8Value("a")))),
		attribute0("rfc5280.name.rdn", element(0x31, element(0x30, element(6, []byte{0x80, 1}), utf8Value("b")))),
		attribute0("rfc5280.name.empty-value", rdn(typeCN, utf8Value(""))),
		attribute0("rfc5280.name.string-type", rdn(typeCN, element(30, []byte{0x5f, 0x20}))),
		attribute0("rfc5280.name.string-type", rdn(typeCN, element(20, []byte("abc")))),
		attribute0("rfc5280.name.string-type", rdn(typeCN, element(22, []byte("abc")))),
		attribute0("rfc5280.name.string-type", rdn(typeCN, element(28, []byte{0, 0, 0x5f, 0x20}))),
		attribute0("rfc5280.name.fixed-type", rdn(typeSerial, utf8Value("1"))),
		attribute0("rfc5280.name.fixed-type", rdn(pki.OIDEmail, utf8Value("a@demo.example"))),
		attribute0("rfc5280.name.characters", rdn(typeCN, printableValue("a*b"))),
		attribute0("rfc5280.name.characters", rdn(typeCN, printableValue("张"))),
		attribute0("rfc5280.name.characters", rdn(typeCN, utf8Value("\xff"))),
		attribute0("rfc5280.name.characters", rdn(pki.OIDEmail, element(22, []byte{0xe5}))),
		attribute0("rfc5280.name.characters", rdn(typeCN, element(18, []byte("12a")))),
		attribute0("rfc5280.name.characters", rdn(typeCN, element(26, []byte{7}))),
		attribute0("rfc5280.name.characters", rdn(typeCN, element(30, []byte{1}))),
		attribute0("rfc5280.name.characters", rdn(typeCN, element(28, []byte{1}))),
		attribute0("rfc5280.name.characters", rdn(typeCN, element(2, []byte{1}))),
		attribute0("rfc5280.name.repeated", rdn(typeCN, utf8Value("a")), rdn(typeCN, utf8Value("a"))),
	}
}

func plantedExtensions() []planted {
	uriPoint := func(extra ...[]byte) []byte { return element(0x30, element(0x30, extra...)) }
	access := func(parts ...[]byte) []byte { return element(0x30, element(0x30, parts...)) }
	nameConstraints, policyConstraints := asn1.ObjectIdentifier{2, 5, 29, 30}, asn1.ObjectIdentifier{2, 5, 29, 36}
	inhibitAny, mappings := asn1.ObjectIdentifier{2, 5, 29, 54}, asn1.ObjectIdentifier{2, 5, 29, 33}
	subtree := element(0x30, element(0xa0, element(0x30, element(0x82, []byte("demo.example")))))
	policy := element(0x30, oidElement(policyID))
	list := []planted{
		{"rfc5280.extension.none", func(p *plan, _ *Options) { p.extensions, p.noList = nil, true }},
		{"rfc5280.extension.duplicate", func(p *plan, _ *Options) { p.extensions = append(p.extensions, p.extensions[0]) }},
		extensionFault("rfc5280.extension.default", pki.OIDAIA, writtenFalse, goodAIA),
		extensionFault("rfc5280.extension.malformed", asn1.ObjectIdentifier{2, 5, 29, 31}, nil, []byte{0x30, 0}),
		extensionFault("rfc5280.extension.malformed", pki.OIDBasicConstraints, isCritical, element(0x30, writtenFalse)),
		extensionFault("rfc5280.extension.malformed", pki.OIDBasicConstraints, isCritical, element(0x30, isCritical, []byte{2, 1, 0xff})),
		extensionFault("rfc5280.extension.malformed", pki.OIDKeyUsage, isCritical, []byte{3, 2, 0, 0xc0}),
		extensionFault("rfc5280.extension.malformed", pki.OIDKeyUsage, isCritical, []byte{3, 1, 1}),
		extensionFault("rfc5280.extension.malformed", pki.OIDSubjectKeyID, nil, []byte{4, 0}),
		extensionFault("rfc5280.extension.malformed", pki.OIDAuthorityKeyID, nil, element(0x30, element(0x80, caKeyID), element(0x82, []byte{1}))),
		extensionFault("rfc5280.extension.malformed", pki.OIDExtKeyUsage, nil, element(0x30)),
		extensionFault("rfc5280.extension.malformed", pki.OIDSubjectAltName, nil, element(0x30, element(0x8f, nil))),
		extensionFault("rfc5280.extension.malformed", pki.OIDAIA, nil, element(0x30)),
		extensionFault("rfc5280.extension.malformed", pki.OIDPolicies, nil, element(0x30, element(0x30, oidElement(policyID), element(0x30)))),
		extensionFault("rfc5280.extension.malformed", pki.OIDOCSPNoCheck, nil, []byte{5, 0, 0}),
		extensionFault("rfc5280.extension.malformed", mappings, isCritical, element(0x30, element(0x30, oidElement(policyID)))),
		extensionFault("rfc5280.extension.malformed", nameConstraints, isCritical, element(0x30, element(0xa0))),
		extensionFault("rfc5280.extension.malformed", inhibitAny, isCritical, []byte{2, 1, 0xff}),
		extensionFault("rfc5280.extension.unknown-critical", asn1.ObjectIdentifier{1, 2, 156, 99999, 7}, isCritical, []byte{5, 0}),
		extensionFault("rfc5280.extension.not-critical", pki.OIDSubjectKeyID, isCritical, element(4, eeKeyID)),
		extensionFault("rfc5280.extension.not-critical", pki.OIDAIA, isCritical, goodAIA),
		extensionFault("rfc5280.extension.not-critical", pki.OIDCRLDistPoints, isCritical, pointAt(goodURI)),
		extensionFault("rfc5280.extension.critical", inhibitAny, nil, []byte{2, 1, 0}),
		ca("rfc5280.extension.critical", func(p *plan, _ *Options) { p.set(nameConstraints, nil, subtree) }),
		extensionFault("rfc5280.crldp.form", pki.OIDCRLDistPoints, nil, uriPoint(element(0x81, []byte{6, 0x40}))),
		extensionFault("rfc5280.crldp.form", pki.OIDCRLDistPoints, nil, uriPoint(element(0xa0, element(0xa1, element(0x30))))),
		extensionFault("rfc5280.crldp.form", pki.OIDCRLDistPoints, nil, uriPoint(element(0xa0, element(0xa0, element(0x82, []byte("a.example")))))),
		extensionFault("rfc5280.crldp.form", pki.OIDFreshestCRL, nil, uriPoint(element(0x81, []byte{6, 0x40}))),
		extensionFault("rfc5280.crldp.uri", pki.OIDCRLDistPoints, nil, pointAt("https://crl.demo.example/1.crl")),
		extensionFault("rfc5280.crldp.uri", pki.OIDCRLDistPoints, nil, pointAt("crl.demo.example")),
		extensionFault("rfc5280.crldp.uri", pki.OIDCRLDistPoints, nil, pointAt("http:///1.crl")),
		extensionFault("rfc5280.aia.form", pki.OIDAIA, nil, access(oidElement(pki.OIDAccessOCSP), element(0x82, []byte("a.example")))),
		extensionFault("rfc5280.aia.uri", pki.OIDAIA, nil, access(oidElement(pki.OIDAccessOCSP), element(0x86, []byte("file:///etc/passwd")))),
		extensionFault("rfc5280.policies.duplicate", pki.OIDPolicies, nil, element(0x30, policy, policy)),
		ca("rfc5280.policy-mappings.any", func(p *plan, _ *Options) {
			p.set(mappings, isCritical, element(0x30, element(0x30, oidElement(policyID), oidElement(asn1.ObjectIdentifier{2, 5, 29, 32, 0}))))
		}),
		extensionFault("rfc5280.name-constraints.form", nameConstraints, isCritical, subtree),
		ca("rfc5280.name-constraints.form", func(p *plan, _ *Options) { p.set(nameConstraints, isCritical, element(0x30)) }),
		ca("rfc5280.policy-constraints.form", func(p *plan, _ *Options) { p.set(policyConstraints, isCritical, element(0x30)) }),
		extensionFault("rfc5280.eku.duplicate", pki.OIDExtKeyUsage, nil, usages(2, 2)),
		extensionFault("rfc5280.eku.any-critical", pki.OIDExtKeyUsage, isCritical, element(0x30, oidElement(asn1.ObjectIdentifier{2, 5, 29, 37, 0}))),
	}
	for _, name := range badAltNames() {
		list = append(list, extensionFault("rfc5280.san.form", pki.OIDSubjectAltName, nil, element(0x30, name)))
	}
	return append(list, extensionFault("rfc5280.san.form", asn1.ObjectIdentifier{2, 5, 29, 18}, nil, element(0x30, element(0x87, []byte{1}))))
}

// badAltNames are GeneralNames no certificate should carry.
func badAltNames() [][]byte {
	var names [][]byte
	for _, host := range []string{"", " ", "a..b", ".a", "-a.b", "a_b.c", "*", "*.", "a.*.b", "中", strings.Repeat("a", 64) + ".b", strings.Repeat("a.", 130) + "b"} {
		names = append(names, element(0x82, []byte(host)))
	}
	for _, mail := range []string{"", "a", "@b", "a@", "a b@c", "a@*.b", "Name <a@b>", strings.Repeat("a", 65) + "@b"} {
		names = append(names, element(0x81, []byte(mail)))
	}
	for _, uri := range []string{"", "a", "/a/b", "http:", "http://a b", "ht\x00tp://a", "http://%zz"} {
		names = append(names, element(0x86, []byte(uri)))
	}
	return append(names, element(0x87, []byte{1, 2, 3}), element(0xa4, element(0x30)), element(0xa0, []byte{6, 1, 42}))
}

func plantedUsage() []planted {
	return []planted{
		{"rfc5280.aki.missing", func(p *plan, _ *Options) { p.drop(pki.OIDAuthorityKeyID) }},
		ca("rfc5280.ski.missing", func(p *plan, _ *Options) { p.drop(pki.OIDSubjectKeyID) }),
		{"rfc5280.ski.missing-end-entity", func(p *plan, _ *Options) { p.drop(pki.OIDSubjectKeyID) }},
		ca("rfc5280.key-usage.missing", func(p *plan, _ *Options) { p.drop(pki.OIDKeyUsage) }),
		extensionFault("rfc5280.key-usage.critical", pki.OIDKeyUsage, nil, usageBits(0)),
		extensionFault("rfc5280.key-usage.empty", pki.OIDKeyUsage, isCritical, []byte{3, 1, 0}),
		extensionFault("rfc5280.key-usage.cert-sign", pki.OIDKeyUsage, isCritical, usageBits(0, 5)),
		ca("rfc5280.key-usage.cert-sign", func(p *plan, _ *Options) { p.set(pki.OIDKeyUsage, isCritical, usageBits(6)) }),
		extensionFault("rfc5280.key-usage.only", pki.OIDKeyUsage, isCritical, usageBits(0, 8)),
		{"rfc5280.key-usage.algorithm", func(p *plan, _ *Options) {
			p.spki = rsaSPKI(goodModulus(), []byte{1, 0, 1})
			p.set(pki.OIDKeyUsage, isCritical, usageBits(4))
		}},
		{"rfc5280.key-usage.algorithm", func(p *plan, _ *Options) {
			p.spki = spkiOf(pki.OIDECPublicKey, oidElement(pki.OIDP256), p256Point)
			p.set(pki.OIDKeyUsage, isCritical, usageBits(2))
		}},
		extensionFault("rfc5280.basic-constraints.missing", pki.OIDKeyUsage, isCritical, usageBits(5)),
		extensionFault("rfc5280.basic-constraints.critical", pki.OIDBasicConstraints, nil, element(0x30, isCritical)),
		extensionFault("rfc5280.basic-constraints.path-length", pki.OIDBasicConstraints, isCritical, element(0x30, []byte{2, 1, 0})),
		ca("rfc5280.basic-constraints.path-length", func(p *plan, _ *Options) { p.set(pki.OIDKeyUsage, isCritical, usageBits(6)) }),
		{"rfc5280.eku.key-usage", func(p *plan, _ *Options) {
			p.set(pki.OIDKeyUsage, isCritical, usageBits(2))
			p.set(pki.OIDExtKeyUsage, nil, usages(2))
		}},
		{"rfc5280.issuer.name", func(p *plan, _ *Options) {
			p.issuer = element(0x30, rdn(typeC, printableValue("CN")), rdn(typeCN, printableValue("Demo")))
		}},
		extensionFault("rfc5280.issuer.key-id", pki.OIDAuthorityKeyID, nil, element(0x30, element(0x80, []byte{9}))),
		{"rfc5280.issuer.ca", func(p *plan, o *Options) {
			issuer := caPlan()
			issuer.drop(pki.OIDBasicConstraints)
			o.Issuer = issuer.der()
		}},
		{"rfc5280.issuer.ca", func(p *plan, o *Options) {
			issuer := caPlan()
			issuer.set(pki.OIDKeyUsage, isCritical, usageBits(6))
			o.Issuer = issuer.der()
		}},
		extensionFault("rfc5280.issuer.path-length", pki.OIDBasicConstraints, isCritical, element(0x30, isCritical)),
		{"rfc5280.issuer.algorithm", func(p *plan, _ *Options) { p.outer, p.inner = rsaAlgorithm, rsaAlgorithm }},
	}
}

var p256Point = unhex("046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")
