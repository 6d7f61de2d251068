package pki

import "time"

// KeyOrder asks the key management centre for an encryption pair. Asked again with
// the same Application it gets the same pair; with the same Application and
// another content, a Conflict.
type KeyOrder struct {
	Application string    `json:"application"` // the CA's name for the order
	CertNo      Serial    `json:"cert_no"`     // serial the encryption certificate will have (GM/T 0014 userCertNo)
	Suite       Suite     `json:"suite"`       // of the pair wanted
	Recipient   []byte    `json:"recipient"`   // SPKI of the key the private key is sealed to
	Holder      string    `json:"holder"`      // holder id, for the owner's ledger
	NotBefore   time.Time `json:"not_before"`
	NotAfter    time.Time `json:"not_after"`
}

// KeyRestore asks for an escrowed pair again, sealed to another key of its owner.
type KeyRestore struct {
	CertNo    Serial `json:"cert_no"`   // under which the pair was escrowed
	Recipient []byte `json:"recipient"` // SPKI of the owner's new signing key
	Holder    string `json:"holder"`    // must be the owner's id
	Reason    string `json:"reason"`    // for the ledger
}

// KeyGrant is the key management centre's answer: a public key to certify and its
// private key sealed so that only the recipient opens it. The CA never sees it.
type KeyGrant struct {
	CertNo    Serial   `json:"cert_no"`
	PublicKey []byte   `json:"public_key"` // SPKI
	Envelope  Envelope `json:"envelope"`
}

// Envelope formats.
const (
	SM2EnvelopedKey  = "sm2-enveloped-key"  // GM/T 0009 7.4: an SM2 key to an SM2 key
	CMSEnvelopedData = "cms-enveloped-data" // RFC 5652: PKCS#8 to an RSA or ECDSA key
)

// Envelope is a private key sealed to its holder.
type Envelope struct {
	Format string `json:"format"`
	DER    []byte `json:"der"`
}
