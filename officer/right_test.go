package officer

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"

	"onecert/pki"
)

// declared reads the constants of type Operation from the source, so that one
// added without rights is seen.
func declared(t *testing.T) []Operation {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "right.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var all []Operation
	ast.Inspect(file, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok {
			if name, ok := v.Type.(*ast.Ident); ok && name.Name == "Operation" {
				text, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, Operation(text))
			}
		}
		return true
	})
	return all
}

func TestEachOperationHasItsRights(t *testing.T) {
	all := declared(t)
	if len(all) < 20 || len(all) != len(rights) {
		t.Errorf("%d operations declared, %d in the table", len(all), len(rights))
	}
	for _, op := range all {
		roles := rights[op]
		if len(roles) == 0 {
			t.Errorf("nobody may %s", op)
		}
		for i, role := range roles {
			if !slices.Contains(Roles(), role) || slices.Contains(roles[:i], role) {
				t.Errorf("%s: role %q", op, role)
			}
		}
	}
	for _, role := range Roles() {
		able := 0
		for op := range rights {
			if May(pki.Actor{Roles: []string{role}}, op) == nil {
				able++
			}
		}
		if able <= 2 || able == len(rights) {
			t.Errorf("%s may do %d of %d operations", role, able, len(rights))
		}
	}
}

// work is what only one of the three administrations may do.
func work(duty string) (ops []Operation) {
	for op, roles := range rights {
		if slices.Equal(roles, []string{duty}) {
			ops = append(ops, op)
		}
	}
	return ops
}

// Whatever roles one holder may be registered with, none does the work of two of
// the three administrations; and the rights of one alone never reach another's.
func TestNoHolderJoinsTheAdministrations(t *testing.T) {
	all, checked := Roles(), 0
	for _, kind := range []Kind{Person, Place} {
		for set := range 1 << len(all) {
			var roles []string
			for i, role := range all {
				if set&(1<<i) != 0 {
					roles = append(roles, role)
				}
			}
			if CheckRoles(kind, roles) != nil && len(roles) != 1 {
				continue
			}
			checked++
			does := 0
			for _, d := range []string{System, Security, Audit} {
				if len(work(d)) == 0 {
					t.Fatalf("%s has no work of its own", d)
				}
				if slices.ContainsFunc(work(d), func(op Operation) bool { return May(pki.Actor{Roles: roles}, op) == nil }) {
					does++
				}
			}
			if does > 1 {
				t.Errorf("%v does the work of %d administrations", roles, does)
			}
		}
	}
	// The three, what else a person may do in any mixture, and each of a place's.
	if checked < 3+15+2 {
		t.Errorf("only %d sets of roles were checked", checked)
	}
}

// The separations that examples of abuse begin with.
func TestSeparations(t *testing.T) {
	for _, c := range []struct {
		role string
		may  []Operation
		not  []Operation
	}{
		{System, []Operation{ReadKMC, FillPool, SignCRL}, []Operation{Issue, Revoke, Recover, WriteOfficers, ReadAudit, Generate}},
		{Security, []Operation{WriteOfficers, IssueOfficer}, []Operation{Issue, Revoke, Hold, Recover, ReadAudit, SignCRL, ReadKMC}},
		{Audit, []Operation{ReadAudit, ReadOfficers, ReadLedger}, []Operation{Issue, Revoke, Hold, WriteOfficers, IssueOfficer, Recover, FillPool}},
		{Registrar, []Operation{Hold, Read}, []Operation{Issue, Revoke, Release, ReadAudit, WriteOfficers}},
		{Reviewer, []Operation{Hold, Release, Revoke}, []Operation{Issue, Renew, Recover, WriteOfficers}},
		{Issuer, []Operation{Issue, Modify, SignCRL}, []Operation{Recover, Generate, IssueOfficer, ReadAudit}},
		{Custodian, []Operation{Recover, ReadLedger}, []Operation{Issue, Hold, Generate, ReadAudit}},
		{Site, []Operation{Issue, Recover, Generate, FollowStatus}, []Operation{IssueOfficer, WriteOfficers, ReadAudit, ReadKMC, IssueCanary}},
		{Node, []Operation{FollowStatus, ReadIssuers, IssueResponder, IssueCanary}, []Operation{Issue, Renew, Revoke, Hold, Recover, IssueOfficer, Read, SignCRL, ReadAudit}},
	} {
		actor := pki.Actor{Name: "demo", Roles: []string{c.role}}
		may := append(c.may, ReadIssuers)
		if c.role != Node { // which reads no certificate but what is published
			may = append(may, Read, ReadProfiles)
		}
		for _, op := range may {
			if err := May(actor, op); err != nil {
				t.Errorf("%s: %v", c.role, err)
			}
		}
		for _, op := range c.not {
			if err := May(actor, op); pki.KindOf(err) != pki.Forbidden || pki.CodeOf(err) != "officer.forbidden" {
				t.Errorf("%s may %s: %v", c.role, op, err)
			}
		}
	}
}

