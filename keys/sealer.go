package keys

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/sm4"

	"onecert/pki"
)

// SealAlgorithm is how records are sealed.
type SealAlgorithm string

// The seal algorithms: AES-256-GCM with HKDF-SHA256, SM4-GCM with HKDF-SM3.
const (
	AES256GCM SealAlgorithm = "aes256gcm"
	SM4GCM    SealAlgorithm = "sm4gcm"
)

// Sealer is the symmetric master key of a database. It seals records one by one
// and opens them again; the secret itself is never given out. Safe for
// concurrent use.
//
// A sealed record is, in octets:
//
//	version 1 ‖ algorithm 1 ‖ key id 4 ‖ salt 16 ‖ nonce 12 ‖ ciphertext ‖ tag 16
//
// Each record has its own AEAD key, HKDF-Expand(master, header ‖ salt). Two
// records share key and nonce only if 16 + 12 random octets repeat, so the number
// of seals is not bounded by the 2^32 that random 96-bit nonces allow one GCM
// key: after 2^48 records the chance that any two share even the key is below
// 2^-32. That is the limit; 10^8 records are 2^27. The header and salt are
// authenticated with the caller's additional data.
type Sealer struct {
	algorithm SealAlgorithm
	id        [sealerIDLen]byte
	master    func() []byte // HKDF pseudorandom key; in a closure, as in Key
}

const (
	sealVersion = 1
	sealerIDLen = 4
	saltLen     = 16
	nonceLen    = 12
	headerLen   = 2 + sealerIDLen
	prefixLen   = headerLen + saltLen
	tagLen      = 16

	// SealOverhead is by how many octets a sealed record is longer than its plaintext.
	SealOverhead = prefixLen + nonceLen + tagLen
	// MaxSealed bounds a record's plaintext in octets.
	MaxSealed = 1 << 20
)

// sealSuite is what an algorithm is made of.
type sealSuite struct {
	number   byte
	hash     func() hash.Hash
	newBlock func([]byte) (cipher.Block, error)
	keyLen   int
}

func (a SealAlgorithm) suite() (sealSuite, bool) {
	switch a {
	case AES256GCM:
		return sealSuite{1, sha256.New, aes.NewCipher, 32}, true
	case SM4GCM:
		return sealSuite{2, sm3.New, sm4.NewCipher, 16}, true
	}
	return sealSuite{}, false
}

func sealAlgorithm(number byte) (SealAlgorithm, bool) {
	for _, a := range []SealAlgorithm{AES256GCM, SM4GCM} {
		if suite, _ := a.suite(); suite.number == number {
			return a, true
		}
	}
	return "", false
}

// newSealer derives the master key and the key id from the 32-octet secret.
func newSealer(algorithm SealAlgorithm, secret []byte) (*Sealer, error) {
	suite, ok := algorithm.suite()
	if !ok {
		return nil, errSealAlgorithm()
	}
	master, err := hkdf.Key(suite.hash, secret, nil, "onecert sealer 1 master "+string(algorithm), 32)
	if err != nil {
		return nil, fmt.Errorf("deriving the master key: %w", err)
	}
	id, err := hkdf.Key(suite.hash, secret, nil, "onecert sealer 1 key id "+string(algorithm), sealerIDLen)
	if err != nil {
		return nil, fmt.Errorf("deriving the key id: %w", err)
	}
	s := &Sealer{algorithm: algorithm, master: func() []byte { return master }}
	copy(s.id[:], id)
	return s, nil
}

// Algorithm returns how this key seals.
func (s *Sealer) Algorithm() SealAlgorithm { return s.algorithm }

// ID returns the key id that stands in every record sealed with this key: 4
// octets, not secret. It tells which master key a record needs, nothing more.
func (s *Sealer) ID() [sealerIDLen]byte { return s.id }

