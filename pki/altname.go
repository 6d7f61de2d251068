package pki

import (
	"net"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
)

// CheckAltName refuses a subject alternative name that is not what its kind says.
// DNS names are LDH labels (RFC 5280 4.2.1.6, RFC 1034 3.5) with at most one
// leading "*"; international names arrive in their ASCII (xn--) form.
func CheckAltName(name AltName) error {
	wrong := Errorf(Invalid, "altname."+name.Kind, "an alternative name of kind %.10q is malformed", name.Kind)
	if len(name.Value) == 0 || len(name.Value) > 253 || !ascii(name.Value) {
		return wrong.To("give 1 to 253 ASCII characters")
	}
	ok := false
	switch name.Kind {
	case "dns":
		ok = hostName(name.Value)
	case "email":
		address, err := mail.ParseAddress(name.Value)
		ok = err == nil && address.Address == name.Value && address.Name == ""
	case "uri":
		u, err := url.Parse(name.Value)
		ok = err == nil && u.Scheme != "" && u.Host != ""
	case "ip":
		ok = net.ParseIP(name.Value) != nil
	default:
		return Errorf(Invalid, "altname.kind", "an alternative name has an unknown kind").To("use dns, email, uri or ip")
	}
	if !ok {
		return wrong.To("write it like host.example, person@unit.example, https://host.example/ or 192.0.2.1")
	}
	return nil
}

func hostName(host string) bool {
	host = strings.TrimPrefix(host, "*.")
	if last := host[strings.LastIndexByte(host, '.')+1:]; strings.Trim(last, "0123456789") == "" {
		return false // an address, or what would be taken for one (RFC 1123 2.1)
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			c := label[i]
			if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-') {
				return false
			}
		}
	}
	return true
}

// ParseOID reads a dotted object identifier with at least two arcs.
func ParseOID(text string) (OID, error) {
	parts := strings.Split(text, ".")
	oid := make(OID, len(parts))
	for i, part := range parts {
		n, err := strconv.Atoi(part)
		if err != nil || n < 0 || len(parts) < 2 || len(parts) > 40 {
			return nil, Errorf(Invalid, "oid.malformed", "%.60q is not a dotted object identifier", text)
		}
		oid[i] = n
	}
	if oid[0] > 2 || oid[0] < 2 && oid[1] > 39 {
		return nil, Errorf(Invalid, "oid.malformed", "%.60q is not a dotted object identifier", text)
	}
	return oid, nil
}

func ipText(octets []byte) string {
	if len(octets) != net.IPv4len && len(octets) != net.IPv6len {
		return ""
	}
	return net.IP(octets).String()
}
