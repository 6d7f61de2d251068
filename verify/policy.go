package verify

import (
	"golang.org/x/crypto/cryptobyte"
	asn1 "golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

// policy is the content octets of a policy's OID.
type policy string

// mapping says that a policy of the issuer is equivalent to one of the subject.
type mapping struct{ issuer, subject policy }

// maxPolicies bounds one extension, and the policies that are alive along a path.
const (
	maxPolicies = 256
	maxAlive    = 1024
)

func anyPolicy() policy { return policy(octets(pki.AnyPolicy())) }

// Qualifiers an application could not show are refused in a critical extension
// (RFC 5280 4.2.1.4); these two only inform.
const (
	qualifierCPS    = "\x2b\x06\x01\x05\x05\x07\x02\x01"
	qualifierNotice = "\x2b\x06\x01\x05\x05\x07\x02\x02"
)

func (e *extensions) readPolicies(value cryptobyte.String) bool {
	var list cryptobyte.String
	if !value.ReadASN1(&list, asn1.SEQUENCE) || !value.Empty() || list.Empty() {
		return false
	}
	_, critical := e.has(pki.OIDPolicies)
	seen := map[policy]bool{}
	for !list.Empty() {
		var one, id, qualifiers cryptobyte.String
		var qualified bool
		if len(seen) == maxPolicies || !list.ReadASN1(&one, asn1.SEQUENCE) || !one.ReadASN1(&id, asn1.OBJECT_IDENTIFIER) ||
			!one.ReadOptionalASN1(&qualifiers, &qualified, asn1.SEQUENCE) || !one.Empty() || seen[policy(id)] ||
			!readQualifiers(qualifiers, critical) {
			return false
		}
		seen[policy(id)] = true
		e.policies = append(e.policies, policy(id))
	}
	return true
}

func readQualifiers(list cryptobyte.String, critical bool) bool {
	for !list.Empty() {
		var one, id cryptobyte.String
		if !list.ReadASN1(&one, asn1.SEQUENCE) || !one.ReadASN1(&id, asn1.OBJECT_IDENTIFIER) {
			return false
		}
		if critical && string(id) != qualifierCPS && string(id) != qualifierNotice {
			return false
		}
	}
	return true
}

func (e *extensions) readMappings(value cryptobyte.String) bool {
	var list cryptobyte.String
	if !value.ReadASN1(&list, asn1.SEQUENCE) || !value.Empty() || list.Empty() {
		return false
	}
	for !list.Empty() {
		var one, from, to cryptobyte.String
		if len(e.mappings) == maxPolicies || !list.ReadASN1(&one, asn1.SEQUENCE) ||
			!one.ReadASN1(&from, asn1.OBJECT_IDENTIFIER) || !one.ReadASN1(&to, asn1.OBJECT_IDENTIFIER) || !one.Empty() {
			return false
		}
		e.mappings = append(e.mappings, mapping{policy(from), policy(to)})
	}
	return true
}

func (e *extensions) readPolicyConstraints(value cryptobyte.String) bool {
	var body cryptobyte.String
	return value.ReadASN1(&body, asn1.SEQUENCE) && value.Empty() && !body.Empty() &&
		readSkip(&body, 0, &e.require) && readSkip(&body, 1, &e.inhibit) && body.Empty()
}

// readSkip reads an optional SkipCerts; beyond what any path has they are all one.
func readSkip(body *cryptobyte.String, tag uint8, into **int) bool {
	if !body.PeekASN1Tag(implicit(tag)) {
		return true
	}
	var n int64
	if !body.ReadASN1Int64WithTag(&n, implicit(tag)) || n < 0 {
		return false
	}
	count := int(min(n, maxAlive))
	*into = &count
	return true
}

func (e *extensions) readInhibitAny(value cryptobyte.String) bool {
	var n int
	if !value.ReadASN1Integer(&n) || n < 0 || !value.Empty() {
		return false
	}
	e.inhibitA = &n
	return true
}
