package lint

import (
	"encoding/asn1"
	"slices"

	"onecert/pki"
)

// list is a CRL field by field, like plan.
type list struct {
	version      []byte
	inner, outer []byte
	issuer       []byte
	this, next   []byte
	entries      [][]byte
	writeEmpty   bool
	extensions   []planned
	noList       bool
	signature    []byte
}

type plantedCRL struct {
	rule  string
	plant func(l *list, o *Options)
}

func goodEntry(extensions ...planned) []byte {
	parts := [][]byte{element(2, goodSerial), utcTime("260731000000Z")}
	if len(extensions) > 0 {
		parts = append(parts, extensionList(extensions))
	}
	return element(0x30, parts...)
}

func reason(code byte) planned { return planned{pki.OIDReasonCode, nil, []byte{10, 1, code}} }

// goodList is a clean complete CRL with one entry.
func goodList() *list {
	return &list{
		version: []byte{2, 1, 1}, inner: sm2Algorithm, outer: sm2Algorithm, issuer: caName,
		this: utcTime("260801000000Z"), next: utcTime("260802000000Z"),
		entries: [][]byte{goodEntry(reason(1), planned{pki.OIDInvalidityDate, nil, generalTime("20260730000000Z")})},
		extensions: []planned{
			{pki.OIDAuthorityKeyID, nil, element(0x30, element(0x80, caKeyID))},
			{pki.OIDCRLNumber, nil, []byte{2, 1, 7}},
		},
		signature: append([]byte{0}, make([]byte, 70)...),
	}
}

func (l *list) set(oid asn1.ObjectIdentifier, critical, value []byte) {
	p := plan{extensions: l.extensions}
	p.set(oid, critical, value)
	l.extensions = p.extensions
}

func (l *list) drop(oid asn1.ObjectIdentifier) {
	p := plan{extensions: l.extensions}
	p.drop(oid)
	l.extensions = p.extensions
}

func (l *list) der() []byte {
	var entries, extensions []byte
	if len(l.entries) > 0 || l.writeEmpty {
		entries = element(0x30, l.entries...)
	}
	if len(l.extensions) > 0 || l.noList {
		extensions = element(0xa0, extensionList(l.extensions))
	}
	tbs := element(0x30, l.version, l.inner, l.issuer, l.this, l.next, entries, extensions)
	return element(0x30, tbs, l.outer, element(3, l.signature))
}

func crlExtension(rule string, oid asn1.ObjectIdentifier, critical, value []byte) plantedCRL {
	return plantedCRL{rule, func(l *list, _ *Options) { l.set(oid, critical, value) }}
}

func entry(rule string, entries ...[]byte) plantedCRL {
	return plantedCRL{rule, func(l *list, _ *Options) { l.entries = entries }}
}

func crlIssuer(rule string, change func(p *plan)) plantedCRL {
	return plantedCRL{rule, func(_ *list, o *Options) {
		p := caPlan()
		change(p)
		o.Issuer = p.der()
	}}
}

