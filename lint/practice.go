package lint

import (
	"fmt"
	"math/big"
)

// practiceCertificate holds what no format standard demands and every careful CA
// does: key sizes, hashes, serials, lifetimes, purposes; read only.
var practiceCertificate = []rule[certificate]{
	{"practice.rsa.size", "GM/T 0115, NIST SP 800-57 (RSA 2048)", Error, Error, checkRSASize},
	{"practice.rsa.exponent", "NIST FIPS 186-5 A.1.1", Error, Error, checkRSAExponent},
	{"practice.rsa.exponent-small", "NIST FIPS 186-5 A.1.1", Error, Warning, checkRSAExponentSmall},
	{"practice.rsa.modulus", "NIST FIPS 186-5 A.1.1", Error, Error, checkRSAModulus},
	{"practice.key.algorithm", "OneCert algorithm suites", Error, Warning, checkKeyKnown},
	{"practice.signature.hash", "GM/T 0115, RFC 6194", Error, Error, func(c *certificate) string { return weakHash(c.algorithm) }},
	{"practice.signature.algorithm", "OneCert algorithm suites", Error, Warning, func(c *certificate) string { return unknownSignature(c.algorithm) }},
	{"practice.serial.short", "OneCert serial numbers (64 bits at least)", Error, Warning, checkSerialShort},
	{"practice.serial.entropy", "OneCert serial numbers (128 random bits)", Error, Notice, checkSerialEntropy},
	{"practice.serial.pattern", "OneCert serial numbers", Warning, Notice, checkSerialPattern},
	{"practice.validity.issuer", "RFC 5280 6.1.3 (a path must be valid as a whole)", Error, Warning, checkOutlivesIssuer},
	{"practice.eku.time-stamping", "RFC 3161 2.3", Error, Error, checkTimeStamping},
	{"practice.eku.ocsp-nocheck", "RFC 6960 4.2.2.2.1", Error, Warning, checkNoCheck},
	{"practice.eku.ocsp-alone", "RFC 6960 4.2.2.2", Error, Warning, checkOCSPAlone},
	{"practice.eku.server-name", "RFC 9525 6.1", Error, Warning, checkServerName},
	{"practice.eku.code-alone", "CA/Browser Forum code signing (mixed purposes)", Error, Warning, checkCodeAlone},
	{"practice.key-usage.crl-sign", "RFC 5280 4.2.1.3", Error, Notice, checkCASignsCRLs},
	{"practice.revocation.source", "RFC 5280 4.2.1.13, 4.2.2.1", Warning, Notice, checkRevocationSource},
}

func checkRSASize(c *certificate) string {
	if c.key.kind != keyRSA || !c.key.sound {
		return ""
	}
	if bits := new(big.Int).SetBytes(c.key.modulus).BitLen(); bits < 2048 {
		return fmt.Sprintf("the RSA key has %d bits, fewer than 2048", bits)
	}
	return ""
}

// checkRSAExponent: an even exponent cannot be inverted, exponent 1 signs nothing.
func checkRSAExponent(c *certificate) string {
	if c.key.kind != keyRSA || !c.key.sound {
		return ""
	}
	e := c.key.exponent
	switch {
	case e[len(e)-1]&1 == 0:
		return "the RSA exponent is even"
	case len(e) == 1 && e[0] == 1:
		return "the RSA exponent is 1"
	}
	return ""
}

func checkRSAExponentSmall(c *certificate) string {
	if c.key.kind != keyRSA || !c.key.sound {
		return ""
	}
	e := new(big.Int).SetBytes(c.key.exponent)
	switch {
	case e.Cmp(big.NewInt(65537)) < 0:
		return "the RSA exponent is below 65537"
	case e.BitLen() > 256:
		return "the RSA exponent has more than 256 bits"
	}
	return ""
}

// smallPrimes is the product of the odd primes below 53, which fits 64 bits.
const smallPrimes = 3 * 5 * 7 * 11 * 13 * 17 * 19 * 23 * 29 * 31 * 37 * 41 * 43 * 47

func checkRSAModulus(c *certificate) string {
	if c.key.kind != keyRSA || !c.key.sound {
		return ""
	}
	n := new(big.Int).SetBytes(c.key.modulus)
	if n.Bit(0) == 0 {
		return "the RSA modulus is even"
	}
	if new(big.Int).GCD(nil, nil, n, big.NewInt(smallPrimes)).Cmp(big.NewInt(1)) != 0 {
		return "the RSA modulus has a small prime factor"
	}
	return ""
}

