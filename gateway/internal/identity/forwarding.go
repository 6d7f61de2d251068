package identity

import (
	"net/http"
	"net/netip"
	"strconv"
	"strings"
)

// Values of Config.Forwarding.
const (
	forwardX       = "x-forwarded"
	forwardRFC7239 = "rfc7239"
	forwardBoth    = "both"
	forwardNone    = "none"
)

// forwarding says which of the headers about the connection are set. X-Request-Id always is.
type forwarding struct{ x, rfc7239 bool }

func forwardingOf(text string) forwarding {
	switch text {
	case forwardRFC7239:
		return forwarding{rfc7239: true}
	case forwardBoth:
		return forwarding{x: true, rfc7239: true}
	case forwardNone:
		return forwarding{}
	}
	return forwarding{x: true}
}

// apply sets the headers and returns how many octets they have, roughly.
func (f forwarding) apply(h http.Header, r *Request) (size int) {
	set := func(name, value string) {
		if value != "" {
			h[name] = []string{value}
			size += len(name) + len(value) + 4
		}
	}
	set("X-Request-Id", r.ID)
	address := ""
	if f.x || f.rfc7239 {
		address = addressText(r.Address)
	}
	if f.x {
		set("X-Forwarded-For", chainText(address, r.Via))
		set("X-Real-Ip", address)
		set("X-Forwarded-Proto", r.Scheme)
		set("X-Forwarded-Host", r.Host)
		set("X-Forwarded-Port", portText(r.Port))
	}
	if f.rfc7239 {
		set("Forwarded", forwarded(r))
	}
	return size
}

// addressText writes an address without what only this machine understands (zone) and
// IPv4 as IPv4.
func addressText(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.Unmap().WithZone("").String()
}

func chainText(first string, via []netip.Addr) string {
	if len(via) == 0 {
		return first
	}
	parts := []string{first}
	for _, a := range via {
		parts = append(parts, addressText(a))
	}
	return strings.Join(parts, ", ")
}

// portText: the common ports without making a string each time.
func portText(port uint16) string {
	switch port {
	case 0:
		return ""
	case 443:
		return "443"
	}
	return strconv.Itoa(int(port))
}

// forwarded is RFC 7239's header: an element a hop, the client's first; what the gateway
// knows of its own hop stands in the first. IPv6 addresses are in brackets and quotes
// (clause 6).
func forwarded(r *Request) string {
	var b strings.Builder
	node := func(a netip.Addr) {
		text := addressText(a)
		switch {
		case text == "":
			b.WriteString("for=unknown")
		case strings.Contains(text, ":"):
			b.WriteString(`for="[` + text + `]"`)
		default:
			b.WriteString("for=" + text)
		}
	}
	node(r.Address)
	if r.Host != "" {
		b.WriteString(`;host="` + quoted(r.Host) + `"`)
	}
	if r.Scheme != "" {
		b.WriteString(";proto=" + r.Scheme)
	}
	for _, a := range r.Via {
		b.WriteString(", ")
		node(a)
	}
	return b.String()
}

func quoted(text string) string {
	if !strings.ContainsAny(text, `"\`) {
		return text
	}
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text)
}
