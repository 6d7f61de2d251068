package verify

import (
	"time"

	"onecert/pki"
)

// Reason is one thing that speaks against a certificate. Code is stable; Subject
// names the certificate at fault, which need not be the one asked about.
type Reason struct {
	Code    string `json:"code"`
	Wrong   string `json:"wrong"`
	Remedy  string `json:"remedy"`
	Subject string `json:"subject,omitempty"`
	// Time is the moment that decides: of expiry, of revocation, of the list's end.
	Time time.Time `json:"time,omitzero"`
	// Revocation is the reason given in the list, for revoked and held certificates.
	Revocation string `json:"revocation,omitempty"`
}

// reason fills in the words of a code; certificate may be nil.
func reason(code string, certificate *Certificate) Reason {
	words := words[code]
	r := Reason{Code: code, Wrong: words[0], Remedy: words[1]}
	if certificate != nil {
		r.Subject = subjectText(certificate.Subject)
	}
	return r
}

func (r Reason) at(t time.Time) Reason {
	r.Time = t.UTC()
	return r
}

// subjectText is bounded: it is foreign text in a reason.
func subjectText(der []byte) string {
	name, err := pki.NameOf(der)
	if err != nil {
		return ""
	}
	text := []rune(name.String())
	if len(text) > 256 {
		text = append(text[:256], '…')
	}
	return string(text)
}

// Codes lists all codes there are, for translations.
func Codes() []string {
	all := make([]string, 0, len(words))
	for code := range words {
		all = append(all, code)
	}
	return all
}

const (
	askIssuer = "ask its issuer for a new certificate"
	askCA     = "ask the issuing CA to have this mended"
	newList   = "fetch the current list from the CRL distribution point"
)

