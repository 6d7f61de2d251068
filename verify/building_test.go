package verify

import (
	"fmt"
	"testing"
	"time"

	"onecert/pki"
)

// cross makes another certificate for a CA's name and key, by another issuer.
func (l *lab) cross(subject, issuer *made, tweaks ...tweak) *made {
	l.t.Helper()
	return l.ca("crossed", issuer, append([]tweak{func(s *spec) {
		s.subject, s.key = subject.Subject, subject.key
		with(pki.SubjectKeyIDExtension(subject.keyID))(s)
	}}, tweaks...)...)
}

func buildingCases() []oddCase {
	path := func(code string) map[Profile]string { return map[Profile]string{Path: code, CABF: ""} }
	expired := func(s *spec) { s.after = now.Add(-time.Hour) }
	chain := func(l *lab, lengths ...int) Request {
		root := l.ca("root", nil)
		parent, all := root, []*made{}
		for i, n := range lengths {
			parent = l.ca(fmt.Sprint("ca", i), parent, length(n))
			all = append(all, parent)
		}
		return ask(l.leaf(parent), []*made{root}, all...)
	}
	lengths := func(code string, all ...int) oddCase {
		return oddCase{fmt.Sprint("path lengths ", all), path(code), func(l *lab) Request { return chain(l, all...) }}
	}
	depth := func(code string, most int, all ...int) oddCase {
		return oddCase{fmt.Sprint("depth ", most, " for ", len(all)), path(code), func(l *lab) Request {
			r := chain(l, all...)
			if r.Depth = most; most == 0 {
				r.Depth = -1
			}
			return r
		}}
	}
	return []oddCase{
		lengths("good", 0), lengths("good", 1), lengths("good", 2), lengths("path.length", 0, 0), lengths("good", 1, 2), lengths("path.length", 1, 0, 0), lengths("good", -1, -1, -1),
		depth("good", 0), depth("path.search", 0, -1), depth("good", 1, -1), depth("path.search", 1, -1, -1), depth("good", 2, -1, -1), depth("good", 255, -1),
		{"a CA where the leaf stands is not counted", path("good"), func(l *lab) Request {
			root := l.ca("root", nil)
			first := l.ca("first", root, length(0))
			return ask(l.ca("second", first, length(0), l.alternatives("dns", "example.com")), []*made{root}, first)
		}},
		{"self-issued CAs are not counted", path("good"), func(l *lab) Request {
			root := l.ca("root", nil)
			first := l.ca("ca", root, length(1))
			second := l.ca("ca", first, length(1))
			third := l.ca("below", second, length(0))
			return ask(l.leaf(third), []*made{root}, first, second, third)
		}},
		{"nobody trusts the root", path("trust.unknown-issuer"), func(l *lab) Request {
			root, unrelated := l.ca("root", nil), l.ca("unrelated", nil)
			ca := l.ca("ca", root)
			return ask(l.leaf(ca), []*made{unrelated}, root, ca)
		}},
		{"the CA is trusted, its root is not", path("good"), func(l *lab) Request {
			root := l.ca("root", nil)
			ca := l.ca("ca", root)
			return ask(l.leaf(ca), []*made{ca}, root)
		}},
		{"a cross-certificate that has expired", path("good"), func(l *lab) Request {
			root, second := l.ca("root", nil), l.ca("second", nil)
			return ask(l.leaf(root), []*made{root, second}, l.cross(root, second, expired))
		}},
		{"only an expired cross-certificate", path("path.expired"), func(l *lab) Request {
			root, second := l.ca("root", nil), l.ca("second", nil)
			return ask(l.leaf(root), []*made{second}, l.cross(root, second, expired))
		}},
		{"two CAs that certify each other", path("trust.unknown-issuer"), func(l *lab) Request {
			root, a, b := l.ca("root", nil), l.ca("a", nil), l.ca("b", nil)
			return ask(l.leaf(a), []*made{root}, l.cross(a, b), l.cross(b, a))
		}},
		{"one CA's two keys that certify each other", path("trust.unknown-issuer"), func(l *lab) Request {
			root, a, b := l.ca("root", nil), l.ca("same", nil), l.ca("same", nil)
			return ask(l.leaf(a), []*made{root}, l.cross(a, b), l.cross(b, a))
		}},
		{"three roots in each other's web", path("good"), func(l *lab) Request {
			a, b, c := l.ca("a", nil), l.ca("b", nil), l.ca("c", nil)
			below := l.ca("below", a)
			return ask(l.leaf(below), []*made{a}, below, l.cross(a, b), l.cross(a, c), l.cross(b, a), l.cross(b, c), l.cross(c, a), l.cross(c, b))
		}},
		{"constraints forbid one way, not the other", path("good"), func(l *lab) Request {
			first, second := l.ca("first", nil), l.ca("second", nil)
			narrow := l.ca("narrow", first, l.excludes("dns", "example.com"))
			ca := l.ca("ca", narrow)
			return ask(l.leaf(ca), []*made{first, second}, narrow, ca, l.cross(ca, second))
		}},
		{"policies forbid one way, not the other", path("good"), func(l *lab) Request {
			root := l.ca("root", nil)
			strict := l.ca("strict", root, raw(oidPolicyConstraints, true, sequence("\x80\x01\x00")))
			ca := l.ca("ca", strict)
			return ask(l.leaf(ca), []*made{root}, strict, ca, l.cross(ca, root))
		}},
		{"a decoy with the right name and key identifier", path("good"), func(l *lab) Request {
			root := l.ca("root", nil)
			ca := l.ca("ca", root)
			decoy := l.ca("ca", root, with(pki.SubjectKeyIDExtension(ca.keyID)))
			return ask(l.leaf(ca), []*made{root}, decoy, ca)
		}},
		{"a policy mapped to any", path("path.policy"), func(l *lab) Request {
			root := l.ca("root", nil)
			any, one := "\x06\x04\x55\x1d\x20\x00", "\x06\x03\x2a\x03\x04"
			ca := l.ca("ca", root, raw(pki.OIDPolicies, false, sequence(sequence(one))), raw(oidPolicyMappings, true, sequence(sequence(one+any))))
			return ask(l.leaf(ca), []*made{root}, ca)
		}},
	}
}

