package pki

import (
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// The messages by which a certificate gets into a token through the agent on the
// holder's desk: opening and challenge, request, install, confirm. What each means,
// what each side checks, the states and the errors: docs/token-delivery.md.

// TokenOpening begins a delivery: the agent shows the holder's one-time code and the
// token that is plugged in.
type TokenOpening struct {
	Application string `json:"application" minLength:"1" maxLength:"64"`
	Code        string `json:"code" minLength:"8" maxLength:"80" doc:"the holder's one-time code"`
	Token       Token  `json:"token"`
	AgentNonce  []byte `json:"agent_nonce" minLength:"44" maxLength:"44" doc:"32 random octets"`
}

// Token is a token as its interface describes it (GM/T 0016 DEVINFO, PKCS#11
// CK_TOKEN_INFO).
type Token struct {
	Interface string `json:"interface" enum:"skf,pkcs11"`
	Serial    string `json:"serial" minLength:"1" maxLength:"64"`
	Maker     string `json:"maker,omitempty" maxLength:"64"`
	Model     string `json:"model,omitempty" maxLength:"64"`
}

// TokenChallenge is the answer: what to make, and what to bind it to.
type TokenChallenge struct {
	Delivery    string    `json:"delivery" doc:"id of this delivery"`
	Application string    `json:"application"`
	TokenSerial string    `json:"token_serial"`
	Suite       Suite     `json:"suite" doc:"of the signing key to make in the token"`
	Subject     string    `json:"subject" doc:"shown to the holder before the PIN is asked for"`
	AgentNonce  []byte    `json:"agent_nonce"`
	Nonce       []byte    `json:"nonce" doc:"32 random octets of the registration"`
	Expires     time.Time `json:"expires" doc:"the request has to come before"`
}

// TokenRequest brings the request for the key that was made in the token.
type TokenRequest struct {
	Delivery    string `json:"delivery"`
	TokenSerial string `json:"token_serial" minLength:"1" maxLength:"64"`
	Container   string `json:"container" minLength:"1" maxLength:"64" doc:"where in the token the key is"`
	Request     []byte `json:"request" maxLength:"87384" doc:"PKCS#10 whose challengePassword is the binding in hexadecimal"`
}

// TokenInstall is what the agent writes into the token.
type TokenInstall struct {
	Delivery    string    `json:"delivery"`
	Application string    `json:"application"`
	TokenSerial string    `json:"token_serial"`
	Container   string    `json:"container"`
	Request     []byte    `json:"request_digest" doc:"SHA-256 of the request that was certified"`
	Sign        []byte    `json:"sign" doc:"DER"`
	Encrypt     []byte    `json:"encrypt,omitempty" doc:"DER"`
	Envelope    *Envelope `json:"envelope,omitempty" doc:"the encryption key, sealed to the signing key in the token"`
	Chain       [][]byte  `json:"chain"`
	Probe       *Envelope `json:"probe,omitempty" doc:"32 random octets, sealed to the encryption certificate"`
	Expires     time.Time `json:"expires" doc:"the confirmation has to come before"`
}

// TokenConfirmation proves that token and certificates work together.
type TokenConfirmation struct {
	Delivery    string   `json:"delivery"`
	TokenSerial string   `json:"token_serial" minLength:"1" maxLength:"64"`
	Read        [][]byte `json:"read" minItems:"1" maxItems:"2" doc:"SHA-256 of each certificate as it was read back from the token"`
	Probe       []byte   `json:"probe,omitempty" maxLength:"44" doc:"SHA-256 of what the probe held"`
	Signature   []byte   `json:"signature" maxLength:"1024" doc:"by the signing key in the token, over ConfirmationText"`
}

// States of a delivery by token.
const (
	TokenOffered    = "offered"    // a code is out, nobody has come
	TokenChallenged = "challenged" // a challenge is open for one token
	TokenRequested  = "requested"  // the request is there, certificates are being made
	TokenIssued     = "issued"     // the install message can be fetched
	TokenConfirmed  = "confirmed"
	TokenFailed     = "failed"  // the agent said so, or the confirmation was false
	TokenExpired    = "expired" // nobody went on in time
)

// Binding is what a request proves possession over, so that a request made for another
// application, token, challenge or agent is worth nothing here.
func (c *TokenChallenge) Binding() [32]byte {
	return bound("onecert token request 1", []byte(c.Delivery), []byte(c.Application), []byte(c.TokenSerial), []byte(c.Suite), c.AgentNonce, c.Nonce)
}

// ConfirmationText is what the key in the token signs at the end: it covers the
// challenge and everything that was installed and read back.
func (c *TokenChallenge) ConfirmationText(i *TokenInstall, read [][]byte, probe []byte) [32]byte {
	binding := c.Binding()
	parts := [][]byte{binding[:], []byte(i.Container), i.Request, i.Sign, i.Encrypt, probe}
	return bound("onecert token confirm 1", append(parts, read...)...)
}

// bound hashes parts, each with its length, under a name of its own.
func bound(name string, parts ...[]byte) (sum [32]byte) {
	h := sha256.New()
	for _, part := range append([][]byte{[]byte(name)}, parts...) {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(part))))
		h.Write(part)
	}
	h.Sum(sum[:0])
	return sum
}
