package verify

import (
	"encoding/asn1"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	cb "golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

// extensions are those of a certificate that have a meaning here, read.
type extensions struct {
	present   map[string]bool // by the OID's content octets; the value says whether critical
	usage     *uint16         // key usage bits, bit 0 first
	basic     *basicConstraints
	extended  []string // extended key usages, by the OID's content octets; nil without the extension
	altNames  []generalName
	names     *nameConstraints
	policies  []policy
	mappings  []mapping
	require   *int // policy constraints: skip certificates
	inhibit   *int
	inhibitA  *int // inhibit anyPolicy
	keyID     []byte
	authority *authorityKeyID
	points    []point
	freshest  []point
	ocsp      []string
	issuers   []string
	noCheck   bool

	faults []string // codes of what is wrong with the extensions themselves
}

type basicConstraints struct {
	ca      bool
	pathLen int // negative for no limit
}

type authorityKeyID struct {
	keyID          []byte
	issuer, serial bool // the other two fields are there
}

// Bits of key usage (RFC 5280 4.2.1.3).
const (
	usageDigitalSignature  = 1 << 0
	usageContentCommitment = 1 << 1
	usageKeyEncipherment   = 1 << 2
	usageDataEncipherment  = 1 << 3
	usageKeyAgreement      = 1 << 4
	usageCertSign          = 1 << 5
	usageCRLSign           = 1 << 6
)

// maxExtensions bounds a foreign certificate.
const maxExtensions = 100

// Extensions without a constant in pki.
var (
	oidPolicyMappings    = asn1.ObjectIdentifier{2, 5, 29, 33}
	oidPolicyConstraints = asn1.ObjectIdentifier{2, 5, 29, 36}
	oidInhibitAnyPolicy  = asn1.ObjectIdentifier{2, 5, 29, 54}
	oidCertificateIssuer = asn1.ObjectIdentifier{2, 5, 29, 29}
)

// octets is an OID as it stands in DER, which is how this room compares them.
func octets(oid asn1.ObjectIdentifier) string {
	der, err := asn1.Marshal(oid)
	if err != nil {
		return ""
	}
	return string(der[2:]) // none of ours is longer than 127 octets
}

// reader fills in what one extension says; false if it does not decode.
type reader func(e *extensions, value cryptobyte.String) bool

// readers are the extensions this room understands; read only.
var readers = map[string]reader{
	octets(pki.OIDKeyUsage):         (*extensions).readUsage,
	octets(pki.OIDBasicConstraints): (*extensions).readBasic,
	octets(pki.OIDExtKeyUsage):      (*extensions).readExtended,
	octets(pki.OIDSubjectAltName):   (*extensions).readAltNames,
	octets(pki.OIDNameConstraints):  (*extensions).readConstraints,
	octets(pki.OIDPolicies):         (*extensions).readPolicies,
	octets(oidPolicyMappings):       (*extensions).readMappings,
	octets(oidPolicyConstraints):    (*extensions).readPolicyConstraints,
	octets(oidInhibitAnyPolicy):     (*extensions).readInhibitAny,
	octets(pki.OIDSubjectKeyID):     (*extensions).readKeyID,
	octets(pki.OIDAuthorityKeyID):   (*extensions).readAuthority,
	octets(pki.OIDCRLDistPoints):    func(e *extensions, v cryptobyte.String) bool { return readPoints(v, &e.points) },
	octets(pki.OIDFreshestCRL):      func(e *extensions, v cryptobyte.String) bool { return readPoints(v, &e.freshest) },
	octets(pki.OIDAIA):              (*extensions).readAccess,
	octets(pki.OIDOCSPNoCheck):      (*extensions).readNoCheck,
}

// read reads the content of [3]; false where not even the list of them decodes.
func (e *extensions) read(outer cryptobyte.String) bool {
	var list cryptobyte.String
	if !outer.ReadASN1(&list, cb.SEQUENCE) || !outer.Empty() || list.Empty() {
		return false
	}
	e.present = map[string]bool{}
	for !list.Empty() {
		oid, critical, value, ok := readExtension(&list)
		if !ok || len(e.present) == maxExtensions {
			return false
		}
		if _, twice := e.present[oid]; twice {
			e.faults = append(e.faults, "path.duplicate-extension")
			continue
		}
		e.present[oid] = critical
		switch read, known := readers[oid]; {
		case known && !read(e, value):
			e.faults = append(e.faults, "path.malformed-extension")
		case !known && critical:
			e.faults = append(e.faults, "path.critical-extension")
		}
	}
	slices.Sort(e.faults)
	e.faults = slices.Compact(e.faults)
	return true
}

// readExtension reads one Extension of certificates, lists, entries and answers.
func readExtension(list *cryptobyte.String) (oid string, critical bool, value cryptobyte.String, ok bool) {
	var one, id cryptobyte.String
	if !list.ReadASN1(&one, cb.SEQUENCE) || !one.ReadASN1(&id, cb.OBJECT_IDENTIFIER) ||
		one.PeekASN1Tag(cb.BOOLEAN) && !one.ReadASN1Boolean(&critical) ||
		!one.ReadASN1(&value, cb.OCTET_STRING) || !one.Empty() {
		return "", false, nil, false
	}
	return string(id), critical, value, true
}

// has reports whether an extension is there; critical, whether it is so marked.
func (e *extensions) has(oid asn1.ObjectIdentifier) (there, critical bool) {
	critical, there = e.present[octets(oid)]
	return there, critical
}

// may reports whether the key may be used in one of these ways; without the
// extension it may be used in all.
func (e *extensions) may(bits uint16) bool { return e.usage == nil || *e.usage&bits != 0 }

func (e *extensions) readUsage(value cryptobyte.String) bool {
	var bits asn1.BitString
	if !value.ReadASN1BitString(&bits) || !value.Empty() {
		return false
	}
	var usage uint16
	for i := range min(bits.BitLength, 9) {
		usage |= uint16(bits.At(i)) << i
	}
	e.usage = &usage
	return true
}

func (e *extensions) readBasic(value cryptobyte.String) bool {
	var body cryptobyte.String
	b := basicConstraints{pathLen: -1}
	if !value.ReadASN1(&body, cb.SEQUENCE) || !value.Empty() || body.PeekASN1Tag(cb.BOOLEAN) && !body.ReadASN1Boolean(&b.ca) {
		return false
	}
	if body.PeekASN1Tag(cb.INTEGER) {
		var length int
		if !body.ReadASN1Integer(&length) || length < 0 {
			return false
		}
		b.pathLen = length
	}
	e.basic = &b
	return body.Empty()
}

func (e *extensions) readExtended(value cryptobyte.String) bool {
	var list cryptobyte.String
	if !value.ReadASN1(&list, cb.SEQUENCE) || !value.Empty() || list.Empty() {
		return false
	}
	e.extended = []string{}
	for !list.Empty() {
		var oid cryptobyte.String
		if !list.ReadASN1(&oid, cb.OBJECT_IDENTIFIER) || len(e.extended) == maxExtensions {
			return false
		}
		e.extended = append(e.extended, string(oid))
	}
	return true
}

func (e *extensions) readAltNames(value cryptobyte.String) (ok bool) {
	var list cryptobyte.String
	if !value.ReadASN1(&list, cb.SEQUENCE) || !value.Empty() {
		return false
	}
	e.altNames, ok = readGeneralNames(list)
	return ok
}

func (e *extensions) readKeyID(value cryptobyte.String) bool {
	return value.ReadASN1Bytes(&e.keyID, cb.OCTET_STRING) && value.Empty()
}

func (e *extensions) readAuthority(value cryptobyte.String) bool {
	var body, id, rest cryptobyte.String
	var a authorityKeyID
	var named bool
	if !value.ReadASN1(&body, cb.SEQUENCE) || !value.Empty() || !body.ReadOptionalASN1(&id, &named, implicit(0)) ||
		!body.ReadOptionalASN1(&rest, &a.issuer, explicit(1)) || !body.ReadOptionalASN1(&rest, &a.serial, implicit(2)) || !body.Empty() {
		return false
	}
	if named {
		a.keyID = id
	}
	e.authority = &a
	return true
}

func (e *extensions) readAccess(value cryptobyte.String) bool {
	var list cryptobyte.String
	if !value.ReadASN1(&list, cb.SEQUENCE) || !value.Empty() || list.Empty() {
		return false
	}
	for n := 0; !list.Empty(); n++ {
		var one, method cryptobyte.String
		if n == maxExtensions || !list.ReadASN1(&one, cb.SEQUENCE) || !one.ReadASN1(&method, cb.OBJECT_IDENTIFIER) {
			return false
		}
		name, ok := readGeneralName(&one)
		if !ok || !one.Empty() {
			return false
		}
		switch {
		case name.form != formURI:
		case string(method) == octets(pki.OIDAccessOCSP):
			e.ocsp = append(e.ocsp, name.value)
		case string(method) == octets(pki.OIDAccessIssuer):
			e.issuers = append(e.issuers, name.value)
		}
	}
	return true
}

func (e *extensions) readNoCheck(value cryptobyte.String) bool {
	var null cryptobyte.String
	e.noCheck = value.ReadASN1(&null, cb.NULL) && null.Empty() && value.Empty()
	return e.noCheck
}
