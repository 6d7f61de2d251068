package probe

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"

	"golang.org/x/crypto/cryptobyte"
)

// maxAnswer bounds what one answer may have, in octets.
const maxAnswer = 512 << 10

// answer is what a server said to one hello, in the clear.
type answer struct {
	hello        *hello
	version      uint16 // 0: no hello came
	suite        uint16
	random       []byte
	compression  byte
	certificates [][]byte
	exchange     []byte // the body of ServerKeyExchange
	asked        bool   // for the client's certificate
	alert        int    // -1: none
	ended        error  // how it went on without an alert or the end of the flight
}

// errNotTLS: the peer does not answer with records.
var errNotTLS = errors.New("the answer is not a record of TLS or TLCP")

// ask sends one hello and reads until the server has said what it can in the clear.
func ask(ctx context.Context, dial func(context.Context) (net.Conn, error), h *hello) (*answer, error) {
	record, err := h.record()
	if err != nil {
		return nil, err
	}
	conn, err := dial(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if deadline, ok := ctx.Deadline(); ok {
		conn.SetDeadline(deadline)
	}
	a := &answer{hello: h, alert: -1}
	if _, err := conn.Write(record); err != nil {
		a.ended = err
		return a, nil
	}
	if a.ended = a.read(io.LimitReader(conn, maxAnswer)); a.ended != nil && ctx.Err() != nil {
		a.ended = ctx.Err() // the connection was closed here, for its time was up
	}
	return a, nil
}

// read takes the flight in; nil means that it came to its end, or to an alert.
func (a *answer) read(from io.Reader) error {
	var pending []byte
	for {
		var header [5]byte
		if _, err := io.ReadFull(from, header[:]); err != nil {
			return err
		}
		major := header[1]
		if header[0] < 20 || header[0] > 23 || major != 3 && !(major == 1 && header[2] == 1) {
			return errNotTLS
		}
		fragment := make([]byte, binary.BigEndian.Uint16(header[3:]))
		if _, err := io.ReadFull(from, fragment); err != nil {
			return err
		}
		switch header[0] {
		case 21:
			if len(fragment) == 2 {
				a.alert = int(fragment[1])
			}
			return nil
		case 22:
			pending = append(pending, fragment...)
		default: // change_cipher_spec and what TLS 1.3 encrypts
			return nil
		}
		for len(pending) >= 4 {
			length := int(pending[1])<<16 | int(pending[2])<<8 | int(pending[3])
			if len(pending) < 4+length {
				break
			}
			done, err := a.message(pending[0], pending[4:4+length])
			if done || err != nil {
				return err
			}
			pending = pending[4+length:]
		}
	}
}

var errMalformed = errors.New("a message of the server is malformed")

// message takes one message in; done is true after the last that is in the clear.
func (a *answer) message(kind uint8, body []byte) (done bool, err error) {
	s := cryptobyte.String(body)
	switch kind {
	case 2:
		return a.serverHello(s)
	case 11:
		var all cryptobyte.String
		if !s.ReadUint24LengthPrefixed(&all) {
			return true, errMalformed
		}
		for !all.Empty() {
			var der cryptobyte.String
			if !all.ReadUint24LengthPrefixed(&der) {
				return true, errMalformed
			}
			a.certificates = append(a.certificates, der)
		}
	case 12:
		a.exchange = body
	case 13:
		a.asked = true
	case 14:
		return true, nil
	}
	return false, nil
}

func (a *answer) serverHello(s cryptobyte.String) (done bool, err error) {
	var session, extensions cryptobyte.String
	if !s.ReadUint16(&a.version) || !s.ReadBytes(&a.random, 32) || !s.ReadUint8LengthPrefixed(&session) ||
		!s.ReadUint16(&a.suite) || !s.ReadUint8(&a.compression) {
		return true, errMalformed
	}
	if !s.Empty() && !s.ReadUint16LengthPrefixed(&extensions) {
		return true, errMalformed
	}
	for !extensions.Empty() {
		var id uint16
		var data cryptobyte.String
		if !extensions.ReadUint16(&id) || !extensions.ReadUint16LengthPrefixed(&data) {
			return true, errMalformed
		}
		if id == 43 && !data.ReadUint16(&a.version) {
			return true, errMalformed
		}
	}
	return a.version == TLS13, nil // the rest is encrypted, or waits for a key share
}

// accepted says whether the server took the version that was offered.
func (a *answer) accepted() bool { return a.version == a.hello.version }
