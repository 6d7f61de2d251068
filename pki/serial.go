package pki

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"math/big"
	"strings"
	"time"
)

// SerialOctets is the length of every serial we make: the most RFC 5280 4.1.2.2 allows.
const SerialOctets = 20

// Serial is a certificate's serial number as lower-case hexadecimal of its
// minimal big-endian octets ("1f0a…"). It travels as text everywhere, because
// JSON numbers lose digits over 2^53.
type Serial string

// NewSerial draws a serial of exactly 160 bits of field with 158 random bits:
// the top bit is 0 (positive INTEGER), the next is 1 (always 20 octets, as
// GmSSL refuses short ones). Uniqueness is the database's to enforce.
func NewSerial(random io.Reader) (Serial, error) {
	b := make([]byte, SerialOctets)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", fmt.Errorf("drawing a serial: %w", err)
	}
	b[0] = b[0]&0x3f | 0x40
	return Serial(hex.EncodeToString(b)), nil
}

// NewSerialAt draws a serial whose 128 last bits are random and whose 30 bits before
// them count 64ths of a second, over and over each 194 days. Serials drawn at one time
// so stand side by side in every index, where random ones would each touch a page of
// it. Their order means nothing.
func NewSerialAt(random io.Reader, at time.Time) (Serial, error) {
	b := make([]byte, SerialOctets)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", fmt.Errorf("drawing a serial: %w", err)
	}
	binary.BigEndian.PutUint32(b, uint32(at.Unix()*64+int64(at.Nanosecond())*64/1e9)&0x3fffffff|0x40000000)
	return Serial(hex.EncodeToString(b)), nil
}

// SerialOf returns the Serial of a certificate's serialNumber.
func SerialOf(n *big.Int) Serial {
	if n == nil || n.Sign() <= 0 {
		return "00"
	}
	return Serial(hex.EncodeToString(n.Bytes()))
}

// ParseSerial reads a serial a person typed: hexadecimal in either case, with or
// without colons, blanks or a leading 0x, 1 to 20 octets, positive.
func ParseSerial(text string) (Serial, error) {
	if isSerial(text) {
		return Serial(text), nil
	}
	clean := strings.NewReplacer(":", "", " ", "").Replace(strings.ToLower(strings.TrimSpace(text)))
	clean = strings.TrimPrefix(clean, "0x")
	if len(clean)%2 == 1 {
		clean = "0" + clean
	}
	b, err := hex.DecodeString(clean)
	if err != nil || len(b) == 0 || len(b) > SerialOctets+1 {
		return "", Errorf(Invalid, "serial.malformed", "the serial number is not 1 to %d octets of hexadecimal", SerialOctets).
			To("copy it from the certificate, for example from 'onecert cert inspect'")
	}
	n := new(big.Int).SetBytes(b)
	if n.Sign() == 0 || n.BitLen() > SerialOctets*8 {
		return "", Errorf(Invalid, "serial.range", "the serial number must be positive and at most %d octets", SerialOctets)
	}
	return SerialOf(n), nil
}

// isSerial tells a serial in the form we write ourselves.
func isSerial(text string) bool {
	if len(text) < 2 || len(text) > 2*SerialOctets || len(text)%2 == 1 || text[:2] == "00" {
		return false
	}
	for i := range len(text) {
		if c := text[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// Big returns the number.
func (s Serial) Big() *big.Int {
	n, ok := new(big.Int).SetString(string(s), 16)
	if !ok {
		return new(big.Int)
	}
	return n
}
