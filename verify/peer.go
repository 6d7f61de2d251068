package verify

import (
	"net/netip"
	"slices"
	"strings"
)

// Names are the names the other side must have, every one of them; the certificate
// gives them as alternative names (RFC 9525 6; a common name is none).
type Names struct {
	DNS   []string
	IP    []string
	Email []string
}

// understood refuses names that nothing could match.
func (n Names) understood() bool {
	for _, name := range n.DNS {
		if _, err := netip.ParseAddr(name); err == nil || !hostname(strings.TrimSuffix(name, "."), false) {
			return false
		}
	}
	for _, address := range n.IP {
		if parsed, err := netip.ParseAddr(address); err != nil || parsed.Zone() != "" {
			return false
		}
	}
	return !slices.ContainsFunc(n.Email, func(address string) bool {
		_, host, ok := splitMailbox(address)
		return !ok || !hostname(host, false)
	})
}

// names checks that the certificate has all the names asked for.
func (r *Request) names(c *Certificate) []Reason {
	has := func(f form, matches func(value string) bool) bool {
		return slices.ContainsFunc(c.altNames, func(name generalName) bool { return name.form == f && matches(name.value) })
	}
	for _, host := range r.Names.DNS {
		host = strings.TrimSuffix(host, ".")
		if !has(formDNS, func(value string) bool { return matchesHost(value, host) }) {
			return []Reason{reason("name.dns", c)}
		}
	}
	for _, text := range r.Names.IP {
		address, err := netip.ParseAddr(text)
		if err != nil || !has(formIP, func(value string) bool { return value == string(address.Unmap().AsSlice()) }) {
			return []Reason{reason("name.ip", c)}
		}
	}
	for _, address := range r.Names.Email {
		if !has(formEmail, func(value string) bool { return strings.Contains(value, "@") && mailboxIn(address, value) }) {
			return []Reason{reason("name.email", c)}
		}
	}
	return nil
}

// matchesHost: a wildcard is the whole first label and stands for exactly one
// (RFC 9525 6.3).
func matchesHost(presented, host string) bool {
	if !hostname(presented, true) {
		return false
	}
	if parent, wild := strings.CutPrefix(presented, "*."); wild {
		_, rest, ok := strings.Cut(host, ".")
		return ok && strings.EqualFold(rest, parent)
	}
	return strings.EqualFold(presented, host)
}
