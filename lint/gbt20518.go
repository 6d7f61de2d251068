package lint

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/crypto/cryptobyte"
	asn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// The national certificate format. Clauses name the standard without a number where
// our knowledge comes from implementations and not from its text.
const (
	clauseSM2   = "GM/T 0015, GB/T 20518 (SM2 algorithm identifiers)"
	clauseDual  = "GM/T 0015, GM/T 0014 (dual certificates)"
	clauseDN    = "GB/T 20518 (distinguished names), RFC 5280 A.1"
	clauseOwn   = "GM/T 0015, GB/T 20518 (private extensions 1.2.156.10260.4.1)"
	clauseClear = "OneCert personal data, Personal Information Protection Law"
)

// gbt20518Certificate holds the national format; read only.
var gbt20518Certificate = []rule[certificate]{
	{"gbt20518.signature.parameters", clauseSM2, Error, Notice, func(c *certificate) string { return sm2Parameters(c.algorithm) }},
	{"gbt20518.signature.ambiguous", clauseSM2, Error, Warning, func(c *certificate) string { return sm2Ambiguous(c.algorithm) }},
	{"gbt20518.key.algorithm", clauseSM2, Error, Notice, checkSM2KeyAlgorithm},
	{"gbt20518.key-usage.mixed", clauseDual, Warning, Notice, checkUsageMixed},
	{"gbt20518.key-usage.agreement-alone", clauseDual, Error, Notice, checkAgreementAlone},
	{"gbt20518.pair.key-usage", clauseDual, Error, Error, checkPairUsage},
	{"gbt20518.pair.names", clauseDual, Error, Error, checkPairNames},
	{"gbt20518.pair.different", clauseDual, Error, Error, checkPairDifferent},
	{"gbt20518.name.country", clauseDN, Error, Error, checkCountry},
	{"gbt20518.name.chinese", clauseDN, Error, Warning, checkChinese},
	{"gbt20518.extension.critical", clauseOwn, Error, Warning, checkNationalCritical},
	{"gbt20518.extension.type", clauseOwn, Error, Warning, checkNationalType},
	{"gbt20518.extension.unknown", clauseOwn, Error, Notice, checkNationalUnknown},
}

// gbt20518CRL holds the national format of CRLs; read only.
var gbt20518CRL = []rule[crl]{
	{"gbt20518.crl.parameters", clauseSM2, Error, Notice, func(l *crl) string { return sm2Parameters(l.algorithm) }},
	{"gbt20518.crl.ambiguous", clauseSM2, Error, Warning, func(l *crl) string { return sm2Ambiguous(l.algorithm) }},
}

// sm2Parameters: everybody accepts NULL, nobody but a build option of GmSSL writes it.
func sm2Parameters(a algorithm) string {
	switch {
	case string(a.oid) != oidSM2WithSM3 || a.params == nil:
		return ""
	case a.null():
		return "the SM2 signature algorithm carries NULL where parameters are absent"
	}
	return "the SM2 signature algorithm carries parameters"
}

// sm2Ambiguous: implementations disagree on what these two identifiers mean.
func sm2Ambiguous(a algorithm) string {
	if oid := string(a.oid); oid == oidSM2Old502 || oid == oidSM2Old503 {
		return "the signature algorithm " + dotted(a.oid) + " means different things to different implementations"
	}
	return ""
}

func checkSM2KeyAlgorithm(c *certificate) string {
	if c.key.kind == keySM2 && string(c.key.algorithm.oid) != oidECPublicKey {
		return "the SM2 key stands under its curve's identifier instead of id-ecPublicKey"
	}
	return ""
}

func checkUsageMixed(c *certificate) string {
	if c.key.kind == keySM2 && c.pair == nil && !c.isCA() && mixed(c) {
		return "one SM2 key is both for signing and for encryption"
	}
	return ""
}

func mixed(c *certificate) bool {
	return c.ext.usage&signingBits != 0 && c.ext.usage&encryptionBits != 0
}

// checkAgreementAlone: Tongsuo takes no encryption certificate with keyAgreement only.
func checkAgreementAlone(c *certificate) string {
	if c.key.kind == keySM2 && c.ext.usage&encryptionBits == keyAgreement && c.ext.usage&signingBits == 0 {
		return "keyAgreement alone is not taken for an encryption certificate by every implementation; add keyEncipherment and dataEncipherment"
	}
	return ""
}

