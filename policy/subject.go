package policy

import (
	"fmt"
	"time"

	"onecert/pki"
)

// Level is how sure a login is of who somebody is. Levels are ordered.
type Level int

// The levels. A certificate's key in hardware is unlocked by a PIN and so counts as
// two factors, like a certificate with a password beside it.
const (
	LevelAnonymous   Level = iota // nobody has logged in
	LevelPassword                 // a password, or a code by message
	LevelCertificate              // a certificate whose key may be a file
	LevelTwoFactors               // a certificate and a password; or a certificate with its key in hardware
	LevelHighest                  // a certificate with its key in hardware, and a password
)

// Login is the kind of a login.
type Login string

// The kinds of login. Hardware is only claimed where it is known, by the profile of the
// certificate or by what the agent attests.
const (
	LoginAnonymous           Login = "anonymous"
	LoginPassword            Login = "password"
	LoginCode                Login = "code"
	LoginCertificate         Login = "certificate"
	LoginCertificatePassword Login = "certificate-password"
	LoginHardware            Login = "hardware"
	LoginHardwarePassword    Login = "hardware-password"
)

// Logins lists every kind of login, weakest first.
func Logins() []Login {
	return []Login{LoginAnonymous, LoginPassword, LoginCode, LoginCertificate, LoginCertificatePassword, LoginHardware, LoginHardwarePassword}
}

// Level is what a kind of login is worth; a kind nobody knows is worth nothing.
func (l Login) Level() Level {
	switch l {
	case LoginPassword, LoginCode:
		return LevelPassword
	case LoginCertificate:
		return LevelCertificate
	case LoginCertificatePassword, LoginHardware:
		return LevelTwoFactors
	case LoginHardwarePassword:
		return LevelHighest
	}
	return LevelAnonymous
}

// Subject is what a login yields. The zero Subject is an anonymous visitor. It is
// filled by whoever has authenticated and verified, and not changed afterwards.
type Subject struct {
	Login  Login    `json:"login,omitempty"`  // empty: anonymous
	Level  Level    `json:"level"`            // at most Login.Level(); a session that has aged may be worth less
	User   string   `json:"user,omitempty"`   // main account; empty where the certificate has none
	Groups []string `json:"groups,omitempty"` // of the user
	Units  []string `json:"units,omitempty"`  // the user's units by the personnel system, outermost first; empty: those of the certificate
	Holder string   `json:"holder,omitempty"` // holder id (design.md decision 13)
	// Certificate is nil where none was part of the login.
	Certificate *Certificate `json:"certificate,omitempty"`
}

// Certificate is what rules may know about a certificate.
type Certificate struct {
	Subject     pki.Name   `json:"subject"` // attribute by attribute, as in the certificate
	Issuer      pki.Name   `json:"issuer"`
	Serial      pki.Serial `json:"serial"`
	Fingerprint string     `json:"sha256"`             // of the DER, lower-case hex
	Profile     string     `json:"profile,omitempty"`  // of our own CA; empty: foreign, or not known
	Policies    []string   `json:"policies,omitempty"` // object identifiers the path is valid for
	Units       []string   `json:"units,omitempty"`    // OU values, outermost first
	NotBefore   time.Time  `json:"not_before"`
	NotAfter    time.Time  `json:"not_after"`
	Suite       pki.Suite  `json:"suite,omitempty"` // of the key; empty: none of ours
}

// String names the level for logs: "2 certificate".
func (l Level) String() string {
	names := [...]string{"anonymous", "password", "certificate", "two-factors", "highest"}
	if l < 0 || int(l) >= len(names) {
		return fmt.Sprint(int(l))
	}
	return fmt.Sprintf("%d %s", int(l), names[l])
}
