package ra

import (
	"time"

	"onecert/pki"
)

// Order is what the registration asks of the CA.
type Order struct {
	Application string
	Operation   Operation // Issue, Renew, Reissue or Modify
	Profile     string
	Issuer      string // of the certificate it follows
	Serial      pki.Serial
	Request     []byte
	// The holder's document; the CA hashes it and stores no number.
	IdentityKind, Identity string
	Subject                pki.Name
	AltNames               []pki.AltName
	Values                 map[string]string
	Days                   int
	Single                 bool
	Decision               string // why a second certificate of this holder is right
	// Changed says that a renewal is under other data than what it follows, so that the
	// old certificate has to end.
	Changed bool
}

// Made is what came of an order.
type Made struct {
	Sign    MadeCertificate  `json:"sign"`
	Encrypt *MadeCertificate `json:"encrypt,omitempty"`
	// Envelope holds the encryption key, sealed to the holder's signing key or to the
	// temporary key of the request.
	Envelope *pki.Envelope `json:"envelope,omitempty"`
	SealedTo string        `json:"sealed_to,omitempty"`
	// History are earlier encryption keys, sealed to the new signing key; HistoryWaits
	// says that they wait for a custodian instead.
	History      []pki.KeyGrant `json:"history,omitempty"`
	HistoryWaits bool           `json:"history_waits,omitempty"`
	// Ends says that the certificate it follows was revoked with it.
	Ends  bool     `json:"ends,omitempty"`
	Chain [][]byte `json:"chain" doc:"issuing CA first, then up to the root"`
}

// MadeCertificate is one certificate as the CA made it.
type MadeCertificate struct {
	Issuer    string     `json:"issuer"`
	Serial    pki.Serial `json:"serial"`
	Holder    string     `json:"holder"`
	Profile   string     `json:"profile"`
	NotBefore time.Time  `json:"not_before"`
	NotAfter  time.Time  `json:"not_after"`
	DER       []byte     `json:"der"`
}

// orderOf is what an approved application becomes at the CA.
func orderOf(a *Application) Order {
	o := Order{Application: a.ID, Operation: a.Operation, Profile: a.Profile, Issuer: a.Issuer, Serial: a.Serial, Request: a.Request,
		Days: a.Days, Single: a.Single, Decision: a.Reason}
	if a.Operation == Issue {
		o.IdentityKind, o.Identity = a.identity()
	}
	if a.Operation == Issue || a.Operation == Modify || a.Operation == Renew {
		o.Subject, o.AltNames = a.subject(), a.altNames()
		if a.Kind == Organisation {
			o.Values = map[string]string{"credit_code": a.Fields["credit_code"]}
		}
	}
	return o
}
