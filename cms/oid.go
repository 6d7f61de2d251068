package cms

import "onecert/pki"

// Content types: RFC 5652 4, 6; GM/T 0010 (base 1.2.156.10197.6.1.4.2).
var (
	oidData        = pki.OID{1, 2, 840, 113549, 1, 7, 1}
	oidSigned      = pki.OID{1, 2, 840, 113549, 1, 7, 2}
	oidGMSigned    = pki.OID{1, 2, 156, 10197, 6, 1, 4, 2, 2}
	oidEnveloped   = pki.OID{1, 2, 840, 113549, 1, 7, 3}
	oidGMData      = pki.OID{1, 2, 156, 10197, 6, 1, 4, 2, 1}
	oidGMEnveloped = pki.OID{1, 2, 156, 10197, 6, 1, 4, 2, 3}
)

// Signed attributes (RFC 5652 11).
var (
	oidContentType   = pki.OID{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest = pki.OID{1, 2, 840, 113549, 1, 9, 4}
	oidSigningTime   = pki.OID{1, 2, 840, 113549, 1, 9, 5}
)

// Algorithms only messages name.
var (
	oidSM2Exchange = pki.OID{1, 2, 156, 10197, 1, 301, 2} // what GmSSL writes for SM2 encryption
	oidSHA256      = pki.OID{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidSHA384      = pki.OID{2, 16, 840, 1, 101, 3, 4, 2, 2}
	oidAES128CBC   = pki.OID{2, 16, 840, 1, 101, 3, 4, 1, 2}
	oidAES192CBC   = pki.OID{2, 16, 840, 1, 101, 3, 4, 1, 22}
	oidAES256CBC   = pki.OID{2, 16, 840, 1, 101, 3, 4, 1, 42}
	oidAES128Wrap  = pki.OID{2, 16, 840, 1, 101, 3, 4, 1, 5} // RFC 3565 2.3.2
	oidAES192Wrap  = pki.OID{2, 16, 840, 1, 101, 3, 4, 1, 25}
	oidAES256Wrap  = pki.OID{2, 16, 840, 1, 101, 3, 4, 1, 45}
)

// dhSinglePass-stdDH-*kdf-scheme (RFC 5753 7.1.4). The SHA-1 one is read only,
// because OpenSSL takes it by default.
var (
	oidECDHSHA1   = pki.OID{1, 3, 133, 16, 840, 63, 0, 2}
	oidECDHSHA256 = pki.OID{1, 3, 132, 1, 11, 1}
	oidECDHSHA384 = pki.OID{1, 3, 132, 1, 11, 2}
	oidECDHSHA512 = pki.OID{1, 3, 132, 1, 11, 3}
)
