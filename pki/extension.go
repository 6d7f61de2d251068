package pki

import (
	"crypto/x509"
	"net"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

func contextTag(n uint8) cbasn1.Tag  { return cbasn1.Tag(n).ContextSpecific() }
func explicitTag(n uint8) cbasn1.Tag { return cbasn1.Tag(n).ContextSpecific().Constructed() }

func buildPayload(f func(b *cryptobyte.Builder)) []byte {
	b := cryptobyte.NewBuilder(make([]byte, 0, 96))
	f(b)
	return b.BytesOrPanic()
}

// KeyUsage bit names in the order of RFC 5280 4.2.1.3.
var keyUsageNames = []string{"digitalSignature", "contentCommitment", "keyEncipherment",
	"dataEncipherment", "keyAgreement", "keyCertSign", "cRLSign", "encipherOnly", "decipherOnly"}

// KeyUsageOf reads the names of key usage bits (RFC 5280 4.2.1.3; nonRepudiation is
// the old name of contentCommitment).
func KeyUsageOf(names []string) (x509.KeyUsage, error) {
	var usage x509.KeyUsage
next:
	for _, name := range names {
		if name == "nonRepudiation" {
			name = "contentCommitment"
		}
		for bit, known := range keyUsageNames {
			if known == name {
				usage |= 1 << bit
				continue next
			}
		}
		return 0, Errorf(Invalid, "usage.unknown", "%.40q is not a key usage", name).To("use %s", strings.Join(keyUsageNames, ", "))
	}
	return usage, nil
}

// KeyUsageNames returns the names of the bits set in usage.
func KeyUsageNames(usage x509.KeyUsage) []string {
	names := []string{}
	for bit, name := range keyUsageNames {
		if usage&(1<<bit) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// KeyUsageExtension is critical, as RFC 5280 4.2.1.3 asks. The named bit list has no
// trailing zero bits (X.690 11.2.2).
func KeyUsageExtension(usage x509.KeyUsage) Extension {
	var octets [2]byte
	last := 0
	for bit := range 9 {
		if usage&(1<<bit) != 0 {
			octets[bit/8] |= 0x80 >> (bit % 8)
			last = bit
		}
	}
	content := append([]byte{byte(7 - last%8)}, octets[:last/8+1]...)
	return Extension{OIDKeyUsage, true, buildPayload(func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.BIT_STRING, func(b *cryptobyte.Builder) { b.AddBytes(content) })
	})}
}

// BasicConstraintsExtension is written in every certificate: critical with cA in a
// CA's, an empty SEQUENCE in others. pathLen < 0 leaves it out.
func BasicConstraintsExtension(isCA bool, pathLen int) Extension {
	return Extension{OIDBasicConstraints, true, buildPayload(func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			if isCA {
				b.AddASN1Boolean(true)
				if pathLen >= 0 {
					b.AddASN1Int64(int64(pathLen))
				}
			}
		})
	})}
}

// ExtKeyUsages are the purposes a profile can name (RFC 5280 4.2.1.12).
var extKeyUsages = map[string]OID{
	"serverAuth": {1, 3, 6, 1, 5, 5, 7, 3, 1}, "clientAuth": {1, 3, 6, 1, 5, 5, 7, 3, 2},
	"codeSigning": {1, 3, 6, 1, 5, 5, 7, 3, 3}, "emailProtection": {1, 3, 6, 1, 5, 5, 7, 3, 4},
	"timeStamping": {1, 3, 6, 1, 5, 5, 7, 3, 8}, "ocspSigning": {1, 3, 6, 1, 5, 5, 7, 3, 9},
	"ipsecIKE": {1, 3, 6, 1, 5, 5, 7, 3, 17}, "documentSigning": {1, 3, 6, 1, 5, 5, 7, 3, 36},
}

// ExtKeyUsageOf returns the OID of a purpose's name, or of a dotted number.
func ExtKeyUsageOf(name string) (OID, error) {
	if oid, ok := extKeyUsages[name]; ok {
		return oid, nil
	}
	oid, err := ParseOID(name)
	if err != nil {
		return nil, Errorf(Invalid, "usage.unknown", "%.40q is neither a known purpose nor a dotted OID", name).
			To("use serverAuth, clientAuth, codeSigning, emailProtection, timeStamping, ocspSigning, ipsecIKE, documentSigning or an OID")
	}
	return oid, nil
}

// ExtKeyUsageExtension lists purposes; RFC 3161 2.3 wants it critical for time stamps.
func ExtKeyUsageExtension(purposes []OID, critical bool) Extension {
	return Extension{OIDExtKeyUsage, critical, buildPayload(func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			for _, oid := range purposes {
				b.AddASN1ObjectIdentifier(oid)
			}
		})
	})}
}

// SubjectKeyIDExtension carries KeyID's octets.
func SubjectKeyIDExtension(id []byte) Extension {
	return Extension{OIDSubjectKeyID, false, buildPayload(func(b *cryptobyte.Builder) { b.AddASN1OctetString(id) })}
}

// AuthorityKeyIDExtension carries the issuer's subject key identifier.
func AuthorityKeyIDExtension(id []byte) Extension {
	return Extension{OIDAuthorityKeyID, false, buildPayload(func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(contextTag(0), func(b *cryptobyte.Builder) { b.AddBytes(id) })
		})
	})}
}

