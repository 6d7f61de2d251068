package demo

import (
	"onecert/ca"
	"onecert/officer"
	"onecert/pki"
)

// families are the hierarchies of the demonstration; each identity gets a
// certificate of each it names.
var families = []string{"sm2", "rsa", "ecdsa"}

var keySuite = map[string]pki.Suite{"sm2": pki.SM2, "rsa": pki.RSA2048, "ecdsa": pki.P256}

// role is one of the demonstration's cast. Everybody is invented.
type role struct {
	name     string
	kind     string // as in demo.json
	profiles map[string]string
	families []string
	subject  pki.Name
	identity *ca.Identity
	altNames []pki.AltName
	values   map[string]string
	roles    []string
	fate     string // "", "revoked", "held", "expired"
}

func inAll(profile string) map[string]string {
	return map[string]string{"sm2": profile, "rsa": profile, "ecdsa": profile}
}

func name(unit, cn string) pki.Name {
	return pki.Name{{Type: "C", Value: "CN"}, {Type: "ST", Value: "示例省"}, {Type: "O", Value: unit}, {Type: "CN", Value: cn}}
}

func person(id, cn, number, fate string) role {
	return role{name: id, kind: "person", profiles: inAll("person-sign"), families: families, subject: name("示例市民政局", cn),
		identity: &ca.Identity{Kind: "resident", Number: number}, fate: fate}
}

// expiredPerson is issued in the demonstration's past.
func expiredPerson() role { return person("expired", "郝过期", "999901195001010012", "expired") }

// cast is everybody issued at the first start. The identity numbers belong to no
// region, so to nobody.
func cast() []role {
	creditCode := map[string]string{"credit_code": "11999900MB0000000G"}
	all := []role{
		person("alice", "艾丽思", "999901199001010010", ""),
		person("bob", "鲍勃", "999901199102020023", ""),
		person("revoked", "吴效", "999901198003030037", "revoked"),
		person("held", "冻洁", "999901198504040049", "held"),
		{name: "bureau", kind: "organisation", profiles: inAll("organisation-sign"), families: families,
			subject: name("示例市档案局", "示例市档案局"), identity: &ca.Identity{Kind: "credit-code", Number: "11999900MB0000000G"}, values: creditCode},
		{name: "server", kind: "device", profiles: map[string]string{"sm2": "device-server", "rsa": "device-server-tls", "ecdsa": "device-server-tls"},
			families: families, subject: name("示例市民政局", "demo.localhost"),
			altNames: []pki.AltName{{Kind: "dns", Value: "localhost"}, {Kind: "dns", Value: "demo.localhost"}, {Kind: "ip", Value: "127.0.0.1"}}},
		{name: "publisher", kind: "code", profiles: inAll("code-signing"), families: families, subject: name("示例软件有限公司", "示例软件发布")},
	}
	for _, node := range []string{"ra1", "ra2", "lra1", "lra2"} {
		all = append(all, role{name: node, kind: "site", profiles: inAll("site"), families: []string{"sm2", "ecdsa"}, roles: []string{officer.Site},
			subject: name("示例省电子政务", node), altNames: []pki.AltName{{Kind: "dns", Value: node + ".localhost"}, {Kind: "ip", Value: "127.0.0.1"}}})
	}
	for _, node := range []string{"centre", "ra1", "ra2", "lra1", "lra2"} {
		for _, duty := range officer.Roles() {
			if officer.KindOf(duty) == officer.Place {
				continue
			}
			id := node + "." + duty
			all = append(all, role{name: id, kind: "officer", profiles: inAll("officer"), families: []string{"sm2", "ecdsa"},
				roles: []string{duty}, subject: name("示例省电子政务", id)})
		}
	}
	for _, id := range custodians()[1:] {
		all = append(all, role{name: id, kind: "officer", profiles: inAll("officer"), families: []string{"sm2", "ecdsa"},
			roles: []string{officer.Custodian}, subject: name("示例省电子政务", id)})
	}
	return all
}

// custodians are those of the centre: a judicial recovery takes three.
func custodians() []string {
	return []string{"centre.custodian", "centre.custodian-2", "centre.custodian-3"}
}

// operates says whether the CA and the KMC register this identity: the officers of
// the centre and the registration authorities. The officers of these sit at the
// registration only.
func (r role) operates() bool {
	switch r.kind {
	case "officer":
		return len(r.name) > 7 && r.name[:7] == "centre."
	case "site":
		return r.name == "ra1" || r.name == "ra2"
	}
	return false
}