func checkPairUsage(c *certificate) string {
	switch {
	case c.pair == nil:
		return ""
	case mixed(c) || mixed(c.pair):
		return "a certificate of the pair is both for signing and for encryption"
	case c.ext.usage&signingBits != 0 == (c.pair.ext.usage&signingBits != 0):
		return "the pair is not one signing and one encryption certificate"
	}
	return ""
}

func checkPairNames(c *certificate) string {
	if c.pair != nil && (!bytes.Equal(c.subject.raw, c.pair.subject.raw) || !bytes.Equal(c.issuerName.raw, c.pair.issuerName.raw)) {
		return "the certificates of the pair differ in subject or issuer"
	}
	return ""
}

func checkPairDifferent(c *certificate) string {
	switch {
	case c.pair == nil:
		return ""
	case bytes.Equal(c.serial, c.pair.serial):
		return "the certificates of the pair have one serial number"
	case bytes.Equal(c.key.bits, c.pair.key.bits):
		return "the certificates of the pair have one key"
	}
	return ""
}

func checkCountry(c *certificate) string {
	return c.eachAttribute(func(a *attribute) string {
		if _, f, _ := attributeType(a.oid); f != countryForm {
			return ""
		}
		switch {
		case a.tag != asn1.PrintableString:
			return "the country must be a PrintableString"
		case len(a.value) != 2 || !upper(a.value[0]) || !upper(a.value[1]):
			return "the country is not two capital letters"
		}
		return ""
	})
}

func upper(c byte) bool { return c >= 'A' && c <= 'Z' }

func checkChinese(c *certificate) string {
	return c.eachAttribute(func(a *attribute) string {
		if a.tag == asn1.UTF8String {
			return ""
		}
		for _, r := range a.text {
			if unicode.Is(unicode.Han, r) {
				return "Chinese text is not in a UTF8String"
			}
		}
		if a.tag == asn1.T61String {
			for _, octet := range a.value {
				if octet >= 0x80 {
					return "a TeletexString holds octets over 127, most likely GBK; Chinese belongs into a UTF8String"
				}
			}
		}
		return ""
	})
}

func checkNationalCritical(c *certificate) string {
	for i := range c.extensions {
		if e := &c.extensions[i]; e.critical && strings.HasPrefix(string(e.oid), oidNationalArc) {
			return "extension " + dotted(e.oid) + " is critical; software without it could not use the certificate"
		}
	}
	return ""
}

func checkNationalType(c *certificate) string {
	for i := range c.extensions {
		e := &c.extensions[i]
		switch string(e.oid) {
		case oidInsuranceNumber, oidICRegistration, oidOrganizationCode, oidTaxationNumber:
			s := cryptobyte.String(e.value)
			var text cryptobyte.String
			if !s.ReadASN1(&text, asn1.PrintableString) || !s.Empty() || len(text) == 0 || characterFault(asn1.PrintableString, text) != "" {
				return "extension " + dotted(e.oid) + " is not one PrintableString"
			}
		case oidIdentifyCode:
			if fault := identifyCodeFault(e.value); fault != "" {
				return fault
			}
		}
	}
	return ""
}

// identifyCodeFault reads IdentifyCode ::= CHOICE { [0] PrintableString, [1] UTF8String,
// [2] PrintableString }. The standard leaves open whether the tags are explicit;
// both are taken. A bare string, which many CAs write, is reported.
func identifyCodeFault(value []byte) string {
	s := cryptobyte.String(value)
	var body, text cryptobyte.String
	var tag asn1.Tag
	if !s.ReadAnyASN1(&body, &tag) || !s.Empty() || len(body) == 0 {
		return "the identify code is malformed or empty"
	}
	if tag&0xc0 != 0x80 {
		return "the identify code is a bare string instead of a choice of [0], [1] and [2]"
	}
	choice, want := tag&0x1f, asn1.PrintableString
	if choice == 1 {
		want = asn1.UTF8String
	}
	text = body
	if tag&0x20 != 0 && (!body.ReadASN1(&text, want) || !body.Empty()) || choice > 2 {
		return fmt.Sprintf("the identify code's choice [%d] has not the type the standard gives it", choice)
	}
	if fault := characterFault(want, text); fault != "" {
		return "the identify code: " + fault
	}
	return ""
}

func checkNationalUnknown(c *certificate) string {
	for i := range c.extensions {
		oid := string(c.extensions[i].oid)
		if strings.HasPrefix(oid, oidNationalArc) && (oid < oidIdentifyCode || oid > oidTaxationNumber || len(oid) != len(oidIdentifyCode)) {
			return "extension " + dotted(c.extensions[i].oid) + " is none of the five that implementations agree on"
		}
	}
	return ""
}
