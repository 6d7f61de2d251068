package cms

import (
	"crypto"
	"crypto/ecdsa"
	"fmt"
	"io"
	"math/big"

	"github.com/emmansun/gmsm/sm2"
	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

// A key answer is retPriKey of GM/T 0014: a bare SignedAndEnvelopedData (GM/T
// 0010) that carries an escrowed private key from the key management centre to
// its holder, through a CA that verifies it and cannot read it. What GM/T 0014
// leaves open is decided in docs/decisions/2026-11-23-km-answer-profile.md.

const nameAnswer = "key answer"

// Signer is the key management centre that answers.
type Signer struct {
	Key crypto.Signer // an SM2 key
	// Issuer (DER Name) and Serial name its certificate.
	Issuer []byte
	Serial *big.Int
	// Certificate is carried along if given, DER.
	Certificate []byte
}

// AnswerSM2Key makes the key answer for an SM2 pair, to the holder's SM2 signing
// key: the private key as 32 octets under SM4-ECB without padding, so that
// RepackSM2 needs no key. Give to.Issuer and to.Serial where both ends know them;
// by the key's identifier otherwise. Returns the DER of SignedAndEnvelopedData.
func AnswerSM2Key(random io.Reader, to Recipient, by Signer, key *sm2.PrivateKey) ([]byte, error) {
	suite, err := to.suite()
	if err != nil {
		return nil, err
	}
	if suite != pki.SM2 {
		return nil, errRecipient("an SM2 key is answered to an SM2 key only")
	}
	if key == nil || !isSM2(&key.PublicKey) || key.D == nil || key.D.Sign() <= 0 || key.D.BitLen() > 256 {
		return nil, pki.Errorf(pki.Invalid, "envelope.key", "the key to be answered is not an SM2 private key")
	}
	contentKey, sealed, err := sealContentKey(random, to.Public.(*ecdsa.PublicKey))
	if err != nil {
		return nil, err
	}
	defer clear(contentKey)
	scalar := key.D.FillBytes(make([]byte, 32))
	defer clear(scalar)
	secret, err := sm4ECB(contentKey, scalar, encrypt)
	if err != nil {
		return nil, err
	}
	info, err := buildEncrypted(oidGMData, pki.OIDSM4ECB, null(), secret)
	if err != nil {
		return nil, err
	}
	var b cryptobyte.Builder
	to.addTransport(&b, to.version(true), pki.OIDSM2Encrypt, sealed)
	recipient, err := build(&b, "recipient")
	if err != nil {
		return nil, err
	}
	return by.answer(random, recipient, info)
}

// AnswerPKCS8 makes the key answer for an RSA or ECDSA pair, to an RSA or ECDSA
// signing key: the private key as PKCS#8 DER under AES-256-CBC, the recipient in
// the form of RFC 5652, so that RepackCMS needs no key.
func AnswerPKCS8(random io.Reader, to Recipient, by Signer, pkcs8 []byte) ([]byte, error) {
	suite, err := to.suite()
	if err != nil {
		return nil, err
	}
	if suite == pki.SM2 {
		return nil, errRecipient("a PKCS#8 key is answered to an RSA or ECDSA key only")
	}
	if len(pkcs8) == 0 || len(pkcs8) > MaxKeyMessage/2 {
		return nil, errSize("private key", MaxKeyMessage/2)
	}
	cipher, _ := findCipher(oidAES256CBC)
	contentKey := make([]byte, cipher.keyLen)
	defer clear(contentKey)
	if _, err := io.ReadFull(random, contentKey); err != nil {
		return nil, fmt.Errorf("drawing a content key: %w", err)
	}
	info, err := encryptContent(random, oidData, cipher, contentKey, pkcs8)
	if err != nil {
		return nil, err
	}
	var b cryptobyte.Builder
	if err := to.addTo(&b, random, contentKey, false); err != nil {
		return nil, err
	}
	recipient, err := build(&b, "recipient")
	if err != nil {
		return nil, err
	}
	return by.answer(random, recipient, info)
}

// answer signs the EncryptedContentInfo, which a CA that cannot decrypt can
// verify, and puts the message together.
func (s Signer) answer(random io.Reader, recipient, info []byte) ([]byte, error) {
	named := Recipient{Public: publicOf(s.Key), Issuer: s.Issuer, Serial: s.Serial}
	suite, err := named.suite()
	if err != nil || suite != pki.SM2 || !named.named() {
		return nil, pki.Errorf(pki.Invalid, "envelope.signer", "key answers are signed with an SM2 key whose certificate is named by issuer and serial")
	}
	signature, err := crypto.SignMessage(s.Key, random, info, sm2.DefaultSM2SignerOpts)
	if err != nil {
		return nil, fmt.Errorf("signing the key answer: %w", err)
	}
	b := cryptobyte.NewBuilder(make([]byte, 0, len(recipient)+len(info)+len(s.Certificate)+512))
	b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		b.AddASN1(der.SET, func(b *cryptobyte.Builder) { b.AddBytes(recipient) })
		b.AddASN1(der.SET, func(b *cryptobyte.Builder) { addAlgorithm(b, pki.OIDSM3, null()) })
		b.AddBytes(info)
		if len(s.Certificate) > 0 {
			b.AddASN1(tag0c, func(b *cryptobyte.Builder) { b.AddBytes(s.Certificate) })
		}
		b.AddASN1(der.SET, func(b *cryptobyte.Builder) {
			b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1Int64(1)
				named.addID(b)
				addAlgorithm(b, pki.OIDSM3, null())
				addAlgorithm(b, pki.OIDSM2Sign, null())
				b.AddASN1OctetString(signature)
			})
		})
	})
	encoded, err := build(b, nameAnswer)
	if err == nil && len(encoded) > MaxKeyMessage {
		return nil, errSize(nameAnswer, MaxKeyMessage)
	}
	return encoded, err
}

func publicOf(key crypto.Signer) crypto.PublicKey {
	if key == nil {
		return nil
	}
	return key.Public()
}
