package keys

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/rand"
	"fmt"
	"io"

	"github.com/emmansun/gmsm/sm2"

	"onecert/pki"
)

// Key is a private key one may use and not see. It implements crypto.Signer,
// crypto.MessageSigner, crypto.Decrypter (SM2 and RSA) and ecdh.KeyExchanger
// (P-256 and P-384). It is safe for concurrent use if the wrapped signer is.
type Key struct {
	suite       pki.Suite
	public      crypto.PublicKey
	fingerprint string // first 8 octets of SHA-256 over the SubjectPublicKeyInfo, hex
	z           []byte // SM2: Z for the default user id, a public value
	// The private part sits in a closure: fmt walks the unexported fields of a
	// struct that holds a Key by value without asking Key's methods, and follows
	// pointers where verb and type do not fit; no printer looks into a function.
	private func() *private
}

type private struct {
	signer crypto.Signer
	sm2    *sm2.PrivateKey // the same key, where it is in this process
	// digest signs e = SM3(Z ‖ M) with an SM2 key; nil for a signer that takes the
	// message only.
	digest func(random io.Reader, e []byte) ([]byte, error)
}

// Wrap makes a Key of any signer whose public key has a suite: throw-away keys,
// and tests. An SM2 key held as *ecdsa.PrivateKey becomes
// *sm2.PrivateKey, because crypto/ecdsa would sign with ECDSA on the SM2 curve.
func Wrap(signer crypto.Signer) (*Key, error) {
	switch s := signer.(type) {
	case nil:
		return nil, errNoKey()
	case *Key:
		return s, nil
	case *ecdsa.PrivateKey:
		if s.Curve == sm2.P256() {
			converted, err := new(sm2.PrivateKey).FromECPrivateKey(s)
			if err != nil {
				return nil, fmt.Errorf("taking an SM2 key: %w", err)
			}
			return wrap(converted)
		}
	}
	return wrap(signer)
}

func wrap(signer crypto.Signer) (*Key, error) {
	suite, err := pki.SuiteOf(signer.Public())
	if err != nil {
		return nil, err
	}
	spki, err := pki.MarshalPublicKey(signer.Public())
	if err != nil {
		return nil, fmt.Errorf("encoding the public key: %w", err)
	}
	held := &private{signer: signer}
	key := &Key{
		suite:       suite,
		public:      signer.Public(),
		fingerprint: pki.KeyHash(spki)[:16],
		private:     func() *private { return held },
	}
	if suite == pki.SM2 {
		if own, ok := signer.(*sm2.PrivateKey); ok {
			held.sm2 = own
			held.digest = func(random io.Reader, e []byte) ([]byte, error) { return own.Sign(random, e, nil) }
		}
		if key.z, err = sm2.CalculateZA(key.public.(*ecdsa.PublicKey), nil); err != nil {
			return nil, fmt.Errorf("computing Z: %w", err)
		}
	}
	return key, nil
}

// Suite returns the key's algorithm suite.
func (k *Key) Suite() pki.Suite { return k.suite }

// Public returns the public key: *ecdsa.PublicKey (SM2 too) or *rsa.PublicKey.
func (k *Key) Public() crypto.PublicKey { return k.public }

// Decrypt implements crypto.Decrypter. An SM2 ciphertext is a DER SM2Cipher
// (GB/T 35276); RSA follows opts, and for PKCS#1 v1.5 callers that face strangers
// pass *rsa.PKCS1v15DecryptOptions with a session key length, or they become a
// padding oracle. ECDSA keys do not decrypt: they agree on a key by ECDH.
func (k *Key) Decrypt(random io.Reader, ciphertext []byte, opts crypto.DecrypterOpts) ([]byte, error) {
	decrypter, ok := k.private().signer.(crypto.Decrypter)
	if !ok || k.suite.Family() == "ecdsa" {
		return nil, pki.Errorf(pki.Invalid, "key.no-decryption", "this %s key does not decrypt", k.suite)
	}
	if random == nil {
		random = rand.Reader
	}
	return decrypter.Decrypt(random, ciphertext, opts)
}

// ECDH implements ecdh.KeyExchanger for P-256 and P-384; remote is on the same
// curve. The answer is the x coordinate of the shared point (SEC 1 3.3.1).
func (k *Key) ECDH(remote *ecdh.PublicKey) ([]byte, error) {
	switch inner := k.private().signer.(type) {
	case *ecdsa.PrivateKey:
		exchanger, err := inner.ECDH()
		if err != nil {
			return nil, fmt.Errorf("taking the key for ECDH: %w", err)
		}
		return exchanger.ECDH(remote)
	case ecdh.KeyExchanger:
		return inner.ECDH(remote)
	}
	return nil, pki.Errorf(pki.Invalid, "key.no-agreement", "a %s key does not agree on keys by ECDH", k.suite)
}

// Curve returns the curve ECDH works on, nil where it does not.
func (k *Key) Curve() ecdh.Curve {
	switch k.suite {
	case pki.P256:
		return ecdh.P256()
	case pki.P384:
		return ecdh.P384()
	}
	return nil
}

// PublicKey returns the public key for ECDH, nil where ECDH does not work.
func (k *Key) PublicKey() *ecdh.PublicKey {
	if k.Curve() == nil {
		return nil
	}
	public, err := k.public.(*ecdsa.PublicKey).ECDH()
	if err != nil {
		return nil
	}
	return public
}
