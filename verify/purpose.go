package verify

import (
	"encoding/asn1"
	"slices"

	"onecert/pki"
)

// Purpose is what the certificate is to be used for.
type Purpose string

// The purposes. Any looks at neither key usage nor extended key usage.
const (
	Any       Purpose = "any"
	Sign      Purpose = "sign"
	Encrypt   Purpose = "encrypt"
	Server    Purpose = "server"
	Client    Purpose = "client"
	Email     Purpose = "email"
	Code      Purpose = "code"
	TimeStamp Purpose = "timestamp"
	OCSP      Purpose = "ocsp"
)

// Purposes lists them all.
func Purposes() []Purpose {
	return []Purpose{Any, Sign, Encrypt, Server, Client, Email, Code, TimeStamp, OCSP}
}

func (p Purpose) known() bool { return slices.Contains(Purposes(), p) }

// keyUsage is the bits of which one must be set where a key usage is present. A
// TLCP server's encryption certificate has none of the signing bits, so Server
// takes both.
func (p Purpose) keyUsage() uint16 {
	const signing = usageDigitalSignature | usageContentCommitment
	const encryption = usageKeyEncipherment | usageDataEncipherment | usageKeyAgreement
	switch p {
	case Sign, TimeStamp, OCSP:
		return signing
	case Encrypt:
		return encryption
	case Email:
		return signing | encryption
	case Server:
		return usageDigitalSignature | usageKeyEncipherment | usageKeyAgreement
	case Client:
		return usageDigitalSignature | usageKeyAgreement
	case Code:
		return usageDigitalSignature
	}
	return 0
}

// Extended key usages by their last arc under 1.3.6.1.5.5.7.3 (RFC 5280 4.2.1.12),
// as content octets.
const (
	extendedRoot   = "\x2b\x06\x01\x05\x05\x07\x03"
	extendedServer = extendedRoot + "\x01"
	extendedClient = extendedRoot + "\x02"
	extendedCode   = extendedRoot + "\x03"
	extendedEmail  = extendedRoot + "\x04"
	extendedStamp  = extendedRoot + "\x08"
	extendedOCSP   = extendedRoot + "\x09"
	extendedAny    = "\x55\x1d\x25\x00"
)

// extended is the extended key usage that must hold along the path, "" for none.
func (p Purpose) extended() string {
	switch p {
	case Server:
		return extendedServer
	case Client:
		return extendedClient
	case Email:
		return extendedEmail
	case Code:
		return extendedCode
	case TimeStamp:
		return extendedStamp
	case OCSP:
		return extendedOCSP
	}
	return ""
}

// wanted are the extended key usages a question asks for.
func (r *Request) wanted() (all []string) {
	if usage := r.Purpose.extended(); usage != "" {
		all = append(all, usage)
	}
	for _, oid := range r.ExtKeyUsage {
		all = append(all, octets(asn1.ObjectIdentifier(oid)))
	}
	return all
}

// grants reports whether an extended key usage, where there is one, has the usage.
func (c *Certificate) grants(usage string) bool {
	return c.extended == nil || usage == extendedAny ||
		slices.Contains(c.extended, usage) || slices.Contains(c.extended, extendedAny)
}

// usage checks the certificate itself.
func (r *Request) usage(c *Certificate) (found []Reason) {
	if bits := r.Purpose.keyUsage(); bits != 0 && !c.may(bits) {
		found = append(found, reason("usage.key", c))
	}
	if !r.Purpose.extendedAllows(c) || slices.ContainsFunc(r.wanted(), func(usage string) bool { return !c.grants(usage) }) {
		found = append(found, reason("usage.extended", c))
	}
	return found
}

// extendedAllows: code signing, time stamping and OCSP need the role written down
// (RFC 3161 2.3, RFC 6960 4.2.2.2). Signing and encryption are refused to keys that
// are given nothing but roles of a service.
func (p Purpose) extendedAllows(c *Certificate) bool {
	switch p {
	case Code, OCSP:
		return slices.Contains(c.extended, p.extended())
	case TimeStamp:
		_, critical := c.has(pki.OIDExtKeyUsage)
		return critical && len(c.extended) == 1 && c.extended[0] == extendedStamp
	case Sign, Encrypt:
		return !onlyServices(c)
	}
	return true
}

func onlyServices(c *Certificate) bool {
	services := []string{extendedServer, extendedCode, extendedStamp, extendedOCSP}
	for _, usage := range c.extended {
		if !slices.Contains(services, usage) {
			return false
		}
	}
	return len(c.extended) > 0
}
