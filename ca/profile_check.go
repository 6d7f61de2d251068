package ca

import (
	"crypto/x509"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"onecert/pki"
)

// profileCheck collects what is wrong with one profile and where.
type profileCheck struct {
	file   string
	root   *yaml.Node
	faults []string
}

var profileName = regexp.MustCompile(`^[a-z][a-z0-9-]{1,40}$`)

// maxDays is 30 years: longer than any key we issue should live.
const maxDays = 30 * 366

func (c *profileCheck) all(p *Profile) {
	c.must(profileName.MatchString(p.Name), "name", "name-form", "a name is 2 to 41 lower-case letters, digits and hyphens")
	c.must(p.Version >= 1, "version", "version-positive", "versions count from 1")
	c.must(slices.Contains(kinds, p.Kind), "kind", "kind-known", "kind must be one of %v", kinds)
	c.must(p.Description.ZH != "" && p.Description.EN != "", "description", "description-both", "describe it in zh and en")
	c.suites(p.Suites, "suites")
	if p.Kind == Canary {
		c.must(p.Validity.Days == 0 && p.Validity.MaxDays == 0 && p.Validity.Minutes >= 1 && p.Validity.Minutes <= maxMinutes, "validity", "validity-canary", "a canary lives 1 to %d minutes", maxMinutes)
		c.must(p.Pair == nil && p.HalfOf == "", "pair", "canary-single", "a canary is single")
	} else {
		c.must(p.Validity.Days >= 1 && p.Validity.Days <= p.Validity.MaxDays, "validity", "validity-order", "days must be at least 1 and at most max_days")
		c.must(p.Validity.Minutes == 0, "validity", "validity-minutes", "minutes are for canaries")
	}
	c.must(p.Validity.MaxDays <= maxDays, "validity", "validity-limit", "max_days is over %d", maxDays)
	c.must(p.Pair == nil || p.HalfOf == "", "pair", "pair-or-half", "a profile is one half of a pair, not both")
	if p.Pair != nil {
		c.suites(p.Pair.Suites, "pair")
		for _, suite := range p.Pair.Suites {
			c.must(slices.Contains(p.Suites, suite), "pair", "pair-suites", "suite %s is not among the profile's suites", suite)
		}
	}
	c.must(!p.ServerKey || (p.Kind == Device || p.Kind == Person) && p.HalfOf == "", "server_key", "server-key-kind", "keys are made at the centre for devices and persons only")
	c.must(!p.ServerKeyLetter || p.ServerKey, "server_key_letter", "server-key-letter", "a letter goes with server_key: true")
	c.subject(p)
	c.altNames(p)
	c.usages(p)
	c.private(p)
	c.policies(p)
}

func (c *profileCheck) suites(suites []pki.Suite, key string) {
	c.must(len(suites) > 0, key, "suites-some", "name at least one suite")
	for _, suite := range suites {
		c.must(suite.Family() != "", key, "suites-known", "suite %.20q is not known", string(suite))
	}
}

func (c *profileCheck) subject(p *Profile) {
	c.must(len(p.Subject) > 0, "subject", "subject-some", "name at least one attribute")
	known, seen := pki.AttributeTypes(), map[string]bool{}
	for i, rule := range p.Subject {
		at := "subject." + strconv.Itoa(i)
		c.must(slices.Contains(known, rule.Type), at, "subject-type", "attribute type %.20q is not one of %v", rule.Type, known)
		c.must(!seen[rule.Type], at, "subject-once", "attribute %s has two rules", rule.Type)
		seen[rule.Type] = true
		c.must(rule.Max >= 0 && rule.Max <= 8, at, "subject-max", "max must be 1 to 8")
		c.must(rule.Fixed == "" || !rule.Holder, at, "subject-source", "an attribute is either fixed or the holder id")
		if rule.Fixed != "" {
			name := pki.Name{{Type: rule.Type, Value: rule.Fixed}}
			c.must(name.CheckLengths() == nil, at, "subject-fixed", "the fixed value is not allowed in %s", rule.Type)
		}
	}
	if p.Kind == Person && p.HalfOf == "" {
		c.must(slices.ContainsFunc(p.Subject, func(r SubjectRule) bool { return r.Holder }),
			"subject", "person-holder", "a person's certificate carries the holder id")
	}
}

