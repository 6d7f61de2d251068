package lint

import (
	"fmt"
	"strings"
)

// rfc5280Extensions holds each extension against RFC 5280 4.2; read only.
var rfc5280Extensions = []rule[certificate]{
	{"rfc5280.extension.none", "RFC 5280 4.1.2.9", Error, Error, checkNoExtensions},
	{"rfc5280.extension.duplicate", "RFC 5280 4.2", Error, Error, func(c *certificate) string { return duplicateFault(c.extensions) }},
	{"rfc5280.extension.default", "X.690 11.5", Error, Warning, func(c *certificate) string { return defaultFault(c.extensions) }},
	{"rfc5280.extension.malformed", "RFC 5280 4.2.1", Error, Error, checkMalformed},
	{"rfc5280.extension.unknown-critical", "RFC 5280 4.2", Error, Error, checkUnknownCritical},
	{"rfc5280.extension.not-critical", "RFC 5280 4.2", Error, Error, checkMustNotBeCritical},
	{"rfc5280.extension.critical", "RFC 5280 4.2.1.10, 4.2.1.11, 4.2.1.14", Error, Error, checkMustBeCritical},
	{"rfc5280.san.form", "RFC 5280 4.2.1.6", Error, Error, checkAltNames},
	{"rfc5280.crldp.form", "RFC 5280 4.2.1.13", Error, Error, checkPoints},
	{"rfc5280.crldp.uri", "RFC 5280 4.2.1.13", Error, Warning, checkPointURIs},
	{"rfc5280.aia.form", "RFC 5280 4.2.2.1", Error, Error, checkAccess},
	{"rfc5280.aia.uri", "RFC 5280 4.2.2.1", Error, Warning, checkAccessURIs},
	{"rfc5280.policies.duplicate", "RFC 5280 4.2.1.4", Error, Error, checkPolicies},
	{"rfc5280.policy-mappings.any", "RFC 5280 4.2.1.5", Error, Error, checkMappings},
	{"rfc5280.name-constraints.form", "RFC 5280 4.2.1.10", Error, Error, checkNameConstraints},
	{"rfc5280.policy-constraints.form", "RFC 5280 4.2.1.11", Error, Error, checkPolicyConstraints},
	{"rfc5280.eku.duplicate", "RFC 5280 4.2.1.12", Error, Warning, checkEKUDuplicate},
	{"rfc5280.eku.any-critical", "RFC 5280 4.2.1.12", Error, Warning, checkEKUAnyCritical},
}

func checkNoExtensions(c *certificate) string {
	if c.noExtensions {
		return "the list of extensions is there and empty"
	}
	return ""
}

func duplicateFault(all []extension) string {
	if oid := duplicate(all); oid != nil {
		return "extension " + dotted(oid) + " stands twice"
	}
	return ""
}

func defaultFault(all []extension) string {
	for i := range all {
		if all[i].explicitFalse {
			return "extension " + dotted(all[i].oid) + " writes critical FALSE, which is the default"
		}
	}
	return ""
}

func checkMalformed(c *certificate) string {
	if c.malformed != "" {
		return "extension " + c.malformed + " is not encoded as its definition says"
	}
	for i := range c.extensions {
		if !validOID(c.extensions[i].oid) {
			return "the type of an extension is not a valid object identifier"
		}
	}
	return ""
}

func checkUnknownCritical(c *certificate) string {
	for i := range c.extensions {
		if e := &c.extensions[i]; e.critical && !knownExtension(e.oid) {
			return "extension " + dotted(e.oid) + " is critical and not known; everybody who meets it must refuse the certificate"
		}
	}
	return ""
}

// knownExtension lists what RFC 5280 and the national formats define.
func knownExtension(oid []byte) bool {
	switch string(oid) {
	case oidSubjectKeyID, oidKeyUsage, oidPrivateKeyPeriod, oidSubjectAltName, oidIssuerAltName, oidBasicConstraints,
		oidNameConstraints, oidCRLDistPoints, oidPolicies, oidPolicyMappings, oidAuthorityKeyID, oidPolicyConstraints,
		oidExtKeyUsage, oidFreshestCRL, oidInhibitAnyPolicy, oidAuthorityInfo, oidSubjectInfo, oidOCSPNoCheck:
		return true
	}
	return strings.HasPrefix(string(oid), oidNationalArc)
}

func checkMustNotBeCritical(c *certificate) string {
	for i := range c.extensions {
		if !c.extensions[i].critical {
			continue
		}
		switch string(c.extensions[i].oid) {
		case oidAuthorityKeyID, oidSubjectKeyID, oidAuthorityInfo, oidSubjectInfo, oidFreshestCRL:
			return "extension " + dotted(c.extensions[i].oid) + " must not be critical"
		case oidIssuerAltName, oidCRLDistPoints, oidOCSPNoCheck:
			return "extension " + dotted(c.extensions[i].oid) + " should not be critical"
		}
	}
	return ""
}

