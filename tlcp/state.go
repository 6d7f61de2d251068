package tlcp

import (
	"errors"

	"github.com/emmansun/gmsm/smx509"
)

// ConnectionState is what is known of a connection whose handshake is done.
type ConnectionState struct {
	Version            uint16
	HandshakeComplete  bool
	DidResume          bool
	CipherSuite        uint16
	NegotiatedProtocol string // by ALPN, or empty
	ServerName         string

	// PeerCertificates are as sent: signing, encryption, CAs. EncryptCertificate is
	// the second of the pair, nil where a client sent only one.
	PeerCertificates   []*smx509.Certificate
	EncryptCertificate *smx509.Certificate
	// VerifiedChains are those of the signing certificate; empty where nothing was
	// verified, and for a resumed session, whose chains were verified when it began.
	VerifiedChains [][]*smx509.Certificate

	export func(label string, context []byte, length int) ([]byte, error)
}

// ConnectionState returns what the handshake settled; zero before it is done.
func (c *Conn) ConnectionState() ConnectionState {
	if !c.done.Load() {
		return ConnectionState{Version: Version}
	}
	return c.stateNow()
}

func (c *Conn) stateNow() ConnectionState {
	state := c.state
	state.export = c.export
	if c.peer != nil {
		c.peer.load()
		state.PeerCertificates, state.EncryptCertificate = c.peer.certificates, c.peer.encrypt
		state.VerifiedChains = c.peer.chains
	}
	return state
}

// VerifyHostname checks the server's signing certificate against a name.
func (c *Conn) VerifyHostname(host string) error {
	state := c.ConnectionState()
	if !c.isClient || len(state.PeerCertificates) == 0 {
		return errors.New("tlcp: VerifyHostname is for a client after its handshake")
	}
	return state.PeerCertificates[0].VerifyHostname(host)
}

// maxExport is what an exporter may be asked for, in octets.
const maxExport = 1 << 16

// ExportKeyingMaterial derives length octets that only the two sides know, as RFC
// 5705 does for TLS 1.2. A nil context differs from an empty one.
//
// TLCP does not bind the master secret to the certificates (TLS does so with RFC
// 7627): a server that a client speaks to can make a connection of its own elsewhere
// with the same secrets where the suite is ECC. Bind the peer's certificates beside it.
func (s *ConnectionState) ExportKeyingMaterial(label string, context []byte, length int) ([]byte, error) {
	if s.export == nil {
		return nil, errors.New("tlcp: the handshake is not done")
	}
	return s.export(label, context, length)
}

func (c *Conn) export(label string, context []byte, length int) ([]byte, error) {
	switch label {
	case "master secret", "key expansion", clientFinished, serverFinished:
		return nil, errors.New("tlcp: the label is taken by the protocol")
	}
	if length < 0 || length > maxExport || len(context) > 0xffff {
		return nil, errors.New("tlcp: too much is asked of the exporter")
	}
	seeds := [][]byte{c.randoms[0][:], c.randoms[1][:]}
	if context != nil {
		seeds = append(seeds, []byte{byte(len(context) >> 8), byte(len(context))}, context)
	}
	out := make([]byte, length)
	if length > 0 {
		prf(out, c.master, label, seeds...)
	}
	return out, nil
}