func checkKeyKnown(c *certificate) string {
	switch c.key.kind {
	case keySM2, keyRSA, keyP256, keyP384:
		return ""
	case keyP521:
		if !c.opts.Ours {
			return ""
		}
	}
	return "the key's algorithm or curve is none of SM2, RSA, P-256 and P-384"
}

func weakHash(a algorithm) string {
	switch string(a.oid) {
	case oidRSAMD5:
		return "the signature uses MD5"
	case oidRSASHA1, oidECDSASHA1, oidSM2Old502:
		return "the signature uses SHA-1"
	}
	return ""
}

func unknownSignature(a algorithm) string {
	if family(a) == keyOther {
		return "the signature algorithm " + dotted(a.oid) + " is not one we know"
	}
	return ""
}

func checkSerialShort(c *certificate) string {
	if n := len(magnitude(c.serial)); n < 8 {
		return fmt.Sprintf("the serial number has %d octets; GmSSL refuses fewer than 4, and 8 are the least that cannot be guessed", n)
	}
	return ""
}

func checkSerialEntropy(c *certificate) string {
	if n := len(magnitude(c.serial)); n < 16 {
		return fmt.Sprintf("the serial number has %d octets, too few for 128 random bits", n)
	}
	return ""
}

// checkSerialPattern finds long serials that were not drawn: 16 random octets have
// fewer than 8 different values once in 10^13.
func checkSerialPattern(c *certificate) string {
	serial := magnitude(c.serial)
	if len(serial) < 16 {
		return ""
	}
	var seen [256]bool
	different := 0
	for _, b := range serial {
		if !seen[b] {
			seen[b] = true
			different++
		}
	}
	if different < 8 {
		return fmt.Sprintf("the serial number has only %d different octets; it does not look random", different)
	}
	return ""
}

func checkOutlivesIssuer(c *certificate) string {
	switch {
	case c.issuer == nil || c.issuer == c || !c.notAfter.read || !c.issuer.notAfter.read:
		return ""
	case c.notAfter.at.After(c.issuer.notAfter.at):
		return "the certificate ends after its issuer's"
	case c.notBefore.at.Before(c.issuer.notBefore.at):
		return "the certificate begins before its issuer's"
	}
	return ""
}

func checkTimeStamping(c *certificate) string {
	if !c.ext.can(oidTimeStamping) || c.isCA() {
		return ""
	}
	if len(c.ext.usages) > 1 {
		return "timeStamping stands beside other extended key usages"
	}
	if e := findExtension(c.extensions, oidExtKeyUsage); !e.critical {
		return "the extended key usage of a time-stamping certificate is not critical"
	}
	return ""
}

func checkNoCheck(c *certificate) string {
	if c.ext.can(oidOCSPSigning) && !c.isCA() && findExtension(c.extensions, oidOCSPNoCheck) == nil {
		return "an OCSP responder's certificate has no ocsp-nocheck"
	}
	return ""
}

func checkOCSPAlone(c *certificate) string {
	if c.ext.can(oidOCSPSigning) && !c.isCA() && len(c.ext.usages) > 1 {
		return "OCSPSigning stands beside other extended key usages"
	}
	return ""
}

func checkServerName(c *certificate) string {
	if !c.ext.can(oidServerAuth) || c.isCA() {
		return ""
	}
	for _, n := range c.ext.san {
		if n.kind == sanDNS || n.kind == sanIP {
			return ""
		}
	}
	return "a server's certificate names no host in subjectAltName; clients ignore the common name"
}

func checkCodeAlone(c *certificate) string {
	if c.ext.can(oidCodeSigning) && !c.isCA() && (c.ext.can(oidServerAuth) || c.ext.can(oidAnyExtKeyUsage)) {
		return "codeSigning stands beside serverAuth or anyExtendedKeyUsage"
	}
	return ""
}

func checkCASignsCRLs(c *certificate) string {
	if c.isCA() && c.ext.hasUsage && c.ext.usage&crlSign == 0 {
		return "a CA's key may not sign its own CRLs"
	}
	return ""
}

// checkRevocationSource: whoever meets the certificate must be able to find out
// whether it is revoked. Roots cannot be revoked; ocsp-nocheck says not to ask.
func checkRevocationSource(c *certificate) string {
	if c.selfSigned() || len(c.ext.points) > 0 || findExtension(c.extensions, oidOCSPNoCheck) != nil {
		return ""
	}
	for i := range c.ext.access {
		if string(c.ext.access[i].method) == oidOCSP {
			return ""
		}
	}
	return "there is neither a CRL distribution point nor an OCSP address"
}
