package tlcp

import (
	"crypto/subtle"
	"encoding"
	"encoding/binary"
	"fmt"
	"hash"

	"github.com/emmansun/gmsm/sm3"
)

// macKey computes HMAC-SM3 of records under one key. The states after the two key
// blocks are kept, so that a record pays only for its content.
type macKey struct {
	hash         resumable
	inner, outer []byte // states of hash
	state        []byte // scratch
	digest, mac  [sm3.Size]byte
	block        [sm3.BlockSize]byte
}

// resumable is a hash whose state can be kept and taken up again.
type resumable interface {
	hash.Hash
	encoding.BinaryAppender
	encoding.BinaryUnmarshaler
}

// The layout of gmsm's state of SM3: a mark of four octets, the eight words of the
// chaining value, then what is not hashed yet. A test compares sumSecret with HMAC,
// so that another layout shows.
const (
	stateMark  = 4
	stateStart = "sm3\x03"
)

func newMACKey(key []byte) (*macKey, error) {
	h, ok := sm3.New().(resumable)
	if !ok {
		return nil, fmt.Errorf("SM3 of this build does not show its state")
	}
	m := &macKey{hash: h}
	var err error
	if m.inner, err = m.padded(key, 0x36); err != nil {
		return nil, err
	}
	if m.outer, err = m.padded(key, 0x5c); err != nil {
		return nil, err
	}
	if string(m.inner[:stateMark]) != stateStart {
		return nil, fmt.Errorf("SM3 of this build shows its state in an unknown form")
	}
	return m, nil
}

func (m *macKey) padded(key []byte, pad byte) ([]byte, error) {
	var block [sm3.BlockSize]byte
	copy(block[:], key) // record keys have 32 octets, never more than a block
	for i := range block {
		block[i] ^= pad
	}
	m.hash.Reset()
	m.hash.Write(block[:])
	return m.hash.AppendBinary(nil)
}

// sum appends the MAC of two parts to out.
func (m *macKey) sum(out, additional, content []byte) ([]byte, error) {
	if err := m.hash.UnmarshalBinary(m.inner); err != nil {
		return nil, err
	}
	m.hash.Write(additional)
	m.hash.Write(content)
	m.hash.Sum(m.digest[:0])
	return m.finish(out)
}

// finish hashes the inner digest under the outer key.
func (m *macKey) finish(out []byte) ([]byte, error) {
	if err := m.hash.UnmarshalBinary(m.outer); err != nil {
		return nil, err
	}
	m.hash.Write(m.digest[:])
	return m.hash.Sum(out), nil
}

// sumSecret computes the MAC over additional and the first length octets of body.
// Which octets those are is secret: body ends in a MAC and up to 256 octets of
// padding. The number of SM3 blocks depends on len(body) alone: every block in which
// the content might end is hashed, the padding of SM3 is put in by masks, and the
// chaining value of the block that was the last is kept by masks.
// The answer is valid until the next call.
func (m *macKey) sumSecret(additional, body []byte, length int) ([]byte, error) {
	if err := m.hash.UnmarshalBinary(m.inner); err != nil {
		return nil, err
	}
	least, most := max(0, len(body)-sm3.Size-256), len(body)-sm3.Size-1
	open := (additionalLen + least) / sm3.BlockSize // blocks that are content whatever the length
	all := blocks(additionalLen + most)
	if open > 0 {
		m.hash.Write(additional)
		m.hash.Write(body[:open*sm3.BlockSize-additionalLen])
	}
	end := additionalLen + length
	last := blocks(end) - 1 // secret
	clear(m.digest[:])
	for i := open; i < all; i++ {
		m.fill(i, additional, body, end)
		m.addLength(i, last, end)
		m.hash.Write(m.block[:])
		var err error
		if m.state, err = m.hash.AppendBinary(m.state[:0]); err != nil {
			return nil, err
		}
		keep := byte(-subtle.ConstantTimeEq(int32(i), int32(last)))
		for j := range m.digest {
			m.digest[j] |= m.state[stateMark+j] & keep
		}
	}
	return m.finish(m.mac[:0])
}

// blocks is how many blocks SM3 hashes for n octets after the key block.
func blocks(n int) int { return (n+8)/sm3.BlockSize + 1 }

// fill makes block i of additional ‖ body, cut at end and followed by SM3's 0x80.
func (m *macKey) fill(i int, additional, body []byte, end int) {
	for j := range m.block {
		at := i*sm3.BlockSize + j
		var octet byte
		switch { // public: at does not depend on the length
		case at < additionalLen:
			octet = additional[at]
		case at-additionalLen < len(body):
			octet = body[at-additionalLen]
		}
		before := byte(-(subtle.ConstantTimeLessOrEq(end, at) ^ 1))
		here := byte(-subtle.ConstantTimeEq(int32(end), int32(at)))
		m.block[j] = octet&before | 0x80&here
	}
}

// addLength puts the length in bits, key block included, into the last block.
func (m *macKey) addLength(i, last, end int) {
	var bits [8]byte
	binary.BigEndian.PutUint64(bits[:], uint64(sm3.BlockSize+end)*8)
	keep := byte(-subtle.ConstantTimeEq(int32(i), int32(last)))
	for j, octet := range bits {
		m.block[sm3.BlockSize-8+j] |= octet & keep
	}
}
