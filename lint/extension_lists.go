package lint

import (
	"golang.org/x/crypto/cryptobyte"
	asn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// readPoints reads CRLDistributionPoints (RFC 5280 4.2.1.13).
func readPoints(s *cryptobyte.String) ([]distributionPoint, bool) {
	var list cryptobyte.String
	if !s.ReadASN1(&list, asn1.SEQUENCE) || list.Empty() {
		return nil, false
	}
	var all []distributionPoint
	for !list.Empty() {
		var body cryptobyte.String
		if !list.ReadASN1(&body, asn1.SEQUENCE) || len(all) == maxExtensions {
			return nil, false
		}
		p, ok := readPoint(body)
		if !ok {
			return nil, false
		}
		all = append(all, p)
	}
	return all, true
}

func readPoint(body cryptobyte.String) (p distributionPoint, ok bool) {
	var choice, reasons, issuer cryptobyte.String
	var named bool
	if !body.ReadOptionalASN1(&choice, &named, wrapped(0)) ||
		!body.ReadOptionalASN1(&reasons, &p.reasons, context(1)) ||
		!body.ReadOptionalASN1(&issuer, &p.issuer, wrapped(2)) || !body.Empty() {
		return p, false
	}
	if !named {
		return p, true
	}
	p.names, p.relative, ok = readPointName(choice)
	return p, ok
}

// readPointName reads a DistributionPointName whose tag has been opened.
func readPointName(choice cryptobyte.String) (names []generalName, relative, ok bool) {
	var list cryptobyte.String
	if choice.PeekASN1Tag(wrapped(1)) {
		return nil, true, choice.ReadASN1(&list, wrapped(1)) && choice.Empty() && !list.Empty()
	}
	if !choice.ReadASN1(&list, wrapped(0)) || !choice.Empty() || list.Empty() {
		return nil, false, false
	}
	names, ok = readGeneralNames(list)
	return names, false, ok
}

// readAccess reads AuthorityInfoAccess or SubjectInfoAccess; only the first is kept.
func (d *decoded) readAccess(s *cryptobyte.String, keep bool) bool {
	var list cryptobyte.String
	if !s.ReadASN1(&list, asn1.SEQUENCE) || list.Empty() {
		return false
	}
	for !list.Empty() {
		var body, method cryptobyte.String
		if !list.ReadASN1(&body, asn1.SEQUENCE) || !body.ReadASN1(&method, asn1.OBJECT_IDENTIFIER) {
			return false
		}
		names, ok := readGeneralNames(body)
		if !ok || len(names) != 1 || len(d.access) == maxExtensions {
			return false
		}
		if keep {
			d.access = append(d.access, accessDescription{method, names[0]})
		}
	}
	return true
}

func readPolicies(s *cryptobyte.String) ([][]byte, bool) {
	var list cryptobyte.String
	if !s.ReadASN1(&list, asn1.SEQUENCE) || list.Empty() {
		return nil, false
	}
	var all [][]byte
	for !list.Empty() {
		var body, oid, qualifiers cryptobyte.String
		var present bool
		if !list.ReadASN1(&body, asn1.SEQUENCE) || !body.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) ||
			!body.ReadOptionalASN1(&qualifiers, &present, asn1.SEQUENCE) || present && qualifiers.Empty() ||
			!body.Empty() || !validOID(oid) || len(all) == maxExtensions {
			return nil, false
		}
		all = append(all, oid)
	}
	return all, true
}

func (d *decoded) readMappings(s *cryptobyte.String) bool {
	var list cryptobyte.String
	if !s.ReadASN1(&list, asn1.SEQUENCE) || list.Empty() {
		return false
	}
	for !list.Empty() {
		var body, from, to cryptobyte.String
		if !list.ReadASN1(&body, asn1.SEQUENCE) || !body.ReadASN1(&from, asn1.OBJECT_IDENTIFIER) ||
			!body.ReadASN1(&to, asn1.OBJECT_IDENTIFIER) || !body.Empty() {
			return false
		}
		d.mapsAny = d.mapsAny || string(from) == oidAnyPolicy || string(to) == oidAnyPolicy
	}
	return true
}

func (d *decoded) readNameConstraints(s *cryptobyte.String) bool {
	var body cryptobyte.String
	if !s.ReadASN1(&body, asn1.SEQUENCE) {
		return false
	}
	for _, n := range []asn1.Tag{0, 1} {
		var list cryptobyte.String
		var present bool
		if !body.ReadOptionalASN1(&list, &present, wrapped(n)) || present && list.Empty() {
			return false
		}
		for !list.Empty() {
			var subtree, base cryptobyte.String
			var tag asn1.Tag
			if !list.ReadASN1(&subtree, asn1.SEQUENCE) || !subtree.ReadAnyASN1(&base, &tag) {
				return false
			}
			d.subtrees++
		}
	}
	return body.Empty()
}

func (d *decoded) readPolicyConstraints(s *cryptobyte.String) bool {
	var body cryptobyte.String
	if !s.ReadASN1(&body, asn1.SEQUENCE) {
		return false
	}
	for _, n := range []asn1.Tag{0, 1} {
		var number cryptobyte.String
		var present bool
		if !body.ReadOptionalASN1(&number, &present, context(n)) || present && integerFault(number) != "" {
			return false
		}
		if present {
			d.constraints++
		}
	}
	return body.Empty()
}
