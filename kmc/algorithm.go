package kmc

import (
	"crypto"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

// Algorithms that only these messages name.
var (
	oidSM2Exchange = pki.OID{1, 2, 156, 10197, 1, 301, 2}     // what GmSSL writes for encryption
	oidECDH        = pki.OID{1, 3, 132, 1, 11, 1}             // dhSinglePass-stdDH-sha256kdf, RFC 5753 7.1.4
	oidOAEP        = pki.OID{1, 2, 840, 113549, 1, 1, 7}      // RFC 8017 A.2.1
	oidAES128CBC   = pki.OID{2, 16, 840, 1, 101, 3, 4, 1, 2}  // RFC 3565
	oidAES256CBC   = pki.OID{2, 16, 840, 1, 101, 3, 4, 1, 42} // RFC 3565
	oidSHA256      = pki.OID{2, 16, 840, 1, 101, 3, 4, 2, 1}  // RFC 5754
)

// keyBits is appKeyLen of each suite.
var keyBits = map[pki.Suite]int64{
	pki.SM2: 256, pki.RSA2048: 2048, pki.RSA3072: 3072, pki.RSA4096: 4096, pki.P256: 256, pki.P384: 384,
}

// addKeyType writes appKeyType and appKeyLen. SM2 goes by its own OID without
// parameters, as the one product that was seen writes it.
func addKeyType(b *cryptobyte.Builder, suite pki.Suite) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		switch suite {
		case pki.SM2:
			b.AddASN1ObjectIdentifier(pki.OIDSM2)
		case pki.P256:
			b.AddASN1ObjectIdentifier(pki.OIDECPublicKey)
			b.AddASN1ObjectIdentifier(pki.OIDP256)
		case pki.P384:
			b.AddASN1ObjectIdentifier(pki.OIDECPublicKey)
			b.AddASN1ObjectIdentifier(pki.OIDP384)
		default:
			b.AddASN1ObjectIdentifier(pki.OIDRSA)
			b.AddASN1NULL()
		}
	})
	b.AddASN1Int64(keyBits[suite])
}

// readKeyType reads appKeyType and appKeyLen, which have to agree.
func readKeyType(input *cryptobyte.String) (pki.Suite, error) {
	var algorithm cryptobyte.String
	var oid, curve pki.OID
	var bits int64
	if !input.ReadASN1(&algorithm, cbasn1.SEQUENCE) || !algorithm.ReadASN1ObjectIdentifier(&oid) {
		return "", errMalformed()
	}
	if algorithm.PeekASN1Tag(cbasn1.OBJECT_IDENTIFIER) && !algorithm.ReadASN1ObjectIdentifier(&curve) {
		return "", errMalformed()
	}
	if !emptyOrNull(algorithm) || !input.ReadASN1Integer(&bits) {
		return "", errMalformed()
	}
	if suite := suiteNamed(oid, curve, bits); suite != "" {
		return suite, nil
	}
	return "", errAlgorithm()
}

func suiteNamed(oid, curve pki.OID, bits int64) pki.Suite {
	for _, suite := range pki.Suites() {
		named := false
		switch suite {
		case pki.SM2:
			named = oid.Equal(pki.OIDSM2) && (curve == nil || curve.Equal(pki.OIDSM2)) ||
				oid.Equal(pki.OIDECPublicKey) && curve.Equal(pki.OIDSM2)
		case pki.P256:
			named = oid.Equal(pki.OIDECPublicKey) && curve.Equal(pki.OIDP256)
		case pki.P384:
			named = oid.Equal(pki.OIDECPublicKey) && curve.Equal(pki.OIDP384)
		default:
			named = oid.Equal(pki.OIDRSA) && curve == nil
		}
		if named && keyBits[suite] == bits {
			return suite
		}
	}
	return ""
}

func emptyOrNull(rest cryptobyte.String) bool {
	var null cryptobyte.String
	return rest.Empty() || rest.ReadASN1(&null, cbasn1.NULL) && null.Empty() && rest.Empty()
}

// addAlgorithm writes an AlgorithmIdentifier; NULL parameters stand with RSA only.
func addAlgorithm(b *cryptobyte.Builder, oid pki.OID) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oid)
		if oid.Equal(pki.OIDRSA) {
			b.AddASN1NULL()
		}
	})
}

// readAlgorithm reads an AlgorithmIdentifier with any parameters, which none of the
// algorithms these messages name needs.
func readAlgorithm(input *cryptobyte.String) (pki.OID, bool) {
	var algorithm, parameters cryptobyte.String
	var oid pki.OID
	var tag cbasn1.Tag
	ok := input.ReadASN1(&algorithm, cbasn1.SEQUENCE) && algorithm.ReadASN1ObjectIdentifier(&oid) &&
		(algorithm.Empty() || algorithm.ReadAnyASN1(&parameters, &tag) && algorithm.Empty())
	return oid, ok
}

func (p protection) add(b *cryptobyte.Builder) {
	addAlgorithm(b, p.asymmetric)
	addAlgorithm(b, p.symmetric)
	addAlgorithm(b, p.hash)
}

func (p *protection) read(input *cryptobyte.String) bool {
	for _, oid := range []*pki.OID{&p.asymmetric, &p.symmetric, &p.hash} {
		var ok bool
		if *oid, ok = readAlgorithm(input); !ok {
			return false
		}
	}
	return true
}

// protectionFor is what we ask for, by the family of the recipient's key.
func protectionFor(recipient crypto.PublicKey) (protection, error) {
	suite, err := pki.SuiteOf(recipient)
	switch suite.Family() {
	case "rsa":
		return protection{pki.OIDRSA, oidAES256CBC, oidSHA256}, err
	case "ecdsa":
		return protection{oidECDH, oidAES256CBC, oidSHA256}, err
	}
	return protection{pki.OIDSM2Encrypt, pki.OIDSM4, pki.OIDSM3}, err
}

// allows reports whether the asker's wish can be met by what we write for this
// recipient: the families have to agree, the mode within a family is ours.
func (p protection) allows(recipient pki.Suite) bool {
	among := func(oid pki.OID, list ...pki.OID) bool {
		for _, one := range list {
			if oid.Equal(one) {
				return true
			}
		}
		return false
	}
	switch recipient.Family() {
	case "sm2":
		return among(p.asymmetric, pki.OIDSM2Encrypt, pki.OIDSM2, oidSM2Exchange) &&
			among(p.symmetric, pki.OIDSM4, pki.OIDSM4ECB, pki.OIDSM4CBC) && among(p.hash, pki.OIDSM3)
	case "rsa":
		return among(p.asymmetric, pki.OIDRSA, oidOAEP) && among(p.symmetric, oidAES128CBC, oidAES256CBC) && among(p.hash, oidSHA256)
	case "ecdsa":
		return among(p.asymmetric, oidECDH, pki.OIDECPublicKey) && among(p.symmetric, oidAES128CBC, oidAES256CBC) && among(p.hash, oidSHA256)
	}
	return false
}
