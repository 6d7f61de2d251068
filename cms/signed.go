package cms

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/smx509"
	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

// A signed document is SignedData (RFC 5652 5) with the content inside, one signer named
// by issuer and serial, his certificate, and the signed attributes content type, message
// digest and signing time. SM2 stands under the numbers BouncyCastle and Tongsuo take
// (1.2.156.10197.1.501 in the international content types); OpenSSL verifies the others.

const nameSigned = "signed document"

// Author signs documents.
type Author struct {
	Key         crypto.Signer // RSA, P-256, P-384 or SM2
	Certificate *smx509.Certificate
	At          time.Time // signing time
}

// method is how a kind of key signs.
type method struct {
	digestOID, signatureOID pki.OID
	parameters              []byte // of the signature's algorithm
	options                 crypto.SignerOpts
	check                   smx509.SignatureAlgorithm
	sum                     func([]byte) []byte
}

func methodOf(public crypto.PublicKey) (m method, err error) {
	switch key := public.(type) {
	case *rsa.PublicKey:
		return method{oidSHA256, pki.OIDRSA, null(), crypto.SHA256, smx509.SHA256WithRSA, sum256}, nil
	case *ecdsa.PublicKey:
		if key.Curve == sm2.P256() {
			return method{pki.OIDSM3, pki.OIDSM2WithSM3, nil, sm2.DefaultSM2SignerOpts, smx509.SM2WithSM3, sumSM3}, nil
		}
		if key.Curve.Params().BitSize == 384 {
			return method{oidSHA384, pki.OIDECDSASHA384, nil, crypto.SHA384, smx509.ECDSAWithSHA384, sum384}, nil
		}
		return method{oidSHA256, pki.OIDECDSASHA256, nil, crypto.SHA256, smx509.ECDSAWithSHA256, sum256}, nil
	}
	return m, errAlgorithm(nameSigned)
}

func sum256(b []byte) []byte { s := sha256.Sum256(b); return s[:] }
func sum384(b []byte) []byte { s := sha512.Sum384(b); return s[:] }
func sumSM3(b []byte) []byte { s := sm3.Sum(b); return s[:] }

// SignDocument makes a signed document, DER. Errors: envelope.signer, envelope.size.
func SignDocument(random io.Reader, by Author, content []byte) ([]byte, error) {
	if by.Key == nil || by.Certificate == nil {
		return nil, pki.Errorf(pki.Invalid, "envelope.signer", "nobody signs the document")
	}
	if own, ok := by.Key.Public().(interface{ Equal(crypto.PublicKey) bool }); !ok || !own.Equal(by.Certificate.PublicKey) {
		return nil, pki.Errorf(pki.Invalid, "envelope.signer", "the key is not the certificate's").To("give the certificate of the key that signs")
	}
	m, err := methodOf(by.Key.Public())
	if err != nil {
		return nil, err
	}
	attributes, err := m.attributes(content, by.At)
	if err != nil {
		return nil, err
	}
	signature, err := crypto.SignMessage(by.Key, random, wrap(der.SET, attributes), m.options)
	if err != nil {
		return nil, fmt.Errorf("signing the document: %w", err)
	}
	return m.document(by.Certificate, content, attributes, signature)
}

// document puts the message together.
func (m method) document(c *smx509.Certificate, content, attributes, signature []byte) ([]byte, error) {
	signer := Recipient{Issuer: c.RawIssuer, Serial: c.SerialNumber}
	var b cryptobyte.Builder
	b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oidSigned)
		b.AddASN1(tag0c, func(b *cryptobyte.Builder) {
			b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1Int64(1)
				b.AddASN1(der.SET, func(b *cryptobyte.Builder) { addAlgorithm(b, m.digestOID, nil) })
				b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1ObjectIdentifier(oidData)
					b.AddASN1(tag0c, func(b *cryptobyte.Builder) { b.AddASN1OctetString(content) })
				})
				b.AddASN1(tag0c, func(b *cryptobyte.Builder) { b.AddBytes(c.Raw) })
				b.AddASN1(der.SET, func(b *cryptobyte.Builder) {
					b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
						b.AddASN1Int64(1)
						signer.addID(b)
						addAlgorithm(b, m.digestOID, nil)
						b.AddASN1(tag0c, func(b *cryptobyte.Builder) { b.AddBytes(attributes) })
						addAlgorithm(b, m.signatureOID, m.parameters)
						b.AddASN1OctetString(signature)
					})
				})
			})
		})
	})
	encoded, err := build(&b, nameSigned)
	if err == nil && len(encoded) > MaxMessage {
		return nil, errSize(nameSigned, MaxMessage)
	}
	return encoded, err
}

// attributes are the signed attributes in the order of DER (a SET OF is sorted).
func (m method) attributes(content []byte, at time.Time) ([]byte, error) {
	var kind, moment, digest cryptobyte.Builder
	kind.AddASN1ObjectIdentifier(oidData)
	if year := at.UTC().Year(); year < 1950 || year > 2049 { // RFC 5652 11.3
		moment.AddASN1GeneralizedTime(at.UTC())
	} else {
		moment.AddASN1UTCTime(at.UTC())
	}
	digest.AddASN1OctetString(m.sum(content))
	var all [][]byte
	for _, one := range []struct {
		oid   pki.OID
		value *cryptobyte.Builder
	}{{oidContentType, &kind}, {oidSigningTime, &moment}, {oidMessageDigest, &digest}} {
		value, err := one.value.Bytes()
		if err != nil {
			return nil, fmt.Errorf("writing an attribute of the %s: %w", nameSigned, err)
		}
		var b cryptobyte.Builder
		b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(one.oid)
			b.AddASN1(der.SET, func(b *cryptobyte.Builder) { b.AddBytes(value) })
		})
		encoded, err := build(&b, nameSigned)
		if err != nil {
			return nil, err
		}
		all = append(all, encoded)
	}
	slices.SortFunc(all, slices.Compare)
	return slices.Concat(all...), nil
}

func wrap(tag der.Tag, content []byte) []byte {
	var b cryptobyte.Builder
	b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes(content) })
	return b.BytesOrPanic() // within MaxMessage
}
