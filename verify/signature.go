package verify

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/asn1"

	"github.com/emmansun/gmsm/sm2"
	"golang.org/x/crypto/cryptobyte"
	cb "golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

// How a signature is made.
type scheme int

const (
	pkcs1 scheme = iota + 1
	pss
	ecdsaASN1
	sm2SM3
)

// algorithm is a signature algorithm; the zero value is one we do not know.
type algorithm struct {
	scheme scheme
	hash   crypto.Hash
}

// Algorithm identifiers that are read here only.
var (
	oidRSAPSS = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}
	oidMGF1   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 8}
	oidSHA256 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidSHA384 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}
	oidSHA512 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}
)

// algorithms are those without parameters, or with NULL; read only.
var algorithms = map[string]algorithm{
	octets(pki.OIDRSASHA256):   {pkcs1, crypto.SHA256},
	octets(pki.OIDRSASHA384):   {pkcs1, crypto.SHA384},
	octets(pki.OIDRSASHA512):   {pkcs1, crypto.SHA512},
	octets(pki.OIDECDSASHA256): {ecdsaASN1, crypto.SHA256},
	octets(pki.OIDECDSASHA384): {ecdsaASN1, crypto.SHA384},
	octets(pki.OIDECDSASHA512): {ecdsaASN1, crypto.SHA512},
	octets(pki.OIDSM2WithSM3):  {sm2SM3, 0},
}

// weak are algorithms that once were good: MD2, MD5 and SHA-1 with RSA, DSA and
// ECDSA; read only. Whoever needs them gets a reason of its own.
var weak = map[string]bool{
	octets(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 2}):     true,
	octets(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 4}):     true,
	octets(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 5}):     true,
	octets(asn1.ObjectIdentifier{1, 2, 840, 10040, 4, 3}):         true,
	octets(asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 3, 1}): true,
	octets(asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 3, 2}): true,
	octets(asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 1}):         true,
}

// check checks who signed something. It returns "" when the signature holds, else
// the code of what is wrong.
func (p signedPart) check(key crypto.PublicKey) string {
	chosen, code := readAlgorithm(p.algorithm)
	if code != "" {
		return code
	}
	if key == nil || !chosen.verifies(key, p.tbs, p.signature) {
		return "path.signature"
	}
	return ""
}

func readAlgorithm(der []byte) (algorithm, string) {
	input := cryptobyte.String(der)
	var body, id, parameters cryptobyte.String
	if !input.ReadASN1(&body, cb.SEQUENCE) || !body.ReadASN1(&id, cb.OBJECT_IDENTIFIER) {
		return algorithm{}, "path.unknown-algorithm"
	}
	parameters = body
	if weak[string(id)] {
		return algorithm{}, "path.weak-algorithm"
	}
	if string(id) == octets(oidRSAPSS) {
		return readPSS(parameters)
	}
	found, known := algorithms[string(id)]
	absent, null := len(parameters) == 0, string(parameters) == "\x05\x00"
	// RFC 4055 5 demands NULL for RSA and allows absent to be taken; ECDSA has none
	// (RFC 5758 3.2); SM2 is met in both forms.
	if !known || !absent && !null || found.scheme == ecdsaASN1 && !absent {
		return algorithm{}, "path.unknown-algorithm"
	}
	return found, ""
}

// readPSS takes the parameters people use: one hash for message and mask, salt as
// long as the hash, the usual trailer (RFC 4055 3.1).
func readPSS(parameters cryptobyte.String) (algorithm, string) {
	var body, hash, mask, salt cryptobyte.String
	length := 0
	if !parameters.ReadASN1(&body, cb.SEQUENCE) || !parameters.Empty() || !body.ReadASN1(&hash, explicit(0)) ||
		!body.ReadASN1(&mask, explicit(1)) || !body.ReadASN1(&salt, explicit(2)) || !salt.ReadASN1Integer(&length) || !body.Empty() {
		return algorithm{}, "path.unknown-algorithm"
	}
	chosen, ok := readHash(hash)
	var generator, id cryptobyte.String
	if !ok || !mask.ReadASN1(&generator, cb.SEQUENCE) || !generator.ReadASN1(&id, cb.OBJECT_IDENTIFIER) || string(id) != octets(oidMGF1) {
		return algorithm{}, "path.unknown-algorithm"
	}
	if other, ok := readHash(generator); !ok || other != chosen || length != chosen.Size() {
		return algorithm{}, "path.unknown-algorithm"
	}
	return algorithm{pss, chosen}, ""
}

func readHash(s cryptobyte.String) (crypto.Hash, bool) {
	var body, id cryptobyte.String
	if !s.ReadASN1(&body, cb.SEQUENCE) || !s.Empty() || !body.ReadASN1(&id, cb.OBJECT_IDENTIFIER) ||
		!body.Empty() && string(body) != "\x05\x00" {
		return 0, false
	}
	switch string(id) {
	case octets(oidSHA256):
		return crypto.SHA256, true
	case octets(oidSHA384):
		return crypto.SHA384, true
	case octets(oidSHA512):
		return crypto.SHA512, true
	}
	return 0, false
}

// verifies: each scheme takes only keys of its own kind; no standard knows an ECDSA
// signature by an SM2 key.
func (a algorithm) verifies(key crypto.PublicKey, message, signature []byte) bool {
	switch key := key.(type) {
	case *rsa.PublicKey:
		return (a.scheme == pkcs1 || a.scheme == pss) && a.verifiesRSA(key, message, signature)
	case *ecdsa.PublicKey:
		switch {
		case key.Curve == sm2.P256():
			return a.scheme == sm2SM3 && sm2.VerifyASN1WithSM2(key, nil, message, signature)
		case a.scheme == ecdsaASN1:
			return ecdsa.VerifyASN1(key, digest(a.hash, message), signature)
		}
	}
	return false
}

func (a algorithm) verifiesRSA(key *rsa.PublicKey, message, signature []byte) bool {
	sum := digest(a.hash, message)
	if a.scheme == pss {
		return rsa.VerifyPSS(key, a.hash, sum, signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
	}
	return rsa.VerifyPKCS1v15(key, a.hash, sum, signature) == nil
}

func digest(hash crypto.Hash, message []byte) []byte {
	h := hash.New()
	h.Write(message)
	return h.Sum(nil)
}

// weakKey: keys nobody should rely on, and kinds we do not know.
func weakKey(key crypto.PublicKey) string {
	switch key := key.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() < 2048 || key.E < 3 || key.E%2 == 0 {
			return "path.weak-key"
		}
	case *ecdsa.PublicKey:
		if key.Curve.Params().BitSize < 256 {
			return "path.weak-key"
		}
	default:
		return "path.unknown-key"
	}
	return ""
}
