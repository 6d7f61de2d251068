package backup

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"fmt"
	"hash"

	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/sm4"

	"onecert/pki"
)

// Cipher is how an archive is encrypted.
type Cipher string

// The ciphers: AES-256-GCM with HKDF-SHA256, SM4-GCM with HKDF-SM3.
const (
	AES256GCM Cipher = "aes256gcm"
	SM4GCM    Cipher = "sm4gcm"
)

const (
	tagLen   = 16
	nonceLen = 12
)

// suite is what a cipher is made of.
type suite struct {
	number   byte
	hash     func() hash.Hash
	newBlock func([]byte) (cipher.Block, error)
	keyLen   int
}

func (c Cipher) suite() (suite, error) {
	switch c {
	case AES256GCM:
		return suite{1, sha256.New, aes.NewCipher, 32}, nil
	case SM4GCM:
		return suite{2, sm3.New, sm4.NewCipher, 16}, nil
	}
	return suite{}, pki.Errorf(pki.Invalid, "backup.cipher", "the archive's cipher is not one of those that exist").To("use aes256gcm or sm4gcm")
}

func cipherOf(number byte) (Cipher, error) {
	for _, c := range []Cipher{AES256GCM, SM4GCM} {
		if s, err := c.suite(); err == nil && s.number == number {
			return c, nil
		}
	}
	return "", pki.Errorf(pki.Invalid, "backup.cipher", "the archive is encrypted with a cipher this program does not know (%d)", number).
		To("open it with the release that made it")
}

func (s suite) aead(key []byte) (cipher.AEAD, error) {
	block, err := s.newBlock(key)
	if err != nil {
		return nil, fmt.Errorf("taking the archive's cipher: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("taking the archive's mode: %w", err)
	}
	return aead, nil
}
