package pki

import (
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Extension is one extension of a certificate, request or CRL; Value is the DER
// inside the OCTET STRING.
type Extension struct {
	OID      OID
	Critical bool
	Value    []byte
}

// Template is everything that stands in a certificate before it is signed. Issuer
// and Subject are DER names; the issuer's is copied from its certificate byte for
// byte, since software compares names so.
type Template struct {
	Serial     Serial
	Suite      Suite // of the issuer's key: names the signature algorithm
	Issuer     []byte
	Subject    []byte
	NotBefore  time.Time
	NotAfter   time.Time
	PublicKey  []byte // SubjectPublicKeyInfo
	Extensions []Extension
}

// usualTBS holds most to-be-signed certificates, in octets.
const usualTBS = 1024

// TBS returns the to-be-signed bytes (RFC 5280 4.1). They are made once, stored,
// linted and only then signed, so they are the same whoever signs them.
func (t Template) TBS() ([]byte, error) {
	algorithm := AlgorithmIdentifier(t.Suite)
	if algorithm == nil {
		return nil, Errorf(Internal, "certificate.suite", "no signature algorithm for the issuer's suite")
	}
	b := cryptobyte.NewBuilder(make([]byte, 0, usualTBS))
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.Tag(0).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) {
			b.AddASN1Int64(2) // v3
		})
		b.AddASN1BigInt(t.Serial.Big())
		b.AddBytes(algorithm)
		b.AddBytes(t.Issuer)
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			addTime(b, t.NotBefore)
			addTime(b, t.NotAfter)
		})
		b.AddBytes(t.Subject)
		b.AddBytes(t.PublicKey)
		b.AddASN1(cbasn1.Tag(3).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) {
			addExtensions(b, t.Extensions)
		})
	})
	return b.Bytes()
}

// addTime writes UTCTime to 2049 and GeneralizedTime from 2050 (RFC 5280 4.1.2.5).
func addTime(b *cryptobyte.Builder, t time.Time) {
	if t = t.UTC(); t.Year() < 2050 {
		b.AddASN1UTCTime(t)
	} else {
		b.AddASN1GeneralizedTime(t)
	}
}

func addExtensions(b *cryptobyte.Builder, extensions []Extension) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, e := range extensions {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(e.OID)
				if e.Critical {
					b.AddASN1Boolean(true)
				}
				b.AddASN1OctetString(e.Value)
			})
		}
	})
}

// Assemble puts to-be-signed bytes and their signature together: the shape that
// certificates, CRLs and requests share.
func Assemble(tbs []byte, suite Suite, signature []byte) []byte {
	b := cryptobyte.NewBuilder(make([]byte, 0, len(tbs)+len(signature)+64))
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(tbs)
		b.AddBytes(AlgorithmIdentifier(suite))
		b.AddASN1BitString(signature)
	})
	return b.BytesOrPanic()
}

// ThrowAway assembles tbs with a signature of the right shape that nobody made,
// for linting before anything is signed (design.md §3.2).
func ThrowAway(tbs []byte, suite Suite) []byte {
	if suite.Family() == "rsa" {
		return Assemble(tbs, suite, make([]byte, 256))
	}
	one := []byte{0x30, 6, 2, 1, 1, 2, 1, 1} // SEQUENCE { r 1, s 1 }
	return Assemble(tbs, suite, one)
}
