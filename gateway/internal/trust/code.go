package trust

import (
	"slices"
	"strings"
	"time"

	"onecert/verify"
)

// words are what is wrong and what to do, of findings that verify does not make; read
// only.
var words = map[string][2]string{
	"trust.malformed":     {"the certificate does not decode", "ask its issuer for a new certificate"},
	"trust.chain-size":    {"there are too many certificates, or too long ones", "send the certificate and the CAs above it only"},
	"trust.no-set":        {"this service trusts no CA", "ask the administrator to name a trust set"},
	"trust.ended":         {"certificates of this CA are no longer accepted here", "use a certificate of another CA, or ask the administrator"},
	"trust.uses":          {"certificates of this CA are not accepted for logging in", "use a certificate of another CA, or ask the administrator"},
	"status.unknown":      {"the CA has no record of the certificate", "ask the CA; the certificate may be forged"},
	"status.unavailable":  {"the CA's records cannot be read now", "try again later, or tell the administrator"},
	"status.stale":        {"the copy of the CA's records is out of date", "try again later, or tell the administrator"},
	"ocsp.unreachable":    {"the OCSP responder gives no answer", "try again later, or tell the administrator"},
	"ocsp.no-address":     {"the certificate names no OCSP responder, and none is configured", "tell the administrator"},
	"revocation.unspoken": {"nothing is configured that says whether the certificate is revoked", "tell the administrator: the CA needs a source of revocation data"},
}

// wordsOf fills in the words of a code, ours or verify's; c may be nil.
func wordsOf(code string, c *verify.Certificate) verify.Reason {
	r := verify.ReasonOf(code, c)
	if own, ok := words[code]; ok {
		r.Wrong, r.Remedy = own[0], own[1]
	}
	return r
}

// codeOf turns what verify says into a code, and puts the reason for it first. What the
// person can mend goes before what only a CA can.
func codeOf(reasons []verify.Reason, leaf *verify.Certificate, at time.Time) (Code, []verify.Reason) {
	code, place := Chain, 0
	for i, r := range reasons {
		if one := single(r, leaf, at); rank(one) < rank(code) {
			code, place = one, i
		}
	}
	if place > 0 {
		first := reasons[place]
		reasons = append([]verify.Reason{first}, slices.Delete(slices.Clone(reasons), place, place+1)...)
	}
	return code, reasons
}

func rank(c Code) int {
	return slices.Index([]Code{UnknownIssuer, Expired, NotYetValid, WrongUsage, Chain}, c)
}

func single(r verify.Reason, leaf *verify.Certificate, at time.Time) Code {
	switch {
	case strings.HasPrefix(r.Code, "trust."):
		return UnknownIssuer
	case r.Code == "path.expired" && r.Time.Equal(leaf.NotAfter) && at.After(leaf.NotAfter):
		return Expired
	case r.Code == "path.not-yet-valid" && r.Time.Equal(leaf.NotBefore) && at.Before(leaf.NotBefore):
		return NotYetValid
	case strings.HasPrefix(r.Code, "usage."), r.Code == "path.extended-usage":
		return WrongUsage
	}
	return Chain
}
