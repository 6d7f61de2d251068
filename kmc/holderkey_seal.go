package kmc

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"hash"

	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/sm4"
	"golang.org/x/crypto/cryptobyte"

	"onecert/keys"
	"onecert/pki"
)

// ticketed is the cipher under which a key is sealed to its ticket, inside the master
// key's seal and of the same algorithms. The key it uses is derived from ticket and id,
// so it seals one thing only and the nonce may be fixed.
func (v *vault) ticketed(k *holderKey, ticket []byte) (cipher.AEAD, error) {
	digest, size, cipherOf := func() hash.Hash { return sha256.New() }, 32, aes.NewCipher
	if v.sealer.Algorithm() == keys.SM4GCM {
		digest, size, cipherOf = sm3.New, 16, sm4.NewCipher
	}
	key, err := hkdf.Key(digest, ticket, []byte(k.id), "onecert kmc signing key 1", size)
	if err != nil {
		return nil, fmt.Errorf("deriving the key of a ticket: %w", err)
	}
	defer clear(key)
	block, err := cipherOf(key)
	if err != nil {
		return nil, fmt.Errorf("taking the ticket's cipher: %w", err)
	}
	return cipher.NewGCM(block)
}

// sealTicketed seals private octets under the ticket, and that under the master key.
// It proves that what will be stored opens again.
func (v *vault) sealTicketed(k *holderKey, ticket, plaintext []byte) ([]byte, error) {
	aead, err := v.ticketed(k, ticket)
	if err != nil {
		return nil, err
	}
	inner := aead.Seal(nil, make([]byte, aead.NonceSize()), plaintext, k.binding("key"))
	sealed, err := v.sealer.Seal(v.random, inner, k.binding("key"))
	if err != nil {
		return nil, fmt.Errorf("sealing a signing key: %w", err)
	}
	k.sealed = sealed
	private, err := v.openTicketed(k, ticket)
	if err != nil {
		return nil, fmt.Errorf("checking a signing key just sealed: %w", err)
	}
	spki, err := pki.MarshalPublicKey(private.key.Public())
	private.clear()
	if err != nil || string(spki) != string(k.spki) {
		return nil, fmt.Errorf("checking a signing key just sealed: it does not fit its public key (%w)", err)
	}
	return sealed, nil
}

// opened is a private key for as long as it is packaged.
type opened struct {
	key    crypto.Signer
	octets []byte // d of an SM2 key, PKCS#8 of any other
}

func (o *opened) clear() { clear(o.octets) }

// openTicketed opens a signing key. The caller clears it.
func (v *vault) openTicketed(k *holderKey, ticket []byte) (*opened, error) {
	inner, err := v.sealer.Open(k.sealed, k.binding("key"))
	if err != nil {
		return nil, fmt.Errorf("opening the record of signing key %s: %w", k.id, err)
	}
	aead, err := v.ticketed(k, ticket)
	if err != nil {
		return nil, err
	}
	plaintext, err := aead.Open(nil, make([]byte, aead.NonceSize()), inner, k.binding("key"))
	if err != nil || len(plaintext) < 2 || plaintext[0] != recordVersion || k.suite == pki.SM2 && len(plaintext) != 33 {
		clear(plaintext)
		return nil, errRecord
	}
	o := &opened{octets: plaintext[1:]}
	if k.suite == pki.SM2 {
		o.key, err = sm2Key(&record{suite: k.suite, spki: k.spki}, o.octets)
	} else {
		var private any
		if private, err = x509.ParsePKCS8PrivateKey(o.octets); err == nil {
			o.key, _ = private.(crypto.Signer)
		}
	}
	if err != nil || o.key == nil {
		o.clear()
		return nil, errRecord
	}
	return o, nil
}

// binding ties a sealed part to its row and its place in it.
func (k *holderKey) binding(part string) []byte {
	var b cryptobyte.Builder
	for _, text := range []string{"onecert kmc signing key", part, k.id, string(k.suite), string(hashOf(k.spki))} {
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(text)) })
	}
	return b.BytesOrPanic()
}
