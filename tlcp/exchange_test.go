package tlcp

import (
	"crypto"
	"crypto/rand"
	"io"
	"testing"

	"github.com/emmansun/gmsm/ecdh"
	"github.com/emmansun/gmsm/sm2"
)

// hiddenKey is an encryption key that is used and not seen.
type hiddenKey struct{ inner *sm2.PrivateKey }

func (k hiddenKey) Public() crypto.PublicKey { return k.inner.Public() }

func (k hiddenKey) Decrypt(random io.Reader, ciphertext []byte, opts crypto.DecrypterOpts) ([]byte, error) {
	return k.inner.Decrypt(random, ciphertext, opts)
}

func (k hiddenKey) SM2MQV(ephemeral *ecdh.PrivateKey, remote, remoteEphemeral *ecdh.PublicKey) (*ecdh.PublicKey, error) {
	own, err := k.inner.ECDH()
	if err != nil {
		return nil, err
	}
	return own.SM2MQV(ephemeral, remote, remoteEphemeral)
}

// decryptOnly cannot take part in a key agreement.
type decryptOnly struct{ crypto.Decrypter }

func TestHiddenKeysAgree(t *testing.T) {
	ca := newAuthority(t, "demo")
	near, far := ca.pair(t, "client.example"), ca.pair(t, "server.example")
	seen, err := exchangerOf(near.EncryptKey)
	if err != nil {
		t.Fatal(err)
	}
	unseen, err := exchangerOf(hiddenKey{far.EncryptKey.(*sm2.PrivateKey)})
	if err != nil {
		t.Fatal(err)
	}
	first, finish, err := unseen.InitiateExchange(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	server, err := keyOf(far.EncryptLeaf)
	if err != nil {
		t.Fatal(err)
	}
	client, err := keyOf(near.EncryptLeaf)
	if err != nil {
		t.Fatal(err)
	}
	second, secret, err := seen.RespondExchange(rand.Reader, server, first)
	if err != nil {
		t.Fatal(err)
	}
	other, err := finish(client, second)
	if err != nil || string(other) != string(secret) {
		t.Errorf("two secrets: %v", err)
	}
	if _, err := exchangerOf(decryptOnly{far.EncryptKey}); err == nil {
		t.Error("a key that only decrypts agrees")
	}
}
