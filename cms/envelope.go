package cms

import (
	"crypto"
	"fmt"
	"io"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

const nameEnvelope = "envelope"

// Envelope encrypts content for one recipient and returns the DER ContentInfo.
//
// To an RSA key: RFC 5652 key transport with PKCS#1 v1.5; to a P-256 or P-384
// key: key agreement with an ephemeral key (RFC 5753), SHA-256 or SHA-384 by
// curve, AES-256 key wrap; content under AES-256-CBC. To an SM2 key: GM/T 0010
// with an SM2Cipher and SM4-CBC. The format has no MAC; who needs integrity signs.
func Envelope(random io.Reader, to Recipient, content []byte) ([]byte, error) {
	suite, err := to.suite()
	if err != nil {
		return nil, err
	}
	if len(content) > MaxMessage-MaxKeyMessage {
		return nil, errSize("content", MaxMessage-MaxKeyMessage)
	}
	national := suite == pki.SM2 && !to.International
	cipher, kind := contentCiphers()[0], oidData
	if suite == pki.SM2 {
		cipher, _ = findCipher(pki.OIDSM4CBC)
	}
	if national {
		kind = oidGMData
	}
	contentKey := make([]byte, cipher.keyLen)
	defer clear(contentKey)
	if _, err := io.ReadFull(random, contentKey); err != nil {
		return nil, fmt.Errorf("drawing a content key: %w", err)
	}
	info, err := encryptContent(random, kind, cipher, contentKey, content)
	if err != nil {
		return nil, err
	}
	var b cryptobyte.Builder
	if err := to.addTo(&b, random, contentKey, national); err != nil {
		return nil, err
	}
	recipient, err := build(&b, "recipient")
	if err != nil {
		return nil, err
	}
	version := int64(2) // RFC 5652 6.1: 0 only if every recipient is of version 0
	if suite.Family() != "ecdsa" {
		version = to.version(national)
	}
	return buildEnvelope(national, version, recipient, info)
}

// buildEnvelope puts a ContentInfo together around one RecipientInfo and an
// EncryptedContentInfo, both DER.
func buildEnvelope(national bool, version int64, recipient, info []byte) ([]byte, error) {
	kind := oidEnveloped
	if national {
		kind = oidGMEnveloped
	}
	var b cryptobyte.Builder
	b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(kind)
		b.AddASN1(tag0c, func(b *cryptobyte.Builder) {
			b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1Int64(version)
				b.AddASN1(der.SET, func(b *cryptobyte.Builder) { b.AddBytes(recipient) })
				b.AddBytes(info)
			})
		})
	})
	return build(&b, nameEnvelope)
}

// OpenEnvelope decrypts a ContentInfo of type envelopedData with the one
// recipient's key: crypto.Decrypter for SM2 and RSA, *ecdsa.PrivateKey or
// ecdh.KeyExchanger for P-256 and P-384; keys.Key is all of them. Where several
// recipients have keys of the same kind, the key's identifier decides; recipients
// named by certificate need OpenEnvelopeAs.
//
// Read are DER and BER, both content types, one recipient or many, and for SM2
// the dialects of gm-cms.md §5. Errors: envelope.size, envelope.format,
// envelope.type, envelope.algorithm, envelope.recipient, envelope.open.
func OpenEnvelope(key crypto.PrivateKey, message []byte) ([]byte, error) {
	return OpenEnvelopeAs(key, Recipient{}, message)
}

// OpenEnvelopeAs is OpenEnvelope for a holder whose certificate is known: as
// names it by issuer and serial or by key identifier. as.Public is not used.
func OpenEnvelopeAs(key crypto.PrivateKey, as Recipient, message []byte) ([]byte, error) {
	holder, err := newHolder(key)
	if err != nil {
		return nil, err
	}
	as.Public = holder.public
	infos, content, err := readEnvelope(message)
	if err != nil {
		return nil, err
	}
	cipher, iv, err := content.cipher(nameEnvelope)
	if err != nil {
		return nil, err
	}
	chosen, err := holder.choose(infos, as)
	if err != nil {
		return nil, err
	}
	for _, info := range chosen {
		contentKey, ok := holder.contentKey(info, cipher.keyLen)
		if !ok {
			continue
		}
		plain, ok := cipher.open(contentKey, iv, content.content)
		clear(contentKey)
		if ok {
			return plain, nil
		}
	}
	return nil, errOpen(nameEnvelope)
}

// choose returns the entries to try. RSA answers a wrong key with noise that one
// time in 256 looks decrypted, so several unnamed RSA entries are not tried in
// turn; SM2 and key wrap notice a wrong key themselves.
func (h *holder) choose(infos []*recipientInfo, as Recipient) ([]*recipientInfo, error) {
	var fitting, named []*recipientInfo
	for _, info := range infos {
		if !info.fits(h.suite) {
			continue
		}
		fitting = append(fitting, info)
		if info.id.names(as) {
			named = append(named, info)
		}
	}
	switch {
	case len(fitting) == 0:
		return nil, errRecipient("the envelope holds nothing for a key of this kind").To("open it with the key it was made for")
	case len(named) > 0:
		return named, nil
	case len(fitting) > 1 && h.suite.Family() == "rsa":
		return nil, errRecipient("the envelope names several RSA certificates").To("say which certificate is yours")
	}
	return fitting, nil
}

// readEnvelope reads the message as DER, and as BER where that fails.
func readEnvelope(message []byte) ([]*recipientInfo, *encrypted, error) {
	if len(message) > MaxMessage {
		return nil, nil, errSize(nameEnvelope, MaxMessage)
	}
	infos, content, err := readEnvelopeDER(message)
	if pki.CodeOf(err) != "envelope.format" {
		return infos, content, err
	}
	converted, ok := fromBER(message)
	if !ok {
		return nil, nil, err
	}
	return readEnvelopeDER(converted)
}

func readEnvelopeDER(message []byte) ([]*recipientInfo, *encrypted, error) {
	input := cryptobyte.String(message)
	var outer, wrapped, body, recipients cryptobyte.String
	var kind pki.OID
	if !input.ReadASN1(&outer, der.SEQUENCE) || !input.Empty() ||
		!outer.ReadASN1ObjectIdentifier(&kind) || !outer.ReadASN1(&wrapped, tag0c) || !outer.Empty() {
		return nil, nil, errFormat(nameEnvelope)
	}
	if !kind.Equal(oidEnveloped) && !kind.Equal(oidGMEnveloped) {
		return nil, nil, pki.Errorf(pki.Invalid, "envelope.type", "the message is not an envelope").
			To("give a message of type envelopedData")
	}
	var version int
	if !wrapped.ReadASN1(&body, der.SEQUENCE) || !wrapped.Empty() ||
		!body.ReadASN1Integer(&version) || version < 0 || version > 4 ||
		!body.SkipOptionalASN1(tag0c) || // originatorInfo: certificates, not needed to decrypt
		!body.ReadASN1(&recipients, der.SET) {
		return nil, nil, errFormat(nameEnvelope)
	}
	infos, ok := readRecipients(recipients)
	if !ok {
		return nil, nil, errFormat(nameEnvelope)
	}
	content, ok := readEncrypted(&body)
	if !ok || !body.SkipOptionalASN1(tag1c) || !body.Empty() { // unprotectedAttrs
		return nil, nil, errFormat(nameEnvelope)
	}
	return infos, content, nil
}
