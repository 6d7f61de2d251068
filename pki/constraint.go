package pki

import (
	"net"
	"slices"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// NameConstraints bound the names a CA and those below it may certify (RFC 5280
// 4.2.1.10). A kind of name without a permitted entry is free; excluded wins.
type NameConstraints struct {
	Permitted Subtrees `json:"permitted" yaml:"permitted,omitempty"`
	Excluded  Subtrees `json:"excluded" yaml:"excluded,omitempty"`
}

// Subtrees are bases of names by their kind, as text: host.example, C=CN\, O=Unit,
// unit.example or person@unit.example, 192.0.2.0/24.
type Subtrees struct {
	DNS   []string `json:"dns,omitempty" yaml:"dns,omitempty"`
	DN    []string `json:"dn,omitempty" yaml:"dn,omitempty"`
	Email []string `json:"email,omitempty" yaml:"email,omitempty"`
	IP    []string `json:"ip,omitempty" yaml:"ip,omitempty"`
}

// maxSubtrees bounds one list; Go's and OpenSSL's checks cost names times subtrees.
const maxSubtrees = 128

// Empty reports whether there are no constraints.
func (c NameConstraints) Empty() bool { return c.Permitted.empty() && c.Excluded.empty() }

func (s Subtrees) empty() bool { return len(s.DNS)+len(s.DN)+len(s.Email)+len(s.IP) == 0 }

// Equal reports whether both permit and exclude the same, in whatever order.
func (c NameConstraints) Equal(other NameConstraints) bool {
	return c.Permitted.equal(other.Permitted) && c.Excluded.equal(other.Excluded)
}

func (s Subtrees) equal(other Subtrees) bool {
	a, errA := s.bases()
	b, errB := other.bases()
	return errA == nil && errB == nil && slices.Equal(sorted(a), sorted(b))
}

func sorted(bases [][]byte) []string {
	texts := make([]string, len(bases))
	for i, base := range bases {
		texts[i] = string(base)
	}
	slices.Sort(texts)
	return slices.Compact(texts)
}

// Check refuses bases that are not what their kind says.
func (c NameConstraints) Check() error {
	if _, err := c.Permitted.bases(); err != nil {
		return err
	}
	_, err := c.Excluded.bases()
	return err
}

// NameConstraintsExtension is critical, as RFC 5280 4.2.1.10 demands.
func NameConstraintsExtension(c NameConstraints) (Extension, error) {
	var lists [2][][]byte
	for i, s := range []Subtrees{c.Permitted, c.Excluded} {
		var err error
		if lists[i], err = s.bases(); err != nil {
			return Extension{}, err
		}
	}
	return Extension{OIDNameConstraints, true, buildPayload(func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			for i, bases := range lists {
				if len(bases) > 0 { // an empty list is absent
					b.AddASN1(explicitTag(uint8(i)), func(b *cryptobyte.Builder) { addSubtrees(b, bases) })
				}
			}
		})
	})}, nil
}

func addSubtrees(b *cryptobyte.Builder, bases [][]byte) {
	for _, base := range bases {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes(base) })
	}
}

// bases encodes each base as GeneralName.
func (s Subtrees) bases() (all [][]byte, err error) {
	if len(s.DNS)+len(s.DN)+len(s.Email)+len(s.IP) > maxSubtrees {
		return nil, Errorf(Invalid, "constraint.many", "there are more than %d name constraints of one sort", maxSubtrees)
	}
	kinds := []struct {
		values []string
		tag    cbasn1.Tag
		read   func(string) ([]byte, bool)
	}{
		{s.DN, explicitTag(4), directoryBase}, {s.DNS, contextTag(2), dnsBase},
		{s.Email, contextTag(1), emailBase}, {s.IP, contextTag(7), ipBase},
	}
	for _, kind := range kinds {
		for _, value := range kind.values {
			content, ok := kind.read(value)
			if !ok {
				return nil, Errorf(Invalid, "constraint.base", "a name constraint is malformed: %.80q", value).
					To("write host.example, 'C=CN, O=Unit', unit.example or person@unit.example, 192.0.2.0/24")
			}
			all = append(all, buildPayload(func(b *cryptobyte.Builder) {
				b.AddASN1(kind.tag, func(b *cryptobyte.Builder) { b.AddBytes(content) })
			}))
		}
	}
	return all, nil
}

func directoryBase(text string) ([]byte, bool) {
	name, err := ParseName(text)
	if err != nil {
		return nil, false
	}
	der, err := name.DER()
	return der, err == nil
}

// dnsBase: RFC 5280 knows no leading point here, and implementations differ on it.
func dnsBase(text string) ([]byte, bool) {
	return []byte(strings.ToLower(text)), len(text) <= 253 && hostName(text) && !strings.HasPrefix(text, "*")
}

// emailBase is a mailbox, a host, or a domain with a leading point.
func emailBase(text string) ([]byte, bool) {
	if local, host, mailbox := strings.Cut(text, "@"); mailbox {
		host, ok := dnsBase(host)
		return append([]byte(local+"@"), host...), ok && CheckAltName(AltName{"email", text}) == nil
	}
	host, ok := dnsBase(strings.TrimPrefix(text, "."))
	if strings.HasPrefix(text, ".") {
		host = append([]byte("."), host...)
	}
	return host, ok
}

func ipBase(text string) ([]byte, bool) {
	ip, network, err := net.ParseCIDR(text)
	if err != nil || !ip.Equal(network.IP) {
		return nil, false
	}
	return append(slices.Clone(network.IP), network.Mask...), true
}
