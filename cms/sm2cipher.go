package cms

import (
	"crypto"
	"crypto/rand"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"
)

// contentKeyLen is the length of the symmetric keys SM2 carries here: SM4's.
const contentKeyLen = 16

// readSM2Cipher reads the SM2Cipher (GB/T 35276 7.2) of a content key and returns
// it whole, as a decrypter takes it. C1 must be on the curve: a device may not check.
func readSM2Cipher(s *cryptobyte.String) ([]byte, bool) {
	var element, body, hash, text cryptobyte.String
	var x, y []byte
	if !s.ReadASN1Element(&element, der.SEQUENCE) {
		return nil, false
	}
	input := element
	if !input.ReadASN1(&body, der.SEQUENCE) ||
		!body.ReadASN1Integer(&x) || !body.ReadASN1Integer(&y) ||
		!body.ReadASN1(&hash, der.OCTET_STRING) || !body.ReadASN1(&text, der.OCTET_STRING) || !body.Empty() ||
		len(x) > 32 || len(y) > 32 || len(hash) != sm3.Size || len(text) != contentKeyLen {
		return nil, false
	}
	point := make([]byte, 65)
	point[0] = 4
	copy(point[33-len(x):33], x)
	copy(point[65-len(y):], y)
	_, ok := readPoint(point)
	return element, ok
}

// sm2Ciphers returns the forms an encryptedKey may have meant, as DER: it is a
// DER SM2Cipher, or raw octets with or without 04 in either order of C2 and C3
// (gm-cms.md §5). The hash in it decides between the orders.
func sm2Ciphers(key []byte) [][]byte {
	input := cryptobyte.String(key)
	if element, ok := readSM2Cipher(&input); ok && input.Empty() {
		return [][]byte{element}
	}
	const rawLen = 64 + sm3.Size + contentKeyLen
	if len(key) == rawLen+1 && key[0] == 4 {
		key = key[1:]
	}
	if len(key) != rawLen {
		return nil
	}
	var forms [][]byte
	for _, form := range [][2][]byte{
		{key[64 : 64+sm3.Size], key[64+sm3.Size:]},
		{key[64+contentKeyLen:], key[64 : 64+contentKeyLen]},
	} {
		var b cryptobyte.Builder
		b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
			addUnsigned(b, key[:32])
			addUnsigned(b, key[32:64])
			b.AddASN1OctetString(form[0])
			b.AddASN1OctetString(form[1])
		})
		encoded := cryptobyte.String(b.BytesOrPanic())
		if element, ok := readSM2Cipher(&encoded); ok {
			forms = append(forms, element)
		}
	}
	return forms
}

// addUnsigned writes fixed-length big-endian octets as a minimal INTEGER.
func addUnsigned(b *cryptobyte.Builder, value []byte) {
	for len(value) > 1 && value[0] == 0 {
		value = value[1:]
	}
	b.AddASN1(der.INTEGER, func(b *cryptobyte.Builder) {
		if value[0]&0x80 != 0 {
			b.AddUint8(0)
		}
		b.AddBytes(value)
	})
}

// decryptKey has the holder decrypt an SM2Cipher of a content key.
func decryptKey(holder crypto.Decrypter, cipher []byte) ([]byte, bool) {
	key, err := holder.Decrypt(rand.Reader, cipher, sm2.ASN1DecrypterOpts)
	return key, err == nil && len(key) == contentKeyLen
}
