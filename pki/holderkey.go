package pki

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// A holder's signing key is the holder's to make. Where a profile allows it, the key
// management centre makes one instead, keeps it until it is packaged for its holder,
// and then has it no more (docs/decisions/2026-11-23-packaged-keys.md). These are the words in which an
// RA, the CA and the centre speak of such a key.

// SigningOrder asks the centre to make a signing key. Asked again with the same
// Application it gives the same request; with the same Application and another
// content, a Conflict.
type SigningOrder struct {
	Application string `json:"application" minLength:"1" maxLength:"200"`
	Suite       Suite  `json:"suite" enum:"sm2,rsa2048,rsa3072,rsa4096,p256,p384"`
	Holder      string `json:"holder,omitempty" maxLength:"200" doc:"holder id, for the ledger; empty: known by the key"`
	Subject     Name   `json:"subject,omitempty" maxItems:"32" doc:"of the request; empty: the application as CN"`
	// Ticket is drawn by who asks, and has to be brought again to have the key packaged.
	// The centre does not keep it: without it nobody opens the key, the centre included.
	Ticket  []byte `json:"ticket" minLength:"44" maxLength:"88" doc:"32 to 64 random octets, base64: keep them sealed, bring them to have the key packaged, then delete them"`
	AskedBy string `json:"asked_by,omitempty" maxLength:"64" doc:"who asked the CA, for the ledger"`
}

// Octets of a ticket and of a nonce.
const (
	LeastTicket = 32
	MostTicket  = 64
)

// SigningRequest is a signing key that was made: what a CA needs to certify it.
type SigningRequest struct {
	Application string    `json:"application"`
	Request     []byte    `json:"request" doc:"PKCS#10 in DER, signed by the key"`
	Expires     time.Time `json:"expires" doc:"when the key is wiped unless it was packaged"`
}

// PasswordOrder asks for the password a key will be packaged under, which is given
// once.
type PasswordOrder struct {
	Application string `json:"application" minLength:"1" maxLength:"200"`
	Nonce       []byte `json:"nonce" minLength:"44" maxLength:"88" doc:"32 to 64 random octets, base64: the same again within 15 minutes gives the same password, for an answer that was lost"`
	Recipient   []byte `json:"recipient,omitempty" maxLength:"2732" doc:"SubjectPublicKeyInfo, base64: the password comes sealed to this key instead of in clear"`
	AskedBy     string `json:"asked_by,omitempty" maxLength:"64" doc:"who asked the CA, for the ledger"`
	SameAsker   bool   `json:"same_asker,omitempty" doc:"refuse unless asked_by is who had the key made"`
}

// Password is what a package opens with: text of 125 random bits, or the same sealed.
type Password struct {
	Application string    `json:"application"`
	Text        string    `json:"text,omitempty" doc:"five groups of five characters, hyphens included"`
	Sealed      *Envelope `json:"sealed,omitempty" doc:"the text, sealed to the recipient: EnvelopedData"`
	Again       time.Time `json:"again" doc:"until when the same nonce gives it again"`
}

// Forms of a package.
const (
	// FormPKCS12 is PKCS#12 (RFC 7292) with PBES2, PBKDF2 by HMAC-SHA-256 and
	// AES-256-CBC: what OpenSSL, browsers and Windows open.
	FormPKCS12 = "pkcs12"
	// FormPKCS12SM is PKCS#12 with SM3 and SM4, for SM2 keys and national software.
	FormPKCS12SM = "pkcs12-sm"
	// FormEnvelope seals the signing key to a transport key of the holder's own
	// program, which never writes it anywhere: SM2EnvelopedKey (GM/T 0009) for SM2,
	// EnvelopedData around PKCS#8 for the others.
	FormEnvelope = "envelope"
)

// Forms lists the forms of a package.
func Forms() []string { return []string{FormPKCS12, FormPKCS12SM, FormEnvelope} }

// PackageOrder asks the centre to package a signing key for its holder.
type PackageOrder struct {
	Application string   `json:"application" minLength:"1" maxLength:"200"`
	Form        string   `json:"form" enum:"pkcs12,pkcs12-sm,envelope"`
	Ticket      []byte   `json:"ticket" minLength:"44" maxLength:"88"`
	Certificate []byte   `json:"certificate" maxLength:"21848" doc:"of the signing key, DER"`
	Encryption  []byte   `json:"encryption,omitempty" maxLength:"21848" doc:"of the escrowed pair of the same application, DER"`
	Chain       [][]byte `json:"chain" maxItems:"8" doc:"issuing CA first, DER"`
	// Transport is what FormEnvelope seals to.
	Transport *Transport `json:"transport,omitempty"`
	AskedBy   string     `json:"asked_by,omitempty" maxLength:"64" doc:"who asked the CA, for the ledger"`
}

// Transport is a key of the holder's program with the proof that it is the holder's:
// whoever only carries the request does not know the password and cannot put another
// key in its place.
type Transport struct {
	PublicKey []byte `json:"public_key" maxLength:"2732" doc:"SubjectPublicKeyInfo: SM2 for an SM2 key, RSA or ECDSA for the others"`
	Proof     []byte `json:"proof" minLength:"44" maxLength:"44" doc:"TransportProof of password, application and key"`
}

// Package is a holder's signing key in the form ordered, with what belongs to it.
type Package struct {
	Application string        `json:"application"`
	Form        string        `json:"form"`
	Files       []PackageFile `json:"files"`
	Rounds      int           `json:"rounds,omitempty" doc:"of the password's derivation, for each part that is encrypted"`
	Until       time.Time     `json:"until" doc:"until when the same order gives the same package again"`
	Repeat      bool          `json:"repeat,omitempty" doc:"it was given before"`
}

// PackageFile is one file of a package.
type PackageFile struct {
	Name    string `json:"name" doc:"sign.p12, encrypt.p12, sign.sm2.der, sign.cms.der, encrypt.sm2.der or encrypt.cms.der"`
	Content []byte `json:"content"`
}

// SigningEnd ends a signing key that will not be needed, or the time in which its
// package could be given again.
type SigningEnd struct {
	Application string `json:"application" minLength:"1" maxLength:"200"`
	Reason      string `json:"reason" minLength:"1" maxLength:"1000"`
	AskedBy     string `json:"asked_by,omitempty" maxLength:"64"`
	SameAsker   bool   `json:"same_asker,omitempty" doc:"refuse unless asked_by is who had the key made"`
}

// TransportProof binds a transport key to the password of a package: HMAC-SHA-256
// under the password's hash, over the application and the key, each with its length.
// The password has 125 random bits, so no rounds are needed against guessing.
func TransportProof(password, application string, publicKey []byte) []byte {
	key := sha256.Sum256([]byte("onecert transport 1\x00" + password))
	defer clear(key[:])
	mac := hmac.New(sha256.New, key[:])
	for _, part := range [][]byte{[]byte(application), publicKey} {
		mac.Write(binary.BigEndian.AppendUint32(nil, uint32(len(part))))
		mac.Write(part)
	}
	return mac.Sum(nil)
}
