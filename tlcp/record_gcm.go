package tlcp

import (
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/emmansun/gmsm/sm4"
)

const (
	gcmExplicit = 8
	gcmTag      = 16
)

// gcm protects records with SM4-GCM, one direction of one connection. The nonce is
// four octets of the key block and eight explicit ones; ours are the sequence number,
// which cannot repeat under a key.
type gcm struct {
	aead  cipher.AEAD
	seq   sequence
	nonce [12]byte
	extra [additionalLen]byte
}

func newGCM(key, iv []byte) (*gcm, error) {
	block, err := sm4.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("taking the record key: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("making GCM: %w", err)
	}
	g := &gcm{aead: aead}
	copy(g.nonce[:], iv)
	return g, nil
}

func (g *gcm) growth() int { return gcmExplicit + gcmTag }

func (g *gcm) seal(out []byte, contentType uint8, plaintext []byte, _ io.Reader) ([]byte, error) {
	seq, err := g.seq.next()
	if err != nil {
		return nil, err
	}
	binary.BigEndian.PutUint64(g.nonce[4:], seq)
	putAdditional(&g.extra, seq, contentType, len(plaintext))
	out = append(out, g.nonce[4:]...)
	return g.aead.Seal(out, g.nonce[:], plaintext, g.extra[:]), nil
}

func (g *gcm) open(contentType uint8, fragment []byte) ([]byte, error) {
	seq, err := g.seq.next()
	if err != nil {
		return nil, err
	}
	if len(fragment) < gcmExplicit+gcmTag {
		return nil, errBadRecord
	}
	copy(g.nonce[4:], fragment)
	sealed := fragment[gcmExplicit:]
	putAdditional(&g.extra, seq, contentType, len(sealed)-gcmTag)
	plaintext, err := g.aead.Open(sealed[:0], g.nonce[:], sealed, g.extra[:])
	if err != nil {
		return nil, errBadRecord
	}
	return plaintext, nil
}
