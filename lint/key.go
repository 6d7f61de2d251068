package lint

import (
	"crypto/ecdh"

	gmecdh "github.com/emmansun/gmsm/ecdh"
	"golang.org/x/crypto/cryptobyte"
	asn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// keyKind is what a public key is, as far as the rules tell keys apart.
type keyKind int

const (
	keyOther keyKind = iota
	keySM2
	keyP256
	keyP384
	keyP521
	keyRSA
)

// publicKey is a SubjectPublicKeyInfo.
type publicKey struct {
	raw       []byte
	algorithm algorithm
	kind      keyKind
	bits      []byte // of the BIT STRING, without the count of unused bits
	unused    byte
	modulus   []byte // RSA, magnitude
	exponent  []byte // RSA, magnitude
	sound     bool   // decodes, and the point is on its curve
}

func readPublicKey(s *cryptobyte.String) (publicKey, bool) {
	var raw, body, bits cryptobyte.String
	if !s.ReadASN1Element(&raw, asn1.SEQUENCE) {
		return publicKey{}, false
	}
	k := publicKey{raw: raw}
	inside := raw
	var ok bool
	if !inside.ReadASN1(&body, asn1.SEQUENCE) {
		return publicKey{}, false
	}
	if k.algorithm, ok = readAlgorithm(&body); !ok {
		return publicKey{}, false
	}
	if !body.ReadASN1(&bits, asn1.BIT_STRING) || len(bits) == 0 || bits[0] > 7 || !body.Empty() {
		return publicKey{}, false
	}
	k.unused, k.bits = bits[0], bits[1:]
	k.classify()
	return k, true
}

// classify finds the kind of key and whether it is sound.
func (k *publicKey) classify() {
	switch string(k.algorithm.oid) {
	case oidRSA:
		k.kind = keyRSA
		k.readRSA()
	case oidECPublicKey, oidSM2Curve: // the second is what Tongsuo writes for SM2
		k.kind = curve(k.algorithm.params)
		k.sound = onCurve(k.kind, k.bits)
	default:
		k.sound = true // we cannot judge it
	}
}

// curve reads the ECParameters; a curve given by its numbers is keyOther.
func curve(params []byte) keyKind {
	s := cryptobyte.String(params)
	var oid cryptobyte.String
	if !s.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) || !s.Empty() {
		return keyOther
	}
	switch string(oid) {
	case oidSM2Curve:
		return keySM2
	case oidP256:
		return keyP256
	case oidP384:
		return keyP384
	case oidP521:
		return keyP521
	}
	return keyOther
}

// onCurve checks an uncompressed point; true for curves it does not know.
func onCurve(kind keyKind, point []byte) bool {
	if kind == keyOther {
		return true
	}
	if len(point) == 0 || point[0] != 4 {
		return false
	}
	var err error
	switch kind {
	case keySM2:
		_, err = gmecdh.P256().NewPublicKey(point)
	case keyP256:
		_, err = ecdh.P256().NewPublicKey(point)
	case keyP384:
		_, err = ecdh.P384().NewPublicKey(point)
	case keyP521:
		_, err = ecdh.P521().NewPublicKey(point)
	}
	return err == nil
}

func (k *publicKey) readRSA() {
	s := cryptobyte.String(k.bits)
	var body, modulus, exponent cryptobyte.String
	if !s.ReadASN1(&body, asn1.SEQUENCE) || !s.Empty() ||
		!body.ReadASN1(&modulus, asn1.INTEGER) || !body.ReadASN1(&exponent, asn1.INTEGER) || !body.Empty() {
		return
	}
	if integerFault(modulus) != "" || integerFault(exponent) != "" || modulus[0] >= 0x80 || exponent[0] >= 0x80 {
		return
	}
	k.modulus, k.exponent = magnitude(modulus), magnitude(exponent)
	k.sound = len(k.modulus) > 0 && len(k.exponent) > 0
}

// family is the key family a signature algorithm needs: keySM2, keyRSA, keyP256
// for ECDSA on any curve, keyOther when it is unknown.
func family(signature algorithm) keyKind {
	switch string(signature.oid) {
	case oidSM2WithSM3, oidSM2Old503:
		return keySM2
	case oidRSAMD5, oidRSASHA1, oidRSAPSS, oidRSASHA256, oidRSASHA384, oidRSASHA512, oidRSAWithSM3:
		return keyRSA
	case oidECDSASHA1, oidECDSASHA256, oidECDSASHA384, oidECDSASHA512:
		return keyP256
	}
	return keyOther
}

func (k *publicKey) family() keyKind {
	if k.kind == keyP384 || k.kind == keyP521 {
		return keyP256
	}
	return k.kind
}
