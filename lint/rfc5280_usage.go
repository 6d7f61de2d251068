package lint

import "bytes"

// rfc5280Usage holds what keys and certificates are for against RFC 5280 4.2.1.1
// to 4.2.1.3, 4.2.1.9 and 4.2.1.12; read only.
var rfc5280Usage = []rule[certificate]{
	{"rfc5280.aki.missing", "RFC 5280 4.2.1.1", Error, Error, checkAKIMissing},
	{"rfc5280.ski.missing", "RFC 5280 4.2.1.2", Error, Error, checkSKIMissingCA},
	{"rfc5280.ski.missing-end-entity", "RFC 5280 4.2.1.2", Error, Notice, checkSKIMissing},
	{"rfc5280.key-usage.missing", "RFC 5280 4.2.1.3", Error, Error, checkUsageMissing},
	{"rfc5280.key-usage.critical", "RFC 5280 4.2.1.3", Error, Warning, checkUsageCritical},
	{"rfc5280.key-usage.empty", "RFC 5280 4.2.1.3", Error, Error, checkUsageEmpty},
	{"rfc5280.key-usage.cert-sign", "RFC 5280 4.2.1.3, 4.2.1.9", Error, Error, checkCertSign},
	{"rfc5280.key-usage.only", "RFC 5280 4.2.1.3", Error, Warning, checkOnlyBits},
	{"rfc5280.key-usage.algorithm", "RFC 4055 1.2, RFC 8813 3", Error, Warning, checkUsageAlgorithm},
	{"rfc5280.basic-constraints.missing", "RFC 5280 4.2.1.9", Error, Error, checkBasicMissing},
	{"rfc5280.basic-constraints.critical", "RFC 5280 4.2.1.9", Error, Error, checkBasicCritical},
	{"rfc5280.basic-constraints.path-length", "RFC 5280 4.2.1.9", Error, Error, checkPathLen},
	{"rfc5280.eku.key-usage", "RFC 5280 4.2.1.12", Error, Warning, checkEKUUsage},
}

// rfc5280Issuer compares a certificate with its issuer's (RFC 5280 6.1); read only.
var rfc5280Issuer = []rule[certificate]{
	{"rfc5280.issuer.name", "RFC 5280 6.1.3", Error, Error, checkIssuerName},
	{"rfc5280.issuer.key-id", "RFC 5280 4.2.1.1", Error, Error, checkIssuerKeyID},
	{"rfc5280.issuer.ca", "RFC 5280 6.1.4", Error, Error, checkIssuerCA},
	{"rfc5280.issuer.path-length", "RFC 5280 6.1.4", Error, Error, checkIssuerPathLen},
	{"rfc5280.issuer.algorithm", "RFC 5280 4.1.1.2", Error, Error, checkIssuerAlgorithm},
}

func checkAKIMissing(c *certificate) string {
	if c.version == 3 && c.ext.issuerKey == nil && !c.selfSigned() {
		return "there is no authority key identifier with a key identifier"
	}
	return ""
}

func checkSKIMissingCA(c *certificate) string {
	if c.isCA() && c.ext.subjectKey == nil {
		return "a CA's certificate has no subject key identifier"
	}
	return ""
}

func checkSKIMissing(c *certificate) string {
	if !c.isCA() && c.version == 3 && c.ext.subjectKey == nil {
		return "there is no subject key identifier"
	}
	return ""
}

func checkUsageMissing(c *certificate) string {
	switch {
	case c.ext.hasUsage:
		return ""
	case c.isCA():
		return "a CA's certificate has no key usage"
	case c.opts.Ours:
		return "there is no key usage"
	}
	return ""
}

func checkUsageCritical(c *certificate) string {
	if e := findExtension(c.extensions, oidKeyUsage); e != nil && !e.critical {
		return "key usage is not critical"
	}
	return ""
}

func checkUsageEmpty(c *certificate) string {
	if c.ext.hasUsage && c.ext.usage == 0 && c.malformed == "" {
		return "no key usage bit is set"
	}
	return ""
}

func checkCertSign(c *certificate) string {
	signs := c.ext.usage&keyCertSign != 0
	switch {
	case signs && !c.isCA():
		return "keyCertSign stands in a certificate that is no CA's"
	case c.isCA() && c.ext.hasUsage && !signs:
		return "a CA's key usage does not contain keyCertSign"
	}
	return ""
}

