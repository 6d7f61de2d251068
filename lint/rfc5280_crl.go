package lint

import (
	"bytes"
	"fmt"
)

// rfc5280CRL holds certificate revocation lists against RFC 5280 5; read only.
var rfc5280CRL = []rule[crl]{
	{"rfc5280.crl.version", "RFC 5280 5.1.2.1", Error, Error, checkCRLVersion},
	{"rfc5280.crl.algorithm", "RFC 5280 5.1.1.2", Error, Error, checkCRLAlgorithm},
	{"rfc5280.crl.parameters", "RFC 4055 5, RFC 5758 3.2", Error, Warning, func(l *crl) string { return parametersFault(l.algorithm) }},
	{"rfc5280.crl.signature-bits", "RFC 5280 5.1.1.3", Error, Error, checkCRLSignatureBits},
	{"rfc5280.crl.issuer-empty", "RFC 5280 5.1.2.3", Error, Error, checkCRLIssuerEmpty},
	{"rfc5280.crl.time-encoding", "RFC 5280 5.1.2.4, 5.1.2.5", Error, Error, checkCRLTimes},
	{"rfc5280.crl.next-update", "RFC 5280 5.1.2.5", Error, Error, checkNextUpdate},
	{"rfc5280.crl.time-order", "RFC 5280 5.1.2.5", Error, Error, checkCRLOrder},
	{"rfc5280.crl.empty-list", "RFC 5280 5.1.2.6", Error, Error, checkEmptyList},
	{"rfc5280.crl.extension.duplicate", "RFC 5280 5.2", Error, Error, func(l *crl) string { return duplicateFault(l.extensions) }},
	{"rfc5280.crl.extension.default", "X.690 11.5", Error, Warning, func(l *crl) string { return defaultFault(l.extensions) }},
	{"rfc5280.crl.extension.malformed", "RFC 5280 5.2", Error, Error, checkCRLMalformed},
	{"rfc5280.crl.extension.unknown-critical", "RFC 5280 5.2", Error, Error, checkCRLUnknown},
	{"rfc5280.crl.aki", "RFC 5280 5.2.1", Error, Error, checkCRLKeyID},
	{"rfc5280.crl.number", "RFC 5280 5.2.3", Error, Error, checkCRLNumber},
	{"rfc5280.crl.delta", "RFC 5280 5.2.4", Error, Error, checkDelta},
	{"rfc5280.crl.delta-number", "RFC 5280 5.2.4", Error, Error, checkDeltaNumber},
	{"rfc5280.crl.scope-critical", "RFC 5280 5.2.5", Error, Error, checkScopeCritical},
	{"rfc5280.crl.scope-form", "RFC 5280 5.2.5", Error, Error, checkScope},
	{"rfc5280.crl.freshest", "RFC 5280 5.2.6", Error, Error, checkCRLFreshest},
	{"rfc5280.crl.entry.serial", "RFC 5280 5.1.2.6", Error, Error, func(l *crl) string { return l.entry.serial }},
	{"rfc5280.crl.entry.repeated", "RFC 5280 5.1.2.6", Error, Warning, checkEntryRepeated},
	{"rfc5280.crl.entry.date", "RFC 5280 5.1.2.6", Error, Error, func(l *crl) string { return l.entry.date }},
	{"rfc5280.crl.entry.later", "RFC 5280 5.1.2.4", Error, Warning, checkEntryLater},
	{"rfc5280.crl.entry.extension", "RFC 5280 5.3", Error, Error, checkEntryExtension},
	{"rfc5280.crl.entry.critical", "RFC 5280 5.3", Error, Warning, func(l *crl) string { return l.entry.critical }},
	{"rfc5280.crl.entry.unknown-critical", "RFC 5280 5.3", Error, Error, func(l *crl) string { return l.entry.unknown }},
	{"rfc5280.crl.entry.reason-zero", "RFC 5280 5.3.1", Error, Warning, checkReasonZero},
	{"rfc5280.crl.entry.reason-unused", "RFC 5280 5.3.1", Error, Error, checkReasonUnused},
	{"rfc5280.crl.entry.remove", "RFC 5280 5.3.1", Error, Error, checkRemove},
	{"rfc5280.crl.entry.issuer", "RFC 5280 5.3.3", Error, Error, checkEntryIssuer},
	{"rfc5280.crl.issuer.name", "RFC 5280 6.3.3", Error, Error, checkCRLIssuerName},
	{"rfc5280.crl.issuer.key-id", "RFC 5280 5.2.1", Error, Error, checkCRLIssuerKeyID},
	{"rfc5280.crl.issuer.usage", "RFC 5280 6.3.3", Error, Error, checkCRLIssuerUsage},
	{"rfc5280.crl.issuer.algorithm", "RFC 5280 5.1.1.2", Error, Error, checkCRLIssuerAlgorithm},
}

