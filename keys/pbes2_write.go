package keys

import (
	"bytes"
	"crypto/cipher"
	"encoding/asn1"
	"fmt"
	"io"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

// What new key files cost to open: N·r·128 is 16 MiB. OpenSSL 3.0 refuses scrypt
// over 32 MiB unless told, so this is what it opens without being told.
const (
	scryptN = 16384
	scryptR = 8
	scryptP = 1
)

var (
	oidAES256CBC = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}
	oidSM4CBC    = asn1.ObjectIdentifier{1, 2, 156, 10197, 1, 104, 2}
)

// encryptPBES2 makes an EncryptedPrivateKeyInfo (RFC 5958 3).
func encryptPBES2(random io.Reader, pass, info []byte, choice Cipher) ([]byte, error) {
	oid := oidAES256CBC
	switch choice {
	case AES256CBC:
	case SM4CBC:
		oid = oidSM4CBC
	default:
		return nil, pki.Errorf(pki.Invalid, "key.cipher", "the key file's cipher is not one of those that exist")
	}
	p := &pbes2{n: scryptN, r: scryptR, p: scryptP, salt: make([]byte, 16), iv: make([]byte, 16)}
	p.newBlock, p.keyLen = blockCipher(oid)
	for _, b := range [][]byte{p.salt, p.iv} {
		if _, err := io.ReadFull(random, b); err != nil {
			return nil, fmt.Errorf("drawing salt and IV: %w", err)
		}
	}
	key, err := p.deriveKey(pass)
	if err != nil {
		return nil, fmt.Errorf("deriving the key file's key: %w", err)
	}
	defer clear(key)
	block, err := p.newBlock(key)
	if err != nil {
		return nil, fmt.Errorf("taking the key file's cipher: %w", err)
	}
	pad := block.BlockSize() - len(info)%block.BlockSize()
	padded := append(bytes.Clone(info), bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(block, p.iv).CryptBlocks(padded, padded)
	return p.marshal(oid, padded)
}

func (p *pbes2) marshal(cipherOID asn1.ObjectIdentifier, ciphertext []byte) ([]byte, error) {
	var b cryptobyte.Builder
	sequence := func(b *cryptobyte.Builder, content func(*cryptobyte.Builder)) {
		b.AddASN1(der.SEQUENCE, content)
	}
	sequence(&b, func(b *cryptobyte.Builder) {
		sequence(b, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oidPBES2)
			sequence(b, func(b *cryptobyte.Builder) {
				sequence(b, func(b *cryptobyte.Builder) {
					b.AddASN1ObjectIdentifier(oidScrypt)
					sequence(b, p.addScrypt)
				})
				sequence(b, func(b *cryptobyte.Builder) {
					b.AddASN1ObjectIdentifier(cipherOID)
					b.AddASN1OctetString(p.iv)
				})
			})
		})
		b.AddASN1OctetString(ciphertext)
	})
	encoded, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("encoding the key file: %w", err)
	}
	return encoded, nil
}

// addScrypt writes scrypt-params without keyLength: the cipher says it.
func (p *pbes2) addScrypt(b *cryptobyte.Builder) {
	b.AddASN1OctetString(p.salt)
	b.AddASN1Int64(int64(p.n))
	b.AddASN1Int64(int64(p.r))
	b.AddASN1Int64(int64(p.p))
}