func checkOnlyBits(c *certificate) string {
	if c.ext.usage&(encipherOnly|decipherOnly) != 0 && c.ext.usage&keyAgreement == 0 {
		return "encipherOnly or decipherOnly means nothing without keyAgreement"
	}
	return ""
}

// checkUsageAlgorithm: an RSA key agrees on nothing; an EC key encrypts no keys.
// SM2 does encrypt, so that its encryption certificates say so (GM/T 0015).
func checkUsageAlgorithm(c *certificate) string {
	switch c.key.kind {
	case keyRSA:
		if c.ext.usage&(keyAgreement|encipherOnly|decipherOnly) != 0 {
			return "keyAgreement stands beside an RSA key"
		}
	case keyP256, keyP384, keyP521:
		if c.ext.usage&(keyEncipherment|dataEncipherment) != 0 {
			return "keyEncipherment or dataEncipherment stands beside an elliptic-curve key"
		}
	}
	return ""
}

func checkBasicMissing(c *certificate) string {
	if !c.ext.basic && c.ext.usage&keyCertSign != 0 {
		return "the key may sign certificates, but basicConstraints is missing"
	}
	return ""
}

func checkBasicCritical(c *certificate) string {
	if e := findExtension(c.extensions, oidBasicConstraints); e != nil && c.isCA() && !e.critical {
		return "basicConstraints of a CA is not critical"
	}
	return ""
}

func checkPathLen(c *certificate) string {
	if c.ext.hasPathLen && (!c.ext.ca || c.ext.hasUsage && c.ext.usage&keyCertSign == 0) {
		return "a path length stands where no certificates may be signed"
	}
	return ""
}

// ekuBits returns the key usages that fit an extended one (RFC 5280 4.2.1.12);
// 0 if the RFC names none.
func ekuBits(usage string) uint16 {
	switch usage {
	case oidServerAuth:
		return digitalSignature | keyEncipherment | keyAgreement
	case oidClientAuth:
		return digitalSignature | keyAgreement
	case oidCodeSigning:
		return digitalSignature
	case oidEmailProtection:
		return digitalSignature | contentCommitment | keyEncipherment | keyAgreement
	case oidTimeStamping, oidOCSPSigning:
		return digitalSignature | contentCommitment
	}
	return 0
}

func checkEKUUsage(c *certificate) string {
	if !c.ext.hasUsage || c.isCA() {
		return ""
	}
	for _, usage := range c.ext.usages {
		if fit := ekuBits(usage); fit != 0 && c.ext.usage&fit == 0 {
			return "no key usage bit fits the extended key usage " + dotted([]byte(usage))
		}
	}
	return ""
}

func checkIssuerName(c *certificate) string {
	if c.issuer != nil && !bytes.Equal(c.issuerName.raw, c.issuer.subject.raw) {
		return "the issuer's name is not, octet by octet, the subject of the issuer's certificate"
	}
	return ""
}

func checkIssuerKeyID(c *certificate) string {
	if c.issuer != nil && c.ext.issuerKey != nil && c.issuer.ext.subjectKey != nil &&
		!bytes.Equal(c.ext.issuerKey, c.issuer.ext.subjectKey) {
		return "the authority key identifier is not the issuer's subject key identifier"
	}
	return ""
}

func checkIssuerCA(c *certificate) string {
	switch {
	case c.issuer == nil || c.issuer == c:
		return ""
	case !c.issuer.isCA():
		return "the issuer's certificate is no CA's"
	case c.issuer.ext.hasUsage && c.issuer.ext.usage&keyCertSign == 0:
		return "the issuer's key may not sign certificates"
	}
	return ""
}

func checkIssuerPathLen(c *certificate) string {
	if c.issuer == nil || c.issuer == c || !c.isCA() || c.selfIssued() || !c.issuer.ext.hasPathLen {
		return ""
	}
	switch {
	case c.issuer.ext.pathLen == 0:
		return "the issuer's path length is 0: it may have no CA below it"
	case c.opts.Ours && c.ext.hasPathLen && c.ext.pathLen >= c.issuer.ext.pathLen:
		return "the path length is not below the issuer's"
	}
	return ""
}

func checkIssuerAlgorithm(c *certificate) string {
	if c.issuer == nil {
		return ""
	}
	need, have := family(c.algorithm), c.issuer.key.family()
	if need != keyOther && have != keyOther && need != have {
		return "the signature algorithm does not fit the issuer's key"
	}
	return ""
}
