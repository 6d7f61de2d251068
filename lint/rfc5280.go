package lint

import (
	"bytes"
	"fmt"
)

// rfc5280Frame holds the basic fields against RFC 5280 4.1; read only.
var rfc5280Frame = []rule[certificate]{
	{"rfc5280.version", "RFC 5280 4.1.2.1", Error, Error, checkVersion},
	{"rfc5280.serial.encoding", "X.690 8.3.2", Error, Error, func(c *certificate) string { return integerFault(c.serial) }},
	{"rfc5280.serial.positive", "RFC 5280 4.1.2.2", Error, Error, checkSerialPositive},
	{"rfc5280.serial.length", "RFC 5280 4.1.2.2", Error, Error, checkSerialLength},
	{"rfc5280.algorithm.match", "RFC 5280 4.1.1.2", Error, Error, checkAlgorithmMatch},
	{"rfc5280.algorithm.parameters", "RFC 4055 5, RFC 5758 3.2", Error, Warning, func(c *certificate) string { return parametersFault(c.algorithm) }},
	{"rfc5280.validity.encoding", "RFC 5280 4.1.2.5", Error, Error, checkValidityEncoding},
	{"rfc5280.validity.order", "RFC 5280 4.1.2.5", Error, Error, checkValidityOrder},
	{"rfc5280.unique-id", "RFC 5280 4.1.2.8", Error, Error, checkUniqueID},
	{"rfc5280.key.parameters", "RFC 3279 2.3.1, RFC 5480 2.1.1", Error, Error, checkKeyParameters},
	{"rfc5280.key.encoding", "RFC 3279 2.3.1, RFC 5480 2.2", Error, Error, checkKeyEncoding},
	{"rfc5280.signature.bits", "RFC 5280 4.1.1.3", Error, Error, checkSignatureBits},
}

func checkVersion(c *certificate) string {
	switch {
	case c.version == 1 && c.versionWritten:
		return "version 1 is the default and must not be written"
	case c.version > 3:
		return fmt.Sprintf("the version is %d", c.version)
	case len(c.extensions) > 0 && c.version != 3:
		return fmt.Sprintf("there are extensions in a certificate of version %d", c.version)
	case c.version != 3 && c.opts.Ours:
		return fmt.Sprintf("the version is %d, not 3", c.version)
	case c.uniqueID && c.version == 1:
		return "there are unique identifiers in a certificate of version 1"
	}
	return ""
}

func checkSerialPositive(c *certificate) string {
	switch {
	case len(c.serial) == 0:
		return "" // rfc5280.serial.encoding
	case c.serial[0] >= 0x80:
		return "the serial number is negative"
	case len(magnitude(c.serial)) == 0:
		return "the serial number is zero"
	}
	return ""
}

func checkSerialLength(c *certificate) string {
	if len(c.serial) > 20 {
		return fmt.Sprintf("the serial number has %d octets, more than 20", len(c.serial))
	}
	return ""
}

func checkAlgorithmMatch(c *certificate) string {
	if !bytes.Equal(c.inner.raw, c.algorithm.raw) {
		return "the algorithm inside the signed part is not the one outside"
	}
	return ""
}

// parametersFault holds the parameters of the algorithms whose RFC fixes them;
// SM2's are judged in gbt20518.go.
func parametersFault(a algorithm) string {
	if a.rest {
		return "something follows the parameters of the algorithm"
	}
	switch string(a.oid) {
	case oidRSAMD5, oidRSASHA1, oidRSASHA256, oidRSASHA384, oidRSASHA512:
		if !a.null() {
			return "an RSA signature algorithm needs NULL parameters"
		}
	case oidECDSASHA1, oidECDSASHA256, oidECDSASHA384, oidECDSASHA512:
		if a.params != nil {
			return "an ECDSA signature algorithm has no parameters"
		}
	}
	return ""
}

func checkValidityEncoding(c *certificate) string {
	if fault := c.notBefore.fault(); fault != "" {
		return "notBefore: " + fault
	}
	if fault := c.notAfter.fault(); fault != "" {
		return "notAfter: " + fault
	}
	return ""
}

func checkValidityOrder(c *certificate) string {
	if c.notBefore.read && c.notAfter.read && !c.notAfter.at.After(c.notBefore.at) {
		return "notAfter is not later than notBefore"
	}
	return ""
}

func checkUniqueID(c *certificate) string {
	if c.uniqueID {
		return "the certificate carries an issuer or subject unique identifier"
	}
	return ""
}

func checkKeyParameters(c *certificate) string {
	a := c.key.algorithm
	switch {
	case a.rest:
		return "something follows the parameters of the key"
	case c.key.kind == keyRSA && !a.null():
		return "an RSA key needs NULL parameters"
	case string(a.oid) == oidECPublicKey && (len(a.params) == 0 || a.params[0] != 6):
		return "the key's curve is not given by its name"
	}
	return ""
}

func checkKeyEncoding(c *certificate) string {
	switch {
	case c.key.unused != 0:
		return "the key's BIT STRING has unused bits"
	case !c.key.sound && c.key.kind == keyRSA:
		return "the RSA public key does not decode to a positive modulus and exponent"
	case !c.key.sound:
		return "the public key is not an uncompressed point on its curve"
	}
	return ""
}

func checkSignatureBits(c *certificate) string {
	if c.signatureUnused != 0 {
		return "the signature's BIT STRING has unused bits"
	}
	return ""
}
