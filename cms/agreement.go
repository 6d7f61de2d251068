package cms

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"fmt"
	"hash"
	"io"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

// scheme is how a content key travels by ECDH: the key derivation (RFC 5753
// 7.1.4) and the key wrap (RFC 3565 2.3.2).
type scheme struct {
	kdf    pki.OID
	hash   func() hash.Hash
	wrap   pki.OID
	keyLen int // of the key-wrapping key
}

// writeScheme is what we write: the hash fits the curve (RFC 5753 8), the wrap is AES-256.
func writeScheme(curve elliptic.Curve) scheme {
	if curve == elliptic.P384() {
		return scheme{oidECDHSHA384, sha512.New384, oidAES256Wrap, 32}
	}
	return scheme{oidECDHSHA256, sha256.New, oidAES256Wrap, 32}
}

// readScheme reads keyEncryptionAlgorithm: any of the derivations and wraps.
func readScheme(a algorithm) (scheme, bool) {
	var s scheme
	input := a.parameters
	wrap, ok := readAlgorithm(&input)
	if !ok || !input.Empty() || !wrap.bare() {
		return s, false
	}
	switch {
	case wrap.is(oidAES128Wrap):
		s.keyLen = 16
	case wrap.is(oidAES192Wrap):
		s.keyLen = 24
	case wrap.is(oidAES256Wrap):
		s.keyLen = 32
	default:
		return s, false
	}
	switch {
	case a.is(oidECDHSHA1):
		s.hash = sha1.New
	case a.is(oidECDHSHA256):
		s.hash = sha256.New
	case a.is(oidECDHSHA384):
		s.hash = sha512.New384
	case a.is(oidECDHSHA512):
		s.hash = sha512.New
	default:
		return s, false
	}
	s.kdf, s.wrap = a.oid, wrap.oid
	return s, true
}

// deriveKEK is the ANSI X9.63 KDF over the shared secret with ECC-CMS-SharedInfo
// (RFC 5753 7.2). wrapParameters repeats what the message says: absent or NULL.
func (s scheme) deriveKEK(secret, wrapParameters, ukm []byte) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
		addAlgorithm(b, s.wrap, wrapParameters)
		if ukm != nil {
			b.AddASN1(tag0c, func(b *cryptobyte.Builder) { b.AddASN1OctetString(ukm) })
		}
		b.AddASN1(tag2c, func(b *cryptobyte.Builder) {
			b.AddASN1OctetString(binary.BigEndian.AppendUint32(nil, uint32(s.keyLen*8)))
		})
	})
	info, err := build(&b, "key agreement")
	if err != nil {
		return nil, err
	}
	var key []byte
	for counter := uint32(1); len(key) < s.keyLen; counter++ {
		h := s.hash()
		h.Write(secret)
		h.Write(binary.BigEndian.AppendUint32(nil, counter))
		h.Write(info)
		key = h.Sum(key)
	}
	return key[:s.keyLen], nil
}

// addAgreement writes a KeyAgreeRecipientInfo (RFC 5652 6.2.2, RFC 5753 3.1.1)
// with a fresh ephemeral key.
func (r Recipient) addAgreement(b *cryptobyte.Builder, random io.Reader, public *ecdsa.PublicKey, contentKey []byte) error {
	remote, err := public.ECDH()
	if err != nil {
		return errRecipient("its key is not a point on its curve")
	}
	ephemeral, err := remote.Curve().GenerateKey(random)
	if err != nil {
		return fmt.Errorf("making an ephemeral key: %w", err)
	}
	secret, err := ephemeral.ECDH(remote)
	if err != nil {
		return fmt.Errorf("agreeing on a key: %w", err)
	}
	s := writeScheme(public.Curve)
	kek, err := s.deriveKEK(secret, nil, nil)
	if err != nil {
		return err
	}
	wrapped, err := wrapKey(kek, contentKey)
	if err != nil {
		return err
	}
	b.AddASN1(tag1c, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(3)
		b.AddASN1(tag0c, func(b *cryptobyte.Builder) {
			b.AddASN1(tag1c, func(b *cryptobyte.Builder) {
				addAlgorithm(b, pki.OIDECPublicKey, nil)
				b.AddASN1BitString(ephemeral.PublicKey().Bytes())
			})
		})
		b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(s.kdf)
			addAlgorithm(b, s.wrap, nil)
		})
		b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
				r.addAgreementID(b)
				b.AddASN1OctetString(wrapped)
			})
		})
	})
	return nil
}

