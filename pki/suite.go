package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"io"

	"github.com/emmansun/gmsm/sm2"
)

// Suite names a key algorithm with its size; the signature's hash follows from it.
type Suite string

// The suites of design.md §5.
const (
	SM2     Suite = "sm2"
	RSA2048 Suite = "rsa2048"
	RSA3072 Suite = "rsa3072"
	RSA4096 Suite = "rsa4096"
	P256    Suite = "p256"
	P384    Suite = "p384"
)

// Suites lists every suite, national first.
func Suites() []Suite { return []Suite{SM2, RSA2048, RSA3072, RSA4096, P256, P384} }

// Family is what a hierarchy is made of: "sm2", "rsa" or "ecdsa".
func (s Suite) Family() string {
	switch s {
	case SM2:
		return "sm2"
	case RSA2048, RSA3072, RSA4096:
		return "rsa"
	case P256, P384:
		return "ecdsa"
	}
	return ""
}

// ParseSuite reads a suite's name.
func ParseSuite(text string) (Suite, error) {
	if s := Suite(text); s.Family() != "" {
		return s, nil
	}
	return "", Errorf(Invalid, "suite.unknown", "%q is not an algorithm suite", text).
		To("use sm2, rsa2048, rsa3072, rsa4096, p256 or p384")
}

// SuiteOf returns the suite of a public key. RSA keys of another length than the
// named ones, and other curves, are refused.
func SuiteOf(public crypto.PublicKey) (Suite, error) {
	switch key := public.(type) {
	case *ecdsa.PublicKey:
		switch key.Curve {
		case sm2.P256():
			return SM2, nil
		case elliptic.P256():
			return P256, nil
		case elliptic.P384():
			return P384, nil
		}
	case *rsa.PublicKey:
		switch key.N.BitLen() {
		case 2048:
			return RSA2048, nil
		case 3072:
			return RSA3072, nil
		case 4096:
			return RSA4096, nil
		}
		return "", Errorf(Invalid, "key.size", "an RSA key of %d bits is not allowed", key.N.BitLen()).
			To("make a key of 2048, 3072 or 4096 bits")
	}
	return "", Errorf(Invalid, "key.algorithm", "the key's algorithm or curve is not supported").
		To("use SM2, RSA (2048, 3072, 4096), P-256 or P-384")
}

// GenerateKey makes a private key of the suite. SM2 keys are *sm2.PrivateKey.
func GenerateKey(random io.Reader, suite Suite) (crypto.Signer, error) {
	if random == nil {
		random = rand.Reader
	}
	switch suite {
	case SM2:
		return sm2.GenerateKey(random)
	case RSA2048:
		return rsa.GenerateKey(random, 2048)
	case RSA3072:
		return rsa.GenerateKey(random, 3072)
	case RSA4096:
		return rsa.GenerateKey(random, 4096)
	case P256:
		return ecdsa.GenerateKey(elliptic.P256(), random)
	case P384:
		return ecdsa.GenerateKey(elliptic.P384(), random)
	}
	return nil, fmt.Errorf("making a key: unknown suite %q", suite)
}
