package lint

import (
	"fmt"

	asn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// rfc5280Names holds issuer and subject against RFC 5280 4.1.2.4, 4.1.2.6 and appendix A.1; read only.
var rfc5280Names = []rule[certificate]{
	{"rfc5280.issuer.empty", "RFC 5280 4.1.2.4", Error, Error, checkIssuerEmpty},
	{"rfc5280.subject.empty", "RFC 5280 4.1.2.6", Error, Error, checkSubjectEmpty},
	{"rfc5280.name.rdn", "RFC 5280 4.1.2.4, X.690 11.6", Error, Error, checkRDN},
	{"rfc5280.name.empty-value", "RFC 5280 A.1", Error, Warning, checkEmptyValue},
	{"rfc5280.name.string-type", "RFC 5280 4.1.2.4", Error, Warning, checkDirectoryString},
	{"rfc5280.name.fixed-type", "RFC 5280 A.1", Error, Error, checkFixedType},
	{"rfc5280.name.characters", "X.680 41", Error, Error, checkCharacters},
	{"rfc5280.name.repeated", "X.501 9.3", Error, Notice, checkRepeated},
}

func checkIssuerEmpty(c *certificate) string {
	if c.issuerName.empty() {
		return "the issuer's name is empty"
	}
	return ""
}

func checkSubjectEmpty(c *certificate) string {
	if !c.subject.empty() {
		return ""
	}
	if c.isCA() || c.ext.usage&crlSign != 0 {
		return "the subject of a CA is empty"
	}
	san := findExtension(c.extensions, oidSubjectAltName)
	if san == nil || !san.critical {
		return "the subject is empty and there is no critical subjectAltName"
	}
	return ""
}

// eachAttribute calls check on every attribute of both names until one is at fault.
// Of a certificate that names its issuer rightly, the issuer's faults are the
// issuer's own; they are reported all the same, for a foreign chain may come alone.
func (c *certificate) eachAttribute(check func(*attribute) string) string {
	for i := range c.subject.attributes {
		if fault := check(&c.subject.attributes[i]); fault != "" {
			return fmt.Sprintf("subject attribute %d (%s): %s", i+1, c.subject.attributes[i].label(), fault)
		}
	}
	for i := range c.issuerName.attributes {
		if fault := check(&c.issuerName.attributes[i]); fault != "" {
			return fmt.Sprintf("issuer attribute %d (%s): %s", i+1, c.issuerName.attributes[i].label(), fault)
		}
	}
	return ""
}

func checkRDN(c *certificate) string {
	for _, n := range []*name{&c.issuerName, &c.subject} {
		if n.emptyRDN {
			return "a relative distinguished name is empty"
		}
		if n.unsorted {
			return "the parts of a multi-valued relative distinguished name are not in DER order"
		}
	}
	for _, n := range []*name{&c.issuerName, &c.subject} {
		for i := range n.attributes {
			if !validOID(n.attributes[i].oid) {
				return "an attribute type is not a valid object identifier"
			}
		}
	}
	return ""
}

func checkEmptyValue(c *certificate) string {
	return c.eachAttribute(func(a *attribute) string {
		if len(a.value) == 0 {
			return "the value is empty"
		}
		return ""
	})
}

func checkDirectoryString(c *certificate) string {
	return c.eachAttribute(func(a *attribute) string {
		_, f, _ := attributeType(a.oid)
		if f != directoryForm {
			return ""
		}
		switch a.tag {
		case asn1.PrintableString, asn1.UTF8String:
			return ""
		case asn1.T61String, tagUniversal, tagBMP:
			return "new certificates use PrintableString or UTF8String, not TeletexString, UniversalString or BMPString"
		}
		return "the value is not a DirectoryString"
	})
}

func checkFixedType(c *certificate) string {
	return c.eachAttribute(func(a *attribute) string {
		_, f, _ := attributeType(a.oid)
		switch {
		case f == printableForm && a.tag != asn1.PrintableString:
			return "the value must be a PrintableString"
		case f == ia5Form && a.tag != asn1.IA5String:
			return "the value must be an IA5String"
		}
		return ""
	})
}

func checkCharacters(c *certificate) string {
	return c.eachAttribute(func(a *attribute) string {
		if _, f, _ := attributeType(a.oid); f == anyForm {
			return "" // it may be of any type
		}
		return characterFault(a.tag, a.value)
	})
}

// checkRepeated looks for the same type and value twice in one name.
func checkRepeated(c *certificate) string {
	for i := range c.subject.attributes {
		a := &c.subject.attributes[i]
		for j := range i {
			b := &c.subject.attributes[j]
			if string(a.oid) == string(b.oid) && string(a.value) == string(b.value) {
				return fmt.Sprintf("subject attribute %d (%s) repeats attribute %d", i+1, a.label(), j+1)
			}
		}
	}
	return ""
}
