package verify

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"net/netip"
	"slices"
	"strings"

	"github.com/emmansun/gmsm/sm2"

	"onecert/pki"
)

// serverForm holds a certificate against the CA/Browser Forum's Baseline Requirements
// 7.1, as far as somebody who relies on it can see. SM2 certificates are refused:
// those rules do not know them.
func serverForm(c *Certificate, last, anchor bool) (found []Reason) {
	rule := func(code string, broken bool) {
		if broken {
			found = append(found, reason(code, c))
		}
	}
	rule("profile.version", c.Version != 3)                              // 7.1.1
	rule("profile.key", !publicWebKey(c))                                // 7.1.3.1
	rule("profile.authority", c.selfIssued() && anchor && !rootKeyID(c)) // 7.1.2.1.3
	rule("profile.root-extended", anchor && !last && c.extended != nil)  // 7.1.2.1.2
	if last && !anchor {
		rule("profile.leaf-ca", c.ca())                                // 7.1.2.7.8
		rule("profile.leaf-extended", !serverUsages(c))                // 7.1.2.7.10
		rule("profile.leaf-no-usage", c.usage != nil && *c.usage == 0) // 7.1.2.7.11
		rule("profile.alternative-missing", len(c.altNames) == 0)      // 7.1.2.7.12
		critical := marked(pki.OIDSubjectAltName, true)(c, last)
		rule("profile.alternative-mark", len(c.subjectName) > 0 && critical)
		rule("profile.common-name", !commonNamesRepeat(c))                   // 7.1.4.3
		rule("profile.point", slices.ContainsFunc(c.points, irregularPoint)) // 7.1.2.11.2
		rule("profile.wildcard", slices.ContainsFunc(c.altNames, wideWildcard))
	}
	return found
}

func publicWebKey(c *Certificate) bool {
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		return key.N.BitLen() >= 2048 && key.N.BitLen()%8 == 0
	case *ecdsa.PublicKey:
		return key.Curve != sm2.P256() && key.Curve.Params().BitSize >= 256
	}
	return false
}

// serverUsages: serverAuth, clientAuth at most beside it, and not critical.
func serverUsages(c *Certificate) bool {
	forbidden := []string{extendedAny, extendedCode, extendedEmail, extendedStamp, extendedOCSP, octets(pki.OID{1, 3, 6, 1, 4, 1, 11129, 2, 4, 4})}
	return slices.Contains(c.extended, extendedServer) && !marked(pki.OIDExtKeyUsage, true)(c, true) &&
		!slices.ContainsFunc(c.extended, func(usage string) bool { return slices.Contains(forbidden, usage) })
}

// commonNamesRepeat: a common name is, character for character, one of the alternative
// names; an address in its one canonical spelling.
func commonNamesRepeat(c *Certificate) bool {
	var spelled []string
	for _, name := range c.altNames {
		switch address, ok := netip.AddrFromSlice([]byte(name.value)); {
		case name.form == formDNS:
			spelled = append(spelled, name.value)
		case name.form == formIP && ok:
			spelled = append(spelled, address.String())
		}
	}
	names := attributes(c.Subject, []byte("\x55\x04\x03"))
	return len(names) <= 1 && !slices.ContainsFunc(names, func(name string) bool { return !slices.Contains(spelled, name) })
}

// wideWildcard: a wildcard for a whole top-level domain. Which longer names are open
// for registration is a list that changes; it is not held here.
func wideWildcard(name generalName) bool {
	parent, wild := strings.CutPrefix(name.value, "*.")
	return name.form == formDNS && wild && !strings.Contains(parent, ".")
}

func irregularPoint(p point) bool {
	return p.issuers != nil || p.place.relative != "" ||
		slices.ContainsFunc(p.place.names, func(name generalName) bool { return name.form != formURI })
}
