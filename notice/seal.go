package notice

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"

	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/sm4"

	"onecert/pki"
)

// Cipher is what notices are sealed with at rest.
type Cipher string

// The ciphers: AES-256-GCM with keys derived by HKDF over SHA-256, SM4-GCM by HKDF over
// SM3.
const (
	AES256 Cipher = "aes256-gcm"
	SM4    Cipher = "sm4-gcm"
)

// Key is a secret that notices are sealed with: 32 random octets.
type Key struct {
	Cipher Cipher
	Secret []byte
}

// String keeps the secret out of every log.
func (k Key) String() string { return "key for " + string(k.Cipher) }

// GoString is String.
func (k Key) GoString() string { return k.String() }

// sealer is a key at work.
type sealer struct {
	id    string // of the key, as rows name it
	aead  cipher.AEAD
	index []byte // of the keyed hash of recipients
	hash  func() hash.Hash
}

const keySize = 32

func newSealer(k Key) (*sealer, error) {
	if len(k.Secret) != keySize {
		return nil, pki.Errorf(pki.Invalid, "notice.seal", "the key notices are sealed with must have %d octets", keySize)
	}
	s := &sealer{hash: sha256.New}
	size, block := 32, aes.NewCipher
	switch k.Cipher {
	case AES256:
	case SM4:
		s.hash, size, block = sm3.New, 16, sm4.NewCipher
	default:
		return nil, pki.Errorf(pki.Invalid, "notice.seal", "notices are sealed with %s or %s", AES256, SM4)
	}
	derive := func(use string, size int) ([]byte, error) {
		return hkdf.Key(s.hash, k.Secret, nil, "onecert notice "+use, size)
	}
	id, err1 := derive("id", 4)
	secret, err2 := derive("seal", size)
	index, err3 := derive("index", 32)
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, fmt.Errorf("deriving the keys of notices: %w", err)
	}
	b, err := block(secret)
	if err == nil {
		s.aead, err = cipher.NewGCM(b)
	}
	if err != nil {
		return nil, fmt.Errorf("making the cipher of notices: %w", err)
	}
	s.id, s.index = hex.EncodeToString(id), index
	return s, nil
}

// recipient is the keyed hash by which the notices of one address are counted.
func (s *sealer) recipient(a Address) string {
	if a.At == "" {
		return ""
	}
	mac := hmac.New(s.hash, s.index)
	mac.Write([]byte(strings.ToLower(a.At)))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// content is what of a notice is sealed.
type content struct {
	To      Address         `json:"to,omitzero"`
	Message Message         `json:"message,omitzero"`
	Data    json.RawMessage `json:"data,omitempty"`
}

// bound is what a seal belongs to: sealed content cannot be moved to another notice.
func bound(key string, channel Channel) []byte { return []byte(key + "\x00" + string(channel)) }

func (s *sealer) seal(random io.Reader, n Notice) ([]byte, error) {
	text, err := json.Marshal(content{n.To, n.Message, n.Data})
	if err != nil {
		return nil, fmt.Errorf("writing a notice: %w", err)
	}
	nonce := make([]byte, s.aead.NonceSize(), s.aead.NonceSize()+len(text)+s.aead.Overhead())
	if _, err := io.ReadFull(random, nonce); err != nil {
		return nil, fmt.Errorf("drawing a notice's nonce: %w", err)
	}
	return s.aead.Seal(nonce, nonce, text, bound(n.Key, n.Channel)), nil
}

// errUnsealed says that a row's key is not there or its octets were changed.
var errUnsealed = errors.New("the notice does not open with the keys there are")

func (s *sealer) open(key string, channel Channel, sealed []byte) (c content, err error) {
	size := s.aead.NonceSize()
	if len(sealed) < size {
		return c, errUnsealed
	}
	text, err := s.aead.Open(nil, sealed[:size], sealed[size:], bound(key, channel))
	if err != nil {
		return c, errUnsealed
	}
	if err := json.Unmarshal(text, &c); err != nil {
		return c, fmt.Errorf("reading a notice: %w", err)
	}
	return c, nil
}