func plantedCRLs() []plantedCRL {
	signed := func(rule string, algorithm []byte) plantedCRL {
		return plantedCRL{rule, func(l *list, _ *Options) { l.inner, l.outer = algorithm, algorithm }}
	}
	users := element(0x30, element(0x81, []byte{0xff}))
	return slices.Concat(plantedEntries(), []plantedCRL{
		{"rfc5280.crl.version", func(l *list, _ *Options) { l.version = nil }},
		{"rfc5280.crl.version", func(l *list, _ *Options) { l.version = []byte{2, 1, 2} }},
		{"rfc5280.crl.algorithm", func(l *list, _ *Options) { l.outer = rsaAlgorithm }},
		signed("rfc5280.crl.parameters", element(0x30, oidElement(pki.OIDRSASHA256))),
		{"rfc5280.crl.signature-bits", func(l *list, _ *Options) { l.signature[0] = 1 }},
		{"rfc5280.crl.issuer-empty", func(l *list, _ *Options) { l.issuer = element(0x30) }},
		{"rfc5280.crl.time-encoding", func(l *list, _ *Options) { l.next = generalTime("20260802000000Z") }},
		{"rfc5280.crl.time-encoding", func(l *list, _ *Options) { l.this = utcTime("2608010000Z") }},
		{"rfc5280.crl.next-update", func(l *list, _ *Options) { l.next = nil }},
		{"rfc5280.crl.time-order", func(l *list, _ *Options) { l.next = l.this }},
		{"rfc5280.crl.empty-list", func(l *list, _ *Options) { l.entries, l.writeEmpty = nil, true }},
		{"rfc5280.crl.extension.duplicate", func(l *list, _ *Options) { l.extensions = append(l.extensions, l.extensions[0]) }},
		crlExtension("rfc5280.crl.extension.default", pki.OIDCRLNumber, writtenFalse, []byte{2, 1, 7}),
		crlExtension("rfc5280.crl.extension.malformed", pki.OIDCRLNumber, nil, []byte{2, 1, 0xff}),
		crlExtension("rfc5280.crl.extension.malformed", pki.OIDCRLNumber, nil, element(2, append([]byte{1}, goodSerial...))),
		crlExtension("rfc5280.crl.extension.malformed", pki.OIDDeltaCRLIndicator, isCritical, nil),
		crlExtension("rfc5280.crl.extension.malformed", pki.OIDIssuingDistPoint, isCritical, element(0x30, element(0x81, []byte{0}))),
		{"rfc5280.crl.extension.malformed", func(l *list, _ *Options) { l.extensions, l.noList = nil, true }},
		crlExtension("rfc5280.crl.extension.unknown-critical", asn1.ObjectIdentifier{1, 2, 3}, isCritical, []byte{5, 0}),
		{"rfc5280.crl.aki", func(l *list, _ *Options) { l.drop(pki.OIDAuthorityKeyID) }},
		crlExtension("rfc5280.crl.aki", pki.OIDAuthorityKeyID, isCritical, element(0x30, element(0x80, caKeyID))),
		{"rfc5280.crl.number", func(l *list, _ *Options) { l.drop(pki.OIDCRLNumber) }},
		crlExtension("rfc5280.crl.number", pki.OIDCRLNumber, isCritical, []byte{2, 1, 7}),
		crlExtension("rfc5280.crl.delta", pki.OIDDeltaCRLIndicator, nil, []byte{2, 1, 6}),
		crlExtension("rfc5280.crl.delta-number", pki.OIDDeltaCRLIndicator, isCritical, []byte{2, 1, 7}),
		crlExtension("rfc5280.crl.delta-number", pki.OIDDeltaCRLIndicator, isCritical, []byte{2, 2, 1, 0}),
		crlExtension("rfc5280.crl.scope-critical", pki.OIDIssuingDistPoint, nil, users),
		crlExtension("rfc5280.crl.scope-form", pki.OIDIssuingDistPoint, isCritical, element(0x30)),
		crlExtension("rfc5280.crl.scope-form", pki.OIDIssuingDistPoint, isCritical, element(0x30, element(0x81, []byte{0xff}), element(0x82, []byte{0xff}))),
		crlExtension("rfc5280.crl.freshest", pki.OIDFreshestCRL, isCritical, pointAt(goodURI)),
		{"rfc5280.crl.freshest", func(l *list, _ *Options) {
			l.set(pki.OIDFreshestCRL, nil, pointAt(goodURI))
			l.set(pki.OIDDeltaCRLIndicator, isCritical, []byte{2, 1, 6})
		}},
		crlIssuer("rfc5280.crl.issuer.name", func(p *plan) { p.subject = person(utf8Value("李四")) }),
		crlIssuer("rfc5280.crl.issuer.key-id", func(p *plan) { p.set(pki.OIDSubjectKeyID, nil, element(4, []byte{1})) }),
		crlIssuer("rfc5280.crl.issuer.usage", func(p *plan) { p.set(pki.OIDKeyUsage, isCritical, usageBits(5)) }),
		signed("rfc5280.crl.issuer.algorithm", rsaAlgorithm),
		signed("practice.crl.hash", rsaAlgorithmOf(5)),
		signed("practice.crl.signature-algorithm", element(0x30, oidElement(asn1.ObjectIdentifier{1, 3, 101, 112}))),
		{"practice.crl.life", func(l *list, _ *Options) { l.next = utcTime("280801000000Z") }},
		signed("gbt20518.crl.parameters", element(0x30, oidElement(pki.OIDSM2WithSM3), []byte{5, 0})),
		signed("gbt20518.crl.ambiguous", element(0x30, oidElement(asn1.ObjectIdentifier{1, 2, 156, 10197, 1, 502}))),
	})
}

func plantedEntries() []plantedCRL {
	date := utcTime("260731000000Z")
	issuerExtension := asn1.ObjectIdentifier{2, 5, 29, 29}
	issuer := element(0x30, element(0xa4, caName))
	return []plantedCRL{
		entry("rfc5280.crl.entry.serial", element(0x30, element(2, []byte{0xff}), date)),
		entry("rfc5280.crl.entry.serial", element(0x30, element(2, []byte{0, 1}), date)),
		entry("rfc5280.crl.entry.serial", element(0x30, element(2, append([]byte{1}, goodSerial...)), date)),
		entry("rfc5280.crl.entry.repeated", goodEntry(), goodEntry()),
		entry("rfc5280.crl.entry.date", element(0x30, element(2, goodSerial), generalTime("20260731000000Z"))),
		entry("rfc5280.crl.entry.later", element(0x30, element(2, goodSerial), utcTime("260801000001Z"))),
		entry("rfc5280.crl.entry.extension", goodEntry(planned{pki.OIDReasonCode, nil, []byte{2, 1, 1}})),
		entry("rfc5280.crl.entry.extension", goodEntry(planned{pki.OIDInvalidityDate, nil, utcTime("260730000000Z")})),
		entry("rfc5280.crl.entry.extension", goodEntry(reason(1), reason(1))),
		entry("rfc5280.crl.entry.extension", element(0x30, element(2, goodSerial), date, element(0x30))),
		{"rfc5280.crl.entry.extension", func(l *list, _ *Options) { l.version = nil }},
		entry("rfc5280.crl.entry.critical", goodEntry(planned{pki.OIDReasonCode, isCritical, []byte{10, 1, 1}})),
		entry("rfc5280.crl.entry.critical", goodEntry(planned{pki.OIDInvalidityDate, isCritical, generalTime("20260730000000Z")})),
		entry("rfc5280.crl.entry.critical", goodEntry(planned{issuerExtension, nil, issuer})),
		entry("rfc5280.crl.entry.unknown-critical", goodEntry(planned{asn1.ObjectIdentifier{1, 2, 3}, isCritical, nil})),
		entry("rfc5280.crl.entry.reason-zero", goodEntry(reason(0))),
		entry("rfc5280.crl.entry.reason-unused", goodEntry(reason(7))),
		entry("rfc5280.crl.entry.reason-unused", goodEntry(reason(11))),
		entry("rfc5280.crl.entry.remove", goodEntry(reason(8))),
		entry("rfc5280.crl.entry.issuer", goodEntry(planned{issuerExtension, isCritical, issuer})),
		entry("rfc5280.crl.entry.extension", goodEntry(planned{issuerExtension, isCritical, []byte{5, 0}})),
	}
}
