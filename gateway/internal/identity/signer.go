package identity

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/big"

	"github.com/emmansun/gmsm/sm2"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

// Algorithms of assertions. ES256 is RFC 7518's. No name is registered for SM2 (IANA,
// JOSE): "SM2" is what implementations in the field write most; we mean by it SM2 with SM3
// and the default user id over the JWS signing input (GB/T 32918.2, GB/T 35276), r and s of
// 32 octets each, in the form of ES256; the key is of kty EC, crv "SM2".
const (
	ES256 = "ES256"
	SM2   = "SM2"
)

// SignerConfig is what assertions are signed with.
type SignerConfig struct {
	Issuer string          // iss: the gateway's own address
	Keys   []crypto.Signer // P-256 and SM2; the first of each kind signs, all are published
	Random io.Reader       // nil: crypto/rand
}

// Signer signs assertions for all applications of a gateway.
type Signer struct {
	issuer string
	keys   map[string]signingKey // by algorithm
	jwks   []byte
	random io.Reader
}

type signingKey struct {
	id     string
	signer crypto.Signer
}

// jwk is a public key (RFC 7517, RFC 7518 6.2). The members of its thumbprint (RFC 7638)
// stand first, in alphabetical order.
type jwk struct {
	Curve string `json:"crv"`
	Type  string `json:"kty"`
	X     string `json:"x"`
	Y     string `json:"y"`
	*jwkUse
}

type jwkUse struct {
	ID        string `json:"kid"`
	Use       string `json:"use"`
	Algorithm string `json:"alg"`
}

// NewSigner checks the keys.
func NewSigner(c SignerConfig) (*Signer, error) {
	s := &Signer{issuer: c.Issuer, keys: map[string]signingKey{}, random: c.Random}
	if s.random == nil {
		s.random = rand.Reader
	}
	if c.Issuer == "" || len(c.Keys) == 0 {
		return nil, pki.Errorf(pki.Invalid, "identity.signer", "the signer of assertions has no issuer or no key").
			To("name the gateway's address and a key of P-256 or SM2")
	}
	set := struct {
		Keys []jwk `json:"keys"`
	}{}
	for _, key := range c.Keys {
		public, algorithm, err := publicJWK(key.Public())
		if err != nil {
			return nil, err
		}
		set.Keys = append(set.Keys, public)
		if _, there := s.keys[algorithm]; !there {
			s.keys[algorithm] = signingKey{public.ID, key}
		}
	}
	var err error
	s.jwks, err = json.Marshal(set)
	return s, err
}

// JWKS is the key set (RFC 7517) applications verify assertions with, application/jwk-set+json.
func (s *Signer) JWKS() []byte { return s.jwks }

func publicJWK(public crypto.PublicKey) (key jwk, algorithm string, err error) {
	ec, ok := public.(*ecdsa.PublicKey)
	switch {
	case ok && ec.Curve == elliptic.P256():
		key.Curve, algorithm = "P-256", ES256
	case ok && ec.Curve == sm2.P256():
		key.Curve, algorithm = "SM2", SM2
	default:
		return key, "", pki.Errorf(pki.Invalid, "identity.signer", "a key for assertions is neither of P-256 nor of SM2").To("use one of these")
	}
	point := pki.Point(ec) // 04 X Y
	if len(point) != 65 {
		return key, "", pki.Errorf(pki.Invalid, "identity.signer", "a key for assertions has no usable point").To("make another key")
	}
	key.Type, key.X, key.Y = "EC", base64url(point[1:33]), base64url(point[33:])
	canonical, err := json.Marshal(key)
	if err != nil {
		return key, "", fmt.Errorf("naming a key: %w", err)
	}
	sum := sha256.Sum256(canonical)
	key.jwkUse = &jwkUse{ID: base64url(sum[:]), Use: "sig", Algorithm: algorithm}
	return key, algorithm, nil
}

func base64url(octets []byte) string { return base64.RawURLEncoding.EncodeToString(octets) }

// sign makes a compact JWS (RFC 7515 7.1) of claims.
func (s *Signer) sign(algorithm string, claims any) (string, error) {
	key := s.keys[algorithm]
	body, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("writing an assertion: %w", err)
	}
	head := `{"alg":"` + algorithm + `","kid":"` + key.id + `","typ":"JWT"}`
	input := base64url([]byte(head)) + "." + base64url(body)
	var der []byte
	if algorithm == SM2 {
		der, err = key.signer.Sign(s.random, []byte(input), sm2.DefaultSM2SignerOpts)
	} else {
		digest := sha256.Sum256([]byte(input))
		der, err = key.signer.Sign(s.random, digest[:], crypto.SHA256)
	}
	if err != nil {
		return "", fmt.Errorf("signing an assertion: %w", err)
	}
	signature, ok := fixedSignature(der)
	if !ok {
		return "", pki.Errorf(pki.Internal, "identity.signer", "the key for assertions made something that is no signature")
	}
	return input + "." + base64url(signature), nil
}

// fixedSignature turns SEQUENCE{r, s} into 32 octets each (RFC 7518 3.4).
func fixedSignature(der []byte) ([]byte, bool) {
	input := cryptobyte.String(der)
	var pair cryptobyte.String
	r, s := new(big.Int), new(big.Int)
	if !input.ReadASN1(&pair, asn1.SEQUENCE) || !pair.ReadASN1Integer(r) || !pair.ReadASN1Integer(s) ||
		r.Sign() < 0 || s.Sign() < 0 || r.BitLen() > 256 || s.BitLen() > 256 {
		return nil, false
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return signature, true
}
