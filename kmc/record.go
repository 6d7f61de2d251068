package kmc

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/big"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"golang.org/x/crypto/cryptobyte"

	"onecert/keys"
	"onecert/pki"
)

// record is one pair as it stands in the database. The private key exists only
// sealed; sealed opens with this id, suite and public key and with no other.
type record struct {
	id     string // 32 hexadecimal characters
	suite  pki.Suite
	spki   []byte
	sealed []byte
	madeAt time.Time
}

// recordVersion opens the plaintext of a sealed record: after it come 32 octets d
// of an SM2 key, or the PKCS#8 of any other.
const recordVersion = 1

// vault makes, seals and opens pairs. It is the only place of the platform where
// private octets are handled.
type vault struct {
	sealer *keys.Sealer
	random io.Reader
	now    func() time.Time
}

// make makes one pair, seals it, and proves that what will be stored opens again
// and fits its public key.
func (v *vault) make(suite pki.Suite) (*record, error) {
	now := v.now()
	id, err := newID(v.random, now)
	if err != nil {
		return nil, err
	}
	private, err := pki.GenerateKey(v.random, suite)
	if err != nil {
		return nil, fmt.Errorf("making a %s key: %w", suite, err)
	}
	spki, err := pki.MarshalPublicKey(private.Public())
	if err != nil {
		return nil, fmt.Errorf("encoding a public key: %w", err)
	}
	r := &record{id: id, suite: suite, spki: spki, madeAt: now}
	plaintext, err := encodePrivate(private)
	if err != nil {
		return nil, err
	}
	defer clear(plaintext)
	if r.sealed, err = v.sealer.Seal(v.random, plaintext, r.binding()); err != nil {
		return nil, fmt.Errorf("sealing a key: %w", err)
	}
	if err := v.check(r); err != nil {
		return nil, fmt.Errorf("checking a key just sealed: %w", err)
	}
	return r, nil
}

// newID draws a key's name: 48 bits of milliseconds since 1970, so that pairs taken
// one after the other stand side by side in the tables, and 80 random bits.
func newID(random io.Reader, now time.Time) (string, error) {
	id := binary.BigEndian.AppendUint64(nil, uint64(now.UnixMilli())<<16)
	id = append(id, make([]byte, 8)...)
	if _, err := io.ReadFull(random, id[6:]); err != nil {
		return "", fmt.Errorf("drawing a key id: %w", err)
	}
	return hex.EncodeToString(id), nil
}

// binding is the additional data of the seal: a record moved to another row, or a
// row given another public key, does not open.
func (r *record) binding() []byte {
	hash := sha256.Sum256(r.spki)
	var b cryptobyte.Builder
	for _, part := range []string{"onecert kmc key", r.id, string(r.suite), string(hash[:])} {
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(part)) })
	}
	return b.BytesOrPanic()
}

func encodePrivate(private crypto.Signer) ([]byte, error) {
	if key, ok := private.(*sm2.PrivateKey); ok {
		plaintext := make([]byte, 33)
		plaintext[0] = recordVersion
		key.D.FillBytes(plaintext[1:])
		return plaintext, nil
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, fmt.Errorf("encoding a private key: %w", err)
	}
	defer clear(der)
	return append([]byte{recordVersion}, der...), nil
}

var errRecord = errors.New("the sealed record is not of a known form")

// open returns the private octets without their version: d or PKCS#8. The caller
// clears them. That they belong to r's public key follows from the binding.
func (v *vault) open(r *record) ([]byte, error) {
	plaintext, err := v.sealer.Open(r.sealed, r.binding())
	if err != nil {
		return nil, fmt.Errorf("opening the record of key %s: %w", r.id, err)
	}
	if len(plaintext) < 2 || plaintext[0] != recordVersion || r.suite == pki.SM2 && len(plaintext) != 33 {
		clear(plaintext)
		return nil, errRecord
	}
	return plaintext[1:], nil
}

// check opens a record and computes its public key anew.
func (v *vault) check(r *record) error {
	private, err := v.private(r)
	if err != nil {
		return err
	}
	if signer, ok := private.(*sm2.PrivateKey); ok { // its public half was taken from r
		if private, err = sm2.NewPrivateKeyFromInt(signer.D); err != nil {
			return fmt.Errorf("reading a private key: %w", err)
		}
	}
	spki, err := pki.MarshalPublicKey(private.Public())
	if err != nil {
		return fmt.Errorf("encoding a public key: %w", err)
	}
	if string(spki) != string(r.spki) {
		return errors.New("the private key does not fit the public key beside it")
	}
	return nil
}

// private opens a record as a key.
func (v *vault) private(r *record) (crypto.Signer, error) {
	octets, err := v.open(r)
	if err != nil {
		return nil, err
	}
	defer clear(octets)
	if r.suite == pki.SM2 {
		return sm2Key(r, octets)
	}
	private, err := x509.ParsePKCS8PrivateKey(octets)
	if err != nil {
		return nil, fmt.Errorf("reading a private key: %w", err)
	}
	signer, ok := private.(crypto.Signer)
	if !ok {
		return nil, errRecord
	}
	return signer, nil
}

// sm2Key puts d and the public key beside it together. Computing the public key
// again would cost a quarter of the envelope on each order, and the binding has
// already tied the two.
func sm2Key(r *record, d []byte) (*sm2.PrivateKey, error) {
	public, err := pki.ParsePublicKey(r.spki)
	if err != nil {
		return nil, fmt.Errorf("reading a public key: %w", err)
	}
	point, ok := public.(*ecdsa.PublicKey)
	if !ok || point.Curve != elliptic.Curve(sm2.P256()) {
		return nil, errRecord
	}
	key := new(sm2.PrivateKey)
	key.PublicKey = *point
	key.D = new(big.Int).SetBytes(d)
	return key, nil
}
