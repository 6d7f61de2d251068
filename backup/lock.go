package backup

import (
	"bytes"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"golang.org/x/crypto/scrypt"

	"onecert/pki"
	"onecert/shares"
)

// What a passphrase costs to try: 128 MiB and some tenths of a second.
const (
	scryptLogN = 17
	scryptR    = 8
	scryptP    = 1
)

// MinPassphrase is the fewest octets a new archive's passphrase may have.
const MinPassphrase = 12

// Lock says what will open a new archive: a passphrase, or Threshold of Total shares
// of a secret drawn for it.
type Lock struct {
	Cipher           Cipher // "" is AES256GCM
	Passphrase       []byte
	Threshold, Total int
	Random           io.Reader // nil: crypto/rand

	logN byte // tests make trying cheap; 0: scryptLogN
}

// Key opens an archive. Shares of other archives may be among those given.
type Key struct {
	Passphrase []byte
	Shares     []shares.Share
}

// seal draws the archive key and writes the head around it.
func (l Lock) seal() (Head, []byte, []shares.Share, error) {
	if l.Cipher == "" {
		l.Cipher = AES256GCM
	}
	if l.Random == nil {
		l.Random = rand.Reader
	}
	s, err := l.Cipher.suite()
	if err != nil {
		return Head{}, nil, nil, err
	}
	raw := make([]byte, offKey, headLen)
	copy(raw, magic)
	raw[offVersion], raw[offVersion+1] = version, s.number
	key := make([]byte, keyLen)
	for _, part := range [][]byte{raw[offID:], key} {
		if _, err := io.ReadFull(l.Random, part); err != nil {
			return Head{}, nil, nil, fmt.Errorf("drawing the archive's key: %w", err)
		}
	}
	above, split, err := l.keyAbove(s, raw)
	if err != nil {
		return Head{}, nil, nil, err
	}
	defer clear(above)
	aead, err := s.aead(above)
	if err != nil {
		return Head{}, nil, nil, err
	}
	raw = aead.Seal(raw, raw[offNonce:offKey], key, raw[:offKey])
	sum := sha256.Sum256(raw)
	h, err := ParseHead(append(raw, sum[:]...))
	return h, key, split, err
}

// keyAbove fills in how the archive is locked and returns the key that encrypts the
// archive's.
func (l Lock) keyAbove(s suite, raw []byte) ([]byte, []shares.Share, error) {
	if l.Total == 0 {
		if len(l.Passphrase) < MinPassphrase {
			return nil, nil, pki.Errorf(pki.Invalid, "backup.passphrase", "the archive's passphrase has fewer than %d octets", MinPassphrase).
				To("choose a longer one: whoever has the archive may try as often as they like")
		}
		if l.logN == 0 {
			l.logN = scryptLogN
		}
		raw[offVersion+2] = lockPassphrase
		copy(raw[offCost:], []byte{l.logN, scryptR, scryptP})
		above, err := passphraseKey(s, raw, l.Passphrase)
		return above, nil, err
	}
	secret := make([]byte, keyLen)
	defer clear(secret)
	if _, err := io.ReadFull(l.Random, secret); err != nil {
		return nil, nil, fmt.Errorf("drawing the custodians' secret: %w", err)
	}
	split, err := shares.Split(l.Random, secret, l.Threshold, l.Total)
	if err != nil {
		return nil, nil, err
	}
	raw[offVersion+2] = lockShares
	copy(raw[offCost:], []byte{byte(l.Threshold), byte(l.Total), 0})
	if len(split[0].Set) != setLen {
		return nil, nil, errors.New("naming the shares: the set has another length")
	}
	copy(raw[offSet:], split[0].Set)
	above, err := sharesKey(s, raw, secret)
	return above, split, err
}

func passphraseKey(s suite, raw, passphrase []byte) ([]byte, error) {
	key, err := scrypt.Key(passphrase, raw[offSalt:offNonce], 1<<raw[offCost], int(raw[offCost+1]), int(raw[offCost+2]), s.keyLen)
	if err != nil {
		return nil, fmt.Errorf("deriving the archive's key: %w", err)
	}
	return key, nil
}

func sharesKey(s suite, raw, secret []byte) ([]byte, error) {
	key, err := hkdf.Key(s.hash, secret, raw[offSalt:offNonce], "onecert backup 1 shares", s.keyLen)
	if err != nil {
		return nil, fmt.Errorf("deriving the archive's key: %w", err)
	}
	return key, nil
}

// open returns the archive key. Errors: backup.key, and those of shares.Combine.
func (h Head) open(k Key) ([]byte, error) {
	s, err := h.Cipher.suite()
	if err != nil {
		return nil, err
	}
	above, err := h.keyAbove(s, k)
	if err != nil {
		return nil, err
	}
	defer clear(above)
	aead, err := s.aead(above)
	if err != nil {
		return nil, err
	}
	key, err := aead.Open(nil, h.raw[offNonce:offKey], h.raw[offKey:offSum], h.raw[:offKey])
	if err != nil {
		return nil, pki.Errorf(pki.Forbidden, "backup.key", "the passphrase is not this archive's, or its head was changed").
			To("give the passphrase of the day it was made")
	}
	return key, nil
}

func (h Head) keyAbove(s suite, k Key) ([]byte, error) {
	if h.Total == 0 {
		if len(k.Passphrase) == 0 {
			return nil, pki.Errorf(pki.Invalid, "backup.key", "this archive is opened with a passphrase").To("give it with --pass-file")
		}
		return passphraseKey(s, h.raw, k.Passphrase)
	}
	var own []shares.Share
	for _, share := range k.Shares {
		if share.Set == h.Set {
			own = append(own, share)
		}
	}
	if len(own) == 0 {
		return nil, pki.Errorf(pki.Invalid, "backup.shares", "none of the %d shares given is of this archive's set %s; %d of %d are needed",
			len(k.Shares), h.Set, h.Threshold, h.Total).To("give a folder with the custodians' shares with --shares")
	}
	secret, err := shares.Combine(own)
	if err != nil {
		return nil, err
	}
	defer clear(secret)
	return sharesKey(s, h.raw, secret)
}

// streamKey derives the key and the nonces' prefix of the chunks: bound to the whole
// head, so that a changed one opens nothing.
func (h Head) streamKey(key []byte) (streamKey, prefix []byte, err error) {
	s, err := h.Cipher.suite()
	if err != nil {
		return nil, nil, err
	}
	both, err := hkdf.Key(s.hash, key, h.raw[offSum:], "onecert backup 1 stream", s.keyLen+prefixLen)
	if err != nil {
		return nil, nil, fmt.Errorf("deriving the archive's key: %w", err)
	}
	return both[:s.keyLen], bytes.Clone(both[s.keyLen:]), nil
}
