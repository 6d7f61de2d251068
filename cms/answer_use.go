package cms

import (
	"crypto"
	"crypto/ecdsa"

	"github.com/emmansun/gmsm/sm2"
	"golang.org/x/crypto/cryptobyte"

	"onecert/pki"
)

// VerifyAnswer checks that the key answer was signed by the key management
// centre whose SM2 key is given: the signature covers the encrypted private key,
// not its recipient, which the message around it (KMRespond) covers. Errors:
// envelope.size, envelope.format, envelope.algorithm, envelope.signature.
func VerifyAnswer(message []byte, signer *ecdsa.PublicKey) error {
	a, err := readAnswer(message)
	if err != nil {
		return err
	}
	if !isSM2(signer) {
		return pki.Errorf(pki.Invalid, "envelope.signer", "the key management centre's key is not an SM2 key")
	}
	if !sm2.VerifyASN1WithSM2(signer, nil, a.content.raw, a.signature) {
		return pki.Errorf(pki.Forbidden, "envelope.signature", "the signature of the key answer does not verify").
			To("check which certificate the key management centre signs with")
	}
	return nil
}

// OpenAnswer decrypts the key answer with the holder's key (as OpenEnvelope): the
// 32 octets of an SM2 private key, or PKCS#8. Verify it first; and hold the key
// against the public key that came with it.
func OpenAnswer(key crypto.PrivateKey, message []byte) ([]byte, error) {
	holder, err := newHolder(key)
	if err != nil {
		return nil, err
	}
	a, err := readAnswer(message)
	if err != nil {
		return nil, err
	}
	if !a.recipient.fits(holder.suite) {
		return nil, errOpen(nameAnswer)
	}
	if a.recipient.isSM2() {
		contentKey, ok := holder.contentKey(a.recipient, contentKeyLen)
		if !ok {
			return nil, errOpen(nameAnswer)
		}
		defer clear(contentKey)
		return sm4ECB(contentKey, a.content.content, decrypt)
	}
	cipher, iv, err := a.content.cipher(nameAnswer)
	if err != nil {
		return nil, err
	}
	contentKey, ok := holder.contentKey(a.recipient, cipher.keyLen)
	if !ok {
		return nil, errOpen(nameAnswer)
	}
	defer clear(contentKey)
	plain, ok := cipher.open(contentKey, iv, a.content.content)
	if !ok {
		return nil, errOpen(nameAnswer)
	}
	return plain, nil
}

// RepackSM2 turns the key answer for an SM2 pair into the SM2EnvelopedKey the
// holder's token imports, without opening it. public is retPubKey beside it; that
// the two belong together only the holder can see, and OpenSM2Key checks. Verify
// the answer first.
func RepackSM2(message []byte, public *ecdsa.PublicKey) ([]byte, error) {
	a, err := readAnswer(message)
	if err != nil {
		return nil, err
	}
	if !a.recipient.isSM2() {
		return nil, errAlgorithm(nameAnswer)
	}
	input := cryptobyte.String(a.recipient.sealed)
	cipher, ok := readSM2Cipher(&input)
	if !ok || !input.Empty() {
		return nil, errFormat(nameAnswer)
	}
	if !isSM2(public) {
		return nil, errRecipient("the public key of the pair is not an SM2 key")
	}
	if _, ok := readPoint(pki.Point(public)); !ok {
		return nil, errRecipient("the public key of the pair is not on the curve")
	}
	return buildEnvelopedKey(cipher, public, a.content.content)
}

// RepackCMS turns the key answer for an RSA or ECDSA pair into a DER ContentInfo
// of type envelopedData (RFC 5652), without opening it. Verify the answer first.
func RepackCMS(message []byte) ([]byte, error) {
	a, err := readAnswer(message)
	if err != nil {
		return nil, err
	}
	if a.recipient.isSM2() {
		return nil, errAlgorithm(nameAnswer)
	}
	version := int64(2)
	if a.recipient.version == 0 {
		version = 0
	}
	return buildEnvelope(false, version, a.rawRecipient, a.content.raw)
}