// addAgreementID writes KeyAgreeRecipientIdentifier, whose [0] is a SEQUENCE.
func (r Recipient) addAgreementID(b *cryptobyte.Builder) {
	if r.named() {
		r.addID(b)
		return
	}
	b.AddASN1(tag0c, func(b *cryptobyte.Builder) { b.AddASN1OctetString(r.keyID()) })
}

// agreement is what the KeyAgreeRecipientInfos of one originator share.
type agreement struct {
	scheme         scheme
	wrapParameters []byte
	originator     []byte // uncompressed point
	ukm            []byte
	supported      bool
}

// readAgreement reads the body of a KeyAgreeRecipientInfo, one entry a recipient.
func readAgreement(body cryptobyte.String) ([]*recipientInfo, bool) {
	var version int
	var originator, key, ukm, keys cryptobyte.String
	var hasUKM bool
	if !body.ReadASN1Integer(&version) || version != 3 || !body.ReadASN1(&originator, tag0c) ||
		!body.ReadOptionalASN1(&ukm, &hasUKM, tag1c) {
		return nil, false
	}
	a := new(agreement)
	method, ok := readAlgorithm(&body)
	if !ok || !body.ReadASN1(&keys, der.SEQUENCE) || !body.Empty() {
		return nil, false
	}
	a.scheme, a.supported = readScheme(method)
	a.wrapParameters = wrapParameters(method)
	if originator.PeekASN1Tag(tag1c) {
		if !originator.ReadASN1(&key, tag1c) || !originator.Empty() || !key.SkipASN1(der.SEQUENCE) ||
			!key.ReadASN1BitStringAsBytes(&a.originator) || !key.Empty() {
			return nil, false
		}
	} else { // a static key, named by its certificate, which is not here
		a.supported = false
	}
	if hasUKM {
		var octets cryptobyte.String
		if !ukm.ReadASN1(&octets, der.OCTET_STRING) || !ukm.Empty() {
			return nil, false
		}
		a.ukm = append([]byte{}, octets...)
	}
	var infos []*recipientInfo
	for !keys.Empty() && len(infos) <= maxRecipients {
		var entry, sealed cryptobyte.String
		if !keys.ReadASN1(&entry, der.SEQUENCE) {
			return nil, false
		}
		id, ok := readID(&entry)
		if !ok || !entry.ReadASN1(&sealed, der.OCTET_STRING) || !entry.Empty() {
			return nil, false
		}
		infos = append(infos, &recipientInfo{version: version, id: id, algorithm: method, sealed: sealed, agreement: a})
	}
	return infos, len(infos) > 0
}

// wrapParameters returns the parameters of the wrap inside keyEncryptionAlgorithm.
func wrapParameters(method algorithm) []byte {
	input := method.parameters
	wrap, _ := readAlgorithm(&input)
	return wrap.parameters
}

// open unwraps the content key with the holder's exchange.
func (a *agreement) open(curve ecdh.Curve, exchange func(*ecdh.PublicKey) ([]byte, error), sealed []byte) ([]byte, bool) {
	remote, err := curve.NewPublicKey(a.originator)
	if err != nil {
		return nil, false
	}
	secret, err := exchange(remote)
	if err != nil {
		return nil, false
	}
	defer clear(secret)
	kek, err := a.scheme.deriveKEK(secret, a.wrapParameters, a.ukm)
	if err != nil {
		return nil, false
	}
	defer clear(kek)
	return unwrapKey(kek, sealed)
}
