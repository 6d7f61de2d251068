package policy

import (
	"strings"

	"onecert/pki"
)

// Bounds of what a request may bring.
const (
	maxText       = 1024
	maxGroups     = 4096
	maxAttributes = 64
	maxValue      = 4096
)

// faultOf names what of a request cannot be judged.
func faultOf(r *Request, s *Subject) string {
	switch {
	case r.At.Unix() < 0 || r.At.Unix() > lastDay*86400:
		return "at"
	case !r.Address.IsValid():
		return "address"
	case r.Application == "" || len(r.Application) > maxText:
		return "application"
	case len(r.Host) > maxText || !plainHost(r.Host):
		return "host"
	}
	switch r.Protocol {
	case ProtocolTLS, ProtocolTLCP:
		if r.Method == "" || len(r.Method) > maxText {
			return "method"
		}
		if !NormalPath(r.Path) {
			return "path"
		}
	case ProtocolTCP, ProtocolVPN:
		if r.Method != "" {
			return "method"
		}
		if r.Path != "" {
			return "path"
		}
	default:
		return "protocol"
	}
	return subjectFault(s)
}

// plainHost: no capitals, blanks, separators or root dot.
func plainHost(host string) bool {
	if strings.HasSuffix(host, ".") {
		return false
	}
	for i := range len(host) {
		if c := host[i]; c <= ' ' || 'A' <= c && c <= 'Z' || c == '/' || c == '\\' || c == 0x7f {
			return false
		}
	}
	return true
}

// subjectFault: a login has what its kind says, and an anonymous visitor nothing.
func subjectFault(s *Subject) string {
	highest, certificate := s.Login.Level(), s.Certificate
	switch {
	case s.Level < 0 || s.Level > highest:
		return "level"
	case highest == LevelAnonymous && s.Login != "" && s.Login != LoginAnonymous:
		return "login"
	case s.Level == LevelAnonymous && (highest > 0 || s.User != "" || s.Holder != "" || certificate != nil || len(s.Groups)+len(s.Units) > 0):
		return "login"
	case highest == LevelPassword && (s.User == "" || certificate != nil):
		return "login"
	case highest >= LevelCertificate && (certificate == nil || s.Level < LevelPassword):
		return "certificate"
	case len(s.User) > maxText || len(s.Groups) > maxGroups || len(s.Units) > maxAttributes:
		return "subject"
	case certificate != nil && !certificate.judgeable():
		return "certificate"
	}
	return ""
}

// judgeable: what lists are asked by is in the form their entries have. A subject may be
// empty, where everything is in the alternative names (RFC 5280 4.1.2.6).
func (c *Certificate) judgeable() bool {
	if !nameFits(c.Subject) || len(c.Issuer) == 0 || !nameFits(c.Issuer) || len(c.Policies) > maxAttributes || len(c.Units) > maxAttributes {
		return false
	}
	return len(c.Fingerprint) == 64 && lowerHex(c.Fingerprint) && c.Serial != "" && lowerHex(string(c.Serial))
}

func nameFits(name pki.Name) bool {
	for i := range name {
		if len(name[i].Value) > maxValue {
			return false
		}
	}
	return len(name) <= maxAttributes
}

func lowerHex(text string) bool {
	for i := range len(text) {
		if c := text[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