// CRLDistPointsExtension has one distribution point with all the URIs.
func CRLDistPointsExtension(uris []string) Extension {
	return Extension{OIDCRLDistPoints, false, distributionPoints(uris)}
}

// FreshestCRLExtension points at delta CRLs (RFC 5280 4.2.1.15).
func FreshestCRLExtension(uris []string) Extension {
	return Extension{OIDFreshestCRL, false, distributionPoints(uris)}
}

func distributionPoints(uris []string) []byte {
	return buildPayload(func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { addPointName(b, uris) })
		})
	})
}

func addPointName(b *cryptobyte.Builder, uris []string) {
	b.AddASN1(explicitTag(0), func(b *cryptobyte.Builder) {
		b.AddASN1(explicitTag(0), func(b *cryptobyte.Builder) {
			for _, uri := range uris {
				b.AddASN1(contextTag(6), func(b *cryptobyte.Builder) { b.AddBytes([]byte(uri)) })
			}
		})
	})
}

// AuthorityInfoExtension gives the addresses of OCSP and of the issuer's certificate
// (RFC 5280 4.2.2.1).
func AuthorityInfoExtension(ocsp, issuers []string) Extension {
	return Extension{OIDAIA, false, buildPayload(func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			addAccess(b, OIDAccessOCSP, ocsp)
			addAccess(b, OIDAccessIssuer, issuers)
		})
	})}
}

func addAccess(b *cryptobyte.Builder, method OID, uris []string) {
	for _, uri := range uris {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(method)
			b.AddASN1(contextTag(6), func(b *cryptobyte.Builder) { b.AddBytes([]byte(uri)) })
		})
	}
}

// PoliciesExtension names the certificate policies, each with the address of its
// practice statement where cps is not empty.
func PoliciesExtension(policies []OID, cps string) Extension {
	qualifier := OID{1, 3, 6, 1, 5, 5, 7, 2, 1} // id-qt-cps
	return Extension{OIDPolicies, false, buildPayload(func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			for _, policy := range policies {
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1ObjectIdentifier(policy)
					if cps == "" {
						return
					}
					b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
						b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
							b.AddASN1ObjectIdentifier(qualifier)
							b.AddASN1(cbasn1.IA5String, func(b *cryptobyte.Builder) { b.AddBytes([]byte(cps)) })
						})
					})
				})
			}
		})
	})}
}

// AltName is one subject alternative name; Kind is "dns", "email", "uri" or "ip".
type AltName struct {
	Kind  string `json:"kind" yaml:"kind"`
	Value string `json:"value" yaml:"value"`
}

// SubjectAltNameExtension is critical only beside an empty subject (RFC 5280 4.2.1.6).
// The caller has checked the values (CheckAltName).
func SubjectAltNameExtension(names []AltName, critical bool) Extension {
	return Extension{OIDSubjectAltName, critical, buildPayload(func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			for _, name := range names {
				tag, content := altNameForm(name)
				b.AddASN1(contextTag(tag), func(b *cryptobyte.Builder) { b.AddBytes(content) })
			}
		})
	})}
}

func altNameForm(name AltName) (tag uint8, content []byte) {
	switch name.Kind {
	case "email":
		return 1, []byte(name.Value)
	case "uri":
		return 6, []byte(name.Value)
	case "ip":
		ip := net.ParseIP(name.Value)
		if four := ip.To4(); four != nil {
			return 7, four
		}
		return 7, ip
	}
	return 2, []byte(name.Value)
}

// StringExtension is a private extension whose value is one string (GB/T 20518
// 4.1.2 to 4.1.5): PrintableString where it can be, else UTF8String. Never critical.
func StringExtension(oid OID, value string) Extension {
	tag := cbasn1.UTF8String
	if printable(value) {
		tag = cbasn1.PrintableString
	}
	return Extension{oid, false, buildPayload(func(b *cryptobyte.Builder) {
		b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes([]byte(value)) })
	})}
}

// IdentifyCodeExtension is 1.2.156.10260.4.1.1 with a resident identity number:
// CHOICE [0], written EXPLICIT as both implementations seen do. Off in every
// profile as delivered (design.md decision 13).
func IdentifyCodeExtension(residentNumber string) Extension {
	return Extension{OIDIdentifyCode, false, buildPayload(func(b *cryptobyte.Builder) {
		b.AddASN1(explicitTag(0), func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.PrintableString, func(b *cryptobyte.Builder) { b.AddBytes([]byte(residentNumber)) })
		})
	})}
}

// NullExtension is an extension whose value is NULL, such as ocsp-nocheck (RFC 6960 4.2.2.2.1).
func NullExtension(oid OID) Extension {
	return Extension{oid, false, []byte{5, 0}}
}

// ExtensionText returns the string inside a value made by StringExtension or
// IdentifyCodeExtension, "" if there is none.
func ExtensionText(value []byte) string {
	input := cryptobyte.String(value)
	for range 3 {
		var content cryptobyte.String
		var tag cbasn1.Tag
		if !input.ReadAnyASN1(&content, &tag) || !input.Empty() {
			return ""
		}
		switch tag {
		case cbasn1.PrintableString, cbasn1.UTF8String, cbasn1.IA5String:
			return string(content)
		}
		input = content
	}
	return ""
}