func checkMustBeCritical(c *certificate) string {
	for i := range c.extensions {
		switch string(c.extensions[i].oid) {
		case oidNameConstraints, oidPolicyConstraints, oidInhibitAnyPolicy:
			if !c.extensions[i].critical {
				return "extension " + dotted(c.extensions[i].oid) + " must be critical"
			}
		}
	}
	return ""
}

func checkAltNames(c *certificate) string {
	for i := range c.ext.san {
		if fault := c.ext.san[i].fault(); fault != "" {
			return fmt.Sprintf("alternative name %d: %s", i+1, fault)
		}
	}
	for i := range c.ext.ian {
		if fault := c.ext.ian[i].fault(); fault != "" {
			return fmt.Sprintf("issuer alternative name %d: %s", i+1, fault)
		}
	}
	return ""
}

func (d *decoded) allPoints(check func(*distributionPoint) string) string {
	for _, points := range [][]distributionPoint{d.points, d.freshest} {
		for i := range points {
			if fault := check(&points[i]); fault != "" {
				return fmt.Sprintf("distribution point %d: %s", i+1, fault)
			}
		}
	}
	return ""
}

func checkPoints(c *certificate) string {
	return c.ext.allPoints(func(p *distributionPoint) string {
		switch {
		case len(p.names) == 0 && !p.relative && !p.issuer:
			return "it names neither a place nor a CRL issuer"
		case p.relative && !p.issuer:
			return "a relative name is used without a CRL issuer"
		}
		for _, n := range p.names {
			if n.kind != sanURI && n.kind != sanDirectory {
				return "its name is neither a URI nor a directory name"
			}
		}
		return ""
	})
}

func checkPointURIs(c *certificate) string {
	return c.ext.allPoints(func(p *distributionPoint) string {
		for _, n := range p.names {
			if n.kind == sanURI && !fetchable(n.value) {
				return "the URI is not one of http or ldap"
			}
		}
		return ""
	})
}

func checkAccess(c *certificate) string {
	for i := range c.ext.access {
		a := &c.ext.access[i]
		switch string(a.method) {
		case oidOCSP, oidCAIssuers:
			if a.location.kind != sanURI && (string(a.method) == oidOCSP || a.location.kind != sanDirectory) {
				return fmt.Sprintf("access description %d: the location is not a URI", i+1)
			}
		}
	}
	return ""
}

func checkAccessURIs(c *certificate) string {
	for i := range c.ext.access {
		a := &c.ext.access[i]
		if a.location.kind == sanURI && !fetchable(a.location.value) {
			return fmt.Sprintf("access description %d: the URI is not one of http or ldap", i+1)
		}
	}
	return ""
}

func checkPolicies(c *certificate) string {
	for i, p := range c.ext.policies {
		for _, q := range c.ext.policies[:i] {
			if string(p) == string(q) {
				return "policy " + dotted(p) + " stands twice"
			}
		}
	}
	return ""
}

func checkMappings(c *certificate) string {
	if c.ext.mapsAny {
		return "anyPolicy is mapped"
	}
	return ""
}

func checkNameConstraints(c *certificate) string {
	if findExtension(c.extensions, oidNameConstraints) == nil {
		return ""
	}
	if !c.isCA() {
		return "name constraints stand in a certificate that is no CA's"
	}
	if c.ext.subtrees == 0 {
		return "the name constraints are empty"
	}
	return ""
}

func checkPolicyConstraints(c *certificate) string {
	if findExtension(c.extensions, oidPolicyConstraints) != nil && c.ext.constraints == 0 {
		return "the policy constraints are empty"
	}
	return ""
}

func checkEKUDuplicate(c *certificate) string {
	for i, usage := range c.ext.usages {
		for _, earlier := range c.ext.usages[:i] {
			if usage == earlier {
				return "extended key usage " + dotted([]byte(usage)) + " stands twice"
			}
		}
	}
	return ""
}

func checkEKUAnyCritical(c *certificate) string {
	e := findExtension(c.extensions, oidExtKeyUsage)
	if e != nil && e.critical && c.ext.can(oidAnyExtKeyUsage) {
		return "anyExtendedKeyUsage stands in a critical extension"
	}
	return ""
}

// can reports whether an extended key usage is listed.
func (d *decoded) can(usage string) bool {
	for _, u := range d.usages {
		if u == usage {
			return true
		}
	}
	return false
}
