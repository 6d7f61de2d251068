package notice

import "net/netip"

func guardOf(allow ...string) (g guard) {
	for _, a := range allow {
		g.allow = append(g.allow, netip.MustParsePrefix(a))
	}
	return g
}

func addr(text string) netip.Addr { return netip.MustParseAddr(text) }
