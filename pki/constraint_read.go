package pki

import (
	"net"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// ParseNameConstraints reads the value of the extension, as others wrote it. Kinds of
// names that Subtrees does not hold, and minimum or maximum, are refused: what is not
// understood may not be agreed to.
func ParseNameConstraints(value []byte) (c NameConstraints, err error) {
	input := cryptobyte.String(value)
	var body cryptobyte.String
	if !input.ReadASN1(&body, cbasn1.SEQUENCE) || !input.Empty() || body.Empty() {
		return c, errConstraints("is not valid DER")
	}
	for i, into := range []*Subtrees{&c.Permitted, &c.Excluded} {
		var list cryptobyte.String
		var present bool
		if !body.ReadOptionalASN1(&list, &present, explicitTag(uint8(i))) || present && list.Empty() {
			return c, errConstraints("is not valid DER")
		}
		for n := 0; !list.Empty(); n++ {
			if n == maxSubtrees {
				return c, errConstraints("has too many entries")
			}
			if err := into.readSubtree(&list); err != nil {
				return c, err
			}
		}
	}
	if !body.Empty() {
		return c, errConstraints("is not valid DER")
	}
	return c, c.Check()
}

func errConstraints(what string) error {
	return Errorf(Invalid, "constraint.der", "the name constraints extension %s", what)
}

func (s *Subtrees) readSubtree(list *cryptobyte.String) error {
	var subtree, base cryptobyte.String
	var tag cbasn1.Tag
	if !list.ReadASN1(&subtree, cbasn1.SEQUENCE) || !subtree.ReadAnyASN1(&base, &tag) || !subtree.Empty() {
		return errConstraints("has an entry that is malformed or has a minimum or maximum")
	}
	switch tag {
	case contextTag(1):
		s.Email = append(s.Email, string(base))
	case contextTag(2):
		s.DNS = append(s.DNS, string(base))
	case explicitTag(4):
		name, err := NameOf(base)
		if err != nil {
			return errConstraints("has a malformed directory name")
		}
		s.DN = append(s.DN, name.String())
	case contextTag(7):
		half := len(base) / 2
		network := net.IPNet{IP: net.IP(base[:half]), Mask: net.IPMask(base[half:])}
		if ones, bits := network.Mask.Size(); len(base) != 8 && len(base) != 32 || bits == 0 && ones == 0 {
			return errConstraints("has a malformed address range")
		}
		s.IP = append(s.IP, network.String())
	default:
		return errConstraints("bounds a kind of name that is not understood")
	}
	return nil
}
