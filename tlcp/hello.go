package tlcp

import (
	"errors"
	"slices"

	"golang.org/x/crypto/cryptobyte"
)

// Kinds of handshake messages (GB/T 38636 6.4.5.1).
const (
	kindHelloRequest       uint8 = 0
	kindClientHello        uint8 = 1
	kindServerHello        uint8 = 2
	kindCertificate        uint8 = 11
	kindServerKeyExchange  uint8 = 12
	kindCertificateRequest uint8 = 13
	kindServerHelloDone    uint8 = 14
	kindCertificateVerify  uint8 = 15
	kindClientKeyExchange  uint8 = 16
	kindFinished           uint8 = 20
)

// clientHello (GB/T 38636 6.4.5.2.1).
type clientHello struct {
	version      uint16
	random       [randomLen]byte
	session      []byte
	suites       []uint16
	compressions []byte
	extensions   extensions
}

// serverHello (GB/T 38636 6.4.5.2.2).
type serverHello struct {
	version     uint16
	random      [randomLen]byte
	session     []byte
	suite       uint16
	compression byte
	extensions  extensions
}

// message puts the header before a body: kind and a length of three octets.
func message(kind uint8, body func(*cryptobyte.Builder)) ([]byte, error) {
	b := cryptobyte.NewBuilder(make([]byte, 0, 256))
	b.AddUint8(kind)
	b.AddUint24LengthPrefixed(body)
	return b.Bytes()
}

// ready makes a message of octets that are there already: builders copy, and most
// messages need none.
func ready(kind uint8, parts ...[]byte) ([]byte, error) {
	n := 0
	for _, part := range parts {
		n += len(part)
	}
	if n > maxMessage {
		return nil, errors.New("a message is longer than it may be")
	}
	m := appendUint24(append(make([]byte, 0, 4+n), kind), n)
	for _, part := range parts {
		m = append(m, part...)
	}
	return m, nil
}

// counted is the length of b before it, in two octets.
func counted(b []byte) []byte { return []byte{byte(len(b) >> 8), byte(len(b))} }

func octets(b []byte) func(*cryptobyte.Builder) {
	return func(to *cryptobyte.Builder) { to.AddBytes(b) }
}

func (h *clientHello) marshal() ([]byte, error) {
	return message(kindClientHello, func(b *cryptobyte.Builder) {
		b.AddUint16(h.version)
		b.AddBytes(h.random[:])
		b.AddUint8LengthPrefixed(octets(h.session))
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
			for _, id := range h.suites {
				b.AddUint16(id)
			}
		})
		b.AddUint8LengthPrefixed(octets(h.compressions))
		h.extensions.add(b, true)
	})
}

func parseClientHello(body []byte) (*clientHello, error) {
	s := cryptobyte.String(body)
	var h clientHello
	var session, ids, compressions cryptobyte.String
	if !s.ReadUint16(&h.version) || !s.CopyBytes(h.random[:]) ||
		!s.ReadUint8LengthPrefixed(&session) || len(session) > 32 ||
		!s.ReadUint16LengthPrefixed(&ids) || len(ids) == 0 || len(ids)%2 != 0 ||
		!s.ReadUint8LengthPrefixed(&compressions) || len(compressions) == 0 {
		return nil, malformed("the client's hello")
	}
	h.session, h.compressions = session, compressions
	for !ids.Empty() {
		var id uint16
		ids.ReadUint16(&id)
		h.suites = append(h.suites, id)
	}
	return &h, h.extensions.parse(s, true)
}

func (h *serverHello) marshal() ([]byte, error) {
	return message(kindServerHello, func(b *cryptobyte.Builder) {
		b.AddUint16(h.version)
		b.AddBytes(h.random[:])
		b.AddUint8LengthPrefixed(octets(h.session))
		b.AddUint16(h.suite)
		b.AddUint8(h.compression)
		h.extensions.add(b, false)
	})
}

func parseServerHello(body []byte) (*serverHello, error) {
	s := cryptobyte.String(body)
	var h serverHello
	var session cryptobyte.String
	if !s.ReadUint16(&h.version) || !s.CopyBytes(h.random[:]) ||
		!s.ReadUint8LengthPrefixed(&session) || len(session) > 32 ||
		!s.ReadUint16(&h.suite) || !s.ReadUint8(&h.compression) {
		return nil, malformed("the server's hello")
	}
	h.session = session
	return &h, h.extensions.parse(s, false)
}

// Extensions known here; others are ignored at a server, as every client's hello may
// carry some, and refused at a client, because a server answers only what was asked.
const (
	extServerName uint16 = 0
	extTrustedCA  uint16 = 3
	extALPN       uint16 = 16
)

// KindOfAuthority says how a TrustedAuthority names a CA.
type KindOfAuthority uint8

// The kinds (GM/T 0024 6.4.5.2.3, after RFC 6066 6; the hashes are SM3).
const (
	AuthorityPreAgreed       KindOfAuthority = 0
	AuthorityName            KindOfAuthority = 2
	AuthorityKeyHash         KindOfAuthority = 4
	AuthorityCertificateHash KindOfAuthority = 5
)

