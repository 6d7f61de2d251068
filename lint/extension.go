package lint

import (
	"golang.org/x/crypto/cryptobyte"
	asn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Key usage bits (RFC 5280 4.2.1.3), bit n of the BIT STRING as 1<<n.
const (
	digitalSignature uint16 = 1 << iota
	contentCommitment
	keyEncipherment
	dataEncipherment
	keyAgreement
	keyCertSign
	crlSign
	encipherOnly
	decipherOnly
)

const (
	signingBits    = digitalSignature | contentCommitment
	encryptionBits = keyEncipherment | dataEncipherment | keyAgreement
)

// decoded holds the content of the extensions the rules look into.
type decoded struct {
	usage       uint16
	hasUsage    bool
	basic       bool // basicConstraints present
	ca          bool
	hasPathLen  bool
	pathLen     int
	usages      []string // extended key usages, as OIDs
	hasEKU      bool
	san         []generalName
	ian         []generalName
	subjectKey  []byte
	hasAKI      bool
	issuerKey   []byte // keyIdentifier of the AKI
	points      []distributionPoint
	freshest    []distributionPoint
	access      []accessDescription
	policies    [][]byte
	mapsAny     bool // a policy mapping names anyPolicy
	subtrees    int
	constraints int // fields present in policyConstraints
}

type distributionPoint struct {
	names    []generalName // fullName
	relative bool
	reasons  bool
	issuer   bool
}

type accessDescription struct {
	method   []byte
	location generalName
}

// decodeExtensions fills c.ext. Of an extension that stands twice the first counts.
func (c *certificate) decodeExtensions() {
	for i := range c.extensions {
		e := &c.extensions[i]
		if findExtension(c.extensions[:i], string(e.oid)) == nil && !c.ext.read(e) && c.malformed == "" {
			c.malformed = dotted(e.oid)
		}
	}
}

// read decodes one extension; false means that a known one is malformed.
func (d *decoded) read(e *extension) (ok bool) {
	s := cryptobyte.String(e.value)
	switch string(e.oid) {
	case oidKeyUsage:
		d.usage, ok = readKeyUsage(&s)
		d.hasUsage = true
	case oidBasicConstraints:
		ok = d.readBasic(&s)
		d.basic = true
	case oidExtKeyUsage:
		d.usages, ok = readOIDs(&s)
		d.hasEKU = true
	case oidSubjectAltName:
		d.san, ok = readNamesField(&s)
	case oidIssuerAltName:
		d.ian, ok = readNamesField(&s)
	case oidSubjectKeyID:
		var id cryptobyte.String
		ok = s.ReadASN1(&id, asn1.OCTET_STRING) && len(id) > 0
		d.subjectKey = id
	case oidAuthorityKeyID:
		d.issuerKey, ok = readAuthorityKeyID(&s)
		d.hasAKI = true
	case oidCRLDistPoints:
		d.points, ok = readPoints(&s)
	case oidFreshestCRL:
		d.freshest, ok = readPoints(&s)
	case oidAuthorityInfo, oidSubjectInfo:
		ok = d.readAccess(&s, string(e.oid) == oidAuthorityInfo)
	case oidPolicies:
		d.policies, ok = readPolicies(&s)
	case oidPolicyMappings:
		ok = d.readMappings(&s)
	case oidNameConstraints:
		ok = d.readNameConstraints(&s)
	case oidPolicyConstraints:
		ok = d.readPolicyConstraints(&s)
	case oidInhibitAnyPolicy:
		var skip cryptobyte.String
		ok = s.ReadASN1(&skip, asn1.INTEGER) && integerFault(skip) == "" && skip[0] < 0x80
	case oidOCSPNoCheck:
		ok = string(s) == "\x05\x00"
		s = nil
	default:
		return true
	}
	return ok && s.Empty()
}

// readKeyUsage reads a named bit list: no trailing zero bits (X.690 11.2.2).
func readKeyUsage(s *cryptobyte.String) (uint16, bool) {
	var bits cryptobyte.String
	if !s.ReadASN1(&bits, asn1.BIT_STRING) || len(bits) == 0 || len(bits) > 3 || bits[0] > 7 {
		return 0, false
	}
	unused, body := bits[0], bits[1:]
	if len(body) == 0 {
		return 0, unused == 0
	}
	if body[len(body)-1]>>unused&1 == 0 || body[len(body)-1]&(1<<unused-1) != 0 {
		return 0, false
	}
	var usage uint16
	for i := range 9 {
		if i/8 < len(body) && body[i/8]&(0x80>>(i%8)) != 0 {
			usage |= 1 << i
		}
	}
	return usage, true
}

func (d *decoded) readBasic(s *cryptobyte.String) bool {
	var body cryptobyte.String
	if !s.ReadASN1(&body, asn1.SEQUENCE) {
		return false
	}
	// cA FALSE is the DEFAULT and must not be written (X.690 11.5).
	if body.PeekASN1Tag(asn1.BOOLEAN) && (!body.ReadASN1Boolean(&d.ca) || !d.ca) {
		return false
	}
	if body.PeekASN1Tag(asn1.INTEGER) {
		d.hasPathLen = true
		if !body.ReadASN1Integer(&d.pathLen) || d.pathLen < 0 {
			return false
		}
	}
	return body.Empty()
}

func readOIDs(s *cryptobyte.String) ([]string, bool) {
	var list cryptobyte.String
	if !s.ReadASN1(&list, asn1.SEQUENCE) || list.Empty() {
		return nil, false
	}
	var all []string
	for !list.Empty() {
		var oid cryptobyte.String
		if !list.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) || !validOID(oid) || len(all) == maxExtensions {
			return nil, false
		}
		all = append(all, string(oid))
	}
	return all, true
}

func readNamesField(s *cryptobyte.String) ([]generalName, bool) {
	var list cryptobyte.String
	if !s.ReadASN1(&list, asn1.SEQUENCE) || list.Empty() {
		return nil, false
	}
	return readGeneralNames(list)
}

// readAuthorityKeyID returns the keyIdentifier, nil if only issuer and serial are given.
func readAuthorityKeyID(s *cryptobyte.String) ([]byte, bool) {
	var body, id, names, serial cryptobyte.String
	var hasID, hasNames, hasSerial bool
	if !s.ReadASN1(&body, asn1.SEQUENCE) ||
		!body.ReadOptionalASN1(&id, &hasID, context(0)) ||
		!body.ReadOptionalASN1(&names, &hasNames, wrapped(1)) ||
		!body.ReadOptionalASN1(&serial, &hasSerial, context(2)) || !body.Empty() {
		return nil, false
	}
	if hasNames != hasSerial || hasID && len(id) == 0 {
		return nil, false
	}
	return id, true
}