func TestRefusalNamesOperationAndOwners(t *testing.T) {
	err := May(pki.Actor{Name: "centre.system", Roles: []string{System}}, Revoke)
	for _, want := range []string{`"revoke"`, "reviewer, issuer, site", "centre.system is system", "security administrator"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %s", err, want)
		}
	}
	if err := May(pki.Actor{Name: "x", Roles: Roles()}, "invented"); pki.CodeOf(err) != "officer.forbidden" {
		t.Errorf("an unknown operation: %v", err)
	}
	if May(pki.Actor{}, Read) == nil {
		t.Error("an actor without roles may read")
	}
}

func TestCheckRoles(t *testing.T) {
	for _, c := range []struct {
		kind  Kind
		roles []string
		code  string
	}{
		{Person, []string{System}, ""}, {Place, []string{Site}, ""}, {Person, []string{Registrar, Reviewer, Issuer, Custodian}, ""},
		{Person, []string{System, Security}, "officer.separation"}, {Person, []string{Audit, Issuer, System}, "officer.separation"},
		{Person, []string{Security, Audit}, "officer.separation"}, {Person, []string{Security, Registrar}, "officer.separation"},
		{Person, []string{Custodian, System}, "officer.separation"}, {Person, []string{Issuer, Audit}, "officer.separation"}, {Person, nil, "officer.roles"}, {Person, []string{"root"}, "officer.roles"},
		{Person, []string{Issuer, Issuer}, "officer.roles"}, {Person, []string{Site}, "officer.kind"}, {Person, []string{Node}, "officer.kind"}, {Place, []string{Issuer}, "officer.kind"},
		{Place, []string{Site, System}, "officer.kind"}, {"robot", []string{Issuer}, "officer.kind"}, {Person, []string{"system "}, "officer.roles"},
	} {
		err := CheckRoles(c.kind, c.roles)
		if got := pki.CodeOf(err); (err == nil) != (c.code == "") || (err != nil && got != c.code) {
			t.Errorf("%s %v: %v", c.kind, c.roles, err)
		}
	}
}

func TestNames(t *testing.T) {
	for name, good := range map[string]bool{
		"centre.system": true, "ra1.reviewer": true, "a": true, strings.Repeat("a", 64): true, "lra-2.registrar": true,
		"": false, "A": false, "a.": false, ".a": false, "a b": false, "аdmin": false, "a\x00": false, "a\n": false, strings.Repeat("a", 65): false, "张三": false,
	} {
		if err := checkName(name); (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func BenchmarkMay(b *testing.B) {
	actor := pki.Actor{Name: "ra1", Roles: []string{Site}}
	for b.Loop() {
		if err := May(actor, Hold); err != nil {
			b.Fatal(err)
		}
	}
}
