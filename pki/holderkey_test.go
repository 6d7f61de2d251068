package pki

import (
	"encoding/hex"
	"reflect"
	"testing"
)

// The proofs are what other programs compute as well, so their values are fixed here.
// They were computed anew with Python's hashlib and hmac.
func TestProofVectors(t *testing.T) {
	proof := TransportProof("AAAAA-BBBBB-CCCCC-DDDDD-EEEEE", "2026-000123", []byte{1, 2, 3})
	if got := hex.EncodeToString(proof); got != "415b81350ac8c03681582898ca28209140b16e0ba56c5287a81eb1fc9ce132de" {
		t.Errorf("the transport proof is %s", got)
	}
	c := vectorChallenge()
	binding := c.Binding()
	if got := hex.EncodeToString(binding[:]); got != "414568ec871e432e638b4c0d64c985ff4e6e5c60b7351ed8f6872f24b3594aa6" {
		t.Errorf("the binding is %s", got)
	}
	text := c.ConfirmationText(&TokenInstall{Container: "c", Request: []byte{4}, Sign: []byte{5}, Encrypt: []byte{6}}, [][]byte{{7}, {8}}, []byte{9})
	if got := hex.EncodeToString(text[:]); got != "fa2a19a804c0f52c506698f31ea1cf781a04d90dcfb164501bad71eec681fc1d" {
		t.Errorf("the confirmation is %s", got)
	}
}

func vectorChallenge() *TokenChallenge {
	return &TokenChallenge{Delivery: "d", Application: "2026-000123", TokenSerial: "T1", Suite: SM2, AgentNonce: []byte{1}, Nonce: []byte{2}}
}

// Whatever of a challenge is changed or moved to its neighbour, the binding is another.
func TestBindingCoversTheChallenge(t *testing.T) {
	seen := map[[32]byte]string{vectorChallenge().Binding(): "unchanged"}
	for name, change := range map[string]func(*TokenChallenge){
		"delivery":    func(c *TokenChallenge) { c.Delivery = "e" },
		"application": func(c *TokenChallenge) { c.Application = "2026-000124" },
		"token":       func(c *TokenChallenge) { c.TokenSerial = "T2" },
		"suite":       func(c *TokenChallenge) { c.Suite = P256 },
		"agent":       func(c *TokenChallenge) { c.AgentNonce = []byte{3} },
		"nonce":       func(c *TokenChallenge) { c.Nonce = []byte{3} },
		"moved":       func(c *TokenChallenge) { c.Delivery, c.Application = "d2", "026-000123" },
		"swapped":     func(c *TokenChallenge) { c.AgentNonce, c.Nonce = c.Nonce, c.AgentNonce },
	} {
		c := vectorChallenge()
		change(c)
		if other := seen[c.Binding()]; other != "" {
			t.Errorf("%s and %s have one binding", name, other)
		}
		seen[c.Binding()] = name
	}
	one := TransportProof("a", "b", []byte("c"))
	for _, other := range [][]byte{TransportProof("ab", "", []byte("c")), TransportProof("a", "bc", nil), TransportProof("a", "", []byte("bc"))} {
		if reflect.DeepEqual(one, other) {
			t.Error("two proofs are the same")
		}
	}
}
