package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/subtle"
	"crypto/x509"
	"encoding/asn1"
	"fmt"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

// Algorithms of private keys (RFC 3279 2.3; GM/T 0006; RFC 5480 2.1.1.1).
var (
	oidRSA   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidEC    = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}
	oidSM2   = asn1.ObjectIdentifier{1, 2, 156, 10197, 1, 301}
	oidP256  = asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7}
	oidP384  = asn1.ObjectIdentifier{1, 3, 132, 0, 34}
	contextA = der.Tag(0).Constructed().ContextSpecific()
	contextB = der.Tag(1).Constructed().ContextSpecific()
)

func marshalPKCS8(signer crypto.Signer) ([]byte, error) {
	var info []byte
	var err error
	if key, ok := signer.(*sm2.PrivateKey); ok {
		info, err = smx509.MarshalPKCS8PrivateKey(key)
	} else {
		info, err = x509.MarshalPKCS8PrivateKey(signer)
	}
	if err != nil {
		return nil, fmt.Errorf("encoding the private key: %w", err)
	}
	return info, nil
}

// looksLikePKCS8 tells content from noise: one SEQUENCE that begins with INTEGER 0 or 1.
func looksLikePKCS8(info []byte) bool {
	_, _, _, ok := splitPKCS8(info)
	return ok
}

// splitPKCS8 reads PrivateKeyInfo (RFC 5208; RFC 5958 with version 1): the
// algorithm, its parameters as DER (may be empty) and the key. Attributes are
// skipped: nothing here depends on them.
func splitPKCS8(info []byte) (algorithm asn1.ObjectIdentifier, parameters, key cryptobyte.String, ok bool) {
	input := cryptobyte.String(info)
	var body, identifier cryptobyte.String
	var version int
	ok = input.ReadASN1(&body, der.SEQUENCE) && input.Empty() &&
		body.ReadASN1Integer(&version) && (version == 0 || version == 1) &&
		body.ReadASN1(&identifier, der.SEQUENCE) &&
		identifier.ReadASN1ObjectIdentifier(&algorithm) &&
		body.ReadASN1(&key, der.OCTET_STRING)
	return algorithm, identifier, key, ok
}

func parsePKCS8(info []byte) (crypto.Signer, error) {
	algorithm, parameters, key, ok := splitPKCS8(info)
	if !ok {
		return nil, errTruncated("private key")
	}
	switch {
	case algorithm.Equal(oidRSA):
		return parsePKCS1(key)
	case algorithm.Equal(oidEC), algorithm.Equal(oidSM2): // some writers name SM2 twice
		var curve asn1.ObjectIdentifier
		if !parameters.ReadASN1ObjectIdentifier(&curve) || !parameters.Empty() {
			return nil, errAlgorithm("the curve is not a named one")
		}
		return parseSEC1(key, curve)
	}
	return nil, errAlgorithm("its algorithm is neither RSA nor EC")
}

// maxPKCS1 bounds an RSA key's encoding: 4096 bits take 2,350 octets, and checking
// a key grows with the cube of its size.
const maxPKCS1 = 4096

func parsePKCS1(key []byte) (crypto.Signer, error) {
	if len(key) > maxPKCS1 {
		return nil, errAlgorithm("it is a larger RSA key than 4096 bits")
	}
	parsed, err := x509.ParsePKCS1PrivateKey(key) // checks p·q = n and d against e
	if err != nil {
		return nil, errMalformed("it is not a valid RSA key")
	}
	return parsed, nil
}

// parseSEC1 reads ECPrivateKey (RFC 5915) with the curve of the PKCS#8 wrapping,
// or with its own if that is nil. The public key inside, if there, must be the
// private key's: a file put together from two keys would pass unnoticed otherwise.
func parseSEC1(key []byte, curve asn1.ObjectIdentifier) (crypto.Signer, error) {
	input := cryptobyte.String(key)
	var body, scalar, own, public cryptobyte.String
	var version int
	var hasOwn, hasPublic bool
	if !input.ReadASN1(&body, der.SEQUENCE) || !input.Empty() ||
		!body.ReadASN1Integer(&version) || version != 1 ||
		!body.ReadASN1(&scalar, der.OCTET_STRING) ||
		!body.ReadOptionalASN1(&own, &hasOwn, contextA) ||
		!body.ReadOptionalASN1(&public, &hasPublic, contextB) || !body.Empty() {
		return nil, errTruncated("private key")
	}
	if hasOwn {
		var named asn1.ObjectIdentifier
		if !own.ReadASN1ObjectIdentifier(&named) || !own.Empty() || curve != nil && !named.Equal(curve) {
			return nil, errAlgorithm("the curve is not a named one")
		}
		curve = named
	}
	signer, point, err := newECKey(scalar, curve)
	if err != nil {
		return nil, err
	}
	if hasPublic {
		var stated []byte
		if !public.ReadASN1BitStringAsBytes(&stated) || !public.Empty() ||
			subtle.ConstantTimeCompare(stated, point) != 1 {
			return nil, errMalformed("the public key beside it belongs to another one")
		}
	}
	return signer, nil
}

// newECKey makes the key of a scalar and returns its uncompressed public point.
func newECKey(scalar []byte, curve asn1.ObjectIdentifier) (crypto.Signer, []byte, error) {
	var size int
	switch {
	case curve.Equal(oidSM2), curve.Equal(oidP256):
		size = 32
	case curve.Equal(oidP384):
		size = 48
	default:
		return nil, nil, errAlgorithm("its curve is not SM2, P-256 or P-384")
	}
	fixed, ok := fixedScalar(scalar, size)
	if !ok {
		return nil, nil, errMalformed("its number has the wrong length")
	}
	defer clear(fixed)
	switch {
	case curve.Equal(oidSM2):
		key, err := sm2.NewPrivateKey(fixed)
		if err != nil {
			return nil, nil, errMalformed("its number is out of range")
		}
		public, err := sm2.PublicKeyToECDH(&key.PublicKey) // for its point: crypto/ecdsa encodes no SM2
		if err != nil {
			return nil, nil, fmt.Errorf("encoding the public key: %w", err)
		}
		return key, public.Bytes(), nil
	case curve.Equal(oidP256):
		return newNISTKey(elliptic.P256(), fixed)
	}
	return newNISTKey(elliptic.P384(), fixed)
}

func newNISTKey(curve elliptic.Curve, scalar []byte) (crypto.Signer, []byte, error) {
	key, err := ecdsa.ParseRawPrivateKey(curve, scalar)
	if err != nil {
		return nil, nil, errMalformed("its number is out of range")
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		return nil, nil, fmt.Errorf("encoding the public key: %w", err)
	}
	return key, point, nil
}

// fixedScalar pads or strips leading zeros: old writers left them out, others add one.
func fixedScalar(scalar []byte, size int) ([]byte, bool) {
	for len(scalar) > size && scalar[0] == 0 {
		scalar = scalar[1:]
	}
	if len(scalar) == 0 || len(scalar) > size {
		return nil, false
	}
	fixed := make([]byte, size)
	copy(fixed[size-len(scalar):], scalar)
	return fixed, true
}

func errAlgorithm(why string) error {
	return pki.Errorf(pki.Invalid, "key.algorithm", "the private key is not supported: %s", why).
		To("use SM2, RSA (2048, 3072, 4096), P-256 or P-384 with a named curve")
}
