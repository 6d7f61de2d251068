package keys

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"testing"

	"github.com/emmansun/gmsm/ecdh"
	"github.com/emmansun/gmsm/sm2"

	"onecert/pki"
)

// Both sides of an agreement come to the same point, one of them with gmsm's own key.
func TestSM2Agreement(t *testing.T) {
	path := t.TempDir() + "/key.pem"
	key, err := Generate(URI{Path: path}.String(), pki.SM2, Options{Passphrase: []byte("a passphrase of this test")})
	if err != nil {
		t.Fatal(err)
	}
	other, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	far, err := other.ECDH()
	if err != nil {
		t.Fatal(err)
	}
	mine, err := sm2.PublicKeyToECDH(key.Public().(*ecdsa.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	var ephemeral [2]*ecdh.PrivateKey
	for i := range ephemeral {
		if ephemeral[i], err = ecdh.P256().GenerateKey(rand.Reader); err != nil {
			t.Fatal(err)
		}
	}
	ours, err := key.SM2MQV(ephemeral[0], far.PublicKey(), ephemeral[1].PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := far.SM2MQV(ephemeral[1], mine, ephemeral[0].PublicKey())
	if err != nil || !bytes.Equal(ours.Bytes(), theirs.Bytes()) {
		t.Errorf("two points: %v", err)
	}
	plain, err := ecdsaKey()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plain.SM2MQV(ephemeral[0], mine, ephemeral[1].PublicKey()); pki.KindOf(err) != pki.NotImplemented {
		t.Errorf("a P-256 key: %v", err)
	}
}

func ecdsaKey() (*Key, error) {
	signer, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	return Wrap(signer)
}
