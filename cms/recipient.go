package cms

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha1"
	"fmt"
	"io"
	"math/big"

	"github.com/emmansun/gmsm/sm2"
	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

// Recipient is who can open a message: a public key and how it is named there.
type Recipient struct {
	Public crypto.PublicKey // *ecdsa.PublicKey (SM2, P-256, P-384) or *rsa.PublicKey
	// Issuer (DER Name) and Serial name the certificate, if both are given.
	Issuer []byte
	Serial *big.Int
	// KeyID names the key otherwise: the certificate's subjectKeyIdentifier;
	// empty means pki.KeyID of Public, which our certificates carry.
	KeyID []byte
	// International asks, for an SM2 key, for the content types of RFC 5652
	// instead of GM/T 0010's: what 'openssl cms -decrypt' opens.
	International bool
}

// suite checks the recipient and returns its key's suite.
func (r Recipient) suite() (pki.Suite, error) {
	suite, err := pki.SuiteOf(r.Public)
	if err != nil {
		return "", err
	}
	if r.named() {
		name := cryptobyte.String(r.Issuer)
		var content cryptobyte.String
		if !name.ReadASN1(&content, der.SEQUENCE) || !name.Empty() || r.Serial.Sign() <= 0 {
			return "", errRecipient("issuer and serial do not name a certificate")
		}
	}
	return suite, nil
}

// named says whether the recipient goes by issuer and serial.
func (r Recipient) named() bool { return len(r.Issuer) > 0 && r.Serial != nil }

func (r Recipient) keyID() []byte {
	if len(r.KeyID) > 0 {
		return r.KeyID
	}
	return pki.KeyID(r.Public)
}

// addID writes the identifier, the key's under the given tag.
func (r Recipient) addID(b *cryptobyte.Builder) {
	if !r.named() {
		b.AddASN1(tag0, func(b *cryptobyte.Builder) { b.AddBytes(r.keyID()) })
		return
	}
	b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(r.Issuer)
		b.AddASN1BigInt(r.Serial)
	})
}

// version of a key-transport RecipientInfo: 2 by key identifier; by issuer and
// serial 0 in RFC 5652 6.2.1 and 1 in GM/T 0010.
func (r Recipient) version(national bool) int64 {
	switch {
	case !r.named():
		return 2
	case national:
		return 1
	}
	return 0
}

// addTo writes the RecipientInfo that carries the content key to the recipient.
func (r Recipient) addTo(b *cryptobyte.Builder, random io.Reader, contentKey []byte, national bool) error {
	switch public := r.Public.(type) {
	case *rsa.PublicKey:
		// PKCS#1 v1.5, not OAEP: it is what every tool opens. Readers answer it
		// with a random key on failure, which closes the known oracle.
		//lint:ignore SA1019 the format's widest form; docs/decisions/2026-11-23-km-answer-profile.md
		sealed, err := rsa.EncryptPKCS1v15(random, public, contentKey)
		if err != nil {
			return fmt.Errorf("encrypting the content key: %w", err)
		}
		r.addTransport(b, r.version(national), pki.OIDRSA, sealed)
	case *ecdsa.PublicKey:
		if public.Curve != sm2.P256() {
			return r.addAgreement(b, random, public, contentKey)
		}
		sealed, err := sm2.EncryptASN1(random, public, contentKey)
		if err != nil {
			return fmt.Errorf("encrypting the content key: %w", err)
		}
		r.addTransport(b, r.version(national), pki.OIDSM2Encrypt, sealed)
	}
	return nil
}

func (r Recipient) addTransport(b *cryptobyte.Builder, version int64, oid pki.OID, sealed []byte) {
	b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(version)
		r.addID(b)
		addAlgorithm(b, oid, null())
		b.AddASN1OctetString(sealed)
	})
}

// identifier is how a message names a recipient.
type identifier struct {
	issuer []byte // DER Name
	serial []byte
	keyID  []byte
}

// readID reads issuer and serial, or a key identifier under [0] in either form:
// key agreement wraps it in a SEQUENCE of its own (RFC 5652 6.2.2).
func readID(s *cryptobyte.String) (id identifier, ok bool) {
	var body, issuer cryptobyte.String
	switch {
	case s.PeekASN1Tag(der.SEQUENCE):
		ok = s.ReadASN1(&body, der.SEQUENCE) && body.ReadASN1Element(&issuer, der.SEQUENCE) &&
			body.ReadASN1Integer(&id.serial) && body.Empty()
		id.issuer = issuer
	case s.PeekASN1Tag(tag0):
		ok = s.ReadASN1(&body, tag0) && len(body) > 0
		id.keyID = body
	case s.PeekASN1Tag(tag0c):
		var keyID cryptobyte.String
		ok = s.ReadASN1(&body, tag0c) && body.ReadASN1(&keyID, der.OCTET_STRING) && len(keyID) > 0
		id.keyID = keyID // what follows, a date and another key's attributes, names nothing
	}
	return id, ok
}

// names says whether the identifier means the recipient. Key identifiers are
// compared with the one given, ours, and RFC 5280's SHA-1 of the key.
func (id identifier) names(r Recipient) bool {
	if len(id.keyID) == 0 {
		return r.named() && bytes.Equal(id.issuer, r.Issuer) && new(big.Int).SetBytes(id.serial).Cmp(r.Serial) == 0
	}
	if bytes.Equal(id.keyID, r.keyID()) || bytes.Equal(id.keyID, pki.KeyID(r.Public)) {
		return true
	}
	old, ok := keyIDSHA1(r.Public)
	return ok && bytes.Equal(id.keyID, old)
}

// keyIDSHA1 is RFC 5280 4.2.1.2 method 1, which most other CAs write.
func keyIDSHA1(public crypto.PublicKey) ([]byte, bool) {
	spki, err := pki.MarshalPublicKey(public)
	if err != nil {
		return nil, false
	}
	input := cryptobyte.String(spki)
	var body cryptobyte.String
	var bits []byte
	if !input.ReadASN1(&body, der.SEQUENCE) || !body.SkipASN1(der.SEQUENCE) || !body.ReadASN1BitStringAsBytes(&bits) {
		return nil, false
	}
	sum := sha1.Sum(bits)
	return sum[:], true
}
