package audit

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strings"

	"github.com/emmansun/gmsm/sm2"

	"onecert/pki"
)

// Signature types of a note. Ed25519 is 0x01 of C2SP signed-note, its key the 32
// octets of RFC 8032. SM2 has no assigned type, so it is 0xff followed by the OID of
// SM2 with SM3 (GM/T 0006) and a newline, as that specification asks; its key is the
// SubjectPublicKeyInfo in DER, its signature the DER of r and s over the note text
// with the default user identity (GM/T 0009).
const (
	typeEd25519 = "\x01"
	typeSM2     = "\xff1.2.156.10197.1.501\n"
)

// Verifier checks the heads one key has signed. It is a note.Verifier.
type Verifier struct {
	name    string
	public  crypto.PublicKey
	encoded []byte // type and key
}

// Signer signs heads. It is a note.Signer.
type Signer struct {
	Verifier
	key crypto.Signer
}

// NewSigner makes a signer of heads from a key of type Ed25519 or SM2, wherever it
// lives; an SM2 key gets the whole text with *sm2.SM2SignerOption. The origin is the log's.
func NewSigner(origin string, key crypto.Signer) (Signer, error) {
	v, err := NewVerifier(origin, key.Public())
	return Signer{v, key}, err
}

// NewVerifier makes the verifier for a public key.
func NewVerifier(origin string, public crypto.PublicKey) (Verifier, error) {
	if !isOrigin(origin) {
		return Verifier{}, badKey("its name is empty or has blanks or plus signs")
	}
	switch key := public.(type) {
	case ed25519.PublicKey:
		return Verifier{origin, key, append([]byte(typeEd25519), key...)}, nil
	case *ecdsa.PublicKey:
		if key.Curve != sm2.P256() {
			break
		}
		der, err := pki.MarshalPublicKey(key)
		if err != nil {
			return Verifier{}, badKey("it is malformed").Because(err)
		}
		return Verifier{origin, key, append([]byte(typeSM2), der...)}, nil
	}
	return Verifier{}, badKey("it is neither Ed25519 nor SM2")
}

func badKey(why string) *pki.Error {
	return pki.Errorf(pki.Invalid, "audit.key", "the key of the audit log cannot be used: %s", why).
		To("use an SM2 or Ed25519 key, in the form 'name+hash+key' where it is given as text")
}

// Name returns the origin of the log.
func (v Verifier) Name() string { return v.name }

// KeyHash returns the first 4 octets of SHA-256 over name, newline, type and key.
func (v Verifier) KeyHash() uint32 {
	sum := sha256.Sum256(append([]byte(v.name+"\n"), v.encoded...))
	return binary.BigEndian.Uint32(sum[:4])
}

// Verify reports whether sig is the key's signature of a note's text.
func (v Verifier) Verify(text, sig []byte) bool {
	switch key := v.public.(type) {
	case ed25519.PublicKey:
		return ed25519.Verify(key, text, sig)
	case *ecdsa.PublicKey:
		return sm2.VerifyASN1WithSM2(key, nil, text, sig)
	}
	return false
}

// String returns the verifier as text, "name+hash+key", to be kept by an auditor:
// what ParseVerifier reads and, for Ed25519, every tool for C2SP notes.
func (v Verifier) String() string {
	hash := binary.BigEndian.AppendUint32(nil, v.KeyHash())
	return v.name + "+" + hex.EncodeToString(hash) + "+" + base64.StdEncoding.EncodeToString(v.encoded)
}

// ParseVerifier reads what String wrote, and only that.
func ParseVerifier(text string) (Verifier, error) {
	parts := strings.SplitN(text, "+", 3)
	if len(parts) != 3 || len(text) > 4096 {
		return Verifier{}, badKey("it is not in the form of a note's key")
	}
	encoded, err := base64.StdEncoding.Strict().DecodeString(parts[2])
	if err != nil {
		return Verifier{}, badKey("it is not base64")
	}
	public, err := decodeKey(encoded)
	if err != nil {
		return Verifier{}, err
	}
	v, err := NewVerifier(parts[0], public)
	if err != nil {
		return Verifier{}, err
	}
	if v.String() != text {
		return Verifier{}, badKey("its parts do not belong together")
	}
	return v, nil
}

func decodeKey(encoded []byte) (crypto.PublicKey, error) {
	if key, ok := bytes.CutPrefix(encoded, []byte(typeEd25519)); ok && len(key) == ed25519.PublicKeySize {
		return ed25519.PublicKey(key), nil
	}
	if der, ok := bytes.CutPrefix(encoded, []byte(typeSM2)); ok {
		public, err := pki.ParsePublicKey(der)
		if err != nil {
			return nil, badKey("it is malformed").Because(err)
		}
		return public, nil
	}
	return nil, badKey("it is neither Ed25519 nor SM2")
}

// Sign signs a note's text.
func (s Signer) Sign(text []byte) ([]byte, error) {
	if _, ok := s.public.(ed25519.PublicKey); ok {
		return s.key.Sign(rand.Reader, text, crypto.Hash(0))
	}
	return s.key.Sign(rand.Reader, text, sm2.NewSM2SignerOption(true, nil))
}
