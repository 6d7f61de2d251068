package sso

import (
	"crypto/aes"
	"crypto/cipher"
	"fmt"
	"io"
	"time"

	"github.com/emmansun/gmsm/sm4"

	"onecert/keys"
	"onecert/pki"
)

// ring is the keys of a realm's tokens, newest last. It is never changed: another takes
// its place.
type ring struct {
	byID map[uint32]*ringKey
	all  []*ringKey
}

// ringKey is one key. It seals from active on until the next one does, and opens what it
// has sealed for as long as that may live.
type ringKey struct {
	number int64
	id     uint32
	active time.Time
	aead   cipher.AEAD
	bound  []byte // what a token is bound to beside its content
}

// current is the key that seals at a moment.
func (r *ring) current(now time.Time) *ringKey {
	for i := len(r.all) - 1; i > 0; i-- {
		if !now.Before(r.all[i].active) {
			return r.all[i]
		}
	}
	return r.all[0]
}

// since is the moment before which none of the keys sealed anything.
func (r *ring) since() time.Time {
	first := r.all[0].active
	for _, k := range r.all {
		if k.active.Before(first) {
			first = k.active
		}
	}
	return first
}

// secretSize is the octets of a key at rest, whatever its cipher takes of them.
const secretSize = 32

// newRingKey makes a key work. Tokens are bound to realm and key: one of another realm
// does not open, even if somebody gave both the same secret.
func newRingKey(realm string, row keyRow, secret []byte) (*ringKey, error) {
	var block cipher.Block
	var err error
	switch {
	case len(secret) != secretSize:
		return nil, fmt.Errorf("key %d of the realm %s has %d octets", row.number, realm, len(secret))
	case row.cipher == keys.AES256GCM:
		block, err = aes.NewCipher(secret)
	case row.cipher == keys.SM4GCM:
		block, err = sm4.NewCipher(secret[:16])
	default:
		return nil, pki.Errorf(pki.Invalid, "sso.cipher", "session tokens are sealed with %s or %s", keys.AES256GCM, keys.SM4GCM)
	}
	if err != nil {
		return nil, fmt.Errorf("taking the cipher of tokens: %w", err)
	}
	k := &ringKey{number: row.number, id: row.id, active: row.active}
	if k.aead, err = cipher.NewGCM(block); err != nil {
		return nil, fmt.Errorf("taking the mode of tokens: %w", err)
	}
	k.bound = append([]byte("onecert session token\x00"+realm+"\x00"), header(k.id)...)
	return k, nil
}

// keyRow is a key at rest.
type keyRow struct {
	number       int64
	id           uint32
	cipher       keys.SealAlgorithm
	sealed       []byte
	made, active time.Time
}

// binding is what a sealed key belongs to: it does not open in another row.
func (r keyRow) binding(realm string) []byte {
	return fmt.Appendf(nil, "sso key %s %d %d %s %d", realm, r.number, r.id, r.cipher, r.active.UnixMilli())
}

// makeKey draws a key and seals it.
func (s *Sessions) makeKey(number int64, active time.Time) (keyRow, error) {
	secret := make([]byte, secretSize+4)
	defer clear(secret)
	if _, err := io.ReadFull(s.cfg.Random, secret); err != nil {
		return keyRow{}, fmt.Errorf("drawing a key of tokens: %w", err)
	}
	id := uint32(secret[secretSize])<<24 | uint32(secret[secretSize+1])<<16 | uint32(secret[secretSize+2])<<8 | uint32(secret[secretSize+3])
	row := keyRow{number: number, id: id, cipher: s.cfg.Cipher, made: s.cfg.Now(), active: active.Truncate(time.Millisecond)}
	sealed, err := s.cfg.Sealer.Seal(s.cfg.Random, secret[:secretSize], row.binding(s.cfg.Realm))
	row.sealed = sealed
	return row, err
}

// openRing opens the keys there are.
func (s *Sessions) openRing(rows []keyRow) (*ring, error) {
	r := &ring{byID: map[uint32]*ringKey{}}
	for _, row := range rows {
		secret, err := s.cfg.Sealer.Open(row.sealed, row.binding(s.cfg.Realm))
		if err != nil {
			return nil, fmt.Errorf("opening key %d of the realm %s: %w", row.number, s.cfg.Realm, err)
		}
		k, err := newRingKey(s.cfg.Realm, row, secret)
		clear(secret)
		if err != nil {
			return nil, err
		}
		r.byID[k.id] = k
		r.all = append(r.all, k)
	}
	return r, nil
}
