package serve

import (
	"net"
	"net/netip"
)

// sourceOf is an IPv4 address or an IPv6 network of 64 bits, which is what one
// machine is given. Sources without an address (Unix sockets) count as one.
func sourceOf(a net.Addr) netip.Prefix {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Prefix{}
	}
	ip := tcp.AddrPort().Addr().Unmap()
	bits := 64
	if ip.Is4() {
		bits = 32
	}
	p, err := ip.WithZone("").Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}
