package main

import (
	"encoding/asn1"
	"math/big"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// pointLines reads CRLDistributionPoints (RFC 5280 4.2.1.13), a line a point.
func pointLines(s cryptobyte.String) ([]string, bool) {
	var list cryptobyte.String
	if !s.ReadASN1(&list, cbasn1.SEQUENCE) {
		return nil, false
	}
	var lines []string
	for !list.Empty() {
		var body, choice, skip cryptobyte.String
		var named, hasReasons, hasIssuer bool
		if !list.ReadASN1(&body, cbasn1.SEQUENCE) || !body.ReadOptionalASN1(&choice, &named, opened(0)) ||
			!body.ReadOptionalASN1(&skip, &hasReasons, tagged(1)) || !body.ReadOptionalASN1(&skip, &hasIssuer, opened(2)) {
			return nil, false
		}
		parts := pointNames(choice)
		if hasReasons {
			parts = append(parts, "(some reasons only)")
		}
		if hasIssuer {
			parts = append(parts, "CRL issuer "+strings.Join(generalNames(skip), ", "))
		}
		lines = append(lines, strings.Join(parts, " "))
	}
	return lines, true
}

func pointNames(choice cryptobyte.String) []string {
	var names cryptobyte.String
	if choice.ReadASN1(&names, opened(0)) {
		return generalNames(names)
	}
	return nil
}

// scopeLines reads IssuingDistributionPoint (RFC 5280 5.2.5).
func scopeLines(s cryptobyte.String) ([]string, bool) {
	var body, choice, flag cryptobyte.String
	var present bool
	if !s.ReadASN1(&body, cbasn1.SEQUENCE) || !body.ReadOptionalASN1(&choice, &present, opened(0)) {
		return nil, false
	}
	lines := pointNames(choice)
	flags := []string{"onlyContainsUserCerts", "onlyContainsCACerts", "onlySomeReasons", "indirectCRL", "onlyContainsAttributeCerts"}
	for i, name := range flags {
		if !body.ReadOptionalASN1(&flag, &present, tagged(cbasn1.Tag(i+1))) {
			return nil, false
		}
		if present {
			lines = append(lines, name)
		}
	}
	return lines, true
}

func policyLines(s cryptobyte.String) ([]string, bool) {
	var list cryptobyte.String
	if !s.ReadASN1(&list, cbasn1.SEQUENCE) {
		return nil, false
	}
	var lines []string
	for !list.Empty() {
		var body, qualifiers cryptobyte.String
		var oid asn1.ObjectIdentifier
		var present bool
		if !list.ReadASN1(&body, cbasn1.SEQUENCE) || !body.ReadASN1ObjectIdentifier(&oid) ||
			!body.ReadOptionalASN1(&qualifiers, &present, cbasn1.SEQUENCE) {
			return nil, false
		}
		lines = append(lines, named(oid))
		for !qualifiers.Empty() {
			var qualifier, value cryptobyte.String
			var id asn1.ObjectIdentifier
			var tag cbasn1.Tag
			if !qualifiers.ReadASN1(&qualifier, cbasn1.SEQUENCE) || !qualifier.ReadASN1ObjectIdentifier(&id) ||
				!qualifier.ReadAnyASN1Element(&value, &tag) {
				return nil, false
			}
			lines = append(lines, "  "+named(id)+": "+rawLines(value)[0])
		}
	}
	return lines, true
}

func mappingLines(s cryptobyte.String) ([]string, bool) {
	var list cryptobyte.String
	if !s.ReadASN1(&list, cbasn1.SEQUENCE) {
		return nil, false
	}
	var lines []string
	for !list.Empty() {
		var body cryptobyte.String
		var from, to asn1.ObjectIdentifier
		if !list.ReadASN1(&body, cbasn1.SEQUENCE) || !body.ReadASN1ObjectIdentifier(&from) || !body.ReadASN1ObjectIdentifier(&to) {
			return nil, false
		}
		lines = append(lines, from.String()+" → "+to.String())
	}
	return lines, true
}

func policyConstraintLines(s cryptobyte.String) ([]string, bool) {
	var body cryptobyte.String
	if !s.ReadASN1(&body, cbasn1.SEQUENCE) {
		return nil, false
	}
	var lines []string
	for i, name := range []string{"requireExplicitPolicy", "inhibitPolicyMapping"} {
		var number cryptobyte.String
		var present bool
		if !body.ReadOptionalASN1(&number, &present, tagged(cbasn1.Tag(i))) {
			return nil, false
		}
		if present {
			lines = append(lines, name+":"+new(big.Int).SetBytes(number).String())
		}
	}
	return lines, true
}

// constraintLines reads NameConstraints (RFC 5280 4.2.1.10).
func constraintLines(s cryptobyte.String) ([]string, bool) {
	var body cryptobyte.String
	if !s.ReadASN1(&body, cbasn1.SEQUENCE) {
		return nil, false
	}
	var lines []string
	for i, name := range []string{"permitted", "excluded"} {
		var list cryptobyte.String
		var present bool
		if !body.ReadOptionalASN1(&list, &present, opened(cbasn1.Tag(i))) {
			return nil, false
		}
		for !list.Empty() {
			var subtree, base cryptobyte.String
			var tag cbasn1.Tag
			if !list.ReadASN1(&subtree, cbasn1.SEQUENCE) || !subtree.ReadAnyASN1(&base, &tag) {
				return nil, false
			}
			lines = append(lines, name+" "+generalName(int(tag&0x1f), base))
		}
	}
	return lines, true
}
