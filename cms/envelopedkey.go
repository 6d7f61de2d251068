package cms

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"fmt"
	"io"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm4"
	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

const nameEnvelopedKey = "SM2EnvelopedKey"

// SealSM2Key encloses a private key so that only the recipient's SM2 key opens
// it, and returns a DER SM2EnvelopedKey (GB/T 35276 7.4): a fresh content key to
// the recipient, the private key as 32 octets under SM4-ECB without padding. The
// public key is taken from key as it stands; that it belongs to the private one
// is checked where keys are made and stored, and by OpenSM2Key.
func SealSM2Key(random io.Reader, recipient *ecdsa.PublicKey, key *sm2.PrivateKey) ([]byte, error) {
	if key == nil || !isSM2(&key.PublicKey) || key.D == nil || key.D.Sign() <= 0 || key.D.BitLen() > 256 {
		return nil, pki.Errorf(pki.Invalid, "envelope.key", "the key to be sealed is not an SM2 private key")
	}
	contentKey, sealed, err := sealContentKey(random, recipient)
	if err != nil {
		return nil, err
	}
	defer clear(contentKey)
	scalar := key.D.FillBytes(make([]byte, 32))
	defer clear(scalar)
	encrypted, err := sm4ECB(contentKey, scalar, encrypt)
	if err != nil {
		return nil, err
	}
	return buildEnvelopedKey(sealed, &key.PublicKey, encrypted)
}

// sealContentKey draws an SM4 key and encrypts it to an SM2 key, as DER SM2Cipher.
func sealContentKey(random io.Reader, recipient *ecdsa.PublicKey) (contentKey, sealed []byte, err error) {
	if !isSM2(recipient) {
		return nil, nil, errRecipient("it is not an SM2 key")
	}
	contentKey = make([]byte, contentKeyLen)
	if _, err := io.ReadFull(random, contentKey); err != nil {
		return nil, nil, fmt.Errorf("drawing a content key: %w", err)
	}
	if sealed, err = sm2.EncryptASN1(random, recipient, contentKey); err != nil {
		return nil, nil, fmt.Errorf("encrypting the content key: %w", err)
	}
	return contentKey, sealed, nil
}

// buildEnvelopedKey puts the parts together; cipher is a DER SM2Cipher.
func buildEnvelopedKey(cipher []byte, public *ecdsa.PublicKey, encrypted []byte) ([]byte, error) {
	b := cryptobyte.NewBuilder(make([]byte, 0, 256))
	b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
		addAlgorithm(b, pki.OIDSM4ECB, null())
		b.AddBytes(cipher)
		b.AddASN1BitString(pki.Point(public))
		b.AddASN1BitString(encrypted)
	})
	return build(b, nameEnvelopedKey)
}

// OpenSM2Key opens a DER SM2EnvelopedKey with the holder's SM2 key, which may sit
// in hardware: it decrypts one SM2Cipher and nothing else. Read are SM4-ECB under
// both of its numbers, parameters NULL or absent, and a private key of 32 octets
// or padded to 48 (PKCS#7). The key answered is checked to belong to the public
// key beside it. Errors: envelope.size, envelope.format, envelope.algorithm,
// envelope.open, envelope.mismatch.
func OpenSM2Key(holder crypto.Decrypter, encoded []byte) (*sm2.PrivateKey, error) {
	message, err := readEnvelopedKey(encoded)
	if err != nil {
		return nil, err
	}
	if public, ok := holder.Public().(*ecdsa.PublicKey); !ok || !isSM2(public) {
		return nil, errOpen(nameEnvelopedKey)
	}
	contentKey, ok := decryptKey(holder, message.cipher)
	if !ok {
		return nil, errOpen(nameEnvelopedKey)
	}
	defer clear(contentKey)
	scalar, err := sm4ECB(contentKey, message.encrypted, decrypt)
	if err != nil {
		return nil, err
	}
	defer clear(scalar)
	if len(scalar) == 48 {
		if !bytes.Equal(scalar[32:], bytes.Repeat([]byte{16}, 16)) {
			return nil, errOpen(nameEnvelopedKey)
		}
		scalar = scalar[:32]
	}
	key, err := sm2.NewPrivateKey(scalar) // refuses what is not in [1, n-2]
	if err != nil {
		return nil, errOpen(nameEnvelopedKey)
	}
	if !key.PublicKey.Equal(message.public) {
		return nil, errMismatch(nameEnvelopedKey)
	}
	return key, nil
}

// envelopedKey is an SM2EnvelopedKey as read.
type envelopedKey struct {
	cipher    []byte // DER SM2Cipher of the content key
	public    *ecdsa.PublicKey
	encrypted []byte // 32 or 48 octets
}

func readEnvelopedKey(encoded []byte) (*envelopedKey, error) {
	if len(encoded) > MaxKeyMessage {
		return nil, errSize(nameEnvelopedKey, MaxKeyMessage)
	}
	input := cryptobyte.String(encoded)
	var body cryptobyte.String
	if !input.ReadASN1(&body, der.SEQUENCE) || !input.Empty() {
		return nil, errFormat(nameEnvelopedKey)
	}
	symmetric, ok := readAlgorithm(&body)
	if !ok {
		return nil, errFormat(nameEnvelopedKey)
	}
	if !symmetric.is(pki.OIDSM4ECB, pki.OIDSM4) {
		return nil, errAlgorithm(nameEnvelopedKey)
	}
	message := new(envelopedKey)
	var point []byte
	message.cipher, ok = readSM2Cipher(&body)
	if !ok || !symmetric.bare() ||
		!body.ReadASN1BitStringAsBytes(&point) ||
		!body.ReadASN1BitStringAsBytes(&message.encrypted) || !body.Empty() ||
		len(message.encrypted) != 32 && len(message.encrypted) != 48 {
		return nil, errFormat(nameEnvelopedKey)
	}
	if message.public, ok = readPoint(point); !ok {
		return nil, errFormat(nameEnvelopedKey)
	}
	return message, nil
}

type direction bool

const (
	encrypt direction = true
	decrypt direction = false
)

// sm4ECB runs whole blocks through SM4 one by one. ECB is the formats' choice; it
// is sound here because each key is fresh and encrypts one private key.
func sm4ECB(key, input []byte, way direction) ([]byte, error) {
	block, err := sm4.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("taking SM4: %w", err)
	}
	if len(input)%sm4.BlockSize != 0 {
		return nil, errFormat("encrypted private key")
	}
	output := make([]byte, len(input))
	for i := 0; i < len(input); i += sm4.BlockSize {
		if way == encrypt {
			block.Encrypt(output[i:], input[i:])
		} else {
			block.Decrypt(output[i:], input[i:])
		}
	}
	return output, nil
}
