package pki

import "time"

// State is a certificate's state (design.md §5).
type State string

// The five states. Revoked is absorbing; only held can return to valid.
const (
	Reserved State = "reserved" // the serial exists, nothing is signed yet
	Valid    State = "valid"
	Held     State = "held" // 冻结: on the CRL as certificateHold
	Revoked  State = "revoked"
	Expired  State = "expired"
)

// At returns the state as of now, given the recorded state and the end of validity.
func (s State) At(now, notAfter time.Time) State {
	if (s == Valid || s == Held) && now.After(notAfter) {
		return Expired
	}
	return s
}

// Reason is a CRLReason (RFC 5280 5.3.1).
type Reason int

// The reasons a person can choose; hold and removeFromCRL belong to Hold and Release.
const (
	Unspecified          Reason = 0
	KeyCompromise        Reason = 1
	CACompromise         Reason = 2
	AffiliationChanged   Reason = 3
	Superseded           Reason = 4
	CessationOfOperation Reason = 5
	CertificateHold      Reason = 6
	RemoveFromCRL        Reason = 8
	PrivilegeWithdrawn   Reason = 9
	AACompromise         Reason = 10
)

var reasonNames = map[Reason]string{
	Unspecified: "unspecified", KeyCompromise: "keyCompromise", CACompromise: "cACompromise",
	AffiliationChanged: "affiliationChanged", Superseded: "superseded",
	CessationOfOperation: "cessationOfOperation", CertificateHold: "certificateHold",
	RemoveFromCRL: "removeFromCRL", PrivilegeWithdrawn: "privilegeWithdrawn", AACompromise: "aACompromise",
}

// String returns RFC 5280's name of the reason.
func (r Reason) String() string {
	if name, ok := reasonNames[r]; ok {
		return name
	}
	return "reserved"
}

// ParseReason reads RFC 5280's name of a reason that revokes. certificateHold and
// removeFromCRL are refused: they are acts of their own.
func ParseReason(text string) (Reason, error) {
	for reason, name := range reasonNames {
		if name == text && reason != CertificateHold && reason != RemoveFromCRL {
			return reason, nil
		}
	}
	return 0, Errorf(Invalid, "reason.unknown", "%q is not a revocation reason", text).
		To("use unspecified, keyCompromise, cACompromise, affiliationChanged, superseded, cessationOfOperation, privilegeWithdrawn or aACompromise; to freeze use hold")
}
