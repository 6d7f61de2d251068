package trust

import (
	"crypto/sha256"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
	"onecert/verify"
)

// Code is what a verdict comes to; pages and statistics know these and no others.
type Code string

// The codes. Good is the empty one.
const (
	Good          Code = ""
	None          Code = "none"           // no certificate was presented
	Malformed     Code = "malformed"      // it does not decode
	Expired       Code = "expired"        // past its end
	NotYetValid   Code = "not-yet-valid"  // before its beginning
	Revoked       Code = "revoked"        //
	Held          Code = "held"           // on hold; it may be released
	UnknownIssuer Code = "unknown-issuer" // of no CA that is accepted here (any more)
	WrongUsage    Code = "wrong-usage"    // not made for logging in, or its CA is not accepted for it
	StatusUnknown Code = "status-unknown" // nothing current says whether it is revoked
	Chain         Code = "chain"          // something is wrong between it and its anchor
)

// Codes lists them all but Good.
func Codes() []Code {
	return []Code{None, Malformed, Expired, NotYetValid, Revoked, Held, UnknownIssuer, WrongUsage, StatusUnknown, Chain}
}

// Verdict is the answer about one presented certificate at one moment. What it points
// to is shared and must not be changed.
type Verdict struct {
	Code    Code
	Reasons []verify.Reason // everything that speaks against it, the one of Code first

	Leaf        *smx509.Certificate   // nil for None and Malformed
	Chain       []*verify.Certificate // the certificate first, its anchor last; as far as it went
	Fingerprint [sha256.Size]byte     // SHA-256 of the certificate
	// CA is the name of the CA that stands for it, Level its assurance; empty where there
	// is no path.
	CA    string
	Level int
	// Issuer and Serial name the certificate to OnRevoked and to sessions: the journal's
	// name of the issuing CA where it has one, else the hexadecimal SHA-256 of the
	// issuer's name.
	Issuer string
	Serial pki.Serial

	// Stale: good only because a rule says that data out of date may be used.
	Stale bool
	// Until is how long the verdict holds while Generation stays as it is.
	Until      time.Time
	Generation uint64
}

// Good reports whether the certificate may be relied on.
func (v *Verdict) Good() bool { return v.Code == Good }
