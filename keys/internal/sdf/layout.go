package sdf

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/binary"
	"fmt"
	"math/big"

	"github.com/emmansun/gmsm/sm2"
	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

// layout is how long a number's field is in the structures: 64 octets in the
// standard (ECCref_MAX_LEN), 32 in some makers' headers. Numbers are big-endian and
// right-aligned (GM/T 0018 5.4-5.7).
type layout int

const (
	numberLen = 32 // an SM2 number
	digestLen = 32 // C3, and e
	// maxText bounds the text of a ciphertext; makers' limits are 136 or 255.
	maxText = 4096
	// slack is kept behind every structure, for libraries whose own structure ends
	// with an array of fixed length and who clear or copy all of it.
	slack = 1024
)

// Sizes of ECCrefPublicKey, ECCSignature and ECCCipher without its text.
func (f layout) publicLen() int    { return 4 + 2*int(f) }
func (f layout) signatureLen() int { return 2 * int(f) }
func (f layout) cipherLen() int    { return 2*int(f) + digestLen + 4 }

// buffer returns room for a structure of n octets that a library may write to. It
// is never smaller than the standard's, whatever the layout.
func buffer(n int) []byte { return make([]byte, n+slack) }

// number takes the number out of a field; false if it has more than 256 bits, as
// one has that was written left-aligned or into a shorter field.
func (f layout) number(field []byte) (*big.Int, bool) {
	n := new(big.Int).SetBytes(field[:f])
	return n, n.BitLen() <= 8*numberLen
}

// public reads an ECCrefPublicKey.
func (f layout) public(s []byte) (*ecdsa.PublicKey, error) {
	bits := binary.NativeEndian.Uint32(s)
	x, okX := f.number(s[4:])
	y, okY := f.number(s[4+f:])
	if bits == 8*numberLen && okX && okY {
		point := make([]byte, 1+2*numberLen)
		point[0] = 4
		x.FillBytes(point[1 : 1+numberLen])
		y.FillBytes(point[1+numberLen:])
		if key, err := sm2.NewPublicKey(point); err == nil {
			return key, nil
		}
	}
	return nil, pki.Errorf(pki.Invalid, "key.point", "what the device gives as public key is not a point of SM2's curve").
		To("see the maker's header: if ECCref_MAX_LEN is 32 there, add field=32 to the key's URI")
}

// signatureDER turns an ECCSignature into DER (GM/T 0009 7.3).
func (f layout) signatureDER(s []byte) ([]byte, error) {
	r, okR := f.number(s)
	t, okS := f.number(s[f:])
	order := sm2.P256().Params().N
	for _, n := range []*big.Int{r, t} {
		if n.Sign() == 0 || n.Cmp(order) >= 0 {
			okR = false
		}
	}
	if !okR || !okS {
		return nil, errWrong()
	}
	b := cryptobyte.NewBuilder(make([]byte, 0, 72))
	b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1BigInt(r)
		b.AddASN1BigInt(t)
	})
	return b.Bytes()
}

// cipher turns a DER SM2Cipher (GM/T 0009 7.2) into an ECCCipher with slack behind it.
func (f layout) cipher(encoded []byte) ([]byte, error) {
	input := cryptobyte.String(encoded)
	var body, digest, text cryptobyte.String
	x, y := new(big.Int), new(big.Int)
	if !input.ReadASN1(&body, der.SEQUENCE) || !input.Empty() ||
		!body.ReadASN1Integer(x) || !body.ReadASN1Integer(y) ||
		!body.ReadASN1(&digest, der.OCTET_STRING) || !body.ReadASN1(&text, der.OCTET_STRING) || !body.Empty() ||
		x.Sign() < 0 || y.Sign() < 0 || x.BitLen() > 8*numberLen || y.BitLen() > 8*numberLen ||
		len(digest) != digestLen || len(text) == 0 || len(text) > maxText {
		return nil, errCiphertext()
	}
	s := buffer(f.cipherLen() + len(text))
	x.FillBytes(s[:f])
	y.FillBytes(s[f : 2*f])
	copy(s[2*f:], digest)
	binary.NativeEndian.PutUint32(s[2*f+digestLen:], uint32(len(text)))
	copy(s[f.cipherLen():], text)
	return s, nil
}

// cipherDER is the reverse of cipher.
func (f layout) cipherDER(s []byte) ([]byte, error) {
	if len(s) < f.cipherLen() {
		return nil, errCiphertext()
	}
	x, okX := f.number(s)
	y, okY := f.number(s[f:])
	text := s[f.cipherLen():]
	length := binary.NativeEndian.Uint32(s[2*f+digestLen:])
	if !okX || !okY || length == 0 || length > maxText || int(length) > len(text) {
		return nil, errCiphertext()
	}
	b := cryptobyte.NewBuilder(nil)
	b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1BigInt(x)
		b.AddASN1BigInt(y)
		b.AddASN1OctetString(s[2*f : 2*f+digestLen])
		b.AddASN1OctetString(text[:length])
	})
	encoded, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("encoding a ciphertext: %w", err)
	}
	return encoded, nil
}

// Info is what a device says of itself (DEVICEINFO).
type Info struct {
	Manufacturer, Model, Serial string
	Version, Standard           uint32
}

const infoLen = 100

// VersionText returns the device's version as its makers print it, four octets with dots.
func (i Info) VersionText() string {
	return fmt.Sprintf("%d.%d.%d.%d", i.Version>>24, i.Version>>16&0xff, i.Version>>8&0xff, i.Version&0xff)
}

func parseInfo(s []byte) Info {
	text := func(field []byte) string {
		field, _, _ = bytes.Cut(field, []byte{0})
		return string(bytes.TrimRight(field, " "))
	}
	return Info{text(s[:40]), text(s[40:56]), text(s[56:72]), binary.NativeEndian.Uint32(s[72:]), binary.NativeEndian.Uint32(s[76:])}
}

func errCiphertext() error {
	return pki.Errorf(pki.Invalid, "key.ciphertext", "the ciphertext is not an SM2Cipher in DER (x, y, digest, text)")
}

func errWrong() error {
	return pki.Errorf(pki.Internal, "key.device-wrong", "the device made a signature that does not verify under the key's public key").
		To("see whether another device answers, and the maker's header for the length of numbers (field=32); if neither, take it out of service")
}
