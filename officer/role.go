package officer

import (
	"regexp"
	"slices"
	"strings"

	"onecert/pki"
)

// The roles of design.md §5. Site is that of an RA, a gateway or another component; Node
// that of a node of status, which tells what is so and changes nothing.
const (
	System    = "system"    // 系统管理员: runs machines and services
	Security  = "security"  // 安全管理员: decides who operates
	Audit     = "audit"     // 审计管理员: watches the others
	Registrar = "registrar" // 录入员: enters applications
	Reviewer  = "reviewer"  // 审核员: approves them
	Issuer    = "issuer"    // 制证员: has certificates made
	Custodian = "custodian" // 密钥恢复员: takes part in recovering keys
	Site      = "site"
	Node      = "node" // 验证节点
)

// Kind is what a registered certificate belongs to.
type Kind string

// The two kinds.
const (
	Person Kind = "officer"
	Place  Kind = "site"
)

// Roles lists every role.
func Roles() []string {
	return []string{System, Security, Audit, Registrar, Reviewer, Issuer, Custodian, Site, Node}
}

// KindOf is what the one who has a role is: a person, or a place where a component runs.
func KindOf(role string) Kind {
	if role == Site || role == Node {
		return Place
	}
	return Person
}

// duty is which of the three separated administrations a role is, or "".
func duty(role string) string {
	switch role {
	case System, Security, Audit:
		return role
	}
	return ""
}

// CheckRoles says whether one holder of this kind may have these roles together.
// Two of system, security and audit in one hand would leave nobody to notice; and who
// administrates does none of the business, since who gives roles could give himself any
// (GB/T 22239 8.1.4.2).
func CheckRoles(kind Kind, roles []string) error {
	if len(roles) == 0 {
		return pki.Errorf(pki.Invalid, "officer.roles", "no role is given").To("give at least one of %s", strings.Join(Roles(), ", "))
	}
	held := ""
	for i, role := range roles {
		if !slices.Contains(Roles(), role) || slices.Contains(roles[:i], role) {
			return pki.Errorf(pki.Invalid, "officer.roles", "role %d is unknown or given twice", i+1).
				To("use %s", strings.Join(Roles(), ", "))
		}
		if kind != KindOf(role) {
			return pki.Errorf(pki.Invalid, "officer.kind", "the roles site and node are for components, every other for officers")
		}
		if d := duty(role); d != "" && held != "" {
			return apart(held, d)
		} else if d != "" {
			held = d
		}
	}
	if held != "" && len(roles) > 1 {
		return business(held)
	}
	if kind != Person && kind != Place {
		return pki.Errorf(pki.Invalid, "officer.kind", "the kind is neither officer nor site")
	}
	return nil
}

func apart(one, other string) *pki.Error {
	return pki.Errorf(pki.Conflict, "officer.separation", "one person cannot be %s and %s administrator", one, other).
		To("give one of the two roles to somebody else")
}

func business(duty string) *pki.Error {
	return pki.Errorf(pki.Conflict, "officer.separation", "the %s administrator cannot do the work of registrar, reviewer, issuer or custodian as well", duty).
		To("give one of the two roles to somebody else")
}

// nameForm is plain lower-case ASCII, so that one person cannot be registered
// again under a name that only looks different.
var nameForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,62}[a-z0-9])?$`)

func checkName(name string) error {
	if !nameForm.MatchString(name) {
		return pki.Errorf(pki.Invalid, "officer.name", "the name is not 1 to 64 of a-z, 0-9, dot and hyphen").
			To("write it like centre.system or ra1.reviewer")
	}
	return nil
}
