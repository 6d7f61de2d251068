package pkcs11

import (
	"crypto"
	"crypto/ecdh"
	"crypto/rsa"
	"crypto/subtle"
	"fmt"
	"io"
	"unsafe"

	"onecert/pki"
)

// Decrypt opens an RSA ciphertext: PKCS#1 v1.5 with nil or
// *rsa.PKCS1v15DecryptOptions, OAEP with *rsa.OAEPOptions (SoftHSM: SHA-1 without
// label only). With a session key length it never says that the padding is wrong,
// but gives a random key (RFC 3218 2.3.2); how long the token takes, and what it
// answers on its own wire, is out of our hands.
func (k *RSAKey) Decrypt(random io.Reader, ciphertext []byte, opts crypto.DecrypterOpts) ([]byte, error) {
	if len(ciphertext) != k.public.Size() {
		return nil, errCiphertext()
	}
	switch o := opts.(type) {
	case nil:
		return k.open(&mechanism{kind: ckmRSAPKCS}, ciphertext)
	//lint:ignore SA1019 with a session key length it is the safe way to read what others write
	case *rsa.PKCS1v15DecryptOptions:
		if o.SessionKeyLen > 0 {
			return k.sessionKey(random, ciphertext, o.SessionKeyLen)
		}
		return k.open(&mechanism{kind: ckmRSAPKCS}, ciphertext)
	case *rsa.OAEPOptions:
		how, err := oaep(o)
		if err != nil {
			return nil, err
		}
		return k.open(how, ciphertext)
	}
	return nil, pki.Errorf(pki.Invalid, "key.padding", "an RSA key decrypts PKCS#1 v1.5 or OAEP")
}

func (k *RSAKey) open(how *mechanism, ciphertext []byte) ([]byte, error) {
	return k.operate(fnDecryptInit, fnDecrypt, how, ciphertext, k.public.Size())
}

func (k *RSAKey) sessionKey(random io.Reader, ciphertext []byte, length int) ([]byte, error) {
	key := make([]byte, length)
	if _, err := io.ReadFull(random, key); err != nil {
		return nil, fmt.Errorf("drawing a session key: %w", err)
	}
	opened, err := k.open(&mechanism{kind: ckmRSAPKCS}, ciphertext)
	if err != nil && pki.KindOf(err) != pki.Invalid && pki.CodeOf(err) != "key.device-failed" {
		return nil, err // the token is gone or refuses: nothing a stranger learns from
	}
	right := make([]byte, length)
	copy(right, opened)
	fits := subtle.ConstantTimeEq(int32(len(opened)), int32(length))
	subtle.ConstantTimeCopy(fits, key, right)
	clear(right)
	clear(opened)
	return key, nil
}

// oaepParameters is CK_RSA_PKCS_OAEP_PARAMS.
type oaepParameters struct {
	hash, mgf, source ulong
	label             unsafe.Pointer
	labelLength       ulong
}

func oaep(o *rsa.OAEPOptions) (*mechanism, error) {
	p := &oaepParameters{source: ckzDataSpecified, label: first(o.Label), labelLength: ulong(len(o.Label))}
	name := func(hash crypto.Hash) (mechanism, mgf ulong, ok bool) {
		if hash == crypto.SHA1 {
			return ckmSHA1, ckgSHA1, true
		}
		names, ok := hashNames(hash)
		return names.mechanism, names.mgf, ok
	}
	mgfHash := o.MGFHash
	if mgfHash == 0 {
		mgfHash = o.Hash
	}
	var ok, mgfOK bool
	p.hash, _, ok = name(o.Hash)
	_, p.mgf, mgfOK = name(mgfHash)
	if !ok || !mgfOK {
		return nil, pki.Errorf(pki.Invalid, "key.padding", "OAEP is done with SHA-1, SHA-256, SHA-384 or SHA-512")
	}
	return newMechanism(ckmRSAOAEP, p), nil
}

func errCiphertext() error {
	return pki.Errorf(pki.Invalid, "key.ciphertext", "the ciphertext is not as long as the key's modulus")
}

// ecdhParameters is CK_ECDH1_DERIVE_PARAMS.
type ecdhParameters struct {
	kdf, _       ulong // the second is the shared data's length: none goes into the key
	_            unsafe.Pointer
	publicLength ulong
	public       unsafe.Pointer
}

// ECDH returns the x coordinate of the shared point (SEC 1 3.3.1). The token makes
// it an object that lasts as long as it takes to read it.
func (k *ECKey) ECDH(remote *ecdh.PublicKey) (secret []byte, err error) {
	if remote == nil || remote.Curve() != k.Curve() {
		return nil, pki.Errorf(pki.Invalid, "key.curve", "the other side's key is on another curve")
	}
	point := remote.Bytes()
	size := (len(point) - 1) / 2
	how := newMechanism(ckmECDH1Derive, &ecdhParameters{kdf: ckdNull, publicLength: ulong(len(point)), public: first(point)})
	template := []attribute{
		number(ckaClass, ckoSecret), number(ckaKeyType, ckkGenericSecret), number(ckaValueLen, ulong(size)),
		yes(ckaToken, false), yes(ckaSensitive, false), yes(ckaExtractable, true),
	}
	err = k.use(func(s *session, h handle) error {
		if h.always {
			return pki.Errorf(pki.NotImplemented, "key.use", "a key that asks for the PIN at each use does not agree on keys yet")
		}
		secret, err = k.derive(s, h.number, how, template)
		return err
	})
	if err == nil && len(secret) != size {
		return nil, errWrong()
	}
	return output(secret, err)
}

func (k *ECKey) derive(s *session, base ulong, how *mechanism, template []attribute) ([]byte, error) {
	f := k.module.f
	var derived ulong
	err := f.call(fnDeriveKey, uintptr(s.handle), uintptr(unsafe.Pointer(how)), uintptr(base),
		uintptr(unsafe.Pointer(&template[0])), uintptr(len(template)), uintptr(unsafe.Pointer(&derived)))
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.call(fnDestroyObject, uintptr(s.handle), uintptr(derived)) }() // goes with the session otherwise
	return f.value(s.handle, derived, ckaValue)
}
