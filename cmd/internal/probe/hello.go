package probe

import (
	"crypto/rand"
	"fmt"
	"net"

	"golang.org/x/crypto/cryptobyte"
)

// Versions as they stand on the wire.
const (
	TLCP  uint16 = 0x0101
	SSL30 uint16 = 0x0300
	TLS10 uint16 = 0x0301
	TLS11 uint16 = 0x0302
	TLS12 uint16 = 0x0303
	TLS13 uint16 = 0x0304
)

// Versions returns those that are tried, the national one first.
func Versions() []uint16 { return []uint16{TLCP, TLS13, TLS12, TLS11, TLS10, SSL30} }

// VersionName names a version.
func VersionName(v uint16) string {
	switch v {
	case TLCP:
		return "TLCP 1.1"
	case SSL30:
		return "SSL 3.0"
	case TLS10:
		return "TLS 1.0"
	case TLS11:
		return "TLS 1.1"
	case TLS12:
		return "TLS 1.2"
	case TLS13:
		return "TLS 1.3"
	}
	return fmt.Sprintf("0x%04X", v)
}

// hello is a ClientHello to be sent.
type hello struct {
	version uint16
	suites  []uint16
	name    string
	random  [32]byte
}

// renegotiationSCSV stands for renegotiation_info in SSL 3.0 and TLS (RFC 5746 3.3): some
// servers refuse who does not know of it.
const renegotiationSCSV = 0x00ff

// record is the hello as one record.
func (h *hello) record() ([]byte, error) {
	if _, err := rand.Read(h.random[:]); err != nil {
		return nil, fmt.Errorf("drawing a random: %w", err)
	}
	var b cryptobyte.Builder
	b.AddUint8(22)
	b.AddUint16(h.recordVersion())
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		b.AddUint8(1)
		b.AddUint24LengthPrefixed(h.body)
	})
	return b.Bytes()
}

// recordVersion: TLS 1.0 for all of TLS, because old servers refuse others (RFC 8446
// 5.1).
func (h *hello) recordVersion() uint16 {
	if h.version == TLCP || h.version == SSL30 {
		return h.version
	}
	return TLS10
}

func (h *hello) body(b *cryptobyte.Builder) {
	b.AddUint16(min(h.version, TLS12))
	b.AddBytes(h.random[:])
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) {
		if h.version == TLS13 { // as browsers do, for boxes between
			b.AddBytes(h.random[:])
		}
	})
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		for _, id := range h.suites {
			b.AddUint16(id)
		}
		if h.version != TLCP && h.version != TLS13 {
			b.AddUint16(renegotiationSCSV)
		}
	})
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddUint8(0) })
	if h.version == SSL30 || h.version == TLCP && !h.named() {
		return
	}
	b.AddUint16LengthPrefixed(h.extensions)
}

// named: a host name, not an address, goes into server_name (RFC 6066 3).
func (h *hello) named() bool { return h.name != "" && net.ParseIP(h.name) == nil }

func (h *hello) extensions(b *cryptobyte.Builder) {
	if h.named() {
		add(b, 0, func(b *cryptobyte.Builder) {
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
				b.AddUint8(0)
				b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(h.name)) })
			})
		})
	}
	if h.version == TLCP {
		return
	}
	list(b, 10, []uint16{29, 23, 24, 25, 30, 41, 256, 257}) // groups: X25519, P-256, P-384, P-521, X448, SM2, FFDHE
	add(b, 11, func(b *cryptobyte.Builder) { b.AddBytes([]byte{1, 0}) })
	if h.version >= TLS12 {
		list(b, 13, []uint16{0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b, 0x0807, 0x0808, 0x0708, // ECDSA, PSS, EdDSA, SM2
			0x0401, 0x0501, 0x0601, 0x0201, 0x0203, 0x0402}) // PKCS#1, SHA-1, DSA
	}
	if h.version == TLS13 {
		add(b, 43, func(b *cryptobyte.Builder) { b.AddBytes([]byte{2, 3, 4}) })
		add(b, 51, func(b *cryptobyte.Builder) { b.AddUint16(0) }) // no key share: the server names what it wants
	}
}

func add(b *cryptobyte.Builder, id uint16, data func(*cryptobyte.Builder)) {
	b.AddUint16(id)
	b.AddUint16LengthPrefixed(data)
}

func list(b *cryptobyte.Builder, id uint16, values []uint16) {
	add(b, id, func(b *cryptobyte.Builder) {
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
			for _, v := range values {
				b.AddUint16(v)
			}
		})
	})
}
