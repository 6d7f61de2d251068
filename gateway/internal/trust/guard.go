package trust

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"time"
)

// errDenied is what dialling a denied address gives.
var errDenied = errors.New("this address may not be reached from here; allow its network at the source if it is meant")

// guard judges the address a connection really goes to, after names were looked up, so
// that neither a redirect nor a name turned to another address makes the gateway knock
// at its own machine or at what clouds keep for it. Private networks are where the CAs
// of a government network are, and are open.
type guard struct{ allow []netip.Prefix }

var denied = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("127.0.0.0/8"),
	netip.MustParsePrefix("169.254.0.0/16"),     // link-local, and metadata of most clouds
	netip.MustParsePrefix("100.100.100.200/32"), // metadata of Alibaba Cloud
	netip.MustParsePrefix("192.0.0.192/32"),     // of Oracle Cloud
	netip.MustParsePrefix("168.63.129.16/32"),   // of Azure
	netip.MustParsePrefix("224.0.0.0/3"),        // multicast, reserved, broadcast
	netip.MustParsePrefix("::/96"),              // unspecified, this machine, and IPv4 in a form of the past
	netip.MustParsePrefix("64:ff9b::/96"),       // IPv4 behind a translator
	netip.MustParsePrefix("2002::/16"),          // IPv4 in a tunnel
	netip.MustParsePrefix("fe80::/10"),
	netip.MustParsePrefix("fd00:ec2::254/128"), // metadata of Amazon
	netip.MustParsePrefix("ff00::/8"),
}

func (g guard) allows(a netip.Addr) bool {
	a = a.WithZone("").Unmap()
	in := func(p netip.Prefix) bool { return p.Contains(a) }
	return slices.ContainsFunc(g.allow, in) || !slices.ContainsFunc(denied, in)
}

// dialer opens connections to allowed addresses only.
func (g guard) dialer() *net.Dialer {
	return &net.Dialer{Timeout: 10 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil || !g.allows(at.Addr()) {
			return errDenied
		}
		return nil
	}}
}
