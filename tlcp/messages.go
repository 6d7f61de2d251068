package tlcp

import (
	"errors"

	"golang.org/x/crypto/cryptobyte"
)

// marshalCertificates makes a Certificate message; the list may be empty at a client.
// It is the longest message, so it is written without a builder, which would copy it
// several times.
func marshalCertificates(list [][]byte) ([]byte, error) {
	total := 0
	for _, der := range list {
		total += 3 + len(der)
	}
	if 3+total > maxListed {
		return nil, errors.New("the certificates are longer than a message may be")
	}
	m := append(make([]byte, 0, 7+total), kindCertificate)
	m = appendUint24(appendUint24(m, 3+total), total)
	for _, der := range list {
		m = append(appendUint24(m, len(der)), der...)
	}
	return m, nil
}

func appendUint24(to []byte, n int) []byte { return append(to, byte(n>>16), byte(n>>8), byte(n)) }

// maxCertificates is how many a peer may send.
const maxCertificates = 32

func parseCertificates(body []byte) (list [][]byte, err error) {
	s := cryptobyte.String(body)
	var all cryptobyte.String
	if !s.ReadUint24LengthPrefixed(&all) || !s.Empty() {
		return nil, malformed("the certificate message")
	}
	for !all.Empty() {
		var der cryptobyte.String
		if !all.ReadUint24LengthPrefixed(&der) || der.Empty() {
			return nil, malformed("the certificate message")
		}
		if list = append(list, der); len(list) > maxCertificates {
			return nil, fail(AlertBadCertificate, CauseTooLarge, "too many certificates")
		}
	}
	return list, nil
}

// The curve parameters before an ephemeral point: named_curve, curveSM2.
const (
	curveNamed = 3
	curveSM2   = 41
)

// marshalPoint is an ephemeral public key as both key exchange messages carry it, 69
// octets.
func marshalPoint(point []byte) []byte {
	return append([]byte{curveNamed, 0, curveSM2, byte(len(point))}, point...)
}

// readPoint reads one. The three octets of the curve are not looked at, as peers do
// not look either and old ones write other numbers there.
func readPoint(s *cryptobyte.String) (params, point []byte, ok bool) {
	whole := *s
	var p cryptobyte.String
	if !s.Skip(3) || !s.ReadUint8LengthPrefixed(&p) || len(p) != pointLen || p[0] != 4 {
		return nil, nil, false
	}
	return whole[:4+pointLen], p, true
}

// serverKeyExchange (GB/T 38636 6.4.5.4): the signature, in ECDHE suites after the
// server's ephemeral point.
type serverKeyExchange struct {
	params    []byte // as signed; ECDHE only
	point     []byte
	signature []byte
}

func (m *serverKeyExchange) marshal() ([]byte, error) {
	return ready(kindServerKeyExchange, m.params, counted(m.signature), m.signature)
}

func parseServerKeyExchange(body []byte, ecdhe bool) (*serverKeyExchange, error) {
	s := cryptobyte.String(body)
	var m serverKeyExchange
	var ok bool
	if ecdhe {
		if m.params, m.point, ok = readPoint(&s); !ok {
			return nil, malformed("the server's key exchange")
		}
	}
	var signature cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&signature) || !s.Empty() || signature.Empty() {
		return nil, malformed("the server's key exchange")
	}
	m.signature = signature
	return &m, nil
}

// Kinds of client certificates (GB/T 38636 6.4.5.5); what else could be asked for
// (RSA, IBC) nobody here has.
const certificateECDSA = 64

// certificateRequest (GB/T 38636 6.4.5.5). There is no list of signature algorithms.
type certificateRequest struct {
	types []byte
	names [][]byte // DER
}

func (m *certificateRequest) marshal() ([]byte, error) {
	return message(kindCertificateRequest, func(b *cryptobyte.Builder) {
		b.AddUint8LengthPrefixed(octets(m.types))
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
			for _, name := range m.names {
				b.AddUint16LengthPrefixed(octets(name))
			}
		})
	})
}

func parseCertificateRequest(body []byte) (*certificateRequest, error) {
	s := cryptobyte.String(body)
	var types, names cryptobyte.String
	if !s.ReadUint8LengthPrefixed(&types) || types.Empty() || !s.ReadUint16LengthPrefixed(&names) || !s.Empty() {
		return nil, malformed("the certificate request")
	}
	m := &certificateRequest{types: types}
	for !names.Empty() {
		var name cryptobyte.String
		if !names.ReadUint16LengthPrefixed(&name) || name.Empty() {
			return nil, malformed("the certificate request")
		}
		m.names = append(m.names, name)
	}
	return m, nil
}

// marshalClientKeyExchange (GB/T 38636 6.4.5.8): in ECC suites the encrypted
// pre-master secret with its length, in ECDHE suites the bare parameters.
func marshalClientKeyExchange(s *suite, content []byte) ([]byte, error) {
	if s.ecdhe {
		return ready(kindClientKeyExchange, content)
	}
	return ready(kindClientKeyExchange, counted(content), content)
}

// parseClientKeyExchange returns the ciphertext or the ephemeral point. Of the latter
// some write the length of the parameters before them (GmSSL); both forms are read.
func parseClientKeyExchange(body []byte, ecdhe bool) ([]byte, error) {
	s := cryptobyte.String(body)
	if !ecdhe {
		var ciphertext cryptobyte.String
		if !s.ReadUint16LengthPrefixed(&ciphertext) || !s.Empty() || ciphertext.Empty() {
			return nil, malformed("the client's key exchange")
		}
		return ciphertext, nil
	}
	if len(s) == 2+4+pointLen {
		s.Skip(2)
	}
	_, point, ok := readPoint(&s)
	if !ok || !s.Empty() {
		return nil, malformed("the client's key exchange")
	}
	return point, nil
}

// certificateVerify (GB/T 38636 6.4.5.9).
func marshalCertificateVerify(signature []byte) ([]byte, error) {
	return ready(kindCertificateVerify, counted(signature), signature)
}

func parseCertificateVerify(body []byte) ([]byte, error) {
	s := cryptobyte.String(body)
	var signature cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&signature) || !s.Empty() || signature.Empty() {
		return nil, malformed("the certificate verify message")
	}
	return signature, nil
}

func parseFinished(body []byte) ([]byte, error) {
	if len(body) != verifyLen {
		return nil, malformed("the finished message")
	}
	return body, nil
}
