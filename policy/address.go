package policy

import (
	"net/netip"
	"slices"
	"strings"
)

// span is addresses from first to last, both included, of one family.
type span struct{ first, last netip.Addr }

// parseSpan reads 192.0.2.7, 192.0.2.0/24 or 192.0.2.1-192.0.2.9, and the same of IPv6.
func parseSpan(text string) (s span, ok bool) {
	if first, last, two := strings.Cut(text, "-"); two {
		a, err := netip.ParseAddr(first)
		b, wrong := netip.ParseAddr(last)
		s = span{a.Unmap(), b.Unmap()}
		ok = err == nil && wrong == nil && a.Zone()+b.Zone() == "" && s.first.BitLen() == s.last.BitLen() && !s.last.Less(s.first)
		return s, ok
	}
	if !strings.Contains(text, "/") {
		a, err := netip.ParseAddr(text)
		return span{a.Unmap(), a.Unmap()}, err == nil && a.Zone() == ""
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil || prefix.Masked() != prefix || prefix.Addr().Is4In6() {
		return s, false
	}
	return span{prefix.Addr(), lastOf(prefix)}, true
}

// lastOf is the highest address of a prefix.
func lastOf(prefix netip.Prefix) netip.Addr {
	b := prefix.Addr().AsSlice()
	for i := prefix.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	last, _ := netip.AddrFromSlice(b)
	return last
}

// following is the next address in the order of all, IPv4 before IPv6; ok is false
// after the last.
func following(a netip.Addr) (next netip.Addr, ok bool) {
	if next = a.Next(); next.IsValid() {
		return next, true
	}
	return netip.IPv6Unspecified(), a.Is4()
}

// merged sorts spans and joins those that overlap.
func merged(all []span) []span {
	slices.SortFunc(all, func(a, b span) int { return a.first.Compare(b.first) })
	var out []span
	for _, s := range all {
		if n := len(out); n > 0 && s.first.Compare(out[n-1].last) <= 0 {
			if out[n-1].last.Less(s.last) {
				out[n-1].last = s.last
			}
			continue
		}
		out = append(out, s)
	}
	return out
}

// addresses is a condition on the address of the person.
type addresses struct {
	values []string
	spans  []span // merged
}

func (c *addresses) field() field            { return fieldAddresses }
func (c *addresses) wanted() []string        { return c.values }
func (c *addresses) found(f *facts) []string { return []string{f.address.String()} }

func (c *addresses) check(f *facts) verdict {
	if c.has(f.address) {
		return yes
	}
	return no
}

func (c *addresses) has(a netip.Addr) bool {
	i, same := slices.BinarySearchFunc(c.spans, a, func(s span, a netip.Addr) int { return s.first.Compare(a) })
	return same || i > 0 && a.Compare(c.spans[i-1].last) <= 0
}

func (c *addresses) enter(ix *index, of *clause) bool {
	ix.addresses.enter(of)
	for _, s := range c.spans {
		ix.addresses.spans = append(ix.addresses.spans, clauseSpan{s, of.number})
	}
	return true
}

func (c *addresses) covers(other condition) bool {
	for _, s := range other.(*addresses).spans {
		i, same := slices.BinarySearchFunc(c.spans, s.first, func(s span, a netip.Addr) int { return s.first.Compare(a) })
		if !same {
			i--
		}
		if i < 0 || c.spans[i].last.Less(s.last) {
			return false
		}
	}
	return true
}
