package lint

import "strconv"

// Object identifiers as the content octets of their DER, because comparing them as
// strings costs no allocation; the test holds them against their dotted forms.
const (
	oidSubjectKeyID      = "\x55\x1d\x0e"
	oidKeyUsage          = "\x55\x1d\x0f"
	oidPrivateKeyPeriod  = "\x55\x1d\x10"
	oidSubjectAltName    = "\x55\x1d\x11"
	oidIssuerAltName     = "\x55\x1d\x12"
	oidBasicConstraints  = "\x55\x1d\x13"
	oidCRLNumber         = "\x55\x1d\x14"
	oidReasonCode        = "\x55\x1d\x15"
	oidInvalidityDate    = "\x55\x1d\x18"
	oidDeltaCRL          = "\x55\x1d\x1b"
	oidIssuingDistPoint  = "\x55\x1d\x1c"
	oidCertificateIssuer = "\x55\x1d\x1d"
	oidNameConstraints   = "\x55\x1d\x1e"
	oidCRLDistPoints     = "\x55\x1d\x1f"
	oidPolicies          = "\x55\x1d\x20"
	oidAnyPolicy         = "\x55\x1d\x20\x00"
	oidPolicyMappings    = "\x55\x1d\x21"
	oidAuthorityKeyID    = "\x55\x1d\x23"
	oidPolicyConstraints = "\x55\x1d\x24"
	oidExtKeyUsage       = "\x55\x1d\x25"
	oidAnyExtKeyUsage    = "\x55\x1d\x25\x00"
	oidFreshestCRL       = "\x55\x1d\x2e"
	oidInhibitAnyPolicy  = "\x55\x1d\x36"

	oidAuthorityInfo = "\x2b\x06\x01\x05\x05\x07\x01\x01"
	oidSubjectInfo   = "\x2b\x06\x01\x05\x05\x07\x01\x0b"
	oidOCSP          = "\x2b\x06\x01\x05\x05\x07\x30\x01"
	oidCAIssuers     = "\x2b\x06\x01\x05\x05\x07\x30\x02"
	oidOCSPNoCheck   = "\x2b\x06\x01\x05\x05\x07\x30\x01\x05"

	oidServerAuth      = "\x2b\x06\x01\x05\x05\x07\x03\x01"
	oidClientAuth      = "\x2b\x06\x01\x05\x05\x07\x03\x02"
	oidCodeSigning     = "\x2b\x06\x01\x05\x05\x07\x03\x03"
	oidEmailProtection = "\x2b\x06\x01\x05\x05\x07\x03\x04"
	oidTimeStamping    = "\x2b\x06\x01\x05\x05\x07\x03\x08"
	oidOCSPSigning     = "\x2b\x06\x01\x05\x05\x07\x03\x09"

	oidRSA         = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"
	oidRSAMD5      = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04"
	oidRSASHA1     = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05"
	oidRSAPSS      = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"
	oidRSASHA256   = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"
	oidRSASHA384   = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c"
	oidRSASHA512   = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d"
	oidECPublicKey = "\x2a\x86\x48\xce\x3d\x02\x01"
	oidP256        = "\x2a\x86\x48\xce\x3d\x03\x01\x07"
	oidP384        = "\x2b\x81\x04\x00\x22"
	oidP521        = "\x2b\x81\x04\x00\x23"
	oidECDSASHA1   = "\x2a\x86\x48\xce\x3d\x04\x01"
	oidECDSASHA256 = "\x2a\x86\x48\xce\x3d\x04\x03\x02"
	oidECDSASHA384 = "\x2a\x86\x48\xce\x3d\x04\x03\x03"
	oidECDSASHA512 = "\x2a\x86\x48\xce\x3d\x04\x03\x04"

	oidSM2Curve   = "\x2a\x81\x1c\xcf\x55\x01\x82\x2d"
	oidSM2WithSM3 = "\x2a\x81\x1c\xcf\x55\x01\x83\x75"
	oidSM2Old502  = "\x2a\x81\x1c\xcf\x55\x01\x83\x76"
	oidSM2Old503  = "\x2a\x81\x1c\xcf\x55\x01\x83\x77"
	oidRSAWithSM3 = "\x2a\x81\x1c\xcf\x55\x01\x83\x78"

	oidIdentifyCode     = "\x2a\x81\x1c\xd0\x14\x04\x01\x01"
	oidInsuranceNumber  = "\x2a\x81\x1c\xd0\x14\x04\x01\x02"
	oidICRegistration   = "\x2a\x81\x1c\xd0\x14\x04\x01\x03"
	oidOrganizationCode = "\x2a\x81\x1c\xd0\x14\x04\x01\x04"
	oidTaxationNumber   = "\x2a\x81\x1c\xd0\x14\x04\x01\x05"
	// oidNationalArc is 1.2.156.10260.4.1, under which GM/T 0015 puts its extensions.
	oidNationalArc = "\x2a\x81\x1c\xd0\x14\x04\x01"
)

// dotted prints an object identifier for a finding, at most 64 characters; one
// that is not valid DER prints as such.
func dotted(oid []byte) string {
	if !validOID(oid) {
		return "malformed object identifier"
	}
	text := make([]byte, 0, 32)
	arc, first := uint64(0), true
	for _, b := range oid {
		if arc >= 1<<56 || len(text) > 60 {
			return string(text) + "…"
		}
		arc = arc<<7 | uint64(b&0x7f)
		if b&0x80 != 0 {
			continue
		}
		if first {
			root := min(arc/40, 2)
			text = strconv.AppendUint(text, root, 10)
			arc, first = arc-root*40, false
		}
		text = append(text, '.')
		text = strconv.AppendUint(text, arc, 10)
		arc = 0
	}
	return string(text)
}

// validOID reports whether the content octets are DER: arcs complete, no padding (X.690 8.19).
func validOID(oid []byte) bool {
	if len(oid) == 0 || oid[len(oid)-1]&0x80 != 0 {
		return false
	}
	start := true
	for _, b := range oid {
		if start && b == 0x80 {
			return false
		}
		start = b&0x80 == 0
	}
	return true
}
