package ca

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"time"

	"onecert/pki"
)

// Order asks for a certificate or, where the profile has a pair, a dual one. It was
// approved elsewhere; Application is its name there and makes asking again safe.
type Order struct {
	Application string            `json:"application" pattern:"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$" doc:"the order's name; the same name gives the same certificates"`
	Profile     string            `json:"profile" maxLength:"41"`
	Issuer      string            `json:"issuer,omitempty" maxLength:"32" doc:"empty: the issuer of the request's algorithm family"`
	Request     []byte            `json:"request" maxLength:"87384" doc:"PKCS#10 in PEM or DER, base64"`
	Holder      string            `json:"holder,omitempty" maxLength:"64" doc:"holder id; or give identity"`
	Identity    *Identity         `json:"identity,omitempty" doc:"turned into the holder id and never stored"`
	Subject     pki.Name          `json:"subject,omitempty" maxItems:"32" doc:"empty: the subject of the request"`
	AltNames    []pki.AltName     `json:"alt_names,omitempty" maxItems:"100" doc:"empty: those of the request, where the profile allows them"`
	Values      map[string]string `json:"values,omitempty" doc:"for private extensions, such as credit_code"`
	Days        int               `json:"days,omitempty" minimum:"0" maximum:"10980" doc:"0: as the profile says"`
	Single      bool              `json:"single,omitempty" doc:"only the signing half, where the profile allows"`
	Decision    string            `json:"decision,omitempty" maxLength:"500" doc:"why a second certificate of this holder is right"`
}

// Identity is an identity document. Its number is hashed with the CA's holder key
// at the border and goes nowhere else (design.md decision 13).
type Identity struct {
	Kind   string `json:"kind" enum:"resident,military,passport,credit-code" doc:"resident, military, passport or credit-code"`
	Number string `json:"number" minLength:"4" maxLength:"32"`
}

// Change orders a new certificate for one that exists: renew and modify keep its
// keys, re-issue brings new ones.
type Change struct {
	Application string            `json:"application" pattern:"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$"`
	Days        int               `json:"days,omitempty" minimum:"0" maximum:"10980"`
	Subject     pki.Name          `json:"subject,omitempty" maxItems:"32" doc:"modify only; empty: unchanged"`
	AltNames    []pki.AltName     `json:"alt_names,omitempty" maxItems:"100" doc:"modify only; empty: unchanged"`
	Values      map[string]string `json:"values,omitempty" doc:"modify only"`
	Request     []byte            `json:"request,omitempty" maxLength:"87384" doc:"re-issue only: request of the new signing key"`
	Reason      string            `json:"reason,omitempty" doc:"re-issue and modify: why the old certificates are revoked; default superseded"`
}

// Issued is the answer to an order.
type Issued struct {
	Application string         `json:"application"`
	Act         string         `json:"act" doc:"issue, renew, reissue or modify"`
	Form        pki.Form       `json:"request_form,omitempty" doc:"how the request was signed"`
	Sign        *Certificate   `json:"sign" doc:"the certificate, or the signing half of a pair"`
	Encrypt     *Certificate   `json:"encrypt,omitempty"`
	Envelope    *pki.Envelope  `json:"envelope,omitempty" doc:"the encryption private key, sealed to the holder"`
	SealedTo    string         `json:"sealed_to,omitempty" doc:"signing-key or temporary-key"`
	History     []pki.KeyGrant `json:"history,omitempty" doc:"re-issue: earlier encryption keys, sealed to the new signing key"`
	// HistoryWaits says that earlier encryption keys are there for a custodian to recover.
	HistoryWaits bool     `json:"history_waits,omitempty" doc:"re-issue: earlier encryption keys wait for a custodian ('onecert kmc recover')"`
	Chain        [][]byte `json:"chain" doc:"issuing CA first, then up to the root, DER"`
}

// Certificate is what the CA knows of one certificate.
type Certificate struct {
	Issuer      string     `json:"issuer"`
	Serial      pki.Serial `json:"serial"`
	State       pki.State  `json:"state"`
	Role        string     `json:"role" doc:"single, sign or encrypt"`
	Application string     `json:"application"`
	Act         string     `json:"act"`
	Profile     string     `json:"profile"`
	ProfileHash string     `json:"profile_hash"`
	Kind        Kind       `json:"kind"`
	Holder      string     `json:"holder"`
	Subject     string     `json:"subject"`
	NotBefore   time.Time  `json:"not_before"`
	NotAfter    time.Time  `json:"not_after"`
	Partition   int        `json:"partition"`
	Reason      string     `json:"reason,omitempty"`
	Changed     *time.Time `json:"changed,omitempty" doc:"when it was held, released or revoked"`
	Previous    pki.Serial `json:"previous,omitempty" doc:"the certificate this one follows"`
	Partner     pki.Serial `json:"partner,omitempty" doc:"the other half of the pair"`
	DER         []byte     `json:"der,omitempty"`
}

// Roles of a certificate within an order.
const (
	single  = "single"
	sign    = "sign"
	encrypt = "encrypt"
)

// The acts that make certificates.
const (
	actIssue   = "issue"
	actRenew   = "renew"
	actReissue = "reissue"
	actModify  = "modify"
)

var applicationForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$`)

func checkApplication(application string) error {
	if !applicationForm.MatchString(application) {
		return pki.Errorf(pki.Invalid, "order.application", "the application's name is not 1 to 64 letters, digits, '.', '_', ':' or '-'").
			To("use the number of the application, for example 2026-000123")
	}
	return refuseIdentity("application's name", application)
}

// digest names an order's content, so that the same application with another
// content is refused. The identity is left out: its holder id stands for it.
func digest(act, predecessor string, order any) (string, error) {
	content, err := json.Marshal(order)
	if err != nil {
		return "", fmt.Errorf("hashing the order: %w", err)
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s\x00%s\x00", act, predecessor)
	h.Write(content)
	return hex.EncodeToString(h.Sum(nil)), nil
}
