package lint

import (
	"net/url"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	asn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// The choices of GeneralName (RFC 5280 4.2.1.6).
const (
	sanOther     = 0
	sanEmail     = 1
	sanDNS       = 2
	sanX400      = 3
	sanDirectory = 4
	sanEDI       = 5
	sanURI       = 6
	sanIP        = 7
	sanID        = 8
)

// generalName is one GeneralName: its choice and content octets.
type generalName struct {
	kind  int
	value []byte
}

// maxGeneralNames bounds what one list of names may make us look at.
const maxGeneralNames = 4096

func readGeneralNames(list cryptobyte.String) ([]generalName, bool) {
	var all []generalName
	for !list.Empty() {
		var value cryptobyte.String
		var tag asn1.Tag
		if !list.ReadAnyASN1(&value, &tag) || tag&0xc0 != 0x80 || len(all) == maxGeneralNames {
			return nil, false
		}
		kind := int(tag & 0x1f)
		constructed := tag&0x20 != 0
		if kind > sanID || constructed != (kind == sanOther || kind >= sanX400 && kind <= sanEDI) {
			return nil, false
		}
		all = append(all, generalName{kind, value})
	}
	return all, true
}

// fault says what is wrong with the form of a name in a SubjectAltName (RFC 5280 4.2.1.6).
func (g generalName) fault() string {
	switch g.kind {
	case sanDNS:
		return dnsFault(string(g.value))
	case sanEmail:
		return emailFault(string(g.value))
	case sanURI:
		return uriFault(string(g.value))
	case sanIP:
		if len(g.value) != 4 && len(g.value) != 16 {
			return "an iPAddress is neither 4 nor 16 octets"
		}
	case sanDirectory:
		s := cryptobyte.String(g.value)
		if n, ok := readName(&s); !ok || !s.Empty() || n.empty() {
			return "a directoryName is malformed or empty"
		}
	case sanOther:
		s := cryptobyte.String(g.value)
		var oid, value cryptobyte.String
		if !s.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) || !s.ReadASN1(&value, wrapped(0)) || !s.Empty() {
			return "an otherName is malformed"
		}
	}
	return ""
}

// dnsFault holds a dNSName against the preferred name syntax (RFC 1034 3.5, RFC 1123 2.1);
// a wildcard may be the whole first label.
func dnsFault(host string) string {
	if host == "" || len(host) > 253 {
		return "a dNSName is empty or over 253 octets"
	}
	for i, label := range strings.Split(host, ".") {
		if i == 0 && label == "*" && len(host) > 2 {
			continue
		}
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return "a dNSName has a label that is empty, over 63 octets or begins or ends with a hyphen"
		}
		for j := range len(label) {
			if !letterDigit(label[j]) && label[j] != '-' {
				return "a dNSName holds the octet " + hexOctet(label[j])
			}
		}
	}
	return ""
}

func letterDigit(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// emailFault holds an rfc822Name against Mailbox of RFC 2821 4.1.2, unquoted local parts only.
func emailFault(mailbox string) string {
	local, host, ok := strings.Cut(mailbox, "@")
	if !ok || local == "" || len(local) > 64 {
		return "an rfc822Name is not of the form local@host"
	}
	for i := range len(local) {
		c := local[i]
		if !letterDigit(c) && strings.IndexByte("!#$%&'*+-/=?^_`{|}~.", c) < 0 {
			return "an rfc822Name holds the octet " + hexOctet(c)
		}
	}
	if dnsFault(host) != "" || host[0] == '*' {
		return "the host of an rfc822Name is not a domain name"
	}
	return ""
}

// uriFault demands an absolute URI (RFC 5280 4.2.1.6): a scheme and something after it.
func uriFault(text string) string {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] >= 0x7f {
			return "a URI holds the octet " + hexOctet(text[i])
		}
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" || u.Opaque == "" && u.Host == "" && u.Path == "" {
		return "a URI is not absolute"
	}
	return ""
}

// fetchable reports whether a URI can be fetched the way RFC 5280 4.2.1.13 and
// 4.2.2.1 want: http or ldap, with a host or (ldap) without one.
func fetchable(text []byte) bool {
	if uriFault(string(text)) != "" {
		return false
	}
	scheme, rest, _ := strings.Cut(string(text), "://")
	switch strings.ToLower(scheme) {
	case "http":
		return rest != "" && rest[0] != '/'
	case "ldap":
		return rest != ""
	}
	return false
}
