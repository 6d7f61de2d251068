package sso

import (
	"crypto/sha256"
	"net/netip"
	"time"

	"onecert/pki"
)

// Session is somebody logged in, as a token says it.
type Session struct {
	ID string `json:"id"` // 128 random bits, 32 hexadecimal digits; no secret
	// Fingerprint, Issuer and Serial are the certificate's: the session is good only in
	// a connection with the very certificate. Issuer is the name of its CA as the
	// revoking journal knows it.
	Fingerprint [sha256.Size]byte `json:"-"`
	Issuer      string            `json:"issuer"`
	Serial      pki.Serial        `json:"serial"`

	User     string    `json:"user"`
	Level    int       `json:"level"`
	Steps    []Step    `json:"steps"` // what was proven at login, in order
	Started  time.Time `json:"started"`
	LastSeen time.Time `json:"lastSeen"` // to within the time after which tokens are renewed
	Until    time.Time `json:"until"`    // its absolute end
}

// Of reports whether the session belongs to a certificate.
func (s *Session) Of(fingerprint [sha256.Size]byte) bool { return s.Fingerprint == fingerprint }

// Step is one way to prove who one is.
type Step string

// The steps. Only Certificate is built.
const (
	Certificate Step = "certificate"
	Password    Step = "password"
	Code        Step = "code"
)

// Login is a finished login, verified by whoever hands it in.
type Login struct {
	Fingerprint [sha256.Size]byte
	Issuer      string // 1 to 64 octets
	Serial      pki.Serial
	NotAfter    time.Time // of the certificate; the session ends then at the latest; zero: no bound
	User        string    // 1 to 256 octets
	Level       int       // 0 to 9
	Steps       []Step
	Address     netip.Addr
	// Replaces is the token the same browser came with, "" for none: its session ends,
	// and nothing of it lives on in the new one.
	Replaces string
}

// Why a session ended.
type Why string

// The reasons.
const (
	LoggedOut   Why = "logged-out"  // by its user
	Replaced    Why = "replaced"    // logged in again
	Crowded     Why = "crowded"     // by a newer one, too many of one user
	ByOfficer   Why = "officer"     // by an administrator
	CertRevoked Why = "certificate" // its certificate is good no longer
	Violated    Why = "violated"    // the token came in a connection it does not belong to
)