// words are what is wrong and what to do, by code; read only.
var words = map[string][2]string{
	"request.certificate": {"there is no certificate to verify", "give one"},
	"request.purpose":     {"the purpose is not one we know", "use any, sign, encrypt, server, client, email, code, timestamp or ocsp"},
	"request.profile":     {"the profile is not one we know", "use path, rfc5280 or cabf"},
	"request.time":        {"there is no time to verify at", "set the clock, or say the time"},
	"request.names":       {"a name that is asked for is not a name of its kind", "give host names in ASCII, addresses as digits, mailboxes as local@host"},
	"request.size":        {"there are too many certificates, lists, answers or names", "give those that concern the certificate"},

	"trust.none":           {"no trust anchor is given", "give the root certificates to trust"},
	"trust.unknown-issuer": {"the issuer is not known and not trusted", "give the missing CA certificate, or trust its root"},

	"path.signature":           {"the signature does not verify with the issuer's key", "the certificate is forged or damaged: " + askIssuer},
	"path.weak-algorithm":      {"the signature uses an algorithm that is no longer safe", askIssuer},
	"path.unknown-algorithm":   {"the signature is of an algorithm we do not know", "use certificates with SM2, RSA or ECDSA"},
	"path.weak-key":            {"the key is too weak", askIssuer},
	"path.unknown-key":         {"the key is of a kind we do not know", "use certificates with SM2, RSA or ECDSA"},
	"path.search":              {"no path was found within the limits of the search", "give only the CA certificates of this path"},
	"path.expired":             {"the certificate has expired", "renew it"},
	"path.not-yet-valid":       {"the certificate is not valid yet", "check the clock, or wait"},
	"path.critical-extension":  {"the certificate has a critical extension that is not understood", "verify with software that knows it"},
	"path.malformed-extension": {"an extension of the certificate does not decode", askIssuer},
	"path.duplicate-extension": {"an extension stands in the certificate twice", askIssuer},
	"path.no-name":             {"the certificate does not name its issuer, or the CA it is of", askIssuer},
	"path.not-a-ca":            {"the issuer's certificate is no CA's", askCA},
	"path.ca-usage":            {"the issuer's key may not sign certificates", askCA},
	"path.length":              {"there are more CAs below this one than it allows", askCA},
	"path.name-constraints":    {"this CA may not certify a name below it", askCA},
	"path.extended-usage":      {"this CA may not certify for this purpose", "use a certificate made for the purpose"},
	"path.policy":              {"the certificate policies along the path do not agree with each other or with what is asked", askCA},

	"usage.key":      {"the key usage does not allow this purpose", "use a certificate made for the purpose"},
	"usage.extended": {"the extended key usage does not allow this purpose", "use a certificate made for the purpose"},

	"name.dns":   {"the certificate is not for this host", "check the address, or use the certificate of that host"},
	"name.ip":    {"the certificate is not for this address", "check the address, or use the certificate of that address"},
	"name.email": {"the certificate is not for this mailbox", "check the mailbox, or use the certificate of that mailbox"},

	"profile.serial":               {"the serial number is not positive or too long", askIssuer},
	"profile.aki-missing":          {"the certificate does not identify its issuer's key", askIssuer},
	"profile.aki-critical":         {"the authority key identifier is marked critical", askIssuer},
	"profile.ski-missing":          {"the CA's certificate does not identify its key", askCA},
	"profile.ski-critical":         {"the subject key identifier is marked critical", askIssuer},
	"profile.leaf-usage":           {"a certificate that is no CA's allows its key to sign certificates", askIssuer},
	"profile.alternative-critical": {"there is no subject and no critical alternative name", askIssuer},
	"profile.basic-critical":       {"the CA's basic constraints are not marked critical", askCA},
	"profile.length-without-ca":    {"a certificate that is no CA's limits the path", askIssuer},
	"profile.constraints-critical": {"the name constraints are not marked critical", askCA},
	"profile.constraints-leaf":     {"a certificate that is no CA's constrains names", askIssuer},
	"profile.policy-critical":      {"the policy constraints are not marked critical", askCA},
	"profile.any-critical":         {"the inhibition of any policy is not marked critical", askCA},
	"profile.access-critical":      {"the authority information access is marked critical", askIssuer},
	"profile.version":              {"the certificate is not of version 3", askIssuer},
	"profile.key":                  {"the key is not of a kind these rules allow", askIssuer},
	"profile.authority":            {"the root names another authority than itself", askCA},
	"profile.root-extended":        {"the root has extended key usages", askCA},
	"profile.leaf-ca":              {"the certificate of a server is a CA's", askIssuer},
	"profile.leaf-extended":        {"the extended key usages are not those of a server", askIssuer},
	"profile.leaf-no-usage":        {"the key usage allows nothing", askIssuer},
	"profile.alternative-missing":  {"there is no subject alternative name", askIssuer},
	"profile.alternative-mark":     {"the subject alternative name is marked critical beside a subject", askIssuer},
	"profile.common-name":          {"the common name does not repeat an alternative name", askIssuer},
	"profile.wildcard":             {"a wildcard stands for a whole top-level domain", askIssuer},
	"profile.point":                {"a distribution point is named by something else than an address", askIssuer},

	"crl.missing":            {"there is no list that says whether the certificate is revoked", "give the issuer's CRL or an OCSP answer, or say that revocation does not matter"},
	"crl.stale":              {"the list is out of date", newList},
	"crl.future":             {"the list begins after the moment asked about", "check the clock, or give the list of that time"},
	"crl.no-next-update":     {"the list does not say how long it is good", askCA},
	"crl.signature":          {"the list's signature does not verify with the issuer's key", "the list is forged or damaged: fetch it again"},
	"crl.signer":             {"the certificate of the list's signer is not good", "give its path and lists, or " + askCA},
	"crl.issuer-usage":       {"the issuer's key may not sign lists", askCA},
	"crl.critical-extension": {"the list has a critical extension that is not understood", "give the complete list"},
	"crl.irregular":          {"the list breaks the rules of the profile", askCA},
	"crl.scope":              {"the list does not cover this certificate", "give the list named in the certificate's distribution point"},
	"crl.partial-reasons":    {"the lists cover some reasons of revocation only", "give the lists for the other reasons as well"},
	"crl.delta-alone":        {"there is a delta list without the complete one", "give the complete list as well"},

	"ocsp.critical-extension": {"the OCSP answer has a critical extension that is not understood", "ask another responder, or give a list"},
	"ocsp.future":             {"the OCSP answer begins after the moment asked about", "check the clock, or give the answer of that time"},
	"ocsp.stale":              {"the OCSP answer is out of date", "ask the responder again"},
	"ocsp.unknown":            {"the OCSP responder does not know the certificate", "ask the issuer whether it made it"},
	"ocsp.signature":          {"the OCSP answer is signed by nobody who may", "ask the responder again, or give a list"},
	"ocsp.responder":          {"the certificate of the OCSP responder is not good", askCA},
	"ocsp.responder-status":   {"nothing says that the OCSP responder's certificate is not revoked", "give the issuer's CRL"},

	"revocation.revoked": {"the certificate is revoked", "do not accept it; its holder needs a new certificate"},
	"revocation.held":    {"the certificate is on hold", "do not accept it until its issuer releases it"},
}
