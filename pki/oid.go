package pki

import (
	"encoding/asn1"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// OID is an object identifier.
type OID = asn1.ObjectIdentifier

// National algorithms (GM/T 0006, GB/T 33560) and their international counterparts.
var (
	OIDSM2          = OID{1, 2, 156, 10197, 1, 301}
	OIDSM2Sign      = OID{1, 2, 156, 10197, 1, 301, 1}
	OIDSM2Encrypt   = OID{1, 2, 156, 10197, 1, 301, 3}
	OIDSM2WithSM3   = OID{1, 2, 156, 10197, 1, 501}
	OIDSM3          = OID{1, 2, 156, 10197, 1, 401}
	OIDSM4ECB       = OID{1, 2, 156, 10197, 1, 104, 1}
	OIDSM4CBC       = OID{1, 2, 156, 10197, 1, 104, 2}
	OIDSM4          = OID{1, 2, 156, 10197, 1, 104}
	OIDECPublicKey  = OID{1, 2, 840, 10045, 2, 1}
	OIDP256         = OID{1, 2, 840, 10045, 3, 1, 7}
	OIDP384         = OID{1, 3, 132, 0, 34}
	OIDRSA          = OID{1, 2, 840, 113549, 1, 1, 1}
	OIDRSASHA256    = OID{1, 2, 840, 113549, 1, 1, 11}
	OIDRSASHA384    = OID{1, 2, 840, 113549, 1, 1, 12}
	OIDRSASHA512    = OID{1, 2, 840, 113549, 1, 1, 13}
	OIDECDSASHA256  = OID{1, 2, 840, 10045, 4, 3, 2}
	OIDECDSASHA384  = OID{1, 2, 840, 10045, 4, 3, 3}
	OIDECDSASHA512  = OID{1, 2, 840, 10045, 4, 3, 4}
	OIDExtRequest   = OID{1, 2, 840, 113549, 1, 9, 14}
	OIDCFCATempKey  = OID{1, 2, 840, 113549, 1, 9, 63}
	OIDChallenge    = OID{1, 2, 840, 113549, 1, 9, 7}
	OIDEmail        = OID{1, 2, 840, 113549, 1, 9, 1}
	OIDOCSPNoCheck  = OID{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}
	OIDAIA          = OID{1, 3, 6, 1, 5, 5, 7, 1, 1}
	OIDAccessOCSP   = OID{1, 3, 6, 1, 5, 5, 7, 48, 1}
	OIDAccessIssuer = OID{1, 3, 6, 1, 5, 5, 7, 48, 2}
)

// Certificate and CRL extensions (RFC 5280 4.2, 5.2, 5.3).
var (
	OIDSubjectKeyID      = OID{2, 5, 29, 14}
	OIDKeyUsage          = OID{2, 5, 29, 15}
	OIDSubjectAltName    = OID{2, 5, 29, 17}
	OIDBasicConstraints  = OID{2, 5, 29, 19}
	OIDCRLNumber         = OID{2, 5, 29, 20}
	OIDReasonCode        = OID{2, 5, 29, 21}
	OIDInvalidityDate    = OID{2, 5, 29, 24}
	OIDDeltaCRLIndicator = OID{2, 5, 29, 27}
	OIDIssuingDistPoint  = OID{2, 5, 29, 28}
	OIDNameConstraints   = OID{2, 5, 29, 30}
	OIDCRLDistPoints     = OID{2, 5, 29, 31}
	OIDPolicies          = OID{2, 5, 29, 32}
	OIDAuthorityKeyID    = OID{2, 5, 29, 35}
	OIDExtKeyUsage       = OID{2, 5, 29, 37}
	OIDFreshestCRL       = OID{2, 5, 29, 46}
)

// Private extensions of GB/T 20518 / GM/T 0015 (2012 numbering, which two
// independent implementations use).
var (
	OIDIdentifyCode         = OID{1, 2, 156, 10260, 4, 1, 1}
	OIDInsuranceNumber      = OID{1, 2, 156, 10260, 4, 1, 2}
	OIDICRegistrationNumber = OID{1, 2, 156, 10260, 4, 1, 3}
	OIDOrganizationCode     = OID{1, 2, 156, 10260, 4, 1, 4}
	OIDTaxationNumber       = OID{1, 2, 156, 10260, 4, 1, 5}
)

// AlgorithmIdentifier returns the DER AlgorithmIdentifier a key of the suite signs
// certificates, CRLs and requests with. SM2 and ECDSA have no parameters, RSA has
// NULL (RFC 3279 2.2.1; for SM2 absent is what every implementation seen accepts).
func AlgorithmIdentifier(suite Suite) []byte {
	var oid OID
	switch suite {
	case SM2:
		oid = OIDSM2WithSM3
	case P256:
		oid = OIDECDSASHA256
	case P384:
		oid = OIDECDSASHA384
	case RSA2048, RSA3072, RSA4096:
		oid = OIDRSASHA256
	default:
		return nil
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oid)
		if suite.Family() == "rsa" {
			b.AddASN1NULL()
		}
	})
	return b.BytesOrPanic()
}
