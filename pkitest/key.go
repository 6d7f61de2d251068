package pkitest

import (
	"crypto/rand"

	"onecert/keys"
	"onecert/pki"
)

// NewKey makes a throw-away key, for rooms that see none.
func NewKey(suite pki.Suite) (*keys.Key, error) {
	signer, err := pki.GenerateKey(rand.Reader, suite)
	if err != nil {
		return nil, err
	}
	return keys.Wrap(signer)
}
