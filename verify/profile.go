package verify

import (
	"bytes"

	"onecert/pki"
)

// Profile says how strictly the form of the certificates is judged, beyond what
// makes a path valid. Whoever certifies must keep these rules; whoever relies on a
// certificate may ask that they were kept.
type Profile string

// Path demands what RFC 5280 6 does. RFC5280 demands what its clauses 4 and 5 ask of
// every CA as well. CABF demands the rules of the CA/Browser Forum for certificates
// of servers (Baseline Requirements 7.1), which differ from RFC 5280 in places.
const (
	Path    Profile = "path"
	RFC5280 Profile = "rfc5280"
	CABF    Profile = "cabf"
)

// Profiles lists them all.
func Profiles() []Profile { return []Profile{Path, RFC5280, CABF} }

func (p Profile) strict() bool { return p == RFC5280 || p == CABF }

// form judges how one certificate is made; anchor and last are its places in the path.
func (p Profile) form(c *Certificate, last, anchor bool) []Reason {
	var found []Reason
	if !p.strict() {
		return nil
	}
	for _, rule := range formRules {
		if rule.broken(c, last) && !(p == CABF && rule.code == "profile.constraints-critical") {
			found = append(found, reason(rule.code, c))
		}
	}
	if p == CABF {
		found = append(found, serverForm(c, last, anchor)...)
	}
	return found
}

// formRule is one rule of RFC 5280 4.
type formRule struct {
	code   string
	broken func(c *Certificate, last bool) bool
}

// formRules, in the order of RFC 5280; read only.
var formRules = []formRule{
	{"profile.serial", func(c *Certificate, _ bool) bool { return c.Serial.Sign() <= 0 || len(c.serial) > pki.SerialOctets }}, // 4.1.2.2
	{"profile.aki-missing", func(c *Certificate, _ bool) bool { // 4.2.1.1
		return !c.selfIssued() && (c.authority == nil || c.authority.keyID == nil)
	}},
	{"profile.aki-critical", marked(pki.OIDAuthorityKeyID, true)},                                                              // 4.2.1.1
	{"profile.ski-missing", func(c *Certificate, _ bool) bool { return c.ca() && c.keyID == nil }},                             // 4.2.1.2
	{"profile.ski-critical", marked(pki.OIDSubjectKeyID, true)},                                                                // 4.2.1.2
	{"profile.leaf-usage", func(c *Certificate, _ bool) bool { return !c.ca() && c.usage != nil && c.may(usageCertSign) }},     // 4.2.1.9
	{"profile.alternative-critical", func(c *Certificate, _ bool) bool { return len(c.subjectName) == 0 && !c.alternative() }}, // 4.2.1.6
	{"profile.basic-critical", func(c *Certificate, last bool) bool { return c.ca() && marked(pki.OIDBasicConstraints, false)(c, last) }},
	{"profile.constraints-critical", marked(pki.OIDNameConstraints, false)},                                                           // 4.2.1.10
	{"profile.constraints-leaf", func(c *Certificate, _ bool) bool { return c.names != nil && !c.ca() }},                              // 4.2.1.10
	{"profile.policy-critical", marked(oidPolicyConstraints, false)},                                                                  // 4.2.1.11
	{"profile.any-critical", marked(oidInhibitAnyPolicy, false)},                                                                      // 4.2.1.14
	{"profile.access-critical", marked(pki.OIDAIA, true)},                                                                             // 4.2.2.1
	{"profile.length-without-ca", func(c *Certificate, _ bool) bool { return c.basic != nil && !c.basic.ca && c.basic.pathLen >= 0 }}, // 4.2.1.9
}

// marked: the extension is there with the wrong mark.
func marked(oid pki.OID, wrong bool) func(*Certificate, bool) bool {
	return func(c *Certificate, _ bool) bool {
		there, critical := c.has(oid)
		return there && critical == wrong
	}
}

// alternative: there is a critical subject alternative name.
func (c *Certificate) alternative() bool {
	_, critical := c.has(pki.OIDSubjectAltName)
	return critical && len(c.altNames) > 0
}

// rootKeyID: a root names no other authority than itself (BR 7.1.2.1.3).
func rootKeyID(c *Certificate) bool {
	return c.authority == nil || !c.authority.issuer && !c.authority.serial && c.keyID != nil && bytes.Equal(c.authority.keyID, c.keyID)
}
