package gateway

import (
	"context"
	"net/netip"
	"time"

	"onecert/pki"
)

// Sessions is what the door needs of whoever keeps sessions. Read must not wait.
type Sessions interface {
	// Open begins a session; it is always a new one.
	Open(ctx context.Context, l Login) (token string, s Session, err error)
	// Read opens a token. fresh is a newer token where the old one is due, else empty.
	// Errors have the codes sso.token, sso.idle, sso.over and sso.ended.
	Read(token string, now time.Time) (s Session, fresh string, err error)
	// End ends one session; why is logged-out, officer or violated.
	End(ctx context.Context, id, why string) error
	// EndOfCertificate ends every session of a certificate that is good no longer.
	EndOfCertificate(ctx context.Context, issuer string, serial pki.Serial) error
	// Spend says whether the code of a log in is used for the first time at any gateway that
	// shares these sessions; until is when it is good no longer.
	Spend(ctx context.Context, code string, until time.Time) (first bool, err error)
	// List returns sessions, those still open.
	List(ctx context.Context, q SessionQuery) ([]SessionRow, error)
}

// Session is somebody logged in.
type Session struct {
	ID          string     `json:"id"`
	Fingerprint [32]byte   `json:"-"`
	Issuer      string     `json:"issuer"`
	Serial      pki.Serial `json:"serial"`
	User        string     `json:"user"`
	Level       int        `json:"level"`
	Started     time.Time  `json:"started"`
	LastSeen    time.Time  `json:"lastSeen"`
	Until       time.Time  `json:"until"`
}

// Login is a log in that the door has judged.
type Login struct {
	Fingerprint [32]byte
	Issuer      string
	Serial      pki.Serial
	NotAfter    time.Time
	User        string
	Level       int
	Address     netip.Addr
	Replaces    string // token the browser came with
}

// SessionQuery filters sessions; what is empty filters nothing.
type SessionQuery struct {
	User   string     `query:"user" maxLength:"256"`
	Issuer string     `query:"issuer" maxLength:"64"`
	Serial pki.Serial `query:"serial" maxLength:"42"`
	After  string     `query:"after" maxLength:"64" doc:"id of the last one on the page before"`
	Limit  int        `query:"limit" minimum:"0" maximum:"1000" doc:"by default 100"`
}

// SessionRow is a session as it is listed.
type SessionRow struct {
	Session
	Address string `json:"address"`
}
