package cms

import (
	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

// answer is a key answer as read: one recipient, one signer.
type answer struct {
	rawRecipient []byte
	recipient    *recipientInfo
	content      *encrypted
	signature    []byte // DER SM2Signature
}

func readAnswer(message []byte) (*answer, error) {
	if len(message) > MaxKeyMessage {
		return nil, errSize(nameAnswer, MaxKeyMessage)
	}
	input := cryptobyte.String(message)
	var body, recipients, digests, signers cryptobyte.String
	var version int
	if !input.ReadASN1(&body, der.SEQUENCE) || !input.Empty() ||
		!body.ReadASN1Integer(&version) || version != 1 ||
		!body.ReadASN1(&recipients, der.SET) || !body.ReadASN1(&digests, der.SET) {
		return nil, errFormat(nameAnswer)
	}
	a := &answer{rawRecipient: recipients}
	infos, ok := readRecipients(recipients)
	if !ok || len(infos) != 1 {
		return nil, errFormat(nameAnswer)
	}
	a.recipient = infos[0]
	digest, ok := readAlgorithm(&digests)
	if !ok || !digests.Empty() {
		return nil, errFormat(nameAnswer)
	}
	if a.content, ok = readEncrypted(&body); !ok {
		return nil, errFormat(nameAnswer)
	}
	if !body.SkipOptionalASN1(tag0c) || !body.SkipOptionalASN1(tag1c) ||
		!body.ReadASN1(&signers, der.SET) || !body.Empty() {
		return nil, errFormat(nameAnswer)
	}
	if !digest.is(pki.OIDSM3) {
		return nil, errAlgorithm(nameAnswer)
	}
	if err := a.readSigner(signers); err != nil {
		return nil, err
	}
	return a, a.checkProfile()
}

// readSigner reads the one SignerInfo: without authenticated attributes, under
// any of the numbers seen for SM2 with SM3, the signature DER or 64 raw octets.
func (a *answer) readSigner(signers cryptobyte.String) error {
	var body, signature cryptobyte.String
	var version int
	if !signers.ReadASN1(&body, der.SEQUENCE) || !signers.Empty() ||
		!body.ReadASN1Integer(&version) || version != 1 {
		return errFormat(nameAnswer)
	}
	if id, ok := readID(&body); !ok || len(id.issuer) == 0 {
		return errFormat(nameAnswer)
	}
	digest, ok := readAlgorithm(&body)
	if !ok {
		return errFormat(nameAnswer)
	}
	method, ok := readAlgorithm(&body) // refuses attributes, which are not a SEQUENCE
	if !ok || !body.ReadASN1(&signature, der.OCTET_STRING) || !body.SkipOptionalASN1(tag1c) || !body.Empty() {
		return errFormat(nameAnswer)
	}
	if !digest.is(pki.OIDSM3) || !digest.bare() || !method.bare() ||
		!method.is(pki.OIDSM2Sign, pki.OIDSM2, pki.OIDSM2WithSM3) {
		return errAlgorithm(nameAnswer)
	}
	a.signature = signature
	if len(signature) == 64 {
		var b cryptobyte.Builder
		b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
			addUnsigned(b, signature[:32])
			addUnsigned(b, signature[32:])
		})
		a.signature = b.BytesOrPanic()
	}
	return nil
}

// checkProfile holds the algorithms and lengths of the two kinds of answer.
func (a *answer) checkProfile() error {
	kind := a.content.kind
	switch {
	case !kind.Equal(oidData) && !kind.Equal(oidGMData):
		return errAlgorithm(nameAnswer)
	case a.recipient.isSM2():
		if !a.content.algorithm.is(pki.OIDSM4ECB, pki.OIDSM4) {
			return errAlgorithm(nameAnswer)
		}
		if !a.content.algorithm.bare() || len(a.content.content) != 32 {
			return errFormat(nameAnswer)
		}
		return nil
	case !a.recipient.fits(pki.RSA2048) && !a.recipient.fits(pki.P256) && !a.recipient.fits(pki.P384):
		return errAlgorithm(nameAnswer)
	case !kind.Equal(oidData) || !a.content.algorithm.is(oidAES256CBC, oidAES192CBC, oidAES128CBC):
		return errAlgorithm(nameAnswer)
	}
	_, _, err := a.content.cipher(nameAnswer)
	return err
}
