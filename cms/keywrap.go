package cms

import (
	"bytes"
	"crypto/aes"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
)

// AES key wrap (RFC 3394), which the standard library does not have.

// wrapIV is the check value of RFC 3394 2.2.3.1.
const wrapIV = 0xa6a6a6a6a6a6a6a6

// wrapKey wraps a key of a multiple of 8 octets, at least 16.
func wrapKey(kek, key []byte) ([]byte, error) {
	block, err := aes.NewCipher(kek)
	if err != nil {
		return nil, fmt.Errorf("taking the key-wrap cipher: %w", err)
	}
	if len(key) < 16 || len(key)%8 != 0 {
		return nil, errFormat("key to be wrapped")
	}
	n := len(key) / 8
	wrapped := make([]byte, 8+len(key))
	copy(wrapped[8:], key)
	var buffer [16]byte
	binary.BigEndian.PutUint64(buffer[:8], wrapIV)
	for step := range 6 * n {
		part := wrapped[8+step%n*8:][:8]
		copy(buffer[8:], part)
		block.Encrypt(buffer[:], buffer[:])
		copy(part, buffer[8:])
		binary.BigEndian.PutUint64(buffer[:8], binary.BigEndian.Uint64(buffer[:8])^uint64(step+1))
	}
	copy(wrapped, buffer[:8])
	return wrapped, nil
}

// unwrapKey opens what wrapKey made; ok is false for another kek or a changed octet.
func unwrapKey(kek, wrapped []byte) (key []byte, ok bool) {
	block, err := aes.NewCipher(kek)
	if err != nil || len(wrapped) < 24 || len(wrapped)%8 != 0 {
		return nil, false
	}
	n := len(wrapped)/8 - 1
	key = bytes.Clone(wrapped[8:])
	var buffer, check [16]byte
	copy(buffer[:8], wrapped)
	for step := 6*n - 1; step >= 0; step-- {
		part := key[step%n*8:][:8]
		binary.BigEndian.PutUint64(buffer[:8], binary.BigEndian.Uint64(buffer[:8])^uint64(step+1))
		copy(buffer[8:], part)
		block.Decrypt(buffer[:], buffer[:])
		copy(part, buffer[8:])
	}
	binary.BigEndian.PutUint64(check[:8], wrapIV)
	if subtle.ConstantTimeCompare(buffer[:8], check[:8]) != 1 {
		clear(key)
		return nil, false
	}
	return key, true
}
