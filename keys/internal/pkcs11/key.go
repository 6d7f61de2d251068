package pkcs11

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/rsa"
	"io"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"

	"onecert/keys/internal/pin"
	"onecert/keys/internal/pool"
	"onecert/pki"
)

// key is a private key in a token.
type key struct {
	module *Module
	place  place
	object object
	known  bool // it was there when it was opened
}

// RSAKey is an RSA key in a token; it implements crypto.Signer and crypto.Decrypter.
type RSAKey struct {
	key
	public *rsa.PublicKey
}

// ECKey is a P-256 or P-384 key in a token; it implements crypto.Signer and
// ecdh.KeyExchanger.
type ECKey struct {
	key
	public *ecdsa.PublicKey
}

// Public returns the *rsa.PublicKey.
func (k *RSAKey) Public() crypto.PublicKey { return k.public }

// Public returns the *ecdsa.PublicKey.
func (k *ECKey) Public() crypto.PublicKey { return k.public }

// Open logs in to a token and finds a private key in it: an *RSAKey or an *ECKey.
// Errors: key.device-gone, key.several, key.missing, key.pin, key.pin-differs,
// key.pin-locked, key.pin-final, key.passphrase-missing, key.no-public, key.no-sm2.
func (m *Module) Open(t Token, o Object, pin []byte) (crypto.Signer, error) {
	where, info, err := m.locate(t)
	if err != nil {
		return nil, err
	}
	if err := m.unlock(where, info, pin); err != nil {
		return nil, err
	}
	k := key{module: m, place: where, object: object{o, ckoPrivate}}
	var public crypto.PublicKey
	err = k.use(func(s *session, h handle) error {
		if public, err = m.publicOf(s, h.number, o); err != nil {
			return err
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	k.known = true
	return k.signer(public)
}

func (k key) signer(public crypto.PublicKey) (crypto.Signer, error) {
	if _, err := pki.SuiteOf(public); err != nil {
		return nil, err
	}
	switch p := public.(type) {
	case *rsa.PublicKey:
		return &RSAKey{k, p}, nil
	case *ecdsa.PublicKey:
		return &ECKey{k, p}, nil
	}
	return nil, pki.Errorf(pki.Invalid, "key.algorithm", "the key in the token is neither RSA nor EC")
}

// use lends a session and the key's handle in it. The act may be repeated.
func (k *key) use(act func(*session, handle) error) error {
	return k.module.pool.Do(k.place, func(s *session) (pool.Verdict, error) {
		h, err := k.module.lookup(s, k.object)
		if k.known && pki.CodeOf(err) == "key.missing" { // a token half gone, or another one
			return pool.Device, errLost()
		}
		if err == nil {
			err = act(s, h)
		}
		return k.module.judge(s, err), k.module.explain(err)
	})
}

// operate runs one of the operations that begin with a mechanism and a key, and
// asks for the PIN between the two where the key wants that.
func (k *key) operate(begin, end int, how *mechanism, input []byte, size int) (output []byte, err error) {
	err = k.use(func(s *session, h handle) error {
		f := k.module.f
		if err := f.begin(begin, s.handle, how, h.number); err != nil {
			return err
		}
		if h.always {
			if err := k.confirm(s); err != nil {
				return err
			}
		}
		output, err = f.crypt(end, s.handle, input, size)
		return err
	})
	return output, err
}

// confirm shows the PIN for one use (PKCS #11 2.40 C_Login, CKU_CONTEXT_SPECIFIC).
func (k *key) confirm(s *session) error {
	return k.module.pinOf(k.place.identity).Show(func(value []byte) (pin.Answer, error) {
		return k.module.show(s, ckuContextSpecific, value)
	})
}

// Sign signs a digest: PKCS#1 v1.5, or PSS with *rsa.PSSOptions. The signature is
// verified before it is given out: a faulty RSA signature betrays the key, and a
// token that was exchanged for one of the same name has another key.
func (k *RSAKey) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	hash := opts.HashFunc()
	names, ok := hashNames(hash)
	if !ok || len(digest) != hash.Size() {
		return nil, errHash()
	}
	pss, ok := opts.(*rsa.PSSOptions)
	if !ok {
		info := append(append([]byte{}, names.prefix...), digest...)
		signature, err := k.operate(fnSignInit, fnSign, &mechanism{kind: ckmRSAPKCS}, info, k.public.Size())
		if err == nil && rsa.VerifyPKCS1v15(k.public, hash, digest, signature) != nil {
			err = errWrong()
		}
		return output(signature, err)
	}
	salt := pss.SaltLength
	switch salt {
	case rsa.PSSSaltLengthEqualsHash:
		salt = hash.Size()
	case rsa.PSSSaltLengthAuto: // the longest, as crypto/rsa does (RFC 8017 9.1.1)
		salt = (k.public.N.BitLen()-1+7)/8 - 2 - hash.Size()
	}
	if salt < 0 {
		return nil, pki.Errorf(pki.Invalid, "key.salt", "the salt length is not one that RSA-PSS has")
	}
	how := newMechanism(ckmRSAPSS, &pssParameters{names.mechanism, names.mgf, ulong(salt)})
	signature, err := k.operate(fnSignInit, fnSign, how, digest, k.public.Size())
	if err == nil && rsa.VerifyPSS(k.public, hash, digest, signature, &rsa.PSSOptions{SaltLength: salt}) != nil {
		err = errWrong()
	}
	return output(signature, err)
}

// pssParameters is CK_RSA_PKCS_PSS_PARAMS.
type pssParameters struct{ hash, mgf, salt ulong }

// Sign signs a digest with ECDSA and returns the signature as DER.
func (k *ECKey) Sign(_ io.Reader, digest []byte, _ crypto.SignerOpts) ([]byte, error) {
	size := (k.public.Curve.Params().BitSize + 7) / 8
	if len(digest) < 32 {
		return nil, errHash()
	}
	input := digest
	if len(input) > size { // leftmost bits, FIPS 186-5 6.4.1; not every module cuts by itself
		input = input[:size]
	}
	raw, err := k.operate(fnSignInit, fnSign, &mechanism{kind: ckmECDSA}, input, 2*size)
	if err != nil {
		return nil, err
	}
	signature, err := pairDER(raw, size)
	if err == nil && !ecdsa.VerifyASN1(k.public, digest, signature) {
		err = errWrong()
	}
	return output(signature, err)
}

// pairDER turns r‖s into Ecdsa-Sig-Value.
func pairDER(raw []byte, size int) ([]byte, error) {
	if len(raw) != 2*size {
		return nil, errWrong()
	}
	b := cryptobyte.NewBuilder(make([]byte, 0, 2*size+10))
	b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, half := range [][]byte{raw[:size], raw[size:]} {
			addUnsigned(b, half)
		}
	})
	return b.Bytes()
}

func output(octets []byte, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	return octets, nil
}

func errHash() error {
	return pki.Errorf(pki.Invalid, "key.hash", "signatures are made over digests of SHA-256, SHA-384 or SHA-512 only")
}

func errWrong() error {
	return pki.Errorf(pki.Internal, "key.device-wrong", "the token made a signature that does not verify under the key's public key").
		To("see whether another token was put in; if not, take it out of service")
}

func errLost() error {
	return pki.Errorf(pki.Unavailable, "key.device-gone", "the token does not show the key any more").
		To("look whether it is plugged in whole and is still the same token; the key works again by itself when it is back")
}

// Curve returns the curve ECDH works on.
func (k *ECKey) Curve() ecdh.Curve {
	if public := k.PublicKey(); public != nil {
		return public.Curve()
	}
	return nil
}

// PublicKey returns the public key for ECDH.
func (k *ECKey) PublicKey() *ecdh.PublicKey {
	public, err := k.public.ECDH()
	if err != nil {
		return nil
	}
	return public
}