// practiceCRL holds good practice for lists; read only.
var practiceCRL = []rule[crl]{
	{"practice.crl.hash", "GM/T 0115, RFC 6194", Error, Error, func(l *crl) string { return weakHash(l.algorithm) }},
	{"practice.crl.signature-algorithm", "OneCert algorithm suites", Error, Warning, func(l *crl) string { return unknownSignature(l.algorithm) }},
	{"practice.crl.life", "OneCert fresh lists", Warning, Notice, checkCRLLife},
}

func checkCRLVersion(l *crl) string {
	if l.version != 2 {
		return fmt.Sprintf("the version is %d, not 2", l.version)
	}
	return ""
}

func checkCRLAlgorithm(l *crl) string {
	if !bytes.Equal(l.inner.raw, l.algorithm.raw) {
		return "the algorithm inside the signed part is not the one outside"
	}
	return ""
}

func checkCRLSignatureBits(l *crl) string {
	if l.signatureUnused != 0 {
		return "the signature's BIT STRING has unused bits"
	}
	return ""
}

func checkCRLIssuerEmpty(l *crl) string {
	if l.issuerName.empty() {
		return "the issuer's name is empty"
	}
	return ""
}

func checkCRLTimes(l *crl) string {
	if fault := l.thisUpdate.fault(); fault != "" {
		return "thisUpdate: " + fault
	}
	if l.hasNext && l.nextUpdate.fault() != "" {
		return "nextUpdate: " + l.nextUpdate.fault()
	}
	return ""
}

func checkNextUpdate(l *crl) string {
	if !l.hasNext {
		return "there is no nextUpdate, so nobody can tell when the list is stale"
	}
	return ""
}

func checkCRLOrder(l *crl) string {
	if l.hasNext && l.thisUpdate.read && l.nextUpdate.read && !l.nextUpdate.at.After(l.thisUpdate.at) {
		return "nextUpdate is not later than thisUpdate"
	}
	return ""
}

func checkEmptyList(l *crl) string {
	if l.emptyList {
		return "the list of revoked certificates is there and empty; it must be absent"
	}
	return ""
}

func checkCRLMalformed(l *crl) string {
	switch {
	case l.malformed != "":
		return "extension " + l.malformed + " is not encoded as its definition says"
	case l.noExtensions:
		return "the list of extensions is there and empty"
	}
	return ""
}

func checkCRLUnknown(l *crl) string {
	for i := range l.extensions {
		e := &l.extensions[i]
		switch string(e.oid) {
		case oidIssuingDistPoint, oidDeltaCRL, oidCRLNumber, oidAuthorityKeyID, oidFreshestCRL, oidIssuerAltName, oidAuthorityInfo:
			continue
		}
		if e.critical {
			return "extension " + dotted(e.oid) + " is critical and not known"
		}
	}
	return ""
}

func checkCRLKeyID(l *crl) string {
	e := findExtension(l.extensions, oidAuthorityKeyID)
	switch {
	case e == nil || l.issuerKey == nil:
		return "there is no authority key identifier with a key identifier"
	case e.critical:
		return "the authority key identifier is critical"
	}
	return ""
}

func checkCRLNumber(l *crl) string {
	e := findExtension(l.extensions, oidCRLNumber)
	switch {
	case e == nil:
		return "there is no CRL number"
	case e.critical:
		return "the CRL number is critical"
	}
	return ""
}

func checkDelta(l *crl) string {
	if e := findExtension(l.extensions, oidDeltaCRL); e != nil && !e.critical {
		return "the delta CRL indicator is not critical; readers would take the delta for the whole list"
	}
	return ""
}