// Seal encrypts plaintext (at most MaxSealed octets) and binds it to aad, which
// Open must be given again: the record's place and owner, so that a record
// copied to another row does not open. random nil means crypto/rand. The record
// is opened again and compared before Seal returns: what cannot be recovered is
// reported now, not in ten years.
func (s *Sealer) Seal(random io.Reader, plaintext, aad []byte) ([]byte, error) {
	if len(plaintext) > MaxSealed {
		return nil, pki.Errorf(pki.Invalid, "seal.size", "a record to be sealed has %d octets, more than %d", len(plaintext), MaxSealed)
	}
	if random == nil {
		random = rand.Reader
	}
	suite, _ := s.algorithm.suite()
	blob := make([]byte, prefixLen+nonceLen, len(plaintext)+SealOverhead)
	blob[0], blob[1] = sealVersion, suite.number
	copy(blob[2:], s.id[:])
	if _, err := io.ReadFull(random, blob[headerLen:]); err != nil {
		return nil, fmt.Errorf("drawing salt and nonce: %w", err)
	}
	aead, err := s.recordAEAD(suite, blob[:prefixLen])
	if err != nil {
		return nil, err
	}
	blob = aead.Seal(blob, blob[prefixLen:], plaintext, boundData(blob[:prefixLen], aad))
	opened, err := s.Open(blob, aad)
	if err != nil || !bytes.Equal(opened, plaintext) {
		return nil, errors.New("sealing: the sealed record does not open again")
	}
	clear(opened)
	return blob, nil
}

// Open decrypts a record. Errors: seal.format, seal.key (another master key's
// record), seal.damaged (changed, or bound to other aad).
func (s *Sealer) Open(blob, aad []byte) ([]byte, error) {
	suite, _ := s.algorithm.suite()
	if len(blob) < SealOverhead || len(blob) > SealOverhead+MaxSealed || blob[0] != sealVersion {
		return nil, pki.Errorf(pki.Invalid, "seal.format", "the record is not a sealed one of version %d", sealVersion)
	}
	if blob[1] != suite.number || !bytes.Equal(blob[2:headerLen], s.id[:]) {
		return nil, pki.Errorf(pki.Conflict, "seal.key", "the record was sealed with key %x, this is key %x", blob[2:headerLen], s.id).
			To("open it with the master key it was sealed with")
	}
	aead, err := s.recordAEAD(suite, blob[:prefixLen])
	if err != nil {
		return nil, err
	}
	nonce, ciphertext := blob[prefixLen:prefixLen+nonceLen], blob[prefixLen+nonceLen:]
	plaintext, err := aead.Open(nil, nonce, ciphertext, boundData(blob[:prefixLen], aad))
	if err != nil {
		return nil, pki.Errorf(pki.Conflict, "seal.damaged", "the sealed record is damaged or belongs elsewhere").
			To("restore the record from the backup")
	}
	return plaintext, nil
}

// recordAEAD derives the AEAD of one record from the record's header and salt.
func (s *Sealer) recordAEAD(suite sealSuite, prefix []byte) (cipher.AEAD, error) {
	key, err := hkdf.Expand(suite.hash, s.master(), "onecert sealer 1 record"+string(prefix), suite.keyLen)
	if err != nil {
		return nil, fmt.Errorf("deriving the record's key: %w", err)
	}
	defer clear(key)
	return newGCM(suite, key)
}

func newGCM(suite sealSuite, key []byte) (cipher.AEAD, error) {
	block, err := suite.newBlock(key)
	if err != nil {
		return nil, fmt.Errorf("taking the seal's cipher: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("taking the seal's mode: %w", err)
	}
	return aead, nil
}

// boundData joins the fixed-length prefix and the caller's data, which is unambiguous.
func boundData(prefix, aad []byte) []byte {
	return append(bytes.Clone(prefix), aad...)
}

func errSealAlgorithm() error {
	return pki.Errorf(pki.Invalid, "seal.algorithm", "the seal algorithm is not one of those that exist").
		To("use aes256gcm or sm4gcm")
}
