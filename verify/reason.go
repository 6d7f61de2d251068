package verify

import (
	"time"

	"github.com/emmansun/gmsm/smx509"

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
func reason(code string, certificate *smx509.Certificate) Reason {
	words := words[code]
	r := Reason{Code: code, Wrong: words[0], Remedy: words[1]}
	if certificate != nil {
		r.Subject = subjectText(certificate.RawSubject)
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
	"request.purpose":     {"the purpose is not one we know", "use any, sign, encrypt, server, client, code, timestamp or ocsp"},
	"request.time":        {"there is no time to verify at", "set the clock, or say the time"},
	"request.size":        {"there are too many certificates or lists", "give those that concern the certificate"},

	"trust.none":           {"no trust anchor is given", "give the root certificates to trust"},
	"trust.unknown-issuer": {"the issuer is not known and not trusted", "give the missing CA certificate, or trust its root"},

	"path.signature":          {"the signature does not verify with the issuer's key", "the certificate is forged or damaged: " + askIssuer},
	"path.weak-algorithm":     {"the signature uses an algorithm that is no longer safe", askIssuer},
	"path.unknown-algorithm":  {"the signature or the issuer's key is of an algorithm we do not know", "use certificates with SM2, RSA or ECDSA"},
	"path.weak-key":           {"the key is too weak", askIssuer},
	"path.search":             {"no path was found within the limits of the search", "give only the CA certificates of this path"},
	"path.expired":            {"the certificate has expired", "renew it"},
	"path.not-yet-valid":      {"the certificate is not valid yet", "check the clock, or wait"},
	"path.critical-extension": {"the certificate has a critical extension that is not understood", "verify with software that knows it"},
	"path.not-a-ca":           {"the issuer's certificate is no CA's", askCA},
	"path.ca-usage":           {"the issuer's key may not sign certificates", askCA},
	"path.length":             {"there are more CAs below this one than it allows", askCA},
	"path.name-constraints":   {"a CA above is not allowed to certify this name", askCA},
	"path.extended-usage":     {"the certificate or a CA above is not for this purpose", "use a certificate made for the purpose"},
	"path.policy":             {"the certificate policies along the path do not agree", askCA},
	"path.invalid":            {"the path is not valid", askCA},

	"usage.key":      {"the key usage does not allow this purpose", "use a certificate made for the purpose"},
	"usage.extended": {"the extended key usage does not allow this purpose", "use a certificate made for the purpose"},

	"crl.missing":            {"there is no list that says whether the certificate is revoked", "give the issuer's CRL, or say that revocation does not matter"},
	"crl.stale":              {"the list is out of date", newList},
	"crl.future":             {"the list begins after the moment asked about", "check the clock, or give the list of that time"},
	"crl.no-next-update":     {"the list does not say how long it is good", askCA},
	"crl.signature":          {"the list's signature does not verify with the issuer's key", "the list is forged or damaged: fetch it again"},
	"crl.issuer-usage":       {"the issuer's key may not sign lists", askCA},
	"crl.critical-extension": {"the list has a critical extension that is not understood", "give the complete list"},
	"crl.indirect":           {"the list is an indirect one, which is not supported", "give the issuer's own list"},
	"crl.scope":              {"the list does not cover this certificate", "give the list named in the certificate's distribution point"},
	"crl.partial-reasons":    {"the list covers some reasons of revocation only", "give the complete list"},
	"crl.delta-alone":        {"there is a delta list without the complete one", "give the complete list as well"},

	"revocation.revoked": {"the certificate is revoked", "do not accept it; its holder needs a new certificate"},
	"revocation.held":    {"the certificate is on hold", "do not accept it until its issuer releases it"},
}
