package backup

import (
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"onecert/pki"
)

// After the head the file is chunks of 64 KiB, each with its tag; the last may be
// shorter. Chunk i is encrypted with the nonce
//
//	prefix 7 ‖ i 4 ‖ 1 for the last chunk, else 0
//
// so none can be changed, moved, dropped or repeated, and the end cannot be cut
// (the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár, 2015). The key
// is this archive's alone; 2^32 chunks are 256 TiB.
const (
	chunkLen  = 64 << 10
	prefixLen = 7
)

type nonces struct {
	prefix []byte
	next   uint64
}

func (n *nonces) nonce(last bool) []byte {
	nonce := make([]byte, 0, nonceLen)
	nonce = append(nonce, n.prefix...)
	nonce = binary.BigEndian.AppendUint32(nonce, uint32(n.next))
	if last {
		return append(nonce, 1)
	}
	return append(nonce, 0)
}

var errTooLong = errors.New("the archive is longer than its form allows")

// sealed encrypts what is written to it. Close writes the last chunk; it does not
// close what is below.
type sealed struct {
	to      io.Writer
	aead    cipher.AEAD
	nonces  nonces
	pending []byte // at most a chunk, written when more comes
	out     []byte
}

func newSealed(to io.Writer, h Head, key []byte) (*sealed, error) {
	aead, prefix, err := h.aead(key)
	if err != nil {
		return nil, err
	}
	return &sealed{to: to, aead: aead, nonces: nonces{prefix: prefix}, pending: make([]byte, 0, chunkLen), out: make([]byte, 0, chunkLen+tagLen)}, nil
}

func (h Head) aead(key []byte) (cipher.AEAD, []byte, error) {
	s, err := h.Cipher.suite()
	if err != nil {
		return nil, nil, err
	}
	streamKey, prefix, err := h.streamKey(key)
	if err != nil {
		return nil, nil, err
	}
	defer clear(streamKey)
	aead, err := s.aead(streamKey)
	return aead, prefix, err
}

// Write implements io.Writer.
func (s *sealed) Write(p []byte) (int, error) {
	total := len(p)
	for len(p) > 0 {
		if len(s.pending) == chunkLen {
			if err := s.flush(false); err != nil {
				return 0, err
			}
		}
		n := min(len(p), chunkLen-len(s.pending))
		s.pending = append(s.pending, p[:n]...)
		p = p[n:]
	}
	return total, nil
}

func (s *sealed) flush(last bool) error {
	if s.nonces.next > 1<<32-1 {
		return errTooLong
	}
	s.out = s.aead.Seal(s.out[:0], s.nonces.nonce(last), s.pending, nil)
	s.nonces.next++
	s.pending = s.pending[:0]
	if _, err := s.to.Write(s.out); err != nil {
		return fmt.Errorf("writing the archive: %w", err)
	}
	return nil
}

// Close writes what is left as the last chunk.
func (s *sealed) Close() error { return s.flush(true) }

// opened decrypts. Its error at the end is io.EOF only if the end is the archive's
// own.
type opened struct {
	from   io.Reader
	aead   cipher.AEAD
	nonces nonces
	read   int64  // octets of the file so far
	ahead  []byte // the octets after the present chunk: one, if there are any
	chunk  []byte
	buffer []byte
	plain  []byte // what is left of the present chunk, in buffer
	done   bool
	err    error
}

func newOpened(from io.Reader, h Head, key []byte) (*opened, error) {
	aead, prefix, err := h.aead(key)
	if err != nil {
		return nil, err
	}
	return &opened{from: from, aead: aead, nonces: nonces{prefix: prefix}, read: int64(headLen), chunk: make([]byte, chunkLen+tagLen),
		buffer: make([]byte, 0, chunkLen)}, nil
}

// Read implements io.Reader. An error stays.
func (o *opened) Read(p []byte) (int, error) {
	for len(o.plain) == 0 {
		if o.err == nil && o.done {
			o.err = io.EOF
		}
		if o.err == nil {
			o.err = o.fill()
		}
		if o.err != nil {
			return 0, o.err
		}
	}
	n := copy(p, o.plain)
	o.plain = o.plain[n:]
	return n, nil
}

// fill opens the next chunk.
func (o *opened) fill() error {
	start := o.read
	n := copy(o.chunk, o.ahead)
	o.ahead = nil
	more, err := io.ReadFull(o.from, o.chunk[n:])
	n += more
	o.read += int64(n)
	switch {
	case err == io.EOF || err == io.ErrUnexpectedEOF:
		return o.open(o.chunk[:n], start, true)
	case err != nil:
		return errRead(err)
	}
	// A full chunk: one octet further says whether it is the last.
	var one [1]byte
	switch _, err := io.ReadFull(o.from, one[:]); {
	case err == io.EOF:
		return o.open(o.chunk[:n], start, true)
	case err != nil:
		return errRead(err)
	}
	o.ahead = one[:] // counted with its own chunk
	return o.open(o.chunk[:n], start, false)
}

func (o *opened) open(chunk []byte, start int64, last bool) error {
	if o.nonces.next > 1<<32-1 {
		return errTooLong
	}
	plain, err := o.aead.Open(o.buffer, o.nonces.nonce(last), chunk, nil)
	if err == nil {
		o.plain, o.done = plain, last
		o.nonces.next++
		return nil
	}
	_, other := o.aead.Open(nil, o.nonces.nonce(!last), chunk, nil)
	switch {
	case last && len(chunk) < tagLen, last && other == nil:
		return errCut(start + int64(len(chunk)))
	case other == nil:
		return pki.Errorf(pki.Conflict, "backup.longer", "something follows the end of the archive at octet %d", start+int64(len(chunk))).
			To("take another copy of it")
	case last:
		return pki.Errorf(pki.Conflict, "backup.damaged", "the archive is damaged or cut off between octets %d and %d", start, start+int64(len(chunk))).
			To("take another copy of it")
	}
	return pki.Errorf(pki.Conflict, "backup.damaged", "the archive is damaged between octets %d and %d", start, start+int64(len(chunk))).
		To("take another copy of it")
}
