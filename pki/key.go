package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"math/big"

	"github.com/emmansun/gmsm/sm2"
	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// ParsePublicKey reads a SubjectPublicKeyInfo strictly and refuses keys nobody
// should certify: RSA of a size we do not name, an exponent that is even, 1, or
// below 65537; curve points off the curve or compressed. The identifier pair
// SM2/SM2, which Tongsuo writes, is read as the SM2 curve.
func ParsePublicKey(spki []byte) (crypto.PublicKey, error) {
	input := cryptobyte.String(spki)
	var info, algorithm cryptobyte.String
	var oid OID
	var bits []byte
	if !input.ReadASN1(&info, cbasn1.SEQUENCE) || !input.Empty() ||
		!info.ReadASN1(&algorithm, cbasn1.SEQUENCE) ||
		!algorithm.ReadASN1ObjectIdentifier(&oid) ||
		!info.ReadASN1BitStringAsBytes(&bits) || !info.Empty() {
		return nil, Errorf(Invalid, "key.malformed", "the public key is not a valid SubjectPublicKeyInfo")
	}
	switch {
	case oid.Equal(OIDRSA):
		var null cryptobyte.String
		if !algorithm.Empty() && (!algorithm.ReadASN1(&null, cbasn1.NULL) || !null.Empty() || !algorithm.Empty()) {
			return nil, Errorf(Invalid, "key.malformed", "the RSA key's algorithm has parameters other than NULL")
		}
		return parseRSA(bits)
	case oid.Equal(OIDECPublicKey), oid.Equal(OIDSM2):
		var curve OID
		if !algorithm.ReadASN1ObjectIdentifier(&curve) || !algorithm.Empty() {
			return nil, Errorf(Invalid, "key.curve", "the key's curve is not given by name").
				To("make the key with a named curve: SM2, P-256 or P-384")
		}
		return parsePoint(curve, bits)
	}
	return nil, Errorf(Invalid, "key.algorithm", "the key's algorithm is not supported").
		To("use SM2, RSA (2048, 3072, 4096), P-256 or P-384")
}

func parseRSA(bits []byte) (crypto.PublicKey, error) {
	input := cryptobyte.String(bits)
	var sequence cryptobyte.String
	n, e := new(big.Int), new(big.Int)
	if !input.ReadASN1(&sequence, cbasn1.SEQUENCE) || !input.Empty() ||
		!sequence.ReadASN1Integer(n) || !sequence.ReadASN1Integer(e) || !sequence.Empty() {
		return nil, Errorf(Invalid, "key.malformed", "the RSA public key is malformed")
	}
	if n.Sign() <= 0 || n.Bit(0) == 0 {
		return nil, Errorf(Invalid, "key.modulus", "the RSA modulus is not an odd positive number").To("make a new key")
	}
	if e.Cmp(big.NewInt(65537)) < 0 || e.Bit(0) == 0 || e.BitLen() > 31 {
		return nil, Errorf(Invalid, "key.exponent", "the RSA exponent is even, below 65537 or over 31 bits").
			To("make a new key with exponent 65537")
	}
	key := &rsa.PublicKey{N: n, E: int(e.Int64())}
	if _, err := SuiteOf(key); err != nil {
		return nil, err
	}
	return key, nil
}

func parsePoint(curve OID, point []byte) (crypto.PublicKey, error) {
	switch {
	case curve.Equal(OIDSM2):
		if len(point) != 65 || point[0] != 4 {
			return nil, offCurve()
		}
		key, err := sm2.NewPublicKey(point)
		if err != nil {
			return nil, offCurve()
		}
		return key, nil
	case curve.Equal(OIDP256):
		return parseNIST(elliptic.P256(), point)
	case curve.Equal(OIDP384):
		return parseNIST(elliptic.P384(), point)
	}
	return nil, Errorf(Invalid, "key.curve", "the key's curve is not supported").To("use SM2, P-256 or P-384")
}

func parseNIST(curve elliptic.Curve, point []byte) (crypto.PublicKey, error) {
	key, err := ecdsa.ParseUncompressedPublicKey(curve, point)
	if err != nil {
		return nil, offCurve()
	}
	return key, nil
}

func offCurve() error {
	return Errorf(Invalid, "key.point", "the public key is not an uncompressed point on its curve").To("make a new key")
}

// MarshalPublicKey returns the SubjectPublicKeyInfo of a key; every curve goes
// under id-ecPublicKey with its name as parameter.
func MarshalPublicKey(public crypto.PublicKey) ([]byte, error) {
	suite, err := SuiteOf(public)
	if err != nil {
		return nil, err
	}
	b := cryptobyte.NewBuilder(make([]byte, 0, 96))
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { addKeyAlgorithm(b, suite) })
		b.AddASN1BitString(keyBits(public))
	})
	return b.Bytes()
}

func addKeyAlgorithm(b *cryptobyte.Builder, suite Suite) {
	switch suite {
	case SM2:
		b.AddASN1ObjectIdentifier(OIDECPublicKey)
		b.AddASN1ObjectIdentifier(OIDSM2)
	case P256:
		b.AddASN1ObjectIdentifier(OIDECPublicKey)
		b.AddASN1ObjectIdentifier(OIDP256)
	case P384:
		b.AddASN1ObjectIdentifier(OIDECPublicKey)
		b.AddASN1ObjectIdentifier(OIDP384)
	default:
		b.AddASN1ObjectIdentifier(OIDRSA)
		b.AddASN1NULL()
	}
}

// keyBits returns the content of the key's BIT STRING; SuiteOf has accepted the key.
func keyBits(public crypto.PublicKey) []byte {
	if key, ok := public.(*rsa.PublicKey); ok {
		var b cryptobyte.Builder
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1BigInt(key.N)
			b.AddASN1Int64(int64(key.E))
		})
		return b.BytesOrPanic()
	}
	return Point(public.(*ecdsa.PublicKey))
}

// Point returns 04‖X‖Y of an elliptic-curve key, SM2 included.
func Point(key *ecdsa.PublicKey) []byte {
	size := (key.Curve.Params().BitSize + 7) / 8
	point := make([]byte, 1+2*size)
	point[0] = 4
	//lint:ignore SA1019 PublicKey.Bytes knows no SM2 curve
	key.X.FillBytes(point[1 : 1+size])
	//lint:ignore SA1019 PublicKey.Bytes knows no SM2 curve
	key.Y.FillBytes(point[1+size:])
	return point
}

// KeyHash is the name of a public key in tables: SHA-256 of its SPKI in hex.
func KeyHash(spki []byte) string { return Fingerprint(spki) }

// Fingerprint is the SHA-256 of a certificate's DER in hex, the name officers'
// certificates are registered under.
func Fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

// KeyID is the subject key identifier we write: the leftmost 160 bits of the
// SHA-256 of the key's bits (RFC 7093 2, method 1). Nobody recomputes it, so
// the hash is free; SHA-1 is avoided because scanners flag it.
func KeyID(public crypto.PublicKey) []byte {
	sum := sha256.Sum256(keyBits(public))
	return sum[:20]
}