// TrustedAuthority is a CA a client trusts.
type TrustedAuthority struct {
	Kind KindOfAuthority
	// Identifier is a DER name, or a SM3 hash of 32 octets; empty for AuthorityPreAgreed.
	Identifier []byte
}

type extensions struct {
	serverName    string // at a client's hello
	named         bool   // the extension is there
	protocols     []string
	authorities   []TrustedAuthority
	authoritiesOK bool // the extension is there
	others        []uint16
}

func (e *extensions) add(b *cryptobyte.Builder, client bool) {
	if !e.named && len(e.protocols) == 0 && !e.authoritiesOK {
		return // old gateways read no extensions at all
	}
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		if e.named {
			b.AddUint16(extServerName)
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
				if client {
					addServerName(b, e.serverName)
				}
			})
		}
		if e.authoritiesOK {
			b.AddUint16(extTrustedCA)
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
				if client {
					addAuthorities(b, e.authorities)
				}
			})
		}
		if len(e.protocols) > 0 {
			b.AddUint16(extALPN)
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { addProtocols(b, e.protocols) })
		}
	})
}

func addServerName(b *cryptobyte.Builder, name string) {
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		b.AddUint8(0) // host_name
		b.AddUint16LengthPrefixed(octets([]byte(name)))
	})
}

func addProtocols(b *cryptobyte.Builder, protocols []string) {
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		for _, p := range protocols {
			b.AddUint8LengthPrefixed(octets([]byte(p)))
		}
	})
}

func addAuthorities(b *cryptobyte.Builder, authorities []TrustedAuthority) {
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		for _, a := range authorities {
			b.AddUint8(uint8(a.Kind))
			switch a.Kind {
			case AuthorityName:
				b.AddUint16LengthPrefixed(octets(a.Identifier))
			case AuthorityKeyHash, AuthorityCertificateHash:
				b.AddBytes(a.Identifier)
			}
		}
	})
}

// parse reads the extensions, the rest of a hello; there may be none.
func (e *extensions) parse(s cryptobyte.String, client bool) error {
	if s.Empty() {
		return nil
	}
	var all cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&all) || !s.Empty() {
		return malformed("the extensions of a hello")
	}
	var seen []uint16
	for !all.Empty() {
		var id uint16
		var data cryptobyte.String
		if !all.ReadUint16(&id) || !all.ReadUint16LengthPrefixed(&data) {
			return malformed("the extensions of a hello")
		}
		if slices.Contains(seen, id) {
			return malformed("an extension stands twice")
		}
		if seen = append(seen, id); len(seen) > 64 {
			return malformed("too many extensions")
		}
		if !e.parseOne(id, data, client) {
			return malformed("an extension of a hello")
		}
	}
	return nil
}

func (e *extensions) parseOne(id uint16, data cryptobyte.String, client bool) bool {
	switch id {
	case extServerName:
		e.named = true
		return !client && data.Empty() || client && e.parseServerName(data)
	case extTrustedCA:
		e.authoritiesOK = true
		return !client && data.Empty() || client && e.parseAuthorities(data)
	case extALPN:
		return e.parseProtocols(data)
	}
	e.others = append(e.others, id)
	return true
}

func (e *extensions) parseServerName(s cryptobyte.String) bool {
	var list cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&list) || !s.Empty() || list.Empty() {
		return false
	}
	for !list.Empty() {
		var kind uint8
		var name cryptobyte.String
		if !list.ReadUint8(&kind) || !list.ReadUint16LengthPrefixed(&name) || name.Empty() {
			return false
		}
		if kind != 0 {
			continue
		}
		if e.serverName != "" || !plausibleName(name) {
			return false
		}
		e.serverName = string(name)
	}
	return true
}

// plausibleName keeps what could harm a log or a look-up out of the server name.
func plausibleName(name []byte) bool {
	if len(name) > 255 || name[len(name)-1] == '.' {
		return false
	}
	for _, b := range name {
		if b <= ' ' || b >= 0x7f || b == '/' || b == '\\' {
			return false
		}
	}
	return true
}

func (e *extensions) parseProtocols(s cryptobyte.String) bool {
	var list cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&list) || !s.Empty() || list.Empty() {
		return false
	}
	for !list.Empty() {
		var p cryptobyte.String
		if !list.ReadUint8LengthPrefixed(&p) || p.Empty() {
			return false
		}
		e.protocols = append(e.protocols, string(p))
	}
	return true
}

func (e *extensions) parseAuthorities(s cryptobyte.String) bool {
	var list cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&list) || !s.Empty() {
		return false
	}
	for !list.Empty() {
		var kind uint8
		if !list.ReadUint8(&kind) {
			return false
		}
		a := TrustedAuthority{Kind: KindOfAuthority(kind)}
		switch a.Kind {
		case AuthorityPreAgreed:
		case AuthorityName:
			var name cryptobyte.String
			if !list.ReadUint16LengthPrefixed(&name) || name.Empty() {
				return false
			}
			a.Identifier = name
		case AuthorityKeyHash, AuthorityCertificateHash:
			if !list.ReadBytes(&a.Identifier, 32) {
				return false
			}
		default:
			return false // its length is unknown, and so is all that follows
		}
		e.authorities = append(e.authorities, a)
	}
	return true
}