func checkDeltaNumber(l *crl) string {
	if l.base == nil || l.number == nil {
		return ""
	}
	base, number := magnitude(l.base), magnitude(l.number)
	if len(base) > len(number) || len(base) == len(number) && bytes.Compare(base, number) >= 0 {
		return "the base CRL number of the delta is not below its own number"
	}
	return ""
}

func checkScopeCritical(l *crl) string {
	if e := findExtension(l.extensions, oidIssuingDistPoint); e != nil && !e.critical {
		return "the issuing distribution point is not critical; readers would take a part for the whole list"
	}
	return ""
}

func checkScope(l *crl) string {
	switch {
	case !l.scope.present:
		return ""
	case l.scope.empty:
		return "the issuing distribution point is empty"
	case l.scope.only > 1:
		return "the list says it contains only certificates of two kinds"
	case l.scope.hasPoint && len(l.scope.point.names) == 0 && !l.scope.point.relative:
		return "the issuing distribution point has no name"
	}
	return ""
}

func checkCRLFreshest(l *crl) string {
	e := findExtension(l.extensions, oidFreshestCRL)
	switch {
	case e == nil:
		return ""
	case e.critical:
		return "freshestCRL is critical"
	case findExtension(l.extensions, oidDeltaCRL) != nil:
		return "freshestCRL stands in a delta CRL"
	}
	return ""
}

func checkEntryRepeated(l *crl) string {
	if l.entry.repeated {
		return "a serial number stands twice"
	}
	return ""
}

func checkEntryLater(l *crl) string {
	if l.entry.later {
		return "a certificate is revoked later than thisUpdate"
	}
	return ""
}

func checkEntryExtension(l *crl) string {
	switch {
	case l.entry.malformed != "":
		return l.entry.malformed
	case l.entry.duplicated:
		return "an extension stands twice in one entry"
	case l.entry.hasExtension && l.version != 2:
		return "an entry has extensions in a list of version 1"
	}
	return ""
}

func checkReasonZero(l *crl) string {
	if l.entry.zero {
		return "reasonCode unspecified is written; it should be absent instead"
	}
	return ""
}

func checkReasonUnused(l *crl) string {
	if l.entry.unused {
		return "a reasonCode is 7 or over 10, which mean nothing"
	}
	return ""
}

func checkRemove(l *crl) string {
	if l.entry.remove && l.base == nil {
		return "removeFromCRL stands in a list that is no delta"
	}
	return ""
}

func checkEntryIssuer(l *crl) string {
	if l.entry.issuers && !l.scope.indirect {
		return "an entry names another issuer, but the list does not say that it is indirect"
	}
	return ""
}

func checkCRLIssuerName(l *crl) string {
	if l.issuer != nil && !bytes.Equal(l.issuerName.raw, l.issuer.subject.raw) {
		return "the issuer's name is not, octet by octet, the subject of the issuer's certificate"
	}
	return ""
}

func checkCRLIssuerKeyID(l *crl) string {
	if l.issuer != nil && l.issuerKey != nil && l.issuer.ext.subjectKey != nil && !bytes.Equal(l.issuerKey, l.issuer.ext.subjectKey) {
		return "the authority key identifier is not the issuer's subject key identifier"
	}
	return ""
}

func checkCRLIssuerUsage(l *crl) string {
	if l.issuer != nil && l.issuer.ext.hasUsage && l.issuer.ext.usage&crlSign == 0 {
		return "the issuer's key may not sign CRLs"
	}
	return ""
}

func checkCRLIssuerAlgorithm(l *crl) string {
	if l.issuer == nil {
		return ""
	}
	need, have := family(l.algorithm), l.issuer.key.family()
	if need != keyOther && have != keyOther && need != have {
		return "the signature algorithm does not fit the issuer's key"
	}
	return ""
}

// checkCRLLife: a list that lives a year lets a revoked certificate live a year.
func checkCRLLife(l *crl) string {
	const year = 366 * 24
	if l.hasNext && l.thisUpdate.read && l.nextUpdate.read && l.nextUpdate.at.Sub(l.thisUpdate.at).Hours() > year {
		return "the list is good for more than a year"
	}
	return ""
}
