package verify

import (
	"crypto/ecdsa"
	"encoding/asn1"

	"github.com/emmansun/gmsm/sm2"
	"golang.org/x/crypto/cryptobyte"
	cb "golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

// BuildOCSPRequest makes the request for one certificate, DER (RFC 6960 4.1). Issuers
// with SM2 keys are named by SM3, all others by SHA-1, which every responder knows;
// the hash only names the issuer. nonce may be nil.
func BuildOCSPRequest(c, issuer *Certificate, nonce []byte) []byte {
	oid := asn1.ObjectIdentifier(oidSHA1)
	if key, ok := issuer.PublicKey.(*ecdsa.PublicKey); ok && key.Curve == sm2.P256() {
		oid = pki.OIDSM3
	}
	nameHash, keyHash := certID(octets(oid), c.Issuer, issuer.SPKI)
	var b cryptobyte.Builder
	sequence := func(tag cb.Tag, body func(*cryptobyte.Builder)) func(*cryptobyte.Builder) {
		return func(b *cryptobyte.Builder) { b.AddASN1(tag, body) }
	}
	id := func(b *cryptobyte.Builder) {
		b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oid)
			b.AddASN1NULL()
		})
		b.AddASN1OctetString(nameHash)
		b.AddASN1OctetString(keyHash)
		b.AddASN1(cb.INTEGER, func(b *cryptobyte.Builder) { b.AddBytes(c.serial) })
	}
	b.AddASN1(cb.SEQUENCE, sequence(cb.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cb.SEQUENCE, sequence(cb.SEQUENCE, sequence(cb.SEQUENCE, id)))
		if nonce != nil {
			b.AddASN1(explicit(2), sequence(cb.SEQUENCE, sequence(cb.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oidNonce)
				b.AddASN1(cb.OCTET_STRING, func(b *cryptobyte.Builder) { b.AddASN1OctetString(nonce) })
			})))
		}
	}))
	der, err := b.Bytes()
	if err != nil {
		return nil // the builder fails on lengths that no certificate we read has
	}
	return der
}

// certID hashes an issuer's name and the bits of its key; nil for hashes we do not know.
func certID(hash string, name, spki []byte) (nameHash, keyHash []byte) {
	fresh, known := hashes[hash]
	if !known {
		return nil, nil
	}
	input := cryptobyte.String(spki)
	var body cryptobyte.String
	var bits []byte
	if !input.ReadASN1(&body, cb.SEQUENCE) || !body.SkipASN1(cb.SEQUENCE) || !body.ReadASN1BitStringAsBytes(&bits) {
		return nil, nil
	}
	sum := func(data []byte) []byte {
		h := fresh()
		h.Write(data)
		return h.Sum(nil)
	}
	return sum(name), sum(bits)
}