func (c *profileCheck) altNames(p *Profile) {
	for _, kind := range p.AltNames.Kinds {
		c.must(slices.Contains([]string{"dns", "email", "uri", "ip"}, kind), "alt_names", "altname-kind", "kind %.10q is not dns, email, uri or ip", kind)
	}
	c.must(!p.AltNames.Required || len(p.AltNames.Kinds) > 0, "alt_names", "altname-required", "required but no kind allowed")
	c.must(p.AltNames.Max >= 0 && p.AltNames.Max <= 100, "alt_names", "altname-max", "max must be at most 100")
}

func (c *profileCheck) usages(p *Profile) {
	var err error
	p.usage, err = pki.KeyUsageOf(p.KeyUsage)
	c.must(err == nil && p.usage != 0, "key_usage", "usage-known", "key_usage must name known bits")
	const certifying = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	c.must(p.CA == (p.usage&x509.KeyUsageCertSign != 0), "key_usage", "usage-ca", "keyCertSign goes with ca: true and with nothing else")
	c.must(p.CA || p.usage&certifying == 0, "key_usage", "usage-crl", "cRLSign is for CAs")
	c.must(p.CA == (p.Kind == SubCA), "ca", "ca-kind", "ca: true goes with kind ca and with nothing else")
	const signing = x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment
	const encrypting = x509.KeyUsageKeyEncipherment | x509.KeyUsageDataEncipherment | x509.KeyUsageKeyAgreement
	c.must(p.HalfOf == "" || p.usage&signing == 0, "key_usage", "usage-half", "an escrowed key must not sign")
	c.must(p.Pair == nil || p.usage&encrypting == 0, "key_usage", "usage-half", "the signing half of a pair must not encrypt")
	for _, name := range p.ExtKeyUsage {
		oid, err := pki.ExtKeyUsageOf(name)
		c.must(err == nil, "ext_key_usage", "purpose-known", "purpose %.40q is not known", name)
		p.purposes = append(p.purposes, oid)
	}
	stamps := slices.Contains(p.ExtKeyUsage, "timeStamping")
	c.must(!stamps || len(p.ExtKeyUsage) == 1 && p.ExtKeyUsageCritical, "ext_key_usage", "purpose-timestamp", "timeStamping stands alone and critical (RFC 3161 2.3)")
	c.must(!p.OCSPNoCheck || slices.Contains(p.ExtKeyUsage, "ocspSigning"), "ocsp_no_check", "nocheck-ocsp", "ocsp_no_check is for OCSP responders")
}

func (c *profileCheck) private(p *Profile) {
	for i := range p.Private {
		x := &p.Private[i]
		at := "private_extensions." + strconv.Itoa(i)
		var err error
		x.oid, err = pki.ParseOID(x.OID)
		c.must(err == nil, at, "private-oid", "the OID is malformed")
		c.must(x.Name != "", at, "private-name", "the extension has no name")
		c.must(x.Form == "" || x.Form == "string" || x.Form == "identify-code", at, "private-form", "form is string or identify-code")
		c.must(!x.Off || !x.Required, at, "private-off", "an extension that is off cannot be required")
	}
}

func (c *profileCheck) policies(p *Profile) {
	for _, text := range p.Policies {
		oid, err := pki.ParseOID(text)
		c.must(err == nil, "policies", "policy-oid", "policy %.60q is not an OID", text)
		p.policies = append(p.policies, oid)
	}
	if p.CPS != "" {
		u, err := url.Parse(p.CPS)
		c.must(err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "", "cps", "cps-address", "cps must be an http or https address")
	}
}

// must records a fault under the line of key, a path such as "subject.2".
func (c *profileCheck) must(ok bool, key, rule, text string, args ...any) {
	if !ok {
		c.faults = append(c.faults, fmt.Sprintf("%s:%d: %s: %s", c.file, c.line(key), rule, fmt.Sprintf(text, args...)))
	}
}

func (c *profileCheck) line(key string) int {
	node := c.root
	if node.Kind == yaml.DocumentNode && len(node.Content) > 0 {
		node = node.Content[0]
	}
	line := max(node.Line, 1)
	for part := range strings.SplitSeq(key, ".") {
		next := child(node, part)
		if next == nil {
			return line
		}
		node, line = next, next.Line
	}
	return line
}

func child(node *yaml.Node, part string) *yaml.Node {
	switch node.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == part {
				return node.Content[i+1]
			}
		}
	case yaml.SequenceNode:
		if i, err := strconv.Atoi(part); err == nil && i < len(node.Content) {
			return node.Content[i]
		}
	}
	return nil
}
