package kmc

import (
	"crypto/ecdsa"
	"fmt"
	"io"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/smx509"
	"golang.org/x/crypto/cryptobyte"

	"onecert/keys"
	"onecert/pki"
)

// speaker is one end's own message key and the certificate it stands in.
type speaker struct {
	entity
	key *keys.Key
}

// newSpeaker checks that key is an SM2 key and certificate its certificate.
func newSpeaker(key *keys.Key, certificate *smx509.Certificate) (*speaker, error) {
	if key == nil || certificate == nil || key.Suite() != pki.SM2 {
		return nil, pki.Errorf(pki.Invalid, "km.message-key", "messages are signed with an SM2 key, and there is none").
			To("give the component an SM2 message key and its certificate")
	}
	public, ok := certificate.PublicKey.(*ecdsa.PublicKey)
	if !ok || !public.Equal(key.Public()) {
		return nil, pki.Errorf(pki.Invalid, "km.message-key", "the message certificate does not belong to the message key").
			To("configure the certificate that was issued for this key")
	}
	return &speaker{entityOf(certificate), key}, nil
}

// entityOf is how the holder of a certificate names itself: its subject as
// directoryName, SM3 over its SubjectPublicKeyInfo, its serial.
func entityOf(certificate *smx509.Certificate) entity {
	var b cryptobyte.Builder
	b.AddASN1(tagged(4), func(b *cryptobyte.Builder) { b.AddBytes(certificate.RawSubject) })
	hash := sm3.Sum(certificate.RawSubjectPublicKeyInfo)
	return entity{b.BytesOrPanic(), hash[:], pki.SerialOf(certificate.SerialNumber)}
}

// seal signs a body: the signature covers its DER (5.2), digested once.
func (s *speaker) seal(random io.Reader, body []byte) ([]byte, error) {
	signature, err := s.key.SignMessage(random, body, nil)
	if err != nil {
		return nil, fmt.Errorf("signing the message: %w", err)
	}
	return (&signedMessage{body, signature}).marshal()
}

// verify checks the signature with the peer's configured key, never with anything
// the message brings along.
func (m *signedMessage) verify(public *ecdsa.PublicKey) error {
	if !sm2.VerifyASN1WithSM2(public, nil, m.body, m.signature) {
		return pki.Errorf(pki.Forbidden, codeSignature, "the message's signature does not fit the key configured for its sender").
			To("check that both ends have each other's present message certificate")
	}
	return nil
}
