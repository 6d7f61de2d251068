package keys

import (
	"crypto"
	"crypto/rand"
	"io"
	"reflect"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"

	"onecert/pki"
)

// Sign implements crypto.Signer. For RSA and ECDSA it signs a digest, as
// everywhere in Go. For SM2 it takes the WHOLE message, because the digest
// depends on the key through Z (GB/T 32918.2 5.5); opts is then nil or a
// *sm2.SM2SignerOption, whose user id counts.
func (k *Key) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if k.suite == pki.SM2 {
		return k.SignMessage(random, digest, opts)
	}
	if err := acceptableHash(opts); err != nil {
		return nil, err
	}
	if len(digest) != opts.HashFunc().Size() {
		return nil, pki.Errorf(pki.Invalid, "key.digest", "what is to be signed is not a digest of the named hash")
	}
	return k.private().signer.Sign(orRand(random), digest, opts)
}

// SignMessage signs the to-be-signed octets themselves. With opts nil the suite
// decides: SM2 with SM3 and Z of the default user id, RSA PKCS#1 v1.5 with
// SHA-256, P-256 with SHA-256, P-384 with SHA-384. With opts it implements
// crypto.MessageSigner: the hash or RSA-PSS asked for, or the SM2 user id.
// ECDSA and SM2 signatures come as DER.
func (k *Key) SignMessage(random io.Reader, msg []byte, opts crypto.SignerOpts) ([]byte, error) {
	if k.suite == pki.SM2 {
		return k.signSM2(orRand(random), msg, opts)
	}
	if opts == nil {
		opts = k.Hash()
	}
	if err := acceptableHash(opts); err != nil {
		return nil, err
	}
	return crypto.SignMessage(k.private().signer, orRand(random), msg, opts)
}

// Hash returns the hash the suite signs with; 0 for SM2, whose SM3 Go's crypto
// package has no number for.
func (k *Key) Hash() crypto.Hash {
	switch k.suite {
	case pki.SM2:
		return 0
	case pki.P384:
		return crypto.SHA384
	}
	return crypto.SHA256
}

// signSM2 hashes with the Z computed once at Wrap where key and user id allow it.
func (k *Key) signSM2(random io.Reader, msg []byte, opts crypto.SignerOpts) ([]byte, error) {
	if opts == nil {
		opts = sm2.DefaultSM2SignerOpts
	}
	if _, ok := opts.(*sm2.SM2SignerOption); !ok {
		return nil, pki.Errorf(pki.Invalid, "key.hash", "an SM2 key signs messages with SM3, not digests of another hash")
	}
	held := k.private()
	// The user id in opts cannot be read from outside gmsm, only compared.
	usual := opts == sm2.DefaultSM2SignerOpts || reflect.DeepEqual(opts, sm2.DefaultSM2SignerOpts)
	switch {
	case held.digest == nil, !usual && held.sm2 != nil:
		return crypto.SignMessage(held.signer, random, msg, opts)
	case !usual:
		return nil, pki.Errorf(pki.NotImplemented, "key.user-id", "an SM2 key in a device signs with the default user id only").
			To("use the default user id 1234567812345678, as certificates do")
	}
	var digest [sm3.Size]byte
	hash := sm3.New()
	hash.Write(k.z)
	hash.Write(msg)
	return held.digest(random, hash.Sum(digest[:0]))
}

// acceptableHash refuses hashes that no signature of ours may use.
func acceptableHash(opts crypto.SignerOpts) error {
	if opts != nil {
		switch opts.HashFunc() {
		case crypto.SHA256, crypto.SHA384, crypto.SHA512:
			return nil
		}
	}
	return pki.Errorf(pki.Invalid, "key.hash", "signatures are made with SHA-256, SHA-384 or SHA-512 only")
}

func orRand(random io.Reader) io.Reader {
	// gmsm takes nil for "sign deterministically", which nobody here asks for.
	if random == nil {
		return rand.Reader
	}
	return random
}