func TestBuilding(t *testing.T) {
	for _, suite := range []pki.Suite{pki.P256, pki.SM2} {
		judgeOdd(t, suite, buildingCases())
	}
}

// TestCost: whatever a stranger hands in, a question ends within its limits.
func TestCost(t *testing.T) {
	l := &lab{t: t, suite: pki.P256}
	root := l.ca("root", nil)
	var keys, web []*made
	for i := range 8 {
		keys = append(keys, l.ca(fmt.Sprint("ca", i), nil))
	}
	for _, subject := range keys { // each certifies all others, several times
		for _, issuer := range keys {
			for range 3 {
				if subject != issuer {
					web = append(web, l.cross(subject, issuer))
				}
			}
		}
	}
	var decoys []*made // the right name and key identifier, wrong keys
	for range 200 {
		decoys = append(decoys, l.ca("ca0", root, with(pki.SubjectKeyIDExtension(keys[0].keyID))))
	}
	names := make([]string, 0, 4000)
	for i := range 2000 {
		names = append(names, "dns", fmt.Sprint("a", i, ".example.com"))
	}
	wide := l.ca("wide", root, l.excludes(names...))
	huge := l.leaf(wide, l.alternatives(append([]string{"dns", "example.com"}, swapped(names[:4000-2])...)...))
	deepPolicies := policyBomb(l, root)
	for what, r := range map[string]Request{
		"a web without an anchor":        ask(l.leaf(keys[0]), []*made{root}, web...),
		"two hundred decoys":             ask(l.leaf(keys[0]), []*made{root}, decoys...),
		"names against names":            ask(huge, []*made{root}, wide),
		"policies that multiply":         deepPolicies,
		"a web with a bad way to anchor": ask(l.leaf(keys[0]), []*made{root}, append(web, l.cross(keys[7], root, length(0)))...),
	} {
		begin := time.Now()
		v := Check(t.Context(), r)
		took := time.Since(begin)
		t.Logf("%s: %d signatures, %v, %v", what, v.Signatures, took, v.Reasons)
		if v.Good || v.Signatures > maxSignatures || took > 20*time.Second {
			t.Errorf("%s: good %v, %d signatures, %v", what, v.Good, v.Signatures, took)
		}
	}
}

// swapped are names that none of the others bounds.
func swapped(names []string) (all []string) {
	for i := 1; i < len(names); i += 2 {
		all = append(all, "dns", "b"+names[i])
	}
	return all
}

// policyBomb maps every policy to every policy on each level, which makes RFC 5280's
// tree grow as a power of the depth.
func policyBomb(l *lab, root *made) Request {
	policies, mappings := "", ""
	oid := func(n int) string { return "\x06\x04\x2a\x03" + string([]byte{byte(n/64 + 1), byte(n % 64)}) }
	for i := range 16 {
		policies += sequence(oid(i))
		for j := range 16 {
			mappings += sequence(oid(i) + oid(j))
		}
	}
	parent, all := root, []*made{}
	for i := range MaxDepth {
		parent = l.ca(fmt.Sprint("p", i), parent, raw(pki.OIDPolicies, false, sequence(policies)), raw(oidPolicyMappings, true, sequence(mappings)))
		all = append(all, parent)
	}
	r := ask(l.leaf(parent, raw(pki.OIDPolicies, false, sequence(sequence("\x06\x03\x2a\x03\x7f")))), []*made{root}, all...)
	r.Policies.Explicit = true
	return r
}
