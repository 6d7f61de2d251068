package verify

import (
	"encoding/asn1"
	"slices"

	"onecert/pki"
)

// policyState is the state of RFC 5280 6.1.2 (a) and (d)-(f) while a path is walked
// from the anchor down. Of the tree only the lowest level is kept, with what each
// policy descends from in the user's domain: RFC 9618 shows that this says the same,
// and a level cannot grow out of bounds as the tree can.
type policyState struct {
	level                       map[policy]*policyNode // nil when the tree is empty
	explicit, mapping, inhibitA int
	overgrown                   bool
	roots                       int
}

// policyNode is one policy at the lowest level.
type policyNode struct {
	expected []policy
	roots    map[policy]bool // policies of the user's domain it descends from; anyPolicy for all
}

// Policies are the inputs of RFC 5280 6.1.1 (c), (e)-(g).
type Policies struct {
	Acceptable []pki.OID // none for any policy
	Explicit   bool      // a path without an acceptable policy is refused
	NoMapping  bool
	InhibitAny bool
}

func newPolicyState(p Policies, length int) *policyState {
	count := func(at0 bool) int {
		if at0 {
			return 0
		}
		return length + 1
	}
	root := &policyNode{expected: []policy{anyPolicy()}, roots: map[policy]bool{anyPolicy(): true}}
	return &policyState{level: map[policy]*policyNode{anyPolicy(): root},
		explicit: count(p.Explicit), mapping: count(p.NoMapping), inhibitA: count(p.InhibitAny)}
}

// check walks the path, the certificate first and its anchor last; it returns the acceptable policies the certificate is
// valid for (anyPolicy for all), and false where the path is refused.
func (p Policies) check(path []*Certificate) (valid []pki.OID, ok bool) {
	n := len(path) - 1
	s := newPolicyState(p, n)
	for i := n - 1; i >= 0; i-- {
		c := path[i]
		s.take(c, i == 0)
		if s.overgrown || s.explicit == 0 && s.level == nil {
			return nil, false
		}
		if i == 0 {
			break
		}
		if !s.mapTo(c) {
			return nil, false
		}
		s.count(c)
	}
	return s.finish(path[0], p.Acceptable)
}

// take is 6.1.3 (d) and (e).
func (s *policyState) take(c *Certificate, last bool) {
	if s.level == nil {
		return
	}
	above := s.level
	s.level = map[policy]*policyNode{}
	any := false
	for _, id := range c.policies {
		if id == anyPolicy() {
			any = true
			continue
		}
		if parents := expecting(above, id); len(parents) > 0 {
			s.add(id, parents)
		} else if root := above[anyPolicy()]; root != nil {
			s.level[id] = &policyNode{expected: []policy{id}, roots: map[policy]bool{id: true}}
			s.bound(1)
		}
	}
	if any && (s.inhibitA > 0 || !last && c.selfIssued()) {
		for _, node := range above {
			for _, id := range node.expected {
				if s.level[id] == nil {
					s.add(id, expecting(above, id))
				}
			}
		}
	}
	if len(s.level) == 0 {
		s.level = nil
	}
}

func expecting(level map[policy]*policyNode, id policy) (parents []*policyNode) {
	for _, node := range level {
		if slices.Contains(node.expected, id) {
			parents = append(parents, node)
		}
	}
	return parents
}

// add puts a policy under its parents.
func (s *policyState) add(id policy, parents []*policyNode) {
	node := &policyNode{expected: []policy{id}, roots: map[policy]bool{}}
	for _, parent := range parents {
		for root := range parent.roots {
			node.roots[root] = true
		}
	}
	s.level[id] = node
	s.bound(len(node.roots))
}

// bound pays for a node; no honest path comes near the limits.
func (s *policyState) bound(roots int) {
	s.roots += roots
	s.overgrown = s.overgrown || len(s.level) > maxAlive || s.roots > 16*maxAlive
}

// mapTo is 6.1.4 (a) and (b).
func (s *policyState) mapTo(c *Certificate) bool {
	targets := map[policy][]policy{}
	for _, m := range c.mappings {
		if m.issuer == anyPolicy() || m.subject == anyPolicy() {
			return false
		}
		targets[m.issuer] = append(targets[m.issuer], m.subject)
	}
	if s.level == nil {
		return true
	}
	for id, to := range targets {
		node := s.level[id]
		switch {
		case s.mapping == 0:
			delete(s.level, id)
		case node != nil:
			node.expected = to
		case s.level[anyPolicy()] != nil:
			// It stands under anyPolicy, so it is a policy of the user's own domain.
			s.level[id] = &policyNode{expected: to, roots: map[policy]bool{id: true}}
			s.bound(1)
		}
	}
	if len(s.level) == 0 {
		s.level = nil
	}
	return !s.overgrown
}

// count is 6.1.4 (h) to (j).
func (s *policyState) count(c *Certificate) {
	for _, n := range []*int{&s.explicit, &s.mapping, &s.inhibitA} {
		if !c.selfIssued() && *n > 0 {
			*n--
		}
	}
	lower := func(n *int, to *int) {
		if to != nil && *to < *n {
			*n = *to
		}
	}
	lower(&s.explicit, c.require)
	lower(&s.mapping, c.inhibit)
	lower(&s.inhibitA, c.inhibitA)
}

// finish is 6.1.5 (a), (b) and (g).
func (s *policyState) finish(c *Certificate, acceptable []pki.OID) ([]pki.OID, bool) {
	if s.explicit > 0 {
		s.explicit--
	}
	if c.require != nil && *c.require == 0 {
		s.explicit = 0
	}
	found := map[policy]bool{}
	for _, node := range s.level {
		for root := range node.roots {
			found[root] = true
		}
	}
	valid := acceptableOf(found, acceptable)
	return valid, s.explicit > 0 || len(valid) > 0
}

// acceptableOf intersects what a path is valid for with what the user accepts.
func acceptableOf(found map[policy]bool, acceptable []pki.OID) (valid []pki.OID) {
	all := len(acceptable) == 0 || slices.ContainsFunc(acceptable, func(id pki.OID) bool { return id.Equal(pki.AnyPolicy()) })
	if !all {
		for _, id := range acceptable {
			if found[anyPolicy()] || found[policy(octets(id))] {
				valid = append(valid, id)
			}
		}
		return valid
	}
	for id := range found {
		if oid, ok := oidOf(string(id)); ok {
			valid = append(valid, oid)
		}
	}
	slices.SortFunc(valid, func(a, b pki.OID) int { return slices.Compare(a, b) })
	return valid
}

// oidOf reads an OID's content octets.
func oidOf(content string) (oid asn1.ObjectIdentifier, ok bool) {
	if len(content) > 127 {
		return nil, false
	}
	rest, err := asn1.Unmarshal(append([]byte{6, byte(len(content))}, content...), &oid)
	return oid, err == nil && len(rest) == 0
}
