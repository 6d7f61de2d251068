package ca

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"slices"

	"onecert/pki"
)

// Profile says what a certificate of one sort looks like. Profiles are data: YAML,
// versioned, and known by the hash of their bytes, which is stored with each
// certificate made from them.
type Profile struct {
	Name    string `yaml:"name" json:"name"`
	Version int    `yaml:"version" json:"version"`
	Kind    Kind   `yaml:"kind" json:"kind"`
	// Description is for people, in Chinese and English.
	Description struct {
		ZH string `yaml:"zh" json:"zh"`
		EN string `yaml:"en" json:"en"`
	} `yaml:"description" json:"description"`
	// Suites are the keys an applicant may bring.
	Suites []pki.Suite `yaml:"suites" json:"suites"`
	// Pair makes this the signing half of a dual certificate.
	Pair *Pair `yaml:"pair,omitempty" json:"pair,omitempty"`
	// HalfOf marks the encrypting half; it is never ordered by itself.
	HalfOf string `yaml:"half_of,omitempty" json:"half_of,omitempty"`

	Validity Validity           `yaml:"validity" json:"validity"`
	Subject  []SubjectRule      `yaml:"subject" json:"subject"`
	AltNames AltNameRule        `yaml:"alt_names,omitempty" json:"alt_names"`
	Private  []PrivateExtension `yaml:"private_extensions,omitempty" json:"private_extensions,omitempty"`

	KeyUsage            []string `yaml:"key_usage" json:"key_usage"`
	ExtKeyUsage         []string `yaml:"ext_key_usage,omitempty" json:"ext_key_usage,omitempty"`
	ExtKeyUsageCritical bool     `yaml:"ext_key_usage_critical,omitempty" json:"ext_key_usage_critical,omitempty"`
	CA                  bool     `yaml:"ca,omitempty" json:"ca,omitempty"`
	PathLen             int      `yaml:"path_len,omitempty" json:"path_len,omitempty"`
	OCSPNoCheck         bool     `yaml:"ocsp_no_check,omitempty" json:"ocsp_no_check,omitempty"`
	Policies            []string `yaml:"policies,omitempty" json:"policies,omitempty"`
	CPS                 string   `yaml:"cps,omitempty" json:"cps,omitempty"`

	// Published lets certificates into directories (ldap). What the platform gives
	// its own people and machines is not published.
	Published bool `yaml:"published,omitempty" json:"published,omitempty"`

	// OnePerHolder refuses a second valid certificate of this kind and algorithm
	// family for one holder (features H18), unless the order carries a decision.
	OnePerHolder bool `yaml:"one_per_holder,omitempty" json:"one_per_holder,omitempty"`
	// DoubleHashRequests accepts SM2 requests hashed twice before signing.
	DoubleHashRequests bool `yaml:"double_hash_requests,omitempty" json:"double_hash_requests,omitempty"`
	// ServerKey allows signing keys made at the key management centre, for holders who
	// cannot make their own (design.md decision 9). ServerKeyLetter gives the password
	// of such a key out at the centre only, never to a site that delivers the file.
	ServerKey       bool `yaml:"server_key,omitempty" json:"server_key,omitempty"`
	ServerKeyLetter bool `yaml:"server_key_letter,omitempty" json:"server_key_letter,omitempty"`

	raw      []byte
	hash     string
	usage    x509.KeyUsage
	purposes []pki.OID
	policies []pki.OID
}

// Kind is what a certificate stands for.
type Kind string

// The kinds. Person, organisation, device and code are the types of features H4;
// the others serve the platform itself.
const (
	Person       Kind = "person"
	Organisation Kind = "organisation"
	Device       Kind = "device"
	Code         Kind = "code"
	Officer      Kind = "officer"
	Site         Kind = "site"
	OCSP         Kind = "ocsp"
	TimeStamp    Kind = "timestamp"
	SubCA        Kind = "ca"
	Canary       Kind = "canary"
)

var kinds = []Kind{Person, Organisation, Device, Code, Officer, Site, OCSP, TimeStamp, SubCA, Canary}

// Pair names the profile of the encryption certificate and the suites that get one.
type Pair struct {
	Profile  string      `yaml:"profile" json:"profile"`
	Suites   []pki.Suite `yaml:"suites" json:"suites"`
	Optional bool        `yaml:"optional,omitempty" json:"optional,omitempty"` // the order may ask for the signing half only
}

// Validity is in days from the moment of issue; a canary's is in minutes.
type Validity struct {
	Days    int `yaml:"days,omitempty" json:"days"`                 // unless the order asks for less
	MaxDays int `yaml:"max_days,omitempty" json:"max_days"`         // the most an order may ask for
	Minutes int `yaml:"minutes,omitempty" json:"minutes,omitempty"` // of a canary, instead of days
}

// SubjectRule is one attribute a subject may have. Rules stand in the order the
// attributes are written, root first.
type SubjectRule struct {
	Type     string `yaml:"type" json:"type"`
	Fixed    string `yaml:"fixed,omitempty" json:"fixed,omitempty"`
	Required bool   `yaml:"required,omitempty" json:"required,omitempty"`
	Max      int    `yaml:"max,omitempty" json:"max,omitempty"`       // how often; 1 if not said
	Holder   bool   `yaml:"holder,omitempty" json:"holder,omitempty"` // filled with the holder id
}

// AltNameRule says which alternative names a certificate may and must have.
type AltNameRule struct {
	Kinds    []string `yaml:"kinds,omitempty" json:"kinds,omitempty"`
	Required bool     `yaml:"required,omitempty" json:"required,omitempty"`
	Max      int      `yaml:"max,omitempty" json:"max,omitempty"`
}

// PrivateExtension is an extension filled from a named value of the order, such as
// the unified social credit code. Form is "string" (default) or "identify-code".
type PrivateExtension struct {
	Name     string `yaml:"name" json:"name"`
	OID      string `yaml:"oid" json:"oid"`
	Form     string `yaml:"form,omitempty" json:"form,omitempty"`
	Required bool   `yaml:"required,omitempty" json:"required,omitempty"`
	Off      bool   `yaml:"off,omitempty" json:"off,omitempty"` // delivered but not in use

	oid pki.OID
}

// Hash is the SHA-256 of the profile's bytes in hex.
func (p *Profile) Hash() string { return p.hash }

// pairs reports whether a request of this suite gets an encryption certificate.
func (p *Profile) pairs(suite pki.Suite) bool {
	return p.Pair != nil && slices.Contains(p.Pair.Suites, suite)
}

func contentHash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
