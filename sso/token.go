package sso

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"sync"
	"time"

	"onecert/pki"
)

// A token is base64url of
//
//	version 1 ‖ key id 4 ‖ nonce 12 ‖ ciphertext ‖ tag 16
//
// and nothing in it can be read: the plaintext is filled up to a multiple of 32 octets,
// so that its length tells little as well. One key seals for a day with random nonces of
// 96 bits; of 2^32 tokens, a thousand a second for 50 days, two would share one with
// probability 2^-33 (NIST SP 800-38D 8.3).
const (
	tokenVersion = 1
	headerSize   = 5
	nonceSize    = 12
	tagSize      = 16
	fillTo       = 32
	maxToken     = 1024 // characters
	maxIssuer    = 64
	maxSerial    = 40
	maxUser      = 256
	maxSteps     = 8
	idDigits     = 32
)

func header(key uint32) []byte { return binary.BigEndian.AppendUint32([]byte{tokenVersion}, key) }

// encoding is strict: one token has one spelling.
var encoding = base64.RawURLEncoding.Strict()

// buffers are where tokens are opened.
type buffers struct{ pool sync.Pool }

type buffer struct{ text, data [maxToken]byte }

func (b *buffers) take() *buffer {
	if found, ok := b.pool.Get().(*buffer); ok {
		return found
	}
	return new(buffer)
}

// seal makes the token of a session.
func (s *Sessions) seal(session *Session, now time.Time) (string, error) {
	key := s.ring.Load().current(now)
	sealed := append(make([]byte, 0, maxToken), header(key.id)...)
	sealed = sealed[:headerSize+nonceSize]
	if _, err := io.ReadFull(s.cfg.Random, sealed[headerSize:]); err != nil {
		return "", fmt.Errorf("drawing a token's nonce: %w", err)
	}
	sealed = key.aead.Seal(sealed, sealed[headerSize:], session.octets(), key.bound)
	return encoding.EncodeToString(sealed), nil
}

// errToken says nothing of why: that would help whoever tries.
func errToken() *pki.Error {
	return pki.Errorf(pki.Forbidden, "sso.token", "the session is not one of ours").To("log in again")
}

// open opens a token, whatever the time.
func (s *Sessions) open(token string) (Session, error) {
	if len(token) > maxToken || encoding.DecodedLen(len(token)) < headerSize+nonceSize+tagSize {
		return Session{}, errToken()
	}
	b := s.buffers.take()
	defer s.buffers.pool.Put(b)
	n, err := encoding.Decode(b.data[:], b.text[:copy(b.text[:], token)])
	if err != nil || b.data[0] != tokenVersion {
		return Session{}, errToken()
	}
	key := s.ring.Load().byID[binary.BigEndian.Uint32(b.data[1:])]
	if key == nil {
		return Session{}, errToken()
	}
	sealed := b.data[headerSize+nonceSize : n]
	plain, err := key.aead.Open(sealed[:0], b.data[headerSize:headerSize+nonceSize], sealed, key.bound)
	if err != nil {
		return Session{}, errToken()
	}
	defer clear(plain)
	session, ok := sessionOf(plain)
	if !ok {
		return Session{}, errToken()
	}
	return session, nil
}

// Where the fixed fields lie. Four texts follow, each behind its length.
const (
	atFingerprint = 0
	atStarted     = 32
	atSeen        = 40
	atUntil       = 48
	atLevel       = 56
	atTexts       = 57
)

// octets is the session as a token has it.
func (s *Session) octets() []byte {
	b := make([]byte, 0, 512)
	b = append(b, s.Fingerprint[:]...)
	for _, at := range []time.Time{s.Started, s.LastSeen, s.Until} {
		b = binary.BigEndian.AppendUint64(b, uint64(at.UnixMilli()))
	}
	b = append(b, byte(s.Level))
	steps := make([]byte, len(s.Steps))
	for i, step := range s.Steps {
		steps[i] = step.number()
	}
	for _, text := range []string{s.ID, s.Issuer, string(s.Serial), string(steps), s.User} {
		b = binary.BigEndian.AppendUint16(b, uint16(len(text)))
		b = append(b, text...)
	}
	for len(b)%fillTo != 0 {
		b = append(b, 0)
	}
	return b
}

// sessionOf reads what octets wrote. The texts are copied once, together.
func sessionOf(plain []byte) (s Session, ok bool) {
	if len(plain) < atTexts {
		return s, false
	}
	copy(s.Fingerprint[:], plain[atFingerprint:])
	moment := func(at int) time.Time { return time.UnixMilli(int64(binary.BigEndian.Uint64(plain[at:]))).UTC() }
	s.Started, s.LastSeen, s.Until = moment(atStarted), moment(atSeen), moment(atUntil)
	s.Level = int(plain[atLevel])
	texts := string(plain[atTexts:])
	var serial, steps string
	for _, into := range []*string{&s.ID, &s.Issuer, &serial, &steps, &s.User} {
		if len(texts) < 2 {
			return s, false
		}
		n := int(texts[0])<<8 | int(texts[1])
		if len(texts)-2 < n {
			return s, false
		}
		*into, texts = texts[2:2+n], texts[2+n:]
	}
	s.Serial = pki.Serial(serial)
	s.Steps = make([]Step, len(steps))
	for i := range steps {
		s.Steps[i] = stepOf(steps[i])
	}
	return s, true
}

// The numbers of steps in tokens; they never change their meaning.
func (s Step) number() byte {
	switch s {
	case Certificate:
		return 1
	case Password:
		return 2
	case Code:
		return 3
	}
	return 0
}

func stepOf(number byte) Step {
	switch number {
	case 1:
		return Certificate
	case 2:
		return Password
	case 3:
		return Code
	}
	return ""
}
