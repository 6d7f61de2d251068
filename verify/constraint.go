package verify

import (
	"bytes"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	asn1 "golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

// nameConstraints is the extension of RFC 5280 4.2.1.10.
type nameConstraints struct {
	permitted, excluded []subtree
}

// subtree is one base. A base that cannot be applied (not what its kind says, a kind
// we do not compare, a minimum or maximum) forbids every name of its kind: RFC 5280
// 4.2.1.10 wants it processed or the certificate refused.
type subtree struct {
	base       generalName
	impossible bool
}

// maxSubtrees bounds one extension.
const maxSubtrees = 2048

func (e *extensions) readConstraints(value cryptobyte.String) bool {
	var body cryptobyte.String
	if !value.ReadASN1(&body, asn1.SEQUENCE) || !value.Empty() || body.Empty() {
		return false
	}
	var n nameConstraints
	for i, into := range []*[]subtree{&n.permitted, &n.excluded} {
		var list cryptobyte.String
		var present bool
		if !body.ReadOptionalASN1(&list, &present, explicit(uint8(i))) || present && list.Empty() {
			return false
		}
		for !list.Empty() {
			s, ok := readSubtree(&list)
			if !ok || len(*into) == maxSubtrees {
				return false
			}
			*into = append(*into, s)
		}
	}
	e.names = &n
	return body.Empty()
}

func readSubtree(list *cryptobyte.String) (s subtree, ok bool) {
	var one cryptobyte.String
	if !list.ReadASN1(&one, asn1.SEQUENCE) {
		return s, false
	}
	if s.base, ok = readGeneralName(&one); !ok {
		return s, false
	}
	minimum := int64(0)
	if one.PeekASN1Tag(implicit(0)) && !one.ReadASN1Int64WithTag(&minimum, implicit(0)) {
		return s, false
	}
	var most cryptobyte.String
	var bounded bool
	if !one.ReadOptionalASN1(&most, &bounded, implicit(1)) || !one.Empty() {
		return s, false
	}
	s.impossible = minimum != 0 || bounded || !s.base.boundsNames()
	return s, true
}

// boundsNames reports whether the name is one that others can be compared with.
func (g generalName) boundsNames() bool {
	switch g.form {
	case formDirectory:
		return true
	case formDNS:
		return g.value == "" || hostname(g.value, false)
	case formURI:
		return hostname(strings.TrimPrefix(g.value, "."), false)
	case formEmail:
		if local, host, ok := splitMailbox(g.value); ok {
			return local != "" && hostname(host, false)
		}
		return hostname(strings.TrimPrefix(g.value, "."), false)
	case formIP:
		_, _, ok := ipRange(g.value)
		return ok
	}
	return false
}

// ipRange splits a base into address and mask, which must be a prefix.
func ipRange(base string) (address, mask string, ok bool) {
	half := len(base) / 2
	if half != 4 && half != 16 || len(base)%2 != 0 {
		return "", "", false
	}
	ended := false
	for i := range half {
		b := base[half+i]
		if ended && b != 0 || b&(^b>>1) != 0 && b|(b-1) != 0xff { // ones, then zeros
			return "", "", false
		}
		ended = ended || b != 0xff
	}
	return base[:half], base[half:], true
}

// allows reports whether a certificate's names lie within the constraints; each
// comparison is paid for.
func (n *nameConstraints) allows(c *Certificate, spent *budget) bool {
	for _, name := range c.constrained() {
		if !spent.compare(len(n.permitted)+len(n.excluded)) || !n.allow(name) {
			return false
		}
	}
	return true
}

// constrained are the names of a certificate that constraints apply to. The e-mail
// addresses of a subject count where no alternative name is one (RFC 5280 4.2.1.10).
func (c *Certificate) constrained() []generalName {
	names := c.altNames[:len(c.altNames):len(c.altNames)]
	if len(c.subjectName) > 0 {
		names = append(names, generalName{form: formDirectory, name: c.subjectName})
	}
	for _, name := range c.altNames {
		if name.form == formEmail {
			return names
		}
	}
	for _, address := range attributes(c.Subject, []byte(octets(pki.OIDEmail))) {
		names = append(names, generalName{form: formEmail, value: address})
	}
	return names
}

func (n *nameConstraints) allow(name generalName) bool {
	for _, s := range n.excluded {
		if s.base.form == name.form && (s.impossible || name.unclear() || name.touches(s.base)) {
			return false
		}
	}
	bounded := false
	for _, s := range n.permitted {
		if s.base.form != name.form {
			continue
		}
		if s.impossible || name.unclear() {
			return false
		}
		if name.inside(s.base) {
			return true
		}
		bounded = true
	}
	return !bounded
}

// unclear: a name that is not what its kind says lies in no name space, and outside none.
func (g generalName) unclear() bool {
	switch g.form {
	case formDNS:
		return !hostname(g.value, true)
	case formEmail:
		_, host, ok := splitMailbox(g.value)
		return !ok || !hostname(host, false)
	case formURI:
		_, ok := hostOf(g.value)
		return !ok
	case formIP:
		return len(g.value) != 4 && len(g.value) != 16
	}
	return false
}

// inside reports whether all that the name stands for is in the subtree.
func (g generalName) inside(base generalName) bool {
	switch g.form {
	case formDirectory:
		return g.name.within(base.name)
	case formDNS:
		return below(strings.TrimPrefix(g.value, "*."), base.value)
	case formEmail:
		return mailboxIn(g.value, base.value)
	case formURI:
		host, _ := hostOf(g.value)
		return hostIn(host, base.value)
	case formIP:
		return addressIn(g.value, base.value)
	}
	return false
}

// touches reports whether anything the name stands for is in the subtree: a wildcard
// stands for every host one label longer.
func (g generalName) touches(base generalName) bool {
	if g.inside(base) {
		return true
	}
	parent, wild := strings.CutPrefix(g.value, "*.")
	if g.form != formDNS || !wild {
		return false
	}
	_, rest, ok := strings.Cut(base.value, ".")
	return ok && strings.EqualFold(rest, parent)
}

// below: the name is the base, or longer by whole labels; an empty base has all names.
func below(name, base string) bool {
	if base == "" || strings.EqualFold(name, base) {
		return true
	}
	at := len(name) - len(base)
	return at > 1 && name[at-1] == '.' && strings.EqualFold(name[at:], base)
}

// hostIn: a base with a leading dot has the hosts below it, any other only itself.
func hostIn(host, base string) bool {
	if strings.HasPrefix(base, ".") {
		return len(host) > len(base) && strings.EqualFold(host[len(host)-len(base):], base)
	}
	return strings.EqualFold(host, base)
}

func mailboxIn(address, base string) bool {
	local, host, _ := splitMailbox(address)
	if wantLocal, wantHost, one := splitMailbox(base); one {
		return local == wantLocal && strings.EqualFold(host, wantHost)
	}
	return hostIn(host, base)
}

func addressIn(address, base string) bool {
	network, mask, ok := ipRange(base)
	if !ok || len(address) != len(network) {
		return false
	}
	masked := func(text string) []byte {
		out := []byte(text)
		for i := range out {
			out[i] &= mask[i]
		}
		return out
	}
	return bytes.Equal(masked(address), masked(network))
}
