package cms

import (
	"crypto/ecdsa"

	"github.com/emmansun/gmsm/sm2"
	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

// Limits on messages, in octets: a key message holds at most an RSA 4096 key and
// a certificate or two; an envelope of a text is held in memory whole.
const (
	MaxKeyMessage = 64 << 10
	MaxMessage    = 64 << 20
)

// Tags of the structures' own fields.
const (
	tag0  = der.Tag(0x80) // [0] IMPLICIT of a primitive
	tag0c = der.Tag(0xa0) // [0] constructed
	tag1c = der.Tag(0xa1)
	tag2c = der.Tag(0xa2)
)

// null is the DER of NULL, as parameters.
func null() []byte { return []byte{5, 0} }

// algorithm is an AlgorithmIdentifier as read.
type algorithm struct {
	oid        pki.OID
	parameters cryptobyte.String // with tag and length; empty if absent
}

func readAlgorithm(s *cryptobyte.String) (a algorithm, ok bool) {
	var body cryptobyte.String
	if !s.ReadASN1(&body, der.SEQUENCE) || !body.ReadASN1ObjectIdentifier(&a.oid) {
		return a, false
	}
	a.parameters = body
	if !body.Empty() {
		var tag der.Tag
		if !body.ReadAnyASN1Element(&a.parameters, &tag) || !body.Empty() {
			return a, false
		}
	}
	return a, true
}

// bare says that the parameters are absent or NULL; writers differ, readers take both.
func (a algorithm) bare() bool {
	return len(a.parameters) == 0 || string(a.parameters) == string(null())
}

// octets returns the parameters where they are one OCTET STRING of n octets.
func (a algorithm) octets(n int) ([]byte, bool) {
	var value cryptobyte.String
	input := a.parameters
	ok := input.ReadASN1(&value, der.OCTET_STRING) && input.Empty() && len(value) == n
	return value, ok
}

func (a algorithm) is(oids ...pki.OID) bool {
	for _, oid := range oids {
		if a.oid.Equal(oid) {
			return true
		}
	}
	return false
}

func addAlgorithm(b *cryptobyte.Builder, oid pki.OID, parameters []byte) {
	b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oid)
		b.AddBytes(parameters)
	})
}

// octetString encodes parameters that are an OCTET STRING: an IV. It is short.
func octetString(value []byte) []byte {
	return append([]byte{4, byte(len(value))}, value...)
}

// readPoint reads an uncompressed SM2 point, which must be on the curve.
func readPoint(point []byte) (*ecdsa.PublicKey, bool) {
	if len(point) != 65 || point[0] != 4 {
		return nil, false
	}
	key, err := sm2.NewPublicKey(point)
	return key, err == nil
}

// isSM2 says whether a public key is an SM2 key that can be used.
func isSM2(key *ecdsa.PublicKey) bool {
	//lint:ignore SA1019 gmsm's SM2 keys have no other form
	return key != nil && key.Curve == sm2.P256() && key.X != nil && key.Y != nil
}

// build finishes a Builder. What is built here cannot fail except by its size.
func build(b *cryptobyte.Builder, what string) ([]byte, error) {
	encoded, err := b.Bytes()
	if err != nil {
		return nil, errSize(what, MaxMessage)
	}
	return encoded, nil
}
