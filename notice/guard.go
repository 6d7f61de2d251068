package notice

import (
	"errors"
	"net/netip"
	"slices"
	"syscall"
)

// errDenied is what dialling a denied address gives.
var errDenied = errors.New("a webhook may not be sent to this address")

// guard judges the address a connection really goes to, after names were looked up, so
// that a name cannot be turned to another address behind its back. Private networks are
// where the targets of a government network are, and are allowed; what no target is:
// this machine, link-local and multicast addresses, and where clouds keep metadata.
type guard struct{ allow []netip.Prefix }

var denied = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("127.0.0.0/8"),
	netip.MustParsePrefix("169.254.0.0/16"),     // link-local, and most clouds' metadata
	netip.MustParsePrefix("100.100.100.200/32"), // metadata of Alibaba Cloud
	netip.MustParsePrefix("168.63.129.16/32"),   // of Azure
	netip.MustParsePrefix("192.0.0.192/32"),     // of Oracle Cloud
	netip.MustParsePrefix("224.0.0.0/3"),        // multicast, reserved, broadcast
	netip.MustParsePrefix("::/127"),             // unspecified and this machine
	netip.MustParsePrefix("fe80::/10"),
	netip.MustParsePrefix("fd00:ec2::254/128"), // metadata of Amazon
	netip.MustParsePrefix("ff00::/8"),
}

// control is a net.Dialer's Control.
func (g guard) control(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || !g.allows(at.Addr()) {
		return errDenied
	}
	return nil
}

func (g guard) allows(a netip.Addr) bool {
	a = embedded(a.WithZone(""))
	in := func(p netip.Prefix) bool { return p.Contains(a) }
	return slices.ContainsFunc(g.allow, in) || !slices.ContainsFunc(denied, in)
}

// embedded is the IPv4 address that an IPv6 one leads to: mapped (RFC 4291 2.5.5.2),
// NAT64 (RFC 6052 2.1), 6to4 (RFC 3056 2) and the compatible form nobody uses any more.
func embedded(a netip.Addr) netip.Addr {
	if a = a.Unmap(); a.Is4() {
		return a
	}
	b := a.As16()
	switch {
	case netip.MustParsePrefix("64:ff9b::/96").Contains(a):
		return netip.AddrFrom4([4]byte(b[12:]))
	case netip.MustParsePrefix("2002::/16").Contains(a):
		return netip.AddrFrom4([4]byte(b[2:6]))
	case netip.MustParsePrefix("::/96").Contains(a) && !netip.MustParsePrefix("::/127").Contains(a):
		return netip.AddrFrom4([4]byte(b[12:]))
	}
	return a
}
