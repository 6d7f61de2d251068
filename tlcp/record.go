package tlcp

import (
	"encoding/binary"
	"errors"
	"io"
)

// Content types (GB/T 38636 6.3.3).
const (
	typeChangeCipherSpec uint8 = 20
	typeAlert            uint8 = 21
	typeHandshake        uint8 = 22
	typeApplicationData  uint8 = 23
)

const (
	headerLen     = 5
	maxPlaintext  = 1 << 14
	maxCiphertext = maxPlaintext + 2048
)

// errBadRecord is the one answer to every record that does not open, whatever was
// wrong with it: a peer that could tell padding from MAC would have an oracle.
var errBadRecord = errors.New("the record does not open")

// sealer protects records on their way out, opener on their way in. Both number the
// records themselves. There are two kinds: GCM and CBC.
type sealer interface {
	// seal appends the protected fragment to out.
	seal(out []byte, contentType uint8, plaintext []byte, random io.Reader) ([]byte, error)
	// growth is by how much a fragment grows at most.
	growth() int
}

type opener interface {
	// open returns the plaintext, in place of the fragment.
	open(contentType uint8, fragment []byte) ([]byte, error)
}

// sequence numbers the records of one direction under one key.
type sequence uint64

// errSequence: GB/T 38636 has no way to renew keys but a new connection.
var errSequence = errors.New("the connection has used up its record numbers")

func (s *sequence) next() (uint64, error) {
	n := uint64(*s)
	if n == 1<<63 {
		return 0, errSequence
	}
	*s++
	return n, nil
}

// additional is what a record's protection covers beside the content:
// seq(8) ‖ type(1) ‖ version(2) ‖ length(2).
const additionalLen = 13

func putAdditional(b *[additionalLen]byte, seq uint64, contentType uint8, length int) {
	binary.BigEndian.PutUint64(b[:], seq)
	b[8] = contentType
	binary.BigEndian.PutUint16(b[9:], Version)
	binary.BigEndian.PutUint16(b[11:], uint16(length))
}

// newSealer and newOpener make the protection of one direction.
func newSealer(s *suite, mac, key, iv []byte) (sealer, error) {
	if s.gcm {
		return newGCM(key, iv)
	}
	return newCBCSealer(mac, key)
}

func newOpener(s *suite, mac, key, iv []byte) (opener, error) {
	if s.gcm {
		return newGCM(key, iv)
	}
	return newCBCOpener(mac, key)
}
