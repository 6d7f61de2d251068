package identity

import (
	"crypto"
	"io"
	"time"
)

// SignerConfig is what assertions are signed with.
type SignerConfig struct {
	Issuer string          // iss: the gateway's own address
	Keys   []crypto.Signer // P-256 and SM2; the first of each kind signs, all are published
	Now    func() time.Time
	Random io.Reader
}

// Signer signs assertions for all applications of a gateway.
type Signer struct{}

// NewSigner checks the keys.
func NewSigner(c SignerConfig) (*Signer, error) { return nil, notYet() }

// JWKS is the key set (RFC 7517) applications verify assertions with, application/jwk-set+json.
func (s *Signer) JWKS() []byte { return nil }
