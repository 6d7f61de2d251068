package ra

import (
	"strings"
	"time"

	"onecert/pki"
)

// Application is a wish of a holder on its way (features L2, H6).
type Application struct {
	ID        string    `json:"id"`
	Operation Operation `json:"operation"`
	Kind      Kind      `json:"kind"`
	Profile   string    `json:"profile,omitempty"`
	Node      string    `json:"node"`
	Path      string    `json:"path"`
	State     State     `json:"state"`
	Version   int       `json:"version" doc:"of what was read; acts on another version are refused"`
	// Fields are what was asked of the applicant; sensitive ones are masked unless
	// they were asked for with a reason.
	Fields map[string]string `json:"fields"`
	Holder string            `json:"holder,omitempty" doc:"holder id, as soon as the CA could be asked"`
	// Of the certificate it is about.
	Issuer string     `json:"issuer,omitempty"`
	Serial pki.Serial `json:"serial,omitempty"`
	Reason string     `json:"reason,omitempty" doc:"of a revocation, or why a second certificate is right"`

	Request []byte `json:"request,omitempty" doc:"PKCS#10 of the signing key"`
	KeyFrom string `json:"key_from,omitempty" doc:"request: the holder's own; server: made in the key management centre"`
	Days    int    `json:"days,omitempty"`
	Single  bool   `json:"single,omitempty"`

	RegisteredBy string    `json:"registered_by"`
	ReviewedBy   string    `json:"reviewed_by,omitempty"`
	CarriedBy    string    `json:"carried_by,omitempty"`
	DeliveredBy  string    `json:"delivered_by,omitempty"`
	Rule         string    `json:"rule,omitempty" doc:"the standing rule that approved instead of a person"`
	Batch        string    `json:"batch,omitempty"`
	Created      time.Time `json:"created"`
	Changed      time.Time `json:"changed"`

	Certificate *Certificate  `json:"certificate,omitempty" doc:"what came of it"`
	Documents   []Document    `json:"documents,omitempty"`
	Others      []Certificate `json:"others,omitempty" doc:"what else this holder has, of one application: kind, state, end and region"`
	Legal       []Event       `json:"legal,omitempty" doc:"what the officer who asks may do with it now"`
	Barred      []Bar         `json:"barred,omitempty" doc:"of one application: what its state allows besides, and why not to this officer"`
	// Conflict says that this node and the one above it differ, for a person to settle.
	Conflict string `json:"conflict,omitempty"`

	sealed []byte // sensitive fields
}

// Certificate is what a holder has, as the registration last heard of it.
type Certificate struct {
	Issuer      string     `json:"issuer"`
	Serial      pki.Serial `json:"serial"`
	Partner     pki.Serial `json:"partner,omitempty" doc:"the encrypting half"`
	Application string     `json:"application"`
	Holder      string     `json:"holder"`
	Kind        Kind       `json:"kind"`
	Profile     string     `json:"profile"`
	Name        string     `json:"name"`
	Unit        string     `json:"unit,omitempty"`
	Node        string     `json:"node"`
	Path        string     `json:"path"`
	State       pki.State  `json:"state"`
	NotBefore   time.Time  `json:"not_before"`
	NotAfter    time.Time  `json:"not_after"`
	Changed     time.Time  `json:"changed"`
	Region      string     `json:"region,omitempty" doc:"only where a certificate of another branch is told of"`
	// Legal is what who asks may apply for about it now.
	Legal []Operation `json:"legal,omitempty" doc:"in lists of certificates: what who asks may apply for about it now"`
}

// subject composes the certificate's name from the fields; the CA's profile has the
// last word and adds the holder id.
func (a *Application) subject() pki.Name {
	name := pki.Name{{Type: "C", Value: "CN"}}
	add := func(attribute string) {
		for _, f := range Fields(a.Kind) {
			if f.Attribute == attribute && a.Fields[f.Name] != "" {
				name = append(name, pki.Attribute{Type: attribute, Value: a.Fields[f.Name]})
			}
		}
	}
	if a.Kind == Organisation {
		name = append(name, pki.Attribute{Type: "O", Value: a.Fields["name"]})
	}
	for _, attribute := range []string{"O", "OU", "title", "CN"} {
		add(attribute)
	}
	return name
}

// altNames are the alternative names of a device.
func (a *Application) altNames() (all []pki.AltName) {
	if a.Kind != Device {
		return nil
	}
	if host := a.Fields["name"]; strings.Contains(host, ".") {
		all = append(all, pki.AltName{Kind: "dns", Value: host})
	}
	if ip := a.Fields["ip"]; ip != "" {
		all = append(all, pki.AltName{Kind: "ip", Value: ip})
	}
	return all
}

// identity is the document that says who the holder is.
func (a *Application) identity() (kind, number string) {
	if a.Kind == Person {
		return a.Fields["identity_kind"], a.Fields["identity"]
	}
	return pki.CreditCode, a.Fields["credit_code"]
}

// title is what lists show of it.
func (a *Application) title() string { return a.Fields["name"] }
