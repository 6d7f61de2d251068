package verify

import (
	"encoding/asn1"
	"slices"

	"github.com/emmansun/gmsm/smx509"

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
	Code      Purpose = "code"
	TimeStamp Purpose = "timestamp"
	OCSP      Purpose = "ocsp"
)

// Purposes lists them all.
func Purposes() []Purpose {
	return []Purpose{Any, Sign, Encrypt, Server, Client, Code, TimeStamp, OCSP}
}

func (p Purpose) known() bool { return slices.Contains(Purposes(), p) }

// keyUsage is the bits of which one must be set where a key usage is present. A
// TLCP server's encryption certificate has none of the signing bits, so Server
// takes both.
func (p Purpose) keyUsage() smx509.KeyUsage {
	const signing = smx509.KeyUsageDigitalSignature | smx509.KeyUsageContentCommitment
	const encryption = smx509.KeyUsageKeyEncipherment | smx509.KeyUsageDataEncipherment | smx509.KeyUsageKeyAgreement
	switch p {
	case Sign, TimeStamp, OCSP:
		return signing
	case Encrypt:
		return encryption
	case Server:
		return smx509.KeyUsageDigitalSignature | smx509.KeyUsageKeyEncipherment | smx509.KeyUsageKeyAgreement
	case Client:
		return smx509.KeyUsageDigitalSignature | smx509.KeyUsageKeyAgreement
	case Code:
		return smx509.KeyUsageDigitalSignature
	}
	return 0
}

// extended is the extended key usage that must hold along the path. Sign and
// Encrypt have none of their own.
func (p Purpose) extended() smx509.ExtKeyUsage {
	switch p {
	case Server:
		return smx509.ExtKeyUsageServerAuth
	case Client:
		return smx509.ExtKeyUsageClientAuth
	case Code:
		return smx509.ExtKeyUsageCodeSigning
	case TimeStamp:
		return smx509.ExtKeyUsageTimeStamping
	case OCSP:
		return smx509.ExtKeyUsageOCSPSigning
	}
	return smx509.ExtKeyUsageAny
}

// usage checks the certificate itself; smx509 looks at neither its key usage bits
// nor whether the roles below are granted explicitly.
func (p Purpose) usage(c *smx509.Certificate) []Reason {
	var reasons []Reason
	if bits := p.keyUsage(); bits != 0 && findExtension(c, pki.OIDKeyUsage) != nil && c.KeyUsage&bits == 0 {
		reasons = append(reasons, reason("usage.key", c))
	}
	if !p.extendedAllows(c) {
		reasons = append(reasons, reason("usage.extended", c))
	}
	return reasons
}

// extendedAllows: code signing, time stamping and OCSP need the role written down
// (RFC 3161 2.3, RFC 6960 4.2.2.2). Signing and encryption are refused to keys that
// are given nothing but roles of a service.
func (p Purpose) extendedAllows(c *smx509.Certificate) bool {
	switch p {
	case Code, OCSP:
		return slices.Contains(c.ExtKeyUsage, p.extended())
	case TimeStamp:
		e := findExtension(c, pki.OIDExtKeyUsage)
		return e != nil && e.Critical && len(c.ExtKeyUsage) == 1 && c.ExtKeyUsage[0] == smx509.ExtKeyUsageTimeStamping && len(c.UnknownExtKeyUsage) == 0
	case Sign, Encrypt:
		return !onlyServices(c)
	case Server, Client:
		return len(c.ExtKeyUsage)+len(c.UnknownExtKeyUsage) == 0 ||
			slices.Contains(c.ExtKeyUsage, p.extended()) || slices.Contains(c.ExtKeyUsage, smx509.ExtKeyUsageAny)
	}
	return true
}

func onlyServices(c *smx509.Certificate) bool {
	for _, usage := range c.ExtKeyUsage {
		switch usage {
		case smx509.ExtKeyUsageServerAuth, smx509.ExtKeyUsageCodeSigning, smx509.ExtKeyUsageTimeStamping, smx509.ExtKeyUsageOCSPSigning:
		default:
			return false
		}
	}
	return len(c.ExtKeyUsage) > 0 && len(c.UnknownExtKeyUsage) == 0
}

// found is what findExtension finds.
type found struct {
	Critical bool
	Value    []byte
}

func findExtension(c *smx509.Certificate, oid asn1.ObjectIdentifier) *found {
	for _, e := range c.Extensions {
		if e.Id.Equal(oid) {
			return &found{e.Critical, e.Value}
		}
	}
	return nil
}
