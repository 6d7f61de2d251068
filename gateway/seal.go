package gateway

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"time"

	"onecert/pki"
)

// What the door hands to a browser to bring back (where it was going, the code of a log
// in) is sealed with a key that all gateways of a site share, each kind under a key of its
// own, so that one can never be taken for the other.

type sealer struct {
	aead   cipher.AEAD
	random io.Reader
	now    func() time.Time
}

// secretLen is how many octets the shared secret has.
const secretLen = 32

func newSealer(secret []byte, purpose string, random io.Reader, now func() time.Time) (*sealer, error) {
	if len(secret) != secretLen {
		return nil, pki.Errorf(pki.Invalid, "gateway.secret", "the gateway's secret has %d octets", len(secret)).To("give one of %d octets", secretLen)
	}
	key, err := hkdf.Key(sha256.New, secret, nil, "onecert gateway "+purpose, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	return &sealer{aead, random, now}, err
}

// sealed is what stands inside.
type sealed[T any] struct {
	Until int64 `json:"u"` // seconds since 1970
	Value T     `json:"v"`
}

// maxSealed bounds what is opened.
const maxSealed = 16 << 10

func seal[T any](s *sealer, v T, life time.Duration) (string, error) {
	plain, err := json.Marshal(sealed[T]{s.now().Add(life).Unix(), v})
	if err != nil {
		return "", err
	}
	nonce := make([]byte, s.aead.NonceSize())
	if _, err := io.ReadFull(s.random, nonce); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nonce, nonce, plain, nil)), nil
}

// unseal returns what is in text; ok is false for everything that is not ours or too old,
// and nobody is told which.
func unseal[T any](s *sealer, text string) (v T, ok bool) {
	if len(text) > maxSealed {
		return v, false
	}
	octets, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(octets) < s.aead.NonceSize() {
		return v, false
	}
	plain, err := s.aead.Open(nil, octets[:s.aead.NonceSize()], octets[s.aead.NonceSize():], nil)
	if err != nil {
		return v, false
	}
	var in sealed[T]
	if json.Unmarshal(plain, &in) != nil || s.now().Unix() > in.Until {
		return v, false
	}
	return in.Value, true
}
